package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
	"branchbot/store/storetest"
)

// platform is an adapter that answers as a test wants.
type platform struct {
	caps  chat.Caps
	fail  func(n int, to chat.ChatID, text string) error // n counts the calls from 1
	calls int
	shown []string // "chat: text", edits with "✎"
	now   func() time.Time
	at    []time.Time
}

func (p *platform) ID() chat.AccountID                          { return "acc" }
func (p *platform) Platform() string                            { return "fake" }
func (p *platform) Caps(chat.ChatID) chat.Caps                  { return p.caps }
func (p *platform) Run(ctx context.Context, _ chat.Inbox) error { <-ctx.Done(); return nil }
func (p *platform) Direct(_ context.Context, u chat.UserID) (chat.ChatID, error) {
	return chat.ChatID("dm-" + u), nil
}

func (p *platform) Send(_ context.Context, to chat.ChatID, part chat.Part) (chat.Receipt, error) {
	p.calls++
	p.at = append(p.at, p.now())
	text := strings.ReplaceAll(part.Plain(), "\n", "|")
	if p.fail != nil {
		if err := p.fail(p.calls, to, text); err != nil {
			return chat.Receipt{}, err
		}
	}
	p.shown = append(p.shown, string(to)+": "+text)
	return chat.Receipt{Message: chat.MessageID(fmt.Sprint(p.calls))}, nil
}

func (p *platform) Edit(_ context.Context, in chat.ChatID, id chat.MessageID, part chat.Part) error {
	p.shown = append(p.shown, fmt.Sprintf("%s ✎%s: %s", in, id, part.Plain()))
	return nil
}

// desk is an outbox with one sender, on a clock that the test moves.
type desk struct {
	*testing.T
	db     *store.DB
	out    *outbox.Outbox
	sender *outbox.Sender
	p      *platform
	now    time.Time
}

func newDesk(t *testing.T, e storetest.Engine, caps chat.Caps) *desk {
	t.Helper()
	d := &desk{T: t, now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	source, folder := e.Empty(t)
	var err error
	if d.db, err = store.Open(t.Context(), source, store.Options{Now: clock, Folder: folder}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Close() })
	d.p = &platform{caps: caps, now: clock}
	d.out = outbox.New(d.db, "acc")
	d.again()
	return d
}

// again makes a new sender, as after a restart.
func (d *desk) again() {
	d.sender = d.out.Sender(d.p, func(string) ([]byte, string, error) { return nil, "", errors.New("no pictures") },
		slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func (d *desk) add(letters ...outbox.Letter) {
	d.Helper()
	err := d.db.Write(func(tx *store.Tx) error {
		for _, l := range letters {
			l.Account, l.Language = "acc", "zh-CN"
			if err := d.out.Add(tx, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.Fatal(err)
	}
}

// drain sends what is due until the time has passed.
func (d *desk) drain(during time.Duration) {
	d.Helper()
	end := d.now.Add(during)
	for {
		if _, err := d.sender.Drain(context.Background()); err != nil {
			d.Fatal(err)
		}
		wait, waiting, err := d.sender.NextDue()
		if err != nil {
			d.Fatal(err)
		}
		if !waiting || d.now.Add(wait).After(end) {
			d.now = end
			return
		}
		d.now = d.now.Add(max(wait, time.Millisecond))
	}
}

func (d *desk) shows(want ...string) {
	d.Helper()
	if diff := cmp.Diff(want, d.p.shown); diff != "" {
		d.Errorf("the platform shows (-want +got)\n%s", diff)
	}
}

func (d *desk) states() (out []string) {
	d.Helper()
	err := d.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT key, state FROM outbox ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key, state string
			if err := rows.Scan(&key, &state); err != nil {
				return err
			}
			out = append(out, key+" "+state)
		}
		return rows.Err()
	})
	if err != nil {
		d.Fatal(err)
	}
	return out
}

func letter(key string, to chat.ChatID, class outbox.Class, text string) outbox.Letter {
	return outbox.Letter{Key: key, Chat: to, Class: class, Message: chat.Text(text)}
}

func failing(class chat.Class, times int) func(int, chat.ChatID, string) error {
	return func(n int, _ chat.ChatID, _ string) error {
		if n > times {
			return nil
		}
		return &chat.SendError{Class: class, Err: errors.New("as the test wants")}
	}
}

func TestOrderAndUrgency(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.add(letter("1", "a", outbox.Push, "题"), letter("2", "a", outbox.Reply, "答"), letter("3", "b", outbox.Push, "题"),
			letter("4", "c", outbox.Reply, "急"), letter("1", "a", outbox.Push, "题，又一次"))
		d.drain(0)
		d.shows("c: 急", "a: 题", "a: 答", "b: 题")
	})
}

func TestOneChatInTroubleHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		d.p.fail = func(n int, to chat.ChatID, _ string) error {
			if to == "a" && n < 4 {
				return &chat.SendError{Class: chat.Temporary, Err: errors.New("down")}
			}
			return nil
		}
		d.add(letter("1", "a", outbox.Push, "一"), letter("2", "a", outbox.Push, "二"), letter("3", "b", outbox.Push, "三"))
		d.drain(time.Minute)
		d.shows("b: 三", "a: 一", "a: 二")
	})
}

func TestErrorsByClass(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, c := range []struct {
			name   string
			class  chat.Class
			times  int
			kind   outbox.Class
			caps   chat.Caps
			during time.Duration
			shows  []string
			states []string
		}{
			{"temporary is tried again", chat.Temporary, 3, outbox.Push, chat.Caps{}, time.Minute, []string{"a: 题"}, []string{"k sent"}},
			{"however often, as long as it is of use", chat.Temporary, 20, outbox.Push, chat.Caps{}, 2 * time.Hour, []string{"a: 题"}, []string{"k sent"}},
			{"after two hours a push is given up", chat.Temporary, 99, outbox.Push, chat.Caps{}, 3 * time.Hour, nil, []string{"k dead"}},
			{"a notice waits half a day", chat.Temporary, 999, outbox.Notice, chat.Caps{}, 11 * time.Hour, nil, []string{"k pending"}},
			{"a push of unknown fate is not repeated", chat.MaybeSent, 1, outbox.Push, chat.Caps{}, time.Hour, nil, []string{"k uncertain"}},
			{"a notice is, once and marked", chat.MaybeSent, 1, outbox.Notice, chat.Caps{}, time.Hour, []string{"a: 【补发】题"}, []string{"k uncertain", "k:again sent"}},
			{"once only", chat.MaybeSent, 9, outbox.Notice, chat.Caps{}, time.Hour, nil, []string{"k uncertain", "k:again uncertain"}},
			{"an idempotent platform is asked again", chat.MaybeSent, 2, outbox.Push, chat.Caps{Idempotent: true}, time.Hour, []string{"a: 题"}, []string{"k sent"}},
			{"a bad part is dead at once", chat.BadPart, 1, outbox.Push, chat.Caps{}, time.Hour, nil, []string{"k dead"}},
			{"so is a chat that is gone", chat.ChatGone, 1, outbox.Push, chat.Caps{}, time.Hour, nil, []string{"k dead"}},
			{"logged out waits for somebody", chat.LoggedOut, 50, outbox.Push, chat.Caps{}, time.Hour, []string{"a: 题"}, []string{"k sent"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, e, c.caps)
				d.p.fail = failing(c.class, c.times)
				d.add(letter("k", "a", c.kind, "题"))
				d.drain(c.during)
				d.shows(c.shows...)
				if diff := cmp.Diff(c.states, d.states()); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

// A chat that is refused for its rate rests alone; the account does when the platform
// says so, or refuses a second chat before it has taken anything.
func TestARateLimitRestsItsChat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, c := range []struct {
			name    string
			refused map[int]bool // calls
			account bool
			early   []string // shown within 39 s
			after   []string // within 2 s more
		}{
			{"one group", map[int]bool{1: true}, false, []string{"b: 二", "c: 三"}, []string{"g/1: 一", "g/2: 话题"}},
			{"the account", map[int]bool{1: true}, true, nil, []string{"g/1: 一", "b: 二", "c: 三", "g/2: 话题"}},
			{"a second one", map[int]bool{1: true, 2: true}, false, nil, []string{"g/1: 一", "b: 二", "c: 三", "g/2: 话题"}},
			{"a second one after a success", map[int]bool{1: true, 3: true}, false, []string{"b: 二"}, []string{"g/1: 一", "c: 三", "g/2: 话题"}},
		} {
			d := newDesk(t, e, chat.Caps{})
			d.p.fail = func(n int, _ chat.ChatID, _ string) error {
				if c.refused[n] {
					return &chat.SendError{Class: chat.RateLimited, After: 40 * time.Second, Account: c.account, Err: errors.New("429")}
				}
				return nil
			}
			d.add(letter("1", "g/1", outbox.Push, "一"), letter("2", "b", outbox.Push, "二"), letter("3", "c", outbox.Push, "三"),
				letter("4", "g/2", outbox.Push, "话题"))
			d.drain(39 * time.Second)
			if diff := cmp.Diff(c.early, d.p.shown); diff != "" {
				t.Errorf("%s, early (-want +got)\n%s", c.name, diff)
			}
			d.drain(2 * time.Second)
			if diff := cmp.Diff(append(c.early, c.after...), d.p.shown); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.name, diff)
			}
		}
	})
}

