package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

// batch is what one sync brought.
type batch struct {
	BaseResponse   openwechat.BaseResponse
	AddMsgList     []*openwechat.Message
	ModContactList []json.RawMessage // the library does not know it: read one by one
	SyncKey        *openwechat.SyncKey

	contacts []*openwechat.User
}

const (
	// idleLimit is how many answers in a row may bring nothing before the
	// adapter slows down: some answers say for ever that there is news.
	idleLimit = 3
	idlePause = 2 * time.Second
)

// listen receives until the session or ctx ends, or something fails.
func (a *Adapter) listen(ctx context.Context, in chat.Inbox, s *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	behind := true
	defer context.AfterFunc(s.over, cancel)() // a send may find out first that it is over
	for {
		if s.batch == nil {
			if err := a.fetch(ctx, s); err != nil {
				return s.check(err)
			}
		}
		if s.batch != nil {
			if err := a.deliver(ctx, in, s); err != nil {
				return s.check(err)
			}
			continue
		}
		if behind { // WeChat has nothing more for us
			behind = false
			in.State(a.online())
		}
		if s.idle++; s.idle > idleLimit {
			a.pause(ctx, idlePause)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// checkAnswer is what a long poll says. The library's own expression does not
// match a negative code.
var checkAnswer = regexp.MustCompile(`retcode:"(-?\d+)",selector:"(\d+)"`)

// fetch waits for news and takes it into s.batch, if there is any.
func (a *Adapter) fetch(ctx context.Context, s *session) error {
	asked := a.Now()
	resp, err := s.caller.Client.SyncCheck(ctx, &openwechat.ClientSyncCheckOptions{
		BaseRequest: s.Request, LoginInfo: s.Login, WebInitResponse: &openwechat.WebInitResponse{SyncKey: s.key}})
	if err != nil {
		return fmt.Errorf("wait for news: %w", err)
	}
	text, err := body200(resp)
	if err != nil {
		return fmt.Errorf("wait for news: %w", err)
	}
	m := checkAnswer.FindSubmatch(text)
	if m == nil {
		return errors.New("wait for news: the answer cannot be read")
	}
	if code, _ := strconv.Atoi(string(m[1])); code != 0 {
		return fmt.Errorf("wait for news: %w", openwechat.Ret(code))
	}
	if string(m[2]) == "0" {
		if a.Now().Sub(asked) >= quick {
			s.idle = 0 // it is the usual end of a quiet half minute
		}
		return nil
	}
	return a.sync(ctx, s)
}

func (a *Adapter) sync(ctx context.Context, s *session) error {
	resp, err := s.caller.Client.WebWxSync(ctx, &openwechat.ClientWebWxSyncOptions{
		BaseRequest: s.Request, LoginInfo: s.Login, WebInitResponse: &openwechat.WebInitResponse{SyncKey: s.key}})
	if err != nil {
		return fmt.Errorf("fetch news: %w", err)
	}
	text, err := body200(resp)
	if err != nil {
		return fmt.Errorf("fetch news: %w", err)
	}
	var b batch
	if err := json.Unmarshal(text, &b); err != nil {
		return errors.New("fetch news: the answer cannot be read") // the error of json may quote a message
	}
	if err := b.BaseResponse.Err(); err != nil {
		return fmt.Errorf("fetch news: %w", err)
	}
	if !usable(b.SyncKey) {
		b.SyncKey = s.key // an empty key means that the old one goes on
	}
	b.AddMsgList = slices.DeleteFunc(b.AddMsgList, func(m *openwechat.Message) bool { return m == nil })
	for _, text := range b.ModContactList {
		var u openwechat.User
		if json.Unmarshal(text, &u) == nil { // one that cannot be read must not stop the messages
			b.contacts = append(b.contacts, &u)
		}
	}
	if len(b.AddMsgList)+len(b.contacts) == 0 && sameKey(b.SyncKey, s.key) {
		return nil
	}
	s.batch = &b
	return nil
}

// usable tells whether there is anything in a key, and makes its count right:
// the library trusts it.
func usable(k *openwechat.SyncKey) bool {
	if k == nil || len(k.List) == 0 {
		return false
	}
	k.Count = len(k.List)
	return true
}

// present are the contacts that are not null.
func present(list []*openwechat.User) []*openwechat.User {
	return slices.DeleteFunc(list, func(u *openwechat.User) bool { return u == nil })
}

func sameKey(a, b *openwechat.SyncKey) bool {
	if len(a.List) != len(b.List) {
		return false
	}
	for i := range a.List {
		if a.List[i] != b.List[i] {
			return false
		}
	}
	return true
}

// maxAnswer bounds what is read of an answer that is no file.
const maxAnswer = 32 << 20

// body200 reads an answer; any other status is an error.
func body200(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
}

// deliver hands the batch to the inbox. Only when that has worked is its key
// used.
func (a *Adapter) deliver(ctx context.Context, in chat.Inbox, s *session) error {
	if err := a.meetChanged(ctx, s, s.batch.contacts); err != nil {
		return err
	}
	var events []chat.Event
	for _, m := range s.batch.AddMsgList {
		ev, err := a.event(ctx, s, m)
		if err != nil {
			return err
		}
		if ev != nil {
			events = append(events, *ev)
		}
	}
	if err := a.keepBook(ctx, in); err != nil { // the events name ids that must not be lost
		return err
	}
	if s.cookies.news() {
		if err := a.keepSession(ctx, in, s); err != nil {
			return err
		}
	}
	text, err := json.Marshal(cursor{Session: s.Label, Key: s.batch.SyncKey})
	if err != nil {
		return err
	}
	if err := in.Accept(ctx, string(text), events...); err != nil {
		return fmt.Errorf("accept a batch: %w", err)
	}
	moved := !sameKey(s.key, s.batch.SyncKey)
	s.key, s.batch = s.batch.SyncKey, nil
	if moved {
		s.idle = 0
	} else if s.idle++; s.idle > idleLimit {
		a.pause(ctx, idlePause)
	}
	return nil
}

// event is what a message means to the bot; nil when nothing.
func (a *Adapter) event(ctx context.Context, s *session, m *openwechat.Message) (*chat.Event, error) {
	switch {
	case m.MsgType == kindText && m.Url != "": // a place on the map
		return nil, nil
	case m.MsgType == kindRecent:
		return nil, a.meetRecent(ctx, s, m)
	case m.FromUserName == s.self.UserName:
		return nil, nil
	case isRoom(m.FromUserName):
		return a.groupEvent(ctx, s, m)
	case isPerson(m.FromUserName):
		return a.privateEvent(ctx, s, m)
	}
	return nil, nil
}

func (a *Adapter) groupEvent(ctx context.Context, s *session, m *openwechat.Message) (*chat.Event, error) {
	if m.MsgType == kindSystem {
		return nil, a.noticed(ctx, s, m)
	}
	at, content := cutSender(m.Content)
	b, ok := read(int(m.MsgType), content)
	if !ok || b.file != "" || at == "" && b.recalled == "" {
		return nil, nil
	}
	g, err := a.groupAt(ctx, s, m.FromUserName, at)
	if err != nil || g == nil {
		return nil, err
	}
	s.inGroup(g.Chat)
	ev := &chat.Event{Chat: g.Chat, Title: chat.CleanName(g.Title)}
	from, known := g.memberAt(at)
	if b.recalled != "" && !known {
		from, known = g.named(b.recaller)
	}
	if known {
		ev.From = chat.User{ID: from.User, Name: chat.CleanName(from.shown())}
	}
	return a.fill(ctx, s, ev, m, b), nil
}

func (a *Adapter) privateEvent(ctx context.Context, s *session, m *openwechat.Message) (*chat.Event, error) {
	b, ok := read(int(m.MsgType), m.Content)
	if !ok {
		return nil, nil
	}
	f, err := a.friendAt(ctx, s, m.FromUserName)
	if err != nil || f.User == "" {
		return nil, err
	}
	ev := &chat.Event{Chat: PrivateChat(f.User), Private: true, From: chat.User{ID: f.User, Name: chat.CleanName(f.shown())}}
	if b.file != "" {
		if ev.Files, err = a.download(ctx, s, m, b.file); err != nil {
			return nil, err
		}
	}
	return a.fill(ctx, s, ev, m, b), nil
}

// fill says in the event what was said, and to what.
func (a *Adapter) fill(ctx context.Context, s *session, ev *chat.Event, m *openwechat.Message, b body) *chat.Event {
	ev.Account, ev.Key = a.Options.ID, m.MsgId
	if m.CreateTime > 0 {
		ev.At = time.Unix(m.CreateTime, 0)
	}
	if b.recalled != "" {
		ev.Kind, ev.Message = chat.Recalled, chat.MessageID(b.recalled)
		return ev
	}
	ev.Kind, ev.Message, ev.Text = chat.Said, chat.MessageID(m.MsgId), b.whole()
	if b.quote != nil {
		if ev.ReplyTo = a.quoted(ctx, ev.Chat, *b.quote); ev.ReplyTo != "" {
			ev.Text = b.reply()
		}
	}
	if !ev.Private {
		for _, name := range s.selfNames(m.FromUserName) {
			if text, ok := unmention(ev.Text, name); ok {
				ev.Text, ev.Mentioned = text, true
			}
		}
	}
	return ev
}

// noticed acts on a line of the system in a group.
func (a *Adapter) noticed(ctx context.Context, s *session, m *openwechat.Message) error {
	text := plain(m.Content)
	if removedWords.MatchString(text) {
		a.mu.Lock()
		id := a.book.chats[m.FromUserName]
		a.mu.Unlock()
		s.mu.Lock()
		s.removed[id] = true
		s.mu.Unlock()
		return nil
	}
	if rosterWords.MatchString(text) {
		return a.meetRooms(ctx, s, []string{m.FromUserName})
	}
	return nil
}

// inGroup notes that the bot is in a group: it hears what is said there.
func (s *session) inGroup(id chat.ChatID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.removed, id)
}

// selfNames are the names by which the bot is mentioned in a group, the longer
// one first since it may begin with the other.
func (s *session) selfNames(room string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := openwechat.FormatEmoji(s.self.NickName), s.names[room]
	if len(a) < len(b) {
		a, b = b, a
	}
	return []string{a, b}
}
