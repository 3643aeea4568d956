package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"branchbot/bot/testkit/browser"
	"branchbot/content"
	"branchbot/store/storetest"
)

const writeAt = contentAt + "/write"

// Questions are pasted and mended; a lesson is written; both go into a pack, and the next ones
// beside them.
func TestWrite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, "", e)
		b := d.enter("0001")
		keep := func(page string, fields ...string) string {
			t.Helper()
			text := b.send(page, append(fields, "do", "keep")...)
			contains(t, text, "确认导入")
			return b.take(contentAt + "/" + lastImport(d))
		}
		text := b.send(writeAt, "do", "try", "text", aBank)
		contains(t, text, "看懂了 2 题，有问题 1 题", "答案“D”不在选项 A-B 里", "110", `class="right">119`)
		if got := d.Rows(t, "SELECT COUNT(*) FROM pack_import\nSELECT COUNT(*) FROM console_audit WHERE act = 'post'"); got != "0\n--\n0\n" {
			t.Errorf("looking left something: %s", got)
		}
		contains(t, keep(writeAt, "text", aBank), "已导入", "示范党支部自编", "火警电话是多少")
		own := content.PackID("示范党支部自编")
		contains(t, keep(writeAt, "text", "灭火器放在哪里？\nA. 门边\nB. 柜里\n答案：A\n", "into", own), "火警电话是多少", "灭火器放在哪里")
		contains(t, b.send(writeAt, "do", "keep", "text", "灭火器放在哪里？\nA. 门边\nB. 柜里\n答案：A\n", "into", own), "内容包里已经有这一题", "没有可以导入的内容")
		contains(t, b.send(writeAt, "do", "keep", "text", " "), "没有可以导入的内容")

		lesson := []string{"what", "lesson", "title", "灭火器怎么用", "body", "# 四步\n\n- 提\n- 拔\n\n**看准**火源。", "tags", "消防、安全 生产", "source", "车间规程"}
		text = b.send(writeAt+"?what=lesson", append(lesson, "do", "try")...)
		contains(t, text, "灭火器怎么用", "• 提", "看准", "车间规程", "微信", "Telegram")
		contains(t, keep(writeAt+"?what=lesson", append(lesson, "into", own)...), "灭火器怎么用", "消防", "火警电话是多少")
		ref := own + "/" + content.LessonID("灭火器怎么用", "# 四步\n\n- 提\n- 拔\n\n**看准**火源。")
		text = b.send("/console/u/demo/content/"+ref, "do", "push")
		contains(t, text, `role="status"`)
		_, text = b.get("/console/u/demo/content/" + ref)
		contains(t, text, "修改这篇")
		change := writeAt + "?change=" + ref
		_, text = b.get(change)
		contains(t, text, "灭火器怎么用", "消防、安全、生产", "车间规程")
		contains(t, keep(change, "what", "lesson", "ref", ref, "into", own, "title", "灭火器使用", "body", "提、拔、握、压"), "灭火器使用")
		if _, text := b.get(contentAt); strings.Contains(text, "灭火器怎么用") {
			t.Error("the lesson as it was is still there")
		}
		contains(t, b.send(writeAt+"?what=lesson", "do", "try", "what", "lesson", "title", "空的"), `role="alert"`)
		contains(t, b.send(writeAt+"?what=lesson", "do", "try", "what", "lesson", "title", "x", "body", "[点我](javascript:alert(1))"), `role="alert"`)
	})
}

// lastImport is the number of the pack that waits.
func lastImport(d *desk) string {
	return strings.TrimSpace(d.Rows(d.t, `SELECT MAX(id) FROM pack_import`))
}

// While somebody types, what is understood stands beside; what is pasted from Word becomes
// marks. On a phone and on a desk.
func TestWriteInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser.Chromium(t)
	d := open(t, "")
	run(t, ctx, "enter", admit(d, "0001"))
	const word = `<html><head><style>p{}</style></head><body><h1>消防常识</h1><p class=MsoNormal>看准<b>火源</b>。</p><p class=MsoListParagraph>·&nbsp;&nbsp;提</p><ul><li>拔</li></ul><ol><li>握</li></ol></body></html>`
	paste := fmt.Sprintf(`(() => { const data = new DataTransfer(); data.setData("text/html", %q);
		const box = document.getElementById("body"); box.focus();
		box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); return box.value; })()`, word)
	for _, width := range []int64{390, 1280} {
		name := fmt.Sprintf("write-%d", width)
		run(t, ctx, name, look(width, false), chromedp.Navigate(d.server.URL+writeAt), chromedp.SendKeys("#text", "1. 火警电话？\nA. 110\nB. 119\n答案：C", chromedp.ByID),
			browser.Sees("看懂了 0 题，有问题 1 题"), browser.Sees("答案“C”不在选项 A-B 里"), browser.Shot(name))
		accessible(t, ctx, name, true)
		run(t, ctx, name, chromedp.SendKeys("#text", "\b\bB", chromedp.ByID), chromedp.SendKeys("#text", "", chromedp.ByID))
		run(t, ctx, name, chromedp.SetValue("#text", "1. 火警电话？\nA. 110\nB. 119\n答案：B", chromedp.ByID), chromedp.SendKeys("#text", "\n", chromedp.ByID),
			browser.Sees("看懂了 1 题，有问题 0 题"))

		var text string
		run(t, ctx, name, chromedp.Navigate(d.server.URL+writeAt+"?what=lesson"), chromedp.SendKeys("#title", "灭火器", chromedp.ByID), chromedp.Evaluate(paste, &text),
			browser.Sees("• 提"), browser.Shot(name+"-lesson"))
		if want := "# 消防常识\n\n看准**火源**。\n\n- 提\n\n- 拔\n\n1. 握"; text != want {
			t.Errorf("pasted:\n%s\nwant:\n%s", text, want)
		}
		accessible(t, ctx, name+"-lesson", true)
		run(t, ctx, name, chromedp.Click(`button[value="keep"]`, chromedp.ByQuery), chromedp.WaitVisible("#pack", chromedp.ByID), browser.Sees("灭火器"),
			chromedp.Click(`button[value="drop"]`, chromedp.ByQuery), browser.Sees("没有导入"))
	}
}
