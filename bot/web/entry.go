package web

import (
	"bytes"
	"crypto/rand"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"branchbot/store"
)

// Link makes the address of a page that lets a member in once: for five
// minutes, or longer when it is printed in a terminal. base is what addresses
// begin with, opened the binding (package member) of the account that asks for it; 0:
// the program's own command.
func Link(tx *store.Tx, base string, member, opened int64, first bool) (string, error) {
	key, err := Key(tx, member, opened, first)
	return base + Root + "enter?key=" + key, err
}

// Key is what such an address ends in, of 130 bits.
func Key(tx *store.Tx, member, opened int64, first bool) (string, error) {
	key, life := rand.Text(), linkLife
	if first {
		life = firstLinkLife
	}
	return key, addLink(tx, hashOf(key), member, opened, life)
}

// entry is what the page of the entry shows.
type entry struct {
	Key      string // of the link that led here
	Wrong    string // why it did not work
	Password bool   // he tried with one
}

// enterPage asks for a press of a button: what fetches links by itself, as
// previews do, spends nothing.
func (s *Server) enterPage(w http.ResponseWriter, hr *http.Request) {
	s.showEntry(s.stranger(w, hr), http.StatusOK, entry{Key: hr.URL.Query().Get("key")})
}

func (s *Server) showEntry(r *Request, status int, e entry) {
	r.page = Page{Path: "enter", Title: "console.title.enter"}
	if len(e.Key) > 64 {
		e.Key = ""
	}
	r.Data = e
	var out bytes.Buffer
	if err := views.Of("enter").tmpl.Execute(&out, r); err != nil {
		r.fail(err)
		return
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(status)
	_, _ = r.w.Write(out.Bytes())
}

// enter lets a browser in, by the key of a link or by a password.
func (s *Server) enter(w http.ResponseWriter, hr *http.Request) {
	r := s.stranger(w, hr)
	hr.Body = http.MaxBytesReader(w, hr.Body, 4096)
	if hr.PostFormValue("staff") != "" {
		s.enterByPassword(r)
		return
	}
	key := hashOf(hr.PostFormValue("key"))
	good := false
	err := s.DB.Read(func(tx *store.Tx) (err error) { // a good key lets in whatever others try
		good, err = isLink(tx, key)
		return err
	})
	switch {
	case err != nil:
		r.fail(err)
	case !good && !s.limits.allow("link:"+addressOf(hr), r.Now):
		s.showEntry(r, http.StatusTooManyRequests, entry{Wrong: "console.too_fast"})
	case !good:
		s.showEntry(r, http.StatusForbidden, entry{Wrong: "console.link_spent"})
	default:
		s.letIn(r, func(tx *store.Tx) (visitor, error) { return spendLink(tx, key) }, entry{Wrong: "console.link_spent"})
	}
}

// visitor is a member who is to be let in, and the binding of the account that opened
// the way.
type visitor struct {
	Member, OpenedBy int64
}

// letIn makes a session for the member whom find finds; else it shows what is
// wrong.
func (s *Server) letIn(r *Request, find func(*store.Tx) (visitor, error), wrong entry) {
	var cookies []*http.Cookie
	err := s.DB.Write(func(tx *store.Tx) error {
		cookies = nil
		v, err := find(tx)
		if err != nil || v.Member == 0 {
			return err
		}
		m, err := s.Engine.Directory.Member(tx, v.Member)
		if err != nil || m == nil {
			return err
		}
		if cookies, err = s.admit(tx, r.Request, v); err != nil {
			return err
		}
		return addAudit(tx, m.ID, m.Unit, "enter", "enter", "")
	})
	switch {
	case err != nil:
		r.fail(err)
	case cookies == nil:
		s.showEntry(r, http.StatusForbidden, wrong)
	default:
		for _, c := range cookies {
			http.SetCookie(r.w, c)
		}
		http.Redirect(r.w, r.Request, Root, http.StatusSeeOther)
	}
}

// own is a handler of a form that is not about a unit.
func (s *Server) own(do func(*Request) error) http.HandlerFunc {
	return s.inUnit(Page{Path: "leave", Own: true, Post: do})
}

// leave ends the session.
func (s *Server) leave(r *Request) error {
	if err := s.DB.Write(func(tx *store.Tx) error { return endSession(tx, hashOf(r.session.token)) }); err != nil {
		return err
	}
	http.SetCookie(r.w, &http.Cookie{Name: cookieName(secure(r.Request)), Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure(r.Request)})
	return r.Redirect(Root + "enter")
}

// addressOf is where a request comes from.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// limits are buckets by who: ten at once, then one every two seconds.
type limits struct {
	mu     sync.Mutex
	bucket map[string]*rate.Limiter
}

func (l *limits) allow(who string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bucket == nil || len(l.bucket) > 10_000 {
		l.bucket = map[string]*rate.Limiter{}
	}
	b := l.bucket[who]
	if b == nil {
		b = rate.NewLimiter(rate.Every(2*time.Second), 10)
		l.bucket[who] = b
	}
	return b.AllowN(now, 1)
}
