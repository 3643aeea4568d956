package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/store"
	"branchbot/store/storetest"
)

const (
	morningUnits    = 5_000
	morningAccounts = 20
)

// morningAccount is a platform that takes perSecond messages in any second, and answers
// after a while; all at once for 0.
type morningAccount struct {
	silent
	id        chat.AccountID
	perSecond int

	mu      sync.Mutex
	taken   []time.Time
	refused int
}

func (a *morningAccount) ID() chat.AccountID { return a.id }

func (a *morningAccount) Caps(chat.ChatID) chat.Caps {
	return chat.Caps{TextLimit: 8000, Pace: chat.Pace{AccountPerSecond: float64(a.perSecond)}}
}

func (a *morningAccount) Send(context.Context, chat.ChatID, chat.Part) (chat.Receipt, error) {
	time.Sleep(30 * time.Millisecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if n := len(a.taken); a.perSecond > 0 && n >= a.perSecond && now.Sub(a.taken[n-a.perSecond]) < time.Second {
		a.refused++
		return chat.Receipt{}, &chat.SendError{Class: chat.RateLimited, After: time.Second, Err: errors.New("too many requests")}
	}
	a.taken = append(a.taken, now)
	return chat.Receipt{Message: chat.MessageID(fmt.Sprint(len(a.taken)))}, nil
}

// morningBot is a bot with branches over 20 accounts, each with a lesson at 08:00.
func morningBot(b testing.TB, e storetest.Engine, branches, perSecond int, now func() time.Time) (*Bot, []*morningAccount) {
	b.Helper()
	var text strings.Builder
	text.WriteString("accounts:\n")
	for a := range morningAccounts {
		fmt.Fprintf(&text, "  - {id: a%d, platform: web}\n", a)
	}
	text.WriteString("units:\n")
	for u := range branches {
		fmt.Fprintf(&text, "  - {id: u%d, name: 支部%d, chats: [\"a%d:u%d\"], members: [{name: 成员%d, staff: \"%d\"}]}\n", u, u, u%morningAccounts, u, u, u)
	}
	text.WriteString("schedules:\n")
	for u := range branches {
		fmt.Fprintf(&text, "  - {id: s%d, unit: u%d, cron: \"0 8 * * *\", do: lesson, from: starter/safety}\n", u, u)
	}
	f, err := config.Load("config.yaml", []byte(text.String()), os.LookupEnv)
	if err != nil {
		b.Fatal(err)
	}
	s, err := ReadSettings(f)
	if err != nil {
		b.Fatal(err)
	}
	library, err := OpenLibrary(s)
	if err != nil {
		b.Fatal(err)
	}
	source, folder := e.Empty(b)
	db, err := store.Open(context.Background(), source, store.Options{Folder: folder, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	var accounts []*morningAccount
	var adapters []chat.Adapter
	for a := range morningAccounts {
		accounts = append(accounts, &morningAccount{id: chat.AccountID(fmt.Sprint("a", a)), perSecond: perSecond})
		adapters = append(adapters, accounts[a])
	}
	bot, err := Open(s, library, db, slog.New(slog.NewTextHandler(io.Discard, nil)), adapters...)
	if err != nil {
		b.Fatal(err)
	}
	return bot, accounts
}

// BenchmarkMorning is 08:00 in 5,000 branches over 20 accounts: how long until
// all lessons are in the outbox, and until 99 % are.
func BenchmarkMorning(b *testing.B) {
	for _, e := range []storetest.Engine{storetest.SQLite, storetest.Postgres} {
		b.Run(string(e), func(b *testing.B) { morning(b, e) })
	}
}

func morning(b *testing.B, e storetest.Engine) {
	now := time.Date(2026, 12, 1, 7, 0, 0, 0, time.FixedZone("CST", 8*3600))
	bot, _ := morningBot(b, e, morningUnits, 0, func() time.Time { return now })
	b.ResetTimer()
	for b.Loop() {
		now = time.Date(2026, now.Month(), now.Day()+1, 8, 0, 0, 0, now.Location())
		began := time.Now()
		var most time.Duration
		for fired := 0; fired < morningUnits; {
			n, err := bot.engine.FireDue()
			if err != nil || n == 0 {
				b.Fatalf("%d of %d have fired: %v", fired, morningUnits, err)
			}
			if fired += n; fired <= morningUnits*99/100 {
				most = time.Since(began)
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/all")
		b.ReportMetric(most.Seconds(), "s/p99")
	}
	var waiting int
	err := bot.db.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM outbox`).Scan(&waiting) })
	if err != nil || waiting < morningUnits {
		b.Fatalf("%d messages: %v", waiting, err)
	}
}

// BenchmarkMorningDrain is the same with platforms that take 30 messages a second of
// each account, as it runs: how long until all lessons are sent, and how near that comes
// to what the platforms allow. Run it with -benchtime 1x.
func BenchmarkMorningDrain(b *testing.B) {
	const perSecond = 30
	for _, e := range []storetest.Engine{storetest.SQLite, storetest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			var began time.Time // when it is 08:00
			eight := time.Date(2026, 12, 1, 8, 0, 0, 0, time.FixedZone("CST", 8*3600))
			bot, accounts := morningBot(b, e, morningUnits, perSecond, func() time.Time {
				if began.IsZero() {
					return eight.Add(-time.Hour)
				}
				return eight.Add(time.Since(began))
			})
			began = time.Now().Add(3 * time.Second)
			last, refused := sendMorning(b, bot, accounts, morningUnits)
			took := last.Sub(began).Seconds()
			b.ReportMetric(took, "s/all")
			b.ReportMetric(100*float64(morningUnits/morningAccounts)/perSecond/took, "%-of-limit")
			b.ReportMetric(float64(refused), "refused")
		})
	}
}

// sendMorning runs the engine and the senders until so many lessons are sent. It returns
// when the last one was, and how many the platforms have refused.
func sendMorning(t testing.TB, bot *Bot, accounts []*morningAccount, lessons int) (last time.Time, refused int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = bot.engine.Run(ctx) })
	for _, s := range bot.senders {
		running.Go(func() { _ = s.Run(ctx) })
	}
	for sent, tries := 0, 0; sent < lessons; tries++ {
		time.Sleep(100 * time.Millisecond)
		if tries > 10_000 {
			t.Fatalf("%d of %d lessons are sent", sent, lessons)
		}
		sent = 0
		for _, a := range accounts {
			a.mu.Lock()
			if sent += len(a.taken); len(a.taken) > 0 && a.taken[len(a.taken)-1].After(last) {
				last = a.taken[len(a.taken)-1]
			}
			a.mu.Unlock()
		}
	}
	stop()
	running.Wait()
	for _, a := range accounts {
		refused += a.refused
	}
	return last, refused
}
