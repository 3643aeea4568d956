package survey_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/keystore"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

// A handler that fails leaves a dead letter, but nothing of the choice in it;
// and the voter can cast again.
func TestFailureKeepsNoChoice(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite, func(p string) keys { return keystore.Beside(p) })
	s.say(0, "/投票 截止 1小时 换届方式\n甲\n乙", "")
	s.say(1, "/投票", "")
	poison := func(sql string) {
		if err := s.db.Write(func(tx *store.Tx) error { _, err := tx.Exec(sql); return err }); err != nil {
			t.Fatal(err)
		}
	}
	poison(`CREATE TRIGGER poison BEFORE UPDATE ON survey_draft BEGIN SELECT RAISE(ABORT, 'poison'); END`)
	poison(`CREATE TRIGGER poison2 BEFORE INSERT ON survey_draft BEGIN SELECT RAISE(ABORT, 'poison'); END`)
	s.say(1, "乙", "")
	s.say(1, "", "survey:pick:1:0:B")
	dead := s.column(`SELECT event FROM dead_letter`)
	if len(dead) != 2 {
		t.Fatalf("%d dead letters", len(dead))
	}
	for _, event := range dead {
		if strings.Contains(event, "乙") || strings.Contains(event, "pick") {
			t.Errorf("the dead letter tells the choice: %s", event)
		}
	}
	poison(`DROP TRIGGER poison`)
	poison(`DROP TRIGGER poison2`)
	s.say(1, "乙", "")
	s.say(1, "确认", "")
	if voted := s.column(`SELECT member || '' FROM survey_voted`); len(voted) != 1 {
		t.Errorf("voted: %v", voted)
	}
}

// A ballot that got lost, or one too many, is said aloud; so is a lost key.
func TestTurnoutMustEqualBallots(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"a ballot is missing":    {`DELETE FROM survey_sealed WHERE id = (SELECT MIN(id) FROM survey_sealed)`, "记录有 7 人投票，票箱里能读的是 6 张"},
		"a ballot was changed":   {`UPDATE survey_sealed SET body = zeroblob(length(body)) WHERE id = (SELECT MIN(id) FROM survey_sealed)`, "能读的是 6 张"},
		"a voter was struck":     {`DELETE FROM survey_voted WHERE member = 3`, "记录有 6 人投票，票箱里能读的是 7 张"},
		"all is well":            {`SELECT 1`, "7 人参加"},
		"the key does not exist": {`UPDATE survey SET seal = 'NOSUCHKEY'`, "这次结果作废"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, storetest.SQLite, func(p string) keys { return keystore.Beside(p) })
			s.say(0, "/投票 截止 1小时 换届方式\n甲\n乙", "")
			for i := range 7 {
				s.say(i, "1 A", "")
				s.say(i, "确认", "")
			}
			if err := s.db.Write(func(tx *store.Tx) error { _, err := tx.Exec(c.sql); return err }); err != nil {
				t.Fatal(err)
			}
			s.now = s.now.Add(time.Hour)
			s.settle()
			said := strings.Join(s.column(`SELECT message FROM outbox WHERE chat = 'group'`), "\n")
			if !strings.Contains(said, c.want) {
				t.Errorf("the group was told %s", said)
			}
			if name == "all is well" && strings.Contains(said, "不符") {
				t.Errorf("a mismatch that is none: %s", said)
			}
		})
	}
}

// What is typed for an anonymous vote never stands in a question of the bot.
func TestGroupAnswerIsNotEchoed(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite, func(p string) keys { return keystore.Beside(p) })
	s.say(0, "/投票 截止 1小时 一\n甲案\n乙案", "")
	s.say(0, "/投票 截止 1小时 二\n甲案\n乙案", "")
	for _, text := range []string{"乙案", "1 B", "B", "#2 乙案"} {
		s.events++
		ev := chat.Event{Key: fmt.Sprintf("ev%d", s.events), Kind: chat.Said, Chat: "group", From: chat.User{ID: user(3)}, Text: text}
		if err := s.engine.Handle("acc", "", ev); err != nil {
			t.Fatal(err)
		}
	}
	s.settle()
	if n := s.column(`SELECT COUNT(*) || '' FROM survey_sealed`); n[0] != "0" {
		t.Errorf("%s ballots", n[0])
	}
	for _, m := range s.column(`SELECT message FROM outbox WHERE prompt = 0`) {
		if strings.Contains(m, "乙案") || strings.Contains(m, " B") {
			t.Errorf("said %s", m)
		}
	}
}
