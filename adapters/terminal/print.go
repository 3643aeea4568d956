package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
)

const indent = "    "

// Marks between whom a message is for and what it says.
const (
	markSent   = "◀"
	markEdited = "✎"
	markAck    = "·"
)

// Send implements chat.Adapter.
func (a *Adapter) Send(_ context.Context, to chat.ChatID, p chat.Part) (chat.Receipt, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.write(to, markSent, p); err != nil {
		return chat.Receipt{}, err
	}
	a.sent++
	m := message{chat.MessageID(fmt.Sprintf("out-%s-%d", a.start, a.sent)), p.Buttons}
	a.shown[to] = append(a.shown[to], m)
	if n := len(a.shown[to]); n > keep {
		a.shown[to] = slices.Delete(a.shown[to], 0, n-keep)
	}
	return chat.Receipt{Message: m.id}, nil
}

// Edit implements chat.Editor: paper does not forget, so that the new text
// comes below, marked.
func (a *Adapter) Edit(_ context.Context, in chat.ChatID, id chat.MessageID, p chat.Part) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.shown[in], func(m message) bool { return m.id == id })
	if i < 0 {
		return &chat.SendError{Class: chat.NotThere, Err: errors.New("the message is no longer there")}
	}
	if err := a.write(in, markEdited, p); err != nil {
		return err
	}
	a.shown[in][i].buttons = p.Buttons
	return nil
}

// Ack implements chat.Acker.
func (a *Adapter) Ack(press chat.Event, line string) {
	if line == "" {
		return // nobody waits at a terminal
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.write(PrivateChat(press.From.ID), markAck, chat.Part{Spans: []chat.Span{{Text: line}}})
}

// Direct implements chat.Directer.
func (a *Adapter) Direct(_ context.Context, to chat.UserID) (chat.ChatID, error) {
	id := PrivateChat(to)
	if _, ok := a.head(id); !ok {
		return "", &chat.SendError{Class: chat.Unsupported, Err: errNobody}
	}
	return id, nil
}

var errNobody = errors.New("there is no such chat at this terminal")

// write prints a message; the caller holds mu.
func (a *Adapter) write(to chat.ChatID, mark string, p chat.Part) error {
	head, ok := a.head(to)
	if !ok {
		return &chat.SendError{Class: chat.ChatGone, Err: errNobody}
	}
	if p.Media != nil {
		return &chat.SendError{Class: chat.Unsupported, Err: errors.New("a terminal shows no pictures")}
	}
	n, err := a.Out.Write([]byte(layOut(head+" "+mark+" ", p)))
	switch {
	case err == nil:
		return nil
	case n == 0:
		return &chat.SendError{Class: chat.Temporary, Err: err}
	}
	return &chat.SendError{Class: chat.MaybeSent, Err: err}
}

// head is what a line to a chat begins with.
func (a *Adapter) head(to chat.ChatID) (string, bool) {
	if to == a.Room.Chat {
		return a.Room.Title, true
	}
	for _, p := range a.People {
		if to == PrivateChat(p.User) {
			return "→ " + p.Name, true
		}
	}
	return "", false
}

// title is head for a speaker.
func (a *Adapter) title(s speaker) string {
	if s.private {
		return s.Name + " → " + a.words["bot"]
	}
	return s.Name
}

func layOut(head string, p chat.Part) string {
	text := strings.ReplaceAll(chat.Clean(p.Plain()), "\n", "\n"+indent)
	var b strings.Builder
	for line := range strings.SplitSeq(head+text, "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, row := range p.Buttons {
		labels := make([]string, len(row))
		for i, button := range row {
			labels[i] = "[" + label(button) + "]"
		}
		b.WriteString(indent + strings.Join(labels, " ") + "\n")
	}
	return b.String()
}

func label(b chat.Button) string { return strings.Join(strings.Fields(chat.Clean(b.Label)), " ") }

// say prints a line of the adapter's own. That it fails is no one's loss: the
// next message fails too.
func (a *Adapter) say(word string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := fmt.Sprintf(a.words[word], args...)
	_, _ = a.Out.Write([]byte(layOut("· ", chat.Part{Spans: []chat.Span{{Text: text}}})))
}
