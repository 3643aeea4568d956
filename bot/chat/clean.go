package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks bounds the combining marks in a row; more only serve to paint over
// other people's lines.
const maxMarks = 8

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
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			if _, size = utf8.DecodeRuneInString(s[i:]); size == 1 {
				continue
			}
		}
		if r == '\t' {
			r = ' '
		}
		if hidden(r) && !inEmoji(r, before, s[i+size:]) {
			continue // before the marks are counted, or it would hide a longer row of them
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
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

// hidden tells whether a rune shows nothing by itself.
func hidden(r rune) bool {
	switch r {
	case '\n':
		return false
	case '\u2028', '\u2029', // line and paragraph separators
		'\u115f', '\u1160', '\u3164', '\uffa0', // Hangul fillers: letters that look like nothing
		'\u034f': // combining grapheme joiner
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r >= 0xFE00 && r <= 0xFE0F
}

// inEmoji tells whether a hidden rune is one that emoji are made of and stands
// where it works: a joiner between two emoji, a presentation selector after
// one.
func inEmoji(r, before rune, rest string) bool {
	switch r {
	case '\u200d':
		next, _ := utf8.DecodeRuneInString(rest)
		return (isEmoji(before) || before == '\ufe0f') && isEmoji(next)
	case '\ufe0e', '\ufe0f':
		return isEmoji(before) || strings.ContainsRune("0123456789#*©®‼⁉™ℹ〰〽㊗㊙", before)
	}
	return false
}

func isEmoji(r rune) bool { return r >= 0x1F000 && r < 0x20000 || r >= 0x2190 && r <= 0x2BFF }

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
	s = strings.Join(strings.Fields(Clean(s)), " ")
	runes := []rune(s)
	if len(runes) <= maxName {
		return s
	}
	cut := wholeCharacter(s, len(string(runes[:maxName-1])))
	return strings.TrimRight(s[:cut], " \u200d") + "…"
}
