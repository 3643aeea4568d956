package content_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"branchbot/content"
	"branchbot/content/strict"
)

// faults are the faults of an error, one a line.
func faults(err error) string {
	var list []string
	for _, e := range strict.List(err) {
		list = append(list, e.Error())
	}
	return strings.Join(list, "\n")
}

// show writes questions as tests compare them, without what is empty.
func show(questions []*content.Question) string {
	var b strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&b, "%d %s %s\n", q.At.Line, q.Type, strings.ReplaceAll(q.Ask, "\n", "⏎"))
		for i, o := range q.Options {
			fmt.Fprintf(&b, "  %c %s\n", 'A'+i, strings.ReplaceAll(o, "\n", "⏎"))
		}
		fmt.Fprintf(&b, "  = %s\n", q.Key())
		for _, f := range [][2]string{{"explain", q.Explain}, {"source", q.Source}, {"tags", strings.Join(q.Tags, " ")}} {
			if f[1] != "" {
				fmt.Fprintf(&b, "  %s %s\n", f[0], strings.ReplaceAll(f[1], "\n", "⏎"))
			}
		}
	}
	return b.String()
}

// bankTest is a text in one of the formats of question banks, with what is
// read and what is complained of.
type bankTest struct {
	name, in, want, faults string
}

func runBank(t *testing.T, tests []bankTest, parse func(file, text string) ([]*content.Question, error)) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			questions, err := parse("f", tt.in)
			if diff := cmp.Diff(strings.TrimLeft(tt.want, "\n"), show(questions)); diff != "" {
				t.Errorf("questions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.faults, faults(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// sound tells whether a question that a parser let pass is one that can be asked.
func sound(t *testing.T, questions []*content.Question) {
	t.Helper()
	for _, q := range questions {
		if q.ID == "" || q.Ask == "" || q.Answer == "" || q.At.Line < 1 {
			t.Errorf("question without id, text, answer or place: %+v", q)
		}
		if !q.Right(q.Answer) && q.Type != content.Number || q.Right("") {
			t.Errorf("the key is not right, or nothing is: %+v", q)
		}
	}
}

// pack is a folder of a good pack; changes replace files of it, and "" removes
// one.
func pack(changes map[string]string) fs.FS {
	files := map[string]string{
		"pack.yaml": "id: demo\ntitle: 示例\nversion: \"1\"\nlanguage: zh-CN\nlicence: CC0-1.0\nsource: 自编\n",
		"lessons/a-01.md": "---\nid: a-01\ntitle: 第一课\ntags: [safety]\nmedia:\n  - {file: media/x.png, alt: 图}\n" +
			"questions: [q-1]\nsource: 来源\n---\n正文。\n",
		"questions/a.yaml": "- id: q-1\n  type: single\n  ask: 问？\n  options: [甲, 乙]\n  answer: B\n  explain: 因为。\n  source: 来源\n  tags: [safety]\n",
		"media/x.png":      string(png(4, 4)),
	}
	for name, text := range changes {
		files[name] = text
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		if text != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}
