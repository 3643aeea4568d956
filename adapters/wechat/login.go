package wechat

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

const (
	// quick is an answer to a long poll that should have taken longer.
	quick = time.Second
	// pollFaults is how many polls in a row may fail while somebody holds the
	// phone: a new code would make theirs worthless.
	pollFaults = 10
	// A question that is refused at a login is asked again after a while, which
	// doubles up to the longer one.
	askAgain, askAgainMost = 15 * time.Second, 10 * time.Minute
)

var (
	errExpired = errors.New("the code has expired")
	// errHalted says that it takes a person now; the brakes say why.
	errHalted = errors.New("no login until a person asks for one")
)

// refusedError is a login that the server does not allow.
type refusedError struct {
	ret     openwechat.Ret
	message string
}

func (e *refusedError) Error() string { return "the login was refused" }

// connect finds a way in, and waits for a person where the brakes ask for one.
func (a *Adapter) connect(ctx context.Context, in chat.Inbox) (*session, error) {
	for {
		if h := a.braking().Halt; h != nil {
			if err := a.awaitPerson(ctx, in, *h); err != nil {
				return nil, err
			}
		}
		var rec saved
		if err := get(ctx, in, sessionKey, &rec); err != nil {
			return nil, err
		}
		s, err := a.enterBy(ctx, in, rec)
		var over *endedError
		switch {
		case err == nil:
			return s, nil
		case errors.As(err, &over):
			if err := get(ctx, in, sessionKey, &rec); err != nil { // perhaps a newer one
				return nil, err
			}
			if err := a.end(ctx, in, rec, over.ret); err != nil {
				return nil, err
			}
		case !errors.Is(err, errHalted):
			return nil, err
		}
	}
}

// enterBy tries the stored session, or a confirmation on the phone, or a code to be
// scanned.
func (a *Adapter) enterBy(ctx context.Context, in chat.Inbox, rec saved) (*session, error) {
	if rec.Login != nil && rec.Ended == 0 {
		return a.resume(ctx, in, rec)
	}
	// Whoever logged the account out on the phone does not want to be asked there.
	if rec.Login != nil && rec.Ended != retLoggedOut && !rec.Pushed {
		may, err := a.mayPush(ctx, in)
		if err != nil {
			return nil, err
		}
		rec.Pushed = true
		if err := put(ctx, in, sessionKey, rec); err != nil {
			return nil, err
		}
		if may {
			s, err := a.push(ctx, in, rec)
			if s != nil || ctx.Err() != nil || errors.Is(err, errHalted) || errors.As(err, new(*endedError)) {
				return s, err
			}
			a.Log.Info("wechat push login failed", "account", a.Options.ID)
		}
	}
	return a.scan(ctx, in, rec)
}

// resume goes on with the stored session. A server that refuses a question does
// not mean the session by it: the same one is tried again, until a person asks
// for a code.
func (a *Adapter) resume(ctx context.Context, in chat.Inbox, rec saved) (*session, error) {
	for wait := askAgain; ; wait = min(2*wait, askAgainMost) {
		s := a.open(rec)
		err := a.begin(ctx, in, s)
		var ret openwechat.Ret
		if err == nil {
			return s, nil
		}
		if !errors.As(err, &ret) || ret == retSystem {
			return nil, err // the session is over, or the server is in trouble
		}
		a.Log.Warn("wechat login refused a question", "account", a.Options.ID, "ret", int(ret))
		in.State(chat.State{Condition: chat.Down, Detail: fmt.Sprintf(a.words["contacts"], int(ret))})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-a.after(wait):
		case <-a.renew:
			rec.Ended, rec.Pushed = ret, true
			if err := put(ctx, in, sessionKey, rec); err != nil {
				return nil, err
			}
			return a.scan(ctx, in, rec)
		}
	}
}

// push asks the phone of an account that was logged in before.
func (a *Adapter) push(ctx context.Context, in chat.Inbox, rec saved) (*session, error) {
	s := a.open(rec)
	answer, err := s.caller.WebWxPushLogin(ctx, rec.Login.WxUin)
	if err == nil {
		err = answer.Err()
	}
	if err != nil {
		return nil, err
	}
	in.State(chat.State{Condition: chat.NeedsHuman, Detail: a.words["push"]})
	return a.enter(ctx, in, s, rec, answer.UUID, "1")
}

