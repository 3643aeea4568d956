package command_test

import (
	"strings"
	"testing"
	"time"

	"branchbot/bot/command"
)

var durations = map[string]time.Duration{
	"30m": 30 * time.Minute, "30分钟": 30 * time.Minute, "30分": 30 * time.Minute, "30 min": 30 * time.Minute, "３０Ｍ": 30 * time.Minute, "三十分钟": 30 * time.Minute,
	"半小时": 30 * time.Minute, "半个小时": 30 * time.Minute, "半個小時": 30 * time.Minute,
	"2h": 2 * time.Hour, "２小时": 2 * time.Hour, "2個小時": 2 * time.Hour, "两小时": 2 * time.Hour, "2 hours": 2 * time.Hour,
	"1h30m": 90 * time.Minute, "1小时30分": 90 * time.Minute, "1小时半": 90 * time.Minute, "一个半小时": 90 * time.Minute, "90m": 90 * time.Minute,
	"1天": 24 * time.Hour, "1d": 24 * time.Hour, "1天2小时": 26 * time.Hour, "30天": 720 * time.Hour, "720h": 720 * time.Hour,
	"": 0, "30": 0, "0m": 0, "31天": 0, "30天1m": 0, "明天": 0, "-5m": 0, "1.5h": 0, "99999m": 0, "1m1h": 0, "1h1h": 0, "半": 0, "半天": 0, "半分钟": 0, "个半小时": 0, "m": 0, "1e9h": 0, "١h": 0,
	"1小时半分": 0, "9999999999999999999h": 0, "30m开会": 0, "PT30M": 0,
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range durations {
		got, ok := command.Duration(text)
		if ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
}

var clocks = map[string]string{
	"18:00": "01 18:00", "18：30": "01 18:30", "１８：００": "01 18:00", "8:05": "01 08:05", "00:00": "01 00:00", "24:00": "02 00:00", "23:59": "01 23:59",
	"18点": "01 18:00", "18點": "01 18:00", "18点半": "01 18:30", "18点30": "01 18:30", "18点30分": "01 18:30", "18时": "01 18:00", "十八点": "01 18:00", "18 点": "01 18:00",
	"下午6点": "01 18:00", "下午六点半": "01 18:30", "下午18点": "01 18:00", "下午6:15": "01 18:15", "晚上8点": "01 20:00", "晚8点": "01 20:00", "上午9点": "01 09:00",
	"中午12点": "01 12:00", "中午1点": "01 13:00", "下午12点半": "01 12:30", "晚上12点": "02 00:00", "凌晨12点": "01 00:00", "凌晨3点": "01 03:00",
	"6pm": "01 18:00", "6:30 PM": "01 18:30", "12am": "01 00:00", "12pm": "01 12:00",
	"": "", "25:00": "", "24:01": "", "18:60": "", "18:5": "", "18:005": "", "下": "", "下午": "", "18": "", "1800": "", "-1:00": "", "上午18点": "", "凌晨9点": "", "晚上3点": "", "18点半钟": "",
	"18.30": "", "١٨:٠٠": "", "18:00开会": "", "下午下午6点": "", "13am": "", "pm": "",
}

func TestClock(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	day := time.Date(2026, 12, 1, 9, 30, 15, 1, zone)
	for text, want := range clocks {
		got, ok := command.Clock(text, day)
		if ok != (want != "") || ok && (got.Format("02 15:04") != want || got.Location() != zone || got.Second() != 0) {
			t.Errorf("%q: %v %v, want %q", text, got, ok, want)
		}
	}
}

var days = map[string]string{
	"今天": "2026-12-01", "今日": "2026-12-01", "明天": "2026-12-02", "后天": "2026-12-03", "後天": "2026-12-03", "大后天": "2026-12-04", "Tomorrow": "2026-12-02",
	"12月1日": "2026-12-01", "12月1号": "2026-12-01", "12月31日": "2026-12-31", "十二月一日": "2026-12-01", "12-01": "2026-12-01", "12/1": "2026-12-01", "１２－０１": "2026-12-01",
	"1月5日": "2027-01-05", "11月30日": "2026-11-30", "7-1": "2026-07-01", "5月1日": "2027-05-01",
	"2026-12-01": "2026-12-01", "2026/1/2": "2026-01-02", "2026年12月1日": "2026-12-01", "2026.12.1": "2026-12-01", "2028-02-29": "2028-02-29",
	"周二": "2026-12-01", "周三": "2026-12-02", "周一": "2026-12-07", "星期天": "2026-12-06", "礼拜日": "2026-12-06", "下周三": "2026-12-09", "下周一": "2026-12-07",
	"下个星期五": "2026-12-11", "本周一": "2026-11-30", "这周五": "2026-12-04", "周": "", "周八": "", "下周": "", "周一二": "", "下下周一": "",
	"": "", "昨天": "", "12": "", "12月": "", "13月1日": "", "2月30日": "", "2027-02-29": "", "2月29日": "", "0-1": "", "12-32": "", "12-0": "", "26-12-01": "", "1999-01-01": "", "0-12-01": "",
	"12年1日": "", "2026-12": "", "12--01": "", "-12-01": "", "12-01-": "", "99999-1-1": "", "١٢-٠١": "", "12月1日开会": "",
}

func TestDay(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 12, 1, 23, 59, 59, 0, zone)
	for text, want := range days {
		got, ok := command.Day(text, now)
		if ok != (want != "") || ok && (got.Format("2006-01-02") != want || got.Hour() != 0 || got.Location() != zone) {
			t.Errorf("%q: %v %v, want %q", text, got, ok, want)
		}
	}
	if got, ok := command.Day("2月29日", time.Date(2027, 12, 1, 0, 0, 0, 0, zone)); !ok || got.Year() != 2028 {
		t.Errorf("2月29日: %v %v", got, ok)
	}
}

