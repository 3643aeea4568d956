package adaptertest

import (
	"context"
	"errors"
	"slices"
	"time"

	"branchbot/bot/chat"
)

var faulty = []test{
	{"out of order", func(b *bench) {
		b.need(b.Fail != nil, "being out of order")
		b.Fail()
		b.fails(b.ctx, 0, chat.Temporary)
		b.goesOn()
	}},
	{"broken after it was taken", func(b *bench) {
		b.need(b.Broken != nil, "proxies and servers that break")
		b.Broken()
		b.fails(b.ctx, 1, chat.MaybeSent)
		b.goesOn()
	}},
	{"connection lost before the request", func(b *bench) {
		b.need(b.Drop != nil, "losing a request")
		b.Drop()
		// The adapter may not know how far the request got.
		b.fails(b.ctx, 0, chat.Temporary, chat.MaybeSent)
		b.goesOn()
	}},
	{"answer lost", func(b *bench) {
		b.need(b.LoseAnswer != nil, "losing an answer")
		b.LoseAnswer()
		b.fails(b.ctx, 1, chat.MaybeSent)
		b.goesOn()
	}},
	{"no answer", func(b *bench) {
		b.need(b.Hang != nil, "hanging")
		b.Hang()
		ctx, cancel := context.WithTimeout(b.ctx, 300*time.Millisecond)
		defer cancel()
		b.fails(ctx, 1, chat.MaybeSent)
		b.goesOn()
	}},
	{"rate limit", func(b *bench) {
		b.need(b.RateLimit != nil, "limiting the rate")
		b.RateLimit(7 * time.Second)
		if err := b.fails(b.ctx, 0, chat.RateLimited); err != nil && err.After != 7*time.Second {
			b.Errorf("the wait is %v, want 7s", err.After)
		}
		b.goesOn()
	}},
	{"rate limit without a time", func(b *bench) {
		b.need(b.RateLimit != nil, "limiting the rate")
		b.RateLimit(0)
		b.fails(b.ctx, 0, chat.RateLimited)
		b.goesOn()
	}},
	{"too big", func(b *bench) {
		b.need(b.TooBig != nil, "refusing what is too big")
		b.TooBig()
		b.fails(b.ctx, 0, chat.TooBig)
		b.goesOn()
	}},
	{"refused", func(b *bench) {
		b.need(b.Refuse != nil, "refusing a message")
		b.Refuse()
		b.fails(b.ctx, 0, chat.BadPart)
		b.goesOn()
	}},
	{"chat moved", func(b *bench) {
		b.need(b.Move != nil, "moving a chat")
		to := b.Move()
		if err := b.fails(b.ctx, 0, chat.ChatMoved); err != nil && err.To != to {
			b.Errorf("moved to %q, want %q", err.To, to)
		}
		b.send(to, text("2", "新群"))
		b.shown(to, Shown{Text: "新群"})
	}},
	{"muted", func(b *bench) {
		b.need(b.Mute != nil, "muting the bot")
		b.Mute()
		b.fails(b.ctx, 0, chat.Forbidden)
		b.otherStill()
	}},
	{"removed from the chat", func(b *bench) {
		b.need(b.Remove != nil, "removing the bot")
		b.Remove()
		// Some platforms tell the two apart, some do not.
		b.fails(b.ctx, 0, chat.ChatGone, chat.Forbidden)
		b.otherStill()
	}},
	{"logged out", func(b *bench) {
		b.need(b.LogOut != nil, "logging the bot out")
		b.LogOut()
		b.fails(b.ctx, 0, chat.LoggedOut)
		b.in.WaitCondition(b.T, chat.NeedsHuman, chat.Banned, chat.Down)
	}},
	{"an edit that fails", func(b *bench) {
		editor, ok := b.adapter.(chat.Editor)
		b.need(ok && b.adapter.Caps(b.Group).Edit && (b.Fail != nil || b.Broken != nil), "failing an edit")
		r := b.send(b.Group, text("1", "一"))
		if b.Fail != nil {
			b.Fail()
			b.classed(editor.Edit(b.ctx, b.Group, r.Message, text("1", "二")), chat.Temporary)
			b.shown(b.Group, Shown{Text: "一"})
			return
		}
		b.Broken()
		b.classed(editor.Edit(b.ctx, b.Group, r.Message, text("1", "二")), chat.MaybeSent)
		b.shown(b.Group, Shown{Text: "二"})
	}},
	{"an edit of nothing", func(b *bench) {
		editor, ok := b.adapter.(chat.Editor)
		b.need(ok && b.adapter.Caps(b.Group).Edit, "editing")
		b.classed(editor.Edit(b.ctx, b.Group, "no-such-message", text("1", "二")), chat.NotThere)
	}},
	{"asked whether it answers", func(b *bench) {
		pinger, ok := b.adapter.(chat.Pinger)
		b.need(ok, "being asked")
		if err := pinger.Ping(b.ctx); err != nil {
			b.Errorf("a platform in order: %v", err)
		}
		b.shown(b.Group)
	}},
	{"restarted after faults", func(b *bench) {
		b.need(b.Fail != nil || b.Broken != nil, "being out of order")
		if b.Fail != nil {
			b.Fail()
			b.fails(b.ctx, 0, chat.Temporary)
		} else {
			b.Broken()
			b.fails(b.ctx, 1, chat.MaybeSent)
		}
		b.restart(func() {})
		b.goesOn()
	}},
}

// fails sends to Group, which must fail in one of the classes, with one try,
// and leave so many messages there.
func (b *bench) fails(ctx context.Context, shown int, classes ...chat.Class) *chat.SendError {
	b.Helper()
	before := 0
	if b.Tries != nil {
		before = b.Tries()
	}
	_, err := b.adapter.Send(ctx, b.Group, text("1", "通知"))
	se := b.classed(err, classes...)
	if got := len(b.Sent(b.Group)); got != shown {
		b.Errorf("the platform shows %d messages, want %d", got, shown)
	}
	if b.Tries != nil && b.Tries()-before > 1 {
		b.Errorf("the adapter tried %d times; trying again is the sender's business", b.Tries()-before)
	}
	return se
}

// classed wants a marked error of one of the classes.
func (b *bench) classed(err error, classes ...chat.Class) *chat.SendError {
	b.Helper()
	var se *chat.SendError
	if !errors.As(err, &se) {
		b.Errorf("error %v is no *chat.SendError", err)
		return nil
	}
	if !slices.Contains(classes, se.Class) {
		b.Errorf("error %q is of class %s, want %v", err, se.Class, classes)
	}
	return se
}

// goesOn tells whether the adapter works as before a fault.
func (b *bench) goesOn() {
	b.Helper()
	n := len(b.Sent(b.Group))
	b.send(b.Group, text("2", "之后"))
	if got := b.Sent(b.Group); len(got) != n+1 || got[n].Text != "之后" {
		b.Errorf("after the fault the platform shows %v", got)
	}
	b.Say(b.Group, b.User.ID, "还在吗")
	b.in.Wait(b.T, 1)
}

func (b *bench) otherStill() {
	b.Helper()
	b.send(b.Other, text("3", "别的群"))
	b.shown(b.Other, Shown{Text: "别的群"})
}
