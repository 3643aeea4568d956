package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"branchbot/store/storetest"
)

const mine = "/console/me"

// ask fills in the form of what is open with a text, and sends it twice, as a
// double click does.
func (b *client) ask(text string, fields ...string) string {
	b.desk.t.Helper()
	_, page := b.get(mine)
	_, block, found := strings.Cut(page, text)
	if !found {
		b.desk.t.Fatalf("there is no %q on the page:\n%s", text, page)
	}
	form := b.form(mine)
	form.Set("do", "answer")
	form.Set("prompt", between(block, `name="prompt" value="`, `"`))
	for _, value := range fields {
		form.Add("value", value)
	}
	_, first := b.post(mine, form)
	if _, second := b.post(mine, form); strings.Contains(second, `role="alert"`) {
		b.desk.t.Errorf("sent twice:\n%s", second)
	}
	return first
}

// Whoever has no office answers at his page what is open, as he would in
// private, and sees his points.
func TestMine(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		d.play("@ 2026-12-01 09:00\n书记: /推送 lesson tiny\n书记: /开签 2h 晨会\n书记: /推送 quiz tiny/one\n" +
			"书记: /通知 回执 截止 18:00 明天上午九点<b>开会\n书记: /接龙 周六植树 限 2\n书记: /出题 multiple\n书记: /出题 number\n书记: /出题 truth\n")
		b := d.enter("0002")
		_, text := b.get(mine)
		contains(t, text, "党小组会", "看正文", "晨会", "支部党员大会一般多长时间召开一次", "2026-001", "明天上午九点&lt;b&gt;开会", "周六植树", "还没有积分记录", "还没完成")
		contains(t, b.ask("支部党员大会一般多长时间", "B"), `role="status"`, "已答 B")
		contains(t, b.ask("支部党员大会一般多长时间", "A"), "已答 A")
		contains(t, b.ask("“三会”包括", "A", "C"), "已答 AC")
		contains(t, b.ask("召开几次", "很多"), `role="alert"`)
		contains(t, b.ask("召开几次", "1"), "已答 1")
		contains(t, b.ask("党小组会一般每月", "true"), "已答 对")
		contains(t, b.ask("晨会", "请假：", "看病"), "请假")
		contains(t, b.ask("晨会", "签到"), "按时")
		contains(t, b.ask("明天上午九点", "收到"), `role="status"`)
		contains(t, b.ask("周六植树", "+1"), "已报名")
		contains(t, b.ask("周六植树", "-1"), `role="status"`)
		contains(t, b.ask("党小组会", "已学"), `role="status"`)
		if got := d.Rows(t, `SELECT round, value FROM answer WHERE member = 2 ORDER BY round
SELECT state FROM checkin_entry WHERE member = 2
SELECT COUNT(*) FROM notice_reader WHERE member = 2 AND acked_at IS NOT NULL
SELECT people FROM signup_entry WHERE member = 2
SELECT COUNT(*) FROM lesson_done WHERE member = 2
SELECT COUNT(*), SUM(points) FROM ledger WHERE member = 2`); got != "1|A\n2|AC\n3|1\n4|true\n--\non_time\n--\n1\n--\n0\n--\n1\n--\n6|6\n" {
			t.Errorf("what came of it:\n%s", got)
		}
		_, text = b.get(mine)
		contains(t, text, "<b>6</b> 总积分", "支部党员大会一般多长时间", "晨会")
		if n := strings.Count(text, "还没完成</span>"); n != 1 { // he does not come to plant trees
			t.Errorf("%d are still open:\n%s", n, text)
		}
		d.play("书记: /结束 3\n")
		contains(t, b.send(mine, "do", "answer", "prompt", "3", "value", "B"), `role="alert"`) // it is closed
		if status, _ := b.post(mine, b.fill(mine, "do", "answer", "prompt", "x", "value", "B")); status != http.StatusBadRequest {
			t.Errorf("a prompt that is none: %d", status)
		}
		if status, _ := b.post(mine, b.fill(mine, "do", "answer", "prompt", "4")); status != http.StatusBadRequest {
			t.Errorf("nothing chosen: %d", status)
		}
	})
}

func TestMyChoices(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n书记: /表彰 张三 学习标兵 全勤\n书记: /表彰 李四 服务之星\n")
	b := d.enter("0002")
	_, text := b.get(mine)
	contains(t, text, "学习标兵", "只有自己能看", "你不在积分榜上")
	if strings.Contains(text, "服务之星") {
		t.Error("he sees somebody else's honour")
	}
	contains(t, b.send(mine, "do", "press", "data", "honour:yes:1"), `role="status"`, "已公开")
	contains(t, b.send(mine, "do", "press", "data", "honour:no:1"), "只有自己能看")
	contains(t, b.send(mine, "do", "press", "data", "honour:yes:2"), `role="alert"`) // another's
	contains(t, b.send(mine, "do", "board", "board", "加入"), "你在积分榜上")
	contains(t, b.send(mine, "do", "board", "board", "退出"), "你不在积分榜上")
	contains(t, b.send(mine, "do", "language", "language", "en"), "Open for me")
	if got := d.Rows(t, `SELECT consent FROM honour ORDER BY id`); got != "no\n\n" {
		t.Errorf("consents: %q", got)
	}
	if status, _ := b.get(mine + "/honours/2"); status != http.StatusNotFound {
		t.Errorf("another's certificate: %d", status)
	}
	if status, text := b.get(mine + "/honours/1"); status != http.StatusOK || !strings.HasPrefix(text, "\x89PNG") {
		t.Errorf("his own certificate: %d", status)
	}
}

