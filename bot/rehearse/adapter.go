package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
)

// SMS is a platform that we have no adapter for: short texts alone. It shows what becomes of a
// message where nearly nothing is possible.
var SMS = chat.Caps{TextLimit: 70, TextUnit: chat.UTF16, Direct: true}

// PrivateChat is the chat of a user and the bot alone.
func PrivateChat(user chat.UserID) chat.ChatID { return chat.ChatID("dm:" + user) }

// Sent is a message as a chat shows it.
type Sent struct {
	At      time.Time
	Chat    chat.ChatID
	Title   string
	Private bool
	Edit    bool
	Text    string
	Labels  []string
}

// Adapter takes what the bot sends and writes it into the transcript.
type Adapter struct {
	id     chat.AccountID
	caps   func(group bool) chat.Caps
	clock  *Clock
	titles map[chat.ChatID]string
	show   *Transcript
	sent   []message

	// Fault, if set, is asked before each message: whether the chat shows it, and
	// what the bot is told.
	Fault func(to chat.ChatID, p chat.Part) (shown bool, err error)
}

type message struct {
	chat    chat.ChatID
	text    string
	buttons [][]chat.Button
	poll    *chat.Poll
}

// NewAdapter makes the account of a rehearsal. titles are the names of the
// group chats by unit, and of the private chats by user. caps is what its platform can do in
// a group and in private. Everybody has a private chat with the bot.
func NewAdapter(id chat.AccountID, caps func(group bool) chat.Caps, clock *Clock, units map[string]string, users map[chat.UserID]string) *Adapter {
	a := &Adapter{id: id, caps: caps, clock: clock, titles: map[chat.ChatID]string{}}
	for unit, title := range units {
		a.titles[a.group(unit)] = title
	}
	for user, name := range users {
		a.titles[PrivateChat(user)] = name
	}
	return a
}

func (a *Adapter) group(unit string) chat.ChatID { return chat.ChatID(unit) }

// ID implements chat.Adapter.
func (a *Adapter) ID() chat.AccountID { return a.id }

// Platform implements chat.Adapter.
func (a *Adapter) Platform() string { return "rehearsal" }

// Caps implements chat.Adapter.
func (a *Adapter) Caps(in chat.ChatID) chat.Caps {
	c := a.caps(!strings.HasPrefix(string(in), "dm:"))
	c.Pace.Jitter = 0    // what is rehearsed twice is the same
	c.Idempotent = false // this one keeps no keys: what has an unknown fate may be shown twice
	return c
}

// hears tells whether the platform hands an event to the bot: in some groups only what is
// meant for it: commands, replies, mentions by one of its names.
func (a *Adapter) hears(ev *chat.Event, names []string) bool {
	return !a.Caps(ev.Chat).AddressedOnly || ev.Kind != chat.Said || ev.ReplyTo != "" || strings.HasPrefix(ev.Text, "/") ||
		slices.ContainsFunc(names, func(n string) bool { return strings.Contains(ev.Text, "@"+n) })
}

// Run implements chat.Adapter; the script brings the events.
func (a *Adapter) Run(ctx context.Context, _ chat.Inbox) error {
	<-ctx.Done()
	return nil
}

// Send implements chat.Adapter.
func (a *Adapter) Send(_ context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	if a.Fault != nil {
		if shown, err := a.Fault(to, p); err != nil {
			if shown {
				a.sent = append(a.sent, message{to, p.Plain(), p.Buttons, p.Poll})
				a.write(to, p, false)
			}
			return chat.Receipt{}, err
		}
	}
	a.sent = append(a.sent, message{to, p.Plain(), p.Buttons, p.Poll})
	a.write(to, p, false)
	id := strconv.Itoa(len(a.sent) - 1)
	r := chat.Receipt{Message: chat.MessageID(id)}
	if p.Poll != nil {
		r.Poll = chat.PollID(id)
	}
	return r, nil
}

// ClosePoll implements chat.PollCloser. The result, which follows, tells it.
func (a *Adapter) ClosePoll(context.Context, chat.ChatID, chat.MessageID) error { return nil }

// Edit implements chat.Editor.
func (a *Adapter) Edit(_ context.Context, in chat.ChatID, id chat.MessageID, p chat.Part) error {
	n, err := strconv.Atoi(string(id))
	if err != nil || n >= len(a.sent) {
		return &chat.SendError{Class: chat.BadPart, Err: fmt.Errorf("message %s was never sent", id)}
	}
	a.sent[n] = message{in, p.Plain(), p.Buttons, p.Poll}
	a.write(in, p, true)
	return nil
}

// Direct implements chat.Directer.
func (a *Adapter) Direct(_ context.Context, to chat.UserID) (chat.ChatID, error) {
	return PrivateChat(to), nil
}

func (a *Adapter) write(to chat.ChatID, p chat.Part, edit bool) {
	s := &Sent{At: a.clock.Now(), Chat: to, Title: a.titles[to], Private: strings.HasPrefix(string(to), "dm:"), Edit: edit,
		Text: strings.TrimSpace(p.Plain())}
	if p.Poll != nil {
		s.Text = "📊 " + p.Poll.Question
		s.Labels = p.Poll.Options
	}
	if p.Media != nil {
		s.Text = strings.TrimSpace("🖼 " + p.Media.Alt + "\n" + s.Text)
	}
	for _, row := range p.Buttons {
		for _, b := range row {
			s.Labels = append(s.Labels, b.Label)
		}
	}
	if a.show != nil {
		a.show.sent(s)
	}
}

// Again goes on with what the chats showed before the program was started anew.
func (a *Adapter) Again(before *Adapter) { a.sent = before.sent }

// Toast shows what a press is answered with.
func (a *Adapter) Toast(press chat.Event, line string) {
	if line == "" || a.show == nil {
		return
	}
	a.show.sent(&Sent{At: a.clock.Now(), Title: press.From.Name, Private: true, Text: "💬 " + line})
}

// find is the newest message of a chat that names a short code.
func (a *Adapter) find(in chat.ChatID, code string) chat.MessageID {
	for i, m := range slices.Backward(a.sent) {
		if m.chat == in && strings.Contains(m.text, code) {
			return chat.MessageID(strconv.Itoa(i))
		}
	}
	return ""
}

// option is the one of the newest poll of a chat with this text, or the letter
// before it.
func (a *Adapter) option(in chat.ChatID, label string) (chat.PollID, int, bool) {
	for i, m := range slices.Backward(a.sent) {
		if m.chat != in || m.poll == nil {
			continue
		}
		for n, o := range m.poll.Options {
			if letter, _, _ := strings.Cut(o, ". "); o == label || letter == label {
				return chat.PollID(strconv.Itoa(i)), n, true
			}
		}
	}
	return "", 0, false
}

// button is the newest one of a chat with a label.
func (a *Adapter) button(in chat.ChatID, label string) (chat.MessageID, chat.Button, bool) {
	for i, m := range slices.Backward(a.sent) {
		if m.chat != in {
			continue
		}
		if b, ok := chat.FindButton(m.buttons, label); ok {
			return chat.MessageID(strconv.Itoa(i)), b, true
		}
	}
	return "", chat.Button{}, false
}
