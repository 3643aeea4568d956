package bot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/config"
	"branchbot/bot/console"
)

const edited = `language: zh-CN
# how much the bot may say
conduct:
  quiet_hours: "21:00-08:00"   # at night

# where people chat
accounts: [{platform: web}]
`

// newEditor edits a file; what is taken in must be a right configuration.
func newEditor(t *testing.T, text string) *editor {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(name, []byte(text), func(string) (string, bool) { return "secret", true })
	if err != nil {
		t.Fatal(err)
	}
	return &editor{config: f, reload: func(f *config.File) error {
		_, err := ReadSettings(f)
		return err
	}, told: func() error { return nil }}
}

func (e *editor) content(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(e.config.Name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEditSection(t *testing.T) {
	t.Parallel()
	e := newEditor(t, edited)
	s, err := e.Section("conduct")
	if err != nil {
		t.Fatal(err)
	}
	if s.Line != 3 || s.Text != "conduct:\n  quiet_hours: \"21:00-08:00\"   # at night\n" {
		t.Errorf("line %d:\n%s", s.Line, s.Text)
	}
	if err := e.SetSection("conduct", "conduct:\n  notices_per_day: 3\n", s.Base); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(edited, `  quiet_hours: "21:00-08:00"   # at night`, "  notices_per_day: 3", 1)
	if got := e.content(t); got != want {
		t.Errorf("the file is now:\n%s", got)
	}
	if info, err := os.Stat(e.config.Name); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := e.SetSection("conduct", "conduct:\n  notices_per_day: 5\n", s.Base); !errors.Is(err, console.ErrChanged) {
		t.Errorf("a second secretary overwrites the first: %v", err)
	}
	points, err := e.Section("points")
	if err != nil || points.Line != 0 || points.Text != "" {
		t.Errorf("%+v %v", points, err)
	}
	if err := e.SetSection("points", "points:\n  rules:\n    - {id: a, on: quiz.correct, points: 1}", points.Base); err != nil {
		t.Fatal(err)
	}
	if again, err := e.Section("points"); err != nil || again.Line != 8 || !strings.Contains(again.Text, "quiz.correct") {
		t.Errorf("%+v %v", again, err)
	}
}

// A broken edit, and one that reaches for more, keeps the file as it was.
func TestBrokenEdit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"conduct: {quiet_hours: \"9\"}":        `config.yaml:3: conduct.quiet_hours: "9": write it as 21:00-08:00, or off`,
		"conduct: {notice_per_day: 3}":         "unknown key",
		"conduct: [":                           "did not find expected node content",
		"":                                     "write it as conduct: …",
		"points: {rules: []}":                  "write it as conduct: …",
		"conduct: {}\nlisten: 0.0.0.0:80":      "this can hold conduct: alone",
		"conduct: {}\n---\nlisten: 0.0.0.0:80": "this can hold conduct: alone",
		"conduct: {quiet_hours: \"${FILE:/etc/shadow}\"}": "${…} can be written in the file only",
		"conduct: {quiet_hours: *anchor}":                 "unknown anchor",
		"conduct: {quiet_hours: !!binary AAAA}":           "conduct",
	} {
		e := newEditor(t, edited)
		s, err := e.Section("conduct")
		if err != nil {
			t.Fatal(err)
		}
		if err := e.SetSection("conduct", text, s.Base); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if e.content(t) != edited {
			t.Errorf("%q has changed the file:\n%s", text, e.content(t))
		}
	}
	for _, text := range []string{"{language: en, conduct: {}}", "language: en\nconduct: {notices_per_day: 1}"} {
		e := newEditor(t, text)
		s, err := e.Section("conduct")
		if err != nil {
			t.Fatal(err)
		}
		err = e.SetSection("conduct", "conduct: {notices_per_day: 2}", s.Base)
		if one := strings.HasPrefix(text, "{"); (err != nil) != one {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The words of files that never were are reported as such.
func TestNoFile(t *testing.T) {
	t.Parallel()
	e := newEditor(t, edited)
	if err := os.Remove(e.config.Name); err != nil {
		t.Fatal(err)
	}
	if s, err := e.Section("conduct"); err != nil || s.Why == "" {
		t.Errorf("%+v %v", s, err)
	}
}
