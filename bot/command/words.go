package command

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// trueWords and falseWords are in the form of Reply.Text.
var (
	trueWords  = []string{"对", "√", "✓", "✔", "☑", "正确", "是", "T", "Y", "YES", "TRUE", "对的", "是的", "RIGHT", "对呀", "没错"}
	falseWords = []string{"错", "×", "✗", "✘", "✕", "X", "错误", "不对", "否", "F", "N", "NO", "FALSE", "错的", "不是", "不正确", "WRONG"}
)

func (r Reply) trueFalse() (Answer, Verdict) {
	text := stripLead(r.Text)
	switch {
	case slices.Contains(falseWords, text):
		return Answer{Value: "false"}, OK
	case slices.Contains(trueWords, text):
		return Answer{Value: "true"}, OK
	}
	if len(text) == 1 && text[0] >= 'A' && text[0] <= 'Z' {
		return Answer{}, Malformed
	}
	return Answer{}, NoMatch
}

// The words of each kind; weak ones are ordinary talk as well.
var (
	ackWords  = []string{"收到", "已收到", "收到了", "已阅", "已读", "阅", "知悉", "已知悉", "已悉", "悉知", "明白", "RECEIVED", "GOT IT"}
	ackWeak   = []string{"好的", "好", "OK", "[OK]", "👌", "👍", "🫡", "1", "[强]", "[抱拳]", "知道了", "了解"}
	doneWords = []string{"已学", "已学习", "学完", "学完了", "已学完", "学习完毕", "已学习完", "DONE"}
	doneWeak  = []string{"打卡", "已打卡", "已读", "已阅", "OK", "[OK]", "1"}
	hereWords = []string{"签到", "已签到", "打卡", "已打卡", "报到", "CHECKIN", "CHECK IN", "HERE"}
	hereWeak  = []string{"到", "在", "到了", "1", "+1", "OK", "[OK]"}
	signWords = []string{"报名", "参加", "我参加", "我报名", "算我一个", "接龙"}
	outWords  = []string{"不参加", "取消", "取消报名", "退出", "不去了", "-1"}
)

// leavePattern is a check-in that says why it is none: 请假, 请假:出差.
var leavePattern = regexp.MustCompile(`^(?:我?请假|有事来不了|来不了|今天请假)(?:[\s:,]+(.{1,100}))?$`)

// countPattern is a sign-up with a number: +1, 加2, 报名2人, 报名 2 位.
var countPattern = regexp.MustCompile(`^(?:\+|加|我?(?:报名|参加)\s*\+?)\s*(\d{1,2})\s*(?:人|位|个)?$`)

// words reads acknowledgements, check-ins, lessons done and sign-ups.
func (r Reply) words(k Kind) (Answer, Verdict) {
	text := r.Text
	var strong, weak []string
	switch k {
	case Acknowledge:
		strong, weak = ackWords, ackWeak
	case Done:
		strong, weak = doneWords, doneWeak
	case CheckIn:
		if m := leavePattern.FindStringSubmatch(text); m != nil {
			return Answer{Value: "leave", Reason: strings.TrimSpace(m[1])}, OK
		}
		strong, weak = hereWords, hereWeak
	case SignUp:
		if slices.Contains(outWords, text) {
			return Answer{Value: "withdraw"}, OK
		}
		if m := countPattern.FindStringSubmatch(text); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil || n == 0 {
				return Answer{}, Malformed
			}
			return Answer{Value: "yes", Count: n}, OK
		}
		strong, weak = signWords, []string{"1", "一"}
	}
	switch {
	case slices.Contains(strong, text):
		return Answer{Value: "yes", Count: 1}, OK
	case slices.Contains(weak, text):
		return Answer{Value: "yes", Count: 1, Weak: true}, OK
	}
	return Answer{}, NoMatch
}
