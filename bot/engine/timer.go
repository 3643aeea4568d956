package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"branchbot/store"
)

// Timer is a durable note to do something later.
type Timer struct {
	ID       int64
	Due      time.Time
	Feature  string
	Kind     string
	Ref      string // what it is about, in the feature's words
	Key      string // unique: setting it twice changes nothing
	Attempts int    // failed ones so far
}

// tries is how often a failing timer is tried before it becomes a dead letter.
const tries = 3

// At sets a timer of the feature. A timer whose key is set already stays as it
// is.
func (t *Turn) At(due time.Time, feature, kind, ref, key string) error {
	_, err := t.at(due, feature, kind, ref, key)
	return err
}

// at is At, and tells whether the timer is new.
func (t *Turn) at(due time.Time, feature, kind, ref, key string) (bool, error) {
	n, err := t.Tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, due.UnixMilli(), feature, kind, ref, key)
	if err != nil {
		return false, fmt.Errorf("set timer %s: %w", key, err)
	}
	if n > 0 {
		t.Tx.AfterCommit(t.work.engine.poke)
	}
	return n > 0, nil
}

// Cancel removes a timer if it is still set.
func (t *Turn) Cancel(key string) error {
	_, err := t.Tx.Exec(`DELETE FROM timer WHERE key = $1`, key)
	return err
}

// poke makes Run look at the timers anew.
func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// NextDue is when the next timer is due; false when none is set.
func (e *Engine) NextDue() (time.Time, bool, error) {
	var due *int64
	err := e.DB.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT MIN(due_at) FROM timer`).Scan(&due)
	})
	if err != nil || due == nil {
		return time.Time{}, false, err
	}
	return time.UnixMilli(*due), true, nil
}

// untilDue is how long Run may sleep. It looks at least once a second, so that
// a changed system clock is noticed.
func (e *Engine) untilDue() time.Duration {
	due, ok, err := e.NextDue()
	if err != nil || !ok {
		return time.Second
	}
	return min(max(due.Sub(e.DB.Now()), 0), time.Second)
}

// FireDue handles the timers that are due, in the order of their times, at
// most a batch of them, and returns how many those were.
func (e *Engine) FireDue() (int, error) {
	fired, asked := 0, asked{}
	err := e.DB.Write(func(tx *store.Tx) error {
		due, err := dueTimers(tx)
		if err != nil {
			return err
		}
		fired = len(due)
		if fired == 0 {
			return errNothing
		}
		w := &work{engine: e, tx: tx, asked: asked}
		for _, tm := range due {
			if err := w.timer(tm); err != nil {
				return fmt.Errorf("timer %s: %w", tm.Key, err)
			}
		}
		return nil
	})
	if err == errNothing {
		err = nil
	}
	return fired, err
}

func dueTimers(tx *store.Tx) ([]Timer, error) {
	rows, err := tx.Query(`SELECT id, due_at, feature, kind, ref, key, attempts FROM timer
		WHERE due_at <= $1 ORDER BY due_at, id LIMIT 100`, tx.Millis())
	if err != nil {
		return nil, fmt.Errorf("read timers: %w", err)
	}
	defer rows.Close()
	var due []Timer
	for rows.Next() {
		var tm Timer
		var at int64
		if err := rows.Scan(&tm.ID, &at, &tm.Feature, &tm.Kind, &tm.Ref, &tm.Key, &tm.Attempts); err != nil {
			return nil, err
		}
		tm.Due = time.UnixMilli(at).UTC()
		due = append(due, tm)
	}
	return due, rows.Err()
}

// timer handles one timer. An earlier one of the batch may have cancelled it.
func (w *work) timer(tm Timer) error {
	n, err := w.tx.Exec(`DELETE FROM timer WHERE id = $1`, tm.ID)
	if err != nil || n == 0 {
		return err
	}
	t := &Turn{Tx: w.tx, Now: w.tx.Now, Lang: w.engine.Language, work: w}
	t.cause = fmt.Sprintf("t:%d", tm.ID)
	return t.attempt(func() error {
		f, ok := w.engine.owners[tm.Feature].(Timed)
		if !ok {
			return fmt.Errorf("no feature %q takes timers", tm.Feature)
		}
		return f.Timer(t, tm)
	}, func(reason string) error {
		return w.again(tm, reason)
	})
}

// again sets a failed timer anew, later each time, until it is given up.
func (w *work) again(tm Timer, reason string) error {
	tm.Attempts++
	if tm.Attempts >= tries {
		text, err := json.Marshal(tm)
		if err != nil {
			return err
		}
		return w.bury("", string(text), reason)
	}
	later := w.tx.Now.Add(time.Minute << tm.Attempts)
	_, err := w.tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, attempts) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, later.UnixMilli(), tm.Feature, tm.Kind, tm.Ref, tm.Key, tm.Attempts)
	return err
}
