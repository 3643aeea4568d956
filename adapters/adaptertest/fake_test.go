package adaptertest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/bot/chat"
)

// platform is a chat platform in memory, polled by offset as Telegram is.
type platform struct {
	mu      sync.Mutex
	updates []chat.Event // the i-th has update id first+i
	last    chat.Event
	first   int
	more    chan struct{} // closed and replaced when there are more updates
	sent    map[chat.ChatID][]Shown
	sends   int
	lastID  int
	fault   func(show func()) (error, bool) // of the next send to "g"
	barred  map[chat.ChatID]error
}

func (p *platform) update(ev chat.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.updates, p.last = append(p.updates, ev), ev
	close(p.more)
	p.more = make(chan struct{})
}

// message is a new event of kind Said; mu is not held.
func (p *platform) message(in chat.ChatID, from chat.UserID, text string) chat.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastID++
	id := strconv.Itoa(p.lastID)
	return chat.Event{Account: "mem", Key: id, Kind: chat.Said, Chat: in, Private: in == "p",
		From: chat.User{ID: from, Name: "张三"}, Message: chat.MessageID(id), Text: text}
}

// poll acknowledges what is before offset and returns the rest.
func (p *platform) poll(ctx context.Context, offset int) ([]chat.Event, error) {
	for {
		p.mu.Lock()
		if n := offset - p.first; n > 0 {
			p.updates, p.first = p.updates[n:], offset
		}
		got, more := slices.Clone(p.updates), p.more
		p.mu.Unlock()
		if len(got) > 0 {
			return got, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mem is the adapter of platform. Its flaw, if any, is what the suite has to
// find.
type mem struct {
	p    *platform
	flaw string
}

func (m *mem) ID() chat.AccountID { return "mem" }
func (m *mem) Platform() string   { return "mem" }
func (m *mem) Caps(chat.ChatID) chat.Caps {
	return chat.Caps{TextLimit: 100, TextUnit: chat.UTF16, CaptionLimit: 20, Pictures: true, Files: true, Buttons: true, Edit: true}
}

func (m *mem) Run(ctx context.Context, in chat.Inbox) error {
	in.State(chat.State{Condition: chat.Online})
	cursor, err := in.Cursor(ctx)
	if err != nil {
		return err
	}
	offset, _ := strconv.Atoi(cursor)
	if m.flaw == "leaks" {
		go func() { select {} }()
	}
	for {
		events, err := m.p.poll(ctx, offset)
		if err != nil {
			return err
		}
		if m.flaw == "late_events" {
			slices.Reverse(events)
		}
		next := offset + len(events)
		if m.flaw == "early_ack" {
			offset = next
			m.p.mu.Lock()
			m.p.updates, m.p.first = nil, next
			m.p.mu.Unlock()
		}
		if m.flaw == "new_keys" {
			for i := range events {
				events[i].Key = strconv.Itoa(int(time.Now().UnixNano()))
			}
		}
		if err := in.Accept(ctx, strconv.Itoa(next), events...); err != nil && m.flaw != "early_ack" {
			return err
		}
		offset = next
	}
}

func (m *mem) Send(ctx context.Context, to chat.ChatID, part chat.Part) (chat.Receipt, error) {
	r, err := m.p.send(ctx, to, part, m.flaw)
	if err != nil && m.flaw == "retries" {
		return m.p.send(ctx, to, part, m.flaw)
	}
	if err != nil && m.flaw == "no_class" {
		return r, errors.New("no")
	}
	return r, err
}

func (p *platform) send(ctx context.Context, to chat.ChatID, part chat.Part, flaw string) (chat.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sends++
	if err := p.barred[to]; err != nil {
		return chat.Receipt{}, err
	}
	p.lastID++
	s := Shown{ID: chat.MessageID(strconv.Itoa(p.lastID)), Text: part.Plain()}
	if flaw == "markup" {
		s.Text = strings.ReplaceAll(s.Text, "&lt;", "<")
	}
	for _, row := range part.Buttons {
		for _, b := range row {
			s.Buttons = append(s.Buttons, b.Label)
		}
	}
	if part.Media != nil {
		s.File, s.Picture = part.Media.Name, part.Media.Name == ""
	}
	show := func() { p.sent[to] = append(p.sent[to], s) }
	if fault := p.fault; fault != nil && to == "g" {
		p.fault = nil
		if err, hang := fault(show); hang {
			p.mu.Unlock()
			<-ctx.Done()
			p.mu.Lock()
			return chat.Receipt{}, &chat.SendError{Class: chat.MaybeSent, Err: ctx.Err()}
		} else if err != nil {
			return chat.Receipt{}, err
		}
	}
	show()
	if flaw == "wrong_receipt" {
		s.ID = "99"
	}
	return chat.Receipt{Message: s.ID}, nil
}

func (m *mem) Edit(_ context.Context, in chat.ChatID, id chat.MessageID, part chat.Part) error {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	if fault := m.p.fault; fault != nil {
		m.p.fault = nil
		if err, _ := fault(func() {}); err != nil {
			return err
		}
	}
	i := slices.IndexFunc(m.p.sent[in], func(s Shown) bool { return s.ID == id })
	if i < 0 {
		return &chat.SendError{Class: chat.NotThere}
	}
	m.p.sent[in][i].Text = part.Plain()
	return nil
}

func (m *mem) Direct(context.Context, chat.UserID) (chat.ChatID, error) { return "p", nil }
func (m *mem) Ack(context.Context, chat.Event, string) error            { return nil }

func memRig(flaw string) Rig {
	return Rig{New: func(*testing.T) (chat.Adapter, Platform) {
		p := &platform{more: make(chan struct{}), sent: map[chat.ChatID][]Shown{}, barred: map[chat.ChatID]error{}}
		hooks := Platform{
			Group: "g", Other: "o", Private: "p", User: chat.User{ID: "u", Name: "张三"},
			Say: func(in chat.ChatID, from chat.UserID, text string) { p.update(p.message(in, from, text)) },
			Reply: func(in chat.ChatID, from chat.UserID, quoted chat.MessageID, text string) {
				ev := p.message(in, from, text)
				ev.ReplyTo = quoted
				p.update(ev)
			},
			Press: func(in chat.ChatID, from chat.UserID, on chat.MessageID, b chat.Button) {
				ev := p.message(in, from, "")
				ev.Kind, ev.Message, ev.Data = chat.Pressed, on, b.Data
				p.update(ev)
			},
			Sent: func(in chat.ChatID) []Shown {
				p.mu.Lock()
				defer p.mu.Unlock()
				return slices.Clone(p.sent[in])
			},
			Again:       func() chat.Adapter { return &mem{p, flaw} },
			KeepsUnread: true,
			Pending: func() int {
				p.mu.Lock()
				defer p.mu.Unlock()
				return len(p.updates)
			},
			Tries: func() int {
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.sends
			},
			Redeliver: func() { p.update(p.last) },
			Move:      func() chat.ChatID { p.bar("g", &chat.SendError{Class: chat.ChatMoved, To: "g2"}); return "g2" },
			Mute:      func() { p.bar("g", &chat.SendError{Class: chat.Forbidden}) }, Remove: func() { p.bar("g", &chat.SendError{Class: chat.ChatGone}) },
		}
		p.faults(&hooks)
		return &mem{p, flaw}, hooks
	}}
}

func (p *platform) bar(id chat.ChatID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.barred[id] = err
}

// faults fills in what hits the next message only.
func (p *platform) faults(hooks *Platform) {
	next := func(show, hang bool, se chat.SendError) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.fault = func(f func()) (error, bool) {
			if show {
				f()
			}
			return &se, hang
		}
	}
	hooks.Fail = func() { next(false, false, chat.SendError{Class: chat.Temporary}) }
	hooks.Broken = func() { next(true, false, chat.SendError{Class: chat.MaybeSent}) }
	hooks.Drop = hooks.Fail
	hooks.LoseAnswer = func() { next(true, false, chat.SendError{Class: chat.MaybeSent}) }
	hooks.Hang = func() { next(true, true, chat.SendError{}) }
	hooks.RateLimit = func(after time.Duration) { next(false, false, chat.SendError{Class: chat.RateLimited, After: after}) }
	hooks.TooBig = func() { next(false, false, chat.SendError{Class: chat.TooBig}) }
	hooks.Refuse = func() { next(false, false, chat.SendError{Class: chat.BadPart}) }
}
