package command

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// units may stand behind a number in a group; 3点 and 12月 are talk there.
const units = "个人名次年天元米岁票条项章届件倍%度℃"

var signs = []string{"-", "−", "负", "+", "零下"}

// about stand before a number that is a guess, and behind it.
var (
	about = []string{"大约是", "大概是", "大约", "大概", "差不多", "约", "共有", "一共", "总共", "合计", "共计", "等于", "=", "共", "有"}
	give  = []string{"左右", "上下", "以上", "吧", "啊", "呀", "哦", "呢", "啦", "的", "整"}
)

// number is a decimal of at most 15 digits.
func (r Reply) number() (Answer, Verdict) {
	text, led := cutLeads(r.Text)
	text, _ = cutAny(text, about)
	for {
		rest, ok := cutEnd(text, give)
		if !ok {
			break
		}
		text = rest
	}
	digits, sign := cutAny(strings.Trim(text, brackets), signs)
	value, rest, ok := decimal(digits)
	weak := ok && !led && cheers(digits[:len(digits)-len(rest)])
	if !ok {
		value, rest, ok = chinese(digits)
		weak = ok && !led && utf8.RuneCountInString(digits) < 2
	}
	if ok {
		if more, half := degrees(rest); half != "" && !strings.Contains(value, ".") {
			value, rest = value+"."+half, more
		}
	}
	if ok && (rest == "" || r.unit(rest)) {
		if sign != "" && sign != "+" && value != "0" {
			value = "-" + value
		}
		return Answer{Value: value, Weak: weak && !r.Addressed}, OK
	}
	if r.Addressed && len(r.Text) <= 64 && strings.ContainsFunc(r.Text, unicode.IsDigit) {
		return Answer{}, Malformed
	}
	return Answer{}, NoMatch
}

// cheers tells of digits that are no number in talk: 666, 233, a telephone number.
func cheers(s string) bool {
	return len(s) == 11 || len(s) < 8 && len(s) > 1 && strings.Trim(s, s[:1]) == "" || s == "233"
}

func cutEnd(s string, words []string) (string, bool) {
	for _, w := range words {
		if rest, ok := strings.CutSuffix(s, w); ok && rest != "" {
			return strings.TrimRight(rest, " ,"), true
		}
	}
	return s, false
}

// degrees reads what stands behind the whole ones: 36度5.
func degrees(rest string) (more, tenths string) {
	after, ok := strings.CutPrefix(rest, "度")
	if !ok || after == "" || len(after) > 2 || strings.Trim(after, "0123456789") != "" {
		return rest, ""
	}
	return "", after
}

func (r Reply) unit(s string) bool {
	s = strings.TrimLeft(s, " ")
	switch s {
	case "°C", "°", "摄氏度", "个人", "公里", "千米", "公斤", "千克", "小时", "分钟", "人次", "平方米", "票数", "位", "名同志", "名党员", "周年", "个党员", "个同志", "秒", "分", "MPA", "H", "KM", "KG", "ML", "MM", "CM", "M", "V", "伏", "CMH":
		return true
	}
	if _, size := utf8.DecodeRuneInString(s); size == len(s) && strings.Contains(units, s) {
		return true
	}
	return r.Addressed && utf8.RuneCountInString(s) <= 3 && !strings.ContainsFunc(s, func(c rune) bool {
		return !unicode.Is(unicode.Han, c) || strings.ContainsRune("万亿千百十半多几两分之到至", c)
	})
}

// decimal reads 12, 12.50, .5, 1,000, 1 000, 12万 at the start of a text and returns it
// without the zeros and commas that say nothing.
func decimal(s string) (value, rest string, ok bool) {
	end := 0
	for end < len(s) && (isDigit(s[end]) || s[end] == '.' || s[end] == ',' || s[end] == ' ' && thousands(s[end:])) {
		end++
	}
	if end == 0 {
		return "", "", false
	}
	whole, part, point := strings.Cut(strings.ReplaceAll(s[:end], " ", ","), ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if len(groups) > 1 && (i > 0 && len(g) != 3 || len(g) > 3 || g == "") {
			return "", "", false
		}
	}
	whole, rest = strings.Join(groups, ""), s[end:]
	for _, large := range []struct {
		word  string
		zeros int
	}{{"万", 4}, {"亿", 8}, {"千万", 7}, {"百万", 6}, {"千", 3}, {"百", 2}} {
		after, ok := strings.CutPrefix(rest, large.word)
		if ok && len(part) <= large.zeros && !(after != "" && strings.ContainsRune("万亿千百十多几零一二三四五六七八九", firstRune(after))) {
			whole, part, point, rest = whole+part+strings.Repeat("0", large.zeros-len(part)), "", false, after
			break
		}
	}
	n := len(whole) + len(part)
	if n == 0 || n > 15 || point && part == "" || strings.ContainsAny(part, ".,") {
		return "", "", false
	}
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		whole += "." + part
	}
	return whole, rest, true
}

// thousands tells whether a blank parts thousands: three digits behind it, no more.
func thousands(s string) bool {
	return len(s) >= 4 && isDigit(s[1]) && isDigit(s[2]) && isDigit(s[3]) && (len(s) == 4 || !isDigit(s[4]))
}

// chinese reads 一百, 两千零五, 十二, 百分之五十, 一九二一, 三点五 at the start of a text.
func chinese(s string) (value, rest string, ok bool) {
	s = strings.TrimPrefix(s, "百分之")
	const figures = "零一二三四五六七八九"
	total, section, digit, least, run, end := 0, 0, -1, 0, "", 0
	big := false
	for i, c := range s {
		at := strings.IndexRune(figures, c)
		unit := map[rune]int{'十': 10, '百': 100, '千': 1000, '万': 10_000, '亿': 100_000_000}[c]
		switch {
		case c == '两':
			at = 2 * 3
			fallthrough
		case c == '〇':
			at = max(at, 0)
			fallthrough
		case at >= 0:
			if digit = at / 3; digit == 0 {
				least = 0 // 两百零五
			}
			run += string('0' + rune(digit))
		case unit >= 10_000:
			total, section, digit, big, least = (total+section+max(digit, 0))*unit, 0, -1, true, unit
		case unit > 0:
			if digit < 0 {
				digit = 1
			}
			section, digit, big, least = section+digit*unit, -1, true, unit
		default:
			rest = s[i:]
			end = i
		}
		if rest != "" || total > 1e11 {
			break
		}
		end = i + utf8.RuneLen(c)
	}
	if end == 0 || utf8.RuneCountInString(s[:end]) > 12 {
		return "", "", false
	}
	switch {
	case !big && len(run) > 1 && len(run) < 4:
		return "", "", false // 五六个
	case !big:
		value = strings.TrimLeft(run, "0")
	default:
		last := max(digit, 0)
		if digit > 0 && least >= 100 { // 两百五
			last *= least / 10
		}
		value = strconv.Itoa(total + section + last)
	}
	if value == "" {
		value = "0"
	}
	if after, ok := strings.CutPrefix(rest, "点"); ok && after != "" {
		part := ""
		for i, c := range after {
			at := strings.IndexRune(figures, c)
			if at < 0 {
				if part == "" {
					return value, rest, true
				}
				return trimPart(value + "." + part), after[i:], true
			}
			part += string('0' + rune(at/3))
		}
		return trimPart(value + "." + part), "", true
	}
	return value, rest, true
}

func trimPart(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }
