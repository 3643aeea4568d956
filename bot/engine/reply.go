package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/store"
)

// list finds the prompt of which a message is a list; nil when of none.
func (t *Turn) list() (func() error, error) {
	open, err := t.waiting(nil)
	if err != nil {
		return nil, err
	}
	var fits []Prompt
	for _, p := range open {
		if l, ok := t.work.engine.owners[p.Feature].(Lister); ok && l.Lists(p, t.Event.Text) {
			fits = append(fits, p)
		}
	}
	if len(fits) > 1 {
		quoted, err := t.quoted()
		if err != nil {
			return nil, err
		}
		if quoted != nil && slices.ContainsFunc(fits, func(p Prompt) bool { return p.ID == quoted.ID }) {
			fits = []Prompt{*quoted}
		}
	}
	here := "chat:" + string(t.Event.Account) + ":" + string(t.Event.Chat)
	switch {
	case len(fits) == 0:
		return nil, nil
	case t.Member == nil:
		return t.hint("engine.unknown_sender", here), nil
	case len(fits) > 1:
		return t.hint("engine.which_list", here, "Codes", t.codes(fits)), nil
	}
	t.involved = append(t.involved, fits[0].Unit)
	return func() error {
		if err := t.Enter(fits[0].Unit); err != nil {
			return err
		}
		if err := t.work.engine.owners[fits[0].Feature].(Lister).List(t, fits[0]); err != nil || !fits[0].Closed {
			return err
		}
		return t.cameLate(fits[0], t.Member)
	}, nil
}

func (t *Turn) codes(open []Prompt) string {
	words := make([]string, len(open))
	for i, p := range open {
		words[i] = strconv.Itoa(p.Code)
	}
	return strings.Join(words, t.T("engine.list_comma"))
}

// candidate is a prompt that a message may answer.
type candidate struct {
	prompt  Prompt
	answer  command.Answer
	verdict command.Verdict
}

// done tells whether the sender has done what the candidate says, given whether his
// answer is awaited. How many come to something may change at any time.
func (c candidate) done(awaited bool) bool {
	if c.answer.Value == "withdraw" {
		return awaited
	}
	return !awaited && c.prompt.Want.Kind != command.Join
}

// matches are the candidates of a message, sorted by how well they fit.
type matches struct {
	fits, near, misfits []candidate
}

// reply finds what a message answers; nil when nothing.
func (t *Turn) reply(mentioned bool) (func() error, error) {
	ev := t.Event
	quoted, err := t.quoted()
	if err != nil {
		return nil, err
	}
	open, err := t.waiting(quoted)
	if err != nil {
		return nil, err
	}
	if len(open) == 0 && !ev.Private && !mentioned && ev.ReplyTo == "" {
		if t.Unit == nil || t.Member == nil || !named(ev.Text) {
			return nil, nil
		}
		return t.tooLate(command.Read(ev.Text, t.work.engine.Names...))
	}
	r := command.Read(ev.Text, t.work.engine.Names...)
	if t.Member != nil {
		r.Self = t.Member.Name
	}
	r.Quoted = quoted != nil
	if quoted != nil && !t.Takes(*quoted) {
		r.Addressed = true
		if a, v := r.Match(quoted.Want); v == command.OK && !t.unheard {
			return t.late(*quoted, a), nil
		}
		return nil, nil
	}
	if r.Series != "" {
		if open, err = t.ofSeries(open, r.Series); err != nil {
			return nil, err
		}
		if r.Addressed = len(open) > 0; !r.Addressed {
			return t.tooLate(r)
		}
	}
	known := slices.ContainsFunc(open, func(p Prompt) bool { return p.Code == r.Code })
	byCode, marked := r.Code, r.Marked()
	if byCode != 0 && !known && !marked {
		r = r.Whole()
	}
	r.Addressed = quoted != nil || r.Code != 0 || r.Series != "" || mentioned || ev.Private
	m := t.match(r, open)
	if len(m.fits)+len(m.near) == 0 && r.Code != 0 && !marked { // 3个人 is no answer to number 3
		whole := r.Whole()
		whole.Addressed = quoted != nil || mentioned || ev.Private
		if other := t.match(whole, open); len(other.fits) > 0 {
			m = other
		}
	}
	if len(m.fits) == 0 {
		if all, near := t.pieces(r, open); len(all) > 0 {
			return t.answerAll(all, false), nil
		} else if len(m.near) == 0 {
			m.near = near
		}
	}
	if len(m.fits) > 0 && allWeak(m.fits) { // a bare 1 is the number of a list, if there is one
		if do, err := t.binding(r.Text); do != nil || err != nil {
			return do, err
		}
	}
	if do, err := t.decide(&m); do != nil || err != nil {
		return do, err
	}
	if t.unheard && len(m.fits) > 0 { // nobody has asked anything
		return nil, nil
	}
	if do, err := t.binding(r.Text); do != nil || err != nil {
		return do, err
	}
	if t.unheard {
		return nil, nil
	}
	if byCode != 0 && !known && quoted == nil {
		if do, err := t.tooLate(command.Read(ev.Text, t.work.engine.Names...)); do != nil || err != nil {
			return do, err
		}
	}
	if byCode != 0 && !known && quoted == nil && (ev.Private || mentioned) {
		return func() error { return Complain("engine.no_such_code", "Code", byCode) }, nil
	}
	if do := t.misfit(m.misfits, r.Addressed); do != nil {
		return do, nil
	}
	if !ev.Private && !mentioned && len(m.fits)+len(m.near)+len(m.misfits) == 0 {
		t.work.engine.talked(open, ev.Chat, t.number)
	}
	return nil, nil
}

