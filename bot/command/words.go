package command

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The words of each kind, in the form of Reply.Text; weak ones are ordinary
// talk as well.
var (
	ackWords = []string{"收到", "已收到", "收到了", "收到收到", "好的,收到", "好的收到", "收到,好的", "已阅", "已读", "阅", "知悉", "已知悉", "已悉",
		"悉知", "明白", "RECEIVED", "GOT IT"}
	ackWeak   = []string{"好的", "好", "OK", "[OK]", "👌", "👍", "🫡", "1", "一", "[强]", "[抱拳]", "知道了", "了解"}
	doneWords = []string{"已学", "已学习", "学完", "学完了", "已学完", "学习完毕", "已学习完", "DONE"}
	doneWeak  = []string{"打卡", "已打卡", "已读", "已阅", "OK", "[OK]", "1"}
	hereWords = []string{"签到", "已签到", "打卡", "已打卡", "报到", "CHECKIN", "CHECK IN", "HERE"}
	hereWeak  = []string{"到", "在", "到了", "1", "+1", "OK", "[OK]"}
	signWords = []string{"报名", "参加", "我参加", "我报名", "算我一个", "接龙"}
	signWeak  = []string{"1", "一"}
	outWords  = []string{"不参加", "取消", "取消报名", "退出", "不去了", "-1"}
)

// words reads acknowledgements, check-ins, lessons done and sign-ups.
func (r Reply) words(k Kind) (Answer, Verdict) {
	var strong, weak []string
	switch k {
	case Acknowledge:
		strong, weak = ackWords, ackWeak
	case Done:
		strong, weak = doneWords, doneWeak
	case CheckIn:
		if reason, ok := r.leave(); ok {
			return Answer{Value: "leave", Reason: reason}, OK
		}
		if text, ok := LeaveText(r.raw); ok { // 明天请假
			if _, _, how := Days(text, someDay); how == Clear {
				return Answer{Value: "leave"}, OK
			}
		}
		strong, weak = hereWords, hereWeak
	case SignUp:
		if n, ok := signCount(r.Text); ok {
			if n < 1 || n > 99 {
				return Answer{}, Malformed
			}
			return Answer{Value: "yes", Count: n}, OK
		}
		if slices.Contains(outWords, r.Text) {
			return Answer{Value: "withdraw"}, OK
		}
		// A leave is meant for a check-in rather, if one is open too.
		if reason, ok := r.leave(); ok {
			return Answer{Value: "withdraw", Reason: reason, Weak: true}, OK
		}
		strong, weak = signWords, signWeak
	}
	a := Answer{Value: "yes"}
	if k == SignUp {
		a.Count = 1
	}
	if slices.Contains(strong, r.Text) {
		return a, OK
	}
	if a.Weak = slices.Contains(weak, r.Text); a.Weak {
		return a, OK
	}
	return Answer{}, NoMatch
}

// leave is a reply that says why somebody does not come: 请假, 请假：出差. A
// reason has at most 100 characters.
func (r Reply) leave() (reason string, ok bool) {
	for _, word := range []string{"请假", "我请假", "我要请假", "今天请假", "有事来不了", "来不了"} {
		rest, found := strings.CutPrefix(r.Text, word)
		if !found {
			continue
		}
		if rest == "" {
			return "", true
		}
		if !strings.ContainsRune(" :,、\n", firstRune(rest)) || strings.HasSuffix(r.raw, "?") {
			return "", false
		}
		reason = strings.Trim(r.raw[len(word):], " :,、\n。.!~")
		return reason, utf8.RuneCountInString(reason) <= 100
	}
	return "", false
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// signCount reads a sign-up with a number: +1, 加2, 报名2人, 报名 两位.
func signCount(s string) (n int, ok bool) {
	rest, found := strings.CutPrefix(strings.TrimPrefix(s, "我"), "报名")
	if !found {
		rest, found = strings.CutPrefix(strings.TrimPrefix(s, "我"), "参加")
	}
	more := strings.TrimLeft(rest, " :")
	plus := strings.TrimPrefix(more, "+")
	if !found {
		if plus, found = strings.CutPrefix(s, "+"); !found {
			plus, found = strings.CutPrefix(s, "加")
		}
	}
	if !found {
		return 0, false
	}
	n, rest, ok = count(strings.TrimLeft(plus, " "))
	rest = strings.TrimLeft(rest, " ")
	return n, ok && (rest == "" || rest == "人" || rest == "位" || rest == "个" || rest == "名")
}

// proxy tells whether the reply answers for somebody else: 代张三签到,
// 替李四答A, 张三、李四收到. Without 代 only a list of names, and only a word
// that is no ordinary talk, is taken for one.
func (r Reply) proxy(w Want) bool {
	if len(r.Text) > 256 || firstRune(r.Text) < 0x2E80 {
		return false
	}
	rest, forOther := r.Text, false
	for _, word := range []string{"代替", "代表", "帮忙", "代", "替", "帮"} {
		if after, ok := strings.CutPrefix(r.Text, word); ok {
			rest, forOther = strings.TrimLeft(after, " "), true
			break
		}
	}
	if !forOther && !strings.Contains(rest, "、") {
		return false
	}
	for {
		name, after, more := strings.Cut(rest, "、")
		if !more {
			break
		}
		if !isPerson(name) {
			return false
		}
		rest = strings.TrimLeft(after, " ")
	}
	end, runes := 0, 0
	for _, c := range rest {
		if end += utf8.RuneLen(c); !unicode.Is(unicode.Han, c) || runes == 9 {
			return false
		}
		runes++
		if isPerson(rest[:end]) && forThem(strings.TrimLeft(rest[end:], " :"), w, r.Addressed) {
			return true
		}
	}
	return false
}

// forThem tells whether what stands behind the names is an answer.
func forThem(text string, w Want, addressed bool) bool {
	for _, all := range []string{"都", "均", "全"} {
		text = strings.TrimPrefix(text, all)
	}
	switch w.Kind {
	case Single, Multiple, Order, TrueFalse, Number:
		if cutLead(text) == text && !addressed {
			return false
		}
	case Blank:
		if _, said := blankLead(text, addressed); !said {
			return false
		}
	}
	if text == "" {
		return false
	}
	a, v := Reply{Text: text, raw: text, Addressed: addressed}.read(w)
	return v == OK && !a.Weak
}

// things are what notices are about, and no names: 文件、通知收到.
const things = "文件 材料 通知 附件 资料 会议 邮件 信息 消息 短信 表格 内容 精神 要求 任务 大家 全部 全体 领导 好的 谢谢 已经"

// isPerson tells whether a word can be the name of somebody, or two joined
// (张三和李四).
func isPerson(s string) bool {
	if s == "我" || s == "他" || s == "她" {
		return true
	}
	if one, other, ok := strings.Cut(s, "和"); ok && isPerson(one) && isPerson(other) {
		return true
	}
	n := utf8.RuneCountInString(s)
	if n < 2 || n > 4 || strings.Contains(things, s) || strings.HasSuffix(s, "们") {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.Is(unicode.Han, c) })
}
