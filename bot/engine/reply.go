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

// reply finds what a message answers; nil when nothing.
func (t *Turn) reply(mentioned bool) (func() error, error) {
	ev := t.Event
	quoted, err := t.quoted()
	if err != nil {
		return nil, err
	}
	r := command.Read(ev.Text, t.work.engine.Names...)
	if quoted != nil && !t.Takes(*quoted) {
		r.Addressed = true
		if _, v := r.Match(quoted.Want); v == command.OK && !t.unheard {
			return func() error { return Complain("engine.closed", "Code", quoted.Code) }, nil
		}
		return nil, nil
	}
	open, err := t.waiting(quoted)
	if err != nil {
		return nil, err
	}
	byCode := r.Code
	r.Addressed = quoted != nil || byCode != 0 || mentioned || ev.Private
	var fits, misfits []candidate
	for _, p := range open {
		if byCode != 0 && quoted == nil && p.Code != byCode || !t.mayMean(p, quoted != nil) {
			continue
		}
		a, v := r.Match(p.Want)
		switch c := (candidate{p, a, v}); v {
		case command.OK:
			fits = append(fits, c)
		case command.Malformed, command.Proxy:
			misfits = append(misfits, c)
		}
	}
	if len(fits) > 0 && allWeak(fits) { // a bare 1 is the number of a list, if there is one
		if do, err := t.binding(r.Text); do != nil || err != nil {
			return do, err
		}
	}
	if len(fits) > 1 {
		if fits, err = t.awaited(fits); err != nil {
			return nil, err
		}
	}
	switch {
	case len(fits) == 1:
		return t.answer(fits[0].prompt, fits[0].answer), nil
	case t.unheard && len(fits) > 1: // nobody has asked anything
		return nil, nil
	case len(fits) > 1:
		return t.which(fits), nil
	}
	if do, err := t.binding(r.Text); do != nil || err != nil {
		return do, err
	}
	if t.unheard {
		return nil, nil
	}
	known := slices.ContainsFunc(open, func(p Prompt) bool { return p.Code == byCode })
	if byCode != 0 && !known && quoted == nil && ev.Private {
		if do, err := t.refuseLate(r); do != nil || err != nil {
			return do, err
		}
	}
	if byCode != 0 && !known && quoted == nil && (ev.Private || mentioned) {
		return func() error { return Complain("engine.no_such_code", "Code", byCode) }, nil
	}
	return t.misfit(misfits, r.Addressed), nil
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
	var left []candidate
	for _, c := range fits {
		if f, ok := t.work.engine.owners[c.prompt.Feature].(Awaiter); ok {
			if yes, err := f.Awaits(t, c.prompt); err != nil {
				return nil, err
			} else if !yes {
				continue
			}
		}
		left = append(left, c)
	}
	if len(left) == 0 {
		return fits[len(fits)-1:], nil
	}
	return left, nil
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
		if err := t.noteMessage(p); err != nil {
			return err
		}
		return f.Answer(t, p, a)
	}
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

// which asks, once, what an ambiguous answer is meant for. It never guesses.
func (t *Turn) which(fits []candidate) func() error {
	var strong []candidate
	for _, c := range fits {
		if !c.answer.Weak {
			strong = append(strong, c)
		}
	}
	switch {
	case len(strong) == 1:
		return t.answer(strong[0].prompt, strong[0].answer)
	case fits[0].prompt.Want.Kind == command.Ballot: // it may not even be repeated
		return t.answer(fits[0].prompt, fits[0].answer)
	}
	codes := make([]string, len(fits))
	for i, c := range fits {
		codes[i] = strconv.Itoa(c.prompt.Code)
	}
	to := string(t.Event.Account) + ":" + string(t.Event.Chat) + ":" + string(t.Event.From.ID) + ":" + strings.Join(codes, ",")
	return t.hint("engine.which", to, "Codes", strings.Join(codes, t.T("engine.list_comma")), "Example", codes[0]+" "+t.Event.Text)
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
	if !t.Takes(p) {
		return Complain("engine.closed", "Code", p.Code)
	}
	r := command.Read(value)
	r.Addressed = true
	switch a, v := r.Match(p.Want); v {
	case command.OK:
		return t.answer(p, a)()
	case command.Malformed: // of a page, where it was typed
		return Complain("engine.malformed."+string(p.Want.Kind), "Code", p.Code)
	}
	return Complain("engine.old_button")
}

// PressData is the data of a button that answers a prompt.
func PressData(p Prompt, value string) string { return fmt.Sprintf("p:%d:%s", p.ID, value) }
