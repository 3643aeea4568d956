package notice

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/schedules"
)

// listed bounds the names, listedParts the units in one message.
const (
	listed      = 200
	listedParts = 50
)

// missing is /未读 [n]: names to the unit's secretary, totals to the origin.
func (f *Feature) missing(t *engine.Turn, line command.Line) error {
	n, g, err := f.named(t, line.Args)
	if err != nil {
		return err
	}
	if n.State == recalled {
		return engine.Complain("notice.recalled_already", "Number", g.number())
	}
	if n.Relayed && n.Unit == t.Unit.ID {
		return f.showParts(t, n, g)
	}
	if !n.Ack {
		return engine.Complain("notice.no_ack", "Number", g.number())
	}
	text, err := list(t, n, g)
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(text))
}

// list tells how a unit stands with a notice, with the names of those who are
// missing.
func list(t *engine.Turn, n *notice, g *target) (string, error) {
	now, err := count(t.Tx, n, g)
	if err != nil {
		return "", err
	}
	text := t.T("notice.stands", "Number", g.number(), "Due", now.Due, "Done", now.Done)
	late, err := lateIn(t.Tx, n, g.Unit)
	if err != nil {
		return "", err
	}
	if late > 0 {
		text += t.T("notice.stands_late", "InTime", now.Done-late)
	}
	text += told(t, now)
	open := now.Missing()
	switch {
	case open == 0 && now.Told > 0:
		return text + t.T("notice.all_known"), nil
	case open == 0:
		return text + t.T("notice.all_done"), nil
	}
	who, err := missing(t.Tx, n.ID, g.Unit, listed)
	if err != nil {
		return "", err
	}
	namesakes, err := roster.Namesakes(t.Tx, g.Unit)
	if err != nil {
		return "", err
	}
	for i := range who { // shown from here on
		who[i].Name = namesakes.Called(&who[i].Member)
	}
	if n.Urgent {
		return text + t.T("notice.missing_phones", "Missing", open) + "\n" + phones(t, who, open), nil
	}
	ids := make([]int64, len(who))
	for i, r := range who {
		ids[i] = r.ID
	}
	away, err := t.AwayAmong(ids, t.Now)
	if err != nil {
		return "", err
	}
	names := make([]string, len(who))
	for i, r := range who {
		names[i] = r.Name
		if reason := away[r.ID]; reason != "" {
			names[i] += t.T("notice.away_mark", "Reason", t.T(reason))
		}
	}
	text += t.T("notice.missing", "Missing", open, "Names", strings.Join(names, t.T("engine.list_comma")))
	if open > len(who) {
		text += t.T("notice.and_more", "Rest", open-len(who))
	}
	asked, err := t.Asked(g.Prompt)
	if err != nil {
		return "", err
	}
	var near []string
	for i, r := range who {
		if asked[r.ID] {
			near = append(near, names[i])
		}
	}
	if len(near) > 0 {
		text += "\n" + t.T("engine.asked_of", "Names", strings.Join(near, t.T("engine.list_comma")))
	}
	return text, nil
}

// told says how many were told by telephone; "" when none.
func told(t *engine.Turn, n Tally) string {
	if n.Told == 0 {
		return ""
	}
	return t.T("notice.stands_told", "Told", n.Told)
}

// phones are names with their telephone numbers, one a line.
func phones(t *engine.Turn, who []reader, open int) string {
	lines := make([]string, len(who))
	for i, r := range who {
		phone := r.Phone
		if phone == "" {
			phone = t.T("notice.no_phone")
		}
		lines[i] = r.Name + " " + phone
	}
	text := strings.Join(lines, "\n")
	if open > len(who) {
		text += "\n" + t.T("notice.and_more", "Rest", open-len(who))
	}
	return text
}

