// Package telegram connects a bot account of Telegram.
//
// Rules:
//   - An update counts as received once Inbox.Accept has stored it: only then
//     the offset moves on (polling) or the webhook is answered with 200. The
//     library's own polling and webhook handler confirm earlier, so that only
//     its requests and types are used.
//   - Ids: a group is "-100123", a topic of it "-100123/45", a private chat the
//     user's own number. An event is known by what happened (chat and message,
//     callback, update), so that a second delivery has the same key; update ids
//     alone would not do, for Telegram draws a new one at random after a week
//     of silence.
//   - Text is sent with entities, never as Markdown or HTML.
//
// Sources: core.telegram.org/bots/api, core.telegram.org/bots/faq (limits).
package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"branchbot/bot/chat"
)

// Options are what an account is made of.
type Options struct {
	ID    chat.AccountID
	Token string
	// APIURL is the server of the Bot API; https://api.telegram.org unless set.
	APIURL string
	// Webhook, if set, has Telegram deliver the updates instead of being asked.
	Webhook Webhook
	// Menus are the lists of commands that clients show.
	Menus []Menu
	Log   *slog.Logger
}

// Webhook is where Telegram delivers updates. The zero value means polling.
type Webhook struct {
	URL    string // as Telegram reaches it, https
	Secret string // 1 to 256 letters, digits, - and _
}

// Adapter is one bot account.
type Adapter struct {
	o       Options
	client  *client
	bot     *bot.Bot
	toasts  chan toast
	uploads uploads
	refused chan struct{} // a call of the webhook was refused

	mu     sync.Mutex
	me     models.User
	admin  map[chat.ChatID]bool // groups in which the bot is an administrator
	in     chat.Inbox           // while Run or Attend runs
	broken context.CancelCauseFunc
}

// DefaultAPIURL is Telegram's own server.
const DefaultAPIURL = "https://api.telegram.org"

// New makes an account. It calls nobody.
func New(o Options) (*Adapter, error) {
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	o.APIURL = strings.TrimSuffix(o.APIURL, "/")
	a := &Adapter{o: o, client: newClient(o.APIURL, o.Token), toasts: make(chan toast, maxToasts),
		uploads: newUploads(), refused: make(chan struct{}, 1), admin: map[chat.ChatID]bool{}}
	var err error
	a.bot, err = bot.New(o.Token, bot.WithSkipGetMe(), bot.WithServerURL(o.APIURL), bot.WithHTTPClient(0, a.client),
		bot.WithErrorsHandler(func(error) {})) // of the parts that are not used
	if err != nil {
		return nil, fmt.Errorf("telegram account %s: %w", o.ID, err)
	}
	return a, nil
}

// ID implements chat.Adapter.
func (a *Adapter) ID() chat.AccountID { return a.o.ID }

// Platform implements chat.Adapter.
func (a *Adapter) Platform() string { return "telegram" }

// Telegram's limits: messages of an account a second, to a private chat a
// second, to a group a minute; see core.telegram.org/bots/faq.
const (
	accountPerSecond = 30
	privateEvery     = time.Second
	groupEvery       = time.Minute / 20
)

// Capabilities is what Telegram can do in a private chat, or in a group as a bot is at first: in
// privacy mode and no administrator, so that it gets only what is meant for it.
func Capabilities(group bool) chat.Caps {
	c := chat.Caps{
		TextLimit: 4096, CaptionLimit: 1024, TextUnit: chat.UTF16,
		Styles: true, Links: true, Pictures: true, Files: true, Buttons: true, Edit: true, Edits: true,
		Polls: chat.PollLimits{Question: 300, Option: 100, Explain: 200, Options: 10},
		Pace:  chat.Pace{AccountPerSecond: accountPerSecond, ChatEvery: privateEvery},
	}
	if group {
		c.Pace.ChatEvery, c.AddressedOnly = groupEvery, true
	}
	return c
}

// Caps implements chat.Adapter.
func (a *Adapter) Caps(in chat.ChatID) chat.Caps {
	c := Capabilities(isGroup(in))
	if c.AddressedOnly {
		a.mu.Lock()
		c.AddressedOnly = !a.me.CanReadAllGroupMessages && !a.admin[in.Group()]
		a.mu.Unlock()
	}
	return c
}

// Link implements chat.Linker.
func (a *Adapter) Link(word string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Link(a.me.Username, word)
}

// UsernameKey is where the shelf keeps the bot's user name, for programs that
// make links without being connected.
const UsernameKey = "username"

// Link is the address of a bot's private chat; "" for no user name.
func Link(username, word string) string {
	if username == "" {
		return ""
	}
	return "https://t.me/" + username + "?start=" + word
}

// Run implements chat.Adapter.
func (a *Adapter) Run(ctx context.Context, in chat.Inbox) error {
	connection, broken := context.WithCancelCause(ctx)
	defer a.client.CloseIdleConnections()
	err := a.connected(connection, broken, in)
	broken(nil)
	if cause := context.Cause(connection); cause != nil && isUnauthorized(cause) {
		err = cause
	}
	if err = a.gaveUp(in, err); ctx.Err() != nil {
		return nil
	}
	if rest := restOf(err); rest > 0 {
		wait(ctx, rest) // longer than the supervisor would
	}
	return err
}

// restOf is how long Telegram wants not to be asked.
func restOf(err error) time.Duration {
	if limited := (*chat.SendError)(nil); errors.As(err, &limited) && limited.Class == chat.RateLimited {
		return min(limited.After, longestRest)
	}
	return 0
}

// longestRest bounds how long Telegram is not asked for updates because it has said so.
const longestRest = 10 * time.Minute

// Ping implements chat.Pinger.
func (a *Adapter) Ping(ctx context.Context) error {
	var me struct {
		ID int64 `json:"id"`
	}
	return a.failed(a.client.call(ctx, "getMe", nil, &me))
}

