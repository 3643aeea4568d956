package script_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/rehearse"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

// late is a branch whose platform delivers things long after they were said.
type late struct {
	*testing.T
	*script.Stage
	n int
}

func withLate(t *testing.T, test func(w *late)) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		test(&late{T: t, Stage: script.OpenOn(t, &txtar.Archive{Comment: []byte("as: telegram\n")}, e)})
	})
}

// at is an instant of 2026-12-01, or of the day after it for "+".
func (w *late) at(clock string) time.Time {
	w.Helper()
	day := "2026-12-01 "
	if next, ok := strings.CutPrefix(clock, "+"); ok {
		day, clock = "2026-12-02 ", next
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", day+clock, w.Zone)
	if err != nil {
		w.Fatal(err)
	}
	return at
}

// play plays a script and returns what it showed.
func (w *late) play(script string) string {
	w.Helper()
	said, err := w.Play(w.T, script)
	if err != nil {
		w.Fatal(err)
	}
	said, _, _ = strings.Cut(said, "---")
	return said
}

// hear delivers what a member said at an instant; in the group, or in private.
func (w *late) hear(name string, private bool, text string, at time.Time) {
	w.Helper()
	w.deliver(name, private, chat.Event{Kind: chat.Said, Text: text, At: at})
}

func (w *late) deliver(name string, private bool, ev chat.Event) {
	w.Helper()
	w.n++
	ev.Key, ev.Message = fmt.Sprintf("late:%d", w.n), chat.MessageID(fmt.Sprintf("late%d", w.n))
	ev.Chat = "demo"
	i := slices.IndexFunc(w.Speakers, func(s rehearse.Speaker) bool { return s.Name == name })
	if i < 0 {
		w.Fatalf("there is no %s", name)
	}
	ev.From = chat.User{ID: w.Speakers[i].User, Name: name}
	if ev.Private = private; private {
		ev.Chat = rehearse.PrivateChat(ev.From.ID)
	}
	if err := w.Engine.Handle(w.Adapter.ID(), "", ev); err != nil {
		w.Fatal(err)
	}
}

func (w *late) shows(got string, lines ...string) {
	w.Helper()
	for _, line := range lines {
		if n := strings.Count(got, line); n != 1 {
			w.Errorf("%q is shown %d times in\n%s", line, n, got)
		}
	}
}

func (w *late) hides(got string, words ...string) {
	w.Helper()
	for _, word := range words {
		if strings.Contains(got, word) {
			w.Errorf("%q is shown in\n%s", word, got)
		}
	}
}

func (w *late) holds(query, want string) {
	w.Helper()
	if got := strings.TrimSpace(w.Rows(w.T, query)); got != want {
		w.Errorf("%s\ngot  %q\nwant %q", query, got, want)
	}
}

const ledgerRows = `SELECT m.name, l.rule, l.day FROM ledger l JOIN member m ON m.id = l.member ORDER BY l.rule, m.id`

func TestAnswersInTimeAreAddedAfterTheClose(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		w.play("@ 2026-12-01 09:00\n书记: /开签 2m 早会\n书记: /出题 single\n书记: /接龙 植树 截止 15:00\n书记 (私聊): /通知 回执 截止 15:00 明天开会\n" +
			"张三: /签到\n@ 2026-12-01 09:02\n@ 2026-12-01 15:00:30")
		w.hear("李四", true, "签到", w.at("09:01:40"))
		w.hear("陈静", false, "请假：看病", w.at("09:01:59"))
		w.hear("李四", true, "收到", w.at("14:59:59"))
		w.hear("李四", true, "B", w.at("14:59:00"))
		w.hear("李四", false, "+1", w.at("14:50:00"))
		w.hear("赵磊", false, "签到", w.at("09:02:00")) // a moment too late
		w.hear("赵磊", false, "收到", w.at("15:00:00"))
		got := w.play("@ +1m")
		w.shows(got, "更正：【早会】应到 5 人，实到 2 人，请假 1 人，未到 2 人（补记 2 人网络恢复后收到的签到）。",
			"更正：【早会】未到 2 人：王敏、赵磊", "更正：第 2 题共 5 人，作答 1 人，答对 1 人（补记 1 人网络恢复后收到的作答）。",
			"更正：【植树】已报名 1 人（补记 1 人网络恢复后收到的报名）。",
			"更正：【通知 2026-001】应回执 4 人，已回执 1 人，未回执 3 人（补记 1 人网络恢复后收到的回执）。")
		w.hides(got, "没看懂", "不在等回复")
		w.holds(ledgerRows, "张三|check-in|2026-12-01\n李四|check-in|2026-12-01\n李四|quiz-answered|2026-12-01\n李四|quiz-correct|2026-12-01")
		w.holds(`SELECT m.name, e.state FROM checkin_entry e JOIN member m ON m.id = e.member ORDER BY m.id`, "张三|on_time\n李四|on_time\n陈静|leave")

		w.play("@ +2h")
		w.hear("赵磊", true, "签到", w.at("09:01:30")) // the next correction takes the place of the first
		got = w.play("@ +1m")
		w.shows(got, "实到 3 人，请假 1 人，未到 1 人（补记 3 人")
		w.shows(got, "✎ 更正")
	})
}

