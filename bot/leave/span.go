package leave

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"branchbot/bot/chat"
	"branchbot/bot/command"
)

// span is a leave as it is typed: days or half days, then a reason.
type span struct {
	from, to time.Time // to is the first instant after it
	reason   string
}

var (
	// aroundTo are the blanks around what stands between two days, and before a
	// half of a day.
	aroundTo = regexp.MustCompile(`\s*(到|至|~|—+|–)\s*|\s+to\s+|\s+-\s+`)
	halves   = regexp.MustCompile(`\s+(上午|下午|全天)`)
	number   = regexp.MustCompile(`^(\d{1,2})[日号]$`)
)

const (
	maxSpan   = 40  // runes of the days
	maxReason = 100 // runes
)

// readSpan reads e.g. 明天, 今天下午 看病, 12-01 到 12-03 出差, 12月1日-3日 探亲.
func readSpan(text string, now time.Time) (span, bool) {
	text = strings.TrimSpace(norm.NFKC.String(text))
	text = strings.TrimPrefix(strings.TrimPrefix(text, "从"), "自")
	text = aroundTo.ReplaceAllStringFunc(text, func(s string) string {
		if strings.TrimSpace(s) == "到" || strings.TrimSpace(s) == "至" {
			return strings.TrimSpace(s)
		}
		return "~"
	})
	text = halves.ReplaceAllString(text, "$1")
	word, rest, _ := strings.Cut(text, " ")
	runes := []rune(word)
	for n := min(len(runes), maxSpan); n > 0; n-- { // the reason may stand right behind: 明天看病
		if n < len(runes) && (unicode.IsDigit(runes[n]) || strings.ContainsRune("-/.年月日号", runes[n])) {
			continue
		}
		if s, ok := days(string(runes[:n]), now); ok {
			s.reason = clip(strings.TrimLeft(string(runes[n:])+" "+rest, " ,，:：、。"))
			return s, true
		}
	}
	return span{}, false
}

// days reads one day, or two with something between them.
func days(text string, now time.Time) (span, bool) {
	if from, to, ok := point(text, now); ok {
		return span{from: from, to: to}, true
	}
	for i, c := range text {
		if !strings.ContainsRune("到至~-", c) {
			continue
		}
		from, _, ok := point(text[:i], now)
		if !ok {
			continue
		}
		second := text[i+len(string(c)):]
		if m := number.FindStringSubmatch(second); m != nil { // 12月1日到3日
			second = from.Format("2006-01-") + m[1]
		}
		_, to, ok := point(second, now)
		if _, later, again := point(second, from); again && to.Before(from) {
			to = later // the year is that of the first day: 12-30 到 1-2 in June
		}
		if ok {
			return span{from: from, to: to}, true
		}
	}
	return span{}, false
}

// point reads a day or a half of one; a half alone is one of today.
func point(text string, now time.Time) (from, to time.Time, ok bool) {
	half := ""
	for _, h := range []string{"上午", "下午", "全天"} {
		if before, found := strings.CutSuffix(text, h); found {
			text, half = before, h
		}
	}
	if text == "" && half != "" {
		text = "今天"
	}
	day, ok := command.Day(text, now)
	if !ok {
		return from, to, false
	}
	from, to = day, midnight(day, 1)
	noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, day.Location())
	switch half {
	case "上午":
		to = noon
	case "下午":
		from = noon
	}
	return from, to, true
}

// midnight is the one that begins a day, or one so many days later.
func midnight(t time.Time, later int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+later, 0, 0, 0, 0, t.Location())
}

// dayLike tells whether a text names a time that could not be read, so that it
// is not taken for a reason.
func dayLike(text string) bool {
	return strings.ContainsFunc(text, unicode.IsDigit) || strings.ContainsAny(text, "周天日号月年明昨")
}

// clip keeps a reason on one line.
func clip(s string) string {
	r := []rune(strings.Join(strings.Fields(chat.Clean(s)), " "))
	return string(r[:min(len(r), maxReason)])
}
