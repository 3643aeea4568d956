package console

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
// begin with.
func Link(tx *store.Tx, base string, member int64, first bool) (string, error) {
	word := rand.Text() // 130 bits
	life := linkLife
	if first {
		life = firstLinkLife
	}
	if err := addLink(tx, hashOf(word), member, life); err != nil {
		return "", err
	}
	return base + Root + "enter?key=" + word, nil
}

// entry is what the page of the entry shows.
type entry struct {
	Key   string // of the link that led here
	Wrong string // why it did not work
}

// enterPage asks for a press of a button: what fetches links by itself, as
// previews do, spends nothing.
func (s *Server) enterPage(w http.ResponseWriter, hr *http.Request) {
	s.showEntry(s.stranger(w, hr), http.StatusOK, entry{Key: hr.URL.Query().Get("key")})
}

func (s *Server) showEntry(r *Request, status int, e entry) {
	r.page = page{path: "enter", title: "console.title.enter", view: "enter"}
	if len(e.Key) > 64 {
		e.Key = ""
	}
	r.Data = e
	var out bytes.Buffer
	if err := templates["enter"].Execute(&out, r); err != nil {
		r.fail(err)
		return
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(status)
	_, _ = r.w.Write(out.Bytes())
}

// enter lets a browser in.
func (s *Server) enter(w http.ResponseWriter, hr *http.Request) {
	r := s.stranger(w, hr)
	hr.Body = http.MaxBytesReader(w, hr.Body, 4096)
	if !s.entries.allow("link:"+addressOf(hr), r.Now) || !s.entries.allow("links", r.Now) {
		s.showEntry(r, http.StatusTooManyRequests, entry{Wrong: "console.too_fast"})
		return
	}
	var cookie *http.Cookie
	err := s.DB.Write(func(tx *store.Tx) error {
		id, err := spendLink(tx, hashOf(hr.PostFormValue("key")))
		if err != nil || id == 0 {
			return err
		}
		if m, err := s.Engine.Directory.Member(tx, id); err != nil || m == nil {
			return err
		}
		cookie, err = s.admit(tx, hr, id)
		return err
	})
	switch {
	case err != nil:
		r.fail(err)
	case cookie == nil:
		s.showEntry(r, http.StatusForbidden, entry{Wrong: "console.link_spent"})
	default:
		http.SetCookie(w, cookie)
		http.Redirect(w, hr, Root, http.StatusSeeOther)
	}
}

// own is a handler of a form that is not about a unit.
func (s *Server) own(do func(*Request) error) http.HandlerFunc {
	return s.inUnit(page{path: "leave", own: true, post: do})
}

// leave ends the session.
func (s *Server) leave(r *Request) error {
	if err := s.DB.Write(func(tx *store.Tx) error { return endSession(tx, hashOf(r.session.token)) }); err != nil {
		return err
	}
	http.SetCookie(r.w, &http.Cookie{Name: cookieName(secure(r.Request)), Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure(r.Request)})
	return r.redirect(Root + "enter")
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
