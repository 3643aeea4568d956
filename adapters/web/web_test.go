package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/adapters/adaptertest"
	"branchbot/bot/chat"
)

// house is a Door on maps.
type house struct {
	mu      sync.Mutex
	names   map[chat.UserID]string
	codes   map[string]string // code → name
	version int64
	err     error
}

func (h *house) Redeem(_ context.Context, code string, user chat.UserID, _ string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.codes[code]
	if ok {
		delete(h.codes, code)
		h.names[user] = name
	}
	return ok, h.err
}

func (h *house) Session(ctx context.Context, user chat.UserID, _ string) (string, error) {
	return h.Name(ctx, user)
}

func (h *house) Leave(_ context.Context, user chat.UserID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.names, user)
	h.version++
	return h.err
}

func (h *house) Version(context.Context) (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.version, h.err
}

func (h *house) Rooms(context.Context, chat.UserID) ([]Room, error) {
	return []Room{{ID: "demo", Title: "示范党支部"}}, h.err
}

func (h *house) Name(_ context.Context, user chat.UserID) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.names[user], h.err
}

func (h *house) Pages(_ context.Context, user chat.UserID) (string, error) {
	return "key of " + string(user), nil
}

func (h *house) Personas(context.Context) ([]Persona, error) {
	return []Persona{{User: "u0", Name: "书记甲", Secretary: true}, {User: "u1", Name: "张三"}, {User: "u2", Name: h.names["u2"]}}, h.err
}

func (h *house) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.names)
	h.version++
}

// site is a room with its server, on a clock that the test moves.
type site struct {
	*testing.T
	a      *Adapter
	inbox  *adaptertest.Recorder
	door   *house
	url    string
	client *http.Client // of this server: those of other tests close the default one's connections
	stop   func()       // ends Run
	mu     sync.Mutex
	now    time.Time
	n      int
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func newSite(t *testing.T, personas bool) *site {
	t.Helper()
	return siteWith(t, personas, adaptertest.NewRecorder(), &house{codes: map[string]string{"CODE-1": "王五"},
		names: map[chat.UserID]string{"u0": "书记甲", "u1": "张三", "u2": `<img src=x onerror=alert(1)>`}})
}

// siteWith starts a room on the shelf of an earlier one.
func siteWith(t *testing.T, personas bool, inbox *adaptertest.Recorder, door *house) *site {
	t.Helper()
	s := &site{T: t, inbox: inbox, door: door, now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	s.a = New(Options{ID: "web", Door: door, Personas: personas, Language: "zh-CN", Now: s.clock, Grace: -1, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.a.Run(ctx, inbox) }()
	inbox.WaitCondition(t, chat.Online)
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		inbox.State(chat.State{Condition: chat.Down})
	})
	server := httptest.NewServer(s.a.Handler())
	s.url, s.client = server.URL, server.Client()
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() { s.stop(); server.Close() })
	return s
}

func (s *site) request(method, path, body string, change ...func(*http.Request)) *http.Request {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	return r
}

// do returns status, header and text of an answer; redirections are not followed.
func (s *site) do(r *http.Request) (int, http.Header, string) {
	s.Helper()
	resp, err := s.client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, resp.Header, strings.TrimSpace(string(text))
}

// answers checks an answer: "200", or the status with the whole text.
func (s *site) answers(want string, r *http.Request) {
	s.Helper()
	status, _, text := s.do(r)
	if got := strings.TrimSpace(fmt.Sprint(status, " ", text)); got != want {
		s.Errorf("%s %s: %q, want %q", r.Method, r.URL.Path, got, want)
	}
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// say is a request to say something, each time under a new id.
func (s *site) say(as, room, text string) *http.Request {
	s.Helper()
	s.n++
	return s.request("POST", "/api/send?as="+as, jsonOf(map[string]any{"id": fmt.Sprintf("event-%04d", s.n), "room": room, "text": text}))
}

func (s *site) bot(to chat.ChatID, p chat.Part) chat.MessageID {
	s.Helper()
	r, err := s.a.Send(s.Context(), to, p)
	if err != nil {
		s.Fatal(err)
	}
	return r.Message
}

func part(key, text string) chat.Part { return chat.Part{Key: key, Spans: []chat.Span{{Text: text}}} }

// texts are what a room shows now.
func (s *site) texts(room chat.ChatID) (out []string) {
	s.Helper()
	messages, err := s.a.history(context.Background(), room)
	if err != nil {
		s.Fatal(err)
	}
	for _, m := range messages {
		out = append(out, chat.Part{Spans: m.Spans}.Plain())
	}
	return out
}

type sse struct {
	name string
	data []byte
}

// listen opens the stream of a browser. The channel ends with the stream.
func (s *site) listen(r *http.Request) <-chan sse {
	s.Helper()
	resp, err := s.client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != "text/event-stream" {
		s.Fatalf("the stream has status %d, type %q", resp.StatusCode, got)
	}
	out := make(chan sse, 1000)
	go func() {
		defer close(out)
		var e sse
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				e.name = name
			} else if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok {
				e.data = bytes.Clone(data)
				out <- e
			}
		}
	}()
	return out
}

