package suggestion_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

// marker is a word that nothing else says.
const marker = "螃蟹"

// files are where something could be kept: database, journal, log, a backup.
func files(t *testing.T, s *script.Stage) map[string][]byte {
	t.Helper()
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := s.DB.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{"log": s.Log.Bytes()}
	for name, path := range map[string]string{"database": s.DB.Path(), "journal": s.DB.Path() + "-wal", "backup": backup} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = data
	}
	return all
}

func keysLeft(t *testing.T, s *script.Stage) int {
	t.Helper()
	left, err := os.ReadDir(s.DB.Path() + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	return len(left)
}

func play(t *testing.T, s *script.Stage, lines ...string) string {
	t.Helper()
	said, err := s.Play(t, strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func unmarked(t *testing.T, s *script.Stage, what string) {
	t.Helper()
	for name, data := range files(t, s) {
		if bytes.Contains(data, []byte(marker)) {
			t.Errorf("%s: the %s holds it", what, name)
		}
	}
}

// Of a report not a byte is kept, wherever and however it is made, not even
// when its handling fails; nor what is said in the group.
func TestReportLeavesNoByte(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	said := play(t, s, "张三 (私聊): /举报 食堂螃蟹被主任拿回家", "张三: /举报 螃蟹", "李四 (私聊): /建议 我举报螃蟹的事",
		"李四 (私聊): /求助 螃蟹的事，主任索贿", "李四: /建议 螃蟹便宜一点", "路人: /举报 螃蟹", "张三 (私聊): /举报螃蟹")
	if n := strings.Count(said, "12388"); n < 5 {
		t.Errorf("the channels were named %d times:\n%s", n, said)
	}
	unmarked(t, s, "a report")
	err := s.DB.Write(func(tx *store.Tx) error { // nothing can be sent any more: each handling fails
		_, err := tx.Exec(`CREATE TRIGGER poison BEFORE INSERT ON outbox WHEN NEW.message LIKE '{"sealed"%' BEGIN SELECT RAISE(ABORT, 'poison'); END`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, "张三 (私聊): /举报 螃蟹", "张三: /举报 螃蟹", "张三 (私聊): /求助 螃蟹吃坏了", "张三 (私聊): /建议 匿名 螃蟹")
	if n := s.Rows(t, `SELECT COUNT(*) FROM dead_letter`); n != "4\n" {
		t.Errorf("dead letters: %s", n)
	}
	err = s.DB.Write(func(tx *store.Tx) error { _, err := tx.Exec(`DROP TRIGGER poison`); return err }) // backups refuse it
	if err != nil {
		t.Fatal(err)
	}
	unmarked(t, s, "a report that failed")
}

// What may be a report waits sealed for its author's word, and for nobody else's: it
// is submitted, or nothing of it is kept.
func TestDoubt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, &txtar.Archive{}, e)
		held := func(want string) {
			t.Helper()
			if got := s.Rows(t, `SELECT (SELECT COUNT(*) FROM suggestion_held), (SELECT COUNT(*) FROM suggestion), (SELECT COUNT(*) FROM suggestion_box), (SELECT COUNT(*) FROM care)`); got != want {
				t.Errorf("held, suggestions, boxed, requests: %s, want %s", got, want)
			}
		}
		said := play(t, s, "张三 (私聊): /建议 食堂红包螃蟹")
		if !strings.Contains(said, "[是反映问题] [不是，照常提交]") || strings.Contains(said, "→ 王敏") {
			t.Errorf("said\n%s", said)
		}
		held("1|0|0|0\n")
		if err := s.Engine.Handle("rehearsal", "", chat.Event{Key: "theirs", Kind: chat.Pressed, Private: true, Chat: "dm:0003",
			From: chat.User{ID: "0003"}, Data: "misconduct:submit:1"}); err != nil {
			t.Fatal(err)
		}
		held("1|0|0|0\n")
		if e == storetest.SQLite {
			unmarked(t, s, "a text in doubt")
		}
		if said := play(t, s, "张三 (私聊): [按 是反映问题]", "张三 (私聊): [按 不是，照常提交]"); strings.Count(said, "这里不受理举报") != 1 || strings.Contains(said, "→ 王敏") {
			t.Errorf("said\n%s", said)
		}
		held("0|0|0|0\n")
		if e == storetest.SQLite {
			unmarked(t, s, "a report after a question")
		}
		if said := play(t, s, "张三 (私聊): /建议 春节发红包", "张三 (私聊): [按 不是，照常提交]", "张三 (私聊): [按 不是，照常提交]"); strings.Count(said, "→ 王敏 ◀ 建议 2026-001（张三）：\n    春节发红包") != 1 {
			t.Errorf("said\n%s", said)
		}
		play(t, s, "李四 (私聊): /建议 匿名 防贪标语螃蟹", "李四 (私聊): [按 不是，照常提交]", "张三 (私聊): /求助 骚扰电话螃蟹", "张三 (私聊): [按 不是，照常提交]")
		held("0|1|1|1\n")
		if e == storetest.SQLite {
			unmarked(t, s, "sealed ones")
		}
		// Who does not answer has said nothing.
		play(t, s, "赵磊 (私聊): /咨询 骚扰电话怎么办", "@ +31m")
		held("0|1|1|1\n")
		if said := play(t, s, "赵磊 (私聊): [按 不是，照常提交]"); !strings.Contains(said, "失效") {
			t.Errorf("said\n%s", said)
		}
	})
}

// A request for help is sealed while it is open; when it is closed its row and
// its key are gone, so that no copy can be read.
func TestCareIsErased(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	said := play(t, s, "张三 (私聊): /求助 健康 吃螃蟹过敏住院", "书记 (私聊): /办理 求助 1")
	if strings.Count(said, "→ 王敏 ◀ 求助 1（健康，希望联系）张三") != 2 {
		t.Errorf("said\n%s", said)
	}
	unmarked(t, s, "an open request")
	if n := s.Rows(t, `SELECT COUNT(*), SUM(length(body)) > 0 FROM care`); n != "1|1\n" {
		t.Errorf("requests: %s", n)
	}
	play(t, s, "书记 (私聊): /办理 求助 1 结束", "@ +2h")
	unmarked(t, s, "a closed request")
	if n := s.Rows(t, `SELECT COUNT(*) FROM care`); n != "0\n" {
		t.Errorf("requests: %s", n)
	}
	if n := keysLeft(t, s); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	if said := play(t, s, "张三 (私聊): /我的数据"); strings.Contains(said, "求助") {
		t.Errorf("said %s", said)
	}
}

// Nothing says who wrote a text without a name: it cannot be read before it is
// taken out with the others, in an order that is not theirs, and no letter to
// its author can be read afterwards.
func TestUnnamedLeavesNoAuthor(t *testing.T) {
	t.Parallel()
	orders := map[string]bool{}
	for range 12 {
		s := script.Open(t, &txtar.Archive{})
		play(t, s, "张三 (私聊): /建议 匿名 甲螃蟹", "李四 (私聊): /建议 匿名 乙螃蟹", "陈静 (私聊): /咨询 匿名 丙螃蟹", "赵磊 (私聊): /建议 匿名 丁螃蟹")
		unmarked(t, s, "what waits")
		play(t, s, "@ 2026-12-03 12:00")
		if n := keysLeft(t, s); n != 0 {
			t.Errorf("%d keys are left", n)
		}
		if rows := s.Rows(t, `SELECT COUNT(*) FROM suggestion WHERE member = 0`); rows != "4\n" {
			t.Fatalf("cases: %s", rows)
		}
		orders[s.Rows(t, `SELECT body FROM suggestion ORDER BY id`)] = true
		open := s.Rows(t, `SELECT COUNT(*) FROM outbox WHERE message LIKE '%查询码%' AND chat <> 'dm:0001'`)
		if open != "0\n" {
			t.Errorf("%s letters tell who has a code", open)
		}
	}
	if len(orders) < 2 {
		t.Errorf("twelve mornings had the same order: %v", orders)
	}
}

// The keeper is reminded of a case twice at most.
func TestRemindedTwice(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	said := play(t, s, "@ 2026-12-01 10:00", "张三 (私聊): /建议 早点开门", "@ 2026-12-30", "@ 2027-01-20")
	if n := strings.Count(said, "这件到期还没有办完"); n != 2 {
		t.Errorf("reminded %d times:\n%s", n, said)
	}
}

// Numbers count per unit, kind and year.
func TestNumbers(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	said := play(t, s, "@ 2026-12-31 10:00", "张三 (私聊): /建议 一", "张三 (私聊): /建议 二", "张三 (私聊): /咨询 三",
		"@ 2027-01-01 10:00", "张三 (私聊): /建议 四", "书记 (私聊): /办理 建议 2026-2 采纳", "书记 (私聊): /办理 建议1 不采纳：没有经费")
	for _, want := range []string{"建议 2026-001", "建议 2026-002", "咨询 2026-001", "建议 2027-001", "建议 2026-002 已改为“采纳”", "建议 2027-001 已改为“不采纳”"} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is missing:\n%s", want, said)
		}
	}
	long := fmt.Sprintf("张三 (私聊): /建议 %s", strings.Repeat("长", 1001))
	if said := play(t, s, long); !strings.Contains(said, "请控制在 1000 字以内") {
		t.Errorf("said %s", said)
	}
}

