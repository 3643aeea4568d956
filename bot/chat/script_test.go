package chat

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spokenRows are also the seeds of FuzzParseSpoken.
var spokenRows = []struct {
	line string
	want Spoken // without a speaker: not a line of a script
}{
	{"张三: A", Spoken{Speaker: "张三", Text: "A"}},
	{"张三：A", Spoken{Speaker: "张三", Text: "A"}},
	{"张三:A", Spoken{Speaker: "张三", Text: "A"}},
	{"张三@demo: A", Spoken{Speaker: "张三@demo", Text: "A"}},
	{"李四 (私聊): /积分", Spoken{Speaker: "李四", Private: true, Text: "/积分"}},
	{"李四（私聊）：/积分", Spoken{Speaker: "李四", Private: true, Text: "/积分"}},
	{"Li (private): /points", Spoken{Speaker: "Li", Private: true, Text: "/points"}},
	{"张三: 12:30 开会", Spoken{Speaker: "张三", Text: "12:30 开会"}},
	{`张三: 一\n二`, Spoken{Speaker: "张三", Text: "一\n二"}},
	{"张三: [按 B]", Spoken{Speaker: "张三", Press: "B"}},
	{"张三: [按 确认 导入] ", Spoken{Speaker: "张三", Press: "确认 导入"}},
	{"张三: [press B]", Spoken{Speaker: "张三", Press: "B"}},
	{"张三: [按 [x]]", Spoken{Speaker: "张三", Press: "[x]"}},
	{"张三: [按]", Spoken{Speaker: "张三", Text: "[按]"}},
	{"张三: [引用 17] A", Spoken{Speaker: "张三", Quote: "17", Text: "A"}},
	{"张三: [quote 17]A", Spoken{Speaker: "张三", Quote: "17", Text: "A"}},
	{"张三: [引用 17]", Spoken{Speaker: "张三", Text: "[引用 17]"}},
	{"张三:", Spoken{}},
	{"张三:  　", Spoken{}},
	{": A", Spoken{}},
	{"没有人说的话", Spoken{}},
	{"张 三: A", Spoken{}},
	{"张三 (大声): A", Spoken{}},
	{strings.Repeat("长", 41) + ": A", Spoken{}},
	{"", Spoken{}},
}

func TestParseSpoken(t *testing.T) {
	t.Parallel()
	for _, c := range spokenRows {
		got, ok := ParseSpoken(c.line)
		if ok != (c.want.Speaker != "") {
			t.Errorf("%q is a line: %v", c.line, ok)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.line, diff)
		}
	}
}

func FuzzParseSpoken(f *testing.F) {
	for _, c := range spokenRows {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s, ok := ParseSpoken(line)
		switch {
		case !ok && s != (Spoken{}):
			t.Errorf("%q is no line, but says %+v", line, s)
		case ok && (s.Speaker == "" || strings.ContainsAny(s.Speaker, ":： ")):
			t.Errorf("%q has the speaker %q", line, s.Speaker)
		case ok && (s.Press == "") == (s.Text == ""):
			t.Errorf("%q presses %q and says %q", line, s.Press, s.Text)
		case ok && s.Press != "" && s.Quote != "":
			t.Errorf("%q presses and quotes", line)
		}
	})
}

func TestFindButton(t *testing.T) {
	t.Parallel()
	rows := [][]Button{{{Label: "A. 每季度", Data: "17:A", Word: "A"}}, {{Label: "不会", Data: "17:?"}, {Label: "B", Data: "17:B"}}}
	for label, want := range map[string]string{"A": "17:A", "A. 每季度": "17:A", "不会": "17:?", "B": "17:B", "C": "", "": "", "a": ""} {
		if b, ok := FindButton(rows, label); b.Data != want || ok != (want != "") {
			t.Errorf("%q finds %q (%v), want %q", label, b.Data, ok, want)
		}
	}
}