// A named vote is filled in at the page, and nothing of it is stored but sealed;
// an anonymous one is not offered there.
func TestMyVotes(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	b.send("/console/u/demo/surveys", "do", "vote", "title", "去哪里", "options", "红旗渠\n西柏坡", "named", "1")
	b.send("/console/u/demo/surveys", "do", "vote", "title", "谁来讲", "options", "张三\n李四")
	m := d.enter("0002")
	_, text := m.get(mine)
	contains(t, text, "去哪里", "去填写（实名）", "谁来讲", "这是匿名的", "/投票 2")
	text = m.send(mine, "do", "press", "data", "survey:go:1")
	contains(t, text, "红旗渠", "也可以直接填")
	text = m.send(mine, "do", "type", "text", "B")
	contains(t, text, "西柏坡")
	if got := d.Rows(t, `SELECT flash FROM console_session WHERE flash LIKE '%西柏坡%'`); got != "" {
		t.Errorf("a choice is stored: %s", got)
	}
	text = m.press(text, "确认投出")
	contains(t, text, "去哪里")
	if got := d.Rows(t, `SELECT survey, member FROM survey_voted
SELECT COUNT(*) FROM console_session WHERE flash <> ''
SELECT COUNT(*) FROM console_audit WHERE act NOT IN ('enter', 'press', 'type', '/投票')`); got != "1|2\n--\n0\n--\n0\n" {
		t.Errorf("after the vote:\n%s", got)
	}
}

// Who read or took out what is kept about a member he can see, and he can take
// all of it away himself.
func TestMyData(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		d.play(aDay)
		secretary, b, other := d.enter("0001"), d.enter("0002"), d.enter("0003")
		for range 2 { // within the hour it counts once
			secretary.get("/console/u/demo/members/2")
		}
		secretary.get("/console/u/demo/members/export")
		secretary.get("/console/u/demo/signups/1/export") // in which he is not
		secretary.send("/console/u/demo/members/2", "do", "leave", "from", "2026-12-03", "reason", "出差")
		_, text := b.get(mine + "/data")
		contains(t, text, "系统里存的你的信息：姓名 张三", "王敏", "打开了你的资料", "导出了名单", "在你的资料页操作")
		if n := strings.Count(text, "打开了你的资料"); n != 1 {
			t.Errorf("opened %d times", n)
		}
		if strings.Contains(text, "导出了接龙") {
			t.Error("a list in which he is not")
		}
		_, text = other.get(mine + "/data")
		contains(t, text, "导出了名单", "导出了接龙")
		if strings.Contains(text, "打开了你的资料") || strings.Contains(text, "张三") {
			t.Errorf("another's data:\n%s", text)
		}

		status, text := b.get(mine + "/data.zip?member=3&id=3")
		z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
		if err != nil || status != http.StatusOK {
			t.Fatalf("%d %v", status, err)
		}
		files := map[string]string{}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, _ := io.ReadAll(r)
			files[f.Name] = string(data)
		}
		contains(t, files["index.html"], "张三", "导出了名单", "签到", "2026-12-01 09:01")
		var all struct {
			Tables map[string][]map[string]any
		}
		if err := json.NewDecoder(bytes.NewReader([]byte(files["data.json"]))).Decode(&all); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"member", "identity", "stay", "leave", "checkin_entry", "notice_reader", "ledger", "console_session", "console_audit"} {
			if len(all.Tables[table]) == 0 {
				t.Errorf("nothing of %s", table)
			}
		}
		for _, secret := range []string{"李四", "hash", `"flash"`} {
			if strings.Contains(strings.ReplaceAll(files["data.json"], `"Hash"`, ""), secret) {
				t.Errorf("there is %s in\n%s", secret, files["data.json"])
			}
		}
		if got := d.Rows(t, `SELECT member, page FROM console_audit WHERE act = 'export' AND member = 2`); got != "2|me/data.zip\n" {
			t.Errorf("the audit: %s", got)
		}
	})
}

// Every table that has something about members is in the download, or is left
// out for a reason.
func TestNothingIsForgotten(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	tables := d.Rows(t, `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'member' WHERE m.type = 'table'`)
	for name := range strings.Lines(tables) {
		if name = strings.TrimSpace(name); !d.Console.TellsOf(name) {
			t.Errorf("%s has rows about members: name it in ownTables or notOwn", name)
		}
	}
}

