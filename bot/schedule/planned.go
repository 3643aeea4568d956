package schedule

import (
	"encoding/json"
	"slices"
	"time"

	"branchbot/bot/engine"
	"branchbot/schedules"
	"branchbot/store"
)

// Planned is what a schedule does on some days at one time of day.
type Planned struct {
	Action string
	Title  string      // of a check-in; may be empty
	Days   []time.Time // the instants, in the schedule's zone, in order
}

// maxPlanned bounds the instants of one schedule that are looked at.
const maxPlanned = 100

// Planned is what the schedules of a unit do between two instants, in order. What
// is paused, left out, or falls into the quiet hours is not.
func (f *Feature) Planned(tx *store.Tx, u *engine.Unit, from, to time.Time) ([]Planned, error) {
	if err := f.look(tx); err != nil {
		return nil, err
	}
	rows, err := listRows(tx, u.ID)
	if err != nil {
		return nil, err
	}
	var all []Planned
	for _, s := range rows {
		if s.Paused {
			continue
		}
		list, err := f.plannedOf(tx, &s, from, to)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b Planned) int { return a.Days[0].Compare(b.Days[0]) })
	return all, nil
}

func (f *Feature) plannedOf(tx *store.Tx, s *row, from, to time.Time) ([]Planned, error) {
	spec, zone, err := s.parse(f.holidays.Load())
	if err != nil {
		return nil, err
	}
	marked, err := leftOut(tx, s.ID, tx.Now)
	if err != nil {
		return nil, err
	}
	var args engine.Args
	if err := json.Unmarshal([]byte(s.Args), &args); err != nil {
		return nil, err
	}
	var list []Planned
	slot := schedules.Slot{At: from.Add(-time.Millisecond)}
	for range maxPlanned {
		next, ok := spec.Next(slot.At, zone)
		if !ok || !next.At.Before(to) {
			break
		}
		slot = next
		local := slot.At.In(zone)
		if slot.Left || marked[slot.Key] || !s.runsOn(local) || f.Quiet().Contains(local) {
			continue
		}
		i := slices.IndexFunc(list, func(p Planned) bool { return p.Days[0].Format("15:04") == local.Format("15:04") })
		if i < 0 {
			list = append(list, Planned{Action: s.Action, Title: args["title"]})
			i = len(list) - 1
		}
		list[i].Days = append(list[i].Days, local)
	}
	return list, nil
}
