package wechat

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
)

// quiet fails the test when the server was asked for a login since.
func (b *bench) quiet(codes, pushes int) {
	b.Helper()
	if c, p := b.srv.Codes(), b.srv.Count("webwxpushloginurl"); c != codes || p != pushes {
		b.Errorf("%d codes and %d questions to the phone, want %d and %d", c, p, codes, pushes)
	}
}

// refuses is the class of a send that does not work.
func (b *bench) refuses(to chat.ChatID) *chat.SendError {
	b.Helper()
	_, err := b.a.Send(b.Context(), to, chat.Part{Spans: []chat.Span{{Text: "x"}}})
	se, ok := err.(*chat.SendError)
	if !ok {
		b.Fatalf("the send says %v", err)
	}
	return se
}

// A session that lived for seconds says that the account is restricted: no login,
// no question to the phone and no code until a person asks, also after a restart.
func TestThrownOutAtOnce(t *testing.T) {
	t.Parallel()
	for _, ret := range []int{1100, 1101, 1102, -14} {
		t.Run(fmt.Sprint(ret), func(t *testing.T) {
			t.Parallel()
			b := newBench(t).online() // the phone confirms by itself whatever it is asked
			b.pass(time.Minute)
			b.srv.End(ret)
			st := b.stuck("restricted")
			if st.Condition != chat.Banned || !strings.Contains(st.Detail, fmt.Sprint(ret)) || st.Until.Sub(b.now()) < 6*24*time.Hour {
				t.Errorf("the state is %+v", st)
			}
			b.again()
			b.stuck("restricted")
			b.pass(30 * 24 * time.Hour) // nothing but a person starts another login
			b.again()
			b.stuck("restricted")
			b.quiet(1, 0)
			b.a.Renew()
			b.online()
			b.quiet(2, 0)
			b.srv.End(ret)
			b.stuck("restricted")
			b.quiet(2, 0)
		})
	}
}

// Thrown out while the login is not even complete.
func TestThrownOutWithinTheLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(b *bench) { b.srv.Fail("webwxgetcontact", wechattest.Fault{Ret: 1102}) })
	b.stuck("restricted")
	b.quiet(1, 0)
}

// However long its sessions last, the phone is asked three times a day, and after
// that there is a code.
func TestQuestionsToThePhone(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	for n := 1; n <= pushesPerDay; n++ {
		b.pass(time.Hour)
		b.srv.Kick()
		b.srv.WaitCount(t, "webwxpushloginurl", n)
		b.online()
	}
	b.srv.LoginAlways(false)
	b.pass(time.Hour)
	b.srv.Kick()
	b.stuck("scan")
	b.quiet(1+pushesPerDay+1, pushesPerDay)
	b.srv.Scan(t)
	b.srv.Confirm(t)
	b.online()
	b.pass(24 * time.Hour)
	b.srv.Kick()
	b.srv.WaitCount(t, "webwxpushloginurl", pushesPerDay+1)
}

// A login that the server refuses is not tried again before a person asks, and
// the server's words stay, also over restarts.
func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	const words = "为了你的帐号安全，此微信号不能登录网页微信"
	b := newBench(t, func(b *bench) {
		b.srv.Fail("webwxnewloginpage", wechattest.Fault{Body: `<error><ret>1203</ret><message>` + words + `</message></error>`})
	})
	for range 3 {
		st := b.stuck("banned")
		if st.Condition != chat.Banned || !strings.Contains(st.Detail, words) || st.Until.Sub(b.now()) < 23*time.Hour {
			t.Errorf("the state is %+v", st)
		}
		b.again()
	}
	b.stuck("banned")
	b.quiet(1, 0)
	b.a.Renew()
	b.online()
}

// A session that ends because the account seems suspect: hands off.
func TestSuspectAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.pass(time.Hour)
	b.srv.End(1203)
	if st := b.stuck("banned"); st.Condition != chat.Banned {
		t.Errorf("the state is %+v", st)
	}
	b.quiet(1, 0)
	b.a.Renew()
	b.online()
	b.quiet(2, 0)
}

