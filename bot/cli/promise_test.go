package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"branchbot/bot/app"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/points"
	"branchbot/bot/rehearse"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/store"
	"branchbot/store/storetest"
)

// stage is the whole bot of the sample on a virtual clock, with its log and
// its transcript.
type stage struct {
	*app.Rehearsal
	log, said bytes.Buffer
}

func newStage(t *testing.T, platform string) *stage { return newStageOn(t, storetest.SQLite, platform) }

func newStageOn(t *testing.T, e storetest.Engine, platform string) *stage {
	return newStageWith(t, platform, e.Opener(t))
}

func newStageWith(t *testing.T, platform string, open func(store.Options) (*store.DB, error)) *stage {
	t.Helper()
	sample, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := config.Load("config.yaml", sample, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	s, err := app.ReadSettings(f)
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Open(s.Content, packs.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{}
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.FixedZone("CST", 8*3600))
	st.Rehearsal, err = app.NewRehearsal(s, library, open, platform, at, slog.New(slog.NewTextHandler(&st.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.DB.Close() })
	return st
}

// play plays lines and returns what the chats have shown since.
func (s *stage) play(t *testing.T, lines ...string) string {
	t.Helper()
	s.said.Reset()
	out := rehearse.NewTranscript(&s.said, false, s.Zone)
	if err := rehearse.Play(t.Context(), s.Stage, strings.NewReader(strings.Join(lines, "\n")), out); err != nil {
		t.Fatal(err)
	}
	return s.said.String()
}

func (s *stage) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	err := s.DB.Read(func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fingerprint is the size of the database's files and the rows of all tables.
func (s *stage) fingerprint(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, ending := range []string{"", "-wal"} {
		data, err := os.ReadFile(s.DB.Path() + ending)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d\n", ending, len(data))
		if bytes.Contains(data, []byte("螃蟹")) {
			t.Error("the database holds words of ordinary talk")
		}
	}
	err := s.DB.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
		if err != nil {
			return err
		}
		var names []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		rows.Close()
		for _, name := range names {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM ` + name).Scan(&n); err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s %d\n", name, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Ordinary group talk is never stored, not a byte, not a count; not even while
// a question and a check-in wait for replies.
func TestOrdinaryTalkLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "书记: /出题 saf-001", "书记: /开签 2h", "@ +1m")
	before, logged := s.fingerprint(t), s.log.String()
	talk := []string{"今天食堂有螃蟹", "螃蟹几点开饭", "A股今天跌了，螃蟹都吃不起", "在吗？螃蟹还有没有", "好的，螃蟹留一只", "@张三 螃蟹", "1/2 只螃蟹",
		"答非所问的螃蟹", "螃蟹 [图片]", "对了，螃蟹", "签到了吗螃蟹", "螃蟹 17 号到"}
	users := []chat.UserID{"0001", "0002", "0003", "stranger"}
	for i := range 10_000 {
		ev := chat.Event{Key: fmt.Sprintf("talk:%d", i), Kind: chat.Said, Chat: "demo", From: chat.User{ID: users[i%len(users)], Name: "谁"},
			Message: chat.MessageID(fmt.Sprint(i)), Text: talk[i%len(talk)]}
		if err := s.Engine.Handle("rehearsal", "", ev); err != nil {
			t.Fatal(err)
		}
	}
	if after := s.fingerprint(t); after != before {
		t.Errorf("the database has changed:\n%s\nbefore:\n%s", after, before)
	}
	if s.log.String() != logged {
		t.Errorf("the log has grown by %q", s.log.String()[len(logged):])
	}
}

// What comes twice counts once, whatever comes twice.
func TestDuplicatesChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "书记: /出题 saf-001")
	ev := chat.Event{Key: "same", Kind: chat.Said, Chat: "demo", From: chat.User{ID: "0002"}, Text: "A"}
	for range 5 {
		if err := s.Engine.Handle("rehearsal", "cursor-1", ev); err != nil {
			t.Fatal(err)
		}
	}
	later := ev
	later.Key, later.Text = "other", "B"
	if err := s.Engine.Handle("rehearsal", "cursor-2", later, ev, later); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM answer WHERE value = 'B'`); n != 1 {
		t.Errorf("%d answers B", n)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM ledger`); n != 1 {
		t.Errorf("%d ledger entries", n)
	}
	if cursor, err := s.Engine.Inbox("rehearsal").Cursor(t.Context()); err != nil || cursor != "cursor-2" {
		t.Errorf("cursor %q: %v", cursor, err)
	}
}

// An event whose handling fails harms nobody else: it is kept with the reason,
// the person gets one line, and the rest of the batch counts.
func TestPoisonEvent(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "书记: /出题 saf-001")
	err := s.DB.Write(func(tx *store.Tx) error { // an answer of member 3 cannot be stored
		_, err := tx.Exec(`CREATE TRIGGER poison BEFORE INSERT ON answer WHEN NEW.member = 3 BEGIN SELECT RAISE(ABORT, 'poison'); END`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var events []chat.Event
	for _, staff := range []string{"0002", "0003", "0004"} {
		events = append(events, chat.Event{Key: "e" + staff, Kind: chat.Said, Chat: "demo", From: chat.User{ID: chat.UserID(staff)}, Text: "A"})
	}
	if err := s.Engine.Handle("rehearsal", "", events...); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM answer`); n != 2 {
		t.Errorf("%d answers, want those of the other two", n)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM dead_letter WHERE reason LIKE '%poison%' AND account = 'rehearsal'`); n != 1 {
		t.Errorf("%d dead letters", n)
	}
	if said := s.play(t, "书记 (私聊): /状态"); strings.Count(said, "这条没处理成功") != 1 || !strings.Contains(said, "有 1 条消息处理失败") {
		t.Errorf("said %s", said)
	}
}

// A full disk is no success: nothing is acknowledged, and all is well again
// when there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "书记: /出题 saf-001")
	limit := func(pages string) {
		t.Helper()
		if err := s.DB.Write(func(tx *store.Tx) error {
			rows, err := tx.Query(`PRAGMA max_page_count = ` + pages)
			if err == nil {
				rows.Close()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite takes the present size for it
	var failed error
	for i := 0; i < 2000 && failed == nil; i++ {
		failed = s.Engine.Handle("rehearsal", "", chat.Event{Key: fmt.Sprintf("full:%d:%s", i, strings.Repeat("x", 200)), Kind: chat.Said,
			Chat: "demo", From: chat.User{ID: "0002"}, Text: "A"})
	}
	if store.Code(failed) != store.Full {
		t.Fatalf("on a full disk: %v", failed)
	}
	seen := s.count(t, `SELECT COUNT(*) FROM event_seen`)
	limit("1000000")
	ev := chat.Event{Key: "after", Kind: chat.Said, Chat: "demo", From: chat.User{ID: "0003"}, Text: "B"}
	if err := s.Engine.Handle("rehearsal", "", ev); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM event_seen`); n != seen+1 {
		t.Errorf("%d events stored, want %d", n, seen+1)
	}
}

// Names and texts that want to do harm are shown harmlessly.
func TestHarmfulNames(t *testing.T) {
	t.Parallel()
	s := newStage(t, "telegram")
	out := s.play(t, "书记: /加分 张三 1 <b>好</b>\u202e*_[x](y)", "张三 (私聊): /积分", "书记: /\u0000\u202e"+strings.Repeat("长", 500))
	if !strings.Contains(out, "<b>好</b>*_[x](y)") || strings.ContainsRune(out, '\u202e') {
		t.Errorf("said %s", out)
	}
}

// Whatever is changed in the ledger behind the program's back, verification
// names the first entry that does not fit.
func TestLedgerTampering(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql string
		bad int64
	}{
		"points changed": {`UPDATE ledger SET points = 50 WHERE seq = 2`, 2},
		"a reason added": {`UPDATE ledger SET note = 'x' WHERE seq = 3`, 3},
		"one deleted":    {`DELETE FROM ledger WHERE seq = 2`, 2},
		"the end gone":   {`DELETE FROM ledger WHERE seq >= 3`, 3},
		"a sum changed":  {`UPDATE ledger_sum SET points = 99 WHERE member = 2`, 5},
		"member swapped": {`UPDATE ledger SET member = 4 WHERE seq = 1`, 1},
		"all gone":       {`DELETE FROM ledger`, 1},
		"nothing":        {`SELECT 1`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "web")
			s.play(t, "书记: /加分 张三 1 一", "书记: /加分 李四 2 二", "书记: /加分 张三 3 三", "书记: /撤销 2 错")
			var found []points.Verified
			err := s.DB.Write(func(tx *store.Tx) (err error) {
				if _, err := tx.Exec(c.sql); err != nil {
					return err
				}
				found, err = points.Verify(tx)
				return err
			})
			if err != nil || len(found) != 1 || found[0].Bad != c.bad {
				t.Errorf("found %+v (%v), want entry %d", found, err, c.bad)
			}
		})
	}
}

