package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
)

func byHand(b *bench) { b.srv.LoginAlways(false) }

func TestScanLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t, byHand)
	code := <-b.codes
	if code.Text != "https://login.weixin.qq.com/l/code1==" || code.Picture != "https://login.weixin.qq.com/qrcode/code1==" {
		t.Errorf("the code is %+v", code)
	}
	b.in.WaitCondition(t, chat.NeedsHuman)
	b.srv.Scan(t)
	b.srv.WaitCount(t, "login", 2) // the first poll has told that it is scanned
	b.srv.Confirm(t)
	b.online()
	if code := <-b.codes; code != (QR{}) {
		t.Errorf("after the login the code is %+v", code)
	}
	var details []string
	for _, st := range b.in.States() {
		if st.Condition == chat.NeedsHuman {
			details = append(details, st.Detail)
		}
		if strings.Contains(st.Detail, "code1") {
			t.Errorf("a state tells the code: %q", st.Detail)
		}
	}
	if len(details) != 2 || details[0] != catalogue["zh-CN"]["scan"] || details[1] != catalogue["zh-CN"]["confirm"] {
		t.Errorf("the secretary was told %q", details)
	}
}

func TestCodesExpire(t *testing.T) {
	t.Parallel()
	b := newBench(t, byHand)
	for range codesInARow {
		<-b.codes
		b.srv.Expire(t)
		<-b.codes
	}
	b.stuck("expired")
	b.again() // that is known after a restart, too
	b.stuck("expired")
	if n := b.srv.Codes(); n != codesInARow {
		t.Errorf("%d codes were made", n)
	}
	b.a.Renew()
	<-b.codes
	b.srv.Scan(t)
	b.srv.Confirm(t)
	b.online()
}

func TestHotLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	said := b.says("branch", "li", "一")
	picture := chat.Part{Media: &chat.Media{Data: []byte("\xff\xd8\xffpicture"), Type: "image/jpeg"}}
	for range 3 { // the library itself loses its cookies at the second start
		b.restart(func() { b.srv.Say("branch", "li", "后来") })
		if _, err := b.a.Send(t.Context(), said.Chat, picture); err != nil {
			t.Errorf("a picture after a hot login: %v", err)
		}
	}
	if n := b.srv.Codes(); n != 1 {
		t.Errorf("%d codes were made, want 1", n)
	}
	events := b.in.Wait(t, 4)
	for _, ev := range events {
		if ev.From != said.From || ev.Chat != said.Chat {
			t.Errorf("after a hot login %+v", ev)
		}
	}
}

// A crash after the fetch and before the commit: the key on the shelf is the
// old one, and the messages come again.
func TestNothingAcceptedIsLost(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.says("branch", "li", "一")
	b.srv.WaitSynced(t)
	before, _ := b.in.Cursor(t.Context())
	fetched := make(chan struct{}, 100)
	b.in.Before(func() { fetched <- struct{}{} })
	b.in.FailNext(1 << 30)
	b.srv.Say("branch", "li", "二")
	<-fetched
	b.restart(func() {
		if now, _ := b.in.Cursor(t.Context()); now != before {
			t.Error("the cursor moved without the batch")
		}
		b.in.FailNext(0)
	})
	if ev := b.heard(1); ev.Text != "二" {
		t.Errorf("heard %q", ev.Text)
	}
	b.srv.WaitSynced(t)
	if now, _ := b.in.Cursor(t.Context()); now == before {
		t.Error("the cursor does not move")
	}
}

// A batch that was fetched is kept over an error, whether or not the server
// would send it again.
func TestBatchIsKeptOverErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.in.FailNext(3)
	fetches := b.srv.Count("webwxsync")
	b.srv.Say("branch", "li", "一")
	b.heard(0)
	if n := b.srv.Count("webwxsync") - fetches; n != 1 {
		t.Errorf("fetched %d times", n)
	}
	if n := len(b.in.Deliveries()); n != 4 {
		t.Errorf("delivered %d times", n)
	}
}

func TestShelfFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	g := branch()
	g.Members = append(g.Members, wechattest.Member{ID: "new", Nick: "新人"})
	b.srv.ChangeGroup(g)
	b.in.FailShelf(1) // the new member's id cannot be stored at first
	b.srv.Say("branch", "new", "一")
	ev := b.heard(0)
	b.restart(func() {})
	if again := b.says("branch", "new", "二"); again.From != ev.From {
		t.Errorf("%+v, before %+v", again.From, ev.From)
	}
}

