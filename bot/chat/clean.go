package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks bounds the combining marks in a row; more only serve to paint over
// other people's lines.
const maxMarks = 4

// Clean makes a text harmless to show: it removes control characters other
// than line breaks, what reorders or hides text (bidi controls, zero-width
// characters outside emoji), marks in excess and broken UTF-8.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	marks := 0
	var before rune
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				continue
			}
		}
		if r == '\t' {
			r = ' '
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			marks++
		} else {
			marks = 0
		}
		if marks > maxMarks || hidden(r) && !(r == '\u200d' && isEmoji(before)) {
			continue
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// isClean is the quick way for nearly every text.
func isClean(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || r == '\t' || hidden(r) || unicode.Is(unicode.M, r) {
			return false
		}
	}
	return true
}

func hidden(r rune) bool {
	switch {
	case r == '\n':
		return false
	case unicode.IsControl(r), r == '\ufeff', r == '\u00ad', r == '\u2060':
		return true
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	case r >= 0xE0000 && r <= 0xE007F: // tag characters
		return true
	}
	return false
}

func isEmoji(r rune) bool { return r >= 0x1F000 || r >= 0x2190 && r <= 0x2BFF || r == '\ufe0f' }

func clean(spans []Span) []Span {
	out := make([]Span, 0, len(spans))
	for _, s := range spans {
		if s.Text = Clean(s.Text); s.Text != "" {
			out = append(out, s)
		}
	}
	return out
}

// maxName is how many runes of a name are shown.
const maxName = 32

// CleanName makes a name harmless to show: clean, on one line, at most 32
// runes. It is "" when nothing is left.
func CleanName(s string) string {
	runes := []rune(strings.Join(strings.Fields(Clean(s)), " "))
	if len(runes) > maxName {
		return string(runes[:maxName-1]) + "…"
	}
	return string(runes)
}
