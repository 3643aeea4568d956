package telegramtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// methods are all but getUpdates, which waits. They are called with the lock
// held.
var methods = map[string]func(*Server, values) (any, *refused){
	"getMe":                  func(s *Server, _ values) (any, *refused) { return s.me(), nil },
	"setWebhook":             (*Server).setWebhook,
	"deleteWebhook":          func(s *Server, _ values) (any, *refused) { s.webhook = webhook{}; return true, nil },
	"getWebhookInfo":         (*Server).webhookInfo,
	"sendMessage":            (*Server).sendMessage,
	"sendPhoto":              (*Server).sendPhoto,
	"sendDocument":           (*Server).sendDocument,
	"sendPoll":               (*Server).sendPoll,
	"stopPoll":               (*Server).stopPoll,
	"editMessageText":        (*Server).editMessageText,
	"editMessageReplyMarkup": (*Server).editMarkup,
	"answerCallbackQuery":    (*Server).answerCallback,
	"setMyCommands":          (*Server).setCommands,
	"getFile":                (*Server).getFile,
	"getChat":                (*Server).getChat,
	"getChatMember":          (*Server).getChatMember,
}

func (s *Server) me() map[string]any {
	return map[string]any{"id": botID, "is_bot": true, "first_name": "支部小助手", "username": s.o.Username, "can_join_groups": true,
		"can_read_all_group_messages": s.o.HearsAll, "supports_inline_queries": false}
}

// Message is what a chat shows.
type Message struct {
	ID       int64
	Topic    int
	Text     string // or the caption
	Entities []Entity
	Buttons  [][]Button
	Photo    bool
	File     string
	Poll     *Poll
	Edits    int
	At       time.Time

	chat *Chat
}

// Entity styles a part of a text; offsets count UTF-16 units.
type Entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	URL    string `json:"url,omitempty"`
}

