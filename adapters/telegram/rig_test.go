package telegram

import (
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/adaptertest"
	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/chat"
)

const (
	group    = -100200
	other    = -300
	someone  = 42
	someName = "张三 <b>"
)

// town is a server with two groups, of which the bot hears all, and a person.
func town(t *testing.T, o telegramtest.Options) *telegramtest.Server {
	t.Helper()
	s := telegramtest.New(o)
	t.Cleanup(s.Start())
	s.Group(group, "示范党支部")
	s.Group(other, "二支部")
	s.Person(someone, someName)
	s.Open(someone, "")
	return s
}

func connect(t *testing.T, s *telegramtest.Server) *Adapter {
	t.Helper()
	a, err := New(Options{ID: "tg", Token: telegramtest.DefaultToken, APIURL: s.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.client.CloseIdleConnections)
	return a
}

func chatNumber(id chat.ChatID) int64 { n, _, _ := number(id); return n }

func integer[T ~string](s T) int64 { n, _ := strconv.ParseInt(string(s), 10, 64); return n }

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Rig{New: func(t *testing.T) (chat.Adapter, adaptertest.Platform) {
		s := town(t, telegramtest.Options{HearsAll: true})
		s.Forget() // what opening the private chat brought
		fault := func(f telegramtest.Fault) func() { return func() { s.Inject(f) } }
		return connect(t, s), adaptertest.Platform{
			Group: id2chat(group), Other: id2chat(other), Private: id2chat(someone), User: chat.User{ID: "42", Name: someName},
			Say: func(in chat.ChatID, from chat.UserID, text string) {
				s.Say(telegramtest.Said{Chat: chatNumber(in), From: integer(from), Text: text})
			},
			Reply: func(in chat.ChatID, from chat.UserID, quoted chat.MessageID, text string) {
				s.Say(telegramtest.Said{Chat: chatNumber(in), From: integer(from), Text: text, ReplyTo: integer(quoted)})
			},
			Press: func(in chat.ChatID, from chat.UserID, on chat.MessageID, b chat.Button) {
				s.Press(chatNumber(in), integer(from), integer(on), b.Data)
			},
			Vote: func(in chat.ChatID, from chat.UserID, on chat.MessageID, choice ...int) {
				for _, m := range s.Shown(chatNumber(in)) {
					if m.ID == integer(on) {
						if err := s.Vote(m.Poll.ID, integer(from), choice...); err != nil {
							t.Error(err)
						}
					}
				}
			},
			Toasts:      func(u chat.UserID) []string { return s.Toasts(integer(u)) },
			Sent:        func(in chat.ChatID) []adaptertest.Shown { return shown(s, chatNumber(in)) },
			Again:       func() chat.Adapter { return connect(t, s) },
			KeepsUnread: true,
			Pending:     s.Pending,
			Tries:       s.Tries,
			Redeliver:   s.Again,
			Broken:      fault(telegramtest.Fault{Kind: telegramtest.TakenThenBroken, Code: 502}),
			Drop:        fault(telegramtest.Fault{Kind: telegramtest.Drop}),
			LoseAnswer:  fault(telegramtest.Fault{Kind: telegramtest.Lose}),
			Hang:        fault(telegramtest.Fault{Kind: telegramtest.Hang}),
			RateLimit: func(after time.Duration) {
				s.Inject(telegramtest.Fault{Kind: telegramtest.TooMany, After: int(after.Seconds())})
			},
			TooBig: fault(telegramtest.Fault{Kind: telegramtest.Refuse, Code: 413, Text: "Request Entity Too Large"}),
			Refuse: fault(telegramtest.Fault{Kind: telegramtest.Refuse, Code: 400, Text: "Bad Request: BUTTON_DATA_INVALID"}),
			Move: func() chat.ChatID {
				s.Migrate(group, -100999, someone)
				return "-100999"
			},
			Mute:   func() { s.Mute(group, someone) },
			Remove: func() { s.Remove(group, someone) },
			LogOut: s.Revoke,
		}
	}})
}

func id2chat(n int64) chat.ChatID { return chat.ChatID(id(n)) }

func shown(s *telegramtest.Server, in int64) []adaptertest.Shown {
	var all []adaptertest.Shown
	for _, m := range s.Shown(in) {
		v := adaptertest.Shown{ID: chat.MessageID(id(m.ID)), Text: m.Text, Picture: m.Photo}
		if !m.Photo {
			v.File = m.File
		}
		for _, row := range m.Buttons {
			for _, b := range row {
				v.Buttons = append(v.Buttons, b.Text)
			}
		}
		if m.Poll != nil {
			v.Poll = strings.Join(append([]string{m.Poll.Question}, m.Poll.Options...), " | ")
			if m.Poll.Closed {
				v.Poll += " (closed)"
			}
		}
		all = append(all, v)
	}
	return all
}
