package adaptertest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"branchbot/bot/chat"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var receiving = []test{
	{"a message in a group", func(b *bench) { b.said(b.Group, false) }},
	{"a message in another group", func(b *bench) { b.said(b.Other, false) }},
	{"a private message", func(b *bench) {
		b.need(b.Private != "", "private chats")
		b.said(b.Private, true)
	}},
	{"text arrives unchanged", unchanged},
	{"keys differ, order is kept", order},
	{"delivered again after a failed accept", failedAccept},
	{"not acknowledged before it is stored", pending},
	{"a second delivery has the same key", redelivered},
	{"what came meanwhile arrives after a restart", resumed},
	{"a stored event does not come back after a restart", notAgain},
	{"an event has the platform's date or none", dated},
	{"what came meanwhile comes before the account has caught up", backlog},
	{"run again after its end", func(b *bench) {
		b.stop()
		b.run()
		b.said(b.Group, false)
	}},
}

// said has the user say something and compares the event.
func (b *bench) said(in chat.ChatID, private bool) {
	b.Helper()
	b.Say(in, b.User.ID, "签到")
	got := b.in.Wait(b.T, 1)[0]
	want := chat.Event{Account: b.adapter.ID(), Kind: chat.Said, Chat: in, Private: private, From: b.User, Text: "签到"}
	unknown := cmpopts.IgnoreFields(chat.Event{}, "Key", "At", "Title", "Message", "Mentioned", "Shared")
	if diff := cmp.Diff(want, got, unknown); diff != "" {
		b.Errorf("the event (-want +got)\n%s", diff)
	}
	if got.Key == "" || got.Message == "" {
		b.Errorf("the event has key %q and message %q; both are needed", got.Key, got.Message)
	}
}

func unchanged(b *bench) {
	for i, s := range []string{"<b>*_[x](y)_*</b> &amp; \\ `a` {{.}} %s $1 @all #1", "Ａ。", "选A、C", "／积分", "👨‍👩‍👧‍👦❤️‍🔥 é e\u0301"} {
		b.Say(b.Group, b.User.ID, s)
		if got := b.in.Wait(b.T, i+1)[i].Text; got != s {
			b.Errorf("text %+q, want %+q", got, s)
		}
	}
}

func order(b *bench) {
	const n = 20
	for i := range n {
		b.Say(b.Group, b.User.ID, fmt.Sprint("第", i, "句"))
	}
	keys, messages := map[string]bool{}, map[chat.MessageID]bool{}
	for i, ev := range b.in.Wait(b.T, n) {
		if want := fmt.Sprint("第", i, "句"); ev.Text != want {
			b.Errorf("event %d is %q, want %q", i, ev.Text, want)
		}
		keys[ev.Key], messages[ev.Message] = true, true
	}
	if len(keys) != n || len(messages) != n {
		b.Errorf("%d events have %d keys and %d messages", n, len(keys), len(messages))
	}
}

func failedAccept(b *bench) {
	b.in.FailNext(2)
	b.Say(b.Group, b.User.ID, "一")
	b.in.Wait(b.T, 1)
	b.Say(b.Group, b.User.ID, "二")
	events := b.in.Wait(b.T, 2)
	if got := []string{events[0].Text, events[1].Text}; !slices.Equal(got, []string{"一", "二"}) {
		b.Errorf("stored %q, want 一, 二", got)
	}
	for _, d := range b.in.Deliveries() {
		if d.Text == "一" && d.Key != events[0].Key {
			b.Errorf("one message came under the keys %q and %q", d.Key, events[0].Key)
		}
	}
}

func pending(b *bench) {
	b.need(b.Pending != nil, "counting what is not acknowledged")
	var early atomic.Bool
	b.in.Before(func() {
		if b.Pending() == 0 {
			early.Store(true)
		}
	})
	b.Say(b.Group, b.User.ID, "一")
	b.Say(b.Group, b.User.ID, "二")
	b.in.Wait(b.T, 2)
	if early.Load() {
		b.Error("the platform was told that an event arrived before it was stored")
	}
}

func redelivered(b *bench) {
	b.need(b.Redeliver != nil, "delivering twice")
	b.Say(b.Group, b.User.ID, "一")
	b.in.Wait(b.T, 1)
	b.Redeliver()
	b.Say(b.Group, b.User.ID, "二") // all before it has come when it has
	b.in.Wait(b.T, 2)
	events := b.in.Events()
	if len(events) != 2 {
		b.Errorf("%d events of two messages: %v", len(events), events)
	}
}

// dated: deadlines are held against Event.At, so that it is the platform's or none.
func dated(b *bench) {
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	from := now().Truncate(time.Second) // platforms date by the second
	b.Say(b.Group, b.User.ID, "签到")
	at := b.in.Wait(b.T, 1)[0].At
	if !at.IsZero() && (at.Before(from) || at.After(now())) {
		b.Errorf("the event is dated %v, between %v and %v", at, from, now())
	}
}

func backlog(b *bench) {
	b.need(b.KeepsUnread, "keeping what nobody read")
	b.Say(b.Group, b.User.ID, "一")
	b.in.Wait(b.T, 1)
	var early atomic.Bool
	b.restart(func() {
		b.Say(b.Group, b.User.ID, "二")
		b.in.Before(func() {
			if states := b.in.States(); states[len(states)-1].CaughtUp() {
				early.Store(true)
			}
		})
	})
	b.in.Wait(b.T, 2)
	b.need(slices.ContainsFunc(b.in.States(), func(s chat.State) bool { return s.Behind }), "telling whether it is behind")
	if early.Load() {
		b.Error("the account was said to have caught up while something waited")
	}
	if !b.QuietLong {
		b.in.WaitCaughtUp(b.T)
	}
}

// restart ends the adapter and starts one that remembers nothing but what the
// inbox kept. while is what happens in between.
func (b *bench) restart(while func()) {
	b.Helper()
	b.stop()
	while()
	if b.Again != nil {
		b.adapter = b.Again()
	}
	b.run()
}

func resumed(b *bench) {
	b.need(b.KeepsUnread, "keeping what nobody read")
	b.Say(b.Group, b.User.ID, "一")
	b.in.Wait(b.T, 1)
	b.restart(func() {
		b.Say(b.Group, b.User.ID, "二")
		b.Say(b.Group, b.User.ID, "三")
	})
	var got []string
	for _, ev := range b.in.Wait(b.T, 3) {
		got = append(got, ev.Text)
	}
	if !slices.Equal(got, []string{"一", "二", "三"}) {
		b.Errorf("stored %q, want 一, 二, 三", got)
	}
}

func notAgain(b *bench) {
	b.Say(b.Group, b.User.ID, "一")
	b.in.Wait(b.T, 1)
	b.restart(func() {})
	b.Say(b.Group, b.User.ID, "二")
	if events := b.in.Wait(b.T, 2); events[1].Text != "二" {
		b.Errorf("%q came again under another key", events[1].Text)
	}
}
