package bot

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
	b := &backups{db: db, folder: s.Backup.Folder, keep: s.Backup.Keep}
	switch {
	case b.folder == "off", db.Postgres(): // whose backups are the server's
		b.folder = ""
	case !filepath.IsAbs(b.folder):
		b.folder = filepath.Join(filepath.Dir(db.Path()), b.folder)
	}
	if names, err := b.list(); err == nil && len(names) > 0 {
		if info, err := os.Stat(filepath.Join(b.folder, names[0])); err == nil {
			b.last.Store(info.ModTime().UnixMilli())
		}
	}
	return b
}

// Last is when the newest copy was made; zero when there is none. wanted is
// false when nobody wants any.
func (b *backups) Last() (at time.Time, wanted bool) {
	if ms := b.last.Load(); ms != 0 {
		at = time.UnixMilli(ms)
	}
	return at, b.folder != ""
}

var backupName = regexp.MustCompile(`^branchbot-\d{4}-\d\d-\d\d\.db$`)

// list are the names of the copies, newest first.
func (b *backups) list() ([]string, error) {
	if b.folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(b.folder)
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
	if age := now.Sub(last); !wanted || age < sooner || age < backupEvery && !b.quiet(now) {
		return nil
	}
	if err := os.MkdirAll(b.folder, 0o700); err != nil {
		return fmt.Errorf("daily backup: %w", err)
	}
	file := filepath.Join(b.folder, "branchbot-"+now.Format("2006-01-02")+".db")
	next := file + ".new" // a copy has its name only once it is checked
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("daily backup: %w", err)
	}
	if err := b.db.Backup(ctx, next); err != nil {
		return fmt.Errorf("daily backup: %w", err)
	}
	if err := os.Rename(next, file); err != nil {
		return fmt.Errorf("daily backup: %w", err)
	}
	b.last.Store(now.UnixMilli())
	names, err := b.list()
	if err != nil {
		return fmt.Errorf("daily backup: %w", err)
	}
	for _, name := range superfluous(names, b.keep) {
		if err := os.Remove(filepath.Join(b.folder, name)); err != nil {
			return fmt.Errorf("daily backup: remove an old one: %w", err)
		}
	}
	return nil
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
