// Package checkin takes attendance.
//
// Rules:
//   - A window is opened by a schedule or a secretary and closes at its time.
//     A member checks in once; leave is told instead and is no absence. Who is
//     on leave by /请假 anyway, or off by his shifts, is not missing either.
//   - What was said before the close counts; when it comes later, the result is corrected.
//   - Who says it after the close asks by /签到; the secretary confirms it. Who
//     was off or asleep by his shifts all the while needs no word: on the same
//     day his /签到 counts in full, and he is told so when he wakes.
//   - The group sees numbers. The names of those who are missing go to the
//     secretary in private.
//   - Nobody checks in for another; a secretary may enter it, and the record
//     says so.
//
// Commands: /开签 /open, /签到 /checkin, /补签 /enter, /未到 /absent.
// Actions: checkin.
package checkin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/schedules"
)

// usualOpen is how long a window is open unless told otherwise.
const usualOpen = 30 * time.Minute

// Feature takes attendance.
type Feature struct{ Book *points.Book }

// Causes implements points.Causer.
func (f *Feature) Causes() map[string]points.Cause {
	there := points.Cause{Item: "checkin:", Where: `EXISTS (SELECT 1 FROM checkin_entry c WHERE c.checkin = e.item AND c.member = e.member
		AND c.state IN ('on_time', 'late'))`, Title: titleOf}
	return map[string]points.Cause{"checkin.on_time": there, "checkin.late": there}
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "checkin" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"签到", "checkin", "打卡"}, Role: engine.OnRoster, PrivateWord: true, Group: engine.Daily, Usage: "checkin.usage.checkin", Run: f.checkIn},
		{Names: []string{"开签", "open"}, Role: engine.Secretary, Group: engine.Publish, Usage: "checkin.usage.open", Example: "checkin.example.open", Run: f.openNow},
		{Names: []string{"补签", "enter"}, Role: engine.Secretary, Group: engine.Follow, Usage: "checkin.usage.enter", Example: "checkin.example.enter", Run: f.enter},
		{Names: []string{"未到", "absent"}, Role: engine.Secretary, Bare: true, Group: engine.Follow, Usage: "checkin.usage.absent", Run: f.absent},
	}
}

// Actions implements engine.Actor.
func (f *Feature) Actions() []engine.Action {
	return []engine.Action{{
		Name: "checkin",
		Check: func(args engine.Args) error {
			if _, err := args.CloseAfter(usualOpen); err != nil {
				return fmt.Errorf("close_after: %q is no time between 1m and 720h", args["close_after"])
			}
			return nil
		},
		Run: func(t *engine.Turn, args engine.Args, cause string) error {
			open, err := args.CloseAfter(usualOpen)
			if err != nil {
				return err
			}
			return f.open(t, args["title"], open, cause)
		},
		Preview: func(t *engine.Turn, args engine.Args) (chat.Message, error) {
			open, err := args.CloseAfter(usualOpen)
			w := window{Title: titled(t, args["title"]), ClosesAt: t.Now.Add(open)}
			return post(t, &w, engine.Prompt{}), err
		},
	}}
}

// openNow is /开签 [30m | 截止 11:30] [title], in any order.
func (f *Feature) openNow(t *engine.Turn, line command.Line) error {
	title, closes, err := readWindow(line.Args, t.Now.In(t.Unit.Zone))
	if err != nil {
		return err
	}
	cause := t.Receipts()
	if err := f.open(t.In(t.Unit), title, closes.Sub(t.Now), cause); err != nil {
		return err
	}
	return t.Sending(cause, t.T("checkin.about", "Title", titled(t.In(t.Unit), title)))
}

// longest is how long a window may be open.
const longest = 30 * 24 * time.Hour

var options = []command.Option{{Name: "until", Words: []string{"截止", "截止时间", "截止到", "截至", "限时", "时长", "until", "by", "for"}, Takes: command.Time, Loose: true}}

