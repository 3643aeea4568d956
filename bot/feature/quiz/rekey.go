package quiz

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/points"
	"branchbot/store"
)

// A round that was played with a wrong key is judged anew by /改答案: the round keeps
// both keys, points are put right by counter-entries and new ones, and the group is told.

// rekey corrects the key of a closed round: /改答案 CODE ANSWER [REASON].
func (f *Feature) rekey(t *engine.Turn, line command.Line) error {
	words := line.Fields()
	if len(words) < 2 {
		return engine.Complain("quiz.rekey_how")
	}
	code, err := strconv.Atoi(strings.Trim(words[0], "#第题号"))
	if err != nil {
		return engine.Complain("quiz.rekey_how")
	}
	id, err := lastClosed(t.Tx, t.Unit.ID, code)
	if errors.Is(err, store.ErrNoRows) {
		return engine.Complain("quiz.rekey_none", "Code", code)
	}
	if err != nil {
		return err
	}
	r, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	before := r.Question
	if r.Question, err = before.WithKey(words[1]); err != nil {
		return engine.Complain("quiz.rekey_answer", "Code", code)
	}
	if r.Question.Key() == before.Key() {
		return engine.Complain("quiz.rekey_same", "Code", code, "Key", key(t.Lang, &before))
	}
	if err := r.rekeyed(t.Tx, before.Key()); err != nil {
		return err
	}
	note := t.T("quiz.rekey_note", "Code", code, "From", before.Key(), "To", r.Question.Key())
	c := points.Correction{On: "quiz.correct", Item: fmt.Sprintf("round:%d", r.ID), Day: t.AsOf(r.ClosesAt).DayOfWord(), N: r.Corrections, Note: note}
	answers, err := answersOf(t.Tx, r.Unit, r.ID)
	if err != nil {
		return err
	}
	var now, no int // right now, right no more
	for _, a := range answers {
		was, is := before.Right(a.Value), r.Question.Right(a.Value)
		switch {
		case was && !is:
			no++
			_, err = f.Book.TakeBack(t, c, a.Member)
		case is && !was:
			now++
			err = f.Book.Grant(t, c, a.Member)
		}
		if err != nil {
			return err
		}
	}
	m := chat.Message{}.AddStyled(t.T("quiz.rekeyed", "Code", code), chat.Bold).Add("\n" + r.Question.Ask + "\n" +
		t.T("quiz.rekeyed_key", "Key", key(t.Lang, &r.Question), "Before", key(t.Lang, &before)))
	if reason := strings.Join(words[2:], " "); reason != "" {
		m = m.Add("\n" + t.T("quiz.rekeyed_why", "Reason", reason))
	}
	m = m.Add("\n" + t.T("quiz.rekeyed_points", "Now", now, "No", no))
	_, err = t.In(t.Unit).Post(engine.Post{Class: outbox.Notice, Message: m, About: t.T("quiz.about_result", "Code", code)})
	if err != nil || !t.Private() {
		return err
	}
	return t.Say("quiz.rekey_done", "Code", code, "Now", now, "No", no)
}
