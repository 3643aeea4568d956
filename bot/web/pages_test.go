package web_test

import (
	"bufio"
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"branchbot/content/sheet"
	"branchbot/store/storetest"
)

// send fills in a form of a page and sends it; it returns the page that follows.
func (b *client) send(path string, fields ...string) string {
	b.desk.t.Helper()
	form := b.form(path)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	status, text := b.post(path, form)
	if status != http.StatusOK {
		b.desk.t.Errorf("%s %v: %d", path, fields, status)
	}
	return text
}

// upload sends a file with a form.
func (b *client) upload(path, field, name string, data []byte, fields ...string) (int, string) {
	b.desk.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for key, values := range b.form(path) {
		_ = w.WriteField(key, values[0])
	}
	for i := 0; i+1 < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1])
	}
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = w.Close()
	req, err := http.NewRequest(http.MethodPost, b.desk.server.URL+path, &body)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(req)
}

// press presses a button of what a page told.
func (b *client) press(page, label string) string {
	b.desk.t.Helper()
	before, _, found := strings.Cut(page, "<button>"+label+"</button>")
	if !found {
		b.desk.t.Fatalf("there is no button %q in:\n%s", label, page)
	}
	form := before[strings.LastIndex(before, "<form"):]
	values := url.Values{}
	for _, input := range strings.Split(form, "<input ")[1:] {
		name := between(input, `name="`, `"`)
		values.Set(name, between(input, `value="`, `"`))
	}
	_, text := b.post(between(form, `action="`, `"`), values)
	return text
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

func (d *desk) play(script string) {
	d.t.Helper()
	if _, err := d.Play(d.t, script); err != nil {
		d.t.Fatal(err)
	}
}

// Every page of the table shows what there is, on every database engine and in
// every language.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		d.play(aDay)
		d.importSample()
		b := d.enter("0001")
		paths := append(d.Console.Paths("demo"), "/console/u/demo/members?q=x&status=full&role=leader&bound=no", "/console/u/demo/notices?q=x",
			"/console/u/demo/checkins/1?list=here", "/console/u/demo/members/export", "/console/u/demo/signups/1/export",
			"/console/me/handbook", "/console/me/handbook.pdf", "/console/me/data.zip")
		for _, lang := range []string{"zh-CN", "en"} {
			d.sql(`UPDATE member SET language = $1 WHERE staff = '0001'`, lang)
			for _, path := range paths {
				if sample := samples[path]; sample != "" {
					path = sample
				}
				if status, text := b.get(path); status != http.StatusOK || strings.Contains(text, "[console.") {
					t.Errorf("%s: %d\n%s", path, status, text)
				}
			}
		}
		for path := range samples {
			if _, page, _ := strings.Cut(path, "/demo/"); d.Console.IsLive(page) {
				d.pulse(page)
			}
		}
		d.pulse("surveys")
		if strings.Contains(d.Log.String(), "level=ERROR") {
			t.Errorf("log:\n%s", d.Log.String())
		}
	})
}

// The second browser's page is told of what the first one's owner did.
func TestLiveCounts(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play(aDay)
	first, second := d.enter("0001"), d.enter("0001")
	look := func() {
		t.Helper()
		if err := d.Console.Look(); err != nil {
			t.Fatal(err)
		}
	}
	for page, do := range map[string]func(){
		"checkins/{id}": func() { first.send("/console/u/demo/checkins/1", "do", "enter", "who", "0005") },
		"notices/{id}":  func() { d.play("李四: 4 收到\n") },
		"rounds/{id}":   func() { d.play("陈静: 3 C\n") },
	} {
		res, err := second.Get(d.server.URL + "/console/events?unit=demo&page=" + url.QueryEscape(page))
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v %v", page, res, err)
		}
		lines := bufio.NewScanner(res.Body)
		next := func() string {
			for lines.Scan() {
				if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
					return name
				}
			}
			return "the end"
		}
		next() // open
		look()
		do()
		look()
		if got := next(); got != "changed" {
			t.Errorf("%s: %s", page, got)
		}
		res.Body.Close()
	}
	_, text := second.get("/console/u/demo/checkins/1")
	contains(t, text, "<b>2</b> 实到")
}

