package telegramtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// User is a person.
type User struct {
	ID   int64
	Name string
}

func (u User) wire() map[string]any {
	return map[string]any{"id": u.ID, "is_bot": false, "first_name": u.Name}
}

// Chat is a private chat or a group.
type Chat struct {
	ID      int64
	Type    string // private, group, supergroup
	Title   string
	Private bool
	MovedTo int64

	in, admin, muted bool // the bot: in the group, its administrator, muted
	silent           bool // who is no administrator may not write
	started, blocked bool // a private chat
	topics, closed   []int
	messages         []*Message
	sent             []time.Time
}

func (c *Chat) wire() map[string]any {
	w := map[string]any{"id": c.ID, "type": c.Type}
	if c.Title != "" {
		w["title"] = c.Title
	}
	if len(c.topics) > 0 {
		w["is_forum"] = true
	}
	return w
}

// Person adds a user and his private chat with the bot, not yet started.
func (s *Server) Person(id int64, name string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := User{id, name}
	s.users[id] = u
	s.chats[id] = &Chat{ID: id, Type: "private", Private: true}
	return u
}

// Group adds a group (a supergroup where the id says so) with the bot in it.
func (s *Server) Group(id int64, title string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "group"
	if strings.HasPrefix(strconv.FormatInt(id, 10), "-100") {
		kind = "supergroup"
	}
	s.chats[id] = &Chat{ID: id, Type: kind, Title: title, in: true}
}

// Topic opens a topic in a supergroup.
func (s *Server) Topic(chat int64, topic int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[chat].topics = append(s.chats[chat].topics, topic)
}

// CloseTopic has a topic take messages of administrators only, or of all again.
func (s *Server) CloseTopic(chat int64, topic int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	c.closed = slices.DeleteFunc(c.closed, func(t int) bool { return t == topic })
	if closed {
		c.closed = append(c.closed, topic)
	}
}

// DeleteTopic deletes a topic with its messages.
func (s *Server) DeleteTopic(chat int64, topic int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	c.topics = slices.DeleteFunc(c.topics, func(t int) bool { return t == topic })
	c.messages = slices.DeleteFunc(c.messages, func(m *Message) bool { return m.Topic == topic })
}

// Said is what a person writes.
type Said struct {
	Chat    int64
	From    int64
	Text    string
	ReplyTo int64 // id of a message; a reply to the bot reaches it in privacy mode
	Topic   int
	Edit    int64 // id of the message of which this is the new text
	File    string
	Data    []byte // of the file
}

// Say writes a message; it returns its id. What privacy mode hides is shown to
// people only.
func (s *Server) Say(m Said) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[m.Chat]
	id := m.Edit
	if id == 0 {
		s.next.message++
		id = s.next.message
	}
	if c.Private {
		c.started = true
	}
	if !s.reaches(c, m) {
		return id
	}
	w := map[string]any{"message_id": id, "from": s.users[m.From].wire(), "chat": c.wire(), "date": s.date(id)}
	if m.Topic != 0 {
		w["message_thread_id"], w["is_topic_message"] = m.Topic, true
	}
	if m.ReplyTo != 0 {
		reply := map[string]any{"message_id": m.ReplyTo, "chat": c.wire(), "date": 0}
		if s.byBot(c, m.ReplyTo) {
			reply["from"] = s.me()
		}
		w["reply_to_message"] = reply
	}
	if m.File != "" {
		s.files[m.File] = m.Data
		w["document"] = map[string]any{"file_id": m.File, "file_unique_id": m.File, "file_name": m.File, "file_size": len(m.Data)}
		w["caption"] = m.Text
	} else {
		w["text"] = m.Text
		if e := entities(m.Text); len(e) > 0 {
			w["entities"] = e
		}
	}
	kind := "message"
	if m.Edit != 0 {
		kind, w["edit_date"] = "edited_message", s.o.Now().Unix()
	}
	s.put(kind, w)
	return id
}

// date is when a message was written, also when it is edited.
func (s *Server) date(message int64) int64 {
	if _, ok := s.dates[message]; !ok {
		s.dates[message] = s.o.Now().Unix()
	}
	return s.dates[message]
}

// entities marks commands and mentions as Telegram does.
func entities(text string) []Entity {
	var list []Entity
	at := 0
	for _, word := range strings.SplitAfter(text, " ") {
		bare := strings.TrimSpace(word)
		switch {
		case strings.HasPrefix(bare, "/") && len(bare) > 1 && ascii(bare):
			list = append(list, Entity{Type: "bot_command", Offset: at, Length: units(bare)})
		case strings.HasPrefix(bare, "@") && len(bare) > 1 && ascii(bare):
			list = append(list, Entity{Type: "mention", Offset: at, Length: units(bare)})
		}
		at += units(word)
	}
	return list
}

func ascii(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0 }

func (s *Server) byBot(c *Chat, id int64) bool {
	return slices.ContainsFunc(c.messages, func(m *Message) bool { return m.ID == id })
}

// reaches is privacy mode: in groups the bot gets commands, mentions and replies
// to it.
func (s *Server) reaches(c *Chat, m Said) bool {
	switch {
	case c.Private:
		return !c.blocked
	case !c.in:
		return false
	}
	return s.o.HearsAll || c.admin || strings.HasPrefix(m.Text, "/") || strings.Contains(m.Text, "@"+s.o.Username) || s.byBot(c, m.ReplyTo)
}

// Open opens the private chat by a link; payload may be empty.
func (s *Server) Open(user int64, payload string) int64 {
	return s.Say(Said{Chat: user, From: user, Text: strings.TrimSpace("/start " + payload)})
}

// Press presses a button; it returns the callback's id.
func (s *Server) Press(chat, user, message int64, data string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.press(chat, user, message, data)
}

