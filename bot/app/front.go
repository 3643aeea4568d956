package app

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"branchbot/bot/web"
)

// front stands before all pages: it finds out where a request really comes from,
// and refuses the console under names that are not ours.
type front struct {
	proxies networks
	secure  bool   // people come over TLS, which ends at a proxy on this machine
	name    string // the host of address:; "" when none is given
	open    bool   // without address: any name is ours, since TLS or a proxy vouches for it
	next    http.Handler
}

func newFront(s *Settings, next http.Handler) *front {
	f := &front{next: next, proxies: networksOf(s.Proxy), open: s.TLS.Cert != "" || len(s.Proxy) > 0}
	if a, err := url.Parse(s.Address); err == nil && s.Address != "" {
		f.name = a.Hostname()
		f.secure = a.Scheme == "https" && len(s.Proxy) == 0
	}
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w = newPaced(w, pieceTime)
	secure := f.secure || r.TLS != nil
	if f.proxies.contain(hostOf(r.RemoteAddr)) {
		if from := f.client(r.Header.Values("X-Forwarded-For")); from != "" {
			r.RemoteAddr = net.JoinHostPort(from, "0")
		}
		secure = secure || r.Header.Get("X-Forwarded-Proto") == "https"
	}
	passedOn := false
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-Ip", "Via"} {
		passedOn = passedOn || r.Header.Get(name) != ""
		r.Header.Del(name) // what is behind this need not think of them
	}
	if passedOn && isLoopback(hostOf(r.RemoteAddr)) { // by a proxy on this machine that is not declared: from anywhere
		r.RemoteAddr = "0.0.0.0:0"
	}
	r.URL.Scheme = "" // a request line may name one
	if secure {
		r.URL.Scheme = "https"
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	if strings.HasPrefix(r.URL.Path, web.Root) && !f.isOurs(hostOf(r.Host)) {
		http.Error(w, "unknown host", http.StatusMisdirectedRequest)
		return
	}
	f.next.ServeHTTP(w, r)
}

// isOurs tells whether the console may be asked for under a name. A foreign page
// could otherwise reach it on this machine through a name that points here.
func (f *front) isOurs(host string) bool {
	return isLoopback(host) || f.name != "" && strings.EqualFold(host, f.name) || f.name == "" && f.open
}

// networks are addresses of other machines, and whole networks.
type networks []netip.Prefix

func networksOf(texts []string) (all networks) {
	for _, text := range texts {
		p, _ := network(text) // ReadSettings has refused others
		all = append(all, p)
	}
	return all
}

func (n networks) contain(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// client is where a request came from to the first of our proxies: what stands
// before that in the header anybody may have written.
func (f *front) client(headers []string) string {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return ""
		}
		if !f.proxies.contain(a.String()) {
			return a.Unmap().String()
		}
	}
	return ""
}

// hostOf is an address or name without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// certificate reads the files of tls: again when they have changed, as they do
// when they are renewed.
type certificate struct {
	cert, key string
	mu        sync.Mutex
	read      time.Time // when the file was last changed, as it was read
	pair      *tls.Certificate
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if err == nil && (c.pair == nil || !info.ModTime().Equal(c.read)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.pair, c.read = &pair, info.ModTime()
		}
	}
	if c.pair == nil {
		return nil, err
	}
	return c.pair, nil // a half-written new one: the old one goes on
}
