// Package leave keeps who is on leave, and when.
//
// Rules:
//   - Leave is told by the member himself, for days or half days, up to a year
//     ahead; nobody has to approve it. A secretary may enter it for a member,
//     the record says so and the member is told.
//   - Who is on leave is neither asked, reminded nor counted as missing.
//   - The group sees that it is noted; names and reasons are for the secretary.
//   - Its days are those of when it was told; what has closed since is corrected.
//   - Leave without a day, while a check-in is open, is meant for that check-in.
//   - Leave that covers an earlier one takes its place.
//   - Leave that has not begun and is cancelled leaves no trace; leave that has
//     begun ends when it is cancelled.
//
// Commands: /请假 /leave, /销假 /back.
package leave

import (
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/member"
	"branchbot/schedules"
	"branchbot/store"
)

// Feature keeps leave.
type Feature struct{}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "leave" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"请假", "leave"}, Role: engine.OnRoster, Usage: "leave.usage.leave", Run: f.leave},
		{Names: []string{"销假", "back"}, Role: engine.OnRoster, Usage: "leave.usage.back", Run: f.back},
	}
}

// Listen implements engine.Listener: 请假：明天看病 in private needs no slash. In
// the group it is ordinary talk, and without a day it is for a check-in.
func (f *Feature) Listen(t *engine.Turn) (func() error, error) {
	text := strings.TrimSpace(t.Event.Text)
	for _, word := range []string{"请假", "請假"} {
		rest, ok := strings.CutPrefix(text, word)
		if !ok || t.Role < engine.OnRoster {
			continue
		}
		line, _ := command.Parse("/请假 " + strings.TrimLeft(rest, " ：:，,　"))
		if _, ok := readSpan(line.Args, t.When.In(t.Unit.Zone)); ok {
			return func() error { return f.leave(t, line) }, nil
		}
	}
	return nil, nil
}

// longest is the longest leave, and how far back a secretary can enter it.
const longest = 366 * 24 * time.Hour

// leave is /请假 [NAME] DAYS [REASON]; alone it shows the sender's own, 名单
// everyone's.
func (f *Feature) leave(t *engine.Turn, line command.Line) error {
	switch command.Fold(line.Args) {
	case "":
		return f.showMine(t)
	case "名单", "list":
		return f.showAll(t)
	}
	now := t.When.In(t.Unit.Zone)
	name, rest, _ := strings.Cut(strings.Join(line.Fields(), " "), " ")
	theirs, ofOne := readSpan(rest, now)
	if s, ok := readSpan(line.Args, now); ok {
		if !ofOne {
			return f.take(t, t.Member, s)
		}
		staff, err := isStaff(t, name)
		if err != nil {
			return err
		}
		if !staff {
			return f.take(t, t.Member, s)
		}
	}
	if ofOne {
		return f.named(t, name, theirs)
	}
	if dayLike(line.Args) {
		return engine.Complain("leave.how")
	}
	return f.fromCheckIn(t, line.Args)
}

// isStaff tells whether a word that could be a day (12-24) is meant as the
// staff number of somebody, by a secretary.
func isStaff(t *engine.Turn, word string) (bool, error) {
	if t.Role < engine.Secretary {
		return false, nil
	}
	m, err := member.ByStaff(t.Tx, word)
	return m != nil, err
}

// named is leave with a word before the days: for a secretary the name of a
// member; else the sender's reason, unless it names somebody.
func (f *Feature) named(t *engine.Turn, name string, s span) error {
	m, err := member.Find(t.Tx, t.Unit.ID, name)
	switch {
	case t.Role >= engine.Secretary && err != nil:
		return err
	case err == nil && m.ID == t.Member.ID:
		return f.take(t, m, s)
	case err == nil && t.Role < engine.Secretary:
		return engine.Complain("engine.proxy")
	case err == nil:
		return f.take(t, m, s)
	}
	s.reason = clip(name + " " + s.reason)
	return f.take(t, t.Member, s)
}

// fromCheckIn leaves the check-in that is open.
func (f *Feature) fromCheckIn(t *engine.Turn, reason string) error {
	open, err := t.Awaiting("")
	if err != nil {
		return err
	}
	for _, p := range open {
		if p.Want.Kind == command.CheckIn {
			return t.Answer(p, command.Answer{Value: "leave", Reason: clip(reason)})
		}
	}
	return engine.Complain("leave.no_day")
}