func (s *site) listenAs(user string) <-chan sse {
	s.Helper()
	events := s.listen(s.request("GET", "/api/events?as="+user, ""))
	if e := <-events; e.name != "hello" {
		s.Fatalf("the first event is %q", e.name)
	}
	return events
}

func next(t *testing.T, events <-chan sse, name string) (m message) {
	t.Helper()
	e, ok := <-events
	if !ok || e.name != name {
		t.Fatalf("the next event is %q (%v), want %q", e.name, ok, name)
	}
	if err := json.Unmarshal(e.data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func plainOf(m message) string { return chat.Part{Spans: m.Spans}.Plain() }

func TestABrowserSeesEverythingInOrder(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.bot("demo", part("1:0", "早上好"))
	s.bot("dm:u1", part("2:0", "只给张三"))
	s.bot("dm:u2", part("3:0", "只给别人"))
	events := s.listen(s.request("GET", "/api/events", ""))
	var h hello
	if e := <-events; e.name != "hello" || json.Unmarshal(e.data, &h) != nil {
		t.Fatalf("%s %s", e.name, e.data)
	}
	if h.Me.Name != "张三" || len(h.Personas) != 3 || len(h.Rooms) != 2 || h.Rooms[1].Title != "和小助手私聊" || !h.Rooms[1].Private {
		t.Errorf("hello: %+v", h)
	}
	for i, want := range []string{"早上好", "只给张三"} {
		if len(h.Rooms[i].Messages) != 1 || plainOf(*h.Rooms[i].Messages[0]) != want {
			t.Errorf("room %d: %+v", i, h.Rooms[i].Messages)
		}
	}
	question := s.bot("demo", chat.Part{Key: "4:0", Spans: []chat.Span{{Text: "题"}}, Buttons: [][]chat.Button{{{Label: "A", Data: "17:A"}}}})
	s.bot("dm:u2", part("5:0", "不给张三看"))
	s.answers("200", s.say("u2", "demo", "A"))
	if err := s.a.Edit(t.Context(), "demo", question, part("", "已答 1 人")); err != nil {
		t.Fatal(err)
	}
	m1, m2, m3 := next(t, events, "message"), next(t, events, "message"), next(t, events, "message")
	if plainOf(m1) != "题" || !m1.Bot || m1.Buttons[0][0].Data != "17:A" {
		t.Errorf("first %+v", m1)
	}
	if plainOf(m2) != "A" || m2.User != "u2" || m2.Seq <= m1.Seq {
		t.Errorf("then %+v", m2)
	}
	if plainOf(m3) != "已答 1 人" || !m3.Edited || m3.Seq != m1.Seq || m3.Buttons != nil {
		t.Errorf("then %+v", m3)
	}
	ev := s.inbox.Events()[0]
	want := chat.Event{Account: "web", Key: "u2:event-0001", Kind: chat.Said, At: s.clock(), Chat: "demo", Title: "示范党支部",
		From: chat.User{ID: "u2", Name: `<img src=x onerror=alert(1)>`}, Message: messageID(m2.Seq), Text: "A"}
	if diff := cmp.Diff(want, ev); diff != "" {
		t.Errorf("the bot hears (-want +got)\n%s", diff)
	}
}

func TestOnlyThePresserSeesTheToast(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	presser, other := s.listenAs("u1"), s.listenAs("u2")
	s.answers("200", s.request("POST", "/api/press?as=u1", `{"id":"press-0001","room":"demo","seq":5,"data":"17:A"}`))
	ev := s.inbox.Events()[0]
	if ev.Kind != chat.Pressed || ev.Data != "17:A" || ev.Message != "5" || ev.From.ID != "u1" {
		t.Errorf("the bot hears %+v", ev)
	}
	s.a.Ack(ev, "已记录")
	s.bot("demo", part("1:0", "之后"))
	if e := <-presser; e.name != "toast" || string(e.data) != `{"text":"已记录"}` {
		t.Errorf("the presser gets %s %s", e.name, e.data)
	}
	if m := next(t, other, "message"); plainOf(m) != "之后" {
		t.Errorf("the other gets %+v", m)
	}
}

func TestWhatIsDeliveredTwiceIsShownOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	if one, two := s.bot("demo", part("7:0", "题")), s.bot("demo", part("7:0", "题")); one != two {
		t.Errorf("ids %s and %s", one, two)
	}
	again := `{"id":"the-same-one","room":"demo","text":"A"}`
	for range 2 {
		s.answers("200", s.request("POST", "/api/send?as=u1", again))
	}
	s.answers("200", s.request("POST", "/api/send?as=u2", again)) // somebody else's id
	// Both tries are under way before either is stored.
	both := make(chan struct{}, 2)
	open := make(chan struct{})
	s.inbox.Before(func() { both <- struct{}{}; <-open })
	var wg sync.WaitGroup
	for range 2 {
		r := s.request("POST", "/api/send?as=u1", `{"id":"at-the-same-time","room":"demo","text":"B"}`)
		wg.Go(func() { s.answers("200", r) })
	}
	<-both
	<-both
	close(open)
	wg.Wait()
	s.inbox.Before(nil)
	for range 2 {
		s.answers("200", s.request("POST", "/api/file?as=u1&id=file-0001&name=a.xlsx", "x"))
	}
	if diff := cmp.Diff([]string{"题", "A", "A", "B"}, s.texts("demo")); diff != "" {
		t.Errorf("the room shows (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"📎 a.xlsx"}, s.texts("dm:u1")); diff != "" {
		t.Errorf("the private chat shows (-want +got)\n%s", diff)
	}
}

// FAULTS 8: a foreign page must not reach the sample through a name that
// points to this machine.
func TestTheSampleIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for _, c := range []struct {
		host, remote string
		want         int
	}{
		{"localhost:8080", "127.0.0.1:5", 200},
		{"localhost", "127.0.0.1:5", 200},
		{"127.0.0.1:8080", "127.0.0.1:5", 200},
		{"[::1]:8080", "[::1]:5", 200},
		{"[::1]", "[::1]:5", 200},
		{"evil.example:8080", "127.0.0.1:5", 403},
		{"localhost.evil.example", "127.0.0.1:5", 403},
		{"192.168.1.7:8080", "192.168.1.8:5", 403},
		{"localhost:8080", "192.168.1.8:5", 403},
		{"", "127.0.0.1:5", 403},
	} {
		for _, path := range []string{"/", "/enter", "/assets/room.js"} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
			r.Host, r.RemoteAddr = c.host, c.remote
			w := httptest.NewRecorder()
			s.a.Handler().ServeHTTP(w, r)
			if w.Code != c.want || w.Code == 403 && strings.TrimSpace(w.Body.String()) != "示范模式只能在本机打开。" {
				t.Errorf("%s from %s as %q: %d %s", path, c.remote, c.host, w.Code, w.Body)
			}
		}
	}
}

