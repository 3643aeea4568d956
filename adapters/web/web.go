// Package web is a chat room in the browser, as an adapter.
//
// Rules:
//   - What people write lives in memory only, the last 200 messages of a room;
//     it is gone after a restart. What the bot said is kept on the shelf.
//   - A person's message is shown to others only after the engine accepted it;
//     until then the browser keeps it and delivers it again.
//   - A message has the date of the server. What comes just after the room was away has
//     none, for browsers kept it meanwhile; what their own clocks say counts for nothing,
//     and who was away alone is late.
//   - A Part with a known Key is shown once, however often it is sent.
//   - Whoever may be anyone (personas) must sit at this machine: the sample only.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
)

// Room is a group room that a user may see.
type Room struct {
	ID    chat.ChatID `json:"id"`
	Title string      `json:"title"`
}

// Persona is one of the sample's people.
type Persona struct {
	User      chat.UserID `json:"user"`
	Name      string      `json:"name"`
	Secretary bool        `json:"secretary"`
}

// Door tells who may enter. The wiring implements it, tests use a map.
type Door interface {
	// Redeem spends a one-time code for a new user, who comes with a browser; ok is
	// false for an unknown, spent or expired code.
	Redeem(ctx context.Context, code string, user chat.UserID, browser string) (ok bool, err error)
	// Session is what to show for the user of a session; "" when the session is over:
	// too old, ended elsewhere, or its user is no longer known.
	Session(ctx context.Context, user chat.UserID, browser string) (name string, err error)
	// Leave ends the session of a user.
	Leave(ctx context.Context, user chat.UserID) error
	// Version changes when somebody's session may have been ended, or their rooms changed.
	Version(ctx context.Context) (int64, error)
	// Rooms are the group rooms that the user may see now.
	Rooms(ctx context.Context, user chat.UserID) ([]Room, error)
	// Name is what to show for a user; "" when they are no longer known.
	Name(ctx context.Context, user chat.UserID) (string, error)
	// Personas lists the sample's people.
	Personas(ctx context.Context) ([]Persona, error)
	// Pages makes the key that lets the user into the pages at pagesPath, once.
	Pages(ctx context.Context, user chat.UserID) (key string, err error)
}

// Options are what an adapter is made of.
type Options struct {
	ID       chat.AccountID
	Door     Door
	Personas bool // the sample: anyone at this machine may be any persona
	Secure   bool // people come through a proxy with TLS: cookies go that way only
	Language string
	Now      func() time.Time
	// Grace is how long after the start browsers have to deliver what was typed while the
	// room was away; usualGrace unless set, none when
	// negative.
	Grace time.Duration
	Log   *slog.Logger
}

const (
	// usualGrace is a little longer than browsers wait at most before they try again.
	usualGrace = 12 * time.Second
	// aliveEvery is how often the room says that it is there.
	aliveEvery = 30 * time.Second
)

const (
	keep      = 200      // messages of a room
	maxText   = 8000     // runes of a person's message
	maxUpload = 5 << 20  // bytes of a file
	maxBody   = 64 << 10 // bytes of a JSON request
	maxStream = 20       // streams of a user
	idle      = 30 * 24 * time.Hour
	absolute  = 180 * 24 * time.Hour // what Door.Session holds to; the cookie lives as long
)

// pagesPath is where a form with a key goes that Door.Pages has made.
const pagesPath = "/console/enter"

// PrivateChat is the chat of a user and the bot alone.
func PrivateChat(user chat.UserID) chat.ChatID { return chat.ChatID("dm:" + user) }

// message is one line of a room, as the browser gets it.
type message struct {
	Seq     int64           `json:"seq"` // its id; rises within the room
	Room    chat.ChatID     `json:"room"`
	Bot     bool            `json:"bot,omitempty"`
	User    chat.UserID     `json:"user,omitempty"`
	Name    string          `json:"name,omitempty"`
	At      int64           `json:"at"` // UTC milliseconds
	Spans   []chat.Span     `json:"spans,omitempty"`
	Media   *media          `json:"media,omitempty"`
	Buttons [][]chat.Button `json:"buttons,omitempty"`
	ReplyTo int64           `json:"replyTo,omitempty"`
	Edited  bool            `json:"edited,omitempty"`
	Key     string          `json:"key,omitempty"` // of the Part
}

// Adapter is the room of one account.
type Adapter struct {
	Options

	mu       sync.Mutex
	inbox    chat.Inbox // nil until Run
	behind   bool       // browsers have yet to deliver what they kept
	rooms    map[chat.ChatID]*room
	streams  map[*stream]bool
	files    map[string]blob // by their hash, as pictures
	pictures map[string]blob // those asked for lately
	kept     map[string]bool // the pictures that are known to be on the shelf
	limits   limits
	version  int64 // of the door, when the streams were last looked at

	keeping sync.RWMutex // held for reading while a picture or file is taken in, else while one is freed
}

