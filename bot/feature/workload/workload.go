// Package workload tells how much is asked of members, all features together, so
// that a secretary asks less when it is too much.
//
// Rules:
//   - A demand is what waits for a reply: a question, a check-in, a notice with
//     acknowledgement and each reminder of it, a sign-up, a vote or survey.
//     Lessons and notices to read are none: nobody waits for anything, and
//     nobody is told who has yet to say 已学.
//   - It is counted for each member whom it was meant for, whether he replied or
//     not, unless he was away for the whole of that day. A reminder counts on
//     the day of its notice. What is shown are numbers, never names.
//   - More than so many a week (conduct: demands_per_week; 0: no such number) is
//     said to be too much; nothing is held back by it.
//
// Commands: /负担 /load.
package workload

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
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
		{Names: []string{"负担", "load"}, Role: engine.Secretary, Group: engine.Follow, Usage: "load.usage.load", Run: f.load},
	}
}

// load is /负担: this week and the last one.
func (f *Feature) load(t *engine.Turn, line command.Line) error {
	if line.Args != "" {
		return engine.Complain("load.how")
	}
	asked, err := whom(t)
	if err != nil {
		return err
	}
	now := t.Now.In(t.Unit.Zone)
	monday := noon(now, -(int(now.Weekday())+6)%7)
	this, err := asked.sum(t, monday, noon(now, 1))
	if err != nil {
		return err
	}
	last, err := asked.sum(t, noon(monday, -7), monday)
	if err != nil {
		return err
	}
	most := f.PerWeek()
	lines := []string{t.T("load.this") + this.text(t, most), t.T("load.last") + last.text(t, most)}
	switch {
	case most == 0 || this.most == 0 && last.most == 0:
	case this.most > most:
		lines = append(lines, this.hints(t)...)
	case last.most > most:
		lines = append(lines, last.hints(t)...)
	default:
		lines = append(lines, t.T("load.fine", "Max", most))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// noon of a day, so many days on: at midnight the clock may jump.
func noon(day time.Time, on int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day()+on, 12, 0, 0, 0, day.Location())
}

func midnight(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location())
}

// people are the members of a unit, by their units and those above: the ones
// that are asked when such a unit is.
type people struct {
	all   []engine.Member
	under map[string][]int64
}

func whom(t *engine.Turn) (p people, err error) {
	p.under = map[string][]int64{}
	if p.all, err = roster.Roster(t.Tx, t.Unit.ID); err != nil {
		return p, err
	}
	for _, m := range p.all {
		line, err := t.Directory().Line(t.Tx, m.Unit)
		if err != nil {
			return p, err
		}
		for _, u := range line {
			p.under[u.ID] = append(p.under[u.ID], m.ID)
		}
	}
	return p, nil
}

// week is what was asked of the members of a unit.
type week struct {
	total   map[int64]int  // by member
	kinds   map[string]int // of all members together, by feature
	members int
	most    int // of one member
}

// sum sums up the days from one on, up to another.
func (p people) sum(t *engine.Turn, from, to time.Time) (week, error) {
	w := week{total: map[int64]int{}, kinds: map[string]int{}, members: len(p.all)}
	for _, m := range p.all {
		w.total[m.ID] = 0
	}
	for day := from; day.Before(to); day = noon(day, 1) {
		if err := p.add(t, &w, day); err != nil {
			return w, err
		}
	}
	return w, nil
}

// add adds a day: who is away for all of it was not asked.
func (p people) add(t *engine.Turn, w *week, day time.Time) error {
	var away map[int64]string
	for _, feature := range t.Engine().Features {
		d, ok := feature.(engine.Demander)
		if !ok {
			continue
		}
		demands, err := d.Demands(t, day.Format(time.DateOnly), noon(day, 1).Format(time.DateOnly))
		if err != nil {
			return fmt.Errorf("demands of %s: %w", feature.Name(), err)
		}
		if away == nil && len(demands) > 0 {
			if away, err = t.AwayAll(midnight(day), midnight(noon(day, 1))); err != nil {
				return err
			}
		}
		for _, d := range demands {
			asked := p.under[d.Unit]
			if _, here := w.total[d.Member]; d.Unit == "" && here {
				asked = []int64{d.Member}
			}
			for _, id := range asked {
				if away[id] != "" {
					continue
				}
				w.total[id] += d.N
				w.kinds[feature.Name()] += d.N
				w.most = max(w.most, w.total[id])
			}
		}
	}
	return nil
}

// text tells the average and the most of a member, how many met too much, and
// what it was.
func (w week) text(t *engine.Turn, most int) string {
	if w.most == 0 {
		return t.T("load.nothing")
	}
	var kinds []string
	for _, feature := range t.Engine().Features {
		if n := w.kinds[feature.Name()]; n > 0 {
			kinds = append(kinds, t.T(feature.Name()+".load")+" "+w.average(n))
		}
	}
	all := 0
	for _, n := range w.kinds {
		all += n
	}
	above := ""
	if n := w.above(most); most > 0 && n > 0 {
		above = t.T("load.above", "Max", most, "Members", n)
	}
	return t.T("load.week", "Average", w.average(all), "Most", w.most, "Above", above, "Kinds", strings.Join(kinds, t.T("engine.list_comma")))
}

// hinted is for how many kinds it is told what to do about them.
const hinted = 2

// hints tell what to put together or to leave out, of the kinds that were most.
func (w week) hints(t *engine.Turn) []string {
	lines := []string{t.T("load.too_much")}
	for _, name := range w.heaviest()[:min(hinted, len(w.kinds))] {
		lines = append(lines, t.T(name+".load_hint"))
	}
	return lines
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

// heaviest are the features that asked, those that asked most first.
func (w week) heaviest() []string {
	return slices.SortedFunc(maps.Keys(w.kinds), func(a, b string) int {
		return cmp.Or(w.kinds[b]-w.kinds[a], strings.Compare(a, b))
	})
}
