package web_test

import (
	"bufio"
	"bytes"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// two branches under a committee, each with its people.
const committee = `-- config.yaml --
units:
  - {id: top, name: 公司党委, kind: committee, members: [{name: 周正, staff: "9", roles: [secretary]}]}
  - {id: one, name: 第一党支部, parent: top, chats: [web:one], members: [{name: 王一, staff: "11", roles: [secretary]}, {name: 李一, staff: "12"}]}
  - {id: two, name: 第二党支部, parent: top, chats: [web:two], members: [{name: 王二, staff: "21", roles: [secretary]}, {name: 李二, staff: "22"}]}
`

// ASVS 3.4.2 to 3.4.6, 14.3.2: what every answer says to the browser.
func TestHeaders(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	for _, path := range append(d.Console.Paths("demo"), "/console/enter", "/console/nothing", "/console/assets/look.css", "/console/assets/layout.html", "/console/assets/") {
		if strings.Contains(path, "{") {
			continue
		}
		res, err := b.Get(d.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		h := res.Header
		csp := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self'; ") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			strings.Contains(csp, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
		if want := map[bool]string{true: "no-cache", false: "no-store"}[path == "/console/assets/look.css"]; h.Get("Cache-Control") != want {
			t.Errorf("%s: Cache-Control: %s", path, h.Get("Cache-Control"))
		}
		if strings.HasSuffix(path, ".html") && res.StatusCode != http.StatusNotFound || strings.HasSuffix(path, "assets/") && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// ASVS 8.2: who may see what, on every page of the table.
func TestAuthorise(t *testing.T) {
	t.Parallel()
	d := open(t, committee)
	top, secretary, member := d.enter("9"), d.enter("11"), d.enter("12")
	for _, path := range d.Console.Paths("one") {
		if strings.Contains(path, "{") {
			continue
		}
		if status, _ := d.browser().get(path); status != http.StatusOK { // the entry, after a redirect
			t.Errorf("%s for a stranger: %d", path, status)
		}
		if _, text := d.browser().get(path); !strings.Contains(text, "进入工作台") {
			t.Errorf("%s is shown to a stranger", path)
		}
		for name, b := range map[string]*client{"top": top, "secretary": secretary} {
			want := http.StatusOK
			if strings.HasSuffix(path, "/content/write") && name != "top" { // packs are for all units
				want = http.StatusNotFound
			}
			if status, text := b.get(path); status != want {
				t.Errorf("%s for %s: %d\n%s", path, name, status, text)
			}
		}
		other := strings.Replace(path, "/u/one/", "/u/two/", 1)
		if other == path {
			continue
		}
		for name, b := range map[string]*client{"the other secretary": secretary, "a member": member} {
			for _, at := range []string{other, strings.Replace(path, "/u/one/", "/u/nowhere/", 1)} {
				if status, text := b.get(at); status != http.StatusNotFound || strings.Contains(text, "第二党支部") {
					t.Errorf("%s for %s: %d\n%s", at, name, status, text)
				}
			}
		}
	}
	if status, _ := member.get("/console/u/one/today"); status != http.StatusForbidden {
		t.Errorf("a member sees the secretaries' page: %d", status)
	}
	// A form for another unit, with a token of one's own.
	form := secretary.form("/console/u/one/today")
	form.Set("do", "close")
	form.Set("feature", "checkin")
	form.Set("code", "1")
	if status, _ := secretary.post("/console/u/two/today", form); status != http.StatusNotFound {
		t.Errorf("a form for another unit: %d", status)
	}
	if res, err := secretary.Get(d.server.URL + "/console/events?unit=two&page=today"); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("the stream of another unit: %v %v", res.StatusCode, err)
	}
	if _, text := secretary.get("/console/u/one/units"); strings.Contains(text, "第二党支部") || strings.Contains(text, "公司党委") {
		t.Errorf("a secretary sees other units:\n%s", text)
	}
	if _, text := top.get("/console/u/top/units?q=" + url.QueryEscape("第二")); !strings.Contains(text, "第二党支部") || strings.Contains(text, `href="/console/u/one/today"><bdi>第一党支部</bdi></a></th>`) {
		t.Errorf("the search finds something else:\n%s", text)
	}
}

// ASVS 3.5.1 to 3.5.3: no form of another site, none without the token.
func TestForgedForm(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	if _, err := d.Play(t, "@ 2026-12-01 09:00\n书记: /开签 2h 晨会\n"); err != nil {
		t.Fatal(err)
	}
	b := d.enter("0001")
	own := b.form("/console/u/demo/today")
	others := d.enter("0001").form("/console/u/demo/today")
	post := func(form url.Values, headers ...string) int {
		form.Set("do", "close")
		form.Set("feature", "checkin")
		form.Set("code", "1")
		req, err := http.NewRequest(http.MethodPost, d.server.URL+"/console/u/demo/today", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		status, _ := b.do(req)
		return status
	}
	for name, status := range map[string]int{
		"another site":           post(own, "Sec-Fetch-Site", "cross-site"),
		"another origin":         post(own, "Origin", "https://evil.example"),
		"no token":               post(url.Values{"key": own["key"]}),
		"another session's":      post(url.Values{"key": own["key"], "csrf": others["csrf"]}),
		"no key":                 post(url.Values{"csrf": own["csrf"]}),
		"another site's sign-in": post(own, "Sec-Fetch-Site", "same-site"),
	} {
		if status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	if got := d.Rows(t, `SELECT COUNT(*) FROM checkin WHERE closed_at IS NULL`); got != "1\n" {
		t.Errorf("a forged form has closed the check-in: %s open", got)
	}
	if status := post(own); status != http.StatusOK {
		t.Errorf("the member's own form: %d", status)
	}
	if got := d.Rows(t, `SELECT COUNT(*) FROM checkin WHERE closed_at IS NULL`); got != "0\n" {
		t.Error("the member's own form does nothing")
	}
	if status, _ := b.get("/console/leave"); status == http.StatusOK && !b.in() {
		t.Error("a GET signs out")
	}
}

// A double click, and a form that is sent again, count once; and each POST has
// its row in the audit, without words.
func TestOnceAndAudit(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	form := b.form("/console/u/demo/settings")
	form.Set("do", "appoint")
	form.Set("who", "张三")
	form.Set("role", "committee")
	for range 3 {
		if status, text := b.post("/console/u/demo/settings", form); status != http.StatusOK {
			t.Fatalf("%d\n%s", status, text)
		}
	}
	if got := d.Rows(t, `SELECT COUNT(*) FROM event_seen WHERE account = 'console'`); got != "1\n" {
		t.Errorf("%s acts", got)
	}
	if got := d.Rows(t, `SELECT role FROM role JOIN member ON id = member WHERE name = '张三'`); got != "committee\n" {
		t.Errorf("roles: %s", got)
	}
	want := "enter|enter|\n" + strings.Repeat("settings|/名单|committee\n", 3)
	if got := d.Rows(t, `SELECT page, act, ref FROM console_audit ORDER BY id`); got != want {
		t.Errorf("audit:\n%s", got)
	}
	_, text := b.get("/console/u/demo/audit")
	contains(t, text, "王敏", "/名单", "committee")
	if strings.Contains(text, "张三") {
		t.Error("the audit tells of whom it was")
	}
}

// A redirect never leads elsewhere.
func TestRedirect(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, back := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "/console/u/demo/../../x", "/console/u/demo/\r\nX: y", "javascript:alert(1)", ""} {
		form := b.form("/console/u/demo/today")
		form.Set("data", "nothing:1")
		form.Set("back", back)
		req, _ := http.NewRequest(http.MethodPost, d.server.URL+"/console/u/demo/press", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := b.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if at := res.Header.Get("Location"); at != "/console/u/demo/today" {
			t.Errorf("%q leads to %q", back, at)
		}
	}
	for _, next := range []string{"/console/enter?next=https://evil.example", "/console/?next=//evil.example"} {
		res, err := b.Get(d.server.URL + next)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if at := res.Header.Get("Location"); strings.Contains(at, "evil") {
			t.Errorf("%s leads to %s", next, at)
		}
	}
}

// Names and texts of people are never markup.
func TestMarkup(t *testing.T) {
	t.Parallel()
	const evil = `</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	d := open(t, "")
	if _, err := d.Play(t, "@ 2026-12-01 09:00\n书记: /通知 回执 "+evil+"\n"); err != nil {
		t.Fatal(err)
	}
	d.sql(`UPDATE member SET name = $1 WHERE staff = '0001'`, evil)
	d.sql(`UPDATE unit SET name = $1`, evil)
	b := d.enter("0001")
	for _, path := range d.Console.Paths("demo") {
		if strings.Contains(path, "{") {
			continue
		}
		_, text := b.get(path + "?q=" + url.QueryEscape(evil) + "&page=-1")
		if strings.Contains(text, "<script>alert") || strings.Contains(text, "<img src=x") {
			t.Errorf("%s:\n%s", path, text)
		}
		contains(t, text, "&lt;script&gt;")
		if inline := regexp.MustCompile(`<script>|<style|style="|\son[a-z]+="|javascript:`).FindString(text); inline != "" {
			t.Errorf("%s has %q, which the policy forbids", path, inline)
		}
	}
}

// An error shows nothing of what is inside.
func TestErrors(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	d.sql(`ALTER TABLE paused RENAME TO gone`)
	status, text := b.get("/console/u/demo/today")
	if status != http.StatusInternalServerError || strings.Contains(text, "paused") || strings.Contains(text, ".go") || strings.Contains(text, "SQL") {
		t.Errorf("%d\n%s", status, text)
	}
	contains(t, text, "这一步没有成功")
	for _, path := range []string{"/console/u/demo/nothing", "/console/x/../../etc/passwd", "/console/assets/../layout.html", "/console/u/demo/today/%00", "/console/u//today"} {
		if status, text := b.get(path); status != http.StatusNotFound && status != http.StatusOK || strings.Contains(text, "root:") {
			t.Errorf("%s: %d\n%s", path, status, text)
		}
	}
	if !strings.Contains(d.Log.String(), "paused") {
		t.Error("the log does not say what went wrong")
	}
	d.Log.Reset() // it was meant to be there
}

// A form of any size but a sensible one is refused, and nothing is lost.
func TestTooBig(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	form := b.form("/console/u/demo/settings")
	form.Set("text", strings.Repeat("x", 100<<10))
	if status, _ := b.post("/console/u/demo/settings", form); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a long form: %d", status)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, _ := w.CreateFormFile("file", "big.xlsx")
	part.Write(make([]byte, 7<<20))
	w.Close()
	req, _ := http.NewRequest(http.MethodPost, d.server.URL+"/console/u/demo/settings", &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	if status, _ := b.do(req); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large file: %d", status)
	}
}

// A browser that goes away in the middle leaves nothing half done, and is no error:
// of a form or a file that is cut off nothing counts, and a page or an export that
// nobody fetches ends.
func TestBrowserGoesAway(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	d.play("@ 2026-12-01 09:00\n")
	b := d.enter("0001")
	form := b.form("/console/u/demo/checkins")
	for name, value := range map[string]string{"do": "open", "minutes": "30", "title": "晨会"} {
		form.Set(name, value)
	}
	at, err := url.Parse(d.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	// send sends the head of a request and, once the page reads it, the body; then
	// the plug is pulled.
	send := func(head, body string) {
		t.Helper()
		conn, err := net.Dial("tcp", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		head += " HTTP/1.1\r\nHost: " + at.Host + "\r\nCookie: " + b.Jar.Cookies(at)[0].String() + "\r\n"
		if body != "" {
			head += fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: %d\r\n", len(body)+1)
		}
		if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
			t.Fatal(err)
		}
		first := make([]byte, len("HTTP/1.1 100"))
		if _, err := io.ReadFull(conn, first); err != nil || body != "" && string(first) != "HTTP/1.1 100" {
			t.Fatalf("%s: %q %v", head, first, err)
		}
		if _, err := io.WriteString(conn, body); err != nil {
			t.Fatal(err)
		}
		if body == "" {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
	}
	for _, path := range append(d.Console.Paths("demo"), "/console/u/demo/members/export") {
		send("GET "+path, "")
	}
	send("POST /console/u/demo/checkins", form.Encode())
	d.server.Close() // which waits for what goes on
	if got := d.Rows(t, `SELECT COUNT(*) FROM prompt`); got != "0\n" {
		t.Errorf("of a form that was cut off came: %s", got)
	}
	d.server = httptest.NewServer(d.Console.Handler())
	t.Cleanup(d.server.Close)
	if status, text := b.post("/console/u/demo/checkins", form); status != http.StatusOK || !strings.Contains(text, "晨会") {
		t.Errorf("the whole form: %d\n%s", status, text)
	}
}

// The stream tells of a change that came about elsewhere, is bounded, and ends
// with the session.
func TestStream(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	look := func() {
		t.Helper()
		if err := d.Console.Look(); err != nil {
			t.Fatal(err)
		}
	}
	b := d.enter("0001")
	_, page := b.get("/console/u/demo/today")
	_, at, _ := strings.Cut(page, ` data-events="`)
	at, _, _ = strings.Cut(at, `"`)
	at = html.UnescapeString(at)
	if _, err := d.Play(t, "书记: /开签 2h 晨会\n"); err != nil { // before the stream is open
		t.Fatal(err)
	}
	res, err := b.Get(d.server.URL + at)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	event := func() string {
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				return name
			}
		}
		return "the end"
	}
	if got := event(); got != "open" {
		t.Fatalf("the first event is %s", got)
	}
	look()
	if got := event(); got != "changed" {
		t.Errorf("after a check-in was opened: %s", got)
	}
	look() // nothing is new, so what is told next is this:
	if _, err := d.Play(t, "张三: 签到\n"); err != nil {
		t.Fatal(err)
	}
	look()
	if got := event(); got != "changed" {
		t.Errorf("after a check-in: %s", got)
	}
	var more []*http.Response
	for range 5 {
		res, err := b.Get(d.server.URL + at)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", res, err)
		}
		more = append(more, res)
	}
	if status, _ := b.get(at); status != http.StatusServiceUnavailable {
		t.Errorf("the seventh stream of a session: %d", status)
	}
	for _, res := range more {
		res.Body.Close()
	}
	d.wait(31 * time.Minute)
	look()
	if got := event(); got != "over" {
		t.Errorf("after the session's end: %s", got)
	}
}

// The first view is light, also for a telephone in a workshop. It is sent as it
// is: pages with the token of a form and what was searched for are not compressed
// (BREACH), and need not be.
func TestWeight(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	if _, err := d.Play(t, aDay); err != nil {
		t.Fatal(err)
	}
	b := d.enter("0001")
	for _, path := range []string{"/console/u/demo/today", "/console/u/demo/content", "/console/me"} {
		_, page := b.get(path)
		total, parts := len(page), 1
		for _, m := range regexp.MustCompile(`(?:src|href)="(/console/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
			status, text := b.get(m[1])
			if status != http.StatusOK {
				t.Errorf("%s: %d", m[1], status)
			}
			total += len(text)
			parts++
		}
		if parts < 5 || total > 150<<10 {
			t.Errorf("%s: %d parts, %d bytes", path, parts, total)
		}
		t.Logf("%s: %d parts, %d bytes, of these the page %d", path, parts, total, len(page))
	}
}
