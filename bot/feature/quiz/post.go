package quiz

import (
	"fmt"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/content"
	"branchbot/schedules"
)

func want(q *content.Question) command.Want {
	w := command.Want{Kind: types[q.Type].kind, Options: len(q.Options), Texts: q.Options}
	if q.Type == content.Blank { // what is right counts in the group too, without 答
		w.Texts = q.Accept
	}
	return w
}

// post is the message of a round: the question, its options, how to answer.
func post(t *engine.Turn, r *Round, p engine.Prompt) chat.Message {
	q := &r.Question
	head := t.T("quiz.head", "Code", p.Code, "Type", t.T("quiz.type."+string(q.Type)),
		"Until", schedules.Deadline(r.ClosesAt, t.Now, t.Unit.Zone, t.Lang))
	m := chat.Message{}.AddStyled(head, chat.Bold).Add("\n" + q.Ask)
	for i, o := range q.Options {
		m = m.Add(fmt.Sprintf("\n%c. %s", 'A'+i, o))
	}
	hint := t.T("quiz.how."+string(q.Type), "Code", p.Code)
	if r.Polled {
		m.Poll = poll(t, q, head)
	}
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
		// Whoever types sends all letters at once: nothing stands for this button.
		submit := t.T("quiz.submit")
		m.Buttons, m.Hint = [][]chat.Button{row, {{Label: submit, Data: fmt.Sprintf("quiz:submit:%d", r.ID), Word: submit}}}, hint
		return m
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

// poll is a question in the form of a poll; nil for one that is not to be
// answered by choosing. A platform shows right and wrong for single choices
// only.
func poll(t *engine.Turn, q *content.Question, head string) *chat.Poll {
	p := &chat.Poll{Question: head + "\n" + q.Ask, Several: q.Type == content.Multiple, Explain: q.Explain}
	switch q.Type {
	case content.Single, content.Multiple:
		for i, o := range q.Options {
			p.Options = append(p.Options, fmt.Sprintf("%c. %s", 'A'+i, o))
		}
	case content.TrueFalse:
		p.Options = []string{t.T("quiz.true"), t.T("quiz.false")}
	default:
		return nil
	}
	right := 0
	switch q.Type {
	case content.Single:
		right = int(q.Answer[0] - 'A')
	case content.TrueFalse:
		if q.Answer == "false" {
			right = 1
		}
	default:
		return p
	}
	p.Right = &right
	return p
}

// totals of a round. Those excused are not due.
type totals struct {
	answered, right, due, excused int
	unsent                        int // who have ticked something and not submitted it
	chosen                        map[rune]int
}

// result is the message at the close.
func (f *Feature) result(t *engine.Turn, r *Round, n totals) chat.Message {
	q := &r.Question
	m := chat.Message{}.AddStyled(t.T("quiz.result", "Code", r.Code), chat.Bold).Add("\n" + q.Ask + "\n")
	m = m.Add(t.T("quiz.key", "Key", key(t.Lang, q)))
	if q.Explain != "" {
		m = m.Add("\n" + q.Explain)
	}
	if q.Source != "" {
		m = m.Add("\n" + t.T("quiz.source", "Source", q.Source))
	}
	review := f.Library().ReviewQuestion(q, t.Now)
	if e := review.Replaced(); e != nil {
		m = m.Add("\n" + t.T("quiz.replaced", "Edition", e.ReplacedBy))
	}
	m = m.Add("\n" + t.T("quiz.totals", "Answered", n.answered, "Due", n.due, "Right", n.right))
	if n.excused > 0 {
		m = m.Add(t.T("quiz.totals_excused", "N", n.excused))
	}
	if n.unsent > 0 {
		m = m.Add(t.T("quiz.totals_unsent", "N", n.unsent))
	}
	if n.answered > 0 && (q.Type == content.Single || q.Type == content.Multiple) {
		var parts []string
		for i := range q.Options {
			parts = append(parts, fmt.Sprintf("%c %d", 'A'+i, n.chosen[rune('A'+i)]))
		}
		m = m.Add("\n" + t.T("quiz.chosen", "Counts", strings.Join(parts, "  ")))
	}
	return m
}

// key shows the right answer, with the option's text for a single one.
func key(lang string, q *content.Question) string {
	switch q.Type {
	case content.Single:
		return q.Answer + ". " + q.Options[q.Answer[0]-'A']
	case content.Blank:
		return strings.Join(q.Accept, " / ")
	}
	return shown(lang, q.Answer)
}
