package notice

import (
	"encoding/json"
	"errors"
	"fmt"
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

// send is /通知 [回执] [紧急] [截止 18:00] [下级 | 至 …] TEXT.
func (f *Feature) send(t *engine.Turn, line command.Line) error {
	o, err := read(line.Args, t.Now.In(t.Unit.Zone), t.Lang)
	if err != nil {
		return err
	}
	if o.left != "" && !o.urgent {
		if asked, err := t.AskFirst(line, t.T("engine.ask_left", "Word", o.left), o.preview(t)); asked || err != nil {
			return err
		}
	}
	return f.give(t, o)
}

// preview is what an order would send, for its author.
func (o *order) preview(t *engine.Turn) chat.Message {
	text := o.text
	if o.ack {
		text += "\n" + t.T("notice.preview_ack")
	}
	if !o.closesAt.IsZero() {
		text += "\n" + t.T("notice.preview_until", "Until", schedules.Deadline(o.closesAt, t.Now, t.Unit.Zone, t.Lang))
	}
	return chat.Text(text)
}

// give sends what an order says.
func (f *Feature) give(t *engine.Turn, o order) error {
	n, err := ordered(t, o)
	if err != nil {
		return err
	}
	if err := useDrafts(t.Tx, t.Member.ID, o.form); err != nil {
		return err
	}
	to, err := reach(t, n)
	if err != nil {
		return err
	}
	if n.Urgent || f.Quiet().Contains(t.Now.In(t.Unit.Zone)) || (n.Relayed || to.Missed() > 0) && o.seen != to.Figures() {
		return f.confirm(t, n, to)
	}
	if err := f.dispatch(t.In(t.Unit), n, ""); err != nil {
		return err
	}
	if n.Relayed {
		return nil // its origin is told when all have it
	}
	return saySent(t, n, to)
}

// ordered is the notice that an order of t.Member asks for, with his drafts.
func ordered(t *engine.Turn, o order) (n *notice, err error) {
	n = &notice{Unit: t.Unit.ID, Author: t.Member.ID, Text: o.text, Ack: o.ack, Urgent: o.urgent, ClosesAt: o.closesAt,
		Units: []string{t.Unit.ID}}
	if n.Files, err = drafts(t.Tx, t.Member.ID, o.form); err != nil {
		return nil, err
	}
	if n.Text == "" {
		if len(n.Files) == 0 {
			return nil, engine.Complain("notice.how")
		}
		n.Text = t.In(t.Unit).T("notice.see_files")
	}
	if o.below || len(o.to) > 0 {
		n.Relayed = true
		n.Units, err = below(t, o)
	}
	return n, err
}

// below are the units that an order names.
func below(t *engine.Turn, o order) ([]string, error) {
	all, byName, err := branches(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	if len(byName) == 0 {
		return nil, engine.Complain("notice.nothing_below", "Unit", t.Unit.Name)
	}
	if o.below {
		return all, nil
	}
	var units []string
	seen := map[string]bool{}
	for _, name := range o.to {
		id := byName[name]
		if id == "" {
			return nil, engine.Complain("notice.unknown_unit", "Name", chat.CleanName(name))
		}
		if !seen[id] {
			units = append(units, id)
		}
		seen[id] = true
	}
	return units, nil
}

// confirmWithin is how long an answer of the author is waited for.
const confirmWithin = 30 * time.Minute

// confirm asks the author once more before a notice is sent that is urgent, goes to
// units below or may not reach everybody; or one in quiet hours, which can wait for
// their end.
func (f *Feature) confirm(t *engine.Turn, n *notice, to Reach) error {
	if err := ready(t, n); err != nil {
		return err
	}
	quiet := f.Quiet().Contains(t.Now.In(t.Unit.Zone))
	if !quiet {
		if err := f.limit(t, n); err != nil { // it would not go out
			return err
		}
	}
	n.State = asked
	if err := n.insert(t.Tx); err != nil {
		return err
	}
	if err := t.At(t.Now.Add(confirmWithin), "notice", "step", step{Kind: "asked", Notice: n.ID}.ref(), key("asked", n.ID)); err != nil {
		return err
	}
	button := func(verb, label string) chat.Button {
		return chat.Button{Label: t.T(label), Data: fmt.Sprintf("notice:%s:%d", verb, n.ID)}
	}
	var text string
	var buttons []chat.Button
	switch {
	case n.Urgent:
		text = t.T("notice.confirm", "Units", len(n.Units), "Text", n.excerpt())
		buttons = []chat.Button{button("send", "notice.confirm_yes"), button("drop", "notice.confirm_no")}
	case quiet:
		text = t.T("notice.quiet", "Text", n.excerpt())
		buttons = []chat.Button{button("send", "notice.quiet_now"), button("drop", "notice.confirm_no")}
		if at := f.Quiet().End(t.Now.In(t.Unit.Zone)); n.ClosesAt.IsZero() || n.ClosesAt.After(at) {
			wait := button("wait", "")
			wait.Label = t.T("notice.quiet_wait", "At", schedules.Instant(at, t.Now, t.Unit.Zone, t.Lang))
			buttons = append([]chat.Button{wait}, buttons...)
		}
	default:
		text = t.T("notice.check", "Text", n.excerpt())
		if n.Relayed {
			text = t.T("notice.check_below", "N", len(n.Units), "Text", n.excerpt())
		}
		buttons = []chat.Button{button("send", "notice.check_yes"), button("drop", "notice.check_no")}
	}
	return askAuthor(t, text+"\n"+to.Text(t.Lang), to.Whom(t.Lang), buttons)
}

// askAuthor asks the sender in private; who is not reached there is asked where he spoke,
// without the names.
func askAuthor(t *engine.Turn, text, names string, buttons []chat.Button) error {
	private := t.Private()
	if !private {
		var err error
		if private, err = t.Reaches(t.Member.ID); err != nil {
			return err
		}
	}
	if private && names != "" {
		text += "\n" + names
	}
	m := chat.Text(text)
	m.Buttons = [][]chat.Button{buttons}
	if !private {
		return t.Reply(m)
	}
	return t.TellSender(m)
}

// unanswered drops a notice about which its author was asked in vain, and tells him.
func (f *Feature) unanswered(t *engine.Turn, id int64) error {
	n, err := load(t.Tx, id)
	if err != nil || n == nil || n.State != asked {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	if err := n.setState(t.Tx, recalled); err != nil {
		return err
	}
	return tellAuthor(t, n, engine.Private{Message: chat.Text(t.T("notice.unanswered", "Text", n.excerpt()))})
}

// excerpt is the beginning of the text, for those who know it or can scroll.
func (n *notice) excerpt() string {
	r := []rune(strings.Join(strings.Fields(n.Text), " "))
	if len(r) <= 60 {
		return string(r)
	}
	return string(r[:60]) + "…"
}

// Press implements engine.Presser: the word on an urgent notice, and files that
// are not wanted after all.
func (f *Feature) Press(t *engine.Turn, data string) error {
	verb, number, _ := strings.Cut(data, ":")
	if verb == "files" {
		if err := forgetDrafts(t.Tx, t.Member.ID, ""); err != nil {
			return err
		}
		return t.Say("notice.files_dropped")
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	if verb == "again" {
		return f.again(t, id)
	}
	n, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if n == nil || n.Author != t.Member.ID || n.State != waiting && (n.State != asked || t.Now.Sub(n.CreatedAt) > confirmWithin) {
		return engine.Complain("engine.old_button")
	}
	if err := t.Lock(n.Unit); err != nil {
		return err
	}
	if err := t.Cancel(key("asked", n.ID)); err != nil {
		return err
	}
	switch verb {
	case "wait":
		return f.wait(t, n)
	case "drop":
		if err := n.setState(t.Tx, recalled); err != nil {
			return err
		}
		if len(n.Files) > 0 {
			return t.Say("notice.dropped_files")
		}
		return t.Say("notice.dropped")
	}
	if err := f.sendAsked(t, n, t.Member); err != nil || n.Relayed {
		return err
	}
	to, err := reach(t, n)
	if err != nil {
		return err
	}
	return saySent(t, n, to)
}

// sendAsked sends a notice that its author was asked about, if he still may.
func (f *Feature) sendAsked(t *engine.Turn, n *notice, author *engine.Member) error {
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	role, err := t.Directory().Role(t.Tx, author, n.Unit)
	if err != nil {
		return err
	}
	if role < engine.Secretary {
		return &engine.Skip{Key: "notice.not_yours"}
	}
	there, err := t.Into(u)
	if err != nil {
		return err
	}
	return f.dispatch(there, n, "")
}

// wait puts a notice off to the end of the quiet hours. Until then its author
// can send it all the same, or drop it.
func (f *Feature) wait(t *engine.Turn, n *notice) error {
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	at := f.Quiet().End(t.Now.In(u.Zone))
	if err := n.setState(t.Tx, waiting); err != nil {
		return err
	}
	if err := t.In(u).At(at, "notice", "step", step{Kind: "start", Notice: n.ID}.ref(), key("start", n.ID)); err != nil {
		return err
	}
	return t.Say("notice.quiet_waits", "At", schedules.Instant(at, t.Now, u.Zone, t.Lang))
}

// start sends a notice that waited, and tells its author, also when it could not
// be sent.
func (f *Feature) start(t *engine.Turn, id int64) error {
	n, err := load(t.Tx, id)
	if err != nil || n == nil || n.State != waiting {
		return err
	}
	author, err := roster.Member(t.Tx, n.Author)
	if err != nil || author == nil {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	err = f.sendAsked(t, n, author)
	var no *engine.Skip
	switch {
	case errors.As(err, &no):
		text := t.T("notice.not_sent", "Reason", t.T(no.Key, no.Args...), "Text", n.excerpt())
		return errors.Join(n.setState(t.Tx, recalled), tellAuthor(t, n, engine.Private{Message: chat.Text(text)}))
	case err != nil || n.Relayed:
		return err
	}
	g, err := targetOf(t.Tx, n.ID, n.Unit)
	if err != nil || g == nil {
		return err
	}
	to, err := reach(t, n)
	if err != nil {
		return err
	}
	return tellSending(t, n, g, sending(t, g, to), "")
}

// receipts is the cause of a notice's messages.
func (n *notice) receipts() string { return fmt.Sprintf("%snotice:%d", engine.ReceiptsOf, n.ID) }

// tellSending tells who sent a notice that it is on its way, and how many have got it
// once that is known.
func tellSending(t *engine.Turn, n *notice, g *target, text, more string) error {
	if err := tellAuthor(t, n, engine.Private{Message: chat.Text(text + more), Thread: n.receipts()}); err != nil {
		return err
	}
	return t.CountReceipts(n.receipts(), about(t, "notice", g, nil), more)
}

// ready tells why a notice cannot be sent, if it cannot.
func ready(t *engine.Turn, n *notice) error {
	if !n.ClosesAt.IsZero() && !n.ClosesAt.After(t.Now) {
		return &engine.Skip{Key: "notice.too_late"}
	}
	if n.Relayed {
		return nil // a branch without a group is told to the origin
	}
	if groups, err := t.Directory().Groups(t.Tx, n.Unit); err != nil || len(groups) > 0 {
		return err
	}
	to, err := reach(t, n)
	if err == nil && to.Missed() == to.People {
		err = &engine.Skip{Key: "engine.no_chat"}
	}
	return err
}

// limit tells that the unit has had enough notices today, unless this one is urgent.
func (f *Feature) limit(t *engine.Turn, n *notice) error {
	if n.Urgent {
		return nil
	}
	had, err := sentOn(t.Tx, n.Unit, year(t), t.Day())
	if most := f.PerDay(); err == nil && had >= most {
		err = &engine.Skip{Key: "notice.limit", Args: []any{"Had", had, "Max", most}, Brief: "notice.enough"}
	}
	return err
}

// dispatch numbers a notice and sends it on its way. t is in its unit.
func (f *Feature) dispatch(t *engine.Turn, n *notice, cause string) error {
	if err := ready(t, n); err != nil {
		return err
	}
	if err := f.limit(t, n); err != nil {
		return err
	}
	numbered := n.Units
	if n.Relayed {
		numbered = append([]string{n.Unit}, numbered...)
	}
	if err := t.Lock(numbered...); err != nil {
		return err
	}
	if err := n.begin(t.Tx); err != nil {
		return err
	}
	err := t.Tx.Together(len(numbered), func(i int) error {
		return insertTarget(t.Tx, n.ID, numbered[i], year(t), t.Day())
	})
	if err != nil {
		return err
	}
	if cause == "" {
		cause = n.receipts()
	}
	if n.Ack {
		if err := f.plan(t, n); err != nil {
			return err
		}
	}
	return f.sweep(t, step{Kind: "post", Notice: n.ID, Cause: cause})
}

// closing is when a notice stops taking acknowledgements.
func (n *notice) closing() time.Time {
	switch {
	case !n.ClosesAt.IsZero():
		return n.ClosesAt
	case n.Urgent:
		return n.CreatedAt.Add(urgentLife)
	}
	return n.CreatedAt.Add(life)
}

// repeatAfter is when an urgent notice is repeated, if the deadline allows.
const repeatAfter = 30 * time.Minute

// plan sets the timers of a notice that asks for acknowledgement.
func (f *Feature) plan(t *engine.Turn, n *notice) error {
	end := n.closing()
	if err := t.At(end, "notice", "close", step{Kind: "close", Notice: n.ID}.ref(), key("close", n.ID)); err != nil {
		return err
	}
	if n.Urgent {
		at := t.Now.Add(min(repeatAfter, end.Sub(t.Now)/2))
		return t.At(at, "notice", "step", step{Kind: "repeat", Notice: n.ID}.ref(), key("repeat", n.ID))
	}
	at, ok := f.reminderTime(t, n)
	if !ok {
		return nil
	}
	return t.At(at, "notice", "step", step{Kind: "auto", Notice: n.ID}.ref(), key("auto", n.ID))
}

func key(kind string, id int64) string { return fmt.Sprintf("notice:%s:%d", kind, id) }

// step is something that is done for each unit of a notice.
type step struct {
	Kind    string // post, close, auto, remind, repeat, correct, again, recall; of the whole start, asked; in one unit later: a reminder put off, wake: that of those who were away; reminded: what follows a reminder in private; corrected: what its readers hear of a correction
	Notice  int64
	After   string // the last unit that is done with; of later and wake: the unit
	Cause   string
	Since   int64   `json:",omitempty"` // of wake: when the others were reminded, in ms
	Group   int     `json:",omitempty"` // of reminded: how many the line in the group is for
	Away    int     `json:",omitempty"` // of reminded: how many are told later
	Again   bool    `json:",omitempty"` // of correct and corrected: they are asked anew
	Readers []int64 `json:",omitempty"` // of corrected
}

func (s step) ref() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // only strings and a number
	}
	return string(text)
}

// chunk is how many units are dealt with in one transaction, so that a notice
// to thousands holds nobody up.
const chunk = 250

// sweep does a step for the next units; a timer goes on with the rest.
func (f *Feature) sweep(t *engine.Turn, s step) error {
	n, err := load(t.Tx, s.Notice)
	if err != nil || n == nil {
		return err
	}
	if n.State == recalled && s.Kind != "recall" {
		return nil
	}
	origin, err := originOf(t, n)
	if err != nil {
		return err
	}
	targets, err := targetsAfter(t.Tx, n, s.After, chunk)
	if err != nil {
		return err
	}
	units := []string{n.Unit}
	for _, g := range targets {
		units = append(units, g.Unit)
	}
	if err := t.Lock(units...); err != nil {
		return err
	}
	err = t.Tx.Together(len(targets), func(i int) error {
		g := &targets[i]
		u, err := t.Directory().Unit(t.Tx, g.Unit)
		if err != nil {
			return fmt.Errorf("unit %s: %w", g.Unit, err)
		}
		if err := f.do(t.In(u).For(n.Author), s, n, g, origin); err != nil {
			return fmt.Errorf("notice %d, %s in %s: %w", n.ID, s.Kind, g.Unit, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(targets) == chunk {
		s.After = targets[chunk-1].Unit
		return t.At(t.Now, "notice", "step", s.ref(), key(s.Kind+":more", n.ID))
	}
	return f.done(t, s, n)
}

// do does a step in one unit, which t is in.
func (f *Feature) do(t *engine.Turn, s step, n *notice, g *target, origin *source) error {
	switch s.Kind {
	case "post":
		return f.post(t, n, g, origin, s.Cause)
	case "close":
		return f.closeTarget(t, n, g)
	case "auto", "remind":
		_, err := f.remindTarget(t, n, g)
		return unlessComplaint(err) // of many units, those with a reason not to are left out
	case "repeat":
		return f.repeat(t, n, g, origin)
	case "correct":
		return f.postCorrection(t, n, g, origin, s)
	case "again":
		return f.askAgain(t, n, g)
	case "recall":
		return f.postRecall(t, n, g)
	}
	return fmt.Errorf("there is no step %q", s.Kind)
}

// done ends a step when it is done in all units.
func (f *Feature) done(t *engine.Turn, s step, n *notice) error {
	if s.Kind == "close" {
		if err := n.setState(t.Tx, closed); err != nil {
			return err
		}
	}
	if !n.Relayed || s.Kind != "close" && s.Kind != "post" {
		return nil
	}
	u, err := t.Directory().Unit(t.Tx, n.Unit)
	if err != nil {
		return err
	}
	return f.tellOrigin(t.In(u), s, n)
}

// post sends a notice to a unit's chats and begins to wait there.
func (f *Feature) post(t *engine.Turn, n *notice, g *target, origin *source, cause string) error {
	if n.Ack {
		var err error
		if g.Due, err = insertReaders(t.Tx, n, g.Unit); err != nil {
			return err
		}
		p, err := t.Open("notice", strconv.FormatInt(n.ID, 10), command.Want{Kind: command.Acknowledge}, n.closing())
		if err != nil {
			return err
		}
		g.Prompt, g.Code = p.ID, p.Code
	}
	var err error
	g.Chats, err = f.show(t, n, engine.Post{Class: outbox.Notice, Message: message(t, n, g, origin), Prompt: g.Prompt, Cause: cause, Thread: n.thread(),
		About: about(t, "notice", g, origin), Unit: n.Unit})
	if err != nil {
		return err
	}
	return g.posted(t.Tx, n.ID)
}

// repeat sends an urgent notice once more while somebody is missing.
func (f *Feature) repeat(t *engine.Turn, n *notice, g *target, origin *source) error {
	if g.Closed {
		return nil
	}
	now, err := count(t.Tx, n, g)
	if err != nil || now.Missing() == 0 {
		return err
	}
	m := message(t, n, g, origin)
	m.Spans = append([]chat.Span{{Text: t.T("notice.repeat") + "\n", Style: chat.Bold}}, m.Spans...)
	_, err = f.show(t, n, engine.Post{Class: outbox.Notice, Message: m, Prompt: g.Prompt, Thread: n.thread(),
		About: about(t, "notice", g, origin), Unit: n.Unit})
	return err
}

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	if tm.Kind == "count" {
		return f.postCount(t, tm.Ref)
	}
	var s step
	if err := json.Unmarshal([]byte(tm.Ref), &s); err != nil {
		return fmt.Errorf("notice step %q: %w", tm.Ref, err)
	}
	switch s.Kind {
	case "start":
		return f.start(t, s.Notice)
	case "asked":
		return f.unanswered(t, s.Notice)
	case "reminded":
		return f.afterReminding(t, s)
	case "later":
		return f.remindLater(t, s)
	case "recount":
		return f.recountParts(t, s)
	case "corrected":
		return f.correctedLater(t, s)
	case "wake":
		return f.remindWoken(t, s, tm.Due)
	}
	return f.sweep(t, s)
}
