package engine

import (
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
)

// hintEvery keeps the bot from repeating a hint to the same people.
const hintEvery = 10 * time.Minute

// classify finds out who speaks where, and returns what is to be done; nil
// for chatter, of which nothing is kept.
func (t *Turn) classify() (func() error, error) {
	if t.act != nil {
		return t.acts()
	}
	switch t.Event.Kind {
	case chat.Added, chat.Muted, chat.Removed, chat.Moved, chat.Undelivered:
		return t.chatChanged, nil
	case chat.Voted:
		return t.voted()
	}
	if t.Event.From.Bot {
		return nil, nil
	}
	if err := t.identify(); err != nil {
		return nil, err
	}
	if meant, err := t.meant(); err != nil || !meant {
		return nil, err
	}
	switch t.Event.Kind {
	case chat.Pressed:
		return t.pressed()
	case chat.Joined, chat.Left:
		return t.cameOrWent(), nil
	case chat.Recalled:
		return t.recalled()
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

// meant tells whether what came in private is meant for the bot. The account may
// be a person's, with friends of their own: whoever is not bound is heard only when
// they are in a group that is bound, or bring a code.
func (t *Turn) meant() (bool, error) {
	ev := t.Event
	if !ev.Private || t.Member != nil || !t.work.engine.Caps(ev.Account, ev.Chat).Personal {
		return true, nil
	}
	if line, ok := t.work.engine.line(ev); ok && t.work.engine.commands[line.Name] != nil && command.ReadCode(line.Args) != "" {
		return true, nil
	}
	for _, group := range ev.Shared {
		if u, err := t.Directory().ChatUnit(t.Tx, ev.Account, group); u != nil || err != nil {
			return true, err
		}
	}
	return false, nil
}

// message classifies what somebody wrote.
func (t *Turn) message() (func() error, error) {
	ev := t.Event
	if ev.Edited {
		return t.edited()
	}
	if takesFiles(ev) {
		return t.files, nil
	}
	line, isCommand := t.work.engine.line(ev)
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
	if ev.Private && t.Member != nil && !isCommand {
		if do, err := t.listen(); do != nil || err != nil {
			return do, err
		}
	}
	do, err := t.list()
	if do != nil || err != nil {
		return do, err
	}
	do, err = t.reply(isCommand)
	if do != nil || err != nil {
		return do, err
	}
	if !ev.Private && !isCommand {
		return nil, nil
	}
	if ev.Private && t.Member != nil && !isCommand {
		if do, err := t.fallback(); do != nil || err != nil {
			return do, err
		}
		if do, err := t.tooLate(command.Read(ev.Text, t.work.engine.Names...)); do != nil || err != nil {
			return do, err
		}
	}
	if ev.Private && t.Member != nil { // who writes to nobody else is never left without a word
		switch t.work.flood(t.cause, string(ev.Account)+":"+string(ev.From.ID)) {
		case tooMany:
			return nil, nil
		case lastOne:
			return func() error { return t.Say("engine.too_fast") }, nil
		}
		return func() error { return t.Say("engine.not_understood") }, nil
	}
	key := "engine.not_understood"
	if t.Member == nil {
		key = "engine.unknown_sender"
	}
	return t.hint(key, "lost:"+string(ev.Account)+":"+string(ev.From.ID)), nil
}

// line reads a message as a command; false when it is none.
func (e *Engine) line(ev *chat.Event) (command.Line, bool) {
	text := ev.Text
	if ev.Mentioned { // by the platform's means, which took the mention out
		text = "@" + e.Names[0] + " " + text
	}
	return command.Parse(text, e.Names...)
}

// listen asks the features that are in the middle of something.
func (t *Turn) listen() (func() error, error) {
	for _, f := range t.work.engine.Features {
		if l, ok := f.(Listener); ok {
			if do, err := l.Listen(t); do != nil || err != nil {
				return do, err
			}
		}
	}
	return nil, nil
}

// fallback asks the features about what nobody has understood.
func (t *Turn) fallback() (func() error, error) {
	for _, f := range t.work.engine.Features {
		if l, ok := f.(Fallback); ok {
			if do, err := l.Fallback(t); do != nil || err != nil {
				return do, err
			}
		}
	}
	return nil, nil
}

// hint is a line that the same people do not get again for a while.
func (t *Turn) hint(key, to string, args ...any) func() error {
	if !t.work.once(t.cause, key+":"+to, hintEvery) {
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
	if c == nil || !c.Word && !(c.PrivateWord && t.Event.Private) {
		return nil
	}
	return c
}

// Run runs the command of a name as if the sender had typed it; false when
// there is none.
func (t *Turn) Run(name, args string) (bool, error) {
	c := t.work.engine.commands[command.Fold(name)]
	if c == nil {
		return false, nil
	}
	if do := t.command(c, command.Line{Name: command.Fold(name), Args: args}); do != nil {
		return true, do()
	}
	return true, nil
}

// command runs a command if the sender may.
func (t *Turn) command(c *Command, line command.Line) func() error {
	who := string(t.Event.Account) + ":" + string(t.Event.From.ID)
	switch t.work.flood(t.cause, who) {
	case tooMany:
		return nil
	case lastOne:
		return func() error { return t.Say("engine.too_fast") }
	}
	t.discreet = c.Discreet
	if t.Role >= c.Role {
		return func() error {
			if c.Bare && line.Args != "" {
				return Complain("engine.no_argument", "Rest", chat.CleanName(line.Args))
			}
			return c.Run(t, line)
		}
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
