// Package report sums up what the features keep, for papers that are handed in
// and for pages: figures of a period, workbooks, a member's yearly handbook,
// charts.
//
// Rules, the same for all of them:
//   - A figure concerns the days of a period. What was put to a unit is put to
//     its members and to those of the units under it.
//   - What a member did counts in the unit that he then belonged to. What he did
//     not do counts when it has ended, unless he was not on the roster for all of
//     the time, or was away for all of it: on leave, off, or asleep by his shifts.
//   - Leave is due at a check-in, and is no absence. A day off is not due.
//   - Names are for the unit itself. Totals of units name nobody.
//
// Commands: /导出 /export, /手册 /handbook.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/checkin"
	"branchbot/bot/feature/leave"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/notice"
	"branchbot/bot/feature/quiz"
	"branchbot/bot/feature/shift"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/store"
)

// Counts are what was asked of somebody in a period, and what he did; those of
// a unit are the sums of its members.
type Counts struct {
	Lessons, Learned        int // lessons pushed to him; marked as done
	Rounds, Answered, Right int // questions asked; answered; answered right
	Due, Here, Late, Leave  int // check-ins 应到; 实到; of these entered late; 请假
	Notices, Acked, InTime  int // to be acknowledged; acknowledged; of these by the deadline
	Points                  int64
}

// Absent is how often he was missing at a check-in.
func (c *Counts) Absent() int { return c.Due - c.Here - c.Leave }

func (c *Counts) add(o *Counts) {
	c.Lessons, c.Learned = c.Lessons+o.Lessons, c.Learned+o.Learned
	c.Rounds, c.Answered, c.Right = c.Rounds+o.Rounds, c.Answered+o.Answered, c.Right+o.Right
	c.Due, c.Here, c.Late, c.Leave = c.Due+o.Due, c.Here+o.Here, c.Late+o.Late, c.Leave+o.Leave
	c.Notices, c.Acked, c.InTime = c.Notices+o.Notices, c.Acked+o.Acked, c.InTime+o.InTime
	c.Points += o.Points
}

// Held is how many of each were put to a unit.
type Held struct{ Lessons, Rounds, Checkins, Notices int }

// Member is how somebody stands who belonged to a unit in the period, for some
// of it at least.
type Member struct {
	engine.Member
	Row    int          // of Figures.Units
	Gone   bool         // he did not belong to the unit any more at the end
	Causes []points.Sum // of Points
	Counts
}

// Item is how all who are summed up stand with one item.
type Item struct {
	Kind Kind
	engine.Item
	Counts
}

// Unit is how a unit stands. Groups count as their branch, but within it.
type Unit struct {
	*engine.Unit
	Members int // who belonged to it at the end
	Held    Held
	Counts
}

// Figures are those of a unit and the units under it.
type Figures struct {
	Unit    *engine.Unit
	Period  Period
	Units   []Unit   // the unit itself, if it has members, and those under it, by kind and name
	Members []Member // in the order of Units, then by staff number
	Items   []Item   // those put to the unit itself, those above it, and the groups of a branch; by day
	Total   Counts
}

// Source is where figures come from.
type Source struct {
	Shifts *shift.Feature
	// SoFar counts what is still open as asked of everybody: how a week stands
	// while it lasts, not what is handed in.
	SoFar bool
}

// Kind is what can be put to a unit.
type Kind int

// The kinds.
const (
	Lessons Kind = iota
	Rounds
	Checkins
	Notices
)

// items are what was put to a unit, by kind.
type items [Notices + 1][]engine.Item

var features = [len(items{})]struct {
	items func(tx *store.Tx, unit, from, to string) ([]engine.Item, error)
	deeds func(tx *store.Tx, asked, unit, from, to string) ([]engine.Deed, error)
	count func(c *Counts, how string)
}{
	Lessons:  {lesson.Items, lesson.Deeds, countLesson},
	Rounds:   {quiz.Items, quiz.Deeds, countRound},
	Checkins: {checkin.Items, checkin.Deeds, countCheckin},
	Notices:  {notice.Items, notice.Deeds, countNotice},
}

// undone, away and resting are how a member stands with an item about which he
// did nothing.
const (
	undone  = ""
	away    = "away"
	resting = "resting"
)

func countLesson(c *Counts, how string) {
	switch how {
	case away, resting:
	case undone:
		c.Lessons++
	default:
		c.Lessons++
		c.Learned++
	}
}

func countRound(c *Counts, how string) {
	switch how {
	case away, resting:
		return
	case quiz.Right:
		c.Right++
		c.Answered++
	case quiz.Wrong:
		c.Answered++
	}
	c.Rounds++
}

func countCheckin(c *Counts, how string) {
	switch how {
	case resting:
		return
	case away, checkin.OnLeave:
		c.Leave++
	case checkin.Late:
		c.Late++
		c.Here++
	case checkin.OnTime:
		c.Here++
	}
	c.Due++
}

