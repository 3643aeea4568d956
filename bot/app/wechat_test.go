package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/telegram"
	"branchbot/adapters/telegram/telegramtest"
	"branchbot/adapters/wechat"
	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/rehearse"
	"branchbot/store"
)

// village is the whole bot on WeChat, and on Telegram too, on a virtual clock.
type village struct {
	*testing.T
	bot   *Bot
	db    *store.DB
	we    *wechattest.Server
	tg    *telegramtest.Server
	clock *rehearse.Clock
	stage *rehearse.Stage
	dir   string
	text  string
	stop  func()
}

const villageConfig = `
database: sqlite:x.db
accounts:
  - {id: wx, platform: wechat}
  - {id: tg, platform: telegram, token: "123456:test-TOKEN", api_url: "API"}
units:
  - id: demo
    name: 示范党支部
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003"}
      - {name: 赵磊, staff: "0005"}
      - {name: 钱进, staff: "0006"}
points:
  rules:
    - {id: quiz-answered, on: quiz.answered, points: 1}
    - {id: quiz-correct, on: quiz.correct, points: 2}
schedules:
`

// The group: two members call themselves alike.
func villageGroup() wechattest.Group {
	return wechattest.Group{ID: "branch", Title: "示范党支部群", Members: []wechattest.Member{
		{ID: "wang", Nick: "王敏", Display: "王敏"}, {ID: "zhang", Nick: "三儿", Display: "张三"}, {ID: "li", Nick: "李四"},
		{ID: "zhao", Nick: "平安是福"}, {ID: "qian", Nick: "平安是福"}}}
}

func newVillage(t *testing.T, schedules string) *village {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	v := &village{T: t, clock: rehearse.NewClock(time.Date(2026, 12, 1, 9, 0, 0, 0, zone)), dir: t.TempDir()}
	v.we = wechattest.New(t)
	for id, remark := range map[string]string{"wang": "王敏", "zhang": "张三", "li": "李四", "zhao": "", "qian": ""} {
		v.we.AddFriend(wechattest.Person{ID: id, Nick: id, Remark: remark})
	}
	v.we.AddGroup(villageGroup())
	v.we.LoginAlways(true)
	v.tg = telegramtest.New(telegramtest.Options{})
	t.Cleanup(v.tg.Start())
	v.tg.Person(zhang, "张三")
	v.text = strings.Replace(villageConfig, "API", v.tg.URL, 1) + schedules
	v.start()
	t.Cleanup(func() { v.stop() })
	return v
}

