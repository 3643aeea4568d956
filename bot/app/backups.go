package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"branchbot/bot/points"
	"branchbot/store"
)

// BackupConfig is where the daily copies of the database go, and how many stay.
type BackupConfig struct {
	Folder string `yaml:"folder"` // beside the database unless set; off = no copies
	Keep   int    `yaml:"keep"`   // days; of older ones the first of each month stays for a year
}

// backups makes a checked copy of the database each day.
type backups struct {
	db     *store.DB
	folder string // "" = none are wanted
	keep   int
	quiet  func(time.Time) bool // nobody minds that a copy holds writers up
	last   atomic.Int64         // when the newest was made, UTC milliseconds; 0 = there is none
}

const (
	backupEvery = 24 * time.Hour
	// sooner draws the daily copy into the quiet hours.
	sooner = 12 * time.Hour
	// monthsKept is how many first copies of a month stay.
	monthsKept = 12
)

func newBackups(s *Settings, db *store.DB) *backups {
	b := &backups{db: db, folder: s.BackupFolder(db.Path()), keep: s.Backup.Keep}
	b.look()
	return b
}

// BackupFolder is where the copies of a database go; "" when none are wanted.
func (s *Settings) BackupFolder(path string) string {
	switch folder := s.Backup.Folder; {
	case folder == "off":
		return ""
	case filepath.IsAbs(folder):
		return folder
	default:
		return filepath.Join(filepath.Dir(path), folder)
	}
}

// look finds out when the newest copy was made, by whichever process.
func (b *backups) look() {
	if names, err := b.list(); err == nil && len(names) > 0 {
		if info, err := os.Stat(filepath.Join(b.folder, names[0])); err == nil {
			b.last.Store(info.ModTime().UnixMilli())
		}
	}
}

// Last is when the newest copy was made; zero when there is none. wanted is
// false when nobody wants any.
func (b *backups) Last() (at time.Time, wanted bool) {
	if !b.db.Holds(store.House) { // another process makes them
		b.look()
	}
	if ms := b.last.Load(); ms != 0 {
		at = time.UnixMilli(ms)
	}
	return at, b.folder != ""
}

var backupName = regexp.MustCompile(`^branchbot-\d{4}-\d\d-\d\d\.db$`)

// list are the names of the copies, newest first.
func (b *backups) list() ([]string, error) { return ListBackups(b.folder) }

func ListBackups(folder string) ([]string, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if backupName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(x, y string) int { return strings.Compare(y, x) })
	return names, err
}

// make makes today's copy if the last one is a day old, and removes what is not
// kept.
func (b *backups) make(ctx context.Context) error {
	now := b.db.Now()
	last, wanted := b.Last()
	age := now.Sub(last) // below 0 when the clock was ahead
	if !wanted || age >= 0 && (age < sooner || age < backupEvery && !b.quiet(now)) {
		return nil
	}
	if err := b.today(ctx, "branchbot-"+now.Format("2006-01-02")+".db"); err != nil {
		return fmt.Errorf("daily backup: %w", err)
	}
	b.last.Store(now.UnixMilli())
	return nil
}

func (b *backups) today(ctx context.Context, name string) error {
	if err := os.MkdirAll(b.folder, 0o700); err != nil {
		return err
	}
	file := filepath.Join(b.folder, name)
	next := file + ".new" // a copy has its name only once it is checked
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	heads, err := CheckedCopy(ctx, b.db, next)
	if err != nil {
		return err
	}
	if err := errors.Join(store.Rename(next, file), heads.Write(points.HeadsBeside(file))); err != nil {
		return err
	}
	names, err := b.list()
	if err != nil {
		return err
	}
	for _, old := range superfluous(names, b.keep) {
		if old == name { // the clock was ahead, and those look newer
			continue
		}
		path := filepath.Join(b.folder, old)
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove an old one: %w", err)
		}
		if err := os.Remove(points.HeadsBeside(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove an old one: %w", err)
		}
	}
	return nil
}

// CheckedCopy writes a copy and returns the ends of the ledger's chains in it, to be
// kept beside it: so it shows when it is no longer as it was made. A copy that lacks
// what the ledger had before does not stay.
func CheckedCopy(ctx context.Context, db *store.DB, file string) (*points.Heads, error) {
	had := points.Heads{}
	err := db.Read(func(tx *store.Tx) (err error) { had.Units, err = points.Ends(tx); return err })
	if err != nil {
		return nil, err
	}
	heads := &points.Heads{Epoch: 1, Since: db.Now()}
	// That the published heads cannot be read is told elsewhere, and no reason to have no backup.
	if published, err := points.ReadHeads(points.HeadsBeside(db.Path())); err == nil && published != nil {
		heads.Epoch, heads.Since = published.Epoch, published.Since
	}
	if err := db.Backup(ctx, file); err != nil {
		return nil, err
	}
	err = store.Look(file, func(tx *store.Tx) error {
		breaks, err := had.Breaks(tx)
		if err != nil {
			return err
		}
		if len(breaks) > 0 {
			return fmt.Errorf("the copy is not whole: %w", breaks[0])
		}
		heads.Units, err = points.Ends(tx)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, os.Remove(file))
	}
	return heads, nil
}

// superfluous are the names, of those given newest first, that need not stay:
// all but the newest ones and the first of each month.
func superfluous(names []string, keep int) []string {
	if len(names) <= keep {
		return nil
	}
	old := names[keep:]
	var out []string
	months := 0
	for i, name := range old {
		month := name[:len("branchbot-2006-01")]
		firstOfMonth := i == len(old)-1 || !strings.HasPrefix(old[i+1], month)
		if firstOfMonth && months < monthsKept {
			months++
			continue
		}
		out = append(out, name)
	}
	return out
}
