// Package app is the wiring: it puts store, engine, features and adapters
// together, and has the program's commands. Everything is made by hand here;
// nothing registers itself.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/report"
	"branchbot/bot/schedule"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/schedules"
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
	given    bool // the adapters are not those of the settings: a rehearsal, a terminal
	senders  []*outbox.Sender
	routes   map[string]http.Handler // what the accounts serve, by pattern
	logins   *logins
	console  *web.Server
	packs    *packStore
	backups  *backups
	heads    *heads
	metrics  *metrics
	asides   map[chat.AccountID]*aside // of the accounts that can be attended to
	address  string                    // of the pages
	writable writable
	made     func(ref string) ([]byte, string, error) // what features keep or make, see features.media
	ended    func()                                   // called when an adapter ends without an error; nil: it is run again

	alerting sync.Mutex
	troubled map[chat.AccountID]string // the kind of trouble that people were told of
	scanning map[chat.AccountID]bool   // a code was shown since the account was online
}

// OpenLibrary reads the packs of the settings and those that were taken in at
// the console, and checks that schedules find what they ask for.
func OpenLibrary(s *Settings) (*content.Library, error) {
	imported, _, err := importedPacks(s.PacksFolder())
	if err != nil {
		return nil, err
	}
	library, err := content.Open(slices.Concat(s.Content, imported), packs.FS, s.File.Dir)
	if err != nil {
		return nil, s.File.Hide(err)
	}
	return library, errors.Join(checkContent(s, library)...)
}

// OpenDatabase opens the database of the settings; as a tool beside a running
// bot when it is shared.
func OpenDatabase(ctx context.Context, s *Settings, shared bool) (*store.DB, error) {
	return store.Open(ctx, s.DatabaseSource(), store.Options{Shared: shared, Folder: s.DataFolder()})
}

// DataFolder is where what belongs to a PostgreSQL database lies.
func (s *Settings) DataFolder() string { return filepath.Join(s.File.Dir, "data") }

// DatabaseSource makes a relative path relative to the configuration.
func (s *Settings) DatabaseSource() string {
	if store.IsPostgres(s.Database) {
		return s.Database
	}
	path := strings.TrimPrefix(s.Database, "sqlite:")
	if filepath.IsAbs(path) {
		return s.Database
	}
	return "sqlite:" + filepath.Join(s.File.Dir, path)
}

