package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"branchbot/bot/config"
)

// Whose word is taken for where a request comes from, and under which names the
// console is served.
func TestFront(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings   Settings
		from, host string
		headers    map[string]string
		want       string // "ADDRESS SCHEME", or the status
	}{
		"this machine":                  {from: "127.0.0.1:5", host: "127.0.0.1:8080", want: "127.0.0.1 "},
		"by name":                       {from: "127.0.0.1:5", host: "localhost:8080", want: "127.0.0.1 "},
		"DNS rebinding":                 {from: "127.0.0.1:5", host: "evil.example:8080", want: "421"},
		"its own address":               {settings: Settings{Address: "https://bot.example.org"}, from: "127.0.0.1:5", host: "bot.example.org", want: "127.0.0.1 https"},
		"another one":                   {settings: Settings{Address: "https://bot.example.org"}, from: "127.0.0.1:5", host: "evil.example", want: "421"},
		"forged without a proxy":        {from: "9.9.9.9:5", host: "localhost", headers: map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}, want: "9.9.9.9 "},
		"through the proxy":             {settings: Settings{Proxy: []string{"10.0.0.0/8"}}, from: "10.1.1.1:5", host: "bot.example.org", headers: map[string]string{"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}, want: "1.2.3.4 https"},
		"an undeclared proxy here":      {from: "127.0.0.1:5", host: "127.0.0.1:8080", headers: map[string]string{"X-Forwarded-For": "8.8.8.8"}, want: "0.0.0.0 "},
		"another header of it":          {from: "[::1]:5", host: "localhost", headers: map[string]string{"Forwarded": "for=8.8.8.8"}, want: "0.0.0.0 "},
		"through two":                   {settings: Settings{Proxy: []string{"10.0.0.0/8"}}, from: "10.1.1.1:5", host: "x", headers: map[string]string{"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.2.2.2"}, want: "1.2.3.4 "},
		"not through the proxy":         {settings: Settings{Proxy: []string{"10.0.0.5"}}, from: "10.0.0.6:5", host: "x", headers: map[string]string{"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}, want: "10.0.0.6 "},
		"nonsense through the proxy":    {settings: Settings{Proxy: []string{"10.0.0.5"}}, from: "10.0.0.5:5", host: "x", headers: map[string]string{"X-Forwarded-For": "<script>"}, want: "10.0.0.5 "},
		"a proxy, but the wrong name":   {settings: Settings{Proxy: []string{"10.0.0.5"}, Address: "https://bot.example.org"}, from: "10.0.0.5:5", host: "evil.example", want: "421"},
		"IPv6":                          {from: "[::1]:5", host: "[::1]:8080", want: "::1 "},
		"a name that begins like ours":  {from: "127.0.0.1:5", host: "127.0.0.1.evil.example", want: "421"},
		"a name that begins with local": {from: "127.0.0.1:5", host: "localhost.evil.example", want: "421"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			f := newFront(&c.settings, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = hostOf(r.RemoteAddr) + " " + r.URL.Scheme
				if r.Header.Get("X-Forwarded-For") != "" {
					t.Error("the header is handed on")
				}
			}))
			r := httptest.NewRequest(http.MethodGet, "/console/", nil)
			r.RemoteAddr, r.Host = c.from, c.host
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			if w.Code == http.StatusMisdirectedRequest {
				got = "421"
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A browser runs no script whose type is another, whatever the machine's registry says.
func TestTypesOfPages(t *testing.T) { // not parallel: types are the program's
	if err := mime.AddExtensionType(".js", "text/plain"); err != nil {
		t.Fatal(err)
	}
	registerTypes()
	if got := mime.TypeByExtension(".js"); got != "text/javascript; charset=utf-8" {
		t.Errorf("scripts are %q", got)
	}
}

// writeCertificate makes a certificate for a name in two files.
func writeCertificate(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What listens to other machines needs TLS or a proxy that is named.
func TestListen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeCertificate(t, dir, "bot.example.org")
	for text, want := range map[string]string{
		"listen: 127.0.0.1:8080\n":                                       "",
		"listen: \"[::1]:8080\"\n":                                       "",
		"listen: 0.0.0.0:8080\n":                                         "reachable from other machines",
		"listen: \":8080\"\n":                                            "reachable from other machines",
		"listen: 0.0.0.0:8080\nproxy: [10.0.0.5]\n":                      "",
		"listen: 0.0.0.0:8080\nproxy: [everybody]\n":                     "is no address",
		"listen: 0.0.0.0:8443\ntls: {cert: cert.pem, key: key.pem}\n":    "",
		"listen: 0.0.0.0:8443\ntls: {cert: cert.pem}\n":                  "write both",
		"listen: 0.0.0.0:8443\ntls: {cert: nothing.pem, key: key.pem}\n": "no such file",
		"listen: 0.0.0.0:8443\ntls: {cert: key.pem, key: cert.pem}\n":    "tls:",
		"listen: \"8080\"\n":                                             "write ADDRESS:PORT",
	} {
		f, err := config.Load(filepath.Join(dir, "config.yaml"), []byte(text), os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadSettings(f)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// A renewed certificate is used without a restart; half of one is not.
func TestCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	name := func() string {
		t.Helper()
		pair, err := c.get(&tls.ClientHelloInfo{})
		if err != nil {
			return err.Error()
		}
		return pair.Leaf.DNSNames[0]
	}
	if got := name(); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
	writeCertificate(t, dir, "one.example")
	if got := name(); got != "one.example" {
		t.Error(got)
	}
	writeCertificate(t, dir, "two.example")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(c.cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "two.example" {
		t.Error(got)
	}
	if err := os.WriteFile(c.cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "two.example" {
		t.Error(got)
	}
}
