package bot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/rehearse"
	"branchbot/store"
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
