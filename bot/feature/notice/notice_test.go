package notice_test

import (
	"os"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/store/storetest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

// In the chat of the branch a 收到 of a member counts in their group, which has no chat
// of its own, and nobody else's does.
func TestAnswerOfAGroupWithoutChat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		data, err := os.ReadFile("testdata/notice-group-without-chat.txtar")
		if err != nil {
			t.Fatal(err)
		}
		s := script.OpenOn(t, txtar.Parse(data), e)
		if _, err := s.Play(t, "@ 2026-12-01 09:00\n王敏@one (私聊): /通知 至 第一党小组 回执 周六植树\n王敏@one (私聊): [按 发出]\n@ +1m"); err != nil {
			t.Fatal(err)
		}
		for _, staff := range []string{"0002", "0003", "0005"} {
			err := s.Engine.Handle("rehearsal", "", chat.Event{Key: staff, Kind: chat.Said, Chat: "one", From: chat.User{ID: chat.UserID(staff)}, Text: "收到"})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Rows(t, `SELECT m.name FROM notice_reader r JOIN member m ON m.id = r.member WHERE r.acked_at IS NOT NULL`); got != "陈静\n" {
			t.Errorf("acknowledged: %q", got)
		}
		if got := s.Rows(t, `SELECT COUNT(*) FROM notice_reader`); got != "2\n" {
			t.Errorf("due: %q", got)
		}
	})
}
