package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

const selectLetter = `SELECT id, key, account, chat, user_id, class, message, language, prompt, thread, cause,
	state, attempts, created_at, COALESCE(expires_at, 0), unit, author, about, reason, (SELECT COUNT(*) FROM outbox_part WHERE outbox = outbox.id), parts_before FROM outbox `

func letters(tx *store.Tx, where string, args ...any) ([]Letter, error) {
	rows, err := tx.Query(selectLetter+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read letters: %w", err)
	}
	defer rows.Close()
	var letters []Letter
	for rows.Next() {
		var l Letter
		var text string
		var created, expires int64
		err := rows.Scan(&l.ID, &l.Key, &l.Account, &l.Chat, &l.User, &l.Class, &text, &l.Language, &l.Prompt,
			&l.Thread, &l.Cause, &l.State, &l.Attempts, &created, &expires,
			&l.Unit, &l.Author, &l.About, &l.Reason, &l.parts, &l.before)
		if err != nil {
			return nil, err
		}
		if err := l.read(text); err != nil {
			return nil, fmt.Errorf("letter %d: %w", l.ID, err)
		}
		l.Created = time.UnixMilli(created)
		if expires != 0 {
			l.Expires = time.UnixMilli(expires)
		}
		letters = append(letters, l)
	}
	return letters, rows.Err()
}

// read takes the message as it is stored.
func (l *Letter) read(text string) error {
	if !strings.HasPrefix(text, `{"sealed":`) {
		return json.Unmarshal([]byte(text), &l.Message)
	}
	var e envelope
	err := json.Unmarshal([]byte(text), &e)
	l.Seal, l.sealed = e.Sealed, e.Body
	return err
}

// take marks a letter as sending; false when it does not wait any more.
func take(tx *store.Tx, id int64) (bool, error) {
	n, err := tx.Exec(`UPDATE outbox SET state = 'sending', not_before = $1, problem = '', attempts = attempts + 1
		WHERE id = $2 AND state = 'pending'`, tx.Millis(), id)
	return n == 1, err
}

// rest lets the parts of a letter that are still to be sent wait for their
// turn, with all their attempts.
func rest(tx *store.Tx, id int64) error {
	_, err := tx.Exec(`UPDATE outbox SET state = 'pending', attempts = 0 WHERE id = $1`, id)
	return err
}

// rewrite has a letter go on with another message, after the parts that were sent.
func (o *Outbox) rewrite(tx *store.Tx, l *Letter, m chat.Message, sent int) error {
	l.Message, l.before = m, sent
	text, err := o.text(l)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE outbox SET message = $1, parts_before = $2 WHERE id = $3`, string(text), sent, l.ID)
	return err
}

// mark writes the state of a letter that is still to be sent.
func mark(tx *store.Tx, id int64, s State, notBefore time.Time, problem string) error {
	_, err := tx.Exec(`UPDATE outbox SET state = $1, not_before = $2, problem = $3 WHERE id = $4`,
		s, notBefore.UnixMilli(), problem, id)
	return err
}

// settle brings a letter to rest and tells its cause when it was the last.
func (o *Outbox) settle(tx *store.Tx, l *Letter, s State, problem string) error {
	if l.Cause != "" { // so that of the last two that come to rest one knows that it is the last
		if err := tx.Locked(`SELECT id FROM outbox WHERE cause = $1 AND cause <> '' ORDER BY id LIMIT 1`, l.Cause); err != nil {
			return err
		}
	}
	waited := l.Reason
	if s == Sent || s == Skipped {
		l.Reason = ""
	}
	_, err := tx.Exec(`UPDATE outbox SET state = $1, problem = $2, settled_at = $3, reason = $4 WHERE id = $5`,
		s, problem, tx.Millis(), l.Reason, l.ID)
	o.touch(tx, l.Account, laneOf(l), true)
	if l.State = s; err == nil && !l.repeated && (s == Dead || s == Uncertain || s == Sent && waited != "") {
		l.Retry = time.Time{}
		err = o.undelivered(tx, l)
	}
	if err == nil && s == Dead && l.User != "" && (l.Reason == Blocked || l.Reason == WindowClosed) && o.OnBlocked != nil && o.open(l) == nil {
		err = o.OnBlocked(tx, l) // of a sealed one whose key is gone nobody can be told
	}
	if account, class := l.Account, l.Class; o.Settled != nil {
		tx.AfterCommit(func() { o.Settled(account, class, s) })
	}
	if err != nil || l.Cause == "" || o.OnSettled == nil {
		return err
	}
	// (The indexes of causes are found only by a query that leaves the empty one out.)
	var open bool
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM outbox WHERE cause = $1 AND cause <> '' AND state IN ('pending', 'sending'))`, l.Cause).Scan(&open)
	if err != nil || open {
		return err
	}
	var sent, failed int
	err = tx.QueryRow(`SELECT COALESCE(SUM(CASE WHEN state = 'sent' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state IN ('dead', 'uncertain') AND NOT EXISTS
			(SELECT 1 FROM outbox r WHERE r.key = outbox.key || $2) THEN 1 ELSE 0 END), 0) -- a repetition counts for both
		FROM outbox WHERE cause = $1 AND cause <> ''`, l.Cause, repeated).Scan(&sent, &failed)
	if err != nil {
		return err
	}
	return o.OnSettled(tx, l.Cause, sent, failed)
}

