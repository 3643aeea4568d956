package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"branchbot/bot/roster"
	"branchbot/bot/testkit/browser"
	"branchbot/content"
	"branchbot/content/sheet"
	"branchbot/store/storetest"
)

const contentAt = "/console/u/demo/content"

// aPack is a .zip file of a pack, with files as name and text in turn.
func aPack(t *testing.T, id string, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	files = append(files, "pack.yaml", "id: "+id+"\ntitle: 车间<b>安全\nversion: \"2\"\n")
	for i := 0; i+1 < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func question(id, ask string) string {
	return "- {id: " + id + ", type: truefalse, ask: " + ask + ", answer: true, explain: 对, source: 测试}\n"
}

// take confirms a pack that waits, as its page shows it.
func (b *client) take(at string) string {
	b.desk.t.Helper()
	_, page := b.get(at)
	return b.send(at, "do", "take", "base", between(page, `name="base" value="`, `"`))
}

// A pack that is confirmed takes the place of what its preview was compared with, and of
// nothing else.
func TestImportPackComparedAnew(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.sql(`INSERT INTO role (member, unit, role, granted_by, granted_at) VALUES (2, 'demo', 'secretary', 'config', 0)`)
	d.play("@ 2026-12-01 09:00\n")
	one, two := d.enter("0001"), d.enter("0002")
	pack := func(ids ...string) []byte {
		var all string
		for _, id := range ids {
			all += question(id, "问题"+id+"？")
		}
		return aPack(t, "shop", "questions/a.yaml", all)
	}
	upload := func(b *client, data []byte) (page string) {
		_, page = b.upload(contentAt, "file", "shop.zip", data, "do", "import")
		return page
	}
	const base = `name="base" value="`

	mine := upload(one, pack("q1", "q2")) // new, while another one brings the same pack
	upload(two, pack("q1", "q3"))
	contains(t, two.take(contentAt+"/2"), "已导入")
	text := one.send(contentAt+"/1", "do", "take", "base", between(mine, base, `"`))
	contains(t, text, "要替换的内容包有变动，还没有导入", "将替换现有的")
	if _, text := one.get(contentAt + "?pack=shop"); !strings.Contains(text, "shop/q3") || strings.Contains(text, "shop/q2") {
		t.Errorf("another's pack was replaced unseen:\n%s", text)
	}
	contains(t, one.send(contentAt+"/1", "do", "take"), "还没有导入") // a page from before this check
	contains(t, one.send(contentAt+"/1", "do", "take", "base", between(text, base, `"`)), "已导入", "shop/q2")

	mine = upload(one, pack("q4")) // it replaces one that is removed meanwhile
	contains(t, two.send(contentAt, "do", "remove", "pack", "shop"), "已删除")
	text = one.send(contentAt+"/3", "do", "take", "base", between(mine, base, `"`))
	contains(t, text, "还没有导入", "这是新的内容包")
	contains(t, one.take(contentAt+"/3"), "已导入", "shop/q4")
}

// A pack is shown before it is taken in, then used at once; the next one of its
// id takes its place. What is wrong is told line by line, and changes nothing.
func TestImportPack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		d.play("@ 2026-12-01 09:00\n")
		b := d.enter("0001")
		first := aPack(t, "shop", "questions/a.yaml", question("q1", "戴安全帽吗<i>？")+question("q2", "酒后能上岗吗？"), "lessons/1.md", "---\nid: l1\ntitle: 班前会\n---\n正文\n")
		_, text := b.upload(contentAt, "file", "shop.zip", first, "do", "import")
		contains(t, text, "车间&lt;b&gt;安全", "这是新的内容包", "戴安全帽吗&lt;i&gt;？", "班前会", "确认导入")
		at := contentAt + "/1"
		if _, text := b.get(contentAt); strings.Contains(text, "班前会") {
			t.Error("it is in use before it was confirmed")
		}
		contains(t, b.take(at), "已导入，现在就能用", "班前会", "shop/q1")
		if status, _ := b.post(at, b.fill(contentAt, "do", "take")); status != http.StatusNotFound {
			t.Errorf("confirmed twice: %d", status)
		}
		contains(t, b.send("/console/u/demo/rounds", "do", "ask", "from", "shop/q1"), "共 1 轮")

		second := aPack(t, "shop", "questions/a.yaml", question("q1", "戴好安全帽吗？")+question("q3", "会用灭火器吗？"))
		_, text = b.upload(contentAt, "file", "shop.zip", second, "do", "import")
		contains(t, text, "将替换现有的")
		cells := strings.Join(strings.FieldsFunc(between(text, `<th scope="row">题目</th>`, "</tr>"), func(r rune) bool { return r < '0' || r > '9' }), " ")
		if cells != "1 1 0 1" { // new, changed, the same, gone
			t.Errorf("questions compared: %s", cells)
		}
		contains(t, b.send(contentAt+"/2", "do", "drop"), "没有导入")
		if _, text := b.get(contentAt); !strings.Contains(text, "shop/q2") {
			t.Error("it was dropped, and is in use")
		}
		_, _ = b.upload(contentAt, "file", "shop.zip", second, "do", "import")
		contains(t, b.take(contentAt+"/3"), "已导入")
		_, text = b.get(contentAt + "?pack=shop")
		contains(t, text, "shop/q3", "戴好安全帽吗")
		if strings.Contains(text, "shop/q2") || strings.Contains(text, "班前会") {
			t.Errorf("what is gone is there:\n%s", text)
		}
		_, text = b.get("/console/u/demo/rounds/1")
		contains(t, text, "戴安全帽吗&lt;i&gt;？") // as it was asked

		table, err := sheet.WriteXLSX("题库", []string{"题型", "题干", "选项A", "选项B", "答案", "解析", "出处"},
			[][]string{{"单选题", "火警电话是多少？", "110", "119", "B", "119", "消防法"}, {"判断题", "灭火器要定期检查。", "", "", "对", "是的", "消防法"}})
		if err != nil {
			t.Fatal(err)
		}
		_, text = b.upload(contentAt, "file", "题库.xlsx", table, "do", "import", "id", "Bank-1", "title", "消防题库")
		contains(t, text, "消防题库", "bank-1", "灭火器要定期检查", "<bdi>B</bdi>", "<bdi>对</bdi>")
		b.take(contentAt + "/4")
		contains(t, b.send(contentAt, "do", "remove", "pack", "shop"), "已删除")
		_, text = b.get(contentAt)
		contains(t, text, "消防题库")
		if strings.Contains(text, "shop/q1") {
			t.Error("a pack that was removed is there")
		}
		if got := d.Rows(t, `SELECT act, ref FROM console_audit WHERE act IN ('import', 'remove_pack') AND ref <> '' ORDER BY id
SELECT COUNT(*) FROM pack_import`); got != "import|shop\nimport|shop\nimport|bank-1\nremove_pack|shop\n--\n0\n" {
			t.Errorf("the audit:\n%s", got)
		}
	})
}