// What belongs to another unit does not exist, whoever asks.
func TestOthersThings(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	d.sql(`INSERT INTO notice (id, unit, author, text, files, ack, urgent, relayed, units, closes_at, state, created_at)
		VALUES (7, 'two', 0, '秘密', '[]', 1, 0, 0, '["two"]', 0, 'sent', 1)`)
	d.sql(`INSERT INTO notice_target (notice, unit, year, seq, day) VALUES (7, 'two', 2026, 1, '2026-12-01')`)
	d.sql(`INSERT INTO round (id, unit, pool, question, content, prompt, code, day, opened_at, closes_at)
		VALUES (7, 'two', '', '', '{"Ask":"秘密","Type":"single"}', 0, 1, '2026-12-01', 1, 2)`)
	d.sql(`INSERT INTO checkin (id, unit, title, prompt, code, day, opened_at, closes_at) VALUES (7, 'two', '秘密', 0, 1, '2026-12-01', 1, 2)`)
	d.sql(`INSERT INTO signup (id, unit, title, places, opened_at, closes_at) VALUES (7, 'two', '秘密', 0, 1, 2)`)
	b := d.enter("11")
	form := b.form("/console/u/one/members")
	for _, path := range []string{"notices/7", "rounds/7", "checkins/7", "signups/7", "signups/7/export", "members/5", "members/1", "members/x", "notices/99999999999999999999"} {
		if status, text := b.get("/console/u/one/" + path); status != http.StatusNotFound || strings.Contains(text, "秘密") {
			t.Errorf("%s: %d\n%s", path, status, text)
		}
	}
	for path, do := range map[string]string{"notices/7": "remind", "members/5": "save", "members/1": "remove"} {
		form.Set("do", do)
		if status, _ := b.post("/console/u/one/"+path, form); status != http.StatusNotFound {
			t.Errorf("%s of %s: %d", do, path, status)
		}
	}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	const at = "/console/u/demo/members"
	_, text := b.get(at + "?q=" + url.QueryEscape("静"))
	contains(t, text, "陈静", "共 1 人")
	_, text = b.get(at + "?status=probationary")
	contains(t, text, "陈静", "共 1 人")
	_, text = b.get(at + "?role=secretary")
	contains(t, text, "王敏", "共 1 人")
	_, text = b.get(at + "?q=%25")
	contains(t, text, "没有符合条件的成员")

	text = b.send(at, "do", "add", "staff", "0009", "name", "孙<b>悦", "unit", "demo", "status", "activist")
	contains(t, text, "已添加 孙&lt;b&gt;悦", "共 6 人")
	text = b.send(at, "do", "add", "staff", "0009", "name", "另一位", "unit", "demo", "status", "full")
	contains(t, text, `role="alert"`, "工号 0009 已在名单上")
	text = b.send(at, "do", "add", "staff", "0010", "name", "钱多", "unit", "demo", "status", "full", "phone", "abc")
	contains(t, text, "电话", "没有保存")

	_, text = b.get(at + "?bound=no")
	contains(t, text, "0009", "共 1 人")
	_, text = b.get(at + "/export?type=csv")
	contains(t, text, "孙<b>悦", "0001,王敏")
	if rows := d.Rows(t, `SELECT act, ref FROM console_audit WHERE act = 'export'`); rows != "export|\n" {
		t.Errorf("the audit of the export: %q", rows)
	}
}