// match holds a message against what is open. A weak word that is not addressed
// counts near its question only.
func (t *Turn) match(r command.Reply, open []Prompt) (m matches) {
	for _, p := range open {
		meant := r.Code == 0 || r.Quoted || p.Code == r.Code || slices.Contains(r.More, p.Code)
		if !meant || !t.mayMean(p, r.Quoted) {
			continue
		}
		a, v := r.Match(p.Want)
		c := candidate{p, a, v}
		if a.Weak && !r.Addressed && p.Want.Kind != command.Ballot {
			switch closeness := t.closeness(p); {
			case closeness == notKnown && v == command.OK:
				c.verdict = command.Near
			case closeness == longAgo && p.Want.Kind.Question() && v == command.OK:
				c.verdict = command.Near
			case closeness != closeBy && a.Value == "withdraw" && v == command.OK:
				c.verdict = command.Near
			case closeness != closeBy:
				c.verdict = command.NoMatch
			}
		}
		if v == command.Malformed && !r.Addressed && t.closeness(p) == closeBy { // BB, A/B
			c.verdict = command.Near
		}
		switch c.verdict {
		case command.OK:
			m.fits = append(m.fits, c)
		case command.Near:
			m.near = append(m.near, c)
		case command.Malformed, command.Proxy:
			m.misfits = append(m.misfits, c)
		}
	}
	return m
}

// pieces reads a message that says several things: 选B，签到，谢谢. What cannot be
// read of it leaves the rest to be asked about.
func (t *Turn) pieces(r command.Reply, open []Prompt) (all, near []candidate) {
	for _, finely := range []bool{false, true} {
		all, left, asks, denies := []candidate(nil), 0, false, false
		for _, piece := range r.Pieces(finely) {
			if piece.Code != 0 && !slices.ContainsFunc(open, func(p Prompt) bool { return p.Code == piece.Code }) {
				piece = piece.Whole()
			}
			piece.Addressed = piece.Addressed || piece.Code != 0
			m := t.match(piece, open)
			fits := strongOf(m.fits)
			switch {
			case len(fits) == 1:
				all = slices.DeleteFunc(all, func(c candidate) bool { return c.prompt.ID == fits[0].prompt.ID })
				all = append(all, fits[0])
			case len(fits) > 1 && acknowledges(fits):
				all = append(all, fits...)
			case len(fits) == 0 && piece.Aside():
			default:
				left++
				asks, denies = asks || piece.Asks(), denies || piece.Denies()
			}
		}
		switch {
		case len(all) > 0 && left == 0:
			return all, nil
		case finely || len(all) == 0 || denies:
		case left == 1 && (!asks || wordy(all)): // 收到，几点开始？
			near = all
		}
	}
	return nil, near
}

