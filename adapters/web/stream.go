package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"branchbot/bot/chat"
)

// stream is one browser that listens.
type stream struct {
	user    chat.UserID
	out     chan []byte
	done    chan struct{}
	endOnce sync.Once

	rooms map[chat.ChatID]bool
}

// end closes the stream; its browser connects again and gets all anew.
func (s *stream) end() { s.endOnce.Do(func() { close(s.done) }) }

// lookEvery is how often streams are looked at when nothing is said.
const lookEvery = time.Second

func encode(event string, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, data)
}

// broadcast tells all who may see the room.
func (a *Adapter) broadcast(ctx context.Context, id chat.ChatID, event string, v any) {
	a.look(ctx)
	owner, private := isPrivate(id)
	text := encode(event, v)
	a.mu.Lock()
	var to []*stream
	for s := range a.streams {
		if private && s.user == owner || !private {
			to = append(to, s)
		}
	}
	a.mu.Unlock()
	for _, s := range to {
		if private || a.sees(s, id) {
			s.put(text)
		}
	}
}

func (a *Adapter) toUser(user chat.UserID, event string, v any) {
	text := encode(event, v)
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.streams {
		if s.user == user {
			s.put(text)
		}
	}
}

// put hands on a line; a browser that does not keep up is cut off, and will
// come back for all of it.
func (s *stream) put(text []byte) {
	select {
	case s.out <- text:
	default:
		s.end()
	}
}

// sees tells whether the stream may see a room; see look.
func (a *Adapter) sees(s *stream, id chat.ChatID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.rooms[id]
}

// look asks the door whether sessions were ended or rooms have changed, and ends the
// streams of those who may not listen any more. It is asked before each message, so
// that nobody hears one who may not, and every second.
func (a *Adapter) look(ctx context.Context) {
	a.mu.Lock()
	if len(a.streams) == 0 {
		a.mu.Unlock()
		return
	}
	last := a.version
	all := slices.Collect(maps.Keys(a.streams))
	a.mu.Unlock()
	now, err := a.Door.Version(ctx)
	if err == nil && now == last {
		return
	}
	for _, s := range all {
		if err == nil {
			_, err = a.check(ctx, s)
		}
		if err != nil { // whether they may listen is not known
			s.end()
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			a.Log.Error("browser room: ask who may listen", "error", err)
		}
		return
	}
	a.mu.Lock()
	a.version = now
	a.mu.Unlock()
}

// check asks for the rooms of a stream anew, and ends it when its session is over.
func (a *Adapter) check(ctx context.Context, s *stream) ([]Room, error) {
	name, err := a.Door.Name(ctx, s.user)
	if err != nil {
		return nil, err
	}
	if name == "" {
		s.end()
		return nil, nil
	}
	rooms, err := a.Door.Rooms(ctx, s.user)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.admit(rooms)
	return rooms, nil
}

// endStreams ends those of a user.
func (a *Adapter) endStreams(user chat.UserID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.streams {
		if s.user == user {
			s.end()
		}
	}
}

func (s *stream) admit(rooms []Room) {
	s.rooms = map[chat.ChatID]bool{}
	for _, r := range rooms {
		s.rooms[r.ID] = true
	}
}

// hello is the first event of a stream: everything that the browser needs.
type hello struct {
	Me       Persona     `json:"me"`
	Personas []Persona   `json:"personas,omitempty"`
	Rooms    []helloRoom `json:"rooms"`
}

type helloRoom struct {
	Room
	Private  bool       `json:"private"`
	Messages []*message `json:"messages"`
}

// events serves the stream of a browser.
func (a *Adapter) events(w http.ResponseWriter, r *http.Request, me Persona) {
	if r.Method == http.MethodHead { // the page asks whether it may come back
		return
	}
	if _, err := a.in(); err != nil {
		a.fail(w, err)
		return
	}
	s := &stream{user: me.User, out: make(chan []byte, 256), done: make(chan struct{})}
	if !a.join(s) {
		http.Error(w, a.text("busy"), http.StatusTooManyRequests)
		return
	}
	defer a.leave(s)
	// Asked after joining: from now on look sees to it.
	rooms, err := a.check(r.Context(), s)
	if err != nil {
		a.fail(w, err)
		return
	}
	h, err := a.hello(r.Context(), me, rooms)
	if err != nil {
		a.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	flush := http.NewResponseController(w)
	write := func(text []byte) bool {
		_ = flush.SetWriteDeadline(time.Now().Add(30 * time.Second))
		_, err := w.Write(text)
		return err == nil && flush.Flush() == nil
	}
	if !write(encode("hello", h)) {
		return
	}
	beat := time.NewTicker(20 * time.Second)
	defer beat.Stop()
	for {
		ok := true
		select {
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		case text := <-s.out:
			select {
			case <-s.done: // what was queued before the end is not for them any more
				return
			default:
			}
			ok = write(text)
		case <-beat.C:
			ok = write([]byte(": still here\n\n"))
		}
		if !ok {
			return
		}
	}
}

// join takes the stream in before the history is read, so that nothing falls
// between them.
func (a *Adapter) join(s *stream) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for other := range a.streams {
		if other.user == s.user {
			n++
		}
	}
	if n >= maxStream || a.inbox == nil {
		return false
	}
	a.streams[s] = true
	return true
}

func (a *Adapter) leave(s *stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.streams, s)
}

func (a *Adapter) hello(ctx context.Context, me Persona, rooms []Room) (*hello, error) {
	h := &hello{Me: me}
	if a.Options.Personas {
		people, err := a.Door.Personas(ctx)
		if err != nil {
			return nil, err
		}
		h.Personas = people
	}
	for _, room := range rooms {
		messages, err := a.history(ctx, room.ID)
		if err != nil {
			return nil, err
		}
		h.Rooms = append(h.Rooms, helloRoom{Room: room, Messages: messages})
	}
	private := PrivateChat(me.User)
	messages, err := a.history(ctx, private)
	if err != nil {
		return nil, err
	}
	h.Rooms = append(h.Rooms, helloRoom{Room: Room{ID: private, Title: a.text("private")}, Private: true, Messages: messages})
	return h, nil
}
