// Package telegramtest is a Telegram for tests: a server of the Bot API, and the
// people who use it.
//
// It speaks the documented protocol (core.telegram.org/bots/api): methods by
// JSON, form, multipart or query; updates by polling or webhook, delivered again
// until they are confirmed; one poller at a time; privacy mode; and Telegram's
// limits with its own error texts. It does not model channels, inline mode,
// stickers, payments, or how long Telegram keeps things. Error texts that the
// documentation does not give are those that users quote in public threads.
package telegramtest

import (
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options are what a server is made of.
type Options struct {
	Token    string // DefaultToken unless set
	Username string // branch_test_bot unless set
	// HearsAll switches privacy mode off.
	HearsAll bool
	// Limits has the server refuse what is sent too fast.
	Limits Limits
	// Forget keeps no messages, for benchmarks.
	Forget bool
	// Shown, if set, is told of each message as it is shown.
	Shown func(chat int64)
	Now   func() time.Time
}

// Limits are messages in a time; zero values mean no limit.
type Limits struct {
	AccountPerSecond int
	GroupPerMinute   int
	PrivatePerSecond int
}

// TelegramLimits are the published ones; see core.telegram.org/bots/faq.
var TelegramLimits = Limits{AccountPerSecond: 30, GroupPerMinute: 20, PrivatePerSecond: 1}

// DefaultToken is the token of a server that was given none.
const DefaultToken = "123456:test-TOKEN"

// botID is the user id of the bot.
const botID = 123456

// Server is the fake. Its methods may be called while it serves.
type Server struct {
	URL string // set by Start
	o   Options

	mu      sync.Mutex
	chats   map[int64]*Chat
	users   map[int64]User
	next    ids
	updates []waiting
	arrived chan struct{} // closed and made anew when an update is put in
	polling chan struct{} // closed when another poller comes
	webhook webhook
	allowed map[string]bool
	polls   map[string]*Message
	presses map[string]int64 // callback id → user
	toasts  map[int64][]string
	dates   map[int64]int64 // when people wrote their messages
	files   map[string][]byte
	menus   map[string]json.RawMessage
	sent    []time.Time // by the account, newest last
	faults  []Fault
	unseen  bool
	revoked bool
	tries   int // calls that send or edit
	answers int // to presses
	shown   int // messages
	uploads int
	limited int // refused for the rate
	down    func(method string) bool
	closing chan struct{}
	last    []byte // the update that was confirmed last
}

type ids struct{ update, message, file int64 }

// New makes a server that is not yet listening.
func New(o Options) *Server {
	if o.Token == "" {
		o.Token = DefaultToken
	}
	if o.Username == "" {
		o.Username = "branch_test_bot"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{o: o, chats: map[int64]*Chat{}, users: map[int64]User{}, next: ids{update: 1000}, arrived: make(chan struct{}),
		polling: make(chan struct{}), polls: map[string]*Message{}, presses: map[string]int64{}, toasts: map[int64][]string{}, dates: map[int64]int64{},
		files: map[string][]byte{}, menus: map[string]json.RawMessage{}, closing: make(chan struct{})}
}

// Start listens on a free port; the returned function ends it.
func (s *Server) Start() (stop func()) {
	h := httptest.NewServer(s)
	s.URL = h.URL
	return func() {
		close(s.closing)
		h.CloseClientConnections()
		h.Close()
	}
}

// Fault is something that goes wrong with the next call of a method.
type Fault struct {
	Methods []string // "" = any that sends or edits
	Kind    FaultKind
	After   int    // TooMany: retry_after
	Code    int    // Refuse, Broken, TakenThenBroken: the status
	Text    string // Refuse, TakenThenBroken: the description
}

// FaultKind is what goes wrong.
type FaultKind int

const (
	Drop            FaultKind = iota // the connection breaks before the call is read
	Lose                             // the call is done, the connection breaks
	Hang                             // the call is done, nothing is answered
	TooMany                          // 429
	Refuse                           // an error of the Bot API
	Broken                           // a page of HTML
	TakenThenBroken                  // the call is done, then as Broken; with Text, as an error of the Bot API
	Garble                           // the answer is cut
)

// Inject has the next call fail that the fault is for.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// senders are the methods that show something in a chat.
var senders = map[string]bool{"sendMessage": true, "sendPhoto": true, "sendDocument": true, "sendPoll": true,
	"editMessageText": true, "stopPoll": true}

func (s *Server) fault(method string) *Fault {
	if s.down != nil && s.down(method) {
		return &Fault{Kind: Broken, Code: 502}
	}
	for i, f := range s.faults {
		if f.forMethod(method) {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			return &f
		}
	}
	return nil
}

func (f Fault) forMethod(method string) bool {
	if len(f.Methods) == 0 {
		return senders[method]
	}
	for _, m := range f.Methods {
		if m == method {
			return true
		}
	}
	return false
}

// Revoke makes the token invalid.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
	s.wake()
}

// Tries counts the calls that send or edit, whatever came of them.
func (s *Server) Tries() int { s.mu.Lock(); defer s.mu.Unlock(); return s.tries }

// Answered counts the presses that were answered.
func (s *Server) Answered() int { s.mu.Lock(); defer s.mu.Unlock(); return s.answers }

// Uploads counts the files that were uploaded.
func (s *Server) Uploads() int { s.mu.Lock(); defer s.mu.Unlock(); return s.uploads }

// LoseFiles forgets all files.
func (s *Server) LoseFiles() { s.mu.Lock(); defer s.mu.Unlock(); clear(s.files) }

// Sends counts the messages that were sent.
func (s *Server) Sends() int { s.mu.Lock(); defer s.mu.Unlock(); return int(s.shown) }

// Limited counts the calls that were refused for their rate.
func (s *Server) Limited() int { s.mu.Lock(); defer s.mu.Unlock(); return s.limited }

// refused is an answer that is an error.
type refused struct {
	code       int
	text       string
	retryAfter int
	migrateTo  int64
}

func bad(text string) *refused       { return &refused{code: 400, text: "Bad Request: " + text} }
func forbidden(text string) *refused { return &refused{code: 403, text: "Forbidden: " + text} }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/file/bot"+s.o.Token+"/"); ok {
		s.file(w, path)
		return
	}
	token, method, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
	s.mu.Lock()
	if senders[method] {
		s.tries++
	}
	f := s.fault(method)
	s.mu.Unlock()
	if f != nil && f.Kind == Drop {
		hijack(w)
		return
	}
	result, refusal := s.handle(r, token, method, f)
	if f != nil {
		switch f.Kind {
		case Lose:
			hijack(w)
			return
		case Hang:
			select {
			case <-r.Context().Done():
			case <-s.closing:
			}
			return
		case TakenThenBroken:
			if f.Text != "" {
				answer(w, nil, &refused{code: f.Code, text: f.Text})
				return
			}
			fallthrough
		case Broken:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(f.Code)
			io.WriteString(w, "<html><body>out of order</body></html>")
			return
		case Garble:
			io.WriteString(w, `{"ok":true,"result":{"mess`)
			return
		}
	}
	answer(w, result, refusal)
}