// A roster file is shown first; of one with faults the rest is taken in.
func TestImportRoster(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	const at = "/console/u/demo/members"
	bad, err := sheet.WriteXLSX("名单", []string{"工号", "姓名", "状态"}, [][]string{{"0101", "周一", "正式党员"}, {"0102", "周二", "外星人"}})
	if err != nil {
		t.Fatal(err)
	}
	_, text := b.upload(at, "file", "bad.xlsx", bad, "do", "import")
	contains(t, text, "新增 1 人", "下面 1 处没法导入", "外星人")
	contains(t, b.send(at+"/import/1", "do", "take", "shown", between(text, `name="shown" value="`, `"`)), "新增 1 人", "共 6 人")
	good, _ := sheet.WriteCSV([]string{"工号", "姓名"}, [][]string{{"0101", "周一"}, {"0102", "<script>alert(1)</script>"}})
	_, text = b.upload(at, "file", "good.csv", good, "do", "import")
	contains(t, text, "共 2 人，新增 1 人", "不变 1 人", "&lt;script&gt;", "没有写状态，按正式党员登记")
	text = b.send(at+"/import/2", "do", "take", "shown", between(text, `name="shown" value="`, `"`))
	contains(t, text, "新增 1 人", "共 7 人", "&lt;script&gt;")
	if status, text := b.upload(at, "file", "roster.pdf", []byte("%PDF"), "do", "import"); status != http.StatusBadRequest || !strings.Contains(text, "请选一个") {
		t.Errorf("a file of another kind: %d\n%s", status, text)
	}
	_, text = b.upload(at, "file", "x.xlsx", []byte("PK\x03\x04 no workbook"), "do", "import")
	contains(t, text, `role="alert"`, "读不了")
}

// What a column is can be told on the page; what is confirmed apart has a box of
// its own; a page that is sent late shows what has changed since.
func TestImportRosterApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		b := d.enter("0001")
		const at, file = "/console/u/demo/members", "/console/u/demo/members/import/1"
		_, text := b.upload(at, "file", "名单.csv", []byte("工号,姓名,党员类型,备注\n0002,张三丰,中共党员,x\n0003,李四,预,\n0101,王\u200b敏,老,\n"), "do", "import")
		contains(t, text, "有的列看不懂", "党员类型", "例如：", "请选择")
		text = b.send(file, "do", "tell", "column-2", "status")
		contains(t, text, "不认识“预”")
		b.send(file, "do", "drop")
		_, text = b.upload(at, "file", "名单.csv", []byte("工号,姓名,党员类型,备注\n0002,张三丰,中共党员,x\n0003,李四,预备党员,\n0101,王\u200b敏,预备党员,\n"), "do", "import")
		contains(t, text, "改姓名 1 人", "0002 张三 → 张三丰", "改状态 1 人", "0003 李四：正式党员 → 预备党员", "“备注”这一列没有读", "同名：0101 王敏 和 0001 王敏")
		shown := between(text, `name="shown" value="`, `"`)
		d.sql(`UPDATE member SET phone = '123' WHERE staff = '0003'`)
		d.Import(t, "demo", "工号,姓名,状态\n0003,李四,积极分子\n")
		text = b.send(strings.TrimSuffix(file, "1")+"2", "do", "take", "shown", shown, "allow", "status")
		contains(t, text, "预览之后名单有了变化", "入党积极分子 → 预备党员")
		text = b.send(strings.TrimSuffix(file, "1")+"2", "do", "take", "shown", between(text, `name="shown" value="`, `"`), "allow", "status")
		contains(t, text, "导入完成：新增 1 人，更新 1 人，不变 0 人。没有确认、所以没有改的 1 人。")
		if rows := d.Rows(t, `SELECT staff, name, status FROM member WHERE staff IN ('0002', '0003', '0101') ORDER BY staff`); rows != "0002|张三|full\n0003|李四|probationary\n0101|王敏|probationary\n" {
			t.Errorf("the roster: %s", rows)
		}
		// Somebody whose name looks like another's is shown before they are added.
		text = b.send(at, "do", "add", "staff", "0202", "name", "陈\u00b7静", "unit", "demo", "status", "full")
		contains(t, text, "导入预览", "请核对：0202 陈·静 和 0004 陈静 看起来一样")
		text = b.send(at, "do", "add", "staff", "０００２", "name", "别人", "unit", "demo", "status", "full")
		contains(t, text, "工号 0002 已在名单上，是 张三")
		text = b.send(at, "do", "add", "staff", "0203", "name", strings.Repeat("长", 33), "unit", "demo", "status", "full")
		contains(t, text, "最多 32 个字", "没有保存")
		if n := d.Rows(t, `SELECT COUNT(*) FROM member WHERE staff IN ('0202', '0203')`); n != "0\n" {
			t.Errorf("%s were added", n)
		}
	})
}

