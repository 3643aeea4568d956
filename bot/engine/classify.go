package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/store"
)

// hintEvery keeps the bot from repeating a hint to the same people.
const hintEvery = 10 * time.Minute

// classify finds out who speaks where, and returns what is to be done; nil
// for chatter, of which nothing is kept.
func (t *Turn) classify() (func() error, error) {
	if t.Event.From.Bot {
		return nil, nil
	}
	if err := t.identify(); err != nil {
		return nil, err
	}
	if t.Event.Kind == chat.Pressed {
		return func() error { return t.press(t.Event.Data) }, nil
	}
	do, err := t.message()
	if do == nil || err != nil || !t.Event.Private || t.Member == nil {
		return do, err
	}
	return func() error {
		err := t.Directory().MetPrivately(t.Tx, t.Event.Account, t.Event.From.ID, t.Event.Chat)
		if err != nil {
			return err
		}
		return do()
	}, nil
}

// identify fills in Unit, Member, Role and Lang.
func (t *Turn) identify() (err error) {
	d, ev := t.Directory(), t.Event
	if t.Member, err = d.Who(t.Tx, ev.Account, ev.From.ID); err != nil {
		return err
	}
	switch {
	case !ev.Private:
		t.Unit, err = d.ChatUnit(t.Tx, ev.Account, ev.Chat)
	case t.Member != nil:
		t.Unit, err = d.Home(t.Tx, t.Member)
	}
	if err != nil {
		return err
	}
	if t.Unit != nil {
		t.Lang = t.Unit.Language
	}
	if t.Member == nil {
		return nil
	}
	if t.Member.Language != "" {
		t.Lang = t.Member.Language
	}
	if t.Unit != nil {
		t.Role, err = d.Role(t.Tx, t.Member, t.Unit.ID)
	}
	return err
}

// message classifies what somebody wrote.
func (t *Turn) message() (func() error, error) {
	ev := t.Event
	if len(ev.Files) > 0 && ev.Private {
		return t.files, nil
	}
	line, isCommand := command.Parse(ev.Text, t.work.engine.Names...)
	if isCommand {
		if c := t.work.engine.commands[line.Name]; c != nil {
			return t.command(c, line), nil
		}
		if line.Slash {
			return t.unknownCommand(line), nil
		}
	}
	if c := t.word(); c != nil {
		return t.command(c, command.Line{Name: command.Fold(ev.Text)}), nil
	}
	do, err := t.reply(isCommand)
	if do != nil || err != nil {
		return do, err
	}
	if !ev.Private && !isCommand {
		return nil, nil
	}
	key := "engine.not_understood"
	if t.Member == nil {
		key = "engine.unknown_sender"
	}
	return t.hint(key, "lost:"+string(ev.Account)+":"+string(ev.From.ID)), nil
}

// hint is a line that the same people do not get again for a while.
func (t *Turn) hint(key, to string, args ...any) func() error {
	if !t.work.engine.once(key+":"+to, t.Now, hintEvery) {
		return nil
	}
	return func() error { return t.Say(key, args...) }
}

// word finds the command that a bare message names.
func (t *Turn) word() *Command {
	if len(t.Event.Text) > 64 || (!t.Event.Private && t.Role < OnRoster) {
		return nil
	}
	c := t.work.engine.commands[command.Fold(t.Event.Text)]
	if c == nil || !c.Word {
		return nil
	}
	return c
}

// command runs a command if the sender may.
func (t *Turn) command(c *Command, line command.Line) func() error {
	who := string(t.Event.Account) + ":" + string(t.Event.From.ID)
	switch t.work.engine.flood.take(who, t.Now) {
	case tooMany:
		return nil
	case lastOne:
		return func() error { return t.Say("engine.too_fast") }
	}
	if t.Role >= c.Role {
		return func() error { return c.Run(t, line) }
	}
	return func() error {
		switch {
		case t.Member == nil:
			return Complain("engine.unknown_sender")
		case t.Unit == nil:
			return Complain("engine.unbound_chat")
		case c.Role == Secretary:
			return Complain("engine.secretaries_only")
		}
		return Complain("engine.not_on_roster", "Unit", t.Unit.Name)
	}
}

func (t *Turn) unknownCommand(line command.Line) func() error {
	known := make([]string, 0, len(t.work.engine.commands))
	for name := range t.work.engine.commands {
		known = append(known, name)
	}
	to := string(t.Event.Account) + ":" + string(t.Event.Chat)
	if near, ok := command.Nearest(line.Name, known); ok {
		return t.hint("engine.did_you_mean", to+":"+line.Name, "Command", "/"+near)
	}
	return t.hint("engine.unknown_command", to)
}

