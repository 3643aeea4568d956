package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/chat"
	"branchbot/bot/keystore"
	"branchbot/bot/outbox"
	"branchbot/store"
	"branchbot/store/storetest"
)

func (d *desk) sql(query string, args ...any) {
	d.Helper()
	if err := d.db.Write(func(tx *store.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
		d.Fatal(err)
	}
}

// has compares all letters: "key state" and, after a colon, their problem.
func (d *desk) has(want ...string) {
	d.Helper()
	var got []string
	err := d.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT key || ' ' || state || CASE problem WHEN '' THEN '' ELSE ': ' || problem END FROM outbox ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			got = append(got, s)
		}
		return rows.Err()
	})
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.Errorf("the outbox has (-want +got)\n%s", diff)
	}
}

func threaded(key string, to chat.ChatID, class outbox.Class, text string) outbox.Letter {
	l := letter(key, to, class, text)
	l.Thread = "progress:round:17"
	return l
}

func TestTheSameCauseNeverSendsTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{Edit: true})
		d.add(letter("题", "a", outbox.Push, "题"), threaded("人数", "a", outbox.Progress, "1 人"))
		d.add(letter("题", "a", outbox.Push, "题"), threaded("人数", "a", outbox.Progress, "1 人")) // must not overtake itself
		d.drain(0)
		d.add(letter("题", "b", outbox.Push, "题"))
		d.drain(0)
		d.shows("a: 题", "a: 1 人")
		d.has("题 sent", "人数 sent")
	})
}

func TestACountOvertakesOnlyItsOwnThread(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{Edit: true})
		other := threaded("2", "b", outbox.Progress, "别的群")
		push := threaded("3", "a", outbox.Push, "题目不会被顶掉")
		first, second := threaded("4", "", outbox.Progress, "张三的"), threaded("5", "", outbox.Progress, "李四的")
		first.User, second.User = "u1", "u2"
		d.add(threaded("1", "a", outbox.Progress, "1 人"), other, push, first, second, threaded("6", "a", outbox.Digest, "2 人"))
		d.drain(0)
		d.has("1 skipped", "2 sent", "3 sent", "4 sent", "5 sent", "6 sent")
		d.shows("b: 别的群", "dm-u1: 张三的", "dm-u2: 李四的", "a: 题目不会被顶掉", "a ✎4: 2 人")
	})
}

func TestADigestIsSentWhereTheChatCannotEdit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.add(threaded("1", "a", outbox.Progress, "1 人"))
		d.drain(0)
		d.add(threaded("2", "a", outbox.Digest, "过半"))
		d.drain(0)
		d.shows("a: 过半")
		d.has("1 skipped: this chat cannot edit", "2 sent")
	})
}

// An account that is to rest for a year does so for a day; what is of no use by then is
// given up, whether it was refused itself or waits behind.
func TestNothingIsSentAfterItsTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.p.fail = func(n int, _ chat.ChatID, _ string) error {
			if n == 1 {
				return &chat.SendError{Class: chat.RateLimited, After: 365 * 24 * time.Hour, Account: true, Err: errors.New("429")}
			}
			return nil
		}
		d.add(letter("1", "a", outbox.Push, "一"), letter("2", "b", outbox.Reply, "二"), letter("3", "b", outbox.Reply, "三"))
		d.drain(0)
		if wait, waiting, err := d.sender.NextDue(); wait != 24*time.Hour || !waiting || err != nil {
			t.Errorf("next after %v, %v, %v", wait, waiting, err)
		}
		d.has("1 pending", "2 dead: rate_limited: 429", "3 pending")
		d.drain(20 * time.Hour)
		day := letter("4", "c", outbox.Notice, "五小时前的通知")
		late := letter("5", "c", outbox.Notice, "到时没用的通知")
		late.Expires = d.now.Add(time.Hour)
		d.add(day, late)
		d.drain(4*time.Hour - time.Millisecond)
		d.shows()
		d.drain(time.Millisecond)
		d.shows("c: 五小时前的通知")
		d.has("1 dead: too late to be of use", "2 dead: rate_limited: 429", "3 dead: too late to be of use", "4 sent", "5 dead: too late to be of use")
	})
}

func TestAWaitEndsWithTheLettersTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, class := range []chat.Class{chat.RateLimited, chat.Temporary, chat.LoggedOut} {
			for kind, hours := range map[outbox.Class]int{outbox.Reply: 1, outbox.Push: 2} {
				d := newDesk(t, e, chat.Caps{})
				d.p.fail = func(int, chat.ChatID, string) error {
					return &chat.SendError{Class: class, After: 7 * time.Minute, Err: errors.New("as the test wants")}
				}
				d.add(letter("k", "a", kind, "题"))
				d.drain(time.Duration(hours)*time.Hour - 10*time.Minute)
				if got := d.states()[0]; got != "k pending" {
					t.Errorf("%s of class %s: %s after almost %d hours", kind, class, got, hours)
				}
				d.drain(10 * time.Minute)
				if got := d.states()[0]; got != "k dead" {
					t.Errorf("%s of class %s: %s after %d hours", kind, class, got, hours)
				}
			}
		}
	})
}

func TestALetterThatCannotBeSentDoesNotHoldUpItsChat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, class := range []chat.Class{chat.BadPart, chat.TooBig, chat.Unsupported, chat.Forbidden, chat.WindowClosed, chat.ChatGone} {
			t.Run(string(class), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, e, chat.Caps{})
				d.p.fail = failing(class, 1)
				empty := letter("空", "a", outbox.Push, " ")
				picture := letter("图", "a", outbox.Push, "图")
				picture.Message.Media = []chat.Media{{Ref: "cpr.png"}}
				d.p.caps.Pictures = true
				d.add(letter("坏", "a", outbox.Push, "坏"), empty, picture, letter("好", "a", outbox.Push, "好"))
				d.drain(0)
				d.shows("a: 好")
				d.has("坏 dead: "+string(class)+": as the test wants", "空 dead: bad_part: the message is empty",
					"图 dead: bad_part: picture cpr.png: no pictures", "好 sent")
			})
		}
	})
}

