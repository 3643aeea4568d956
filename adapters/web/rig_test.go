package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/adapters/adaptertest"
	"branchbot/bot/chat"
)

// sample is a door for the personas of a test.
type sample struct{}

func (sample) Redeem(context.Context, string, chat.UserID, string) (bool, error) { return false, nil }

func (s sample) Session(ctx context.Context, user chat.UserID, _ string) (string, error) {
	return s.Name(ctx, user)
}

func (sample) Leave(context.Context, chat.UserID) error { return nil }

func (sample) Version(context.Context) (int64, error) { return 1, nil }

func (sample) Rooms(context.Context, chat.UserID) ([]Room, error) {
	return []Room{{ID: "demo", Title: "示范党支部"}, {ID: "other", Title: "第二支部"}}, nil
}

func (sample) Name(_ context.Context, user chat.UserID) (string, error) {
	return map[chat.UserID]string{"u1": "张三"}[user], nil
}

func (sample) Pages(context.Context, chat.UserID) (string, error) { return "KEY", nil }

func (sample) Personas(context.Context) ([]Persona, error) {
	return []Persona{{User: "u1", Name: "张三"}}, nil
}

// tab is a browser that keeps what it has said until the server takes it.
type tab struct {
	t       *testing.T
	server  *httptest.Server
	done    chan struct{}
	queue   chan func() int
	wg      sync.WaitGroup
	mu      sync.Mutex
	n       int
	pending int
	last    func() int // posts the last request again
}

func (b *tab) post(path, body string) func() int {
	return func() int {
		r, err := b.server.Client().Post(b.server.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			return 0
		}
		defer r.Body.Close()
		_, _ = io.Copy(io.Discard, r.Body)
		return r.StatusCode
	}
}

// deliver sends in the order in which people spoke, each until it is taken.
func (b *tab) deliver(path, format string, args ...any) {
	b.mu.Lock()
	b.n++
	b.pending++
	send := b.post(path, fmt.Sprintf(format, append([]any{fmt.Sprintf("browser-event-%d", b.n)}, args...)...))
	b.last = send
	b.mu.Unlock()
	b.queue <- send
}

func (b *tab) work() {
	for {
		select {
		case <-b.done:
			return
		case send := <-b.queue:
			for send() != http.StatusOK {
				select {
				case <-b.done:
					return
				case <-time.After(5 * time.Millisecond): // the browser's pause
				}
			}
			b.mu.Lock()
			b.pending--
			b.mu.Unlock()
		}
	}
}

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Rig{New: func(t *testing.T) (chat.Adapter, adaptertest.Platform) {
		a := New(Options{ID: "web", Door: sample{}, Personas: true, Grace: 100 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		b := &tab{t: t, server: httptest.NewServer(a.Handler()), done: make(chan struct{}), queue: make(chan func() int, 100)}
		b.wg.Go(b.work)
		t.Cleanup(func() { close(b.done); b.wg.Wait(); b.server.Close() })
		return a, adaptertest.Platform{
			Group: "demo", Other: "other", Private: PrivateChat("u1"), User: chat.User{ID: "u1", Name: "张三"}, KeepsUnread: true,
			Say: func(in chat.ChatID, from chat.UserID, text string) {
				b.deliver("/api/send?as="+string(from), `{"id":%q,"room":%q,"text":%q}`, in, text)
			},
			Reply: func(in chat.ChatID, from chat.UserID, quoted chat.MessageID, text string) {
				b.deliver("/api/send?as="+string(from), `{"id":%q,"room":%q,"replyTo":%s,"text":%q}`, in, quoted, text)
			},
			Press: func(in chat.ChatID, from chat.UserID, on chat.MessageID, button chat.Button) {
				b.deliver("/api/press?as="+string(from), `{"id":%q,"room":%q,"seq":%s,"data":%q}`, in, on, button.Data)
			},
			Pending: func() int { b.mu.Lock(); defer b.mu.Unlock(); return b.pending },
			Redeliver: func() {
				b.mu.Lock()
				send := b.last
				b.mu.Unlock()
				if status := send(); status != http.StatusOK {
					t.Errorf("delivered again: status %d", status)
				}
			},
			Sent: func(in chat.ChatID) []adaptertest.Shown { return sentTo(t, a, in) },
		}
	}})
}

func sentTo(t *testing.T, a *Adapter, in chat.ChatID) []adaptertest.Shown {
	t.Helper()
	messages, err := a.history(t.Context(), in)
	if err != nil {
		t.Error(err)
	}
	var out []adaptertest.Shown
	for _, m := range messages {
		if !m.Bot {
			continue
		}
		s := adaptertest.Shown{ID: messageID(m.Seq), Text: chat.Part{Spans: m.Spans}.Plain()}
		if m.Media != nil {
			s.Picture, s.File = m.Media.Name == "", m.Media.Name
		}
		for _, row := range m.Buttons {
			for _, b := range row {
				s.Buttons = append(s.Buttons, b.Label)
			}
		}
		out = append(out, s)
	}
	return out
}
