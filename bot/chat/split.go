package chat

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Len is the length of a text in the unit.
func (u Unit) Len(s string) int {
	switch u {
	case Bytes:
		return len(s)
	case UTF16:
		n := 0
		for _, r := range s {
			n += utf16.RuneLen(r)
		}
		return n
	}
	return utf8.RuneCountInString(s)
}

func (u Unit) runeLen(r rune) int {
	switch u {
	case Bytes:
		return utf8.RuneLen(r)
	case UTF16:
		return utf16.RuneLen(r)
	}
	return 1
}

// split cuts text into pieces of at most limit units: after a paragraph if one
// ends in the second half of the piece, else after a line, a sentence, a
// space, a rune. A style goes on over the cut; white space at it is dropped.
func split(spans []Span, limit int, u Unit) [][]Span {
	if limit <= 0 {
		return [][]Span{spans}
	}
	var pieces [][]Span
	for {
		text := plain(spans)
		cut := cutAt(text, limit, u)
		head, tail := divide(spans, cut)
		if head = trim(head); len(head) > 0 {
			pieces = append(pieces, head)
		}
		if spans = trim(tail); len(spans) == 0 {
			return pieces
		}
	}
}

// cutAt is how many bytes of text go into the next piece.
func cutAt(text string, limit int, u Unit) int {
	used, end, floor := 0, len(text), 0
	for i, r := range text {
		if used += u.runeLen(r); used > limit && i > 0 { // at least one rune, or it would never end
			end = i
			break
		}
		if used <= limit/2 {
			floor = i
		}
	}
	if end == len(text) {
		return end
	}
	// White space after the window is dropped at the cut, so a paragraph that
	// just fits ends in the window too.
	gap := text[end : len(text)-len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))]
	window := text[floor:end] + gap
	for _, ends := range []string{"\n\n", "\n"} {
		if i := strings.LastIndex(window, ends); i > 0 {
			return floor + i
		}
	}
	for _, ends := range []string{"。！？!?；;…", "，,、 　"} {
		if i := lastEnd(text[floor:], len(window), ends); i > 0 {
			return floor + i
		}
	}
	return wholeCharacter(text, end)
}

// lastEnd is where the last character of ends stops within the first most
// bytes of the text, with the quotes and brackets that close after it; 0 if
// there is none. ASCII punctuation ends something only before white space: a
// "?" may stand in an address.
func lastEnd(text string, most int, ends string) int {
	const closers = "”’」』）)】》\""
	last := 0
	for i, r := range text[:most] {
		if !strings.ContainsRune(ends, r) {
			continue
		}
		stop := i + utf8.RuneLen(r)
		stop += len(text[stop:]) - len(strings.TrimLeft(text[stop:], closers))
		next, _ := utf8.DecodeRuneInString(text[stop:])
		inside := r < 0x80 && r != ' ' && stop < len(text) && !unicode.IsSpace(next)
		if stop > most || inside || wholeCharacter(text, stop) != stop {
			continue
		}
		last = stop
	}
	return last
}

// wholeCharacter moves a cut back so that it does not part a character from
// the marks and joiners that belong to it. A character that alone is longer
// than 64 bytes is cut: it is no character that anybody reads.
func wholeCharacter(text string, cut int) int {
	for back := cut; back > 0 && cut-back <= 64; {
		next, _ := utf8.DecodeRuneInString(text[back:])
		before, size := utf8.DecodeLastRuneInString(text[:back])
		if !joins(next) && before != '\u200d' && !(isFlag(next) && halfFlag(text[:back])) {
			return back
		}
		back -= size
	}
	return cut
}

// joins tells whether a rune belongs to the character before it.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == '\u200d' || r >= 0xFE00 && r <= 0xFE0F || r >= 0x1F3FB && r <= 0x1F3FF
}

func isFlag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// halfFlag tells whether a text ends in the first half of a flag, which is a
// pair of letters.
func halfFlag(text string) bool {
	return (utf8.RuneCountInString(text)-utf8.RuneCountInString(strings.TrimRightFunc(text, isFlag)))%2 == 1
}

// divide parts spans after so many bytes of their text.
func divide(spans []Span, at int) (head, tail []Span) {
	for _, s := range spans {
		switch {
		case at >= len(s.Text):
			head = append(head, s)
			at -= len(s.Text)
		case at <= 0:
			tail = append(tail, s)
		default:
			left, right := s, s
			left.Text, right.Text = s.Text[:at], s.Text[at:]
			head, tail = append(head, left), append(tail, right)
			at = 0
		}
	}
	return head, tail
}

// trim takes white space off both ends of the whole text.
func trim(spans []Span) []Span {
	out := append([]Span(nil), spans...)
	for len(out) > 0 {
		out[0].Text = strings.TrimLeftFunc(out[0].Text, unicode.IsSpace)
		if out[0].Text != "" {
			break
		}
		out = out[1:]
	}
	for len(out) > 0 {
		last := &out[len(out)-1]
		last.Text = strings.TrimRightFunc(last.Text, unicode.IsSpace)
		if last.Text != "" {
			break
		}
		out = out[:len(out)-1]
	}
	return out
}
