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
	// codesInARow are shown without anybody asking: about a quarter of an hour.
	codesInARow = 3
	// codeRest is the wait before the next ones, unless somebody asks.
	codeRest = 30 * time.Minute
	// bannedRest is the wait after a refused login, unless somebody asks:
	// trying again and again makes it worse.
	bannedRest = 6 * time.Hour
	// quick is an answer to a long poll that should have taken longer.
	quick = time.Second
)

var errExpired = errors.New("the code has expired")

// refusedError is a login that the server does not allow.
type refusedError struct{ message string }

func (e *refusedError) Error() string { return "the login was refused" }

// connect finds a way in: the stored session, a confirmation on the phone, a
// code to be scanned.
func (a *Adapter) connect(ctx context.Context, in chat.Inbox) (*session, error) {
	var rec saved
	if err := get(ctx, in, sessionKey, &rec); err != nil {
		return nil, err
	}
	if rec.Login != nil && rec.Ended == 0 {
		s := a.open(rec)
		err := a.begin(ctx, in, s)
		var ret openwechat.Ret
		var over *endedError
		switch {
		case err == nil:
			return s, nil
		case errors.As(err, &over):
			rec.Ended = over.ret
		case errors.As(err, &ret) && ret != retSystem:
			rec.Ended = ret // whatever it means, the session is of no use
		default:
			return nil, err // the server, not the session, is in trouble
		}
		if err := put(ctx, in, sessionKey, rec); err != nil {
			return nil, err
		}
	}
	if rec.Ended == retAbnormal {
		in.State(a.banned(rec.Ended.Error()))
		a.pause(ctx, bannedRest)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rec.Pushed = true // it takes a person with a code from here
	}
	// Whoever logged the account out on the phone does not want to be asked there.
	if rec.Login != nil && rec.Ended != retLoggedOut && !rec.Pushed {
		rec.Pushed = true
		if err := put(ctx, in, sessionKey, rec); err != nil {
			return nil, err
		}
		s, err := a.push(ctx, in, rec)
		if s != nil || ctx.Err() != nil {
			return s, err
		}
		a.Log.Info("wechat push login failed", "account", a.Options.ID)
	}
	return a.scan(ctx, in, rec)
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
	return a.enter(ctx, in, s, answer.UUID, "1")
}

// scan shows codes until one is scanned and confirmed.
func (a *Adapter) scan(ctx context.Context, in chat.Inbox, rec saved) (*session, error) {
	select {
	case <-a.renew: // it was asked for when there was nothing to renew
	default:
	}
	for n := 1; ; n++ {
		// The device stays the same: an account that seems to come from ever
		// new machines is the likelier to be restricted.
		s := a.open(saved{Request: rec.Request})
		uuid, err := s.caller.GetLoginUUID(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask for a login code: %w", err)
		}
		a.show(QR{Text: "https://login.weixin.qq.com/l/" + uuid, Picture: openwechat.GetQrcodeUrl(uuid)})
		in.State(chat.State{Condition: chat.NeedsHuman, Detail: a.words["scan"]})
		s, err = a.enter(ctx, in, s, uuid, "0")
		a.show(QR{})
		var refused *refusedError
		switch {
		case err == nil:
			return s, nil
		case errors.As(err, &refused):
			in.State(a.banned(refused.message))
			a.pause(ctx, bannedRest)
		case !errors.Is(err, errExpired):
			return nil, err
		case n%codesInARow == 0:
			in.State(chat.State{Condition: chat.NeedsHuman, Detail: a.words["expired"]})
			a.pause(ctx, codeRest)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// banned is the state of an account that the server does not let in, and why.
func (a *Adapter) banned(why string) chat.State {
	return chat.State{Condition: chat.Banned, Detail: fmt.Sprintf(a.words["banned"], chat.CleanName(why))}
}

func (a *Adapter) show(code QR) {
	if a.QR != nil {
		a.QR(code)
	}
}

// enter waits for a code to be confirmed and begins the session.
func (a *Adapter) enter(ctx context.Context, in chat.Inbox, s *session, uuid, tip string) (*session, error) {
	to, err := a.confirmed(ctx, in, s, uuid, tip)
	if err != nil {
		return nil, err
	}
	info, err := loginInfo(ctx, s.caller.Client, to)
	if err != nil {
		return nil, err
	}
	device := openwechat.GetRandomDeviceId()
	if s.Request != nil && s.Request.DeviceID != "" {
		device = s.Request.DeviceID
	}
	s.saved = saved{Label: a.newID("s-"), Login: info, Domain: s.caller.Client.Domain,
		Request: &openwechat.BaseRequest{Uin: info.WxUin, Sid: info.WxSid, Skey: info.SKey, DeviceID: device}}
	if err := a.keepSession(ctx, in, s); err != nil {
		return nil, err
	}
	return s, a.begin(ctx, in, s)
}

// confirmed polls until the login is confirmed on the phone.
func (a *Adapter) confirmed(ctx context.Context, in chat.Inbox, s *session, uuid, tip string) (*url.URL, error) {
	for {
		asked := a.Now()
		answer, err := s.caller.CheckLogin(ctx, uuid, tip)
		if err != nil {
			return nil, fmt.Errorf("wait for the login: %w", err)
		}
		code, err := answer.Code()
		if err != nil {
			return nil, fmt.Errorf("wait for the login: %w", err)
		}
		tip = "0"
		switch code {
		case openwechat.LoginCodeSuccess:
			return answer.RedirectURL()
		case openwechat.LoginCodeTimeout:
			return nil, errExpired
		case openwechat.LoginCodeScanned:
			in.State(chat.State{Condition: chat.NeedsHuman, Detail: a.words["confirm"]})
		case openwechat.LoginCodeWait:
		default:
			return nil, fmt.Errorf("wait for the login: code %s", code)
		}
		if code == openwechat.LoginCodeWait && a.Now().Sub(asked) < quick {
			a.pause(ctx, quick)
		}
	}
}

// loginInfo fetches what a session consists of. The library's own does not
// tell a refusal from a failure.
func loginInfo(ctx context.Context, client *openwechat.Client, to *url.URL) (*openwechat.LoginInfo, error) {
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
		return nil, fmt.Errorf("log in: status %d", resp.StatusCode)
	}
	if err := xml.NewDecoder(resp.Body).Decode(&info); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	if !info.Ok() {
		return nil, &refusedError{info.Message}
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
	return a.keepBook(ctx, in)
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
	if err := shelf.Put(ctx, key, value); err != nil {
		return fmt.Errorf("store %s on the shelf: %w", key, err)
	}
	return nil
}
