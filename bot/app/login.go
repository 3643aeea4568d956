package app

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

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
	zone     *time.Location // of the times on the page
	key      string
	state    func(chat.AccountID) chat.State
	here     func(chat.AccountID) bool               // this process has the account
	told     func(id chat.AccountID, picture []byte) // of each new code

	mu    sync.Mutex
	codes map[chat.AccountID][]byte // as PNG; nil: none is open now
	phone map[chat.AccountID]phoneAccount
}

// phoneAccount is an account that is logged in with a phone. Only what a person
// has done may call it: each try of a login may harm the account.
type phoneAccount interface {
	// Renew asks for a new code, or another try.
	Renew()
	// AcceptAccount agrees to the other account that somebody has scanned with.
	AcceptAccount()
}

// loginPath is where the pages are.
const loginPath = "/login/"

// picturePixels is the size of a code, large enough for a phone to read from a
// screen.
const picturePixels = 360

func newLogins(dir, base, language string) *logins {
	return &logins{terminal: io.Discard, dir: dir, base: base, language: language, zone: time.Local, key: rand.Text(),
		here:  func(chat.AccountID) bool { return true },
		codes: map[chat.AccountID][]byte{}, phone: map[chat.AccountID]phoneAccount{}}
}

// add lets an account be logged in here.
func (l *logins) add(id chat.AccountID, a phoneAccount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phone[id] = a
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

// renew is a person who asks for a new code, or another try.
func (l *logins) renew(id chat.AccountID) {
	if a := l.account(id); a != nil {
		a.Renew()
	}
}

// acceptAccount is a person who agrees to the other account that was scanned.
func (l *logins) acceptAccount(id chat.AccountID) {
	if a := l.account(id); a != nil {
		a.AcceptAccount()
	}
}

// account is nil for one that is not logged in with a phone.
func (l *logins) account(id chat.AccountID) phoneAccount {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phone[id]
}

// byPhone tells whether an account is logged in with a phone.
func (l *logins) byPhone(id chat.AccountID) bool { return l.account(id) != nil }

//go:embed login.html
var loginHTML string

var loginPage = template.Must(template.New("login").Parse(loginHTML))

// loginView is what the page shows.
type loginView struct {
	Language, Title string
	Lines           []string // what there is to know, the most important one first
	Warning         bool
	Picture         template.URL
	Refresh         bool // something may happen by itself
	Buttons         []loginButton
}

type loginButton struct {
	Do, Text string
	Quiet    bool // not what most people want
}

// ServeHTTP shows the page of an account to whom has the key, and does what they
// ask for. Only a press of a button does anything: the page is shown again by
// itself, and a tab may stay open for days.
func (l *logins) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := chat.AccountID(r.PathValue("account"))
	account := l.account(id)
	if subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("key")), []byte(l.key)) != 1 || account == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method == http.MethodPost {
		switch r.PostFormValue("do") {
		case "renew":
			account.Renew()
		case "accept":
			account.AcceptAccount()
		default:
			http.Error(w, "unknown button", http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	_ = loginPage.Execute(w, l.view(id))
}

// view is the page as the account is now.
func (l *logins) view(id chat.AccountID) loginView {
	text := func(key string, args ...any) string { return locale.Text(l.language, key, args...) }
	state, picture := l.state(id), l.picture(id)
	v := loginView{Language: l.language, Title: text("login.title", "Account", id), Refresh: true}
	renew := loginButton{Do: "renew", Text: text("login.renew")}
	switch {
	case state.Condition == chat.Online:
		v.Lines, v.Refresh = []string{text("login.done")}, false
	case picture != nil:
		v.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture))
		v.Lines = []string{state.Detail, text("login.whose")}
	case state.Condition == chat.Banned:
		v.Warning, v.Lines = true, []string{state.Detail, text("login.banned")}
		if !state.Until.IsZero() {
			v.Lines = slices.Insert(v.Lines, 1, text("login.earliest", "At", state.Until.In(l.zone).Format("2006-01-02 15:04")))
		}
		v.Buttons = []loginButton{{Do: "renew", Text: text("login.again"), Quiet: true}}
	case state.Reason == chat.OtherAccount:
		renew.Text = text("login.same")
		v.Warning, v.Lines = true, []string{state.Detail}
		v.Buttons = []loginButton{renew, {Do: "accept", Text: text("login.accept"), Quiet: true}}
	case state.Condition == chat.Connecting:
		v.Lines = []string{text("login.wait")}
	default:
		v.Lines, v.Buttons = []string{state.Detail}, []loginButton{renew}
	}
	v.Lines = slices.DeleteFunc(v.Lines, func(line string) bool { return line == "" })
	return v
}