// readWindow reads what a window is called and when it closes. A time at the front or
// the end needs no word before it, and what may be a time is never the name.
func readWindow(args string, now time.Time) (title string, closes time.Time, err error) {
	o := command.ReadOptions(args, options, true, now)
	title, closes = o.Text, o.Until
	unread := func(text string) error { return engine.Complain("checkin.unread", "Text", chat.CleanName(text)) }
	if o.Fault != "" || o.Left != "" {
		return "", closes, unread(args)
	}
	for _, word := range []string{"签到", "checkin"} { // the English form may say it first
		if rest, ok := strings.CutPrefix(title, word); ok && (rest == "" || rest[0] == ' ') {
			title = strings.TrimSpace(rest)
		}
	}
	if closes.IsZero() {
		switch at, rest, how := command.Until(title, now); how {
		case command.Clear:
			typed := strings.TrimPrefix(strings.Trim(strings.TrimSuffix(title, rest), " ，,、；;：:"), "今天")
			_, clock := command.Clock(typed, now)
			if _, long := command.Duration(typed); !clock && !long && at.Sub(now) <= longest { // 周五主题党日
				return "", closes, unread(title)
			}
			title, closes = rest, at
		case command.Unclear:
			return "", closes, unread(title)
		}
	}
	if closes.IsZero() {
		if cut := strings.LastIndexAny(title, " ，,、"); cut >= 0 {
			if at, rest, how := command.Until(strings.Trim(title[cut:], " ，,、"), now); how == command.Clear && rest == "" {
				title, closes = strings.TrimRight(title[:cut], " ，,、"), at
			}
		}
	}
	if closes.IsZero() {
		closes = now.Add(usualOpen)
	} else if !closes.After(now) || closes.Sub(now) > longest {
		return "", closes, engine.Complain("checkin.closes", "Text", chat.CleanName(args))
	}
	return title, closes, nil
}

func (f *Feature) open(t *engine.Turn, title string, open time.Duration, cause string) error {
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return &engine.Skip{Key: "engine.no_chat"}
	}
	running, err := t.OpenPrompts("checkin")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(running, t.Takes) { // else its close waits for a platform
		return &engine.Skip{Key: "checkin.running"}
	}
	w := window{Unit: t.Unit.ID, Title: titled(t, title), OpenedAt: t.Now, ClosesAt: t.Now.Add(open)}
	if err := w.insert(t.Tx, t.Day()); err != nil {
		return err
	}
	ref := strconv.FormatInt(w.ID, 10)
	p, err := t.Open("checkin", ref, command.Want{Kind: command.CheckIn}, w.ClosesAt)
	if err != nil {
		return err
	}
	if err := w.prompted(t.Tx, p); err != nil {
		return err
	}
	if err := t.At(w.ClosesAt, "checkin", "close", ref, "checkin:close:"+ref); err != nil {
		return err
	}
	if err := t.CopyLater("checkin", ref, endOfDay(t)); err != nil {
		return err
	}
	_, err = t.Post(engine.Post{Class: outbox.Push, Message: post(t, &w, p), Prompt: p.ID, Cause: cause,
		About: t.T("checkin.about", "Title", w.Title)})
	return err
}

// post is the message of a window.
func post(t *engine.Turn, w *window, p engine.Prompt) chat.Message {
	m := chat.Message{}.AddStyled(t.T("checkin.head", "Title", w.Title, "Until", schedules.Deadline(w.ClosesAt, t.Now, t.Unit.Zone, t.Lang)), chat.Bold)
	m = m.Add("\n" + t.T("checkin.how"))
	word := t.T("checkin.word")
	m.Buttons = [][]chat.Button{{{Label: word, Data: engine.PressData(p, "签到"), Word: word}}}
	return m
}

func titled(t *engine.Turn, title string) string {
	if title = clip(title); title != "" {
		return title
	}
	return t.T("checkin.title")
}

// clip keeps a title on one short line.
func clip(s string) string {
	r := []rune(strings.Join(strings.Fields(chat.Clean(s)), " "))
	return string(r[:min(len(r), 40)])
}

// Answer implements engine.Answerer.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, a command.Answer) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: window %q: %w", p.ID, p.Ref, err)
	}
	if a.Value == "leave" {
		if took, err := t.TakeLeave(); took || err != nil {
			return err
		}
		return f.record(t, p, id, onLeave, a.Reason, "checkin.leave_noted")
	}
	return f.record(t, p, id, onTime, "", "checkin.noted")
}

// Withdraw implements engine.Withdrawer: 取消签到. The point goes back.
func (f *Feature) Withdraw(t *engine.Turn, p engine.Prompt) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: window %q: %w", p.ID, p.Ref, err)
	}
	was, err := entryOf(t.Tx, id, t.Member.ID)
	if err != nil {
		return err
	}
	if was == "" {
		return t.Noted("checkin.not_in")
	}
	if err := removeEntry(t.Tx, id, t.Member.ID); err != nil {
		return err
	}
	if err := f.Book.Withdraw(t, "checkin.on_time", fmt.Sprintf("checkin:%d", id)); err != nil {
		return err
	}
	if err := t.CountSoon("checkin", p.Ref); err != nil {
		return err
	}
	return t.Noted("checkin.withdrawn")
}

// Awaits implements engine.Awaiter.
func (f *Feature) Awaits(t *engine.Turn, p engine.Prompt) (bool, error) {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return false, fmt.Errorf("prompt %d: window %q: %w", p.ID, p.Ref, err)
	}
	was, err := entryOf(t.Tx, id, t.Member.ID)
	return was == "", err
}

