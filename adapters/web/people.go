package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
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

// secured tells whether the browser came over TLS, to us or to a proxy of ours.
func (a *Adapter) secured(r *http.Request) bool {
	return a.Secure || r.TLS != nil || r.URL.Scheme == "https"
}

// cookieName is the name of the cookie: over TLS one that no other host can set.
func (a *Adapter) cookieName(r *http.Request) string {
	if a.secured(r) {
		return "__Host-" + cookieName
	}
	return cookieName
}

// cookie is that of the session. Sessions from before the name had a prefix go on.
func (a *Adapter) cookie(r *http.Request) (*http.Cookie, error) {
	c, err := r.Cookie(a.cookieName(r))
	if err != nil {
		return r.Cookie(cookieName)
	}
	return c, nil
}

// who is the user of a request.
func (a *Adapter) who(r *http.Request) (Persona, error) {
	if a.Options.Personas {
		return a.persona(r)
	}
	c, err := a.cookie(r)
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
	name, err := a.Door.Session(r.Context(), s.User, browserOf(r))
	if err != nil {
		return Persona{}, err
	}
	if name == "" { // the session is over
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
	return in.Put(r.Context(), chat.Item{Key: key, Value: text})
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
	in, err := a.in()
	if err != nil {
		a.fail(w, err)
		return
	}
	user := chat.UserID(rand.Text())
	ok, err := a.Door.Redeem(r.Context(), r.PostFormValue("code"), user, browserOf(r))
	if err != nil {
		a.fail(w, err)
		return
	}
	if !ok { // only what is wrong is counted, for its address: a right code lets in whatever others try
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		if !a.limits.allow("enter:"+host, a.Now()) {
			http.Error(w, a.text("too_fast"), http.StatusTooManyRequests)
			return
		}
		a.show(w, "enter.html", http.StatusForbidden, true)
		return
	}
	token := rand.Text() + rand.Text()
	if err := putSession(r, in, sessionKey(token), session{User: user, Seen: a.Now().UnixMilli()}); err != nil {
		a.fail(w, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: a.cookieName(r), Value: token, Path: "/", HttpOnly: true, Secure: a.secured(r),
		SameSite: http.SameSiteStrictMode, MaxAge: int(absolute.Seconds())})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *Adapter) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := a.cookie(r); err == nil {
		if err := a.endSession(r, c.Value); err != nil { // it goes on: do not say otherwise
			a.fail(w, err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1})
	http.SetCookie(w, &http.Cookie{Name: a.cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, Secure: a.secured(r)})
	http.Redirect(w, r, "/enter", http.StatusSeeOther)
}

// endSession ends the session of a cookie, with its streams.
func (a *Adapter) endSession(r *http.Request, token string) error {
	in, err := a.in()
	if err != nil {
		return err
	}
	key := sessionKey(token)
	text, err := in.Get(r.Context(), key)
	if err != nil {
		return err
	}
	var s session
	if text == nil || json.Unmarshal(text, &s) != nil {
		return nil
	}
	if err := a.Door.Leave(r.Context(), s.User); err != nil {
		return err
	}
	if err := in.Delete(r.Context(), key); err != nil {
		return err
	}
	a.endStreams(s.User)
	return nil
}

// browserOf names the browser of a session, which always has a name.
func browserOf(r *http.Request) string { return cmp.Or(chat.Browser(r.UserAgent()), "?") }

// limits are buckets by who: 20 at once, then five a second. Wrong codes have their
// own, for one address, at one a second.
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
		if strings.HasPrefix(who, "enter:") {
			b = rate.NewLimiter(1, 10)
		}
		l.bucket[who] = b
	}
	return b.AllowN(now, 1)
}
