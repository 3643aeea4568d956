package report

import (
	"cmp"
	"slices"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/checkin"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/store"
)

// Handbook is the yearly paper of one member (电子手册): what he took part in,
// wherever he belonged. It says nothing of anybody else.
type Handbook struct {
	Member   engine.Member
	Unit     *engine.Unit // his branch
	Period   Period
	Made     string // the day, 2006-01-02
	Months   []MonthCounts
	Total    Counts
	Meetings []Meeting
	Studied  []engine.Item  // lessons that he marked as done
	Causes   []points.Sum   // of Total.Points
	Entries  []points.Entry // of these, the ones made by hand, and what undid one
	Honours  []award.Honour
}

// MonthCounts are the counts of a month, which is named by its number.
type MonthCounts struct {
	Month int
	Counts
}

// Meeting is a check-in that concerned him.
type Meeting struct {
	engine.Item
	How string // a key of the catalogue: report.how.here …
}

// Handbook collects a member's year. store.ErrNoRows: there is no such member.
func (s *Source) Handbook(tx *store.Tx, id int64, p Period) (*Handbook, error) {
	m, err := roster.Member(tx, id)
	if err == nil && m == nil {
		err = store.ErrNoRows
	}
	if err != nil {
		return nil, err
	}
	family, err := roster.Family(tx, m.Unit)
	if err != nil {
		return nil, err
	}
	h := &Handbook{Member: *m, Unit: branch(family, m.Unit), Period: p, Made: tx.Now.In(family[m.Unit].Zone).Format(time.DateOnly)}
	from, to, err := p.In(h.Unit.Zone)
	if err != nil {
		return nil, err
	}
	stays, err := roster.StaysOf(tx, id, from, to)
	if err != nil {
		return nil, err
	}
	chains := map[string]*engine.Unit{}
	for i, stay := range stays {
		if slices.ContainsFunc(stays[:i], func(s roster.Stay) bool { return s.Unit == stay.Unit }) {
			continue
		}
		if err := h.stayed(s, tx, stay.Unit, chains); err != nil {
			return nil, err
		}
	}
	if err := h.rest(tx, chains); err != nil {
		return nil, err
	}
	return h, nil
}

// branch is the unit's nearest branch, or else the unit itself.
func branch(family map[string]*engine.Unit, unit string) *engine.Unit {
	for u := family[unit]; u != nil; u = family[u.Parent] {
		if u.Kind == "branch" {
			return u
		}
	}
	return family[unit]
}

// stayed adds what he did in one of the units to which he belonged.
func (h *Handbook) stayed(s *Source, tx *store.Tx, unit string, chains map[string]*engine.Unit) error {
	r, err := s.begin(tx, unit, h.Period)
	if err != nil {
		return err
	}
	for _, u := range r.line(r.Unit) {
		chains[u.ID] = u
	}
	r.visit = func(m *Member, k Kind, i engine.Item, how string) {
		if m.ID == h.Member.ID {
			h.did(k, i, how)
		}
	}
	if err := r.add(r.Unit); err != nil {
		return err
	}
	for i := range r.Members {
		if m := &r.Members[i]; m.ID == h.Member.ID {
			h.Total.add(&m.Counts)
			for _, c := range m.Causes {
				h.earned(c)
			}
		}
	}
	return nil
}

// did adds one item.
func (h *Handbook) did(k Kind, i engine.Item, how string) {
	day, err := time.Parse(time.DateOnly, i.Day)
	if err != nil {
		return // the welcome of the sample, which is of no day
	}
	at := slices.IndexFunc(h.Months, func(m MonthCounts) bool { return m.Month == int(day.Month()) })
	if at < 0 {
		at = len(h.Months)
		h.Months = append(h.Months, MonthCounts{Month: int(day.Month())})
	}
	features[k].count(&h.Months[at].Counts, how)
	switch {
	case k == Lessons && how != undone && how != away && how != resting:
		h.Studied = append(h.Studied, i)
	case k == Checkins && how != resting:
		h.Meetings = append(h.Meetings, Meeting{i, map[string]string{checkin.OnTime: "report.how.here", checkin.Late: "report.how.late",
			checkin.OnLeave: "report.how.leave", away: "report.how.leave", undone: "report.how.absent"}[how]})
	}
}

// earned adds to what a rule gave him.
func (h *Handbook) earned(c points.Sum) {
	at := slices.IndexFunc(h.Causes, func(s points.Sum) bool { return s.Rule == c.Rule })
	if at < 0 {
		h.Causes = append(h.Causes, c)
		return
	}
	h.Causes[at].Points += c.Points
}

// rest adds the entries made by hand and the honours, and puts all in order.
func (h *Handbook) rest(tx *store.Tx, chains map[string]*engine.Unit) error {
	var units []*engine.Unit
	for _, u := range chains {
		units = append(units, u)
	}
	var err error
	if h.Entries, err = points.ByHand(tx, units, h.Member.ID, h.Period.From, h.Period.To); err != nil {
		return err
	}
	honours, err := award.Of(tx, h.Member.ID)
	if err != nil {
		return err
	}
	for _, o := range slices.Backward(honours) {
		if o.Day >= h.Period.From && o.Day < h.Period.To {
			h.Honours = append(h.Honours, o)
		}
	}
	slices.SortFunc(h.Months, func(a, b MonthCounts) int { return a.Month - b.Month })
	slices.SortStableFunc(h.Meetings, func(a, b Meeting) int { return a.From.Compare(b.From) })
	slices.SortStableFunc(h.Studied, func(a, b engine.Item) int { return a.From.Compare(b.From) })
	slices.SortFunc(h.Causes, func(a, b points.Sum) int { return cmp.Compare(a.Rule, b.Rule) })
	return nil
}
