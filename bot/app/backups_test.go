package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/points"
	"branchbot/bot/rehearse"
	"branchbot/store"
	"branchbot/store/storetest"
)

func TestDailyBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clock := rehearse.NewClock(time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC))
	db, err := store.Open(t.Context(), "sqlite:"+dir+"/x.db", store.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &backups{db: db, folder: filepath.Join(dir, "backups"), keep: 3, quiet: func(at time.Time) bool { return at.Hour() >= 13 }} // 21:00 in Shanghai
	for range 24 * 40 {                                                                                                              // forty days, looked at each hour
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.Set(clock.Now().Add(time.Hour))
	}
	names, err := b.list()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"branchbot-2026-12-29.db", "branchbot-2026-12-28.db", "branchbot-2026-12-27.db", "branchbot-2026-12-01.db", "branchbot-2026-11-20.db"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, name := range names {
		if err := store.Check(t.Context(), filepath.Join(b.folder, name)); err != nil {
			t.Error(err)
		}
	}
	// A failure leaves the others, and is tried again.
	if err := os.Chmod(b.folder, 0o500); err == nil && os.Getuid() != 0 {
		if err := b.make(t.Context()); err == nil {
			t.Error("a folder that cannot be written to")
		}
	}
}

// A server's database is copied likewise, with the heads of its ledger beside.
func TestDailyBackupOfAServer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db, err := store.Open(t.Context(), source, store.Options{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		b := newBackups(&Settings{Backup: BackupConfig{Folder: "backups", Keep: 3}}, db)
		if _, wanted := b.Last(); !wanted {
			t.Error("no backups are wanted")
		}
		b.quiet = func(time.Time) bool { return true }
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		names, err := b.list()
		if err != nil || len(names) != 1 || b.folder != filepath.Join(folder, "backups") {
			t.Fatalf("in %s: %v (%v)", b.folder, names, err)
		}
		file := filepath.Join(b.folder, names[0])
		if heads, err := points.ReadHeads(points.HeadsBeside(file)); err != nil || heads == nil {
			t.Errorf("heads %v (%v)", heads, err)
		}
		if err := store.Check(t.Context(), file); err != nil {
			t.Error(err)
		}
		if again := newBackups(&Settings{Backup: BackupConfig{Folder: "backups", Keep: 3}}, db); again.last.Load() == 0 {
			t.Error("the copy is not found again")
		}
	})
}

// After the clock was years ahead a copy is made at once, and stays although those
// from the future look newer.
func TestBackupsAfterAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clock := rehearse.NewClock(time.Date(2036, 1, 1, 20, 0, 0, 0, time.UTC))
	db, err := store.Open(t.Context(), "sqlite:"+dir+"/x.db", store.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &backups{db: db, folder: filepath.Join(dir, "backups"), keep: 1, quiet: func(time.Time) bool { return true }}
	for _, at := range []time.Time{clock.Now(), clock.Now().AddDate(0, 0, 1), time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC), time.Date(2026, 12, 2, 20, 0, 0, 0, time.UTC)} {
		clock.Set(at)
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		name := "branchbot-" + at.UTC().Format("2006-01-02") + ".db"
		if _, err := os.Stat(filepath.Join(b.folder, name)); err != nil {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestWhatBackupsStay(t *testing.T) {
	t.Parallel()
	var names []string
	for at := time.Date(2028, 3, 15, 0, 0, 0, 0, time.UTC); at.Year() > 2025; at = at.AddDate(0, 0, -1) {
		names = append(names, "branchbot-"+at.Format("2006-01-02")+".db")
	}
	gone := map[string]bool{}
	for _, name := range superfluous(names, 14) {
		gone[name] = true
	}
	var left []string
	for _, name := range names {
		if !gone[name] {
			left = append(left, strings.TrimSuffix(strings.TrimPrefix(name, "branchbot-"), ".db"))
		}
	}
	if got := fmt.Sprint(len(left), left[13:16], left[len(left)-1]); got != "26 [2028-03-02 2028-03-01 2028-02-01]2027-04-01" {
		t.Errorf("what stays: %s", got)
	}
}