func TestImportBadPack(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	bad, err := sheet.WriteXLSX("题库", []string{"题干", "选项A", "选项B", "答案"}, [][]string{{"火灾？", "110", "119", "E"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"x.zip", []byte("PK no"), "这不是能读的 zip 文件"},
		{"x.zip", aPack(t, "shop", "media/x.png", strings.Repeat("0", 81<<20)), "解压后超过 80 MB"},
		{"x.zip", aPack(t, "shop", "../../../etc/cron.d/x", "x"), "文件名指向了内容包外面： ../../../etc/cron.d/x"},
		{"x.zip", aPack(t, "tiny", "questions/a.yaml", question("q1", "对吗？")), "编号被占用了"},
		{"x.zip", aPack(t, "shop", "questions/a.yaml", question("q1", "对吗？")+question("q1", "<script>吗？")), "questions/a.yaml:2"},
		{"x.zip", aPack(t, "../shop", "questions/a.yaml", question("q1", "对吗？")), "不能作编号"},
		{"x.xlsx", bad, "第 2 行 答案“E”不在选项 A-B 里"},
		{"x.xlsx", []byte("PK no"), "没有可用的题目"},
		{"x.xlsx", []byte("PK\x03\x04 no"), "文件坏了"},
		{"x.pdf", []byte("%PDF"), "PDF 读不了"},
		{"x.csv", []byte("题干,答案\n"), "没有可用的题目"},
		{"x.docx", nil, "文件是空的"},
	} {
		status, text := b.upload(contentAt, "file", c.name, c.data, "do", "import", "id", "bank", "title", "题库")
		if status != http.StatusOK {
			t.Errorf("%s: %d", c.want, status)
		}
		contains(t, text, `role="alert"`, c.want, "测试内容包")
		if strings.Contains(text, "<script>吗") {
			t.Errorf("markup:\n%s", text)
		}
	}
	if status, text := b.upload(contentAt, "file", "big.zip", make([]byte, 7<<20), "do", "import"); status != http.StatusRequestEntityTooLarge || !strings.Contains(text, "文件最大 5 MB") {
		t.Errorf("a large file: %d", status)
	}
	if status, _ := b.post(contentAt, b.fill(contentAt, "do", "remove", "pack", "nothing")); status != http.StatusNotFound {
		t.Errorf("a pack that is none: %d", status)
	}
	contains(t, b.send(contentAt, "do", "remove", "pack", "tiny"), "编号被占用了")
	if got := d.Rows(t, `SELECT COUNT(*) FROM pack_import`); got != "0\n" {
		t.Errorf("what is wrong is kept: %s", got)
	}
}

// Packs are for all units: others than the top unit's secretaries neither see nor
// send one, and nobody confirms what somebody else has sent.
func TestImportIsForTheTop(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	top, one := d.enter("9"), d.enter("11")
	_, text := top.upload("/console/u/top/content", "file", "x.zip", aPack(t, "shop", "questions/a.yaml", question("q1", "对吗？")), "do", "import")
	contains(t, text, "确认导入")
	if _, text := one.get("/console/u/one/content"); strings.Contains(text, `type="file"`) {
		t.Error("a branch is offered the import")
	}
	form := one.form("/console/u/one/content/tiny/first")
	form.Set("do", "remove")
	form.Set("pack", "shop")
	if status, _ := one.post("/console/u/one/content", form); status != http.StatusForbidden {
		t.Errorf("removed by a branch: %d", status)
	}
	form.Set("do", "take")
	for _, path := range []string{"/console/u/one/content/1", "/console/u/top/content/1"} {
		if status, _ := one.post(path, form); status != http.StatusNotFound && status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
	d.sql(`INSERT INTO role (member, unit, role, granted_by, granted_at) VALUES ((SELECT id FROM member WHERE staff = '22'), 'top', 'secretary', 'config', 1)`)
	if status, _ := d.enter("22").get("/console/u/top/content/1"); status != http.StatusNotFound {
		t.Errorf("another secretary's: %d", status)
	}
}

// What is retired is not used in the unit and under it, and can be taken back.
func TestRetire(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, committee, e)
		d.play("@ 2026-12-01 09:00\n")
		top, one := d.enter("9"), d.enter("11")
		const here, above = "/console/u/one/content/tiny/single", "/console/u/top/content/tiny/first"
		contains(t, one.send("/console/u/one/rounds", "do", "ask", "from", "tiny/one"), "共 1 轮")
		contains(t, one.send(here, "do", "retire"), "已停用", "用过 1 次")
		contains(t, one.send("/console/u/one/rounds", "do", "ask", "from", "tiny/one"), `role="alert"`, "共 1 轮")
		contains(t, one.send("/console/u/one/rounds", "do", "ask", "from", "tiny/single"), `role="alert"`, "这道题已停用")
		_, text := one.get("/console/u/one/content?kind=retired")
		contains(t, text, "1 条", "tiny/single", "已停用")
		_, text = top.get("/console/u/top/content?kind=retired")
		contains(t, text, "没有找到") // it is that unit's own decision
		contains(t, one.send(here, "do", "restore"), "已恢复使用")
		contains(t, one.send("/console/u/one/rounds", "do", "ask", "from", "tiny/one"), "共 2 轮")

		contains(t, top.send(above, "do", "retire"), "已停用")
		_, text = one.get("/console/u/one/content/tiny/first")
		contains(t, text, "“公司党委”已停用")
		one.send("/console/u/one/content/tiny/second", "do", "push")
		if got := d.Rows(t, `SELECT lesson FROM lesson_push`); got != "tiny/second\n" {
			t.Errorf("pushed: %s", got)
		}
		form := one.fill("/console/u/one/content/tiny/second", "do", "restore")
		one.post("/console/u/one/content/tiny/first", form) // it is not theirs
		if got := d.Rows(t, `SELECT unit, ref FROM retired`); got != "top|tiny/first\n" {
			t.Errorf("retired: %s", got)
		}
		if status, _ := one.post("/console/u/one/content/tiny/nothing", form); status != http.StatusNotFound {
			t.Errorf("unknown content: %d", status)
		}
		contains(t, top.send(above, "do", "restore"), "已恢复使用")
	})
}

