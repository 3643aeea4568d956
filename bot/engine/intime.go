package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// What was said in time counts, whenever it reaches us. An answer is held against the
// deadline by the date that the platform gives it (Turn.When). One that comes after the
// close is added, and what was announced is corrected: once for all that come in a while.
// A ballot has no time, so that it counts until the count and not after it.

// DatedFor is how long after it was said something still counts by its date. What is
// older counts as of now.
const DatedFor = 48 * time.Hour

// when is when an event happened.
func when(ev *chat.Event, pending, now time.Time) time.Time {
	at := ev.At
	if at.IsZero() {
		at = pending
	}
	if at.IsZero() || at.After(now) || now.Sub(at) > DatedFor {
		return now
	}
	return at
}

// Recounter is a feature whose prompts take answers that were given in time after their
// close.
type Recounter interface {
	// Recount tells anew what a closed prompt of t.Unit has come to; late is how many
	// members' answers have come since the close.
	Recount(t *Turn, p Prompt, late int) error
}

// recountKind is the kind of the timers for Recount; their ref is the prompt.
const recountKind = "recount"

// gatherFor is how long it is waited for more of them before a result is corrected.
const gatherFor = 30 * time.Second

// Takes tells whether a prompt takes what is said now: it was said before the deadline,
// or, if somebody closed it before that, before then.
func (t *Turn) Takes(p Prompt) bool {
	if p.Want.Kind == command.Ballot {
		return !p.Closed
	}
	end := p.ClosesAt
	if p.Closed {
		if _, ok := t.work.engine.owners[p.Feature].(Recounter); !ok {
			return false
		}
		if end.IsZero() || p.ClosedAt.Before(end) {
			end = p.ClosedAt.Truncate(time.Second) // platforms date by the second
		}
	}
	return end.IsZero() || t.When.Before(end)
}

// Awaiting are the prompts of a feature in t.Unit, or of all for "", that take what is said
// now, the closed ones among them.
func (t *Turn) Awaiting(feature string) ([]Prompt, error) {
	all, err := t.awaiting(t.Unit.ID)
	return slices.DeleteFunc(slices.Clone(all), func(p Prompt) bool { return feature != "" && p.Feature != feature }), err
}

// awaiting is Awaiting for a unit; the list is not to be changed.
func (t *Turn) awaiting(unit string) ([]Prompt, error) {
	open, err := t.prompts(unit)
	if err != nil {
		return nil, err
	}
	closed, err := t.closedSince(unit, t.When)
	if err != nil {
		return nil, err
	}
	closed = slices.DeleteFunc(closed, func(p Prompt) bool { return !t.Takes(p) })
	if len(closed) == 0 && !slices.ContainsFunc(open, func(p Prompt) bool { return !t.Takes(p) }) {
		return open, nil
	}
	// One that was opened only later is not meant, if one that was open then will do. What
	// has no date is for what is open now, if there is such a thing.
	dated := t.Event != nil && !t.Event.At.IsZero()
	taken := make([]Prompt, 0, len(open)+len(closed))
	for _, p := range open {
		alike := func(c Prompt) bool { return c.Want.Kind == p.Want.Kind }
		switch {
		case !t.Takes(p):
			continue
		case !dated:
			closed = slices.DeleteFunc(closed, alike)
		case p.OpenedAt.After(t.When.Add(time.Second)) && slices.ContainsFunc(closed, alike):
			continue
		}
		taken = append(taken, p)
	}
	return append(closed, taken...), nil
}

// closedSince are the prompts of a unit that closed after an instant, in the order in which
// they opened.
func (t *Turn) closedSince(unit string, since time.Time) ([]Prompt, error) {
	if !t.work.dirty[unit] && t.Tx.Writable {
		if _, err := t.work.version(unit); err != nil {
			return nil, err
		}
		if t.work.closed[unit] <= since.UnixMilli() { // as nearly always
			return nil, nil
		}
	}
	return selectPrompts(t.Tx, `WHERE unit = $1 AND closed_at > $2 ORDER BY id`, unit, since.UnixMilli())
}

// ToldLate has the prompts of a kind recounted that have closed since something was said which
// changes how a member of t.Unit stands there.
func (t *Turn) ToldLate(m *Member, kind command.Kind) error {
	closed, err := t.closedSince(t.Unit.ID, t.When)
	if err != nil {
		return err
	}
	for _, p := range closed {
		if p.Want.Kind == kind && t.Takes(p) {
			if err := t.cameLate(p, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// cameLate notes that a member's answer, which was given in time, has come after the
// close, and has the result corrected.
func (t *Turn) cameLate(p Prompt, m *Member) error {
	_, err := t.Tx.Exec(`INSERT INTO answer_late (prompt, member) VALUES ($1, $2) ON CONFLICT DO NOTHING`, p.ID, m.ID)
	if err != nil {
		return fmt.Errorf("note a late answer: %w", err)
	}
	id := strconv.FormatInt(p.ID, 10)
	return t.At(t.Now.Add(gatherFor), p.Feature, recountKind, id, recountKind+":"+id)
}

// recount tells what late answers have changed.
func (t *Turn) recount(tm Timer) error {
	id, err := strconv.ParseInt(tm.Ref, 10, 64)
	if err != nil {
		return fmt.Errorf("prompt %q: %w", tm.Ref, err)
	}
	p, err := t.prompt(id)
	if errors.Is(err, store.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	f, ok := t.work.engine.owners[p.Feature].(Recounter)
	if !ok {
		return fmt.Errorf("prompt %d: no feature %q recounts", p.ID, p.Feature)
	}
	u, err := t.Directory().Unit(t.Tx, p.Unit)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	var late int
	if err := t.Tx.QueryRow(`SELECT COUNT(*) FROM answer_late WHERE prompt = $1`, p.ID).Scan(&late); err != nil {
		return err
	}
	return f.Recount(t, p, late)
}

// PostCorrection says in the unit's chats what a prompt has come to; a later correction
// takes its place. about is Post.About.
func (t *Turn) PostCorrection(p Prompt, line, about string) error {
	_, err := t.Post(Post{Class: outbox.Digest, Message: chat.Text(line), About: about, Thread: fmt.Sprintf("%s:%d", recountKind, p.ID)})
	return err
}
