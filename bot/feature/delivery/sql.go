package delivery

import (
	"encoding/json"
	"fmt"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// What became of a message; columns state and told of undelivered.
const (
	waiting   = "waiting"
	failed    = "failed"
	delivered = "delivered" // after all
)

func stateOf(s outbox.State) string {
	switch s {
	case outbox.Pending, outbox.Sending:
		return waiting
	case outbox.Sent:
		return delivered
	}
	return failed
}

// Row is what did not arrive in a chat, or with people.
type Row struct {
	About   string
	Account chat.AccountID
	Chat    chat.ChatID // "": private chats
	State   string
	Reason  outbox.Reason
	N       int
	Until   time.Time // it is tried again then; zero: not known
	At      time.Time
}

// note keeps what became of a message of the item. false: there is nothing new to tell.
func (it item) note(tx *store.Tx, l *outbox.Letter, in chat.ChatID, state string) (bool, error) {
	if state == delivered {
		n, err := tx.Exec(`UPDATE undelivered SET state = 'delivered', at = $1
			WHERE unit = $2 AND author = $3 AND about = $4 AND account = $5 AND chat = $6 AND state = 'waiting'`,
			tx.Millis(), it.Unit, it.Author, it.About, l.Account, in)
		if err != nil || n == 0 {
			return false, err
		}
		gone, err := tx.Exec(`DELETE FROM undelivered
			WHERE unit = $1 AND author = $2 AND about = $3 AND account = $4 AND chat = $5 AND told = ''`,
			it.Unit, it.Author, it.About, l.Account, in)
		return gone == 0, err
	}
	until := int64(0)
	if !l.Retry.IsZero() {
		until = l.Retry.UnixMilli()
	}
	_, err := tx.Exec(`INSERT INTO undelivered (unit, author, about, account, chat, state, reason, n, until, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)
		ON CONFLICT (unit, author, about, account, chat) DO UPDATE SET state = excluded.state, reason = excluded.reason,
		until = excluded.until, at = excluded.at, n = CASE WHEN undelivered.chat = '' THEN undelivered.n + 1 ELSE 1 END,
		told = CASE WHEN undelivered.chat = '' OR undelivered.reason <> excluded.reason THEN '' ELSE undelivered.told END`,
		it.Unit, it.Author, it.About, l.Account, in, state, l.Reason, until, tx.Millis())
	if err != nil {
		return false, fmt.Errorf("note that %s did not arrive: %w", it.About, err)
	}
	return true, nil
}

// plan has the item be told of, unless that is planned.
func (it item) plan(tx *store.Tx) error {
	var last int64
	err := tx.QueryRow(`SELECT COALESCE(MAX(at), 0) FROM undelivered_told WHERE unit = $1 AND author = $2 AND about = $3`,
		it.Unit, it.Author, it.About).Scan(&last)
	if err != nil {
		return err
	}
	due := max(tx.Now.Add(gather).UnixMilli(), last+every.Milliseconds())
	ref, err := json.Marshal(it)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, unit) VALUES ($1, 'delivery', 'tell', $2, $3, $4) ON CONFLICT DO NOTHING`,
		due, string(ref), fmt.Sprintf("delivery:%s:%d:%s", it.Unit, it.Author, it.About), it.Unit)
	return err
}

const selectRow = `SELECT about, account, chat, state, reason, n, until, at FROM undelivered `

func list(tx *store.Tx, where string, args ...any) ([]Row, error) {
	rows, err := tx.Query(selectRow+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		var until, at int64
		if err := rows.Scan(&r.About, &r.Account, &r.Chat, &r.State, &r.Reason, &r.N, &until, &at); err != nil {
			return nil, err
		}
		if until != 0 {
			r.Until = time.UnixMilli(until)
		}
		r.At = time.UnixMilli(at)
		out = append(out, r)
	}
	return out, rows.Err()
}

// untold is what people were not told of yet.
func (it item) untold(tx *store.Tx) ([]Row, error) {
	return list(tx, `WHERE unit = $1 AND author = $2 AND about = $3 AND state <> told ORDER BY account, chat`, it.Unit, it.Author, it.About)
}

// markTold notes that people are told now, and drops what need not be kept.
func (it item) markTold(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO undelivered_told (unit, author, about, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (unit, author, about) DO UPDATE SET at = excluded.at`, it.Unit, it.Author, it.About, tx.Millis())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE undelivered SET told = state WHERE unit = $1 AND author = $2 AND about = $3`, it.Unit, it.Author, it.About)
	if err != nil {
		return err
	}
	old := tx.Now.Add(-forget).UnixMilli()
	if _, err := tx.Exec(`DELETE FROM undelivered WHERE unit = $1 AND at < $2`, it.Unit, old); err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM undelivered_told WHERE unit = $1 AND at < $2`, it.Unit, old)
	return err
}

// Since is what did not arrive since an instant and concerns a unit, the newest first.
func Since(tx *store.Tx, unit string, from time.Time, most int) ([]Row, error) {
	return list(tx, `WHERE unit = $1 AND at >= $2 AND state <> 'delivered' ORDER BY at DESC, about, account, chat LIMIT $3`, unit, from.UnixMilli(), most)
}
