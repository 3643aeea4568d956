package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"branchbot/bot/config"
	"branchbot/bot/web"
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
	f, err := config.Load(name, []byte(text), func(name string) (string, bool) {
		v, ok := map[string]string{"SECRET": "hunter2", "QUIET": "22:00-07:00", "LANG": "en"}[name]
		return v, ok
	})
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
	if err := e.SetSection("conduct", "conduct:\n  notices_per_day: 5\n", s.Base); !errors.Is(err, web.ErrChanged) {
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
		"conduct: {quiet_hours: \"${FILE:/etc/shadow}\"}": "conduct.quiet_hours: a new ${…} can be written in the file only",
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

// However a page writes a reference, nothing of the server stands in what it is
// told, nothing is taken in, and the file stays.
func TestEditReadsNoSecrets(t *testing.T) {
	t.Parallel()
	spelled := map[string]string{}
	for name, ref := range map[string]string{"env": "${SECRET}", "file": "${FILE:secret.txt}"} {
		spelled["plain "+name] = ref
		spelled["quoted "+name] = `"` + ref + `"`
		spelled["hex "+name] = `"\x24` + ref[1:] + `"`
		spelled["unicode "+name] = `"\u0024\u007b` + ref[2:] + `"`
		spelled["long unicode "+name] = `"\U00000024` + ref[1:] + `"`
		spelled["broken line "+name] = "\"$\\\n    " + ref[1:] + `"`
		spelled["folded "+name] = ">-\n    " + ref
		spelled["literal "+name] = "|\n    " + ref
		spelled["anchor "+name] = "&a " + ref
		spelled["tag "+name] = "!!str " + ref
		spelled["within "+name] = `"21:00-\x24` + ref[1:] + `"`
		spelled["binary "+name] = "!!binary JHtTRUNSRVR9"
	}
	for name, text := range spelled {
		for _, section := range []string{
			"conduct:\n  quiet_hours: %s\n", "conduct:\n  notices_per_day: %s\n", "conduct:\n  public_board: %s\n", "conduct: %s\n",
			"points:\n  rules:\n    - id: a\n      on: %s\n      points: 1\n", "points:\n  rules:\n    - id: %s\n      on: quiz.correct\n      points: 1\n",
			"points:\n  rules:\n    - {id: a, on: quiz.correct, points: 1, cap: {day: 1, <<: %s}}\n",
		} {
			key, _, _ := strings.Cut(section, ":")
			e := newEditor(t, edited)
			if err := os.WriteFile(filepath.Join(filepath.Dir(e.config.Name), "secret.txt"), []byte("hunter2"), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := e.Section(key)
			if err != nil {
				t.Fatal(err)
			}
			err = e.SetSection(key, fmt.Sprintf(section, text), s.Base)
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s in %q: %v", name, section, err)
			}
			if e.content(t) != edited {
				t.Errorf("%s in %q has changed the file", name, section)
			}
		}
	}
}

func FuzzEdit(f *testing.F) {
	f.Add(`quiet_hours: "\x24{SECRET}"`)
	f.Add("quiet_hours: >-\n    ${SECRET}")
	f.Add("notices_per_day: 3")
	f.Fuzz(func(t *testing.T, text string) {
		e := newEditor(t, edited)
		s, err := e.Section("conduct")
		if err != nil {
			t.Fatal(err)
		}
		err = e.SetSection("conduct", "conduct:\n  "+text, s.Base)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
		if again, loadErr := e.config.With([]byte(e.content(t))); loadErr != nil || strings.Contains(fmt.Sprint(again.Hide(errors.New("hunter2"))), "${") {
			t.Errorf("%q was taken in, and the next start reads a secret: %v", text, loadErr)
		}
	})
}

// What the administrator took from the environment stays so when something
// beside it is changed, in another section and in the same one.
func TestEditKeepsReferences(t *testing.T) {
	t.Parallel()
	text := strings.Replace(edited, `"21:00-08:00"`, `"${QUIET}"`, 1) + "language: \"${LANG}\"\n"
	text = strings.Replace(text, "language: zh-CN\n", "", 1)
	e := newEditor(t, text)
	s, err := e.Section("conduct")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SetSection("conduct", s.Text+"  notices_per_day: 3\n", s.Base); err != nil {
		t.Fatal(err)
	}
	if got := e.content(t); !strings.Contains(got, "notices_per_day: 3") || !strings.Contains(got, "${QUIET}") || !strings.Contains(got, "${LANG}") {
		t.Errorf("the file is now:\n%s", got)
	}
	s, err = e.Section("conduct")
	if err != nil {
		t.Fatal(err)
	}
	for _, moved := range []string{"conduct: {public_board: \"${QUIET}\"}", "conduct: {quiet_hours: \"${QUIET}${SECRET}\"}", "conduct: {quiet_hours: \"${LANG}\"}"} {
		if err := e.SetSection("conduct", moved, s.Base); err == nil || !strings.Contains(err.Error(), "in the file only") {
			t.Errorf("%q: %v", moved, err)
		}
	}
}

// A value that came from a reference is told by no fault, wherever in a
// configuration it stands: the reference is.
func TestFaultsHideSecrets(t *testing.T) {
	t.Parallel()
	if err := readAll(t, []byte(everyKey), "", true); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "hunter2\nhunter2: [", "\"hunter2\"", "12hunter2", "hunter2:8080:9", "https://u:hunter2@%zz/", "postgre://u:hunter2@h/d"} {
		tried := 0
		for n := 0; ; n++ {
			var root yaml.Node
			if err := yaml.Unmarshal([]byte(everyKey), &root); err != nil {
				t.Fatal(err)
			}
			left := n
			at := scalar(&root, &left)
			if at == nil {
				break
			}
			was := at.Value
			*at = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: "${SECRET}"}
			data, err := yaml.Marshal(&root)
			if err != nil {
				t.Fatal(err)
			}
			err = readAll(t, data, secret, was == "starter" || was == "lesson")
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s in the place of %q: %v", secret, was, err)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				tried++
			}
		}
		if tried < 20 {
			t.Errorf("only %d places of %q led to a fault that names the reference", tried, secret)
		}
	}
}