func TestForeignPagesCannotSpeak(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for _, path := range []string{"/api/send", "/api/press", "/api/file", "/enter", "/leave"} {
		for key, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
			status, _, _ := s.do(s.request("POST", path, `{}`, func(r *http.Request) { r.Header.Set(key, value) }))
			if status != http.StatusForbidden {
				t.Errorf("POST %s with %s: %d", path, key, status)
			}
		}
	}
	s.answers("200", s.request("POST", "/api/send", `{"id":"event-0001","room":"demo","text":"A"}`,
		func(r *http.Request) { r.Header.Set("Origin", s.url); r.Header.Set("Sec-Fetch-Site", "same-origin") }))
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	post := func(path, body string) *http.Request { return s.request("POST", path, body) }
	for _, c := range []struct {
		name, want string
		r          *http.Request
	}{
		{"unknown room", "404 没有这个聊天室。", s.say("u1", "nowhere", "A")},
		{"another user's private chat", "404 没有这个聊天室。", s.say("u1", "dm:u2", "A")},
		{"a press there", "404 没有这个聊天室。", post("/api/press?as=u1", `{"id":"press-0001","room":"dm:u2","seq":1,"data":"x"}`)},
		{"unknown persona", "401 请先用加入码进入。", s.say("u9", "demo", "A")},
		{"too long", "413 太长了，一条最多 8000 字。", s.say("u1", "demo", strings.Repeat("长", maxText+1))},
		{"longer than any request", "400 这条消息格式不对。", s.say("u1", "demo", strings.Repeat("x", maxBody))},
		{"nothing said", "400 这条消息格式不对。", s.say("u1", "demo", " \n")},
		{"no JSON", "400 这条消息格式不对。", post("/api/send?as=u1", `A`)},
		{"no id", "400 这条消息格式不对。", post("/api/send?as=u1", `{"room":"demo","text":"A"}`)},
		{"a forged id", "400 这条消息格式不对。", post("/api/send?as=u1", `{"id":"u2:event\n01","room":"demo","text":"A"}`)},
		{"too much data", "400 这条消息格式不对。", post("/api/press?as=u1", `{"id":"press-0001","room":"demo","data":"`+strings.Repeat("x", 65)+`"}`)},
		{"a file without a name", "400 这条消息格式不对。", post("/api/file?as=u1&id=file-0001&name=%20", "x")},
		{"a file over the limit", "413 文件太大，最多 5 MB。", post("/api/file?as=u1&id=file-0001&name=a.xlsx", strings.Repeat("x", maxUpload+1))},
		{"an unknown file", "404 文件已不在，请重新生成。", s.request("GET", "/media/"+strings.Repeat("0", 64), "")},
		{"the pages' source", "404 404 page not found", s.request("GET", "/assets/room.html", "")},
	} {
		s.pass(time.Minute) // not too fast
		t.Run(c.name, func(*testing.T) { s.answers(c.want, c.r) })
	}
	if events := s.inbox.Deliveries(); len(events) != 0 {
		t.Errorf("the bot hears %+v", events)
	}
	s.answers("200", s.say("u1", "demo", strings.Repeat("长", maxText)))
	s.answers("200", post("/api/file?as=u1&id=file-0001&name=..%2F%E5%90%8D%E5%8D%95.xlsx", strings.Repeat("x", maxUpload)))
	if f := s.inbox.Events()[1].Files[0]; f.Name != "../名单.xlsx" || len(f.Data) != maxUpload {
		t.Errorf("the file is %q of %d bytes", f.Name, len(f.Data))
	}
}

