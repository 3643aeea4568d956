package notice_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/store"
)

// A member who has moved to another branch since counts where he was due, once.
func TestMovedMember(t *testing.T) {
	t.Parallel()
	s := script.Open(t, txtar.Parse([]byte(`-- config.yaml --
conduct: {quiet_hours: "off"}
units:
  - {id: works, name: 机械厂党委, kind: committee, chats: [web:works], members: [{name: 周平, staff: "1", roles: [secretary]}]}
  - {id: one, name: 一支部, parent: works, chats: [web:one], members: [{name: 张三, staff: "2"}, {name: 李四, staff: "3"}]}
  - {id: two, name: 二支部, parent: works, chats: [web:two], members: [{name: 陈静, staff: "4"}]}
`)))
	play(t, s, "周平 (私聊): /通知 下级 回执 学习\n周平 (私聊): [按 发出]")
	err := s.DB.Write(func(tx *store.Tx) error {
		s.Engine.Directory.Changed(tx)
		_, err := tx.Exec(`UPDATE member SET unit = 'two' WHERE staff = '2'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, play(t, s, "张三 (私聊): 收到\n张三 (私聊): 收到\n周平 (私聊): /未读 1"), "已记下", "应回执 3 人，已回执 1 人\n    一支部 1/2\n    二支部 0/1")
	if got := strings.TrimSpace(s.Rows(t, `SELECT COUNT(*) FROM notice_reader`)); got != "3" {
		t.Error(got)
	}
}

// Who comes to the roster after a notice may acknowledge it, and is due from
// then on.
func TestLatecomer(t *testing.T) {
	t.Parallel()
	s := awake(t)
	play(t, s, "书记 (私聊): /通知 回执 交表")
	err := s.DB.Write(func(tx *store.Tx) error {
		s.Engine.Directory.Changed(tx)
		if _, err := tx.Exec(`INSERT INTO member (id, unit, staff, name, status) VALUES (99, 'demo', '0099', '新同事', 'full')`); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO identity (account, user_id, member, private_chat, bound_at) VALUES ('rehearsal', 'outsider:新同事', 99, '', 0)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, play(t, s, "书记 (私聊): /未读\n新同事: 收到\n书记 (私聊): /未读"), "应回执 4 人，已回执 0 人", "应回执 5 人，已回执 1 人")
}

// A 收到 that is taken back is one no more, and may be said again.
func TestRecalledAcknowledgement(t *testing.T) {
	t.Parallel()
	s := awake(t)
	s.Engine.Caps = func(chat.AccountID, chat.ChatID) chat.Caps { return chat.Caps{Recalls: true} }
	play(t, s, "书记 (私聊): /通知 回执 交表")
	for i, c := range []struct {
		kind chat.Kind
		want string
	}{
		{chat.Said, "已回执 1 人"}, {chat.Recalled, "已回执 0 人"}, {chat.Recalled, "已回执 0 人"}, {chat.Said, "已回执 1 人"},
	} {
		err := s.Engine.Handle(s.Adapter.ID(), "", chat.Event{Key: fmt.Sprint(i), Kind: c.kind, Chat: "demo", From: chat.User{ID: "0002"},
			Message: "m", Text: "收到"})
		if err != nil {
			t.Fatal(err)
		}
		wants(t, play(t, s, "@ +1m\n书记 (私聊): /未读"), c.want)
	}
}