func countNotice(c *Counts, how string) {
	switch how {
	case away, resting:
		return
	case notice.InTime:
		c.InTime++
		c.Acked++
	case notice.Late:
		c.Acked++
	}
	c.Notices++
}

// Figures sums up a unit, with the units under it, for a period.
func (s *Source) Figures(tx *store.Tx, unit string, p Period) (*Figures, error) {
	r, err := s.begin(tx, unit, p)
	if err != nil {
		return nil, fmt.Errorf("figures of unit %q: %w", unit, err)
	}
	for _, u := range r.below() {
		if err := r.add(u); err != nil {
			return nil, fmt.Errorf("figures of unit %q: %w", u.ID, err)
		}
		if !r.above[u.ID] { // nobody else needs what was put to it
			delete(r.items, u.ID)
			delete(r.points, u.ID)
		}
	}
	f := &r.Figures
	slices.SortStableFunc(f.Items, func(a, b Item) int { return cmp.Or(cmp.Compare(a.Day, b.Day), a.From.Compare(b.From)) })
	for i := range f.Members {
		f.Units[f.Members[i].Row].add(&f.Members[i].Counts)
		f.Total.add(&f.Members[i].Counts)
	}
	return f, nil
}

// run is the making of figures, with what it needs again and again.
type run struct {
	Figures
	tx     *store.Tx
	shifts *shift.Feature
	soFar  bool
	family map[string]*engine.Unit
	rows   map[string]int                                     // of Figures.Units, by unit
	held   map[[2]string]bool                                 // by row and unit: the unit's items are in the row's Held
	items  map[string]*items                                  // by unit
	shown  map[shown]int                                      // of Figures.Items
	points map[string]map[string]map[int64][]points.Sum       // by chain, unit, member
	above  map[string]bool                                    // the units that have others under them
	visit  func(m *Member, k Kind, i engine.Item, how string) // may be nil
}

func (s *Source) begin(tx *store.Tx, unit string, p Period) (*run, error) {
	family, err := roster.Family(tx, unit)
	if err == nil && family[unit] == nil {
		err = store.ErrNoRows
	}
	return &run{Figures: Figures{Unit: family[unit], Period: p}, tx: tx, shifts: s.Shifts, soFar: s.SoFar, family: family, rows: map[string]int{},
		held: map[[2]string]bool{}, items: map[string]*items{}, shown: map[shown]int{},
		points: map[string]map[string]map[int64][]points.Sum{}}, err
}

// shown is what Figures.Items are found by.
type shown struct {
	kind Kind
	id   int64
}

// line is a unit and those above it.
func (r *run) line(u *engine.Unit) (line []*engine.Unit) {
	for ; u != nil; u = r.family[u.Parent] {
		line = append(line, u)
	}
	return line
}

