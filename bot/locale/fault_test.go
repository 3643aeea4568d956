package locale

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"branchbot/content/strict"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	err := errors.Join(&strict.Error{File: "config.yaml", Line: 3, Path: "units[0].naem", Problem: "unknown key", Hint: `did you mean "name"?`},
		&strict.Error{File: "config.yaml", Line: 4, Path: "units[0].staff", Problem: "expected a text", Found: "the number 12", Hint: `write "12" in quotes`},
		fmt.Errorf("content: %q is neither a shipped pack nor a folder (shipped packs: starter)", "startr"), errors.New("nobody has written this down"))
	for lang, want := range map[string][]string{
		"zh-CN": {"config.yaml:3: units[0].naem: 没有这一项（是不是 “name”？）", "config.yaml:4: units[0].staff: 这里要写文字，写的是数字 12（写成“12”，加引号）",
			"内容包“startr”既不是自带的，也不是文件夹（自带的有：starter）", "nobody has written this down"},
		"en": strings.Split(err.Error(), "\n"),
	} {
		if got := Faults(lang, err); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant:\n%s", lang, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if got := Faults("zh-CN", nil); got != nil {
		t.Errorf("no fault: %q", got)
	}
}

// Each phrase says in Chinese what its parts are, and has no others.
func TestPhrases(t *testing.T) {
	t.Parallel()
	for _, p := range phrases() {
		for i := range p.quoted {
			if part := fmt.Sprintf("{%d}", i+1); !strings.Contains(p.chinese, part) && strings.Contains(p.chinese, "{") {
				t.Errorf("%s: %q lacks %s", p.english, p.chinese, part)
			}
		}
		if extra := fmt.Sprintf("{%d}", len(p.quoted)+1); strings.Contains(p.chinese, extra) {
			t.Errorf("%s: %q has %s", p.english, p.chinese, extra)
		}
	}
}