func (v *village) start() {
	v.Helper()
	f, err := config.Load("config.yaml", []byte(v.text), os.LookupEnv)
	if err != nil {
		v.Fatal(err)
	}
	settings, err := ReadSettings(f)
	if err != nil {
		v.Fatal(err)
	}
	library, err := OpenLibrary(settings)
	if err != nil {
		v.Fatal(err)
	}
	if v.db, err = store.Open(v.Context(), "sqlite:"+v.dir+"/village.db", store.Options{Now: v.clock.Now}); err != nil {
		v.Fatal(err)
	}
	var made *Bot
	wx := wechat.New(wechat.Options{ID: "wx", Transport: v.we.Transport(v), Now: v.clock.Now, QR: func(qr wechat.QR) { made.showCode("wx", qr) }})
	tg, err := telegram.New(telegram.Options{ID: "tg", Token: telegramtest.DefaultToken, APIURL: v.tg.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		v.Fatal(err)
	}
	if made, err = Open(settings, library, v.db, slog.New(slog.DiscardHandler), wx, tg); err != nil {
		v.Fatal(err)
	}
	made.logins.dir = v.dir
	made.logins.add("wx", wx)
	v.bot = made
	v.stage = &rehearse.Stage{Clock: v.clock, Engine: made.engine, Sender: made.senders[0]}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	for _, a := range made.adapters {
		go func() { done <- a.Run(ctx, directTo{made.engine.Inbox(a.ID()), made, a.ID()}) }()
	}
	v.stop = func() {
		cancel()
		for range made.adapters {
			if err := <-done; err != nil {
				v.Errorf("an adapter ended: %v", err)
			}
		}
		if err := v.db.Close(); err != nil {
			v.Error(err)
		}
	}
	v.online()
}

type directTo struct {
	chat.Inbox
	bot *Bot
	id  chat.AccountID
}

func (d directTo) Accept(_ context.Context, cursor string, events ...chat.Event) error {
	return d.bot.engine.Handle(d.id, cursor, events...)
}

func (v *village) until(what string, there func() bool) {
	v.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !there() {
		if time.Now().After(deadline) {
			v.Fatalf("%s does not come", what)
		}
		<-time.After(time.Millisecond)
	}
}

func (v *village) online() {
	v.Helper()
	v.until("online", func() bool {
		states := v.bot.engine.States()
		return states["wx"].Condition == chat.Online && states["tg"].Condition == chat.Online
	})
}

// pass lets the bot hear what was said, and time go by.
func (v *village) pass(d time.Duration) {
	v.Helper()
	v.until("what was said", func() bool { return v.we.Pending() == 0 && v.tg.Pending() == 0 })
	v.idle(d)
}

// idle lets time go by while nobody is heard.
func (v *village) idle(d time.Duration) {
	v.Helper()
	begin := v.clock.Now()
	end := begin.Add(d)
	for {
		step := 10 * time.Second // what was said is answered soon
		if v.clock.Now().Sub(begin) >= time.Minute {
			step = 10 * time.Minute
		}
		step = min(step, end.Sub(v.clock.Now()))
		if err := v.stage.Until(v.Context(), v.clock.Now().Add(step)); err != nil {
			v.Fatal(err)
		}
		if _, err := v.bot.senders[1].Drain(v.Context()); err != nil {
			v.Fatal(err)
		}
		if !v.clock.Now().Before(end) {
			return
		}
	}
}

// say has somebody write in the group, or ("") to the bot alone.
func (v *village) say(room, from, text string) {
	v.Helper()
	v.we.Say(room, from, text)
	v.pass(10 * time.Second)
}

// texts is what the bot has sent to a group or person since the n-th message.
func (v *village) texts(to string, since int) []string {
	v.Helper()
	var out []string
	for _, m := range v.we.SentTo(to)[since:] {
		text := strings.ReplaceAll(m.Text, "\n", "⏎")
		if m.Picture {
			text = "🖼 " + text
		}
		out = append(out, text)
	}
	return out
}

func (v *village) last(to string) string {
	v.Helper()
	all := v.texts(to, 0)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func (v *village) has(what, text string, parts ...string) {
	v.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			v.Errorf("%s is %q, want %q in it", what, text, p)
		}
	}
}

// rows are the rows of a query, columns parted by |.
func (v *village) rows(query string, want ...string) {
	v.Helper()
	w := &town{T: v.T, db: v.db}
	w.check(query, w.rows(query), want...)
}

func (v *village) code(staff string) string {
	v.Helper()
	return (&town{T: v.T, db: v.db}).code(staff)
}

// settled is the branch bound, with all who can be known by their remarks.
func (v *village) settled() *village {
	v.Helper()
	v.say("", "wang", "/加入 "+v.code("0001"))
	v.say("", "zhang", "/加入 "+v.code("0002"))
	v.say("", "li", "/加入 "+v.code("0003"))
	v.say("branch", "wang", "/绑定")
	v.has("the binding", v.last("branch"), "本群已绑定到“示范党支部”")
	v.pass(10 * time.Minute) // the session is not young any more
	return v
}

