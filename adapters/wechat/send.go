package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/eatmoreapple/openwechat"

	"branchbot/bot/chat"
)

// replyDeadline bounds a send with its upload.
const replyDeadline = 30 * time.Second

// Send implements chat.Adapter.
func (a *Adapter) Send(ctx context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, replyDeadline)
	defer cancel()
	s, at, err := a.address(to)
	if err != nil {
		return chat.Receipt{}, err
	}
	if left := a.resting(); left > 0 {
		return chat.Receipt{}, &chat.SendError{Class: chat.RateLimited, After: left, Account: true, Err: errors.New("the account rests")}
	}
	id, err := a.deliverPart(ctx, s, at, p)
	if err != nil {
		return chat.Receipt{}, a.classed(ctx, s, err)
	}
	s.mu.Lock()
	s.last[to] = sentMessage{id, a.Now()}
	s.mu.Unlock()
	a.report()                       // it may have rested before
	if p.Media == nil && !p.Secret { // a sum of few possible words would tell which they were
		a.remember(ctx, to, id, p.Plain())
	}
	return chat.Receipt{Message: id}, nil
}

// sentMessage is a message of the bot, and when it went out.
type sentMessage struct {
	id chat.MessageID
	at time.Time
}

// address is where a chat is in the present session.
func (a *Adapter) address(to chat.ChatID) (*session, string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.live
	if s == nil || s.ended() != nil {
		return nil, "", &chat.SendError{Class: chat.LoggedOut}
	}
	if user := userOf(to); user != "" {
		if f, ok := a.book.friendOf(user); ok {
			return s, f.At, nil
		}
		return nil, "", &chat.SendError{Class: chat.ChatGone, Err: errors.New("no friend in this session")}
	}
	g := a.book.groups[to]
	switch {
	case g == nil:
		return nil, "", &chat.SendError{Class: chat.ChatGone, Err: errors.New("no such group, or it was not recognised for certain")}
	case g.Gone:
		return nil, "", &chat.SendError{Class: chat.ChatGone, Err: errors.New("the bot was taken out of the group")}
	case g.Session != s.IDs:
		return nil, "", &chat.SendError{Class: chat.Temporary, Err: errors.New("the group has not shown itself since the login")}
	}
	return s, g.At, nil
}

// deliverPart sends one message.
func (a *Adapter) deliverPart(ctx context.Context, s *session, at string, p chat.Part) (chat.MessageID, error) {
	if p.Media != nil {
		return a.sendMedia(ctx, s, at, p.Media)
	}
	msg := openwechat.NewTextSendMessage(p.Plain(), s.self.UserName, at)
	resp, err := s.caller.Client.WebWxSendMsg(ctx, &openwechat.ClientWebWxSendMsgOptions{
		LoginInfo: s.Login, BaseRequest: s.Request, Message: msg})
	return receipt(resp, err)
}

// statusError is an answer that is none.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// receipt reads the answer to a message.
func receipt(resp *http.Response, err error) (chat.MessageID, error) {
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", statusError(resp.StatusCode)
	}
	parser := openwechat.MessageResponseParser{Reader: resp.Body}
	id, err := parser.MsgID()
	if err == nil && id == "" {
		return "", errors.New("the answer names no message")
	}
	return chat.MessageID(id), err
}

// classed says what the sender has to do about an error. A session that is
// over ends here, so that no other lane tries.
func (a *Adapter) classed(ctx context.Context, s *session, err error) error {
	var marked *chat.SendError
	var ret openwechat.Ret
	var status statusError
	var dial *net.OpError
	switch {
	case errors.As(err, &marked):
		return marked
	case errors.As(err, &ret):
		return a.refused(ctx, s, ret)
	case errors.As(err, &status) && status >= 500: // it may have come after the message was taken
		return &chat.SendError{Class: chat.MaybeSent, Err: err}
	case errors.As(err, &status):
		return &chat.SendError{Class: chat.BadPart, Err: err}
	case errors.As(err, &dial) && dial.Op == "dial":
		return &chat.SendError{Class: chat.Temporary, Err: withoutAddress(err)}
	}
	return &chat.SendError{Class: chat.MaybeSent, Err: withoutAddress(err)}
}

// refused is what a code of the server means. What other codes than these
// mean is not known; the message was not taken.
func (a *Adapter) refused(ctx context.Context, s *session, ret openwechat.Ret) error {
	err := fmt.Errorf("ret %d", int(ret))
	switch {
	case ends(ret):
		s.end(&endedError{ret})
		return &chat.SendError{Class: chat.LoggedOut, Err: err}
	case ret == retTooOften:
		a.tooBusy(context.WithoutCancel(ctx))
		return &chat.SendError{Class: chat.RateLimited, After: a.Rest, Account: true, Err: err}
	case ret == retSystem:
		return &chat.SendError{Class: chat.Temporary, Err: err}
	}
	return &chat.SendError{Class: chat.BadPart, Err: err}
}

