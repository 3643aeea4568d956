// Package basics answers what concerns no single feature: help by role, what is
// open for me, all that is stored about me, the state of the bot, closing
// something before its time.
//
// Commands: /开始 /start, /帮助 /help, /今日 /today, /我的数据 /mydata, /状态 /status, /结束 /close.
package basics

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
)

// Feature is the commands of this package.
type Feature struct {
	// Backup is when the last copy of the database was made, zero for never;
	// false when none are wanted.
	Backup func() (last time.Time, wanted bool)
}

// overdue is how old the last copy may be before /状态 warns.
const overdue = 26 * time.Hour

// Name implements engine.Feature.
func (f *Feature) Name() string { return "desk" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"开始", "start"}, Run: f.start},
		{Names: []string{"帮助", "help"}, Word: true, Group: engine.Mine, Usage: "desk.usage.help", Run: f.help},
		{Names: []string{"今日", "today"}, Role: engine.OnRoster, Word: true, Bare: true, Group: engine.Daily, Usage: "desk.usage.today", Run: f.today},
		{Names: []string{"我的数据", "mydata"}, Role: engine.OnRoster, Word: true, Bare: true, Group: engine.Mine, Usage: "desk.usage.mydata", Run: f.mydata},
		{Names: []string{"结束", "close"}, Role: engine.Secretary, Group: engine.Publish, Usage: "desk.usage.close", Run: f.close},
		{Names: []string{"状态", "status"}, Role: engine.Secretary, Bare: true, Group: engine.Follow, Usage: "desk.usage.status", Run: f.status},
	}
}

func (f *Feature) today(t *engine.Turn, _ command.Line) error {
	lines, err := t.PersonalLines(func(p engine.Personal) ([]string, error) { return p.Open(t, t.Member) })
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return t.TellSender(chat.Text(t.T("desk.nothing_open")))
	}
	if err := t.TellSender(chat.Text(t.T("desk.today") + "\n" + strings.Join(lines, "\n"))); err != nil || !t.Private() {
		return err
	}
	return t.ShowAgain(shownAgain)
}

// shownAgain is how many questions /今日 shows again in private.
const shownAgain = 3

func (f *Feature) mydata(t *engine.Turn, _ command.Line) error {
	lines, err := t.Kept()
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}

// close ends what is open in the unit: the item of a code, or the newest one.
func (f *Feature) close(t *engine.Turn, line command.Line) error {
	open, err := t.OpenPrompts("")
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(p engine.Prompt) bool { return p.Want.Kind == command.Done })
	if arg := strings.Trim(command.Fold(line.Args), "#第号题 "); arg != "" {
		code, _ := strconv.Atoi(arg) // a word is the code of nothing
		open = slices.DeleteFunc(open, func(p engine.Prompt) bool { return p.Code != code })
	} else { // a notice waits for days, and is not what somebody wants to end in passing
		open = slices.DeleteFunc(open, func(p engine.Prompt) bool { return p.Want.Kind == command.Acknowledge })
	}
	if len(open) == 0 {
		return engine.Complain("desk.nothing_to_close")
	}
	p := open[len(open)-1]
	closer, ok := t.Closer(p)
	if !ok {
		return fmt.Errorf("feature %s cannot close prompt %d", p.Feature, p.ID)
	}
	if err := closer.Close(t, p); err != nil {
		return err
	}
	if t.Private() {
		return t.Say("desk.closed", "Code", p.Code)
	}
	return nil
}

// status shows accounts, what waits to be sent, failures and the last runs.
func (f *Feature) status(t *engine.Turn, _ command.Line) error {
	lines := []string{t.T("desk.status")}
	states := t.Engine().States()
	ids := make([]string, 0, len(states))
	for id := range states {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	for _, id := range ids {
		s := states[chat.AccountID(id)]
		counts, err := outbox.Counts(t.Tx, chat.AccountID(id))
		if err != nil {
			return err
		}
		line := t.T("desk.account", "Account", id, "State", t.T("desk.condition."+string(s.Condition)),
			"Waiting", counts[outbox.Pending]+counts[outbox.Sending], "Sent", counts[outbox.Sent],
			"Failed", counts[outbox.Dead]+counts[outbox.Uncertain])
		if left, counted := t.Engine().Left(chat.AccountID(id)); counted {
			line += t.T("desk.left", "N", left)
		}
		switch {
		case s.Reason != "":
			line += t.T("desk.reason." + string(s.Reason))
		case s.Detail != "":
			line += " " + s.Detail
		}
		if !s.Until.IsZero() {
			line += t.T("desk.until."+string(s.Condition), "At", s.Until.In(t.Unit.Zone).Format("01-02 15:04"))
		}
		lines = append(lines, line)
	}
	var dead int
	if err := t.Tx.QueryRow(`SELECT COUNT(*) FROM dead_letter`).Scan(&dead); err != nil {
		return err
	}
	if dead > 0 {
		lines = append(lines, t.T("desk.dead_letters", "N", dead))
	}
	if last, wanted := f.Backup(); wanted && t.Now.Sub(last) > overdue {
		lines = append(lines, t.T("desk.no_backup"))
	}
	for _, feature := range t.Engine().Features {
		r, ok := feature.(engine.Reporter)
		if !ok {
			continue
		}
		more, err := r.Status(t)
		if err != nil {
			return fmt.Errorf("%s: %w", feature.Name(), err)
		}
		lines = append(lines, more...)
	}
	return t.TellSender(chat.Text(strings.Join(lines, "\n")))
}
