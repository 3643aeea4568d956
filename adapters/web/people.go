package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"branchbot/bot/chat"
)

// errStranger is somebody without a session.
var errStranger = errors.New("no session")

const cookieName = "branchbot"

// session is kept on the shelf under the hash of its token.
type session struct {
	User chat.UserID `json:"user"`
	Seen int64       `json:"seen"` // UTC milliseconds
}

func sessionKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "s/" + hex.EncodeToString(sum[:])
}

// who is the user of a request.
func (a *Adapter) who(r *http.Request) (Persona, error) {
	if a.Options.Personas {
		return a.persona(r)
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return Persona{}, errStranger
	}
	in, err := a.in()
	if err != nil {
		return Persona{}, err
	}
	key := sessionKey(c.Value)
	text, err := in.Get(r.Context(), key)
	if err != nil {
		return Persona{}, err
	}
	var s session
	now := a.Now()
	if text == nil || json.Unmarshal(text, &s) != nil || now.Sub(time.UnixMilli(s.Seen)) > idle {
		return Persona{}, errStranger
	}
	name, err := a.Door.Name(r.Context(), s.User)
	if err != nil {
		return Persona{}, err
	}
	if name == "" { // left the roster: the session is over
		return Persona{}, errors.Join(errStranger, in.Delete(r.Context(), key))
	}
	if now.Sub(time.UnixMilli(s.Seen)) > 24*time.Hour {
		s.Seen = now.UnixMilli()
		if err := putSession(r, in, key, s); err != nil {
			return Persona{}, err
		}
	}
	return Persona{User: s.User, Name: name}, nil
}

func putSession(r *http.Request, in chat.Inbox, key string, s session) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return in.Put(r.Context(), key, text)
}

// persona is the one that a tab of the sample asks for, at first an ordinary
// member.
func (a *Adapter) persona(r *http.Request) (Persona, error) {
	if as := chat.UserID(r.URL.Query().Get("as")); as != "" {
		name, err := a.Door.Name(r.Context(), as)
		if err == nil && name == "" {
			err = errStranger
		}
		return Persona{User: as, Name: name}, err
	}
	people, err := a.Door.Personas(r.Context())
	if err != nil {
		return Persona{}, err
	}
	for _, p := range people {
		if !p.Secretary {
			return p, nil
		}
	}
	return Persona{}, errStranger
}

// local tells whether a request was made at this machine, under a name of its
// own.
func local(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !net.ParseIP(remote).IsLoopback() {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || host == "[::1]" || ip != nil && ip.IsLoopback()
}

// enter spends a one-time code. It is a POST by a button, because link
// previews fetch every link that is sent.
func (a *Adapter) enter(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if !a.limits.allow("enter:"+host, a.Now()) || !a.limits.allow("enter", a.Now()) {
		http.Error(w, a.text("too_fast"), http.StatusTooManyRequests)
		return
	}
	in, err := a.in()
	if err != nil {
		a.fail(w, err)
		return
	}
	user := chat.UserID(rand.Text())
	_, ok, err := a.Door.Redeem(r.Context(), r.PostFormValue("code"), user)
	if err != nil {
		a.fail(w, err)
		return
	}
	if !ok {
		a.show(w, "enter.html", http.StatusForbidden, true)
		return
	}
	token := rand.Text() + rand.Text()
	if err := putSession(r, in, sessionKey(token), session{User: user, Seen: a.Now().UnixMilli()}); err != nil {
		a.fail(w, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: token, Path: "/", HttpOnly: true, Secure: a.Secure || r.TLS != nil,
		SameSite: http.SameSiteStrictMode, MaxAge: int(idle.Seconds())})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *Adapter) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil {
		in, err := a.in()
		if err == nil {
			err = in.Delete(r.Context(), sessionKey(c.Value))
		}
		if err != nil { // the session goes on: do not say otherwise
			a.fail(w, err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/enter", http.StatusSeeOther)
}

// limits are buckets by who: 20 at once, then five a second. Code attempts have
// their own, for one address and for all, at one a second.
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
		b = rate.NewLimiter(5, 20)
		if who == "enter" || len(who) > 6 && who[:6] == "enter:" {
			b = rate.NewLimiter(1, 10)
		}
		l.bucket[who] = b
	}
	return b.AllowN(now, 1)
}