// Presses has many people press the same button, in one go.
func (s *Server) Presses(chat, message int64, data string, users ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range users {
		s.press(chat, u, message, data)
	}
}

func (s *Server) press(chat, user, message int64, data string) string {
	c := s.chats[chat]
	s.next.file++
	id := "press" + strconv.FormatInt(s.next.file, 10)
	s.presses[id] = user
	w := map[string]any{"message_id": message, "chat": c.wire(), "date": s.o.Now().Unix(), "from": s.me()}
	for _, m := range c.messages {
		if m.ID == message {
			w = s.wire(m)
		}
	}
	s.put("callback_query", map[string]any{"id": id, "from": s.users[user].wire(), "chat_instance": "1", "data": data, "message": w})
	return id
}

// Vote votes in a poll; without a choice the vote is taken back.
func (s *Server) Vote(poll string, user int64, choice ...int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.polls[poll]
	switch {
	case m == nil || m.Poll.Closed:
		return fmt.Errorf("poll %s is not open", poll)
	case len(choice) > 1 && !m.Poll.Several:
		return fmt.Errorf("poll %s allows one choice", poll)
	}
	if m.Poll.Votes[user] = choice; len(choice) == 0 {
		delete(m.Poll.Votes, user)
		choice = []int{}
	}
	s.put("poll_answer", map[string]any{"poll_id": poll, "user": s.users[user].wire(), "option_ids": choice})
	return nil
}

// standing is somebody's place in a chat.
func standing(user map[string]any, status string) map[string]any {
	m := map[string]any{"user": user, "status": status}
	if status == "restricted" {
		m["is_member"], m["can_send_messages"] = true, false
	}
	return m
}

func (s *Server) changed(kind string, c *Chat, by User, who map[string]any, from, to string) {
	if s.unseen {
		return
	}
	s.put(kind, map[string]any{"chat": c.wire(), "from": by.wire(), "date": s.o.Now().Unix(),
		"old_chat_member": standing(who, from), "new_chat_member": standing(who, to)})
}

// Join and Leave: a person comes into a group or goes.
func (s *Server) Join(chat, user int64) { s.member(chat, user, "left", "member", "new_chat_members") }
func (s *Server) Leave(chat, user int64) {
	s.member(chat, user, "member", "left", "left_chat_member")
}

func (s *Server) member(chat, user int64, from, to, service string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u := s.chats[chat], s.users[user]
	if c.admin { // others are not told
		s.changed("chat_member", c, u, u.wire(), from, to)
	}
	s.next.message++
	var who any = u.wire()
	if service == "new_chat_members" {
		who = []any{who}
	}
	s.put("message", map[string]any{"message_id": s.next.message, "chat": c.wire(), "from": u.wire(), "date": s.o.Now().Unix(), service: who})
}

// The bot's own place in a group, as an administrator changes it.
func (s *Server) AddBot(chat, by int64)  { s.bot(chat, by, "left", "member") }
func (s *Server) Remove(chat, by int64)  { s.bot(chat, by, "member", "kicked") }
func (s *Server) Mute(chat, by int64)    { s.bot(chat, by, "member", "restricted") }
func (s *Server) Unmute(chat, by int64)  { s.bot(chat, by, "restricted", "member") }
func (s *Server) Promote(chat, by int64) { s.bot(chat, by, "member", "administrator") }

func (s *Server) bot(chat, by int64, from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	c.in, c.muted, c.admin = to != "kicked", to == "restricted", to == "administrator"
	s.changed("my_chat_member", c, s.users[by], s.me(), from, to)
}

// Unseen runs what changes the bot's place in a chat, without that the bot is told: Telegram
// keeps such news for a day only.
func (s *Server) Unseen(change func()) {
	set := func(unseen bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unseen = unseen
	}
	set(true)
	defer set(false)
	change()
}

// Silence switches writing off, or on again, for all members of a group: the bot is not told.
func (s *Server) Silence(chat int64, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[chat].silent = silent
}

// Block closes a private chat to the bot.
func (s *Server) Block(user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[user].blocked = true
	s.changed("my_chat_member", s.chats[user], s.users[user], s.me(), "member", "kicked")
}

// Migrate makes a supergroup of a group; messages stay behind.
func (s *Server) Migrate(from, to, by int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.chats[from]
	s.chats[to] = &Chat{ID: to, Type: "supergroup", Title: old.Title, in: true, admin: old.admin}
	old.MovedTo = to
	u := s.users[by].wire()
	for _, m := range []struct {
		chat *Chat
		key  string
		id   int64
	}{{old, "migrate_to_chat_id", to}, {s.chats[to], "migrate_from_chat_id", from}} {
		s.next.message++
		s.put("message", map[string]any{"message_id": s.next.message, "chat": m.chat.wire(), "from": u, "date": s.o.Now().Unix(), m.key: m.id})
	}
}

// Shown are the bot's messages in a chat, oldest first.
func (s *Server) Shown(chat int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	if c == nil {
		return nil
	}
	var list []Message
	for _, m := range c.messages {
		shown := *m
		if m.Poll != nil {
			poll := *m.Poll
			poll.Votes = maps.Clone(m.Poll.Votes)
			shown.Poll = &poll
		}
		list = append(list, shown)
	}
	return list
}

// Delete takes a message away, as an administrator does.
func (s *Server) Delete(chat, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	c.messages = slices.DeleteFunc(c.messages, func(m *Message) bool { return m.ID == id })
}

// Toasts are the lines that a person saw after his presses.
func (s *Server) Toasts(user int64) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.toasts[user])
}

// Menus are the published commands by scope and language.
func (s *Server) Menus() map[string]json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.menus)
}