type room struct {
	messages []*message // by Seq
	last     int64
	byKey    map[string]int64
}

// New makes an adapter.
func New(o Options) *Adapter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Grace == 0 {
		o.Grace = usualGrace
	}
	return &Adapter{Options: o, rooms: map[chat.ChatID]*room{}, streams: map[*stream]bool{},
		files: map[string]blob{}, pictures: map[string]blob{}, kept: map[string]bool{}}
}

// ID implements chat.Adapter.
func (a *Adapter) ID() chat.AccountID { return a.Options.ID }

// Platform implements chat.Adapter.
func (a *Adapter) Platform() string { return "web" }

// Caps implements chat.Adapter.
func (a *Adapter) Caps(chat.ChatID) chat.Caps {
	return Capabilities()
}

// Capabilities is what the room can do in any chat.
func Capabilities() chat.Caps {
	return chat.Caps{Direct: true, TextLimit: maxText, CaptionLimit: maxText, Styles: true, Links: true, Pictures: true, Files: true,
		Buttons: true, Edit: true, Idempotent: true}
}

// Run implements chat.Adapter: it serves as long as it runs.
func (a *Adapter) Run(ctx context.Context, in chat.Inbox) error {
	a.mu.Lock()
	a.inbox, a.behind = in, a.Grace > 0
	a.mu.Unlock()
	in.State(chat.State{Condition: chat.Online, Behind: a.Grace > 0})
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for back := time.After(a.Grace); ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-look.C:
			a.look(ctx)
			continue
		case <-back:
			a.mu.Lock()
			a.behind = false
			a.mu.Unlock()
			back = time.After(aliveEvery)
		}
		if !a.date().IsZero() {
			in.State(chat.State{Condition: chat.Online})
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inbox = nil
	for s := range a.streams {
		s.end()
	}
	return nil
}

// Leave implements chat.Leaver: what another process says from now on is on the shelf.
func (a *Adapter) Leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.rooms)
	clear(a.files)
	clear(a.pictures)
	clear(a.kept)
}

var errNotRunning = errors.New("the room is not open yet")

// in is the inbox while the adapter runs.
func (a *Adapter) in() (chat.Inbox, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inbox == nil {
		return nil, errNotRunning
	}
	return a.inbox, nil
}

func shelfKey(id chat.ChatID, seq int64) string { return fmt.Sprintf("m/%s/%020d", id, seq) }

