// Package quiz asks questions in rounds.
//
// Rules:
//   - A round is a question asked in a unit's chats until a deadline. What was said
//     before it counts; what comes after the close is added, and the result corrected.
//   - One answer a member and round, by text, button or private message; the
//     last one before the close counts.
//   - Until the close nobody sees who chose what; the group sees how many have
//     answered. At the close it sees the key, the explanation and totals. A
//     platform's own poll (poll: native) knows no such discretion.
//   - Ticks of a multiple choice count once they are submitted.
//   - A question is not asked again in a unit until its pool is used up, and
//     not at all once it is retired.
//
// Commands: /出题 /quiz, /改答案 /rekey, /结果图 /result. Actions: quiz.
package quiz

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/feature/material"
	"branchbot/bot/imports"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/schedules"
)

// usualOpen is how long a round is open unless the schedule says otherwise.
const usualOpen = 6 * time.Hour

// Feature asks questions.
type Feature struct {
	Library func() *content.Library
	Book    *points.Book
}

// Causes implements points.Causer. Who takes an answer back has taken part all the same.
func (f *Feature) Causes() map[string]points.Cause {
	return map[string]points.Cause{
		"quiz.answered": {Item: "round:", Where: `EXISTS (SELECT 1 FROM round r WHERE r.id = e.item AND r.opened_at <= e.at)`, Title: titleOf},
		"quiz.correct":  {Item: "round:", Where: `EXISTS (SELECT 1 FROM answer a WHERE a.round = e.item AND a.member = e.member)`, Title: titleOf},
	}
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "quiz" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"出题", "quiz"}, Role: engine.Secretary, Group: engine.Publish, Usage: "quiz.usage.quiz", Example: "quiz.example.quiz", Run: f.ask},
		{Names: []string{"改答案", "rekey"}, Role: engine.Secretary, Group: engine.Follow, Usage: "quiz.usage.rekey", Example: "quiz.example.rekey", Run: f.rekey},
		{Names: []string{"结果图", "result"}, Role: engine.Secretary, Group: engine.Follow, Usage: "quiz.usage.result", Run: f.picture},
	}
}

// Actions implements engine.Actor.
func (f *Feature) Actions() []engine.Action {
	return []engine.Action{{Name: "quiz", Check: f.check, Preview: f.preview, Run: func(t *engine.Turn, args engine.Args, cause string) error {
		open, err := args.CloseAfter(usualOpen)
		if err != nil {
			return err
		}
		q, err := f.draw(t, args["from"])
		if err != nil {
			return err
		}
		_, err = f.open(t, q, args["from"], open, args["poll"] == nativePoll, cause)
		return err
	}}}
}

func (f *Feature) check(args engine.Args) error {
	if _, err := args.CloseAfter(usualOpen); err != nil {
		return fmt.Errorf("close_after: %q is no time between 1m and 720h", args["close_after"])
	}
	if poll := args["poll"]; poll != "" && poll != nativePoll {
		return fmt.Errorf("poll: %q: leave it out, or write %s", poll, nativePoll)
	}
	if from := args["from"]; f.Library().Question(from) == nil && len(f.pool(from)) == 0 {
		return fmt.Errorf("from: there are no questions in %q", from)
	}
	return nil
}

func (f *Feature) preview(t *engine.Turn, args engine.Args) (chat.Message, error) {
	open, err := args.CloseAfter(usualOpen)
	if err != nil {
		return chat.Message{}, err
	}
	q, err := f.draw(t, args["from"])
	if err != nil {
		return chat.Message{}, err
	}
	code, err := nextCode(t.Tx, t.Unit.ID)
	return post(t, &Round{Question: *q, ClosesAt: t.Now.Add(open), Polled: args["poll"] == nativePoll}, engine.Prompt{Code: code}), err
}

// ask opens a round now: /出题, /出题 ID or TAG, or with a question in the
// Aiken form on the lines below.
func (f *Feature) ask(t *engine.Turn, line command.Line) error {
	q, doubt, err := f.choose(t, line.Args)
	if err != nil {
		return err
	}
	if doubt != "" {
		shown := chat.Text(strings.Join(append([]string{q.Ask}, lettered(q.Options)...), "\n") + "\n" + t.T("quiz.key", "Key", key(t.Lang, q)))
		if asked, err := t.AskFirst(line, t.T(doubt), shown); asked || err != nil {
			return err
		}
	}
	cause := t.Receipts()
	code, err := f.open(t.In(t.Unit), q, "", usualOpen, false, cause)
	if err != nil {
		return err
	}
	return t.Sending(cause, t.T("quiz.about", "Code", code))
}

// lettered are options with their letters.
func lettered(options []string) []string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = string(rune('A'+i)) + ". " + o
	}
	return out
}

// choose is the question that is meant; doubt is what to ask first, of one that was composed.
func (f *Feature) choose(t *engine.Turn, args string) (q *content.Question, doubt string, err error) {
	if args != "" && strings.Contains(t.Event.Text+args, "\n") {
		return compose(t.Lang, args)
	}
	q, err = f.find(t, args)
	return q, "", err
}