// An occurrence that was missed is noted with the reason; within the grace it
// runs once, however long the program was away.
func TestDowntime(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.Clock.Set(time.Date(2026, 12, 4, 9, 30, 0, 0, s.Zone)) // three days later, all at once
	out := s.play(t, "@ +1m")
	if n := strings.Count(out, "📖"); n != 1 {
		t.Errorf("%d lessons after three days away:\n%s", n, out)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM occurrence WHERE schedule = 'daily-lesson' AND state = 'missed'`); n != 2 {
		t.Errorf("%d lessons noted as missed, want those of the two days before", n)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM occurrence WHERE schedule = 'daily-quiz' AND state = 'missed'`); n != 3 {
		t.Errorf("%d quizzes noted as missed, want those of three days", n)
	}
	again := s.play(t, "@ +1m")
	if strings.Contains(again, "📖") {
		t.Errorf("a lesson came twice: %s", again)
	}
}

// A script that is wrong says where.
func TestScriptErrors(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"张三: A\n哈哈":           "line 2: \"哈哈\" is neither a time (@ 2026-12-01 08:00) nor a message (张三: A)",
		"@ 2020-01-01":        "line 1: 2020-01-01 is before 2026-12-01 09:00; the clock only goes forward",
		"@ soon":              "line 1: \"soon\" is no time; write 2026-12-01 08:00 or +1d",
		"@ +x":                "line 1: \"+x\" is no time to wait; write +30m, +2h or +1d (at most 30 days)",
		"# fine\n\n张三: [按 Z]": "line 3: no message there has the button \"Z\"",
		"张三: [引用 88] A":       "line 1: no message with the number 88 was sent there",
	} {
		s := newStage(t, "web")
		err := rehearse.Play(t.Context(), s.Stage, strings.NewReader(script), rehearse.NewTranscript(&s.said, false, s.Zone))
		var e *rehearse.Error
		if !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%q: %v, want %s", script, err, want)
		}
	}
}