func TestWhoSendsTooMuchIsSlowedDown(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for range 20 {
		s.answers("200", s.say("u1", "demo", "刷屏"))
	}
	s.answers("429 发得太快了，请稍等一下。", s.say("u1", "demo", "刷屏"))
	s.answers("200", s.say("u2", "demo", "别人不受影响"))
	s.pass(time.Second)
	s.answers("200", s.say("u1", "demo", "慢一点"))
}

func (s *site) enter(code string) (status int, cookie *http.Cookie) {
	s.Helper()
	form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	status, header, text := s.do(s.request("POST", "/enter", url.Values{"code": {code}}.Encode(), form))
	if status == http.StatusForbidden && !strings.Contains(text, catalogue["zh-CN"]["wrong_code"]) {
		s.Errorf("a wrong code is answered with %s", text)
	}
	for _, c := range (&http.Response{Header: header}).Cookies() {
		cookie = c
	}
	return status, cookie
}

func with(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

func TestASessionFromItsCodeToItsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.answers("401 请先用加入码进入。", s.say("u1", "demo", "A")) // nobody is a persona here
	if status, header, _ := s.do(s.request("GET", "/", "")); status != 303 || header.Get("Location") != "/enter" {
		t.Errorf("the page sends a stranger to %d %s", status, header.Get("Location"))
	}
	if status, c := s.enter("CODE-X"); status != 403 || c != nil {
		t.Errorf("a wrong code: %d %v", status, c)
	}
	status, cookie := s.enter("CODE-1")
	if status != 303 || cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || len(cookie.Value) < 40 {
		t.Fatalf("entering: %d %+v", status, cookie)
	}
	if status, c := s.enter("CODE-1"); status != 403 || c != nil {
		t.Errorf("the same code again: %d %v", status, c)
	}
	say := func() *http.Request {
		r := s.say("", "demo", "A")
		r.AddCookie(cookie)
		return r
	}
	s.answers("200", say())
	if name := s.inbox.Events()[0].From.Name; name != "王五" {
		t.Errorf("he is %q", name)
	}
	for range 40 { // used now and then, it goes on longer than it may stand idle
		s.pass(2 * 24 * time.Hour)
		s.answers("200", say())
	}
	for key, value := range shelfOf(t, s.inbox, "s/") {
		if strings.Contains(key+string(value), cookie.Value) {
			t.Error("the shelf holds the token itself")
		}
	}

	// A restart keeps it.
	s.stop()
	s.answers("503 暂时没有成功，请稍后再试。", say())
	s.answers("503 暂时没有成功，请稍后再试。", s.request("POST", "/leave", "", with(cookie)))
	t0 := s.clock()
	s = siteWith(t, false, s.inbox, s.door)
	s.pass(t0.Sub(s.clock()))
	s.n = 1000
	s.answers("200", say())

	// He leaves the roster: the session is over, and stays over.
	s.door.leave()
	s.answers("401 请先用加入码进入。", say())
	if left := shelfOf(t, s.inbox, "s/"); len(left) != 0 {
		t.Errorf("the shelf still has %v", left)
	}
}

