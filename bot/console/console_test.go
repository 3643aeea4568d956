package console_test

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

	"branchbot/bot/bottest"
	"branchbot/bot/console"
	"branchbot/bot/member"
	"branchbot/store"
	"branchbot/store/storetest"
)

// desk is a running bot with its console.
type desk struct {
	*bottest.Stage
	t      *testing.T
	server *httptest.Server
}

// open runs the bot of an archive on a virtual clock, and serves its console.
func open(t *testing.T, archive string) *desk { return openOn(t, archive, storetest.SQLite) }

func openOn(t *testing.T, archive string, e storetest.Engine) *desk {
	t.Helper()
	d := &desk{Stage: bottest.OpenOn(t, txtar.Parse([]byte(archive)), e), t: t}
	d.server = httptest.NewServer(d.Console.Handler())
	t.Cleanup(d.server.Close)
	return d
}

// browser is somebody's browser.
type browser struct {
	desk *desk
	http.Client
}

func (d *desk) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &browser{d, http.Client{Jar: jar}}
}

// link makes a link for the member with a staff number.
func (d *desk) link(staff string) (link string) {
	d.t.Helper()
	err := d.DB.Write(func(tx *store.Tx) error {
		m, err := member.ByStaff(tx, staff)
		if err != nil {
			return err
		}
		link, err = console.Link(tx, d.server.URL, m.ID, false)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return link
}

// enter is a browser in which the member is.
func (d *desk) enter(staff string) *browser {
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

func (b *browser) do(req *http.Request) (int, string) {
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

func (b *browser) get(path string) (int, string) {
	b.desk.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.desk.server.URL+path, nil)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) (int, string) {
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
func (b *browser) form(path string) url.Values {
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

func TestToday(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	if _, err := d.Play(t, "@ 2026-12-01 09:00\n书记: /开签 2h 晨会\n"); err != nil {
		t.Fatal(err)
	}
	secretary := d.enter("0001")
	status, text := secretary.get("/console/")
	if status != http.StatusOK {
		t.Fatalf("status %d:\n%s", status, text)
	}
	contains(t, text, "<h1>今日</h1>", "晨会", "签到")
	form := secretary.form("/console/u/demo/today")
	_, code, _ := strings.Cut(text, `<span class="code">#`)
	code, _, _ = strings.Cut(code, "<")
	form.Set("do", "close")
	form.Set("code", code)
	_, text = secretary.post("/console/u/demo/today", form)
	contains(t, text, `role="status"`, "现在没有正在进行的事项")
}
