package wechattest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
)

// What ends a session, as the real server says it.
const (
	retLoggedOut = 1100 // on the phone
	retElsewhere = 1101 // by another login, or too old
)

// login is the way from a code to a session.
type login struct {
	codes     int    // how many were made
	uuid      string // of the newest
	scanned   bool
	told      bool // the client was told that it is scanned
	confirmed bool
	expired   bool
	always    bool // each code is scanned and confirmed at once
	hasty     bool // that it is scanned is said again and again, at once
	uin       int  // of who scans; 0 = the bot's own
}

// selfUin is the number of the bot's own account.
const selfUin = 42

// ScanAs has another account scan from now on; 0 = the bot's own again.
func (s *Server) ScanAs(uin int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.uin = uin
}

// Hasten has a poll of a code that was scanned be answered at once.
func (s *Server) Hasten() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.hasty = true
	s.change()
}

// Scan has the person with the phone scan the newest code, as soon as there is
// one that is open.
func (s *Server) Scan(t testing.TB) {
	t.Helper()
	s.wait(t, "a code to scan", func() bool { return s.login.uuid != "" && !s.login.scanned && !s.login.expired })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.scanned = true
	s.change()
}

// Confirm has the person confirm the login on the phone, as soon as there is
// one to confirm.
func (s *Server) Confirm(t testing.TB) {
	t.Helper()
	s.wait(t, "a login to confirm", func() bool { return s.login.scanned && !s.login.confirmed })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.confirmed = true
	s.change()
}

// Expire lets the newest code grow too old.
func (s *Server) Expire(t testing.TB) {
	t.Helper()
	s.wait(t, "a code", func() bool { return s.login.uuid != "" && !s.login.expired })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.expired = true
	s.change()
}

// LoginAlways has every code scanned and confirmed at once, or no more.
func (s *Server) LoginAlways(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.always = yes
	s.change()
}

// LogOut ends the session as on the phone.
func (s *Server) LogOut() { s.End(retLoggedOut) }

// Kick ends the session as another login does.
func (s *Server) Kick() { s.End(retElsewhere) }

// End ends the session; each request is answered with ret from now on.
func (s *Server) End(ret int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ret = ret
	s.change()
}

// Codes is how many codes were made.
func (s *Server) Codes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login.codes
}

func (s *Server) newCode(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextCode(false)
	fmt.Fprintf(w, `window.QRLogin.code = 200; window.QRLogin.uuid = "%s";`, s.login.uuid)
}

// nextCode makes a code; the caller holds mu.
func (s *Server) nextCode(scanned bool) {
	n := s.login.codes + 1
	s.login = login{codes: n, uuid: fmt.Sprintf("code%d==", n), scanned: scanned, told: scanned, always: s.login.always,
		hasty: s.login.hasty, uin: s.login.uin}
	s.change()
}

func (s *Server) pollLogin(w io.Writer, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.login
	uuid := r.FormValue("uuid")
	ctx, cancel := waiting(r)
	defer cancel()
	s.await(ctx, func() bool {
		return l.uuid != uuid || l.expired || l.confirmed || l.scanned && (!l.told || l.hasty) || l.always
	})
	switch {
	case l.uuid != uuid || l.expired:
		fmt.Fprint(w, `window.code=400;`)
	case l.confirmed || l.always:
		l.scanned, l.confirmed = true, true
		fmt.Fprintf(w, "window.code=200;\nwindow.redirect_uri=\"https://%s/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=T%d&uuid=%s&scan=1\";", Host, l.codes, uuid)
	case l.scanned && (!l.told || l.hasty):
		l.told = true
		fmt.Fprint(w, `window.code=201;window.userAvatar = 'data:img/jpg;base64,';`)
	default:
		fmt.Fprint(w, `window.code=408;`)
	}
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.login.confirmed || r.FormValue("ticket") != fmt.Sprintf("T%d", s.login.codes) {
		fmt.Fprint(w, `<error><ret>1</ret><message>no such ticket</message></error>`)
		return
	}
	if r.Header.Get("extspam") == "" {
		fmt.Fprint(w, `<error><ret>1203</ret><message>为了你的帐号安全，此微信号不能登录网页微信</message></error>`)
		return
	}
	s.session++
	s.salt++
	s.acked = len(s.log)
	uin := strconv.Itoa(cmp.Or(s.login.uin, selfUin))
	s.ret, s.login = 0, login{codes: s.login.codes, always: s.login.always, hasty: s.login.hasty, uin: s.login.uin}
	for name, value := range map[string]string{"wxuin": uin, "wxsid": s.sid(), "webwx_data_ticket": s.ticket()} {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value, Domain: Host, Path: "/", Secure: true})
	}
	fmt.Fprintf(w, `<error><ret>0</ret><message></message><skey>@crypt_%d</skey><wxsid>%s</wxsid><wxuin>%s</wxuin>`+
		`<pass_ticket>pass%%2B%d</pass_ticket><isgrayscale>1</isgrayscale></error>`, s.session, s.sid(), uin, s.session)
}

func (s *Server) sid() string { return fmt.Sprintf("sid%d", s.session) }

func (s *Server) ticket() string { return fmt.Sprintf("ticket%d", s.session) }

// pushLogin asks the phone to confirm a login without a scan.
func (s *Server) pushLogin(w io.Writer, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := r.Cookie("wxuin"); err != nil || c.Value != strconv.Itoa(selfUin) || r.FormValue("uin") != c.Value || s.ret == retLoggedOut {
		fmt.Fprint(w, `{"ret":"1","msg":"all","uuid":""}`)
		return
	}
	s.nextCode(true)
	fmt.Fprintf(w, `{"ret":"0","msg":"all","uuid":"%s"}`, s.login.uuid)
}