// record enters what the sender says of himself.
func (f *Feature) record(t *engine.Turn, p engine.Prompt, id int64, s state, reason, key string) error {
	who := t.Member.ID
	was, err := setEntry(t, id, who, s, clip(reason), 0)
	if err != nil {
		return err
	}
	if s == onLeave && (was == onTime || was == late) {
		return engine.Complain("checkin.already")
	}
	if was == "" || was == onLeave {
		if s == onTime {
			// A night's check-in belongs to the night in which it was opened.
			if err := f.Book.Earn(t.AsOf(p.OpenedAt), who, "checkin.on_time", fmt.Sprintf("checkin:%d", id)); err != nil {
				return err
			}
		}
		if err := t.CountSoon("checkin", strconv.FormatInt(id, 10)); err != nil {
			return err
		}
	}
	return t.Noted(key)
}

// checkIn is /签到: into the open window, or late into today's last one.
func (f *Feature) checkIn(t *engine.Turn, _ command.Line) error {
	open, err := t.Awaiting("checkin")
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return t.Answer(open[0], command.Answer{Value: "yes"})
	}
	w, err := lastOn(t.Tx, t.Unit.ID, t.DayOfWord())
	if err != nil {
		return err
	}
	if w == nil {
		return engine.Complain("checkin.none_open")
	}
	if err := t.Enter(w.Unit); err != nil {
		return err
	}
	return f.late(t, w)
}

// enter is /补签 NAME, or NAME、NAME …: the secretary enters it for members.
func (f *Feature) enter(t *engine.Turn, line command.Line) error {
	w, err := f.current(t)
	if err != nil {
		return err
	}
	all, err := roster.FindAll(t.Tx, t.Unit.ID, line.Args)
	if err != nil {
		return err
	}
	namesakes, err := roster.Namesakes(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	var entered, before []string
	for _, m := range all {
		was, err := entryOf(t.Tx, w.ID, m.ID)
		if err != nil {
			return err
		}
		if was == onTime || was == late {
			before = append(before, namesakes.Called(m))
			continue
		}
		if err := f.confirm(t, w, m.ID); err != nil {
			return err
		}
		entered = append(entered, namesakes.Called(m))
	}
	comma := t.T("engine.list_comma")
	var lines []string
	if len(entered) > 0 {
		lines = append(lines, t.T("checkin.late_confirmed", "Name", strings.Join(entered, comma), "Title", w.Title))
	}
	if len(before) > 0 {
		lines = append(lines, t.T("checkin.entered_before", "Names", strings.Join(before, comma)))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// current is the open window, or the last one of today.
func (f *Feature) current(t *engine.Turn) (*window, error) {
	w, err := lastOn(t.Tx, t.Unit.ID, t.Day())
	if err == nil && w == nil {
		err = engine.Complain("checkin.none_today")
	}
	return w, err
}

// absent is /未到: the names, in private.
func (f *Feature) absent(t *engine.Turn, _ command.Line) error {
	w, err := f.current(t)
	if err != nil {
		return err
	}
	s, err := tally(t, w)
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(s.names(t, w)))
}

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	id, err := strconv.ParseInt(tm.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("window %q: %w", tm.Ref, err)
	}
	w, err := load(t.Tx, id)
	if err != nil || w == nil || w.Closed && tm.Kind != "copy" {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, w.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	switch tm.Kind {
	case "close":
		return f.close(t, w)
	case "copy":
		return f.copy(t, tm, w)
	}
	s, err := tally(t, w)
	if err != nil {
		return err
	}
	if s.here == 0 {
		return nil // there was nothing but leave
	}
	text := t.T("checkin.count", "Title", w.Title, "Done", s.here, "Due", s.due)
	return t.PostCount("checkin:"+tm.Ref, text, s.here+len(s.leavers), s.due)
}

// Close implements engine.Closer.
func (f *Feature) Close(t *engine.Turn, p engine.Prompt) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return err
	}
	w, err := load(t.Tx, id)
	if err != nil || w == nil || w.Closed {
		return err
	}
	return f.close(t.In(t.Unit), w)
}

func (f *Feature) close(t *engine.Turn, w *window) error {
	if err := t.ClosePrompt(w.Prompt); err != nil {
		return err
	}
	if err := w.closed(t.Tx); err != nil {
		return err
	}
	id := strconv.FormatInt(w.ID, 10)
	if err := t.Cancel("checkin:close:"+id, "checkin:count:"+id); err != nil {
		return err
	}
	s, err := tally(t, w)
	if err != nil {
		return err
	}
	text := t.T("checkin.closed", "Title", w.Title, "Due", s.due, "Here", s.here, "Leave", len(s.leavers), "Missing", len(s.missing))
	if len(s.resting) > 0 {
		text += t.T("checkin.closed_resting", "N", len(s.resting))
	}
	if _, err := t.Post(engine.Post{Class: outbox.Notice, Message: chat.Text(text), About: t.T("checkin.about_result", "Title", w.Title)}); err != nil {
		return err
	}
	if len(s.missing) == 0 {
		return nil
	}
	return t.TellSecretaries(chat.Text(s.names(t, w)))
}

