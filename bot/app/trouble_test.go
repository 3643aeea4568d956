package app

import (
	"testing"
	"time"

	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/chat"
	"branchbot/store"
)

// An account that sends nothing for ten minutes is told of once, on another account, and
// by one line when it is over.
func TestTroubleOfAnAccountIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	err := w.db.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO identity (account, user_id, member, private_chat, bound_at) SELECT 'other', 'wang', id, 'dm-wang', 0 FROM member WHERE staff = '0001'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	look := func(c chat.Condition, after time.Duration) {
		t.Helper()
		w.clock.Set(w.clock.Now().Add(after))
		w.bot.engine.SetState("telegram", chat.State{Condition: c})
		if err := w.bot.lookAfter("telegram", w.bot.senders[0]); err != nil {
			t.Fatal(err)
		}
	}
	look(chat.Down, 0)
	look(chat.Down, 9*time.Minute)
	w.check("after nine minutes", w.rows(`SELECT chat FROM outbox WHERE account = 'other'`))
	look(chat.Down, 2*time.Minute)
	look(chat.Down, time.Hour)
	w.check("after an hour", w.rows(`SELECT chat FROM outbox WHERE account = 'other'`), "dm-wang")
	look(chat.Online, time.Minute)
	look(chat.Online, time.Minute)
	w.check("when it is over", w.rows(`SELECT chat FROM outbox WHERE account = 'other'`), "dm-wang", "dm-wang")
	w.check("what is kept", w.rows(`SELECT account FROM account_trouble`))
}