// strongOf leaves out the weak ones if there are others.
func strongOf(fits []candidate) []candidate {
	if allWeak(fits) {
		return fits
	}
	var strong []candidate
	for _, c := range fits {
		if !c.answer.Weak {
			strong = append(strong, c)
		}
	}
	return strong
}

func acknowledges(fits []candidate) bool {
	return !slices.ContainsFunc(fits, func(c candidate) bool { return c.prompt.Want.Kind != command.Acknowledge })
}

// wordy tells of answers that are words of their own, as no letter is.
func wordy(fits []candidate) bool {
	return !slices.ContainsFunc(fits, func(c candidate) bool {
		switch c.prompt.Want.Kind {
		case command.Acknowledge, command.CheckIn, command.Done, command.Join:
			return false
		}
		return true
	})
}

// decide finds out which of the candidates is meant; nil when none, or when it was
// asked before.
func (t *Turn) decide(m *matches) (func() error, error) {
	fits := strongOf(m.fits)
	if len(fits) > 1 {
		var err error
		if fits, err = t.awaited(fits); err != nil {
			return nil, err
		}
	}
	switch {
	case len(fits) == 1:
		return t.answer(fits[0].prompt, fits[0].answer), nil
	case t.unheard && len(fits) > 1:
		return nil, nil
	case len(fits) > 1 && acknowledges(fits) && fits[0].answer.Value != "withdraw":
		return t.answerAll(fits, true), nil
	case len(fits) > 0 && fits[0].prompt.Want.Kind == command.Ballot: // it may not even be repeated
		return t.answer(fits[0].prompt, fits[0].answer), nil
	case len(fits) > 1:
		return t.ask(fits)
	case len(m.near) > 0 && !t.unheard:
		return t.ask(m.near)
	}
	return nil, nil
}

// answerAll takes several answers of one message. told: the person is told which.
func (t *Turn) answerAll(all []candidate, tell bool) func() error {
	if t.Member == nil {
		return func() error {
			for _, c := range all {
				if err := t.answer(c.prompt, c.answer)(); err != nil {
					return err
				}
			}
			return nil
		}
	}
	do := make([]func() error, len(all))
	codes := make([]Prompt, len(all))
	for i, c := range all {
		do[i], codes[i] = t.answer(c.prompt, c.answer), c.prompt
	}
	return func() error {
		t.tacit = tell
		for _, f := range do {
			if err := f(); err != nil {
				return err
			}
		}
		if t.tacit = false; !tell {
			return nil
		}
		line := t.T("engine.acknowledged", "Codes", t.codes(codes))
		if t.Event.Private {
			return t.Reply(chat.Text(line))
		}
		_, err := t.Tell(t.Member, chat.Text(line))
		return err
	}
}

// ofSeries are the prompts that bear a number such as 2026-017.
func (t *Turn) ofSeries(open []Prompt, number string) ([]Prompt, error) {
	var out []Prompt
	for _, p := range open {
		f, ok := t.work.engine.owners[p.Feature].(Serial)
		if !ok {
			continue
		}
		if own, err := f.Series(t, p); err != nil {
			return nil, err
		} else if sameSeries(own, number) {
			out = append(out, p)
		}
	}
	return out, nil
}

func sameSeries(a, b string) bool {
	year, n, _ := strings.Cut(a, "-")
	other, m, _ := strings.Cut(b, "-")
	return year == other && strings.TrimLeft(n, "0") == strings.TrimLeft(m, "0")
}

func allWeak(fits []candidate) bool {
	return !slices.ContainsFunc(fits, func(c candidate) bool { return !c.answer.Weak })
}

// awaited leaves out what the sender has dealt with already; when that is all,
// the newest is left.
func (t *Turn) awaited(fits []candidate) ([]candidate, error) {
	if t.Member == nil {
		return fits, nil
	}
	left, err := t.open(fits)
	if err == nil && len(left) == 0 {
		return fits[len(fits)-1:], nil
	}
	return left, err
}

