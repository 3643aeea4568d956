package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/rehearse"
	"branchbot/store"
	"branchbot/store/storetest"
)

// The scene of the benchmarks: 50 branches of 10 members, one chat each, with
// 20 rounds open at a time.
const (
	benchUnits   = 50
	benchMembers = 10
	benchRounds  = 20
)

func benchConfig() string {
	var b strings.Builder
	b.WriteString("database: sqlite:x.db\nconduct: {quiet_hours: \"off\"}\naccounts:\n  - {id: bench, platform: web}\nunits:\n")
	for u := range benchUnits {
		fmt.Fprintf(&b, "  - id: u%d\n    name: 支部%d\n    chats: [\"bench:c%d\"]\n    members:\n", u, u, u)
		for m := range benchMembers {
			fmt.Fprintf(&b, "      - {name: 成员%d, staff: \"%d\"}\n", m, u*benchMembers+m)
		}
	}
	b.WriteString("points:\n  rules:\n    - {id: quiz-answered, on: quiz.answered, points: 1, cap: {day: 1000000}}\n")
	return b.String()
}

// benchAccount has all branches.
func benchAccount(int) string { return "bench" }

// benchBot is the real engine, features and store; only the platforms are sinks.
// account is that of a branch.
func benchBot(b *testing.B, e storetest.Engine, text string, account func(unit int) string) *Bot {
	b.Helper()
	f, err := config.Load("config.yaml", []byte(text), os.LookupEnv)
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
	db, err := store.Open(context.Background(), source, store.Options{Folder: folder})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	var sinks []chat.Adapter
	ids := []string{account(0), account(1)}
	for _, id := range slices.Compact(ids) {
		sinks = append(sinks, rehearse.NewAdapter(chat.AccountID(id), capabilities()["web"], rehearse.NewClock(db.Now()), nil, nil))
	}
	bot, err := Open(s, library, db, slog.New(slog.NewTextHandler(io.Discard, nil)), sinks...)
	if err != nil {
		b.Fatal(err)
	}
	err = db.Write(func(tx *store.Tx) error {
		for i := range benchUnits * benchMembers {
			staff := fmt.Sprint(i)
			if err := bot.bindStaff(tx, chat.AccountID(account(i/benchMembers)), staff, chat.UserID(staff), ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return bot
}

// nextRounds closes the rounds of every chat and opens other ones; it returns
// their short codes by chat.
func nextRounds(b *testing.B, bot *Bot) [benchUnits][]int {
	b.Helper()
	err := bot.db.Write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE timer SET due_at = 0 WHERE feature = 'quiz' AND kind = 'close'`); err != nil {
			return err
		}
		for i := range benchUnits * benchRounds {
			u := i % benchUnits
			_, err := tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, unit) VALUES ($1, 'schedule', 'now', $2, $3, $4)`,
				tx.Millis(), fmt.Sprintf(`{"unit":"u%d","action":"quiz","args":{"from":"starter/org-001"}}`, u), fmt.Sprintf("bench:%d:%d", i, tx.Now.UnixNano()), fmt.Sprint("u", u))
			if err != nil {
				return err
			}
		}
		return nil
	})
	for waiting := 1; waiting > 0 && err == nil; { // the engine may be at some of them
		if _, err = bot.engine.FireDue(); err == nil {
			err = bot.db.Read(func(tx *store.Tx) error {
				return tx.QueryRow(`SELECT COUNT(*) FROM timer WHERE due_at <= $1`, tx.Millis()).Scan(&waiting)
			})
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	codes := openCodes(bot)
	if len(codes[0]) != benchRounds {
		b.Fatalf("%d rounds are open", len(codes[0]))
	}
	return codes
}

func benchAnswer(member, code, n int) chat.Event {
	return chat.Event{Key: fmt.Sprintf("%d:%d", member, n), Kind: chat.Said, Chat: chat.ChatID(fmt.Sprintf("c%d", member/benchMembers)),
		From: chat.User{ID: chat.UserID(fmt.Sprint(member))}, Text: fmt.Sprintf("%d A", code)}
}

// waves has all 500 members answer the rounds of their chat, one after the
// other; each waits until his answer is accepted. Opening rounds is not measured.
func waves(b *testing.B, bot *Bot, accept func(member int, ev chat.Event) error) {
	b.ReportAllocs()
	b.StopTimer()
	for done := 0; done < b.N; {
		codes := nextRounds(b, bot)
		var wg sync.WaitGroup
		failed := make(chan error, benchUnits*benchMembers)
		b.StartTimer()
		for m := range benchUnits * benchMembers {
			n := min(benchRounds, b.N-done)
			done += n
			wg.Go(func() {
				for i := range n {
					if err := accept(m, benchAnswer(m, codes[m/benchMembers][i], done+i)); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		select {
		case err := <-failed:
			b.Fatal(err)
		default:
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}

// BenchmarkEngineAnswers is single-choice answers through the real engine into
// SQLite with synchronous=FULL: dedupe, answer, ledger entry with cap and
// chain, sums, gathered progress. Batches form by themselves.
func BenchmarkEngineAnswers(b *testing.B) {
	benchBatched(b, benchBot(b, storetest.SQLite, benchConfig(), benchAccount), benchAccount)
}

// BenchmarkEnginePostgres is the same on a PostgreSQL server (storetest.Variable), over
// one account, and over two, whose batches run at the same time.
func BenchmarkEnginePostgres(b *testing.B) {
	b.Run("accounts=1", func(b *testing.B) {
		benchBatched(b, benchBot(b, storetest.Postgres, benchConfig(), benchAccount), benchAccount)
	})
	b.Run("accounts=2", func(b *testing.B) {
		benchBatched(b, benchBot(b, storetest.Postgres, shareConfig(), shareAccount), shareAccount)
	})
}

func benchBatched(b *testing.B, bot *Bot, account func(unit int) string) {
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- bot.engine.Run(ctx) }()
	waves(b, bot, func(m int, ev chat.Event) error {
		return bot.engine.Accept(ctx, chat.AccountID(account(m/benchMembers)), "", ev)
	})
	cancel()
	if err := <-stopped; err != nil {
		b.Fatal(err)
	}
	verifyBench(b, bot)
}

// BenchmarkEngineOneByOne is the same path with a commit for each answer.
func BenchmarkEngineOneByOne(b *testing.B) {
	bot := benchBot(b, storetest.SQLite, benchConfig(), benchAccount)
	waves(b, bot, func(_ int, ev chat.Event) error { return bot.engine.Handle("bench", "", ev) })
	verifyBench(b, bot)
}

// BenchmarkEngineHistory is BenchmarkEngineAnswers on a database with a million
// ledger entries of the same members.
func BenchmarkEngineHistory(b *testing.B) {
	bot := benchBot(b, storetest.SQLite, benchConfig(), benchAccount)
	err := bot.db.Write(func(tx *store.Tx) error {
		for i := range 1_000_000 {
			member := i % (benchUnits * benchMembers)
			unit := fmt.Sprintf("old%d", member/benchMembers)
			day := fmt.Sprintf("20%02d-%02d-%02d", 10+i/100_000, 1+i/8_000%12, 1+i/500%28)
			_, err := tx.Exec(`INSERT INTO ledger (unit, seq, member, points, rule, version, day, at, key, cause, actor, reverses, note, hash)
				VALUES ($1, $2, $3, 1, 'quiz-answered', 1, $4, $5, $6, 'round:0', 0, 0, '', $7)`,
				unit, i+1, member+1, day, i, fmt.Sprintf("quiz-answered:old:%d", i), make([]byte, 32))
			if err != nil {
				return err
			}
			for _, sum := range [][2]string{{"", ""}, {day, "quiz-answered"}} {
				_, err := tx.Exec(`INSERT INTO ledger_sum (period, member, rule, points) VALUES ($1, $2, $3, 1)
					ON CONFLICT (period, member, rule) DO UPDATE SET points = ledger_sum.points + 1`, sum[0], member+1, sum[1])
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	benchBatched(b, bot, benchAccount)
}

// verifyBench makes sure that what was measured was done.
func verifyBench(b *testing.B, bot *Bot) {
	b.Helper()
	var answers, entries int
	err := bot.db.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM answer), (SELECT COUNT(*) FROM ledger WHERE unit LIKE 'u%')`).Scan(&answers, &entries)
	})
	if err != nil || answers < b.N || entries != answers {
		b.Fatalf("%d answers measured, %d stored, %d ledger entries (%v)", b.N, answers, entries, err)
	}
}