// importSample is a pack, and a roster, that wait for the first secretary's confirmation.
func (d *desk) importSample() {
	d.t.Helper()
	zip, _, err := content.Wrap("shop", "车间安全", "安全.yaml", []byte(question("q1", "进车间要戴安全帽。")+question("q2", "酒后可以上岗。")))
	if err != nil {
		d.t.Fatal(err)
	}
	d.sql(`INSERT INTO pack_import (id, member, pack, body, created_at) VALUES (1, 1, 'shop', $1, $2)`, zip, d.Clock.Now().UnixMilli())
	table, err := roster.ReadTable("名单.csv", []byte("工号,姓名,人员类别,分类,职务,备注\n0002,张三丰,预备党员,群众,副书记,x\n0101,周 一,正式党员,,,\n合计,2人,,,,\n"))
	if err != nil {
		d.t.Fatal(err)
	}
	file, err := json.Marshal(table)
	if err != nil {
		d.t.Fatal(err)
	}
	d.sql(`INSERT INTO roster_import (id, unit, member, people, file, created_at) VALUES (1, 'demo', 1, '', $1, $2)`, string(file), d.Clock.Now().UnixMilli())
}

// aBank is a text of questions, one of which has a fault and one stands there twice.
const aBank = `一、单选题
1. 火警电话是多少？（B）
A. 110  B. 119  C. 120
2. 灭火器放在哪里？（D）
A. 门边  B. 柜里
3. 火警电话是多少？（B）
A. 110  B. 119  C. 120
二、判断题
4. 酒后可以上岗。（×）
`