// connected receives until the connection ends, of itself or by broken.
func (a *Adapter) connected(ctx context.Context, broken context.CancelCauseFunc, in chat.Inbox) error {
	if err := a.hello(ctx, in); err != nil {
		return err
	}
	receive := a.poll
	if a.o.Webhook.URL != "" {
		receive = a.beCalled
	}
	return a.reachable(ctx, broken, in, func(ctx context.Context, in chat.Inbox) error {
		ctx, end := context.WithCancel(ctx)
		var asking sync.WaitGroup
		asking.Go(func() { a.askGroups(ctx, in) })
		defer asking.Wait()
		defer end()
		return receive(ctx, in)
	})
}

// reachable runs work while calls and presses are taken.
func (a *Adapter) reachable(ctx context.Context, broken context.CancelCauseFunc, in chat.Inbox, work func(context.Context, chat.Inbox) error) error {
	a.mu.Lock()
	a.in, a.broken = in, broken
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.in, a.broken = nil, nil
		a.mu.Unlock()
	}()
	var all sync.WaitGroup
	defer all.Wait()
	for range toasters {
		all.Go(func() { a.toaster(ctx) })
	}
	err := work(ctx, in)
	broken(nil) // the toasters end
	return err
}

// hello finds out who the bot is and what it remembers of its groups.
func (a *Adapter) hello(ctx context.Context, in chat.Inbox) error {
	me, err := a.bot.GetMe(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.me = *me
	a.mu.Unlock()
	if err := a.remember(ctx, in); err != nil {
		return err
	}
	if err := in.Put(ctx, chat.Item{Key: UsernameKey, Value: []byte(me.Username)}); err != nil {
		return err
	}
	if err := a.publish(ctx, in); err != nil && ctx.Err() == nil { // nothing depends on it
		a.o.Log.Warn("the menus of commands were not published", "account", a.o.ID, "error", classed(err))
	}
	return nil
}

// remember reads what is known of the bot's groups.
func (a *Adapter) remember(ctx context.Context, in chat.Inbox) error {
	items, err := in.List(ctx, adminKey, 100_000)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.admin)
	for _, it := range items {
		a.admin[chat.ChatID(strings.TrimPrefix(it.Key, adminKey))] = true
	}
	return nil
}

// adminKey begins the keys of groups in which the bot is an administrator.
const adminKey = "admin:"

// administers tells whether the bot is an administrator of a group.
func (a *Adapter) administers(group chat.ChatID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.admin[group]
}

// promoted notes whether the bot is an administrator of a group.
func (a *Adapter) promoted(ctx context.Context, in chat.Inbox, group chat.ChatID, admin bool) error {
	a.mu.Lock()
	same := a.admin[group] == admin
	a.mu.Unlock()
	if same {
		return nil
	}
	put := func() error { return in.Put(ctx, chat.Item{Key: adminKey + string(group), Value: []byte{1}}) }
	if !admin {
		put = func() error { return in.Delete(ctx, adminKey+string(group)) }
	}
	if err := put(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if admin {
		a.admin[group] = true
	} else {
		delete(a.admin, group)
	}
	return nil
}

// Attend implements chat.Attender: it takes the webhook's calls, and knows the bot's
// name and groups, while another process runs the account.
func (a *Adapter) Attend(ctx context.Context, in chat.Inbox) error {
	me, err := a.bot.GetMe(ctx)
	if err != nil {
		return fmt.Errorf("telegram at %s: %w", a.o.APIURL, classed(err))
	}
	a.mu.Lock()
	a.me = *me
	a.mu.Unlock()
	connection, broken := context.WithCancelCause(ctx)
	err = a.reachable(connection, broken, in, func(connection context.Context, in chat.Inbox) error {
		for connection.Err() == nil {
			if err := a.remember(connection, in); err != nil && connection.Err() == nil {
				a.o.Log.Warn("what is known of groups could not be read", "account", a.o.ID, "error", err)
			}
			wait(connection, askEvery)
		}
		return context.Cause(connection)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// gaveUp tells why the account does not work, with what somebody can do.
func (a *Adapter) gaveUp(in chat.Inbox, err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case isUnauthorized(err):
		in.State(chat.State{Condition: chat.NeedsHuman, Reason: chat.TokenRefused})
		return fmt.Errorf("telegram refuses the token (ask @BotFather for a new one, then set token: of account %s): %w", a.o.ID, err)
	case isConflict(err):
		in.State(chat.State{Condition: chat.Down, Reason: chat.UsedTwice})
		return fmt.Errorf("another program receives for the same token (stop it, or give each its own bot): %w", err)
	}
	in.State(chat.State{Condition: chat.Down, Reason: chat.Unreachable})
	return fmt.Errorf("telegram at %s: %w", a.o.APIURL, classed(err))
}

// Handler takes the webhook's calls; nil when there is none. It belongs to the
// path of Webhook.URL.
func (a *Adapter) Handler() http.Handler {
	if a.o.Webhook.URL == "" {
		return nil
	}
	return http.HandlerFunc(a.called)
}

func isGroup(id chat.ChatID) bool { return strings.HasPrefix(string(id), "-") }

// number is the chat and topic of an id; topic is 0 when it is none.
func number(id chat.ChatID) (group int64, topic int, err error) {
	text, thread, isTopic := strings.Cut(string(id), "/")
	if group, err = strconv.ParseInt(text, 10, 64); err == nil && isTopic {
		topic, err = strconv.Atoi(thread)
	}
	if err != nil {
		return 0, 0, &chat.SendError{Class: chat.ChatGone, Err: fmt.Errorf("%q is no chat of Telegram", id)}
	}
	return group, topic, nil
}
