package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
	"branchbot/store/storetest"
)

// An act at a page obeys the rules of the chat, is handed back what a chat would
// have shown, and counts once.
func TestAct(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		r := newRig(t, e)
		act := func(key string, a engine.Act) (string, engine.Acted) {
			t.Helper()
			if a.Member == 0 {
				a.Member = 1
			}
			a.Unit, a.Key = "demo", key
			done, err := r.HandleAct(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, m := range done.Said {
				lines = append(lines, chat.Part{Spans: m.Spans}.Plain())
			}
			return strings.Join(lines, "\n"), done
		}
		if said, done := act("1", engine.Act{Line: "/note hello"}); said != "noted hello" || done.Refused {
			t.Errorf("%q %+v", said, done)
		}
		if said, done := act("1", engine.Act{Line: "/note hello"}); said != "" || !done.Again {
			t.Errorf("a second time: %q %+v", said, done)
		}
		for key, line := range map[string]string{"2": "/note complain", "3": "/note error", "4": "/note panic", "5": "hello"} {
			if said, done := act(key, engine.Act{Line: line}); said == "" || strings.Contains(said, "noted") || !done.Refused && key != "5" {
				t.Errorf("%s: %q %+v", line, said, done)
			}
		}
		if said, done := act("6", engine.Act{Line: "/note hello", Member: 99}); said == "" || !done.Refused {
			t.Errorf("nobody: %q %+v", said, done)
		}
		if said, _ := act("7", engine.Act{Do: func(t *engine.Turn) error { return t.Reply(chat.Text(t.Member.Name + t.Unit.ID)) }}); said != "王敏demo" {
			t.Errorf("a function: %q", said)
		}
		if said, done := act("8", engine.Act{Press: "p:17:B"}); said == "" || !done.Refused {
			t.Errorf("a button of nothing: %q %+v", said, done)
		}
		if said, done := act("9", engine.Act{Line: "", Files: []chat.File{{Name: "x.xlsx", Data: []byte("x")}}}); said == "" || !done.Refused {
			t.Errorf("a torn file: %q %+v", said, done)
		}
		err := r.db.Read(func(tx *store.Tx) error {
			var notes, letters int
			err := errors.Join(tx.QueryRow(`SELECT COUNT(*) FROM note`).Scan(&notes), tx.QueryRow(`SELECT COUNT(*) FROM outbox`).Scan(&letters))
			if notes != 1 || letters != 0 {
				t.Errorf("%d notes, %d letters", notes, letters)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// An act that needs a unit which another transaction holds waits for it, and is done
// and told once.
func TestAnActMeetsABusyUnit(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Postgres)
	err := r.db.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO unit (id, kind, name, zone, language) VALUES ('other', 'branch', '第二党支部', 'Asia/Shanghai', 'zh-CN')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range []string{"demo", "other"} {
		held, release, released := make(chan bool), make(chan bool), make(chan error, 1)
		go func() {
			released <- r.db.Write(func(tx *store.Tx) error {
				err := tx.Locked(`SELECT id FROM unit WHERE id = $1`, unit)
				close(held)
				<-release
				return err
			})
		}()
		<-held
		tried, over := make(chan bool, 100), make(chan engine.Acted, 1)
		go func() {
			done, err := r.HandleAct(t.Context(), engine.Act{Member: 1, Unit: "demo", Key: unit, Do: func(t *engine.Turn) error {
				if err := t.Reply(chat.Text("done")); err != nil {
					return err
				}
				if _, err := t.Tx.Exec(`INSERT INTO note (n, text) VALUES (1, $1)`, unit); err != nil {
					return err
				}
				tried <- true
				return t.Lock("other")
			}})
			if err != nil {
				t.Error(err)
			}
			over <- done
		}()
		if unit == "other" {
			<-tried
		}
		select {
		case done := <-over:
			t.Errorf("%s: it did not wait: %+v", unit, done)
		default:
		}
		close(release)
		if done := <-over; len(done.Said) != 1 || done.Refused || done.Again {
			t.Errorf("%s: %+v", unit, done)
		}
		if err := <-released; err != nil {
			t.Error(err)
		}
		if n := r.column(t, `SELECT text FROM note WHERE text = '`+unit+`'`); len(n) != 1 {
			t.Errorf("%s: noted %d times", unit, len(n))
		}
	}
}

// A count that another transaction has posted since this one began does not cover what
// is replied in this one.
func TestCountOfAnotherTransaction(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Postgres)
	count := func(key string, before func(*engine.Turn) error) {
		t.Helper()
		_, err := r.HandleAct(t.Context(), engine.Act{Member: 1, Unit: "demo", Key: key, Do: func(t *engine.Turn) error {
			return errors.Join(before(t), t.CountSoon("notes", "1"))
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	timers := func() int { t.Helper(); return len(r.column(t, `SELECT key FROM timer WHERE kind = 'count'`)) }
	count("first", func(*engine.Turn) error { return nil })
	r.now = r.now.Add(9500 * time.Millisecond)
	count("second", func(*engine.Turn) error { return nil })
	if n := timers(); n != 1 {
		t.Fatalf("%d timers, want one for both", n)
	}
	count("third", func(t *engine.Turn) error {
		r.now = r.now.Add(time.Second) // while the transaction is under way
		_, err := t.Tx.Exec(`DELETE FROM timer WHERE kind = 'count'`)
		return err
	})
	if n := timers(); n != 1 {
		t.Errorf("%d timers after the count, want a new one", n)
	}
}
