package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
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

	unit string // that it concerns; "" = not known
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
	unit := ""
	if t.Unit != nil {
		unit = t.Unit.ID
	}
	n, err := t.Tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, unit) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, due.UnixMilli(), feature, kind, ref, key, unit)
	if err != nil {
		return false, fmt.Errorf("set timer %s: %w", key, err)
	}
	if n > 0 {
		t.Tx.AfterCommit(t.work.engine.poke)
	}
	return n > 0, nil
}

// SetTimer is At without a turn and a unit: for what is done beside the engine. It is
// noticed within a second.
func SetTimer(tx *store.Tx, due time.Time, feature, kind, ref, key string) error {
	_, err := tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		due.UnixMilli(), feature, kind, ref, key)
	if err != nil {
		return fmt.Errorf("set timer %s: %w", key, err)
	}
	return nil
}

// Cancel removes timers that are still set.
func (t *Turn) Cancel(keys ...string) error {
	list := make([]string, len(keys))
	args := make([]any, len(keys))
	for i, key := range keys {
		list[i], args[i] = fmt.Sprintf("$%d", i+1), key
	}
	_, err := t.Tx.Exec(`DELETE FROM timer WHERE key IN (`+strings.Join(list, ", ")+`)`, args...)
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
	h, now := e.held(), e.DB.Now().UnixMilli()
	first := int64(math.MaxInt64)
	look := func(tx *store.Tx, query string, args []any, least func(due int64) int64) error {
		var due int64
		err := tx.QueryRow(query+` ORDER BY due_at LIMIT 1`, args...).Scan(&due)
		if errors.Is(err, store.ErrNoRows) {
			return nil
		}
		first = min(first, least(due))
		return err
	}
	err := e.DB.Read(func(tx *store.Tx) error {
		if len(h.accounts) > 0 {
			if err := look(tx, `SELECT due_at FROM timer WHERE `+h.waits(0), h.args(now), h.until); err != nil {
				return err
			}
		}
		return look(tx, `SELECT due_at FROM timer WHERE due_at IS NOT NULL`+h.except(0), h.args(now), func(due int64) int64 { return due })
	})
	if err != nil || first == math.MaxInt64 {
		return time.Time{}, false, err
	}
	return time.UnixMilli(first), true, nil
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

// keepTime fires timers until ctx ends.
func (e *Engine) keepTime(ctx context.Context) {
	wait := time.Duration(0)
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			e.keepHeard(0)
			return
		case <-timer.C:
			fired, err := e.FireDue()
			if err != nil {
				e.Log.Error("timers", "error", err)
			}
			e.keepHeard(heardEvery)
			wait = e.untilDue()
			if fired == 0 { // another process is at those that are due, or the database fails
				wait = max(wait, 20*time.Millisecond)
			}
		case <-e.wake:
			timer.Stop()
			wait = e.untilDue()
		}
	}
}

// dueAtOnce bounds how many timers a transaction handles.
const dueAtOnce = 100

// firers is how many transactions handle timers at the same time, with PostgreSQL, when
// very many are due.
const firers = 4

