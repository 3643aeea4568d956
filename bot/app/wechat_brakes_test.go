package app

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/adaptertest"
	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/store"
)

// The account is a person's: whoever is neither bound nor in a bound group gets no
// answer in private, and nothing of what they say is kept, unless they bring a code.
func TestWeChatFriendsOfTheAccount(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "")
	for _, id := range []string{"mum", "old"} {
		v.we.AddFriend(wechattest.Person{ID: id, Nick: id})
	}
	v.say("", "zhang", "/加入 张三 0002") // no group is bound yet
	v.say("", "zhang", "/帮助")
	v.settled()
	before := v.texts("zhang", 0)
	v.we.SendFile("", "mum", "照片.zip", []byte("x"), 1)
	for _, text := range []string{"今晚回家吃饭吗", "/帮助", "帮助", "A", "收到", "/加入", "/加入 赵磊 0005", "/不存在", "@支部小助手 /状态"} {
		v.say("", "mum", text)
	}
	if said := v.texts("mum", 0); len(said) != 0 {
		t.Errorf("a friend of the account is told %q", said)
	}
	if len(before) != 1 || !strings.Contains(before[0], "已绑定") && !strings.Contains(before[0], "张三") {
		t.Errorf("before the group was bound 张三 was told %q", before)
	}
	v.rows(`SELECT COUNT(*) FROM pending_answer`, "0")
	v.rows(`SELECT COUNT(*) FROM dead_letter`, "0")
	v.say("", "old", "/加入 "+v.code("0006"))
	v.has("who brings a code", v.last("old"), "钱进")
	v.say("", "zhao", "你好") // is in the bound group
	v.has("who is in the group", v.last("zhao"), "还不认识你")
}

// Taken out of the group: /状态 says so, the secretary is told in private, and
// nothing is written there any more, also after a restart.
func TestWeChatTakenOut(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.we.Remove("branch")
	v.pass(10 * time.Second)
	v.has("what the secretary reads", v.last("wang"), "我被移出了群")
	v.rows(`SELECT state FROM chat WHERE account = 'wx'`, "removed")
	v.stop()
	v.start()
	before := len(v.we.SentTo("branch"))
	v.say("", "wang", "/通知 明天停电")
	v.pass(time.Hour)
	if n := len(v.we.SentTo("branch")); n != before {
		t.Errorf("%d messages to a group that the bot is not in", n-before)
	}
	v.we.Notice("branch", `"王敏"邀请你加入了群聊`)
	v.pass(10 * time.Second)
	v.rows(`SELECT state FROM chat WHERE account = 'wx'`, "")
	v.has("what the secretary reads", v.last("wang"), "我已经可以在群")
}

// What waits for a group when the bot is taken out of it is told of, and goes out, marked,
// once the bot is taken in again.
func TestWeChatTakenOutBeforeTheNotice(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.say("", "wang", "/通知 回执 明天停电")
	v.we.Say("", "wang", "1") // send it, though two are not reached
	v.we.Remove("branch")
	v.pass(11 * time.Minute)
	v.has("what the secretary reads", strings.Join(v.texts("wang", 0), "\n"), "通知 2026-001：正在发出。", "通知 2026-001：还没有送到，原因会私聊告诉你。",
		"【没有送到】通知 2026-001⏎· 群“示范党支部群”（wx）：我不在群里了，或者群已经解散。请重新拉我进群，进群后自动补发。")
	v.say("", "wang", "/状态")
	v.has("the status", v.last("wang"), "⚠ 没有送到：通知 2026-001")
	v.say("", "wang", "/催办")
	v.has("a reminder", v.last("wang"), "还没有送到群里，大家没看到，先不催")
	v.we.Notice("branch", `"王敏"邀请你加入了群聊`)
	v.pass(time.Hour)
	v.has("the group", v.last("branch"), "补发", "明天停电")
	v.has("what the secretary reads", v.last("wang"), "【补上了】通知 2026-001：已经送到群“示范党支部群”（wx）。")
	v.say("branch", "zhang", "收到")
	v.rows(`SELECT m.name FROM notice_reader r JOIN member m ON m.id = r.member WHERE r.acked_at IS NOT NULL`, "张三")
}

