package bot

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
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

// account of a morning: a platform that takes everything at once.
type morningAccount struct {
	silent
	id chat.AccountID
}

func (a morningAccount) ID() chat.AccountID { return a.id }

// BenchmarkMorning is 08:00 in 5,000 branches over 20 accounts: how long until
// all lessons are in the outbox, and until 99 % are.
func BenchmarkMorning(b *testing.B) {
	for _, e := range []storetest.Engine{storetest.SQLite, storetest.Postgres} {
		b.Run(string(e), func(b *testing.B) { morning(b, e) })
	}
}

func morning(b *testing.B, e storetest.Engine) {
	var text strings.Builder
	text.WriteString("accounts:\n")
	for a := range morningAccounts {
		fmt.Fprintf(&text, "  - {id: a%d, platform: web}\n", a)
	}
	text.WriteString("units:\n")
	for u := range morningUnits {
		fmt.Fprintf(&text, "  - {id: u%d, name: 支部%d, chats: [\"a%d:u%d\"], members: [{name: 成员%d, staff: \"%d\"}]}\n", u, u, u%morningAccounts, u, u, u)
	}
	text.WriteString("schedules:\n")
	for u := range morningUnits {
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
	library, err := openLibrary(s)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, 12, 1, 7, 0, 0, 0, time.FixedZone("CST", 8*3600))
	source, folder := e.Empty(b)
	db, err := store.Open(context.Background(), source, store.Options{Folder: folder, Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	var accounts []chat.Adapter
	for a := range morningAccounts {
		accounts = append(accounts, morningAccount{id: chat.AccountID(fmt.Sprint("a", a))})
	}
	bot, err := Open(s, library, db, slog.New(slog.NewTextHandler(io.Discard, nil)), accounts...)
	if err != nil {
		b.Fatal(err)
	}
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
	err = db.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM outbox`).Scan(&waiting) })
	if err != nil || waiting < morningUnits {
		b.Fatalf("%d messages: %v", waiting, err)
	}
}