// take notes the leave of a member.
func (f *Feature) take(t *engine.Turn, m *engine.Member, s span) error {
	today := midnight(t.When.In(t.Unit.Zone), 0)
	own := m.ID == t.Member.ID
	switch {
	case !s.to.After(s.from):
		return engine.Complain("leave.backwards")
	case s.to.Sub(s.from) > longest || s.to.Sub(t.Now) > longest:
		return engine.Complain("leave.too_long")
	case own && t.Role < engine.Secretary && s.from.Before(today), t.Now.Sub(s.from) > longest:
		return engine.Complain("leave.past")
	}
	have, err := covers(t.Tx, m.ID, s)
	if err != nil {
		return err
	}
	if have {
		return engine.Complain("leave.already")
	}
	if err := dropWithin(t.Tx, m.ID, s); err != nil {
		return err
	}
	r := record{Member: m.ID, From: s.from, To: s.to, Reason: s.reason}
	if !own {
		r.By = t.Member.ID
	}
	if err := r.insert(t.Tx); err != nil {
		return err
	}
	if err := t.ToldLate(m, command.CheckIn); err != nil {
		return err
	}
	if own {
		return t.Say("leave.noted", "Days", tellSpan(t, r))
	}
	theirs := t.In(t.Unit)
	if m.Language != "" {
		theirs.Lang = m.Language
	}
	_, err = theirs.Tell(m, chat.Text(theirs.T("leave.entered_for_you", "Name", t.Member.Name, "Days", tellSpan(theirs, r))))
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("leave.entered", "Name", m.Name, "Days", tellSpan(t, r))))
}

// tellSpan tells the days of a leave in words.
func tellSpan(t *engine.Turn, r record) string {
	from, to := r.From.In(t.Unit.Zone), r.To.In(t.Unit.Zone)
	last := to.Add(-time.Millisecond)
	first := schedules.Day(from, t.Now, t.Unit.Zone, t.Lang)
	whole := isMidnight(from) && isMidnight(to)
	sameDay := from.Format(time.DateOnly) == last.Format(time.DateOnly)
	switch {
	case sameDay && whole:
		return first
	case sameDay && isMidnight(from) && isNoon(to):
		return first + t.T("leave.morning")
	case sameDay && isNoon(from) && isMidnight(to):
		return first + t.T("leave.afternoon")
	case !isMidnight(from) && !isNoon(from) || !isMidnight(to) && !isNoon(to): // ended early
		return t.T("leave.span", "From", first, "To", schedules.Instant(to, t.Now, t.Unit.Zone, t.Lang))
	}
	if isNoon(from) {
		first += t.T("leave.afternoon")
	}
	end := schedules.Day(last, t.Now, t.Unit.Zone, t.Lang)
	if isNoon(to) {
		end += t.T("leave.morning")
	}
	return t.T("leave.span", "From", first, "To", end)
}

func isMidnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }

func isNoon(t time.Time) bool { return t.Hour() == 12 && t.Minute() == 0 && t.Second() == 0 }

// tell is a leave in one line; with the name, where that is needed.
func tell(t *engine.Turn, r record) string {
	line := tellSpan(t, r)
	if r.Reason != "" {
		line += t.T("leave.because", "Reason", r.Reason)
	}
	if r.ByName != "" {
		line += t.T("leave.by", "Name", r.ByName)
	}
	return line
}

