package command

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func letters(n int) string { return alphabet[:max(0, min(n, len(alphabet)))] }

// choice reads letters (or digits, where options are shown so) as options.
func (r Reply) choice(w Want) (Answer, Verdict) {
	text := cutLead(r.Text)
	i := w.said(text)
	if i < 0 && text != r.Text {
		i = w.said(r.Text)
	}
	if i >= 0 {
		return Answer{Value: alphabet[i : i+1]}, OK
	}
	switch text {
	case "全选", "全部", "全对", "都选", "都对", "以上都对", "以上全对", "以上都是", "ALL":
		if w.Kind != Multiple {
			return Answer{}, Malformed
		}
		return Answer{Value: letters(w.Options)}, OK
	}
	var space [maxChoice]byte
	text = cutTail(text, w.Kind)
	picked, ok := w.options(space[:0], text, text == r.Text)
	if !ok {
		return Answer{}, NoMatch
	}
	value, v := w.fit(picked)
	return Answer{Value: value}, v
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

// cutTail drops the particles after an option: A吧, A项, AB都对.
func cutTail(s string, k Kind) string {
	if len(s) < 4 || s[len(s)-1] < 0x80 {
		return s
	}
	for _, tail := range []string{"选项", "吧", "项", "啊", "呀", "哦", "都对", "都选"} {
		rest, ok := strings.CutSuffix(s, tail)
		if ok && rest != "" && (k == Multiple || !strings.HasPrefix(tail, "都")) {
			return rest
		}
	}
	return s
}

// maxChoice bounds a text of options, in bytes.
const maxChoice = 80

// options reads "AC", "A、C", "A-D", "1,3" and appends the indices to picked;
// false when the text is anything else. bare: nothing stood before it, so that
// a Chinese number is an option (一, but not 选一项).
func (w Want) options(picked []byte, text string, bare bool) ([]byte, bool) {
	if len(text) > maxChoice {
		return nil, false
	}
	if bare && len(text) == 3 {
		if i := strings.Index("一二三四五六七八九", text); i >= 0 && i/3 < w.Options {
			return append(picked, byte(i/3)), true
		}
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
				return nil, false
			}
			digits = true
		case w.separates(c) && len(picked) > 0 && !ranging && i+size < len(text):
			parted = true
		case strings.ContainsRune("-~至到", c) && len(picked) > 0 && !ranging && (!digits || w.Digits):
			parted, ranging = true, true
		case c == ' ' && ranging:
		default:
			return nil, false
		}
		i += size
		if len(picked) == from {
			continue
		}
		parted = false
		if ranging {
			if picked = span(picked, from); picked == nil {
				return nil, false
			}
			ranging = false
		}
	}
	return picked, len(picked) > 0 && len(picked) <= maxChoice && !ranging
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
	return strings.ContainsRune(" 、,+;/和与及|.\n", c)
}

// numbers reads a run of digits: one of the first nine options; 13 as the
// first and the third, where several may be picked of less than ten; 13 as the
// thirteenth, where there are so many. Where letters are shown, a single digit
// counts, as long as there is such an option.
func (w Want) numbers(picked []byte, run string) ([]byte, bool) {
	switch {
	case len(run) == 1 && run != "0":
		return append(picked, run[0]-'1'), w.Digits || w.Kind != Order && int(run[0]-'0') <= w.Options
	case !w.Digits || len(run) > maxChoice:
		return nil, false
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