// Recount implements engine.Recounter.
func (f *Feature) Recount(t *engine.Turn, p engine.Prompt, late int) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: window %q: %w", p.ID, p.Ref, err)
	}
	w, err := load(t.Tx, id)
	if err != nil || w == nil {
		return err
	}
	s, err := tally(t, w)
	if err != nil {
		return err
	}
	line := t.T("checkin.recounted", "Title", w.Title, "Due", s.due, "Here", s.here, "Leave", len(s.leavers), "Missing", len(s.missing), "Late", late)
	if err := t.PostCorrection(p, line, t.T("checkin.about_result", "Title", w.Title)); err != nil {
		return err
	}
	return t.TellSecretaries(chat.Text(t.T("engine.corrected") + s.names(t, w)))
}

// sums are the numbers of a window. Those who rest by their shifts are not due.
type sums struct {
	due, here int
	missing   []string
	asked     []string // of the missing: who said something near and was asked about it
	leavers   []string
	resting   []string
}

func tally(t *engine.Turn, w *window) (s sums, err error) {
	people, err := roster.Roster(t.Tx, w.Unit)
	if err != nil {
		return s, err
	}
	asked, err := t.Asked(w.Prompt)
	if err != nil {
		return s, err
	}
	entries, err := entriesOf(t.Tx, w.ID)
	if err != nil {
		return s, err
	}
	away, err := t.AwayAll(w.OpenedAt, w.ClosesAt)
	if err != nil {
		return s, err
	}
	namesakes := roster.NamesakesOf(people)
	for _, m := range people {
		name, reason := namesakes.Called(&m), away[m.ID]
		switch entry := entries[m.ID]; {
		case entry == onTime || entry == late:
			s.here++
		case entry == onLeave || reason == onLeaveAway:
			s.leavers = append(s.leavers, name)
		case reason != "":
			s.resting = append(s.resting, name)
		default:
			s.missing = append(s.missing, name)
			if asked[m.ID] {
				s.asked = append(s.asked, name)
			}
		}
	}
	s.due = len(people) - len(s.resting)
	return s, nil
}

func (s *sums) names(t *engine.Turn, w *window) string {
	comma := t.T("engine.list_comma")
	text := t.T("checkin.missing", "Title", w.Title, "Count", len(s.missing), "Names", strings.Join(s.missing, comma))
	if len(s.missing) == 0 {
		text = t.T("checkin.none_missing", "Title", w.Title)
	}
	if len(s.asked) > 0 {
		text += "\n" + t.T("engine.asked_of", "Names", strings.Join(s.asked, comma))
	}
	if len(s.leavers) > 0 {
		text += "\n" + t.T("checkin.on_leave", "Names", strings.Join(s.leavers, comma))
	}
	if len(s.resting) > 0 {
		text += "\n" + t.T("checkin.resting", "Names", strings.Join(s.resting, comma))
	}
	return text
}

// Open implements engine.Personal.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	open, err := t.OpenPrompts("checkin")
	var lines []string
	for _, p := range open {
		id, _ := strconv.ParseInt(p.Ref, 10, 64)
		w, err := load(t.Tx, id)
		if err != nil || w == nil {
			return nil, err
		}
		was, err := entryOf(t.Tx, id, m.ID)
		if err != nil {
			return nil, err
		}
		key := "checkin.open_line"
		if was != "" {
			key = "checkin.open_done"
		}
		lines = append(lines, t.T(key, "Title", w.Title, "Until", schedules.Deadline(w.ClosesAt, t.Now, t.Unit.Zone, t.Lang)))
	}
	return lines, err
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	entries, err := history(t.Tx, m.ID)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	lines := []string{t.T("checkin.data", "N", len(entries))}
	for _, e := range entries {
		lines = append(lines, strings.TrimSpace(e.Day+" "+e.Title+" "+t.T("checkin.state."+string(e.State))+" "+e.Reason))
	}
	return lines, nil
}

// Demands implements engine.Demander: check-ins.
func (f *Feature) Demands(t *engine.Turn, from, to string) ([]engine.Demand, error) {
	return roster.Demands(t, `SELECT unit, COUNT(*) FROM checkin WHERE unit IN (SELECT id FROM around) AND day >= $2 AND day < $3
		GROUP BY unit`, from, to)
}
