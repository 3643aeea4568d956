// Package poster makes the weekly poster of a unit: what was learned, how many
// took part, what comes next.
//
// Rules:
//   - A poster is of a week, Monday to Sunday: until Wednesday of the last one,
//     from Thursday on of the present one.
//   - It has totals only: no ranking, no comparison, no name, but of members who
//     were honoured and agreed to be shown.
//   - At most one poster a day and unit; none of a week in which there was
//     nothing.
//   - It is drawn when it is sent. Who cannot see it reads the totals in a line.
//
// Commands: /海报 /poster. Actions: poster.
package poster

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/outbox"
	"branchbot/bot/report"
	"branchbot/bot/schedule"
	"branchbot/store"
)

// Feature makes posters.
type Feature struct {
	Figures  *report.Source
	Lessons  *lesson.Feature
	Schedule *schedule.Feature
	// Board is the address of a unit's board, for those who have the poster in
	// hand; "" when there is none. nil: there are no boards.
	Board func(tx *store.Tx, unit string) (string, error)
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "poster" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command {
	return []engine.Command{
		{Names: []string{"海报", "poster"}, Role: engine.Secretary, Group: engine.Publish, Usage: "poster.usage.poster", Run: f.poster},
	}
}

// Actions implements engine.Actor.
func (f *Feature) Actions() []engine.Action {
	return []engine.Action{{
		Name: "poster",
		Check: func(args engine.Args) error {
			if from := args["from"]; from != "" {
				return fmt.Errorf("from: %q: a poster takes none", from)
			}
			return nil
		},
		Run: func(t *engine.Turn, _ engine.Args, cause string) error { return f.post(t, usual(t), cause) },
		Preview: func(t *engine.Turn, _ engine.Args) (chat.Message, error) {
			return f.message(t, usual(t))
		},
	}}
}

// week is the Monday of a week, at midnight in the unit's zone.
type week struct{ monday time.Time }

func weekOf(local time.Time) week {
	back := (int(local.Weekday()) + 6) % 7
	return week{time.Date(local.Year(), local.Month(), local.Day()-back, 0, 0, 0, 0, local.Location())}
}

func (w week) plus(n int) week {
	return week{time.Date(w.monday.Year(), w.monday.Month(), w.monday.Day()+7*n, 0, 0, 0, 0, w.monday.Location())}
}

func (w week) key() string { return w.monday.Format(time.DateOnly) }

func (w week) period() report.Period { return report.Period{From: w.key(), To: w.plus(1).key()} }

// readWeek is the week of a key, which is that of a Monday.
func readWeek(key string, zone *time.Location) (week, error) {
	day, err := time.ParseInLocation(time.DateOnly, key, zone)
	if err == nil && day.Weekday() != time.Monday {
		err = errors.New("it is no Monday")
	}
	if err != nil {
		return week{}, fmt.Errorf("week %q: %w", key, err)
	}
	return week{day}, nil
}

// usual is the week of which a poster is wanted now.
func usual(t *engine.Turn) week {
	local := t.Now.In(t.Unit.Zone)
	w := weekOf(local)
	if (int(local.Weekday())+6)%7 < 3 {
		return w.plus(-1)
	}
	return w
}

// poster is /海报 [本周|上周]: in private a preview, in the group the poster.
func (f *Feature) poster(t *engine.Turn, line command.Line) error {
	w := usual(t)
	switch command.Fold(line.Args) {
	case "":
	case "本周", "this week", "this":
		w = weekOf(t.Now.In(t.Unit.Zone))
	case "上周", "last week", "last":
		w = weekOf(t.Now.In(t.Unit.Zone)).plus(-1)
	default:
		return engine.Complain("poster.how")
	}
	if !t.Private() {
		return f.post(t.In(t.Unit), w, "")
	}
	m, err := f.message(t, w)
	if err != nil {
		return err
	}
	m.Buttons = [][]chat.Button{{{Label: t.T("poster.post"), Data: "poster:post:" + w.key()}}}
	return t.Reply(m)
}

// Press implements engine.Presser: the poster of a preview goes to the group.
func (f *Feature) Press(t *engine.Turn, data string) error {
	key, ok := strings.CutPrefix(data, "post:")
	if !ok || t.Unit == nil {
		return engine.Complain("engine.old_button")
	}
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	w, err := readWeek(key, t.Unit.Zone)
	if err != nil || w.monday.After(t.Now) || w.plus(8).monday.Before(t.Now) {
		return engine.Complain("engine.old_button")
	}
	cause := t.Receipts()
	if err := f.post(t.In(t.Unit), w, cause); err != nil {
		return err
	}
	return t.Sending(cause, t.T("poster.about"))
}

// post sends the poster to the unit's groups.
func (f *Feature) post(t *engine.Turn, w week, cause string) error {
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return &engine.Skip{Key: "engine.no_chat"}
	}
	m, err := f.message(t, w)
	if err != nil {
		return err
	}
	first, err := note(t.Tx, t.Unit.ID, t.Day(), w.key())
	if err != nil {
		return err
	}
	if !first {
		return &engine.Skip{Key: "poster.enough"}
	}
	_, err = t.Post(engine.Post{Class: outbox.Push, Message: m, Cause: cause, About: t.T("poster.about")})
	return err
}

// message is the poster as it is sent; a *Skip error when there is nothing to
// be on it.
func (f *Feature) message(t *engine.Turn, w week) (chat.Message, error) {
	c, err := f.collect(t.Tx, t.Unit, w)
	if err != nil {
		return chat.Message{}, err
	}
	if c.empty() {
		return chat.Message{}, &engine.Skip{Key: "poster.nothing", Args: []any{"Week", number(w, t.Lang)}, Brief: "poster.nothing_brief"}
	}
	m := chat.Message{}.AddStyled(c.text("poster.caption", "Week", number(w, t.Unit.Language)), chat.Bold)
	m.Media = []chat.Media{{Ref: "poster:" + t.Unit.ID + "." + w.key() + ".png", Alt: c.alt()}}
	return m, nil
}

// Picture draws the poster that a reference names after its "poster:".
func (f *Feature) Picture(tx *store.Tx, name string, unit func(tx *store.Tx, id string) (*engine.Unit, error)) ([]byte, error) {
	id, key, _ := strings.Cut(strings.TrimSuffix(name, ".png"), ".")
	u, err := unit(tx, id)
	if err != nil {
		return nil, fmt.Errorf("poster of unit %q: %w", id, err)
	}
	w, err := readWeek(key, u.Zone)
	if err != nil {
		return nil, fmt.Errorf("poster of unit %q: %w", id, err)
	}
	c, err := f.collect(tx, u, w)
	if err != nil {
		return nil, err
	}
	return c.page().PNG()
}

// Media implements engine.MediaMaker: poster:UNIT.MONDAY.png.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{"poster": func(tx *store.Tx, d engine.Directory, name string) ([]byte, string, error) {
		data, err := f.Picture(tx, name, d.Unit)
		return data, draw.Type, err
	}}
}
