package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	const at = "/console/u/demo/ledger"
	_, text := b.post(at, b.fill(at, "do", "award", "who", "张三", "points", "2", "reason", "主讲 微党课 <script>"))
	contains(t, text, "已给 张三 加 2 分", "主讲 微党课 &lt;script&gt;", "#1", "&#43;2", "王敏")
	_, text = b.post(at, b.fill(at, "do", "award", "who", "张三", "points", "101", "reason", "太多"))
	contains(t, text, "分数请填 1 到 100 的整数")
	_, text = b.post(at, b.fill(at, "do", "revoke", "seq", "1", "reason", "记错人了"))
	contains(t, text, "已撤销第 1 号", "已由第 2 号冲销", "冲销第 1 号")
	_, text = b.post(at, b.fill(at, "do", "revoke", "seq", "1", "reason", "再来一次"))
	contains(t, text, "已经撤销过了")
	if got := d.Rows(t, `SELECT seq, points, reverses FROM ledger ORDER BY seq`); got != "1|2|0\n2|-2|1\n" {
		t.Errorf("the chain is\n%s", got)
	}
	for query, want := range map[string]string{"q=张三": "记录 2 条", "q=王敏": "没有记录", "rule=award": "记录 2 条", "from=2031-01-01&to=2031-02-01": "没有记录", "q=%25": "没有记录"} {
		if query != "q=%25" {
			name, value, _ := strings.Cut(query, "=")
			if name == "q" {
				query = "q=" + url.QueryEscape(value)
			}
		}
		_, text = b.get(at + "?" + query)
		contains(t, text, want)
	}
	_, text = b.post(at, b.fill(at, "do", "verify"))
	contains(t, text, "2 条记录完整无误", strings.ToLower(strings.TrimSpace(d.Rows(t, `SELECT hex(hash) FROM ledger WHERE seq = 2`))))
	_, text = b.get(at + "/export?type=csv")
	contains(t, text, "张三", "主讲 微党课")
	if got := d.Rows(t, `SELECT COUNT(*) FROM console_audit WHERE act = 'export'`); got != "1\n" {
		t.Errorf("%s rows of the export", got)
	}
	d.sql(`UPDATE ledger SET points = 50 WHERE seq = 1`)
	_, text = b.post(at, b.fill(at, "do", "verify"))
	contains(t, text, `role="alert"`, "第 1 号对不上")
}

// An entry of another unit is neither seen nor undone.
func TestLedgerOfOthers(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	one, two := d.enter("11"), d.enter("21")
	two.post("/console/u/two/ledger", two.fill("/console/u/two/ledger", "do", "award", "who", "李二", "points", "2", "reason", "值班"))
	_, text := one.get("/console/u/one/ledger")
	contains(t, text, "没有记录")
	_, text = one.post("/console/u/one/ledger", one.fill("/console/u/one/ledger", "do", "revoke", "seq", "1", "reason", "别人的"))
	contains(t, text, "没有第 1 号记录")
	_, text = one.post("/console/u/one/ledger", one.fill("/console/u/one/ledger", "do", "award", "who", "李二", "points", "2", "reason", "别人的"))
	contains(t, text, "没有记录")
	if status, text := one.get("/console/u/two/ledger/export"); status != http.StatusNotFound {
		t.Errorf("another unit's export: %d\n%s", status, text)
	}
	if got := d.Rows(t, `SELECT unit, points FROM ledger`); got != "two|2\n" {
		t.Errorf("the chains are\n%s", got)
	}
}
