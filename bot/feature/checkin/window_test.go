package checkin

import (
	"errors"
	"testing"
	"time"

	"branchbot/bot/engine"
)

func TestReadWindow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.FixedZone("CST", 8*3600))
	for args, want := range map[string]string{
		"": "10:30 ", "主题党日": "10:30 主题党日", "30m": "10:30 ", "1小时 主题党日": "11:00 主题党日", "主题党日 40m": "10:40 主题党日", "主题党日，一个半小时": "11:30 主题党日",
		"2.5h 学习": "12:30 学习", "1.5小时 学习": "11:30 学习", "一刻钟 早班": "10:15 早班", "11:30 主题党日": "11:30 主题党日", "截止 11:30 主题党日": "11:30 主题党日", "主题党日 截止11:30": "11:30 主题党日",
		"until 11:30 Meeting": "11:30 Meeting", "签到 20分钟": "10:20 ", "checkin 20m Meeting": "10:20 Meeting", "第三季度党课": "10:30 第三季度党课", "今天11:30 党课": "11:30 党课",
		"31天": "!checkin.closes", "0m": "!checkin.unread", "09:00 早会": "!checkin.closes", "截止 改天 学习": "!checkin.unread", "周五主题党日": "!checkin.unread", "下班前 学习": "!checkin.unread",
	} {
		title, closes, err := readWindow(args, now)
		got := closes.Format("15:04 ") + title
		var no *engine.Complaint
		if errors.As(err, &no) {
			got = "!" + no.Key
		}
		if got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}