func TestASessionEndsByLeavingAndByIdling(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.door.codes["CODE-2"] = "赵六"
	_, one := s.enter("CODE-1")
	_, two := s.enter("CODE-2")
	if status, header, _ := s.do(s.request("POST", "/leave", "", with(one))); status != 303 || !strings.Contains(header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("leaving: %d %v", status, header)
	}
	s.answers("401 请先用加入码进入。", s.request("GET", "/api/events", "", with(one)))
	s.listen(s.request("GET", "/api/events", "", with(two)))
	s.pass(idle + time.Second)
	s.answers("401 请先用加入码进入。", s.request("GET", "/api/events", "", with(two)))
}

func shelfOf(t *testing.T, in *adaptertest.Recorder, prefix string) map[string][]byte {
	t.Helper()
	items, err := in.List(context.Background(), prefix, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, it := range items {
		out[it.Key] = it.Value
	}
	return out
}

// Wrong codes are counted for their address; a right one lets in whatever was tried
// there before, by whomever: people behind one proxy share an address.
func TestWrongCodesLockNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for i := range 10 {
		if status, _ := s.enter(fmt.Sprint("GUESS-", i)); status != 403 {
			t.Fatalf("guess %d: %d", i, status)
		}
	}
	for range 30 {
		s.answers("429 发得太快了，请稍等一下。", s.request("POST", "/enter", ""))
	}
	if status, cookie := s.enter("CODE-1"); status != 303 || cookie == nil {
		t.Errorf("the right code in the midst of it: %d", status)
	}
	s.pass(time.Second)
	if status, _ := s.enter("CODE-1"); status != 403 {
		t.Errorf("a spent code a second later: %d", status)
	}
}

