package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

// What the server answers besides 0.
const (
	retSystem    openwechat.Ret = -1
	retTicket    openwechat.Ret = -14
	retLoggedOut openwechat.Ret = 1100 // on the phone
	retElsewhere openwechat.Ret = 1101 // another login, or the session is too old
	retCookie    openwechat.Ret = 1102
	retAbnormal  openwechat.Ret = 1203 // the account may not log in here
	retTooOften  openwechat.Ret = 1205
)

// sessionKey is where the session lies on the shelf.
const sessionKey = "session"

// ends tells whether an answer means that the session is over.
func ends(ret openwechat.Ret) bool {
	return ret >= retLoggedOut && ret <= retCookie || ret == retTicket || ret == retAbnormal
}

// endedError says that the session is over.
type endedError struct{ ret openwechat.Ret }

func (e *endedError) Error() string {
	return fmt.Sprintf("the session has ended (ret %d)", int(e.ret))
}

// saved is what a hot login needs. It lies on the shelf and not in a file of
// its own: the database is readable by its owner only, moves to another
// machine as a whole, and is the place where the sync key is committed with
// the events. It is as good as the login itself.
type saved struct {
	Label   string // names the login in the cursor; says nothing to anybody
	Self    string // the account's own id on the wire
	IDs     string // names the ids on the wire: a hot login may find new ones
	Login   *openwechat.LoginInfo
	Request *openwechat.BaseRequest
	Domain  openwechat.WechatDomain
	Cookies []cookie
	Began   time.Time      // when it was logged in; zero = by an earlier version
	Ended   openwechat.Ret // why it is over; 0 = it is not, as far as we know
	Pushed  bool           // since it ended the phone was asked once
}

// cursor is what goes with each Accept: the sync key, and of which session.
type cursor struct {
	Session string
	Key     *openwechat.SyncKey
}

// session is one login at work.
type session struct {
	saved
	caller  *openwechat.Caller
	cookies *cookieKeeper
	self    *openwechat.User

	over context.Context // ends with the session
	end  context.CancelCauseFunc

	// Run alone uses these.
	key       *openwechat.SyncKey
	batch     *batch               // fetched and not yet accepted
	held      held                 // messages of which it is not known who said them
	idle      int                  // answers in a row that brought nothing
	tries     map[string]int       // to fetch a file, by message
	asks      map[string]ask       // of whom the server does not tell, by id on the wire
	refreshed map[string]time.Time // when a group was last asked for
	returned  []chat.ChatID        // of a batch: groups that the bot is in again

	uploading sync.Mutex
	uploads   map[[32]byte]string // media ids by what was uploaded

	mu    sync.Mutex
	names map[string]string           // the bot's own name in groups, by id on the wire
	last  map[chat.ChatID]sentMessage // the newest message of the bot
}

// open makes a session that can speak to the server.
func (a *Adapter) open(rec saved) *session {
	// Desktop works on a Bot; nothing else of the Bot is used: it acknowledges
	// before its handlers run, and its end races with itself.
	bot := &openwechat.Bot{Caller: openwechat.DefaultCaller()}
	openwechat.Desktop.Prepare(bot)
	client := bot.Caller.Client
	client.MaxRetryTimes = 1 // a second try might send twice
	client.Domain = rec.Domain
	s := &session{saved: rec, caller: bot.Caller, uploads: map[[32]byte]string{}, names: map[string]string{},
		last: map[chat.ChatID]sentMessage{}, tries: map[string]int{}, asks: map[string]ask{}, refreshed: map[string]time.Time{}}
	s.cookies = &cookieKeeper{base: a.Transport, jar: client.Jar(), kept: map[string]cookie{}}
	s.cookies.restore(rec.Cookies)
	client.HTTPClient().Transport = s.cookies
	s.over, s.end = context.WithCancelCause(context.Background())
	return s
}

// ended is the reason why the session is over, nil while it is not.
func (s *session) ended() error {
	var e *endedError
	if errors.As(context.Cause(s.over), &e) {
		return e
	}
	return nil
}

// check ends the session if the error says so, and returns the error.
func (s *session) check(err error) error {
	var ret openwechat.Ret
	if errors.As(err, &ret) && ends(ret) {
		s.end(&endedError{ret})
		return &endedError{ret}
	}
	return err
}

// cookie is a Set-Cookie line and where it came from.
type cookie struct{ URL, Line string }

// cookieKeeper hands the server's cookies to the library's jar and keeps them
// as they came. The library's own jar cannot be stored: it drops the domains,
// so that uploads fail after a hot login, and it is not made for several
// requests at a time.
type cookieKeeper struct {
	base http.RoundTripper
	jar  *openwechat.Jar

	mu      sync.Mutex
	kept    map[string]cookie
	changed bool
}

// RoundTrip implements http.RoundTripper.
func (k *cookieKeeper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := k.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	for _, line := range resp.Header["Set-Cookie"] {
		k.keep(req.URL, line)
	}
	resp.Header.Del("Set-Cookie") // or the client would set them in the jar beside us
	return resp, nil
}

func (k *cookieKeeper) keep(from *url.URL, line string) {
	c, err := http.ParseSetCookie(line)
	if err != nil {
		return
	}
	u := &url.URL{Scheme: from.Scheme, Host: from.Host, Path: from.Path} // the query holds tokens
	k.mu.Lock()
	defer k.mu.Unlock()
	key := strings.Join([]string{u.Host, c.Domain, c.Path, c.Name}, " ")
	if kept := (cookie{u.String(), line}); k.kept[key] != kept {
		k.kept[key], k.changed = kept, true
	}
	k.jar.SetCookies(u, []*http.Cookie{c})
}

func (k *cookieKeeper) restore(all []cookie) {
	for _, c := range all {
		if u, err := url.Parse(c.URL); err == nil {
			k.keep(u, c.Line)
		}
	}
	k.changed = false
}

// all are the cookies to be stored.
func (k *cookieKeeper) all() []cookie {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changed = false
	var out []cookie
	for _, c := range k.kept {
		out = append(out, c)
	}
	return out
}

func (k *cookieKeeper) news() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.changed
}
