package roster

import (
	"strings"
	"testing"

	"branchbot/bot/command"
)

// Codes are read as people write them off a screen or a slip of paper.
func TestCodesAreReadSloppily(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ABCDE-FGHJK", "abcde-fghjk", "ABCDEFGHJK", " abcde fghjk ", "ＡＢＣＤＥ－ＦＧＨＪＫ", "ABCDE—FGHJK", "ABCDE – FGHJK", "AB CDE.FGHJK"} {
		if got := command.ReadCode(text); got != "ABCDEFGHJK" {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	for _, text := range []string{"", "ABCDE", "ABCDE-FGHJ", "ABCDE-FGHJKL", "张三 0002", "ABCDE-FGHJ0", "ABCDE/FGHJK", strings.Repeat("A", 1000)} {
		if got := command.ReadCode(text); got != "" {
			t.Errorf("%q is taken for the code %q", text, got)
		}
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add("abcde fghjk")
	f.Add("赵磊 0005")
	f.Fuzz(func(t *testing.T, text string) {
		if code := command.ReadCode(text); code != "" && len(code) != 10 {
			t.Errorf("%q is read as %q", text, code)
		}
	})
}
