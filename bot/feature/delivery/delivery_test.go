package delivery_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/store/storetest"
)

// stage is a branch whose platform refuses what a test wants.
type stage struct {
	*testing.T
	*script.Stage
}

func open(t *testing.T, e storetest.Engine, archive string) *stage {
	t.Helper()
	return &stage{t, script.OpenOn(t, txtar.Parse([]byte(archive)), e)}
}

// refuse has the platform refuse all messages to chats in whose names a word is.
func (s *stage) refuse(word string, err error) {
	s.Adapter.Fault = func(to chat.ChatID, _ chat.Part) (bool, error) {
		if strings.Contains(string(to), word) {
			return false, err
		}
		return false, nil
	}
}

func forbidden() error {
	return &chat.SendError{Class: chat.Forbidden, Err: errors.New("not enough rights to send text messages to the chat")}
}

// shows plays a script and checks what the chats show, without what was said there.
func (s *stage) shows(script string, want ...string) {
	s.Helper()
	said, err := s.Play(s.T, script)
	if err != nil {
		s.Fatal(err)
	}
	var got []string
	said, _, _ = strings.Cut(said, "--- 积分流水")
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "    ") && len(got) > 0 && got[len(got)-1] != "" {
			got[len(got)-1] += "|" + strings.TrimSpace(line)
		} else if strings.Contains(line, " ▶ ") {
			got = append(got, "")
		} else {
			got = append(got, line)
		}
	}
	var shown []string
	for _, line := range got {
		if line != "" {
			shown = append(shown, line)
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		s.Errorf("%s\n(-want +got)\n%s", script, diff)
	}
}

const lessonAtTen = `-- config.yaml --
schedules:
  - {id: daily, unit: demo, cron: "0 10 * * *", do: lesson, from: tiny}
`

// A group that does not let the bot write: the sender is told once an item what, where,
// why and what to do; what waits goes out, marked, when the group takes messages again.
func TestAGroupThatRefuses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, "")
		tries := 0
		s.Adapter.Fault = func(to chat.ChatID, _ chat.Part) (bool, error) {
			if to != "demo" {
				return false, nil
			}
			tries++
			return false, forbidden()
		}
		s.shows(`@ 2026-12-01 09:00
王敏 (私聊): /通知 回执 截止 18:00 明天开会
@ +1m
王敏 (私聊): /推送 quiz
@ 2026-12-01 09:29
王敏 (私聊): /状态`,
			"2026-12-01 09:00 → 王敏 ◀ 通知 2026-001：正在发出。共 4 人，都能收到。",
			"2026-12-01 09:01 → 王敏 ◀ 【没有送到】通知 2026-001|· 群“示范党支部”（rehearsal）：群里不让我发言。请群管理员允许我发言，放开后自动补发。",
			"2026-12-01 09:01 → 王敏 ◀ 答题：正在发出。",
			"2026-12-01 09:02 → 王敏 ◀ 【没有送到】第 2 题|· 群“示范党支部”（rehearsal）：群里不让我发言。请群管理员允许我发言，放开后自动补发。",
			"2026-12-01 09:10 → 王敏 ✎ 通知 2026-001：还没有送到，原因会私聊告诉你。",
			"2026-12-01 09:11 → 王敏 ✎ 答题：还没有送到，原因会私聊告诉你。",
			"2026-12-01 09:29 → 王敏 ◀ 运行情况：|群“示范党支部”（rehearsal）：现在发不出消息（群里不让我发言）。请群管理员允许我发言，放开后自动补发。"+
				"|⚠ 没有送到：通知 2026-001，群“示范党支部”（rehearsal）：群里不让我发言。请群管理员允许我发言，放开后自动补发。"+
				"|⚠ 没有送到：第 2 题，群“示范党支部”（rehearsal）：群里不让我发言。请群管理员允许我发言，放开后自动补发。")
		if tries > 6 {
			t.Errorf("the group was tried %d times", tries)
		}
		s.Adapter.Fault = nil
		s.shows("@ 2026-12-01 11:30\n王敏 (私聊): /状态\n",
			"2026-12-01 09:35 示范党支部 ◀ 【补发】【通知 2026-001】第 1 号 回执截止：今天 18:00（周二）|明天开会|看到请回复“收到”；几项同时在等回复时，回“1 收到”。|[收到]",
			"2026-12-01 09:35 示范党支部 ◀ 第 2 题（排序）  今天 15:01（周二）截止|灭火器怎样使用？请排序。|A. 压下压把|B. 拔下保险销|C. 对准火焰根部|D. 提起灭火器|请按正确顺序回复全部字母，例如“2 BADC”。",
			"2026-12-01 10:01 → 王敏 ◀ 【补上了】通知 2026-001：已经送到群“示范党支部”（rehearsal）。",
			"2026-12-01 10:02 → 王敏 ◀ 【补上了】第 2 题：已经送到群“示范党支部”（rehearsal）。",
			"2026-12-01 11:30 → 王敏 ◀ 运行情况：|群“示范党支部”（rehearsal）：能看到全部消息，普通聊天不处理、不保存")
	})
}