func TestPace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{Pace: chat.Pace{AccountPerSecond: 5, ChatEvery: 3 * time.Second}})
		for i := range 30 {
			d.add(letter(fmt.Sprint(i), chat.ChatID(fmt.Sprint("c", i%10)), outbox.Push, "x"))
		}
		d.drain(time.Minute)
		if len(d.p.at) != 30 {
			t.Fatalf("%d were sent", len(d.p.at))
		}
		for i := range d.p.at {
			n := 0
			for _, at := range d.p.at[i:] {
				if at.Sub(d.p.at[i]) < time.Second {
					n++
				}
			}
			if n > 10 { // five a second, and five that had been saved up
				t.Errorf("%d messages within a second", n)
			}
		}
	})
}

func TestDayBudgetAndJitter(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		pace := chat.Pace{AccountPerSecond: 1.0 / 3, Jitter: 2 * time.Second, AccountPerDay: 5}
		d := newDesk(t, e, chat.Caps{Pace: pace})
		for i := range 12 {
			d.add(letter(fmt.Sprint(i), chat.ChatID(fmt.Sprint("c", i)), outbox.Push, "x"))
		}
		d.drain(5 * time.Minute)
		if len(d.p.at) != 5 {
			t.Fatalf("%d were sent, want 5", len(d.p.at))
		}
		if left, counted := d.sender.Left(); left != 0 || !counted {
			t.Errorf("%d are left (counted: %v)", left, counted)
		}
		gaps := map[time.Duration]bool{}
		for i := range d.p.at[1:] {
			gap := d.p.at[i+1].Sub(d.p.at[i])
			gaps[gap.Truncate(10*time.Millisecond)] = true
			if gap < 3*time.Second {
				t.Errorf("two messages within %v", gap)
			}
		}
		if len(gaps) == 1 {
			t.Error("all gaps are the same")
		}
		// A restart forgets nothing.
		d.again()
		if err := d.sender.Recover(); err != nil {
			t.Fatal(err)
		}
		d.drain(23 * time.Hour)
		if len(d.p.at) != 5 {
			t.Errorf("after a restart %d were sent, want 5", len(d.p.at))
		}
		d.drain(2 * time.Hour)
		if len(d.p.at) != 10 {
			t.Errorf("on the next day %d were sent in all, want 10", len(d.p.at))
		}
	})
}

// A restart does not let messages follow each other faster.
func TestSpacingOverRestarts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		pace := chat.Pace{AccountPerSecond: 1.0 / 3, ChatEvery: 10 * time.Second, AccountPerDay: 400}
		d := newDesk(t, e, chat.Caps{Pace: pace})
		for i := range 8 {
			d.add(letter(fmt.Sprint(i), chat.ChatID(fmt.Sprint("c", i%2)), outbox.Push, "x"))
		}
		for range 8 {
			d.again()
			if err := d.sender.Recover(); err != nil {
				t.Fatal(err)
			}
			d.drain(7 * time.Second)
		}
		d.drain(time.Minute)
		last := map[string]time.Time{}
		for i, at := range d.p.at {
			if i > 0 && at.Sub(d.p.at[i-1]) < 3*time.Second {
				t.Errorf("two messages within %v", at.Sub(d.p.at[i-1]))
			}
			to, _, _ := strings.Cut(d.p.shown[i], ":")
			if gap := at.Sub(last[to]); gap < 10*time.Second {
				t.Errorf("two messages to %s within %v", to, gap)
			}
			last[to] = at
		}
		if len(d.p.at) != 8 {
			t.Errorf("%d were sent", len(d.p.at))
		}
	})
}

