package outbox_test

import (
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
	"branchbot/store/storetest"
)

// Letters that another process writes are found within a second, at once with a hint,
// and also when they are committed later than ones that got their ids after them.
func TestLettersOfAnotherProcess(t *testing.T) {
	t.Parallel()
	d := newDesk(t, storetest.Postgres, chat.Caps{})
	d.drain(0) // all lanes are read
	other := outbox.New(d.db, "acc")
	write := func(key string, meanwhile func()) {
		t.Helper()
		l := letter(key, chat.ChatID(key), outbox.Push, key)
		l.Account = "acc"
		err := d.db.Write(func(tx *store.Tx) error {
			if err := other.Add(tx, l); err != nil {
				return err
			}
			meanwhile()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("one", func() {})
	d.drain(0)
	d.shows()
	d.now = d.now.Add(time.Second)
	d.drain(0)
	d.shows("one: one")

	write("two", func() {})
	d.out.Hinted("acc")
	d.drain(0)
	d.shows("one: one", "two: two")

	write("late", func() {
		write("early", func() {})
		d.now = d.now.Add(15 * time.Second)
		d.drain(0)
		d.shows("one: one", "two: two", "early: early")
	})
	d.now = d.now.Add(15 * time.Second)
	d.drain(0)
	d.shows("one: one", "two: two", "early: early", "late: late")
}

// What another process has done to the first letter of a lane is heeded.
func TestALaneThatAnotherProcessChanged(t *testing.T) {
	t.Parallel()
	d := newDesk(t, storetest.Postgres, chat.Caps{})
	d.p.fail = func(int, chat.ChatID, string) error {
		return &chat.SendError{Class: chat.RateLimited, After: 10 * time.Second}
	}
	d.add(letter("1", "a", outbox.Push, "一"), letter("2", "a", outbox.Push, "二"), letter("3", "b", outbox.Push, "三"))
	d.drain(0) // the first one waits now
	d.p.fail = nil
	d.sql(`UPDATE outbox SET state = 'skipped' WHERE key = '1'`)
	d.sql(`UPDATE outbox SET chat = 'c' WHERE key = '3'`)
	d.drain(30 * time.Second)
	d.shows("a: 二", "c: 三")
	d.has("1 skipped: rate_limited", "2 sent", "3 sent")
}
