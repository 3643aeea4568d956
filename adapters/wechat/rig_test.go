package wechat

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"branchbot/adapters/adaptertest"
	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Rig{New: func(t *testing.T) (chat.Adapter, adaptertest.Platform) {
		srv := newServer(t)
		srv.LoginAlways(true)
		ids := &counter{}
		transport := srv.Transport(t)
		a := newAdapter(transport, ids)
		a.Rest = time.Nanosecond // the suite goes on after a refusal
		// The ids come in the order of the groups' titles and of their members.
		ours := map[chat.ChatID]string{"g-1": "branch", "g-2": "second", "dm:u-1": ""}
		chats := map[chat.ChatID]string{"g-1": "branch", "g-2": "second", "dm:u-1": "zhang"}
		fail := func(f wechattest.Fault) func() { return func() { srv.Fail("webwxsendmsg", f) } }
		return a, adaptertest.Platform{Now: func() time.Time { return time.Unix(1_700_000_001, 0) }, QuietLong: true,
			Group: "g-1", Other: "g-2", Private: "dm:u-1", User: chat.User{ID: "u-1", Name: "张三"},
			Say: func(in chat.ChatID, _ chat.UserID, text string) { srv.Say(ours[in], "zhang", text) },
			Reply: func(in chat.ChatID, _ chat.UserID, quoted chat.MessageID, text string) {
				srv.Quote(ours[in], "zhang", string(quoted), "支部小助手", "第 17 题", text)
			},
			Sent: func(in chat.ChatID) []adaptertest.Shown {
				var out []adaptertest.Shown
				for _, m := range srv.SentTo(chats[in]) {
					out = append(out, adaptertest.Shown{ID: chat.MessageID(m.ID), Text: m.Text, Picture: m.Picture, File: m.File})
				}
				return out
			},
			Again:       func() chat.Adapter { return newAdapter(transport, ids) },
			KeepsUnread: true,
			Pending:     srv.Pending,
			Tries: func() int {
				return srv.Count("webwxsendmsg") + srv.Count("webwxsendmsgimg") + srv.Count("webwxsendappmsg")
			},
			Redeliver:  srv.Redeliver,
			Broken:     fail(wechattest.Fault{Status: http.StatusBadGateway, Taken: true}),
			Drop:       fail(wechattest.Fault{Drop: true}),
			LoseAnswer: fail(wechattest.Fault{DropAfter: true}),
			Hang:       fail(wechattest.Fault{Hang: true}),
			RateLimit: func(after time.Duration) {
				if after != 0 {
					t.Skip("the server does not say how long to wait")
				}
				srv.Fail("webwxsendmsg", wechattest.Fault{Ret: 1205})
			},
			Refuse: fail(wechattest.Fault{Ret: 1}),
			Remove: func() { srv.Remove("branch"); srv.WaitSynced(t) },
			LogOut: func() { srv.LoginAlways(false); srv.LogOut() },
		}
	}})
}

// newServer is a server with two groups and a friend.
func newServer(t testing.TB) *wechattest.Server {
	srv := wechattest.New(t)
	srv.AddFriend(wechattest.Person{ID: "zhang", Nick: "三儿", Remark: "张三"})
	srv.AddGroup(branch())
	srv.AddGroup(wechattest.Group{ID: "second", Title: "第二党支部", Members: []wechattest.Member{
		{ID: "zhang", Nick: "三儿", Display: "张三"}, {ID: "sun", Nick: "孙八"}, {ID: "zhou", Nick: "周九"}}})
	return srv
}

func branch() wechattest.Group {
	return wechattest.Group{ID: "branch", Title: "示范党支部", Members: []wechattest.Member{
		{ID: "zhang", Nick: "三儿", Display: "张三"},
		{ID: "li", Nick: "李四"},
		{ID: "wang", Nick: "王敏", Display: "王敏（书记）"},
		{ID: "zhao", Nick: "平安是福"},
		{ID: "qian", Nick: "平安是福"},
	}}
}

func newAdapter(transport http.RoundTripper, ids *counter) *Adapter {
	a := New(Options{ID: "wx", Transport: transport, Language: "zh-CN"})
	a.newID = ids.next
	return a
}

// counter gives ids that a test can know.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) next(prefix string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[prefix]++
	return fmt.Sprint(prefix, c.n[prefix])
}

