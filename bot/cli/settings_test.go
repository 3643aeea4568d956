package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/cli"
)

// check runs `branchbot check` on a configuration and returns what it says in a language.
func check(t *testing.T, config, lang string) string {
	t.Helper()
	dir := t.TempDir()
	if !strings.Contains(config, "language") {
		config = strings.TrimSuffix(config, "\n") + "\nlanguage: " + lang + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	env := func(name string) (string, bool) {
		return map[string]string{"LANGUAGE_OF_TEST": "en"}[name], name == "LANGUAGE_OF_TEST"
	}
	code := cli.Main(t.Context(), cli.Program{Args: []string{"check", "--config", filepath.Join(dir, "config.yaml")},
		In: strings.NewReader(""), Out: &out, Err: &errs, Env: env})
	if (code == 0) != (errs.Len() == 0) {
		t.Errorf("exit status %d with %q", code, errs.String())
	}
	said := toRead.ReplaceAllString(out.String(), "") // about the shipped pack, which changes with the days
	return strings.ReplaceAll(said+errs.String(), dir+string(filepath.Separator), "")
}

var toRead = regexp.MustCompile(`(?m)^(to (read|check): |待核对：).*\n`)

// Each fault of a configuration is told with its line, all at once.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, want string }{
		"spelling": {"units:\n  - id: a\n    name: 甲\n    members:\n      - {name: 王敏, staff: “0001”}\n      - {name: 王\u200b敏, staff: \"０００２\"}\n" +
			"      - {name: 张　三, staff: \"A 3\"}\n      - {name: 艾·买, staff: A4}\n      - {name: 艾•买, staff: a4}\n      - {name: 王敏, staff: \"5\"}\n", `config.yaml:5: units[0].members[0].staff: "“0001”" is taken in as "0001", in half width, without quotes and what does not show
config.yaml:6: units[0].members[1].staff: "０００２" is taken in as "0002", in half width, without quotes and what does not show
config.yaml:6: units[0].members[1].name: "王\u200b敏" is taken in as "王敏", without blanks, quotes and what does not show
config.yaml:7: units[0].members[2].staff: "A 3" has a blank in it, which nobody can type in a command
config.yaml:7: units[0].members[2].name: "张\u3000三" is taken in as "张三", without blanks, quotes and what does not show
config.yaml:9: units[0].members[4].staff: "a4" differs from that of units[0].members[3] in width or case only
config.yaml:9: units[0].members[4].name: "艾•买" looks like "艾·买" of units[0].members[3], but is written otherwise
config.yaml is fine: 1 units, 0 accounts, 0 schedules, 1 packs with 57 lessons and 206 questions
`},
		"fine": {"language: ${LANGUAGE_OF_TEST}\n", "config.yaml is fine: 0 units, 0 accounts, 0 schedules, 1 packs with 57 lessons and 206 questions\n"},
		"unknown keys and wrong types": {`langage: en
units:
  - id: demo
    name: 12
    members: 王敏
`, `branchbot: config.yaml:1: langage: unknown key (did you mean "language"?)
branchbot: config.yaml:4: units[0].name: expected a text, found the number 12 (write "12" in quotes)
branchbot: config.yaml:5: units[0].members: expected a list, found the text "王敏" (write [a, b] or lines that begin with "- ")
`},
		"schedules": {`accounts: [{id: web, platform: web}]
units: [{id: demo, name: 支部, chats: ["web:demo"]}]
schedules:
  - {id: a, unit: demo, cron: "0 25 * * *", do: lesson, from: starter}
  - {id: a, unit: nowhere, cron: "0 8 * * *", do: dance}
  - {id: c, unit: demo, cron: "0 8 * * *", do: quiz, from: starter, timezone: Mars/Base, misfire: later}
`, `branchbot: config.yaml:4: schedules[0].cron: "0 25 * * *": hour 25 is out of range 0-23
branchbot: config.yaml:5: schedules[1].id: "a" is taken already by schedules[0]
branchbot: config.yaml:5: schedules[1].unit: there is no unit "nowhere"
branchbot: config.yaml:6: schedules[2].timezone: zone "Mars/Base" is unknown; use an IANA name, e.g. Asia/Shanghai
branchbot: config.yaml:6: schedules[2].misfire: "later": use grace, grace 4h, skip or once
`},
		"content": {`accounts: [{id: web, platform: web}]
units: [{id: demo, name: 支部}]
schedules:
  - {id: a, unit: demo, cron: "0 8 * * *", do: dance}
  - {id: b, unit: demo, cron: "0 8 * * *", do: lesson, from: starter/nothing}
  - {id: c, unit: demo, cron: "0 8 * * *", do: checkin, close_after: soon}
  - {id: d, unit: demo, cron: "0 8 * * *", do: notice}
`, `branchbot: config.yaml:4: schedules[0].do: "dance" is none of lesson, quiz, checkin, notice, pulse, poster
branchbot: config.yaml:5: schedules[1]: from: there are no lessons in "starter/nothing"
branchbot: config.yaml:6: schedules[2]: close_after: "soon" is no time between 1m and 720h
branchbot: config.yaml:7: schedules[3]: text is missing: what the notice says
`},
		"no such pack": {"content: [nothing]\n", "branchbot: content: \"nothing\" is neither a shipped pack nor a folder (shipped packs: starter)\n"},
		"secrets":      {"language: ${NOT_THERE}\n", "branchbot: config.yaml:1: language: 环境变量里没有 NOT_THERE；请设置，或删掉这一行\n"},
		"broken YAML":  {"units: [\n", "branchbot: config.yaml:3: did not find expected ',' or ']' (look for a missing comma or bracket in what begins here)\n"},
		"duplicate":    {"language: en\nlanguage: en\n", "branchbot: config.yaml:2: language: the key is given twice, first at line 1 (remove one)\n"},
		"people": {`units:
  - {id: demo, name: 支部, members: [{name: 王敏, staff: "1", roles: [king]}, {name: "", staff: "1", status: old}]}
  - {id: "a b", parent: nobody, kind: herd, chats: [web]}
`, `branchbot: config.yaml:2: units[0].members[0].roles[0]: "king" is none of secretary, committee, leader, librarian
branchbot: config.yaml:2: units[0].members[1]: name is missing
branchbot: config.yaml:2: units[0].members[1].staff: "1" is taken already by units[0].members[0]
branchbot: config.yaml:2: units[0].members[1].status: "old" is none of full, probationary, candidate, activist, applicant, public
branchbot: config.yaml:3: units[1].parent: there is no unit "nobody" above this one in the file
branchbot: config.yaml:3: units[1].id: "a b": use letters, digits, - and _ only
branchbot: config.yaml:3: units[1]: name is missing
branchbot: config.yaml:3: units[1].kind: "herd" is none of committee, general, branch, group
branchbot: config.yaml:3: units[1].chats[0]: "web": write ACCOUNT:CHAT with the id of an account below
`},
		"points and conduct": {`listen: 0.0.0.0:80
database: mysql://x
accounts: [{id: x, platform: carrier-pigeon}, {id: web, platform: web, colour: red}]
points: {rules: [{id: a, on: quiz.won, points: 0, cap: {week: 0}}]}
conduct: {quiet_hours: "9", lessons_per_day: 99, public_board: always}
address: bot.example.org/x
`, `branchbot: config.yaml:2: database: "mysql://x": write sqlite:PATH, e.g. sqlite:data/branchbot.db, or postgres://USER@HOST/NAME
branchbot: config.yaml:1: listen: "0.0.0.0:80" is reachable from other machines: give tls: {cert: FILE, key: FILE}, or proxy: [ADDRESS] of the proxy that has TLS, or listen on 127.0.0.1
branchbot: config.yaml:6: address: "bot.example.org/x": write how people reach the browser room, e.g. https://bot.example.org
branchbot: config.yaml:3: accounts[0].platform: "carrier-pigeon" is none of telegram, web, wechat
branchbot: config.yaml:3: accounts[1].colour: unknown key (known: id, platform, personas)
branchbot: config.yaml:4: points.rules[0].on: "quiz.won" is none of quiz.answered, quiz.correct, checkin.on_time, checkin.late, lesson.done, notice.acknowledged, notice.late
branchbot: config.yaml:4: points.rules[0].points: 0 is out of range 1-100
branchbot: config.yaml:4: points.rules[0].cap: "week" is none of day, month, year
branchbot: config.yaml:4: points.rules[0].cap.week: 0 must be at least 1
branchbot: config.yaml:5: conduct.quiet_hours: "9": write it as 21:00-08:00, or off
branchbot: config.yaml:5: conduct.lessons_per_day: 99 is out of range 0-20
branchbot: config.yaml:5: conduct.public_board: "always" is none of opt-in, off
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, check(t, c.config, "en")); d != "" {
				t.Error(d)
			}
			chinese := check(t, c.config, "zh-CN")
			if english := englishWords.FindString(aside.ReplaceAllString(chinese, "")); english != "" && !strings.Contains(c.config, "language") {
				t.Errorf("%q in Chinese:\n%s", english, chinese)
			}
		})
	}
}

// englishWords are a sentence, and aside is what may be in any language: values, keys, places.
var (
	englishWords = regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+`)
	aside        = regexp.MustCompile(`[\w.]+ is fine|“[^”]*”|[\w.]+\[[^ ，：]*|可以写：[^\n]*|[a-z_]+：`)
)

