package command

import (
	"regexp"
	"strings"
	"time"
)

var (
	leaveFirst = regexp.MustCompile(`^(?:我|本人|书记[,，]?我?)?(?:今天)?(?:要|想|想要|需要|申请|得)?(?:请假|請假|请个假|請個假)[\s：:，,、]*`)
	leaveLast  = regexp.MustCompile(`^(?:我|本人)?(?:要|想|想要|打算)?(.+?)(?:我)?(?:要|想|想要|需要|申请|得)?(?:请|請)(?:个|個)?假(?:了|一下)?(?:[\s：:，,、。]+(.*))?$`)
)

// LeaveText is what a message asks leave for, in plain words: 请假：明天看病,
// 我要请假 明天, 我明天请个假，看病. It holds the days and the reason; false when the
// message asks for none, or asks whether somebody does.
func LeaveText(text string) (string, bool) {
	if len(text) > 600 || !strings.Contains(text, "假") {
		return "", false
	}
	text = strings.TrimSpace(text)
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "？") {
		return "", false
	}
	if word := leaveFirst.FindString(text); word != "" {
		if strings.Contains(word, "今天") {
			word = strings.Replace(word, "今天", "", 1)
			return "今天 " + text[len(word)+len("今天"):], true
		}
		return text[len(word):], true
	}
	if m := leaveLast.FindStringSubmatch(text); m != nil && TimeLike(m[1]) {
		return m[1] + " " + m[2], true
	}
	return "", false
}

// someDay stands for today where only the form of a text matters.
var someDay = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
