package app

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// MailConfig is where e-mail goes when an account needs somebody.
type MailConfig struct {
	SMTP     string   `yaml:"smtp"` // host:port; 465 means TLS from the start, others STARTTLS
	User     string   `yaml:"user"`
	Password string   `yaml:"password"`
	From     string   `yaml:"from"`
	To       []string `yaml:"to"`
}

// trouble is the kind of help that an account needs; "" for none.
func trouble(s chat.State) string {
	switch {
	case s.Reason == chat.TooBusy, s.Reason == chat.OtherAccount, s.Reason == chat.RiskUnknown:
		return string(s.Reason)
	case s.Condition == chat.NeedsHuman, s.Condition == chat.Banned:
		return string(s.Condition)
	}
	return ""
}

// stateChanged tells people about an account that needs them: once for each
// kind of trouble, at once, or, where a code has to be scanned, with the first
// code.
func (b *Bot) stateChanged(id chat.AccountID, s chat.State) {
	if s.Condition == chat.Connecting {
		return
	}
	kind := trouble(s)
	b.alerting.Lock()
	isNew := kind != "" && kind != b.troubled[id]
	b.troubled[id] = kind
	if s.Condition == chat.Online {
		b.scanning[id] = false
	}
	b.alerting.Unlock()
	if withCode := kind == string(chat.NeedsHuman) && b.logins.byPhone(id); isNew && !withCode {
		b.alert(id, s, nil)
	}
}

// codeShown tells people of the first code since the account was online.
func (b *Bot) codeShown(id chat.AccountID, picture []byte) {
	b.alerting.Lock()
	before := b.scanning[id]
	b.scanning[id] = true
	b.alerting.Unlock()
	if !before {
		b.alert(id, chat.State{Condition: chat.NeedsHuman}, picture)
	}
}

// alert tells the secretaries of the units that an account serves, on their
// other accounts, and by e-mail. It never holds the account up.
func (b *Bot) alert(id chat.AccountID, s chat.State, picture []byte) {
	go func() {
		text := func(lang string) string { return b.alertText(lang, id, s) }
		if err := b.tellSecretaries(id, text, picture != nil); err != nil {
			b.log.Error("tell the secretaries about an account", "account", id, "error", err)
		}
		if b.settings.Alerts.SMTP == "" {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.settings.Alerts.send(ctx, b.alertText(b.settings.Language, id, s), picture); err != nil {
			b.log.Error("send an e-mail about an account", "account", id, "error", err)
		}
	}()
}

func (b *Bot) alertText(lang string, id chat.AccountID, s chat.State) string {
	text := locale.Text(lang, "alert."+trouble(s), "Account", id)
	switch {
	case s.Reason == chat.TooBusy, s.Reason == chat.RiskUnknown:
	case s.Condition == chat.Banned, s.Reason == chat.OtherAccount:
		text += "\n" + locale.Text(lang, "alert.page", "Link", b.logins.address(id))
	case b.logins.byPhone(id):
		text += "\n" + locale.Text(lang, "alert.scan", "Link", b.logins.address(id))
	case s.Reason != "":
		text += locale.Text(lang, "desk.reason."+string(s.Reason))
	}
	return text
}

// tellSecretaries writes the letters. The code goes in a letter of its own: it
// may be too old by the time it would be sent, the words stay true.
func (b *Bot) tellSecretaries(id chat.AccountID, text func(lang string) string, code bool) error {
	dir := b.features.directory
	return b.db.Write(func(tx *store.Tx) error {
		units, err := dir.Served(tx, id)
		if err != nil {
			return err
		}
		told := map[int64]bool{}
		for _, u := range units {
			secretaries, err := dir.Secretaries(tx, u.ID)
			if err != nil {
				return err
			}
			for _, m := range secretaries {
				addresses, err := dir.Private(tx, m.ID)
				if err != nil {
					return err
				}
				for _, a := range addresses {
					if told[m.ID] || a.Account == id || a.Chat == "" && (a.Refuses || !b.caps(a.Account, "").Direct) {
						continue
					}
					told[m.ID] = true
					key := fmt.Sprintf("alert:%s:%d:%d", id, tx.Millis(), m.ID)
					letter := outbox.Letter{Key: key, Account: a.Account, Chat: a.Chat, User: a.User, Class: outbox.Notice,
						Message: chat.Text(text(u.Language)), Language: u.Language, Unit: u.ID,
						Cause: engine.ForSecretaries(fmt.Sprintf("alert:%s:%d:%s", id, tx.Millis(), u.ID))}
					if err := b.outbox.Add(tx, letter); err != nil {
						return err
					}
					if !code {
						continue
					}
					letter.Key += ":code"
					letter.Cause = ""
					letter.Class = outbox.Push
					letter.Message = chat.Message{Media: []chat.Media{{Ref: "qr:" + string(id), Alt: locale.Text(u.Language, "login.scan", "Account", id)}}}
					if err := b.outbox.Add(tx, letter); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// send sends a mail to all that are named.
func (c MailConfig) send(ctx context.Context, text string, picture []byte) error {
	m := mail.NewMsg()
	if err := m.From(c.From); err != nil {
		return err
	}
	if err := m.To(c.To...); err != nil {
		return err
	}
	m.Subject("支部小助手 / Branchbot")
	m.SetBodyString(mail.TypeTextPlain, text)
	if picture != nil {
		if err := m.AttachReader("qr.png", bytes.NewReader(picture)); err != nil {
			return err
		}
	}
	host, port, err := net.SplitHostPort(c.SMTP)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	options := []mail.Option{mail.WithPort(n), mail.WithTLSPolicy(mail.TLSMandatory)}
	if n == 465 {
		options = append(options, mail.WithSSL())
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() { // a relay on this machine
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if c.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, m)
}
