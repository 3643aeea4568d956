package command

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var durationPattern = regexp.MustCompile(`^(?:(\d{1,2})(?:d|天|日))?(?:(\d{1,3})(?:h|小时|个小时|时))?(?:(\d{1,4})(?:m|min|分钟|分))?$`)

// maxDuration is the longest time that anything may stay open.
const maxDuration = 30 * 24 * time.Hour

// Duration reads 30m, 30分钟, 半小时, 2h, 1h30m, 1天; at most 30 days.
func Duration(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(Fold(s), " ", "")
	switch s {
	case "半小时", "半个小时":
		return 30 * time.Minute, true
	case "一小时", "一个小时":
		return time.Hour, true
	}
	m := durationPattern.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute} {
		n, _ := strconv.Atoi("0" + m[i+1])
		d += time.Duration(n) * unit
	}
	return d, d > 0 && d <= maxDuration
}

var clockPattern = regexp.MustCompile(`^(上午|早上|中午|下午|晚上|晚)?(\d{1,2})(?::(\d{2})|点(半|(\d{1,2})分?)?)$`)

// Clock reads 18:00, 18点, 18点半, 下午6点 as an instant of the given day, in
// that day's zone.
func Clock(s string, day time.Time) (time.Time, bool) {
	m := clockPattern.FindStringSubmatch(strings.ReplaceAll(Fold(s), " ", ""))
	if m == nil {
		return time.Time{}, false
	}
	hour, _ := strconv.Atoi(m[2])
	minute, _ := strconv.Atoi("0" + m[3] + m[5])
	if m[4] == "半" {
		minute = 30
	}
	if (m[1] == "下午" || m[1] == "晚上" || m[1] == "晚") && hour < 12 {
		hour += 12
	}
	if hour > 23 || minute > 59 {
		return time.Time{}, false
	}
	y, mon, d := day.Date()
	return time.Date(y, mon, d, hour, minute, 0, 0, day.Location()), true
}
