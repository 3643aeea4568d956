package cli_test

import (
	"cmp"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// core is what a feature is built with: the way of the data, who there is, and pages.
const core = "bot/chat bot/command bot/engine bot/outbox bot/locale bot/roster bot/web schedules store "

// mayImport tells for each folder which others its code, without its tests, imports. Arrows
// point one way: the vocabulary, the core, what nearly every feature stands on, features,
// what is on top of them, the wiring, the program. A folder that is not here fails; so does
// one that imports something new, until its line says so.
var mayImport = map[string]string{
	".": "bot/cli",

	// times, packs and rows know nobody
	"schedules":         "",
	"store":             "",
	"store/faultdriver": "",
	"store/storetest":   "store",
	"content":           "content/charset content/sheet content/strict",
	"content/charset":   "",
	"content/packs":     "",
	"content/sheet":     "content/charset",
	"content/strict":    "",

	// adapters know the vocabulary only
	"adapters/adaptertest":           "bot/chat",
	"adapters/telegram":              "bot/chat",
	"adapters/telegram/telegramtest": "",
	"adapters/terminal":              "bot/chat",
	"adapters/web":                   "bot/chat",
	"adapters/wechat":                "bot/chat",
	"adapters/wechat/wechattest":     "",

	// the core
	"bot/chat":      "",
	"bot/command":   "",
	"bot/locale":    "content/strict",
	"bot/config":    "content/strict",
	"bot/draw":      "bot/draw/font",
	"bot/draw/font": "bot/chat",
	"bot/keystore":  "store",
	"bot/imports":   "bot/locale content content/sheet",
	"bot/outbox":    "bot/chat bot/locale store",
	"bot/engine":    "bot/chat bot/command bot/locale bot/outbox store",
	"bot/rehearse":  "bot/chat bot/command bot/engine bot/outbox store",

	// what nearly every feature stands on
	"bot/web":      "bot/chat bot/command bot/engine bot/locale bot/outbox schedules store",
	"bot/roster":   core + "bot/imports content content/sheet",
	"bot/points":   core + "content/sheet",
	"bot/schedule": core + "bot/feature/delivery content/charset",

	// features never import each other, but for what two of them share
	"bot/feature/award":      core + "bot/draw",
	"bot/feature/basics":     core,
	"bot/feature/checkin":    core + "bot/points",
	"bot/feature/delivery":   core,
	"bot/feature/leave":      core,
	"bot/feature/lesson":     core + "bot/points bot/feature/material content",
	"bot/feature/material":   core + "bot/imports content content/strict",
	"bot/feature/misconduct": core + "bot/keystore",
	"bot/feature/notice":     core + "bot/points",
	"bot/feature/quiz":       core + "bot/points bot/draw bot/imports bot/feature/material content",
	"bot/feature/shift":      core + "content/sheet",
	"bot/feature/signup":     core + "content/sheet",
	"bot/feature/suggestion": core + "bot/keystore bot/feature/misconduct",
	"bot/feature/survey":     core + "bot/keystore bot/feature/misconduct",
	"bot/feature/workload":   core,

	// on top of features: what sums them up
	"bot/report":         core + "bot/points bot/draw/font content/sheet bot/feature/award bot/feature/checkin bot/feature/leave bot/feature/lesson bot/feature/notice bot/feature/quiz bot/feature/shift",
	"bot/feature/board":  core + "bot/points bot/report bot/feature/award bot/feature/lesson bot/feature/notice",
	"bot/feature/poster": core + "bot/draw bot/report bot/schedule bot/feature/award bot/feature/lesson bot/feature/material",

	// the wiring, the program, and what plays with the whole bot
	"bot/app":                       "adapters/... bot/... content content/packs schedules store",
	"bot/cli":                       "adapters/terminal bot/... content content/charset content/sheet schedules store",
	"bot/testkit/attack":            "",
	"bot/testkit/browser":           "",
	"bot/testkit/script":            "bot/app bot/config bot/rehearse bot/roster content store store/storetest",
	"bot/testkit/seed":              "bot/points content store",
	"bot/testkit/sim":               "bot/app bot/chat bot/config bot/points bot/rehearse content content/packs store store/faultdriver",
	"bot/testkit/sim/branchbot-sim": "bot/testkit/sim",
}

// neverFrom keeps the wide lines of mayImport from pointing back.
var neverFrom = map[string]string{
	"bot/app": "bot/cli bot/testkit/...",
}

func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "branchbot/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	here := func(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, "branchbot"), "/") }
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		from := here(words[0])
		seen[from] = true
		allowed, known := mayImport[cmp.Or(from, ".")]
		if !known {
			t.Errorf("%s is a new folder: say in mayImport what it may import", from)
		}
		for _, to := range words[1:] {
			if strings.HasPrefix(to, "branchbot/") && !covers(allowed, here(to)) {
				t.Errorf("%s imports %s: mayImport does not know that", from, to)
			}
			if covers(neverFrom[from], here(to)) {
				t.Errorf("%s imports %s: arrows point one way", from, to)
			}
		}
	}
	for folder := range mayImport {
		if !seen[strings.TrimPrefix(folder, ".")] {
			t.Errorf("mayImport knows %s, which is no folder of code", folder)
		}
	}
}

// covers tells whether a list of folders, or of folder/... for all below, has a folder.
func covers(list, folder string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(l string) bool {
		below, all := strings.CutSuffix(l, "...")
		return l == folder || all && strings.HasPrefix(folder, below)
	})
}

// ASVS 1.3.6: only adapters, and the alert by mail, call somebody; so nothing that
// people write can make the program fetch an address.
func TestNobodyElseCalls(t *testing.T) {
	t.Parallel()
	calls := regexp.MustCompile(`\bhttp\.(Get|Head|Post|PostForm|NewRequest|NewRequestWithContext|Client|DefaultClient|Transport)\b|\bnet\.(Dial\w*)\b|wneessen/go-mail`)
	var found []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.ToSlash(path); {
		case err != nil:
			return err
		case d.IsDir() && (name == "../../adapters" || strings.HasPrefix(d.Name(), ".git")):
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
	if err != nil || strings.Join(found, " ") != "../../bot/app/alert.go" {
		t.Errorf("these call somebody: %v (%v)", found, err)
	}
}

// Windows syncs only what was opened for writing, and does not rename to a file that
// somebody has open: store knows that, so nobody else renames or syncs.
func TestFilesAreWrittenByTheStore(t *testing.T) {
	t.Parallel()
	itself := regexp.MustCompile(`\bos\.Rename\(|\.Sync\(\)`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".git"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"), strings.HasPrefix(name, "../../store/"):
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

// The glossary has a row for every folder of bot/, and is short enough to be read.
func TestGlossary(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/GLOSSARY.md")
	if err != nil {
		t.Fatal(err)
	}
	if rows := strings.Count(string(text), "\n|") - 2; rows > 40 {
		t.Errorf("the glossary has %d rows", rows)
	}
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !strings.Contains(string(text), "`bot/"+f.Name()+"`") {
			t.Errorf("the glossary has no row for bot/%s", f.Name())
		}
	}
}
