package web_test

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/skip2/go-qrcode"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/browser"
	"branchbot/bot/web"
)

// run does actions in the browser; a failure shows what the page said.
func run(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action) {
	t.Helper()
	within, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := chromedp.Run(within, actions...); err != nil {
		var text string
		_ = chromedp.Run(ctx, chromedp.Evaluate(`document.body.innerText`, &text))
		t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// admit enters as the member with a staff number, as a person does: the link,
// then the button.
func admit(d *desk, staff string) chromedp.Action {
	return chromedp.Tasks{chromedp.Navigate(d.link(staff)), chromedp.Click("button.main", chromedp.ByQuery), chromedp.WaitVisible(".framed", chromedp.ByQuery)}
}

// look is how a page is looked at: width in pixels, colours.
func look(width int64, dark bool) chromedp.Action {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return chromedp.Tasks{chromedp.EmulateViewport(width, 844), chromedp.ActionFunc(func(ctx context.Context) error {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}).Do(ctx)
	})}
}

func awaiting(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

//go:embed testdata/axe.min.js
var axe string

// accessible fails on what axe calls serious or critical in the page as it is
// looked at now, and when it is wider than the window. Rules that a look changes
// are run again for each; the others once.
func accessible(t *testing.T, ctx context.Context, name string, first bool) {
	t.Helper()
	var faults []string
	var wide bool
	which := `{runOnly: ["color-contrast", "target-size"]}`
	if first {
		run(t, ctx, name, chromedp.Evaluate(axe, nil))
		which = `{}`
	}
	run(t, ctx, name, chromedp.Evaluate(`axe.run(document, `+which+`).then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.nodes.map(n => n.html + " — " + n.failureSummary).join("\n")))`, &faults, awaiting),
		chromedp.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide))
	for _, f := range faults {
		t.Errorf("%s: %s", name, f)
	}
	if wide {
		t.Errorf("%s is wider than the window", name)
	}
	var title string
	run(t, ctx, name, chromedp.Text("h1", &title, chromedp.ByQuery))
	if title == "出了点问题" {
		t.Errorf("%s shows an error", name)
	}
}

// aDay is a day in a branch that fills the pages.
const aDay = `@ 2026-12-01 09:00
书记: /推送 lesson tiny
书记: /开签 2h 晨会
张三: 签到
书记: /推送 quiz tiny/one
李四: A
书记: /通知 回执 截止 18:00 明天上午九点在三楼会议室召开支部党员大会，请准时参加。
张三: 收到
书记: /接龙 周六植树 限 2
李四: +1
小明: A
@ +1m
`

const schedules = `-- config.yaml --
schedules:
  - {id: daily-lesson, unit: demo, cron: "0 8 * * *", do: lesson, from: tiny}
  - {id: friday-quiz, unit: demo, cron: "30 12 * * 5", do: quiz, from: tiny}
`

// furnish fills what a rehearsal has not: accounts, one of which has to be
// scanned, a letter that was not sent, a file of the configuration.
func (d *desk) furnish() {
	d.t.Helper()
	d.Engine.SetState("tg", chat.State{Condition: chat.Online})
	d.Engine.SetState("wx", chat.State{Condition: chat.NeedsHuman})
	d.Engine.SetState("tg2", chat.State{Condition: chat.Down, Reason: chat.TokenRefused, Detail: "401 Unauthorized"})
	code, err := qrcode.Encode("https://login.example/1234567890", qrcode.Medium, 280)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Console.Code = func(id chat.AccountID) []byte {
		if id == "wx" {
			return code
		}
		return nil
	}
	d.Console.ByPhone = func(id chat.AccountID) bool { return id == "wx" }
	d.Console.Section = func(name string) (web.Section, error) {
		return web.Section{Name: name, File: "config.yaml", Line: 31, Base: "x", Text: name + ":\n  key: value # as in the file\n"}, nil
	}
	d.importSample()
	d.sql(`INSERT INTO outbox (key, account, chat, user_id, class, message, language, thread, cause, state, not_before, created_at, settled_at, problem, reason)
		VALUES ('x', 'rehearsal', 'demo', '', 'push', '{}', 'zh-CN', '', '', 'dead', 0, 0, $1, 'the group is gone', 'removed')`, d.Clock.Now().UnixMilli())
}

// samples are addresses in the place of pages with a part that varies.
var samples = map[string]string{
	"/console/u/demo/members/{id}":  "/console/u/demo/members/2",
	"/console/u/demo/notices/{id}":  "/console/u/demo/notices/1",
	"/console/u/demo/rounds/{id}":   "/console/u/demo/rounds/1",
	"/console/u/demo/checkins/{id}": "/console/u/demo/checkins/1",
	"/console/u/demo/signups/{id}":  "/console/u/demo/signups/1",

	"/console/u/demo/content/{id}":        "/console/u/demo/content/1",
	"/console/u/demo/members/import/{id}": "/console/u/demo/members/import/1",
	"/console/u/demo/content/{pack}/{id}": "/console/u/demo/content/tiny/first",
}

