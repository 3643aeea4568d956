// Package lesson passes on short pieces of study content.
//
// Rules:
//   - A series is the lessons of a pack under a tag. A unit has a place in each
//     series; the next push takes the next lesson, and begins anew at the end.
//   - At most so many lessons a day and unit (conduct: lessons_per_day), whoever
//     pushes them: schedules and secretaries together.
//   - 已学 counts for the newest lesson, until the next one or for seven days.
//     Time spent reading is never measured.
//
// Actions: lesson.
package lesson

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
	"branchbot/bot/feature/material"
	"branchbot/bot/outbox"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/store"
)

// life is how long a lesson can be marked as done.
const life = 7 * 24 * time.Hour

// Feature pushes lessons.
type Feature struct {
	Library func() *content.Library
	Book    *points.Book
	PerDay  func() int // conduct: lessons_per_day

	bodies sync.Map // *content.Lesson → []chat.Span: at 08:00 thousands of branches get the same few
}

// Causes implements points.Causer.
func (f *Feature) Causes() map[string]points.Cause {
	return map[string]points.Cause{"lesson.done": {Item: "lesson:", Where: `EXISTS (SELECT 1 FROM lesson_done d WHERE d.push = e.item AND d.member = e.member)`, Title: titleOf}}
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "lesson" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"已学", "done", "学完"}, Role: engine.OnRoster, Group: engine.Daily, Usage: "lesson.usage.done", Run: f.done},
	}
}

// Actions implements engine.Actor.
func (f *Feature) Actions() []engine.Action {
	return []engine.Action{{Name: "lesson", Check: f.check, Run: f.push, Preview: f.preview}}
}

func (f *Feature) check(args engine.Args) error {
	if from := args["from"]; f.Library().Lesson(from) == nil && len(f.series(from)) == 0 {
		return fmt.Errorf("from: there are no lessons in %q", from)
	}
	return nil
}

// push posts the next lesson of a series, or the lesson of an id.
func (f *Feature) push(t *engine.Turn, args engine.Args, cause string) error {
	from := args["from"]
	had, err := pushedOn(t.Tx, t.Unit.ID, t.Day())
	if err != nil {
		return err
	}
	if most := f.PerDay(); had >= most {
		return &engine.Skip{Key: "lesson.limit", Args: []any{"Had", had, "Max", most}, Brief: "lesson.enough"}
	}
	l, err := f.next(t.Tx, t.Unit.ID, from)
	if err != nil {
		return err
	}
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return &engine.Skip{Key: "engine.no_chat"}
	}
	if err := f.retire(t); err != nil {
		return err
	}
	day := t.Day()
	if args["welcome"] != "" {
		day = "" // what greets a newcomer to the sample leaves him the day's lesson to try
	}
	id, err := insertPush(t.Tx, t.Unit.ID, l, from, day)
	if err != nil {
		return err
	}
	p, err := t.Open("lesson", strconv.FormatInt(id, 10), command.Want{Kind: command.Done}, t.Now.Add(life))
	if err != nil {
		return err
	}
	if err := setPrompt(t.Tx, id, p.ID); err != nil {
		return err
	}
	if err := t.At(t.Now.Add(life), "lesson", "close", p.Ref, "lesson:close:"+p.Ref); err != nil {
		return err
	}
	if err := t.CopyLater("lesson", p.Ref, t.Now.Add(life)); err != nil {
		return err
	}
	_, err = t.Post(engine.Post{Class: outbox.Notice, Message: f.post(t, l, f.body(l), p), Prompt: p.ID, Cause: cause,
		About: t.T("lesson.about", "Title", l.Title)})
	return err
}

func (f *Feature) preview(t *engine.Turn, args engine.Args) (chat.Message, error) {
	l, err := f.next(t.Tx, t.Unit.ID, args["from"])
	if err != nil {
		return chat.Message{}, err
	}
	return f.post(t, l, f.body(l), engine.Prompt{}), nil
}

// Shown is the message of a lesson that no pack has yet.
func (f *Feature) Shown(t *engine.Turn, l *content.Lesson) chat.Message {
	return f.post(t, l, spans(l.Body), engine.Prompt{})
}

