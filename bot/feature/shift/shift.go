// Package shift keeps who works which shifts, so that nobody is asked for
// anything in his sleep or on his day off.
//
// Rules:
//   - A rotation is a pattern of letters, one a day, again and again from a
//     first day on (早早中中夜夜休休), or a month of which each day is given. A
//     later one takes its place from its first day on.
//   - A letter stands for the shift that begins on its day. Its hours, and when
//     its people sleep, are settings (shifts); a letter without work is a day off.
//   - Who sleeps through a post gets it again in private when he begins to be
//     awake, if it is still open then and he has not answered. Who is off gets
//     no reminders. Neither is missing from what was open only meanwhile.
//   - Who has no rotation is awake but for the quiet hours of all.
//
// Commands: /排班 /shift.
package shift

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/schedules"
	"branchbot/store"
)

// Feature keeps shifts.
type Feature struct {
	Letters func() Letters         // shifts
	Quiet   func() schedules.Quiet // conduct: quiet_hours
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "shift" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"排班", "shift"}, Role: engine.OnRoster, Group: engine.Mine, Usage: "shift.usage.shift", More: "shift.more.shift", Run: f.shift},
	}
}

// shift is /排班; of a secretary also /排班 名单 [DAY], /排班 NAMES PATTERN [DAY],
// /排班 NAMES 无.
func (f *Feature) shift(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	now := t.Now.In(t.Unit.Zone)
	switch {
	case len(words) == 0:
		return f.showMine(t)
	case t.Role < engine.Secretary:
		return engine.Complain("engine.secretaries_only")
	case words[0] == "名单" || command.Fold(words[0]) == "list":
		on := now
		if len(words) > 1 {
			var ok bool
			if on, ok = command.Day(strings.Join(words[1:], " "), now); !ok {
				return engine.Complain("shift.how", "Letters", f.Letters().names(t))
			}
		}
		return f.showAll(t, on)
	case len(words) < 2:
		return engine.Complain("shift.how", "Letters", f.Letters().names(t))
	}
	var who []*engine.Member
	for name := range strings.FieldsFuncSeq(words[0], func(r rune) bool { return strings.ContainsRune("、,，;；", r) }) {
		m, err := roster.Find(t.Tx, t.Unit.ID, name)
		if err != nil {
			return err
		}
		who = append(who, m)
	}
	r := rotation{StartsOn: now.Format(time.DateOnly)}
	words = words[1:]
	if last := words[len(words)-1]; len(words) > 1 {
		at, ok := command.Day(strings.TrimPrefix(last, "从"), now)
		if ok {
			r.StartsOn, words = at.Format(time.DateOnly), words[:len(words)-1]
		} else if strings.ContainsFunc(last, func(c rune) bool { return c >= '0' && c <= '9' }) {
			return engine.Complain("shift.fault.starts_on", "Value", chat.CleanName(last))
		}
	}
	if text := strings.Join(words, " "); !isNone(text) {
		var err error
		if r.Pattern, err = f.pattern(t, text); err != nil {
			return err
		}
	}
	return f.set(t, who, r)
}

func isNone(text string) bool {
	return slices.Contains([]string{"无", "取消", "清除", "不倒班", "none", "off"}, command.Fold(text))
}

// pattern reads one or complains.
func (f *Feature) pattern(t *engine.Turn, text string) (string, error) {
	pattern, err := f.Letters().ReadPattern(text)
	var bad badLetter
	switch {
	case errors.As(err, &bad):
		return "", engine.Complain("shift.fault.letter", "Value", string(bad), "Letters", f.Letters().names(t))
	case err != nil:
		return "", engine.Complain("shift.fault.long", "Value", strconv.Itoa(longest))
	case pattern == "":
		return "", engine.Complain("shift.fault.empty")
	}
	return pattern, nil
}