// Of a bank the good questions are taken in; what is left out is downloaded, mended, and sent
// again; the same file changes nothing; the last import is undone as one.
func TestImportBank(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		b := d.enter("0001")
		upload := func(name string, data []byte) string {
			_, text := b.upload(contentAt, "file", name, data, "do", "import")
			return text
		}
		text := upload("消防题库.txt", []byte(aBank))
		contains(t, text, "消防题库", "有问题 1 题，跳过 1 题", "第 4 行", "答案“D”不在选项 A-B 里", "重复", "酒后可以上岗", "确认导入")
		contains(t, b.take(contentAt+"/1"), "已导入", "消防题库", "上次导入有 2 题没有导入")
		if _, text := b.get(contentAt); strings.Contains(text, "灭火器放在哪里") {
			t.Error("a question with a fault is in use")
		}
		status, left := b.get(contentAt + "/1/left")
		book, err := sheet.ReadBook("left.xlsx", []byte(left))
		if status != http.StatusOK || err != nil {
			t.Fatalf("the list: %d %v", status, err)
		}
		rows := book.Sheets[0].Rows
		if len(rows) != 3 || !strings.Contains(strings.Join(rows[1].Cells, "|"), "灭火器放在哪里") {
			t.Fatalf("the list: %v", rows)
		}
		mended := [][]string{{rows[1].Cells[0], rows[1].Cells[1], strings.Replace(rows[1].Cells[2], "（D）", "（A）", 1)}}
		again, err := sheet.WriteXLSX("没有导入的题", rows[0].Cells, mended)
		if err != nil {
			t.Fatal(err)
		}
		text = upload("消防题库-补正.xlsx", again)
		contains(t, text, "这是新的内容包", "灭火器放在哪里")
		if strings.Contains(text, "没有导入的：") {
			t.Errorf("the mended list has faults:\n%s", text)
		}
		contains(t, b.take(contentAt+"/2"), "已导入")

		text = upload("消防题库.txt", []byte(aBank))
		cells := strings.Join(strings.FieldsFunc(between(text, `<th scope="row">题目</th>`, "</tr>"), func(r rune) bool { return r < '0' || r > '9' }), " ")
		if cells != "0 0 2 0" {
			t.Errorf("the same file again: new, changed, same, gone: %s", cells)
		}
		upload("消防题库.txt", []byte(strings.Replace(aBank, "酒后可以上岗", "饮酒后可以上岗", 1)))
		contains(t, b.take(contentAt+"/4"), "已导入", "饮酒后可以上岗", "撤销上次导入")
		pack := content.PackID("消防题库.txt")
		contains(t, b.send(contentAt, "do", "undo", "pack", pack), "已撤销", "酒后可以上岗")
		if _, text := b.get(contentAt); strings.Contains(text, "饮酒后") {
			t.Error("what was undone is in use")
		}
		if status, _ := b.post(contentAt, b.fill(contentAt, "do", "undo", "pack", pack)); status != http.StatusNotFound {
			t.Errorf("undone twice: %d", status)
		}
	})
}

