package bot_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The import rules of DESIGN.md section 3, each with its reason.
var bans = []struct{ from, to, reason string }{
	{"branchbot/bot/chat", "branchbot/", "the vocabulary knows nobody"},
	{"branchbot/bot/command", "branchbot/", "reading text is pure"},
	{"branchbot/bot/engine", "branchbot/adapters/", "the core never knows whom it talks to"},
	{"branchbot/bot/engine", "branchbot/bot/quiz", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/lesson", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/checkin", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/notice", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/signup", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/survey", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/suggestion", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/ledger", "the engine knows no feature"},
	{"branchbot/bot/engine", "branchbot/bot/member", "the engine asks the Directory"},
	{"branchbot/bot/outbox", "branchbot/bot/engine", "sending is apart from handling"},
	{"branchbot/store", "branchbot/", "the store knows nobody"},
	{"branchbot/schedules", "branchbot/", "times are pure"},
	{"branchbot/content", "branchbot/store", "packs are data"},
	{"branchbot/content", "branchbot/bot", "packs are data"},
	{"branchbot/adapters/web", "branchbot/bot/engine", "adapters import bot/chat only"},
}

func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "branchbot/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	features := map[string]bool{"lesson": true, "quiz": true, "checkin": true, "notice": true, "signup": true, "survey": true, "suggestion": true, "schedule": true, "load": true, "desk": true, "honour": true}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		from := words[0]
		for _, to := range words[1:] {
			if !strings.HasPrefix(to, "branchbot") {
				continue
			}
			for _, ban := range bans {
				if from == ban.from && strings.HasPrefix(to, ban.to) && to != from {
					t.Errorf("%s imports %s: %s", from, to, ban.reason)
				}
			}
			if strings.HasPrefix(from, "branchbot/adapters/") && to != "branchbot/bot/chat" && !strings.HasPrefix(to, from) &&
				!strings.HasPrefix(to, "branchbot/adapters/adaptertest") {
				t.Errorf("%s imports %s: adapters import bot/chat only", from, to)
			}
			if to == "branchbot/bot/report" && from != "branchbot/bot" && from != "branchbot/bot/console" && from != "branchbot/bot/poster" {
				t.Errorf("%s imports %s: reports are on top", from, to)
			}
			if features[strings.TrimPrefix(from, "branchbot/bot/")] && features[strings.TrimPrefix(to, "branchbot/bot/")] {
				t.Errorf("%s imports %s: features never import each other", from, to)
			}
		}
	}
}
