package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// BenchmarkSize fills a database with branches of 50 members and a week of daily
// questions, and tells what it takes: the roster and an answer with its points on
// the disk, and the memory of a bot to which each branch has sent
// something. docs/operations.md has the figures.
func BenchmarkSize(b *testing.B) {
	for _, members := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(members, "-members"), func(b *testing.B) {
			for b.Loop() {
				size(b, members)
			}
		})
	}
}

const sizeRounds = 5 // of a unit

func size(b *testing.B, members int) {
	path := filepath.Join(b.TempDir(), "x.db")
	db, err := store.Open(context.Background(), "sqlite:"+path, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	on := func() float64 {
		b.Helper()
		if err := db.Scrub(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		return float64(info.Size())
	}
	fill := func(statements ...string) {
		b.Helper()
		for _, s := range statements {
			err := db.Write(func(tx *store.Tx) error {
				_, err := tx.Exec(`WITH RECURSIVE m (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM m WHERE i + 1 < ` + fmt.Sprint(members) + `),
					u (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM u WHERE i + 1 < ` + fmt.Sprint(members/50) + `),
					r (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i + 1 < ` + fmt.Sprint(sizeRounds) + `) ` + s)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	empty := on()
	fill(`INSERT INTO unit (id, kind, name, zone, language) SELECT 'unit-' || i, 'branch', '第' || i || '党支部', 'Asia/Shanghai', 'zh-CN' FROM u`,
		`INSERT INTO chat (account, chat, unit, title, bound_at) SELECT 'web', 'c-' || i, 'unit-' || i, '第' || i || '党支部', 0 FROM u`,
		`INSERT INTO member (id, unit, staff, name, status) SELECT 1000 + i, 'unit-' || (i / 50), 'S' || (100000 + i), '成员' || i, 'full' FROM m`,
		`INSERT INTO identity (account, user_id, member, private_chat, bound_at) SELECT 'web', 'user-' || i, 1000 + i, 'dm-' || i, 0 FROM m`)
	roster := on()
	fill(`INSERT INTO answer (round, member, value, at) SELECT 1 + r.i * 100000 + m.i / 50, 1000 + m.i, 'A', 0 FROM r, m`,
		`INSERT INTO event_seen (account, key, at) SELECT 'web', 'update:' || (r.i * 1000000 + m.i), 0 FROM r, m`,
		`INSERT INTO ledger (unit, seq, member, points, rule, version, day, at, key, cause, actor, reverses, note, hash)
			SELECT 'unit-' || (m.i / 50), 1 + r.i * 50 + m.i % 50, 1000 + m.i, 1, 'quiz-answered', 1, '2026-12-0' || (1 + r.i), 0,
			'quiz-answered:round:' || (1 + r.i * 100000 + m.i / 50) || ':' || (1000 + m.i), 'round:' || (1 + r.i * 100000 + m.i / 50), 0, 0, '', randomblob(32) FROM r, m`,
		`INSERT INTO ledger_sum (period, member, rule, points) SELECT '2026-12-0' || (1 + r.i), 1000 + m.i, 'quiz-answered', 1 FROM r, m`)
	answers := on()

	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	bare := resident(b)
	if db, err = store.Open(context.Background(), "sqlite:"+path, store.Options{}); err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	bot := sample(b, db, io.Discard)
	for u := range members / 50 {
		err := bot.engine.Handle("web", "", chat.Event{Key: fmt.Sprint(u), Kind: chat.Said, At: time.Now(), Chat: chat.ChatID(fmt.Sprint("c-", u)),
			From: chat.User{ID: chat.UserID(fmt.Sprint("user-", u*50))}, Text: "/今日"})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((roster-empty)/float64(members), "bytes/member")
	b.ReportMetric((answers-roster)/float64(members*sizeRounds), "bytes/answer")
	b.ReportMetric(resident(b)-bare, "MB/bot")
	began := time.Now()
	if err := db.Backup(context.Background(), path+".copy"); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s/backup")
	runtime.KeepAlive(bot)
}

// resident is the memory of the process, in MB.
func resident(b *testing.B) float64 {
	b.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("the memory of a process is read from /proc: ", err)
	}
	var all, pages float64
	if _, err := fmt.Sscan(string(text), &all, &pages); err != nil {
		b.Fatal(err)
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