// Once it is told to be too busy, the account says nothing for an hour, whatever
// happens meanwhile.
func TestTooOften(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	group := b.says("branch", "li", "1").Chat
	b.srv.Fail("webwxsendmsg", wechattest.Fault{Ret: 1205})
	if se := b.refuses(group); se.Class != chat.RateLimited || se.After != time.Hour {
		t.Errorf("%v", se)
	}
	st := b.stuck("too_often")
	if st.Condition != chat.Online || st.Reason != chat.TooBusy || st.Until.Sub(b.now()) < 59*time.Minute {
		t.Errorf("the state is %+v", st)
	}
	b.pass(20 * time.Minute)
	b.again()
	if again := b.stuck("too_often"); again.Until != st.Until {
		t.Errorf("after a restart the state is %+v, before %+v", again, st)
	}
	before := b.srv.Count("webwxsendmsg")
	if se := b.refuses(group); se.Class != chat.RateLimited || se.After > 40*time.Minute || se.After < 39*time.Minute {
		t.Errorf("%v", se)
	}
	if n := b.srv.Count("webwxsendmsg"); n != before {
		t.Error("the server was asked during the rest")
	}
	b.pass(40 * time.Minute)
	b.send(group, "一小时以后")
	b.in.WaitState(t, "online", func(s chat.State) bool { return s.Condition == chat.Online && s.Reason == "" })
}

// The server takes a message and says in the chat that it does not arrive.
func TestLinesAboutWhatWasSent(t *testing.T) {
	t.Parallel()
	for line, rests := range map[string]bool{
		"发送消息过于频繁，可稍后再试。":                                           true,
		"操作过于频繁，可稍后再试。":                                             true,
		"操作太频繁，请稍后再试":                                               true,
		"傳送訊息過於頻繁，請稍後再試。":                                           true,
		"You are sending messages too frequently. Try again later.": true,
		"小王开启了朋友验证，你还不是他（她）朋友。请先发送朋友验证请求，对方验证通过后，才能聊天。":                    false,
		"小王開啟了朋友驗證，你還不是他（她）的朋友。":                                           false,
		"小王 has enabled Friend Confirmation. You're not their friend yet.": false,
		"消息已发出，但被对方拒收了。":                                                   false,
		"訊息已傳送，但被對方拒收了。":                                                   false,
		"The message is successfully sent but rejected by the receiver.":   false,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			b := newBench(t).online()
			private := b.says("", "zhang", "/积分")
			id := b.send(private.Chat, "您有 3 分")
			b.srv.NoticeTo("zhang", line)
			ev := b.heard(1)
			if ev.Kind != chat.Undelivered || ev.Message != id || ev.Chat != private.Chat || ev.From != private.From || !ev.Private || ev.Key == "" {
				t.Errorf("%+v", ev)
			}
			if rests {
				if ev.Why != chat.RateLimited || b.refuses(private.Chat).Class != chat.RateLimited {
					t.Errorf("no rest after %+v", ev)
				}
				return
			}
			if gone := b.heard(2); ev.Why != chat.Forbidden || gone.Kind != chat.Removed || gone.Chat != private.Chat || gone.From != private.From || !gone.Private {
				t.Errorf("%+v, %+v", ev, gone)
			}
			b.send(private.Chat, "不受影响") // the account itself does not rest
		})
	}
	b := newBench(t).online()
	group := b.says("branch", "li", "A").Chat
	id := b.send(group, "今天的题目")
	b.srv.Notice("branch", "发送消息过于频繁，可稍后再试。")
	if ev := b.heard(1); ev.Kind != chat.Undelivered || ev.Message != id || ev.Chat != group || ev.Private {
		t.Errorf("%+v", ev)
	}
	b.stuck("too_often")
	b.pass(2 * time.Hour)
	b.srv.Notice("branch", `"操作太频繁"邀请"过于频繁"加入了群聊`) // names are nothing that the system says
	b.srv.Say("branch", "li", "操作过于频繁，可稍后再试。")
	b.heard(2)
	b.send(group, "不受影响")
}