// The stream of a session ends with it: at once when its user leaves, within a second
// when it was ended elsewhere, and before anything more is said.
func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*site, *http.Cookie){
		"left":            func(s *site, c *http.Cookie) { s.do(s.request("POST", "/leave", "", with(c))) },
		"ended elsewhere": func(s *site, _ *http.Cookie) { s.door.leave() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, false)
			_, cookie := s.enter("CODE-1")
			events := s.listen(s.request("GET", "/api/events", "", with(cookie)))
			<-events
			end(s, cookie)
			if _, err := s.a.Send(t.Context(), "demo", chat.Part{Key: "k1", Spans: []chat.Span{{Text: "只给在册的人看"}}}); err != nil {
				t.Fatal(err)
			}
			for e := range events {
				t.Errorf("after the end the stream says %s %s", e.name, e.data)
			}
			s.answers("401 请先用加入码进入。", s.request("POST", "/api/pages", "", with(cookie)))
		})
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	for _, r := range []*http.Request{s.request("GET", "/", ""), s.request("GET", "/enter", ""), s.request("GET", "/assets/room.js", ""),
		s.request("GET", "/nothing", ""), s.request("GET", "/api/events", ""), s.request("POST", "/api/send", "{}"), s.request("PUT", "/enter", "")} {
		_, h, _ := s.do(r)
		cache := "no-store"
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			cache = "no-cache"
		}
		for key, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": cache,
		} {
			if got := h.Get(key); got != want {
				t.Errorf("%s %s: %s is %q, want %q", r.Method, r.URL.Path, key, got, want)
			}
		}
	}
}