func (f *Feature) showMine(t *engine.Turn) error {
	list, err := ahead(t.Tx, t.Member.ID)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return t.TellSender(chat.Text(t.T("leave.none") + t.T("leave.how")))
	}
	lines := []string{t.T("leave.mine")}
	for _, r := range list {
		lines = append(lines, tell(t, r))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// listed bounds the lines of one message, and how far ahead they look.
const (
	listed      = 100
	listedAhead = 31 * 24 * time.Hour
)

func (f *Feature) showAll(t *engine.Turn) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	list, err := ofUnit(t, t.Now, t.Now.Add(listedAhead))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return t.TellSender(chat.Text(t.T("leave.nobody")))
	}
	var now, soon []string
	for _, r := range list {
		line := r.Name + t.T("leave.colon") + tell(t, r)
		if r.From.After(t.Now) {
			soon = append(soon, line)
		} else {
			now = append(now, line)
		}
	}
	lines := append([]string{t.T("leave.now", "N", len(now))}, now...)
	if len(soon) > 0 {
		lines = append(append(lines, t.T("leave.soon", "N", len(soon))), soon...)
	}
	if len(lines) > listed {
		lines = append(lines[:listed], "…")
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// back is /销假 [NAME] [DAY | 全部]: it ends the leave of now, else cancels the
// next one; that of a day; or all.
func (f *Feature) back(t *engine.Turn, line command.Line) error {
	m, words := t.Member, line.Fields()
	now := t.When.In(t.Unit.Zone)
	if len(words) > 0 && !isAll(words[0]) {
		_, isDay := command.Day(words[0], now)
		staff, err := isStaff(t, words[0])
		if err != nil {
			return err
		}
		if !isDay || staff {
			if t.Role < engine.Secretary {
				return engine.Complain("leave.back_how")
			}
			if m, err = member.Find(t.Tx, t.Unit.ID, words[0]); err != nil {
				return err
			}
			words = words[1:]
		}
	}
	list, err := ahead(t.Tx, m.ID)
	if err != nil {
		return err
	}
	switch {
	case len(words) == 0 && len(list) > 0:
		list = list[:1]
	case len(words) == 1 && isAll(words[0]):
	case len(words) == 1:
		day, ok := command.Day(words[0], now)
		if !ok {
			return engine.Complain("leave.back_how")
		}
		list = on(list, day)
	case len(words) > 1:
		return engine.Complain("leave.back_how")
	}
	return f.cancel(t, m, list)
}

func (f *Feature) cancel(t *engine.Turn, m *engine.Member, list []record) error {
	if len(list) == 0 {
		return engine.Complain("leave.nothing_to_cancel")
	}
	var told []string
	for _, r := range list {
		told = append(told, tellSpan(t, r))
		if err := r.cancel(t.Tx); err != nil {
			return err
		}
	}
	days := strings.Join(told, t.T("engine.list_comma"))
	if m.ID != t.Member.ID {
		return t.TellSender(chat.Text(t.T("leave.cancelled_for", "Name", m.Name, "Days", days)))
	}
	return t.Say("leave.cancelled", "Days", days)
}

func isAll(word string) bool {
	word = command.Fold(word)
	return word == "全部" || word == "all"
}

// on are the leaves that touch a day.
func on(list []record, day time.Time) []record {
	var out []record
	for _, r := range list {
		if r.From.Before(midnight(day, 1)) && r.To.After(day) {
			out = append(out, r)
		}
	}
	return out
}

// Absences implements engine.Excuser.
func (f *Feature) Absences(t *engine.Turn, members []int64, from, to time.Time) ([]engine.Absence, error) {
	var list []record
	var err error
	if members != nil {
		list, err = ofMembers(t.Tx, members, from, to)
	} else {
		list, err = ofUnit(t, from, to)
	}
	return absences(list), err
}

// Away is why somebody on leave is away: the Reason of his absence.
const Away = "leave.away"

func absences(list []record) []engine.Absence {
	out := make([]engine.Absence, len(list))
	for i, r := range list {
		out[i] = engine.Absence{Member: r.Member, From: r.From, To: r.To, Reason: Away}
	}
	return out
}

// OfStays are the absences, in a time, of those who ever stayed in a unit.
func OfStays(tx *store.Tx, unit string, from, to time.Time) ([]engine.Absence, error) {
	list, err := ofStays(tx, unit, from, to)
	return absences(list), err
}

// Open implements engine.Personal: the leave of today.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	today := midnight(t.Now.In(t.Unit.Zone), 0)
	list, err := ofMembers(t.Tx, []int64{m.ID}, today, midnight(today, 1))
	var lines []string
	for _, r := range list {
		lines = append(lines, t.T("leave.open", "Days", tellSpan(t, r)))
	}
	return lines, err
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	list, err := history(t.Tx, m.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	lines := []string{t.T("leave.data", "N", len(list))}
	for _, r := range list {
		lines = append(lines, tell(t, r))
	}
	return lines, nil
}
