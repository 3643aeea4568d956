// Package charset reads text files as Windows, Word and Excel in China write them.
package charset

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/unicode/norm"

	utf16 "golang.org/x/text/encoding/unicode"
)

// ErrUnknown tells that bytes are no text that can be read.
var ErrUnknown = errors.New("the text is neither UTF-8, UTF-16 nor GBK")

// Decode makes a text of bytes in UTF-8, GB18030 (which includes GBK and GB2312), UTF-16 or
// UTF-32, with a byte order mark or without one. Its lines end with \n.
func Decode(data []byte) (string, error) {
	text, err := decode(data)
	if err != nil {
		return "", err
	}
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text, nil
}

func decode(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(data, []byte{0, 0, 0xfe, 0xff}):
		return checked(utf32.UTF32(utf32.LittleEndian, utf32.ExpectBOM).NewDecoder().Bytes(data))
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return checked(utf16.UTF16(utf16.LittleEndian, utf16.ExpectBOM).NewDecoder().Bytes(data))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if utf8.Valid(data) && !bytes.ContainsRune(data, 0) {
		return string(data), nil
	}
	if order, ok := order(data); ok {
		return checked(utf16.UTF16(order, utf16.IgnoreBOM).NewDecoder().Bytes(data))
	}
	return checked(simplifiedchinese.GB18030.NewDecoder().Bytes(data))
}

// order guesses the order of bytes of UTF-16 without a mark: every second byte of line ends,
// digits and blanks is 0.
func order(data []byte) (utf16.Endianness, bool) {
	zeros := [2]int{}
	for i, c := range data {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch few := len(data) / 50; {
	case len(data)%2 != 0:
	case zeros[1] > few && zeros[0] <= zeros[1]/10:
		return utf16.LittleEndian, true
	case zeros[0] > few && zeros[1] <= zeros[0]/10:
		return utf16.BigEndian, true
	}
	return utf16.LittleEndian, false
}

// checked refuses what the decoders put U+FFFD for, without an error.
func checked(text []byte, err error) (string, error) {
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || bytes.ContainsRune(text, 0) {
		return "", ErrUnknown
	}
	return string(text), nil
}

// Visible drops characters that nobody sees (zero-width ones, soft hyphens, controls, private
// ones of Word's symbol fonts), makes blanks of special ones, and characters of the radicals
// that a copy from a PDF has in their place.
func Visible(text string) string {
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !odd(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Zs, r) || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f':
			b.WriteByte(' ')
		case r >= 0x2e80 && r <= 0x2fdf:
			if full, ok := radicals[r]; ok {
				r = full
			}
			b.WriteString(norm.NFKC.String(string(r)))
		}
	}
	return b.String()
}

// odd tells of a character that Visible changes. U+3000 is a blank in Chinese texts.
func odd(r rune) bool {
	switch {
	case r < 0x80:
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f
	case r == '\u3000':
		return false
	case r >= 0x2e80 && r <= 0x2fdf:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co, unicode.Zs, unicode.Zl, unicode.Zp)
}

// radicals are those that have no compatibility form in Unicode and come out of PDF files.
var radicals = map[rune]rune{
	'⺁': '厂', '⺇': '几', '⺌': '小', '⺎': '兀', '⺏': '尣', '⺐': '尢', '⺒': '巳', '⺓': '幺', '⺔': '彑', '⺖': '忄', '⺘': '扌',
	'⺙': '攵', '⺛': '旡', '⺝': '月', '⺟': '母', '⺠': '民', '⺡': '氵', '⺣': '灬', '⺤': '爫', '⺨': '犭', '⺩': '王', '⺪': '疋',
	'⺬': '示', '⺭': '礻', '⺮': '竹', '⺯': '糹', '⺰': '纟', '⺳': '网', '⺶': '羊', '⺹': '耂', '⺻': '聿', '⺼': '月', '⺾': '艹',
	'⻁': '虎', '⻂': '衤', '⻄': '西', '⻅': '见', '⻆': '角', '⻈': '讠', '⻉': '贝', '⻋': '车', '⻌': '辶', '⻍': '辶', '⻏': '阝',
	'⻑': '长', '⻒': '镸', '⻓': '长', '⻔': '门', '⻖': '阝', '⻘': '青', '⻙': '韦', '⻚': '页', '⻛': '风', '⻜': '飞', '⻝': '食',
	'⻢': '马', '⻣': '骨', '⻤': '鬼', '⻥': '鱼', '⻦': '鸟', '⻨': '麦', '⻩': '黄', '⻬': '齐', '⻮': '齿', '⻰': '龙', '⻳': '龟',
}