func TestTheDateOfThePlatformIsHeldAgainstTheDeadline(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		w.play("@ 2026-12-01 09:00\n书记: /出题 single\n书记 (私聊): /通知 回执 截止 10:00 明天开会\n@ 2026-12-01 15:00:05")
		w.hear("张三", true, "收到", w.at("10:00:01"))
		w.hear("李四", true, "B", w.at("15:00:00"))
		w.hear("陈静", true, "1 B", w.at("15:00:01"))
		w.hear("赵磊", false, "B", w.at("16:00:00")) // in the future: as of now
		got := w.play("@ +1m")
		w.shows(got, "张三 ◀ 通知 2026-001 已经过了截止时间，按迟回执记下了，谢谢。", "李四 ◀ 第 1 号已经截止，没有计入。正确答案：B", "陈静 ◀ 第 1 号已经截止，没有计入。")
		w.hides(got, "没看懂", "更正", "赵磊")
		w.holds(`SELECT COUNT(*) FROM answer`, "0")
		w.holds(`SELECT m.name, r.acked_at > n.closes_at FROM notice_reader r JOIN member m ON m.id = r.member JOIN notice n ON n.id = r.notice WHERE r.acked_at IS NOT NULL`, "张三|1")

		w.play("@ 2026-12-03 15:00") // two days and a minute: too old to count by its date
		w.hear("李四", true, "1 B", w.at("14:59:00"))
		w.hides(w.play("@ +1m"), "更正")
		w.holds(`SELECT COUNT(*) FROM answer`, "0")
	})
}

// Points are of the day on which something was said; 今天 is that day too.
func TestADayKeyIsThatOfTheWord(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		w.play("@ 2026-12-01 23:30\n书记: /开签 20m 夜班\n书记: /出题 single\n@ 2026-12-02 06:00")
		w.hear("张三", true, "签到", w.at("23:49:00"))
		w.hear("张三", true, "B", w.at("23:55:00"))
		w.hear("李四", true, "/请假 今天 发烧", w.at("23:40:00"))
		got := w.play("@ +1m")
		w.shows(got, "更正：【夜班】应到 5 人，实到 1 人，请假 1 人，未到 3 人")
		w.holds(ledgerRows, "张三|check-in|2026-12-01\n张三|quiz-answered|2026-12-01\n张三|quiz-correct|2026-12-02")
		w.holds(`SELECT COUNT(*) FROM leave WHERE from_at = `+fmt.Sprint(w.at("00:00:00").UnixMilli()), "1")
	})
}

// What is closed by hand is closed then; what was recalled takes nothing.
func TestClosedByHand(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		w.play("@ 2026-12-01 09:00\n书记: /出题 single\n书记 (私聊): /通知 回执 截止 10:00 明天开会\n@ 2026-12-01 09:10\n书记: /结束 1\n书记 (私聊): /撤回 1\n@ +1m")
		w.hear("张三", true, "B", w.at("09:09:00"))
		w.hear("李四", true, "B", w.at("09:10:30"))
		w.hear("陈静", true, "收到", w.at("09:05:00"))
		got := w.play("@ +1m")
		w.shows(got, "更正：第 1 题共 5 人，作答 1 人", "李四 ◀ 第 1 号已经截止，没有计入。", "陈静 ◀ 第 2 号已经截止，没有计入。")
		w.holds(`SELECT COUNT(*) FROM notice_reader WHERE acked_at IS NOT NULL`, "0")
	})
}

// A message that was said while one check-in was open is not for the next one.
func TestItIsForWhatWasOpenThen(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		w.play("@ 2026-12-01 09:00\n书记: /开签 10m 上午\n@ 2026-12-01 14:00\n书记: /开签 10m 下午\n@ +1m")
		w.hear("张三", false, "签到", w.at("09:05:00"))
		w.hear("李四", false, "签到", w.at("14:00:30"))
		w.hear("陈静", true, "/签到", w.at("09:06:00"))
		w.play("@ +1m")
		w.holds(`SELECT c.title, m.name FROM checkin_entry e JOIN checkin c ON c.id = e.checkin JOIN member m ON m.id = e.member ORDER BY c.id, m.id`,
			"上午|张三\n上午|陈静\n下午|李四")
	})
}

