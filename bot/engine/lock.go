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
	for _, unit := range units {
		if !t.work.locked[unit] {
			return &busyError{units}
		}
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
	for _, unit := range slices.Compact(units) {
		found, err := w.lockRow(unit, "")
		if err == nil && !found {
			err = fmt.Errorf("lock unit %s: there is none", unit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lockRow locks the row of a unit and learns the version of its prompts; false when
// there is none that can be locked. It is never called in a savepoint, whose undoing
// would let go of the row.
func (w *work) lockRow(unit, how string) (bool, error) {
	var version int64
	err := w.tx.QueryRow(`SELECT prompts FROM unit WHERE id = $1 FOR NO KEY UPDATE`+how, unit).Scan(&version)
	if errors.Is(err, store.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock unit %s: %w", unit, err)
	}
	w.locked[unit], w.versions[unit] = true, version
	return true, nil
}

// version counts up when a prompt of a unit opens or closes. It is read once a
// transaction.
func (w *work) version(unit string) (int64, error) {
	if v, ok := w.versions[unit]; ok {
		return v, nil
	}
	var v int64
	err := w.tx.QueryRow(`SELECT prompts FROM unit WHERE id = $1`, unit).Scan(&v)
	if err != nil && !errors.Is(err, store.ErrNoRows) {
		return 0, fmt.Errorf("unit %s: %w", unit, err)
	}
	w.versions[unit] = v
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
