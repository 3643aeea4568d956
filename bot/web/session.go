package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// session is a browser that was let in.
type session struct {
	ID      int64
	Member  int64
	Browser string
	Created time.Time
	Seen    time.Time

	openedBy int64 // the binding (package member) of the account that opened it; 0: none

	token string // the cookie; of the session of the request alone
	roles string
	flash string
}

// cookieName is of the kind that a browser takes from this host alone, over
// TLS; on this machine there may be none.
func cookieName(secure bool) string {
	if secure {
		return "__Host-console"
	}
	return "console"
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// form is what the forms of a session carry.
func (s *session) form() string { return hashOf("form:" + s.token) }

func (s *session) isForm(text string) bool {
	return subtle.ConstantTimeCompare([]byte(text), []byte(s.form())) == 1
}

// current is the session of a request with its member; errEnter when there is
// none that still holds.
func (s *Server) current(tx *store.Tx, r *http.Request) (*session, *engine.Member, error) {
	c, err := r.Cookie(cookieName(secure(r)))
	if err != nil || c.Value == "" {
		return nil, nil, errEnter
	}
	found, err := sessionOf(tx, hashOf(c.Value))
	if err != nil {
		return nil, nil, err
	}
	if found == nil || found.over(tx.Now) {
		return nil, nil, errEnter
	}
	found.token = c.Value
	m, err := s.Engine.Directory.Member(tx, found.Member)
	if err != nil {
		return nil, nil, err
	}
	if m == nil { // he has left
		return nil, nil, errEnter
	}
	roles, err := s.rolesText(tx, m.ID)
	if err != nil {
		return nil, nil, err
	}
	if roles != found.roles {
		return nil, nil, errEnter
	}
	return found, m, nil
}

func (s *session) over(now time.Time) bool {
	return now.Sub(s.Seen) > idle || now.Sub(s.Created) > absolute
}

// rolesText are the roles of a member in one text. With another one a session
// ends: who was given more, or less, comes in anew.
func (s *Server) rolesText(tx *store.Tx, id int64) (string, error) {
	granted, err := s.Roster.Granted(tx, id)
	if err != nil {
		return "", err
	}
	var words []string
	for _, unit := range slices.Sorted(maps.Keys(granted)) {
		words = append(words, unit+"="+strings.Join(granted[unit], "+"))
	}
	return strings.Join(words, " "), nil
}

// touch notes that the session is used, at most once a minute, and takes the
// flash that was shown.
func (s *Server) touch(r *Request) error {
	if r.Header.Get("X-Live") != "" { // the page asks by itself: nobody is at it
		return nil
	}
	if shown := r.flash != nil; !shown && r.Now.Sub(r.session.Seen) < time.Minute {
		return nil
	}
	return s.DB.Write(func(tx *store.Tx) error { return touchSession(tx, r.session.ID, r.session.flash) })
}

// admit makes a session for a member and returns the cookies of his browser; an
// earlier session of this browser ends.
func (s *Server) admit(tx *store.Tx, r *http.Request, v visitor) ([]*http.Cookie, error) {
	if c, err := r.Cookie(cookieName(secure(r))); err == nil {
		if err := endSession(tx, hashOf(c.Value)); err != nil {
			return nil, err
		}
	}
	if c, err := r.Cookie(knownCookie(secure(r))); err == nil {
		if err := dropKnown(tx, hashOf(c.Value)); err != nil {
			return nil, err
		}
	}
	if err := sweep(tx); err != nil {
		return nil, err
	}
	roles, err := s.rolesText(tx, v.Member)
	if err != nil {
		return nil, err
	}
	token, mark := rand.Text()+rand.Text(), rand.Text()+rand.Text()
	if err := addSession(tx, hashOf(token), v, roles, chat.Browser(r.UserAgent())); err != nil {
		return nil, err
	}
	if err := addKnown(tx, hashOf(mark), v.Member); err != nil {
		return nil, err
	}
	cookie := func(name, value string, life time.Duration) *http.Cookie {
		return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds())}
	}
	return []*http.Cookie{cookie(cookieName(secure(r)), token, absolute), cookie(knownCookie(secure(r)), mark, knownLife)}, nil
}

// secure tells whether the browser speaks TLS with us, or with a proxy of ours.
func secure(r *http.Request) bool { return r.TLS != nil || r.URL.Scheme == "https" }

// refPattern are ids and numbers: nothing else comes into the audit, whatever a
// form has in their place.
var refPattern = regexp.MustCompile(`^[\w:./-]{1,64}$`)

// Audit notes an act of the member, on the number or id ref.
func (r *Request) Audit(act, ref string) error {
	r.audited = true
	if !refPattern.MatchString(ref) {
		ref = ""
	}
	return r.server.DB.Write(func(tx *store.Tx) error {
		return addAudit(tx, r.Member.ID, r.Unit.ID, r.page.Path, act, ref)
	})
}

// prepare reads what every page shows around its own.
func (r *Request) prepare() (err error) {
	if r.session.flash != "" {
		r.flash = &flash{}
		if err := json.Unmarshal([]byte(r.session.flash), r.flash); err != nil {
			return fmt.Errorf("flash of session %d: %w", r.session.ID, err)
		}
	}
	if r.page.Pulse != nil {
		pulse, err := r.page.Pulse(r.Tx, r.Unit.ID)
		if err != nil {
			return err
		}
		r.seen = mark(pulse)
	}
	r.units, err = r.server.choose(r)
	return err
}

// Flash is what this page tells once; nil when nothing.
func (r *Request) Flash() *flash { return r.flash }
