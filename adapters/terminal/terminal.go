// Package terminal is a chat for one person at a terminal, who can speak as
// anyone on a list: "张三: A" in the group, "李四 (私聊): /积分" in private,
// "[按 B]" presses a button of the last message that has one. A line without a
// speaker is the last one's again.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"branchbot/bot/chat"
)

// Person is somebody whom the terminal can play.
type Person struct {
	User chat.UserID
	Name string
}

// Options are what an adapter is made of.
type Options struct {
	ID       chat.AccountID
	In       io.Reader
	Out      io.Writer
	Room     chat.ChatID // the group chat
	Title    string      // what it is called
	People   []Person    // the first one speaks at first
	Language string
}

// PrivateChat is the chat of a person and the bot alone.
func PrivateChat(user chat.UserID) chat.ChatID { return chat.ChatID("dm:" + user) }

// Adapter is the terminal.
type Adapter struct {
	o Options

	mu      sync.Mutex // guards all below, and Out
	sent    int
	said    int
	now     Person
	private bool
	shown   map[chat.ChatID]button // the last message with buttons
}

type button struct {
	message chat.MessageID
	rows    [][]chat.Button
}

// New makes an adapter. People must not be empty.
func New(o Options) *Adapter {
	return &Adapter{o: o, now: o.People[0], shown: map[chat.ChatID]button{}}
}

// ID implements chat.Adapter.
func (a *Adapter) ID() chat.AccountID { return a.o.ID }

// Platform implements chat.Adapter.
func (a *Adapter) Platform() string { return "terminal" }

// Caps implements chat.Adapter.
func (a *Adapter) Caps(chat.ChatID) chat.Caps { return chat.Caps{Buttons: true} }

// Run implements chat.Adapter: it reads lines until the input or ctx ends.
func (a *Adapter) Run(ctx context.Context, in chat.Inbox) error {
	in.State(chat.State{Condition: chat.Online})
	a.print(fmt.Sprintf("%s: %s", a.text("hello"), a.now.Name))
	lines := make(chan string)
	go func() { // a read of a terminal cannot be interrupted; it ends with the program
		defer close(lines)
		scan := bufio.NewScanner(a.o.In)
		for scan.Scan() {
			select {
			case lines <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				<-ctx.Done() // what was asked is still answered
				return nil
			}
			if err := a.line(ctx, in, line); err != nil {
				a.print(a.text("again"))
			}
		}
	}
}

// line turns a typed line into an event.
func (a *Adapter) line(ctx context.Context, in chat.Inbox, line string) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	ev, problem := a.event(line)
	if problem != "" {
		a.print(a.text(problem))
		return nil
	}
	return in.Accept(ctx, "", ev)
}

func (a *Adapter) event(line string) (ev chat.Event, problem string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := chat.ParseSpoken(line)
	if p, known := a.person(s.Speaker); ok && known {
		a.now, a.private = p, s.Private
	} else {
		s = chat.Spoken{Private: a.private}
		s.Words(line)
	}
	a.said++
	ev = chat.Event{Key: fmt.Sprintf("%p:%d", a, a.said), Kind: chat.Said, Chat: a.o.Room, Title: a.o.Title, Private: s.Private,
		From: chat.User{ID: a.now.User, Name: a.now.Name}, Message: chat.MessageID("in" + strconv.Itoa(a.said)), Text: s.Text}
	if s.Private {
		ev.Chat = PrivateChat(a.now.User)
	}
	if s.Press == "" {
		return ev, ""
	}
	b, ok := chat.FindButton(a.shown[ev.Chat].rows, s.Press)
	if !ok {
		return ev, "no_button"
	}
	ev.Kind, ev.Text, ev.Message, ev.Data = chat.Pressed, "", a.shown[ev.Chat].message, b.Data
	return ev, ""
}

func (a *Adapter) person(name string) (Person, bool) {
	for _, p := range a.o.People {
		if p.Name == name {
			return p, true
		}
	}
	return Person{}, false
}

// Send implements chat.Adapter.
func (a *Adapter) Send(_ context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	head := a.o.Title
	if user, private := strings.CutPrefix(string(to), "dm:"); private {
		head = "→ " + user
		for _, person := range a.o.People {
			if string(person.User) == user {
				head = "→ " + person.Name
			}
		}
	} else if to != a.o.Room {
		return chat.Receipt{}, &chat.SendError{Class: chat.ChatGone, Err: errors.New("the terminal has only one room")}
	}
	var labels []string
	for _, row := range p.Buttons {
		for _, b := range row {
			labels = append(labels, "["+b.Label+"]")
		}
	}
	text := head + " ◀ " + strings.ReplaceAll(strings.TrimSpace(p.Plain()), "\n", "\n    ")
	if len(labels) > 0 {
		text += "\n    " + strings.Join(labels, " ")
	}
	a.print(text)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent++
	id := chat.MessageID(strconv.Itoa(a.sent))
	if len(labels) > 0 {
		a.shown[to] = button{id, p.Buttons}
	}
	return chat.Receipt{Message: id}, nil
}

// Ack implements chat.Acker.
func (a *Adapter) Ack(_ context.Context, _ chat.Event, line string) error {
	a.print("  ✓ " + line)
	return nil
}

// print writes a line without anything that could steer the terminal.
func (a *Adapter) print(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintln(a.o.Out, chat.Clean(text))
}

var catalogue = map[string]map[string]string{
	"zh-CN": {"hello": "直接输入即可；换人说话：姓名: 内容；私聊：姓名 (私聊): 内容；按按钮：[按 A]。现在是", "again": "没有记下来，请再发一次。", "no_button": "没有这个按钮。"},
	"en":    {"hello": "Type away. As somebody else: NAME: text; in private: NAME (private): text; a button: [press A]. You are", "again": "Not stored; please send it again.", "no_button": "There is no such button."},
}

func (a *Adapter) text(key string) string {
	if t, ok := catalogue[a.o.Language]; ok {
		return t[key]
	}
	return catalogue["zh-CN"][key]
}
