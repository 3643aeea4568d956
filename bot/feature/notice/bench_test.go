package notice_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

// works is a committee with branches of 20 members, made by SQL.
func works(t testing.TB, e storetest.Engine, branches, members int) *script.Stage {
	t.Helper()
	s := script.OpenOn(t, txtar.Parse([]byte(`-- config.yaml --
conduct: {quiet_hours: "off", notices_per_day: 20}
units:
  - id: works
    name: 机械厂党委
    kind: committee
    chats: [web:works]
    members:
      - {name: 周平, staff: "w1", roles: [secretary]}
`)), e)
	err := s.DB.Write(func(tx *store.Tx) error {
		for b := range branches {
			id := fmt.Sprintf("b%05d", b)
			if _, err := tx.Exec(`INSERT INTO unit (id, parent, kind, name, zone, language)
				VALUES ($1, 'works', 'branch', $2, 'Asia/Shanghai', 'zh-CN')`, id, fmt.Sprintf("第%d党支部", b)); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO chat (account, chat, unit, bound_at) VALUES ('rehearsal', $1, $1, 0)`, id); err != nil {
				return err
			}
			for m := range members {
				if _, err := tx.Exec(`INSERT INTO member (unit, staff, name, status) VALUES ($1, $2, $3, 'full')`,
					id, fmt.Sprintf("%d-%d", b, m), fmt.Sprintf("成员%d", m)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// say has the committee's secretary write to the bot in private. The clock goes
// on, or he would write too fast.
func say(t testing.TB, s *script.Stage, text string) {
	t.Helper()
	does(t, s, chat.Event{Kind: chat.Said, Text: text})
}

// does is say for any event.
func does(t testing.TB, s *script.Stage, ev chat.Event) {
	t.Helper()
	s.Clock.Set(s.Clock.Now().Add(4 * time.Second))
	said++
	ev.Key, ev.Chat, ev.Private, ev.From = fmt.Sprintf("say:%d", said), "dm:w1", true, chat.User{ID: "w1"}
	if err := s.Engine.Handle(s.Adapter.ID(), "", ev); err != nil {
		t.Fatal(err)
	}
	if s.Log.Len() > 0 {
		t.Fatal(s.Log.String())
	}
}

var said int // for the keys of events

// enqueue has the committee's secretary send a notice, and does all that falls
// due at once; nothing leaves.
func enqueue(t testing.TB, s *script.Stage, n int) {
	t.Helper()
	say(t, s, "/通知 下级 回执 截止 20小时 请各支部本周内完成民主评议。")
	does(t, s, chat.Event{Kind: chat.Pressed, Data: "notice:send:1"})
	for {
		fired, err := s.Engine.FireDue()
		if err != nil {
			t.Fatal(err)
		}
		if fired == 0 {
			break
		}
	}
	var letters, readers int
	err := s.DB.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM outbox WHERE class = 'notice'), (SELECT COUNT(*) FROM notice_reader)`).Scan(&letters, &readers)
	})
	if err != nil || letters != n || readers != 20*n {
		t.Fatalf("%d letters, %d readers, %v", letters, readers, err)
	}
}

// A notice to 5,000 branches of 20 members, from the command to 5,000 letters
// and 100,000 readers in the database. The limit is 3 s and 200 MiB.
func BenchmarkEnqueue(b *testing.B) { onEach(b, benchEnqueue) }

// onEach runs a benchmark on each database engine.
func onEach(b *testing.B, bench func(*testing.B, storetest.Engine)) {
	for _, e := range []storetest.Engine{storetest.SQLite, storetest.Postgres} {
		b.Run(string(e), func(b *testing.B) { bench(b, e) })
	}
}

func benchEnqueue(b *testing.B, e storetest.Engine) {
	const branches = 5000
	for b.Loop() {
		b.StopTimer()
		s := works(b, e, branches, 20)
		debug.FreeOSMemory()
		stop, peak := make(chan bool), make(chan int)
		go watch(stop, peak)
		b.StartTimer()
		enqueue(b, s, branches)
		b.StopTimer()
		stop <- true
		b.ReportMetric(float64(<-peak)/(1<<20), "peak-MiB")
		if err := s.DB.Close(); err != nil { // its cache would count for the next one
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// watch reports the most memory that the process has had in use, Go's and
// SQLite's.
func watch(stop chan bool, peak chan int) {
	most := 0
	for {
		var size, resident int
		if text, err := os.ReadFile("/proc/self/statm"); err == nil {
			fmt.Sscan(string(text), &size, &resident)
		}
		most = max(most, resident*os.Getpagesize())
		select {
		case <-stop:
			peak <- most
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// /未读 in the committee, over 100,000 members that are all missing. The limit
// is 50 ms.
func BenchmarkMissingParts(b *testing.B) { onEach(b, benchMissingParts) }

func benchMissingParts(b *testing.B, e storetest.Engine) {
	s := works(b, e, 5000, 20)
	enqueue(b, s, 5000)
	for b.Loop() {
		say(b, s, "/未读 1")
	}
}

// /未读 in one branch of 100,000 members that are all missing.
func BenchmarkMissingNames(b *testing.B) { onEach(b, benchMissingNames) }

func benchMissingNames(b *testing.B, e storetest.Engine) {
	s := works(b, e, 1, 100_000)
	err := s.DB.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE unit SET kind = 'group' WHERE id = 'b00000'`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	say(b, s, "/通知 回执 截止 20小时 请各位阅知。")
	for b.Loop() {
		say(b, s, "/未读 1")
	}
}