func TestNamesAndMessagesAreNeverMarkup(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	const evil = "</script><script>alert(1)</script>\n\ndata: forged\u202e"
	s.answers("200", s.say("u2", "demo", evil))
	_, _, page := s.do(s.request("GET", "/?as=u2", ""))
	if strings.Contains(page, "alert(1)") {
		t.Error("the page holds what people wrote")
	}
	e := <-s.listen(s.request("GET", "/api/events?as=u2", ""))
	if bytes.ContainsAny(e.data, "<>") {
		t.Errorf("the stream holds markup: %s", e.data)
	}
	var h hello
	if err := json.Unmarshal(e.data, &h); err != nil {
		t.Fatal(err)
	}
	m := h.Rooms[0].Messages[0]
	if want := strings.TrimSuffix(evil, "\u202e"); plainOf(*m) != want || m.Name != `<img src=x onerror=alert(1)>` {
		t.Errorf("shown as %q: %q", m.Name, plainOf(*m))
	}
	script, err := fs.ReadFile(assets, "assets/room.js")
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`).Find(script); found != nil {
		t.Errorf("room.js uses %s", found)
	}
}

func TestOrdinaryTalkIsNotKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for i := range 1000 {
		s.pass(time.Second)
		s.answers("200", s.say("u1", "demo", fmt.Sprint("闲聊 ", i)))
	}
	if kept := shelfOf(t, s.inbox, ""); len(kept) != 0 {
		t.Errorf("the shelf has %v", slices.Collect(maps.Keys(kept)))
	}
	if shown := s.texts("demo"); len(shown) != keep || shown[0] != "闲聊 800" || shown[keep-1] != "闲聊 999" {
		t.Errorf("%d messages are shown, from %q", len(shown), shown[0])
	}
}

func TestARestartKeepsWhatTheBotSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	id := s.bot("demo", part("1:0", "题"))
	s.answers("200", s.say("u1", "demo", "闲聊"))
	s.bot("demo/2", part("2:0", "另一个聊天室"))
	picture := chat.Part{Key: "3:0", Spans: []chat.Span{{Text: "图"}}, Media: &chat.Media{Alt: "心肺复苏", Data: []byte("png"), Type: "image/png"}}
	s.bot("demo", picture)
	if err := s.a.Edit(t.Context(), "demo", id, part("", "题（已答 1 人）")); err != nil {
		t.Fatal(err)
	}
	s.stop()
	if _, err := s.a.Send(t.Context(), "demo", part("4:0", "x")); chat.ClassOf(err) != chat.Temporary || err.Error() != "temporary: the room is not open yet" {
		t.Errorf("sending while it is closed: %v", err)
	}
	s = siteWith(t, true, s.inbox, s.door)
	if diff := cmp.Diff([]string{"题（已答 1 人）", "图"}, s.texts("demo")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	m, _ := s.a.history(t.Context(), "demo")
	status, header, data := s.do(s.request("GET", "/media/"+m[1].Media.Hash, ""))
	if status != 200 || header.Get("Content-Type") != "image/png" || data != "png" {
		t.Errorf("the picture: %d %v %q", status, header, data)
	}
}

// A secret is shown to who is there, and is nowhere after a restart.
func TestASecretIsNotKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.bot("demo", part("1:0", "题"))
	secret := part("2:0", "你的票号：7KQ2M-XH9TP")
	secret.Secret = true
	s.bot("demo", secret)
	if diff := cmp.Diff([]string{"题", "你的票号：7KQ2M-XH9TP"}, s.texts("demo")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.stop()
	s = siteWith(t, true, s.inbox, s.door)
	if diff := cmp.Diff([]string{"题"}, s.texts("demo")); diff != "" {
		t.Errorf("after a restart (-want +got)\n%s", diff)
	}
}

// Another process had the account in between: what was said there is in the room.
func TestAnotherProcessInBetween(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.bot("demo", part("1:0", "一"))
	s.stop()
	s.a.Leave()
	there := siteWith(t, true, s.inbox, s.door)
	there.pass(time.Minute)
	there.bot("demo", part("2:0", "二"))
	there.stop()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.a.Run(ctx, s.inbox) }()
	defer func() { cancel(); <-ended }()
	s.inbox.WaitCondition(t, chat.Online)
	if diff := cmp.Diff([]string{"一", "二"}, s.texts("demo")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The first try fails while the picture is put on the shelf: the second must
// put it there.
func TestAPictureIsKeptAtTheSecondTry(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.bot("demo", part("1:0", "题"))
	picture := chat.Part{Key: "2:0", Media: &chat.Media{Alt: "图", Data: []byte("png"), Type: "image/png"}}
	s.inbox.FailShelf(1)
	if _, err := s.a.Send(t.Context(), "demo", picture); err == nil || err.Error() != "temporary: the inbox was asked to fail" {
		t.Fatalf("error %v", err)
	}
	s.bot("demo", picture)
	if kept := shelfOf(t, s.inbox, "p/"); len(kept) != 1 {
		t.Errorf("the shelf has %d pictures", len(kept))
	}
}

func TestWhatTheEngineDoesNotTakeIsNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.inbox.FailNext(3)
	r := `{"id":"event-0001","room":"demo","text":"A"}`
	const busy = "503 暂时没有成功，请稍后再试。"
	s.answers(busy, s.request("POST", "/api/send?as=u1", r))
	s.answers(busy, s.request("POST", "/api/press?as=u1", `{"id":"press-0001","room":"demo","seq":1,"data":"x"}`))
	s.answers(busy, s.request("POST", "/api/file?as=u1&id=file-0001&name=a.xlsx", "x"))
	if shown := append(s.texts("demo"), s.texts("dm:u1")...); len(shown) != 0 {
		t.Errorf("shown: %q", shown)
	}
	s.answers("200", s.request("POST", "/api/send?as=u1", r))
	if diff := cmp.Diff([]string{"A"}, s.texts("demo")); diff != "" {
		t.Error(diff)
	}
	s.door.err = errors.New("the database is full")
	s.answers(busy, s.request("POST", "/api/send?as=u1", r))
}

func TestStreamsEndWithRun(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	streams := []<-chan sse{s.listenAs("u1"), s.listenAs("u1"), s.listenAs("u2")}
	s.stop()
	for _, events := range streams {
		for range events { // to the end
		}
	}
	s.answers("503 暂时没有成功，请稍后再试。", s.request("GET", "/api/events", ""))
}

// The page asks with HEAD whether its session goes on: this is no stream.
func TestAskingForTheStreamOpensNone(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for range maxStream + 5 {
		s.answers("200", s.request("HEAD", "/api/events?as=u1", ""))
	}
	for range maxStream {
		s.listenAs("u1")
	}
	s.answers("429 打开的页面太多了，请关掉几个再试。", s.request("GET", "/api/events?as=u1", ""))
	s.listenAs("u2")
}

func TestEditsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.answers("200", s.say("u1", "demo", "张三的话"))
	m, err := s.a.history(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		id   chat.MessageID
		want string
	}{
		{"a person's message", messageID(m[0].Seq), "not_there: the message is no longer there"},
		{"a message that is gone", "1", "not_there: the message is no longer there"},
		{"no id of ours", "x", `not_there: strconv.ParseInt: parsing "x": invalid syntax`},
	} {
		if err := s.a.Edit(t.Context(), "demo", c.id, part("", "改")); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestFilesAreSavedNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.bot("dm:u0", chat.Part{Key: "1:0", Media: &chat.Media{Name: "名单.html", Data: []byte("<b>"), Type: "text/html"}})
	if kept := shelfOf(t, s.inbox, "p/"); len(kept) != 0 {
		t.Error("a file with people's data is on the shelf")
	}
	m, _ := s.a.history(t.Context(), "dm:u0")
	status, header, data := s.do(s.request("GET", "/media/"+m[0].Media.Hash+"?as=u0", ""))
	if status != 200 || header.Get("Content-Disposition") != "attachment" || header.Get("Cache-Control") != "no-store" || data != "<b>" {
		t.Errorf("%d %v %q", status, header, data)
	}
}

// What no message shows any more is freed, in memory and on the shelf; what another room
// still shows stays.
func TestMediaAreFreed(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	n := 0
	say := func(to chat.ChatID, m *chat.Media) {
		n++
		s.bot(to, chat.Part{Key: fmt.Sprintf("%d:0", n), Spans: []chat.Span{{Text: "x"}}, Media: m})
	}
	lesson := &chat.Media{Alt: "图", Data: []byte("png"), Type: "image/png"}
	list := &chat.Media{Name: "名单.csv", Data: []byte("csv"), Type: "text/csv"}
	for _, room := range []chat.ChatID{"demo", "demo/2"} {
		for _, m := range []*chat.Media{lesson, list, lesson} {
			say(room, m)
		}
	}
	m, _ := s.a.history(t.Context(), "demo")
	path := func(i int) string { return "/media/" + m[i].Media.Hash + "?as=u0" }
	status := func(want int) {
		t.Helper()
		for i := range 2 {
			if got, _, _ := s.do(s.request("GET", path(i), "")); got != want {
				t.Errorf("%s: %d, want %d", path(i), got, want)
			}
		}
	}
	for range keep {
		say("demo", nil)
	}
	status(200)
	if kept := shelfOf(t, s.inbox, "p/"); len(kept) != 1 || len(s.a.files) != 1 {
		t.Errorf("%d pictures on the shelf, %d files in memory", len(kept), len(s.a.files))
	}
	for range keep {
		say("demo/2", nil)
	}
	status(404)
	for _, prefix := range []string{"p/", "s/", "f/"} {
		if kept := shelfOf(t, s.inbox, prefix); len(kept) != 0 {
			t.Errorf("%d entries below %s are left", len(kept), prefix)
		}
	}
	if left := len(s.a.files) + len(s.a.pictures) + len(s.a.kept); left != 0 {
		t.Errorf("%d are left in memory", left)
	}
	say("demo", lesson) // shown once more
	if got, _, _ := s.do(s.request("GET", path(0), "")); got != 200 {
		t.Errorf("shown once more: %d", got)
	}
}

func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(maps.Keys(catalogue["zh-CN"]))
	for language, words := range catalogue {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(words))); diff != "" {
			t.Errorf("keys of %s (-zh-CN +%s)\n%s", language, language, diff)
		}
		for key, text := range words {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s of %s is empty", key, language)
			}
		}
	}
	used := 0
	for pattern, files := range map[string]string{`a\.text\("(\w+)"\)`: "*.go", `\bT\.(\w+)`: "assets/*.js", `{{\.T\.(\w+)}}`: "assets/*.html"} {
		names, err := filepath.Glob(files)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", files, err)
		}
		for _, name := range names {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(source, -1) {
				used++
				if catalogue["zh-CN"][string(m[1])] == "" {
					t.Errorf("%s uses the text %q, which there is not", name, m[1])
				}
			}
		}
	}
	if used < 30 {
		t.Errorf("only %d uses were found", used)
	}
}

func TestWhatComesJustAfterTheRoomWasAwayHasNoDate(t *testing.T) {
	for grace, dated := range map[time.Duration]bool{time.Hour: false, -1: true} {
		inbox := adaptertest.NewRecorder()
		s := siteWith(t, true, inbox, &house{names: map[chat.UserID]string{"u1": "张三"}})
		s.stop()
		s.a.Grace = grace
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.a.Run(ctx, inbox) }()
		inbox.WaitCondition(t, chat.Online)
		if states := inbox.States(); states[len(states)-1].CaughtUp() != dated || s.a.date().IsZero() == dated {
			t.Errorf("with a grace of %v the room is %+v and dates %v", grace, states[len(states)-1], s.a.date())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
