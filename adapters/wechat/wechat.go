// Package wechat is a personal WeChat account as an adapter, on the web
// protocol as openwechat speaks it. That protocol is unofficial: Tencent may
// restrict an account that uses it (docs/wechat.md).
//
// Rules of receiving:
//   - The adapter runs its own loop over openwechat's requests. The sync key
//     goes to Inbox.Accept as the cursor of the very batch that it came with;
//     before that it is used for nothing. A batch that was not accepted is kept
//     and delivered again, and after a crash the old key fetches it again (if
//     the real server does that is not known; the fake does).
//   - What the bot's own account says, also from its phone, is no event.
//
// Rules of identity. The ids on the wire change at every login, so Branchbot
// sees lasting ids of the adapter's own, kept on the shelf:
//   - Within a session the id on the wire decides, nothing else.
//   - A group is recognised after a new login by title and members: the title
//     is the same and at least half of the larger member list (two people at
//     least) is in both, by name; and no other group with that title, before or
//     now, has a quarter of the members in common with either.
//   - A person is recognised by what only one had before and only one has now:
//     the remark (备注) or WeChat number of a friend, a name in a recognised
//     group (群昵称 or nickname, whichever is borne by one member only). All of
//     it must agree: if anything points to a second person on either side,
//     nobody is recognised. A friend's nickname says nothing: anybody can take it.
//   - In doubt there is a new lasting id. Two ids are never merged, and what
//     was known under an old id is not moved. Each doubt is listed by Doubts.
//   - A group that was meant by a doubt is not looked for again, or every later
//     login would be in doubt about it.
//
// What the rules cannot see: while the bot is logged out, somebody leaves a
// group (or changes both his names) and another takes his name there. Without
// a remark the other is taken for him.
package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

// QR is a code to be scanned with the phone of the bot's account. An empty one
// says that none is open any more.
type QR struct {
	Text    string // what the code says: draw it
	Picture string // an address where Tencent draws it
}

// Options are what an adapter is made of.
type Options struct {
	ID chat.AccountID
	// QR is told each code as it is made; whoever has it can take over the
	// session, so it belongs before the secretary's eyes only. It must return
	// soon. nil: nobody is told.
	QR func(QR)
	// Pace is the output budget; zero: DefaultPace.
	Pace chat.Pace
	// Rest is how long the account says nothing after the server has called it
	// too busy; zero: an hour.
	Rest     time.Duration
	Language string // of State.Detail: "zh-CN" or "en"

	Transport http.RoundTripper // nil: http.DefaultTransport
	Now       func() time.Time  // nil: the clock
	Log       *slog.Logger      // nil: nothing is logged
}

// DefaultPace is the budget of an unofficial account. No limit is published;
// this is well below what people type.
var DefaultPace = chat.Pace{
	AccountPerSecond: 1.0 / 3, // and with it 20 a minute
	ChatEvery:        3 * time.Second,
	Jitter:           2 * time.Second,
	AccountPerDay:    400,
}

// Adapter is one WeChat account.
type Adapter struct {
	Options
	words map[string]string
	newID func(prefix string) string
	after func(time.Duration) <-chan time.Time
	// What a person has asked for.
	renew  chan struct{} // a login, or a new code
	accept chan struct{} // the other account that was scanned

	brakesMu sync.Mutex // held while the brakes are stored; before mu

	mu       sync.Mutex // guards what is below
	inbox    chat.Inbox // of the last Run
	live     *session   // nil: not logged in
	book     *book      // of the live session
	reported chat.State // of the live session
	behind   bool       // WeChat may hold things that were said before
	brakes   brakes
	braked   bool // the brakes were read

	sentMu sync.Mutex
	sent   map[chat.ChatID][]sentText
}

// New makes an adapter. It does nothing before Run.
func New(o Options) *Adapter {
	if o.Pace == (chat.Pace{}) {
		o.Pace = DefaultPace
	}
	if o.Rest == 0 {
		o.Rest = time.Hour
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Adapter{Options: o, words: catalogue[o.Language], newID: randomID, after: time.After,
		renew: make(chan struct{}, 1), accept: make(chan struct{}, 1), sent: map[chat.ChatID][]sentText{}}
	if a.words == nil {
		a.words = catalogue["zh-CN"]
	}
	return a
}

// ID implements chat.Adapter.
func (a *Adapter) ID() chat.AccountID { return a.Options.ID }

// Platform implements chat.Adapter.
func (a *Adapter) Platform() string { return "wechat" }

// textLimit is well within what clients take; the server's limit is not
// published.
const textLimit = 2000

// Caps implements chat.Adapter.
func (a *Adapter) Caps(chat.ChatID) chat.Caps {
	return Capabilities(a.Pace)
}

// Capabilities is what WeChat can do in any chat, sending at a pace.
func Capabilities(p chat.Pace) chat.Caps {
	return chat.Caps{TextLimit: textLimit, Pictures: true, Files: true, Recalls: true, Direct: true, Personal: true, Pace: p}
}

const privatePrefix = "dm:"

// PrivateChat is the chat of a user and the bot alone.
func PrivateChat(user chat.UserID) chat.ChatID { return chat.ChatID(privatePrefix + user) }

// Direct implements chat.Directer: one can write to friends only.
func (a *Adapter) Direct(_ context.Context, to chat.UserID) (chat.ChatID, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.live == nil {
		return "", &chat.SendError{Class: chat.LoggedOut}
	}
	if _, ok := a.book.friendOf(to); !ok {
		return "", &chat.SendError{Class: chat.Unsupported, Err: errors.New("the person is no friend of the bot's account")}
	}
	return PrivateChat(to), nil
}

// Leave implements chat.Leaver: the session and the ids go on in another process,
// which has both from the shelf.
func (a *Adapter) Leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live, a.book, a.braked = nil, nil, false
}

