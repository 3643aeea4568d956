package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	stddraw "image/draw"
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/draw"
	"branchbot/bot/feature/board"
	"branchbot/bot/testkit/browser"
	"branchbot/bot/testkit/script"
	"branchbot/bot/web"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/store/storetest"
)

var images = flag.String("images", "", "make the pictures of all pages anew, in this folder: go test ./bot/web -run TestImages -images ../../docs/images")

// TestImages makes the pictures of the handbook: every page, on a phone and on a
// desk, of a branch after a month of life.
func TestImages(t *testing.T) {
	if *images == "" {
		t.Skip("-images names no folder")
	}
	ctx := browser.Chromium(t)
	d := lively(t)
	shoot := func(name, path string) {
		run(t, ctx, name, chromedp.Navigate(d.server.URL+path), chromedp.WaitVisible("h1", chromedp.ByQuery))
		for _, width := range []int64{390, 1280} {
			run(t, ctx, name, look(width, false), kept(filepath.Join(*images, fmt.Sprintf("%s-%d.png", name, width))))
		}
	}
	shoot("console-enter", strings.TrimPrefix(d.link("0001"), d.server.URL))
	run(t, ctx, "enter", admit(d, "0001"))
	const at = "/console/u/demo/"
	newest := func(table string) string { return strings.TrimSpace(d.Rows(t, `SELECT MAX(id) FROM `+table)) }
	for _, p := range [][2]string{
		{"today", "today"}, {"members", "members"}, {"member", "members/2"}, {"waiting", "members/waiting"}, {"notices", "notices"},
		{"notice", "notices/" + newest("notice")}, {"rounds", "rounds"}, {"round", "rounds/" + newest("round")}, {"checkins", "checkins"},
		{"checkin", "checkins/" + newest("checkin")}, {"signups", "signups"}, {"signup", "signups/1"}, {"surveys", "surveys"},
		{"schedules", "schedules"}, {"content", "content?pack=starter"}, {"item", "content/starter/organisation-life-01"}, {"ledger", "ledger"},
		{"reports", "reports"}, {"accounts", "accounts"}, {"settings", "settings"}, {"audit", "audit"}} {
		shoot("console-"+p[0], at+p[1])
	}
	shoot("console-me", "/console/me")
	shoot("console-mydata", "/console/me/data")
	shoot("board", board.Root+strings.TrimSpace(d.Rows(t, `SELECT word FROM board`)))

	// What a form shows before it is sent.
	run(t, ctx, "a notice", chromedp.Navigate(d.server.URL+at+"notices/new"), chromedp.SetValue("#text", "本周五下午三点在三楼会议室召开支部党员大会，请准时参加。", chromedp.ByID),
		chromedp.Click(`button[value="preview"]`, chromedp.ByQuery), chromedp.WaitVisible("#preview", chromedp.ByID))
	shots(t, ctx, "console-compose")
	run(t, ctx, "a schedule", chromedp.Navigate(d.server.URL+at+"schedules/edit"), chromedp.SetValue("#cron", "0 8 * * *", chromedp.ByID),
		chromedp.SetValue("#from", "starter/organisation-life", chromedp.ByID), chromedp.Click(`button[value="preview"]`, chromedp.ByQuery), chromedp.WaitVisible("#seen", chromedp.ByID))
	shots(t, ctx, "console-schedule")
	bank := filepath.Join(t.TempDir(), "消防题库.txt")
	if err := os.WriteFile(bank, []byte(aBank), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "a bank", chromedp.Navigate(d.server.URL+at+"content"), chromedp.WaitReady("#file", chromedp.ByID), chromedp.SetUploadFiles("#file", []string{bank}, chromedp.ByID),
		chromedp.Click(`button[value="import"]`, chromedp.ByQuery), chromedp.WaitVisible("#pack", chromedp.ByID))
	shots(t, ctx, "console-import")
	run(t, ctx, "questions", chromedp.Navigate(d.server.URL+at+"content/write"), chromedp.SetValue("#text", aBank, chromedp.ByID), chromedp.SendKeys("#text", "\n", chromedp.ByID),
		browser.Sees("看懂了 2 题"))
	shots(t, ctx, "console-write")

	// A roster that changes who somebody is, and what it says of a column that it leaves out.
	roster := filepath.Join(t.TempDir(), "名单.csv")
	if err := os.WriteFile(roster, []byte("工号,姓名,政治面貌,手机\n0002,张三,正式党员,13900001111\n0004,陈静,正式党员,13900002222\n0005,赵蕾,正式党员,\n0009,钱进,入党积极分子,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "a roster", chromedp.Navigate(d.server.URL+at+"members"), chromedp.WaitReady("#file", chromedp.ByID), chromedp.SetUploadFiles("#file", []string{roster}, chromedp.ByID),
		chromedp.Click(`button[value="import"]`, chromedp.ByQuery), chromedp.WaitVisible("#file", chromedp.ByID))
	shots(t, ctx, "console-roster")
	run(t, ctx, "a removal", chromedp.Navigate(d.server.URL+at+"members/3"), chromedp.Click(`button[value="remove"]`, chromedp.ByQuery),
		chromedp.WaitVisible(".flash", chromedp.ByQuery))
	shots(t, ctx, "console-remove")
}

// shots keeps the page as it is at both widths.
func shots(t *testing.T, ctx context.Context, name string) {
	for _, width := range []int64{390, 1280} {
		run(t, ctx, name, look(width, false), kept(filepath.Join(*images, fmt.Sprintf("%s-%d.png", name, width))))
	}
}

// tallest is how much of a long page is shown, in pixels.
const tallest = 1700

// kept keeps the page as a file that is small enough for a repository.
func kept(path string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var shot []byte
		if err := chromedp.FullScreenshot(&shot, 100).Do(ctx); err != nil {
			return err
		}
		img, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			return err
		}
		size := img.Bounds()
		size.Max.Y = min(size.Max.Y, tallest)
		pixels := image.NewRGBA(size)
		stddraw.Draw(pixels, pixels.Bounds(), img, img.Bounds().Min, stddraw.Src)
		var out bytes.Buffer
		e := png.Encoder{CompressionLevel: png.BestCompression}
		if err := e.Encode(&out, draw.Paletted(pixels)); err != nil {
			return err
		}
		if out.Len() > 150<<10 {
			return fmt.Errorf("%s has %d KiB", path, out.Len()>>10)
		}
		return os.WriteFile(path, out.Bytes(), 0o644)
	})
}