// A bank goes in as its user does it: the file, the preview, the confirmation, the undoing, on
// a phone and on a desk.
func TestImportInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, "")
	file := filepath.Join(t.TempDir(), "消防题库.txt")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := d.server.URL + contentAt
	choose := func() chromedp.Action {
		return chromedp.Tasks{chromedp.Navigate(at), chromedp.WaitReady("#file", chromedp.ByID), chromedp.SetUploadFiles("#file", []string{file}, chromedp.ByID),
			chromedp.Click(`button[value="import"]`, chromedp.ByQuery), chromedp.WaitVisible("#pack", chromedp.ByID)}
	}
	run(t, ctx, "enter", admit(d, "0001"))
	for _, width := range []int64{390, 1280} {
		name := fmt.Sprintf("import-%d", width)
		write(aBank)
		run(t, ctx, name, look(width, false), choose(), browser.Sees("有问题 1 题，跳过 1 题"), browser.Shot(name))
		accessible(t, ctx, name, true)
		run(t, ctx, name, chromedp.Click(`button[value="take"]`, chromedp.ByQuery), browser.Sees("已导入"), browser.Sees("上次导入有 2 题没有导入"), browser.Shot(name+"-after"))
		accessible(t, ctx, name+"-after", true)
		write(strings.Replace(aBank, "酒后", "饮酒后", 1))
		run(t, ctx, name, choose(), chromedp.Click(`button[value="take"]`, chromedp.ByQuery), browser.Sees("已导入"), browser.Sees("饮酒后可以上岗"),
			chromedp.Evaluate(`document.querySelectorAll("td.do details").forEach(d => d.open = true)`, nil), browser.Shot(name+"-undo"),
			chromedp.Click(`button[value="undo"]`, chromedp.ByQuery), browser.Sees("已撤销"))
	}
}
