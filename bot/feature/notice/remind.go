package notice

import (
	"errors"
	"fmt"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/schedules"
)

// reminded is what a reminder came to.
type reminded struct {
	private, group int       // members told in private; those that one line in the group is for
	away           int       // members who are told later, since they are on leave, off or asleep
	at             time.Time // not zero: it goes then, after the quiet hours
}

// remind is /催办 [n].
func (f *Feature) remind(t *engine.Turn, line command.Line) error {
	n, g, err := f.named(t, line.Args)
	if err != nil {
		return err
	}
	switch {
	case n.State == recalled:
		return engine.Complain("notice.recalled_already", "Number", g.number())
	case !n.Ack:
		return engine.Complain("notice.no_ack", "Number", g.number())
	case n.Relayed && n.Unit == t.Unit.ID:
		return f.remindParts(t, n, g)
	}
	r, err := f.remindTarget(t.In(t.Unit), n, g)
	if err != nil {
		return err
	}
	if !r.at.IsZero() {
		return t.TellSender(chat.Text(t.T("notice.remind_later", "At", schedules.Instant(r.at, t.Now, t.Unit.Zone, t.Lang))))
	}
	head := "notice.reminded"
	if r.private > 0 {
		head = "notice.reminding"
	}
	return t.TellSenderIn(remindCause(n, g, t.Now), chat.Text(f.tellReminded(t, head, g, r)))
}

// tellReminded tells what a reminder has come to.
func (f *Feature) tellReminded(t *engine.Turn, head string, g *target, r reminded) string {
	text := t.T(head, "Number", g.number(), "Private", r.private)
	if r.group > 0 {
		text += t.T("notice.reminded_group", "Group", r.group)
	}
	if r.away > 0 {
		text += t.T("notice.reminded_away", "Away", r.away)
	}
	return text + t.T("notice.reminders_left", "Left", f.Reminders()-g.Reminders)
}

// remindCause is the cause of what a reminder says in private.
func remindCause(n *notice, g *target, at time.Time) string {
	return fmt.Sprintf("%sremind:%d:%s:%d", engine.ReceiptsOf, n.ID, g.Unit, at.UnixMilli())
}

// afterReminding tells the group how many are missing who were not reached in private,
// once that is known, and the secretary what it has come to.
func (f *Feature) afterReminding(t *engine.Turn, s step) error {
	t, n, g, err := waitingIn(t, s)
	if err != nil || g == nil {
		return err
	}
	t = t.For(n.Author)
	all, reached, err := outbox.Receipts(t.Tx, s.Cause)
	if err != nil {
		return err
	}
	r := reminded{private: reached.People, group: s.Group + all.Less(reached).People, away: s.Away}
	if err := f.remindGroup(t, n, g, r.group); err != nil {
		return err
	}
	return t.Replace(s.Cause, chat.Text(f.tellReminded(t, "notice.reminded", g, r)))
}

// waitingIn is what a later step in one unit is about, with a turn in that unit; g is nil
// when nobody is waited for there any more.
func waitingIn(t *engine.Turn, s step) (in *engine.Turn, n *notice, g *target, err error) {
	n, err = load(t.Tx, s.Notice)
	if err != nil || n == nil || n.State != sent {
		return nil, nil, nil, err
	}
	g, err = targetOf(t.Tx, s.Notice, s.After)
	if err != nil || g == nil || g.Closed {
		return nil, nil, nil, err
	}
	u, err := t.Directory().Unit(t.Tx, g.Unit)
	if err != nil {
		return nil, nil, nil, err
	}
	in, err = t.Into(u)
	return in, n, g, err
}

// remindParts reminds in all units of a relayed notice where somebody is
// missing.
func (f *Feature) remindParts(t *engine.Turn, n *notice, g *target) error {
	if n.State == closed {
		return engine.Complain("notice.closed_already", "Number", g.number())
	}
	all, err := parts(t.Tx, n)
	if err != nil {
		return err
	}
	open := 0
	for _, p := range all {
		if p.Missing() > 0 {
			open++
		}
	}
	if open == 0 {
		return engine.Complain("notice.nobody_missing", "Number", g.number())
	}
	if err := f.sweep(t.In(t.Unit), step{Kind: "remind", Notice: n.ID}); err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("notice.remind_parts", "Number", g.number(), "Units", open)))
}