// The later one of two secretaries who change a member is told, and nothing of
// the earlier one's is lost.
func TestTwoEditors(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	first, second := d.enter("0001"), d.enter("0001")
	const at = "/console/u/demo/members/2"
	version := func(b *client) string {
		_, text := b.get(at)
		return between(text, `name="version" value="`, `"`)
	}
	one, two := version(first), version(second)
	contains(t, first.send(at, "do", "save", "version", one, "name", "张三", "unit", "demo", "status", "full", "phone", "13800000000"), "已保存")
	contains(t, second.send(at, "do", "save", "version", two, "name", "张叁", "unit", "demo", "status", "full"), "别人改过", "13800000000")
	if rows := d.Rows(t, `SELECT name, phone FROM member WHERE staff = '0002'`); rows != "张三|13800000000\n" {
		t.Errorf("the member: %s", rows)
	}
	contains(t, second.send(at, "do", "save", "version", version(second), "name", "张叁", "unit", "demo", "status", "full", "phone", ""), "张叁 的资料已保存")
}

func TestMemberCard(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play(aDay)
	b := d.enter("0001")
	const at = "/console/u/demo/members/2"
	_, text := b.get(at)
	contains(t, text, "张三", "进行中的事项", "明天上午九点", "晨会", "还没完成")
	contains(t, b.send(at, "do", "invite"), "张三 的加入码：")
	contains(t, b.send(at, "do", "appoint", "role", "committee"), "已任“示范党支部”支委")
	contains(t, b.send(at, "do", "dismiss", "role", "committee"), "已不再任")
	contains(t, b.send(at, "do", "leave", "from", "2026-12-03", "to", "2026-12-05", "reason", "出差"), "张三", "12月3日", "出差")
	contains(t, b.send(at, "do", "back"), "没有请假记录")
	contains(t, b.send(at, "do", "shift", "pattern", "早中夜休", "from", "2026-12-01"), "早中夜休")
	_, text = b.get(at)
	account, user := between(text, `name="account" value="`, `"`), between(text, `name="user" value="`, `"`)
	contains(t, b.send(at, "do", "unbind", "account", account, "user", user), "已解除 张三 的这个账号", "还没有绑定账号")
	text = b.send(at, "do", "remove")
	contains(t, text, "移出名单吗", "共 5 人")
	text = b.press(text, "移除")
	contains(t, text, "张三 已移出名单", "共 4 人", "24 小时内移出的，可以恢复")
	contains(t, b.send("/console/u/demo/members", "do", "restore", "change", between(text, `name="change" value="`, `"`)), "张三 已恢复", "共 5 人")
	contains(t, b.press(b.send(at, "do", "remove"), "移除"), "共 4 人")
}

// A staff number that looks like a day is no day.
func TestLeaveOfNumberedByDay(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	d.sql(`UPDATE member SET staff = '20261224' WHERE staff = '0003'`)
	b.send("/console/u/demo/members/3", "do", "leave", "from", "2026-12-03", "half", "上午", "reason", "看病")
	if rows := d.Rows(t, `SELECT member, entered_by, reason FROM leave`); rows != "3|1|看病\n" {
		t.Errorf("leave: %s", rows)
	}
}

