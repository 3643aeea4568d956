package bot

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"branchbot/adapters/terminal"
	"branchbot/bot/board"
	"branchbot/bot/chat"
	"branchbot/bot/console"
	"branchbot/bot/member"
	"branchbot/store"
)

// run is the main job. On PostgreSQL several processes share it.
func (p *Program) run(ctx context.Context) error {
	s, library, err := p.load()
	if err != nil {
		return err
	}
	for _, note := range s.notes {
		fmt.Fprintln(p.Err, "branchbot: note:", note)
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return s.file.Hide(fmt.Errorf("listen on %s: %w; another program has the port, or change listen: in %s", s.Listen, err, s.file.Name))
	}
	defer listener.Close()
	db, err := p.openOwn(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	var b *Bot
	err = patient(ctx, db, func(err error) { p.logger().Warn("waiting for the database", "error", err) }, func() (err error) {
		b, err = Open(s, library, db, p.logger())
		return err
	})
	if err != nil {
		return err
	}
	b.logins.terminal = p.Out
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
	go p.reloadOnHangup(work, b)
	p.greet(b, b.address)
	err = b.Run(work) // ends the browsers' streams when it ends
	if err == nil && ctx.Err() == nil {
		err = context.Cause(work)
	}
	closing, cancel := context.WithTimeout(context.Background(), shutdown)
	defer cancel()
	return errors.Join(err, server.Shutdown(closing))
}

// greet tells where to look.
func (p *Program) greet(b *Bot, address string) {
	fmt.Fprintf(p.Out, "支部小助手已启动 / Branchbot is running\n")
	scheme := "http"
	if b.settings.TLS.Cert != "" {
		scheme = "https"
	}
	if b.routes["/"] != nil {
		fmt.Fprintf(p.Out, "请用浏览器打开 / open in a browser:  %s://%s/\n", scheme, address)
	}
	if link, err := b.firstLink(or(b.settings.Address, scheme+"://"+address)); err != nil {
		b.log.Error("make the first link to the console", "error", err)
	} else if link != "" {
		fmt.Fprintf(p.Out, "网页工作台（15 分钟内有效，只能用一次）/ the console, once, within 15 minutes:\n  %s\n", link)
	}
	if len(b.personas()) == 0 {
		fmt.Fprintf(p.Out, "首次进入请用加入码 / the first code:  branchbot invite STAFFNO\n")
	}
	fmt.Fprintf(p.Out, "按 Ctrl+C 停止 / Ctrl+C stops\n")
	if p.Ready != nil {
		p.Ready(address)
	}
}

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
	mux.Handle(console.Root, b.console.Handler())
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

// reloadOnHangup takes a changed configuration in at SIGHUP.
func (p *Program) reloadOnHangup(ctx context.Context, b *Bot) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		f, err := p.readConfig()
		if err == nil {
			err = b.Reload(f)
		}
		if err == nil {
			err = b.announce()
		}
		if err != nil {
			b.log.Error("the changed configuration is not used, the one before stays", "error", err)
			continue
		}
		b.log.Info("configuration taken in")
	}
}

// chat runs the bot with this terminal as its only account, on the database
// of the configuration.
func (p *Program) chat(ctx context.Context) error {
	s, library, err := p.load()
	if err != nil {
		return err
	}
	if len(s.Units) == 0 {
		return fmt.Errorf("%s: units: there is none to chat in", s.file.Name)
	}
	db, err := p.openOwn(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	unit := s.Units[0]
	o := terminal.Options{ID: "terminal", In: p.In, Out: p.Out, Room: terminal.Room{Chat: chat.ChatID(unit.ID), Title: unit.Name}, Language: s.Language}
	for _, m := range unit.Members {
		o.People = append(o.People, terminal.Person{User: chat.UserID(m.Staff), Name: m.Name})
	}
	b, err := Open(s, library, db, p.logger(), terminal.New(o))
	if err != nil {
		return err
	}
	if err := b.seat(o); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b.ended = func() { // the input is at its end: answer what was asked, then stop
		b.drain(ctx)
		stop()
	}
	return b.Run(ctx)
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
	m, err := member.ByStaff(tx, staff)
	if err != nil || m == nil { // nil: no longer on the roster
		return err
	}
	return b.features.directory.Bind(tx, id, user, m.ID, private, member.Proof{How: "program"})
}
