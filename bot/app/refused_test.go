package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/telegram/telegramtest"
)

// told is what a chat shows since the n-th message, in which all the parts must be, in this
// order; it returns how many messages there are now.
func (w *town) told(what string, in int64, since int, parts ...string) int {
	w.Helper()
	shown := strings.Join(w.shows(in, since), "\n")
	rest := shown
	for _, p := range parts {
		_, after, found := strings.Cut(rest, p)
		if !found {
			w.Errorf("%s: %q is not in\n%s", what, p, shown)
			break
		}
		rest = after
	}
	return len(w.city.Shown(in))
}

// today is the page 今日 of 王敏.
func (w *town) today() string {
	w.Helper()
	w.bot.console.Act = w.bot.engine.HandleAct
	w.say(wang, wang, "/后台")
	lines := w.shows(wang, 0)
	_, key, _ := strings.Cut(regexp.MustCompile(`key=\w+`).FindString(lines[len(lines)-1]), "=")
	r := httptest.NewRequest("POST", "/console/enter", strings.NewReader(url.Values{"key": {key}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	in := httptest.NewRecorder()
	w.bot.console.Handler().ServeHTTP(in, r)
	if in.Code != http.StatusSeeOther {
		w.Fatalf("entering the console with %q of %q: %d", key, lines[len(lines)-1], in.Code)
	}
	r = httptest.NewRequest("GET", "/console/u/demo/today", nil)
	for _, c := range in.Result().Cookies() {
		r.AddCookie(c)
	}
	page := httptest.NewRecorder()
	w.bot.console.Handler().ServeHTTP(page, r)
	if page.Code != http.StatusOK {
		w.Fatalf("today: %d", page.Code)
	}
	return page.Body.String()
}

// A group takes nothing from the bot, which is not told so: an administrator switched
// writing off, or took the bot out long ago. The sender is told what, where, why and what to
// do; nobody is asked for a receipt; what waits goes out, marked, when the group takes
// messages again, and then counts.
func TestTelegramAGroupThatRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens, over func(*telegramtest.Server)
		why, do       string
	}{
		"muted": {
			func(s *telegramtest.Server) { s.Silence(branchGroup, true) }, func(s *telegramtest.Server) { s.Silence(branchGroup, false) },
			"群里不让我发言", "请群管理员允许我发言，放开后自动补发。"},
		"kicked": {
			func(s *telegramtest.Server) { s.Unseen(func() { s.Remove(branchGroup, wang) }) }, func(s *telegramtest.Server) { s.AddBot(branchGroup, wang) },
			"我不在群里了，或者群已经解散", "请重新拉我进群，进群后自动补发。"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, "", telegramtest.Options{}).settled()
			group, private, others := len(w.city.Shown(branchGroup)), len(w.city.Shown(wang)), len(w.city.Shown(zhang))
			c.happens(w.city)
			w.say(wang, wang, "/通知 回执 截止 18:00 明天开会")
			w.say(wang, wang, "/开签 10m 班前会")
			w.say(wang, wang, "/推送 quiz org-001")
			w.pass(11 * time.Minute)
			private = w.told("王敏 is told", wang, private, "通知 2026-001：还没有送到，原因会私聊告诉你。", "签到“班前会”：还没有送到",
				"【没有送到】通知 2026-001⏎· 群“示范党支部群”（telegram）："+c.why+"。"+c.do, "【没有送到】签到“班前会”⏎", "【没有送到】第 3 题⏎")
			w.say(wang, wang, "/状态")
			private = w.told("the status", wang, private, "群“示范党支部群”（telegram）：现在发不出消息（"+c.why+"）", "⚠ 没有送到：通知 2026-001，群“示范党支部群”（telegram）："+c.why)
			w.say(wang, wang, "/催办")
			w.told("a reminder", wang, private, "还没有送到群里，大家没看到，先不催")
			w.say(zhang, zhang, "/今日")
			if lines := w.shows(zhang, others); len(lines) == 0 || strings.Contains(lines[0], "2026-001") {
				t.Errorf("张三 sees %q", lines)
			}
			if page := w.today(); !strings.Contains(page, "通知 2026-001，群“示范党支部群”（telegram）："+c.why) {
				t.Errorf("the page 今日 does not tell it:\n%s", page)
			}
			if shown := w.shows(branchGroup, group); len(shown) != 0 {
				t.Errorf("the group shows %q", shown)
			}
			private = len(w.city.Shown(wang))

			c.over(w.city)
			w.pass(36 * time.Minute)
			w.told("the group", branchGroup, group, "【补发】【通知 2026-001】")
			if shown := strings.Join(w.shows(branchGroup, group), "\n"); strings.Contains(shown, "请回复“签到”") {
				t.Errorf("the check-in, which is over, is sent all the same:\n%s", shown)
			}
			w.say(branchGroup, zhang, "收到")
			w.press(branchGroup, zhang, "收到")
			w.pass(time.Hour)
			private = w.told("王敏 hears of it", wang, private, "【补上了】通知 2026-001：已经送到群“示范党支部群”（telegram）。")
			w.city.Unseen(func() { w.city.Block(li) })
			w.say(wang, wang, "/催办")
			w.pass(time.Minute)
			w.told("what the reminder came to", wang, private, "通知 2026-001 已提醒：私聊 0 人，群里提醒 1 人")
			w.say(wang, wang, "/未读")
			w.check("receipts", w.rows(`SELECT m.name, r.acked_at IS NOT NULL FROM notice_reader r JOIN member m ON m.id = r.member ORDER BY m.id`), "张三|1", "李四|0")
		})
	}
}