// Open puts a bot together on an open database. Accounts are made from the
// settings, or given by the caller (rehearsal, terminal).
func Open(s *Settings, library *content.Library, db *store.DB, log *slog.Logger, given ...chat.Adapter) (*Bot, error) {
	b := &Bot{settings: s, db: db, log: log, given: given != nil, routes: map[string]http.Handler{}, troubled: map[chat.AccountID]string{}, scanning: map[chat.AccountID]bool{}}
	b.logins = newLogins(filepath.Dir(db.Path()), s.Base(), s.Language)
	b.logins.told = b.codeShown
	if zone, err := schedules.Zone(s.Timezone); err == nil {
		b.logins.zone = zone
	}
	b.logins.here = func(id chat.AccountID) bool { return db.Holds(outbox.Role(id)) }
	b.logins.state = func(id chat.AccountID) chat.State { return b.engine.States()[id] }
	b.features = newFeatures(b.links, s.JoinPage)
	b.packs = newPackStore(b)
	b.backups = newBackups(s, db)
	b.backups.quiet = b.quiet
	b.features.backup = b.backups.Last
	b.heads = newHeads(db, log)
	b.features.breaks = b.heads.Breaks
	b.features.schedule.Log = log
	b.features.console.Base = s.Base()
	b.features.board.DB, b.features.board.Base, b.features.board.Log = db, s.Base, log
	if s.Address != "" { // else who scans the poster's code finds nothing there
		b.features.poster.Board = b.features.board.Address
	}
	if err := db.Write(func(tx *store.Tx) error { return b.apply(tx, s, library) }); err != nil {
		return nil, fmt.Errorf("apply the configuration: %w", db.Explain(err))
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
	b.metrics = newMetrics(db, func() map[chat.AccountID]chat.State { return b.engine.States() })
	b.outbox.Settled = b.metrics.settled
	if err := b.metrics.registry.Register(gauges{b.metrics, b.backups.Last, b.heads.Breaks}); err != nil {
		return nil, err
	}
	b.engine = b.features.newEngine(engine.Options{DB: db, Language: s.Language, Log: log, Toast: b.toast, Caps: b.caps, Link: b.link,
		StateChanged: b.stateChanged, Elsewhere: b.elsewhere, Left: b.left, Handled: b.metrics.handled}, b.outbox)
	b.features.material.Packs, b.features.members.Doubts = b.packs, b.doubts
	b.made = b.features.media(db, b.engine.Features)
	edit := &editor{config: s.File, reload: b.Reload, told: b.Announce}
	b.console = web.New(web.Options{DB: db, Engine: b.engine, Act: b.engine.Act, Roster: b.features.directory, Platforms: capabilities(), Styles: report.Styles(), Top: s.top(),
		Code: b.logins.picture, ByPhone: b.logins.byPhone, Renew: b.logins.renew, AcceptAccount: b.logins.acceptAccount, Section: edit.Section, SetSection: edit.SetSection, Language: s.Language, Log: log})
	for _, a := range b.adapters {
		b.senders = append(b.senders, b.outbox.Sender(a, b.media, log))
	}
	return b, nil
}

// apply takes a configuration in. The sample's room has its people with the roster:
// a browser may open it before anything else is done.
func (b *Bot) apply(tx *store.Tx, s *Settings, library *content.Library) error {
	if err := b.features.apply(tx, s, library); err != nil {
		return err
	}
	if b.given { // nobody opens the room
		return nil
	}
	for _, d := range b.personas() {
		if err := d.bindPersonas(tx, s.Units); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) makeAdapters() error {
	for _, a := range b.settings.accounts {
		m, err := platforms[a.Platform].make(b, a)
		if err != nil {
			return err
		}
		if err := b.serve(m, a); err != nil {
			return err
		}
		b.adapters = append(b.adapters, m.adapter)
	}
	return nil
}

// media finds the bytes of what is sent along; "qr:ACCOUNT" is the code of an
// account that has to be logged in.
func (b *Bot) media(ref string) ([]byte, string, error) {
	id, ok := strings.CutPrefix(ref, "qr:")
	if !ok {
		return b.made(ref)
	}
	picture := b.logins.picture(chat.AccountID(id))
	if picture == nil {
		return nil, "", errors.New("the code has expired")
	}
	return picture, "image/png", nil
}

// left is how many messages an account may still send today; its sender counts them.
func (b *Bot) left(account chat.AccountID) (int, bool) {
	for i, a := range b.adapters {
		if a.ID() == account && b.db.Holds(outbox.Role(account)) {
			return b.senders[i].Left()
		}
	}
	return 0, false
}

// links are the addresses at which a join code lets somebody in.
func (b *Bot) links(code string) []string {
	var links []string
	if page := b.settings.JoinPage(code); page != "" {
		links = append(links, page)
	}
	for _, a := range b.adapters {
		if link := b.link(a.ID(), code); link != "" {
			links = append(links, link)
		}
	}
	return links
}

// link is an address that opens a private chat on an account.
func (b *Bot) link(account chat.AccountID, word string) string {
	if linker, ok := b.adapter(account).(chat.Linker); ok {
		return linker.Link(word)
	}
	return ""
}

func (b *Bot) caps(account chat.AccountID, in chat.ChatID) chat.Caps {
	if a := b.adapter(account); a != nil {
		return a.Caps(in)
	}
	return chat.Caps{}
}

// quiet tells whether an instant is in the quiet hours of the configuration's
// own zone.
func (b *Bot) quiet(at time.Time) bool {
	zone, err := schedules.Zone(b.settings.Timezone)
	return err == nil && b.features.quiet.Load().Contains(at.In(zone))
}

// adapter is nil for an account that is no longer in the configuration.
func (b *Bot) adapter(account chat.AccountID) chat.Adapter {
	for _, a := range b.adapters {
		if a.ID() == account {
			return a
		}
	}
	return nil
}

// toast answers a press, best effort: losing it is harmless.
func (b *Bot) toast(press chat.Event, line string) {
	if acker, ok := b.adapter(press.Account).(chat.Acker); ok {
		acker.Ack(press, line)
	}
}

// personas returns the web accounts that run as the sample.
func (b *Bot) personas() []*door {
	var doors []*door
	for _, a := range b.settings.accounts {
		var c webConfig
		if a.Platform == "web" && a.decode(b.settings.File, &c) == nil && c.Personas {
			doors = append(doors, &door{b, chat.AccountID(a.ID)})
		}
	}
	return doors
}

// welcome shows a newcomer that it works: on a new database of the sample the
// first lesson and question are pushed at once, whatever the hour.
func (b *Bot) welcome() error {
	if !b.IsSample() {
		return nil
	}
	return b.db.Write(func(tx *store.Tx) error {
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
			args := s.Args()
			args["welcome"] = "yes"
			ref, err := json.Marshal(schedule.Now{Unit: s.Unit, Action: s.Do, Args: args})
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, unit) VALUES ($1, 'schedule', 'now', $2, $3, $4)
				ON CONFLICT DO NOTHING`, tx.Millis(), string(ref), key, s.Unit)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// housekeeping is what one process does for all.
func (b *Bot) housekeeping(ctx context.Context) {
	b.backups.look() // another process may have made one
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := b.engine.Housekeeping(); err != nil {
			b.log.Error("housekeeping", "error", err)
		}
		if err := b.backups.make(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("no backup; /状态 says so after 26 hours", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// presentEvery is how often it is looked whether the database is still there.
const presentEvery = 5 * time.Second

// present ends with an error when the database file is there no more.
func (b *Bot) present(ctx context.Context) error {
	tick := time.NewTicker(presentEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := b.db.Present(); err != nil {
			return err
		}
	}
}

// watchClock has the schedules planned anew when the clock was set back: their timers
// lie in what was the future of a clock that was ahead.
func (b *Bot) watchClock(ctx context.Context) {
	tick := time.NewTicker(presentEvery)
	defer tick.Stop()
	last := b.db.Now().Round(0) // without the monotonic part, which knows nothing of it
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := b.db.Now().Round(0)
		if last.Sub(now) > time.Minute {
			b.log.Warn("the clock was set back, the schedules are planned anew", "by", last.Sub(now).Round(time.Second))
			if err := b.db.Write(b.features.schedule.Replan); err != nil {
				b.log.Error("plan the schedules anew", "error", err)
				continue // and try again
			}
		}
		last = now
	}
}

// Reload takes in a changed configuration: units, packs, schedules, points and
// conduct. A fault leaves everything as it was. Accounts, database and listen
// need a restart.
func (b *Bot) Reload(f *config.File) error { return b.takeIn(f, b.apply) }

func (b *Bot) takeIn(f *config.File, as func(*store.Tx, *Settings, *content.Library) error) error {
	s, err := ReadSettings(f)
	if err != nil {
		return err
	}
	b.packs.mu.Lock()
	defer b.packs.mu.Unlock()
	library, err := OpenLibrary(s)
	if err != nil {
		return err
	}
	return b.db.Write(func(tx *store.Tx) error { return as(tx, s, library) })
}

// FirstLink is a link for the first secretary of the top unit, as long as nobody
// has ever been in the console; "" then, and while there is no secretary.
func (b *Bot) FirstLink(base string) (link string, err error) {
	if b.IsSample() { // the sample's room leads there
		return "", nil
	}
	err = b.db.Write(func(tx *store.Tx) error {
		entered, err := web.Entered(tx)
		if err != nil || entered {
			return err
		}
		found, err := b.features.directory.Secretaries(tx, b.settings.top())
		if errors.Is(err, store.ErrNoRows) || err == nil && len(found) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		link, err = web.Link(tx, strings.TrimSuffix(base, "/"), found[0].ID, 0, true)
		return err
	})
	return link, err
}
