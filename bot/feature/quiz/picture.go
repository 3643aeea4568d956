package quiz

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/content"
	"branchbot/schedules"
	"branchbot/store"
)

// picture is /结果图 [CODE]: the result of a closed round as a picture, where it
// was asked for.
func (f *Feature) picture(t *engine.Turn, line command.Line) error {
	code := 0
	if line.Args != "" {
		var err error
		if code, err = strconv.Atoi(strings.TrimPrefix(command.Fold(line.Args), "#")); err != nil || code < 1 {
			return engine.Complain("quiz.picture_how")
		}
	}
	id, err := lastClosed(t.Tx, t.Unit.ID, code)
	if errors.Is(err, store.ErrNoRows) {
		return engine.Complain("quiz.picture_none")
	}
	if err != nil {
		return err
	}
	r, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	s, err := outcomeOf(t.Tx, r)
	if err != nil {
		return err
	}
	alt := t.T("quiz.picture_alt", "Code", r.Code, "Key", key(t.Lang, &r.Question), "Totals", s.text(t.Lang))
	return t.Reply(chat.Message{Media: []chat.Media{{Ref: fmt.Sprintf("round:%d.png", r.ID), Alt: alt}}})
}

// sums are how a round went.
type sums struct {
	answered, right int
	chosen          map[string]int // by letter, or true and false
}

func outcomeOf(tx *store.Tx, r *Round) (s sums, err error) {
	answers, err := answersOf(tx, r.Unit, r.ID)
	s.answered, s.chosen = len(answers), map[string]int{}
	for _, a := range answers {
		if r.Question.Right(a.Value) {
			s.right++
		}
		if r.Question.Type == content.TrueFalse {
			s.chosen[a.Value]++
			continue
		}
		for _, letter := range a.Value {
			s.chosen[string(letter)]++
		}
	}
	return s, err
}

func (s sums) text(lang string) string {
	return locale.Text(lang, "quiz.picture_totals", "Answered", s.answered, "Right", s.right)
}

// Picture draws the result of a round: "17.png". There is none before the close.
func Picture(tx *store.Tx, name string, unit func(tx *store.Tx, id string) (*engine.Unit, error)) ([]byte, error) {
	id, err := strconv.ParseInt(strings.TrimSuffix(name, ".png"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q names no round", name)
	}
	r, err := load(tx, id)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, fmt.Errorf("there is no round %d", id)
	case !r.Closed:
		return nil, fmt.Errorf("round %d is still open", id)
	}
	u, err := unit(tx, r.Unit)
	if err != nil {
		return nil, err
	}
	s, err := outcomeOf(tx, r)
	if err != nil {
		return nil, err
	}
	return page(r, u, s).PNG()
}

func page(r *Round, u *engine.Unit, s sums) *draw.Page {
	q := &r.Question
	text := func(key string, args ...any) string { return locale.Text(u.Language, key, args...) }
	choice := draw.Card{Title: text("quiz.paper.choice"), Bars: bars(q, s, u.Language), Note: s.text(u.Language)}
	if len(choice.Bars) == 0 {
		choice.Title, choice.Text = text("quiz.paper.answer"), key(u.Language, q)
	}
	question := draw.Card{Title: text("quiz.paper.question"), Text: q.Ask}
	if q.Type == content.Order {
		for i, o := range q.Options {
			question.Rows = append(question.Rows, draw.Row{Head: string(rune('A' + i)), Text: o})
		}
	}
	p := &draw.Page{
		Kicker: text("quiz.paper.kicker"), Title: text("quiz.paper.title", "Code", r.Code),
		Period: schedules.Day(r.ClosesAt, r.ClosesAt.AddDate(0, 0, -7), u.Zone, u.Language), Foot: u.Name,
		Cards: []draw.Card{question, choice},
	}
	if q.Explain != "" || q.Source != "" {
		why := draw.Card{Title: text("quiz.paper.explain"), Text: q.Explain}
		if q.Source != "" {
			why.Note = text("quiz.source", "Source", q.Source)
		}
		p.Cards = append(p.Cards, why)
	}
	return p
}

// bars are one for each option; none for a question without.
func bars(q *content.Question, s sums, lang string) (out []draw.Bar) {
	add := func(label, value string, right bool) {
		out = append(out, draw.Bar{Label: label, N: s.chosen[value], Of: s.answered, Right: right,
			Text: locale.Text(lang, "quiz.paper.people", "N", s.chosen[value])})
	}
	switch q.Type {
	case content.Single, content.Multiple:
		for i, o := range q.Options {
			letter := string(rune('A' + i))
			add(letter+". "+o, letter, strings.Contains(q.Answer, letter))
		}
	case content.TrueFalse:
		for _, value := range []string{"true", "false"} {
			add(locale.Text(lang, "quiz."+value), value, q.Answer == value)
		}
	}
	return out
}
