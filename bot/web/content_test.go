package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

func TestContent(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	const at = "/console/u/demo/content"
	_, text := b.get(at)
	contains(t, text, "内容包", "已用 0 / ")
	found := regexp.MustCompile(`<a href="(/console/u/demo/content/[^"/]+/[^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		t.Fatalf("there is no content:\n%s", text)
	}
	item := found[len(found)-1][1]
	_, text = b.get(item)
	contains(t, text, "还没有用过", "微信", "Telegram")
	_, text = b.post(item, b.fill(item, "do", "push"))
	contains(t, text, `role="status"`)
	_, text = b.get(item)
	contains(t, text, "用过 1 次")
	_, text = b.get(at + "?q=" + url.QueryEscape("没有人写过这几个字"))
	contains(t, text, "没有找到")
	if status, _ := b.get(at + "/nowhere/nothing"); status != http.StatusNotFound {
		t.Errorf("unknown content: %d", status)
	}
}