// files offers what was sent in private to the features that take files.
func (t *Turn) files() error {
	if t.Role < Secretary {
		return Complain("engine.secretaries_only")
	}
	for _, f := range t.Event.Files {
		taken := false
		for _, feature := range t.work.engine.Features {
			filer, ok := feature.(Filer)
			if !ok || taken {
				continue
			}
			var err error
			if taken, err = filer.File(t, f); err != nil {
				return err
			}
		}
		if !taken {
			return Complain("engine.unknown_file")
		}
	}
	return nil
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
	if quoted != nil && quoted.Closed {
		r.Addressed = true
		if _, v := r.Match(quoted.Want); v == command.OK {
			return func() error { return Complain("engine.closed", "Code", quoted.Code) }, nil
		}
		return nil, nil
	}
	open, err := t.waiting(quoted)
	if err != nil || len(open) == 0 {
		return t.binding(r.Text)
	}
	byCode := r.Code
	r.Addressed = quoted != nil || byCode != 0 || mentioned || ev.Private
	var fits, misfits []candidate
	for _, p := range open {
		if byCode != 0 && quoted == nil && p.Code != byCode {
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
	switch {
	case len(fits) == 1:
		return t.answer(fits[0].prompt, fits[0].answer), nil
	case len(fits) > 1:
		return t.which(fits), nil
	}
	if do, err := t.binding(r.Text); do != nil || err != nil {
		return do, err
	}
	return t.misfit(misfits, r.Addressed), nil
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

// waiting are the open prompts that the sender can mean.
func (t *Turn) waiting(quoted *Prompt) ([]Prompt, error) {
	switch {
	case quoted != nil:
		return []Prompt{*quoted}, nil
	case t.Unit == nil:
		return nil, nil
	case !t.Event.Private:
		return t.prompts(t.Unit.ID)
	case t.Member == nil:
		return nil, nil
	}
	units, err := t.Directory().Line(t.Tx, t.Member.Unit)
	if err != nil {
		return nil, err
	}
	var all []Prompt
	for _, u := range units {
		open, err := t.prompts(u.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, open...)
	}
	return all, nil
}

// answer hands an answer to the feature that opened the prompt.
func (t *Turn) answer(p Prompt, a command.Answer) func() error {
	if t.Member == nil {
		return t.hint("engine.answer_unknown", "chat:"+string(t.Event.Account)+":"+string(t.Event.Chat))
	}
	return func() error {
		if err := t.Enter(p.Unit); err != nil {
			return err
		}
		f, ok := t.work.engine.owners[p.Feature].(Answerer)
		if !ok {
			return fmt.Errorf("prompt %d: no feature %q takes answers", p.ID, p.Feature)
		}
		return f.Answer(t, p, a)
	}
}

// Answer hands what a command means to the feature that opened the prompt, as
// if the sender, who is on a roster, had answered it.
func (t *Turn) Answer(p Prompt, a command.Answer) error { return t.answer(p, a)() }

// Enter makes the unit of what is answered the turn's, if the sender is on its
// roster; else it complains.
func (t *Turn) Enter(unit string) (err error) {
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
	if len(strong) == 1 {
		return t.answer(strong[0].prompt, strong[0].answer)
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

// binding turns a typed number into the press of the button that it stands
// for, in a chat that cannot show buttons.
func (t *Turn) binding(word string) (func() error, error) {
	if !t.Event.Private && t.Event.ReplyTo == "" || len(word) > 8 {
		return nil, nil
	}
	data, err := t.work.engine.Outbox.Bound(t.Tx, t.Event.Account, t.Event.Chat, t.Event.ReplyTo, word)
	if err != nil || data == "" {
		return nil, err
	}
	return func() error { return t.press(data) }, nil
}

// press handles a button: an answer to a prompt ("p:17:B"), or the feature's
// own ("quiz:…").
func (t *Turn) press(data string) error {
	if t.Member == nil {
		return Complain("engine.unknown_sender")
	}
	owner, rest, _ := strings.Cut(data, ":")
	if owner != "p" {
		f, ok := t.work.engine.owners[owner].(Presser)
		if !ok {
			return Complain("engine.old_button")
		}
		return f.Press(t, rest)
	}
	number, value, _ := strings.Cut(rest, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Complain("engine.old_button")
	}
	p, err := t.prompt(id)
	if errors.Is(err, store.ErrNoRows) {
		return Complain("engine.old_button")
	}
	if err != nil {
		return err
	}
	if p.Closed {
		return Complain("engine.closed", "Code", p.Code)
	}
	r := command.Read(value)
	r.Addressed = true
	a, v := r.Match(p.Want)
	if v != command.OK {
		return Complain("engine.old_button")
	}
	return t.answer(p, a)()
}

// PressData is the data of a button that answers a prompt.
func PressData(p Prompt, value string) string { return fmt.Sprintf("p:%d:%s", p.ID, value) }