// room loads what the bot has said there before.
func (a *Adapter) room(ctx context.Context, id chat.ChatID) (*room, error) {
	a.mu.Lock()
	r := a.rooms[id]
	a.mu.Unlock()
	if r != nil {
		return r, nil
	}
	in, err := a.in()
	if err != nil {
		return nil, err
	}
	items, err := in.List(ctx, "m/"+string(id)+"/", keep)
	if err != nil {
		return nil, err
	}
	r = &room{byKey: map[string]int64{}}
	for _, it := range items {
		m := &message{}
		if err := json.Unmarshal(it.Value, m); err != nil {
			return nil, fmt.Errorf("shelf entry %s: %w", it.Key, err)
		}
		if m.Room != id { // of the room "a/b" when this is "a"
			continue
		}
		r.add(m)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if first := a.rooms[id]; first != nil {
		return first, nil
	}
	a.rooms[id] = r
	return r, nil
}

// add puts a message in its place and returns what falls off the front.
func (r *room) add(m *message) (old *message) {
	i, _ := slices.BinarySearchFunc(r.messages, m.Seq, func(x *message, seq int64) int { return int(x.Seq - seq) })
	r.messages = slices.Insert(r.messages, i, m)
	r.last = max(r.last, m.Seq)
	if m.Key != "" {
		r.byKey[m.Key] = m.Seq
	}
	if len(r.messages) > keep {
		old = r.messages[0]
		delete(r.byKey, old.Key)
		r.messages = slices.Delete(r.messages, 0, 1)
	}
	return old
}

// next is the id of a new message: it rises over restarts too, since it is no
// smaller than the clock.
func (r *room) next(now time.Time) int64 {
	r.last = max(r.last+1, now.UnixMilli())
	return r.last
}

// Send implements chat.Adapter.
func (a *Adapter) Send(ctx context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	r, err := a.room(ctx, to)
	if err != nil {
		return chat.Receipt{}, &chat.SendError{Class: chat.Temporary, Err: err}
	}
	a.mu.Lock()
	if seq, ok := r.byKey[p.Key]; ok && p.Key != "" {
		a.mu.Unlock()
		return chat.Receipt{Message: messageID(seq)}, nil
	}
	m := &message{Seq: r.next(a.Now()), Room: to, Bot: true, At: a.Now().UnixMilli(), Spans: p.Spans, Buttons: p.Buttons, Key: p.Key}
	a.mu.Unlock()
	old, err := a.post(ctx, r, m, p)
	if err != nil {
		return chat.Receipt{}, &chat.SendError{Class: chat.Temporary, Err: err}
	}
	a.forget(ctx, old)
	a.broadcast(ctx, to, "message", m)
	return chat.Receipt{Message: messageID(m.Seq)}, nil
}

func messageID(seq int64) chat.MessageID { return chat.MessageID(strconv.FormatInt(seq, 10)) }

// post puts a message into its room, and returns the one that fell off it.
func (a *Adapter) post(ctx context.Context, r *room, m *message, p chat.Part) (old *message, err error) {
	if p.Media != nil { // nobody frees it meanwhile
		a.keeping.RLock()
		defer a.keeping.RUnlock()
	}
	if err := a.keepMessage(ctx, m, p); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return r.add(m), nil
}

// keepMessage stores a message with what it shows. A secret is shown while this runs, and
// not stored.
func (a *Adapter) keepMessage(ctx context.Context, m *message, p chat.Part) error {
	var media []chat.Item
	if p.Media != nil {
		var err error
		if media, err = a.keepMedia(m, p); err != nil {
			return err
		}
	}
	if p.Secret {
		return nil
	}
	if err := a.store(ctx, m, media...); err != nil || media == nil {
		return err
	}
	a.mu.Lock()
	a.kept[m.Media.Hash] = true
	a.mu.Unlock()
	return nil
}

// store puts what the bot said on the shelf, with what it shows.
func (a *Adapter) store(ctx context.Context, m *message, media ...chat.Item) error {
	in, err := a.in()
	if err != nil {
		return err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return in.Put(ctx, append(media, chat.Item{Key: shelfKey(m.Room, m.Seq), Value: text})...)
}

// forget takes a message that fell off the room off the shelf, with what it showed.
// Failing is harmless: only the newest are read.
func (a *Adapter) forget(ctx context.Context, m *message) {
	if m == nil || !m.Bot {
		return
	}
	in, err := a.in()
	if err != nil {
		return
	}
	keys, picture := []string{shelfKey(m.Room, m.Seq)}, ""
	if m.Media != nil && !a.dropFile(m.Media.Hash) {
		picture = m.Media.Hash
		keys = append(keys, shownKey(picture, m.Room, m.Seq))
	}
	if err = in.Delete(ctx, keys...); err == nil && picture != "" {
		err = a.dropPicture(ctx, in, picture)
	}
	if err != nil {
		a.Log.Warn("tidy the shelf", "error", err)
	}
}

// Edit implements chat.Editor.
func (a *Adapter) Edit(ctx context.Context, in chat.ChatID, id chat.MessageID, p chat.Part) error {
	r, err := a.room(ctx, in)
	if err != nil {
		return &chat.SendError{Class: chat.Temporary, Err: err}
	}
	seq, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		return &chat.SendError{Class: chat.NotThere, Err: err}
	}
	a.mu.Lock()
	i := slices.IndexFunc(r.messages, func(m *message) bool { return m.Seq == seq && m.Bot })
	if i < 0 {
		a.mu.Unlock()
		return &chat.SendError{Class: chat.NotThere, Err: errors.New("the message is no longer there")}
	}
	changed := *r.messages[i]
	changed.Spans, changed.Buttons, changed.Edited = p.Spans, p.Buttons, true
	a.mu.Unlock()
	if err := a.store(ctx, &changed); err != nil {
		return &chat.SendError{Class: chat.Temporary, Err: err}
	}
	a.mu.Lock()
	if i := slices.IndexFunc(r.messages, func(m *message) bool { return m.Seq == seq }); i >= 0 {
		r.messages[i] = &changed
	}
	a.mu.Unlock()
	a.broadcast(ctx, in, "message", &changed)
	return nil
}

// Ack implements chat.Acker.
func (a *Adapter) Ack(press chat.Event, line string) {
	if line == "" {
		return // the room waits for nothing
	}
	a.toUser(press.From.ID, "toast", map[string]string{"text": line})
}

// Direct implements chat.Directer.
func (a *Adapter) Direct(_ context.Context, to chat.UserID) (chat.ChatID, error) {
	return PrivateChat(to), nil
}

// said shows a person's message, which the engine has accepted.
func (a *Adapter) said(ctx context.Context, m *message) {
	r, err := a.room(ctx, m.Room)
	if err != nil {
		return
	}
	a.mu.Lock()
	if _, again := r.byKey[m.Key]; again && m.Key != "" { // delivered twice at the same time
		a.mu.Unlock()
		return
	}
	old := r.add(m)
	a.mu.Unlock()
	a.forget(ctx, old)
	a.broadcast(ctx, m.Room, "message", m)
}

// history is what a browser sees of a room when it comes.
func (a *Adapter) history(ctx context.Context, id chat.ChatID) ([]*message, error) {
	r, err := a.room(ctx, id)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(r.messages), nil
}

// isPrivate tells whose private chat it is.
func isPrivate(id chat.ChatID) (chat.UserID, bool) {
	user, ok := strings.CutPrefix(string(id), "dm:")
	return chat.UserID(user), ok
}
