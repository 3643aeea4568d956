package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// Run runs the bot until ctx ends: events and timers in every process, the accounts
// and the house as far as this process has their roles. At the end first nothing new
// is taken in, then sends under way are finished, then what was taken in is handled.
func (b *Bot) Run(ctx context.Context) error {
	if err := b.patient(ctx, b.welcome); err != nil {
		return fmt.Errorf("set the sample up: %w", err)
	}
	asked := ctx
	ctx, stop := context.WithCancelCause(asked)
	defer stop(nil)
	core, stopCore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCore()
	b.engine.Expect()
	var inner, outer sync.WaitGroup
	inner.Go(func() { _ = b.engine.Run(core) })
	inner.Go(func() { b.listen(core) })
	inner.Go(func() { b.follow(core) })
	inner.Go(func() { b.heads.run(core) })
	inner.Go(func() { b.packs.run(core) })
	outer.Go(func() { b.console.Run(ctx) })
	inner.Go(func() {
		if err := b.present(core); err != nil {
			stop(err)
		}
	})
	inner.Go(func() { b.watchClock(core) })
	b.asides = map[chat.AccountID]*aside{}
	roles := []string{store.House}
	for _, a := range b.adapters {
		roles = append(roles, outbox.Role(a.ID()))
		if at, ok := a.(chat.Attender); ok && b.db.Postgres() {
			side := &aside{bot: b, adapter: at, id: a.ID(), life: ctx}
			b.asides[a.ID()] = side
			side.begin()
			outer.Go(func() { <-ctx.Done(); side.end() })
		}
	}
	err := b.db.Share(ctx, store.Process{Address: b.address, Version: Version(), Roles: roles, State: b.stateOf,
		Failed: func(what string, err error) { b.log.Error("not done", "what", what, "error", err) }}, b.hold)
	if err == nil && asked.Err() == nil {
		err = context.Cause(ctx)
	}
	stop(nil)
	outer.Wait()
	stopCore()
	inner.Wait()
	b.heads.bring(true) // what was booked in the last seconds would be missed by nobody
	return err
}

// patient does something again until the server answers; a SQLite file is not waited
// for.
func (b *Bot) patient(ctx context.Context, do func() error) error {
	return RetryUntilUp(ctx, b.db, func(err error) { b.log.Warn("waiting for the database", "error", err) }, do)
}

// hold does what a role asks for, until ctx ends.
func (b *Bot) hold(ctx context.Context, role string) error {
	for i, a := range b.adapters {
		if role == outbox.Role(a.ID()) {
			return b.account(ctx, a, b.senders[i])
		}
	}
	b.housekeeping(ctx)
	return nil
}

// account receives and sends for an account.
func (b *Bot) account(ctx context.Context, a chat.Adapter, sender *outbox.Sender) error {
	if side := b.asides[a.ID()]; side != nil {
		side.end()
		defer side.begin()
	}
	defer b.engine.Leave(a.ID())
	take, stopTaking := context.WithCancel(ctx)
	defer stopTaking()
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	go b.watch(sending, a.ID(), sender)
	sent := make(chan error, 1)
	go func() {
		sent <- sender.Run(sending)
		stopTaking()
	}()
	b.supervise(take, a)
	stopSending()
	err := <-sent
	if l, ok := a.(chat.Leaver); ok {
		l.Leave()
	}
	return err
}

// worked is how long a run of an adapter lasts at least that has reached its platform.
const worked = 5 * time.Second

// attentive is an inbox that knows whether it was given anything.
type attentive struct {
	chat.Inbox
	given atomic.Bool
}

func (in *attentive) Accept(ctx context.Context, cursor string, events ...chat.Event) error {
	err := in.Inbox.Accept(ctx, cursor, events...)
	if err == nil {
		in.given.Store(true)
	}
	return err
}