// below are the unit and those under it, each before its own.
func (r *run) below() (out []*engine.Unit) {
	under := map[string][]*engine.Unit{}
	r.above = map[string]bool{}
	for _, u := range r.family {
		under[u.Parent] = append(under[u.Parent], u)
		r.above[u.Parent] = true
	}
	var walk func(u *engine.Unit)
	walk = func(u *engine.Unit) {
		out = append(out, u)
		slices.SortFunc(under[u.ID], func(a, b *engine.Unit) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		for _, child := range under[u.ID] {
			walk(child)
		}
	}
	walk(r.Unit)
	return out
}

// row is the row of Units to which a unit's own members belong.
func (r *run) row(u *engine.Unit) *Unit {
	line := r.line(u)
	for len(line) > 1 && u.Kind == "group" && u != r.Unit && r.Unit.Kind != "branch" {
		line = line[1:]
		u = line[0]
	}
	n, known := r.rows[u.ID]
	if !known {
		n = len(r.Units)
		r.rows[u.ID] = n
		r.Units = append(r.Units, Unit{Unit: u})
	}
	return &r.Units[n]
}

// own is what was put to a unit.
func (r *run) own(u *engine.Unit) (*items, error) {
	if r.items[u.ID] != nil {
		return r.items[u.ID], nil
	}
	own := &items{}
	show := slices.Contains(r.line(r.Unit), u) || r.Unit.Kind == "branch"
	for kind := range own {
		var err error
		if own[kind], err = features[kind].items(r.tx, u.ID, r.Period.From, r.Period.To); err != nil {
			return nil, err
		}
		for _, i := range own[kind] {
			if show {
				r.shown[shown{Kind(kind), i.ID}] = len(r.Items)
				r.Items = append(r.Items, Item{Kind: Kind(kind), Item: i})
			}
		}
	}
	r.items[u.ID] = own
	return own, nil
}

// add adds a unit's own members.
func (r *run) add(u *engine.Unit) error {
	from, to, err := r.Period.In(u.Zone)
	if err != nil {
		return err
	}
	stays, err := roster.Stays(r.tx, u.ID, from, to)
	if err != nil || len(stays) == 0 {
		return err
	}
	row := r.row(u)
	var asked items
	var did deeds
	for _, above := range r.line(u) {
		own, err := r.own(above)
		if err != nil {
			return err
		}
		if key := [2]string{row.ID, above.ID}; !r.held[key] {
			r.held[key] = true
			row.Held.add(own)
		}
		for kind := range own {
			asked[kind] = append(asked[kind], own[kind]...)
			if did[kind], err = r.done(kind, did[kind], own[kind], above, u); err != nil {
				return err
			}
		}
	}
	absent, err := r.absences(u, from, asked.end(to))
	if err != nil {
		return err
	}
	points, err := r.earned(u)
	if err != nil {
		return err
	}
	for len(stays) > 0 {
		n := 1
		for n < len(stays) && stays[n].ID == stays[0].ID {
			n++
		}
		m := Member{Member: stays[0].Member, Row: r.rows[row.ID], Gone: !stays[n-1].Covers(stays[n-1].From, to), Causes: points[stays[0].ID]}
		r.count(&m, &asked, &did, stays[:n], absent[m.ID])
		stays = stays[n:]
		if !m.Gone {
			row.Members++
		}
		if !m.Gone || m.Counts != (Counts{}) { // or else he left before anything was asked of him
			r.Members = append(r.Members, m)
		}
	}
	return nil
}

// deeds are what members did, by kind.
type deeds [len(items{})]map[deed]string

// count counts what was asked of a member and what he earned.
func (r *run) count(m *Member, asked *items, did *deeds, stays []roster.Stay, absent spans) {
	for kind, of := range asked {
		for _, i := range of {
			how, counts := r.stands(Kind(kind), i, did[kind], stays, absent)
			if !counts {
				continue
			}
			var c Counts
			features[kind].count(&c, how)
			m.add(&c)
			if r.visit != nil {
				r.visit(m, Kind(kind), i, how)
			}
			if at, is := r.shown[shown{Kind(kind), i.ID}]; is {
				r.Items[at].add(&c)
			}
		}
	}
	for _, c := range m.Causes {
		m.Points += c.Points
	}
}

// deed is what Deeds are found by.
type deed struct{ item, member int64 }

// done adds what the members of a unit did about the items of one above it.
func (r *run) done(kind int, into map[deed]string, own []engine.Item, above, u *engine.Unit) (map[deed]string, error) {
	if len(own) == 0 {
		return into, nil
	}
	list, err := features[kind].deeds(r.tx, above.ID, u.ID, r.Period.From, r.Period.To)
	if into == nil {
		into = make(map[deed]string, len(list))
	}
	for _, d := range list {
		into[deed{d.Item, d.Member}] = d.How
	}
	return into, err
}

// stands tells how a member stands with an item; false when it does not concern
// him. A notice concerns only those whom it names.
func (r *run) stands(kind Kind, i engine.Item, did map[deed]string, stays []roster.Stay, absent spans) (how string, counts bool) {
	how, known := did[deed{i.ID, stays[0].ID}]
	switch {
	case known && how != notice.Asked:
		return how, true
	case !i.Closed && !r.soFar || !known && kind == Notices:
		return "", false
	case !slices.ContainsFunc(stays, func(s roster.Stay) bool { return s.Covers(i.From, i.To) }):
		return "", false
	}
	return absent.over(i.From, i.To), true
}

// earned are the points of the members of a unit, from the chains of the unit
// and of those above it.
func (r *run) earned(u *engine.Unit) (map[int64][]points.Sum, error) {
	sum := map[int64][]points.Sum{}
	below := u.ID // as many of the units below the chain as are summed up here
	for _, chain := range r.line(u) {
		if below != r.Unit.ID {
			below = chain.ID
		}
		if r.points[chain.ID] == nil {
			earned, err := points.Earned(r.tx, chain.ID, below, r.Period.From, r.Period.To)
			if err != nil {
				return nil, err
			}
			r.points[chain.ID] = earned
		}
		for id, n := range r.points[chain.ID][u.ID] {
			sum[id] = append(sum[id], n...)
		}
	}
	return sum, nil
}

// absences are the times in which the members of a unit were away.
func (r *run) absences(u *engine.Unit, from, to time.Time) (map[int64]spans, error) {
	list, err := leave.OfStays(r.tx, u.ID, from, to)
	if err != nil {
		return nil, err
	}
	off, err := r.shifts.OfStays(r.tx, u, from, to)
	if err != nil {
		return nil, err
	}
	return join(append(list, off...)), nil
}

func (h *Held) add(own *items) {
	h.Lessons += len(own[Lessons])
	h.Rounds += len(own[Rounds])
	h.Checkins += len(own[Checkins])
	h.Notices += len(own[Notices])
}

// end is the later of an instant and the end of the last item.
func (i *items) end(at time.Time) time.Time {
	for _, of := range i {
		for _, item := range of {
			if item.To.After(at) {
				at = item.To
			}
		}
	}
	return at
}