// What is over when the group takes messages again is not sent, and that is said.
func TestATimeThatIsOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, "")
		s.refuse("demo", forbidden())
		if _, err := s.Play(t, "@ 2026-12-01 09:00\n王敏 (私聊): /通知 回执 截止 10:00 明天开会\n王敏 (私聊): /出题 single\n王敏 (私聊): /结束 2\n@ 2026-12-01 10:31\n"); err != nil {
			t.Fatal(err)
		}
		s.Adapter.Fault = nil
		said, err := s.Play(t, "@ 2026-12-01 12:30\n")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said, "示范党支部 ◀ 【补发，截止时间已过】【通知 2026-001】") || strings.Contains(said, "第 2 题（") || strings.Contains(said, "[收到]") {
			t.Errorf("when the group takes messages again:\n%s", said)
		}
		if got := s.Rows(t, `SELECT about, state FROM undelivered WHERE about = '第 2 题'`); got != "第 2 题|failed\n" {
			t.Errorf("the question: %s", got)
		}
	})
}

// A failure of the telling is told to nobody.
func TestATellingIsNotToldAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, lessonAtTen)
		s.refuse("", forbidden())
		s.shows("@ 2026-12-01 09:59\n@ 2026-12-01 15:00\n")
		if got := s.Rows(t, `SELECT about, state FROM undelivered`); got != "学习《党小组会》|failed\n" {
			t.Errorf("undelivered: %s", got)
		}
		if got := s.Rows(t, `SELECT COUNT(*) FROM outbox WHERE class = 'reply'`); got != "1\n" {
			t.Errorf("tellings: %s", got)
		}
	})
}

// Who is told of a fate that is not known.
func TestAnUnknownFateIsTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, "")
		s.refuse("demo", errors.New("EOF"))
		s.shows("@ 2026-12-01 09:00\n王敏 (私聊): /推送 quiz\n@ +5m\n",
			"2026-12-01 09:00 → 王敏 ◀ 答题：正在发出。",
			"2026-12-01 09:00 → 王敏 ✎ 答题：还没有送到，原因会私聊告诉你。",
			"2026-12-01 09:01 → 王敏 ◀ 【没有送到】第 1 题|· 群“示范党支部”（rehearsal）：不知道送到没有。请看一下有没有收到，没有的话请重新发。")
	})
}

// Who blocked the bot is not counted as reminded in private, but in the group's number,
// and is not written to again.
func TestARemindedOneWhoBlockedTheBot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, "")
		if _, err := s.Play(t, "@ 2026-12-01 09:00\n王敏 (私聊): /通知 回执 截止 18:00 明天开会\n李四: 收到\n陈静: 收到\n"); err != nil {
			t.Fatal(err)
		}
		tries := 0
		s.Adapter.Fault = func(to chat.ChatID, _ chat.Part) (bool, error) {
			if to != "dm:0002" {
				return false, nil
			}
			tries++
			return false, &chat.SendError{Class: chat.Forbidden, Err: errors.New("bot was blocked by the user")}
		}
		said, err := s.Play(t, "@ 2026-12-01 09:30\n王敏 (私聊): /催办\n@ 2026-12-01 10:30\n王敏 (私聊): /催办\n@ +5m\n")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"09:30 示范党支部 ◀ 通知 2026-001 还有 1 位同志没有回执",
			"09:30 → 王敏 ✎ 通知 2026-001 已提醒：私聊 1 人，群里提醒 1 人（没有点名）。还可以催 1 次。",
			"10:30 示范党支部 ◀ 通知 2026-001 还有 1 位同志没有回执",
			"10:30 → 王敏 ✎ 通知 2026-001 已提醒：私聊 1 人，群里提醒 1 人（没有点名）。还可以催 0 次。",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not shown:\n%s", want, said)
			}
		}
		if tries != 1 {
			t.Errorf("he was written to %d times", tries)
		}
	})
}

