package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"branchbot/bot/chat"
)

// incoming is an update as events, with what has to be fetched for them first.
type incoming struct {
	events []chat.Event
	file   string // id of a file that belongs to the only event; "" = none
	name   string
	size   int64

	group chat.ChatID // of which the bot's own rights changed; "" = none
	admin bool        // it is an administrator there
}

// convert is pure: wire to events. me is the bot itself; admin tells in which
// groups it is an administrator.
func convert(u *update, me int64, username string, admin func(chat.ChatID) bool) incoming {
	switch {
	case u.Message != nil && len(u.Message.NewMembers) > 0, u.Message != nil && u.Message.LeftMember != nil:
		if admin(chat.ChatID(id(u.Message.Chat.ID))) {
			return incoming{} // administrators are told by chat_member as well
		}
		return u.Message.cameOrWent(me)
	case u.Message != nil:
		return u.Message.said(username)
	case u.EditedMessage != nil:
		return u.EditedMessage.edited(username)
	case u.Callback != nil:
		return u.Callback.pressed()
	case u.PollAnswer != nil && u.PollAnswer.User != nil:
		return u.PollAnswer.voted(u.ID)
	case u.MyChatMember != nil:
		return u.MyChatMember.mine(u.ID)
	case u.ChatMember != nil && u.ChatMember.New.User.ID != me:
		return u.ChatMember.others(u.ID)
	}
	return incoming{}
}

func one(ev chat.Event) incoming { return incoming{events: []chat.Event{ev}} }

func id(n int64) string { return strconv.FormatInt(n, 10) }

func (u *user) chatUser() chat.User {
	if u == nil {
		return chat.User{Bot: true} // a channel or an anonymous administrator: nobody in particular
	}
	return chat.User{ID: chat.UserID(id(u.ID)), Name: strings.TrimSpace(u.FirstName + " " + u.LastName), Bot: u.IsBot}
}

// where is the chat of a message: the topic, in a group that has topics.
func (m *message) where() chat.ChatID {
	if m.InTopic && m.Thread != 0 {
		return chat.ChatID(id(m.Chat.ID) + "/" + strconv.Itoa(m.Thread))
	}
	return chat.ChatID(id(m.Chat.ID))
}

func (m *message) event(kind chat.Kind) chat.Event {
	return chat.Event{Kind: kind, Key: "m" + id(m.Chat.ID) + ":" + id(m.ID), At: time.Unix(m.Date, 0), Chat: m.where(),
		Title: m.Chat.Title, Private: m.Chat.Type == "private", From: m.From.chatUser(), Message: chat.MessageID(id(m.ID))}
}

func (m *message) said(username string) incoming {
	if m.Chat.Type == "channel" {
		return incoming{}
	}
	switch {
	case m.MigratedTo != 0:
		// Told by the old group; the new one's word (migrate_from_chat_id) would
		// only repeat it.
		ev := m.event(chat.Moved)
		ev.Chat, ev.To = chat.ChatID(id(m.Chat.ID)), chat.ChatID(id(m.MigratedTo))
		return one(ev)
	case m.MigratedFrom != 0:
		ev := m.event(chat.Moved)
		ev.Chat, ev.To = chat.ChatID(id(m.MigratedFrom)), chat.ChatID(id(m.Chat.ID))
		return one(ev)
	}
	ev := m.event(chat.Said)
	ev.Text = m.Text
	if m.ReplyTo != nil && m.ReplyTo.Topic == nil { // the first message of a topic is quoted by all of it
		ev.ReplyTo = chat.MessageID(id(m.ReplyTo.ID))
	}
	ev.Text, ev.Mentioned = m.mention(username)
	in := one(ev)
	if m.Chat.Type == "private" {
		in.attach(m)
	}
	if ev.Text == "" && in.file == "" {
		return incoming{} // a picture or sticker in a group, a service message
	}
	return in
}

// cameOrWent reads a service message about people.
func (m *message) cameOrWent(me int64) incoming {
	var in incoming
	add := func(kind chat.Kind, u *user) {
		if u.ID == me { // my_chat_member tells it
			return
		}
		ev := m.event(kind)
		ev.Chat, ev.From, ev.Message = chat.ChatID(id(m.Chat.ID)), u.chatUser(), ""
		ev.Key += ":" + id(u.ID)
		in.events = append(in.events, ev)
	}
	for i := range m.NewMembers {
		add(chat.Joined, &m.NewMembers[i])
	}
	if m.LeftMember != nil {
		add(chat.Left, m.LeftMember)
	}
	return in
}

