package web

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.ParseFS(assets, "assets/*.html"))

// Handler serves the pages and the requests of the browsers.
func (a *Adapter) Handler() http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // embedded
	}
	static := http.StripPrefix("/assets/", http.FileServerFS(files))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page)
	mux.HandleFunc("GET /enter", a.enterPage)
	mux.HandleFunc("POST /enter", a.enter)
	mux.HandleFunc("POST /leave", a.signOut)
	mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		if strings.HasSuffix(r.URL.Path, ".html") {
			http.NotFound(w, r)
			return
		}
		static.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /api/events", a.known(a.events))
	mux.HandleFunc("POST /api/send", a.known(a.limited(a.send)))
	mux.HandleFunc("POST /api/press", a.known(a.limited(a.press)))
	mux.HandleFunc("POST /api/file", a.known(a.limited(a.upload)))
	mux.HandleFunc("POST /api/pages", a.known(a.limited(a.pages)))
	mux.HandleFunc("GET /media/{hash}", a.known(a.media))
	return a.secure(http.NewCrossOriginProtection().Handler(mux))
}

// secure sets the headers that every answer has, and in the sample refuses
// requests that did not come from this machine under one of its own names: a
// foreign page could otherwise reach it through a name that points here.
func (a *Adapter) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if a.Options.Personas && !local(r) {
			http.Error(w, a.text("local_only"), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *Adapter) fail(w http.ResponseWriter, err error) {
	if !errors.Is(err, errNotRunning) && !errors.Is(err, context.Canceled) {
		a.Log.Error("browser room", "error", err)
	}
	http.Error(w, a.text("try_again"), http.StatusServiceUnavailable)
}

type pageData struct {
	Lang  string
	T     map[string]string
	Texts map[string]string // for the script
	Wrong bool
}

func (a *Adapter) show(w http.ResponseWriter, name string, status int, wrong bool) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	t := a.texts()
	if err := pages.ExecuteTemplate(w, name, pageData{Lang: a.Language, T: t, Texts: t, Wrong: wrong}); err != nil {
		a.Log.Error("page", "name", name, "error", err)
	}
}

func (a *Adapter) page(w http.ResponseWriter, r *http.Request) {
	switch _, err := a.who(r); {
	case errors.Is(err, errStranger):
		http.Redirect(w, r, "/enter", http.StatusSeeOther)
	case err != nil:
		a.fail(w, err)
	default:
		a.show(w, "room.html", http.StatusOK, false)
	}
}

func (a *Adapter) enterPage(w http.ResponseWriter, _ *http.Request) {
	a.show(w, "enter.html", http.StatusOK, false)
}

// known finds out who asks, and lets nobody else in.
func (a *Adapter) known(next func(http.ResponseWriter, *http.Request, Persona)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		me, err := a.who(r)
		switch {
		case errors.Is(err, errStranger):
			http.Error(w, a.text("stranger"), http.StatusUnauthorized)
		case err != nil:
			a.fail(w, err)
		default:
			next(w, r, me)
		}
	}
}

// limited slows down who sends too much.
func (a *Adapter) limited(next func(http.ResponseWriter, *http.Request, Persona)) func(http.ResponseWriter, *http.Request, Persona) {
	return func(w http.ResponseWriter, r *http.Request, me Persona) {
		if !a.limits.allow("user:"+string(me.User), a.Now()) {
			http.Error(w, a.text("too_fast"), http.StatusTooManyRequests)
			return
		}
		next(w, r, me)
	}
}

// mayWrite tells whether the room is one of the user's.
func (a *Adapter) mayWrite(ctx context.Context, me Persona, id chat.ChatID) (title string, ok bool, err error) {
	if owner, private := isPrivate(id); private {
		return "", owner == me.User, nil
	}
	rooms, err := a.Door.Rooms(ctx, me.User)
	for _, r := range rooms {
		if r.ID == id {
			return r.Title, true, nil
		}
	}
	return "", false, err
}

// decode reads a JSON request of at most 64 KiB.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	return json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
}

// accept hands an event to the engine and answers the browser: 200 only once
// it is stored.
func (a *Adapter) accept(w http.ResponseWriter, r *http.Request, me Persona, ev chat.Event) bool {
	title, ok, err := a.mayWrite(r.Context(), me, ev.Chat)
	switch {
	case err != nil:
		a.fail(w, err)
		return false
	case !ok:
		http.Error(w, a.text("no_room"), http.StatusNotFound)
		return false
	}
	in, err := a.in()
	if err == nil {
		_, ev.Private = isPrivate(ev.Chat)
		ev.Account, ev.Title, ev.At = a.ID(), title, a.date()
		ev.From = chat.User{ID: me.User, Name: me.Name}
		ev.Key = string(me.User) + ":" + ev.Key
		err = in.Accept(r.Context(), "", ev)
	}
	if err != nil {
		a.fail(w, err)
		return false
	}
	return true
}