// showParts tells the origin how its units stand, without names.
func (f *Feature) showParts(t *engine.Turn, n *notice, g *target) error {
	all, err := parts(t.Tx, n)
	if err != nil {
		return err
	}
	s := sum(all)
	if !n.Ack {
		return t.TellSender(chat.Text(t.T("notice.sent_to", "Number", g.number(), "Units", len(all)) + without(t, all)))
	}
	lines := []string{t.T("notice.parts", "Number", g.number(), "Units", len(all), "Due", s.Due, "Done", s.Done)}
	for i, p := range all {
		if i == listedParts {
			lines = append(lines, t.T("notice.parts_more", "Rest", len(all)-i))
			break
		}
		lines = append(lines, t.T("notice.part", "Unit", p.Name, "Done", p.Done, "Due", p.Due))
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

func sum(all []part) (s Tally) {
	for _, p := range all {
		s = s.plus(p.Tally)
	}
	return s
}

// without names the units that a notice could not reach.
func without(t *engine.Turn, all []part) string {
	var names []string
	for _, p := range all {
		if p.Chats == 0 {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	rest := ""
	if n := len(names) - listedParts; n > 0 {
		names, rest = names[:listedParts], t.T("notice.and_more", "Rest", n)
	}
	return "\n" + t.T("notice.no_chats", "Names", strings.Join(names, t.T("engine.list_comma"))) + rest
}

// saySent tells the sender the number of his notice, which is on its way, and whom it
// reaches. In a group the notice itself says it.
func saySent(t *engine.Turn, n *notice, to Reach) error {
	if !t.Private() {
		return nil
	}
	g, err := targetOf(t.Tx, n.ID, n.Unit)
	if err != nil || g == nil {
		return err
	}
	if err := t.TellSenderIn(n.receipts(), chat.Text(sending(t, g, to))); err != nil {
		return err
	}
	return t.CountReceipts(n.receipts(), about(t, "notice", g, nil), "")
}

func sending(t *engine.Turn, g *target, to Reach) string {
	return t.T("notice.sending", "Number", g.number(), "Reach", to.Text(t.Lang))
}

// tellOrigin tells the origin what a step in the units below has come to:
// totals, no names.
func (f *Feature) tellOrigin(t *engine.Turn, s step, n *notice) error {
	g, err := targetOf(t.Tx, n.ID, n.Unit)
	if err != nil || g == nil {
		return err
	}
	all, err := parts(t.Tx, n)
	if err != nil {
		return err
	}
	if s.Kind == "post" {
		return tellSending(t, n, g, t.T("notice.sending_to", "Number", g.number(), "Units", len(all)), without(t, all))
	}
	total, open := sum(all), 0
	for _, p := range all {
		if p.Missing() > 0 {
			open++
		}
	}
	mark := ""
	if s.Kind == "recount" {
		mark = t.T("engine.corrected")
	}
	return t.TellSecretaries(chat.Text(mark + t.T("notice.parts_closed", "Number", g.number(), "Units", len(all), "Due", total.Due,
		"Done", total.Done, "Open", open, "Seq", g.Seq)))
}

// tellAuthor tells who sent a notice; the secretaries when that was a schedule
// or he is not reached in private.
func tellAuthor(t *engine.Turn, n *notice, p engine.Private) error {
	if n.Author != 0 {
		who, err := roster.Member(t.Tx, n.Author)
		if err != nil {
			return err
		}
		p.Cause = t.ForSecretaries()
		if told, err := t.TellAs(who, p); told || err != nil {
			return err
		}
	}
	return t.TellSecretaries(p.Message)
}

// postCount raises the count of a unit: ref is NOTICE:UNIT.
func (f *Feature) postCount(t *engine.Turn, ref string) error {
	number, unit, _ := strings.Cut(ref, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("notice %q: %w", ref, err)
	}
	n, err := load(t.Tx, id)
	if err != nil || n == nil {
		return err
	}
	g, err := targetOf(t.Tx, id, unit)
	if err != nil || g == nil || g.Closed {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	now, err := count(t.Tx, n, g)
	if err != nil {
		return err
	}
	text := t.T("notice.count", "Number", g.number(), "Done", now.Done, "Due", now.Due)
	in, err := branchOf(t)
	if err != nil || in == nil {
		return errors.Join(err, t.PostCount("notice-count:"+ref, text, now.Done, now.Due))
	}
	if out, err := f.outsiders(t, n); err != nil || len(out) == 0 {
		return err
	}
	return in.PostCount("notice-count:"+ref, t.T("notice.group_head", "Unit", t.Unit.Name)+text, now.Done, now.Due)
}

// Close implements engine.Closer.
func (f *Feature) Close(t *engine.Turn, p engine.Prompt) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return err
	}
	n, err := load(t.Tx, id)
	if err != nil || n == nil {
		return err
	}
	g, err := targetOf(t.Tx, id, p.Unit)
	if err != nil || g == nil || g.Closed {
		return err
	}
	if err := f.closeTarget(t.In(t.Unit), n, g); err != nil || n.Relayed {
		return err
	}
	return f.stop(t, n, closed)
}

// stop ends a notice as a whole, with its timers.
func (f *Feature) stop(t *engine.Turn, n *notice, s state) error {
	if err := t.Cancel(key("close", n.ID), key("auto", n.ID), key("repeat", n.ID)); err != nil {
		return err
	}
	return n.setState(t.Tx, s)
}

// closeTarget ends the waiting in a unit, which t is in.
func (f *Feature) closeTarget(t *engine.Turn, n *notice, g *target) error {
	if g.Closed || g.Prompt == 0 {
		return nil
	}
	there, err := g.arrived(t.Tx)
	if err != nil {
		return err
	}
	if err := f.endWaiting(t, n, g); err != nil {
		return err
	}
	if !there { // nobody can have read it
		return f.tellOwn(t, n, chat.Text(t.T("notice.closed_unseen", "Number", g.number())))
	}
	now, err := count(t.Tx, n, g)
	if err != nil {
		return err
	}
	away, err := awayThroughout(t, n, g)
	if err != nil {
		return err
	}
	text := t.T("notice.closed", "Number", g.number(), "Due", now.Due, "Done", now.Done, "Told", told(t, now), "Missing", now.Missing(), "Away", away)
	if err := f.showInGroup(t, n, engine.Post{Class: outbox.Digest, Message: chat.Text(text), Thread: countThread(n, g),
		About: about(t, "notice_result", g, nil)}); err != nil || now.Missing() == 0 {
		return err
	}
	names, err := list(t, n, g)
	if err != nil {
		return err
	}
	return f.tellOwn(t, n, chat.Text(names))
}

// Recount implements engine.Recounter. The origin of a relayed notice hears of it once for
// all its units.
func (f *Feature) Recount(t *engine.Turn, p engine.Prompt, late int) error {
	id, err := strconv.ParseInt(p.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %d: notice %q: %w", p.ID, p.Ref, err)
	}
	n, err := load(t.Tx, id)
	if err != nil || n == nil || n.State == recalled {
		return err
	}
	g, err := targetOf(t.Tx, id, p.Unit)
	if err != nil || g == nil {
		return err
	}
	now, err := count(t.Tx, n, g)
	if err != nil {
		return err
	}
	line := t.T("notice.recounted", "Number", g.number(), "Due", now.Due, "Done", now.Done, "Told", told(t, now), "Missing", now.Missing(), "Late", late)
	if err := t.PostCorrection(p, line, t.T("notice.about.notice_result", "Number", g.number())); err != nil {
		return err
	}
	names, err := list(t, n, g)
	if err != nil {
		return err
	}
	if err := f.tellOwn(t, n, chat.Text(t.T("engine.corrected")+names)); err != nil || !n.Relayed {
		return err
	}
	return t.At(t.Now.Add(recountAfter), "notice", "step", step{Kind: "recount", Notice: n.ID}.ref(), key("recount", n.ID))
}

// recountAfter is how long it is waited for the corrections of more units.
const recountAfter = time.Minute

// recountParts tells the origin of a relayed notice what its units have come to after their
// corrections.
func (f *Feature) recountParts(t *engine.Turn, s step) error {
	n, err := load(t.Tx, s.Notice)
	if err != nil || n == nil || n.State != closed {
		return err // else its close tells it
	}
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	return f.tellOrigin(t, s, n)
}

// awayThroughout tells how many of those who are missing could not be asked from
// the notice on up to now; "" when none.
func awayThroughout(t *engine.Turn, n *notice, g *target) (string, error) {
	away, err := t.AwayAll(n.CreatedAt, t.Now)
	if err != nil {
		return "", err
	}
	count := 0
	for id := range away {
		due, done, told, err := stands(t.Tx, n.ID, g.Unit, id)
		if err != nil {
			return "", err
		}
		if due && !done && !told {
			count++
		}
	}
	if count == 0 {
		return "", nil
	}
	return t.T("notice.closed_away", "Away", count), nil
}

func countThread(n *notice, g *target) string { return fmt.Sprintf("notice-count:%d:%s", n.ID, g.Unit) }

// endWaiting closes a unit's prompt and drops what is planned there.
func (f *Feature) endWaiting(t *engine.Turn, n *notice, g *target) error {
	if g.Closed || g.Prompt == 0 {
		return nil
	}
	if err := t.ClosePrompt(g.Prompt); err != nil {
		return err
	}
	if err := g.close(t.Tx, n.ID); err != nil {
		return err
	}
	if err := t.Cancel(laterKey(n, g)); err != nil {
		return err
	}
	return t.Cancel(fmt.Sprintf("notice:count:%d:%s", n.ID, g.Unit))
}

// tellOwn sends names to the secretaries of the unit itself. Where it has none,
// those of the unit above would be asked; of a relayed notice they get totals
// only.
func (f *Feature) tellOwn(t *engine.Turn, n *notice, m chat.Message) error {
	to, err := t.Directory().Secretaries(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	cause := t.ForSecretaries()
	if n.Relayed {
		cause = t.ForOwnSecretaries()
		above, err := t.Directory().Secretaries(t.Tx, n.Unit)
		if err != nil {
			return err
		}
		to = slices.DeleteFunc(to, func(m engine.Member) bool {
			return slices.ContainsFunc(above, func(a engine.Member) bool { return a.ID == m.ID })
		})
	}
	return t.TellEach(to, engine.Private{Message: m, Cause: cause})
}

// until is the deadline in words.
func (n *notice) until(t *engine.Turn) string {
	return schedules.Deadline(n.closing(), t.Now, t.Unit.Zone, t.Lang)
}
