package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// While an account was away, its platform has kept what people said. So what closes in
// the chats of an account that is behind (chat.State) waits until that was read. The wait
// has a bound: what comes after it is judged by its date, and the result is corrected.

// holdFor is how long after a deadline, or after the start of the program, it is waited
// for an account.
const holdFor = 2 * time.Minute

// heardEvery is how often it is stored until when accounts were heard.
const heardEvery = time.Minute

// Expect tells that the accounts will be connected: until it is known how they are doing,
// they are behind.
func (e *Engine) Expect() {
	now := e.DB.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.began = now
}

// date finds out, for a request with events that have no date, since when they may have
// waited for us.
func (e *Engine) date(r *request) error {
	if r.act != nil || !slices.ContainsFunc(r.events, func(ev chat.Event) bool { return ev.At.IsZero() }) {
		return nil
	}
	e.mu.Lock()
	s, known := e.states[r.account]
	heard := e.heard[r.account]
	e.mu.Unlock()
	if !known && e.Elsewhere != nil {
		s, known = e.Elsewhere()[r.account]
	}
	if !known || s.CaughtUp() {
		return nil
	}
	var kept int64 // by this process, or by one that had the account before or has it now
	err := e.DB.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT heard_at FROM account WHERE id = $1`, r.account).Scan(&kept)
	})
	if err != nil && !errors.Is(err, store.ErrNoRows) {
		return fmt.Errorf("when account %s was heard: %w", r.account, err)
	}
	if before := time.UnixMilli(kept); kept > 0 && before.After(heard) {
		heard = before
	}
	r.pending = heard
	return nil
}

// KeepHeard stores until when the accounts of this process were heard.
func (e *Engine) KeepHeard() { e.keepHeard(0) }

// keepHeard is KeepHeard if that was not done lately.
func (e *Engine) keepHeard(every time.Duration) {
	now := e.DB.Now()
	e.mu.Lock()
	changed := map[chat.AccountID]time.Time{}
	if due := now.Sub(e.heardAt); due >= every || due < 0 {
		e.heardAt = now
		for id, at := range e.heard {
			if !at.Equal(e.heardKept[id]) {
				changed[id] = at
			}
		}
	}
	e.mu.Unlock()
	if len(changed) == 0 {
		return
	}
	err := e.DB.Write(func(tx *store.Tx) error {
		for id, at := range changed {
			_, err := tx.Exec(`INSERT INTO account (id, heard_at) VALUES ($1, $2)
				ON CONFLICT (id) DO UPDATE SET heard_at = excluded.heard_at WHERE account.heard_at < excluded.heard_at`, id, at.UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		e.Log.Warn("it was not stored until when the accounts were heard", "error", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, at := range changed {
		e.heardKept[id] = at
	}
}

// hold is which closing timers wait, as SQL.
type hold struct {
	accounts []any // that are behind; none: nothing waits
	began    int64 // of the program, in ms; 0 = not known
}

// held are the timers that wait now. An account that needs somebody's hand is not waited
// for.
func (e *Engine) held() (h hold) {
	states := e.States()
	e.mu.Lock()
	began := e.began
	e.mu.Unlock()
	for _, id := range e.Outbox.Accounts() {
		s, known := states[id]
		switch {
		case !known && began.IsZero(), s.CaughtUp(), s.Condition == chat.NeedsHuman, s.Condition == chat.Banned:
			continue
		}
		h.accounts = append(h.accounts, string(id))
	}
	if !began.IsZero() {
		h.began = began.UnixMilli()
	}
	return h
}

// args are what except and nextDue name, now being in ms.
func (h hold) args(now int64) []any {
	if len(h.accounts) == 0 {
		return nil
	}
	if now < h.began+holdFor.Milliseconds() { // whatever is due waits
		return append([]any{int64(-1)}, h.accounts...)
	}
	return append([]any{now - holdFor.Milliseconds()}, h.accounts...)
}

// waits is the condition for timers that close something in a unit that has chats on an
// account that is behind, or above such a unit; after so many arguments of the statement.
func (h hold) waits(after int) string {
	list := make([]string, len(h.accounts))
	for i := range list {
		list[i] = fmt.Sprintf("$%d", after+2+i)
	}
	return fmt.Sprintf(`kind IN ('close', '`+recountKind+`') AND due_at > $%d AND unit IN (
		WITH RECURSIVE waiting (id) AS (SELECT unit FROM chat WHERE account IN (%s)
			UNION SELECT u.parent FROM waiting w JOIN unit u ON u.id = w.id WHERE u.parent IS NOT NULL)
		SELECT id FROM waiting)`, after+1, strings.Join(list, ", "))
}

// except leaves out the timers that wait.
func (h hold) except(after int) string {
	if len(h.accounts) == 0 {
		return ""
	}
	return ` AND NOT (` + h.waits(after) + `)`
}

// until is when a timer that waits may fire at the latest.
func (h hold) until(due int64) int64 { return max(due, h.began) + holdFor.Milliseconds() }