// remindTarget reminds those who are missing in a unit, which t is in; it
// complains when there is a reason not to.
func (f *Feature) remindTarget(t *engine.Turn, n *notice, g *target) (r reminded, err error) {
	if g.Closed || g.Prompt == 0 {
		return r, engine.Complain("notice.closed_already", "Number", g.number())
	}
	now, err := count(t.Tx, n, g)
	if err != nil {
		return r, err
	}
	there, err := g.arrived(t.Tx)
	if err != nil {
		return r, err
	}
	switch {
	case now.Missing() == 0:
		return r, engine.Complain("notice.nobody_missing", "Number", g.number())
	case !there:
		return r, engine.Complain("notice.not_there_yet", "Number", g.number())
	case g.Reminders >= f.Reminders():
		return r, engine.Complain("notice.reminded_enough", "Number", g.number(), "Max", f.Reminders())
	}
	local := t.Now.In(t.Unit.Zone)
	if !n.Urgent && f.Quiet().Contains(local) {
		r.at = f.Quiet().End(local)
		if !r.at.Before(n.closing()) {
			return r, engine.Complain("notice.quiet_to_the_end", "Number", g.number())
		}
		return r, t.At(r.at, "notice", "step", step{Kind: "later", Notice: n.ID, After: g.Unit}.ref(), laterKey(n, g))
	}
	if err := g.reminded(t.Tx, n.ID); err != nil {
		return r, err
	}
	return f.tellMissing(t, n, g, now.Missing())
}

func laterKey(n *notice, g *target) string { return fmt.Sprintf("notice:later:%d:%s", n.ID, g.Unit) }

// remindLater sends a reminder that the quiet hours put off.
func (f *Feature) remindLater(t *engine.Turn, s step) error {
	t, n, g, err := waitingIn(t, s)
	if err != nil || g == nil {
		return err
	}
	_, err = f.remindTarget(t, n, g)
	return unlessComplaint(err)
}

// unlessComplaint drops a reason not to do something that nobody asked for now.
func unlessComplaint(err error) error {
	var c *engine.Complaint
	if errors.As(err, &c) {
		return nil
	}
	return err
}

// tellMissing reminds in private, and by one line in the group for those who
// are not reached there.
func (f *Feature) tellMissing(t *engine.Turn, n *notice, g *target, open int) (r reminded, err error) {
	who, away, err := reachable(t, n, g, open)
	if err != nil {
		return r, err
	}
	if r, err = f.remindAll(t, n, g, who, len(away)); err != nil {
		return r, err
	}
	return r, f.remindAwake(t, n, g, away)
}

// remindAll tells members in private, and those who are not reached there by one line in
// the group. away are others who are told later.
func (f *Feature) remindAll(t *engine.Turn, n *notice, g *target, who []reader, away int) (r reminded, err error) {
	cause, unit := remindCause(n, g, t.Now), t.Lang
	r.away = away
	for _, m := range who {
		if t.Lang = unit; m.Language != "" {
			t.Lang = m.Language
		}
		msg := chat.Text(t.T("notice.reminder", "Number", g.number(), "Until", n.until(t), "Text", n.body(t.Lang)))
		msg.Buttons = ackButton(t, g)
		msg.Hint = t.T("notice.hint_private", "Code", g.Code)
		told, err := t.TellAs(&m.Member, engine.Private{Message: msg, Cause: cause})
		if err != nil {
			return r, err
		}
		if err := noteReminded(t.Tx, n.ID, g.Unit, m.ID); err != nil {
			return r, err
		}
		if told {
			r.private++
		} else {
			r.group++
		}
	}
	t.Lang = unit
	if r.private == 0 {
		return r, f.remindGroup(t, n, g, r.group)
	}
	s := step{Kind: "reminded", Notice: n.ID, After: g.Unit, Cause: cause, Group: r.group, Away: away}
	return r, t.At(t.Now.Add(engine.ReceiptsWithin), "notice", "step", s.ref(), cause)
}

