package schedules

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The words in which rules and instants are told. They stand here rather than
// in bot/locale because this package knows nothing of bot/.
var words = map[string]struct {
	daily, weekly, monthly, every, today, tomorrow, day, year string
	weekdays                                                  [7]string
	to, and                                                   string
}{
	"zh-CN": {daily: "每天 %s", weekly: "每%s %s", monthly: "每月 %s 日 %s", every: "每 %s 分钟",
		today: "今天 15:04", tomorrow: "明天 15:04", day: "1月2日", year: "2006年1月2日",
		weekdays: [7]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}, to: "至", and: "、"},
	"en": {daily: "every day at %s", weekly: "%s at %s", monthly: "on day %s of the month at %s", every: "every %s minutes",
		today: "today 15:04", tomorrow: "tomorrow 15:04", day: "2 Jan", year: "2 Jan 2006",
		weekdays: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, to: "–", and: ", "},
}

// Words tells the rule in words where that is simple, else as it was given.
func (s Spec) Words(lang string) string {
	w, ok := words[lang]
	if !ok {
		w = words["en"]
	}
	if s.text == "@daily" {
		return fmt.Sprintf(w.daily, "00:00")
	}
	f := strings.Fields(s.text)
	if len(f) != 5 {
		return s.text
	}
	if step, ok := strings.CutPrefix(f[0], "*/"); ok && strings.Join(f[1:], "") == "****" {
		return fmt.Sprintf(w.every, step)
	}
	minute, err1 := strconv.Atoi(f[0])
	hour, err2 := strconv.Atoi(f[1])
	if err1 != nil || err2 != nil || f[3] != "*" {
		return s.text
	}
	at := fmt.Sprintf("%02d:%02d", hour, minute)
	switch {
	case f[2] == "*" && f[4] == "*":
		return fmt.Sprintf(w.daily, at)
	case f[2] == "*":
		if days, ok := weekdays(f[4], w.weekdays, w.to, w.and); ok {
			return fmt.Sprintf(w.weekly, days, at)
		}
	case f[4] == "*":
		if _, err := strconv.Atoi(strings.ReplaceAll(f[2], ",", "")); err == nil {
			return fmt.Sprintf(w.monthly, strings.ReplaceAll(f[2], ",", w.and), at)
		}
	}
	return s.text
}

func weekdays(field string, names [7]string, to, and string) (string, bool) {
	var out []string
	for _, part := range strings.Split(field, ",") {
		a, b, isRange := strings.Cut(part, "-")
		i, err := strconv.Atoi(a)
		if err != nil {
			return "", false
		}
		text := names[i%7]
		if isRange {
			j, err := strconv.Atoi(b)
			if err != nil {
				return "", false
			}
			text += to + names[j%7]
		}
		out = append(out, text)
	}
	return strings.Join(out, and), true
}

// Instant tells an instant in words, with its weekday: 今天 12:30（周三）.
func Instant(at, now time.Time, zone *time.Location, lang string) string {
	w, ok := words[lang]
	if !ok {
		w = words["en"]
	}
	at, now = at.In(zone), now.In(zone)
	day := "（" + w.weekdays[at.Weekday()] + "）"
	if lang != "zh-CN" {
		day = " (" + w.weekdays[at.Weekday()] + ") "
	}
	switch at.Format("2006-01-02") {
	case now.Format("2006-01-02"):
		return strings.TrimSpace(at.Format(w.today) + day)
	case now.AddDate(0, 0, 1).Format("2006-01-02"):
		return strings.TrimSpace(at.Format(w.tomorrow) + day)
	}
	layout := w.day
	if at.Year() != now.Year() {
		layout = w.year
	}
	return at.Format(layout) + day + at.Format("15:04")
}
