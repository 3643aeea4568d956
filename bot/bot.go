// Package bot is the wiring: it puts store, engine, features and adapters
// together, and has the program's commands. Everything is made by hand here;
// nothing registers itself.
package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/schedule"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/store"
)

// Bot is a bot that is put together and not yet running.
type Bot struct {
	settings *Settings
	db       *store.DB
	log      *slog.Logger
	features *features
	engine   *engine.Engine
	outbox   *outbox.Outbox
	adapters []chat.Adapter
	senders  []*outbox.Sender
	handler  http.Handler // of the browser rooms; nil when there are none
	ended    func()       // called when an adapter ends without an error; nil: it is run again
}

// openLibrary reads the packs of the settings and checks that schedules find
// what they ask for.
func openLibrary(s *Settings) (*content.Library, error) {
	library, err := content.Open(s.Content, packs.FS, s.file.Dir)
	if err != nil {
		return nil, err
	}
	return library, errors.Join(checkContent(s, library)...)
}

// databaseSource makes a relative path relative to the configuration.
func databaseSource(s *Settings) string {
	path := strings.TrimPrefix(s.Database, "sqlite:")
	if filepath.IsAbs(path) {
		return s.Database
	}
	return "sqlite:" + filepath.Join(s.file.Dir, path)
}

// Open puts a bot together on an open database. Accounts are made from the
// settings, or given by the caller (rehearsal, terminal).
func Open(s *Settings, library *content.Library, db *store.DB, log *slog.Logger, given ...chat.Adapter) (*Bot, error) {
	b := &Bot{settings: s, db: db, log: log}
	b.features = newFeatures(b.link)
	b.features.schedule.Log = log
	if err := db.Write(func(tx *store.Tx) error { return b.features.apply(tx, s, library) }); err != nil {
		return nil, fmt.Errorf("apply the configuration: %w", err)
	}
	b.adapters = given
	if given == nil {
		if err := b.makeAdapters(); err != nil {
			return nil, err
		}
	}
	ids := make([]chat.AccountID, len(b.adapters))
	for i, a := range b.adapters {
		ids[i] = a.ID()
	}
	b.outbox = outbox.New(db, ids...)
	b.engine = b.features.newEngine(engine.Options{DB: db, Language: s.Language, Log: log, Toast: b.toast}, b.outbox)
	for _, a := range b.adapters {
		b.senders = append(b.senders, b.outbox.Sender(a, b.features.media(db), log))
	}
	return b, nil
}

func (b *Bot) makeAdapters() error {
	for _, a := range b.settings.accounts {
		adapter, handler, err := platforms[a.Platform].make(b, a)
		if err != nil {
			return err
		}
		if handler != nil {
			b.handler = handler
		}
		b.adapters = append(b.adapters, adapter)
	}
	return nil
}

// link is the address at which a join code opens the browser room.
func (b *Bot) link(code string) string {
	for _, a := range b.settings.accounts {
		if a.Platform == "web" {
			return "http://" + b.settings.Listen + "/enter#" + code
		}
	}
	return ""
}

// toast answers a press, best effort: losing it is harmless.
func (b *Bot) toast(press chat.Event, line string) {
	for _, a := range b.adapters {
		acker, ok := a.(chat.Acker)
		if !ok || a.ID() != press.Account {
			continue
		}
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := acker.Ack(ctx, press, line); err != nil {
				b.log.Debug("toast", "account", press.Account, "error", err)
			}
		}()
	}
}

// personas returns the web accounts that run as the sample.
func (b *Bot) personas() []*door {
	var doors []*door
	for _, a := range b.settings.accounts {
		var c webConfig
		if a.Platform == "web" && b.settings.file.DecodeNode(&a.node, a.path, &c) == nil && c.Personas {
			doors = append(doors, &door{b, chat.AccountID(c.ID)})
		}
	}
	return doors
}

// welcome shows a newcomer that it works: on a new database of the sample the
// first lesson and question are pushed at once, whatever the hour.
func (b *Bot) welcome() error {
	doors := b.personas()
	if len(doors) == 0 {
		return nil
	}
	return b.db.Write(func(tx *store.Tx) error {
		for _, d := range doors {
			if err := d.bindPersonas(tx); err != nil {
				return err
			}
		}
		var pushed int
		if err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM lesson_push) + (SELECT COUNT(*) FROM round)`).Scan(&pushed); err != nil || pushed > 0 {
			return err
		}
		done := map[string]bool{}
		for _, s := range b.settings.Schedules {
			key := "welcome:" + s.Unit + ":" + s.Do
			if done[key] || s.Do != "lesson" && s.Do != "quiz" {
				continue
			}
			done[key] = true
			ref, err := json.Marshal(schedule.Now{Unit: s.Unit, Action: s.Do, Args: s.Args()})
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key) VALUES ($1, 'schedule', 'now', $2, $3)
				ON CONFLICT DO NOTHING`, tx.Millis(), string(ref), key)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Run runs the bot until ctx ends: first nothing new is taken in, then what
// was taken in is handled, then sends under way are finished.
func (b *Bot) Run(ctx context.Context) error {
	if err := b.welcome(); err != nil {
		return fmt.Errorf("set the sample up: %w", err)
	}
	core, stopCore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCore()
	var inner, outer sync.WaitGroup
	failed := make(chan error, len(b.senders)+1)
	inner.Go(func() { failed <- b.engine.Run(core) })
	for _, s := range b.senders {
		inner.Go(func() { failed <- s.Run(core) })
	}
	inner.Go(func() { b.housekeeping(core) })
	take, stopTaking := context.WithCancel(ctx)
	defer stopTaking()
	for _, a := range b.adapters {
		outer.Go(func() { b.supervise(take, a) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopTaking()
	outer.Wait()
	stopCore()
	inner.Wait()
	return err
}

// supervise runs an adapter again when it ends, later each time.
func (b *Bot) supervise(ctx context.Context, a chat.Adapter) {
	pause := time.Second
	for {
		began := time.Now()
		b.engine.SetState(a.ID(), chat.State{Condition: chat.Connecting})
		err := b.guard(ctx, a)
		if ctx.Err() != nil {
			return
		}
		if err == nil && b.ended != nil {
			b.ended()
			return
		}
		if time.Since(began) > time.Minute {
			pause = time.Second
		}
		detail := ""
		if err != nil {
			detail = err.Error()
		}
		b.engine.SetState(a.ID(), chat.State{Condition: chat.Down, Detail: detail})
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(pause*2, 5*time.Minute)
	}
}

// guard turns a panic of an adapter into an error: the others go on.
func (b *Bot) guard(ctx context.Context, a chat.Adapter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return a.Run(ctx, b.engine.Inbox(a.ID()))
}

func (b *Bot) housekeeping(ctx context.Context) {
	tick := time.NewTicker(6 * time.Hour)
	defer tick.Stop()
	for {
		if err := b.engine.Housekeeping(); err != nil {
			b.log.Error("housekeeping", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Reload takes in a changed configuration: units, packs, schedules, points and
// conduct. A fault leaves everything as it was. Accounts, database and listen
// need a restart.
func (b *Bot) Reload(f *config.File) error {
	s, err := ReadSettings(f)
	if err != nil {
		return err
	}
	library, err := openLibrary(s)
	if err != nil {
		return err
	}
	if err := b.db.Write(func(tx *store.Tx) error { return b.features.apply(tx, s, library) }); err != nil {
		return err
	}
	return nil
}
