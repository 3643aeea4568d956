package attack

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// Nothing of the server comes out by the settings that a page changes, however a
// reference to it is written.
func TestSettingsNeverLeaveTheServer(t *testing.T) {
	t.Parallel()
	p := start(t, configure(t, fmt.Sprintf(factory, "")))
	b := p.enter("F001").console()
	const page = "/console/u/top/settings"
	before, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	references := map[string]string{"file": `{FILE:/etc/passwd}`, "env": `{ATTACK_SECRET}`, "config": `{FILE:` + p.config + `}`}
	forms := []string{`"\x24%s"`, `"\u0024%s"`, `"\U00000024%s"`, `"$%s"`, `$%s`, `&a "\x24%s"`, `!!str "\x24%s"`, ">-\n    $%s", "|\n    $%s",
		"\"$\\\n    %s\"", `"21:00-\x24%s"`, `"\x24\x24%s"`}
	for name, reference := range references {
		for _, form := range forms {
			value := fmt.Sprintf(form, reference)
			for section, text := range map[string]string{
				"conduct": "conduct:\n  quiet_hours: " + value,
				"points":  "points:\n  rules:\n  - {id: x, points: 1, on: \"\\x24" + reference + "\"}\n  - id: " + value,
			} {
				status, answer := b.form(page, "section", section, "do", "edit", "text", text)
				_, after := b.get(page)
				for _, leak := range []string{"root:x:", secret, "动力厂党总支, members"} {
					if strings.Contains(answer, leak) || strings.Contains(after, leak) {
						t.Errorf("%s, written %q: the page shows %q", name, value, leak)
					}
				}
				if status != http.StatusOK {
					t.Errorf("%s, written %q, is answered by %d", name, value, status)
				}
			}
		}
	}
	if after, err := os.ReadFile(p.config); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed (%v):\n%s", err, after)
	}
	b.want(303, "a plain change")(b.form(page, "section", "conduct", "do", "edit", "text", "conduct: {quiet_hours: \"22:00-07:00\"}"))
}

// When an account is taken away, or all sessions are ended, everything ends that it has
// opened; who leaves the room leaves it with its events.
func TestTheEndOfAnAccountEndsWhatItOpened(t *testing.T) {
	t.Parallel()
	p := start(t, configure(t, fmt.Sprintf(factory, "")))
	secretary := p.enter("0001").console()
	const password = "correct horse 电池"
	id := p.number(`SELECT id FROM member WHERE staff = '0004'`)
	page := fmt.Sprintf("/console/u/a/members/%d", id)
	for name, end := range map[string]func(b *browser, s *stream){
		"unbound": func(_ *browser, s *stream) {
			secretary.want(303, "unbind")(secretary.form(page, "do", "unbind", "account", "web", "user", s.user))
		},
		"ended by the secretary": func(*browser, *stream) {
			secretary.want(303, "end the sessions")(secretary.form(page, "do", "end"))
		},
		"ended by the member": func(_ *browser, _ *stream) {
			other := p.enter("0004").console()
			other.want(303, "end all others")(other.form("/console/me", "do", "end", "session", "0"))
		},
		"left": func(b *browser, _ *stream) { b.want(303, "leave")(b.post("/leave")) },
	} {
		b := p.enter("0004")
		room := b.http.Jar.Cookies(&url.URL{Scheme: "http", Host: p.address})
		s := b.listen()
		b.console()
		bySecretary := name == "unbound" || name == "ended by the secretary"
		if bySecretary {
			b.want(303, "set a password")(b.form("/console/me", "do", "password", "password", password, "again", password))
		}
		end(b, s)
		select {
		case <-s.over:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the events go on", name)
		}
		b.http.Jar.SetCookies(&url.URL{Scheme: "http", Host: p.address}, room) // who kept a copy
		for _, path := range []string{"/api/pages", "/api/send"} {
			if status, _ := b.json(path, map[string]any{"id": "event-999", "room": "a", "text": "x"}); status != 401 {
				t.Errorf("%s: %s answers %d", name, path, status)
			}
		}
		if status, _ := b.get("/console/me"); status != 303 {
			t.Errorf("%s: the console answers %d", name, status)
		}
		if bySecretary {
			if status, _ := p.browser().post("/console/enter", "staff", "0004", "password", password); status == 303 {
				t.Errorf("%s: the password lets in", name)
			}
		}
	}
}