// Who answers without being bound is shown; once the secretary has said who it
// is, his answer counts for him. Nobody else's account can be bound so.
func TestStranger(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n书记: /推送 quiz tiny/one\n小明: A\n小红: B\n")
	d.sql(`DELETE FROM identity WHERE member = 5`)
	b := d.enter("0001")
	_, text := b.get("/console/u/demo/members")
	contains(t, text, "有 2 个账号等您确认是谁")
	const at = "/console/u/demo/members/waiting"
	_, text = b.get(at)
	contains(t, text, "小明", "小红")
	_, block, _ := strings.Cut(text, "<bdi>小明</bdi>")
	account, user := between(block, `name="account" value="`, `"`), between(block, `name="user" value="`, `"`)
	contains(t, b.send(at, "do", "confirm", "account", account, "user", "somebody", "who", "赵磊"), "已经处理过了")
	contains(t, b.send(at, "do", "confirm", "account", account, "user", user, "who", "谁"), "名单上没有“谁”")
	contains(t, b.send(at, "do", "confirm", "account", account, "user", user, "who", "赵磊"), "已绑定到 赵磊")
	if rows := d.Rows(t, `SELECT member, value FROM answer`); rows != "5|A\n" {
		t.Errorf("answers: %s", rows)
	}
	_, text = b.get(at)
	account, user = between(text, `name="account" value="`, `"`), between(text, `name="user" value="`, `"`)
	contains(t, b.send(at, "do", "refuse", "account", account, "user", user), "回答已丢弃", "没有要确认的账号")
}

func TestNotices(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	const at, one = "/console/u/demo/notices/new", "/console/u/demo/notices/1"
	text := b.send(at, "do", "preview", "text", "截止目前<i>，大家好", "ack", "1", "closes", "2026-12-01T18:00")
	contains(t, text, "发出去是这个样子", "【通知 2026-001】", "截止目前&lt;i&gt;，大家好", "微信", "短信", `<button class="main" name="do" value="send">`)
	contains(t, b.send(at, "do", "preview", "text", ""), `role="alert"`, "通知写什么")
	contains(t, b.send(at, "do", "preview", "text", "迟了", "closes", "2026-11-01T18:00"), "截止时间已经过了")
	contains(t, b.send(at, "do", "send", "text", "截止目前<i>，大家好", "ack", "1", "closes", "2026-12-01T18:00"), "通知 2026-001：正在发出。", "0 / 4")
	d.play("张三: 收到\n李四: 收到\n陈静: 收到\n@ +20m\n赵磊: 收到\n@ +1m\n")
	_, text = b.get(one)
	contains(t, text, "<b>4</b> 已回执", "<b>20 分钟</b>")

	contains(t, b.send(at, "do", "send", "text", "第二条", "ack", "1"), "2026-002")
	d.play("张三: 2 收到\n@ +1m\n")
	_, text = b.get("/console/u/demo/notices/2")
	contains(t, text, "李四", "陈静", "还可以催 2 次", "<b>3</b> 未回执")
	contains(t, b.send("/console/u/demo/notices/2", "do", "remind"), "正在提醒", "还可以催 1 次")
	contains(t, b.send("/console/u/demo/notices/2", "do", "correct", "corrected", "0", "text", "改过的"), "通知 2026-002 的更正", "改过的")
	contains(t, b.send("/console/u/demo/notices/2", "do", "correct", "corrected", "0", "text", "又改"), "别人已更正过", "改过的")
	contains(t, b.send("/console/u/demo/notices/2", "do", "told", "who", "3"), "已登记电话通知 李四", "<b>1</b> 电话通知", "<b>2</b> 未回执")
	if status, text := b.post("/console/u/demo/notices/2", b.fill("/console/u/demo/notices/2", "do", "told", "who", "x")); status != http.StatusBadRequest || !strings.Contains(text, "页面已过期") {
		t.Errorf("who is no id: %d", status)
	}
	contains(t, b.send("/console/u/demo/notices/2", "do", "correct", "corrected", "1", "text", "再改一次", "again", "1"), "更正：再改一次", "上次更正：改过的", "<b>0</b> 已回执")
	contains(t, b.send("/console/u/demo/notices/2", "do", "recall"), "已撤回")
	contains(t, b.send(at, "do", "send", "text", "第三条"), "每天最多 2 条")

	text = b.send(at, "do", "send", "text", "台风", "urgent", "1")
	contains(t, text, "紧急通知会立刻发出")
	contains(t, b.press(text, "确认发送"), "通知 2026-003：正在发出。")
	d.sql(`UPDATE member SET phone = '13900000000' WHERE staff = '0003'`)
	_, text = b.get("/console/u/demo/notices/3")
	contains(t, text, `<a href="tel:13900000000">`)
	_, text = b.get("/console/u/demo/notices?q=" + url.QueryEscape("台风"))
	contains(t, text, "共 1 条", "2026-003")
}

