package draw

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	shipped "branchbot/bot/draw/font"
)

var parsed = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(shipped.TTF)
	if err != nil {
		panic(err) // embedded, and tested
	}
	return f
})

// longest is how many characters of a text are looked at; no place has room for
// as many.
const longest = 2000

// printable is the text in characters that the font has.
func printable(text string) string {
	runes := []rune(shipped.Printable(text))
	if len(runes) > longest {
		runes = append(runes[:longest-1], '…')
	}
	return string(runes)
}

// style is how a text looks.
type style struct {
	size int // of a Chinese character, in pixels
	bold bool
	ink  ink
}

// leading is the height of a line.
func (s style) leading() int { return s.size * 3 / 2 }

// faces are the font in the sizes that a picture needs. They are not for
// several goroutines.
type faces map[int]font.Face

func (f faces) of(size int) font.Face {
	if f[size] == nil {
		face, err := opentype.NewFace(parsed(), &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			panic(err) // the font is parsed already, and the options are right
		}
		f[size] = face
	}
	return f[size]
}

// width is of printable text in one line, in pixels.
func (f faces) width(text string, s style) int {
	face, total := f.of(s.size), fixed.Int26_6(0)
	for _, r := range text {
		advance, _ := face.GlyphAdvance(r)
		total += advance
	}
	return total.Ceil() + s.weight()
}

// weight is how much wider the strokes of bold text are, in pixels: the font
// has no bold.
func (s style) weight() int {
	if !s.bold {
		return 0
	}
	return max(1, s.size/28)
}

// Characters that do not begin a line, and such that do not end one.
const (
	closing = "，。、；：？！…—～·）》〉】〕」』”’％‰℃,.;:?!)]}%°"
	opening = "（《〈【〔「『“‘￥№([{"
)

// atoms are the pieces of a line between which it may be broken: a Chinese
// character with the punctuation that belongs to it, a word of Latin letters, a
// number.
func atoms(line string) []string {
	var out []string
	glue := false // the next character belongs to the last atom
	var before rune
	for _, r := range line {
		word := latin(r) && latin(before)
		pair := strings.ContainsRune(closing, r)
		if len(out) > 0 && (glue || word || pair || r == ' ') {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		glue = strings.ContainsRune(opening, r)
		before = r
	}
	return out
}

func latin(r rune) bool {
	return r < 0x2000 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_/@#&+.,:'%", r))
}

// wrap breaks printable text into lines of at most so many pixels, by the rules
// of Chinese typesetting. A word that is wider than a line is broken anywhere.
// Of more lines than most, the last one ends in an ellipsis.
func (f faces) wrap(text string, s style, width, most int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, f.fill(paragraph, s, width)...)
	}
	if len(lines) > most {
		last := []rune(strings.TrimRight(lines[most-1], " "))
		for len(last) > 0 && f.width(string(last)+"…", s) > width {
			last = last[:len(last)-1]
		}
		lines = append(lines[:most-1], string(last)+"…")
	}
	return lines
}

// fill breaks one paragraph.
func (f faces) fill(paragraph string, s style, width int) []string {
	var lines []string
	line := ""
	for _, atom := range atoms(paragraph) {
		for _, piece := range f.pieces(atom, s, width) {
			if line != "" && f.width(strings.TrimRight(line+piece, " "), s) > width {
				lines = append(lines, strings.TrimRight(line, " "))
				line = ""
			}
			if line == "" {
				piece = strings.TrimLeft(piece, " ")
			}
			line += piece
		}
	}
	return append(lines, strings.TrimRight(line, " "))
}

// pieces is the atom itself, or its characters when it does not fit in a line.
func (f faces) pieces(atom string, s style, width int) []string {
	if f.width(strings.TrimRight(atom, " "), s) <= width {
		return []string{atom}
	}
	return strings.Split(atom, "")
}

// fit is the text in at most so many lines, as large as fits: from the size of
// the style down to least. What does not fit even then ends in an ellipsis.
func (f faces) fit(text string, s style, width, most, least int) ([]string, style) {
	for ; s.size > least; s.size -= 2 {
		if f.width(text, s) > width*most {
			continue
		}
		if lines := f.wrap(text, s, width, most+1); len(lines) <= most {
			return lines, s
		}
	}
	return f.wrap(text, s, width, most), s
}

// title is a heading in one line, made smaller by a quarter at most; else in
// two lines of about the same width.
func (f faces) title(text string, s style, width int) ([]string, style) {
	if lines, small := f.fit(text, s, width, 1, s.size*3/4); f.width(text, small) <= width {
		return lines, small
	}
	lines, s := f.fit(text, s, width, 2, s.size/2)
	for narrow := width - s.size; narrow > width/2; narrow -= s.size {
		more := f.wrap(text, s, narrow, len(lines)+1)
		if len(more) > len(lines) {
			break
		}
		lines = more
	}
	return lines, s
}