// A session of the room that its member ends on their page ends at once, with its events
// and what it opened of the console; no other one does.
func TestOneSessionOfTheRoomEndsAlone(t *testing.T) {
	t.Parallel()
	p := start(t, configure(t, fmt.Sprintf(factory, "")))
	here, lost, home, other := p.enter("0004"), p.enter("0004"), p.enter("0004"), p.enter("0003")
	all := map[string]*browser{"here": here, "at home": home, "of another member": other}
	for _, b := range []*browser{here, lost, home, other} {
		b.console()
	}
	gone := lost.listen()
	heard := map[string]*stream{}
	for name, b := range all {
		heard[name] = b.listen()
	}
	session := func(s *stream) string {
		return fmt.Sprint(p.number(`SELECT id FROM account_binding WHERE user_id = $1`, s.user))
	}
	here.want(303, "end what another member has")(here.form("/console/me", "do", "end_room", "session", session(heard["of another member"])))
	here.want(303, "end the lost one")(here.form("/console/me", "do", "end_room", "session", session(gone)))
	select {
	case <-gone.over:
	case <-time.After(10 * time.Second):
		t.Error("its events go on")
	}
	if status, _ := lost.json("/api/pages", nil); status != 401 {
		t.Errorf("its room answers %d", status)
	}
	if status, _ := lost.get("/console/me"); status != 303 {
		t.Errorf("the console that it opened answers %d", status)
	}
	other.want(200, "say something")(other.send("a", "还在吗"))
	for name, b := range all {
		heard[name].hears("还在吗", 10*time.Second)
		if status, _ := b.get("/console/me"); status != 200 {
			t.Errorf("%s: the console answers %d", name, status)
		}
		if status, _ := b.json("/api/pages", nil); status != 200 {
			t.Errorf("%s: the room answers %d", name, status)
		}
	}
}

// A secretary sees nothing of another branch; a form that others have made for them does
// nothing; every answer has the headers that protect it.
func TestPagesAreForWhomTheyConcern(t *testing.T) {
	t.Parallel()
	p := start(t, configure(t, fmt.Sprintf(factory, "")))
	b := p.enter("1001").console()
	own := p.number(`SELECT id FROM member WHERE staff = '1002'`)
	other := p.number(`SELECT id FROM member WHERE staff = '0002'`)
	b.want(200, "their own")(b.get(fmt.Sprintf("/console/u/b/members/%d", own)))
	pages := []string{"today", "members", "members/export", "members/export?type=csv", "accounts", "audit", "checkins", "content", "ledger",
		"ledger/export", "notices", "notices/new", "reports", "reports/export", "rounds", "schedules", "signups", "surveys", "units", "settings",
		"members/waiting", fmt.Sprintf("members/%d", other), "rounds/1", "checkins/1", "notices/1", "signups/1"}
	for _, unit := range []string{"a", "top", "nowhere"} {
		for _, page := range pages {
			if status, text := b.get("/console/u/" + unit + "/" + page); status != 403 && status != 404 || strings.Contains(text, "张三") {
				t.Errorf("%s of %s: %d", page, unit, status)
			}
		}
	}
	b.want(404, "a member of another branch under their own")(b.get(fmt.Sprintf("/console/u/b/members/%d", other)))

	remove := fmt.Sprintf("/console/u/b/members/%d", own)
	_, text := b.get(remove)
	var fields []string
	for _, m := range hidden.FindAllStringSubmatch(text, -1) {
		fields = append(fields, m[1], m[2])
	}
	form := url.Values{"do": {"remove"}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	forged := url.Values{"do": {"remove"}, "key": {"12345678901234567890"}, "csrf": {strings.Repeat("0", 64)}}
	for name, c := range map[string]struct {
		form    url.Values
		headers map[string]string
	}{
		"another token":   {forged, nil},
		"without a token": {url.Values{"do": {"remove"}}, nil},
		"another site":    {form, map[string]string{"Sec-Fetch-Site": "cross-site"}},
		"a sister site":   {form, map[string]string{"Sec-Fetch-Site": "same-site"}},
		"another origin":  {form, map[string]string{"Origin": "https://evil.example"}},
		"no origin":       {form, map[string]string{"Origin": "null"}},
	} {
		r, err := http.NewRequest("POST", "http://"+p.address+remove, strings.NewReader(c.form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range c.headers {
			r.Header.Set(k, v)
		}
		got, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != http.StatusForbidden {
			t.Errorf("a form with %s: %d", name, got.StatusCode)
		}
	}
	if n := p.number(`SELECT COUNT(*) FROM member WHERE staff = '1002' AND left_at IS NULL`); n != 1 {
		t.Error("a forged form has removed a member")
	}

	for _, path := range []string{"/enter", "/console/enter", "/console/me", "/console/u/a/members", "/"} {
		got, err := b.http.Get("http://" + p.address + path)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-store"} {
			if !strings.Contains(got.Header.Get(header), want) {
				t.Errorf("%s: %s is %q", path, header, got.Header.Get(header))
			}
		}
	}
	fresh := p.browser()
	r, err := fresh.http.PostForm("http://"+p.address+"/enter", url.Values{"code": {p.code("1002")}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	for _, c := range r.Cookies() {
		if !c.HttpOnly || c.SameSite == http.SameSiteNoneMode || c.SameSite == 0 {
			t.Errorf("the cookie is %v", c)
		}
	}
}