func (s *Server) handle(r *http.Request, token, method string, f *Fault) (any, *refused) {
	p, err := params(r)
	s.mu.Lock()
	revoked := s.revoked
	s.mu.Unlock()
	do := methods[method]
	switch {
	case err != nil:
		return nil, bad("can't parse the request: " + err.Error())
	case revoked, token != s.o.Token && strings.Contains(token, ":"):
		return nil, &refused{code: 401, text: "Unauthorized"}
	case token != s.o.Token:
		return nil, &refused{code: 404, text: "Not Found"}
	case f != nil && f.Kind == TooMany:
		return nil, &refused{code: 429, text: "Too Many Requests: retry after " + strconv.Itoa(f.After), retryAfter: f.After}
	case f != nil && f.Kind == Refuse:
		return nil, &refused{code: f.Code, text: f.Text}
	case f != nil && f.Kind == Broken:
		return nil, nil // nothing is done
	case method == "getUpdates":
		return s.getUpdates(r.Context(), p)
	case do == nil:
		return nil, &refused{code: 404, text: "Not Found: method not found"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(s, p)
}

func answer(w http.ResponseWriter, result any, refusal *refused) {
	w.Header().Set("Content-Type", "application/json")
	if refusal == nil {
		if b, ok := result.(json.RawMessage); ok { // made already
			io.WriteString(w, `{"ok":true,"result":`)
			w.Write(b)
			io.WriteString(w, "}")
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"ok": true, "result": result})
		return
	}
	body := map[string]any{"ok": false, "error_code": refusal.code, "description": refusal.text}
	switch {
	case refusal.retryAfter > 0:
		body["parameters"] = map[string]any{"retry_after": refusal.retryAfter}
	case refusal.migrateTo != 0:
		body["parameters"] = map[string]any{"migrate_to_chat_id": refusal.migrateTo}
	}
	w.WriteHeader(refusal.code)
	json.NewEncoder(w).Encode(body)
}

// hijack breaks the connection.
func hijack(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
}

// values are a call's parameters, by name; what is no string is JSON.
type values struct {
	text  map[string]string
	files map[string]upload
}

type upload struct {
	name string
	data []byte
}

// params reads a call in any of the forms that the Bot API takes.
func params(r *http.Request) (values, error) {
	v := values{text: map[string]string{}, files: map[string]upload{}}
	add(v, r.URL.Query())
	kind, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) == 0 {
			return v, err
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			return v, err
		}
		for name, raw := range fields {
			v.text[name] = string(raw)
			if len(raw) > 0 && raw[0] == '"' {
				var s string
				if err := json.Unmarshal(raw, &s); err != nil {
					return v, err
				}
				v.text[name] = s
			}
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return v, err
		}
		add(v, r.PostForm)
	case "multipart/form-data":
		return v, multi(v, r, options["boundary"])
	}
	return v, nil
}

func add(v values, form url.Values) {
	for name, list := range form {
		v.text[name] = list[0]
	}
}

func multi(v values, r *http.Request, boundary string) error {
	if r.ContentLength == 0 || boundary == "" {
		return nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF || err != nil && err.Error() == "multipart: NextPart: EOF" { // no parts at all
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			v.files[part.FormName()] = upload{part.FileName(), data}
			continue
		}
		v.text[part.FormName()] = string(data)
	}
}

func (v values) number(name string) int64 {
	n, _ := strconv.ParseInt(v.text[name], 10, 64)
	return n
}

// decode reads a parameter that is JSON; false when it is there and wrong.
func (v values) decode(name string, into any) bool {
	return v.text[name] == "" || json.Unmarshal([]byte(v.text[name]), into) == nil
}

func (s *Server) file(w http.ResponseWriter, path string) {
	s.mu.Lock()
	data, ok := s.files[path]
	s.mu.Unlock()
	if !ok {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	w.Write(data)
}

// Interrupt ends the poll under way, as a network that goes.
func (s *Server) Interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.polling)
	s.polling = make(chan struct{})
}

// Outage has calls of the methods answered by 502 as long as down says so.
func (s *Server) Outage(down func() bool, methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = func(method string) bool { return down() && Fault{Methods: methods}.forMethod(method) }
}
