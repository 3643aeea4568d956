package command

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func letters(n int) string { return alphabet[:max(0, min(n, len(alphabet)))] }

// brackets and quotes may stand around an answer.
const brackets = "()[]{}【】「」『』《》〈〉〔〕“”\"'‘’"

// choice reads letters (or digits, where options are shown so), and the texts of
// options, as options.
func (r Reply) choice(w Want) (Answer, Verdict) {
	if i := w.said(r.Text); i >= 0 {
		return Answer{Value: alphabet[i : i+1]}, OK
	}
	text, corrected := lastWord(r.Text)
	text, led := cutLeads(text)
	led = led || corrected
	if i := w.said(text); i >= 0 {
		return Answer{Value: alphabet[i : i+1]}, OK
	}
	if a, v, ok := w.all(strings.Trim(cutEndings(text), brackets), led || r.Addressed); ok {
		return a, v
	}
	if strings.ContainsAny(text, brackets) && len(text) <= maxChoice {
		text = strings.TrimSpace(without(text, func(c rune) bool { return strings.ContainsRune(brackets, c) }))
	}
	text = cutTail(text, w.Kind)
	var space [maxChoice]byte
	picked, how, ok := w.options(space[:0], text)
	if !ok {
		if picked, ok = w.items(space[:0], text); !ok {
			return Answer{Weak: !r.Addressed && !led}, r.unsureChoice(w, text, led)
		}
		how = spelled
	}
	if w.Kind == Single {
		picked = slices.Compact(picked)
	}
	value, v := w.fit(picked)
	weak := how == counted && !w.Digits && !r.circled || how == ordinal
	return Answer{Value: value, Weak: weak && !led && !r.Addressed && v == OK}, v
}

// all reads 全选 and the like.
func (w Want) all(text string, led bool) (Answer, Verdict, bool) {
	weak := false
	switch text {
	case "全部", "全对", "都选", "都对", "全都选", "全都对", "都是", "全是", "都要选":
		weak = !led
	case "全选", "以上都对", "以上全对", "以上都是", "以上全选", "以上全部", "全部都选", "全部选", "全部正确", "都正确", "ALL", "ALL OF THE ABOVE":
	default:
		n, rest, ok := count(strings.TrimPrefix(text, "前"))
		if !ok || !strings.HasPrefix(text, "前") || rest != "个" && rest != "项" || n > w.Options || w.Kind != Multiple { // 前三项
			return Answer{}, NoMatch, false
		}
		return Answer{Value: letters(n), Weak: !led}, OK, true
	}
	if w.Kind != Multiple {
		return Answer{}, Malformed, true
	}
	return Answer{Value: letters(w.Options), Weak: weak}, OK, true
}

// unsureChoice tells of a text that is no clear choice whether to ask: it wavers
// between options (A还是B), or, where it is meant for the question, names a part of
// one option only.
func (r Reply) unsureChoice(w Want, text string, led bool) Verdict {
	if denies(text) || len(text) > maxChoice {
		return NoMatch
	}
	if asks(r.Text) && !r.Addressed && len(text) > 8 {
		return NoMatch
	}
	rest := text
	for _, word := range []string{"还是", "或者", "或"} {
		rest = strings.ReplaceAll(rest, word, "、")
	}
	var space [maxChoice]byte
	if rest != text {
		if _, _, ok := w.options(space[:0], rest); ok {
			return Near
		}
	}
	if picked, _, ok := w.options(space[:0], strings.TrimSuffix(strings.TrimSuffix(text, "?"), "吗")); ok && len(picked) > 0 && text[0] >= 'A' {
		return Near
	}
	if (led || r.Addressed) && utf8.RuneCountInString(text) >= 2 {
		for _, option := range w.Texts {
			if strings.Contains(canonical(half(option)), text) {
				return Near
			}
		}
		if c := text[0]; isLetter(c) && int(c-'A') < w.Options && (len(text) > 1 && text[1] >= 0x80 || len(text) > 2 && strings.ContainsRune(between, rune(text[1]))) && r.Quoted {
			return Near
		}
	}
	return NoMatch
}

