package bot

import (
	"net/http"

	"branchbot/adapters/wechat"
	"branchbot/bot/chat"
)

// Causes are what entries of rules are given for.
var Causes = causes

// WeChatOver has WeChat accounts speak over a transport, to a fake server, until
// it is undone. Nothing else may run meanwhile.
func WeChatOver(transport http.RoundTripper) (undo func()) {
	real := platforms["wechat"]
	fake := real
	fake.make = func(b *Bot, a account) (made, error) {
		id := chat.AccountID(a.ID)
		adapter := wechat.New(wechat.Options{ID: id, Transport: transport, Language: b.settings.Language, Now: b.db.Now, Log: b.log,
			QR: func(qr wechat.QR) { b.showCode(id, qr) }})
		b.logins.add(id, adapter)
		return made{adapter: adapter}, nil
	}
	platforms["wechat"] = fake
	return func() { platforms["wechat"] = real }
}
