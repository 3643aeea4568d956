package board_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"branchbot/bot/testkit/script"
)

// hall is a running bot and somebody who has only the board's address.
type hall struct {
	*script.Stage
	t      *testing.T
	server *httptest.Server
	path   string
}

var link = regexp.MustCompile(`http://[^/\s]+(/board/[a-z2-7]{26})`)

func open(t *testing.T, archive string) *hall {
	t.Helper()
	h := &hall{Stage: script.Open(t, txtar.Parse([]byte(archive))), t: t}
	h.server = httptest.NewServer(h.Board.Handler())
	t.Cleanup(h.server.Close)
	return h
}

func (h *hall) play(script string) string {
	h.t.Helper()
	said, err := h.Play(h.t, script)
	if err != nil {
		h.t.Fatal(err)
	}
	if m := link.FindAllStringSubmatch(said, -1); m != nil {
		h.path = m[len(m)-1][1]
	}
	return said
}

func (h *hall) get(path string) (*http.Response, string) {
	h.t.Helper()
	res, err := h.server.Client().Get(h.server.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, string(body)
}

func (h *hall) shows(body string, want, never []string) {
	h.t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) {
			h.t.Errorf("there is no %q in:\n%s", w, body)
		}
	}
	for _, n := range never {
		if strings.Contains(body, n) {
			h.t.Errorf("%q is shown in:\n%s", n, body)
		}
	}
}

// All that a branch does in a morning: the board shows totals, what was
// published, and of names only those whose owners agreed.
func TestBoard(t *testing.T) {
	t.Parallel()
	h := open(t, "")
	said := h.play(`@ 2026-12-01 09:00
张三 (私聊): /看板
张三 (私聊): /看板 打开
书记 (私聊): /看板
书记 (私聊): /看板 打开
书记: /推送 lesson
张三: 已学
书记: /开签 30m 早会
张三: 签到
李四: 签到
赵磊 (私聊): /排行 加入
赵磊: 签到
书记 (私聊): /通知 周五<b>停电</b>检修，请提前保存资料
书记 (私聊): /通知 张三同志的家访安排，内部掌握
书记 (私聊): /公示 1
书记 (私聊): /表彰 李四 服务之星
书记 (私聊): /表彰 张三 学习标兵
@ +1m
李四 (私聊): [按 可以公布]
@ +1h
`)
	h.shows(said, []string{"支部还没有看板。要开一个", "只有书记", "已放到看板上"}, nil)
	res, body := h.get(h.path)
	if res.StatusCode != http.StatusOK || len(res.Cookies()) > 0 || res.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("status %d, cookies %v, header %v", res.StatusCode, res.Cookies(), res.Header)
	}
	h.shows(body, []string{"示范党支部", "周五&lt;b&gt;停电&lt;/b&gt;检修", "通知 2026-001", "李四", "服务之星", "赵磊",
		"每日一学", "<dt>成员</dt><dd>5</dd>", "3 / 5", "1 / 5"},
		[]string{"张三", "王敏", "陈静", "家访", "学习标兵", "0003"})

	_, feed := h.get(h.path + "/atom.xml")
	h.shows(feed, []string{"周五&lt;b&gt;停电&lt;/b&gt;检修", "荣誉：李四 服务之星"}, []string{"张三", "家访", "学习标兵"})

	h.play("书记 (私聊): /公示 撤下 1\n李四 (私聊): /荣誉\n李四 (私聊): [按 不公布]\n赵磊 (私聊): /排行 退出\n")
	_, body = h.get(h.path)
	h.shows(body, nil, []string{"停电", "李四", "赵磊"})
}

