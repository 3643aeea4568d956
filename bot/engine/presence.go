package engine

import (
	"slices"

	"branchbot/bot/chat"
	"branchbot/bot/command"
)

// chatChanged follows what happens to the bot in a chat.
func (t *Turn) chatChanged() error {
	ev, d := t.Event, t.Directory()
	switch {
	case ev.Kind == chat.Moved:
		return t.work.engine.Outbox.Moved(t.Tx, ev.Account, ev.Chat, ev.To)
	case ev.Kind == chat.Undelivered:
		return t.work.engine.Outbox.Returned(t.Tx, ev.Account, ev.Chat, ev.Message, ev.Why)
	case ev.Private && ev.Kind == chat.Removed:
		return d.MetPrivately(t.Tx, ev.Account, ev.From.ID, "")
	case ev.Private:
		return nil // a private chat is known once something was said in it
	}
	state := map[chat.Kind]string{chat.Added: "", chat.Muted: "muted", chat.Removed: "removed"}[ev.Kind]
	units, err := d.ChatState(t.Tx, ev.Account, ev.Chat, state)
	if err != nil {
		return err
	}
	switch ev.Kind {
	case chat.Removed:
		err = t.work.engine.Outbox.Removed(t.Tx, ev.Account, ev.Chat)
	case chat.Added:
		err = t.work.engine.Outbox.Taken(t.Tx, ev.Account, ev.Chat)
	}
	if err != nil {
		return err
	}
	for _, unit := range units {
		u, err := d.Unit(t.Tx, unit)
		if err != nil {
			return err
		}
		other := t.In(u)
		line := other.T("engine.chat_"+string(ev.Kind), "Chat", chat.CleanName(ev.Title), "Account", ev.Account)
		if err := other.TellSecretaries(chat.Text(line)); err != nil {
			return err
		}
	}
	if ev.Kind != chat.Added || len(units) > 0 {
		return nil
	}
	bound, err := d.ChatUnit(t.Tx, ev.Account, ev.Chat)
	if err != nil || bound != nil {
		return err
	}
	return t.Say("engine.chat_new")
}

// cameOrWent greets people whom the bot does not know, gathered, and tells the
// secretary of members who left a group; nil when there is nothing to do.
func (t *Turn) cameOrWent() func() error {
	switch ev := t.Event; {
	case t.Unit == nil || (ev.Kind == chat.Joined) != (t.Member == nil):
		return nil
	case ev.Kind == chat.Left:
		name := t.Member.Name
		return func() error {
			other := t.In(t.Unit)
			return other.TellSecretaries(chat.Text(other.T("engine.member_left", "Name", name, "Unit", t.Unit.Name)))
		}
	}
	key, args := "engine.newcomer", []any(nil)
	if link := t.work.engine.Link(t.Event.Account, "help"); link != "" {
		key, args = "engine.newcomer_at", []any{"Link", link}
	}
	return t.hint(key, string(t.Event.Account)+":"+string(t.Event.Chat), args...)
}

// voted finds the prompt of a poll, which names no chat, and what the vote says.
func (t *Turn) voted() (func() error, error) {
	id, in, err := t.work.engine.Outbox.Polled(t.Tx, t.Event.Account, t.Event.Poll)
	if err != nil || id == 0 {
		return nil, err
	}
	t.Event.Chat = in
	if err := t.identify(); err != nil {
		return nil, err
	}
	p, err := t.prompt(id)
	if err != nil || !t.Takes(p) {
		return nil, err
	}
	if a := choice(p.Want, t.Event.Choice); t.Member == nil || a.Value != "" {
		return t.answer(p, a), nil
	}
	if len(t.Event.Choice) > 0 { // for options that the question does not have
		return nil, nil
	}
	return func() error {
		if err := t.Enter(p.Unit); err != nil {
			return err
		}
		w, ok := t.work.engine.owners[p.Feature].(Withdrawer)
		if !ok {
			return nil
		}
		if err := w.Withdraw(t, p); err != nil || !p.Closed {
			return err
		}
		return t.cameLate(p, t.Member)
	}, nil
}

// choice is the answer that a vote stands for; of no value when for nothing. The options of a true-or-false
// poll are true and false, in this order.
func choice(w command.Want, picked []int) command.Answer {
	if w.Kind == command.TrueFalse {
		values := []string{"true", "false"}
		if len(picked) == 1 && picked[0] >= 0 && picked[0] < len(values) {
			return command.Answer{Value: values[picked[0]]}
		}
		return command.Answer{}
	}
	letters := make([]byte, 0, len(picked))
	for _, i := range picked {
		if i >= 0 && i < w.Options {
			letters = append(letters, byte('A'+i))
		}
	}
	slices.Sort(letters)
	return command.Answer{Value: string(slices.Compact(letters))}
}
