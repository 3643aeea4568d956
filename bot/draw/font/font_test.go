package font_test

import (
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/encoding/simplifiedchinese"

	shipped "branchbot/bot/draw/font"
)

// Of GB2312 nothing is lacking but what WenQuanYi has no glyph for, and no
// glyph is empty.
func TestGlyphs(t *testing.T) {
	t.Parallel()
	f, err := sfnt.Parse(shipped.TTF)
	if err != nil {
		t.Fatal(err)
	}
	var buf sfnt.Buffer
	has := func(r rune) bool {
		t.Helper()
		i, err := f.GlyphIndex(&buf, r)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			return false
		}
		box, _, err := f.GlyphBounds(&buf, i, fixed.I(20), font.HintingNone)
		if err != nil {
			t.Fatal(err)
		}
		if box.Empty() && r != ' ' && r != '\u3000' {
			t.Errorf("%c (%U) has an empty glyph", r, r)
		}
		return true
	}
	lacking := map[rune]bool{'\uFFFD': true}
	for _, r := range "ǎǐǒǔǘǚǜˊˋ℃℉ⅤⅩɑɡǹḿ" {
		lacking[r] = true
	}
	for first := byte(0xa1); first < 0xf8; first++ {
		for second := byte(0xa1); second < 0xff; second++ {
			text, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{first, second})
			if err != nil {
				t.Fatal(err)
			}
			if r := []rune(string(text))[0]; !lacking[r] && (r < 0xe000 || r > 0xf8ff) && !has(r) {
				t.Errorf("%c (%U) has no glyph", r, r)
			}
		}
	}
	for _, r := range "玥喆堃祎翀镕旻赟✓✔✘□★♥·—…《》①⑩⑪⑳√×≥≤±°éüÀ€~{}" {
		if !has(r) {
			t.Errorf("%c (%U) has no glyph", r, r)
		}
	}
	if has('䶮') {
		t.Error("䶮 has a glyph: look for another example of a rare character")
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"张三😀": "张三□",
		"王䶮":  "王□",
		"👨‍👩‍👧‍👦一家👍🏽":    "□一家□",
		"完成✅，未完成❌":       "完成✓，未完成✘",
		"Rene\u0301":     "René",
		"张\u202e三\u200b": "张三",
		"x\u0336y":       "□y",
		"❤️":             "♥",
		"玥喆堃祎 ①⑳ ±0.5℃ √×≥≤": "玥喆堃祎 ①⑳ ±0.5°C √×≥≤",
	} {
		if got := shipped.Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
