package schedule

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// weekdays are their characters in the order of cron, in which Sunday is 0.
const weekdays = "日一二三四五六"

var spokenTime = regexp.MustCompile(`^(每天|每日|天天|(?:每个?)?工作日|每(?:周|星期|礼拜)([一二三四五六日天末、,和至到-]+)|每月((?:\d{1,2}[日号][、,和]?)+))\s*` +
	`(上午|早上|早晨|中午|下午|傍晚|晚上)?\s*(\d{1,2})(?::(\d{2})|点(?:(半)|(\d{1,2})分?)?)(?:\s+|$)`)

// spoken reads a time as people say it at the beginning of words: 每天 8:00, 每周三 9点半, 每周一至五
// 上午9:00, 工作日 8:30, 每月1日、15日 9:00. It puts the fields of cron in its place; what begins
// otherwise stays as it is.
func spoken(words []string) []string {
	line := norm.NFKC.String(strings.Join(words, " "))
	m := spokenTime.FindStringSubmatch(line)
	if m == nil {
		return words
	}
	hour, minute := number(m[5]), number(m[6]+m[8])
	if m[7] != "" {
		minute = 30
	}
	switch m[4] {
	case "下午", "傍晚", "晚上":
		if hour < 12 {
			hour += 12
		}
	case "中午":
		if hour < 11 {
			hour += 12
		}
	}
	day, weekday := "*", "*"
	if m[2] != "" {
		weekday = spokenWeekdays(m[2])
	}
	if m[3] != "" {
		day = strings.Join(strings.FieldsFunc(m[3], func(r rune) bool { return r < '0' || r > '9' }), ",")
	}
	out := strings.Fields(fmt.Sprintf("%d %d %s * %s", minute, hour, day, weekday))
	if strings.Contains(m[1], "工作日") {
		out = append(out, "工作日")
	}
	return append(out, strings.Fields(line[len(m[0]):])...)
}

// spokenWeekdays makes 一三五, 一至五 and 末 of a week into a field of cron.
func spokenWeekdays(text string) string {
	var days []string
	add := func(n int) {
		if d := strconv.Itoa(n); !slices.Contains(days, d) {
			days = append(days, d)
		}
	}
	last, through := -1, false
	for _, r := range strings.NewReplacer("天", "日", "末", "六日").Replace(text) {
		n := strings.IndexRune(weekdays, r) / len("日")
		switch {
		case strings.ContainsRune("至到-", r):
			through = true
		case !strings.ContainsRune(weekdays, r):
		case through && last >= 0:
			for d := last + 1; d <= last+7; d++ {
				add(d % 7)
				if d%7 == n {
					break
				}
			}
			last, through = n, false
		default:
			add(n)
			last = n
		}
	}
	return strings.Join(days, ",")
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // at most two digits
	return n
}