func TestWeChatMainJob(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.say("branch", "wang", "/推送 lesson")
	v.say("branch", "wang", "/出题 org-001")
	v.has("the question", v.last("branch"), "第 2 题（单选）", "A. ", "直接回复字母即可，例如 A；或“2 A”。")
	question := v.we.SentTo("branch")[len(v.we.SentTo("branch"))-1]
	v.say("branch", "zhang", "@支部小助手\u2005Ｂ。")
	v.say("branch", "li", "我先看看")
	v.we.Quote("branch", "li", question.ID, "支部小助手", "第 2 题", "选c")
	v.pass(time.Second)
	mistake := v.we.Say("branch", "wang", "A")
	v.pass(time.Second)
	v.rows(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member ORDER BY m.id`, "王敏|A", "张三|B", "李四|C")
	v.we.Recall("branch", "wang", mistake, "王敏", true)
	v.pass(time.Second)
	v.rows(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member ORDER BY m.id`, "张三|B", "李四|C")
	stranger := v.we.Say("branch", "zhao", "C")
	v.pass(time.Second)
	v.rows(`SELECT COUNT(*) FROM pending_answer`, "1")
	v.we.Recall("branch", "zhao", stranger, "平安是福", true)
	v.pass(time.Second)
	v.rows(`SELECT COUNT(*) FROM pending_answer`, "0")
	v.say("", "wang", "2 B")
	v.has("the private answer", v.last("wang"), "第 2 题已记录：B")
	v.say("branch", "wang", "/结束")
	v.has("the result", v.last("branch"), "作答 3 人，答对 2 人")
	v.say("branch", "wang", "/接龙 周六植树 限 3")
	v.say("branch", "zhang", "+1")
	v.we.Solitaire("branch", "li", "#接龙\n周六植树\n\n1. 张三\n2. 李四")
	v.pass(time.Minute)
	v.we.Solitaire("branch", "wang", "#接龙\n周六植树\n\n1. 王敏") // leaves the others out: nobody is dropped
	v.pass(time.Minute)
	v.say("branch", "wang", "/接龙")
	v.has("the list", v.last("branch"), "张三", "李四", "王敏")
	v.say("branch", "wang", "/通知 回执 明天停电")
	v.has("the question before it goes out", v.last("wang"), "通知还没有发", "2 人没有绑定账号", "1. 发出")
	v.say("", "wang", "发出")
	v.say("branch", "li", "收到[OK]")
	v.say("", "wang", "/未读")
	v.has("who is missing", v.last("wang"), "张三")
	if strings.Contains(v.last("wang"), "李四") {
		t.Errorf("李四 has acknowledged: %q", v.last("wang"))
	}
	v.say("", "wang", "/状态")
	v.has("the status", v.last("wang"), "wx：在线", "今天还能发")
}