const everyKey = `language: zh-CN
timezone: Asia/Shanghai
database: sqlite:a.db
listen: 127.0.0.1:8080
address: https://bot.example.org
proxy: [10.0.0.5]
content: [starter]
backup: {folder: backups, keep: 3}
alerts: {smtp: "smtp.example.org:465", from: a@example.org, to: [b@example.org], user: u, password: p}
conduct: {quiet_hours: "21:00-08:00", lessons_per_day: 1, notices_per_day: 2, reminders_per_item: 2, demands_per_week: 15, public_board: "off"}
points: {rules: [{id: a, on: quiz.correct, points: 1, cap: {day: 1}}]}
shifts: {早: {work: "08:00-16:00"}}
units:
  - id: a
    name: 一支部
    kind: branch
    timezone: Asia/Shanghai
    language: zh-CN
    chats: ["web:a"]
    members: [{name: 王敏, staff: "0001", status: full, joined_on: "2020-01-01", phone: "13800138000", roles: [secretary]}]
  - {id: b, name: 二支部, parent: a}
schedules: [{id: s, unit: a, cron: "0 8 * * *", timezone: Asia/Shanghai, days: workdays, do: lesson, from: starter, misfire: skip, starts_on: "2026-01-01"}]
accounts:
  - {id: web, platform: web, personas: false}
  - {id: tg, platform: telegram, token: "1:a", api_url: "https://api.example.org", webhook: {url: "https://bot.example.org/telegram", secret: s}}
`

// scalar is the nth value of a document, nil when it has fewer.
func scalar(n *yaml.Node, nth *int) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		if *nth--; *nth < 0 {
			return n
		}
		return nil
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		if found := scalar(c, nth); found != nil {
			return found
		}
	}
	return nil
}

// readAll does what branchbot check does, with or without the packs.
func readAll(t *testing.T, data []byte, secret string, packs bool) error {
	f, err := config.Load(filepath.Join(t.TempDir(), "config.yaml"), data, func(string) (string, bool) { return secret, true })
	if err != nil {
		return err
	}
	s, err := ReadSettings(f)
	if err == nil && packs {
		_, err = OpenLibrary(s)
	}
	return err
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
