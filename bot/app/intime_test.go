package app

import (
	"strings"
	"testing"
	"time"

	"branchbot/adapters/telegram/telegramtest"
)

// tell delivers nothing and lets no time pass: the bot is away.
func (w *town) tell(in, from int64, text string) {
	w.city.Say(telegramtest.Said{Chat: in, From: from, Text: text})
}

// after moves the clock while the bot is away.
func (w *town) after(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

// button presses the newest button with a label; nobody waits for a toast.
func (w *town) button(in, from int64, label string) {
	w.Helper()
	shown := w.city.Shown(in)
	for i := len(shown) - 1; i >= 0; i-- {
		for _, row := range shown[i].Buttons {
			for _, b := range row {
				if b.Text == label {
					w.city.Press(in, from, shown[i].ID, b.Data)
					return
				}
			}
		}
	}
	w.Fatalf("there is no button %q", label)
}

func (w *town) one(lines []string, word string) {
	w.Helper()
	n := 0
	for _, line := range lines {
		if strings.Contains(line, word) {
			n++
		}
	}
	if n != 1 {
		w.Errorf("%q is shown %d times in\n%s", word, n, strings.Join(lines, "\n"))
	}
}

func (w *town) none(lines []string, words ...string) {
	w.Helper()
	all := strings.Join(lines, "\n")
	for _, word := range words {
		if strings.Contains(all, word) {
			w.Errorf("%q is shown in\n%s", word, all)
		}
	}
}

// A restart over a deadline: what Telegram has kept is read before what closes is closed.
func TestTelegramRestartOverADeadline(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	w.say(branchGroup, wang, "/开签 2m 早会")
	w.say(branchGroup, wang, "/quiz org-001")
	w.say(wang, wang, "/通知 回执 截止 2分钟 测试")
	w.bot.engine.KeepHeard()
	w.stop()
	w.after(60 * time.Second)
	w.tell(li, li, "签到")
	w.tell(li, li, "收到")
	w.button(branchGroup, zhang, "签到")
	w.after(7 * time.Hour)
	w.tell(li, li, "B") // the question closed an hour ago
	before := len(w.city.Shown(branchGroup))
	w.start()
	w.pass(30 * time.Second)
	group, private := w.shows(branchGroup, before), w.shows(li, 0)
	w.one(group, "【早会】结束：应到 3 人，实到 2 人")
	w.none(group, "更正")
	w.none(private, "没看懂", "已请书记确认")
	w.one(private, "第 2 号已经截止，没有计入。")
	w.check("who was here", w.rows(`SELECT m.name, e.state FROM checkin_entry e JOIN member m ON m.id = e.member ORDER BY m.id`), "张三|on_time", "李四|on_time")
	w.check("points", w.rows(`SELECT m.name, l.rule FROM ledger l JOIN member m ON m.id = l.member ORDER BY m.id`), "张三|check-in", "李四|check-in")
	w.check("acknowledged", w.rows(`SELECT m.name FROM notice_reader r JOIN member m ON m.id = r.member WHERE acked_at IS NOT NULL`), "李四")
}

// The network is gone over a deadline, and the program goes on: what was announced is
// corrected by one line, once for all.
func TestTelegramWithoutNetworkOverADeadline(t *testing.T) {
	t.Parallel()
	w := newTown(t, "", telegramtest.Options{}).settled()
	w.city.Outage(w.gone.Load, "getUpdates", "getMe", "sendMessage", "editMessageText")
	w.say(branchGroup, wang, "/开签 1m 早会")
	w.gone.Store(true)
	w.city.Interrupt()
	w.until("the outage is noticed", func() bool { return !w.bot.engine.States()["telegram"].CaughtUp() })
	w.after(5 * time.Second)
	w.tell(li, li, "签到")
	w.button(branchGroup, zhang, "签到")
	w.pass(10 * time.Minute) // the close has waited for two
	w.tell(wang, wang, "签到")
	w.check("closed meanwhile", w.rows(`SELECT COUNT(*) FROM checkin WHERE closed_at IS NOT NULL`), "1")
	w.gone.Store(false)
	w.until("what was kept", func() bool { return w.city.Pending() == 0 })
	w.until("caught up", func() bool { return w.bot.engine.States()["telegram"].CaughtUp() })
	w.pass(5 * time.Minute)
	group := w.shows(branchGroup, 0)
	w.one(group, "【早会】结束：应到 3 人，实到 0 人")
	w.one(group, "更正：【早会】应到 3 人，实到 2 人")
	w.none(group, "截止，没有计入")
	w.one(w.shows(wang, 0), "更正：【早会】未到 1 人：王敏")
	w.check("who was here", w.rows(`SELECT m.name, e.state FROM checkin_entry e JOIN member m ON m.id = e.member ORDER BY m.id`), "王敏|late_pending", "张三|on_time", "李四|on_time")
	w.check("points", w.rows(`SELECT m.name, l.rule FROM ledger l JOIN member m ON m.id = l.member ORDER BY m.id`), "张三|check-in", "李四|check-in")
}
