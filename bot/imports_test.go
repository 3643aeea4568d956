package bot_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
			if to == "branchbot/bot/report" && from != "branchbot/bot" && from != "branchbot/bot/console" && from != "branchbot/bot/poster" && from != "branchbot/bot/board" {
				t.Errorf("%s imports %s: reports are on top", from, to)
			}
			if to == "branchbot/bot/console" && from != "branchbot/bot" {
				t.Errorf("%s imports %s: pages stand on top, only the wiring knows them", from, to)
			}
			if features[strings.TrimPrefix(from, "branchbot/bot/")] && features[strings.TrimPrefix(to, "branchbot/bot/")] {
				t.Errorf("%s imports %s: features never import each other", from, to)
			}
		}
	}
}

// ASVS 1.3.6: only adapters, and the alert by mail, call somebody; so nothing that
// people write can make the program fetch an address.
func TestNobodyElseCalls(t *testing.T) {
	t.Parallel()
	calls := regexp.MustCompile(`\bhttp\.(Get|Head|Post|PostForm|NewRequest|NewRequestWithContext|Client|DefaultClient|Transport)\b|\bnet\.(Dial\w*)\b|wneessen/go-mail`)
	var found []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.ToSlash(path); {
		case err != nil:
			return err
		case d.IsDir() && (name == "../adapters" || strings.HasPrefix(d.Name(), ".git")):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && calls.Match(text) {
			found = append(found, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil || strings.Join(found, " ") != "../bot/alert.go" {
		t.Errorf("these call somebody: %v (%v)", found, err)
	}
}

// Windows syncs only what was opened for writing, and does not rename to a file that
// somebody has open: store knows that, so nobody else renames or syncs.
func TestFilesAreWrittenByTheStore(t *testing.T) {
	t.Parallel()
	itself := regexp.MustCompile(`\bos\.Rename\(|\.Sync\(\)`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".git"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"), strings.HasPrefix(name, "../store/"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && itself.Match(text) {
			t.Errorf("%s renames or syncs a file: use store.WriteFile, CreateFile or Rename", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
