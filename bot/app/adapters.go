package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"branchbot/adapters/telegram"
	room "branchbot/adapters/web"
	"branchbot/adapters/wechat"
	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/rehearse"
	"branchbot/bot/roster"
	"branchbot/store"
)

// platform is how an account of a kind is checked and made.
type platform struct {
	settings func() any // an empty one of the kind, for the schema
	check    func(*config.File, account) error
	warn     func(*config.File, account) error // of what lets the bot start, but not the account; nil: nothing
	make     func(*Bot, account) (made, error)
	caps     func(group bool) chat.Caps // what it can do as it is at first, for rehearsals and previews
}

// made is an adapter, with what it serves over HTTP.
type made struct {
	adapter chat.Adapter
	pattern string // of http.ServeMux; "" = nothing
	handler http.Handler
}

// platforms is the one switch of adapters.
var platforms = map[string]platform{
	"web": {
		settings: func() any { return &webConfig{} },
		check:    func(f *config.File, a account) error { return a.decode(f, &webConfig{}) },
		make:     newWeb,
		caps:     func(bool) chat.Caps { return room.Capabilities() },
	},
	"telegram": {
		settings: func() any { return &telegramConfig{} },
		check:    checkTelegram,
		make:     newTelegram,
		caps:     telegram.Capabilities,
	},
	"wechat": {
		settings: func() any { return &wechatConfig{} },
		check:    checkWechat,
		warn:     warnWechat,
		make:     newWechat,
		caps:     func(bool) chat.Caps { return wechat.Capabilities(budgetConfig{}.pace()) },
	},
}

// capabilities are what platforms can do, by their names: those that there are adapters for, and
// one of nearly nothing.
func capabilities() map[string]func(group bool) chat.Caps {
	all := map[string]func(bool) chat.Caps{"sms": func(bool) chat.Caps { return rehearse.SMS }}
	for name, p := range platforms {
		all[name] = p.caps
	}
	return all
}

func platformNames() []string { return slices.Sorted(maps.Keys(platforms)) }

// decode reads the account's own keys.
func (a account) decode(f *config.File, into any) error { return f.DecodeNode(&a.node, a.path, into) }

// webConfig is an account of the platform web.
type webConfig struct {
	ID       string `yaml:"id"`
	Platform string `yaml:"platform"`
	// Personas lets anyone on this machine be any member: the sample only.
	Personas bool `yaml:"personas"`
}

func newWeb(b *Bot, a account) (made, error) {
	var c webConfig
	if err := a.decode(b.settings.File, &c); err != nil {
		return made{}, err
	}
	d := &door{b, chat.AccountID(a.ID)}
	if !c.Personas {
		if err := b.db.Write(d.adopt); err != nil {
			return made{}, err
		}
	}
	adapter := room.New(room.Options{
		ID: d.account, Door: d, Personas: c.Personas,
		Secure: strings.HasPrefix(b.settings.Address, "https://"), Language: b.settings.Language, Now: b.db.Now, Log: b.log,
	})
	return made{adapter, "/", b.atOwner(adapter.ID(), adapter.Handler())}, nil
}

// telegramConfig is an account of the platform telegram.
type telegramConfig struct {
	ID       string `yaml:"id"`
	Platform string `yaml:"platform"`
	// Token is what @BotFather gave; write "${NAME}" or "${FILE:path}".
	Token string `yaml:"token"`
	// APIURL is the server of the Bot API, https://api.telegram.org unless set.
	APIURL  string        `yaml:"api_url"`
	Webhook webhookConfig `yaml:"webhook"`
}

// webhookConfig has Telegram call us; without it, we ask Telegram.
type webhookConfig struct {
	URL    string `yaml:"url"`    // as Telegram reaches it, https
	Secret string `yaml:"secret"` // letters, digits, - and _
}

var (
	tokenPattern  = regexp.MustCompile(`^\d+:[\w-]+$`)
	secretPattern = regexp.MustCompile(`^[\w-]{1,256}$`)
)

