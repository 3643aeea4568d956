package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"branchbot/bot/testkit/browser"
	"branchbot/store/storetest"
)

// askToJoin are people who ask to be let in, in the first branch of the committee.
const askToJoin = committee + `-- setup --
DELETE FROM identity WHERE user_id <> '11'
UPDATE identity SET private_chat = ''
INSERT INTO member (unit, staff, name, status) VALUES ('one', '13', '赵一', 'full')
INSERT INTO member (unit, staff, name, status) VALUES ('one', '14', '钱一', 'full')
INSERT INTO role (member, unit, role, granted_by, granted_at) SELECT id, 'one', 'committee', 'config', 0 FROM member WHERE staff = '14'
`

const asking = `@ 2026-12-01 09:00
小李 (私聊): /加入 李一 12
小赵 (私聊): /加入 赵一 13
冒名 (私聊): /加入 赵一 13
小钱 (私聊): /加入 钱一 14
小二 (私聊): /加入 李二 22
无名 (私聊): /加入 郑七 99
@ +1m
`

// Who asks to join is shown to the secretaries of their branch, several are settled at
// once, and what the chat does not allow is not allowed here.
func TestAskingToJoin(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, askToJoin, e)
		d.play(asking)
		b, other := d.enter("11"), d.enter("21")
		const at, elsewhere = "/console/u/one/members/waiting", "/console/u/two/members/waiting"
		_, text := b.get("/console/u/one/today")
		contains(t, text, "有 3 人请求加入")
		_, text = b.get("/console/u/one/members")
		contains(t, text, "有 3 个账号等您确认是谁")
		_, text = b.get(at)
		contains(t, text, "请求加入（3 人）", "李一", "小李", "赵一", "小赵", "冒名")
		for _, name := range []string{"钱一", "李二", "郑七"} {
			if strings.Contains(text, name) {
				t.Errorf("%s is shown:\n%s", name, text)
			}
		}
		id := func(user string) string {
			return strings.TrimSpace(d.Rows(t, `SELECT id FROM join_request WHERE user_id = 'outsider:`+user+`'`))
		}
		members := func() string {
			return d.Rows(t, `SELECT i.user_id, m.name FROM identity i JOIN member m ON m.id = i.member WHERE i.user_id LIKE 'outsider:%' ORDER BY m.staff`)
		}

		contains(t, b.send(at, "do", "admit"), "请先勾选")
		contains(t, b.send(at, "do", "deny", "ask", "999999"), "已经处理过或已过期")
		contains(t, other.send(elsewhere, "do", "admit", "ask", id("小李")), "已经处理过或已过期") // another branch's
		for _, user := range []string{"小钱", "无名"} {                                     // an office; nobody
			contains(t, b.send(at, "do", "admit", "ask", id(user)), "已经处理过或已过期")
		}
		if got := members(); got != "" {
			t.Errorf("bound: %s", got)
		}

		d.sql(`INSERT INTO role (member, unit, role, granted_by, granted_at) SELECT id, 'one', 'committee', 'config', 0 FROM member WHERE staff = '12'`)
		text = b.send(at, "do", "admit", "ask", id("小李"), "ask", id("小赵"), "ask", id("冒名")) // the third is one too many, the first has an office now
		contains(t, text, "已绑定：赵一。", "已经绑定了账号", "李一 有职务")
		if got := members(); got != "outsider:小赵|赵一\n" {
			t.Errorf("bound: %s", got)
		}
		contains(t, b.send(at, "do", "deny", "ask", id("小李"), "ask", id("冒名")), "没有绑定，李一 的账号没有变化", "没有绑定，赵一 的账号没有变化", "没有要确认的账号")
		if rows := d.Rows(t, `SELECT user_id, state, settled_by FROM join_request WHERE state IN ('confirmed', 'refused') ORDER BY id`); rows !=
			"outsider:小李|refused|2\noutsider:小赵|confirmed|2\noutsider:冒名|refused|2\n" {
			t.Errorf("requests: %s", rows)
		}
		_, text = d.enter("9").get(elsewhere)
		contains(t, text, "请求加入（1 人）", "小二") // the unit above sees it in the branch
		d.sql(`UPDATE member SET unit = 'one' WHERE staff = '22'`)
		contains(t, other.send(elsewhere, "do", "admit", "ask", id("小二")), "已经处理过或已过期") // moved away meanwhile
	})
}

// The page can be read on a phone and at a desk.
func TestAskingIsLegible(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, askToJoin)
	d.play(asking)
	run(t, ctx, "enter", admit(d, "11"), chromedp.Navigate(d.server.URL+"/console/u/one/members/waiting"), chromedp.WaitVisible("#asking", chromedp.ByID))
	for i, width := range []int64{360, 1280} {
		name := map[int64]string{360: "asking-360", 1280: "asking-1280"}[width]
		run(t, ctx, name, look(width, false), browser.Shot(name))
		accessible(t, ctx, name, i == 0)
	}
	run(t, ctx, "confirm two", chromedp.Click(`input[name="ask"]`, chromedp.ByQuery), chromedp.Click(`tr:nth-child(2) input[name="ask"]`, chromedp.ByQuery),
		chromedp.Click(`button[value="admit"]`, chromedp.ByQuery), browser.Sees("已绑定：李一。"), browser.Sees("已绑定：赵一。"),
		look(360, false), browser.Shot("asking-after-360"))
}