// What is pressed has no date: it counts from when the account was last heard.
func TestWhatWasPressedWhileTheAccountWasAway(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		id := w.Adapter.ID()
		w.Engine.SetState(id, chat.State{Condition: chat.Online})
		w.play("@ 2026-12-01 09:00\n书记: /开签 2m 早会\n书记: /出题 multiple")
		press := func(name, data string) { w.deliver(name, false, chat.Event{Kind: chat.Pressed, Data: data}) }
		w.play("@ 2026-12-01 09:01:00")
		press("李四", "quiz:toggle:1:A")
		w.Engine.SetState(id, chat.State{Condition: chat.Online}) // it is heard
		w.play("@ 2026-12-01 09:01:30")
		w.Engine.SetState(id, chat.State{Condition: chat.Down})
		got := w.play("@ 2026-12-01 15:05:00") // it does not hold the closes up for ever
		w.shows(got, "2026-12-01 09:04 示范党支部 ◀ 【早会】结束：应到 5 人，实到 0 人", "2026-12-01 15:02 示范党支部 ◀ 第 2 题答案")
		w.Engine.SetState(id, chat.State{Condition: chat.Online, Behind: true})
		press("张三", "p:1:签到")
		press("李四", "quiz:toggle:1:C")
		press("李四", "quiz:submit:1")
		got = w.play("@ 2026-12-01 15:05:10")
		w.hides(got, "更正") // there may be more
		w.Engine.SetState(id, chat.State{Condition: chat.Online})
		press("陈静", "p:1:签到") // this comes now
		got = w.play("@ 2026-12-01 15:06:00")
		w.shows(got, "更正：【早会】应到 5 人，实到 1 人", "更正：第 2 题共 5 人，作答 1 人")
		w.holds(`SELECT m.name, a.value FROM answer a JOIN member m ON m.id = a.member`, "李四|AC")
		w.holds(`SELECT m.name FROM checkin_entry e JOIN member m ON m.id = e.member`, "张三")
	})
}

// What closes waits until the backlog is read, at most two minutes; what is said meanwhile
// is late all the same, and what is opened is not held up.
func TestACloseWaitsForTheBacklog(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		id := w.Adapter.ID()
		w.Engine.SetState(id, chat.State{Condition: chat.Online})
		w.play("@ 2026-12-01 09:00\n书记: /开签 2m 早会\n书记: /出题 single")
		w.Engine.SetState(id, chat.State{Condition: chat.Online, Behind: true})
		got := w.play("@ 2026-12-01 09:03:00\n")
		w.hides(got, "结束")
		w.hear("张三", false, "签到", w.at("09:01:00"))
		w.hear("李四", true, "签到", w.at("09:02:10"))
		got = w.play("书记: /开签 5m 例会\n赵磊: /签到\n@ 2026-12-01 09:03:01")
		w.shows(got, "【例会】开始")
		w.Engine.SetState(id, chat.State{Condition: chat.Online})
		got = w.play("@ 2026-12-01 09:04:00")
		w.shows(got, "【早会】结束：应到 5 人，实到 1 人")
		w.hides(got, "更正")
		w.holds(`SELECT c.title, m.name, e.state FROM checkin_entry e JOIN checkin c ON c.id = e.checkin JOIN member m ON m.id = e.member ORDER BY c.id, m.id`,
			"早会|张三|on_time\n早会|李四|late_pending\n例会|赵磊|on_time")
	})
}

// A ballot counts until the count; of what comes later nothing is kept anywhere.
func TestABallotAfterTheCountLeavesNothing(t *testing.T) {
	t.Parallel()
	withLate(t, func(w *late) {
		w.play("@ 2026-12-01 09:00\n书记: /问卷 截止 1小时 支部活动怎么办\\n1. 几点开会合适？（单选）\\nA. 上班前\\nB. 下班后\\n2. 还有什么想说的（文字）\n" +
			"书记: /投票 截止 1小时 春游去哪\\nA. 公园\\nB. 博物馆\n张三 (私聊): /问卷 1\n张三 (私聊): A\n@ 2026-12-01 10:05")
		w.hear("张三", true, "食堂的汤太咸", w.at("09:59:00"))
		w.hear("李四", true, "2 博物馆", w.at("09:59:10"))
		w.hear("李四", true, "B", w.at("09:59:20"))
		w.hear("陈静", false, "博物馆", w.at("09:59:30"))
		w.deliver("赵磊", false, chat.Event{Kind: chat.Pressed, Data: "survey:go:1"})
		got := w.play("@ +1m")
		w.shows(got, "张三 ◀ 投票、问卷已经计票，这一条来晚了，没有计入，也没有保存。", "李四 ◀ 第 2 号已经截止，没有计入。")
		w.hides(got, "更正", "没看懂")
		w.holds(`SELECT COUNT(*) FROM survey_voted`, "0")
		w.holds(`SELECT COUNT(*) FROM pending_answer`, "0")
		w.holds(`SELECT COUNT(*) FROM dead_letter`, "0")
		for _, table := range tables(w) {
			rows := w.Rows(w.T, "SELECT * FROM "+table)
			for _, word := range []string{"太咸", "2 博物馆"} {
				if strings.Contains(rows, word) {
					w.Errorf("%s is kept in %s", word, table)
				}
			}
		}
	})
}

func tables(w *late) (names []string) {
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if w.DB.Postgres() {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	err := w.DB.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	})
	if err != nil || len(names) < 20 {
		w.Fatalf("the tables are %v (%v)", names, err)
	}
	return names
}