func TestMovedChat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		var from, to chat.ChatID
		d.out.OnMoved = func(_ *store.Tx, _ chat.AccountID, a, b chat.ChatID) error { from, to = a, b; return nil }
		d.p.fail = func(_ int, in chat.ChatID, _ string) error {
			if in == "old" {
				return &chat.SendError{Class: chat.ChatMoved, To: "new", Err: errors.New("moved")}
			}
			return nil
		}
		d.add(letter("1", "old", outbox.Push, "一"), letter("2", "old", outbox.Push, "二"))
		d.drain(time.Minute)
		d.shows("new: 一", "new: 二")
		if from != "old" || to != "new" {
			t.Errorf("told of %q to %q", from, to)
		}
	})
}

func TestCrashWhileSending(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for name, c := range map[string]struct {
			class      outbox.Class
			idempotent bool
			shows      []string
		}{
			"a push stays uncertain":      {outbox.Push, false, nil},
			"a notice comes once more":    {outbox.Notice, false, []string{"a: 【补发】题"}},
			"an idempotent platform gets": {outbox.Push, true, []string{"a: 题"}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, e, chat.Caps{Idempotent: c.idempotent})
				d.add(letter("k", "a", c.class, "题"))
				err := d.db.Write(func(tx *store.Tx) error {
					_, err := tx.Exec(`UPDATE outbox SET state = 'sending', attempts = 1`)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				d.again()
				if err := d.sender.Recover(); err != nil {
					t.Fatal(err)
				}
				d.drain(time.Minute)
				d.shows(c.shows...)
			})
		}
	})
}

// A long text goes on after the part that failed, and no part comes twice.
func TestPartsResume(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{TextLimit: 10})
		d.p.fail = func(n int, _ chat.ChatID, _ string) error {
			if n == 2 {
				return &chat.SendError{Class: chat.Temporary, Err: errors.New("down")}
			}
			return nil
		}
		d.add(letter("k", "a", outbox.Push, "一二三四五六。七八九十甲。乙丙丁戊己。"))
		d.drain(time.Minute)
		d.shows("a: 一二三四五六。", "a: 七八九十甲。", "a: 乙丙丁戊己。")
	})
}

func TestRisingCount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		count := func(key, text string, class outbox.Class) outbox.Letter {
			l := letter(key, "a", class, text)
			l.Thread = "quiz:1"
			return l
		}
		d := newDesk(t, e, chat.Caps{Edit: true})
		d.add(count("1", "1 人", outbox.Progress), count("2", "2 人", outbox.Progress))
		d.drain(0)
		d.add(count("3", "5 人", outbox.Digest))
		d.drain(0)
		d.add(count("4", "6 人", outbox.Progress))
		d.drain(0)
		d.shows("a: 2 人", "a ✎1: 5 人", "a ✎1: 6 人")

		d = newDesk(t, e, chat.Caps{})
		for i, class := range []outbox.Class{outbox.Progress, outbox.Digest, outbox.Progress} {
			d.add(count(fmt.Sprint(i), fmt.Sprint(i, " 人"), class))
			d.drain(0)
		}
		d.shows("a: 1 人")
	})
}

