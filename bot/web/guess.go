package web

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"branchbot/store"
)

// guesses slow down who tries passwords, without locking the owner out:
//   - from one address for one account, each wrong one doubles the wait;
//   - for one account from everywhere, a few an hour, but a browser in which the
//     member has been before has its own count;
//   - a link from the chat always works.
type guesses struct {
	mu      sync.Mutex
	waits   map[string]wait
	account map[string]*rate.Limiter
}

type wait struct {
	failures int
	until    time.Time
}

const (
	longestWait  = 15 * time.Minute
	perAccount   = 10 // wrong passwords at once from browsers that are not known
	accountEvery = 6 * time.Minute
)

func guessKey(staff, address string) string { return staff + "|" + address }

// accountKey is the count of an account for browsers that are not known, or the
// one of a known browser.
func accountKey(staff, known string) string { return staff + "|" + known }

// may tells whether another password may be tried now.
func (g *guesses) may(staff, address, known string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.waits[guessKey(staff, address)].until) {
		return false
	}
	l := g.account[accountKey(staff, known)]
	return l == nil || l.TokensAt(now) >= 1
}

func (g *guesses) wrong(staff, address, known string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waits == nil || len(g.waits) > 10_000 || len(g.account) > 10_000 { // strangers must not fill the memory
		g.waits, g.account = map[string]wait{}, map[string]*rate.Limiter{}
	}
	w := g.waits[guessKey(staff, address)]
	w.failures++
	if w.failures > 2 { // one mistypes
		w.until = now.Add(min(time.Second<<min(w.failures-2, 20), longestWait))
	}
	g.waits[guessKey(staff, address)] = w
	key := accountKey(staff, known)
	if g.account[key] == nil {
		g.account[key] = rate.NewLimiter(rate.Every(accountEvery), perAccount)
	}
	g.account[key].AllowN(now, 1)
}

func (g *guesses) right(staff, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.waits, guessKey(staff, address))
}

// knownCookie marks a browser in which a member has been.
func knownCookie(secure bool) string {
	if secure {
		return "__Host-console-known"
	}
	return "console-known"
}

// knows is the mark of a browser in which the member with a staff number has
// been before; "" for any other.
func (s *Server) knows(r *http.Request, staff string) string {
	c, err := r.Cookie(knownCookie(secure(r)))
	if err != nil || c.Value == "" {
		return ""
	}
	hash := hashOf(c.Value)
	err = s.DB.Read(func(tx *store.Tx) error {
		m, err := s.Roster.ByStaff(tx, staff)
		if err != nil || m == nil {
			hash = ""
			return err
		}
		is, err := isKnown(tx, hash, m.ID)
		if !is {
			hash = ""
		}
		return err
	})
	if err != nil {
		return ""
	}
	return hash
}
