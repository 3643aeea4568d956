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
	"syscall"
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
	// cutAfter is how old a poll must be for its end without an answer to be no
	// fault of the server.
	cutAfter = 3 * time.Second
)

// listen receives until the session or ctx ends, or something fails.
func (a *Adapter) listen(ctx context.Context, in chat.Inbox, s *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.over, cancel)() // a send may find out first that it is over
	for {
		a.report() // a rest may be over
		if s.batch == nil && s.held.soon() {
			a.pause(ctx, heldPause)
			s.batch = &batch{SyncKey: s.key}
		}
		if s.batch == nil {
			if err := a.fetch(ctx, s); err != nil {
				return s.check(err)
			}
		}
		if s.batch == nil && len(s.held.messages) > 0 { // look again
			s.batch = &batch{SyncKey: s.key}
		}
		if s.batch != nil {
			if err := a.deliver(ctx, in, s); err != nil {
				return s.check(err)
			}
			continue
		}
		a.tell(in, false) // WeChat has nothing more for us
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
	var text []byte
	if err == nil {
		text, err = body200(resp)
	}
	if (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)) && a.Now().Sub(asked) >= cutAfter {
		// Something on the way cuts quiet connections. A question of the other
		// kind tells whether the server is there, and what was missed.
		return a.sync(ctx, s)
	}
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

// deliver hands the batch to the inbox, and of what was held whatever is known by
// now. Only when that has worked is its key used.
func (a *Adapter) deliver(ctx context.Context, in chat.Inbox, s *session) error {
	if err := a.meetChanged(ctx, s, s.batch.contacts); err != nil {
		return err
	}
	var events []chat.Event
	var unknown []*openwechat.Message
	s.returned = nil
	for _, m := range slices.Concat(s.held.messages, s.batch.AddMsgList) {
		var some []chat.Event
		err := errUnknown
		if !waits(unknown, m) {
			some, err = a.events(ctx, s, m)
		}
		switch {
		case errors.Is(err, errUnknown):
			unknown = append(unknown, m)
		case err != nil:
			return err
		}
		events = append(events, some...)
	}
	if err := a.keepBook(ctx, in); err != nil { // the events name ids that must not be lost
		return err
	}
	if s.cookies.news() {
		if err := a.keepSession(ctx, in, s); err != nil {
			return err
		}
	}
	next := held{messages: s.held.messages, from: s.held.from, tries: s.held.tries, settling: s.held.settling}
	next.set(unknown, s.key)
	place := s.batch.SyncKey
	if len(unknown) > 0 {
		place = next.from
	}
	if len(events) > 0 || len(unknown) == 0 || len(s.held.messages) == 0 { // else nothing is new
		text, err := json.Marshal(cursor{Session: s.Label, Key: place})
		if err != nil {
			return err
		}
		if err := in.Accept(ctx, string(text), events...); err != nil {
			return fmt.Errorf("accept a batch: %w", err)
		}
	}
	a.mu.Lock()
	for _, id := range s.returned { // not before: the event must not get lost
		a.book.leave(id, false)
	}
	a.mu.Unlock()
	s.held = next
	moved := !sameKey(s.key, s.batch.SyncKey)
	news := len(s.batch.AddMsgList)+len(s.batch.contacts) > 0
	s.key, s.batch = s.batch.SyncKey, nil
	if moved {
		s.idle = 0
	} else if s.idle++; news && s.idle > idleLimit {
		a.pause(ctx, idlePause)
	}
	return nil
}

// events are what a message means to the bot; errUnknown when it is not known yet
// whose it is.
func (a *Adapter) events(ctx context.Context, s *session, m *openwechat.Message) ([]chat.Event, error) {
	chatAt := m.FromUserName
	if chatAt == s.self.UserName {
		chatAt = m.ToUserName
	}
	switch {
	case m.MsgType == kindText && m.Url != "": // a place on the map
		return nil, nil
	case m.MsgType == kindRecent:
		return nil, a.meetRecent(ctx, s, m)
	case m.MsgType == kindSystem && isRoom(chatAt):
		return a.groupNotice(ctx, s, m, chatAt)
	case m.MsgType == kindSystem && isPerson(chatAt):
		return a.privateNotice(ctx, s, m, chatAt)
	case m.FromUserName == s.self.UserName:
		return nil, nil
	case isRoom(m.FromUserName):
		return a.groupEvents(ctx, s, m)
	case isPerson(m.FromUserName):
		return a.privateEvents(ctx, s, m)
	}
	return nil, nil
}

func (a *Adapter) groupEvents(ctx context.Context, s *session, m *openwechat.Message) ([]chat.Event, error) {
	at, content := cutSender(m.Content)
	b, ok := read(int(m.MsgType), content)
	if !ok || b.file != "" || at == "" && b.recalled == "" {
		return nil, nil
	}
	g, err := a.groupAt(ctx, s, m.FromUserName, at)
	if err != nil {
		return nil, err
	}
	ev := &chat.Event{Chat: g.Chat, Title: chat.CleanName(g.Title)}
	from, known := g.memberAt(at)
	if b.recalled != "" && !known {
		from, known = g.named(b.recaller)
	}
	if known {
		ev.From = chat.User{ID: from.User, Name: chat.CleanName(from.shown())}
	}
	// The bot hears what is said there, so it is in the group.
	return append(a.back(s, g, m), *a.fill(ctx, s, ev, m, b)), nil
}