// FireDue handles timers that are due, in the order of their times, and returns how many
// those were; a few are all handled, of very many some.
func (e *Engine) FireDue() (int, error) {
	fired, err := e.fireBatch()
	if err != nil || fired < dueAtOnce || !e.DB.Postgres() {
		return fired, err
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	for range firers {
		all.Go(func() {
			n, failed := e.fireBatch()
			mu.Lock()
			defer mu.Unlock()
			fired, err = fired+n, errors.Join(err, failed)
		})
	}
	all.Wait()
	return fired, err
}

// fireBatch is FireDue for at most a batch of timers. Those whose units are busy come
// after the others, each in a transaction of its own that waits for them.
func (e *Engine) fireBatch() (int, error) {
	f := &firing{engine: e, asked: asked{}}
	for {
		err := e.DB.Write(f.run)
		var busy *busyError
		if errors.As(err, &busy) { // noticed in the midst of a timer: once more, without it
			continue
		}
		if err != nil && !errors.Is(err, errNothing) {
			return 0, err
		}
		break
	}
	for _, a := range f.aside {
		if err := e.fireAside(a, f.asked); err != nil {
			return f.fired, err
		}
		f.fired++
	}
	return f.fired, nil
}

// firing is a batch of timers under way.
type firing struct {
	engine *Engine
	fired  int
	aside  []*aside
	asked  asked
}

// aside is a timer that waits for units.
type aside struct {
	id    int64
	units []string
}

// run handles what is due but for what is put aside, and puts more aside.
func (f *firing) run(tx *store.Tx) error {
	f.fired = 0
	h := f.engine.held()
	due, err := dueTimers(tx, `WHERE due_at <= $1`+h.except(2)+` ORDER BY due_at, id LIMIT $2`, append([]any{tx.Millis(), dueAtOnce}, h.args(tx.Millis())...)...)
	if err != nil {
		return err
	}
	late, err := behind(tx, due, h)
	if err != nil {
		return err
	}
	w := newWork(f.engine, tx, nil, f.asked)
	strands := [][]Timer{due} // with SQLite nothing would be gained
	if tx.Parallel {
		strands = grouped(due, func(tm Timer) string { return tm.unit })
	}
	err = tx.Together(len(strands), func(i int) error { return f.advance(w, strands[i], late) })
	if err == nil && f.fired == 0 {
		err = errNothing
	}
	return err
}

// advance handles the timers of a unit, up to one that is put aside. Those of which it
// is not known which unit they concern are all put aside: it turns out when they are
// handled.
func (f *firing) advance(w *work, strand []Timer, late map[int64]bool) error {
	for _, tm := range strand {
		unknown := w.tx.Parallel && tm.unit == ""
		switch {
		case slices.ContainsFunc(f.aside, func(a *aside) bool { return a.id == tm.ID }):
			if !unknown {
				return nil
			}
			continue
		case late[tm.ID]:
			continue
		case unknown:
			f.aside = append(f.aside, &aside{id: tm.ID})
			continue
		}
		if err := w.tx.Wait(func() bool { return w.free(tm.units(), false) }); err != nil {
			return err
		}
		j := w.begin(tm.units(), false)
		err := w.lock(tm.units()...)
		locked := err == nil
		if locked {
			err = w.timer(j, tm)
		}
		w.end(j)
		var busy *busyError
		if errors.As(err, &busy) {
			f.aside = append(f.aside, &aside{tm.ID, append(tm.units(), busy.units...)})
			if !locked { // nothing was done
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("timer %s: %w", tm.Key, err)
		}
		f.fired++
	}
	return nil
}

// behind are those of the due timers before which another transaction is at one of the
// same unit: they wait, so that what closes at an instant closes before the next one
// opens.
func behind(tx *store.Tx, due []Timer, h hold) (map[int64]bool, error) {
	late := map[int64]bool{}
	if !tx.Parallel || len(due) == 0 {
		return late, nil
	}
	ours, elsewhere := map[int64]bool{}, map[string]bool{}
	for _, tm := range due {
		ours[tm.ID] = true
	}
	last := due[len(due)-1]
	rows, err := tx.Query(`SELECT id, unit FROM timer WHERE (due_at < $1 OR due_at = $1 AND id <= $2)`+h.except(2)+` ORDER BY due_at, id`,
		append([]any{last.Due.UnixMilli(), last.ID}, h.args(tx.Millis())...)...)
	if err != nil {
		return nil, fmt.Errorf("read timers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var unit string
		if err := rows.Scan(&id, &unit); err != nil {
			return nil, err
		}
		if ours[id] {
			late[id] = unit != "" && elsewhere[unit]
		} else {
			elsewhere[unit] = true
		}
	}
	return late, rows.Err()
}

// fireAside handles a timer once its units are free.
func (e *Engine) fireAside(a *aside, asked asked) error {
	for {
		err := e.DB.Write(func(tx *store.Tx) error {
			w := newWork(e, tx, nil, asked)
			if err := w.wait(a.units); err != nil {
				return err
			}
			due, err := dueTimers(tx, `WHERE id = $1`, a.id)
			if err != nil {
				return err
			}
			if len(due) == 0 { // another process was faster, or it was cancelled
				return errNothing
			}
			if err := w.timer(w.begin(nil, false), due[0]); err != nil {
				return fmt.Errorf("timer %s: %w", due[0].Key, err)
			}
			return nil
		})
		var busy *busyError
		if errors.As(err, &busy) {
			a.units = append(a.units, busy.units...)
			continue
		}
		if errors.Is(err, errNothing) {
			return nil
		}
		return err
	}
}

// units are those that are known to be concerned.
func (tm *Timer) units() []string {
	if tm.unit == "" {
		return nil
	}
	return []string{tm.unit}
}

// dueTimers reads timers that no other transaction is at.
func dueTimers(tx *store.Tx, where string, args ...any) ([]Timer, error) {
	query := `SELECT id, due_at, feature, kind, ref, key, attempts, unit FROM timer ` + where
	if tx.Parallel {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("read timers: %w", err)
	}
	defer rows.Close()
	var due []Timer
	for rows.Next() {
		var tm Timer
		var at int64
		if err := rows.Scan(&tm.ID, &at, &tm.Feature, &tm.Kind, &tm.Ref, &tm.Key, &tm.Attempts, &tm.unit); err != nil {
			return nil, err
		}
		tm.Due = time.UnixMilli(at).UTC()
		due = append(due, tm)
	}
	return due, rows.Err()
}

// timer handles one timer. An earlier one of the batch may have cancelled it.
func (w *work) timer(j *job, tm Timer) error {
	n, err := w.tx.Exec(`DELETE FROM timer WHERE id = $1`, tm.ID)
	if err != nil || n == 0 {
		return err
	}
	t := &Turn{Tx: w.tx, Now: w.tx.Now, When: w.tx.Now, Lang: w.engine.Language, work: w, job: j, letters: map[string]int{}}
	t.cause = fmt.Sprintf("t:%d", tm.ID)
	return t.attempt(func() error {
		if tm.Kind == recountKind {
			return t.recount(tm)
		}
		if tm.Kind == askedKind {
			return t.nameAsked(tm)
		}
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
	_, err := w.tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, attempts, unit) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, later.UnixMilli(), tm.Feature, tm.Kind, tm.Ref, tm.Key, tm.Attempts, tm.unit)
	return err
}
