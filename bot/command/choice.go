package command

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// choice reads letters (or digits, where options are shown so) as options.
func (r Reply) choice(w Want) (Answer, Verdict) {
	text := stripLead(r.Text)
	if all(text, w) {
		return Answer{Value: letters(w.Options)}, OK
	}
	if i := said(text, w); i >= 0 {
		return Answer{Value: string(rune('A' + i))}, OK
	}
	picked, ok := options(stripTail(text), w)
	if !ok {
		return Answer{}, NoMatch
	}
	for _, p := range picked {
		if p >= w.Options {
			return Answer{}, Malformed
		}
	}
	value := make([]byte, len(picked))
	for i, p := range picked {
		value[i] = byte('A' + p)
	}
	switch w.Kind {
	case Single:
		if len(picked) != 1 {
			return Answer{}, Malformed
		}
	case Multiple:
		slices.Sort(value)
		value = slices.Compact(value)
	case Order:
		sorted := slices.Sorted(slices.Values(value))
		if string(sorted) != letters(w.Options) {
			return Answer{}, Malformed
		}
	}
	return Answer{Value: string(value)}, OK
}

// all tells whether the text means every option: 全选, 以上都对, ABCD都对.
func all(text string, w Want) bool {
	if w.Kind != Multiple {
		return false
	}
	switch text {
	case "全选", "全部", "全对", "都选", "都对", "以上都对", "以上全对", "以上都是", "ALL":
		return true
	}
	rest, ok := strings.CutSuffix(text, "都对")
	return ok && strings.TrimSpace(rest) == letters(w.Options)
}

// said is the option whose whole text was typed; -1 when none.
func said(text string, w Want) int {
	if len(text) < 2 || w.Kind == Order {
		return -1
	}
	folded := strings.ToLower(text)
	return slices.IndexFunc(w.Texts, func(option string) bool {
		return len(option) >= len(text)/2 && Fold(option) == folded
	})
}

func letters(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return alphabet[:min(n, len(alphabet))]
}

// stripTail drops the particles after a letter: A吧, A项, A选项.
func stripTail(s string) string {
	for _, tail := range []string{"选项", "吧", "项", "啊", "呀", "哦"} {
		if rest, ok := strings.CutSuffix(s, tail); ok && rest != "" {
			return rest
		}
	}
	return s
}

// separators may stand between options.
const separators = " 、,，+;；/和与及|→>."

// options reads "AC", "A、C", "A-D", "1,3"; false when the text is anything
// else.
func options(text string, w Want) ([]int, bool) {
	if len(text) > 80 {
		return nil, false
	}
	var picked []int
	rangeFrom, separated := -1, true
	for i, c := range text {
		if strings.ContainsRune(separators, c) {
			separated = true
			continue
		}
		if c == '-' || c == '~' || c == '至' || c == '到' {
			if len(picked) == 0 || rangeFrom >= 0 {
				return nil, false
			}
			rangeFrom = picked[len(picked)-1]
			continue
		}
		p, ok := option(c, w, text, i)
		if !ok {
			return nil, false
		}
		if isDigitOption(c) && !separated && w.Options >= 10 {
			return nil, false // 13 may be thirteen
		}
		if rangeFrom >= 0 {
			if p <= rangeFrom || p-rangeFrom > 26 {
				return nil, false
			}
			for q := rangeFrom + 1; q < p; q++ {
				picked = append(picked, q)
			}
			rangeFrom = -1
		}
		picked = append(picked, p)
		separated = false
	}
	return picked, len(picked) > 0 && len(picked) <= 26 && rangeFrom < 0
}

func isDigitOption(c rune) bool { return c < 'A' || c > 'Z' }

// option is the index that one character stands for.
func option(c rune, w Want, text string, at int) (int, bool) {
	if c >= 'A' && c <= 'Z' {
		return int(c - 'A'), true
	}
	// A lone digit is option one even where letters are shown, if there is
	// such an option; several digits only where digits are shown.
	alone := at == 0 && utf8.RuneCountInString(text) == 1
	if !w.Digits && !(alone && w.Kind == Single) {
		return 0, false
	}
	if c >= '1' && c <= '9' {
		return int(c - '1'), w.Digits || int(c-'1') < w.Options
	}
	if i := strings.IndexRune("一二三四五六七八九", c); i >= 0 {
		return i / len("一"), w.Digits || i/len("一") < w.Options
	}
	return 0, false
}