// Kicked out by another login, the adapter asks the phone, once.
func TestPushLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	<-b.codes
	<-b.codes
	b.srv.LoginAlways(false)
	b.pass(time.Hour)
	b.srv.Kick()
	b.srv.WaitCount(t, "webwxpushloginurl", 1)
	b.in.WaitCondition(t, chat.NeedsHuman)
	b.srv.Expire(t)
	if code := <-b.codes; code.Text == "" {
		t.Error("no code after a push login that nobody confirmed")
	}
	b.halt()
	b.start() // a restart does not ask again
	for code := (QR{}); code.Text == ""; {
		code = <-b.codes
	}
	if n := b.srv.Count("webwxpushloginurl"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	b.srv.Scan(t)
	b.srv.Confirm(t)
	b.online()
	b.pass(time.Hour)
	b.srv.Kick()
	b.srv.WaitCount(t, "webwxpushloginurl", 2)
	b.srv.Confirm(t)
	b.in.WaitCondition(t, chat.Online)
	if n := b.srv.Codes(); n != 5 {
		t.Errorf("%d codes were made, want 5: scan, push, two to scan, push", n)
	}
}

// Who logs the account out on the phone is not asked there again.
func TestLoggedOutOnThePhone(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	<-b.codes
	<-b.codes
	ev := b.says("branch", "li", "一")
	b.srv.LoginAlways(false)
	b.pass(time.Hour)
	b.srv.LogOut()
	if code := <-b.codes; code.Text == "" {
		t.Error("no code")
	}
	if n := b.srv.Count("webwxpushloginurl"); n != 0 {
		t.Errorf("the phone was asked %d times", n)
	}
	if _, err := b.a.Send(t.Context(), ev.Chat, chat.Part{Spans: []chat.Span{{Text: "x"}}}); chat.ClassOf(err) != chat.LoggedOut {
		t.Errorf("a send says %v", err)
	}
	if _, err := b.a.Direct(t.Context(), "u-1"); chat.ClassOf(err) != chat.LoggedOut {
		t.Errorf("direct says %v", err)
	}
	n := b.srv.Count("login")
	if n > 20 {
		t.Errorf("%d polls of the login", n)
	}
}

// A send that is told that the session is over stops the receiving too.
func TestSendFindsTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	ev := b.says("branch", "li", "一")
	b.srv.LoginAlways(false)
	b.pass(time.Hour)
	b.srv.Fail("webwxsendmsg", wechattest.Fault{Ret: 1102})
	if _, err := b.a.Send(t.Context(), ev.Chat, chat.Part{Spans: []chat.Span{{Text: "x"}}}); chat.ClassOf(err) != chat.LoggedOut {
		t.Errorf("the send says %v", err)
	}
	b.in.WaitCondition(t, chat.NeedsHuman)
}

// Nulls and keys that do not add up come from a server that is being changed.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(b *bench) {
		b.srv.Fail("webwxgetcontact", wechattest.Fault{Body: `{"BaseResponse":{"Ret":0},"MemberList":[null]}`})
	}).online()
	b.srv.Fail("webwxsync", wechattest.Fault{Body: `{"BaseResponse":{"Ret":0},"AddMsgList":[null,{}],"ModContactList":[null,{},{"UserName":{"Buff":"@x"}},7],"SyncKey":{"Count":3,"List":[]}}`})
	b.srv.Fail("webwxbatchgetcontact", wechattest.Fault{Body: `{"BaseResponse":{"Ret":0},"ContactList":[null,{}]}`})
	for i, text := range []string{"此时不知道是谁在哪个群说的", "一"} {
		if ev := b.says("branch", "li", text); ev.Text != text || ev.From.Name != "李四" || len(b.in.Events()) != i+1 {
			t.Errorf("%+v", ev)
		}
	}
}

