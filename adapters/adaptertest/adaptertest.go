// Package adaptertest is the suite that every adapter passes against its fake
// platform. It holds an adapter to the contract of bot/chat, and to that only:
// whatever a platform cannot do is a nil function of Platform, and the test
// that needs it is skipped with the reason.
package adaptertest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"branchbot/bot/chat"
)

// Rig is what an adapter's test brings along.
type Rig struct {
	// New makes an adapter and a fake platform of its own. What must be
	// closed is closed by t.Cleanup; afterwards no goroutine may be left.
	New func(t *testing.T) (chat.Adapter, Platform)
}

// Platform is the fake platform as the suite moves it. All functions may be
// called while the adapter runs.
type Platform struct {
	// Group and Other are group chats with the bot and User in them. A platform
	// with one group gives another private chat for Other and skips in Say.
	Group, Other chat.ChatID
	Private      chat.ChatID // of User and the bot; "" when there is none
	User         chat.User   // as the adapter is to report him

	// Say writes a message as a person does.
	Say func(in chat.ChatID, from chat.UserID, text string)
	// Reply writes a message that quotes one of the bot's.
	Reply func(in chat.ChatID, from chat.UserID, quoted chat.MessageID, text string)
	// Press presses a button of one of the bot's messages.
	Press func(in chat.ChatID, from chat.UserID, on chat.MessageID, b chat.Button)
	// Vote votes in one of the bot's polls; without a choice it takes the vote back.
	Vote func(in chat.ChatID, from chat.UserID, on chat.MessageID, choice ...int)
	// Toasts are the lines that a user saw after his presses, oldest first.
	Toasts func(chat.UserID) []string
	// Sent is what the platform shows of the bot in a chat, oldest first.
	Sent func(in chat.ChatID) []Shown

	// Now is the platform's clock; nil: that of the system.
	Now func() time.Time
	// QuietLong tells that it takes the platform long to say that there is nothing new.
	QuietLong bool

	// Again makes a new adapter to the same platform, as after a crash. nil:
	// the same adapter is run again.
	Again func() chat.Adapter
	// KeepsUnread tells that what is said while nobody listens arrives later.
	KeepsUnread bool
	// Pending counts what the platform has not been told to have arrived.
	Pending func() int
	// Tries counts the requests to send or edit that reached the platform,
	// whatever came of them.
	Tries func() int

	// Redeliver delivers the last event a second time.
	Redeliver func()

	// The faults below hit the next message that is sent to Group.

	// Fail has the message fail in a way that shows that it was not taken.
	Fail func()
	// Broken shows the message and answers as a proxy does that gets no answer: with
	// a 5xx and a page of HTML. Every platform that is reached by HTTP has it.
	Broken func()
	// Drop breaks the connection before the request is read.
	Drop func()
	// LoseAnswer shows the message and breaks the connection.
	LoseAnswer func()
	// Hang shows the message and never answers.
	Hang func()
	// RateLimit refuses with this waiting time.
	RateLimit func(after time.Duration)
	// TooBig refuses the message for its size.
	TooBig func()
	// Refuse refuses the message for what it is.
	Refuse func()

	// The states below last.

	// Move turns Group into another chat.
	Move func() (to chat.ChatID)
	// Mute forbids the bot to write to Group.
	Mute func()
	// Remove takes the bot out of Group.
	Remove func()
	// LogOut ends the bot's session.
	LogOut func()
}

// Shown is one message of the bot as people see it.
type Shown struct {
	ID      chat.MessageID // "" when the platform does not tell
	Text    string         // or the caption
	Buttons []string       // labels
	Picture bool
	File    string // name
	Poll    string // "question | option | option", with " (closed)" behind it when it is
}

// Run runs the whole suite. Each subtest gets an adapter of its own.
func Run(t *testing.T, rig Rig) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"receive", receiving},
		{"send", sending},
		{"fault", faulty},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, tc := range group.tests {
				t.Run(tc.name, func(t *testing.T) { tc.run(start(t, rig)) })
			}
		})
	}
}

type test struct {
	name string
	run  func(*bench)
}

// patience is how long anything may take that comes by itself.
var patience = 10 * time.Second

// bench is one adapter at work.
type bench struct {
	*testing.T
	Platform
	adapter chat.Adapter
	in      *Recorder
	ctx     context.Context
	stop    func() // ends Run and waits for it
}

func start(t *testing.T, rig Rig) *bench {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() { noneLeft(t, before) }) // runs after the cleanups of New
	adapter, p := rig.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 6*patience)
	t.Cleanup(cancel)
	b := &bench{T: t, Platform: p, adapter: adapter, in: NewRecorder(), ctx: ctx}
	b.run()
	t.Cleanup(func() { b.stop() })
	return b
}

// need skips the test unless the platform can do that.
func (b *bench) need(can bool, what string) {
	b.Helper()
	if !can {
		b.Skipf("this platform cannot: %s", what)
	}
}

// run does the supervisor's work: it runs the adapter until stop is called.
func (b *bench) run() {
	b.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	b.in.State(chat.State{Condition: chat.Connecting}) // as the supervisor does; it may have been online before
	go func() { done <- supervise(ctx, b.adapter, b.in) }()
	b.stop = func() {
		b.Helper()
		cancel()
		b.stop = func() {}
		select {
		case err := <-done:
			if err != nil {
				b.Error(err)
			}
		case <-time.After(patience):
			b.Errorf("Run goes on after its context has ended\n%s", stacks())
		}
	}
	b.in.WaitCondition(b.T, chat.Online)
}

// maxRuns bounds how often an adapter may give up within one test.
const maxRuns = 100

func supervise(ctx context.Context, a chat.Adapter, in chat.Inbox) error {
	for range maxRuns {
		_ = a.Run(ctx, in) // an error may have come just before the end
		if ctx.Err() != nil {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond): // the supervisor's pause
		}
	}
	return errors.New("Run gave up too often")
}

// noneLeft fails the test if there are more goroutines than before it. A
// goroutine that was told to end may take a moment for it.
func noneLeft(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			t.Errorf("%d goroutines are left\n%s", runtime.NumGoroutine()-before, stacks())
			return
		}
		<-time.After(time.Millisecond)
	}
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// send sends to a chat and fails the test if that does not work.
func (b *bench) send(to chat.ChatID, p chat.Part) chat.Receipt {
	b.Helper()
	r, err := b.adapter.Send(b.ctx, to, p)
	if err != nil {
		b.Fatalf("send: %v", err)
	}
	if r.Message == "" {
		b.Fatal("the receipt names no message")
	}
	return r
}

func text(key, s string) chat.Part { return chat.Part{Key: key, Spans: []chat.Span{{Text: s}}} }
