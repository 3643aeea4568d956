package roster

import (
	"time"

	"branchbot/bot/engine"
	"branchbot/store"
)

// Awaited are those of a roster of whom something is still awaited.
type Awaited struct {
	Roster  int
	Rough   bool            // the roster is too large for a page to look at everybody's leave and shifts
	Total   int             // who have not done it
	Some    []engine.Member // some of these
	Excused []Excused       // who have not done it and could not
}

// Excused is somebody who was away all the time.
type Excused struct {
	engine.Member
	Reason string // a key of the catalogue
}

// Due is how many it is for.
func (a *Awaited) Due() int { return a.Roster - len(a.Excused) }

// Awaiting are those of the roster of t.Unit who have not done something that
// was open from an instant to another: some of them, by staff number. did is a
// query that finds a row for a member m.id who has done the item of the id $2.
func Awaiting(t *engine.Turn, from, to time.Time, did string, id int64, limit, offset int) (a Awaited, err error) {
	if a.Roster, err = Count(t.Tx, t.Unit.ID); err != nil {
		return a, err
	}
	if a.Roster > largeRoster {
		return a, a.rough(t.Tx, t.Unit.ID, did, id, limit, offset)
	}
	missing, err := list(t.Tx, Under+selectMember+`WHERE m.unit IN (SELECT id FROM below) AND m.left_at IS NULL
		AND NOT EXISTS (`+did+`) ORDER BY m.staff`, t.Unit.ID, id)
	if err != nil {
		return a, err
	}
	away, err := t.AwayAll(from, to)
	if err != nil {
		return a, err
	}
	for _, m := range missing {
		if reason := away[m.ID]; reason != "" {
			a.Excused = append(a.Excused, Excused{m, reason})
			continue
		}
		if a.Total >= offset && len(a.Some) < limit {
			a.Some = append(a.Some, m)
		}
		a.Total++
	}
	return a, nil
}

// rough reads no more of a large roster than is shown.
func (a *Awaited) rough(tx *store.Tx, unit, did string, id int64, limit, offset int) (err error) {
	a.Rough = true
	err = tx.QueryRow(Under+`SELECT COUNT(*) FROM member m WHERE m.unit IN (SELECT id FROM below) AND m.left_at IS NULL
		AND NOT EXISTS (`+did+`)`, unit, id).Scan(&a.Total)
	if err != nil {
		return err
	}
	a.Some, err = list(tx, Under+selectMember+`WHERE COALESCE(m.unit, '') IN (SELECT id FROM below) AND m.left_at IS NULL
		AND NOT EXISTS (`+did+`) ORDER BY m.staff LIMIT $3 OFFSET $4`, unit, id, limit, offset)
	return err
}
