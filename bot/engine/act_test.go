package engine_test

import (
	"errors"
	"strings"
	"testing"

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
