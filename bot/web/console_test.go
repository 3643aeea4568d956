package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/roster"
	"branchbot/bot/testkit/script"
	"branchbot/bot/web"
	"branchbot/store"
	"branchbot/store/storetest"
)

// desk is a running bot with its console.
type desk struct {
	*script.Stage
	t      *testing.T
	server *httptest.Server
}

// open runs the bot of an archive on a virtual clock, and serves its console.
func open(t *testing.T, archive string) *desk { return openOn(t, archive, storetest.SQLite) }

func openOn(t *testing.T, archive string, e storetest.Engine) *desk {
	t.Helper()
	d := &desk{Stage: script.OpenOn(t, txtar.Parse([]byte(archive)), e), t: t}
	d.server = httptest.NewServer(d.Console.Handler())
	t.Cleanup(d.close)
	return d
}

// close ends the server, and the streams of browsers that are still open.
func (d *desk) close() {
	d.server.CloseClientConnections()
	d.server.Close()
}

// client is somebody's browser.
type client struct {
	desk *desk
	http.Client
}

func (d *desk) browser() *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &client{d, http.Client{Jar: jar, Transport: d.server.Client().Transport}}
}

// link makes a link for the member with a staff number.
func (d *desk) link(staff string) (link string) {
	d.t.Helper()
	err := d.DB.Write(func(tx *store.Tx) error {
		m, err := roster.ByStaff(tx, staff)
		if err != nil {
			return err
		}
		link, err = web.Link(tx, d.server.URL, m.ID, 0, false)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return link
}

// enter is a browser in which the member is.
func (d *desk) enter(staff string) *client {
	d.t.Helper()
	b := d.browser()
	link := d.link(staff)
	_, key, _ := strings.Cut(link, "?key=")
	status, text := b.post("/console/enter", url.Values{"key": {key}})
	if status != http.StatusOK {
		d.t.Fatalf("enter: %d\n%s", status, text)
	}
	return b
}

func (b *client) do(req *http.Request) (int, string) {
	b.desk.t.Helper()
	res, err := b.Do(req)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (b *client) get(path string) (int, string) {
	b.desk.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.desk.server.URL+path, nil)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	return b.do(req)
}

func (b *client) post(path string, form url.Values) (int, string) {
	b.desk.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.desk.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.desk.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

var hidden = regexp.MustCompile(`name="csrf" value="(\w+)"><input type="hidden" name="key" value="(\w+)"`)

// form are the hidden fields of a form of the page.
func (b *client) form(path string) url.Values {
	b.desk.t.Helper()
	_, text := b.get(path)
	all := hidden.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		b.desk.t.Fatalf("%s has no form:\n%s", path, text)
	}
	m := all[len(all)-1]
	return url.Values{"csrf": {m[1]}, "key": {m[2]}}
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in:\n%s", want, text)
		}
	}
}

// Every page reads what it shows on both database engines, and the one of today
// does what the chat would do.
func TestPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		d := openOn(t, schedules, e)
		if _, err := d.Play(t, aDay+"书记: /接龙 植树活动 截止 18:00\n"); err != nil {
			t.Fatal(err)
		}
		d.furnish()
		b := d.enter("0001")
		for _, path := range d.Console.Paths("demo") {
			if strings.Contains(path, "{") {
				path = samples[path]
			}
			if status, text := b.get(path + "?q=%25_%5C&page=2"); status != http.StatusOK {
				t.Errorf("%s: %d\n%s", path, status, text)
			}
		}
		if err := d.Console.Pulses("demo"); err != nil {
			t.Error(err)
		}
		_, text := b.get("/console/")
		contains(t, text, "<h1>今日</h1>", "晨会", "三楼会议室", "植树活动", "1 / 4", "我不在群里了，或者群已经解散", "今天推送了什么", "friday-quiz")
		form := b.form("/console/u/demo/today")
		form.Set("do", "close")
		form.Set("feature", "checkin")
		_, code, _ := strings.Cut(text, "晨会</bdi>")
		_, code, _ = strings.Cut(code, "#")
		code, _, _ = strings.Cut(code, "<")
		form.Set("code", code)
		_, text = b.post("/console/u/demo/today", form)
		contains(t, text, `role="status"`, code+" 号已结束")
		_, text = b.get("/console/u/demo/today")
		if strings.Contains(text, `role="status"`) {
			t.Error("what was told is told again")
		}
		form = b.form("/console/u/demo/settings")
		form.Set("do", "dismiss")
		form.Set("who", "0001")
		form.Set("role", "secretary")
		_, text = b.post("/console/u/demo/settings", form)
		contains(t, text, `role="alert"`) // the last secretary stays
	})
}