// FAULTS 7.8: the platform took the message, but the receipt cannot be stored.
func TestAFateThatCannotBeStoredIsUncertain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		class outbox.Class
		caps  chat.Caps
		shows []string
		has   []string
	}{
		{"a push is not repeated", outbox.Push, chat.Caps{}, []string{"a: 题", "a: 下一题"},
			[]string{"k uncertain: what became of it could not be stored", "next sent"}},
		{"a notice is, once and marked", outbox.Notice, chat.Caps{}, []string{"a: 题", "a: 下一题", "a: 【补发】题"},
			[]string{"k uncertain: what became of it could not be stored", "next sent", "k:again sent"}},
		{"an idempotent platform is asked again", outbox.Push, chat.Caps{Idempotent: true}, []string{"a: 题", "a: 题", "a: 下一题"},
			[]string{"k sent", "next sent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, storetest.SQLite, c.caps)
			d.p.fail = func(n int, _ chat.ChatID, _ string) error {
				if n == 1 {
					d.sql(`CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
				}
				return nil
			}
			d.add(letter("k", "a", c.class, "题"), letter("next", "a", outbox.Push, "下一题"))
			if _, err := d.sender.Drain(t.Context()); err == nil {
				t.Error("Drain does not tell")
			}
			d.shows("a: 题")
			d.sql(`DROP TRIGGER full`)
			d.drain(time.Minute)
			d.shows(c.shows...)
			d.has(c.has...)
		})
	}
}

func TestRecoverFindsALetterBehindManyChats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		for i := range 250 {
			d.add(letter(fmt.Sprint(i), chat.ChatID(fmt.Sprint("c", i)), outbox.Push, "题"))
		}
		d.sql(`UPDATE outbox SET state = 'sending' WHERE key = '249'`)
		d.again()
		if err := d.sender.Recover(); err != nil {
			t.Fatal(err)
		}
		d.drain(0)
		if n := len(d.p.shown); n != 249 || slices.Contains(d.p.shown, "c249: 题") {
			t.Errorf("%d were sent", n)
		}
	})
}

func TestManyChatsInTroubleHoldUpNoOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.p.fail = func(_ int, to chat.ChatID, _ string) error {
			if to != "good" {
				return &chat.SendError{Class: chat.Temporary, Err: errors.New("down")}
			}
			return nil
		}
		for i := range 220 {
			d.add(letter(fmt.Sprint(i), chat.ChatID(fmt.Sprint("c", i)), outbox.Push, "题"))
		}
		d.add(letter("good", "good", outbox.Push, "题"))
		d.drain(0)
		d.shows("good: 题")
	})
}

// A repetition of which nobody knows the fate either is not repeated.
func TestARepetitionIsNotRepeatedAfterACrash(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.add(letter("k", "a", outbox.Notice, "通知"))
		for range 3 {
			d.sql(`UPDATE outbox SET state = 'sending' WHERE state = 'pending'`)
			d.again()
			if err := d.sender.Recover(); err != nil {
				t.Fatal(err)
			}
		}
		d.drain(time.Hour)
		d.shows()
		d.has("k uncertain: the program stopped while sending", "k:again uncertain: the program stopped while sending")
	})
}

func TestPartsHaveAReceiptEach(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{TextLimit: 10})
		d.p.fail = func(n int, _ chat.ChatID, _ string) error {
			if n == 2 {
				return &chat.SendError{Class: chat.Temporary, Err: errors.New("down")}
			}
			return nil
		}
		long := letter("k", "a", outbox.Push, "一二三四五六。七八九十甲。")
		long.Prompt = 17
		d.add(long)
		d.drain(0)
		d.shows("a: 一二三四五六。")
		d.again() // a restart in between
		d.drain(time.Minute)
		d.shows("a: 一二三四五六。", "a: 七八九十甲。")
		for id, want := range map[chat.MessageID]int64{"1": 17, "3": 17, "2": 0} {
			err := d.db.Read(func(tx *store.Tx) error {
				got, err := d.out.PromptOf(tx, "acc", "a", id)
				if got != want {
					t.Errorf("message %s belongs to prompt %d, want %d", id, got, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// After an update the platform may take in one message what needed two.
func TestALetterWhosePartsAreAllThereIsSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.add(letter("k", "a", outbox.Push, "题"))
		d.sql(`INSERT INTO outbox_part (outbox, n, account, chat, message, sent_at) VALUES (1, 0, 'acc', 'a', 'm', 0)`)
		d.drain(time.Hour)
		d.shows()
		d.has("k sent")
	})
}

func TestACauseIsToldOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, c := range []struct {
			name string
			fail func(n int, to chat.ChatID, text string) error
			want []string
		}{
			{"all sent", nil, []string{"occurrence:7 3 0"}},
			{"one refused", func(_ int, to chat.ChatID, _ string) error {
				if to == "b" {
					return &chat.SendError{Class: chat.ChatGone}
				}
				return nil
			}, []string{"occurrence:7 2 1"}},
			{"one late", failing(chat.Temporary, 3), []string{"occurrence:7 3 0"}},
			{"the repetition arrived", failing(chat.MaybeSent, 1), []string{"occurrence:7 3 0"}},
			{"nothing arrived", failing(chat.MaybeSent, 99), []string{"occurrence:7 0 3"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, e, chat.Caps{})
				d.p.fail = c.fail
				var told []string
				d.out.OnSettled = func(_ *store.Tx, cause string, sent, failed int) error {
					told = append(told, fmt.Sprint(cause, " ", sent, " ", failed))
					return nil
				}
				for _, to := range []chat.ChatID{"a", "b", "c"} {
					l := letter("k"+string(to), to, outbox.Notice, "通知")
					l.Cause = "occurrence:7"
					d.add(l)
				}
				d.drain(time.Hour)
				if diff := cmp.Diff(c.want, told); diff != "" {
					t.Errorf("told (-want +got)\n%s", diff)
				}
			})
		}
	})
}

func TestAMoveConcernsOneChat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.p.fail = func(_ int, to chat.ChatID, _ string) error {
			next := map[chat.ChatID]chat.ChatID{"dm-u1": "b", "a": "b", "b": "a", "c": ""}
			if to, ok := next[to]; ok {
				return &chat.SendError{Class: chat.ChatMoved, To: to, Err: errors.New("moved")}
			}
			return nil
		}
		one, two := letter("1", "", outbox.Push, "给张三"), letter("2", "", outbox.Push, "给李四")
		one.User, two.User = "u1", "u2"
		d.add(one, two, letter("3", "a", outbox.Push, "来回搬"), letter("4", "c", outbox.Push, "搬到哪里？"))
		d.drain(time.Hour)
		d.shows("dm-u2: 给李四") // and not 张三's chat
		d.has("1 dead: chat_moved: moved", "2 sent", "3 dead: chat_moved: moved", "4 dead: chat_moved: moved")
	})
}

// FAULTS I7: never faster than the platform allows, in any second, by any
// mixture of short and long letters.
func TestThePaceIsNeverExceeded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		const perSecond, every = 5, 3 * time.Second
		d := newDesk(t, e, chat.Caps{TextLimit: 10, Pace: chat.Pace{AccountPerSecond: perSecond, ChatEvery: every}})
		last := map[chat.ChatID]time.Time{}
		d.p.fail = func(_ int, to chat.ChatID, _ string) error {
			if before, ok := last[to]; ok && d.now.Sub(before) < every {
				t.Errorf("%s gets two messages within %v", to, d.now.Sub(before))
			}
			last[to] = d.now
			return nil
		}
		for i := range 20 {
			text := "题"
			if i%5 == 0 {
				text = strings.Repeat("一二三四五六七八。", 10) // ten parts: more than a letter has attempts
			}
			d.add(letter(fmt.Sprint(i), chat.ChatID(fmt.Sprint("c", i%8)), outbox.Push, text))
		}
		steps := 0
		for {
			if _, err := d.sender.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			wait, waiting, err := d.sender.NextDue()
			if err != nil {
				t.Fatal(err)
			}
			if !waiting {
				break
			}
			if wait <= 0 {
				t.Fatal("NextDue says now, but nothing is sent")
			}
			d.now = d.now.Add(wait)
			steps++
		}
		if len(d.p.at) != 56 || steps > 60 {
			t.Errorf("%d messages in %d steps", len(d.p.at), steps)
		}
		for i := range d.p.at {
			if j := i + perSecond; j < len(d.p.at) && d.p.at[j].Sub(d.p.at[i]) < time.Second {
				t.Errorf("more than %d messages within %v", perSecond, d.p.at[j].Sub(d.p.at[i]))
			}
		}
		if left := slices.DeleteFunc(d.states(), func(s string) bool { return strings.HasSuffix(s, " sent") }); len(left) > 0 {
			t.Errorf("not sent: %v", left)
		}
	})
}

func TestWhatWasTypedStandsForTheNewestListOrTheQuotedOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		for i := range 5 {
			l := letter(fmt.Sprint(i), "a", outbox.Push, "选一个")
			l.Message.Buttons = [][]chat.Button{{{Label: "参加", Data: fmt.Sprint("yes:", i)}, {Label: "不参加", Data: fmt.Sprint("no:", i)}}}
			d.add(l)
		}
		d.add(letter("plain", "a", outbox.Push, "没有选项"))
		d.drain(0)
		for _, c := range []struct {
			in     chat.ChatID
			quoted chat.MessageID
			word   string
			want   string
		}{
			{"a", "", "1", "yes:4"},
			{"a", "", "2", "no:4"},
			{"a", "", "3", ""},
			{"b", "", "1", ""},
			{"a", "3", "2", "no:2"},
			{"a", "1", "2", ""}, // there are three newer lists
			{"a", "6", "1", ""}, // a message without a list
			{"a", "99", "1", ""},
			{"b", "3", "1", ""},
		} {
			err := d.db.Read(func(tx *store.Tx) error {
				got, err := d.out.Bound(tx, "acc", c.in, c.quoted, c.word)
				if got != c.want {
					t.Errorf("%q in %q quoting %q is %q, want %q", c.word, c.in, c.quoted, got, c.want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// gate is a platform whose sends wait until the test lets them go.
type gate struct {
	calls chan chat.ChatID
	open  chan struct{}
}

func (g *gate) ID() chat.AccountID                          { return "acc" }
func (g *gate) Platform() string                            { return "fake" }
func (g *gate) Caps(chat.ChatID) chat.Caps                  { return chat.Caps{} }
func (g *gate) Run(ctx context.Context, _ chat.Inbox) error { <-ctx.Done(); return nil }
func (g *gate) Send(ctx context.Context, to chat.ChatID, _ chat.Part) (chat.Receipt, error) {
	g.calls <- to
	<-g.open
	return chat.Receipt{Message: "m"}, ctx.Err()
}

// FAULTS 7.30: what is under way is finished, the rest is sent later.
func TestRunFinishesWhatIsUnderWayAndStartsNothingNew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		g := &gate{calls: make(chan chat.ChatID), open: make(chan struct{})}
		const workers, letters = 16, 18
		var begun []chat.ChatID
		var fates []string
		for i := range letters {
			name, to := fmt.Sprintf("%02d", i), chat.ChatID(fmt.Sprintf("c%02d", i))
			d.add(letter(name, to, outbox.Push, "题"))
			if i < workers {
				begun, fates = append(begun, to), append(fates, name+" sent")
			} else {
				fates = append(fates, name+" pending")
			}
		}
		s := d.out.Sender(g, nil, slog.New(slog.NewTextHandler(io.Discard, nil)))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		var chats []chat.ChatID
		for range workers {
			chats = append(chats, <-g.calls)
		}
		slices.Sort(chats)
		if diff := cmp.Diff(begun, chats); diff != "" {
			t.Error(diff)
		}
		if _, waiting, err := s.NextDue(); !waiting || err != nil { // beside Run
			t.Errorf("waiting %v, %v", waiting, err)
		}
		stop()
		close(g.open)
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case to := <-g.calls:
			t.Fatalf("a letter to %s was begun after the end", to)
		}
		d.has(fates...)
	})
}

func TestRunWakesUpForANewLetter(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		g := &gate{calls: make(chan chat.ChatID), open: make(chan struct{})}
		close(g.open)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.out.Sender(g, nil, slog.New(slog.DiscardHandler)).Run(ctx) }()
		for _, to := range []chat.ChatID{"a", "b"} {
			d.add(letter("to "+string(to), to, outbox.Push, "题"))
			if got := <-g.calls; got != to {
				t.Errorf("sent to %q, want %q", got, to)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		d.has("to a sent", "to b sent")
	})
}

func TestCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.p.fail = failing(chat.BadPart, 1)
		d.add(letter("1", "a", outbox.Push, "坏"), letter("2", "a", outbox.Push, "好"))
		d.drain(0)
		d.add(letter("3", "a", outbox.Push, "等"))
		err := d.db.Read(func(tx *store.Tx) error {
			got, err := outbox.Counts(tx, "acc")
			if diff := cmp.Diff(map[outbox.State]int{outbox.Dead: 1, outbox.Sent: 1, outbox.Pending: 1}, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A sealed letter is sent as it was written, also after a restart, and nothing
// in the database can be read; once its key is gone it is not sent any more.
func TestASealedLetter(t *testing.T) {
	t.Parallel()
	d := newDesk(t, storetest.SQLite, chat.Caps{})
	ring := keystore.Beside(d.db.Path())
	d.out.Keys = ring
	key, err := ring.Make()
	if err != nil {
		t.Fatal(err)
	}
	first, second := letter("1", "a", outbox.Reply, "票号 7KQ2M-XH9TP"), letter("2", "a", outbox.Reply, "票号 8KQ2M-XH9TP")
	first.Seal, second.Seal = key, key
	d.add(first)
	d.again()
	d.drain(0)
	d.shows("a: 票号 7KQ2M-XH9TP")
	d.add(second)
	for _, ending := range []string{"", "-wal"} {
		data, err := os.ReadFile(d.db.Path() + ending)
		if err != nil || bytes.Contains(data, []byte("XH9TP")) {
			t.Errorf("the file %q tells the receipt (%v)", ending, err)
		}
	}
	if err := ring.Destroy(key); err != nil {
		t.Fatal(err)
	}
	d.drain(0)
	d.has("1 sent", "2 dead: bad_part: the key is gone, what it sealed cannot be read any more")
}
