package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/store"
)

// On PostgreSQL several transactions handle events and timers at the same time. Every
// feature counts, numbers, caps and chains within a unit, so that a transaction locks
// the row of each unit before it does anything there: what concerns one unit happens
// one after the other, as it does with SQLite.
//
// Nobody can wait for somebody who waits for him: a transaction waits for units only
// at its beginning, when it holds none, in the order of their ids. Before an event or
// timer is handled, the units that it is known to concern are locked if they are free.
// What turns out to be needed and is not held ends the transaction (busyError): what
// it has done before is committed, and the next one begins with waiting. So nothing
// that a handler has read is older than its lock.
//
// Within a transaction events and timers of different units are handled side by side
// (store.Tx.Together), by the same rule: a job has its units for itself. What may have
// to do with anything, such as a command, is a job that has the whole transaction for
// itself.

// job is an event or timer that is being handled.
type job struct {
	units []string // that it has for itself
	alone bool     // it has all
	began int      // how many jobs had ended
}

// free tells whether a job could begin.
func (w *work) free(units []string, alone bool) bool {
	if alone {
		return w.jobs == 0
	}
	return w.alone == nil && !slices.ContainsFunc(units, func(unit string) bool { return w.at[unit] != nil })
}

// begin gives a job its units, which are free.
func (w *work) begin(units []string, alone bool) *job {
	j := &job{alone: alone, began: w.ended}
	w.jobs++
	if alone {
		w.alone = j
	}
	for _, unit := range units {
		w.take(j, unit)
	}
	return j
}

func (w *work) take(j *job, unit string) {
	if w.at[unit] != j {
		w.at[unit] = j
		j.units = append(j.units, unit)
	}
}

// end ends a job.
func (w *work) end(j *job) {
	w.jobs--
	w.ended++
	if j.alone {
		w.alone, w.changed = nil, w.ended
	}
	for _, unit := range j.units {
		delete(w.at, unit)
		w.last[unit] = w.ended
	}
}

// unchanged tells whether no job has ended in the units since so many had.
func (w *work) unchanged(units []string, since int) bool {
	return w.changed <= since && !slices.ContainsFunc(units, func(unit string) bool { return w.last[unit] > since })
}

// busyError tells that other transactions hold units that an event or timer needs, or
// that a unit has changed since it was looked at.
type busyError struct {
	units []string // all that it needs, as far as that is known
}

func (e *busyError) Error() string {
	return "at work elsewhere: " + strings.Join(e.units, ", ")
}

// EndsTransaction tells package store that going on after a savepoint makes no sense.
func (e *busyError) EndsTransaction() bool { return true }

// Lock keeps other transactions from handling what concerns these units until this one
// ends. The turn's own unit and every one that is entered (Enter, Into) is locked
// already.
func (t *Turn) Lock(units ...string) error {
	if !t.Tx.Parallel {
		return nil
	}
	w := t.work
	for _, unit := range units {
		if at := w.at[unit]; !w.locked[unit] || at == nil && w.last[unit] > t.job.began || at != nil && at != t.job {
			return &busyError{units}
		}
	}
	for _, unit := range units {
		w.take(t.job, unit)
	}
	return nil
}

// Into is In for a unit in which something is to be done that another transaction
// might do as well: it locks the unit.
func (t *Turn) Into(u *Unit) (*Turn, error) {
	if err := t.Lock(u.ID); err != nil {
		return nil, err
	}
	return t.In(u), nil
}

// lock locks units that are free, before anything is done in them.
func (w *work) lock(units ...string) error {
	if !w.tx.Parallel {
		return nil
	}
	for _, unit := range units {
		if w.locked[unit] {
			continue
		}
		before, looked := w.versions[unit]
		found, err := w.lockRow(unit, " SKIP LOCKED")
		if err != nil {
			return err
		}
		if !found || looked && before != w.versions[unit] {
			return &busyError{units}
		}
	}
	return nil
}

// wait locks units, at the beginning of a transaction. Its time is when it has them.
func (w *work) wait(units []string) error {
	if !w.tx.Parallel || len(units) == 0 {
		return nil
	}
	defer func() { w.tx.Now = w.engine.DB.Now().UTC().Truncate(time.Millisecond) }()
	units = slices.Clone(units)
	slices.Sort(units)
	units = slices.Compact(units)
	return w.tx.Together(len(units), func(i int) error {
		w.locked[units[i]] = true // also one that there is not: what is wrong with it is the handler's to say
		_, err := w.lockRow(units[i], "")
		return err
	})
}

// lockRow locks the row of a unit and learns the version of its prompts; false when
// there is none that can be locked. It is never called in a savepoint, whose undoing
// would let go of the row.
func (w *work) lockRow(unit, how string) (bool, error) {
	var version, closed int64
	err := w.tx.QueryRow(`SELECT prompts, prompt_closed_at FROM unit WHERE id = $1 FOR NO KEY UPDATE`+how, unit).Scan(&version, &closed)
	if errors.Is(err, store.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock unit %s: %w", unit, err)
	}
	w.locked[unit], w.versions[unit], w.closed[unit] = true, version, closed
	return true, nil
}

// version counts up when a prompt of a unit opens or closes. It is read once a
// transaction.
func (w *work) version(unit string) (int64, error) {
	if v, ok := w.versions[unit]; ok {
		return v, nil
	}
	var v, closed int64
	err := w.tx.QueryRow(`SELECT prompts, prompt_closed_at FROM unit WHERE id = $1`, unit).Scan(&v, &closed)
	if err != nil && !errors.Is(err, store.ErrNoRows) {
		return 0, fmt.Errorf("unit %s: %w", unit, err)
	}
	if locked, ok := w.versions[unit]; ok { // meanwhile, by another job
		return locked, nil
	}
	w.versions[unit], w.closed[unit] = v, closed
	return v, nil
}

// concerned are the units whose records handling the event may change, as far as is
// known before: that of the chat, the sender's own, and that of what he answers.
func (t *Turn) concerned() ([]string, error) {
	units := t.involved
	if t.Unit != nil {
		units = append(units, t.Unit.ID)
	}
	if t.Member == nil || !t.Tx.Parallel {
		return units, nil
	}
	home, err := t.Directory().Home(t.Tx, t.Member)
	if err != nil {
		return nil, err
	}
	if t.Unit == nil || home.ID != t.Unit.ID {
		units = append(units, home.ID)
	}
	return units, nil
}