// Contacts that are refused at a hot login say nothing about the session: the
// phone is not asked, and the same session goes on once they are told.
func TestContactsRefusedAtHotLogin(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"webwxbatchgetcontact", "webwxgetcontact", "webwxinit"} {
		for _, ret := range []int{1205, 1} {
			t.Run(fmt.Sprint(endpoint, ret), func(t *testing.T) {
				t.Parallel()
				b := newBench(t).online()
				b.pass(time.Hour)
				b.halt()
				for range 100 {
					b.srv.Fail(endpoint, wechattest.Fault{Ret: ret})
				}
				b.srv.Say("branch", "li", "夜里说的")
				b.again()
				st := b.stuck("contacts")
				if st.Condition != chat.Down {
					t.Errorf("the state is %+v", st)
				}
				first, second := <-b.waits, wait{}
				close(first.done)
				second = <-b.waits
				if first.Duration != askAgain || second.Duration != 2*askAgain {
					t.Errorf("asked again after %v and %v", first.Duration, second.Duration)
				}
				b.srv.Mend(endpoint)
				close(second.done)
				b.online()
				if ev := b.heard(0); ev.Text != "夜里说的" {
					t.Errorf("heard %q", ev.Text)
				}
				b.quiet(1, 0)
			})
		}
	}
}

// Somebody scans with their own account: nothing of it is read, and it becomes
// the bot's only when a person says so.
func TestAnotherAccountScans(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.srv.LoginAlways(false)
	b.pass(time.Hour)
	b.srv.LogOut()
	b.srv.ScanAs(77)
	inits := b.srv.Count("webwxinit")
	b.srv.Scan(t)
	b.srv.Confirm(t)
	if st := b.stuck("other"); st.Condition != chat.NeedsHuman || st.Reason != chat.OtherAccount {
		t.Errorf("the state is %+v", st)
	}
	if b.srv.Count("webwxlogout") != 1 || b.srv.Count("webwxinit") != inits {
		t.Error("the other account must be logged out, and nothing read of it")
	}
	b.again()
	b.stuck("other")
	b.quiet(2, 0)
	b.a.Renew() // it was the wrong phone
	b.stuck("scan")
	b.srv.Scan(t)
	b.srv.Confirm(t)
	b.stuck("other")
	b.a.AcceptAccount() // it was meant
	b.stuck("scan")
	b.srv.Scan(t)
	b.srv.Confirm(t)
	b.online()
	b.srv.ScanAs(0)
	b.pass(time.Hour)
	b.srv.LogOut()
	b.srv.Scan(t)
	b.srv.Confirm(t)
	b.stuck("other") // the old one is another one now
}

// Trouble of the server while somebody holds the phone does not make their code
// worthless.
func TestServerInTroubleWhileScanning(t *testing.T) {
	t.Parallel()
	b := newBench(t, byHand)
	b.srv.Scan(t)
	b.stuck("confirm")
	for _, f := range []wechattest.Fault{{Status: 502}, {Drop: true}, {Body: "<html>busy</html>"}} {
		b.srv.Fail("login", f)
		b.srv.Fail("login", f)
	}
	b.srv.Fail("webwxnewloginpage", wechattest.Fault{Status: 502})
	b.srv.Hasten() // ends the poll that waits
	b.srv.WaitCount(t, "login", 9)
	b.srv.Confirm(t)
	b.online()
	b.quiet(1, 0)
}

// The server may say at once, again and again, that the code is scanned.
func TestScannedSaidAgainAndAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, byHand, func(b *bench) { b.srv.Hasten() })
	b.srv.Scan(t)
	b.srv.WaitCount(t, "login", 20)
	polls, pauses := b.srv.Count("login"), b.pauses.Load()
	if pauses < int64(polls)-2 {
		t.Errorf("%d polls and %d pauses between them", polls, pauses)
	}
	b.srv.Confirm(t)
	b.online()
}

