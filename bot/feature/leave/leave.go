// Package leave keeps who is on leave, and when.
//
// Rules:
//   - Leave is told by the member himself, for days, half days or evenings, up to a year
//     ahead; nobody has to approve it. A secretary may enter it for a member,
//     the record says so and the member is told.
//   - Who is on leave is neither asked, reminded nor counted as missing.
//   - The group sees that it is noted; names and reasons are for the secretary.
//   - Its days are those of when it was told; what has closed since is corrected.
//   - Leave without a day, while a check-in is open, is meant for that check-in; what
//     names other days is noted for those, and does not excuse today.
//   - Days that are not sure are asked about, never guessed.
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
	"branchbot/bot/roster"
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
		{Names: []string{"请假", "leave"}, Role: engine.OnRoster, Group: engine.Daily, Usage: "leave.usage.leave", More: "leave.more.leave", Example: "leave.example.leave", Run: f.leave},
		{Names: []string{"销假", "back"}, Role: engine.OnRoster, Group: engine.Daily, Usage: "leave.usage.back", Example: "leave.example.back", Run: f.back},
	}
}

// Listen implements engine.Listener: 请假：明天看病 in private needs no slash. In
// the group it is ordinary talk, and without a day it is for a check-in.
func (f *Feature) Listen(t *engine.Turn) (func() error, error) {
	if t.Role < engine.OnRoster {
		return nil, nil
	}
	text, ok := command.LeaveText(t.Event.Text)
	if !ok {
		return nil, nil
	}
	r, how := readDays(text, t.When.In(t.Unit.Zone))
	switch how {
	case command.Clear:
		return func() error { return f.take(t, t.Member, r) }, nil
	case command.Unclear:
		return func() error { return unclear(text) }, nil
	}
	return nil, nil
}

// TakeLeave implements engine.LeaveTaker: what names other days than that of the
// check-in, or more, is no word about the check-in alone.
func (f *Feature) TakeLeave(t *engine.Turn) (bool, error) {
	text, ok := command.LeaveText(t.Event.Text)
	if !ok {
		return false, nil
	}
	now := t.When.In(t.Unit.Zone)
	r, how := readDays(text, now)
	switch {
	case how == command.Unclear:
		return true, unclear(text)
	case how == command.NoTime:
		return false, nil
	}
	for _, s := range r.spans {
		today := midnight(now, 0)
		if s.From.Before(midnight(now, 1)) && s.To.After(today) && (s.From.After(now) || !s.To.After(now)) {
			return false, nil // a part of today: said of this check-in
		}
	}
	if !r.spans[len(r.spans)-1].To.After(now) { // why he does not come: 昨晚值夜班
		return false, nil
	}
	return true, f.take(t, t.Member, r)
}

// request is a leave as it is asked for.
type request struct {
	spans  []command.Span // in order
	reason string
}

const maxReason = 100 // runes

func readDays(text string, now time.Time) (request, command.Reading) {
	spans, reason, how := command.Days(text, now)
	return request{spans, clip(reason)}, how
}

// unclear asks which days are meant.
func unclear(text string) error {
	return engine.Complain("leave.unclear", "Text", chat.CleanName(text))
}

// midnight is the one that begins a day, or one so many days later.
func midnight(t time.Time, later int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+later, 0, 0, 0, 0, t.Location())
}

// clip keeps a reason on one line.
func clip(s string) string {
	r := []rune(strings.Join(strings.Fields(chat.Clean(s)), " "))
	return string(r[:min(len(r), maxReason)])
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
	name, rest, _ := strings.Cut(strings.ReplaceAll(line.Args, "　", " "), " ")
	own, how := readDays(line.Args, now)
	theirs, ofOne := readDays(rest, now)
	if how == command.Clear {
		staff, err := isStaff(t, name)
		if err != nil {
			return err
		}
		if ofOne != command.Clear || !staff {
			return f.take(t, t.Member, own)
		}
	}
	switch {
	case ofOne == command.Clear && (t.Role >= engine.Secretary || how != command.Unclear || !isDay(name, now)):
		return f.named(t, name, theirs)
	case how == command.Unclear || ofOne == command.Unclear:
		return unclear(line.Args)
	}
	return f.fromCheckIn(t, line.Args)
}

