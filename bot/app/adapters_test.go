package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/adapters/telegram"
	room "branchbot/adapters/web"
	"branchbot/adapters/wechat"
	"branchbot/bot/chat"
)

// What a rehearsal and a preview show is what the adapters can do, field by field: of each in a
// group and in private, as a new account is.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	bot, err := telegram.New(telegram.Options{ID: "tg", Token: "123456:test-TOKEN"})
	if err != nil {
		t.Fatal(err)
	}
	real := map[string]struct {
		adapter        chat.Adapter
		group, private chat.ChatID
	}{
		"telegram": {bot, "-1001", "1001"},
		"wechat":   {wechat.New(wechat.Options{ID: "wx", Pace: wechat.DefaultPace}), "g-1", wechat.PrivateChat("a")},
		"web":      {room.New(room.Options{ID: "web"}), "demo", room.PrivateChat("a")},
	}
	for _, name := range platformNames() {
		r, known := real[name]
		if !known {
			t.Errorf("%s: this test does not compare it", name)
			continue
		}
		shown := capabilities()[name]
		if diff := cmp.Diff(r.adapter.Caps(r.group), shown(true)); diff != "" {
			t.Errorf("%s in a group (-adapter +rehearsal):\n%s", name, diff)
		}
		if diff := cmp.Diff(r.adapter.Caps(r.private), shown(false)); diff != "" {
			t.Errorf("%s in private (-adapter +rehearsal):\n%s", name, diff)
		}
	}
}