// Taken out of a group: the bot's side is told, knows it after a restart, and
// comes back with the group.
func TestTakenOutOfAGroup(t *testing.T) {
	t.Parallel()
	for line, again := range map[string]string{
		`你被"王敏"移出群聊`:                                   `"王敏"邀请你加入了群聊，群聊参与人还有：李四`,
		`你被「王敏」移出群組`:                                   `「王敏」邀請你加入了群組`,
		`You were removed from the group chat by "王敏"`: `"王敏" invited you to a group chat with 李四`,
		"该群聊已被解散":                                      "",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			b := newBench(t).online()
			group := b.says("branch", "li", "1")
			b.srv.Notice("branch", line)
			if ev := b.heard(1); ev.Kind != chat.Removed || ev.Chat != group.Chat || ev.Private || ev.Title != group.Title || ev.Key == "" {
				t.Errorf("%+v", ev)
			}
			b.restart(func() {})
			if se := b.refuses(group.Chat); se.Class != chat.ChatGone {
				t.Errorf("after a restart: %v", se)
			}
			if again != "" {
				b.srv.Notice("branch", again)
			} else {
				b.srv.Say("branch", "li", "又请进来了")
			}
			if ev := b.heard(2); ev.Kind != chat.Added || ev.Chat != group.Chat {
				t.Errorf("%+v", ev)
			}
			b.srv.WaitSynced(t)
			b.send(group.Chat, "大家好")
		})
	}
	b := newBench(t).online()
	group := b.says("branch", "li", "1").Chat
	for _, line := range []string{`"王敏"将"你被张三移出群聊"移出了群聊`, `你将"李四"移出群聊`, `"王敏"修改群名为“你被移出群聊”`,
		`You removed "李四" from the group chat`, `"You were removed from the group chat" joined the group chat`} {
		b.srv.Notice("branch", line)
	}
	b.says("branch", "li", "2")
	b.send(group, "还在")
}

// A crash between the batch and its store does not lose what happened to the bot.
func TestRemovedThoughNotStoredAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	group := b.says("branch", "li", "1").Chat
	b.in.FailNext(3)
	b.srv.Notice("branch", `你被"王敏"移出群聊`)
	if ev := b.heard(1); ev.Kind != chat.Removed || ev.Chat != group {
		t.Errorf("%+v", ev)
	}
	b.in.FailNext(3)
	b.srv.Say("branch", "li", "2")
	if ev := b.heard(2); ev.Kind != chat.Added {
		t.Errorf("%+v", ev)
	}
}

// While the server does not tell who is in a group, or who somebody is, what they
// say is kept; it is heard, in order, once it is known.
func TestNobodyIsTold(t *testing.T) {
	t.Parallel()
	hidden := branch()
	hidden.ID, hidden.Title, hidden.Unlisted = "hidden", "没有保存的群", true
	for _, ret := range []int{1205, 1} {
		t.Run(fmt.Sprint("refused ", ret), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(b *bench) { b.srv.AddGroup(hidden) }).online()
			b.srv.AddFriend(wechattest.Person{ID: "late", Nick: "后加的"})
			for range 100 {
				b.srv.Fail("webwxbatchgetcontact", wechattest.Fault{Ret: ret})
			}
			b.srv.Say("hidden", "wang", "一")
			b.srv.Say("hidden", "zhang", "二")
			b.srv.Say("", "late", "/加入 ABCDE-FGHJK")
			if ev := b.says("branch", "li", "别的群照常"); ev.Text != "别的群照常" {
				t.Errorf("heard %q", ev.Text)
			}
			b.srv.WaitSynced(t)
			if n := b.srv.Count("webwxbatchgetcontact"); n > 12 {
				t.Errorf("the server was asked %d times", n)
			}
			b.srv.Mend("webwxbatchgetcontact")
			b.pass(10 * time.Minute)
			b.srv.Say("hidden", "li", "三")
			var texts []string
			for _, ev := range b.in.Wait(t, 5)[1:] {
				texts = append(texts, ev.Text+" "+ev.From.Name)
			}
			if got := strings.Join(texts, "，"); got != "一 王敏（书记），二 张三，/加入 ABCDE-FGHJK 后加的，三 李四" &&
				got != "一 王敏（书记），二 张三，三 李四，/加入 ABCDE-FGHJK 后加的" {
				t.Errorf("heard %s", got)
			}
		})
	}
}