// next is the lesson after the last one pushed of the series; those that are
// retired are passed over.
func (f *Feature) next(tx *store.Tx, unit, from string) (*content.Lesson, error) {
	gone, err := material.Refs(tx, unit)
	if err != nil {
		return nil, err
	}
	if l := f.Library().Lesson(from); l != nil {
		if gone[l.Ref()] != "" {
			return nil, &engine.Skip{Key: "lesson.retired"}
		}
		return l, nil
	}
	series := f.series(from)
	if len(series) == 0 {
		return nil, &engine.Skip{Key: "lesson.none", Args: []any{"From", from}, Brief: "lesson.none_left"}
	}
	last, err := lastPushed(tx, unit, from)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(series, func(l *content.Lesson) bool { return l.Ref() == last })
	for i := range series {
		if l := series[(at+1+i)%len(series)]; gone[l.Ref()] == "" {
			return l, nil
		}
	}
	return nil, &engine.Skip{Key: "lesson.none", Args: []any{"From", from}, Brief: "lesson.none_left"}
}

// series are the lessons of a pack or tag, in order; of all packs for "".
func (f *Feature) series(from string) []*content.Lesson {
	if from != "" {
		return f.Library().Series(from)
	}
	var all []*content.Lesson
	for _, p := range f.Library().Packs() {
		all = append(all, p.Lessons...)
	}
	return all
}

// retire ends the waiting for the lessons before.
func (f *Feature) retire(t *engine.Turn) error {
	open, err := t.OpenPrompts("lesson")
	if err != nil {
		return err
	}
	for _, p := range open {
		if err := f.Close(t, p); err != nil {
			return err
		}
	}
	return nil
}

// Close implements engine.Closer.
func (f *Feature) Close(t *engine.Turn, p engine.Prompt) error {
	if err := t.Cancel("lesson:close:"+p.Ref, "lesson:count:"+p.Ref); err != nil {
		return err
	}
	return t.ClosePrompt(p.ID)
}

func (f *Feature) post(t *engine.Turn, l *content.Lesson, body []chat.Span, p engine.Prompt) chat.Message {
	m := chat.Message{}.AddStyled(t.T("lesson.head", "Title", l.Title), chat.Bold).Add("\n\n")
	m.Spans = append(m.Spans, body...)
	if l.Source != "" {
		m = m.Add("\n\n" + t.T("lesson.source", "Source", l.Source))
	}
	review := f.Library().ReviewLesson(l, t.Now)
	if e := review.Replaced(); e != nil {
		m = m.Add("\n" + t.T("lesson.replaced", "Edition", e.ReplacedBy))
	}
	for _, media := range l.Media {
		m.Media = append(m.Media, chat.Media{Ref: l.Pack + "/" + media.File, Alt: media.Alt})
	}
	word := t.T("lesson.done_word")
	m.Buttons = [][]chat.Button{{{Label: word, Data: engine.PressData(p, "已学"), Word: word}}}
	m.Hint = t.T("lesson.hint")
	return m
}

// body is the text of a lesson.
func (f *Feature) body(l *content.Lesson) []chat.Span {
	if read, ok := f.bodies.Load(l); ok {
		return read.([]chat.Span)
	}
	read := spans(l.Body)
	f.bodies.Store(l, read)
	return read
}

// Answer implements engine.Answerer: 已学.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, _ command.Answer) error {
	push, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: push %q: %w", p.ID, p.Ref, err)
	}
	first, err := setDone(t, push, t.Member.ID)
	if err != nil {
		return err
	}
	if first {
		if err := f.Book.Earn(t, t.Member.ID, "lesson.done", "lesson:"+p.Ref); err != nil {
			return err
		}
		if p.Closed { // nobody waits for the count any more
			return t.Noted("lesson.noted")
		}
		if err := t.CountSoon("lesson", p.Ref); err != nil {
			return err
		}
	}
	return t.Noted("lesson.noted")
}

// Withdraw implements engine.Withdrawer: 取消已学. The point goes back.
func (f *Feature) Withdraw(t *engine.Turn, p engine.Prompt) error {
	push, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: push %q: %w", p.ID, p.Ref, err)
	}
	if done, err := isDone(t.Tx, push, t.Member.ID); err != nil || !done {
		return err
	}
	if err := dropDone(t.Tx, push, t.Member.ID); err != nil {
		return err
	}
	if err := f.Book.Withdraw(t, "lesson.done", "lesson:"+p.Ref); err != nil || p.Closed {
		return err
	}
	if err := t.CountSoon("lesson", p.Ref); err != nil {
		return err
	}
	return t.Noted("lesson.withdrawn")
}

// Awaits implements engine.Awaiter.
func (f *Feature) Awaits(t *engine.Turn, p engine.Prompt) (bool, error) {
	push, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return false, fmt.Errorf("prompt %d: push %q: %w", p.ID, p.Ref, err)
	}
	done, err := isDone(t.Tx, push, t.Member.ID)
	return !done, err
}

