package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"branchbot/adapters/wechat/wechattest"
	"branchbot/bot/cli"
	"branchbot/bot/testkit/browser"
	"branchbot/content/sheet"
)

// weekConfig is a branch with the browser room and a WeChat account that nobody
// has logged in yet. There are no quiet hours: the test runs at any hour.
const weekConfig = `timezone: Asia/Shanghai
database: sqlite:data/branchbot.db
listen: 127.0.0.1:0
content: [starter]
units:
  - id: demo
    name: 示范党支部
    chats: [web:demo]
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003"}
      - {name: 陈静, staff: "0004"}
accounts:
  - {id: web, platform: web, personas: true}
  - {id: wx, platform: wechat, accept_risk: true}
points:
  rules:
    - {id: check-in, on: checkin.on_time, points: 1}
conduct: {quiet_hours: off}
`

// window is one of the two browsers: the secretary's in the console, a member's
// in the browser room.
type window struct {
	*testing.T
	ctx context.Context
}

func (w *window) do(what string, actions ...chromedp.Action) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 3*time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var text string
		_ = chromedp.Run(w.ctx, browser.Shot("week-failed"), chromedp.Evaluate(`location.href + "\n" + document.body.innerText`, &text))
		w.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// people waits until the room offers to be anyone of so many.
func people(n int) chromedp.Action {
	return browser.Until(`document.getElementById("persona").options.length === ` + strconv.Itoa(n))
}

// tab goes to a page by the name of its group and its own in the navigation.
func tab(group, name string) chromedp.Action {
	follow := func(words string) chromedp.Action {
		return browser.Until(`(() => {
			const found = [...document.querySelectorAll("nav.side a")].filter(e => e.textContent.trim() === ` + quote(words) + `).at(-1);
			found?.click();
			return !!found;
		})()`)
	}
	return chromedp.Tasks{follow(group), browser.Until(`document.readyState === "complete" && document.querySelector("nav.side a.group[aria-current]")?.textContent.trim() === ` + quote(group)), follow(name), shows(name)}
}

// shows waits for a page by its heading.
func shows(title string) chromedp.Action {
	return browser.Until(`document.readyState === "complete" && document.querySelector("h1")?.textContent === ` + quote(title))
}

// fill puts a text into a field of a form in the place of what is there.
func fill(id, text string) chromedp.Action {
	return chromedp.SetValue("#"+id, text, chromedp.ByQuery)
}

// presses presses a button or follows a link of the page by its words, as soon as
// it is there. A live part may be replaced at any moment, so it is found and
// pressed at once.
func presses(words string) chromedp.Action {
	return browser.Until(`(() => {
		const found = [...document.querySelectorAll("main button, main a")].find(e => e.textContent.trim() === ` + quote(words) + ` && !e.disabled);
		found?.click();
		return !!found;
	})()`)
}

// counts waits until the live part tells a number of something, e.g. 2 实到.
func counts(n int, of string) chromedp.Action {
	return browser.Until(`[...document.querySelectorAll("#live .figures > *")].some(e => e.innerText.replace(/\s+/g, " ") === ` +
		quote(strconv.Itoa(n)+" "+of) + `)`)
}