// A link that was replaced or closed leads nowhere, and so does one that is made
// up; nobody learns whether a unit exists.
func TestLinks(t *testing.T) {
	t.Parallel()
	h := open(t, "")
	h.play("@ 2026-12-01 09:00\n书记 (私聊): /看板 打开\n")
	first := h.path
	h.play("书记 (私聊): /看板 换链接\n")
	if h.path == first {
		t.Error("the link is the same")
	}
	second := h.path
	h.play("书记 (私聊): /看板 打开\n")
	if h.path != second {
		t.Error("to open it again makes another link")
	}
	for path, want := range map[string]int{first: 404, second: 200, "/board/demo": 404, "/board/" + strings.Repeat("a", 26): 404,
		second + "/../../console/": 404, "/board-assets/board.html": 404, "/board-assets/board.css": 200, "/board-assets/": 404, second + "/poster.png": 404} {
		if res, _ := h.get(path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
	said := h.play("书记 (私聊): /看板 关闭\n张三: /看板\n书记 (私聊): /看板 挂墙上\n")
	h.shows(said, []string{"看板已关闭", "支部还没有看板。", "可以发：/看板"}, nil)
	if res, _ := h.get(second); res.StatusCode != 404 {
		t.Errorf("a closed board: %d", res.StatusCode)
	}
}

// The poster that the group got is on the board.
func TestPoster(t *testing.T) {
	t.Parallel()
	h := open(t, "")
	h.play("@ 2026-12-03 09:00\n书记 (私聊): /看板 打开\n书记: /推送 lesson\n张三: 已学\n书记: /海报\n@ +1m\n")
	_, body := h.get(h.path)
	h.shows(body, []string{`src="` + h.path + `/poster.png"`}, nil)
	res, png := h.get(h.path + "/poster.png")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(png, "\x89PNG") {
		t.Errorf("poster: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

// The feed is Atom as RFC 4287 wants it: ids that last, also with a new link,
// times, the newest first.
func TestFeed(t *testing.T) {
	t.Parallel()
	h := open(t, "")
	h.play("@ 2026-12-01 09:00\n书记 (私聊): /看板 打开\n书记: /推送 lesson\n@ 2026-12-02 10:00\n书记 (私聊): /通知 第一条 & <更多>\n书记 (私聊): /公示 1\n")
	type entry struct {
		ID      string `xml:"id"`
		Title   string `xml:"title"`
		Updated string `xml:"updated"`
		Content string `xml:"content"`
		Link    struct {
			Href string `xml:"href,attr"`
		} `xml:"link"`
	}
	var feed struct {
		XMLName xml.Name
		ID      string `xml:"id"`
		Updated string `xml:"updated"`
		Author  struct {
			Name string `xml:"name"`
		} `xml:"author"`
		Entries []entry `xml:"entry"`
	}
	read := func() {
		t.Helper()
		feed.Entries = nil
		res, text := h.get(h.path + "/atom.xml")
		if got := res.Header.Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
			t.Errorf("type %q", got)
		}
		if err := xml.Unmarshal([]byte(text), &feed); err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
	}
	read()
	if feed.XMLName.Space != "http://www.w3.org/2005/Atom" || feed.Author.Name != "示范党支部" || len(feed.Entries) != 2 {
		t.Fatalf("feed %+v", feed)
	}
	first := feed
	if e := feed.Entries[0]; e.Content != "第一条 & <更多>" || e.Updated != "2026-12-02T02:00:00Z" || feed.Updated != e.Updated {
		t.Errorf("entry %+v of %s", e, feed.Updated)
	}
	for _, e := range feed.Entries {
		if _, err := time.Parse(time.RFC3339, e.Updated); err != nil || !strings.HasPrefix(e.ID, "urn:uuid:") || e.Title == "" || !strings.HasSuffix(e.Link.Href, h.path) {
			t.Errorf("entry %+v: %v", e, err)
		}
	}
	h.play("书记 (私聊): /看板 换链接\n")
	read()
	if feed.ID != first.ID || feed.Entries[0].ID != first.Entries[0].ID {
		t.Error("ids change with the link")
	}
}

// conduct.public_board: off hides the points of all.
func TestNoBoardOfPoints(t *testing.T) {
	t.Parallel()
	h := open(t, "-- config.yaml --\nconduct: {public_board: off}\n")
	h.play("@ 2026-12-01 09:00\n书记 (私聊): /看板 打开\n赵磊 (私聊): /排行 加入\n")
	_, body := h.get(h.path)
	h.shows(body, []string{"示范党支部"}, []string{"赵磊", "积分榜"})
}
