package font_test

import (
	"testing"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/encoding/simplifiedchinese"

	"branchbot/bot/font"
)

func TestNothingIsMissing(t *testing.T) {
	t.Parallel()
	f, err := sfnt.Parse(font.TTF)
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
		return i != 0
	}
	skip := func(r rune) bool {
		return r == '\uFFFD' || r >= 0xe000 && r <= 0xf8ff ||
			r == 'ɑ' || r == 'ɡ' || r == 'ǹ' || r == 'ḿ' // letters of pinyin that WenQuanYi lacks
	}
	for first := byte(0xa1); first < 0xf8; first++ { // GB2312
		for second := byte(0xa1); second < 0xff; second++ {
			text, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{first, second})
			if err != nil {
				t.Fatal(err)
			}
			if r := []rune(string(text))[0]; !skip(r) && !has(r) {
				t.Errorf("%c (%U) has no glyph", r, r)
			}
		}
	}
	for _, r := range "玥喆堃祎翀镕旻赟✓✔✘★·—…《》①⑩⑪⑳√×≥≤±℃éüÀ€~{}" {
		if !has(r) {
			t.Errorf("%c (%U) has no glyph", r, r)
		}
	}
	if has('䶮') {
		t.Error("䶮 has a glyph: look for another example of a rare character")
	}
}
