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

	"github.com/spf13/cobra"

	"branchbot/bot/console"
	"branchbot/bot/ledger"
	"branchbot/bot/member"
	"branchbot/bot/outbox"
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
	b := &backups{db: db, folder: backupFolder(s, db.Path()), keep: s.Backup.Keep}
	b.look()
	return b
}

// backupFolder is where the copies of a database go; "" when none are wanted.
func backupFolder(s *Settings, path string) string {
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
func (b *backups) list() ([]string, error) { return listBackups(b.folder) }

func listBackups(folder string) ([]string, error) {
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
	heads, err := checkedCopy(ctx, b.db, next)
	if err != nil {
		return err
	}
	if err := errors.Join(store.Rename(next, file), heads.Write(ledger.HeadsBeside(file))); err != nil {
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
		if err := os.Remove(ledger.HeadsBeside(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove an old one: %w", err)
		}
	}
	return nil
}

// checkedCopy writes a copy and returns the ends of the ledger's chains in it, to be
// kept beside it: so it shows when it is no longer as it was made. A copy that lacks
// what the ledger had before does not stay.
func checkedCopy(ctx context.Context, db *store.DB, file string) (*ledger.Heads, error) {
	had := ledger.Heads{}
	err := db.Read(func(tx *store.Tx) (err error) { had.Units, err = ledger.Ends(tx); return err })
	if err != nil {
		return nil, err
	}
	heads := &ledger.Heads{Epoch: 1, Since: db.Now()}
	// That the published heads cannot be read is told elsewhere, and no reason to have no backup.
	if published, err := ledger.ReadHeads(ledger.HeadsBeside(db.Path())); err == nil && published != nil {
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
		heads.Units, err = ledger.Ends(tx)
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

func (p *Program) backupCommand() *cobra.Command {
	return &cobra.Command{Use: "backup FILE", Short: "Write a consistent copy of the database, also while the bot runs", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.backup(c.Context(), args[0]) }}
}

func (p *Program) backup(ctx context.Context, file string) error {
	_, db, err := p.tool(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	heads, err := checkedCopy(ctx, db, file)
	if err != nil {
		return err
	}
	if err := heads.Write(ledger.HeadsBeside(file)); err != nil {
		return fmt.Errorf("note the ledger's heads beside the backup: %w", err)
	}
	fmt.Fprintln(p.Out, "backup written and checked:", file)
	return nil
}

func (p *Program) restoreCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{Use: "restore FILE", Short: "Put a backup in the place of the database (which is kept aside)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.restore(c.Context(), args[0], force) }}
	c.Flags().BoolVar(&force, "force", false, "also when the backup's ledger does not fit")
	return c
}

func (p *Program) restore(ctx context.Context, file string, force bool) error {
	s, _, err := p.load()
	if err != nil {
		return err
	}
	var held int64
	aside, err := store.Restore(ctx, databaseSource(s), file, store.Options{Folder: dataFolder(s)}, func(tx *store.Tx) error {
		if err := sound(tx, file); err != nil && !force {
			return fmt.Errorf("%w; with --force it is restored nevertheless", err)
		}
		held, err = outbox.Hold(tx)
		if err != nil {
			return err
		}
		// What was ended or used since the backup must not let anybody in again.
		return errors.Join(member.NewDirectory().EndAllSessions(tx), console.EndAllSessions(tx))
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "restored:", file)
	if aside != "" {
		fmt.Fprintln(p.Out, "the database before is kept as:", aside)
	}
	if held > 0 {
		fmt.Fprintf(p.Out, "messages that waited when the backup was made and are not sent now, since they may have been: %d\n", held)
	}
	fmt.Fprintln(p.Out, "all sessions of pages and unused codes are void: people enter by a new code, the first by branchbot invite STAFFNO")
	return p.reconcileHeads(ctx, s, file)
}

// sound refuses a backup whose ledger does not fit, or is not the one that was
// noted when it was made.
func sound(tx *store.Tx, file string) error {
	chains, err := ledger.Verify(tx)
	if err != nil {
		return err
	}
	for _, v := range chains {
		if v.Bad != 0 {
			return fmt.Errorf("its ledger of unit %s: entry %d does not fit: %s", v.Unit, v.Bad, v.Reason)
		}
	}
	noted, err := ledger.ReadHeads(ledger.HeadsBeside(file))
	if err != nil {
		return err
	}
	breaks, err := noted.Breaks(tx)
	if len(breaks) > 0 {
		return fmt.Errorf("it is not as it was made: %w", breaks[0])
	}
	return err
}

// reconcileHeads holds a restored ledger against the published heads, and tells what it has
// lost. Where none are published, as on another machine, those of the backup are from now on.
func (p *Program) reconcileHeads(ctx context.Context, s *Settings, file string) error {
	db, err := openDatabase(ctx, s, true)
	if err != nil {
		return err
	}
	defer db.Close()
	published, err := ledger.ReadHeads(ledger.HeadsBeside(db.Path()))
	if err != nil {
		return err
	}
	return db.Read(func(tx *store.Tx) error {
		if published == nil {
			return ledger.PublishAnew(tx, ledger.HeadsBeside(file), ledger.HeadsBeside(db.Path()))
		}
		breaks, err := published.Breaks(tx)
		for _, b := range breaks {
			fmt.Fprintln(p.Out, b.Error())
		}
		if len(breaks) > 0 {
			fmt.Fprintln(p.Out, "to go on with the ledger as it is in the backup: branchbot ledger accept")
		}
		return err
	})
}
