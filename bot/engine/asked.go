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

// askWithin is how long a command that its sender was asked about waits for him.
const askWithin = 30 * time.Minute

// AskFirst shows the sender in private what his command would do, with the reason for
// asking, and whether he wants it so. False: he does, or has seen it at a page.
func (t *Turn) AskFirst(line command.Line, why string, shown chat.Message) (bool, error) {
	if t.confirmed || t.act != nil {
		return false, nil
	}
	if _, err := t.Tx.Exec(`DELETE FROM asked_command WHERE created_at < $1 OR member = $2`, t.Now.Add(-askWithin).UnixMilli(), t.Member.ID); err != nil {
		return false, fmt.Errorf("forget a command that was asked about: %w", err)
	}
	var id int64
	err := t.Tx.QueryRow(`INSERT INTO asked_command (member, unit, name, args, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		t.Member.ID, t.Unit.ID, line.Name, line.Args, t.Tx.Millis()).Scan(&id)
	if err != nil {
		return false, fmt.Errorf("keep a command to ask about: %w", err)
	}
	m := chat.Text(why + "\n\n")
	m.Spans = append(m.Spans, shown.Spans...)
	number := strconv.FormatInt(id, 10)
	m.Buttons = [][]chat.Button{{{Label: t.T("engine.ask_send"), Data: "ask:send:" + number}, {Label: t.T("engine.ask_change"), Data: "ask:change:" + number}}}
	return true, t.TellSender(m)
}

// answerAsked is a press on what AskFirst has shown.
func (t *Turn) answerAsked(data string) error {
	verb, number, _ := strings.Cut(data, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Complain("engine.old_button")
	}
	var unit string
	var line command.Line
	err = t.Tx.QueryRow(`DELETE FROM asked_command WHERE id = $1 AND member = $2 AND created_at > $3 RETURNING unit, name, args`,
		id, t.Member.ID, t.Now.Add(-askWithin).UnixMilli()).Scan(&unit, &line.Name, &line.Args)
	if errors.Is(err, store.ErrNoRows) {
		return Complain("engine.old_button")
	}
	if err != nil {
		return fmt.Errorf("take a command that was asked about: %w", err)
	}
	if verb == "change" {
		return t.Say("engine.ask_changed", "Line", "/"+line.Name+" "+line.Args)
	}
	c := t.work.engine.commands[line.Name]
	if c == nil {
		return Complain("engine.old_button")
	}
	if err := t.Lock(unit); err != nil {
		return err
	}
	if t.Unit, err = t.Directory().Unit(t.Tx, unit); err != nil {
		return err
	}
	if t.Role, err = t.Directory().Role(t.Tx, t.Member, unit); err != nil {
		return err
	}
	t.confirmed = true
	if do := t.command(c, line); do != nil {
		return do()
	}
	return nil
}