// remindGroup tells a group how many are missing, without names.
func (f *Feature) remindGroup(t *engine.Turn, n *notice, g *target, missing int) error {
	if missing == 0 {
		return nil
	}
	msg := chat.Text(t.T("notice.reminder_group", "Number", g.number(), "Missing", missing, "Until", n.until(t)))
	msg.Buttons = ackButton(t, g)
	err := f.showInGroup(t, n, engine.Post{Class: outbox.Push, Message: msg, Prompt: g.Prompt, About: about(t, "reminder", g, nil)})
	return err
}

// reachable are the missing whom a reminder may reach now, and those who are to
// be left in peace. An urgent notice leaves nobody.
func reachable(t *engine.Turn, n *notice, g *target, open int) (who, away []reader, err error) {
	all, err := missing(t.Tx, n.ID, g.Unit, open)
	if err != nil || n.Urgent {
		return all, nil, err
	}
	reasons, err := t.AwayAll(t.Now, t.Now.Add(time.Millisecond))
	if err != nil {
		return nil, nil, err
	}
	for _, m := range all {
		if reasons[m.ID] == "" {
			who = append(who, m)
		} else {
			away = append(away, m)
		}
	}
	return who, away, nil
}

// remindAwake sets timers for when those who are away may be reminded, if that
// is before the close.
func (f *Feature) remindAwake(t *engine.Turn, n *notice, g *target, away []reader) error {
	for _, m := range away {
		at, err := f.awake(t, &m.Member, t.Now)
		if err != nil {
			return err
		}
		if !at.Before(n.closing()) {
			continue
		}
		s := step{Kind: "wake", Notice: n.ID, After: g.Unit, Since: t.Now.UnixMilli()}
		key := fmt.Sprintf("notice:wake:%d:%s:%d:%d", n.ID, g.Unit, s.Since, at.UnixMilli())
		if err := t.At(at, "notice", "step", s.ref(), key); err != nil {
			return err
		}
	}
	return nil
}

// awake is when a member may be reminded from an instant on.
func (f *Feature) awake(t *engine.Turn, m *engine.Member, since time.Time) (time.Time, error) {
	at, _, err := t.Waking(m, since)
	return f.Quiet().End(at.In(t.Unit.Zone)), err
}

// remindWoken reminds those who were away at a reminder and may be told now.
func (f *Feature) remindWoken(t *engine.Turn, s step, due time.Time) error {
	t, n, g, err := waitingIn(t, s)
	if err != nil || g == nil {
		return err
	}
	now, err := count(t.Tx, n, g)
	if err != nil {
		return err
	}
	who, _, err := reachable(t, n, g, now.Missing())
	if err != nil {
		return err
	}
	var woken []reader
	for _, m := range who {
		at, err := f.awake(t, &m.Member, time.UnixMilli(s.Since))
		if err != nil {
			return err
		}
		if at.Equal(due) {
			woken = append(woken, m)
		}
	}
	_, err = f.remindAll(t, n, g, woken, 0)
	return err
}

// The reminder before the deadline comes an hour before, for a notice that is
// open for three hours at least.
const (
	remindBefore = time.Hour
	remindFrom   = 3 * time.Hour
)

// reminderTime is when the members are reminded by itself: after quiet hours
// if there is time left then, else before they begin. false: not at all.
func (f *Feature) reminderTime(t *engine.Turn, n *notice) (time.Time, bool) {
	if n.ClosesAt.IsZero() || n.ClosesAt.Sub(t.Now) < remindFrom || f.Reminders() < 1 {
		return time.Time{}, false
	}
	quiet := f.Quiet()
	at := n.ClosesAt.Add(-remindBefore).In(t.Unit.Zone)
	if end := quiet.End(at); n.ClosesAt.Sub(end) >= 10*time.Minute {
		return end, true
	}
	for quiet.Contains(at) {
		at = at.Add(-10 * time.Minute)
	}
	return at, at.Sub(t.Now) >= time.Hour
}
