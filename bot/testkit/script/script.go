// Package script plays chat scripts to a whole bot in tests.
//
// A script is a txtar archive in a feature's testdata:
//
//	# what it shows, in a line; "# as: wechat" chooses the platform (web)
//	-- config.yaml --   keys that differ from the built-in branch of five
//	-- pack/… --        a content pack instead of the built-in one
//	-- setup --         SQL before the script, a statement a line
//	-- script --        see package rehearse; CODE is the last join code shown
//	-- want --          the transcript, with the ledger and the open items
//	-- sql --           queries, one a line
//	-- rows --          their rows, columns parted by |, queries by --
//
// go test -update rewrites want and rows.
package script

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/app"
	"branchbot/bot/config"
	"branchbot/bot/rehearse"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/store"
	"branchbot/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the expected transcripts")

//go:embed branch
var branch embed.FS

// Stage is a whole bot on a virtual clock.
type Stage struct {
	*app.Rehearsal
	Log  bytes.Buffer
	said bytes.Buffer
}

// Scripts plays all scripts of a folder, each on every database engine.
func Scripts(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no scripts in %s (%v)", dir, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, e storetest.Engine) { play(t, name, e) })
		})
	}
}

func play(t *testing.T, name string, e storetest.Engine) {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := OpenOn(t, a, e)
	said, err := s.Play(t, file(a, "script"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, a, "want", said)
	if queries := file(a, "sql"); queries != "" {
		check(t, a, "rows", s.Rows(t, queries))
	}
	if strings.Contains(s.Log.String(), "level=ERROR") {
		t.Errorf("log:\n%s", s.Log.String())
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, a *txtar.Archive, name, got string) {
	t.Helper()
	if *update {
		for i := range a.Files {
			if a.Files[i].Name == name {
				a.Files[i].Data = []byte(got)
				return
			}
		}
		a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(got)})
		return
	}
	if diff := cmp.Diff(strings.Split(file(a, name), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update rewrites it:\n%s", name, diff)
	}
}

func file(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

var platform = regexp.MustCompile(`(?m)^#? *as: *(\w+)$`)

// Open builds the bot of an archive, which may be empty, on SQLite; its clock
// stands at the beginning of the first day that the script names, or of
// 2026-12-01.
func Open(t testing.TB, a *txtar.Archive) *Stage {
	t.Helper()
	return OpenOn(t, a, storetest.SQLite)
}

// OpenOn is Open on a database engine.
func OpenOn(t testing.TB, a *txtar.Archive, e storetest.Engine) *Stage {
	t.Helper()
	return OpenIn(t, a, e.Opener(t))
}

// OpenIn is Open in a database that there is.
func OpenIn(t testing.TB, a *txtar.Archive, open func(store.Options) (*store.DB, error)) *Stage {
	t.Helper()
	f, err := config.Load("config.yaml", settings(t, file(a, "config.yaml")), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	read, err := app.ReadSettings(f)
	if err != nil {
		t.Fatal(err)
	}
	as := "web"
	if m := platform.FindSubmatch(a.Comment); m != nil {
		as = string(m[1])
	}
	zone, err := time.LoadLocation(read.Timezone)
	if err != nil {
		t.Fatal(err)
	}
	s := &Stage{}
	log := slog.New(slog.NewTextHandler(&s.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Rehearsal, err = app.NewRehearsal(read, library(t, a), open, as, start(file(a, "script"), zone), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	s.exec(t, file(a, "setup"))
	return s
}

var topKey = regexp.MustCompile(`(?m)^(\w+):`)

// settings is the built-in configuration with the keys of the given one in the
// place of its own.
func settings(t testing.TB, given string) []byte {
	t.Helper()
	usual, err := branch.ReadFile("branch/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, m := range topKey.FindAllStringSubmatch(given, -1) {
		own[m[1]] = true
	}
	var out strings.Builder
	skip := false
	for line := range strings.Lines(string(usual)) {
		if m := topKey.FindStringSubmatch(line); m != nil {
			skip = own[m[1]]
		}
		if !skip {
			out.WriteString(line)
		}
	}
	return []byte(out.String() + given)
}

func library(t testing.TB, a *txtar.Archive) *content.Library {
	t.Helper()
	var files fs.FS
	given := fstest.MapFS{}
	for _, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "pack/"); ok {
			given[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	files = given
	if len(given) == 0 {
		var err error
		if files, err = fs.Sub(branch, "branch/pack"); err != nil {
			t.Fatal(err)
		}
	}
	p, err := content.Load(files, "pack")
	if err != nil {
		t.Fatal(err)
	}
	l, err := content.NewLibrary([]*content.Pack{p})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var day = regexp.MustCompile(`(?m)^@ *(\d{4}-\d\d-\d\d)`)

func start(script string, zone *time.Location) time.Time {
	text := "2026-12-01"
	if m := day.FindStringSubmatch(script); m != nil {
		text = m[1]
	}
	at, err := time.ParseInLocation("2006-01-02", text, zone)
	if err != nil {
		panic(err) // the script says so with its line
	}
	return at
}

// Play plays a script and returns what it showed since the last one, with the
// ledger and what is open at the end.
func (s *Stage) Play(t testing.TB, script string) (string, error) {
	t.Helper()
	s.said.Reset()
	out := rehearse.NewTranscript(&s.said, false, s.Zone)
	lines := &reader{lines: strings.SplitAfter(script, "\n"), said: &s.said}
	if err := rehearse.Play(t.Context(), s.Stage, lines, out); err != nil {
		return "", err
	}
	if err := s.Tail(out); err != nil {
		return "", err
	}
	return code.ReplaceAllString(s.said.String(), "CODE"), nil
}

// code is a join code, which is random.
var code = regexp.MustCompile(`\b[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\b`)

// reader gives one line at a time, so that a line can name what was said just
// Import takes a roster, a CSV, into a unit with all its changes.
func (s *Stage) Import(t testing.TB, unit, csv string) {
	t.Helper()
	err := s.DB.Write(func(tx *store.Tx) error {
		table, err := roster.ReadTable("roster.csv", []byte(csv))
		if err != nil {
			return err
		}
		plan, err := roster.NewPlan(tx, unit, &table, nil)
		if err != nil {
			return err
		}
		_, err = s.Engine.Directory.(*roster.Directory).Take(tx, plan, roster.Kinds, "test")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// before.
type reader struct {
	lines []string
	said  *bytes.Buffer
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.lines) == 0 {
		return 0, io.EOF
	}
	line := r.lines[0]
	r.lines = r.lines[1:]
	if all := code.FindAllString(r.said.String(), -1); len(all) > 0 {
		line = strings.ReplaceAll(line, "CODE", all[len(all)-1])
	}
	if len(p) < len(line) {
		return 0, fmt.Errorf("line of %d bytes is too long", len(line))
	}
	return copy(p, line), nil
}

func (s *Stage) exec(t testing.TB, statements string) {
	t.Helper()
	err := s.DB.Write(func(tx *store.Tx) error {
		for line := range strings.Lines(statements) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if _, err := tx.Exec(line); err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Rows are the rows of queries, one a line.
func (s *Stage) Rows(t *testing.T, queries string) string {
	t.Helper()
	var out strings.Builder
	err := s.DB.Read(func(tx *store.Tx) error {
		for query := range strings.Lines(queries) {
			if query = strings.TrimSpace(query); query == "" {
				continue
			}
			if out.Len() > 0 {
				out.WriteString("--\n")
			}
			if err := rows(tx, query, &out); err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func rows(tx *store.Tx, query string, out io.Writer) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		words := make([]string, len(columns))
		for i, v := range values {
			if yes, ok := v.(bool); ok { // PostgreSQL has them, SQLite has 1 and 0
				v = map[bool]int{true: 1}[yes]
			}
			words[i] = fmt.Sprint(v)
			if v == nil {
				words[i] = ""
			}
		}
		fmt.Fprintln(out, strings.Join(words, "|"))
	}
	return rows.Err()
}
