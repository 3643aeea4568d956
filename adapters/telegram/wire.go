package telegram

import "encoding/json"

// The parts of the Bot API's types that this adapter reads. The library's own
// types have every field there is, which costs a busy account most of its time
// and memory.

type update struct {
	ID            int64          `json:"update_id"`
	Message       *message       `json:"message"`
	EditedMessage *message       `json:"edited_message"`
	Callback      *callback      `json:"callback_query"`
	PollAnswer    *pollAnswer    `json:"poll_answer"`
	MyChatMember  *memberUpdated `json:"my_chat_member"`
	ChatMember    *memberUpdated `json:"chat_member"`
}

// allowed are the updates to be asked for; chat_member comes only if named.
var allowed = []string{"message", "edited_message", "callback_query", "poll_answer", "my_chat_member", "chat_member"}

type user struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

type wireChat struct {
	ID    int64  `json:"id"`
	Type  string `json:"type"` // private, group, supergroup, channel
	Title string `json:"title"`
}

type message struct {
	ID         int64     `json:"message_id"`
	Thread     int       `json:"message_thread_id"`
	InTopic    bool      `json:"is_topic_message"`
	From       *user     `json:"from"`
	SenderChat *wireChat `json:"sender_chat"`
	Chat       wireChat  `json:"chat"`
	Date       int64     `json:"date"`
	EditDate   int64     `json:"edit_date"`
	Text       string    `json:"text"`
	Caption    string    `json:"caption"`
	Entities   []entity  `json:"entities"`
	ReplyTo    *struct {
		ID    int64 `json:"message_id"`
		From  *user `json:"from"`
		Topic any   `json:"forum_topic_created"`
	} `json:"reply_to_message"`
	Document     *document   `json:"document"`
	Photo        []photoSize `json:"photo"`
	NewMembers   []user      `json:"new_chat_members"`
	LeftMember   *user       `json:"left_chat_member"`
	MigratedTo   int64       `json:"migrate_to_chat_id"`
	MigratedFrom int64       `json:"migrate_from_chat_id"`
}

type entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"` // in UTF-16 units
	Length int    `json:"length"`
	User   *user  `json:"user"`
}

type document struct {
	ID   string `json:"file_id"`
	Name string `json:"file_name"`
	Size int64  `json:"file_size"`
}

type photoSize struct {
	ID   string `json:"file_id"`
	Size int64  `json:"file_size"`
}

type callback struct {
	ID      string   `json:"id"`
	From    user     `json:"from"`
	Message *message `json:"message"` // date 0: no longer accessible
	Data    string   `json:"data"`
}

type pollAnswer struct {
	Poll    string `json:"poll_id"`
	User    *user  `json:"user"`
	Options []int  `json:"option_ids"`
}

type memberUpdated struct {
	Chat wireChat   `json:"chat"`
	From user       `json:"from"`
	Date int64      `json:"date"`
	Old  membership `json:"old_chat_member"`
	New  membership `json:"new_chat_member"`
}

type membership struct {
	Status   string `json:"status"` // creator, administrator, member, restricted, left, kicked
	User     user   `json:"user"`
	IsMember bool   `json:"is_member"`         // restricted: still in the chat
	CanSend  *bool  `json:"can_send_messages"` // restricted
}

// present tells whether somebody is in the chat.
func (m membership) present() bool {
	return m.Status == "creator" || m.Status == "administrator" || m.Status == "member" || m.Status == "restricted" && m.IsMember
}

func (m membership) mute() bool { return m.Status == "restricted" && m.CanSend != nil && !*m.CanSend }

// decode reads a list of updates. One that cannot be read does not harm the
// others; the number of such is returned, and the highest id of all.
func decode(list []json.RawMessage) (updates []update, last int64, bad int) {
	for _, raw := range list {
		var u update
		if json.Unmarshal(raw, &u) != nil {
			var id struct {
				ID int64 `json:"update_id"`
			}
			if json.Unmarshal(raw, &id) == nil {
				last = max(last, id.ID)
			}
			bad++
			continue
		}
		last = max(last, u.ID)
		updates = append(updates, u)
	}
	return updates, last, bad
}
