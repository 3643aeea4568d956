package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// sink is a platform without limits that takes everything at once.
type sink struct{ n int }

func (*sink) ID() chat.AccountID                    { return "acc" }
func (*sink) Platform() string                      { return "sink" }
func (*sink) Run(context.Context, chat.Inbox) error { return nil }
func (*sink) Caps(chat.ChatID) chat.Caps            { return chat.Caps{TextLimit: 8000} }
func (s *sink) Send(context.Context, chat.ChatID, chat.Part) (chat.Receipt, error) {
	s.n++
	return chat.Receipt{Message: chat.MessageID(fmt.Sprint(s.n))}, nil
}

// BenchmarkDrain sends what waits in so many chats, on a disk that syncs each
// commit. The cost of a message should not depend on how many chats wait.
func BenchmarkDrain(b *testing.B) {
	for _, chats := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(chats, "chats"), func(b *testing.B) {
			out, sender, _ := benchSender(b, chats, max(b.N, chats)/chats+1)
			b.ResetTimer()
			began := time.Now()
			for n := 0; n < b.N; {
				sent, err := sender.DrainSome(context.Background(), min(100, b.N-n))
				if err != nil || sent == 0 {
					b.Fatalf("%d sent: %v", n, err)
				}
				n += sent
			}
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "messages/s")
			_ = out
		})
	}
}

// BenchmarkStart is the time from the start to the first message with a million
// letters that wait.
func BenchmarkStart(b *testing.B) {
	const chats = 5_000
	_, _, db := benchSender(b, chats, 1_000_000/chats)
	for b.Loop() {
		out := outbox.New(db, "acc")
		s := out.Sender(&sink{}, noMedia, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err := s.Recover(); err != nil {
			b.Fatal(err)
		}
		if n, err := s.DrainSome(context.Background(), 1); n != 1 || err != nil {
			b.Fatalf("%d sent: %v", n, err)
		}
	}
}

func noMedia(string) ([]byte, string, error) { return nil, "", errors.New("no pictures") }

// benchSender is a sender with so many letters waiting in each of some chats.
func benchSender(b *testing.B, chats, each int) (*outbox.Outbox, *outbox.Sender, *store.DB) {
	b.Helper()
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "x.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	out := outbox.New(db, "acc")
	out.OnSettled = func(*store.Tx, string, int, int) error { return nil }
	for n := range each {
		err := db.Write(func(tx *store.Tx) error {
			for c := range chats {
				l := outbox.Letter{Key: fmt.Sprintf("%d:%d", c, n), Account: "acc", Chat: chat.ChatID(fmt.Sprint("c", c)), Class: outbox.Push,
					Cause: fmt.Sprintf("occurrence:%d:%d", c, n), Language: "zh-CN", Message: chat.Text("今天十二点半，学习室，请带笔记本。")}
				if err := out.Add(tx, l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return out, out.Sender(&sink{}, noMedia, slog.New(slog.NewTextHandler(io.Discard, nil))), db
}