const livelyConfig = `-- config.yaml --
units:
  - id: demo
    name: 示范党支部
    chats: [web:demo]
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003", roles: [committee]}
      - {name: 陈静, staff: "0004", status: probationary}
      - {name: 赵磊, staff: "0005"}
      - {name: 周婷, staff: "0006"}
      - {name: 孙浩, staff: "0007"}
      - {name: 吴芳, staff: "0008", status: activist}
schedules:
  - {id: daily-lesson, unit: demo, cron: "0 8 * * *", do: lesson, from: starter/organisation-life}
  - {id: check-in, unit: demo, cron: "30 8 * * 1-5", do: checkin, title: 晨会, close_after: 30m}
  - {id: daily-quiz, unit: demo, cron: "30 12 * * 1-5", do: quiz, from: starter/safety, close_after: 6h}
-- script --
@ 2026-11-02
`

// lively is a branch at half past nine of a Tuesday, after a month of life.
func lively(t *testing.T) *desk {
	t.Helper()
	a := txtar.Parse([]byte(livelyConfig))
	err := fs.WalkDir(packs.FS, "starter", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(packs.FS, path)
		a.Files = append(a.Files, txtar.File{Name: "pack/" + strings.TrimPrefix(path, "starter/"), Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{Stage: script.OpenOn(t, a, storetest.SQLite), t: t}
	mux := http.NewServeMux()
	mux.Handle(web.Root, d.Console.Handler())
	mux.Handle(board.Root, d.Board.Handler())
	mux.Handle(board.AssetRoot, d.Board.Handler())
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.close)

	day := time.Date(2026, 11, 2, 0, 0, 0, 0, d.Zone)
	for n := 0; day.Format(time.DateOnly) < "2026-12-01"; n++ {
		d.ordinary(day, n)
		day = day.AddDate(0, 0, 1)
	}
	d.play(`@ 2026-12-01 08:20
张三: 已学
李四: 已学
周婷: 已学
@ 2026-12-01 08:40
张三: 签到
李四: 签到
陈静: 签到
赵磊: 请假：看病
周婷: 签到
@ 2026-12-01 09:05
书记: /推送 quiz starter/safety
书记: /通知 回执 截止 18:00 请各位在今天下班前把本月学习笔记交给李四，写了几页都行。
书记: /开签 1h 学习会签到
张三: 收到
李四: 收到
周婷: 收到
陈静: 收到
@ 2026-12-01 09:20
张三 (私聊): 签到
李四 (私聊): 签到
小陈: 签到
书记: /接龙 周六植树 限 6
孙浩: +1
吴芳: +2
张三: +1
李四: /请假 12月3日 出差
书记: /表彰 周婷 学习标兵 三个月学习全勤
书记: /看板 打开
@ +2m
`)
	b := d.enter("0001")
	b.send("/console/u/demo/ledger", "do", "award", "who", "张三", "points", "2", "reason", "主讲微党课")
	b.send("/console/u/demo/surveys", "do", "vote", "title", "下次主题党日去哪里", "options", "红旗渠\r\n西柏坡\r\n就在本地志愿服务")
	if _, text := b.get("/console/u/demo/members/export"); text == "" {
		t.Error("the export is empty")
	}
	d.furnish()
	d.Console.Section = func(name string) (web.Section, error) {
		text := map[string]string{"conduct": "conduct:\n  quiet_hours: \"21:00-08:00\"   # 晚上不打扰\n  notices_per_day: 2\n  reminders_per_item: 2\n",
			"points": "points:\n  rules:\n    - {id: check-in, on: checkin.on_time, points: 1, cap: {day: 1}}\n    - {id: quiz-correct, on: quiz.correct, points: 1, cap: {day: 5}}\n"}[name]
		return web.Section{Name: name, File: "config.yaml", Line: 31, Base: "x", Text: text}, nil
	}
	return d
}

// ordinary is one day of a month: some check in, some answer, most of them right.
func (d *desk) ordinary(day time.Time, n int) {
	at := func(clock string) string { return "@ " + day.Format(time.DateOnly) + " " + clock + "\n" }
	does := func(i, share int) bool { return (n*31+i*47+i*n*13)%100 < share } // the same in each run
	names := []string{"张三", "李四", "陈静", "赵磊", "周婷", "孙浩", "吴芳", "王敏"}
	script := at("08:15")
	for i, name := range names {
		if does(i, 70) {
			script += name + ": 已学\n"
		}
	}
	if weekday := day.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		d.play(script)
		return
	}
	script += at("08:40")
	for i, name := range names {
		if does(i+3, 85) {
			script += name + ": 签到\n"
		}
	}
	d.play(script + at("12:31"))
	var q content.Question
	if err := json.Unmarshal([]byte(strings.TrimSpace(d.Rows(d.t, `SELECT content FROM round ORDER BY id DESC LIMIT 1`))), &q); err != nil {
		d.t.Fatal(err)
	}
	right := map[string]string{"true": "对", "false": "错"}[q.Answer]
	if right == "" {
		right = q.Answer
	}
	script = ""
	for i, name := range names {
		switch {
		case does(i+5, 35+n*3%50):
			script += name + ": " + right + "\n"
		case does(i+1, 60):
			script += name + ": " + map[string]string{"对": "错", "错": "对", "A": "B"}[right] + "\n"
		}
	}
	script = strings.ReplaceAll(script, ": \n", ": A\n") + "@ +1m\n"
	if n%5 == 1 {
		texts := []string{"周五下午三点在三楼会议室召开支部党员大会，请准时参加。", "请核对本人党费缴纳记录，有出入的告诉我。", "下周三组织消防演练，当班的同志不用参加。", "请学习新修订的交接班制度。"}
		script += at("14:00") + "书记: /通知 回执 截止 17:00 " + texts[n/5%len(texts)] + "\n"
		for i, name := range names[:7] {
			if i < 6-n/5%3 {
				script += fmt.Sprintf("@ +%dm\n%s: 收到\n", 6+7*i, name)
			}
		}
		if n > 20 {
			script += "书记: /公示 " + fmt.Sprint(n/5+1) + "\n"
		}
	}
	d.play(script)
}