func isDay(word string, now time.Time) bool {
	_, ok := command.Day(word, now)
	return ok
}

// isStaff tells whether a word that could be a day (12-24) is meant as the
// staff number of somebody, by a secretary.
func isStaff(t *engine.Turn, word string) (bool, error) {
	if t.Role < engine.Secretary {
		return false, nil
	}
	m, err := roster.ByStaff(t.Tx, word)
	return m != nil, err
}

// named is leave with a word before the days: for a secretary the name of a member, or of
// several, 张三、李四; else the sender's reason, unless it names somebody.
func (f *Feature) named(t *engine.Turn, name string, s request) error {
	if t.Role >= engine.Secretary {
		all, err := roster.FindAll(t.Tx, t.Unit.ID, name)
		if err != nil {
			return err
		}
		for _, m := range all {
			if err := f.take(t, m, s); err != nil {
				return err
			}
		}
		return nil
	}
	switch m, err := roster.Find(t.Tx, t.Unit.ID, name); {
	case err == nil && m.ID == t.Member.ID:
		return f.take(t, m, s)
	case err == nil:
		return engine.Complain("engine.proxy")
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
func (f *Feature) take(t *engine.Turn, m *engine.Member, ask request) error {
	today := midnight(t.When.In(t.Unit.Zone), 0)
	own := m.ID == t.Member.ID
	var days []string
	for _, s := range ask.spans {
		switch {
		case s.To.Sub(s.From) > longest || s.To.Sub(t.Now) > longest:
			return engine.Complain("leave.too_long")
		case own && t.Role < engine.Secretary && s.From.Before(today), t.Now.Sub(s.From) > longest:
			return engine.Complain("leave.past")
		}
		have, err := covers(t.Tx, m.ID, s)
		if err != nil {
			return err
		}
		if have {
			continue
		}
		if err := dropWithin(t.Tx, m.ID, s); err != nil {
			return err
		}
		r := record{Member: m.ID, From: s.From, To: s.To, Reason: ask.reason}
		if !own {
			r.By = t.Member.ID
		}
		if err := r.insert(t.Tx); err != nil {
			return err
		}
		days = append(days, tellSpan(t, r))
	}
	if len(days) == 0 {
		return engine.Complain("leave.already")
	}
	if err := t.ToldLate(m, command.CheckIn); err != nil {
		return err
	}
	if own {
		return t.Say("leave.noted", "Days", strings.Join(days, t.T("engine.list_comma")))
	}
	theirs := t.In(t.Unit)
	if m.Language != "" {
		theirs.Lang = m.Language
	}
	var told []string
	for _, s := range ask.spans {
		told = append(told, tellSpan(theirs, record{From: s.From, To: s.To}))
	}
	_, err := theirs.Tell(m, chat.Text(theirs.T("leave.entered_for_you", "Name", t.Member.Name, "Days", strings.Join(told, theirs.T("engine.list_comma")))))
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("leave.entered", "Name", m.Name, "Days", strings.Join(days, t.T("engine.list_comma")))))
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
	case sameDay && isMidnight(to) && begins(t, from) != "":
		return first + begins(t, from)
	case !isMidnight(from) && begins(t, from) == "" || !isMidnight(to) && !isNoon(to): // ended early
		return t.T("leave.span", "From", first, "To", schedules.Instant(to, t.Now, t.Unit.Zone, t.Lang))
	}
	first += begins(t, from)
	end := schedules.Day(last, t.Now, t.Unit.Zone, t.Lang)
	if isNoon(to) {
		end += t.T("leave.morning")
	}
	return t.T("leave.span", "From", first, "To", end)
}

// begins is the part of the day with which a leave begins; "" for none.
func begins(t *engine.Turn, from time.Time) string {
	switch {
	case isNoon(from):
		return t.T("leave.afternoon")
	case from.Hour() == 18 && from.Minute() == 0 && from.Second() == 0:
		return t.T("leave.evening")
	}
	return ""
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
		staff, err := isStaff(t, words[0])
		if err != nil {
			return err
		}
		if !isDay(words[0], now) || staff {
			if t.Role < engine.Secretary {
				return engine.Complain("leave.back_how")
			}
			if m, err = roster.Find(t.Tx, t.Unit.ID, words[0]); err != nil {
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
