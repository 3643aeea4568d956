package engine

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"branchbot/bot/command"
)

// What is said after the deadline is no answer, but some features make something of it: a
// notice is better read late than never.

// LateTaker is an Answerer that takes what is said after the close.
type LateTaker interface {
	// Late takes an answer of t.Member to a prompt of t.Unit that no longer takes any, or
	// complains of it. A prompt may have passed its deadline without being closed yet.
	Late(t *Turn, p Prompt, a command.Answer) error
}

// lateFor is how long after its close something can still be meant by a word or by its
// number, which is given to nothing else that long. A quote and a button name it for ever.
const lateFor = 7 * 24 * time.Hour

// late hands an answer that comes too late to the feature that asked.
func (t *Turn) late(p Prompt, a command.Answer) func() error {
	f, ok := t.work.engine.owners[p.Feature].(LateTaker)
	if !ok || t.Member == nil || a.Value == "withdraw" {
		return func() error { return Complain("engine.closed", "Code", p.Code) }
	}
	t.involved, t.answers = append(t.involved, p.Unit), true
	return func() error {
		if err := t.Enter(p.Unit); err != nil {
			return err
		}
		return f.Late(t, p, a)
	}
}

// tooLate finds the item, closed lately, to which a message would have been an answer; nil
// when there is none. In private that may be any, in a group a notice whose number is given.
// Of several it is the newest, those first that await the sender.
func (t *Turn) tooLate(r command.Reply) (func() error, error) {
	if t.Member == nil || t.unheard || !t.Event.Private && r.Code == 0 && r.Series == "" {
		return nil, nil
	}
	units, err := t.Directory().Line(t.Tx, t.Member.Unit)
	if err != nil {
		return nil, err
	}
	r.Addressed = true
	var last *candidate
	awaits := false
	for _, u := range units {
		closed, err := t.closedSince(u.ID, t.Now.Add(-lateFor))
		if err != nil {
			return nil, err
		}
		open, err := t.prompts(u.ID)
		if err != nil {
			return nil, err
		}
		meant := slices.Concat(closed, open)
		if r.Series != "" {
			if meant, err = t.ofSeries(meant, r.Series); err != nil {
				return nil, err
			}
		}
		for _, p := range meant {
			a, verdict := r.Match(p.Want)
			if verdict != command.OK || t.Takes(p) || !t.meansClosed(r, p, a) {
				continue
			}
			left, err := t.open([]candidate{{p, a, verdict}})
			if err != nil {
				return nil, err
			}
			if last == nil || len(left) > 0 && !awaits || len(left) > 0 == awaits && p.OpenedAt.After(last.prompt.OpenedAt) {
				last, awaits = &candidate{p, a, verdict}, len(left) > 0
			}
		}
		if !t.Event.Private && u.ID == t.Unit.ID {
			break
		}
	}
	if last == nil {
		return nil, nil
	}
	return t.late(last.prompt, last.answer), nil
}

// named tells, as cheaply as talk deserves, whether a message can name an item by a number.
func named(text string) bool {
	return len(text) <= 60 && strings.ContainsFunc(text, unicode.IsNumber)
}

// meansClosed tells whether a message that fits a closed prompt can mean it.
func (t *Turn) meansClosed(r command.Reply, p Prompt, a command.Answer) bool {
	byNumber := r.Series != "" || r.Code != 0 && r.Code == p.Code
	if !t.Event.Private {
		return byNumber && p.Want.Kind == command.Acknowledge && !a.Weak
	}
	return byNumber || r.Code == 0 && !a.Weak && p.Want.Kind != command.Blank // to which all would be an answer
}
