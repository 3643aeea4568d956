// Package load tells how much is asked of members, all features together, so
// that a secretary asks less when it is too much.
//
// Rules:
//   - A demand is what waits for a reply: a question, a check-in, a notice with
//     acknowledgement and each reminder of it, a sign-up, a vote or survey.
//     Lessons and notices to read are none: nobody waits for anything.
//   - It is counted for each member whom it was meant for, whether he replied or
//     not. Who is shown are numbers, never names.
//   - More than so many a week (conduct: demands_per_week) is said to be too
//     much; nothing is held back by it.
//
// Commands: /负担 /load.
package load

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/member"
)

// Feature sums up what the others ask.
type Feature struct {
	PerWeek func() int // conduct: demands_per_week
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "load" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"负担", "load"}, Role: engine.Secretary, Usage: "load.usage.load", Run: f.load},
	}
}

// load is /负担: this week and the last one.
func (f *Feature) load(t *engine.Turn, _ command.Line) error {
	now := t.Now.In(t.Unit.Zone)
	monday := now.AddDate(0, 0, -(int(now.Weekday())+6)%7)
	this, err := f.sum(t, monday, now.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	last, err := f.sum(t, monday.AddDate(0, 0, -7), monday)
	if err != nil {
		return err
	}
	lines := []string{
		t.T("load.this") + this.text(t),
		t.T("load.last") + last.text(t),
	}
	worst := this
	if last.most > this.most {
		worst = last
	}
	switch most := f.PerWeek(); {
	case worst.most > most:
		lines = append(lines, t.T("load.too_much", "Max", most, "Members", worst.above(most), "Kind", t.T("load.kind."+worst.heaviest())))
	case worst.most > 0:
		lines = append(lines, t.T("load.fine", "Max", most))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// week is what was asked of the members of a unit.
type week struct {
	total   map[int64]int  // by member
	kinds   map[string]int // of all members together, by feature
	members int
	most    int // of one member
}

// sum sums up the days from one on, up to another.
func (f *Feature) sum(t *engine.Turn, from, to time.Time) (w week, err error) {
	roster, err := member.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return w, err
	}
	under := map[string][]int64{} // members by their units and those above
	w = week{total: map[int64]int{}, kinds: map[string]int{}, members: len(roster)}
	for _, m := range roster {
		line, err := t.Directory().Line(t.Tx, m.Unit)
		if err != nil {
			return w, err
		}
		for _, u := range line {
			under[u.ID] = append(under[u.ID], m.ID)
		}
		w.total[m.ID] = 0
	}
	for _, feature := range t.Engine().Features {
		d, ok := feature.(engine.Demander)
		if !ok {
			continue
		}
		demands, err := d.Demands(t, from.Format(time.DateOnly), to.Format(time.DateOnly))
		if err != nil {
			return w, fmt.Errorf("demands of %s: %w", feature.Name(), err)
		}
		for _, d := range demands {
			asked := under[d.Unit]
			if _, here := w.total[d.Member]; d.Unit == "" && here {
				asked = []int64{d.Member}
			}
			for _, id := range asked {
				w.total[id] += d.N
				w.kinds[feature.Name()] += d.N
				w.most = max(w.most, w.total[id])
			}
		}
	}
	return w, nil
}

// text tells the average and the most of a member, and what it was.
func (w week) text(t *engine.Turn) string {
	if w.most == 0 {
		return t.T("load.nothing")
	}
	var kinds []string
	for _, feature := range t.Engine().Features {
		if n := w.kinds[feature.Name()]; n > 0 {
			kinds = append(kinds, t.T("load.kind."+feature.Name())+" "+w.average(n))
		}
	}
	all := 0
	for _, n := range w.kinds {
		all += n
	}
	return t.T("load.week", "Average", w.average(all), "Most", w.most, "Kinds", strings.Join(kinds, t.T("engine.list_comma")))
}

// average is for one member, with one decimal where it is needed.
func (w week) average(n int) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(w.members)), ".0")
}

// above is how many met more than so many demands.
func (w week) above(most int) (n int) {
	for _, total := range w.total {
		if total > most {
			n++
		}
	}
	return n
}

// heaviest is the feature that asked most.
func (w week) heaviest() string {
	var names []string
	for name := range w.kinds {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := w.kinds[b] - w.kinds[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names[0]
}
