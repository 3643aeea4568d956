package web_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"branchbot/store"
)

// wait moves the clock, as a script's line does.
func (d *desk) wait(by time.Duration) {
	d.t.Helper()
	d.Clock.Set(d.Clock.Now().Add(by))
}

// sql changes the database as another part of the program would.
func (d *desk) sql(statement string, args ...any) {
	d.t.Helper()
	err := d.DB.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func key(link string) string {
	_, key, _ := strings.Cut(link, "?key=")
	return key
}

// in tells whether a browser is let in.
func (b *client) in() bool {
	b.desk.t.Helper()
	_, text := b.get("/console/me")
	return strings.Contains(text, "已登录的设备")
}

// ASVS 6.3.1, 6.6.3, 7.2.4: a link lets in once, within five minutes, and not
// who only fetches it.
func TestLink(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	link := d.link("0001")
	if n := len(key(link)); n < 26 { // letters of base32: 130 bits
		t.Errorf("the key of a link has %d letters", n)
	}
	preview := d.browser()
	for range 3 {
		if _, text := preview.get(strings.TrimPrefix(link, d.server.URL)); !strings.Contains(text, "点一下按钮就进入") || preview.in() {
			t.Error("a link that is fetched is spent, or lets in")
		}
	}
	person := d.browser()
	person.post("/console/enter", url.Values{"key": {key(link)}})
	if !person.in() {
		t.Fatal("the button does not let in")
	}
	second := d.browser()
	if status, text := second.post("/console/enter", url.Values{"key": {key(link)}}); status != http.StatusForbidden || second.in() {
		t.Errorf("a link works twice: %d\n%s", status, text)
	}
	late := d.link("0001")
	d.wait(5*time.Minute + time.Second)
	if status, _ := second.post("/console/enter", url.Values{"key": {key(late)}}); status != http.StatusForbidden || second.in() {
		t.Errorf("a link works after five minutes: %d", status)
	}
	older, newer := d.link("0001"), d.link("0001")
	if status, _ := second.post("/console/enter", url.Values{"key": {key(older)}}); status != http.StatusForbidden {
		t.Error("an older link works beside the newer one")
	}
	second.post("/console/enter", url.Values{"key": {key(newer)}})
	if !second.in() {
		t.Error("the newest link does not work")
	}
	d.wait(time.Minute)
	for _, forged := range []string{"", "x", strings.Repeat("A", 26), "' OR 1=1 --", strings.Repeat("A", 4000)} {
		stranger := d.browser()
		if stranger.post("/console/enter", url.Values{"key": {forged}}); stranger.in() {
			t.Errorf("%q lets in", forged)
		}
	}
}

// ASVS 6.3.1: who guesses is slowed down.
func TestLinkGuessing(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.browser()
	status := 0
	for range 11 {
		status, _ = b.post("/console/enter", url.Values{"key": {"guess"}})
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the eleventh guess gets %d", status)
	}
	d.wait(time.Minute)
	if b = d.enter("0001"); !b.in() {
		t.Error("a minute later nobody gets in")
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	said, err := d.Play(t, "@ 2026-12-01 09:00\n书记: /后台\n路人: /后台\n")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, said, "→ 王敏 ◀ 点开后按“进入”")
	for line := range strings.Lines(said) {
		if strings.Contains(line, "enter?key=") && strings.Contains(line, "示范党支部 ◀") {
			t.Errorf("a link is shown to the group: %s", line)
		}
	}
	_, after, _ := strings.Cut(said, "enter?key=")
	spent, _, _ := strings.Cut(after, "\n")
	b := d.browser()
	if b.post("/console/enter", url.Values{"key": {spent}}); !b.in() {
		t.Errorf("the link %q does not let in:\n%s", spent, said)
	}
}

// ASVS 7.3.1, 7.3.2, 7.4.1 to 7.4.5: when a session ends.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(d *desk, b *client){
		"idle for half an hour": func(d *desk, _ *client) { d.wait(31 * time.Minute) },
		"twelve hours, in use": func(d *desk, b *client) {
			for range 37 {
				d.wait(20 * time.Minute)
				b.get("/console/me")
			}
		},
		"a page that asks by itself is no use": func(d *desk, b *client) {
			for range 2 {
				d.wait(20 * time.Minute)
				req, _ := http.NewRequest(http.MethodGet, d.server.URL+"/console/u/demo/today", nil)
				req.Header.Set("X-Live", "1")
				b.do(req)
			}
		},
		"sign out": func(_ *desk, b *client) { b.post("/console/leave", b.form("/console/me")) },
		"the member left": func(d *desk, _ *client) {
			d.sql(`UPDATE member SET left_at = 1 WHERE staff = '0001'`)
		},
		"he lost his role":  func(d *desk, _ *client) { d.sql(`DELETE FROM role`) },
		"he got a new role": func(d *desk, _ *client) { d.sql(`INSERT INTO role VALUES (1, 'demo', 'leader', 'config', 1)`) },
		"revoked from another browser": func(d *desk, b *client) {
			other := d.enter("0001")
			form := other.form("/console/me")
			form.Set("do", "end")
			form.Set("session", "0")
			other.post("/console/me", form)
			if !other.in() {
				d.t.Error("the browser that ends the others is out itself")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, "")
			b := d.enter("0001")
			kept := b.cookies()
			d.wait(29 * time.Minute)
			if !b.in() {
				t.Fatal("the session is over already")
			}
			end(d, b)
			b.Jar = kept // also for one who has kept the cookie
			if b.in() {
				t.Error("the session goes on")
			}
		})
	}
}