// A secretary's week, in the program as it is run, by two people with a browser
// each: the state of the accounts, the roster, a plan, a check-in that is watched,
// a notice and its reminder, and the month's report, which is opened.
func TestSecretarysWeek(t *testing.T) {
	member := &window{t, browser.Chromium(t)}
	secretary := &window{t, browser.Chromium(t)}
	wechat := wechattest.New(t)
	dir := t.TempDir()
	p := startWith(t, dir, weekConfig, cli.Program{WeChat: wechat.Transport(t)})
	defer p.stop() // before the fake goes

	secretary.do("the room leads to the console", chromedp.Navigate("http://"+p.address+"/"), people(4), become("王敏"),
		chromedp.Click("#pages", chromedp.ByID), chromedp.WaitVisible(".framed", chromedp.ByQuery))
	member.do("a member is in the room", chromedp.Navigate("http://"+p.address+"/"), people(4), become("张三"))

	secretary.do("an account waits to be scanned", tab("设置", "账号"), browser.Until(`document.querySelector("#account-wx .needs_human") !== null`),
		chromedp.WaitVisible("img.code", chromedp.ByQuery), browser.Shot("week-1-scan"))
	wechat.Scan(t)
	wechat.Confirm(t)
	secretary.do("it was scanned, the page says so by itself", browser.Until(`document.querySelector("#account-wx .online") !== null && !document.querySelector("img.code")`))

	secretary.do("the roster is seen before it is taken in", tab("人员", "成员"), browser.Sees("共 4 人"),
		chromedp.SetUploadFiles("#file", []string{aRoster(t, dir)}, chromedp.ByID), presses("上传并预览"), browser.Sees("新增 2 人，改动 0 人"))
	secretary.do("and then taken in", presses("确认导入"), browser.Sees("新增 2 人"), browser.Sees("共 6 人"), browser.Sees("周平"), browser.Shot("week-2-roster"))

	secretary.do("a lesson is planned", tab("发布", "日程"), presses("添加日程"), shows("编辑日程"),
		fill("cron", "0 8 * * 1-5"), fill("days", ""), fill("action", "lesson"), fill("from", "starter/organisation-life"), presses("看看效果"),
		browser.Until(`document.querySelectorAll("#seen ~ ol li").length === 5`), browser.Sees("发出去是这个样子"), browser.Shot("week-3-plan"))
	secretary.do("and saved", presses("保存"), shows("日程"), browser.Sees("日程 1 项"))

	secretary.do("a check-in is opened", tab("发布", "签到"), fill("title", "周一晨会"), presses("开始"), browser.Sees("周一晨会"))
	secretary.do("and watched", presses("周一晨会"), shows("签到详情"), counts(6, "应到"), counts(0, "实到"))
	member.do("a member answers in the other browser", see("【周一晨会】开始"), say("签到"))
	secretary.do("the count rises", counts(1, "实到"))
	member.do("another one answers", become("李四"), see("【周一晨会】开始"), say("签到"))
	secretary.do("the count rises again, and he is not missing any more", counts(2, "实到"), counts(4, "未到"),
		browser.Until(`!document.querySelector("#live .names").innerText.includes("李四")`), browser.Shot("week-4-count"))

	secretary.do("a notice is seen as it will look", tab("发布", "通知"), presses("写通知"), shows("写通知"),
		fill("text", "周五下午三点在三楼会议室召开支部党员大会，请准时参加。"), presses("预览"), browser.Sees("将发给 1 个组织"), browser.Sees("支部党员大会"))
	secretary.do("and sent", presses("发送"), shows("通知"), browser.Sees("001：正在发出"))
	member.do("it is acknowledged", see("支部党员大会"), say("收到"))
	secretary.do("that counts", browser.Until(`document.querySelector("main tbody a")?.click() === undefined`), shows("通知详情"), counts(1, "已回执"), counts(4, "未回执"))
	secretary.do("those missing are reminded", presses("催办"), browser.Sees("正在提醒"), browser.Sees("还可以催 1 次"), browser.Shot("week-5-notice"))
	member.do("in private", become("陈静"), room("2"), see("支部党员大会"))

	secretary.do("the check-in ends", tab("发布", "签到"), presses("周一晨会"), shows("签到详情"), presses("现在结束"), browser.Sees("已结束"))
	report := download(secretary, tab("资料", "报表"), presses("下载 Excel"))
	checkReport(t, report)
	secretary.do("the audit knows", tab("设置", "操作记录"), browser.Sees("导出 20"), browser.Shot("week-6-audit"))
}

// aRoster is a workbook with two new members.
func aRoster(t *testing.T, dir string) string {
	t.Helper()
	data, err := sheet.WriteXLSX("名单", []string{"工号", "姓名", "状态"}, [][]string{{"0101", "周平", "正式党员"}, {"0102", "钱程", "预备党员"}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "名单.xlsx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// download does what gets a file, and returns where the browser has put it.
func download(w *window, actions ...chromedp.Action) string {
	w.Helper()
	dir := w.TempDir()
	done := make(chan string, 1)
	chromedp.ListenTarget(w.ctx, func(e any) {
		if e, ok := e.(*cdpbrowser.EventDownloadProgress); ok && e.State != cdpbrowser.DownloadProgressStateInProgress {
			done <- string(e.State) + " " + e.GUID
		}
	})
	w.do("the report is downloaded", append([]chromedp.Action{cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllowAndName).
		WithDownloadPath(dir).WithEventsEnabled(true)}, actions...)...)
	select {
	case how := <-done:
		state, id, _ := strings.Cut(how, " ")
		if state != string(cdpbrowser.DownloadProgressStateCompleted) {
			w.Fatalf("the download was %s", state)
		}
		return filepath.Join(dir, id)
	case <-w.ctx.Done():
		w.Fatal("the download never came")
	}
	return ""
}

// checkReport reads the attendance in the report as who opens it does.
func checkReport(t *testing.T, path string) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("考勤")
	if err != nil {
		t.Fatal(err)
	}
	head := map[string]int{} // column, from 0
	said := map[string]string{}
	for r, row := range rows {
		switch {
		case len(row) > 1 && row[1] == "姓名":
			for c, title := range row {
				head[title] = c
			}
		case len(head) > 0 && len(row) > head["缺席"]:
			who := row[1]
			if who == "" {
				who = row[0]
			}
			for _, title := range []string{"应到", "实到", "缺席"} {
				cell, _ := excelize.CoordinatesToCellName(head[title]+1, r+1)
				value, err := f.CalcCellValue("考勤", cell)
				if err != nil {
					t.Errorf("%s of %s: %v", title, who, err)
				}
				said[who] += value + " "
			}
		}
	}
	want := map[string]string{"王敏": "1 0 1 ", "张三": "1 1 0 ", "李四": "1 1 0 ", "陈静": "1 0 1 ", "周平": "1 0 1 ", "钱程": "1 0 1 ", "合计": "6 2 4 "}
	for who, counts := range want {
		if said[who] != counts {
			t.Errorf("应到 实到 缺席 of %s: %q, want %q; the sheet says %v", who, said[who], counts, said)
		}
	}
	if len(said) != len(want) {
		t.Errorf("the sheet has %v", said)
	}
}
