package attack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"branchbot/bot/cli"
	"branchbot/bot/roster"
	"branchbot/store"
)

// long asks for more rounds.
var long = os.Getenv("BRANCHBOT_TEST_ATTACK") == "long"

// secret stands in the environment of every program that is started.
const secret = "the-secret-of-the-environment"

// asProgram makes the test binary the program.
const asProgram = "BRANCHBOT_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM) // as main does
	defer stop()
	os.Exit(cli.Main(ctx, cli.Program{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env: os.LookupEnv, Ready: func(address string) { fmt.Println("ready", address) }}))
}

// factory is a unit with two branches below.
const factory = `listen: 127.0.0.1:0
conduct: {quiet_hours: "off"}
accounts:
  - {id: web, platform: web}
%s
units:
  - {id: top, name: 动力厂党总支, members: [{name: 周书记, staff: F001, roles: [secretary]}]}
  - id: a
    name: 甲支部
    parent: top
    chats: [web:a]
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003"}
      - {name: 陈静, staff: "0004"}
  - id: b
    name: 乙支部
    parent: top
    chats: [web:b]
    members:
      - {name: 冯唐, staff: "1001", roles: [secretary]}
      - {name: 褚遂, staff: "1002"}
points: {rules: [{id: check-in, on: checkin.on_time, points: 1, cap: {day: 1}}]}
`

// configure writes a configuration into a folder of its own; its name is returned.
func configure(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// databaseOf is the database of a configuration.
func databaseOf(config string) string {
	return filepath.Join(filepath.Dir(config), "data", "branchbot.db")
}

func program(ctx context.Context, config string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], append(args, "--config", config)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "ATTACK_SECRET="+secret)
	return cmd
}

// command runs a command of the program.
func command(t *testing.T, config string, args ...string) (said string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := program(ctx, config, args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// running is the program in a process of its own.
type running struct {
	t       *testing.T
	config  string
	address string
	cmd     *exec.Cmd
}

func start(t *testing.T, config string) *running {
	t.Helper()
	p := &running{t: t, config: config, cmd: program(context.Background(), config)}
	var errs bytes.Buffer
	p.cmd.Stderr = &errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		if address, ok := strings.CutPrefix(scan.Text(), "ready "); ok {
			p.address = address
			go func() { _, _ = io.Copy(io.Discard, out) }() // keep the pipe empty
			b := p.browser()
			for {
				if _, health := b.get("/healthz"); strings.Contains(health, `"web":"online"`) {
					return p
				}
				<-time.After(10 * time.Millisecond)
			}
		}
	}
	_ = p.cmd.Wait()
	t.Fatalf("the program did not start: %s", errs.String())
	return nil
}

func (p *running) stop() {
	if p.cmd.ProcessState == nil {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil { // Windows knows no such thing
			_ = p.cmd.Process.Kill()
		}
		_ = p.cmd.Wait()
	}
}

// beside works on the database beside the program.
func (p *running) beside(f func(tx *store.Tx) error) {
	p.t.Helper()
	db, err := store.Open(p.t.Context(), "sqlite:"+databaseOf(p.config), store.Options{Shared: true})
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	if err := db.Write(f); err != nil {
		p.t.Fatal(err)
	}
}

// number is the result of a query.
func (p *running) number(query string, args ...any) (n int64) {
	p.t.Helper()
	p.beside(func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	return n
}

// code makes a join code, as branchbot invite does.
func (p *running) code(staff string) (code string) {
	p.t.Helper()
	p.beside(func(tx *store.Tx) error {
		m, err := roster.ByStaff(tx, staff)
		if err == nil {
			code, err = roster.Code(tx, m.ID, roster.Maker{})
		}
		return err
	})
	return code
}

// browser keeps its cookies and follows no redirect.
type browser struct {
	*running
	http http.Client
	sent atomic.Int64
}

func (p *running) browser() *browser { return p.browserAt("127.0.0.1") }

// browserAt is a browser of another address of this machine.
func (p *running) browserAt(address string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	dial := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &browser{running: p, http: http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dial.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// do makes a request; the status is 0 when there is no answer.
func (b *browser) do(method, path, kind, body string) (status int, answer string) {
	r, err := http.NewRequest(method, "http://"+b.address+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	got, err := b.http.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return 0, err.Error()
	}
	return got.StatusCode, string(text)
}

func (b *browser) get(path string) (int, string) { return b.do("GET", path, "", "") }

func (b *browser) post(path string, fields ...string) (int, string) {
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.do("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

func (b *browser) json(path string, body any) (int, string) {
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do("POST", path, "application/json", string(text))
}

// want is fatal when an answer has another status.
func (b *browser) want(status int, what string) func(int, string) string {
	return func(got int, text string) string {
		b.t.Helper()
		if got != status {
			b.t.Fatalf("%s: %d, want %d: %.300s", what, got, status, text)
		}
		return text
	}
}

// enter is a browser of a member in the room.
func (p *running) enter(staff string) *browser {
	p.t.Helper()
	b := p.browser()
	b.want(303, "enter the room as "+staff)(b.post("/enter", "code", p.code(staff)))
	return b
}

// console goes from the room to the console.
func (b *browser) console() *browser {
	b.t.Helper()
	var key struct{ Path, Key string }
	text := b.want(200, "ask for the console")(b.json("/api/pages", nil))
	if err := json.Unmarshal([]byte(text), &key); err != nil {
		b.t.Fatal(err)
	}
	b.want(303, "enter the console")(b.post(key.Path, "key", key.Key))
	return b
}

var hidden = regexp.MustCompile(`name="(csrf|key|base)" value="([^"]*)"`)

// form posts a form of a page of the console with what it hides.
func (b *browser) form(page string, fields ...string) (int, string) {
	b.t.Helper()
	text := b.want(200, page)(b.get(page))
	var all []string
	for _, m := range hidden.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1], m[2])
	}
	return b.post(page, append(all, fields...)...)
}

// send says something in a room.
func (b *browser) send(room, text string) (int, string) {
	return b.json("/api/send", map[string]any{"id": fmt.Sprintf("event-%06d", b.sent.Add(1)), "room": room, "text": text})
}

// stream is what a browser hears.
type stream struct {
	t    *testing.T
	user string
	mu   sync.Mutex
	text bytes.Buffer
	over chan struct{}
}

// listen opens the events of the room.
func (b *browser) listen() *stream {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+b.address+"/api/events", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	endless := b.http
	endless.Timeout = 0
	got, err := endless.Do(r)
	if err != nil || got.StatusCode != 200 {
		b.t.Fatalf("listen: %v %v", got, err)
	}
	s := &stream{t: b.t, over: make(chan struct{})}
	go func() {
		defer close(s.over)
		defer got.Body.Close()
		part := make([]byte, 32<<10)
		for {
			n, err := got.Body.Read(part)
			s.mu.Lock()
			s.text.Write(part[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	s.hears(`"rooms":`, 20*time.Second)
	s.user = regexp.MustCompile(`"me":\{"user":"([^"]+)"`).FindStringSubmatch(s.all())[1]
	return s
}

// private is the room of the member and the bot alone.
func (s *stream) private() string { return "dm:" + s.user }

func (s *stream) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// hears waits for a text.
func (s *stream) hears(text string, within time.Duration) {
	s.t.Helper()
	eventually(s.t, text, within, func() bool { return strings.Contains(s.all(), text) })
}

func eventually(t *testing.T, what string, within time.Duration, there func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !there(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q does not come within %v", what, within)
		}
	}
}