// Button is one of an inline keyboard.
type Button struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Poll is a poll of the bot.
type Poll struct {
	ID       string
	Question string
	Options  []string
	Type     string
	Several  bool
	Right    int
	Explain  string
	Closed   bool
	Votes    map[int64][]int
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// target is the chat of a call, if the bot may write there.
func (s *Server) target(p values) (*Chat, int, *refused) {
	c := s.chats[p.number("chat_id")]
	topic := int(p.number("message_thread_id"))
	switch {
	case c == nil:
		return nil, 0, bad("chat not found")
	case c.MovedTo != 0:
		r := bad("group chat was upgraded to a supergroup chat")
		r.migrateTo = c.MovedTo
		return nil, 0, r
	case c.Private && c.blocked:
		return nil, 0, forbidden("bot was blocked by the user")
	case c.Private && !c.started:
		return nil, 0, forbidden("bot can't initiate conversation with a user")
	case !c.Private && !c.in:
		return nil, 0, forbidden("bot was kicked from the " + c.Type + " chat")
	case c.muted || c.silent && !c.admin:
		return nil, 0, bad("not enough rights to send text messages to the chat")
	case topic != 0 && !slices.Contains(c.topics, topic):
		return nil, 0, bad("message thread not found")
	case slices.Contains(c.closed, topic) && !c.admin:
		return nil, 0, bad("TOPIC_CLOSED")
	}
	return c, topic, s.tooFast(c)
}

// tooFast keeps the limits: of the account in a second, of a group in a minute,
// of a private chat with a small burst.
func (s *Server) tooFast(c *Chat) *refused {
	now := s.o.Now()
	chatLimit, within := s.o.Limits.GroupPerMinute, time.Minute
	if c.Private {
		chatLimit, within = 3*s.o.Limits.PrivatePerSecond, 3*time.Second
	}
	wait := max(full(&s.sent, s.o.Limits.AccountPerSecond, time.Second, now), full(&c.sent, chatLimit, within, now))
	if wait > 0 {
		s.limited++
		seconds := int(wait/time.Second) + 1
		return &refused{code: 429, text: "Too Many Requests: retry after " + strconv.Itoa(seconds), retryAfter: seconds}
	}
	s.sent, c.sent = append(s.sent, now), append(c.sent, now)
	return nil
}

// full is how long until fewer than most were sent within the time.
func full(sent *[]time.Time, most int, within time.Duration, now time.Time) time.Duration {
	if most <= 0 {
		*sent = nil
		return 0
	}
	for len(*sent) > 0 && now.Sub((*sent)[0]) >= within {
		*sent = (*sent)[1:]
	}
	if len(*sent) < most {
		return 0
	}
	return (*sent)[len(*sent)-most].Add(within).Sub(now)
}

// styledText checks a text with its entities.
func styledText(p values, textName, entitiesName string, limit int, tooLong string) (string, []Entity, *refused) {
	text := p.text[textName]
	var entities []Entity
	if mode := p.text["parse_mode"]; mode != "" && !slices.Contains([]string{"HTML", "Markdown", "MarkdownV2"}, mode) {
		return "", nil, bad("unsupported parse_mode")
	}
	if !p.decode(entitiesName, &entities) {
		return "", nil, bad("can't parse entities JSON object")
	}
	code := utf16.Encode([]rune(text))
	if len(code) > limit {
		return "", nil, bad(tooLong)
	}
	for _, e := range entities {
		if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > len(code) || splits(code, e.Offset) || splits(code, e.Offset+e.Length) {
			return "", nil, bad(fmt.Sprintf("can't parse entities: entity of type %s at offset %d is out of the text", e.Type, e.Offset))
		}
	}
	return text, entities, nil
}

// splits tells whether a place lies within a surrogate pair.
func splits(code []uint16, at int) bool {
	return at > 0 && at < len(code) && utf16.IsSurrogate(rune(code[at])) && code[at] >= 0xDC00
}

func buttons(p values) ([][]Button, *refused) {
	var markup struct {
		Rows [][]Button `json:"inline_keyboard"`
	}
	if !p.decode("reply_markup", &markup) {
		return nil, bad("can't parse reply keyboard markup JSON object")
	}
	for _, row := range markup.Rows {
		for _, b := range row {
			switch {
			case b.Text == "":
				return nil, bad("text buttons are unallowed in the inline keyboard")
			case b.URL == "" && (len(b.Data) < 1 || len(b.Data) > 64):
				return nil, bad("BUTTON_DATA_INVALID")
			}
		}
	}
	return markup.Rows, nil
}

// show puts a message into a chat.
func (s *Server) show(c *Chat, m *Message) (any, *refused) {
	s.shown++
	s.next.message++
	m.ID, m.chat, m.At = s.next.message, c, s.o.Now()
	if !s.o.Forget {
		c.messages = append(c.messages, m)
	}
	if s.o.Shown != nil {
		s.o.Shown(c.ID)
	}
	return s.wire(m), nil
}

// wire is a message of the bot as the Bot API writes it.
func (s *Server) wire(m *Message) map[string]any {
	w := map[string]any{"message_id": m.ID, "from": s.me(), "chat": m.chat.wire(), "date": m.At.Unix()}
	if m.Topic != 0 {
		w["message_thread_id"], w["is_topic_message"] = m.Topic, true
	}
	switch {
	case m.Photo:
		w["caption"] = m.Text
		w["photo"] = []map[string]any{{"file_id": "small", "file_unique_id": "s", "width": 90, "height": 90},
			{"file_id": m.File, "file_unique_id": "l", "width": 900, "height": 900}}
	case m.File != "":
		w["caption"] = m.Text
		w["document"] = map[string]any{"file_id": m.File, "file_unique_id": "d", "file_name": m.File}
	case m.Poll != nil:
		w["poll"] = m.Poll.wire()
	default:
		w["text"] = m.Text
	}
	if len(m.Buttons) > 0 {
		w["reply_markup"] = map[string]any{"inline_keyboard": m.Buttons}
	}
	return w
}

func (p *Poll) wire() map[string]any {
	var options []map[string]any
	for i, o := range p.Options {
		n := 0
		for _, v := range p.Votes {
			if slices.Contains(v, i) {
				n++
			}
		}
		options = append(options, map[string]any{"text": o, "voter_count": n})
	}
	return map[string]any{"id": p.ID, "question": p.Question, "options": options, "total_voter_count": len(p.Votes), "is_closed": p.Closed,
		"is_anonymous": false, "type": p.Type, "allows_multiple_answers": p.Several, "correct_option_id": p.Right}
}

func (s *Server) sendMessage(p values) (any, *refused) {
	c, topic, r := s.target(p)
	if r != nil {
		return nil, r
	}
	text, entities, r := styledText(p, "text", "entities", 4096, "message is too long")
	if r != nil {
		return nil, r
	}
	if strings.TrimSpace(text) == "" {
		return nil, bad("message text is empty")
	}
	keys, r := buttons(p)
	if r != nil {
		return nil, r
	}
	return s.show(c, &Message{Topic: topic, Text: text, Entities: entities, Buttons: keys})
}

func (s *Server) sendPhoto(p values) (any, *refused)    { return s.media(p, "photo") }
func (s *Server) sendDocument(p values) (any, *refused) { return s.media(p, "document") }

func (s *Server) media(p values, field string) (any, *refused) {
	c, topic, r := s.target(p)
	if r != nil {
		return nil, r
	}
	text, entities, r := styledText(p, "caption", "caption_entities", 1024, "message caption is too long")
	if r != nil {
		return nil, r
	}
	keys, r := buttons(p)
	if r != nil {
		return nil, r
	}
	m := &Message{Topic: topic, Text: text, Entities: entities, Buttons: keys, Photo: field == "photo"}
	switch file, uploaded := p.files[field]; {
	case uploaded && len(file.data) == 0:
		return nil, bad("file must be non-empty")
	case uploaded:
		s.files[file.name] = file.data
		m.File = file.name
		s.uploads++
	case s.files[p.text[field]] != nil:
		m.File = p.text[field]
	default:
		return nil, bad("wrong file identifier/HTTP URL specified")
	}
	return s.show(c, m)
}

func (s *Server) sendPoll(p values) (any, *refused) {
	c, topic, r := s.target(p)
	if r != nil {
		return nil, r
	}
	var raw []json.RawMessage
	if !p.decode("options", &raw) {
		return nil, bad("can't parse options JSON object")
	}
	poll := &Poll{Question: p.text["question"], Type: p.text["type"], Several: p.text["allows_multiple_answers"] == "true",
		Right: int(p.number("correct_option_id")), Explain: p.text["explanation"], Votes: map[int64][]int{}}
	for _, o := range raw {
		var text string
		if json.Unmarshal(o, &text) != nil {
			var option struct {
				Text string `json:"text"`
			}
			if json.Unmarshal(o, &option) != nil {
				return nil, bad("can't parse options JSON object")
			}
			text = option.Text
		}
		if n := units(text); n < 1 || n > 100 {
			return nil, bad("poll options length must not exceed 100")
		}
		poll.Options = append(poll.Options, text)
	}
	switch n := units(poll.Question); {
	case n < 1 || n > 300:
		return nil, bad("poll question length must not exceed 300")
	case len(poll.Options) < 2 || len(poll.Options) > 10:
		return nil, bad("poll must have at least 2 option")
	case p.text["is_anonymous"] != "false":
		return nil, bad("this server has no anonymous polls")
	case poll.Type == "quiz" && (poll.Right < 0 || poll.Right >= len(poll.Options)):
		return nil, bad("invalid correct option ID specified")
	case units(poll.Explain) > 200 || strings.Count(poll.Explain, "\n") > 2:
		return nil, bad("MESSAGE_TOO_LONG")
	}
	s.next.file++
	poll.ID = "poll" + strconv.FormatInt(s.next.file, 10)
	m := &Message{Topic: topic, Poll: poll}
	s.polls[poll.ID] = m
	return s.show(c, m)
}

func (s *Server) message(p values) (*Message, *refused) {
	c := s.chats[p.number("chat_id")]
	if c == nil {
		return nil, bad("chat not found")
	}
	for _, m := range c.messages {
		if m.ID == p.number("message_id") {
			return m, nil
		}
	}
	return nil, bad("message to edit not found")
}

func (s *Server) stopPoll(p values) (any, *refused) {
	m, r := s.message(p)
	switch {
	case r != nil:
		return nil, bad("message with poll to stop not found")
	case m.Poll == nil:
		return nil, bad("message with poll to stop not found")
	case m.Poll.Closed:
		return nil, bad("poll has already been closed")
	}
	m.Poll.Closed = true
	return m.Poll.wire(), nil
}

func (s *Server) editMessageText(p values) (any, *refused) {
	m, r := s.message(p)
	if r != nil {
		return nil, r
	}
	text, entities, r := styledText(p, "text", "entities", 4096, "message is too long")
	if r != nil {
		return nil, r
	}
	keys, r := buttons(p)
	switch {
	case r != nil:
		return nil, r
	case text == m.Text && fmt.Sprint(keys) == fmt.Sprint(m.Buttons):
		return nil, bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	m.Text, m.Entities, m.Buttons = text, entities, keys
	m.Edits++
	return s.wire(m), nil
}

func (s *Server) editMarkup(p values) (any, *refused) {
	m, r := s.message(p)
	if r != nil {
		return nil, r
	}
	if m.Buttons, r = buttons(p); r != nil {
		return nil, r
	}
	return s.wire(m), nil
}

func (s *Server) answerCallback(p values) (any, *refused) {
	user, ok := s.presses[p.text["callback_query_id"]]
	switch {
	case !ok:
		return nil, bad("query is too old and response timeout expired or query ID is invalid")
	case units(p.text["text"]) > 200:
		return nil, bad("MESSAGE_TOO_LONG")
	}
	s.answers++
	if !s.o.Forget {
		s.toasts[user] = append(s.toasts[user], p.text["text"])
	}
	return json.RawMessage("true"), nil
}

func (s *Server) setCommands(p values) (any, *refused) {
	var list []struct{ Command, Description string }
	if !p.decode("commands", &list) {
		return nil, bad("can't parse commands")
	}
	for _, c := range list {
		if len(c.Command) < 1 || len(c.Command) > 32 || strings.Trim(c.Command, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return nil, bad("BOT_COMMAND_INVALID")
		}
		if n := units(c.Description); n < 1 || n > 256 {
			return nil, bad("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	var scope struct{ Type string }
	if !p.decode("scope", &scope) {
		return nil, bad("can't parse scope")
	}
	s.menus[scope.Type+"/"+p.text["language_code"]] = json.RawMessage(p.text["commands"])
	return true, nil
}

// known is the chat of a question, if the bot may ask about it.
func (s *Server) known(p values) (*Chat, *refused) {
	c := s.chats[p.number("chat_id")]
	switch {
	case c == nil:
		return nil, bad("chat not found")
	case c.MovedTo != 0:
		r := bad("group chat was upgraded to a supergroup chat")
		r.migrateTo = c.MovedTo
		return nil, r
	case !c.Private && !c.in:
		return nil, forbidden("bot was kicked from the " + c.Type + " chat")
	}
	return c, nil
}

func (s *Server) getChat(p values) (any, *refused) {
	c, r := s.known(p)
	if r != nil {
		return nil, r
	}
	w := c.wire()
	w["permissions"] = map[string]any{"can_send_messages": !c.silent}
	return w, nil
}

func (s *Server) getChatMember(p values) (any, *refused) {
	c, r := s.known(p)
	switch {
	case r != nil:
		return nil, r
	case p.number("user_id") != botID:
		return nil, bad("member not found")
	case c.admin:
		return standing(s.me(), "administrator"), nil
	case c.muted:
		return standing(s.me(), "restricted"), nil
	}
	return standing(s.me(), "member"), nil
}

func (s *Server) getFile(p values) (any, *refused) {
	id := p.text["file_id"]
	if s.files[id] == nil {
		return nil, bad("wrong file_id or the file is temporarily unavailable")
	}
	return map[string]any{"file_id": id, "file_unique_id": id, "file_size": len(s.files[id]), "file_path": id}, nil
}
