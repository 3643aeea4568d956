// Package signup collects names for something: an activity, a meal, a bus.
//
// Rules:
//   - A secretary opens it; it closes at its time or by /结束. Members sign up
//     for themselves and those whom they bring; the last word of each counts.
//   - The bot keeps the list. The group sees one rising count, and the list when
//     somebody asks for it, at most once a minute, and at the close.
//   - When the places are taken, others wait in order; who fits moves up when a
//     place is free, and is told in private.
//   - A list that people pass on among themselves (WeChat's 接龙) is read if it
//     names an open sign-up. What is new in it is added; nothing that is missing
//     from it is taken away, and what a member said himself stays. Names that
//     are on no roster are listed as such. Who is said not to come in it is not
//     added; what is left out or not taken as it stands is told its author.
//
// Commands: /接龙 /signup.
package signup

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/schedules"
)

const (
	life      = 7 * 24 * time.Hour  // without a deadline
	farthest  = 30 * 24 * time.Hour // how far away a deadline may be
	maxPlaces = 9999
	postEvery = time.Minute // how often the group gets the list
)

// Feature collects names.
type Feature struct {
	mu   sync.Mutex
	told map[leftOut]bool // whose authors were told; after a start they may be told again
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "signup" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"接龙", "signup"}, Role: engine.OnRoster, Group: engine.Join, Usage: "signup.usage.signup", More: "signup.more.signup", Example: "signup.example.signup", Run: f.run},
	}
}

// run is /接龙 TITLE [限 20] [截止 …] for secretaries, /接龙 [code] for all,
// /接龙 导出 [code] and /接龙 移除 [code] NAME.
func (f *Feature) run(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	if len(words) == 0 {
		return f.show(t, 0)
	}
	code, isCode := readCode(words[0])
	if isCode && len(words) == 1 {
		return f.show(t, code)
	}
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	switch command.Fold(words[0]) {
	case "导出", "export":
		return f.export(t, words[1:])
	case "移除", "remove":
		return f.remove(t, words[1:])
	}
	return f.open(t, line)
}

func readCode(word string) (int, bool) {
	n, err := strconv.Atoi(strings.Trim(word, "#第号"))
	return n, err == nil && n > 0
}

// open starts a sign-up.
func (f *Feature) open(t *engine.Turn, line command.Line) error {
	s, left, err := read(t, line.Args)
	if err != nil {
		return err
	}
	if left != "" {
		shown := chat.Text(head(t, s) + "\n" + t.T("signup.until", "Until", s.until(t)))
		if asked, err := t.AskFirst(line, t.T("engine.ask_left", "Word", left), shown); asked || err != nil {
			return err
		}
	}
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return engine.Complain("engine.no_chat")
	}
	if err := s.insert(t.Tx); err != nil {
		return err
	}
	unit := t.In(t.Unit)
	ref := strconv.FormatInt(s.ID, 10)
	p, err := unit.Open("signup", ref, command.Want{Kind: command.Join, Texts: []string{s.Title}}, s.ClosesAt)
	if err != nil {
		return err
	}
	if err := s.prompted(t.Tx, p); err != nil {
		return err
	}
	if err := unit.At(s.ClosesAt, "signup", "close", ref, "signup:close:"+ref); err != nil {
		return err
	}
	cause := t.Receipts()
	if _, err := unit.Post(engine.Post{Class: outbox.Push, Message: post(unit, s), Prompt: p.ID, Cause: cause,
		About: unit.T("signup.about", "Title", s.Title)}); err != nil {
		return err
	}
	return t.Sending(cause, t.T("signup.opened", "Title", s.Title, "Code", s.Code))
}

// options are what may stand anywhere in the title.
var options = []command.Option{
	{Name: "limit", Words: []string{"限", "限额", "名额", "限报", "limit"}, Takes: command.Amount, Loose: true},
	{Name: "until", Words: []string{"截止", "截止时间", "截止日期", "截止到", "截至", "报名截止", "until", "by"}, Takes: command.Time, Loose: true},
}

// read takes the limit and the deadline out of what was typed; the rest is the
// title. left is a word of an option that still stands in it.
func read(t *engine.Turn, text string) (s *signup, left string, err error) {
	s = &signup{Unit: t.Unit.ID, ClosesAt: t.Now.Add(life)}
	now := t.Now.In(t.Unit.Zone)
	o := command.ReadOptions(text, options, true, now)
	switch {
	case o.Fault == "limit" || o.N > maxPlaces:
		if o.Value == "" {
			o.Value = strconv.Itoa(o.N)
		}
		return nil, "", engine.Complain("signup.limit", "Value", chat.CleanName(o.Value), "Max", maxPlaces)
	case o.Fault != "":
		return nil, "", engine.Complain("signup.deadline_how", "Value", chat.CleanName(o.Value))
	}
	s.Places = o.N
	if !o.Until.IsZero() {
		s.ClosesAt = o.Until
	}
	s.Title = clip(o.Text)
	switch {
	case s.Title == "":
		return nil, "", engine.Complain("signup.how")
	case !s.ClosesAt.After(now):
		return nil, "", engine.Complain("signup.deadline_past", "Until", schedules.Deadline(s.ClosesAt, now, t.Unit.Zone, t.Lang))
	case s.ClosesAt.Sub(now) > farthest:
		return nil, "", engine.Complain("signup.deadline_far")
	}
	return s, o.Left, nil
}

