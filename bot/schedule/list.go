package schedule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/feature/delivery"
	"branchbot/schedules"
)

// coming is a slot that is still to come, as far as it can be told.
type coming struct {
	schedules.Slot
	reason string // why it will not run, in words; "" when it will
}

// ahead are the next slots of a schedule: as many as run, and those between
// them that do not; none after an instant, unless that is zero.
func (f *Feature) ahead(t *engine.Turn, s *row, runs int, until time.Time) ([]coming, error) {
	spec, zone, err := s.parse(f.holidays.Load())
	if err != nil {
		return nil, err
	}
	at := maxTime(t.Now, s.from(zone))
	marked, err := leftOut(t.Tx, s.ID, at)
	if err != nil {
		return nil, err
	}
	var list []coming
	for range maxAhead {
		slot, ok := spec.Next(at, zone)
		if !ok || runs == 0 || !until.IsZero() && slot.At.After(until) || !s.runsOn(slot.At.In(zone)) {
			break
		}
		at = slot.At
		c := coming{slot, f.whyNot(t, slot, zone, marked)}
		if c.reason == "" {
			runs--
		}
		list = append(list, c)
	}
	return list, nil
}

// maxAhead bounds the slots that are looked at for a list.
const maxAhead = 60

// whyNot tells why a slot will not run; "" when it will.
func (f *Feature) whyNot(t *engine.Turn, slot schedules.Slot, zone *time.Location, marked map[string]bool) string {
	switch {
	case marked[slot.Key]:
		return t.T("schedule.reason.asked")
	case slot.Left:
		return t.T("schedule.why."+string(slot.Why), "Holiday", slot.Holiday)
	case f.Quiet().Contains(slot.At.In(zone)):
		return t.T("schedule.reason.quiet")
	}
	return ""
}

// tell tells when a slot runs, and what is special about it.
func tell(t *engine.Turn, slot schedules.Slot, zone *time.Location) string {
	at := schedules.Instant(slot.At, t.Now, zone, t.Lang)
	var notes []string
	if slot.Moved {
		own, _ := time.ParseInLocation("2006-01-02T15:04", slot.Key, zone) // always a slot's key
		notes = append(notes, t.T("schedule.why.moved", "At", schedules.Instant(own, t.Now, zone, t.Lang)))
	}
	if slot.Why != "" && (slot.Moved || slot.Why != schedules.Weekend) {
		notes = append(notes, t.T("schedule.why."+string(slot.Why), "Holiday", slot.Holiday))
	}
	if slot.Guess {
		notes = append(notes, t.T("schedule.why.guess"))
	}
	if len(notes) > 0 {
		at += t.T("schedule.reason", "Reason", strings.Join(notes, t.T("schedule.note_comma")))
	}
	return at
}

// Coming is a run of a schedule that is still to come.
type Coming struct {
	At       time.Time
	Words    string // when, with what is special about it
	Schedule string // its id
	Action   string // in words
}

// Next are the next runs of all schedules of t.Unit, at most so many, of at
// most seven days.
func (f *Feature) Next(t *engine.Turn, most int) ([]Coming, error) {
	return f.next(t, most, t.Now.Add(7*24*time.Hour))
}

func (f *Feature) next(t *engine.Turn, most int, until time.Time) ([]Coming, error) {
	rows, err := listRows(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	var next []Coming
	for _, s := range rows {
		if s.Paused {
			continue
		}
		list, err := f.ahead(t, &s, most, until)
		if err != nil {
			return nil, err
		}
		zone, err := schedules.Zone(s.Zone)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if c.reason == "" {
				next = append(next, Coming{c.At, tell(t, c.Slot, zone), s.ID, t.T("schedule.action." + s.Action)})
			}
		}
	}
	slices.SortStableFunc(next, func(a, b Coming) int { return a.At.Compare(b.At) })
	return next[:min(most, len(next))], nil
}

func (f *Feature) list(t *engine.Turn) error {
	rows, err := listRows(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return t.Say("schedule.empty")
	}
	lines := []string{t.T("schedule.list", "N", len(rows))}
	for _, s := range rows {
		lines = append(lines, f.describe(t, &s))
		id, err := last(t.Tx, s.ID)
		if err != nil {
			return err
		}
		text, err := delivery.OfCause(t, causeOf(id))
		if err != nil {
			return err
		}
		if text != "" {
			lines = append(lines, "  "+t.T("schedule.last_undelivered", "Text", text))
		}
	}
	return t.Reply(chat.Text(strings.Join(append(lines, f.unknown(t, rows)...), "\n")))
}

// unknown says of which years the holidays are not known, if it matters.
func (f *Feature) unknown(t *engine.Turn, rows []row) []string {
	var lines []string
	for _, year := range unknownYears(rows, f.holidays.Load(), t.Now) {
		lines = append(lines, t.T("schedule.unknown_year", "Year", strconv.Itoa(year)))
	}
	return lines
}

// describe tells a schedule with its next three instants in words, and what is
// left out before them.
func (f *Feature) describe(t *engine.Turn, s *row) string {
	g := f.glance(t, s, 3)
	if g.Problem != "" {
		return s.ID + " " + g.Problem
	}
	head := t.T("schedule.line", "ID", s.ID, "Action", g.Action, "Rule", g.Rule)
	if s.Paused {
		return head + t.T("schedule.is_paused")
	}
	lines := []string{head, "  " + t.T("schedule.next", "Instants", strings.Join(g.Next, t.T("engine.list_comma")))}
	for _, line := range g.Not {
		lines = append(lines, "  "+line)
	}
	return strings.Join(lines, "\n")
}

// shown is how many lines a preview has.
const shown = 40

// preview lists what comes in the next seven days.
func (f *Feature) preview(t *engine.Turn) error {
	rows, err := listRows(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	items, err := f.Next(t, len(rows)*(shown+1))
	if err != nil {
		return err
	}
	lines := []string{t.T("schedule.preview", "N", len(items))}
	for i, it := range items {
		if i == shown {
			lines = append(lines, "…")
			break
		}
		lines = append(lines, it.Words+" "+it.Action+" "+it.Schedule)
	}
	return t.Reply(chat.Text(strings.Join(append(lines, f.unknown(t, rows)...), "\n")))
}

// Status implements engine.Reporter: the last occurrences.
func (f *Feature) Status(t *engine.Turn) ([]string, error) {
	occurrences, err := lately(t.Tx, t.Unit.ID, 5, 0)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, o := range occurrences {
		line := schedules.Instant(o.Due, t.Now, t.Unit.Zone, t.Lang) + " " + o.Schedule + " " + t.T("schedule.state."+o.State)
		undelivered, err := delivery.OfCause(t, causeOf(o.ID))
		if err != nil {
			return nil, err
		}
		if undelivered != "" {
			line += t.T("schedule.reason", "Reason", strings.TrimRight(undelivered, "。."))
		} else if o.Reason != "" {
			line += t.T("schedule.reason", "Reason", strings.TrimRight(t.T(o.Reason), "。."))
		}
		lines = append(lines, line)
	}
	if err := f.look(t.Tx); err != nil {
		return nil, err
	}
	rows, err := listRows(t.Tx, t.Unit.ID)
	return append(lines, f.unknown(t, rows)...), err
}