// set enters a rotation for members, tells them, and shows the sender what the
// next days look like by it.
func (f *Feature) set(t *engine.Turn, who []*engine.Member, r rotation) error {
	var names []string
	for _, m := range who {
		r.Member = m.ID
		if err := r.save(t.Tx, t.Member.ID); err != nil {
			return err
		}
		names = append(names, m.Name)
		if m.ID == t.Member.ID {
			continue
		}
		theirs := t.In(t.Unit)
		if m.Language != "" {
			theirs.Lang = m.Language
		}
		key := "shift.set_for_you"
		if r.Pattern == "" {
			key = "shift.none_for_you"
		}
		text := theirs.T(key, "Name", t.Member.Name, "Pattern", r.Pattern, "From", r.StartsOn)
		if _, err := theirs.Tell(m, chat.Text(text)); err != nil {
			return err
		}
	}
	if len(who) == 0 {
		return engine.Complain("shift.how", "Letters", f.Letters().names(t))
	}
	list := strings.Join(names, t.T("engine.list_comma"))
	if r.Pattern == "" {
		return t.TellSender(chat.Text(t.T("shift.none_set", "Names", list, "From", r.StartsOn)))
	}
	first, err := time.Parse(time.DateOnly, r.StartsOn)
	if err != nil {
		return err
	}
	if today := day(t.Now.In(t.Unit.Zone)); first.Before(today) {
		first = today
	}
	text := t.T("shift.set", "Names", list, "Pattern", r.Pattern, "From", r.StartsOn)
	return t.TellSender(chat.Text(text + "\n" + f.days(t, []rotation{r}, first)))
}

// shown is how many days a list of one member has.
const shown = 7

// days tells the shifts of the days from one on.
func (f *Feature) days(t *engine.Turn, rotations []rotation, first time.Time) string {
	var lines []string
	for i := range shown {
		on := first.AddDate(0, 0, i)
		at := time.Date(on.Year(), on.Month(), on.Day(), 12, 0, 0, 0, t.Unit.Zone)
		lines = append(lines, t.T("shift.day", "Day", schedules.Day(at, t.Now, t.Unit.Zone, t.Lang),
			"Shift", f.Letters().tell(t, letterOn(rotations, on))))
	}
	return strings.Join(lines, "\n")
}

// tell tells a letter with its hours.
func (l Letters) tell(t *engine.Turn, letter string) string {
	h, ok := l[letter]
	switch {
	case !ok:
		return t.T("shift.no_shift")
	case h.work.none():
		return t.T("shift.off", "Letter", string(letter))
	}
	key := "shift.hours"
	if h.work.to > aDay {
		key = "shift.hours_over"
	}
	return t.T(key, "Letter", string(letter), "From", clock(h.work.from), "To", clock(h.work.to))
}

// names are the letters with their hours.
func (l Letters) names(t *engine.Turn) string {
	var all []string
	for _, letter := range l.sorted() {
		all = append(all, l.tell(t, letter))
	}
	return strings.Join(all, t.T("engine.list_comma"))
}

func (f *Feature) showMine(t *engine.Turn) error {
	list, err := ofMember(t.Tx, t.Member.ID)
	if err != nil {
		return err
	}
	today := day(t.Now.In(t.Unit.Zone))
	if !known(list, today) {
		text := t.T("shift.you_have_none")
		if t.Role >= engine.Secretary {
			text += t.T("shift.how", "Letters", f.Letters().names(t))
		}
		return t.TellSender(chat.Text(text))
	}
	return t.TellSender(chat.Text(t.T("shift.mine") + "\n" + f.days(t, list, today)))
}

// known tells whether there is a shift in the days that are shown.
func known(list []rotation, first time.Time) bool {
	for i := range shown {
		if letterOn(list, first.AddDate(0, 0, i)) != unknown {
			return true
		}
	}
	return false
}

