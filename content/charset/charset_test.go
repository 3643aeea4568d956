package charset

import (
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"UTF-8":        {[]byte("党课"), "党课"},
		"with a mark":  {[]byte("\xef\xbb\xbf党课"), "党课"},
		"GBK":          {[]byte("\xb5\xb3\xbf\xce"), "党课"},
		"UTF-16 LE":    {[]byte("\xff\xfeZQ\xfe\x8b"), "党课"},
		"UTF-16 BE":    {[]byte("\xfe\xff\x51\x5a\x8b\xfe"), "党课"},
		"half a GBK":   {[]byte("\xb5\xb3\xbf"), ""},
		"four byte GB": {[]byte("\x81\x39\xef\x30"), "㐁"},
	} {
		got, err := Decode(c.data)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: %q, and no error", name, got)
			}
			continue
		}
		if err != nil || got != c.want && got != "\ufeff"+c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("党课"))
	f.Add([]byte("\xb5\xb3\xbf\xce"))
	f.Add([]byte("\xff\xfeZQ"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if text, err := Decode(data); err == nil && !utf8.ValidString(text) {
			t.Errorf("%q became %q", data, text)
		}
	})
}