// compose reads the one question that somebody writes.
func compose(lang, text string) (q *content.Question, doubt string, err error) {
	b, err := content.ReadBank("", []byte(text))
	if err != nil {
		return nil, "", engine.Complain("quiz.compose_how")
	}
	if len(b.Questions) == 0 && len(b.Bad) == 1 && b.Bad[0].Reasons[0].Key == "letter_without_options" {
		// The options stand on their lines, and only their letters are missing.
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if last := len(lines) - 1; last > 2 {
			again, err := content.ReadBank("", []byte(strings.Join(slices.Concat(lines[:1], lettered(lines[1:last]), lines[last:]), "\n")))
			if err == nil && len(again.Questions) == 1 {
				b, doubt = again, "quiz.letters_added"
			}
		}
	}
	left := slices.Concat(b.Bad, b.Skipped)
	switch {
	case len(left) > 0:
		return nil, "", engine.Complain("quiz.compose_wrong", "Why", imports.Why(lang, left[0].Reasons[0]))
	case len(b.Questions) != 1:
		return nil, "", engine.Complain("quiz.compose_how")
	}
	q = b.Questions[0]
	q.ID = ""
	if q.Type == content.Blank && strings.Contains(q.Ask, "\n") {
		doubt = "quiz.no_letters"
	}
	return q, doubt, nil
}

// find is the question of an id, or one of a pool.
func (f *Feature) find(t *engine.Turn, args string) (*content.Question, error) {
	q, err := f.draw(t, command.Fold(args))
	var skip *engine.Skip
	switch {
	case errors.As(err, &skip) && skip.Key == "quiz.retired":
		return nil, engine.Complain(skip.Key)
	case skip != nil:
		return nil, engine.Complain("quiz.no_questions", "From", chat.CleanName(args))
	}
	return q, err
}

// draw picks the question of an id, or of a pool one that the unit has been
// asked least often, in an order that looks random but is the same each time.
// What is retired is not asked.
func (f *Feature) draw(t *engine.Turn, from string) (*content.Question, error) {
	gone, err := material.Refs(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	if q := f.Library().Question(from); q != nil {
		if gone[q.Ref()] != "" {
			return nil, &engine.Skip{Key: "quiz.retired"}
		}
		return q, nil
	}
	uses, err := usesOf(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	var best *content.Question
	var bestUses int
	var bestOrder uint64
	for _, q := range f.pool(from) {
		if gone[q.Ref()] != "" {
			continue
		}
		n := uses[q.Ref()]
		h := fnv.New64a()
		fmt.Fprintf(h, "%s|%d|%s", t.Unit.ID, n, q.Ref())
		if order := h.Sum64(); best == nil || n < bestUses || n == bestUses && order < bestOrder {
			best, bestUses, bestOrder = q, n, order
		}
	}
	if best == nil {
		return nil, &engine.Skip{Key: "quiz.no_questions", Args: []any{"From", from}, Brief: "quiz.none_left"}
	}
	return best, nil
}

// pool are the questions of a pack or tag; of all packs for "".
func (f *Feature) pool(from string) []*content.Question {
	if from != "" {
		return f.Library().Pool(from)
	}
	var all []*content.Question
	for _, p := range f.Library().Packs() {
		all = append(all, p.Questions...)
	}
	return all
}

// Open implements engine.Personal.
func (f *Feature) Open(t *engine.Turn, m *engine.Member) ([]string, error) {
	open, err := t.OpenPrompts("quiz")
	var lines []string
	for _, p := range open {
		id, _ := strconv.ParseInt(p.Ref, 10, 64)
		value, err := answerOf(t.Tx, id, m.ID)
		if err != nil {
			return nil, err
		}
		r, err := load(t.Tx, id)
		if err != nil || r == nil {
			return nil, err
		}
		state := t.T("quiz.open_unanswered")
		if value != "" {
			state = t.T("quiz.open_answered", "Value", shown(t.Lang, value))
		}
		lines = append(lines, t.T("quiz.open_line", "Code", p.Code, "State", state,
			"Until", schedules.Deadline(r.ClosesAt, t.Now, t.Unit.Zone, t.Lang)))
	}
	return lines, err
}

// Show implements engine.Shower.
func (f *Feature) Show(t *engine.Turn, p engine.Prompt) (chat.Message, bool, error) {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return chat.Message{}, false, fmt.Errorf("prompt %d: round %q: %w", p.ID, p.Ref, err)
	}
	value, err := answerOf(t.Tx, id, t.Member.ID)
	if err != nil || value != "" {
		return chat.Message{}, false, err
	}
	r, err := load(t.Tx, id)
	if err != nil || r == nil {
		return chat.Message{}, false, err
	}
	r.Polled = false // a poll would show others how he votes
	return post(t, r, p), true, nil
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	n, lines, err := history(t, m.ID)
	if err != nil || n == 0 {
		return nil, err
	}
	return append([]string{t.T("quiz.data", "N", n)}, lines...), nil
}

// Demands implements engine.Demander: rounds.
func (f *Feature) Demands(t *engine.Turn, from, to string) ([]engine.Demand, error) {
	return roster.Demands(t, `SELECT unit, COUNT(*) FROM round WHERE unit IN (SELECT id FROM around) AND day >= $2 AND day < $3
		GROUP BY unit`, from, to)
}
