package cli_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/cli"
)

var update = flag.Bool("update", false, "rewrite the expected transcript")

// monthConfig is a branch of twenty with a lesson, a quiz and a check-in a day.
func monthConfig() string {
	var b strings.Builder
	b.WriteString(`accounts: [{id: web, platform: web}]
units:
  - id: demo
    name: 示范党支部
    chats: [web:demo]
    members:
`)
	for i := range 20 {
		roles := ""
		if i == 0 {
			roles = ", roles: [secretary]"
		}
		fmt.Fprintf(&b, "      - {name: 成员%02d, staff: \"%04d\"%s}\n", i+1, i+1, roles)
	}
	b.WriteString(`schedules:
  - {id: lesson, unit: demo, cron: "0 8 * * *", do: lesson, from: starter/organisation-life}
  - {id: check-in, unit: demo, cron: "30 8 * * *", do: checkin, close_after: 30m}
  - {id: quiz, unit: demo, cron: "30 12 * * *", do: quiz, from: starter, close_after: 6h}
points:
  rules:
    - {id: quiz-answered, on: quiz.answered, points: 1, cap: {day: 3}}
    - {id: quiz-correct, on: quiz.correct, points: 1, cap: {day: 5}}
    - {id: check-in, on: checkin.on_time, points: 1, cap: {day: 1}}
    - {id: lesson-done, on: lesson.done, points: 1, cap: {month: 20}}
`)
	return b.String()
}

// monthScript has each member do what people do, on each of 31 days: some in
// the group, some in private, some not at all.
func monthScript() string {
	var b strings.Builder
	for day := 1; day <= 31; day++ {
		fmt.Fprintf(&b, "@ 2026-12-%02d 08:20\n", day)
		for m := 1; m <= 20; m += 1 + day%3 {
			fmt.Fprintf(&b, "成员%02d%s: 已学\n", m, []string{"", " (私聊)"}[m%2])
		}
		fmt.Fprintf(&b, "@ 2026-12-%02d 08:35\n", day)
		for m := 1; m <= 20; m++ {
			switch (m + day) % 7 {
			case 0:
			case 1:
				fmt.Fprintf(&b, "成员%02d: 请假：出差\n", m)
			default:
				fmt.Fprintf(&b, "成员%02d: 签到\n", m)
			}
		}
		fmt.Fprintf(&b, "成员%02d: 今天食堂有饺子\n", day%20+1)
		fmt.Fprintf(&b, "@ 2026-12-%02d 13:00\n", day)
		for m := 1; m <= 20; m++ {
			answer := []string{"A", "选B", "ｃ。", "AC", "对", "错", "12", "D"}[(m*day)%8]
			fmt.Fprintf(&b, "成员%02d: %s\n", m, answer)
		}
	}
	b.WriteString("@ 2027-01-01 00:00\n成员01 (私聊): /排行\n成员02 (私聊): 积分\n")
	return b.String()
}

// A month of a branch of twenty is rehearsed, and its transcript is always the
// same.
func TestMonth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"config.yaml": monthConfig(), "script.txt": monthScript()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rehearsed(t, dir, filepath.Join("testdata", "month", "want.txt"))
}

// A quarter of a branch on three shifts is rehearsed: holidays with 调休, leave,
// notices, a sign-up, a vote, a suggestion. The transcript is to be read line by
// line, as a secretary would.
func TestQuarter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "quarter")
	rehearsed(t, dir, filepath.Join(dir, "want.txt"))
}

// receipt is that of a ballot, which is random.
var receipt = regexp.MustCompile(`\b[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\b`)

// rehearsed plays the script of a folder and compares the transcript.
func rehearsed(t *testing.T, dir, golden string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Main(t.Context(), cli.Program{Args: []string{"rehearse", "--config", filepath.Join(dir, "config.yaml"), filepath.Join(dir, "script.txt")},
		In: strings.NewReader(""), Out: &out, Err: &errs, Env: os.LookupEnv})
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, errs.String())
	}
	got := receipt.ReplaceAll(out.Bytes(), []byte("RECEIPT"))
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); d != "" {
		t.Errorf("the transcript has changed (-want +got); if that is right, run: go test ./bot/cli -run %s -update\n%s", t.Name(), d)
	}
}
