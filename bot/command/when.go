package command

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxDuration is the longest time that anything may stay open.
const maxDuration = 30 * 24 * time.Hour

// maxTime bounds a typed time, in bytes.
const maxTime = 64

// timeText is a typed time, ready to be read; "" when it is too long for one.
func timeText(s string) string {
	if len(s) > maxTime {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' {
			return -1
		}
		return simple(r)
	}, Fold(s))
}

// units of a duration, from long to short; longer words first.
var timeUnits = []struct {
	words []string
	unit  time.Duration
}{
	{[]string{"天", "日", "days", "day", "d"}, 24 * time.Hour},
	{[]string{"个小时", "小时", "个钟头", "钟头", "hours", "hour", "h"}, time.Hour},
	{[]string{"分钟", "分", "minutes", "minute", "mins", "min", "m"}, time.Minute},
}

// Duration reads 30m, 30分钟, 半小时, 2h, 1h30m, 一个半小时, 1天; more than
// nothing and at most 30 days.
func Duration(s string) (time.Duration, bool) {
	rest := timeText(s)
	var d time.Duration
	last := -1 // units get shorter
	for rest != "" {
		half := false
		n, after, ok := count(rest)
		if after, half = cutHalf(rest, after); !ok && !half {
			return 0, false
		}
		at, word := unitOf(after, last)
		if at < 0 {
			return 0, false
		}
		last, rest = at, after[len(word):]
		d += time.Duration(n) * timeUnits[at].unit
		if at == 1 && !half && rest == "半" { // 1小时半
			half, rest = true, ""
		}
		if half && at != 1 {
			return 0, false // 半天 is four hours to some and twelve to others
		}
		if half {
			d += 30 * time.Minute
		}
	}
	return d, d > 0 && d <= maxDuration
}

// cutHalf reads the half of 半小时, 半个小时 and 一个半小时; rest stands before
// the number, after behind it.
func cutHalf(rest, after string) (string, bool) {
	for _, word := range []string{"个半", "半"} {
		if cut, ok := strings.CutPrefix(after, word); ok && (word == "半") == (rest == after) {
			return cut, true
		}
	}
	return after, false
}

// unitOf finds the unit that a text begins with, shorter than the last one;
// -1 when there is none.
func unitOf(s string, last int) (at int, word string) {
	for i := last + 1; i < len(timeUnits); i++ {
		for _, w := range timeUnits[i].words {
			if strings.HasPrefix(s, w) {
				return i, w
			}
		}
	}
	return -1, ""
}

// count reads a number of at most four digits, or a Chinese one up to 99, at
// the start of a text.
func count(s string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		if i == 4 {
			return 0, s, false
		}
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i > 0 {
		return n, s[i:], true
	}
	tens := false
	for _, c := range s {
		at := strings.IndexRune("零一二三四五六七八九", c)
		switch {
		case c == '两' && i == 0:
			n = 2
		case c == '十' && !tens:
			n, tens = max(n, 1)*10, true
		case at >= 0 && n%10 == 0 && (i == 0 || tens):
			n += at / 3
		default:
			return n, s[i:], i > 0
		}
		i += utf8.RuneLen(c)
	}
	return n, "", i > 0
}

// parts of the day: the hours as typed that they go with, and what is added to
// those before noon.
var dayParts = []struct {
	words    []string
	from, to int
	add      int
}{
	{[]string{"凌晨"}, 0, 6, 0},
	{[]string{"早上", "早晨", "清晨", "上午", "早", "am"}, 0, 12, 0},
	{[]string{"中午"}, 1, 2, 12},
	{[]string{"中午"}, 10, 14, 0},
	{[]string{"下午", "傍晚", "午后", "pm"}, 1, 11, 12},
	{[]string{"下午", "傍晚", "午后", "pm"}, 12, 23, 0},
	{[]string{"晚上", "今晚", "夜里", "晚"}, 5, 12, 12},
	{[]string{"晚上", "今晚", "夜里", "晚"}, 17, 24, 0},
}

// Clock reads 18:00, 18点, 18点半, 下午6点, 6pm as an instant of the given day,
// in that day's zone. 24:00 and 晚上12点 are the end of the day.
func Clock(s string, day time.Time) (time.Time, bool) {
	text := timeText(s)
	for _, suffix := range []string{"am", "pm"} {
		if before, ok := strings.CutSuffix(text, suffix); ok {
			text = suffix + before
			if strings.Trim(before, "0123456789") == "" {
				text += "点"
			}
		}
	}
	part := ""
	for _, p := range dayParts {
		for _, w := range p.words {
			if after, ok := strings.CutPrefix(text, w); ok && part == "" {
				part, text = w, after
			}
		}
	}
	hour, minute, ok := hourMinute(text)
	if ok && part != "" {
		hour, ok = inPart(part, hour)
	}
	if !ok || hour > 24 || minute > 59 || hour == 24 && minute > 0 {
		return time.Time{}, false
	}
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, minute, 0, 0, day.Location()), true
}

func inPart(part string, hour int) (int, bool) {
	if hour == 12 && (part == "凌晨" || part == "am") {
		return 0, true
	}
	for _, p := range dayParts {
		for _, w := range p.words {
			if w == part && hour >= p.from && hour <= p.to {
				return hour + p.add, true
			}
		}
	}
	return 0, false
}