// Whom a notice may not reach is shown with the preview, and asked about where it was
// not shown, or has changed since.
func TestNoticeReach(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "-- config.yaml --\nconduct: {notices_per_day: 9}\n-- setup --\nDELETE FROM identity WHERE user_id = '0005'\n", e)
		d.play("@ 2026-12-01 09:00\n")
		b := d.enter("0001")
		const at = "/console/u/demo/notices/new"
		const whom = "共 4 人，3 人能收到；1 人没有绑定账号，不能确认收到。"
		text := b.send(at, "do", "preview", "text", "周五开会")
		contains(t, text, whom, "不能确认收到的：赵磊。")
		seen := between(text, `name="seen" value="`, `"`)
		contains(t, b.send(at, "do", "send", "text", "周五开会", "seen", seen), "通知 2026-001：正在发出。"+whom)
		text = b.send(at, "do", "send", "text", "没有预览")
		contains(t, text, "通知还没有发", whom, "不能确认收到的：赵磊。")
		contains(t, b.press(text, "发出"), "通知 2026-002：正在发出。"+whom)
		d.sql(`DELETE FROM identity WHERE user_id = '0004'`)
		text = b.send(at, "do", "send", "text", "又少一人", "seen", seen)
		contains(t, text, "通知还没有发", "不能确认收到的：陈静、赵磊。")
		contains(t, b.press(text, "先不发"), "好的，没有发。")
		if rows := d.Rows(t, `SELECT text, state FROM notice ORDER BY id`); rows != "周五开会|sent\n没有预览|sent\n又少一人|recalled\n" {
			t.Errorf("notices: %s", rows)
		}
	})
}

// A picture goes along with the notice, and a file's name is never markup.
func TestNoticeFiles(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n") // in quiet hours a notice would wait
	b := d.enter("0001")
	const at = "/console/u/demo/notices/new"
	_, text := b.upload(at, "files", "<img src=x>.xlsx", []byte("a table"), "do", "preview", "text", "见表")
	contains(t, text, "已带上", "&lt;img src=x&gt;.xlsx", "发出去是这个样子")
	b.send(at, "do", "send", "text", "见表")
	_, text = b.get("/console/u/demo/notices/1")
	contains(t, text, "附件：", "&lt;img src=x&gt;.xlsx")
	b.upload(at, "files", "b.png", []byte("\x89PNG"), "do", "preview", "text", "图")
	contains(t, b.send(at, "do", "drop"), "都不带了")
	_, text = b.get(at)
	if strings.Contains(text, "b.png") {
		t.Errorf("the file is still there:\n%s", text)
	}
}

// Files and faults belong to the form in which they came: a new page has none of them.
func TestFilesOfOneForm(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	const at = "/console/u/demo/notices/new"
	fresh := func() string {
		_, text := b.get(at)
		if strings.Contains(text, "已带上") || strings.Contains(text, `role="alert"`) {
			t.Errorf("a fresh page has something of another:\n%s", text)
		}
		return between(text, `name="form" value="`, `"`)
	}
	first := fresh()
	_, text := b.upload(at, "files", "a.pdf", []byte("%PDF-1.4"), "do", "preview", "text", "见附件", "form", first)
	contains(t, text, "已带上", "a.pdf", `name="form" value="`+first+`"`)
	second := fresh()
	_, text = b.upload(at, "files", "b.png", bytes.Repeat([]byte("x"), 5<<20+1), "do", "preview", "text", "大", "form", second)
	contains(t, text, "文件太大")
	if third := fresh(); third == first || third == second {
		t.Error("two pages share a form")
	}
	b.send(at, "do", "send", "text", "别的", "form", second)
	b.send(at, "do", "send", "text", "见附件", "form", first)
	if got := d.Rows(t, `SELECT text, files <> '[]' AND files <> 'null' FROM notice ORDER BY id`); got != "别的|0\n见附件|1\n" {
		t.Errorf("notices: %s", got)
	}
}