// Renew is a person who asks for a login: for a new code when the last ones
// have expired unused, or for another try after the server has refused one.
// Nothing but a person may call it.
func (a *Adapter) Renew() { signal(a.renew) }

// AcceptAccount is a person who agrees to the other account that was scanned.
func (a *Adapter) AcceptAccount() { signal(a.accept) }

func signal(what chan struct{}) {
	select {
	case what <- struct{}{}:
	default: // asked already
	}
}

// Run implements chat.Adapter.
func (a *Adapter) Run(ctx context.Context, in chat.Inbox) error {
	a.mu.Lock()
	a.inbox = in
	s := a.live
	a.mu.Unlock()
	if err := a.loadBrakes(ctx, in); err != nil {
		return stopped(ctx, err)
	}
	for ctx.Err() == nil {
		if s == nil {
			in.State(chat.State{Condition: chat.Connecting})
			var err error
			if s, err = a.connect(ctx, in); err != nil {
				return stopped(ctx, err)
			}
		}
		a.tell(in, true)
		err := a.listen(ctx, in, s)
		if s.ended() == nil {
			return stopped(ctx, err)
		}
		if err := a.leave(ctx, in, s); err != nil {
			return stopped(ctx, err)
		}
		s = nil
	}
	return nil
}

// stopped is what Run returns for an error.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("wechat: %w", withoutAddress(err))
}

// withoutAddress takes the address out of an error of net/http: its query
// holds the session's tokens.
func withoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return fmt.Errorf("%s: %w", strings.ToLower(ue.Op), ue.Err)
	}
	return err
}

// leave puts a session away that has ended.
func (a *Adapter) leave(ctx context.Context, in chat.Inbox, s *session) error {
	var e *endedError
	errors.As(s.ended(), &e)
	a.Log.Warn("wechat session ended", "account", a.Options.ID, "ret", int(e.ret))
	a.mu.Lock()
	a.live = nil
	a.mu.Unlock()
	s.Cookies = s.cookies.all()
	return a.end(ctx, in, s.saved, e.ret)
}

// end notes why a session is over, and whether that says that the account is
// restricted.
func (a *Adapter) end(ctx context.Context, in chat.Inbox, rec saved, ret openwechat.Ret) error {
	rec.Ended = ret
	h := halt{Words: fmt.Sprint(int(ret))}
	switch age := a.Now().Sub(rec.Began); {
	case ret == retAbnormal:
		h.Cause = refused
	case !rec.Began.IsZero() && age < young:
		h.Cause = restricted
	}
	if h.Cause != "" {
		rec.Pushed = true // it takes a person with a code from here
		if err := a.stop(ctx, in, h); err != nil {
			return err
		}
	}
	return put(ctx, in, sessionKey, rec)
}

// tell tells the state of the live session, and whether WeChat may still hold
// things that were said before.
func (a *Adapter) tell(in chat.Inbox, behind bool) {
	a.mu.Lock()
	a.behind = behind
	a.mu.Unlock()
	st := a.online()
	a.mu.Lock()
	a.reported = st
	a.mu.Unlock()
	in.State(st)
}

// report tells the state of the live session when it has changed.
func (a *Adapter) report() {
	st := a.online()
	a.mu.Lock()
	in, changed := a.inbox, a.live != nil && st != a.reported
	a.reported = st
	a.mu.Unlock()
	if changed {
		in.State(st)
	}
}

// online is the state of a live session.
func (a *Adapter) online() chat.State {
	groups, people := 0, 0
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.book == nil {
		return chat.State{}
	}
	for _, d := range a.book.doubts.List {
		if d.User == "" {
			groups++
		} else {
			people++
		}
	}
	st := chat.State{Condition: chat.Online, Behind: a.behind}
	if a.brakes.Rest.After(a.Now()) {
		st.Reason, st.Detail, st.Until = chat.TooBusy, a.words["too_often"], a.brakes.Rest
		return st
	}
	if groups+people > 0 {
		st.Detail = fmt.Sprintf(a.words["doubts"], groups, people)
	}
	return st
}

// pause waits for d or for the end of ctx.
func (a *Adapter) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-a.after(d):
	}
}

// userOf is the person of a private chat; "" when it is a group.
func userOf(id chat.ChatID) chat.UserID {
	user, ok := strings.CutPrefix(string(id), privatePrefix)
	if !ok {
		return ""
	}
	return chat.UserID(user)
}
