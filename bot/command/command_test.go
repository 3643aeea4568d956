package command_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"branchbot/bot/command"
)

var names = []string{"支部小助手", "branchbot"}

var lines = map[string]command.Line{
	"/帮助":                             {Name: "帮助", Slash: true},
	"／帮助":                             {Name: "帮助", Slash: true},
	" /HELP  quiz ":                   {Name: "help", Args: "quiz", Slash: true},
	"／ＨＥＬＰ":                           {Name: "help", Slash: true},
	"/加入　张三 ０００２":                     {Name: "加入", Args: "张三 ０００２", Slash: true},
	"/help@branchbot x":               {Name: "help", Args: "x", Slash: true},
	"/help＠BranchBot":                 {Name: "help", Slash: true},
	"@支部小助手 帮助":                       {Name: "帮助", Mentioned: true},
	"＠支部小助手 帮助":                       {Name: "帮助", Mentioned: true},
	"@支部小助手，帮助":                       {Name: "帮助", Mentioned: true},
	"@支部小助手/帮助":                       {Name: "帮助", Slash: true, Mentioned: true},
	"@支部小助手\u2005/积分":                 {Name: "积分", Slash: true, Mentioned: true},
	"@Branchbot /points 3":            {Name: "points", Args: "3", Slash: true, Mentioned: true},
	"@支部小助手":                          {Mentioned: true},
	"@支部小助手\u2005":                    {Mentioned: true},
	"/通知 回执\n第一行\n\n第二行\n":            {Name: "通知", Args: "回执\n第一行\n\n第二行", Slash: true},
	"/出题\n题干\nA. 甲":                   {Name: "出题", Args: "题干\nA. 甲", Slash: true},
	"/通知：明天开会":                        {Name: "通知", Args: "明天开会", Slash: true},
	"/通知 见 http://x/y":                {Name: "通知", Args: "见 http://x/y", Slash: true},
	"/通知 Ａ　Ｂ 👨\u200d👩\u200d👧 ❤\ufe0f": {Name: "通知", Args: "Ａ　Ｂ 👨\u200d👩\u200d👧 ❤\ufe0f", Slash: true},
	"/通知 a\u202eb\u200bc\x00\r\nd":    {Name: "通知", Args: "abc\nd", Slash: true},
	"\ufeff/\u202e帮助":                 {Name: "帮助", Slash: true},
	"「王敏：问」\n- - - - - -\n/帮助":        {Name: "帮助", Slash: true},
}

var noLines = []string{"", " ", "/", "／ ", "/ 帮助", "/\n帮助", "//帮助", "/usr/bin", "/usr/bin/env -S", "/etc/hosts", `/c\d`, "1/2", "/2", "/::)", "/12-01", "帮助", "@", "@张三 帮助",
	"@张三 /帮助", "/help@otherbot", "/help@", "@支部小助手们好", "@支部小助手帮助", "@支部小助手 /", "@支部小助手 /usr/bin", "/" + strings.Repeat("一", 33), "/" + strings.Repeat("a", 70_000)}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range lines {
		got, ok := command.Parse(text, names...)
		if !ok {
			t.Errorf("%q is no command", text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	for _, text := range noLines {
		if got, ok := command.Parse(text, names...); ok {
			t.Errorf("%q is a command: %+v", text, got)
		}
	}
	if l, ok := command.Parse("/" + strings.Repeat("一", 32)); !ok || utf8.RuneCountInString(l.Name) != 32 {
		t.Errorf("a name of 32 characters: %+v", l)
	}
	if l, ok := command.Parse("/通知 " + strings.Repeat("x", 64<<10)); !ok || len(l.Args) != 64<<10 {
		t.Errorf("an argument of 64 KB: %v, %d bytes", ok, len(l.Args))
	}
	// A mention in front of prose is still a mention.
	if l, ok := command.Parse("@branchbot "+strings.Repeat("x", 2000), names...); !ok || !l.Mentioned || l.Slash {
		t.Errorf("a long text after a mention: %v %v %v", ok, l.Mentioned, l.Slash)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	got := command.Line{Args: "张三　０００２\u2003Ａbc\n\t①\u00a0第二 行\u200b"}.Fields()
	if d := cmp.Diff([]string{"张三", "0002", "Abc", "1", "第二", "行"}, got); d != "" {
		t.Error(d)
	}
}

// The words as they were typed are those that are read, one by one, whatever stands in them.
func TestWordsAreFields(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"张三 2 原因（三车间）", "a´b´c 2 x", "´ ¨ 2", "\u200b 张三 \u200b", "㎏ ﷺ ‗x", ""} {
		line := command.Line{Args: args}
		if words, fields := line.Words(), line.Fields(); len(words) != len(fields) {
			t.Errorf("%q: %q and %q", args, words, fields)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{" ＨＥＬＰ ": "help", "帮\u200b助": "帮助", "ﾃｽﾄ": "テスト", "e\u0301": "é", "A\u0301Ｂ": "áb", "㎏": "kg", "": "", "\xff": ""} {
		if got := command.Fold(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for r := rune(' '); r <= utf8.MaxRune; r++ {
		got := command.Fold("甲" + string(r) + "乙")
		want := strings.ToLower(norm.NFKC.String("甲" + string(r) + "乙"))
		if got != want && got != "甲乙" {
			t.Fatalf("%U: %q, want %q", r, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"帮助", "help", "积分", "points", "名单", "roster", "签到", "我的数据", "mydata", "出题"}
	for name, want := range map[string]string{"hlep": "help", "point": "points", "积份": "积分", "帮忙": "帮助", "rostr": "roster", "rotsre": "roster", "我的数字": "我的数据", "help": "help",
		"完全不同": "", "帮": "帮助", "x": "", "": "", "he": "", "数据": "", "分数": "", strings.Repeat("help", 2000): ""} {
		if got, ok := command.Nearest(name, known); got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	slices.Reverse(known)
	if got, _ := command.Nearest("题出", append(known, "题库")); got != "出题" && got != "题库" {
		t.Errorf("题出: %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for text := range lines {
		f.Add(text)
	}
	for _, text := range noLines {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := command.Parse(text, names...)
		if ok && l.Slash && (l.Name == "" || utf8.RuneCountInString(l.Name) > 32 || strings.ContainsAny(l.Name, "/\n")) {
			t.Errorf("%q is a command named %q", text, l.Name)
		}
		if !ok && l != (command.Line{}) {
			t.Errorf("%q is no command, but %+v", text, l)
		}
		if ok && !l.Slash && !l.Mentioned {
			t.Errorf("%q is a command without a reason", text)
		}
		l.Fields()
		command.Nearest(l.Name, []string{"帮助", "help"})
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, text string }{{"talk", "明天下午三点在会议室开会，请大家准时参加"}, {"command", "/积分"}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				command.Parse(c.text, names...)
				command.Fold(c.text)
			}
		})
	}
}