// fileMessage is the XML of a file that is sent.
type fileMessage struct {
	XMLName xml.Name `xml:"appmsg"`
	AppID   string   `xml:"appid,attr"`
	SDK     string   `xml:"sdkver,attr"`
	Title   string   `xml:"title"`
	Type    int      `xml:"type"`
	Attach  struct {
		Total int    `xml:"totallen"`
		ID    string `xml:"attachid"`
		Ext   string `xml:"fileext"`
	} `xml:"appattach"`
}

// fileAppID is what web WeChat calls itself in messages with files.
const fileAppID = "wxeb7ec651dd0aefa9"

func (a *Adapter) sendMedia(ctx context.Context, s *session, at string, m *chat.Media) (chat.MessageID, error) {
	id, key, err := s.upload(ctx, at, m)
	if err != nil {
		return "", err
	}
	client := s.caller.Client
	var resp *http.Response
	if m.Name == "" {
		resp, err = client.WebWxSendMsgImg(ctx, &openwechat.ClientWebWxSendMsgOptions{LoginInfo: s.Login, BaseRequest: s.Request,
			Message: openwechat.NewMediaSendMessage(openwechat.MsgTypeImage, s.self.UserName, at, id)})
	} else {
		file := fileMessage{AppID: fileAppID, Title: m.Name, Type: appFile}
		file.Attach.Total, file.Attach.ID, file.Attach.Ext = len(m.Data), id, strings.TrimPrefix(path.Ext(m.Name), ".")
		text, marshalErr := xml.Marshal(file)
		if marshalErr != nil {
			return "", &chat.SendError{Class: chat.BadPart, Err: marshalErr}
		}
		msg := openwechat.NewSendMessage(openwechat.AppMessage, string(text), s.self.UserName, at, "")
		resp, err = client.WebWxSendAppMsg(ctx, msg, s.Request)
	}
	sent, err := receipt(resp, err)
	var ret openwechat.Ret
	if errors.As(err, &ret) { // perhaps the server has forgotten what was uploaded
		s.forget(key)
	}
	return sent, err
}

// sentText is a message of the bot by which a quote of it is recognised.
type sentText struct {
	ID  chat.MessageID `json:"id"`
	Sum string         `json:"sum"` // of the text
}

const (
	sentPrefix = "sent/"
	keepSent   = 60 // messages a chat
)

// sum is of a text without its white space, which quotes do not keep.
func sum(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:8])
}

// remember notes what the bot has said. Losing it costs only that a quote of
// it is not recognised.
func (a *Adapter) remember(ctx context.Context, in chat.ChatID, id chat.MessageID, text string) {
	a.sentMu.Lock()
	defer a.sentMu.Unlock()
	list := append(a.sentIn(ctx, in), sentText{id, sum(text)})
	list = slices.Clone(list[max(0, len(list)-keepSent):])
	a.sent[in] = list
	value, err := json.Marshal(list)
	if err == nil {
		a.mu.Lock()
		shelf := a.inbox
		a.mu.Unlock()
		err = shelf.Put(ctx, chat.Item{Key: sentPrefix + string(in), Value: value})
	}
	if err != nil {
		a.Log.Warn("wechat cannot store what was sent", "account", a.Options.ID, "error", err)
	}
}

// sentIn are the last messages of the bot in a chat; the caller holds sentMu.
func (a *Adapter) sentIn(ctx context.Context, in chat.ChatID) []sentText {
	if list, ok := a.sent[in]; ok {
		return list
	}
	a.mu.Lock()
	shelf := a.inbox
	a.mu.Unlock()
	var list []sentText
	if err := get(ctx, shelf, sentPrefix+string(in), &list); err != nil {
		a.Log.Warn("wechat cannot read what was sent", "account", a.Options.ID, "error", err)
		return nil
	}
	a.sent[in] = list
	return list
}

// quoted is the message of the bot that a quote shows: by its id, else by its
// text if only one says that. "" when it is not certain.
func (a *Adapter) quoted(ctx context.Context, in chat.ChatID, q quote) chat.MessageID {
	a.sentMu.Lock()
	defer a.sentMu.Unlock()
	var found chat.MessageID
	want := sum(q.text)
	for _, m := range a.sentIn(ctx, in) {
		if q.id != "" && string(m.ID) == q.id {
			return m.ID
		}
		if q.text == "" || m.Sum != want {
			continue
		}
		if found != "" {
			return ""
		}
		found = m.ID
	}
	return found
}