// Every page can be read at both widths and in both colour schemes, by eye, by
// keyboard and by screen reader.
func TestAccessible(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, schedules)
	if _, err := d.Play(t, aDay); err != nil {
		t.Fatal(err)
	}
	d.furnish()
	run(t, ctx, "the entry", chromedp.Navigate(d.link("0001")), look(390, false), browser.Shot("enter-390-light"))
	accessible(t, ctx, "the entry", true)
	run(t, ctx, "enter", admit(d, "0001"))
	for _, path := range append(d.Console.Paths("demo"), "/console/me/handbook") {
		if strings.Contains(path, "{") && samples[path] == "" {
			t.Errorf("add an address for %s to samples", path)
			continue
		}
		if sample := samples[path]; sample != "" {
			path = sample
		}
		run(t, ctx, path, chromedp.Navigate(d.server.URL+path), chromedp.WaitVisible("h1", chromedp.ByQuery))
		first := true
		for _, width := range []int64{390, 1280} {
			for _, dark := range []bool{false, true} {
				name := fmt.Sprintf("%s-%d", strings.ReplaceAll(strings.TrimPrefix(path, web.Root), "/", "-"), width)
				if dark {
					name += "-dark"
				}
				run(t, ctx, path, look(width, dark), browser.Shot(name))
				accessible(t, ctx, name, first)
				first = false
			}
		}
	}
}

// The page of a member who has no office, with all kinds of things open for him,
// and with a vote that he fills in.
func TestMineAccessible(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, "")
	if _, err := d.Play(t, aDay+"书记: /出题 multiple\n书记: /出题 blank\n书记: /出题 order\n书记: /表彰 张三 学习标兵 全年全勤\n书记: /看板 打开\n"+
		"书记: /加分 张三 2 主讲微党课\n张三: 5 +1\n"); err != nil {
		t.Fatal(err)
	}
	secretary := d.enter("0001")
	secretary.send("/console/u/demo/surveys", "do", "vote", "title", "今年主题党日去哪里", "options", "红旗渠\n西柏坡", "named", "1")
	secretary.send("/console/u/demo/surveys", "do", "vote", "title", "谁来讲微党课", "options", "张三\n李四")
	secretary.get("/console/u/demo/members/2")
	secretary.get("/console/u/demo/members/export")
	looks := func(name string) {
		t.Helper()
		first := true
		for _, width := range []int64{390, 1280} {
			for _, dark := range []bool{false, true} {
				named := fmt.Sprintf("%s-%d-%v", name, width, dark)
				run(t, ctx, name, look(width, dark), browser.Shot(named))
				accessible(t, ctx, named, first)
				first = false
			}
		}
	}
	run(t, ctx, "enter", admit(d, "0002"), browser.Sees("我的待办"))
	looks("mine")
	run(t, ctx, "a vote", chromedp.Click(`button[value^="survey:go"]`, chromedp.ByQuery), browser.Sees("也可以直接填"))
	looks("mine-vote")
	run(t, ctx, "choose and cast", chromedp.Click(`.flash .buttons button`, chromedp.ByQuery), browser.Sees("确认投出"),
		chromedp.Click(`.flash .buttons button`, chromedp.ByQuery), browser.Sees("重新填写（实名）"))
	run(t, ctx, "my data", chromedp.Navigate(d.server.URL+"/console/me/data"), browser.Sees("打开了你的资料"))
	looks("mine-data")
	run(t, ctx, "my handbook", chromedp.Navigate(d.server.URL+"/console/me/handbook"), browser.Sees("电子手册"))
	looks("mine-handbook")
}

// So can the charts, which need a month of life to have bars.
func TestChartsAccessible(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := lively(t)
	run(t, ctx, "enter", admit(d, "0001"))
	for _, page := range []string{"reports", "rounds", "notices"} {
		run(t, ctx, page, chromedp.Navigate(d.server.URL+"/console/u/demo/"+page), chromedp.WaitVisible(".chart svg, .chart p", chromedp.ByQuery))
		for _, dark := range []bool{false, true} {
			run(t, ctx, page, look(390, dark), browser.Shot(fmt.Sprintf("chart-%s-dark-%v", page, dark)))
			accessible(t, ctx, page, !dark)
		}
	}
}

// What somebody else does shows by itself; a form is answered on the next page.
func TestLive(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, "")
	live, stop := context.WithCancel(t.Context())
	defer stop()
	go d.Console.Run(live)
	run(t, ctx, "enter", admit(d, "0001"), browser.Sees("现在没有正在进行的事项"))
	if _, err := d.Play(t, "书记: /开签 2h 晨会\n"); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "it was opened in the chat", browser.Sees("晨会"), browser.Sees("看谁没完成"))
	if _, err := d.Play(t, "张三: 签到\n李四: 签到\n"); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "the count rises", browser.Until(`document.querySelector("#live .thing .count")?.innerText.trim() === "2"`))
	run(t, ctx, "who is missing", chromedp.Click(`button[value="missing"]`, chromedp.ByQuery), chromedp.WaitVisible(".flash", chromedp.ByQuery), browser.Sees("赵磊"))
	run(t, ctx, "close", chromedp.Click(`button[value="close"]`, chromedp.ByQuery), browser.Sees("已结束"), browser.Sees("现在没有正在进行的事项"))
}

// Everything works without script.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, "")
	if _, err := d.Play(t, "书记: /开签 2h 晨会\n"); err != nil {
		t.Fatal(err)
	}
	off := chromedp.ActionFunc(func(ctx context.Context) error { return emulation.SetScriptExecutionDisabled(true).Do(ctx) })
	on := chromedp.ActionFunc(func(ctx context.Context) error { return emulation.SetScriptExecutionDisabled(false).Do(ctx) })
	run(t, ctx, "enter and close", off, chromedp.Navigate(d.link("0001")), chromedp.Click("button.main", chromedp.ByQuery), chromedp.WaitVisible(".framed", chromedp.ByQuery),
		chromedp.Click(`button[value="close"]`, chromedp.ByQuery), chromedp.WaitVisible(".flash", chromedp.ByQuery), on, browser.Sees("已结束"))
}
