package engine

import (
	"cmp"
	"context"
	"fmt"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/store"
)

// parsed is what features have made of the files of an event: by file, by feature.
type parsed []map[Feature]any

// parse has the features parse the files of a request, before it waits for its turn
// and outside of any transaction: others go on while a file is unpacked. Only
// secretaries can have us do it, and one file at a time, so that files of many people
// cannot fill the machine.
func (e *Engine) parse(ctx context.Context, r *request) error {
	for i := range r.events {
		ev := &r.events[i]
		ev.Account = r.account
		if !takesFiles(ev) {
			continue
		}
		may, err := e.maySendFiles(ev, r.act)
		if err != nil {
			return fmt.Errorf("parse files: %w", err)
		}
		if !may { // the turn says so
			continue
		}
		select {
		case e.parsing <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.parsed == nil {
			r.parsed = make([]parsed, len(r.events))
		}
		r.parsed[i] = e.parseFiles(ev)
		<-e.parsing
	}
	return nil
}

// takesFiles tells of a message that its files are for the features.
func takesFiles(ev *chat.Event) bool {
	return ev.Kind == chat.Said && !ev.Edited && !ev.From.Bot && ev.Private && len(ev.Files) > 0
}

func (e *Engine) maySendFiles(ev *chat.Event, a *act) (may bool, err error) {
	err = e.DB.Read(func(tx *store.Tx) error {
		t := &Turn{Tx: tx, Now: tx.Now, Event: ev, Lang: e.Language, work: newWork(e, tx, nil, asked{}), act: a}
		who := t.identify
		if a != nil {
			who = t.actor
		}
		err := who()
		may = t.Role >= Secretary
		return err
	})
	return may, err
}

func (e *Engine) parseFiles(ev *chat.Event) parsed {
	takers, _, _ := e.takers(ev)
	all := make(parsed, len(ev.Files))
	for i, f := range ev.Files {
		all[i] = map[Feature]any{}
		for _, feature := range takers {
			if what := feature.(Filer).Parse(f); what != nil {
				all[i][feature] = what
			}
		}
	}
	return all
}

// takers are the features that are offered the files of an event: the one whose
// command stands above them, else all that take files.
func (e *Engine) takers(ev *chat.Event) (takers []Feature, caption *Command, line command.Line) {
	line, _ = command.Parse(ev.Text, e.Names...)
	if c := e.commands[line.Name]; c != nil {
		if _, ok := c.owner.(Filer); ok {
			return []Feature{c.owner}, c, line
		}
	}
	for _, f := range e.Features {
		if _, ok := f.(Filer); ok {
			takers = append(takers, f)
		}
	}
	return takers, nil, line
}

// files offers what was sent in private to the features that take files.
func (t *Turn) files() error {
	if t.Role < Secretary {
		return Complain("engine.secretaries_only")
	}
	takers, caption, line := t.work.engine.takers(t.Event)
	for i, f := range t.Event.Files {
		if len(f.Data) == 0 {
			return Complain("engine.file." + cmp.Or(string(f.Problem), "empty"))
		}
		if t.parsed == nil { // the sender became a secretary a moment ago
			return Complain("engine.file_again")
		}
		if err := t.file(f, t.parsed[i], takers); err != nil {
			return err
		}
	}
	if caption == nil {
		return nil
	}
	if do := t.command(caption, line); do != nil {
		return do()
	}
	return nil
}

// file offers a file to the features in turn.
func (t *Turn) file(f chat.File, made map[Feature]any, takers []Feature) error {
	for _, feature := range takers {
		what := made[feature]
		if what == nil {
			continue
		}
		if taken, err := feature.(Filer).File(t, f, what); taken || err != nil {
			return err
		}
	}
	return Complain("engine.unknown_file")
}