// Whatever the server does, the adapter neither loops nor tells its tokens.
func TestServerInTrouble(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"jslogin", "login", "webwxnewloginpage", "webwxinit", "webwxgetcontact", "webwxbatchgetcontact"} {
		for name, f := range map[string]wechattest.Fault{
			"drop": {Drop: true}, "lost": {DropAfter: true}, "502": {Status: 502}, "malformed": {Body: "<html>busy</html>"}, "-1": {Ret: -1},
		} {
			t.Run(endpoint+" "+name, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, func(b *bench) { b.srv.Fail(endpoint, f) })
				b.online()
				b.says("branch", "li", "一")
			})
		}
	}
	for _, endpoint := range []string{"synccheck", "webwxsync"} {
		for name, f := range map[string]wechattest.Fault{
			"drop": {Drop: true}, "lost": {DropAfter: true}, "502": {Status: 502}, "malformed": {Body: "<html>busy</html>"}, "-1": {Ret: -1},
		} {
			t.Run(endpoint+" "+name, func(t *testing.T) {
				t.Parallel()
				b := newBench(t).online()
				b.srv.Fail(endpoint, f)
				b.says("branch", "li", "一")
				if ev := b.says("branch", "li", "二"); ev.Text != "二" {
					t.Errorf("heard %q", ev.Text)
				}
			})
		}
	}
}

func TestErrorsTellNoTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.says("branch", "li", "一")
	b.halt()
	b.srv.Fail("webwxsync", wechattest.Fault{Drop: true})
	b.srv.Say("branch", "li", "二")
	err := b.a.Run(t.Context(), b.in)
	if err == nil || strings.Contains(err.Error(), "sid") || strings.Contains(err.Error(), "skey") || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("Run says %v", err)
	}
	b.srv.Fail("webwxsendmsg", wechattest.Fault{Drop: true})
	_, err = b.a.Send(t.Context(), b.heard(0).Chat, chat.Part{Spans: []chat.Span{{Text: "私密"}}})
	if err == nil || strings.Contains(err.Error(), "pass") || strings.Contains(err.Error(), "私密") {
		t.Errorf("Send says %v", err)
	}
}

// Some answers say for ever that there is news.
func TestNewsThatAreNone(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	for range idleLimit + 2 {
		b.srv.Fail("synccheck", wechattest.Fault{Body: `window.synccheck={retcode:"0",selector:"7"}`})
	}
	b.says("branch", "li", "一") // ends the poll that waits; the next ones are the faults
	w := <-b.waits
	if w.Duration != idlePause {
		t.Errorf("the adapter pauses for %v", w.Duration)
	}
	close(w.done)
	b.says("branch", "li", "二")
}

func TestSessionOnTheShelf(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	value, err := b.in.Get(t.Context(), sessionKey)
	if err != nil {
		t.Fatal(err)
	}
	var rec saved
	if err := json.Unmarshal(value, &rec); err != nil {
		t.Fatal(err)
	}
	if rec.Ended != 0 || rec.Domain != wechattest.Host || len(rec.Cookies) != 3 || rec.Request.DeviceID == "" {
		t.Errorf("stored: ended %d, domain %q, %d cookies", rec.Ended, rec.Domain, len(rec.Cookies))
	}
	rec.Request.DeviceID = "e123"
	b.relogin(func() {
		if err := put(t.Context(), b.in, sessionKey, rec); err != nil {
			t.Fatal(err)
		}
	})
	value, _ = b.in.Get(t.Context(), sessionKey)
	var next saved
	if err := json.Unmarshal(value, &next); err != nil {
		t.Fatal(err)
	}
	if next.Label == rec.Label || next.Request.DeviceID != rec.Request.DeviceID {
		t.Error("a new login must be a new session on the same device")
	}
}

func TestLateEndOfContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, byHand)
	b.in.WaitCondition(t, chat.NeedsHuman)
	b.halt() // while a code waits to be scanned
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.a.Run(ctx, b.in); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Run says %v", err)
	}
}

// Another process had the account in between: the adapter goes on with the session and
// the ids that this one has left on the shelf.
func TestAnotherProcessInBetween(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.says("branch", "li", "一")
	first := b.a
	b.halt()
	first.Leave()
	b.relogin(func() {})
	b.srv.Join("branch", wechattest.Member{ID: "xin", Nick: "新来的"})
	there := b.says("branch", "xin", "二")
	b.halt()
	b.a = first
	b.in.State(chat.State{Condition: chat.Down})
	b.start()
	b.online()
	if here := b.says("branch", "xin", "三"); here.From != there.From || here.Chat != there.Chat {
		t.Errorf("%+v, there %+v", here, there)
	}
	if n := b.srv.Codes(); n != 2 {
		t.Errorf("%d codes were made, want one for each login", n)
	}
}