// fit makes a value of the options that were picked, as far as they can be one.
func (w Want) fit(picked []byte) (string, Verdict) {
	known := 0
	for _, p := range picked {
		if int(p) < min(w.Options, len(alphabet)) {
			known++
		}
	}
	switch {
	case known*2 < len(picked) && len(picked) > 1:
		return "", NoMatch // a word: OK, APP
	case known < len(picked), w.Kind == Single && len(picked) > 1:
		return "", Malformed
	case len(picked) == 1 && w.Kind != Order:
		return alphabet[picked[0] : picked[0]+1], OK
	}
	if w.Kind == Multiple {
		slices.Sort(picked)
		picked = slices.Compact(picked)
	}
	for i := range picked {
		picked[i] += 'A'
	}
	if w.Kind == Order {
		sorted := slices.Clone(picked)
		slices.Sort(sorted)
		if string(sorted) != letters(w.Options) {
			return "", Malformed
		}
	}
	return string(picked), OK
}

// said is the option whose whole text was typed; -1 when none. Letters, and
// digits where these are shown, always mean the option that they mark.
func (w Want) said(text string) int {
	first, size := utf8.DecodeRuneInString(text)
	if w.Kind == Order || size == len(text) && (first >= 'A' && first <= 'Z' || w.Digits && first >= '0' && first <= '9') {
		return -1
	}
	for i, option := range w.Texts[:max(0, min(len(w.Texts), w.Options, len(alphabet)))] {
		if begins(option, first) && closing(canonical(strings.TrimSpace(half(option)))) == text {
			return i
		}
	}
	return -1
}

// items reads options by letter and text (B. 红色, B红色) or by their texts alone
// (支委会、党课), as many as stand there.
func (w Want) items(picked []byte, text string) ([]byte, bool) {
	if len(w.Texts) == 0 || len(text) > 600 {
		return nil, false
	}
	for text = strings.TrimLeft(text, between); text != ""; text = strings.TrimLeft(text, between+"和与及+/") {
		n, i := w.item(text)
		if n == 0 || len(picked) == maxChoice {
			return nil, false
		}
		picked, text = append(picked, byte(i)), text[n:]
	}
	return picked, len(picked) > 0
}

