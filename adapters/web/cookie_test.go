package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Over TLS, to us or to a declared proxy, the cookie is one that no other host can
// set; sessions from before go on.
func TestCookieName(t *testing.T) {
	t.Parallel()
	a := &Adapter{}
	for scheme, want := range map[string]string{"": "branchbot", "https": "__Host-branchbot"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Scheme = scheme
		if got := a.cookieName(r); got != want || a.secured(r) != (scheme == "https") {
			t.Errorf("%q: %s, %v", scheme, got, a.secured(r))
		}
		r.AddCookie(&http.Cookie{Name: "branchbot", Value: "old"})
		if c, err := a.cookie(r); err != nil || c.Value != "old" {
			t.Errorf("%q: %v %v", scheme, c, err)
		}
		r.AddCookie(&http.Cookie{Name: "__Host-branchbot", Value: "new"})
		if c, err := a.cookie(r); err != nil || (c.Value == "new") != (scheme == "https") {
			t.Errorf("%q: %v %v", scheme, c, err)
		}
	}
}
