package quiz

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/schedules"
)

// open starts a round and posts it, as a poll if asked for; it returns the
// short code.
func (f *Feature) open(t *engine.Turn, q *content.Question, pool string, open time.Duration, asPoll bool, cause string) (int, error) {
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return 0, err
	}
	if len(groups) == 0 {
		return 0, &engine.Skip{Key: "engine.no_chat"}
	}
	text, err := json.Marshal(q)
	if err != nil {
		return 0, err
	}
	r := Round{Unit: t.Unit.ID, Question: *q, ClosesAt: t.Now.Add(open), Polled: asPoll}
	if err := r.insert(t.Tx, pool, string(text), t.Day()); err != nil {
		return 0, err
	}
	p, err := t.Open("quiz", strconv.FormatInt(r.ID, 10), want(q), r.ClosesAt)
	if err != nil {
		return 0, err
	}
	if err := r.prompted(t.Tx, p); err != nil {
		return 0, err
	}
	if err := t.At(r.ClosesAt, "quiz", "close", p.Ref, "quiz:close:"+p.Ref); err != nil {
		return 0, err
	}
	if err := t.CopyLater("quiz", p.Ref, r.ClosesAt); err != nil {
		return 0, err
	}
	message := engine.Post{Class: outbox.Push, Message: post(t, &r, p), Prompt: p.ID, Cause: cause,
		About: t.T("quiz.about", "Code", p.Code)}
	if asPoll {
		message.Thread = pollThread(r.ID)
	}
	_, err = t.Post(message)
	return p.Code, err
}

// nativePoll is the value of the argument poll that asks for the platform's own
// polls, where it has any.
const nativePoll = "native"

// pollThread is the thread of a round's poll.
func pollThread(round int64) string { return fmt.Sprintf("quiz:poll:%d", round) }

// Answer implements engine.Answerer.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, a command.Answer) error {
	round, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: round %q: %w", p.ID, p.Ref, err)
	}
	if p.Want.Kind == command.Multiple { // what was ticked before is overtaken
		if err := dropSelection(t.Tx, round, t.Member.ID); err != nil {
			return err
		}
	}
	if err := f.record(t, round, p, a.Value); err != nil || !p.Closed {
		return err
	}
	r, err := load(t.Tx, round)
	if err != nil || r == nil {
		return err
	}
	return f.reward(t, r, t.Member.ID, a.Value)
}

// record keeps the answer in the place of an earlier one, and books taking
// part once.
func (f *Feature) record(t *engine.Turn, round int64, p engine.Prompt, value string) error {
	first, err := setAnswer(t, round, t.Member.ID, value)
	if err != nil {
		return err
	}
	if first {
		if err := f.Book.Earn(t, t.Member.ID, "quiz.answered", fmt.Sprintf("round:%d", round)); err != nil {
			return err
		}
		if err := t.CountSoon("quiz", strconv.FormatInt(round, 10)); err != nil {
			return err
		}
	}
	key := "quiz.noted"
	if p.Closed {
		key = "quiz.noted_late"
	}
	return t.Noted(key, "Code", p.Code, "Value", shown(t.Lang, value))
}

func shown(lang, value string) string {
	if value == "true" || value == "false" {
		return locale.Text(lang, "quiz."+value)
	}
	return value
}

// Late implements engine.LateTaker: nothing is kept, but who asks in private learns what was
// right once that is known.
func (f *Feature) Late(t *engine.Turn, p engine.Prompt, _ command.Answer) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: round %q: %w", p.ID, p.Ref, err)
	}
	r, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if r == nil || !r.Closed || !t.Private() {
		return engine.Complain("engine.closed", "Code", p.Code)
	}
	return engine.Complain("quiz.late", "Code", p.Code, "Key", key(t.Lang, &r.Question))
}

// Withdraw implements engine.Withdrawer. The point for taking part stays: it
// was taken part.
func (f *Feature) Withdraw(t *engine.Turn, p engine.Prompt) error {
	round, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: round %q: %w", p.ID, p.Ref, err)
	}
	if err := withdraw(t.Tx, round, t.Member.ID); err != nil {
		return err
	}
	if err := t.CountSoon("quiz", p.Ref); err != nil {
		return err
	}
	return t.Noted("quiz.withdrawn", "Code", p.Code)
}