// cookies are a copy of the browser's.
func (b *client) cookies() http.CookieJar {
	at, err := url.Parse(b.desk.server.URL)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.desk.t.Fatal(err)
	}
	jar.SetCookies(at, b.Jar.Cookies(at))
	return jar
}

// ASVS 3.3.1 to 3.3.4, 7.2.4: what the cookie is like, in the clear on this
// machine and over TLS.
func TestCookie(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	for _, tls := range []bool{false, true} {
		var tokens []string
		for range 2 {
			req := httptest.NewRequest(http.MethodPost, "/console/enter", strings.NewReader(url.Values{"key": {key(d.link("0001"))}}.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if req.URL.Scheme = "http"; tls {
				req.URL.Scheme = "https"
			}
			for _, token := range tokens {
				req.Header.Add("Cookie", token)
			}
			w := httptest.NewRecorder()
			d.Console.Handler().ServeHTTP(w, req)
			cookies := w.Result().Cookies()
			if len(cookies) != 2 {
				t.Fatalf("%d cookies", len(cookies))
			}
			for _, c := range cookies {
				if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != tls ||
					strings.HasPrefix(c.Name, "__Host-") != tls || len(c.Value) < 26 {
					t.Errorf("TLS %v: %s", tls, c)
				}
			}
			session := cookies[0].Name + "=" + cookies[0].Value
			if len(tokens) > 0 && tokens[0] == session {
				t.Error("two logins have one token")
			}
			tokens = append(tokens, session)
		}
	}
}

// password gives a member a password at his page.
func (b *client) password(before, password string) (int, string) {
	form := b.form("/console/me")
	form.Set("do", "password")
	form.Set("before", before)
	form.Set("password", password)
	form.Set("again", password)
	return b.post("/console/me", form)
}

func (b *client) login(staff, password string) int {
	status, _ := b.post("/console/enter", url.Values{"staff": {staff}, "password": {password}})
	return status
}

const good = "南湖红船 1921 启航"

func TestPassword(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	b := d.enter("0001")
	for _, weak := range []string{"short", "aaaaaaaaaaaaaaaa", "123456789012", "qwertyuiopas", "I am number 0001!", "王敏的密码是这一个好不好", strings.Repeat("长", 129)} {
		if status, text := b.password("", weak); status != http.StatusBadRequest {
			t.Errorf("%q is taken: %d\n%s", weak, status, text)
		}
	}
	if d.browser().login("0001", "aaaaaaaaaaaaaaaa") == http.StatusOK {
		t.Error("a weak password lets in")
	}
	d.wait(time.Minute)
	elsewhere := d.enter("0001")
	if _, text := b.password("", good); !strings.Contains(text, "密码已保存") {
		t.Fatalf("not saved:\n%s", text)
	}
	if elsewhere.in() {
		t.Error("another session outlives the change of the password")
	}
	stored := d.Rows(t, `SELECT hash FROM console_password`)
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(stored, good) {
		t.Errorf("stored as %s", stored)
	}
	if fresh := d.browser(); fresh.login("0001", good) != http.StatusOK || !fresh.in() {
		t.Error("the password does not let in")
	}
	if status, _ := b.password("wrong", good+"!"); status != http.StatusForbidden {
		t.Errorf("changed without the present one: %d", status)
	}
	if status, _ := b.password(good, good+"!"); status != http.StatusOK {
		t.Errorf("not changed with the present one: %d", status)
	}
	for staff, password := range map[string]string{"0001": good, "0002": good, "9999": good, "0003": ""} {
		if fresh := d.browser(); fresh.login(staff, password) == http.StatusOK || fresh.in() {
			t.Errorf("%s gets in with %q", staff, password)
		}
	}
}

// ASVS 6.1.1, 6.3.1: guessing takes for ever, and the owner is never locked out.
func TestPasswordGuessing(t *testing.T) {
	t.Parallel()
	d := open(t, "")
	owner := d.enter("0001")
	owner.password("", good)
	attacker := d.browser()
	tried := 0
	for range 4 * 60 { // four hours, a guess a minute, from one address
		d.wait(time.Minute)
		if attacker.login("0001", "a wrong password") == http.StatusForbidden {
			tried++
		}
	}
	if tried > 30 { // a dozen until a try costs a quarter of an hour, then four an hour
		t.Errorf("%d guesses were tried in four hours", tried)
	}
	if tried < 3 {
		t.Errorf("only %d guesses were tried: is the rig right?", tried)
	}
	owner.post("/console/leave", url.Values{})
	d.wait(15 * time.Minute)
	if owner.login("0001", good) != http.StatusOK {
		t.Error("the owner is locked out of the browser that he has always used")
	}
	if other := d.enter("0001"); !other.in() {
		t.Error("the owner is locked out with a link")
	}
}
