package web

import (
	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
)

// Feature is the command that leads from a chat to the console.
type Feature struct {
	// Base is what addresses begin with, e.g. https://bot.example.org.
	Base string
	// Via is the binding of the account at which the sender of a turn speaks.
	Via func(*engine.Turn) (int64, error)
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "console" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{{Names: []string{"后台", "console"}, Role: engine.OnRoster, Word: true, Bare: true, Group: engine.Mine, Usage: "console.usage", Run: f.link}}
}

// link sends the sender a link, in private and never into a group.
func (f *Feature) link(t *engine.Turn, _ command.Line) error {
	opened, err := f.Via(t)
	if err != nil {
		return err
	}
	link, err := Link(t.Tx, f.Base, t.Member.ID, opened, false)
	if err != nil {
		return err
	}
	m := chat.Text(t.T("console.link", "Link", link, "Minutes", int(linkLife.Minutes())))
	m.Secret = true
	return t.TellSender(m)
}