// The platform takes a message and says afterwards that it was not delivered: it
// does not count as sent, and the account rests.
func TestWeChatNotDeliveredAfterAll(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.say("branch", "wang", "/通知 明天停电")
	v.say("", "wang", "发出")
	v.has("the notice", v.last("branch"), "明天停电")
	before := len(v.we.SentTo("branch"))
	v.we.Notice("branch", "发送消息过于频繁，可稍后再试。")
	v.until("the rest", func() bool { return v.bot.engine.States()["wx"].Reason == chat.TooBusy })
	v.pass(30 * time.Minute)
	v.rows(`SELECT COUNT(*) FROM outbox WHERE message LIKE '%明天停电%' AND state = 'dead'`, "1")
	if n := len(v.we.SentTo("branch")); n != before {
		t.Errorf("%d messages during the rest", n-before)
	}
	w := httptest.NewRecorder()
	v.bot.health(w, local("/healthz"))
	v.has("/healthz", w.Body.String(), `"reasons":{"wx":"too_busy"}`, `"until":{"wx":"`)
	v.stop()
	v.start()
	v.until("the rest, after a restart", func() bool { return v.bot.engine.States()["wx"].Reason == chat.TooBusy })
	v.pass(10 * time.Minute)
	if n := len(v.we.SentTo("branch")); n != before {
		t.Errorf("%d messages during the rest, after a restart", n-before)
	}
	v.idle(30 * time.Minute)
	v.has("after the rest", v.last("branch"), "补发", "明天停电")
}

// A friend has deleted the bot's account: nothing arrives there, and nothing more is
// sent there until they write again.
func TestWeChatNoFriendAnyMore(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.say("", "li", "/积分")
	before := len(v.we.SentTo("li"))
	v.we.NoticeTo("li", "李四开启了朋友验证，你还不是他（她）朋友。请先发送朋友验证请求，对方验证通过后，才能聊天。")
	v.until("the event", func() bool {
		var n int
		err := v.db.Read(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM identity WHERE account = 'wx' AND private_chat = '' AND member = (SELECT id FROM member WHERE staff = '0003')`).Scan(&n)
		})
		return err == nil && n == 1
	})
	v.rows(`SELECT state FROM outbox ORDER BY id DESC LIMIT 1`, "dead")
	if n := len(v.we.SentTo("li")); n != before {
		t.Errorf("%d more messages", n-before)
	}
}

// A configuration from before accept_risk: the rest of the bot starts, the account
// asks nothing of the platform, and everybody who looks is told why.
func TestWeChatRiskNotAccepted(t *testing.T) {
	t.Parallel()
	text := strings.Replace(villageConfig, `  - {id: tg, platform: telegram, token: "123456:test-TOKEN", api_url: "API"}`+"\n", "", 1)
	read := func(text string) *Settings {
		t.Helper()
		f, err := config.Load("config.yaml", []byte(text), os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadSettings(f)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := read(text)
	if len(s.Notes) != 1 || !strings.HasPrefix(s.Notes[0].Error(), "config.yaml:4:") || !strings.Contains(s.Notes[0].Error(), "accept_risk: true") {
		t.Errorf("the notes are %v", s.Notes)
	}
	accepted := read(strings.Replace(text, "platform: wechat", "platform: wechat, accept_risk: true", 1))
	if len(accepted.Notes) != 0 {
		t.Errorf("the notes are %v", accepted.Notes)
	}
	library, err := OpenLibrary(s)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/x.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b, err := Open(s, library, db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.adapters[0].Run(ctx, b.engine.Inbox("wx")) }()
	(&village{T: t, bot: b}).until("the state", func() bool { return b.engine.States()["wx"].Reason == chat.RiskUnknown })
	if st := b.engine.States()["wx"]; st.Condition != chat.NeedsHuman {
		t.Errorf("the state is %+v", st)
	}
	if _, err := b.adapters[0].Send(t.Context(), "g-1", chat.Part{}); chat.ClassOf(err) != chat.LoggedOut {
		t.Errorf("a send says %v", err)
	}
	if b.logins.byPhone("wx") {
		t.Error("an account that is not started has a login page")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A run that has worked is no reason to wait longer before the next one.
func TestPauseAfterARun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lasted time.Duration
		given  bool
		tenth  time.Duration
	}{
		"it ended at once":                    {0, false, time.Minute},
		"it heard something":                  {0, true, time.Second},
		"it had a good poll, which was cut":   {6 * time.Second, false, time.Second},
		"the platform does not answer at all": {30 * time.Second, false, time.Second},
	} {
		var pause time.Duration
		for range 10 {
			pause = pauseAfter(pause, c.lasted, c.given)
		}
		if pause != c.tenth {
			t.Errorf("%s: the tenth pause is %v, want %v", name, pause, c.tenth)
		}
	}
}

// What was handed over counts once it is stored.
func TestAttentive(t *testing.T) {
	t.Parallel()
	r := adaptertest.NewRecorder()
	r.FailNext(1)
	in := &attentive{Inbox: r}
	for n, want := range []bool{false, true} {
		_ = in.Accept(t.Context(), "1")
		if in.given.Load() != want {
			t.Errorf("after %d: %v", n, !want)
		}
	}
}
