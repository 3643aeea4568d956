package report

import (
	"slices"
	"sort"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/leave"
)

// span is a time in which a member was away without a break, for one reason
// after another.
type span struct {
	from, to time.Time
	parts    []engine.Absence
}

// spans are a member's, in order; no two touch.
type spans []span

// join makes the spans of each member out of absences.
func join(list []engine.Absence) map[int64]spans {
	slices.SortStableFunc(list, func(a, b engine.Absence) int { return a.From.Compare(b.From) })
	out := map[int64]spans{}
	for _, a := range list {
		all := out[a.Member]
		if n := len(all); n > 0 && !a.From.After(all[n-1].to) {
			last := &all[n-1]
			last.parts = append(last.parts, a)
			if a.To.After(last.to) {
				last.to = a.To
			}
			continue
		}
		out[a.Member] = append(all, span{a.From, a.To, []engine.Absence{a}})
	}
	return out
}

// over tells how somebody stands with what was open for a time and what he has
// not done: away when he was away for all of it and some of that was leave,
// resting when all of it was off or asleep by his shifts. It is the rule of
// engine.Turn.AwayAll.
func (all spans) over(from, to time.Time) string {
	n := sort.Search(len(all), func(i int) bool { return all[i].from.After(from) }) - 1
	if n < 0 || all[n].to.Before(to) {
		return undone
	}
	for _, a := range all[n].parts {
		if a.Reason == leave.Away && a.From.Before(to) && a.To.After(from) {
			return away
		}
	}
	return resting
}