// scan shows codes until one is scanned and confirmed.
func (a *Adapter) scan(ctx context.Context, in chat.Inbox, rec saved) (*session, error) {
	select {
	case <-a.renew: // it was asked for when there was nothing to renew
	default:
	}
	for {
		if a.braking().Codes >= codesInARow {
			if err := a.stop(ctx, in, halt{Cause: unscanned}); err != nil {
				return nil, err
			}
			return nil, errHalted
		}
		// The device stays the same: an account that seems to come from ever
		// new machines is the likelier to be restricted.
		s := a.open(saved{Request: rec.Request})
		uuid, err := s.caller.GetLoginUUID(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask for a login code: %w", err)
		}
		if err := a.brake(ctx, in, func(b *brakes) { b.Codes++ }); err != nil {
			return nil, err
		}
		a.show(QR{Text: "https://login.weixin.qq.com/l/" + uuid, Picture: openwechat.GetQrcodeUrl(uuid)})
		in.State(chat.State{Condition: chat.NeedsHuman, Detail: a.words["scan"]})
		s, err = a.enter(ctx, in, s, rec, uuid, "0")
		a.show(QR{})
		if !errors.Is(err, errExpired) {
			return s, err
		}
	}
}

func (a *Adapter) show(code QR) {
	if a.QR != nil {
		a.QR(code)
	}
}

// enter waits for a code to be confirmed and begins the session. before is the
// login that was there before.
func (a *Adapter) enter(ctx context.Context, in chat.Inbox, s *session, before saved, uuid, tip string) (*session, error) {
	to, err := a.confirmed(ctx, in, s, uuid, tip)
	if err != nil {
		return nil, err
	}
	info, err := a.loginInfo(ctx, s.caller.Client, to)
	if err != nil {
		var no *refusedError
		if !errors.As(err, &no) {
			return nil, err
		}
		return nil, errors.Join(errHalted, a.stop(ctx, in, halt{Cause: refused, Words: no.message}))
	}
	if before.Login != nil && info.WxUin != before.Login.WxUin && info.WxUin != a.braking().Accepted {
		// Nothing is read of the account of somebody who took the wrong phone.
		if err := s.caller.Logout(ctx, info); err != nil {
			a.Log.Info("wechat logout of another account failed", "account", a.Options.ID)
		}
		return nil, errors.Join(errHalted, a.stop(ctx, in, halt{Cause: otherAccount, Uin: info.WxUin}))
	}
	device := openwechat.GetRandomDeviceId()
	if s.Request != nil && s.Request.DeviceID != "" {
		device = s.Request.DeviceID
	}
	s.saved = saved{Label: a.newID("s-"), Login: info, Domain: s.caller.Client.Domain, Began: a.Now().UTC(),
		Request: &openwechat.BaseRequest{Uin: info.WxUin, Sid: info.WxSid, Skey: info.SKey, DeviceID: device}}
	if err := a.keepSession(ctx, in, s); err != nil {
		return nil, err
	}
	if err := a.brake(ctx, in, func(b *brakes) { b.Codes, b.Accepted = 0, 0 }); err != nil {
		return nil, err
	}
	if err := a.begin(ctx, in, s); err != nil {
		return nil, err
	}
	return s, nil
}

// confirmed polls until the login is confirmed on the phone, at most once a
// second. A fault of the server does not make the code worthless.
func (a *Adapter) confirmed(ctx context.Context, in chat.Inbox, s *session, uuid, tip string) (*url.URL, error) {
	for faults := 0; ; {
		asked := a.Now()
		code, to, err := a.checkLogin(ctx, s, uuid, tip)
		if err != nil {
			if faults++; faults > pollFaults || ctx.Err() != nil {
				return nil, fmt.Errorf("wait for the login: %w", err)
			}
			a.pause(ctx, quick)
			continue
		}
		faults, tip = 0, "0"
		switch code {
		case openwechat.LoginCodeSuccess:
			return to, nil
		case openwechat.LoginCodeTimeout:
			return nil, errExpired
		case openwechat.LoginCodeScanned:
			in.State(chat.State{Condition: chat.NeedsHuman, Detail: a.words["confirm"]})
			if a.braking().Codes > 0 { // somebody is there
				if err := a.brake(ctx, in, func(b *brakes) { b.Codes = 0 }); err != nil {
					return nil, err
				}
			}
		}
		if a.Now().Sub(asked) < quick {
			a.pause(ctx, quick)
		}
	}
}