// Nobody is asked for a receipt who never saw the notice.
func TestANoticeThatNeverCame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := open(t, e, "")
		s.refuse("demo", forbidden())
		said, err := s.Play(t, "@ 2026-12-01 09:00\n王敏 (私聊): /通知 回执 截止 18:00 明天开会\n@ +5m\n王敏 (私聊): /催办\n张三 (私聊): /今日\n@ 2026-12-01 18:05\n")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"还没有送到群里，大家没看到，先不催", "→ 张三 ◀ 今天没有待办", "18:00 → 王敏 ◀ 通知 2026-001 到截止时间也没有送到群里"} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not shown:\n%s", want, said)
			}
		}
		if strings.Contains(said, "未回执") || strings.Contains(said, "提醒：通知") {
			t.Errorf("somebody is asked:\n%s", said)
		}
	})
}

// All that a secretary sends from the private chat is on its way first, and out when the
// receipts are in.
var sendings = map[string]string{ // what is typed, and what it is called
	"/出题 single":    "第 1 题",
	"/推送 quiz":      "答题",
	"/开签 30m 班前会":   "签到“班前会”",
	"/接龙 植树":        "接龙【植树】（编号 1）",
	"/投票 去哪儿：山上／海边": "投票《去哪儿》（编号 1）",
	"/问卷 食堂\\n1. 满意吗（单选）\\n满意\\n一般": "问卷《食堂》（编号 1）",
	"/心声":         "心声《最近过得怎么样》（编号 1）",
	"/通知 明天停水":    "通知 2026-001",
	"/通知 回执 明天停水": "通知 2026-001",
}

func TestOutIsSaidWhenTheReceiptsAreIn(t *testing.T) {
	t.Parallel()
	for typed, about := range sendings {
		t.Run(strings.Fields(typed)[0]+about, func(t *testing.T) {
			t.Parallel()
			s := open(t, storetest.SQLite, "")
			said, err := s.Play(t, "@ 2026-12-01 09:00\n王敏 (私聊): "+typed+"\n")
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, said, "→ 王敏 ◀ "+about+"：正在发出。", "示范党支部 ◀ ", "→ 王敏 ✎ "+about+"：已发出，1 个群。")

			refused := open(t, storetest.SQLite, "")
			refused.refuse("demo", forbidden())
			if said, err = refused.Play(t, "@ 2026-12-01 09:00\n王敏 (私聊): "+typed+"\n@ +11m\n"); err != nil {
				t.Fatal(err)
			}
			inOrder(t, said, "→ 王敏 ◀ "+about+"：正在发出。", "→ 王敏 ◀ 【没有送到】", "→ 王敏 ✎ "+about+"：还没有送到，原因会私聊告诉你。")
			if strings.Contains(said, "已发出") || strings.Contains(said, "已开始") {
				t.Errorf("it is said to be out:\n%s", said)
			}

			here := open(t, storetest.SQLite, "")
			if said, err = here.Play(t, "@ 2026-12-01 09:00\n王敏: "+typed+"\n@ +11m\n"); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(said, "正在发出") || strings.Contains(said, "已发出") {
				t.Errorf("the group, which sees it, is told of it:\n%s", said)
			}
		})
	}
}

// The correction of a notice is on its way as well; where the platform cannot edit, one
// later line tells that it is out.
func TestACorrectionIsOutWhenTheReceiptsAreIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for platform, mark := range map[string]string{"web": "✎", "wechat": "◀"} {
			s := open(t, e, "# as: "+platform+"\n")
			said, err := s.Play(t, "@ 2026-12-01 09:00\n王敏 (私聊): /通知 明天停水\n@ +5m\n王敏 (私聊): /更正 1 后天停水\n@ +1m\n")
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, said, "→ 王敏 ◀ 通知 2026-001：正在发出。", "→ 王敏 "+mark+" 通知 2026-001：已发出，1 个群。",
				"→ 王敏 ◀ 通知 2026-001 的更正：正在发出。", "→ 王敏 "+mark+" 通知 2026-001 的更正：已发出，1 个群。")
			if platform == "web" {
				continue // there it is an edit
			}
			s.refuse("demo", forbidden())
			if said, err = s.Play(t, "@ +1m\n王敏 (私聊): /更正 1 大后天停水\n@ +11m\n"); err != nil {
				t.Fatal(err)
			}
			inOrder(t, said, "→ 王敏 ◀ 通知 2026-001 的更正：正在发出。", "→ 王敏 "+mark+" 通知 2026-001 的更正：还没有送到，原因会私聊告诉你。")
		}
	})
}

// inOrder checks that a transcript shows something after another.
func inOrder(t *testing.T, said string, want ...string) {
	t.Helper()
	rest := said
	for _, w := range want {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("%q is not shown there:\n%s", w, said)
			return
		}
		rest = after
	}
}