// A group without members after a new login is kept, and is the same group once
// they are shown; so is what was said there.
func TestGroupWithoutMembersIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	before := b.says("branch", "zhang", "一")
	blank := branch()
	blank.Blank = true
	b.relogin(func() { b.srv.ChangeGroup(blank) })
	b.srv.Say("branch", "zhang", "A")
	b.srv.WaitSynced(t)
	b.srv.SetGroup(branch())
	if ev := b.heard(1); ev.Text != "A" || ev.From != before.From || ev.Chat != before.Chat {
		t.Errorf("%+v, before %+v", ev, before)
	}
}

// Nor does a crash lose what is kept: the cursor stays before it.
func TestWhatIsHeldSurvives(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	before := b.says("branch", "zhang", "一")
	blank := branch()
	blank.Blank = true
	b.relogin(func() { b.srv.ChangeGroup(blank) })
	b.srv.Say("branch", "zhang", "A")
	b.says("second", "sun", "别的群照常")
	b.srv.WaitSynced(t)
	b.restart(func() { b.srv.ChangeGroup(branch()) })
	if ev := b.heard(2); ev.Text != "A" || ev.From != before.From || ev.Chat != before.Chat {
		t.Errorf("%+v, before %+v", ev, before)
	}
	if n := len(b.in.Events()); n != 3 {
		t.Errorf("%d events", n)
	}
}

// It has its limits: in the end the ids on the wire must do.
func TestTheServerNeverTells(t *testing.T) {
	t.Parallel()
	blank := wechattest.Group{ID: "blank", Title: "看不到成员", Blank: true, Members: branch().Members}
	b := newBench(t, func(b *bench) { b.srv.AddGroup(blank) }).online()
	b.srv.Say("blank", "li", "/绑定")
	for n := 0; len(b.in.Events()) == 0 && n < 10*mostAsks; n++ {
		b.pass(5 * time.Minute)
		b.srv.WaitSynced(t)
		b.srv.SendVoice("second", "sun") // ends the poll that waits
	}
	if ev := b.heard(0); ev.Text != "/绑定" || ev.Chat == "" || ev.From.ID == "" {
		t.Errorf("%+v", ev)
	}
}

// Names in groups are looked at again once a day.
func TestNamesAreRefreshed(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	before := b.says("branch", "zhao", "A")
	g := branch()
	g.Members[3].Display = "赵磊" // and the server does not say so
	b.srv.ChangeGroup(g)
	asked := b.srv.Count("webwxbatchgetcontact")
	if ev := b.says("branch", "zhao", "B"); ev.From.Name != "平安是福" {
		t.Errorf("%+v", ev.From)
	}
	b.pass(25 * time.Hour)
	for range 3 {
		if ev := b.says("branch", "zhao", "C"); ev.From.Name != "赵磊" || ev.From.ID != before.From.ID {
			t.Errorf("%+v", ev.From)
		}
	}
	if n := b.srv.Count("webwxbatchgetcontact") - asked; n != 1 {
		t.Errorf("asked %d times", n)
	}
	b.relogin(func() {})
	if ev := b.says("branch", "zhao", "D"); ev.From.ID != before.From.ID {
		t.Error("his name is his alone now")
	}
}

// A firewall that cuts quiet connections is no trouble of the server.
func TestQuietConnectionsAreCut(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.srv.WaitCount(t, "synccheck", 1)
	for n := range 5 {
		cut := make(chan struct{})
		b.srv.Fail("synccheck", wechattest.Fault{Until: cut, Drop: true})
		polls := b.srv.Count("synccheck")
		b.says("branch", "li", fmt.Sprint(n)) // ends the poll that waits; the next one is cut
		b.srv.WaitCount(t, "synccheck", polls+1)
		b.pass(6 * time.Second)
		close(cut)
		b.srv.WaitCount(t, "synccheck", polls+2)
	}
	for i, st := range b.in.States() {
		if i >= 3 && st.Condition != chat.Online {
			t.Errorf("the state flaps: %v", b.in.States())
			break
		}
	}
}