// The program says what is wrong, and starts nothing.
func TestProgramErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--config", "nowhere.yaml"}, "branchbot: 没有配置文件 nowhere.yaml\n"},
		{[]string{"dance"}, "branchbot: 没有“dance”这个命令，branchbot --help 列出全部命令\n"},
		{[]string{"rehearse", "--as", "smoke"}, "branchbot: --as “smoke”不行，可以写：sms, telegram, web, wechat\n"},
		{[]string{"rehearse", "--days", "0"}, "branchbot: --days 0 超出范围，应当是 1-366\n"},
	} {
		var out, errs bytes.Buffer
		sample, err := os.ReadFile("../../config.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if code := cli.Main(t.Context(), cli.Program{Args: c.args, In: strings.NewReader(""), Out: &out, Err: &errs, Env: os.LookupEnv, Sample: sample}); code != 1 {
			t.Errorf("%v: exit status %d", c.args, code)
		}
		if d := cmp.Diff(c.want, errs.String()); d != "" {
			t.Errorf("%v: %s", c.args, d)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"version"}, {"--version"}} {
		var out strings.Builder
		if code := cli.Main(t.Context(), cli.Program{Args: args, Out: &out, Err: &out}); code != 0 || !strings.HasPrefix(out.String(), "branchbot ") || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%v: %d %q", args, code, out.String())
		}
	}
}