func checkTelegram(f *config.File, a account) error {
	var c telegramConfig
	if err := a.decode(f, &c); err != nil {
		return err
	}
	switch {
	case c.Token == "":
		return f.Fault(a.path, `token is missing: write token: "${TELEGRAM_TOKEN}", and put what @BotFather gave into the environment`)
	case !tokenPattern.MatchString(c.Token):
		return f.Fault(a.path+".token", "this is no token of @BotFather; it looks like 123456:ABC-DEF…")
	}
	for path, text := range map[string]string{".api_url": c.APIURL, ".webhook.url": c.Webhook.URL} {
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return f.Fault(a.path+path, "%q is no address; write https://HOST…", text)
		}
		if path == ".webhook.url" && text != "" && strings.Trim(u.Path, "/") == "" {
			return f.Fault(a.path+path, "%q needs a path of its own, e.g. https://bot.example.org/telegram", text)
		}
	}
	if c.Webhook.URL != "" && !secretPattern.MatchString(c.Webhook.Secret) {
		return f.Fault(a.path+".webhook", `secret is missing or has other characters than letters, digits, - and _; write secret: "${TELEGRAM_SECRET}"`)
	}
	return nil
}

func newTelegram(b *Bot, a account) (made, error) {
	var c telegramConfig
	if err := a.decode(b.settings.File, &c); err != nil {
		return made{}, err
	}
	adapter, err := telegram.New(telegram.Options{ID: chat.AccountID(a.ID), Token: c.Token, APIURL: c.APIURL,
		Webhook: telegram.Webhook(c.Webhook), Menus: menus(b.features.list()), Log: b.log})
	if err != nil {
		return made{}, err
	}
	m := made{adapter: adapter}
	if hook, err := url.Parse(c.Webhook.URL); err == nil && c.Webhook.URL != "" {
		m.pattern, m.handler = "POST "+hook.Path, adapter.Handler()
	}
	return m, nil
}

// wechatConfig is an account of the platform wechat.
type wechatConfig struct {
	ID       string `yaml:"id"`
	Platform string `yaml:"platform"`
	// AcceptRisk has the account started at all: docs/wechat.md says what nearly
	// always becomes of it.
	AcceptRisk bool `yaml:"accept_risk"`
	// Budget is how much the account may say; less than the default is safer.
	Budget budgetConfig `yaml:"budget"`
}

type budgetConfig struct {
	Every     string `yaml:"every"` // least time between two messages, 3s unless set
	PerMinute int    `yaml:"per_minute"`
	PerDay    int    `yaml:"per_day"`
}

func checkWechat(f *config.File, a account) error {
	var c wechatConfig
	if err := a.decode(f, &c); err != nil {
		return err
	}
	if every, err := time.ParseDuration(cmp.Or(c.Budget.Every, "3s")); err != nil || every < time.Second || every > time.Hour {
		return f.Fault(a.path+".budget.every", "%q: write a time between 1s and 1h", c.Budget.Every)
	}
	if c.Budget.PerMinute < 0 || c.Budget.PerMinute > 20 {
		return f.Fault(a.path+".budget.per_minute", "%d is out of range 1-20", c.Budget.PerMinute)
	}
	if c.Budget.PerDay < 0 || c.Budget.PerDay > 2000 {
		return f.Fault(a.path+".budget.per_day", "%d is out of range 1-2000", c.Budget.PerDay)
	}
	return nil
}

// warnWechat tells of an account that is not started, as those of configurations
// from before accept_risk. The rest of the bot does not depend on it.
func warnWechat(f *config.File, a account) error {
	var c wechatConfig
	if err := a.decode(f, &c); err != nil || c.AcceptRisk {
		return nil // or checkWechat tells
	}
	return f.Fault(a.path, `account %s is not started: since January 2025 nearly every login over web WeChat is ended within seconds, `+
		`and the account is restricted for half a month; read docs/wechat.md, which names other ways, and write accept_risk: true to use it all the same`, a.ID)
}

// pace is the budget as the sender knows it.
func (c budgetConfig) pace() chat.Pace {
	p := wechat.DefaultPace
	if every, err := time.ParseDuration(c.Every); err == nil {
		p.ChatEvery, p.AccountPerSecond = every, 1/every.Seconds()
	}
	if c.PerMinute > 0 {
		p.AccountPerSecond = min(p.AccountPerSecond, float64(c.PerMinute)/60)
	}
	if c.PerDay > 0 {
		p.AccountPerDay = c.PerDay
	}
	return p
}