// date is that of what a browser delivers now; zero when it may have kept it because the
// room was away.
func (a *Adapter) date() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.behind {
		return time.Time{}
	}
	return a.Now()
}

// clientKey is what a browser may call its events.
func clientKey(s string) bool {
	return len(s) >= 8 && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return r < '-' || r > 'z' })
}

func (a *Adapter) send(w http.ResponseWriter, r *http.Request, me Persona) {
	var req struct {
		ID      string      `json:"id"`
		Room    chat.ChatID `json:"room"`
		Text    string      `json:"text"`
		ReplyTo int64       `json:"replyTo"`
	}
	if err := decode(w, r, &req); err != nil || !clientKey(req.ID) || strings.TrimSpace(req.Text) == "" {
		http.Error(w, a.text("bad_request"), http.StatusBadRequest)
		return
	}
	if utf8.RuneCountInString(req.Text) > maxText {
		http.Error(w, a.text("too_long"), http.StatusRequestEntityTooLarge)
		return
	}
	if _, ok, err := a.mayWrite(r.Context(), me, req.Room); err != nil || !ok {
		http.Error(w, a.text("no_room"), http.StatusNotFound)
		return
	}
	room, err := a.room(r.Context(), req.Room)
	if err != nil {
		a.fail(w, err)
		return
	}
	// The place in the room is taken before the bot can answer.
	a.mu.Lock()
	seq, again := room.byKey[string(me.User)+":"+req.ID]
	if !again {
		seq = room.next(a.Now())
	}
	a.mu.Unlock()
	ev := chat.Event{Key: req.ID, Kind: chat.Said, Chat: req.Room, Message: messageID(seq), Text: req.Text}
	if req.ReplyTo != 0 {
		ev.ReplyTo = messageID(req.ReplyTo)
	}
	if !a.accept(w, r, me, ev) || again {
		return
	}
	a.said(r.Context(), &message{Seq: seq, Room: req.Room, User: me.User, Name: me.Name, At: a.Now().UnixMilli(),
		Spans: []chat.Span{{Text: chat.Clean(req.Text)}}, ReplyTo: req.ReplyTo, Key: string(me.User) + ":" + req.ID})
}

func (a *Adapter) press(w http.ResponseWriter, r *http.Request, me Persona) {
	var req struct {
		ID   string      `json:"id"`
		Room chat.ChatID `json:"room"`
		Seq  int64       `json:"seq"`
		Data string      `json:"data"`
	}
	if err := decode(w, r, &req); err != nil || !clientKey(req.ID) || len(req.Data) > 64 {
		http.Error(w, a.text("bad_request"), http.StatusBadRequest)
		return
	}
	a.accept(w, r, me, chat.Event{Key: req.ID, Kind: chat.Pressed, Chat: req.Room, Message: messageID(req.Seq), Data: req.Data})
}

// pages gives the browser the key to the pages, which it spends at once.
func (a *Adapter) pages(w http.ResponseWriter, r *http.Request, me Persona) {
	key, err := a.Door.Pages(r.Context(), me.User)
	if err != nil {
		a.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"path": pagesPath, "key": key})
}

// upload takes a file in the private chat: ?id=&name=, the body is the file.
func (a *Adapter) upload(w http.ResponseWriter, r *http.Request, me Persona) {
	id, name := r.URL.Query().Get("id"), chat.CleanName(r.URL.Query().Get("name"))
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		http.Error(w, a.text("file_too_big"), http.StatusRequestEntityTooLarge)
		return
	}
	if !clientKey(id) || name == "" {
		http.Error(w, a.text("bad_request"), http.StatusBadRequest)
		return
	}
	to := PrivateChat(me.User)
	room, err := a.room(r.Context(), to)
	if err != nil {
		a.fail(w, err)
		return
	}
	a.mu.Lock()
	seq, again := room.byKey[string(me.User)+":"+id]
	if !again {
		seq = room.next(a.Now())
	}
	a.mu.Unlock()
	ev := chat.Event{Key: id, Kind: chat.Said, Chat: to, Message: messageID(seq), Files: []chat.File{{Name: name, Data: data}}}
	if a.accept(w, r, me, ev) && !again {
		a.said(r.Context(), &message{Seq: seq, Room: to, User: me.User, Name: me.Name, At: a.Now().UnixMilli(),
			Spans: []chat.Span{{Text: "📎 " + name}}, Key: string(me.User) + ":" + id})
	}
}