// The same member through two platforms has one answer and one balance.
func TestWeChatAndTelegramTogether(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.tg.Open(zhang, v.code("0002"))
	v.pass(10 * time.Second)
	v.say("branch", "wang", "/出题 org-001")
	v.say("branch", "zhang", "A")
	v.tg.Say(telegramtest.Said{Chat: zhang, From: zhang, Text: "B"})
	v.pass(10 * time.Second)
	v.say("branch", "wang", "/结束")
	v.rows(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member`, "张三|B")
	v.rows(`SELECT points FROM ledger_sum WHERE period = '' AND rule = ''`, "3")
}

// One notice stands in a WeChat group and in a Telegram group of the same branch:
// who acknowledges here, there, or in both, counts once, and both groups show the
// one count.
func TestNoticeOverTwoPlatforms(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.tg.Person(wang, "王敏")
	v.tg.Group(branchGroup, "示范党支部海外群")
	for id, staff := range map[int64]string{wang: "0001", zhang: "0002"} {
		v.tg.Open(id, v.code(staff))
		v.pass(10 * time.Second)
	}
	v.tg.AddBot(branchGroup, wang)
	v.pass(10 * time.Second)
	v.tg.Say(telegramtest.Said{Chat: branchGroup, From: wang, Text: "/绑定"})
	v.pass(10 * time.Second)

	v.say("branch", "wang", "/通知 回执 截止 20:00 明天停电")
	asked := v.tg.Shown(wang)
	question := asked[len(asked)-1]
	v.has("the question before it goes out", question.Text, "2 人没有绑定账号", "赵磊、钱进")
	v.tg.Press(wang, wang, question.ID, question.Buttons[0][0].Data)
	v.pass(10 * time.Second)
	shown := v.tg.Shown(branchGroup)
	notice := shown[len(shown)-1]
	v.has("the notice on Telegram", notice.Text, "通知 2026-001", "明天停电")
	v.has("the notice on WeChat", v.last("branch"), "通知 2026-001", "明天停电")
	v.say("branch", "zhang", "收到")
	v.tg.Press(branchGroup, zhang, notice.ID, notice.Buttons[0][0].Data)
	v.pass(10 * time.Second)
	v.say("branch", "li", "收到")
	v.rows(`SELECT m.name FROM notice_reader r JOIN member m ON m.id = r.member WHERE r.acked_at IS NOT NULL ORDER BY m.id`, "张三", "李四")
	const missing = "通知 2026-001：应回执 4 人，已回执 2 人，未回执 2 人：赵磊、钱进" // the author has read it
	v.say("", "wang", "/未读")
	v.tg.Say(telegramtest.Said{Chat: wang, From: wang, Text: "/未读"})
	v.pass(10 * time.Second)
	shown = v.tg.Shown(wang)
	v.has("who is missing", v.last("wang"), missing)
	v.has("the same on Telegram", shown[len(shown)-1].Text, missing)
	v.pass(12 * time.Hour)
	for place, text := range map[string]string{"WeChat": v.last("branch"), "Telegram": fmt.Sprint(v.tg.Shown(branchGroup))} {
		v.has("the close on "+place, text, "【通知 2026-001】回执截止：应回执 4 人，已回执 2 人，未回执 2 人。")
	}
}

// After a new login all ids on the wire are new: the group and those with
// remarks are known again, the two who are called alike are not, and what they
// answer waits until they say who they are.
func TestWeChatLoginAgain(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.say("", "zhao", "/加入 "+v.code("0005"))
	v.say("branch", "wang", "/出题 org-001")
	v.say("branch", "zhang", "A")
	before := v.we.Count("webwxinit")
	v.we.LogOut()
	v.until("the new session", func() bool {
		return v.we.Count("webwxinit") > before && v.bot.engine.States()["wx"].Condition == chat.Online
	})
	v.pass(10 * time.Second)
	v.say("branch", "zhang", "B")
	v.say("branch", "zhao", "B")
	v.say("branch", "qian", "C")
	v.rows(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member ORDER BY m.id`, "张三|B")
	v.rows(`SELECT COUNT(*) FROM pending_answer`, "2")
	v.has("the group", v.last("branch"), "有同事还没绑定名单，作答先记下了")
	v.say("", "wang", "/邀请 赵磊")
	_, code, _ := strings.Cut(v.last("wang"), "/加入 ")
	code, _, _ = strings.Cut(code, "⏎")
	v.say("branch", "zhao", "/加入 "+code)
	v.say("branch", "qian", "/加入 "+v.code("0006"))
	v.rows(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member ORDER BY m.id`, "张三|B", "赵磊|B", "钱进|C")
	v.say("branch", "wang", "/结束")
	v.rows(`SELECT m.name, SUM(l.points) FROM ledger l JOIN member m ON m.id = l.member GROUP BY m.id ORDER BY m.id`, "张三|3", "赵磊|3", "钱进|1")
	v.rows(`SELECT COUNT(*) FROM chat WHERE state = ''`, "1")
}

// A crowd is told so with few messages: the unofficial account must not chatter.
func TestWeChatCrowd(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	g := villageGroup()
	for i := range 60 {
		id := fmt.Sprint("p", i)
		v.we.AddFriend(wechattest.Person{ID: id, Nick: id, Remark: fmt.Sprint("成员", i)})
		g.Members = append(g.Members, wechattest.Member{ID: id, Nick: id, Display: fmt.Sprint("成员", i)})
	}
	v.we.ChangeGroup(g)
	v.pass(time.Second)
	v.say("branch", "wang", "/出题 org-001")
	before := len(v.we.SentTo("branch"))
	for i := range 60 {
		v.we.Say("branch", fmt.Sprint("p", i), "B")
		v.pass(time.Second)
	}
	v.pass(time.Minute)
	if sent := v.texts("branch", before); len(sent) > 3 {
		t.Errorf("60 answers cost %d messages: %q", len(sent), sent)
	}
	v.rows(`SELECT COUNT(*) FROM pending_answer`, "60")
}

// Logged out at night: the lesson of 08:00 is sent at 09:00, that of the next
// morning, when nobody comes before 13:00, is not: too late by its rule.
func TestWeChatLoggedOutAtNight(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "  - {id: daily, unit: demo, cron: \"0 8 * * *\", do: lesson, from: starter/safety}\n").settled()
	v.tg.Person(wang, "王敏")
	v.tg.Open(wang, v.code("0001"))
	v.pass(13 * time.Hour)
	for day, back := range []time.Duration{11 * time.Hour, 16 * time.Hour} { // from 22:00
		v.we.LoginAlways(false)
		v.we.LogOut()
		v.until("the code", func() bool { return v.bot.engine.States()["wx"].Condition == chat.NeedsHuman })
		v.until("its picture", func() bool { _, err := os.Stat(filepath.Join(v.dir, "wx-qr.png")); return err == nil })
		before := len(v.we.SentTo("branch"))
		v.idle(back)
		v.we.LoginAlways(true)
		v.bot.logins.renew("wx")
		v.until("online again", func() bool { return v.bot.engine.States()["wx"].Condition == chat.Online })
		v.pass(2 * time.Minute)
		lessons := 0
		for _, text := range v.texts("branch", before) {
			if strings.Contains(text, "已学") {
				lessons++
			}
		}
		if want := 1 - day; lessons != want {
			t.Errorf("on day %d, %d lessons arrive late, want %d: %q", day, lessons, want, v.texts("branch", before))
		}
		v.pass(13*time.Hour - back + 11*time.Hour) // 22:00 again
	}
	v.rows(`SELECT due_at IS NOT NULL, state FROM occurrence ORDER BY id`, "1|done", "1|failed")
	told := ""
	for _, m := range v.tg.Shown(wang) {
		told += m.Text + fmt.Sprint(m.Photo)
	}
	v.has("what 王敏 reads on Telegram", told, "机器人账号“wx”掉线了", "/login/wx?key=", "true")
}

// pressed counts what a person has asked for.
type pressed struct{ renewed, accepted int }

func (p *pressed) Renew()         { p.renewed++ }
func (p *pressed) AcceptAccount() { p.accepted++ }

func TestLoginPage(t *testing.T) {
	t.Parallel()
	l := newLogins(t.TempDir(), "http://x", "zh-CN")
	state, person := chat.State{Condition: chat.NeedsHuman, Detail: "二维码过期了"}, &pressed{}
	l.state = func(chat.AccountID) chat.State { return state }
	l.zone = time.UTC
	l.add("wx", person)
	mux := http.NewServeMux()
	mux.Handle("GET "+loginPath+"{account}", l)
	mux.Handle("POST "+loginPath+"{account}", l)
	ask := func(method, path, form string) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		mux.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		return w.Code, string(body)
	}
	get := func(path string) (int, string) { return ask(http.MethodGet, path, "") }
	path := strings.TrimPrefix(l.address("wx"), "http://x")
	for _, wrong := range []string{"/login/wx", "/login/wx?key=x", strings.Replace(path, "wx", "other", 1)} {
		if code, _ := get(wrong); code != http.StatusNotFound {
			t.Errorf("%s answers %d", wrong, code)
		}
		if code, _ := ask(http.MethodPost, wrong, "do=renew"); code != http.StatusNotFound {
			t.Errorf("a press at %s answers %d", wrong, code)
		}
	}
	// A page that shows itself again is no person.
	for range 20 {
		if code, body := get(path); code != 200 || !strings.Contains(body, "二维码过期了") || !strings.Contains(body, "取新的二维码") {
			t.Fatalf("without a code: %d, %s", code, body)
		}
	}
	if *person != (pressed{}) {
		t.Errorf("showing the page has done %+v", *person)
	}
	if code, _ := ask(http.MethodPost, path, "do=renew"); code != http.StatusSeeOther || *person != (pressed{renewed: 1}) {
		t.Errorf("the button answers %d and has done %+v", code, *person)
	}
	state = chat.State{Condition: chat.Banned, Detail: "微信拒绝了这次登录：此微信号不能登录网页微信。", Until: time.Date(2026, 12, 8, 9, 30, 0, 0, time.UTC)}
	if _, body := get(path); !strings.Contains(body, "此微信号不能登录网页微信") || !strings.Contains(body, "最早等到 2026-12-08 09:30 再试") ||
		!strings.Contains(body, "再试一次") || strings.Contains(body, "<img") {
		t.Errorf("restricted: %s", body)
	}
	state = chat.State{Condition: chat.NeedsHuman, Reason: chat.OtherAccount, Detail: "扫码的是另一个微信号"}
	if _, body := get(path); !strings.Contains(body, "扫码的是另一个微信号") || !strings.Contains(body, `value="accept"`) {
		t.Errorf("another account: %s", body)
	}
	if code, _ := ask(http.MethodPost, path, "do=accept"); code != http.StatusSeeOther || *person != (pressed{1, 1}) {
		t.Errorf("the button answers %d and has done %+v", code, *person)
	}
	if code, _ := ask(http.MethodPost, path, "do=x"); code != http.StatusBadRequest || *person != (pressed{1, 1}) {
		t.Errorf("no button answers %d and has done %+v", code, *person)
	}
	state = chat.State{Condition: chat.NeedsHuman}
	if err := l.show("wx", "https://login.weixin.qq.com/l/abc"); err != nil {
		t.Fatal(err)
	}
	if _, body := get(path); !strings.Contains(body, "data:image/png;base64,") {
		t.Errorf("the page shows no code: %s", body)
	}
	other := newLogins(l.dir, "http://x", "zh-CN") // of another process
	other.here = func(chat.AccountID) bool { return false }
	if len(other.picture("wx")) == 0 || !bytes.Equal(other.picture("wx"), l.picture("wx")) {
		t.Error("another process does not see the code")
	}
	file := filepath.Join(l.dir, "wx-qr.png")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the picture: %v, %v", info, err)
	}
	state.Condition = chat.Online
	if err := l.show("wx", ""); err != nil {
		t.Fatal(err)
	}
	if _, body := get(path); !strings.Contains(body, "已登录") || strings.Contains(body, "refresh") || strings.Contains(body, "<form") {
		t.Errorf("logged in: %s", body)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the picture is still there: %v", err)
	}
	if other.picture("wx") != nil {
		t.Error("another process still sees the code")
	}
}

// A warning of the platform stops the account, and the secretary is told
// elsewhere.
func TestWeChatWarning(t *testing.T) {
	t.Parallel()
	v := newVillage(t, "").settled()
	v.tg.Person(wang, "王敏")
	v.tg.Open(wang, v.code("0001"))
	v.pass(10 * time.Second)
	v.we.Fail("webwxsendmsg", wechattest.Fault{Ret: 1205})
	v.say("branch", "wang", "/出题 org-001")
	before := len(v.we.SentTo("branch"))
	v.until("a warning for the secretary", func() bool { // written beside the account, which it does not hold up
		var n int
		err := v.db.Read(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM outbox WHERE message LIKE '%已暂停发送%'`).Scan(&n)
		})
		return err == nil && n > 0
	})
	v.idle(30 * time.Minute)
	if n := len(v.we.SentTo("branch")); n != before {
		t.Errorf("%d messages during the rest", n-before)
	}
	told := ""
	for _, m := range v.tg.Shown(wang) {
		told += m.Text
	}
	v.has("what 王敏 reads on Telegram", told, "操作太频繁，已暂停发送")
	v.idle(45 * time.Minute)
	v.has("after the rest", v.last("branch"), "第 1 题")
}