// A notice goes to whom the form says, or nowhere; before it goes the sender sees
// how many it reaches.
func TestAudience(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	d.play("@ 2026-12-01 09:00\n")
	top := d.enter("9")
	const at = "/console/u/top/notices/new"
	for _, do := range []string{"preview", "send"} {
		text := top.send(at, "do", do, "text", "学习", "below", "some")
		contains(t, text, "一个也没有选中")
		contains(t, top.send(at, "do", do, "text", "学习", "below", "", "to", "one"), "没有选“选定的下级组织”")
		contains(t, top.send(at, "do", do, "text", "学习", "below", "all", "to", "one"), "没有选“选定的下级组织”")
		contains(t, top.send(at, "do", do, "text", "学习", "below", "some", "to", "nowhere"), "没有找到下级组织")
	}
	if got := d.Rows(t, `SELECT COUNT(*) FROM notice`); got != "0\n" {
		t.Errorf("notices: %s", got)
	}
	contains(t, top.send(at, "do", "preview", "text", "学习", "below", "some", "to", "one"), "将发给 1 个组织", "共 2 人，都能收到")
	d.sql(`DELETE FROM identity WHERE member IN (SELECT id FROM member WHERE staff = '11')`)
	contains(t, top.send(at, "do", "preview", "text", "学习", "below", "some", "to", "one"), "共 2 人，1 人能收到；1 人没有绑定账号，不能确认收到")
	d.sql(`UPDATE chat SET state = 'muted' WHERE unit = 'one'`)
	contains(t, top.send(at, "do", "preview", "text", "学习", "below", "all"), "共 4 人，2 人能收到；1 人没有绑定账号，不能确认收到、1 人所在组织的群收不到")
}

// A committee writes to branches below; it sees totals by unit, the branch names.
func TestRelayedNotice(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	d.play("@ 2026-12-01 09:00\n") // in quiet hours a notice would wait
	top, branch := d.enter("9"), d.enter("11")
	contains(t, top.send("/console/u/top/notices/new", "do", "preview", "text", "学习", "ack", "1", "below", "some", "to", "one"), "将发给 1 个组织")
	text := top.send("/console/u/top/notices/new", "do", "preview", "text", "学习", "ack", "1", "below", "all")
	top.send("/console/u/top/notices/new", "do", "send", "text", "学习", "ack", "1", "below", "all", "seen", between(text, `name="seen" value="`, `"`))
	_, text = top.get("/console/u/top/notices/1")
	contains(t, text, "第一党支部", "第二党支部", "0 / 2", "<b>4</b> 应回执")
	if strings.Contains(text, "李一") {
		t.Errorf("the committee sees names:\n%s", text)
	}
	_, text = branch.get("/console/u/one/notices/1")
	contains(t, text, "李一", "公司党委")
	if strings.Contains(text, `value="recall"`) {
		t.Error("a branch can recall what is not its own")
	}
	contains(t, branch.send("/console/u/one/notices/1", "do", "recall"), "是“公司党委”发来的")
}

func TestRounds(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	contains(t, b.send("/console/u/demo/rounds", "do", "ask", "from", "tiny/one"), "共 1 轮")
	d.play("张三: 1 A\n李四: 1 B\n@ +1m\n")
	const at = "/console/u/demo/rounds/1"
	_, text := b.get(at)
	contains(t, text, "<b>5</b> 应答", "<b>3</b> 未作答", "陈静", "赵磊")
	if strings.Contains(text, "选择人数") || strings.Contains(text, "正确答案") {
		t.Errorf("the result shows before the close:\n%s", text)
	}
	text = b.send(at, "do", "close", "code", between(text, `name="code" value="`, `"`))
	contains(t, text, "结果", "已结束", "答对")
	_, text = b.get("/console/u/demo/rounds?from=2020-01-01&to=2020-02-01")
	contains(t, text, "这段时间没有答题")
}

