package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"branchbot/bot/app"

	"github.com/spf13/cobra"

	"branchbot/bot/engine"
	"branchbot/bot/feature/shift"
	"branchbot/bot/feature/signup"
	"branchbot/bot/imports"
	"branchbot/bot/locale"
	"branchbot/bot/roster"
	"branchbot/bot/schedule"
	"branchbot/content"
	"branchbot/content/charset"
	"branchbot/content/sheet"
	"branchbot/store"
)

// importKinds are what a file can hold.
var importKinds = []string{"bank", "roster", "shifts", "holidays", "signup"}

// importedFile is what a file holds, of whatever kind: what would be taken in, what is left out
// and what cannot be read, for people and as JSON.
type importedFile struct {
	Kind    string                 `json:"kind"`
	Good    []any                  `json:"good"`
	Skipped []imports.Left         `json:"skipped"`
	Bad     []imports.Left         `json:"bad"`
	Notes   []string               `json:"notes"`
	lines   []string               // the preview for people
	take    func() (string, error) // takes it in, and says what was done
}

// importFlags are what a user says of files.
type importFlags struct {
	as, unit, now string
	yes, json     bool
	id, title     string   // of the pack that questions are kept in
	allow         []string // changes of a roster that are confirmed apart
	columns       []string // of a roster: HEADING=MEANING
}

func (p *Program) importCommand() *cobra.Command {
	var o importFlags
	c := &cobra.Command{Use: "import FILE…", Short: "Show what a file holds: questions, a roster, shifts, holidays, a sign-up list; with --yes take it in", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.importFiles(c.Context(), args, o) }}
	f := c.Flags()
	f.StringVar(&o.as, "as", "", "what the file holds: "+strings.Join(importKinds, ", ")+" (it is recognised unless set)")
	f.StringVar(&o.unit, "unit", "", "the unit (the first of the configuration unless set)")
	f.StringVar(&o.now, "now", "", "the day on which the file is read, 2026-12-01 (today unless set)")
	f.BoolVar(&o.yes, "yes", false, "take it in")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.StringVar(&o.id, "id", "", "the id of the pack that questions are kept in (made of the file's name unless set)")
	f.StringVar(&o.title, "title", "", "its title")
	f.StringSliceVar(&o.allow, "allow", nil, "of a roster, changes that --yes alone does not take in: "+strings.Join(roster.Kinds, ", "))
	f.StringArrayVar(&o.columns, "column", nil, "of a roster, what a column is, HEADING=MEANING, e.g. 人员类别=status: "+strings.Join(roster.Meanings, ", "))
	return c
}

// errNothing tells that a file holds nothing that can be taken in.
var errNothing = errors.New("nothing could be taken in")

func (p *Program) importFiles(ctx context.Context, files []string, o importFlags) error {
	if o.as != "" && !slices.Contains(importKinds, o.as) {
		return fmt.Errorf("--as %q: it is none of %s", o.as, strings.Join(importKinds, ", "))
	}
	for _, kind := range o.allow {
		if !slices.Contains(roster.Kinds, kind) {
			return fmt.Errorf("--allow %q: it is none of %s", kind, strings.Join(roster.Kinds, ", "))
		}
	}
	now := time.Now()
	if o.now != "" {
		day, err := time.ParseInLocation(time.DateOnly, o.now, now.Location())
		if err != nil {
			return fmt.Errorf("--now %q: write it as 2026-12-01", o.now)
		}
		now = day.Add(12 * time.Hour)
	}
	s, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	unit, err := unitOf(s, o.unit)
	if err != nil {
		return err
	}
	im := &importer{program: p, settings: s, db: db, unit: unit, now: now, flags: o}
	var failed error
	for _, file := range files {
		got, err := im.file(file)
		if err != nil {
			return err
		}
		if len(got.Good) == 0 {
			failed = errNothing
		}
		if err := im.print(file, got); err != nil {
			return err
		}
		if len(got.Good) == 0 || got.take == nil {
			continue
		}
		done := im.text("import.not_yet")
		if o.yes {
			if done, err = got.take(); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		if !o.json {
			fmt.Fprintln(p.Out, done)
		}
	}
	return failed
}

// importer takes files in for a unit.
type importer struct {
	program  *Program
	settings *app.Settings
	db       *store.DB
	unit     string
	now      time.Time
	flags    importFlags
}

func (im *importer) text(key string, args ...any) string {
	return locale.Text(im.settings.Language, key, args...)
}

// file reads one.
func (im *importer) file(name string) (*importedFile, error) {
	data, err := readUpTo(name, 64<<20)
	if err != nil {
		return nil, err
	}
	kind := im.flags.as
	if kind == "" {
		if kind, err = im.recognise(name, data); err != nil {
			return nil, err
		}
	}
	base := filepath.Base(name)
	switch kind {
	case "roster":
		return im.people(base, data)
	case "shifts":
		return im.shifts(base, data)
	case "holidays":
		return im.holidays(base, data)
	case "signup":
		return im.signup(base, data)
	case "":
		return im.unknown(base)
	}
	return im.bank(base, data)
}

func readUpTo(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: it is larger than %d MB", name, most>>20)
	}
	return data, err
}

// recognise tells what a file holds by what is inside; "" for a table that is none of them.
func (im *importer) recognise(name string, data []byte) (string, error) {
	switch content.FileKind(data) {
	case "xlsx", "xls":
		return tableKind(name, data), nil
	case "text":
		if schedule.IsCalendar(data) {
			return "holidays", nil
		}
		text, err := charset.Decode(data)
		if err != nil {
			break // the bank says so
		}
		if content.IsTable(name, text) {
			return tableKind(name, data), nil
		}
		people, err := im.members()
		if err != nil || signup.IsList(text, people) {
			return "signup", err
		}
	}
	return "bank", nil
}

// members are those of the unit.
func (im *importer) members() (people []engine.Member, err error) {
	err = im.db.Read(func(tx *store.Tx) (err error) {
		people, err = roster.Roster(tx, im.unit)
		return err
	})
	return people, err
}

// tableKind tells which kind the sheets of a file are of.
func tableKind(name string, data []byte) string {
	book, err := sheet.ReadBook(name, data)
	if err != nil {
		return "bank" // which says what is wrong with the file
	}
	for _, s := range book.Sheets {
		if content.HasQuestions(s.Rows) {
			return "bank"
		}
	}
	for _, s := range book.Sheets {
		if shift.IsTable(s) {
			return "shifts"
		}
	}
	for _, s := range book.Sheets {
		if roster.IsRoster(s.Rows) {
			return "roster"
		}
	}
	if content.GuessQuestions(book.Sheets) {
		return "bank"
	}
	return ""
}