// done is /已学, for the newest lesson.
func (f *Feature) done(t *engine.Turn, _ command.Line) error {
	open, err := t.Awaiting("lesson")
	if err != nil {
		return err
	}
	if len(open) == 0 {
		return engine.Complain("lesson.none_open")
	}
	return t.Answer(open[len(open)-1], command.Answer{Value: "yes"})
}

// Recount implements engine.Recounter. Nothing was announced that could be wrong.
func (f *Feature) Recount(*engine.Turn, engine.Prompt, int) error { return nil }

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	push, err := strconv.ParseInt(tm.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("push %q: %w", tm.Ref, err)
	}
	p, err := loadPush(t.Tx, push)
	if errors.Is(err, store.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, p.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	switch tm.Kind {
	case "close":
		return t.ClosePrompt(p.Prompt)
	case "copy":
		return f.copy(t, tm, push, p)
	}
	done, err := countDone(t.Tx, push)
	if err != nil {
		return err
	}
	due, err := roster.Count(t.Tx, p.Unit)
	if err != nil {
		return err
	}
	return t.PostCount("lesson:"+tm.Ref, t.T("lesson.count", "Title", p.Title, "Done", done, "Due", due), done, due)
}

// copy tells the lesson in private to those who have slept through its post,
// unless a newer one has come or the packs have it no more.
func (f *Feature) copy(t *engine.Turn, tm engine.Timer, push int64, pushed pushed) error {
	open, err := t.OpenPrompts("lesson")
	l := f.Library().Lesson(pushed.Lesson)
	at := slices.IndexFunc(open, func(p engine.Prompt) bool { return p.ID == pushed.Prompt })
	if err != nil || l == nil || at < 0 {
		return err
	}
	return t.Copy(tm, engine.Post{Class: outbox.Push, Message: f.post(t, l, f.body(l), open[at]), Prompt: pushed.Prompt}, pushed.At,
		func(member int64) (bool, error) { return isDone(t.Tx, push, member) })
}

// Open implements engine.Personal.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	open, err := t.OpenPrompts("lesson")
	var lines []string
	for _, p := range open {
		push, _ := strconv.ParseInt(p.Ref, 10, 64)
		pushed, err := loadPush(t.Tx, push)
		if err != nil {
			return nil, err
		}
		done, err := isDone(t.Tx, push, m.ID)
		if err != nil {
			return nil, err
		}
		key := "lesson.open_line"
		if done {
			key = "lesson.open_done"
		}
		lines = append(lines, t.T(key, "Title", pushed.Title))
	}
	return lines, err
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	titles, err := doneBy(t.Tx, m.ID)
	if err != nil || len(titles) == 0 {
		return nil, err
	}
	return []string{t.T("lesson.data", "N", len(titles)), strings.Join(titles, "\n")}, nil
}

// Progress is how far a unit had come at the end of a period in each series of
// which a lesson was pushed in it.
func (f *Feature) Progress(tx *store.Tx, unit, from, to string) ([]material.Progress, error) {
	last, err := lastOfSeries(tx, unit, from, to)
	if err != nil {
		return nil, err
	}
	var out []material.Progress
	for _, p := range last {
		series := f.series(p.series)
		at := slices.IndexFunc(series, func(l *content.Lesson) bool { return l.Ref() == p.lesson })
		if at < 0 || len(series) < 2 {
			continue // the packs have it no more, or it is no series
		}
		title, _, _ := strings.Cut(p.series, "/")
		i := slices.IndexFunc(f.Library().Packs(), func(p *content.Pack) bool { return p.ID == title })
		if title = ""; i >= 0 {
			title = f.Library().Packs()[i].Title
		}
		out = append(out, material.Progress{Title: title, Done: at + 1, Of: len(series)})
	}
	return out, nil
}

// Reading is a lesson that was pushed, with its text; without one when the packs
// have it no more.
type Reading struct {
	Push  int64
	Title string
	Day   string // 2006-01-02
	At    time.Time
	Body  []chat.Span
}

// Readings are the lessons that were pushed to a unit since a day, newest first.
func (f *Feature) Readings(tx *store.Tx, unit, since string, most int) ([]Reading, error) {
	list, err := pushedSince(tx, unit, since, most)
	if err != nil {
		return nil, err
	}
	out := make([]Reading, len(list))
	for i, p := range list {
		out[i] = p.Reading
		if l := f.Library().Lesson(p.ref); l != nil {
			out[i].Body = f.body(l)
		}
	}
	return out, nil
}