// A request that the secretary's chat does not take goes to another account of theirs, as
// sealed as it was.
func TestCareFindsItsReader(t *testing.T) {
	t.Parallel()
	s := script.Open(t, txtar.Parse([]byte(`-- setup --
INSERT INTO identity (account, user_id, member, private_chat, bound_at) SELECT account, 'second', member, 'dm:second', bound_at - 1 FROM identity WHERE user_id = '0001'
`)))
	var reached []string
	s.Adapter.Fault = func(to chat.ChatID, p chat.Part) (bool, error) {
		if !strings.Contains(p.Plain(), marker) {
			return false, nil
		}
		reached = append(reached, string(to))
		if to == "dm:0001" {
			return false, &chat.SendError{Class: chat.Forbidden, Err: errors.New("bot was blocked by the user")}
		}
		return false, nil
	}
	play(t, s, "张三 (私聊): /求助 健康 吃螃蟹过敏住院")
	if got := strings.Join(reached, " "); got != "dm:0001 dm:second" {
		t.Errorf("it was sent to %s", got)
	}
	unmarked(t, s, "a request that was passed on")
	s.Adapter.Fault = nil
	play(t, s, "书记 (私聊): /办理 求助 1 结束", "@ +2h")
	if n := keysLeft(t, s); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}