func TestCheckins(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	const at, one = "/console/u/demo/checkins", "/console/u/demo/checkins/1"
	contains(t, b.send(at, "do", "open", "minutes", "30", "title", "晨会<b>"), "晨会&lt;b&gt;", "进行中")
	d.play("张三: 签到\n李四: 请假：看病\n@ +1m\n")
	_, text := b.get(one)
	contains(t, text, "<b>5</b> 应到", "<b>1</b> 实到", "<b>1</b> 请假", "<b>3</b> 未到", "陈静")
	contains(t, b.send(one, "do", "enter", "who", "0004"), "已补签")
	b.send(one, "do", "close", "code", between(text, `name="code" value="`, `"`))
	d.play("赵磊: /签到\n")
	_, text = b.get(one + "?list=late_pending")
	contains(t, text, "赵磊", "补签待确认")
	form := b.form(one + "?list=late_pending")
	form.Set("data", "checkin:yes:1:5")
	form.Set("back", one)
	_, text = b.post("/console/u/demo/press", form)
	contains(t, text, "赵磊 的【晨会&lt;b&gt;】已补签", "<b>3</b> 实到")
	_, text = b.get(one + "?list=leave")
	contains(t, text, "李四", "看病")
}

func TestSignupsAndSurveys(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	contains(t, b.send("/console/u/demo/signups", "do", "open", "title", "植树", "places", "2", "closes", "2026-12-03T12:00"), "植树", "0 / 2")
	d.play("张三: +1\n李四: +1\n陈静: +1\n@ +1m\n")
	const one = "/console/u/demo/signups/1"
	_, text := b.get(one)
	contains(t, text, "<b>2</b> / 2 报名人数", "<b>1</b> 候补")
	contains(t, b.send(one, "do", "remove", "code", "1", "name", "0002"), "<b>2</b> / 2 报名人数")
	status, text := b.get(one + "/export")
	if status != http.StatusOK || !strings.HasPrefix(text, "PK") {
		t.Errorf("the export: %d", status)
	}
	contains(t, b.send(one, "do", "close", "code", "1"), "已结束")

	const at = "/console/u/demo/surveys"
	text = b.send(at, "do", "vote", "title", "去哪里", "options", "红旗渠\r\n西柏坡")
	contains(t, text, "去哪里", "0 / 5", "截止后公布")
	text = b.send(at, "do", "close", "code", between(text, `name="code" value="`, `"`))
	contains(t, text, "看结果", "去哪里")
	if strings.Contains(text, "截止后公布") {
		t.Errorf("the vote is still open:\n%s", text)
	}
}

// A page that is watched changes by what others do elsewhere.
func TestPulses(t *testing.T) {
	t.Parallel()
	d := open(t, schedules)
	d.play(aDay + "书记: /投票 去哪\n")
	for page, script := range map[string]string{"notices/{id}": "李四: 4 收到\n", "rounds/{id}": "赵磊: 3 B\n", "checkins/{id}": "赵磊: 签到\n", "signups/{id}": "赵磊: 5 +1\n",
		"schedules": "书记: /日程 pause daily-lesson\n", "content": "书记: /推送 quiz\n", "ledger": "书记: /加分 张三 2 值班\n"} {
		before := d.pulse(page)
		d.play(script + "@ +1m\n")
		if after := d.pulse(page); after == before {
			t.Errorf("%s: %q does not change the pulse %s", page, script, after)
		}
	}
}

func (d *desk) pulse(page string) string {
	d.t.Helper()
	pulse, err := d.Console.Pulse(page, "demo")
	if err != nil {
		d.t.Fatal(err)
	}
	return pulse
}
