package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/points"
	"branchbot/bot/rehearse"
	"branchbot/bot/roster"
	"branchbot/store"
)

// The people and chats of the tests on Telegram.
const (
	wang, zhang, li, xiaoming = 11, 12, 13, 99 // 王敏 is the secretary, 小明 is on no roster
	branchGroup               = -1001000
	plainGroup                = -2000
)

// town is the whole bot on Telegram, on a virtual clock.
type town struct {
	*testing.T
	bot    *Bot
	db     *store.DB
	city   *telegramtest.Server
	clock  *rehearse.Clock
	stage  *rehearse.Stage
	config string
	dir    string
	stop   func()
	gone   atomic.Bool // the network
}

const townConfig = `
database: sqlite:x.db
language: zh-CN
accounts:
  - {platform: telegram, token: "123456:test-TOKEN", api_url: "API"}
units:
  - id: demo
    name: 示范党支部
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003"}
points:
  rules:
    - {id: quiz-answered, on: quiz.answered, points: 1}
    - {id: quiz-correct, on: quiz.correct, points: 2}
    - {id: check-in, on: checkin.on_time, points: 1}
schedules:
`

func newTown(t *testing.T, schedules string, o telegramtest.Options) *town {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	w := &town{T: t, clock: rehearse.NewClock(time.Date(2026, 12, 1, 9, 0, 0, 0, zone)), dir: t.TempDir()}
	o.Now, o.Limits = w.clock.Now, telegramtest.TelegramLimits
	w.city = telegramtest.New(o)
	t.Cleanup(w.city.Start())
	w.config = strings.Replace(townConfig, "API", w.city.URL, 1) + schedules
	for id, name := range map[int64]string{wang: "王敏", zhang: "张三", li: "李四", xiaoming: "小明"} {
		w.city.Person(id, name)
	}
	w.city.Group(branchGroup, "示范党支部群")
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// start starts the program, as after a stop or a crash.
func (w *town) start() {
	w.Helper()
	f, err := config.Load("config.yaml", []byte(w.config), func(string) (string, bool) { return "", false })
	if err != nil {
		w.Fatal(err)
	}
	settings, err := ReadSettings(f)
	if err != nil {
		w.Fatal(err)
	}
	library, err := OpenLibrary(settings)
	if err != nil {
		w.Fatal(err)
	}
	if w.db, err = store.Open(w.Context(), "sqlite:"+w.dir+"/town.db", store.Options{Now: w.clock.Now}); err != nil {
		w.Fatal(err)
	}
	if w.bot, err = Open(settings, library, w.db, slog.New(slog.DiscardHandler)); err != nil {
		w.Fatal(err)
	}
	w.stage = &rehearse.Stage{Clock: w.clock, Engine: w.bot.engine, Sender: w.bot.senders[0]}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	w.bot.engine.Expect()
	if _, err := w.bot.engine.FireDue(); err != nil { // timers do not wait for the accounts
		w.Fatal(err)
	}
	go func() { done <- w.supervise(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("the adapter ended: %v", err)
		}
		if err := w.db.Close(); err != nil {
			w.Error(err)
		}
	}
	w.until("online", func() bool { return w.bot.engine.States()["telegram"].CaughtUp() })
}

// supervise runs the adapter again when it gives up.
func (w *town) supervise(ctx context.Context) error {
	for {
		err := w.bot.adapters[0].Run(ctx, direct{w.bot.engine.Inbox("telegram"), w.bot})
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// direct handles events in the adapter's goroutine, so that nothing runs by the
// wall clock.
type direct struct {
	chat.Inbox
	bot *Bot
}

func (d direct) Accept(_ context.Context, cursor string, events ...chat.Event) error {
	return d.bot.engine.Handle("telegram", cursor, events...)
}

// until waits for something that comes over the network.
func (w *town) until(what string, there func() bool) {
	w.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !there() {
		if time.Now().After(deadline) {
			w.Fatalf("%s does not come", what)
		}
		<-time.After(time.Millisecond)
	}
}

// pass lets the bot hear what was said, and time go by.
func (w *town) pass(d time.Duration) {
	w.Helper()
	w.until("what was said", func() bool { return w.city.Pending() == 0 || w.gone.Load() })
	if err := w.stage.Until(w.Context(), w.clock.Now().Add(d)); err != nil {
		w.Fatal(err)
	}
}

// say has somebody write, and lets the bot answer.
func (w *town) say(in, from int64, text string) {
	w.Helper()
	w.city.Say(telegramtest.Said{Chat: in, From: from, Text: text})
	w.pass(10 * time.Second)
}

// press presses the newest button with a label, and returns the toast.
func (w *town) press(in, from int64, label string) string {
	w.Helper()
	before := len(w.city.Toasts(from))
	for _, m := range slices.Backward(w.city.Shown(in)) {
		for _, row := range m.Buttons {
			for _, b := range row {
				if b.Text == label {
					w.city.Press(in, from, m.ID, b.Data)
					w.until("the toast", func() bool { return len(w.city.Toasts(from)) > before })
					w.pass(0)
					return w.city.Toasts(from)[before]
				}
			}
		}
	}
	w.Fatalf("there is no button %q", label)
	return ""
}

// shows is what a chat shows of the bot since the n-th message, one line each.
func (w *town) shows(in int64, since int) []string {
	w.Helper()
	var lines []string
	for _, m := range w.city.Shown(in)[since:] {
		line := strings.ReplaceAll(m.Text, "\n", "⏎")
		if m.Topic != 0 {
			line = fmt.Sprintf("(%d) %s", m.Topic, line)
		}
		if m.Photo {
			line = "🖼 " + line
		}
		if m.Poll != nil {
			line = "📊 " + strings.ReplaceAll(m.Poll.Question, "\n", "⏎") + " | " + strings.Join(m.Poll.Options, " | ")
			if m.Poll.Closed {
				line += " (closed)"
			}
		}
		for _, row := range m.Buttons {
			for _, b := range row {
				line += " [" + b.Text + "]"
			}
		}
		if m.Edits > 0 {
			line += fmt.Sprintf(" (edited %d times)", m.Edits)
		}
		lines = append(lines, line)
	}
	return lines
}

func (w *town) check(what string, got []string, want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// rows are the rows of a query, columns parted by |.
func (w *town) rows(query string) []string {
	w.Helper()
	var out []string
	err := w.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				to[i] = &values[i]
			}
			if err := rows.Scan(to...); err != nil {
				return err
			}
			var cells []string
			for _, v := range values {
				cells = append(cells, fmt.Sprint(v))
			}
			out = append(out, strings.Join(cells, "|"))
		}
		return rows.Err()
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// code makes a join code, as branchbot invite does.
func (w *town) code(staff string) (code string) {
	w.Helper()
	err := w.db.Write(func(tx *store.Tx) error {
		m, err := roster.ByStaff(tx, staff)
		if err == nil {
			code, err = roster.Code(tx, m.ID, roster.Maker{})
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return code
}

// settled is a branch that is bound, with its three members.
func (w *town) settled() *town {
	w.Helper()
	w.city.Open(wang, w.code("0001"))
	w.pass(5 * time.Second)
	for id, staff := range map[int64]string{zhang: "0002", li: "0003"} {
		w.say(id, id, "/加入 "+w.code(staff))
	}
	w.city.AddBot(branchGroup, wang)
	w.pass(5 * time.Second)
	w.say(branchGroup, wang, "/绑定")
	return w
}

func TestTelegramFromTheFirstContact(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{})
	w.check("the invitation's links", w.bot.links("CODE"), "https://t.me/branch_test_bot?start=CODE")
	w.city.AddBot(branchGroup, wang)
	w.pass(5 * time.Second)
	w.say(branchGroup, wang, "/bind@branch_test_bot")
	w.city.Open(wang, w.code("0001"))
	w.pass(5 * time.Second)
	w.say(wang, wang, "/绑定")
	private := w.shows(wang, 0)
	w.check("王敏's first steps", private[:1], "王敏，欢迎！你已加入“示范党支部”。发“帮助”看看我能做什么。")
	_, code, _ := strings.Cut(private[1], "/绑定 ")
	w.say(branchGroup, xiaoming, "/绑定 WRONG-CODE")
	w.say(branchGroup, wang, "/绑定 "+code)
	w.say(branchGroup, xiaoming, "/绑定 "+code)
	w.check("the group", w.shows(branchGroup, 0),
		"大家好，我是支部小助手。请书记在本群发送 /绑定（没反应就发 /bind）；我还不认识书记的话，先私聊我取绑定码，再发：/绑定 绑定码",
		"请书记先私聊我发 /绑定 取得绑定码，再在本群发：/绑定 绑定码",
		"这个绑定码不对或已用过，请书记私聊我发 /绑定 重新取一个。",
		"本群已绑定到“示范党支部”。",
		"这个绑定码不对或已用过，请书记私聊我发 /绑定 重新取一个。")
	w.say(branchGroup, wang, "/状态")
	status := w.shows(wang, 0)
	if !strings.Contains(status[len(status)-1], "群“示范党支部群”（telegram）：只收到命令、按钮和对我的回复（推荐") {
		t.Errorf("the status is %q", status[len(status)-1])
	}
	if menu := string(w.city.Menus()["all_group_chats/zh"]); !strings.Contains(menu, `"checkin"`) || strings.Contains(menu, `"roster"`) {
		t.Errorf("the menu of the members is %s", menu)
	}
	if len(w.city.Menus()) != 6 || !strings.Contains(string(w.city.Menus()["all_chat_administrators/"]), `"roster"`) {
		t.Errorf("the menus are %v", w.city.Menus())
	}
}

func TestTelegramMainJob(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	start := len(w.city.Shown(branchGroup))
	w.say(branchGroup, wang, "/quiz@branch_test_bot org-001")
	w.check("toasts", []string{w.press(branchGroup, zhang, "A"), w.press(branchGroup, zhang, "B"), w.press(branchGroup, xiaoming, "B")},
		"第 1 题已记录：A（截止前可以改）", "第 1 题已记录：B（截止前可以改）",
		"先记下了。请在截止前私聊我发送：/加入 加入码（没有的发 /加入 姓名 工号），绑定后自动计入")
	w.city.Again()           // the last press
	w.city.Open(li, "today") // a link leads to the question in private
	w.pass(5 * time.Second)
	w.check("private answers", []string{w.press(li, li, "C")}, "第 1 题已记录：C（截止前可以改）")
	question := w.city.Shown(branchGroup)[start]
	w.city.Say(telegramtest.Said{Chat: branchGroup, From: li, Text: "选a。", ReplyTo: question.ID})
	w.say(branchGroup, wang, "B") // privacy mode: it never arrives
	w.pass(30 * time.Second)
	w.say(wang, wang, "B")
	w.check("answers", w.rows(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member ORDER BY m.id`), "王敏|B", "张三|B", "李四|A")
	w.pass(30 * time.Second)
	w.say(branchGroup, wang, "/结束")
	w.say(branchGroup, wang, "/开签 30m 早班签到")
	w.check("a check-in", []string{w.press(branchGroup, zhang, "签到")}, "签到成功。")
	w.pass(time.Hour)
	got := w.shows(branchGroup, start)
	for i, want := range []string{"第 1 题（单选）", "第 1 题：已有 3 人作答（共 3 人）", "第 1 题答案", "【早班签到】", "【早班签到】已签到 1 人"} {
		if i >= len(got) || !strings.Contains(got[i], want) {
			t.Errorf("message %d has no %q: %q", i, want, got)
		}
	}
	if !strings.HasSuffix(got[1], "times)") {
		t.Errorf("the count does not rise in place: %q", got[1])
	}
	w.check("points", w.rows(`SELECT m.name, SUM(l.points) FROM ledger l JOIN member m ON m.id = l.member GROUP BY m.id ORDER BY m.id`),
		"王敏|3", "张三|4", "李四|1")
	if n := w.city.Limited(); n > 0 {
		t.Errorf("%d messages were over Telegram's limits", n)
	}
	w.verify()
}

func (w *town) verify() {
	w.Helper()
	err := w.db.Read(func(tx *store.Tx) error {
		chains, err := points.Verify(tx)
		for _, c := range chains {
			if c.Bad != 0 {
				w.Errorf("ledger: entry %d: %s", c.Bad, c.Reason)
			}
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

func TestTelegramMultipleChoiceAndPoll(t *testing.T) {
	t.Parallel()
	w := newTown(t, `
  - {id: several, unit: demo, cron: "0 10 * * *", do: quiz, from: starter/fra-006, close_after: 1h}
  - {id: poll, unit: demo, cron: "0 12 * * *", do: quiz, from: starter/org-001, close_after: 1h, poll: native}
`, telegramtest.Options{}).settled()
	w.pass(62 * time.Minute)
	w.check("ticks", []string{w.press(branchGroup, zhang, "A"), w.press(branchGroup, zhang, "C"), w.press(branchGroup, zhang, "提交"), w.press(branchGroup, li, "提交")},
		"第 1 题已选 A，点“提交”才算作答", "第 1 题已选 AC，点“提交”才算作答", "第 1 题已记录：AC（截止前可以改）", "还没有选，先点选项再提交。")
	w.pass(2 * time.Hour)
	shown := w.city.Shown(branchGroup)
	var poll *telegramtest.Poll
	for _, m := range shown {
		if m.Poll != nil {
			poll = m.Poll
		}
	}
	if poll == nil || poll.Type != "quiz" || poll.Right != 1 || poll.Explain == "" {
		t.Fatalf("the poll is %+v", poll)
	}
	for _, v := range []struct {
		user   int64
		choice []int
	}{{zhang, []int{1}}, {li, []int{1}}, {li, nil}, {wang, []int{0}}, {xiaoming, []int{1}}} {
		if err := w.city.Vote(poll.ID, v.user, v.choice...); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(10 * time.Second)
	w.check("votes", w.rows(`SELECT m.name, a.round, a.value FROM answer a JOIN member m ON m.id = a.member ORDER BY a.round, m.id`),
		"张三|1|AC", "王敏|2|A", "张三|2|B")
	w.pass(time.Hour)
	if err := w.city.Vote(poll.ID, zhang, 0); err == nil {
		t.Error("the poll is open after the close")
	}
	if line := w.shows(branchGroup, len(w.city.Shown(branchGroup))-1)[0]; !strings.Contains(line, "共 3 人，作答 2 人，答对 1 人") {
		t.Errorf("the result is %q", line)
	}
}

func TestTelegramTopic(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{})
	w.city.Topic(branchGroup, 7)
	w.city.Topic(branchGroup, 8)
	w.city.Open(wang, w.code("0001"))
	w.pass(time.Second)
	w.city.Say(telegramtest.Said{Chat: branchGroup, From: wang, Text: "/绑定", Topic: 7})
	w.pass(5 * time.Second)
	w.say(wang, wang, "/推送 quiz org-001")
	w.city.Say(telegramtest.Said{Chat: branchGroup, From: wang, Text: "/今日", Topic: 8})
	w.pass(10 * time.Second)
	lines := w.shows(branchGroup, 0)
	if len(lines) < 2 || lines[0] != "(7) 本群已绑定到“示范党支部”。" || !strings.HasPrefix(lines[1], "(7) 第 1 题") {
		t.Errorf("the group shows %q", lines)
	}
	w.city.Remove(branchGroup, wang)
	w.pass(5 * time.Second)
	w.check("the chat", w.rows(`SELECT chat, state FROM chat`), "-1001000/7|removed")
}

func TestTelegramGroupComesGoesAndMoves(t *testing.T) {
	t.Parallel()
	w := newTown(t, `
  - {id: daily, unit: demo, cron: "0 10 * * *", do: lesson, from: starter/safety}
`, telegramtest.Options{})
	w.city.Group(plainGroup, "老群")
	w.city.Open(wang, w.code("0001"))
	w.pass(time.Second)
	w.say(plainGroup, wang, "/绑定")
	told := len(w.city.Shown(wang))

	// The group moves while a letter waits: it arrives in the new one.
	w.city.Migrate(plainGroup, -1002000, wang)
	w.pass(62 * time.Minute)
	if moved := w.shows(-1002000, 0); len(moved) == 0 || !strings.Contains(strings.Join(moved, "\n"), "已学") {
		t.Errorf("the new group shows %q", moved)
	}
	w.stop()
	w.start() // a configuration or a restart does not bring the old one back
	w.check("chats", w.rows(`SELECT chat, state FROM chat ORDER BY chat`), "-1002000|", "-2000|moved")

	w.city.Mute(-1002000, wang)
	w.pass(5 * time.Second)
	w.city.Unmute(-1002000, wang)
	w.pass(5 * time.Second)
	w.city.Remove(-1002000, wang)
	w.pass(25 * time.Hour)
	w.city.AddBot(-1002000, wang)
	w.pass(5 * time.Second)
	w.say(zhang, zhang, "/加入 "+w.code("0002"))
	w.city.Join(-1002000, xiaoming)
	w.city.Join(-1002000, li)
	w.city.Leave(-1002000, zhang)
	w.pass(10 * time.Second)
	w.check("what 王敏 is told", w.shows(wang, told),
		"我在群“老群”（telegram）里被禁言了，推送发不出去，请管理员放开。",
		"我已经可以在群“老群”（telegram）里发言。",
		"我被移出了群“老群”（telegram），推送发不出去。请重新拉我进群。",
		"我已经可以在群“老群”（telegram）里发言。",
		"张三 退出了“示范党支部”的群。如已调离，可用 /名单 移除 张三")
	lines := w.shows(-1002000, 0)
	if last := lines[len(lines)-1]; last != "欢迎新同事！请点 https://t.me/branch_test_bot?start=help 私聊我，发送：/加入 书记给你的加入码（没有的发 /加入 姓名 工号）" {
		t.Errorf("two newcomers are greeted by %q", last)
	}
	w.check("occurrences", w.rows(`SELECT state, reason FROM occurrence ORDER BY id`), "done|", "skipped|engine.no_chat")
}

func TestTelegramPrivateThings(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	before := len(w.city.Shown(branchGroup))
	w.say(branchGroup, zhang, "/mydata")
	w.say(branchGroup, wang, "/邀请 李四")
	w.check("the group", w.shows(branchGroup, before))
	list := w.shows(wang, 0)
	if link := list[len(list)-1]; !strings.Contains(link, "https://t.me/branch_test_bot?start=") {
		t.Errorf("the invitation is %q", link)
	}
	w.city.Say(telegramtest.Said{Chat: wang, From: wang, File: "名单.csv", Data: []byte("工号,姓名\n0002,张三\n0009,周八\n")})
	w.pass(5 * time.Second)
	w.press(wang, wang, "确认导入")
	w.pass(5 * time.Second)
	w.check("the roster", w.rows(`SELECT name FROM member WHERE staff = '0009'`), "周八")
	w.city.Say(telegramtest.Said{Chat: wang, From: wang, File: "大.csv", Data: make([]byte, 6<<20)})
	w.pass(5 * time.Second)
	list = w.shows(wang, 0)
	if last := list[len(list)-1]; !strings.Contains(last, "超过 5 MB") {
		t.Errorf("a big file is answered by %q", last)
	}
	w.city.Block(zhang)
	w.pass(time.Second)
	w.say(branchGroup, zhang, "/mydata")
	if lines := w.shows(branchGroup, before); len(lines) != 1 || !strings.Contains(lines[0], "请点这里私聊我：https://t.me/branch_test_bot?start=today") {
		t.Errorf("who blocked the bot is told %q", lines)
	}
	// An edited command does not run again, an edited answer counts.
	id := w.city.Say(telegramtest.Said{Chat: wang, From: wang, Text: "/加分 张三 1 帮忙"})
	w.pass(5 * time.Second)
	w.city.Say(telegramtest.Said{Chat: wang, From: wang, Text: "/加分 张三 1 帮忙了", Edit: id})
	w.pass(5 * time.Second)
	w.say(wang, wang, "/出题 org-001")
	id = w.city.Say(telegramtest.Said{Chat: wang, From: wang, Text: "A"})
	w.pass(5 * time.Second)
	w.city.Say(telegramtest.Said{Chat: wang, From: wang, Text: "B", Edit: id})
	w.pass(5 * time.Second)
	w.check("what counts", w.rows(`SELECT (SELECT COUNT(*) FROM ledger WHERE rule = 'award'), (SELECT value FROM answer)`), "1|B")
}

// Ten minutes of 502: nobody knows what became of the first message; the others come
// afterwards, in order and within the limits.
func TestTelegramOutage(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{HearsAll: true}).settled()
	start := len(w.city.Shown(branchGroup))
	end := w.clock.Now().Add(10 * time.Minute)
	w.city.Outage(func() bool { return w.clock.Now().Before(end) }, "sendMessage", "sendPhoto", "editMessageText", "getMe")
	for i := range 8 {
		w.say(branchGroup, wang, fmt.Sprintf("/出题 org-00%d", i+1))
	}
	w.pass(2 * time.Minute)
	w.check("the group during the outage", w.shows(branchGroup, start))
	w.pass(28 * time.Minute)
	var order []string
	for _, line := range w.shows(branchGroup, start) {
		for i := range 8 {
			if strings.HasPrefix(line, fmt.Sprintf("第 %d 题（", i+1)) {
				order = append(order, fmt.Sprint(i))
			}
		}
	}
	w.check("after the outage", order, "1", "2", "3", "4", "5", "6", "7")
	if n := w.city.Limited(); n > 0 {
		t.Errorf("%d messages were over Telegram's limits", n)
	}
	w.check("letters", w.rows(`SELECT class, state FROM outbox WHERE state NOT IN ('sent', 'skipped')`), "push|uncertain")
}

// What a group does not take goes as something lesser, and the answers work.
func TestTelegramPicturesAndPollsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newTown(t, `
  - {id: poll, unit: demo, cron: "0 10 * * *", do: quiz, from: starter/org-001, close_after: 1h, poll: native}
`, telegramtest.Options{}).settled()
	start := len(w.city.Shown(branchGroup))
	w.city.Inject(telegramtest.Fault{Methods: []string{"sendPhoto"}, Kind: telegramtest.Refuse, Code: 400, Text: "Bad Request: PHOTO_INVALID_DIMENSIONS"})
	w.city.Inject(telegramtest.Fault{Methods: []string{"sendPoll"}, Kind: telegramtest.Refuse, Code: 400, Text: "Bad Request: not enough rights to send polls to the chat"})
	w.say(wang, wang, "/推送 lesson first-aid-02")
	w.pass(2 * time.Minute)
	got := w.city.Shown(branchGroup)[start:]
	if len(got) == 0 || got[0].Photo || got[0].File != "image.png" || !strings.Contains(w.shows(branchGroup, start)[len(got)-1], "[已学]") {
		t.Errorf("the lesson is %q", w.shows(branchGroup, start))
	}
	w.pass(time.Hour)
	w.check("the toast", []string{w.press(branchGroup, zhang, "B")}, "第 2 题已记录：B（截止前可以改）")
	w.pass(time.Hour)
	if line := w.shows(branchGroup, len(w.city.Shown(branchGroup))-1)[0]; !strings.Contains(line, "作答 1 人，答对 1 人") {
		t.Errorf("the result is %q", line)
	}
}

// A result whose sending is uncertain comes once more, marked; a quiz post does not. What an
// anti-spam bot deletes is not posted again.
func TestTelegramUnknownOutcomes(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	for _, f := range []telegramtest.Fault{
		{Kind: telegramtest.TakenThenBroken, Code: 502},
		{Kind: telegramtest.TakenThenBroken, Code: 500, Text: "Internal Server Error: Request aborted"},
		{Kind: telegramtest.TakenThenBroken, Code: 500, Text: "Internal Server Error: sent message was immediately deleted and can't be returned"},
		{Kind: telegramtest.Lose},
	} {
		start := len(w.city.Shown(branchGroup))
		w.city.Inject(f)
		w.say(branchGroup, wang, "/quiz@branch_test_bot org-001")
		w.pass(3 * time.Hour)
		if lines := w.shows(branchGroup, start); strings.Count(strings.Join(lines, "\n"), "题（单选）") != 1 {
			t.Errorf("%+v: a quiz is shown as %q", f, lines)
		}
		w.say(branchGroup, wang, "/结束")
		w.say(branchGroup, wang, "/开签 30m 早班")
		start = len(w.city.Shown(branchGroup))
		told := len(w.city.Shown(wang))
		w.pass(29 * time.Minute)
		for range 2 { // the list for the secretary, and the result
			w.city.Inject(f)
		}
		w.pass(time.Hour)
		if list := strings.Join(w.shows(wang, told), "|"); strings.Contains(list, "【补发】") == strings.Contains(f.Text, "deleted") {
			t.Errorf("%+v: the secretary is told %q", f, list)
		}
		var results []string
		for _, line := range w.shows(branchGroup, start) {
			if strings.Contains(line, "结束") {
				results = append(results, line)
			}
		}
		want := []string{"【早班】结束：应到 3 人，实到 0 人，请假 0 人，未到 3 人。", "【补发】【早班】结束：应到 3 人，实到 0 人，请假 0 人，未到 3 人。"}
		if strings.Contains(f.Text, "deleted") {
			want = want[:1]
		}
		w.check(fmt.Sprintf("%+v: the result", f), results, want...)
	}
}

// A correction of a notice that an administrator deleted is posted; so is a count.
func TestTelegramMessagesThatWereDeleted(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	w.say(wang, wang, "/通知 回执 明天九点开会")
	start := len(w.city.Shown(branchGroup))
	w.city.Delete(branchGroup, w.city.Shown(branchGroup)[start-1].ID)
	w.say(wang, wang, "/更正 1 明天十点开会")
	w.pass(time.Minute)
	if lines := w.shows(branchGroup, start-1); len(lines) != 1 || !strings.Contains(lines[0], "明天十点开会") {
		t.Errorf("after the correction: %q", lines)
	}
	w.say(branchGroup, wang, "/quiz@branch_test_bot org-001")
	w.press(branchGroup, zhang, "A")
	w.pass(time.Minute)
	shown := w.city.Shown(branchGroup)
	w.city.Delete(branchGroup, shown[len(shown)-1].ID)
	w.press(branchGroup, li, "A")
	w.pass(time.Minute)
	w.press(branchGroup, wang, "A")
	w.pass(2 * time.Minute)
	if lines := w.shows(branchGroup, len(shown)-1); len(lines) != 1 || !strings.Contains(lines[0], "已有 3 人作答") || !strings.Contains(lines[0], "edited") {
		t.Errorf("the count is %q", lines)
	}
}

// Telegram tells of an edit when somebody reacts to a message: nothing is said by that.
func TestTelegramAReactionSaysNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{HearsAll: true}).settled()
	say := func(text string, quoted int64) telegramtest.Said {
		m := telegramtest.Said{Chat: branchGroup, From: zhang, Text: text, ReplyTo: quoted}
		m.Edit = w.city.Say(m)
		w.pass(5 * time.Second)
		return m
	}
	react := func(m telegramtest.Said) {
		w.city.Say(m)
		w.pass(5 * time.Second)
	}
	newest := func() int64 { return w.city.Shown(branchGroup)[len(w.city.Shown(branchGroup))-1].ID }
	before := say("A", 0) // before anything is asked: chatter
	w.pass(time.Minute)
	w.say(branchGroup, wang, "/出题 org-001")
	question := newest()
	react(before)
	w.check("chatter is no answer", w.rows(`SELECT value FROM answer`))
	typed := say("A", question)
	w.press(branchGroup, zhang, "B")
	react(typed)
	w.check("the answer", w.rows(`SELECT value FROM answer`), "B")
	typed.Text = "C"
	react(typed)
	typed.Text = "D" // within the same second
	w.city.Say(typed)
	typed.Text = "A"
	react(typed)
	w.check("the answer, edited", w.rows(`SELECT value FROM answer`), "A")
	react(typed)
	w.press(branchGroup, zhang, "D")
	react(typed)
	w.check("the answer, pressed", w.rows(`SELECT value FROM answer`), "D")
	w.say(branchGroup, wang, "/结束")
	lines := len(w.city.Shown(branchGroup))
	react(typed)
	late := say("B", question)
	react(late)
	react(late)
	if got := w.shows(branchGroup, lines); len(got) > 1 {
		t.Errorf("after the close: %q", got)
	}

	w.say(branchGroup, wang, "/接龙 植树")
	post := newest()
	in := say("+1", post)
	out := say("不去了", post)
	react(in)
	w.check("the sign-up", w.rows(`SELECT COALESCE(SUM(people), 0) FROM signup_entry`), "0")
	say("+1", post)
	react(out)
	w.check("the sign-up, again", w.rows(`SELECT COALESCE(SUM(people), 0) FROM signup_entry`), "1")
	w.say(branchGroup, wang, "/结束")

	w.say(branchGroup, wang, "/开签 30m 早班")
	window := newest()
	leave := say("请假", window)
	w.press(branchGroup, zhang, "签到")
	react(leave)
	w.check("the check-in", w.rows(`SELECT state FROM checkin_entry`), "on_time")
	w.check("what is kept of chatter", w.rows(`SELECT COUNT(*) FROM message_heard WHERE message = '`+fmt.Sprint(before.Edit)+`'`), "0")
}

// What happened to the bot while it was away for days is found out at the start, and told.
func TestTelegramNewsThatWereMissed(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	for _, c := range []struct {
		happens func()
		told    string
		state   string
	}{
		{func() { w.city.Remove(branchGroup, wang) }, "我被移出了群“示范党支部群”（telegram）", "removed"},
		{func() { w.city.AddBot(branchGroup, wang) }, "我已经可以在群“示范党支部群”（telegram）里发言。", ""},
		{func() { w.city.Silence(branchGroup, true) }, "我在群“示范党支部群”（telegram）里被禁言了", "muted"},
	} {
		told := len(w.city.Shown(wang))
		w.stop()
		c.happens()
		w.city.Forget() // it is kept for a day only
		w.clock.Set(w.clock.Now().Add(72 * time.Hour))
		w.start()
		w.until("the question", func() bool { return w.rows(`SELECT state FROM chat`)[0] == c.state })
		w.pass(time.Minute)
		lines := slices.DeleteFunc(w.shows(wang, told), func(line string) bool { return strings.Contains(line, "新绑定了") })
		if len(lines) != 1 || !strings.HasPrefix(lines[0], c.told) {
			t.Errorf("王敏 is told %q, want %q", lines, c.told)
		}
	}
	// Of a group in which the bot was an administrator before this database it knows that too.
	w.city.Silence(branchGroup, false)
	w.city.Promote(branchGroup, wang)
	w.city.Forget()
	w.stop()
	w.start()
	w.until("the administrator", func() bool { return !w.bot.adapters[0].Caps(chat.ChatID(fmt.Sprint(branchGroup))).AddressedOnly })
}

// A group that says too much rests alone.
func TestTelegramABusyGroupRestsAlone(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	w.city.Inject(telegramtest.Fault{Kind: telegramtest.TooMany, After: 600})
	start := len(w.city.Shown(branchGroup))
	before := len(w.city.Shown(zhang))
	w.say(branchGroup, wang, "/quiz@branch_test_bot org-001")
	w.say(zhang, zhang, "帮助")
	if n := len(w.city.Shown(zhang)); n != before+1 || len(w.city.Shown(branchGroup)) != start {
		t.Errorf("张三 sees %d answers, the group %q", n-before, w.shows(branchGroup, start))
	}
	w.pass(10 * time.Minute)
	if lines := w.shows(branchGroup, start); len(lines) == 0 || !strings.HasPrefix(lines[0], "第 1 题") {
		t.Errorf("after ten minutes the group shows %q", lines)
	}
}

func TestLinksBeginWithTheAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "http://127.0.0.1:8080/enter#CODE", "address: https://bot.example.org/\n": "https://bot.example.org/enter#CODE",
	} {
		f, err := config.Load("config.yaml", []byte(text+"accounts: [{platform: web}]\n"), func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadSettings(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Bot{settings: s}).links("CODE"); len(got) != 1 || got[0] != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

// Updates that Telegram delivers come in by the program's own port.
func TestTelegramWebhook(t *testing.T) {
	t.Parallel()
	var w *town
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.bot.mux().ServeHTTP(rw, r) }))
	t.Cleanup(hook.Close)
	w = newTown(t, "", telegramtest.Options{})
	w.stop()
	w.config = strings.Replace(w.config, "token:", `webhook: {url: "`+hook.URL+`/telegram", secret: s3cret}, token:`, 1)
	w.start()
	w.city.Open(wang, w.code("0001"))
	if n := w.city.Deliver(t.Context()); n != 1 {
		t.Fatalf("%d updates are taken", n)
	}
	w.pass(10 * time.Second)
	w.check("王敏", w.shows(wang, 0), "王敏，欢迎！你已加入“示范党支部”。发“帮助”看看我能做什么。")
	resp, err := hook.Client().Post(hook.URL+"/telegram", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the secret: %s", resp.Status)
	}
}
