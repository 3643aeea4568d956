package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"sync"
	"time"

	"branchbot/adapters/terminal"
	"branchbot/bot/chat"
	"branchbot/bot/feature/board"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
)

// typesOfPages are the types of what pages are made of. On Windows the registry tells
// them, where other programs write what they like; a browser runs no script of another
// type.
var typesOfPages = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}

func registerTypes() {
	for ending, name := range typesOfPages {
		if err := mime.AddExtensionType(ending, name); err != nil {
			panic(err) // ours are right
		}
	}
}

// mux serves the browser rooms and the health of the program.
func (b *Bot) mux() http.Handler {
	registerTypes()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", b.health)
	mux.HandleFunc("GET /readyz", b.health)
	metrics := b.metrics.handler()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !b.monitors(r) {
			http.Error(w, "only for this machine and those of monitoring: in config.yaml", http.StatusForbidden)
			return
		}
		metrics.ServeHTTP(w, r)
	})
	for _, method := range []string{"GET ", "POST "} {
		mux.HandleFunc(method+loginPath+"{account}", func(w http.ResponseWriter, r *http.Request) {
			b.atOwner(chat.AccountID(r.PathValue("account")), b.logins).ServeHTTP(w, r)
		})
	}
	mux.Handle(web.Root, b.console.Handler())
	boards := b.features.board.Handler()
	mux.Handle(board.Root, boards)
	mux.Handle(board.AssetRoot, boards)
	for pattern, handler := range b.routes {
		mux.Handle(pattern, handler)
	}
	return mux
}

// writable finds out whether the database answers and takes what is written: a full
// disk still answers. It writes every ten seconds at most, however often it is asked.
type writable struct {
	mu    sync.Mutex
	tried time.Time
	err   error
}

func (h *writable) check(db *store.DB) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := db.Now(); h.tried.IsZero() || now.Sub(h.tried).Abs() >= 10*time.Second {
		h.tried = now
		h.err = db.Write(func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ('', 'health', $1)
				ON CONFLICT (account, key) DO UPDATE SET value = excluded.value`, []byte(now.UTC().Format(time.RFC3339)))
			return err
		})
		return h.err
	}
	if h.err != nil {
		return h.err
	}
	return db.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT 1`).Scan(new(int)) })
}

// monitors tells whether a request comes from this machine, or from one that may watch it.
func (b *Bot) monitors(r *http.Request) bool {
	from := hostOf(r.RemoteAddr)
	return isLoopback(from) || networksOf(b.settings.Monitor).contain(from)
}

// health is 200 while the database answers and takes what is written. Strangers learn
// no more than that.
func (b *Bot) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	report := struct {
		Status   string                            `json:"status"`
		Accounts map[chat.AccountID]chat.Condition `json:"accounts,omitempty"`
		Reasons  map[chat.AccountID]chat.Reason    `json:"reasons,omitempty"` // why one does not work as it should
		Until    map[chat.AccountID]time.Time      `json:"until,omitempty"`   // when that is over
	}{"ok", map[chat.AccountID]chat.Condition{}, map[chat.AccountID]chat.Reason{}, map[chat.AccountID]time.Time{}}
	states := b.engine.States()
	if !b.monitors(r) {
		states = nil
	}
	for id, s := range states {
		report.Accounts[id] = s.Condition
		if s.Reason != "" {
			report.Reasons[id] = s.Reason
		}
		if !s.Until.IsZero() {
			report.Until[id] = s.Until
		}
	}
	if err := b.writable.check(b.db); err != nil {
		report.Status = "the database does not answer, or takes nothing"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(report)
}

// drain waits until nothing is left to be sent, at most ten seconds.
func (b *Bot) drain(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		waiting := false
		for _, s := range b.senders {
			_, more, err := s.NextDue()
			waiting = waiting || more || err != nil
		}
		if !waiting {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// seat binds the room of the terminal to its unit, and the people to members.
func (b *Bot) seat(o terminal.Options) error {
	dir := b.features.directory
	return b.db.Write(func(tx *store.Tx) error {
		if err := dir.BindChat(tx, o.ID, o.Room.Chat, string(o.Room.Chat), o.Room.Title); err != nil {
			return err
		}
		for _, person := range o.People {
			if err := b.bindStaff(tx, o.ID, string(person.User), person.User, terminal.PrivateChat(person.User)); err != nil {
				return err
			}
		}
		return nil
	})
}

// bindStaff binds a platform account to the member with a staff number.
func (b *Bot) bindStaff(tx *store.Tx, id chat.AccountID, staff string, user chat.UserID, private chat.ChatID) error {
	m, err := roster.ByStaff(tx, staff)
	if err != nil || m == nil { // nil: no longer on the roster
		return err
	}
	return b.features.directory.Bind(tx, id, user, m.ID, private, roster.Proof{How: "program"})
}

// shutdown bounds how long the end may take.
const shutdown = 8 * time.Second

// Serve runs the bot with its pages until ctx ends, and says when these can be opened.
// Codes of accounts that have to be scanned are shown on the terminal too.
func (b *Bot) Serve(ctx context.Context, listener net.Listener, terminal io.Writer, opened func()) error {
	s := b.settings
	b.logins.terminal = terminal
	b.address = listener.Addr().String()
	server := &http.Server{Handler: newFront(s, b.mux()), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * pieceTime, IdleTimeout: 2 * time.Minute} // each piece of an answer has a deadline of its own, see paced
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if s.TLS.Cert != "" {
		c := &certificate{cert: s.path(s.TLS.Cert), key: s.path(s.TLS.Key)}
		server.TLSConfig = &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	go func() {
		serve := server.Serve
		if s.TLS.Cert != "" {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serve %s: %w", s.Listen, err))
		}
	}()
	opened()
	err := b.Run(work) // ends the browsers' streams when it ends
	if err == nil && ctx.Err() == nil {
		err = context.Cause(work)
	}
	closing, cancel := context.WithTimeout(context.Background(), shutdown)
	defer cancel()
	return errors.Join(err, server.Shutdown(closing))
}

// HasRoom tells whether there is a browser room.
func (b *Bot) HasRoom() bool { return b.routes["/"] != nil }

// IsSample tells whether anyone at this machine may be any member.
func (b *Bot) IsSample() bool { return len(b.personas()) > 0 }

// RunTerminal runs the bot with a terminal as its only account. When the input is at its
// end, what was asked is answered, and it stops.
func (b *Bot) RunTerminal(ctx context.Context, o terminal.Options) error {
	if err := b.seat(o); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b.ended = func() {
		b.drain(ctx)
		stop()
	}
	return b.Run(ctx)
}
