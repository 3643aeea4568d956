// Package font holds the one font that the program draws and prints with, so
// that pictures and PDFs look the same wherever it runs.
package font

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"branchbot/bot/chat"
)

// TTF is WenQuanYi Micro Hei, cut down by make.sh to the characters of GBK,
// without hinting. Its licence is in LICENSE.txt. Nobody may change it.
//
//go:embed font.ttf
var TTF []byte

var parsed = sync.OnceValue(func() *sfnt.Font {
	f, err := sfnt.Parse(TTF)
	if err != nil {
		panic(err) // embedded, and tested
	}
	return f
})

// missing stands for a character that the font lacks, so that it is seen that
// there is one.
const missing = '□'

// alike are signs that the font has in the place of ones that it lacks.
var alike = strings.NewReplacer("✅", "✓", "☑", "✓", "❌", "✘", "✗", "✘", "❤", "♥", "⭐", "★", "🌟", "★", "〜", "～",
	"℃", "°C", "℉", "°F", "Ⅴ", "V", "Ⅹ", "X",
	"‐", "-", "‑", "-", "−", "－", "•", "·", "\u00a0", " ", "\u2002", " ", "\u2003", "　")

// Printable is a text in characters that the font has: what hides or reorders
// text is removed, and each character that is lacking (an emoji of several
// parts is one) becomes a box, so that none vanishes silently.
func Printable(text string) string {
	var b strings.Builder
	var buf sfnt.Buffer
	runes := []rune(alike.Replace(norm.NFC.String(chat.Clean(text))))
	for i := 0; i < len(runes); {
		end := i + 1
		for end < len(runes) && (joins(runes[end]) || runes[end-1] == '\u200d') {
			end++
		}
		if cluster := slices.DeleteFunc(runes[i:end:end], selects); lacks(&buf, cluster) {
			b.WriteRune(missing)
		} else {
			b.WriteString(string(cluster))
		}
		i = end
	}
	return b.String()
}

// joins tells the parts of a character that stand after its first.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == '\u200d' || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

// selects tells what only says how to show the character before it.
func selects(r rune) bool { return r >= 0xfe00 && r <= 0xfe0f }

func lacks(buf *sfnt.Buffer, cluster []rune) bool {
	for _, r := range cluster {
		if r == '\n' {
			continue
		}
		if i, err := parsed().GlyphIndex(buf, r); err != nil || i == 0 {
			return true
		}
	}
	return false
}