func FuzzWhen(f *testing.F) {
	for text := range durations {
		f.Add(text)
	}
	for text := range clocks {
		f.Add(text)
	}
	for text := range days {
		f.Add(text)
	}
	f.Add(strings.Repeat("1", 100_000))
	f.Fuzz(func(t *testing.T, text string) {
		now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
		if d, ok := command.Duration(text); ok && (d <= 0 || d > 30*24*time.Hour) {
			t.Errorf("%q lasts %v", text, d)
		}
		if at, ok := command.Clock(text, now); ok && (at.Before(now.Add(-9*time.Hour)) || at.After(now.Add(15*time.Hour))) {
			t.Errorf("%q is %v", text, at)
		}
		if day, ok := command.Day(text, now); ok && !day.Equal(day.Truncate(24*time.Hour)) {
			t.Errorf("%q is %v", text, day)
		}
	})
}

func TestUntil(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 12, 1, 9, 30, 0, 0, zone)
	for _, c := range []struct {
		words string
		want  string // "" for none
		used  int
	}{
		{"18:00 开会", "2026-12-01 18:00", 1},
		{"下午6点 开会", "2026-12-01 18:00", 1},
		{"明天 18:00 开会", "2026-12-02 18:00", 2},
		{"明天18:00 开会", "2026-12-02 18:00", 1},
		{"12月3日下午3点", "2026-12-03 15:00", 1},
		{"2小时", "2026-12-01 11:30", 1},
		{"12月3日", "2026-12-04 00:00", 1},
		{"1月5日", "2027-01-06 00:00", 1},
		{"08:00", "2026-12-01 08:00", 1}, // the past is for the caller to refuse
		{"昨天 18:00", "", 0},
		{"目前还有三人", "", 0},
		{"", "", 0},
	} {
		at, used, ok := command.Until(strings.Fields(c.words), now)
		got := ""
		if ok {
			got = at.Format("2006-01-02 15:04")
		}
		if got != c.want || ok && used != c.used {
			t.Errorf("%q: %q, %d words; want %q, %d", c.words, got, used, c.want, c.used)
		}
	}
}