// clip keeps a title on one short line.
func clip(s string) string {
	r := []rune(strings.Join(strings.Fields(chat.Clean(s)), " "))
	return string(r[:min(len(r), 40)])
}

// post is the message that opens a sign-up.
func post(t *engine.Turn, s *signup) chat.Message {
	m := chat.Message{}.AddStyled(head(t, s), chat.Bold)
	m = m.Add("\n" + t.T("signup.until", "Until", s.until(t)) + "\n" + t.T("signup.how_to", "Code", s.Code))
	p := engine.Prompt{ID: s.Prompt}
	m.Buttons = [][]chat.Button{{
		{Label: t.T("signup.in"), Data: engine.PressData(p, "+1"), Word: "+1"},
		{Label: t.T("signup.out"), Data: engine.PressData(p, "-1"), Word: "-1"},
	}}
	return m
}

func head(t *engine.Turn, s *signup) string {
	if s.Places > 0 {
		return t.T("signup.head_limit", "Title", s.Title, "Places", s.Places)
	}
	return t.T("signup.head", "Title", s.Title)
}

func (s *signup) until(t *engine.Turn) string {
	return schedules.Deadline(s.ClosesAt, t.Now, t.Unit.Zone, t.Lang)
}

// opened are the open sign-ups of t.Unit, or the one with a code.
func opened(t *engine.Turn, code int) ([]*signup, error) {
	prompts, err := t.OpenPrompts("signup")
	if err != nil {
		return nil, err
	}
	var open []*signup
	for _, p := range prompts {
		if code != 0 && p.Code != code {
			continue
		}
		s, err := byRef(t, p.Ref)
		if err != nil {
			return nil, err
		}
		open = append(open, s)
	}
	return open, nil
}

func byRef(t *engine.Turn, ref string) (*signup, error) {
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("sign-up %q: %w", ref, err)
	}
	s, err := load(t.Tx, id)
	if err == nil && s == nil {
		err = fmt.Errorf("there is no sign-up %d", id)
	}
	return s, err
}

// show is /接龙 alone. Whoever asks again within a minute gets the list in
// private.
func (f *Feature) show(t *engine.Turn, code int) error {
	open, err := opened(t, code)
	if err != nil {
		return err
	}
	if len(open) == 0 {
		return noneOpen(t, code)
	}
	var texts []string
	again := !t.Private()
	for _, s := range open {
		text, err := list(t, s)
		if err != nil {
			return err
		}
		if len(open) > 1 {
			text = t.T("signup.number", "Code", s.Code) + text
		}
		texts = append(texts, text)
		again = again && t.Now.Sub(s.PostedAt) < postEvery
	}
	m := chat.Text(strings.Join(texts, "\n\n"))
	if again {
		_, err := t.Tell(t.Member, m)
		return err
	}
	if !t.Private() {
		for _, s := range open {
			if err := s.posted(t.Tx); err != nil {
				return err
			}
		}
	}
	return t.Reply(m)
}

// noneOpen complains that nothing is open, or nothing with this code.
func noneOpen(t *engine.Turn, code int) error {
	open, err := opened(t, 0)
	if err != nil {
		return err
	}
	if len(open) == 0 {
		return engine.Complain("signup.none_open")
	}
	return engine.Complain("signup.unknown", "Code", code, "Codes", codes(t, open))
}

func codes(t *engine.Turn, open []*signup) string {
	words := make([]string, len(open))
	for i, s := range open {
		words[i] = strconv.Itoa(s.Code)
	}
	return strings.Join(words, t.T("engine.list_comma"))
}

// listed bounds the names in one message.
const listed = 200

// list is the list of a sign-up as people see it.
func list(t *engine.Turn, s *signup) (string, error) {
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return "", err
	}
	lines := []string{summary(t, s, all)}
	n, waiting := 0, false
	for i, e := range slices.Concat(only(all, false), only(all, true)) {
		if i == listed {
			lines = append(lines, t.T("signup.and_more", "Rest", len(all)-i))
			break
		}
		if e.Waiting && !waiting {
			n, waiting = 0, true
			lines = append(lines, t.T("signup.waiting_head"))
		}
		n++
		lines = append(lines, fmt.Sprintf("%d. %s", n, e.text(t)))
	}
	return strings.Join(lines, "\n"), nil
}

func only(all []entry, waiting bool) []entry {
	return slices.DeleteFunc(slices.Clone(all), func(e entry) bool { return e.Waiting != waiting })
}