// quoted is the prompt of the message that this one quotes; nil when none.
func (t *Turn) quoted() (*Prompt, error) {
	if t.Event.ReplyTo == "" {
		return nil, nil
	}
	id, err := t.work.engine.Outbox.PromptOf(t.Tx, t.Event.Account, t.Event.Chat, t.Event.ReplyTo)
	if err != nil || id == 0 {
		return nil, err
	}
	p, err := t.prompt(id)
	if err != nil {
		return nil, fmt.Errorf("quoted prompt %d: %w", id, err)
	}
	return &p, nil
}

// waiting are the prompts that the sender can mean.
func (t *Turn) waiting(quoted *Prompt) ([]Prompt, error) {
	switch {
	case quoted != nil:
		return []Prompt{*quoted}, nil
	case t.Unit == nil:
		return nil, nil
	case !t.Event.Private:
		return t.awaitingHere()
	case t.Member == nil:
		return nil, nil
	}
	units, err := t.Directory().Line(t.Tx, t.Member.Unit)
	if err != nil {
		return nil, err
	}
	var all []Prompt
	for _, u := range units {
		open, err := t.awaiting(u.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range open {
			if p.Want.Kind != command.Ballot { // its feature listens by itself
				all = append(all, p)
			}
		}
	}
	return all, nil
}

// awaitingHere are the prompts of the chat's unit, and for a member of a group
// within it that has no chat of its own those of the group.
func (t *Turn) awaitingHere() ([]Prompt, error) {
	all, err := t.awaiting(t.Unit.ID)
	if err != nil || t.Member == nil || t.Member.Unit == t.Unit.ID {
		return all, err
	}
	u, err := t.Directory().Unit(t.Tx, t.Member.Unit)
	if err != nil || u.Kind != "group" || u.Parent != t.Unit.ID {
		return all, err
	}
	groups, err := t.Directory().Groups(t.Tx, u.ID)
	if err != nil || len(groups) > 0 {
		return all, err
	}
	own, err := t.awaiting(u.ID)
	return append(all[:len(all):len(all)], own...), err
}

// answer hands an answer to the feature that opened the prompt.
func (t *Turn) answer(p Prompt, a command.Answer) func() error {
	if t.Member == nil {
		if p.Want.Kind == command.Ballot { // of a choice in a vote nothing is kept
			return t.hint("engine.unknown_sender", "chat:"+string(t.Event.Account)+":"+string(t.Event.Chat))
		}
		if p.Closed { // what is kept for strangers is kept until the close
			return func() error { return Complain("engine.closed", "Code", p.Code) }
		}
		return func() error { return t.keepPending(p, a) }
	}
	t.discreet = p.Want.Kind == command.Ballot
	t.involved, t.answers = append(t.involved, p.Unit), true
	return func() error {
		if err := t.Enter(p.Unit); err != nil {
			return err
		}
		f, ok := t.work.engine.owners[p.Feature].(Answerer)
		if !ok {
			return fmt.Errorf("prompt %d: no feature %q takes answers", p.ID, p.Feature)
		}
		if p.Closed {
			if err := f.Answer(t, p, a); err != nil {
				return err
			}
			return t.cameLate(p, t.Member)
		}
		if a.Value == "withdraw" && p.Want.Kind != command.Join {
			return t.takeBack(p, f)
		}
		if err := t.noteMessage(p); err != nil {
			return err
		}
		return f.Answer(t, p, a)
	}
}

// takeBack takes back what the sender answered before.
func (t *Turn) takeBack(p Prompt, f Answerer) error {
	w, ok := f.(Withdrawer)
	if !ok {
		return Complain("engine.malformed."+string(p.Want.Kind), "Code", p.Code)
	}
	if _, err := t.Tx.Exec(`DELETE FROM answer_message WHERE prompt = $1 AND member = $2`, p.ID, t.Member.ID); err != nil {
		return err
	}
	return w.Withdraw(t, p)
}

// Answer hands what a command means to the feature that opened the prompt, as
// if the sender, who is on a roster, had answered it.
func (t *Turn) Answer(p Prompt, a command.Answer) error { return t.answer(p, a)() }

// Enter locks the unit of what is answered and makes it the turn's, if the sender is on
// its roster; else it complains.
func (t *Turn) Enter(unit string) (err error) {
	if err := t.Lock(unit); err != nil {
		return err
	}
	if t.Unit == nil || t.Unit.ID != unit {
		if t.Unit, err = t.Directory().Unit(t.Tx, unit); err != nil {
			return err
		}
	}
	line, err := t.Directory().Line(t.Tx, t.Member.Unit)
	if err != nil {
		return err
	}
	for _, u := range line {
		if u.ID == unit {
			return nil
		}
	}
	return Complain("engine.not_on_roster", "Unit", t.Unit.Name)
}

// misfit answers what looks like an answer but cannot be one, if it was meant
// for the bot.
func (t *Turn) misfit(misfits []candidate, addressed bool) func() error {
	if len(misfits) == 0 || t.Member == nil {
		return nil
	}
	if misfits[0].verdict == command.Proxy {
		return func() error { return Complain("engine.proxy") }
	}
	if !addressed {
		return nil
	}
	p := misfits[0].prompt
	return func() error { return Complain("engine.malformed."+string(p.Want.Kind), "Code", p.Code) }
}

// binding turns a typed number, or the words of a button, into the press of the button
// that it stands for, in a chat that cannot show buttons.
func (t *Turn) binding(word string) (func() error, error) {
	if !t.Event.Private && t.Event.ReplyTo == "" || len(word) > chat.MaxBinding {
		return nil, nil
	}
	data, err := t.work.engine.Outbox.Bound(t.Tx, t.Event.Account, t.Event.Chat, t.Event.ReplyTo, word)
	if err != nil || data == "" {
		return nil, err
	}
	return func() error { return t.press(data) }, nil
}

// pressed finds out what a press concerns.
func (t *Turn) pressed() (func() error, error) {
	if id, _, ok := promptPressed(t.Event.Data); ok && t.Tx.Parallel {
		p, err := t.prompt(id)
		if err != nil && !errors.Is(err, store.ErrNoRows) {
			return nil, err
		}
		if err == nil {
			t.involved, t.answers = append(t.involved, p.Unit), true
		}
	}
	return func() error { return t.press(t.Event.Data) }, nil
}

// promptPressed reads the data of a button that answers a prompt.
func promptPressed(data string) (id int64, value string, ok bool) {
	rest, ok := strings.CutPrefix(data, "p:")
	if !ok {
		return 0, "", false
	}
	number, value, _ := strings.Cut(rest, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, value, err == nil
}

// press handles a button: an answer to a prompt ("p:17:B"), or the feature's
// own ("quiz:…").
func (t *Turn) press(data string) error {
	owner, rest, _ := strings.Cut(data, ":")
	if owner != "p" {
		if t.Member == nil {
			return Complain("engine.unknown_sender")
		}
		if owner == "ask" {
			return t.answerAsked(rest)
		}
		f, ok := t.work.engine.owners[owner].(Presser)
		if !ok {
			return Complain("engine.old_button")
		}
		return f.Press(t, rest)
	}
	id, value, ok := promptPressed(data)
	if !ok {
		return Complain("engine.old_button")
	}
	p, err := t.prompt(id)
	if errors.Is(err, store.ErrNoRows) {
		return Complain("engine.old_button")
	}
	if err != nil {
		return err
	}
	r := command.Read(value)
	r.Addressed = true
	a, v := r.Match(p.Want)
	switch {
	case !t.Takes(p):
		return t.late(p, a)()
	case v == command.OK:
		return t.answer(p, a)()
	case v == command.Malformed: // of a page, where it was typed
		return Complain("engine.malformed."+string(p.Want.Kind), "Code", p.Code)
	}
	return Complain("engine.old_button")
}

// PressData is the data of a button that answers a prompt.
func PressData(p Prompt, value string) string { return fmt.Sprintf("p:%d:%s", p.ID, value) }
