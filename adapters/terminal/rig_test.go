package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/adapters/adaptertest"
	"branchbot/bot/chat"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Rig{New: func(t *testing.T) (chat.Adapter, adaptertest.Platform) {
		k := newKeyboard()
		t.Cleanup(k.close)
		screen := &screen{}
		people := []Person{{"u1", "李四"}, {"u2", "张三"}}
		s := &spy{Adapter: New(Options{ID: "term", In: k, Out: screen, Room: Room{"room", "示范党支部"}, People: people, Language: "zh-CN"}),
			ids: map[chat.ChatID][]chat.MessageID{}}
		line := func(in chat.ChatID, text string) {
			name := "张三"
			if in != "room" {
				name = "张三 (私聊)"
			}
			k.line(name + ": " + text)
		}
		return s, adaptertest.Platform{
			Group: "room", Other: PrivateChat("u1"), Private: PrivateChat("u2"), User: chat.User{ID: "u2", Name: "张三"},
			Say: func(in chat.ChatID, _ chat.UserID, text string) {
				if in == PrivateChat("u1") {
					t.Skip("there is one group at a terminal")
				}
				line(in, text)
			},
			Reply: func(in chat.ChatID, _ chat.UserID, _ chat.MessageID, text string) { line(in, "[引用] "+text) },
			Press: func(in chat.ChatID, _ chat.UserID, _ chat.MessageID, b chat.Button) { line(in, "[按 "+b.Label+"]") },
			Sent:  func(in chat.ChatID) []adaptertest.Shown { return s.sent(screen.String(), in) }, KeepsUnread: true,
			Tries:      screen.count,
			Fail:       func() { screen.fail(0) },
			LoseAnswer: func() { screen.fail(1) },
		}
	}})
}

// keyboard never makes the one who types wait.
type keyboard struct {
	mu     sync.Mutex
	typed  sync.Cond
	buf    bytes.Buffer
	closed bool
}

func newKeyboard() *keyboard {
	k := &keyboard{}
	k.typed.L = &k.mu
	return k
}

func (k *keyboard) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.buf.Len() == 0 {
		if k.closed {
			return 0, io.EOF
		}
		k.typed.Wait()
	}
	return k.buf.Read(p)
}

func (k *keyboard) line(s string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.buf.WriteString(s + "\n")
	k.typed.Signal()
}

func (k *keyboard) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.typed.Signal()
}

// screen is what a person sees. It can fail before or after it shows.
type screen struct {
	mu      sync.Mutex
	text    strings.Builder
	writes  int
	failing bool
	showing int // of a write that fails: how many times it is shown all the same
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.failing {
		s.failing = false
		for range s.showing {
			s.text.Write(p)
		}
		return s.showing * len(p), errors.New("the line is dead")
	}
	return s.text.Write(p)
}

func (s *screen) fail(showing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing, s.showing = true, showing
}

func (s *screen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// spy notes which message each edit on the screen belongs to, which a person
// sees by its text.
type spy struct {
	*Adapter
	mu    sync.Mutex
	ids   map[chat.ChatID][]chat.MessageID
	edits []chat.MessageID
}

func (s *spy) Send(ctx context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	r, err := s.Adapter.Send(ctx, to, p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.ids[to] = append(s.ids[to], r.Message)
	} else if chat.ClassOf(err) == chat.MaybeSent {
		s.ids[to] = append(s.ids[to], "")
	}
	return r, err
}

func (s *spy) Edit(ctx context.Context, in chat.ChatID, id chat.MessageID, p chat.Part) error {
	err := s.Adapter.Edit(ctx, in, id, p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.edits = append(s.edits, id)
	}
	return err
}

// sent reads the screen.
func (s *spy) sent(text string, in chat.ChatID) []adaptertest.Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	head, _ := s.head(in)
	var all []adaptertest.Shown
	into := -1 // where an indented line belongs; -1: nowhere
	edits := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if after, ok := strings.CutPrefix(line, head+" ◀ "); ok {
			all, into = append(all, adaptertest.Shown{ID: s.ids[in][len(all)], Text: after}), len(all)
		} else if after, ok := strings.CutPrefix(line, head+" ✎ "); ok {
			for into = range all {
				if all[into].ID == s.edits[edits] {
					break
				}
			}
			edits++
			all[into].Text, all[into].Buttons = after, nil
		} else if after, ok := strings.CutPrefix(line, indent+"["); ok && into >= 0 {
			all[into].Buttons = append(all[into].Buttons, strings.Split(strings.TrimSuffix(after, "]"), "] [")...)
		} else if after, ok := strings.CutPrefix(line, indent); (ok || line == "") && into >= 0 {
			all[into].Text += "\n" + after
		} else {
			into = -1
		}
	}
	return all
}

// play runs an adapter over typed lines and returns what the bot heard. Before
// the lines, the bot has sent what first sends.
func play(t *testing.T, o Options, typed string, first func(*Adapter)) (heard, shown string) {
	t.Helper()
	out := &screen{}
	o.ID, o.In, o.Out = "term", strings.NewReader(typed), out
	o.Now = func() time.Time { return time.UnixMilli(255) }
	if o.Room.Chat == "" {
		o.Room = Room{"room", "示范党支部"}
	}
	a := New(o)
	if first != nil {
		first(a)
	}
	in := adaptertest.NewRecorder()
	for range 2 { // a second call must say the same at once
		if err := a.Run(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	for _, ev := range in.Events() {
		fmt.Fprintf(&b, "%s %s %s(%s) in %q private=%v: %q data=%q on=%q quotes=%q\n", ev.Key, ev.Kind, ev.From.Name, ev.From.ID, ev.Chat,
			ev.Private, ev.Text, ev.Data, ev.Message, ev.ReplyTo)
	}
	return b.String(), out.String()
}