// A topic that is closed or deleted: who caused the message is told, and nobody else.
func TestTelegramTopicsThatTakeNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{})
	w.city.Topic(branchGroup, 7)
	w.city.Open(wang, w.code("0001"))
	w.pass(5 * time.Second)
	for id, staff := range map[int64]string{zhang: "0002", li: "0003"} {
		w.say(id, id, "/加入 "+w.code(staff))
	}
	w.city.Say(telegramtest.Said{Chat: branchGroup, From: wang, Text: "/绑定", Topic: 7})
	w.pass(time.Hour) // the binding was told
	private, others, group := len(w.city.Shown(wang)), len(w.city.Shown(zhang)), len(w.city.Shown(branchGroup))

	w.city.CloseTopic(branchGroup, 7, true)
	w.say(wang, wang, "/通知 回执 明天开会")
	w.pass(2 * time.Minute)
	private = w.told("a closed topic", wang, private, "通知 2026-001：正在发出。",
		"【没有送到】通知 2026-001⏎· 群“示范党支部群”（telegram）：话题已关闭。请群管理员重新打开话题，打开后自动补发。")
	w.pass(10 * time.Minute)
	w.city.CloseTopic(branchGroup, 7, false)
	w.pass(90 * time.Minute)
	private = w.told("an open one", wang, private, "【补上了】通知 2026-001")
	w.told("the topic", branchGroup, group, "(7) 【补发】【通知 2026-001】")

	w.city.DeleteTopic(branchGroup, 7)
	w.say(wang, wang, "/接龙 植树")
	w.pass(2 * time.Minute)
	w.told("a deleted topic", wang, private, "接龙【植树】（编号 2）：正在发出。",
		"【没有送到】接龙“植树”⏎· 群“示范党支部群”（telegram）：话题已被删除。请在要用的话题里重新发一次 /绑定。")
	if lines := w.shows(zhang, others); len(lines) != 0 {
		t.Errorf("张三 is told %q", lines)
	}
}

// One chat that the platform lets wait is told of on the same account: nothing is wrong with
// it elsewhere.
func TestTelegramALimitedChatIsTold(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	private := len(w.city.Shown(wang))
	w.city.Inject(telegramtest.Fault{Kind: telegramtest.TooMany, After: 1500})
	w.say(branchGroup, wang, "/quiz@branch_test_bot org-001")
	w.pass(2 * time.Minute)
	w.told("王敏", wang, private, "【没有送到】第 1 题⏎· 群“示范党支部群”（telegram）：平台暂时限制在这里发消息。还要等 24 分钟，到时自动发。")
	w.pass(30 * time.Minute)
	if lines := w.shows(branchGroup, 0); !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "第 1 题") }) {
		t.Errorf("after half an hour the group shows %q", lines)
	}
}
