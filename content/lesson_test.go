package content_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/content"
)

func TestLessonText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", front + "一\n\n二\n", "一\n\n二"},
		{"bom and crlf", "\ufeff" + strings.ReplaceAll(front+"一\n二\n", "\n", "\r\n"), "一\n二"},
		{"line in the text", front + "一\n\n---\n\n二", "一\n\n---\n\n二"},
		{"blanks behind the marks", strings.ReplaceAll(front, "---", "--- ") + "一", "一"},
		{"emoji and tabs", front + "❤️\t👍🏽", "❤️\t👍🏽"},
	} {
		p, err := content.Load(pack(map[string]string{"lessons/a-01.md": tt.in}), "demo")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, p.Lessons[0].Body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A lesson that loads can be sent; one that does not has its line in the error.
func FuzzLesson(f *testing.F) {
	f.Add(front + "一")
	for _, tt := range loadTests {
		for name, text := range tt.changes {
			if strings.HasSuffix(name, ".md") && len(text) < 10_000 {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return // pack would leave the file out
		}
		p, err := content.Load(pack(map[string]string{"lessons/a-01.md": text}), "demo")
		if err == nil {
			l := p.Lessons[0]
			if l.ID == "" || l.Title == "" || l.Body == "" || len([]rune(l.Body)) > 3500 {
				t.Errorf("lesson %+v", l)
			}
			return
		}
		for line := range strings.SplitSeq(faults(err), "\n") {
			if !strings.HasPrefix(line, "demo/lessons/a-01.md:") {
				t.Errorf("fault without a file: %s", line)
			}
		}
	})
}

// Links lead to pages, addresses and numbers; nothing else is shown as one, or run.
func TestLinksOfLessons(t *testing.T) {
	t.Parallel()
	load := func(body string) string {
		_, err := content.Load(pack(map[string]string{"lessons/a-01.md": front + body}), "demo")
		if err == nil {
			return ""
		}
		return faults(err)
	}
	for link, ok := range map[string]bool{
		"[看](https://example.org/a?b=1)": true, "<https://example.org>": true, "[写](mailto:a@example.org)": true, "[打](tel:+8610)": true, "没有链接": true,
		"[看](javascript:alert(1))": false, "[看](JavaScript:alert(1))": false, "[看](data:text/html,x)": false, "[看](file:///etc/passwd)": false,
		"[看](vbscript:x)": false, "[看](//example.org)": false, "[看](page)": false, "[看](https:)": false, "<javascript:alert(1)>": false,
		"[看](ja\tvascript:x \"题\")":           true, // no link in Markdown, and so plain text
		"> 引 [看][1]\n\n[1]: data:text/html,x": false,
	} {
		if got := load(link); (got == "") != ok {
			t.Errorf("%s: %q", link, got)
		}
	}
	got := load("第一段。\n\n第二段。\n再一行 [看](data:x)")
	if want := `the link "data:x" leads to no page`; !strings.Contains(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
	t.Log(got)
}