// item is the option that a text begins with and how much of it that takes; 0 when
// there is none.
func (w Want) item(text string) (n, option int) {
	texts := w.Texts[:max(0, min(len(w.Texts), w.Options, len(alphabet)))]
	if i := int(text[0]) - 'A'; i >= 0 && i < len(texts) {
		rest := strings.TrimLeft(text[1:], between+")-是")
		own := optionText(texts[i])
		switch {
		case own != "" && strings.HasPrefix(rest, own):
			return len(text) - len(rest) + len(own), i
		case len(rest) >= 6 && strings.HasPrefix(own, rest): // the beginning of it
			return len(text), i
		case rest == "" || len(rest) < len(text)-1 && rest[0] >= 'A' && rest[0] <= 'Z':
			return len(text) - len(rest), i
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	for i, t := range texts {
		if !begins(t, first) {
			continue
		}
		if own := optionText(t); len(own) > n && len(own) > 1 && strings.HasPrefix(text, own) {
			n, option = len(own), i
		}
	}
	return n, option
}

func optionText(s string) string { return closing(canonical(strings.TrimSpace(half(s)))) }

// begins sorts out cheaply what cannot be equal: an option and a text that
// begin with different characters. first is canonical.
func begins(option string, first rune) bool {
	r, _ := utf8.DecodeRuneInString(option)
	switch {
	case r >= 0x4E00 && r <= 0x9FFF:
		return simple(r) == first
	case r > ' ' && r < 0x7F && (len(option) == 1 || option[1] < 0x7F):
		return unicode.ToUpper(r) == first
	}
	return true
}

// cutTail drops what stands behind an option: A吧, A项, AB都对, A是对的.
func cutTail(s string, k Kind) string {
	tails := []string{"必须的", "老师", "书记", "选项", "项", "是正确的", "是对的", "正确", "没错", "这个", "肯定", "应该对", "的"}
	if k == Multiple {
		tails = []string{"全选", "三项", "两项", "四项", "选项", "项", "都是正确的", "都是对的", "都正确", "都对", "都选", "都是", "是对的", "正确", "没错", "三个", "两个", "四个", "的", "都"}
	}
	if s == "" || s[len(s)-1] < 0x80 {
		return s
	}
	if rest := cutEndings(s, tails...); rest[len(rest)-1] < 0x80 || !strings.HasSuffix(s, "项") {
		return rest
	}
	return s // 一项
}

// maxChoice bounds a text of options, in bytes.
const maxChoice = 80

// manner is how options were named.
type manner int

const (
	lettered manner = iota // AC
	counted                // 1,3
	ordinal                // 第二个
	spelled                // by their texts
)

// options reads "AC", "A、C", "A-D", "1,3", "第二个" and appends the indices to picked;
// false when the text is anything else.
func (w Want) options(picked []byte, text string) (_ []byte, how manner, ok bool) {
	if len(text) > maxChoice {
		return nil, 0, false
	}
	if i, how, ok := w.ordinal(text); ok {
		return append(picked, byte(i)), how, true
	}
	parted, ranging, digits := true, false, false
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		from := len(picked)
		switch {
		case c >= 'A' && c <= 'Z' && (parted || !digits):
			picked, digits = append(picked, byte(c-'A')), false
		case c >= '0' && c <= '9' && parted:
			size = len(text[i:]) - len(strings.TrimLeft(text[i:], "0123456789"))
			var ok bool
			if picked, ok = w.numbers(picked, text[i:i+size]); !ok {
				return nil, 0, false
			}
			digits = true
			if size == len(text) {
				how = counted
			}
		case w.separates(c) && len(picked) > 0 && !ranging && i+size < len(text):
			parted = true
		case strings.ContainsRune("-~至到", c) && len(picked) > 0 && !ranging && (!digits || w.Digits):
			parted, ranging = true, true
		case c == ' ' && ranging:
		default:
			return nil, 0, false
		}
		i += size
		if len(picked) == from {
			continue
		}
		parted = false
		if ranging {
			if picked = span(picked, from); picked == nil {
				return nil, 0, false
			}
			ranging = false
		}
	}
	return picked, how, len(picked) > 0 && len(picked) <= maxChoice && !ranging
}

// ordinal reads 第二个, 第2项, 二.
func (w Want) ordinal(text string) (option int, how manner, ok bool) {
	rest, nth := strings.CutPrefix(text, "第")
	counter := false
	for _, unit := range []string{"个选项", "个答案", "选项", "个", "项", "条", "种", "号"} {
		if before, ok := strings.CutSuffix(rest, unit); ok {
			rest, counter = before, true
			break
		}
	}
	if !nth && counter && rest != "" && rest[0] >= 0x80 {
		return 0, 0, false // 一项, 两个
	}
	n := strings.Index("一二三四五六七八九", rest) / 3
	switch {
	case len(rest) == 3 && rest[0] >= 0x80 && strings.Contains("一二三四五六七八九", rest):
	case len(rest) == 1 && rest[0] >= '1' && rest[0] <= '9' && (nth || counter):
		n = int(rest[0] - '1')
	default:
		return 0, 0, false
	}
	if w.Kind == Order || n >= w.Options {
		return 0, 0, false
	}
	if nth || counter {
		return n, ordinal, true
	}
	return n, counted, true
}

// span fills in what lies between the ends of a range; nil when it is none.
func span(picked []byte, at int) []byte {
	from, to := picked[at-1], picked[at]
	if len(picked) != at+1 || from >= to {
		return nil
	}
	picked = picked[:at]
	for p := from + 1; p <= to; p++ {
		picked = append(picked, p)
	}
	return picked
}

func (w Want) separates(c rune) bool {
	if strings.ContainsRune("→>-—", c) {
		return w.Kind == Order
	}
	return strings.ContainsRune(" 、,+;/和与及加跟丶|.·\n", c)
}

// numbers reads a run of digits: one of the first nine options; 13 as the
// first and the third, where several may be picked of less than ten; 13 as the
// thirteenth, where there are so many. Where letters are shown, a single digit
// counts, as long as there is such an option, and several that rise.
func (w Want) numbers(picked []byte, run string) ([]byte, bool) {
	switch {
	case len(run) == 1 && run != "0":
		return append(picked, run[0]-'1'), w.Digits || w.Kind != Order && int(run[0]-'0') <= w.Options
	case len(run) > maxChoice:
		return nil, false
	case !w.Digits:
		if w.Kind != Multiple || w.Options >= 10 {
			return nil, false
		}
		for i := range len(run) {
			if run[i] == '0' || int(run[i]-'0') > w.Options || i > 0 && run[i] <= run[i-1] {
				return nil, false
			}
		}
	case w.Options >= 10:
		n := 0
		for _, c := range run[:min(len(run), 3)] {
			n = n*10 + int(c-'0')
		}
		return append(picked, byte(n-1)), run[0] != '0' && n <= w.Options
	}
	for i := range len(run) {
		if run[i] == '0' {
			return nil, false
		}
		picked = append(picked, run[i]-'1')
	}
	return picked, w.Kind != Single
}
