package survey

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
)

// maxText bounds a written answer, in runes.
const maxText = 200

// listenFor is how long after the last step what a member types is taken for an
// answer; later he may mean something else. Buttons work until the close.
const listenFor = time.Hour

// read makes a typed text the value of an answer.
func (q *Question) read(text string) (string, bool) {
	r := command.Read(text)
	r.Addressed = true
	want := command.Want{Kind: command.Single, Options: len(q.Options), Texts: q.Options, Digits: true}
	switch q.Type {
	case Scale:
		v := strings.TrimSuffix(r.Text, "分")
		return v, len(v) == 1 && v >= "1" && v <= "5"
	case Text:
		v := strings.TrimSpace(chat.Clean(text))
		return v, v != "" && utf8.RuneCountInString(v) <= maxText
	case Multiple:
		want.Kind = command.Multiple
	}
	a, verdict := r.Match(want)
	return a.Value, verdict == command.OK && len(a.Value) <= max(q.most(), 1)
}

// Listen implements engine.Listener: what a member types while he fills in, and
// "17 B" for a vote.
func (f *Feature) Listen(t *engine.Turn) (func() error, error) {
	r := command.Read(t.Event.Text)
	if do, err := f.coded(t, r); do != nil || err != nil {
		return do, err
	}
	s, d, err := f.filling(t)
	if err != nil {
		return nil, err
	}
	if d != nil {
		if do := f.typed(t, s, d); do != nil {
			t.Confide()
			return do, nil
		}
	}
	return misread(t, r)
}

// Fallback implements engine.Fallback: who is filling in is told how the
// question is answered, and who was, that it has been counted meanwhile.
func (f *Feature) Fallback(t *engine.Turn) (func() error, error) {
	s, d, err := f.filling(t)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return missed(t)
	}
	t.Confide()
	how := t.T("survey.confirm_hint", "Cast", t.T("survey.cast"), "Again", t.T("survey.again"))
	if n := len(d.Answers); n < len(s.Questions) {
		how = s.how(t, n)
	}
	return func() error { return engine.Complain("survey.not_read", "How", how) }, nil
}

// missed tells who wrote before the count what came after it: it is kept nowhere.
func missed(t *engine.Turn) (func() error, error) {
	counted, err := countedSince(t)
	if !counted || err != nil {
		return nil, err
	}
	t.Confide()
	return func() error { return engine.Complain("survey.counted_already") }, nil
}

// filling is what the member is filling in by typing; nil when nothing.
func (f *Feature) filling(t *engine.Turn) (*Survey, *draft, error) {
	ids, err := drafting(t.Tx, t.Member.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		s, err := load(t.Tx, id)
		if err != nil || s == nil {
			return nil, nil, err
		}
		d, err := f.drafted(t, s)
		var c *engine.Complaint
		if errors.As(err, &c) {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if d == nil || len(d.Answers) < len(s.Questions) && t.Tx.Millis()-d.At > listenFor.Milliseconds() {
			continue
		}
		return s, d, nil
	}
	return nil, nil, nil
}

// coded takes "17 B" as the choice in the vote 17.
func (f *Feature) coded(t *engine.Turn, r command.Reply) (func() error, error) {
	if r.Code == 0 {
		return nil, nil
	}
	open, err := openFor(t, "vote")
	if err != nil {
		return nil, err
	}
	for _, s := range open {
		value, ok := s.Questions[0].read(r.Text)
		if s.Code != r.Code || !ok {
			continue
		}
		t.Confide()
		return func() error {
			if err := t.Enter(s.Unit); err != nil {
				return err
			}
			if err := f.mayVote(t, s); err != nil {
				return err
			}
			return f.next(t, s, &draft{Answers: []string{value}})
		}, nil
	}
	return nil, nil
}

// misread tells what can be chosen, when the code is that of a vote and the
// rest is no choice in it.
func misread(t *engine.Turn, r command.Reply) (func() error, error) {
	if r.Code == 0 {
		return nil, nil
	}
	open, err := openFor(t, "vote")
	if err != nil {
		return nil, err
	}
	for _, s := range open {
		if s.Code == r.Code {
			t.Confide()
			last := letter(len(s.Questions[0].Options) - 1)
			return func() error { return engine.Complain("survey.misread", "Title", s.Title, "Code", s.Code, "Last", last) }, nil
		}
	}
	return nil, nil
}

// typed is what a message means for a draft; nil when nothing.
func (f *Feature) typed(t *engine.Turn, s *Survey, d *draft) func() error {
	word := command.Read(t.Event.Text).Text
	do := func(act func() error) func() error {
		return func() error {
			if err := t.Enter(s.Unit); err != nil {
				return err
			}
			return act()
		}
	}
	if n := len(d.Answers); n < len(s.Questions) {
		if s.Kind != "vote" && (word == "跳过" || word == "SKIP") {
			return do(func() error { return f.answer(t, s, d, "") })
		}
		if s.Questions[n].Type == Multiple && d.Picked != "" && (word == "选好了" || word == "DONE") {
			return do(func() error { return f.answer(t, s, d, d.Picked) })
		}
		if value, ok := s.Questions[n].read(t.Event.Text); ok {
			return do(func() error { return f.screened(t, s, d, value) })
		}
		return nil
	}
	switch word {
	case "确认投出", "确认", "投出", "CAST", "CONFIRM":
		return do(func() error { return f.cast(t, s, d) })
	case "重新填写", "重填", "重选", "AGAIN":
		return do(func() error { return f.paper(t, s) })
	}
	return nil
}

// screened takes an answer, a written one unless it is a report of wrongdoing or may be one.
func (f *Feature) screened(t *engine.Turn, s *Survey, d *draft, value string) error {
	n := len(d.Answers)
	if s.Questions[n].Type != Text {
		return f.answer(t, s, d, value)
	}
	return f.Reports.Screen(t, value, f.Name(), fmt.Sprintf("%d:%d", s.ID, n), func() error { return f.answer(t, s, d, value) })
}

// TakeAnyway implements misconduct.Taker: ref is SURVEY:QUESTION.
func (f *Feature) TakeAnyway(t *engine.Turn, ref, text string) error {
	var id int64
	var n int
	if _, err := fmt.Sscanf(ref, "%d:%d", &id, &n); err != nil {
		return fmt.Errorf("written answer %q: %w", ref, err)
	}
	s, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if s == nil {
		return engine.Complain("engine.old_button")
	}
	if err := f.mayVote(t, s); err != nil {
		return err
	}
	d, err := f.drafted(t, s)
	if err != nil {
		return err
	}
	if d == nil || len(d.Answers) != n { // it was answered otherwise, or is begun anew
		return engine.Complain("engine.old_button")
	}
	return f.answer(t, s, d, text)
}
