package checkin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
)

// late asks the secretary to confirm, but for those whose shifts kept them away.
func (f *Feature) late(t *engine.Turn, w *window) error {
	was, err := entryOf(t.Tx, w.ID, t.Member.ID)
	if err != nil {
		return err
	}
	switch was {
	case onTime, late:
		return engine.Complain("checkin.already")
	case pending:
		return engine.Complain("checkin.waiting")
	}
	away, err := t.In(t.Unit).AwayAll(w.OpenedAt, w.ClosesAt)
	if err != nil {
		return err
	}
	if reason := away[t.Member.ID]; reason != "" && reason != onLeaveAway {
		if _, err := setEntry(t, w.ID, t.Member.ID, onTime, "", 0); err != nil {
			return err
		}
		if err := f.Book.Earn(t.AsOf(w.OpenedAt), t.Member.ID, "checkin.on_time", fmt.Sprintf("checkin:%d", w.ID)); err != nil {
			return err
		}
		return t.TellSender(chat.Text(t.T("checkin.noted"))) // the group's count does not rise any more
	}
	if _, err := setEntry(t, w.ID, t.Member.ID, pending, "", 0); err != nil {
		return err
	}
	unit := t.In(t.Unit) // whose language may be another than the sender's
	m := chat.Text(unit.T("checkin.late_asks", "Name", t.Member.Name, "Title", w.Title))
	m.Buttons = [][]chat.Button{{
		{Label: unit.T("checkin.late_yes"), Data: fmt.Sprintf("checkin:yes:%d:%d", w.ID, t.Member.ID)},
		{Label: unit.T("checkin.late_no"), Data: fmt.Sprintf("checkin:no:%d:%d", w.ID, t.Member.ID)},
	}}
	if err := unit.TellSecretaries(m); err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("checkin.late_noted")))
}

// onLeaveAway is why somebody on leave is away; see engine.Absence. All other
// reasons are of shifts.
const onLeaveAway = "leave.away"

// Press implements engine.Presser: the secretary's word on a late check-in, and
// the check-in of somebody who slept through it.
func (f *Feature) Press(t *engine.Turn, data string) error {
	if number, ok := strings.CutPrefix(data, "mine:"); ok {
		return f.mine(t, number)
	}
	var id, who int64
	verb, rest, _ := strings.Cut(data, ":")
	if n, err := fmt.Sscanf(rest, "%d:%d", &id, &who); n != 2 || err != nil || verb != "yes" && verb != "no" {
		return engine.Complain("engine.old_button")
	}
	w, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	role := engine.Anyone
	if w != nil {
		if role, err = t.Directory().Role(t.Tx, t.Member, w.Unit); err != nil {
			return err
		}
	}
	if role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	if err := t.Lock(w.Unit); err != nil {
		return err
	}
	was, err := entryOf(t.Tx, id, who)
	if err != nil {
		return err
	}
	if was != pending {
		return engine.Complain("engine.old_button")
	}
	m, err := roster.Member(t.Tx, who)
	if err != nil || m == nil {
		return err
	}
	key := "checkin.late_refused"
	if verb == "yes" {
		key = "checkin.late_confirmed"
		if err := f.confirm(t, w, who); err != nil {
			return err
		}
	} else if err := removeEntry(t.Tx, id, who); err != nil {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, w.Unit)
	if err != nil {
		return err
	}
	theirs := t.In(u)
	if m.Language != "" {
		theirs.Lang = m.Language
	}
	if _, err := theirs.Tell(m, chat.Text(theirs.T(key, "Name", m.Name, "Title", w.Title))); err != nil {
		return err
	}
	return t.Say(key, "Name", m.Name, "Title", w.Title)
}

// mine is the check-in, on the same day, of a window that is closed.
func (f *Feature) mine(t *engine.Turn, number string) error {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	w, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if w == nil {
		return engine.Complain("engine.old_button")
	}
	if err := t.Enter(w.Unit); err != nil {
		return err
	}
	last, err := lastOn(t.Tx, w.Unit, t.DayOfWord())
	if err != nil {
		return err
	}
	if last == nil || last.ID != w.ID {
		return engine.Complain("engine.old_button")
	}
	return f.late(t, w)
}

// confirm books a late check-in on a secretary's word.
func (f *Feature) confirm(t *engine.Turn, w *window, who int64) error {
	u, err := t.Directory().Unit(t.Tx, w.Unit)
	if err != nil {
		return err
	}
	if _, err := setEntry(t, w.ID, who, late, "", t.Member.ID); err != nil {
		return err
	}
	there, err := t.Into(u)
	if err != nil {
		return err
	}
	return f.Book.Earn(there.AsOf(w.OpenedAt), who, "checkin.late", fmt.Sprintf("checkin:%d", w.ID))
}

func endOfDay(t *engine.Turn) time.Time {
	y, m, d := t.Now.In(t.Unit.Zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, t.Unit.Zone)
}

// copy tells the check-in in private to those who have slept through its post.
func (f *Feature) copy(t *engine.Turn, tm engine.Timer, w *window) error {
	p := engine.Prompt{ID: w.Prompt}
	m := post(t, w, p)
	if w.Closed {
		p, m = engine.Prompt{}, chat.Text(t.T("checkin.own_window", "Title", w.Title))
		word := t.T("checkin.word")
		m.Buttons = [][]chat.Button{{{Label: word, Data: fmt.Sprintf("checkin:mine:%d", w.ID), Word: word}}}
	}
	return t.Copy(tm, engine.Post{Class: outbox.Push, Message: m, Prompt: p.ID}, w.OpenedAt, func(member int64) (bool, error) {
		was, err := entryOf(t.Tx, w.ID, member)
		return was != "", err
	})
}