// Who is with the bot in a group can be told from the other friends of its
// account.
func TestSharedGroups(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(b *bench) { b.srv.AddFriend(wechattest.Person{ID: "mum", Nick: "妈妈"}) }).online()
	group := b.says("branch", "zhang", "A").Chat
	second := b.says("second", "zhang", "A").Chat
	if ev := b.says("", "zhang", "/积分"); fmt.Sprint(ev.Shared) != fmt.Sprint([]chat.ChatID{group, second}) {
		t.Errorf("shared: %v", ev.Shared)
	}
	if ev := b.says("", "mum", "今晚回家吃饭吗"); len(ev.Shared) != 0 {
		t.Errorf("shared: %v", ev.Shared)
	}
}

// The bot's own name is written as markup, too.
func TestOwnNameWithMarkup(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(b *bench) { b.srv.SetNick(`支部<span class="emoji emoji1f338"></span>&amp;助手`) }).online()
	if ev := b.says("branch", "li", "@支部🌸&助手\u2005A"); ev.Text != "A" || !ev.Mentioned {
		t.Errorf("%+v", ev)
	}
}

func TestEmoji(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]string{
		"1f604": "😄", "2764": "❤", "1f1e81f1f3": "🇨🇳", "1f1ed1f1f0": "🇭🇰", "3120e3": "1️⃣", "003120e3": "1️⃣", "2320e3": "#️⃣",
		"0039fe0f20e3": "9️⃣", "2764fe0f": "❤️", "1f44d1f3fb": "👍🏻", "1f468200d1f469200d1f467": "👨‍👩‍👧", "00a9": "©", "a9": "©",
		"1f3f4e0067e0062e0065e006ee0067e007f": "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "ffffffffff": "\uffff\uffff", "00": "", "d800": "",
	} {
		if got := name(`示范<span class="emoji emoji` + digits + `"></span>党支部`); got != "示范"+want+"党支部" {
			t.Errorf("%s is %q, want %q", digits, got, want)
		}
	}
}

// Notices of a phone in traditional Chinese or English.
func TestNoticesInOtherLanguages(t *testing.T) {
	t.Parallel()
	for _, notice := range []string{`"李四" 撤回了一条消息`, `"李四" 撤回了一條訊息`, `"李四" 已收回一則訊息`, `"李四" recalled a message`, `"李四" has recalled a message.`} {
		if m := recallWords.FindStringSubmatch(notice); m == nil || m[1] != "李四" {
			t.Errorf("%s is not understood", notice)
		}
	}
	for _, notice := range []string{`"王敏"邀请"新人"加入了群聊`, `"王敏"邀請"新人"加入了群組`, `"新人"通过扫描"王敏"分享的二维码加入群聊`, `"王敏" invited "新人" to the group chat`,
		`"新人" joined group chat via the QR code shared by "王敏"`, `"王敏"将"李四"移出了群聊`, `"王敏" removed "李四" from the group chat`, `"李四"退出了群聊`,
		`"李四" left the group chat`, `"王敏"修改群名为“新名字”`, `"王敏"更改群組名稱為「新名字」`, `"王敏" changed the group name to "新名字"`} {
		if !rosterWords.MatchString(unquoted(notice)) || removedWords.MatchString(unquoted(notice)) {
			t.Errorf("%s is not understood", notice)
		}
	}
}

func FuzzNotices(f *testing.F) {
	f.Add(`你被"王敏"移出群聊`, "1f1e81f1f3")
	f.Fuzz(func(_ *testing.T, text, digits string) {
		_ = unquoted(text)
		_ = name(`<span class="emoji emoji` + digits + `"></span>` + text)
		_ = emoji(digits)
	})
}

// What is on the shelf of an earlier version has no brakes and no age: its session
// goes on.
func TestSessionOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	b := newBench(t).online()
	b.restart(func() {
		var rec saved
		if err := get(context.Background(), b.in, sessionKey, &rec); err != nil {
			t.Fatal(err)
		}
		rec.Began = time.Time{}
		if err := put(context.Background(), b.in, sessionKey, rec); err != nil {
			t.Fatal(err)
		}
		if err := b.in.Delete(context.Background(), brakesKey); err != nil {
			t.Fatal(err)
		}
	})
	b.quiet(1, 0)
	b.srv.Kick()
	b.srv.WaitCount(t, "webwxpushloginurl", 1)
}