// The cause is told once, when its last letter has come to rest.
func TestSettled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		var told []string
		d.out.OnSettled = func(_ *store.Tx, cause string, sent, failed int) error {
			told = append(told, fmt.Sprintf("%s %d %d", cause, sent, failed))
			return nil
		}
		d.p.fail = func(_ int, to chat.ChatID, _ string) error {
			if to == "b" {
				return &chat.SendError{Class: chat.Forbidden, Err: errors.New("muted")}
			}
			return nil
		}
		for _, to := range []chat.ChatID{"a", "b"} {
			l := letter("k"+string(to), to, outbox.Push, "题")
			l.Cause = "occurrence:7"
			d.add(l)
		}
		d.drain(time.Minute)
		if diff := cmp.Diff([]string{"occurrence:7 1 1"}, told); diff != "" {
			t.Error(diff)
		}
	})
}

// Where no buttons can be shown, a typed number stands for one; a quote tells
// which message is meant.
func TestBoundAndQuoted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := newDesk(t, e, chat.Caps{})
		for i, data := range []string{"first", "second"} {
			l := letter(fmt.Sprint(i), "", outbox.Reply, "选一个")
			l.User, l.Prompt = "u", int64(i+7)
			l.Message.Buttons = [][]chat.Button{{{Label: "好", Data: data}}}
			d.add(l)
		}
		d.drain(0)
		d.shows("dm-u: 选一个||回复序号选择：|1. 好", "dm-u: 选一个||回复序号选择：|1. 好")
		err := d.db.Read(func(tx *store.Tx) error {
			newest, err := d.out.Bound(tx, "acc", "dm-u", "", "1")
			if err != nil {
				return err
			}
			quoted, err := d.out.Bound(tx, "acc", "dm-u", "1", "1")
			if err != nil {
				return err
			}
			none, err := d.out.Bound(tx, "acc", "dm-u", "", "2")
			if err != nil {
				return err
			}
			prompt, err := d.out.PromptOf(tx, "acc", "dm-u", "2")
			if newest != "second" || quoted != "first" || none != "" || prompt != 8 {
				t.Errorf("newest %q, quoted %q, none %q, prompt %d", newest, quoted, none, prompt)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// What waits for ten minutes is told of, each message once, with why: the chat's rate, the
// account's, or what is before it. One chat's rate is no trouble of the account.
func TestWhatWaitsForLongIsTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for _, c := range []struct {
			name    string
			account bool
			caps    chat.Caps
			after   time.Duration
			want    []string
		}{
			{"a chat", false, chat.Caps{}, 30 * time.Minute, []string{"0s 1 chat_limited"}},
			{"a short while", false, chat.Caps{}, 9 * time.Minute, nil},
			{"the account", true, chat.Caps{}, 30 * time.Minute, []string{"0s 1 rate_limited", "10m0s 2 rate_limited"}},
			{"many before it", false, chat.Caps{Pace: chat.Pace{AccountPerSecond: 1, ChatEvery: 15 * time.Minute}}, 0, []string{"10m0s 3 busy"}},
		} {
			d := newDesk(t, e, c.caps)
			begin := d.now
			var told []string
			d.out.OnUndelivered = func(_ *store.Tx, l *outbox.Letter) error {
				if l.State == outbox.Pending {
					told = append(told, fmt.Sprint(d.now.Sub(begin).Round(time.Minute), " ", l.Key, " ", l.Reason))
				}
				return nil
			}
			d.p.fail = func(n int, _ chat.ChatID, _ string) error {
				if n == 1 && c.after > 0 {
					return &chat.SendError{Class: chat.RateLimited, After: c.after, Account: c.account, Err: errors.New("429")}
				}
				return nil
			}
			letters := []outbox.Letter{letter("1", "a", outbox.Notice, "一"), letter("2", "b", outbox.Notice, "二")}
			if c.after == 0 {
				letters = append(letters, letter("3", "a", outbox.Notice, "三"))
			}
			for i := range letters {
				letters[i].About = "通知"
			}
			d.add(letters...)
			for range 29 {
				d.drain(time.Minute)
			}
			if diff := cmp.Diff(c.want, told); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.name, diff)
			}
		}
	})
}

func TestReasonsOfAnAccount(t *testing.T) {
	t.Parallel()
	for r, want := range map[outbox.Reason]bool{outbox.ChatLimited: false, outbox.RateLimited: true, outbox.Muted: false, outbox.LoggedOut: true} {
		if r.OfAccount() != want {
			t.Errorf("%s concerns the account: %v", r, !want)
		}
	}
}
