package command

import (
	"strings"
	"unicode/utf8"
)

// heads may stand before a number, and show that it is one of an item.
var heads = []string{"通知", "公告", "问题", "题目", "题", "编号", "NO.", "NO", "#"}

// cutCode cuts the short code before an answer: 17 A, 17.A, #17 A, 17: A, 17号A,
// 第17题 A, 题2 B, 通知1收到, 第一题B, 1B, 1、2收到; or the number of a series: 2026-017
// 收到. A digit right behind the mark is a time, a decimal or a list (17:30, 17.5,
// 1、3).
func (r *Reply) cutCode() {
	r.raw = r.whole
	rest, head := r.whole, false
	upper := rest
	if len(upper) > 32 {
		upper = upper[:32]
	}
	upper = strings.ToUpper(upper)
	for _, h := range heads {
		if strings.HasPrefix(upper, h) && len(h) <= len(rest) {
			rest, head = strings.TrimLeft(rest[len(h):], " :"), true
			break
		}
	}
	if after, ok := cutSeries(rest); ok {
		r.Series = rest[:len(rest)-len(after)]
		after, _ = cutAny(after, []string{"号通知", "号", "通知"})
		if after = strings.TrimLeft(after, between); after != "" {
			r.raw = after
			r.marked = true
			return
		}
		r.Series = ""
	}
	ordinal := false
	if after, ok := strings.CutPrefix(rest, "第"); ok {
		rest, ordinal = after, true
	}
	code, after := digits(rest)
	chinese := false
	if code == 0 && (ordinal || head) {
		code, after, chinese = chineseCode(rest)
	}
	if code == 0 || after == "" {
		return
	}
	named := ""
	for _, word := range []string{"号题", "号通知", "题目", "个通知", "个题", "条通知", "道题", "号", "號", "题", "題", "条"} {
		if more, ok := strings.CutPrefix(after, word); ok {
			after, named = more, word
			break
		}
	}
	if ordinal && named == "" || chinese && named == "" && !head || named == "条" && !ordinal || head && named == "" && isDigitAt(after) {
		return
	}
	more := after
	var codes []int
	for !ordinal && !head && named == "" {
		next := strings.TrimLeft(more, "、,和 ")
		if next == more {
			break
		}
		another, then := digits(next)
		if another == 0 || then == "" || len(codes) == 4 {
			break
		}
		codes, more = append(codes, another), then
	}
	if c := firstRune(more); len(codes) > 0 && c >= 0x4E00 && (strings.ContainsRune("收已阅知", simple(c)) || strings.HasPrefix(more, "都")) {
		r.Code, r.More, r.raw, r.marked = code, codes, more, true
		return
	}
	spaced := strings.TrimLeft(after, ".:、,-)")
	answer := strings.TrimLeft(spaced, " \n")
	marked := named != "" && named != "条" || head || ordinal
	c := firstRune(answer)
	switch {
	case answer == "", len(answer) == len(spaced) && isDigit(answer[0]) && !strings.Contains(named, "题"):
		return
	case marked, len(answer) != len(after) && strings.Trim(after[:len(after)-len(answer)], ",-)") != "", strings.Contains(after[:len(after)-len(answer)], " "):
	case answer == after && (isLetter(byte(c)&^0x20) && c < 0x80 || strings.ContainsRune("收已选答签阅知报", simple(c)) || strings.ContainsRune("对错√×✓✗✅❌", c)):
	case len(answer) != len(after) && isLetter(byte(c)&^0x20) && c < 0x80 && utf8.RuneCountInString(answer) <= 4:
	default:
		return
	}
	r.Code, r.raw, r.marked = code, answer, marked
	r.parted = len(answer) != len(after) || strings.Contains(named, "题")
}

func isDigitAt(s string) bool { return s != "" && isDigit(s[0]) }

// digits reads one or two digits that are not part of a longer number; 0 when
// there are none.
func digits(s string) (n int, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		if i < 2 {
			n = n*10 + int(s[i]-'0')
		}
		i++
	}
	if i > 2 {
		return 0, s
	}
	return n, s[i:]
}

func chineseCode(s string) (n int, rest string, ok bool) {
	if c := firstRune(s); !strings.ContainsRune("一二三四五六七八九十", c) {
		return 0, s, false
	}
	n, rest, ok = count(s)
	if !ok || n > 99 {
		return 0, s, false
	}
	return n, rest, true
}

// cutSeries cuts a number such as 2026-017.
func cutSeries(s string) (rest string, ok bool) {
	if len(s) < 6 || s[:2] != "20" || !isDigit(s[2]) || !isDigit(s[3]) || s[4] != '-' {
		return s, false
	}
	n := 5
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 5 || n > 8 || n < len(s) && s[n] == '-' {
		return s, false // a day: 2026-12-01
	}
	return s[n:], true
}