// hourMinute reads 18:00, 18点, 18点半, 18点30分, 18时30分.
func hourMinute(s string) (hour, minute int, ok bool) {
	hour, rest, ok := count(s)
	if !ok {
		return 0, 0, false
	}
	if after, colon := strings.CutPrefix(rest, ":"); colon {
		minute, rest, ok = count(after)
		return hour, minute, ok && rest == "" && len(after) == 2
	}
	for _, word := range []string{"点钟", "点整", "点", "时"} {
		after, found := strings.CutPrefix(rest, word)
		switch {
		case !found:
			continue
		case after == "":
			return hour, 0, true
		case after == "半":
			return hour, 30, true
		}
		minute, rest, ok = count(after)
		return hour, minute, ok && (rest == "" || rest == "分")
	}
	return 0, 0, false
}

// Day reads 今天, 明天, 后天, 周三, 下周三, 12月1日, 12-01, 2026-12-01 as the
// midnight that begins that day in the zone of now. Without a year, the day
// nearest to now is meant: in December, 1月5日 is the next one. 周三 is the next
// Wednesday, today included; 下周三 that of the next week, which begins on Monday.
func Day(s string, now time.Time) (time.Time, bool) {
	text := timeText(s)
	y, m, d := now.Date()
	for i, words := range [][]string{{"今天", "今日", "today"}, {"明天", "明日", "tomorrow"}, {"后天"}, {"大后天"}} {
		for _, w := range words {
			if text == w {
				return time.Date(y, m, d+i, 0, 0, 0, 0, now.Location()), true
			}
		}
	}
	if days, ok := weekday(text, now); ok {
		return time.Date(y, m, d+days, 0, 0, 0, 0, now.Location()), true
	}
	year, month, day, ok := yearMonthDay(text)
	if !ok {
		return time.Time{}, false
	}
	if year != 0 {
		return date(year, month, day, now.Location())
	}
	var best time.Time
	for _, year := range []int{y, y + 1, y - 1} {
		t, ok := date(year, month, day, now.Location())
		if ok && (best.IsZero() || t.Sub(now).Abs() < best.Sub(now).Abs()) {
			best = t
		}
	}
	return best, !best.IsZero()
}

// weekday reads 周三, 星期日, 下周三, 本周五 as the number of days from now.
func weekday(s string, now time.Time) (days int, ok bool) {
	week, which := s, ""
	for _, w := range []string{"下个", "下", "本", "这个", "这"} {
		if after, found := strings.CutPrefix(s, w); found {
			week, which = after, w
			break
		}
	}
	for _, w := range []string{"周", "星期", "礼拜"} {
		name, found := strings.CutPrefix(week, w)
		if name == "天" {
			name = "日"
		}
		at := strings.Index("一二三四五六日", name)
		if !found || at < 0 || utf8.RuneCountInString(name) != 1 {
			continue
		}
		days = at/3 - (int(now.Weekday())+6)%7 // of this week
		switch which {
		case "下", "下个":
			days += 7
		case "":
			days = (days + 7) % 7
		}
		return days, true
	}
	return 0, false
}

// date is false for what no calendar has, such as the 30th of February.
func date(year, month, day int, zone *time.Location) (time.Time, bool) {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
	noon := time.Date(year, time.Month(month), day, 12, 0, 0, 0, zone) // a midnight may be skipped
	return t, year >= 2000 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && noon.Day() == day
}

// yearMonthDay reads 2026-12-01, 2026/12/1, 2026年12月1日, 12月1号, 12-1; year
// is 0 when there is none.
func yearMonthDay(s string) (year, month, day int, ok bool) {
	parts := strings.Split(strings.Map(func(r rune) rune {
		if strings.ContainsRune("/.年月", r) {
			return '-'
		}
		return r
	}, strings.TrimSuffix(strings.TrimSuffix(s, "日"), "号")), "-")
	if len(parts) != 3 && (len(parts) != 2 || strings.Contains(s, "年")) {
		return 0, 0, 0, false
	}
	var n [3]int
	for i, p := range parts {
		var rest string
		if n[3-len(parts)+i], rest, ok = count(p); !ok || rest != "" {
			return 0, 0, 0, false
		}
	}
	return n[0], n[1], n[2], len(parts) == 2 || n[0] > 0
}

// Until reads a deadline at the start of words: 18:00, 明天 18:00, 明天18:00, 2小时,
// 12月3日 for its end. It returns how many words that took.
func Until(words []string, now time.Time) (at time.Time, used int, ok bool) {
	if len(words) == 0 {
		return at, 0, false
	}
	if len(words) > 1 {
		if at, ok := dayClock(words[0], words[1], now); ok {
			return at, 2, true
		}
	}
	first := words[0]
	if at, ok := Clock(first, now); ok {
		return at, 1, true
	}
	if d, ok := Duration(first); ok {
		return now.Add(d), 1, true
	}
	for i := range first {
		if i == 0 || i > maxTime {
			continue
		}
		if at, ok := dayClock(first[:i], first[i:], now); ok {
			return at, 1, true
		}
	}
	at, ok = dayClock(first, "24:00", now)
	return at, 1, ok
}

func dayClock(day, clock string, now time.Time) (time.Time, bool) {
	d, ok := Day(day, now)
	if !ok {
		return d, false
	}
	return Clock(clock, d)
}