// Press implements engine.Presser: each press of a multiple choice ticks an
// option or takes the tick away; what is ticked counts once it is submitted.
func (f *Feature) Press(t *engine.Turn, data string) error {
	verb, rest, _ := strings.Cut(data, ":")
	number, letter, _ := strings.Cut(rest, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	r, err := load(t.Tx, id)
	switch {
	case err != nil:
		return err
	case r == nil || r.Question.Type != content.Multiple:
		return engine.Complain("engine.old_button")
	}
	p, err := t.Prompt(r.Prompt)
	if err != nil {
		return err
	}
	if !t.Takes(p) {
		return engine.Complain("engine.closed", "Code", r.Code)
	}
	if err := t.Enter(r.Unit); err != nil {
		return err
	}
	ticked, err := selectionOf(t.Tx, id, t.Member.ID)
	switch {
	case err != nil:
		return err
	case verb == "submit" && ticked == "":
		return engine.Complain("quiz.submit_nothing")
	case verb == "submit":
		return t.Answer(p, command.Answer{Value: ticked})
	case verb != "toggle" || len(letter) != 1 || letter < "A" || int(letter[0]-'A') >= len(r.Question.Options):
		return engine.Complain("engine.old_button")
	}
	ticked = toggle(ticked, letter)
	if err := setSelection(t.Tx, id, t.Member.ID, ticked); err != nil {
		return err
	}
	if at := r.ClosesAt.Add(-lastCall); at.After(t.Now) {
		ref := strconv.FormatInt(id, 10)
		if err := t.At(at, "quiz", "unsent", ref, "quiz:unsent:"+ref); err != nil {
			return err
		}
	}
	if ticked == "" {
		return t.Noted("quiz.ticked_nothing", "Code", r.Code)
	}
	return t.Noted("quiz.ticked", "Code", r.Code, "Value", ticked)
}

// lastCall is how long before the close those are told who have ticked something and not
// submitted it.
const lastCall = 10 * time.Minute

// remindUnsent tells them in private, with the button.
func (f *Feature) remindUnsent(t *engine.Turn, r *Round) error {
	ids, err := unsent(t.Tx, r.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		m, err := t.Directory().Member(t.Tx, id)
		if err != nil {
			return err
		}
		ticked, err := selectionOf(t.Tx, r.ID, id)
		if err != nil {
			return err
		}
		theirs := t.In(t.Unit)
		if m.Language != "" {
			theirs.Lang = m.Language
		}
		submit := theirs.T("quiz.submit")
		msg := chat.Text(theirs.T("quiz.unsent_call", "Code", r.Code, "Value", ticked, "Until", schedules.Deadline(r.ClosesAt, t.Now, t.Unit.Zone, theirs.Lang)))
		msg.Buttons = [][]chat.Button{{{Label: submit, Data: fmt.Sprintf("quiz:submit:%d", r.ID), Word: submit}}}
		if _, err := theirs.Tell(m, msg); err != nil {
			return err
		}
	}
	return nil
}

func toggle(old, letter string) string {
	if strings.Contains(old, letter) {
		return strings.ReplaceAll(old, letter, "")
	}
	i := strings.IndexFunc(old, func(c rune) bool { return string(c) > letter })
	if i < 0 {
		i = len(old)
	}
	return old[:i] + letter + old[i:]
}

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	id, err := strconv.ParseInt(tm.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("round %q: %w", tm.Ref, err)
	}
	r, err := load(t.Tx, id)
	if err != nil || r == nil || r.Closed {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, r.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	switch tm.Kind {
	case "close":
		return f.close(t, r)
	case "copy":
		return f.copy(t, tm, r)
	case "unsent":
		return f.remindUnsent(t, r)
	}
	answers, err := answersOf(t.Tx, r.Unit, r.ID)
	if err != nil {
		return err
	}
	due, _, err := dueIn(t, r, answers)
	if err != nil {
		return err
	}
	text := t.T("quiz.count", "Code", r.Code, "Done", len(answers), "Due", due)
	return t.PostCount(fmt.Sprintf("quiz:%d", r.ID), text, len(answers), due)
}

// dueIn is how many a round is for. Whoever is away all the time that it is open
// is excused, unless he has answered anyway.
func dueIn(t *engine.Turn, r *Round, answers []answer) (due, excused int, err error) {
	all, err := roster.Count(t.Tx, r.Unit)
	if err != nil {
		return 0, 0, err
	}
	answered := map[int64]bool{}
	for _, a := range answers {
		answered[a.Member] = true
	}
	excused, err = t.Excused(r.OpenedAt, r.ClosesAt, func(member int64) bool { return answered[member] })
	return all - excused, excused, err
}

// copy tells the question in private to those who have slept through its post.
func (f *Feature) copy(t *engine.Turn, tm engine.Timer, r *Round) error {
	p := engine.Prompt{ID: r.Prompt, Code: r.Code}
	r.Polled = false // a poll would show others how he votes
	return t.Copy(tm, engine.Post{Class: outbox.Push, Message: post(t, r, p), Prompt: p.ID}, r.OpenedAt,
		func(member int64) (bool, error) {
			value, err := answerOf(t.Tx, r.ID, member)
			return value != "", err
		})
}

// Close implements engine.Closer.
func (f *Feature) Close(t *engine.Turn, p engine.Prompt) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return err
	}
	r, err := load(t.Tx, id)
	if err != nil || r == nil || r.Closed {
		return err
	}
	return f.close(t.In(t.Unit), r)
}

