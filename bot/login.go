package bot

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/skip2/go-qrcode"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
)

// logins are the codes by which accounts are logged in with a phone. Whoever
// scans one gives the account away, so they are shown to those only who run the
// program: in its terminal, as a file of theirs, on a page under an address
// that cannot be guessed.
type logins struct {
	terminal io.Writer
	dir      string // of the pictures
	base     string // of the addresses
	language string
	key      string
	state    func(chat.AccountID) chat.State
	here     func(chat.AccountID) bool               // this process has the account
	told     func(id chat.AccountID, picture []byte) // of each new code

	mu    sync.Mutex
	codes map[chat.AccountID][]byte // as PNG; nil: none is open now
	renew map[chat.AccountID]func()
}

// loginPath is where the pages are.
const loginPath = "/login/"

// picturePixels is the size of a code, large enough for a phone to read from a
// screen.
const picturePixels = 360

func newLogins(dir, base, language string) *logins {
	return &logins{terminal: io.Discard, dir: dir, base: base, language: language, key: rand.Text(),
		here:  func(chat.AccountID) bool { return true },
		codes: map[chat.AccountID][]byte{}, renew: map[chat.AccountID]func(){}}
}

// add lets an account be logged in here; renew asks for a new code.
func (l *logins) add(id chat.AccountID, renew func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renew[id] = renew
}

// address is the page of an account.
func (l *logins) address(id chat.AccountID) string {
	return l.base + loginPath + string(id) + "?key=" + l.key
}

// file is the picture of an account's code, for all processes.
func (l *logins) file(id chat.AccountID) string { return filepath.Join(l.dir, string(id)+"-qr.png") }

// show shows a new code; "" takes the last one away.
func (l *logins) show(id chat.AccountID, text string) error {
	file := l.file(id)
	if text == "" {
		l.keep(id, nil)
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	code, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return fmt.Errorf("draw the code of account %s: %w", id, err)
	}
	picture, err := code.PNG(picturePixels)
	if err != nil {
		return fmt.Errorf("draw the code of account %s: %w", id, err)
	}
	l.keep(id, picture)
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		return err
	}
	fmt.Fprintln(l.terminal, locale.Text(l.language, "login.scan", "Account", id))
	fmt.Fprint(l.terminal, code.ToSmallString(false))
	fmt.Fprintln(l.terminal, locale.Text(l.language, "login.or_page", "Link", l.address(id), "File", file))
	if l.told != nil {
		l.told(id, picture)
	}
	return nil
}

func (l *logins) keep(id chat.AccountID, picture []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.codes[id] = picture
}

// picture is the code that is open now, whichever process has the account; nil when none
// is.
func (l *logins) picture(id chat.AccountID) []byte {
	if !l.here(id) {
		picture, err := os.ReadFile(l.file(id))
		if err != nil {
			return nil
		}
		return picture
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codes[id]
}

// ask asks for a new code.
func (l *logins) ask(id chat.AccountID) {
	l.mu.Lock()
	renew := l.renew[id]
	l.mu.Unlock()
	if renew != nil {
		renew()
	}
}

// byPhone tells whether an account is logged in with a phone.
func (l *logins) byPhone(id chat.AccountID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renew[id] != nil
}

var loginPage = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>{{.Title}}</title></head>
<body style="font-family:system-ui,sans-serif;text-align:center;margin:3rem 1rem">
<h1 style="font-size:1.3rem">{{.Title}}</h1>
{{if .Picture}}<img src="{{.Picture}}" width="360" height="360" alt="{{.Title}}">{{end}}
<p>{{.Line}}</p></body></html>`))

// ServeHTTP shows the page of an account to whom has the key.
func (l *logins) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := chat.AccountID(r.PathValue("account"))
	l.mu.Lock()
	renew := l.renew[id]
	l.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("key")), []byte(l.key)) != 1 || renew == nil {
		http.NotFound(w, r)
		return
	}
	page := struct {
		Language, Title, Line string
		Picture               template.URL
	}{Language: l.language, Title: locale.Text(l.language, "login.scan", "Account", id)}
	switch picture := l.picture(id); {
	case l.state(id).Condition == chat.Online:
		page.Line = locale.Text(l.language, "login.done")
	case picture != nil:
		page.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture))
		page.Line = locale.Text(l.language, "login.whose")
	default:
		renew()
		page.Line = locale.Text(l.language, "login.wait")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'")
	_ = loginPage.Execute(w, page)
}