// bench is an adapter at work on a server.
type bench struct {
	*testing.T
	srv   *wechattest.Server
	in    *adaptertest.Recorder
	a     *Adapter
	ids   *counter
	tr    http.RoundTripper
	codes chan QR
	stop  func()
	waits chan wait // the adapter's longer pauses

	ahead  atomic.Int64 // of the clock
	pauses atomic.Int64 // short ones, which end at once
}

// wait is a pause of the adapter, until done is closed.
type wait struct {
	time.Duration
	done chan time.Time
}

// pass lets time go by.
func (b *bench) pass(d time.Duration) { b.ahead.Add(int64(d)) }

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }

func (b *bench) after(d time.Duration) <-chan time.Time {
	w := wait{d, make(chan time.Time)}
	if d == quick || d == heldPause {
		b.pauses.Add(1)
		close(w.done)
		return w.done
	}
	b.waits <- w
	return w.done
}

// newBench starts an adapter on a server with the groups of newServer; it is
// logged in when logged is true.
func newBench(t *testing.T, change ...func(*bench)) *bench {
	t.Helper()
	b := &bench{T: t, srv: newServer(t), in: adaptertest.NewRecorder(), ids: &counter{}, codes: make(chan QR, 100),
		waits: make(chan wait, 100)}
	b.tr = b.srv.Transport(t)
	b.srv.LoginAlways(true)
	for _, f := range change {
		f(b)
	}
	t.Cleanup(func() { b.halt() })
	b.start()
	return b
}

// start runs a new adapter on the same shelf, as after a restart of the
// program, until halt.
func (b *bench) start() {
	b.Helper()
	if b.a == nil {
		b.a = newAdapter(b.tr, b.ids)
		b.a.QR = func(q QR) { b.codes <- q }
		b.a.Now, b.a.after = b.now, b.after
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	a := b.a
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if a.Run(ctx, b.in) != nil {
				select {
				case <-ctx.Done():
				case <-time.After(time.Millisecond): // the supervisor's pause
				}
			}
		}
	}()
	b.stop = func() { cancel(); <-done }
}

func (b *bench) halt() {
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

// online waits until the adapter works.
func (b *bench) online() *bench {
	b.Helper()
	b.in.WaitCondition(b.T, chat.Online)
	return b
}

// stuck waits until a person is asked for something, in these words.
func (b *bench) stuck(key string) chat.State {
	b.Helper()
	begin, _, _ := strings.Cut(catalogue["zh-CN"][key], "%")
	return b.in.WaitState(b.T, key, func(s chat.State) bool { return strings.HasPrefix(s.Detail, begin) })
}

// again starts a new adapter, which need not get online.
func (b *bench) again() {
	b.Helper()
	b.halt()
	b.a = nil
	b.in.State(chat.State{Condition: chat.Down})
	b.start()
}

// doubts are those on the shelf, where every process finds them.
func (b *bench) doubts() []Doubt {
	b.Helper()
	all, err := Doubts(b.Context(), b.in)
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// restart starts a new adapter, after what happens meanwhile.
func (b *bench) restart(meanwhile func()) {
	b.Helper()
	b.halt()
	meanwhile()
	b.a = nil
	b.in.State(chat.State{Condition: chat.Down})
	b.start()
	b.online()
}

// relogin ends the session and begins another one, in which all ids on the
// wire are new.
func (b *bench) relogin(meanwhile func()) {
	b.Helper()
	b.pass(time.Hour)
	b.restart(func() { b.srv.LogOut(); meanwhile() })
}

// heard waits for the next event after n.
func (b *bench) heard(n int) chat.Event {
	b.Helper()
	return b.in.Wait(b.T, n+1)[n]
}

// says has a person say something in a group and returns the event.
func (b *bench) says(room, from, text string) chat.Event {
	b.Helper()
	n := len(b.in.Events())
	b.srv.Say(room, from, text)
	return b.heard(n)
}

func (b *bench) send(to chat.ChatID, text string) chat.MessageID {
	b.Helper()
	r, err := b.a.Send(b.Context(), to, chat.Part{Key: text, Spans: []chat.Span{{Text: text}}})
	if err != nil {
		b.Fatalf("send: %v", err)
	}
	return r.Message
}
