// Package wechattest is a fake of the web-WeChat server, as far as
// openwechat v1.4.10 speaks to it. It is made from what that library sends and
// parses, so it is no evidence about Tencent's servers.
//
// Rules:
//   - Persons and groups have ids of the test's own that stay; on the wire they
//     have ids of the session, all of which change at every scan login.
//   - What is said lands in one log. A sync answers with all of the log after
//     the key that the client brings, so an old key gets it delivered again. A
//     scan login starts at the end of the log, as the real server seems to do.
//   - Every request but those of the login needs the session's cookies;
//     uploads and downloads also need webwx_data_ticket.
package wechattest

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Host is the server's name as the client sees it.
const Host = "wx.qq.com"

// Self is the id of the bot's own account.
const Self = "bot"

// Person is a friend of the bot.
type Person struct {
	ID     string
	Nick   string
	Remark string // 备注 that the bot's owner gave
	Alias  string // 微信号; mostly not told
}

// Member is somebody in a group.
type Member struct {
	ID      string
	Nick    string
	Display string // 群昵称
}

// Group is a group chat. The bot is in it without being named.
type Group struct {
	ID      string
	Title   string
	Members []Member
	// Unlisted keeps it out of the contacts: the client learns of it from the
	// first message.
	Unlisted bool
	// Blank has the server show no members, as it does at times.
	Blank bool
}

// Server is the fake. Its methods may be called at any time.
type Server struct {
	web *httptest.Server

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	closed  bool

	nick    string // of the bot's own account, as the server writes it
	friends []Person
	groups  []*Group

	login   login
	session int // number of the login; 0 before the first
	salt    int // of the ids on the wire
	ret     int // what every request of an ended session is answered; 0 while it lasts

	log   []entry
	acked int // of the log, by the last key that the client brought
	ids   int // given to messages

	sent    []Sent
	uploads map[string]upload
	partial map[string][]byte // uploads that are not complete, by MD5
	faults  map[string][]Fault
	counts  map[string]int
}

// New starts a server. It is closed at the end of the test.
func New(t testing.TB) *Server {
	s := &Server{nick: "支部小助手", changed: make(chan struct{}), uploads: map[string]upload{}, partial: map[string][]byte{},
		faults: map[string][]Fault{}, counts: map[string]int{}}
	s.web = httptest.NewUnstartedServer(s)
	s.web.Config.ErrorLog = log.New(io.Discard, "", 0) // connections break on purpose
	s.web.StartTLS()
	t.Cleanup(func() {
		s.mu.Lock()
		s.closed = true
		s.change()
		s.mu.Unlock()
		s.web.CloseClientConnections()
		s.web.Close()
	})
	return s
}

// Addr is where the server listens, for clients in other processes.
func (s *Server) Addr() string { return s.web.Listener.Addr().String() }

// Transport sends the requests for every host to the server. Its connections
// are closed at the end of the test.
func (s *Server) Transport(t testing.TB) http.RoundTripper {
	pool := s.web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	tr := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, s.web.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"}, // the name in httptest's certificate
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// change wakes those who wait; the caller holds mu.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits, with mu held, until ready says so; false when ctx or the server
// ends first.
func (s *Server) await(ctx context.Context, ready func() bool) bool {
	for !ready() {
		if s.closed {
			return false
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}

// AddFriend makes somebody a friend of the bot, or changes one.
func (s *Server) AddFriend(p Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.friends, func(f Person) bool { return f.ID == p.ID }); i >= 0 {
		s.friends[i] = p
	} else {
		s.friends = append(s.friends, p)
	}
}

// SetNick names the bot's own account; markup is written as it is.
func (s *Server) SetNick(nick string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nick = nick
}

// AddGroup adds a group. The client hears of it with the first message, or at
// the next login.
func (s *Server) AddGroup(g Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.Members = slices.Clone(g.Members)
	s.groups = append(s.groups, &g)
}

// SetGroup changes a group's title and members and tells the client.
func (s *Server) SetGroup(g Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.group(g.ID) = g
	s.add(entry{room: g.ID, contact: true})
}

// ChangeGroup changes a group without telling the client, as while it is
// logged out.
func (s *Server) ChangeGroup(g Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.group(g.ID) = g
}

// DropGroup has a group disappear, as when the bot was taken out of it while
// it was logged out.
func (s *Server) DropGroup(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = slices.DeleteFunc(s.groups, func(g *Group) bool { return g.ID == id })
}

// group finds a group; the caller holds mu.
func (s *Server) group(id string) *Group {
	for _, g := range s.groups {
		if g.ID == id {
			return g
		}
	}
	panic("wechattest: no group " + id)
}

// ChangeIDs gives everybody new ids on the wire without ending the session.
func (s *Server) ChangeIDs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.salt++
}

// At is the id on the wire, in the present session, of a person or a group.
func (s *Server) At(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at(id)
}

func (s *Server) at(id string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", s.salt, id))
	prefix := "@"
	for _, g := range s.groups {
		if g.ID == id {
			prefix = "@@"
		}
	}
	return prefix + hex.EncodeToString(sum[:16])
}

// whose is the id of the test's own behind one on the wire; the caller holds mu.
func (s *Server) whose(at string) (string, bool) {
	for _, g := range s.groups {
		if s.at(g.ID) == at {
			return g.ID, true
		}
		for _, m := range g.Members {
			if s.at(m.ID) == at {
				return m.ID, true
			}
		}
	}
	for _, p := range s.friends {
		if s.at(p.ID) == at {
			return p.ID, true
		}
	}
	return "", false
}

// Count is how many requests of a kind came, e.g. "webwxuploadmedia".
func (s *Server) Count(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[endpoint]
}

// Sent is one message of the bot.
type Sent struct {
	ID      string
	Chat    string // a group or a person
	Text    string
	Picture bool
	File    string // name
	Data    []byte // of a picture or file
}

// SentTo is what the bot has sent to a group or a person, oldest first.
func (s *Server) SentTo(chat string) []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Sent
	for _, m := range s.sent {
		if m.Chat == chat {
			out = append(out, m)
		}
	}
	return out
}

// Pending is how much of the log the client has not acknowledged by a newer key.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.log) - s.acked
}

// WaitSynced waits until the client has acknowledged the whole log.
func (s *Server) WaitSynced(t testing.TB) {
	t.Helper()
	s.wait(t, "the end of the log", func() bool { return s.acked == len(s.log) })
}

// WaitCount waits until so many requests of a kind have come.
func (s *Server) WaitCount(t testing.TB, endpoint string, n int) {
	t.Helper()
	s.wait(t, fmt.Sprintf("%d requests %s", n, endpoint), func() bool { return s.counts[endpoint] >= n })
}

func (s *Server) wait(t testing.TB, what string, ready func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.await(ctx, ready) {
		t.Fatalf("wechattest: waited in vain for %s", what)
	}
}

// endpoint is the last part of a path.
func endpoint(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