func (e *entry) text(t *engine.Turn) string {
	text := e.Name
	if e.People > 1 {
		text += " " + t.T("signup.people", "People", e.People)
	}
	switch e.Member {
	case nobody:
		text += t.T("signup.not_on_roster")
	case several:
		text += t.T("signup.same_name_mark")
	}
	return text
}

// summary says how many there are.
func summary(t *engine.Turn, s *signup, all []entry) string {
	placed, waiting := sum(all)
	text := t.T("signup.count", "Title", s.Title, "People", placed)
	if s.Places > 0 {
		text = t.T("signup.count_limit", "Title", s.Title, "People", placed, "Places", s.Places)
	}
	if waiting > 0 {
		text += t.T("signup.count_waiting", "Waiting", waiting)
	}
	return text
}

// sum counts people, not entries.
func sum(all []entry) (placed, waiting int) {
	for _, e := range all {
		if e.Waiting {
			waiting += e.People
		} else {
			placed += e.People
		}
	}
	return placed, waiting
}

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	s, err := byRef(t, tm.Ref)
	if err != nil || s.Closed {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, s.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	if tm.Kind == "close" {
		return f.close(t, s)
	}
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return err
	}
	due := s.Places
	if due == 0 {
		if due, err = roster.Count(t.Tx, s.Unit); err != nil {
			return err
		}
	}
	placed, _ := sum(all)
	return t.PostCount("signup:"+tm.Ref, summary(t, s, all), placed, due)
}

// Close implements engine.Closer.
func (f *Feature) Close(t *engine.Turn, p engine.Prompt) error {
	s, err := byRef(t, p.Ref)
	if err != nil || s.Closed {
		return err
	}
	return f.close(t.In(t.Unit), s)
}

// close posts the list and sends it to the secretaries as a file.
func (f *Feature) close(t *engine.Turn, s *signup) error {
	if err := settle(t, s); err != nil { // a place of somebody who has left is free
		return err
	}
	if err := t.ClosePrompt(s.Prompt); err != nil {
		return err
	}
	if err := s.closed(t.Tx); err != nil {
		return err
	}
	id := strconv.FormatInt(s.ID, 10)
	if err := t.Cancel("signup:close:"+id, "signup:count:"+id); err != nil {
		return err
	}
	text, err := list(t, s)
	if err != nil {
		return err
	}
	if _, err := t.Post(engine.Post{Class: outbox.Notice, Message: chat.Text(t.T("signup.closed") + "\n" + text),
		About: t.T("signup.about_result", "Title", s.Title)}); err != nil {
		return err
	}
	return t.TellSecretaries(file(t, s))
}

// Recount implements engine.Recounter.
func (f *Feature) Recount(t *engine.Turn, p engine.Prompt, late int) error {
	s, err := byRef(t, p.Ref)
	if err != nil {
		return err
	}
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return err
	}
	line := t.T("signup.recounted", "Summary", summary(t, s, all), "Late", late)
	if err := t.PostCorrection(p, line, t.T("signup.about_result", "Title", s.Title)); err != nil {
		return err
	}
	return t.TellSecretaries(file(t, s))
}

// Open implements engine.Personal.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	open, err := opened(t, 0)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, s := range open {
		all, err := entries(t.Tx, s.ID)
		if err != nil {
			return nil, err
		}
		key, people := "signup.open_line", 0
		if e := of(all, m.ID); e != nil {
			key, people = "signup.open_in", e.People
			if e.Waiting {
				key = "signup.open_waiting"
			}
		}
		lines = append(lines, t.T(key, "Title", s.Title, "Until", s.until(t), "People", people, "Code", s.Code))
	}
	return lines, nil
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	had, err := history(t.Tx, m.ID)
	if err != nil || len(had) == 0 {
		return nil, err
	}
	lines := []string{t.T("signup.data", "N", len(had))}
	for _, h := range had {
		if h.People == 0 {
			lines = append(lines, t.T("signup.data_left", "Day", h.At.In(t.Unit.Zone).Format("2006-01-02"), "Title", h.Title))
			continue
		}
		lines = append(lines, t.T("signup.data_line", "Day", h.At.In(t.Unit.Zone).Format("2006-01-02"), "Title", h.Title, "People", h.People))
	}
	return lines, nil
}

// Demands implements engine.Demander: sign-ups.
func (f *Feature) Demands(t *engine.Turn, from, to string) ([]engine.Demand, error) {
	first, err1 := time.ParseInLocation(time.DateOnly, from, t.Unit.Zone)
	last, err2 := time.ParseInLocation(time.DateOnly, to, t.Unit.Zone)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return roster.Demands(t, `SELECT unit, COUNT(*) FROM signup WHERE unit IN (SELECT id FROM around) AND opened_at >= $2 AND opened_at < $3
		GROUP BY unit`, first.UnixMilli(), last.UnixMilli())
}
