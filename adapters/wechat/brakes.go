package wechat

import (
	"context"
	"fmt"
	"time"

	"branchbot/bot/chat"
)

// Rules of the brakes. Whatever succeeds for a moment must not release them:
//   - A login that lasted less than young was thrown out: the account is
//     restricted. A login that the server refuses is no better. After either
//     there is no login, no question to the phone and no code until a person
//     asks for one.
//   - Of codes, codesInARow are shown; then it takes a person, too.
//   - The phone is asked pushesPerDay times at most, whatever happens.
//   - Once the server says that the account is too busy, nothing is sent for
//     Options.Rest.
//   - All of this lies on the shelf, so that a restart forgets none of it.

const (
	// young is the age under which the end of a session says that the account
	// is restricted: what is thrown out by rights has worked for a while.
	young        = 2 * time.Minute
	codesInARow  = 3
	pushesPerDay = 3

	// How long a person does well to wait before another try. Restricted
	// accounts are reported to be barred from scanning for 7 to 15 days.
	afterRestricted = 7 * 24 * time.Hour
	afterRefused    = 24 * time.Hour
)

// cause is why it takes a person before the account logs in.
type cause string

const (
	restricted   cause = "restricted" // thrown out right after a login
	refused      cause = "refused"    // the server does not allow a login
	otherAccount cause = "other"      // another account was scanned than before
	unscanned    cause = "unscanned"  // nobody has scanned the codes
)

// halt is that no login is tried until a person asks for one.
type halt struct {
	Cause cause
	Words string    `json:",omitempty"` // of the server
	Uin   int64     `json:",omitempty"` // of the other account
	Until time.Time `json:",omitzero"`  // a try before is likely to make it worse
}

// brakesKey is where the brakes lie on the shelf.
const brakesKey = "brakes"

// brakes are what the rules above need to know.
type brakes struct {
	Rest     time.Time   `json:",omitzero"` // nothing is sent before
	Halt     *halt       `json:",omitempty"`
	Codes    int         // shown since somebody has scanned or asked for one
	Pushes   []time.Time `json:",omitempty"` // when the phone was asked, in the last day
	Accepted int64       `json:",omitempty"` // another account that a person has agreed to
}

// loadBrakes reads the brakes at the first Run here, and after another process
// had the account.
func (a *Adapter) loadBrakes(ctx context.Context, shelf chat.Shelf) error {
	a.brakesMu.Lock()
	defer a.brakesMu.Unlock()
	if a.braked {
		return nil
	}
	var b brakes
	if err := get(ctx, shelf, brakesKey, &b); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.brakes, a.braked = b, true
	return nil
}

// brake changes the brakes and stores them. They hold in memory even when that
// fails.
func (a *Adapter) brake(ctx context.Context, shelf chat.Shelf, change func(*brakes)) error {
	a.brakesMu.Lock() // so that what is stored last is the newest
	defer a.brakesMu.Unlock()
	a.mu.Lock()
	change(&a.brakes)
	b := a.brakes
	a.mu.Unlock()
	return put(ctx, shelf, brakesKey, b)
}

func (a *Adapter) braking() brakes {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.brakes
}

// stop is a halt for a cause.
func (a *Adapter) stop(ctx context.Context, shelf chat.Shelf, h halt) error {
	a.Log.Warn("wechat login stopped until somebody asks for one", "account", a.Options.ID, "cause", h.Cause)
	switch h.Cause {
	case restricted:
		h.Until = a.Now().Add(afterRestricted).UTC().Truncate(time.Second)
	case refused:
		h.Until = a.Now().Add(afterRefused).UTC().Truncate(time.Second)
	}
	return a.brake(ctx, shelf, func(b *brakes) { b.Halt = &h })
}

// halted is the state of an account that waits for a person.
func (a *Adapter) halted(h halt) chat.State {
	words := chat.CleanName(h.Words)
	switch h.Cause {
	case restricted:
		return chat.State{Condition: chat.Banned, Detail: fmt.Sprintf(a.words["restricted"], words), Until: h.Until}
	case refused:
		return chat.State{Condition: chat.Banned, Detail: fmt.Sprintf(a.words["banned"], words), Until: h.Until}
	case otherAccount:
		return chat.State{Condition: chat.NeedsHuman, Reason: chat.OtherAccount, Detail: a.words["other"]}
	}
	return chat.State{Condition: chat.NeedsHuman, Detail: a.words["expired"]}
}

// awaitPerson waits until a person asks for a login, or agrees to the other
// account.
func (a *Adapter) awaitPerson(ctx context.Context, in chat.Inbox, h halt) error {
	for _, stale := range []chan struct{}{a.renew, a.accept} { // asked before there was anything to answer
		select {
		case <-stale:
		default:
		}
	}
	in.State(a.halted(h))
	accepted := int64(0)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.renew:
	case <-a.accept:
		accepted = h.Uin
	}
	return a.brake(ctx, in, func(b *brakes) { b.Halt, b.Codes, b.Accepted = nil, 0, accepted })
}

// mayPush takes one of the day's questions to the phone; false when they are
// used up.
func (a *Adapter) mayPush(ctx context.Context, shelf chat.Shelf) (bool, error) {
	now, may := a.Now(), false
	err := a.brake(ctx, shelf, func(b *brakes) {
		var recent []time.Time
		for _, at := range b.Pushes {
			if now.Sub(at) < 24*time.Hour {
				recent = append(recent, at)
			}
		}
		if may = len(recent) < pushesPerDay; may {
			recent = append(recent, now.UTC())
		}
		b.Pushes = recent
	})
	return may, err
}

// tooBusy has the account say nothing for a while.
func (a *Adapter) tooBusy(ctx context.Context) {
	until := a.Now().Add(a.Rest).UTC().Truncate(time.Second)
	a.Log.Warn("wechat account too busy", "account", a.Options.ID, "until", until)
	a.mu.Lock()
	shelf := a.inbox
	a.mu.Unlock()
	if err := a.brake(ctx, shelf, func(b *brakes) { b.Rest = until }); err != nil {
		a.Log.Error("wechat cannot store its rest", "account", a.Options.ID, "error", err)
	}
	a.report()
}

// resting is how much longer nothing is sent.
func (a *Adapter) resting() time.Duration {
	return max(0, a.braking().Rest.Sub(a.Now()))
}