// close ends a round: books the right answers and posts the key and totals.
func (f *Feature) close(t *engine.Turn, r *Round) error {
	if err := t.ClosePrompt(r.Prompt); err != nil {
		return err
	}
	if err := r.closed(t.Tx); err != nil {
		return err
	}
	ref := strconv.FormatInt(r.ID, 10)
	if err := t.Cancel("quiz:close:"+ref, "quiz:count:"+ref, "quiz:unsent:"+ref); err != nil {
		return err
	}
	if err := dropSelections(t.Tx, r.Unit); err != nil {
		return err
	}
	answers, err := answersOf(t.Tx, r.Unit, r.ID)
	if err != nil {
		return err
	}
	if r.Polled {
		if _, err := t.Post(engine.Post{Class: outbox.Ending, Thread: pollThread(r.ID)}); err != nil {
			return err
		}
	}
	for _, a := range answers {
		if err := f.reward(t, r, a.Member, a.Value); err != nil {
			return err
		}
	}
	n, err := sum(t, r, answers)
	if err != nil {
		return err
	}
	_, err = t.Post(engine.Post{Class: outbox.Notice, Message: f.result(t, r, n), About: t.T("quiz.about_result", "Code", r.Code)})
	return err
}

// reward books a right answer for the day of the round's deadline, or of its earlier end.
func (f *Feature) reward(t *engine.Turn, r *Round, member int64, value string) error {
	if !r.Question.Right(value) {
		return nil
	}
	return f.Book.Earn(t.AsOf(r.ClosesAt), member, "quiz.correct", fmt.Sprintf("round:%d", r.ID))
}

// sum counts the answers to a round.
func sum(t *engine.Turn, r *Round, answers []answer) (totals, error) {
	n := totals{answered: len(answers), chosen: map[rune]int{}}
	for _, a := range answers {
		for _, c := range a.Value {
			n.chosen[c]++
		}
		if r.Question.Right(a.Value) {
			n.right++
		}
	}
	var err error
	if n.due, n.excused, err = dueIn(t, r, answers); err != nil {
		return n, err
	}
	ids, err := unsent(t.Tx, r.ID)
	n.unsent = len(ids)
	return n, err
}

// Recount implements engine.Recounter.
func (f *Feature) Recount(t *engine.Turn, p engine.Prompt, late int) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: round %q: %w", p.ID, p.Ref, err)
	}
	r, err := load(t.Tx, id)
	if err != nil || r == nil {
		return err
	}
	answers, err := answersOf(t.Tx, r.Unit, r.ID)
	if err != nil {
		return err
	}
	n, err := sum(t, r, answers)
	if err != nil {
		return err
	}
	return t.PostCorrection(p, t.T("quiz.recounted", "Code", r.Code, "Answered", n.answered, "Due", n.due, "Right", n.right, "Late", late), t.T("quiz.about_result", "Code", r.Code))
}