func newWechat(b *Bot, a account) (made, error) {
	var c wechatConfig
	if err := a.decode(b.settings.File, &c); err != nil {
		return made{}, err
	}
	id := chat.AccountID(a.ID)
	adapter := wechat.New(wechat.Options{ID: id, Transport: b.settings.WeChat, Pace: c.Budget.pace(), Language: b.settings.Language, Now: b.db.Now, Log: b.log,
		QR: func(qr wechat.QR) { b.showCode(id, qr) }})
	if !c.AcceptRisk {
		return made{adapter: notStarted{adapter}}, nil
	}
	b.logins.add(id, adapter)
	return made{adapter: adapter}, nil
}

// notStarted is an account that waits for accept_risk: it asks nothing of the
// platform.
type notStarted struct{ *wechat.Adapter }

// Run implements chat.Adapter.
func (notStarted) Run(ctx context.Context, in chat.Inbox) error {
	in.State(chat.State{Condition: chat.NeedsHuman, Reason: chat.RiskUnknown})
	<-ctx.Done()
	return nil
}

func (b *Bot) showCode(id chat.AccountID, qr wechat.QR) {
	if err := b.logins.show(id, qr.Text); err != nil {
		b.log.Error("show the code", "account", id, "error", err)
	}
}

// TelegramLinks are the addresses at which a join code opens a private chat, of
// the accounts that have been online before.
func (s *Settings) TelegramLinks(tx *store.Tx, code string) ([]string, error) {
	var links []string
	for _, a := range s.accounts {
		if a.Platform != "telegram" {
			continue
		}
		var name []byte
		err := tx.QueryRow(`SELECT value FROM shelf WHERE account = $1 AND key = $2`, a.ID, telegram.UsernameKey).Scan(&name)
		if err != nil && !errors.Is(err, store.ErrNoRows) {
			return nil, err
		}
		if link := telegram.Link(string(name), code); link != "" {
			links = append(links, link)
		}
	}
	return links, nil
}

// menus are the commands as Telegram's clients list them: in a group what every
// member may do, for its administrators and in private all.
func menus(features []engine.Feature) []telegram.Menu {
	var all []telegram.Menu
	for _, lang := range locale.Languages {
		short, _, _ := strings.Cut(lang, "-")
		if lang == "en" {
			short = "" // for every language that we do not speak
		}
		var members, secretaries []telegram.Command
		for _, f := range features {
			for _, c := range f.Commands() {
				if c.Usage == "" || len(c.Names) < 2 {
					continue
				}
				item := telegram.Command{Name: c.Names[1], Text: strings.TrimPrefix(locale.Text(lang, c.Usage), "/")}
				if c.Role < engine.Secretary {
					members = append(members, item)
				}
				secretaries = append(secretaries, item)
			}
		}
		all = append(all, telegram.Menu{For: telegram.Groups, Language: short, Commands: members},
			telegram.Menu{For: telegram.Administrators, Language: short, Commands: secretaries},
			telegram.Menu{For: telegram.Private, Language: short, Commands: secretaries})
	}
	return all
}

// serve adds what an account serves.
func (b *Bot) serve(m made, a account) error {
	if m.handler == nil {
		return nil
	}
	if b.routes[m.pattern] != nil {
		return fmt.Errorf("%s: account %s: another account serves %s already", b.settings.File.Name, a.ID, m.pattern)
	}
	b.routes[m.pattern] = m.handler
	return nil
}

// doubts are people whom nobody could recognise after a new login, whichever process
// has their account.
func (b *Bot) doubts() (all []roster.Doubt, err error) {
	for _, a := range b.adapters {
		if _, ok := a.(*wechat.Adapter); !ok {
			continue
		}
		found, err := wechat.Doubts(context.Background(), b.engine.SideInbox(a.ID()))
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if d.User != "" {
				all = append(all, roster.Doubt{Account: a.ID(), User: d.User, Name: d.Name, Was: d.WasUsers})
			}
		}
	}
	return all, nil
}