// supervise runs an adapter again when it ends, later each time, unless it has worked
// meanwhile.
func (b *Bot) supervise(ctx context.Context, a chat.Adapter) {
	var pause time.Duration
	b.engine.SetState(a.ID(), chat.State{Condition: chat.Connecting})
	for {
		began, in := time.Now(), &attentive{Inbox: b.engine.Inbox(a.ID())}
		err := guard(func() error { return a.Run(ctx, in) })
		if ctx.Err() != nil {
			return
		}
		if err == nil && b.ended != nil {
			b.ended()
			return
		}
		pause = pauseAfter(pause, time.Since(began), in.given.Load())
		state := b.engine.States()[a.ID()]
		if state.Reason == "" { // else the adapter has told it better
			state = chat.State{Condition: chat.Down}
		}
		if err != nil {
			state.Detail = err.Error()
		}
		b.engine.SetState(a.ID(), state)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// pauseAfter is the pause after a run of an adapter that has lasted so long; before is
// the one before it.
func pauseAfter(before, lasted time.Duration, given bool) time.Duration {
	if before == 0 || given || lasted >= worked {
		return time.Second
	}
	return min(2*before, time.Minute)
}

// guard turns a panic of an adapter into an error: the others go on.
func guard(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return run()
}

// aside lets an account be called here while another process has it.
type aside struct {
	bot     *Bot
	adapter chat.Attender
	id      chat.AccountID
	life    context.Context // that of the bot: it ends later than a role

	mu   sync.Mutex
	stop context.CancelFunc // nil: it does not run
	done chan struct{}
}

// begin has events of the account be taken until end is called.
func (s *aside) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil || s.stop != nil {
		return
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(s.life)
	done := make(chan struct{})
	s.done = done
	go func() {
		defer close(done)
		told := ""
		for ctx.Err() == nil {
			err := guard(func() error { return s.adapter.Attend(ctx, s.bot.engine.SideInbox(s.id)) })
			if err != nil && ctx.Err() == nil && err.Error() != told {
				told = err.Error()
				s.bot.log.Warn("calls for an account are not taken here", "account", s.id, "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	}()
}

func (s *aside) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return
	}
	s.stop()
	<-s.done
	s.stop = nil
}

// listen hears that other processes have written letters for accounts of this one.
func (b *Bot) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := b.db.Hints(ctx, func(word string) { b.outbox.Hinted(chat.AccountID(word)) })
		if err != nil {
			b.log.Warn("letters of other processes are noticed within a second only", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// settingsGeneration counts up when the configuration that all processes have is
// another one.
const settingsGeneration = "settings"

// Announce tells all processes to take their configuration in anew.
func (b *Bot) Announce() error {
	return b.db.Write(func(tx *store.Tx) error {
		tx.Changes(settingsGeneration)
		return nil
	})
}

// followEvery is how often it is looked whether another process was told to take its
// configuration in.
const followEvery = time.Second

// follow takes the configuration in when another process was told to, at the console or
// by a signal, and once at the beginning, as it may have changed while this process
// started. Units and schedules are in the database by then.
func (b *Bot) follow(ctx context.Context) {
	if !b.db.Postgres() {
		return
	}
	known := int64(-1)
	for tick := time.NewTicker(followEvery); ctx.Err() == nil; {
		var now int64
		err := b.db.Read(func(tx *store.Tx) (err error) {
			now, err = tx.Generation(settingsGeneration)
			return err
		})
		if err == nil && now != known { // else the database is away
			known = now
			if err := b.readAgain(); err != nil {
				b.log.Error("the changed configuration is not used, the one before stays", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			tick.Stop()
		case <-tick.C:
		}
	}
}

// readAgain brings the configuration's file into force here; there may be none, for the
// sample.
func (b *Bot) readAgain() error {
	data, err := os.ReadFile(b.settings.File.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	f, err := b.settings.File.With(data)
	if err != nil {
		return err
	}
	return b.takeIn(f, b.features.enforce)
}

// stateOf is how an account is doing, for other processes to read.
func (b *Bot) stateOf(role string) string {
	id, ok := strings.CutPrefix(role, outbox.Role(""))
	if !ok {
		return ""
	}
	text, err := json.Marshal(b.engine.States()[chat.AccountID(id)])
	if err != nil {
		return ""
	}
	return string(text)
}

// elsewhere is how the accounts are doing that other processes have.
func (b *Bot) elsewhere() map[chat.AccountID]chat.State {
	states := map[chat.AccountID]chat.State{}
	for _, h := range b.db.Elsewhere() {
		var s chat.State
		if id, ok := strings.CutPrefix(h.Role, outbox.Role("")); ok && json.Unmarshal([]byte(h.State), &s) == nil {
			states[chat.AccountID(id)] = s
		}
	}
	return states
}

// atOwner serves the pages of an account where its room is: in the process that has
// the account.
func (b *Bot) atOwner(id chat.AccountID, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role := outbox.Role(id)
		if b.db.Holds(role) {
			pages.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Retry-After", "2")
		http.Error(w, locale.Text(b.settings.Language, "engine.elsewhere"), http.StatusServiceUnavailable) // another process has it, or none yet
	})
}

func RetryUntilUp(ctx context.Context, db *store.DB, tell func(error), do func() error) error {
	for {
		err := do()
		if err == nil || !db.Postgres() || !store.Unreachable(err) {
			return err
		}
		tell(err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// Version is that of the program, as it was built.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v = strings.TrimSpace(v + " " + s.Value[:min(12, len(s.Value))])
		}
	}
	return v
}