// receipt keeps what the platform said of one part.
func receipt(tx *store.Tx, l *Letter, n int, in chat.ChatID, r chat.Receipt) error {
	_, err := tx.Exec(`INSERT INTO outbox_part (outbox, n, account, chat, message, poll, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (outbox, n) DO NOTHING`, l.ID, n, l.Account, in, r.Message, r.Poll, tx.Millis())
	return err
}

// bind keeps the numbers of a list; older lists of the chat are forgotten once
// there are three newer ones.
func bind(tx *store.Tx, l *Letter, in chat.ChatID, bindings []chat.Binding) error {
	for _, b := range bindings {
		_, err := tx.Exec(`INSERT INTO binding (account, chat, word, outbox, data) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, l.Account, in, b.Text, l.ID, b.Data)
		if err != nil {
			return err
		}
	}
	if len(bindings) == 0 {
		return nil
	}
	_, err := tx.Exec(`DELETE FROM binding WHERE account = $1 AND chat = $2 AND outbox NOT IN
		(SELECT outbox FROM binding WHERE account = $1 AND chat = $2 GROUP BY outbox ORDER BY outbox DESC LIMIT 3)`,
		l.Account, in)
	return err
}

// shown is the message of a thread that stands in the chat now, and whether it
// is a poll; "" when there is none.
func shown(tx *store.Tx, l *Letter) (id chat.MessageID, poll bool, err error) {
	err = tx.QueryRow(`SELECT p.message, p.poll <> '' FROM outbox o JOIN outbox_part p ON p.outbox = o.id
		WHERE o.thread = $1 AND o.thread <> '' AND o.account = $2 AND o.chat = $3 AND o.user_id = $4 AND o.state = 'sent' ORDER BY o.id DESC, p.n DESC LIMIT 1`,
		l.Thread, l.Account, l.Chat, l.User).Scan(&id, &poll)
	if errors.Is(err, store.ErrNoRows) {
		return "", false, nil
	}
	return id, poll, err
}

// recover deals with the letters that a crash left in the middle of sending.
func (o *Outbox) recover(tx *store.Tx, account chat.AccountID, idempotent func(chat.ChatID) bool) error {
	found, err := letters(tx, `WHERE account = $1 AND state = 'sending' ORDER BY id`, account)
	if err != nil {
		return err
	}
	for _, l := range found {
		if err := o.uncertain(tx, &l, idempotent(l.Chat), "the program stopped while sending"); err != nil {
			return err
		}
	}
	return nil
}

// repeated ends the key of a letter that repeats one of unknown fate.
const repeated = ":again"

// uncertain follows the rule of the letter's class when nobody knows whether
// it was sent.
func (o *Outbox) uncertain(tx *store.Tx, l *Letter, idempotent bool, why string) error {
	if idempotent {
		return mark(tx, l.ID, Pending, tx.Now, why)
	}
	if err := o.repeat(tx, l); err != nil {
		return err
	}
	l.Reason = MaybeArrived
	return o.settle(tx, l, Uncertain, why)
}

// repeat writes what must arrive and is of unknown fate once more, marked as such.
func (o *Outbox) repeat(tx *store.Tx, l *Letter) error {
	if l.Class != Notice && l.Class != Report || strings.HasSuffix(l.Key, repeated) {
		return nil
	}
	again := *l
	again.Key += repeated
	again.Reason = ""
	l.repeated = true
	return o.Add(tx, again)
}
