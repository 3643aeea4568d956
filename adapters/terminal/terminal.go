// Package terminal is a chat at a terminal, as an adapter: one person at the
// keyboard plays one or several people of a unit.
//
// Rules:
//   - A line is what somebody says; parse.go has the grammar.
//   - Each message is written by one Write. Its first line begins with the
//     room or the receiver, all others are indented, so that no text can pass
//     itself off as another message.
//   - Nothing but line breaks and harmless text reaches the terminal: no
//     escape sequence of anybody's.
//   - Nothing is stored: message ids are not reused after a restart.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
)

// Person is one whom the person at the keyboard may play.
type Person struct {
	User chat.UserID
	Name string
}

// Room is the group chat.
type Room struct {
	Chat  chat.ChatID
	Title string
}

// Options are what an adapter is made of.
type Options struct {
	ID  chat.AccountID
	In  io.Reader
	Out io.Writer
	// Room is where people talk unless a line is private.
	Room Room
	// People may be played. The first is who speaks at first; with nobody
	// here a nameless one does.
	People   []Person
	Language string           // of the adapter's own lines: "zh-CN" or "en"
	Now      func() time.Time // nil: the clock
}

const (
	maxLine = 64 << 10 // bytes of a line
	keep    = 200      // messages of a chat that can be pressed and edited
)

// Adapter is one terminal.
type Adapter struct {
	Options
	words map[string]string
	start string // makes keys and message ids differ between runs of the program

	// Run alone uses these. They outlive it, since a line that could not be
	// stored is delivered again by the next Run.
	lines   chan input
	readErr error // set before lines is closed
	pending *chat.Event
	current speaker
	count   int // of events
	ended   bool

	mu    sync.Mutex // guards what is below, and Out
	sent  int
	shown map[chat.ChatID][]message // newest last
}

// input is one line as read.
type input struct {
	text    string
	tooLong bool
}

// message is one that the bot sent.
type message struct {
	id      chat.MessageID
	buttons [][]chat.Button
}

// New makes an adapter. It reads nothing before Run.
func New(o Options) *Adapter {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Adapter{Options: o, words: catalogue[o.Language], shown: map[chat.ChatID][]message{}}
	if a.words == nil {
		a.words = catalogue["zh-CN"]
	}
	a.Room.Title = chat.CleanName(o.Room.Title)
	a.People = slices.Clone(o.People)
	for i := range a.People {
		a.People[i].Name = chat.CleanName(a.People[i].Name)
	}
	if len(a.People) == 0 {
		a.People = []Person{{User: "terminal", Name: a.words["me"]}}
	}
	a.current = speaker{Person: a.People[0]}
	a.start = fmt.Sprintf("%x", o.Now().UnixMilli())
	return a
}

// ID implements chat.Adapter.
func (a *Adapter) ID() chat.AccountID { return a.Options.ID }

// Platform implements chat.Adapter.
func (a *Adapter) Platform() string { return "terminal" }

// Caps implements chat.Adapter.
func (a *Adapter) Caps(chat.ChatID) chat.Caps {
	return chat.Caps{Direct: true, Buttons: true, Edit: true}
}

// PrivateChat is the chat of a user and the bot alone.
func PrivateChat(user chat.UserID) chat.ChatID { return chat.ChatID("dm:" + user) }

// Run implements chat.Adapter. At the end of the input and after :quit it
// returns nil while ctx goes on, and so does each later call.
func (a *Adapter) Run(ctx context.Context, in chat.Inbox) error {
	if a.lines == nil {
		a.lines = make(chan input)
		go a.read()
		a.say("hello", a.current.Name)
	}
	in.State(chat.State{Condition: chat.Online})
	for !a.ended {
		if a.pending == nil {
			select {
			case <-ctx.Done():
				return nil
			case line, ok := <-a.lines:
				if !ok {
					a.ended = true
				} else {
					a.handle(line)
				}
			}
			continue
		}
		if err := in.Accept(ctx, "", *a.pending); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			a.say("again")
			return fmt.Errorf("accept a line: %w", err)
		}
		a.pending = nil
	}
	in.State(chat.State{Condition: chat.Down, Detail: a.words["end"]})
	return a.readErr
}

// read hands on lines until the input ends. It cannot be interrupted: it ends
// when In does.
func (a *Adapter) read() {
	defer close(a.lines)
	r := bufio.NewReaderSize(a.In, maxLine)
	for {
		text, more, err := r.ReadLine()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				a.readErr = fmt.Errorf("read the terminal: %w", err)
			}
			return
		}
		line := input{text: string(text)}
		for more && err == nil {
			line.tooLong = true
			_, more, err = r.ReadLine()
		}
		a.lines <- line
	}
}

// handle does what a line says; what the bot has to know becomes pending.
func (a *Adapter) handle(line input) {
	if line.tooLong {
		a.say("too_long")
		return
	}
	what := parse(line.text, a.People, a.current)
	switch what.do {
	case doNothing:
	case doQuit:
		a.ended = true
	case doHelp:
		a.say("help", a.names())
	case doPlay:
		a.current = what.who
		a.say("playing", a.title(what.who))
	case doUnknown:
		a.say("unknown", chat.CleanName(what.text), a.names())
	default:
		a.pending = a.event(what)
	}
}

// event is what a line makes known to the bot; nil, and the person is told,
// when it refers to a message that is not there.
func (a *Adapter) event(what action) *chat.Event {
	ev := chat.Event{Account: a.Options.ID, Kind: chat.Said, At: a.Now(), Chat: a.Room.Chat, Title: a.Room.Title,
		From: chat.User{ID: what.who.User, Name: what.who.Name}, Text: what.text}
	if what.who.private {
		ev.Chat, ev.Title, ev.Private = PrivateChat(what.who.User), "", true
	}
	switch what.do {
	case doPress:
		on, data, ok := a.button(ev.Chat, what.text)
		if !ok {
			a.say("no_button", chat.CleanName(what.text))
			return nil
		}
		ev.Kind, ev.Message, ev.Data, ev.Text = chat.Pressed, on, data, ""
	case doQuote:
		if ev.ReplyTo = a.last(ev.Chat); ev.ReplyTo == "" {
			a.say("no_message")
			return nil
		}
	}
	a.count++
	ev.Key = fmt.Sprintf("%s-%d", a.start, a.count)
	if ev.Kind == chat.Said {
		ev.Message = chat.MessageID("in-" + ev.Key)
	}
	return &ev
}

// button finds the newest button of a chat with this label or word.
func (a *Adapter) button(in chat.ChatID, name string) (on chat.MessageID, data string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range slices.Backward(a.shown[in]) {
		for _, row := range m.buttons {
			for _, b := range row {
				if strings.EqualFold(label(b), name) || b.Word != "" && strings.EqualFold(b.Word, name) {
					return m.id, b.Data, true
				}
			}
		}
	}
	return "", "", false
}

func (a *Adapter) last(in chat.ChatID) chat.MessageID {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.shown[in]); n > 0 {
		return a.shown[in][n-1].id
	}
	return ""
}

func (a *Adapter) names() string {
	var names []string
	for _, p := range a.People {
		names = append(names, p.Name)
	}
	return strings.Join(names, a.words["comma"])
}