// showAll tells who has which shift on a day and the next.
func (f *Feature) showAll(t *engine.Turn, on time.Time) error {
	by, err := ofUnit(t)
	if err != nil {
		return err
	}
	people, err := roster.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	var lines []string
	for _, at := range []time.Time{on, on.AddDate(0, 0, 1)} {
		names := map[string][]string{}
		for _, m := range people {
			letter := letterOn(by[m.ID], day(at))
			if _, ok := f.Letters()[letter]; !ok {
				letter = unknown
			}
			names[letter] = append(names[letter], m.Name)
		}
		lines = append(lines, t.T("shift.on", "Day", schedules.Day(at, t.Now, t.Unit.Zone, t.Lang)))
		for _, letter := range append(f.Letters().sorted(), unknown) {
			if len(names[letter]) == 0 {
				continue
			}
			lines = append(lines, t.T("shift.who", "Shift", f.Letters().tell(t, letter), "Count", len(names[letter]),
				"Names", strings.Join(clip(names[letter]), t.T("engine.list_comma"))))
		}
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// named bounds the names of one shift in a message.
const named = 50

func clip(names []string) []string {
	if len(names) > named {
		return append(names[:named:named], "…")
	}
	return names
}

// Absences implements engine.Excuser.
func (f *Feature) Absences(t *engine.Turn, members []int64, from, to time.Time) ([]engine.Absence, error) {
	var by map[int64][]rotation
	var err error
	if members != nil {
		by, err = ofMembers(t.Tx, members)
	} else {
		by, err = ofUnit(t)
	}
	return f.absences(by, from, to, t.Unit.Zone), err
}

// OfStays are the absences, in a time, of those who ever stayed in a unit.
func (f *Feature) OfStays(tx *store.Tx, u *engine.Unit, from, to time.Time) ([]engine.Absence, error) {
	by, err := ofStays(tx, u.ID)
	return f.absences(by, from, to, u.Zone), err
}

func (f *Feature) absences(by map[int64][]rotation, from, to time.Time, zone *time.Location) []engine.Absence {
	var out []engine.Absence
	for id, list := range by {
		for _, s := range f.Letters().spans(list, from, to, zone) {
			reason := "shift.asleep"
			if s.off {
				reason = "shift.resting"
			}
			out = append(out, engine.Absence{Member: id, From: s.from, To: s.to, Reason: reason})
		}
	}
	return out
}

// Wakes implements engine.Waker.
func (f *Feature) Wakes(t *engine.Turn, from, before time.Time) ([]engine.Wake, error) {
	by, err := ofUnit(t)
	if err != nil {
		return nil, err
	}
	var out []engine.Wake
	for id, list := range by {
		at := from
		for _, s := range f.Letters().spans(list, from, before, t.Unit.Zone) {
			if !s.off && !s.from.After(at) && s.to.After(at) {
				at = s.to
			}
		}
		if at.Equal(from) {
			continue
		}
		if at = f.Quiet().End(at.In(t.Unit.Zone)); !at.Before(before) {
			continue
		}
		m, err := t.Directory().Member(t.Tx, id)
		if err != nil {
			return nil, err
		}
		if m != nil {
			out = append(out, engine.Wake{Member: *m, At: at})
		}
	}
	slices.SortFunc(out, func(a, b engine.Wake) int { return int(a.Member.ID - b.Member.ID) })
	return out, nil
}

// Open implements engine.Personal: the shift of today.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	list, err := ofMember(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	letter := letterOn(list, day(t.Now.In(t.Unit.Zone)))
	if _, ok := f.Letters()[letter]; !ok {
		return nil, nil
	}
	return []string{t.T("shift.today", "Shift", f.Letters().tell(t, letter))}, nil
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	list, err := ofMember(t.Tx, m.ID)
	var lines []string
	for _, r := range slices.Backward(list) {
		switch {
		case len(lines) == told:
			return lines, nil
		case r.Pattern == "":
			lines = append(lines, t.T("shift.data_none", "From", r.StartsOn))
		case r.EndsOn != "":
			lines = append(lines, t.T("shift.data_month", "Pattern", r.Pattern, "From", r.StartsOn, "To", r.EndsOn))
		default:
			lines = append(lines, t.T("shift.data", "Pattern", r.Pattern, "From", r.StartsOn))
		}
	}
	return lines, err
}