func (m *message) edited(username string) incoming {
	in := m.said(username)
	for i := range in.events {
		ev := &in.events[i]
		ev.Edited, ev.Written = true, ev.At
		ev.At = time.Unix(m.EditDate, 0)                          // its first date would let answers be mended after the deadline
		sum := sha256.Sum256([]byte(m.Text + "\x00" + m.Caption)) // there may be several in a second
		ev.Key = "e" + ev.Key[1:] + ":" + id(m.EditDate) + ":" + hex.EncodeToString(sum[:4])
	}
	in.file = ""
	return in
}

// attach notes a file that came along in private.
func (in *incoming) attach(m *message) {
	ev := &in.events[0]
	if ev.Text == "" {
		ev.Text = m.Caption
	}
	switch {
	case m.Document != nil:
		in.file, in.name, in.size = m.Document.ID, m.Document.Name, m.Document.Size
	case len(m.Photo) > 0: // the last is the largest
		p := m.Photo[len(m.Photo)-1]
		in.file, in.name, in.size = p.ID, "photo.jpg", p.Size
	}
}

// mention is the text without a mention of the bot at its ends, and whether it
// was mentioned; commands to it ("/help@branchbot") lose the name.
func (m *message) mention(username string) (text string, mentioned bool) {
	text = m.Text
	if username == "" {
		return text, false
	}
	name := "@" + strings.ToLower(username)
	for _, e := range m.Entities {
		if e.Type != "mention" && e.Type != "bot_command" {
			continue
		}
		from, to, ok := span(m.Text, e.Offset, e.Length)
		if !ok || !strings.HasSuffix(strings.ToLower(m.Text[from:to]), name) {
			continue
		}
		mentioned = true
		switch {
		case from == 0:
			text = strings.TrimLeft(m.Text[:to-len(name)]+m.Text[to:], " ")
		case to == len(m.Text):
			text = strings.TrimRight(m.Text[:from], " ")
		}
		break
	}
	return text, mentioned
}

// span turns an entity's offsets, which count UTF-16 units, into bytes.
func span(s string, offset, length int) (from, to int, ok bool) {
	from, to = -1, -1
	n := 0
	for i, r := range s {
		if n == offset {
			from = i
		}
		if n == offset+length {
			to = i
		}
		n += utf16.RuneLen(r)
	}
	if n == offset+length {
		to = len(s)
	}
	return from, to, from >= 0 && to >= from
}

func (c *callback) pressed() incoming {
	if c.Message == nil || c.Data == "" {
		return incoming{}
	}
	ev := c.Message.event(chat.Pressed)
	ev.Key, ev.From, ev.Data, ev.At = pressKey+c.ID, c.From.chatUser(), c.Data, time.Time{}
	return one(ev)
}

// pressKey begins the key of a press; the rest names it to Telegram.
const pressKey = "c"

func (p *pollAnswer) voted(update int64) incoming {
	return one(chat.Event{Kind: chat.Voted, Key: "v" + p.Poll + ":" + id(p.User.ID) + ":" + id(update), From: p.User.chatUser(),
		Poll: chat.PollID(p.Poll), Choice: p.Options})
}

func (m *memberUpdated) event(kind chat.Kind, update int64) chat.Event {
	return chat.Event{Kind: kind, Key: "k" + id(m.Chat.ID) + ":" + id(update) + ":" + id(m.Date), At: time.Unix(m.Date, 0),
		Chat: chat.ChatID(id(m.Chat.ID)), Title: m.Chat.Title, Private: m.Chat.Type == "private", From: m.From.chatUser()}
}

// mine is a change of what the bot may do in a chat.
func (m *memberUpdated) mine(update int64) incoming {
	if m.Chat.Type == "channel" {
		return incoming{}
	}
	var in incoming
	switch before, now := m.Old, m.New; {
	case before.present() && !now.present():
		in = one(m.event(chat.Removed, update))
	case !before.mute() && now.mute():
		in = one(m.event(chat.Muted, update))
	case !before.present() && now.present(), before.mute() && !now.mute() && now.present():
		in = one(m.event(chat.Added, update))
	}
	if m.Chat.Type != "private" {
		in.group, in.admin = chat.ChatID(id(m.Chat.ID)), m.New.Status == "administrator"
	}
	return in
}

// others is a person's coming or going.
func (m *memberUpdated) others(update int64) incoming {
	kind := chat.Joined
	switch {
	case m.Chat.Type == "channel", m.Old.present() == m.New.present():
		return incoming{}
	case m.Old.present():
		kind = chat.Left
	}
	ev := m.event(kind, update)
	ev.From = m.New.User.chatUser()
	return one(ev)
}