// checkLogin asks once how far the login is; to is where it goes on.
func (a *Adapter) checkLogin(ctx context.Context, s *session, uuid, tip string) (code openwechat.LoginCode, to *url.URL, err error) {
	answer, err := s.caller.CheckLogin(ctx, uuid, tip)
	if err != nil {
		return "", nil, err
	}
	if code, err = answer.Code(); err != nil {
		return "", nil, err
	}
	switch code {
	case openwechat.LoginCodeSuccess:
		to, err = answer.RedirectURL()
	case openwechat.LoginCodeTimeout, openwechat.LoginCodeScanned, openwechat.LoginCodeWait:
	default:
		err = fmt.Errorf("code %s", code)
	}
	return code, to, err
}

// loginInfo fetches what a session consists of. What is confirmed is worth a
// few tries of a server that is out of order.
func (a *Adapter) loginInfo(ctx context.Context, client *openwechat.Client, to *url.URL) (*openwechat.LoginInfo, error) {
	for tries := 1; ; tries++ {
		info, err := fetchLogin(ctx, client, to)
		var status statusError
		var no *refusedError
		switch {
		case errors.As(err, &no) && tries > 1 && no.ret != retAbnormal:
			return nil, errors.New("log in: what was confirmed is spent") // by the try that went wrong
		case !errors.As(err, &status) || status < 500 || tries == 3:
			return info, err
		}
		a.pause(ctx, quick)
	}
}

// fetchLogin is one try of loginInfo. The library's own does not tell a refusal
// from a failure.
func fetchLogin(ctx context.Context, client *openwechat.Client, to *url.URL) (*openwechat.LoginInfo, error) {
	query := to.Query()
	query.Set("version", "v2")
	to.RawQuery = query.Encode()
	resp, err := client.GetLoginInfo(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	defer resp.Body.Close()
	var info openwechat.LoginInfo
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("log in: %w", statusError(resp.StatusCode))
	}
	if err := xml.NewDecoder(resp.Body).Decode(&info); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	if !info.Ok() {
		return nil, &refusedError{openwechat.Ret(info.Ret), info.Message}
	}
	if info.WxSid == "" || info.WxUin == 0 {
		return nil, errors.New("log in: the answer is not complete")
	}
	client.Domain = openwechat.WechatDomain(to.Host)
	return &info, nil
}

// begin brings a session to work: it finds out who is there, and where in the
// stream of messages to go on.
func (a *Adapter) begin(ctx context.Context, in chat.Inbox, s *session) error {
	hello, err := s.caller.WebInit(ctx, s.Request)
	if err != nil {
		return s.check(fmt.Errorf("begin the session: %w", err))
	}
	if hello.User == nil || !usable(hello.SyncKey) {
		return errors.New("begin the session: the answer is not complete")
	}
	s.self, s.key = hello.User, hello.SyncKey
	text, err := in.Cursor(ctx)
	if err != nil {
		return err
	}
	var c cursor
	if json.Unmarshal([]byte(text), &c) == nil && c.Session == s.Label && usable(c.Key) {
		s.key = c.Key // the one of hello would skip what came meanwhile
	}
	if s.Self != hello.User.UserName { // all ids on the wire are others now
		s.Self, s.IDs = hello.User.UserName, a.newID("s-")
	}
	// It tells the phone that somebody reads along; nothing depends on it.
	notice := openwechat.CallerWebWxStatusNotifyOptions{BaseRequest: s.Request, WebInitResponse: hello, LoginInfo: s.Login}
	if err := s.caller.WebWxStatusNotify(ctx, &notice); err != nil {
		a.Log.Info("wechat status notice failed", "account", a.Options.ID)
	}
	b, err := openBook(ctx, in, s.IDs, a.newID)
	if err != nil {
		return err
	}
	if err := a.meetAll(ctx, s, b, hello); err != nil {
		return s.check(err)
	}
	a.mu.Lock()
	a.live, a.book = s, b
	a.mu.Unlock()
	if err := a.keepSession(ctx, in, s); err != nil {
		return err
	}
	if err := a.keepBook(ctx, in); err != nil || c.Session == s.Label {
		return err
	}
	// From here on a restart loses nothing, also before the first message.
	first, err := json.Marshal(cursor{Session: s.Label, Key: s.key})
	if err != nil {
		return err
	}
	return in.Accept(ctx, string(first))
}

// keepSession stores what the next hot login needs.
func (a *Adapter) keepSession(ctx context.Context, in chat.Inbox, s *session) error {
	s.Cookies = s.cookies.all()
	return put(ctx, in, sessionKey, s.saved)
}

// put stores a record on the shelf.
func put(ctx context.Context, shelf chat.Shelf, key string, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if err := shelf.Put(ctx, chat.Item{Key: key, Value: value}); err != nil {
		return fmt.Errorf("store %s on the shelf: %w", key, err)
	}
	return nil
}
