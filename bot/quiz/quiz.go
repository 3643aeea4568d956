// Package quiz asks questions in rounds.
//
// Rules:
//   - A round is a question asked in a unit's chats until a deadline. It closes
//     when the bot closes it: what is accepted before that counts.
//   - One answer a member and round, by text, button or private message; the
//     last one before the close counts.
//   - Until the close nobody sees who chose what; the group sees how many have
//     answered. At the close it sees the key, the explanation and totals.
//   - A question is not asked again in a unit until its pool is used up.
//
// Commands: /出题 /quiz. Actions: quiz.
package quiz

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/ledger"
	"branchbot/bot/member"
	"branchbot/bot/outbox"
	"branchbot/content"
	"branchbot/schedules"
)

// usualOpen is how long a round is open unless the schedule says otherwise.
const usualOpen = 6 * time.Hour

// Feature asks questions.
type Feature struct {
	Library func() *content.Library
	Book    *ledger.Book
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "quiz" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"出题", "quiz"}, Role: engine.Secretary, Usage: "quiz.usage.quiz", Run: f.ask},
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
		_, err = f.open(t, q, args["from"], open, cause)
		return err
	}}}
}

func (f *Feature) check(args engine.Args) error {
	if _, err := args.CloseAfter(usualOpen); err != nil {
		return fmt.Errorf("close_after: %q is no time between 1m and 720h", args["close_after"])
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
	return post(t, &Round{Question: *q, ClosesAt: t.Now.Add(open)}, engine.Prompt{Code: code}), err
}

// ask opens a round now: /出题, /出题 ID or TAG, or with a question in the
// Aiken form on the lines below.
func (f *Feature) ask(t *engine.Turn, line command.Line) error {
	q, err := f.choose(t, line.Args)
	if err != nil {
		return err
	}
	code, err := f.open(t.In(t.Unit), q, "", usualOpen, "")
	if err != nil {
		return err
	}
	if t.Private() {
		return t.Say("quiz.opened", "Code", code)
	}
	return nil
}

func (f *Feature) choose(t *engine.Turn, args string) (*content.Question, error) {
	if args != "" && strings.Contains(t.Event.Text, "\n") {
		qs, err := content.ParseAiken("", args)
		if err != nil || len(qs) != 1 {
			return nil, engine.Complain("quiz.compose_how")
		}
		qs[0].ID = ""
		return qs[0], nil
	}
	q, err := f.draw(t, command.Fold(args))
	var skip *engine.Skip
	if errors.As(err, &skip) {
		return nil, engine.Complain("quiz.no_questions", "From", chat.CleanName(args))
	}
	return q, err
}

// draw picks the question of an id, or of a pool one that the unit has been
// asked least often, in an order that looks random but is the same each time.
func (f *Feature) draw(t *engine.Turn, from string) (*content.Question, error) {
	if q := f.Library().Question(from); q != nil {
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
		n := uses[q.Ref()]
		h := fnv.New64a()
		fmt.Fprintf(h, "%s|%d|%s", t.Unit.ID, n, q.Ref())
		if order := h.Sum64(); best == nil || n < bestUses || n == bestUses && order < bestOrder {
			best, bestUses, bestOrder = q, n, order
		}
	}
	if best == nil {
		return nil, &engine.Skip{Key: "quiz.no_questions", Args: []any{"From", from}}
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

// open starts a round and posts it; it returns the short code.
func (f *Feature) open(t *engine.Turn, q *content.Question, pool string, open time.Duration, cause string) (int, error) {
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
	r := Round{Unit: t.Unit.ID, Question: *q, ClosesAt: t.Now.Add(open)}
	if err := r.insert(t.Tx, pool, string(text), t.Day()); err != nil {
		return 0, err
	}
	p, err := t.Open("quiz", strconv.FormatInt(r.ID, 10), want(q))
	if err != nil {
		return 0, err
	}
	if err := r.prompted(t.Tx, p); err != nil {
		return 0, err
	}
	if err := t.At(r.ClosesAt, "quiz", "close", p.Ref, "quiz:close:"+p.Ref); err != nil {
		return 0, err
	}
	_, err = t.Post(engine.Post{Class: outbox.Push, Message: post(t, &r, p), Prompt: p.ID, Cause: cause})
	return p.Code, err
}

func want(q *content.Question) command.Want {
	return command.Want{Kind: command.Kind(q.Type), Options: len(q.Options), Texts: q.Options}
}

// post is the message of a round: the question, its options, how to answer.
func post(t *engine.Turn, r *Round, p engine.Prompt) chat.Message {
	q := &r.Question
	head := t.T("quiz.head", "Code", p.Code, "Type", t.T("quiz.type."+string(q.Type)),
		"Until", schedules.Instant(r.ClosesAt, t.Now, t.Unit.Zone, t.Lang))
	m := chat.Message{}.AddStyled(head, chat.Bold).Add("\n" + q.Ask)
	for i, o := range q.Options {
		m = m.Add(fmt.Sprintf("\n%c. %s", 'A'+i, o))
	}
	hint := t.T("quiz.how."+string(q.Type), "Code", p.Code)
	var row []chat.Button
	switch q.Type {
	case content.Single:
		for i := range q.Options {
			letter := string(rune('A' + i))
			row = append(row, chat.Button{Label: letter, Data: engine.PressData(p, letter), Word: letter})
		}
	case content.Multiple:
		for i := range q.Options {
			letter := string(rune('A' + i))
			row = append(row, chat.Button{Label: letter, Data: fmt.Sprintf("quiz:toggle:%d:%s", r.ID, letter), Word: letter})
		}
		m = m.Add("\n" + t.T("quiz.toggle"))
	case content.TrueFalse:
		for _, value := range []string{"true", "false"} {
			word := t.T("quiz." + value)
			row = append(row, chat.Button{Label: word, Data: engine.PressData(p, value), Word: word})
		}
	default:
		return m.Add("\n" + hint)
	}
	m.Buttons, m.Hint = [][]chat.Button{row}, hint
	return m
}

// Answer implements engine.Answerer.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, a command.Answer) error {
	round, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: round %q: %w", p.ID, p.Ref, err)
	}
	return f.record(t, round, p.Code, a.Value)
}

// record keeps the answer in the place of an earlier one, and books taking
// part once.
func (f *Feature) record(t *engine.Turn, round int64, code int, value string) error {
	first, err := setAnswer(t.Tx, round, t.Member.ID, value)
	if err != nil {
		return err
	}
	if first {
		if _, err := f.Book.Earn(t, t.Member.ID, "quiz.answered", fmt.Sprintf("round:%d", round)); err != nil {
			return err
		}
		if err := t.CountSoon("quiz", strconv.FormatInt(round, 10)); err != nil {
			return err
		}
	}
	return t.Noted("quiz.noted", "Code", code, "Value", shown(t, value))
}

func shown(t *engine.Turn, value string) string {
	if value == "true" || value == "false" {
		return t.T("quiz." + value)
	}
	return value
}

// Press implements engine.Presser: each press of a multiple choice adds or
// takes away an option; what stands at the close counts.
func (f *Feature) Press(t *engine.Turn, data string) error {
	parts := strings.Split(data, ":")
	if len(parts) != 3 || parts[0] != "toggle" || len(parts[2]) != 1 {
		return engine.Complain("engine.old_button")
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	r, err := load(t.Tx, id)
	switch {
	case err != nil:
		return err
	case r == nil || parts[2] < "A" || int(parts[2][0]-'A') >= len(r.Question.Options):
		return engine.Complain("engine.old_button")
	case r.Closed:
		return engine.Complain("engine.closed", "Code", r.Code)
	}
	if err := t.Enter(r.Unit); err != nil {
		return err
	}
	old, err := answerOf(t.Tx, id, t.Member.ID)
	if err != nil {
		return err
	}
	value := toggle(old, parts[2])
	if value == "" {
		if err := withdraw(t.Tx, id, t.Member.ID); err != nil {
			return err
		}
		return t.Noted("quiz.withdrawn", "Code", r.Code)
	}
	return f.record(t, id, r.Code, value)
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
	t = t.In(u)
	if tm.Kind == "close" {
		return f.close(t, r)
	}
	answers, err := answersOf(t.Tx, r.ID)
	if err != nil {
		return err
	}
	due, err := member.Count(t.Tx, u.ID)
	if err != nil {
		return err
	}
	text := t.T("quiz.count", "Code", r.Code, "Done", len(answers), "Due", due)
	return t.PostCount(fmt.Sprintf("quiz:%d", r.ID), text, len(answers), due)
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
	for _, key := range []string{"quiz:close:" + ref, "quiz:count:" + ref} {
		if err := t.Cancel(key); err != nil {
			return err
		}
	}
	answers, err := answersOf(t.Tx, r.ID)
	if err != nil {
		return err
	}
	right := 0
	chosen := map[rune]int{}
	for _, a := range answers {
		for _, c := range a.Value {
			chosen[c]++
		}
		if !r.Question.Right(a.Value) {
			continue
		}
		right++
		if _, err := f.Book.Earn(t, a.Member, "quiz.correct", "round:"+ref); err != nil {
			return err
		}
	}
	due, err := member.Count(t.Tx, r.Unit)
	if err != nil {
		return err
	}
	_, err = t.Post(engine.Post{Class: outbox.Push, Message: result(t, r, len(answers), right, due, chosen)})
	return err
}

// result is the message at the close.
func result(t *engine.Turn, r *Round, answered, right, due int, chosen map[rune]int) chat.Message {
	q := &r.Question
	m := chat.Message{}.AddStyled(t.T("quiz.result", "Code", r.Code), chat.Bold).Add("\n" + q.Ask + "\n")
	m = m.Add(t.T("quiz.key", "Key", key(t, q)))
	if q.Explain != "" {
		m = m.Add("\n" + q.Explain)
	}
	if q.Source != "" {
		m = m.Add("\n" + t.T("quiz.source", "Source", q.Source))
	}
	m = m.Add("\n" + t.T("quiz.totals", "Answered", answered, "Due", due, "Right", right))
	if answered > 0 && (q.Type == content.Single || q.Type == content.Multiple) {
		var parts []string
		for i := range q.Options {
			parts = append(parts, fmt.Sprintf("%c %d", 'A'+i, chosen[rune('A'+i)]))
		}
		m = m.Add("\n" + t.T("quiz.chosen", "Counts", strings.Join(parts, "  ")))
	}
	return m
}

// key shows the right answer, with the option's text for a single one.
func key(t *engine.Turn, q *content.Question) string {
	switch q.Type {
	case content.Single:
		return q.Answer + ". " + q.Options[q.Answer[0]-'A']
	case content.Blank:
		return strings.Join(q.Accept, " / ")
	}
	return shown(t, q.Answer)
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
			state = t.T("quiz.open_answered", "Value", shown(t, value))
		}
		lines = append(lines, t.T("quiz.open_line", "Code", p.Code, "State", state,
			"Until", schedules.Instant(r.ClosesAt, t.Now, t.Unit.Zone, t.Lang)))
	}
	return lines, err
}

// Data implements engine.Personal.
func (f *Feature) Data(t *engine.Turn, m *engine.Member) ([]string, error) {
	n, lines, err := history(t.Tx, m.ID, t.Unit.Zone)
	if err != nil || n == 0 {
		return nil, err
	}
	return append([]string{t.T("quiz.data", "N", n)}, lines...), nil
}