func (a *Adapter) privateEvents(ctx context.Context, s *session, m *openwechat.Message) ([]chat.Event, error) {
	b, ok := read(int(m.MsgType), m.Content)
	if !ok {
		return nil, nil
	}
	f, err := a.friendAt(ctx, s, m.FromUserName)
	if err != nil || f.User == "" {
		return nil, err
	}
	ev := a.inPrivate(f)
	if b.file != "" {
		if ev.Files, err = a.download(ctx, s, m, b.file); err != nil {
			return nil, err
		}
	}
	return []chat.Event{*a.fill(ctx, s, ev, m, b)}, nil
}

// inPrivate is the frame of an event in the private chat of a friend.
func (a *Adapter) inPrivate(f friend) *chat.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &chat.Event{Chat: PrivateChat(f.User), Private: true, From: chat.User{ID: f.User, Name: chat.CleanName(f.shown())},
		Shared: a.book.with(f.User)}
}

// fill says in the event what was said, and to what.
func (a *Adapter) fill(ctx context.Context, s *session, ev *chat.Event, m *openwechat.Message, b body) *chat.Event {
	ev.Account, ev.Key, ev.At = a.Options.ID, m.MsgId, sentAt(m)
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

// groupNotice acts on a line of the system in a group.
func (a *Adapter) groupNotice(ctx context.Context, s *session, m *openwechat.Message, room string) ([]chat.Event, error) {
	text := unquoted(plain(m.Content))
	switch {
	case removedWords.MatchString(text):
		a.mu.Lock()
		defer a.mu.Unlock()
		g := a.book.groupAt(room)
		if g == nil {
			return nil, nil
		}
		a.book.leave(g.Chat, true)
		return []chat.Event{a.happened(chat.Removed, g, m)}, nil
	case invitedWords.MatchString(text):
		if err := a.meetRooms(ctx, s, []string{room}); err != nil {
			return nil, err
		}
		a.mu.Lock()
		g := a.book.groupAt(room)
		a.mu.Unlock()
		if g == nil {
			return nil, nil
		}
		return a.back(s, g, m), nil
	case rosterWords.MatchString(text):
		return nil, a.meetRooms(ctx, s, []string{room})
	case tooOftenWords.MatchString(text):
		if err := s.held.settle(m); err != nil {
			return nil, err
		}
		a.tooBusy(ctx)
		a.mu.Lock()
		g := a.book.groupAt(room)
		a.mu.Unlock()
		if g == nil {
			return nil, nil
		}
		return a.undelivered(s, &chat.Event{Chat: g.Chat, Title: chat.CleanName(g.Title)}, m, chat.RateLimited), nil
	}
	return nil, nil
}

// privateNotice acts on a line of the system in a private chat: the server takes
// a message and says so afterwards when the other does not get it.
func (a *Adapter) privateNotice(ctx context.Context, s *session, m *openwechat.Message, at string) ([]chat.Event, error) {
	text := unquoted(plain(m.Content))
	tooOften, closed := tooOftenWords.MatchString(text), friendWords.MatchString(text) || rejectedWords.MatchString(text)
	if !tooOften && !closed {
		return nil, nil
	}
	if err := s.held.settle(m); err != nil {
		return nil, err
	}
	if tooOften {
		a.tooBusy(ctx)
	}
	a.mu.Lock()
	f, ok := a.book.friendAt(at)
	a.mu.Unlock()
	if !ok {
		return nil, nil
	}
	ev := a.inPrivate(f)
	if tooOften {
		return a.undelivered(s, ev, m, chat.RateLimited), nil
	}
	all := a.undelivered(s, ev, m, chat.Forbidden)
	ev.Account, ev.Kind, ev.Key, ev.At = a.Options.ID, chat.Removed, m.MsgId, sentAt(m)
	return append(all, *ev), nil
}

// recent is how old the bot's newest message may be for a line of the system to
// be about it.
const recent = 2 * time.Minute

// undelivered is the event that the bot's newest message in a chat did not
// arrive; none when there is no such message.
func (a *Adapter) undelivered(s *session, in *chat.Event, m *openwechat.Message, why chat.Class) []chat.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.last[in.Chat]
	if !ok || a.Now().Sub(last.at) > recent {
		return nil
	}
	delete(s.last, in.Chat)
	ev := *in
	ev.Account, ev.Kind, ev.Key, ev.At = a.Options.ID, chat.Undelivered, m.MsgId+":undelivered", sentAt(m)
	ev.Message, ev.Why = last.id, why
	return []chat.Event{ev}
}

// back is the event that the bot is in a group again; none when it was not out.
func (a *Adapter) back(s *session, g *group, m *openwechat.Message) []chat.Event {
	if !g.Gone || slices.Contains(s.returned, g.Chat) {
		return nil
	}
	s.returned = append(s.returned, g.Chat)
	return []chat.Event{a.happened(chat.Added, g, m)}
}

// happened is what happened to the bot in a group.
func (a *Adapter) happened(kind chat.Kind, g *group, m *openwechat.Message) chat.Event {
	return chat.Event{Account: a.Options.ID, Key: m.MsgId + ":" + string(kind), Kind: kind, At: sentAt(m),
		Chat: g.Chat, Title: chat.CleanName(g.Title)}
}

// sentAt is when a message was sent; zero when it does not say.
func sentAt(m *openwechat.Message) time.Time {
	if m.CreateTime <= 0 {
		return time.Time{}
	}
	return time.Unix(m.CreateTime, 0)
}

// selfNames are the names by which the bot is mentioned in a group, the longer
// one first since it may begin with the other.
func (s *session) selfNames(room string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := name(s.self.NickName), s.names[room]
	if len(a) < len(b) {
		a, b = b, a
	}
	return []string{a, b}
}