// A member sees his own page and no other, and nobody's data but his own,
// whatever he writes into the address.
func TestOnlyMine(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	said, err := d.Play(t, "@ 2026-12-01 09:00\n李一 (私聊): /后台\n")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, said, "→ 李一 ◀", "/console/enter?key=")
	b := d.enter("12")
	_, text := b.get("/console/")
	contains(t, text, "我的待办", "李一")
	for _, tab := range []string{"/today", "/members", "/settings", "/u/"} {
		if strings.Contains(text, `href="/console`+tab) || strings.Contains(text, tab+`"`) && tab != "/u/" {
			t.Errorf("his page leads to %s:\n%s", tab, text)
		}
	}
	for _, unit := range []string{"one", "two", "top", "nowhere"} {
		for _, path := range d.Console.AllPaths(unit) {
			if strings.HasPrefix(path, mine) {
				continue
			}
			path = strings.NewReplacer("{id}", "1", "{pack}", "tiny").Replace(path)
			if status, text := b.get(path); status != http.StatusForbidden && status != http.StatusNotFound || strings.Contains(text, "王") {
				t.Errorf("%s: %d\n%s", path, status, text)
			}
			if status, _ := b.post(path, b.fill(mine, "do", "remove", "who", "11")); status != http.StatusForbidden && status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
				t.Errorf("POST %s: %d", path, status)
			}
		}
	}
	for _, path := range []string{"/handbook?member=1&id=1", "/handbook/1", "/handbook.pdf?member=1", "/handbook?year=2026/1", "/data?member=1", "/data/1", "/data.zip/1", "/1"} {
		status, text := b.get(mine + path)
		if status == http.StatusOK && !strings.Contains(text, "李一") && !strings.HasPrefix(text, "%PDF") || status >= 500 || strings.Contains(text, "王") {
			t.Errorf("%s: %d\n%s", path, status, text)
		}
	}
}

func TestMyHandbook(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play(aDay)
	d.sql(`INSERT INTO honour (unit, member, title, reason, day, given_by, given_at) VALUES ('demo', 2, '老先进', '', '2024-07-01', 1, 1)`)
	b := d.enter("0002")
	_, text := b.get(mine)
	contains(t, text, "<option>2026</option><option>2025</option><option>2024</option>")
	status, text := b.get(mine + "/handbook?year=2026")
	if status != http.StatusOK {
		t.Fatalf("%d\n%s", status, text)
	}
	contains(t, text, "张三", "晨会", `href="/console/assets/handbook.css"`)
	if status, text := b.get("/console/assets/handbook.css"); status != http.StatusOK || !strings.Contains(text, "@page") {
		t.Errorf("its style: %d", status)
	}
	if status, text := b.get(mine + "/handbook.pdf?year=2024"); status != http.StatusOK || !strings.HasPrefix(text, "%PDF") {
		t.Errorf("the file: %d", status)
	}
	for _, year := range []string{"2027", "0", "x", "99999999999999999999"} {
		if status, _ := b.get(mine + "/handbook?year=" + year); status != http.StatusNotFound {
			t.Errorf("the year %s: %d", year, status)
		}
	}
	if got := d.Rows(t, `SELECT member, ref FROM console_audit WHERE act = 'export'`); got != "2|2024\n" {
		t.Errorf("the audit: %s", got)
	}
}

// A notice is put on the board and taken off at its page; the board is opened and
// closed at the settings, and members find its link.
func TestPublish(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		d.play("@ 2026-12-01 09:00\n书记: /通知 明天开会\n")
		b, m := d.enter("0001"), d.enter("0002")
		const one, settings = "/console/u/demo/notices/1", "/console/u/demo/settings"
		_, text := b.get(one)
		contains(t, text, "没有公示", "还没有看板")
		if _, text := m.get(mine); strings.Contains(text, "/board/") {
			t.Error("there is a link to no board")
		}
		contains(t, b.send(settings, "do", "board", "board", "打开"), "看板已打开", "/board/")
		_, first := b.get(settings)
		contains(t, b.send(one, "do", "publish"), "已放到看板上", "打开看板")
		if got := d.Rows(t, `SELECT COUNT(*) FROM notice_target WHERE published_at IS NOT NULL`); got != "1\n" {
			t.Errorf("published: %s", got)
		}
		_, text = m.get(mine)
		contains(t, text, "去看支部看板", between(first, `/board/`, `"`))
		contains(t, b.send(one, "do", "unpublish"), "已从看板上撤下", "没有公示")
		b.send(settings, "do", "board", "board", "换链接")
		_, second := b.get(settings)
		if between(first, `/board/`, `"`) == between(second, `/board/`, `"`) {
			t.Error("the link is the same")
		}
		contains(t, b.send(settings, "do", "board", "board", "关闭"), "看板已关闭", "开一个看板")
		if status, _ := b.post(settings, b.fill(settings, "do", "board", "board", "x")); status != http.StatusBadRequest {
			t.Errorf("an act that is none: %d", status)
		}
	})
}
