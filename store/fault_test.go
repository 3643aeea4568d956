package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/store"
)

// FAULTS 7.8: a full disk takes nothing and loses nothing.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.db"), store.Options{})
	pages := func(max string) {
		t.Helper()
		if err := db.Write(func(tx *store.Tx) error { _, err := tx.Exec(`PRAGMA max_page_count = ` + max); return err }); err != nil {
			t.Fatal(err)
		}
	}
	big := func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ('a', 'big', zeroblob(1000000))`)
		return err
	}
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "before") }); err != nil {
		t.Fatal(err)
	}
	pages("1") // never below what the file has
	told := false
	for name, f := range map[string]func(*store.Tx) error{
		"returned": func(tx *store.Tx) error { return errors.Join(put(tx, "lost"), big(tx)) },
		"savepoint": func(tx *store.Tx) error {
			return errors.Join(put(tx, "lost"), tx.Savepoint(func() error { return big(tx) }))
		},
	} {
		err := db.Write(func(tx *store.Tx) error { tx.AfterCommit(func() { told = true }); return f(tx) })
		if store.Code(err) != store.Full || !store.Broken(err) {
			t.Errorf("%s: %v has code %q, broken %v", name, err, store.Code(err), store.Broken(err))
		}
	}
	if told {
		t.Error("a callback ran without a commit")
	}
	want(t, db, "before")
	pages("1000000")
	if err := db.Write(big); err != nil {
		t.Errorf("with room again: %v", err)
	}
	want(t, db, "before", "big")
}

// FAULTS 7.10: such a file is refused and not touched.
func TestDamagedFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	db := open(t, good, store.Options{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	garbled := bytes.Clone(whole)
	for i := 100; i < 4096; i++ {
		garbled[i] ^= 0x5a
	}
	const wayOut = ": the file is left as it is; put it aside and restore a backup with: branchbot restore FILE"
	for name, c := range map[string]struct {
		data   []byte
		ending string
	}{
		"cut off":       {whole[:8192], wayOut},
		"garbled":       {garbled, wayOut},
		"only a header": {[]byte("SQLite format 3\x00"), wayOut},
		"a few bytes":   {[]byte("SQLi"), ": this file is not a database of branchbot; it is left as it is"},
		"a text":        {[]byte("Dear Sir or Madam"), ": this file is not a database of branchbot; it is left as it is"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".db")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
			if err == nil || !strings.HasPrefix(err.Error(), "open database "+path+": ") || !strings.HasSuffix(err.Error(), c.ending) {
				t.Errorf("error %v", err)
			}
			if err := store.Check(t.Context(), path); err == nil {
				t.Error("Check finds nothing wrong")
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, c.data) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestASecondBotIsToldWhoHasTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, store.Options{})
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	want := fmt.Sprintf("open database %s: already in use by a running branchbot (pid %d): stop that one first", path, os.Getpid())
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	tool := open(t, path, store.Options{Shared: true})
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "beside") }); err != nil {
		t.Error(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := tool.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"beside"}, keys(t, open(t, backup, store.Options{}))); diff != "" {
		t.Error(diff)
	}
}

// One time for all rows, and a panic in the inner part undoes that part alone.
func TestAPanicInASavepoint(t *testing.T) {
	t.Parallel()
	ticks := 0
	clock := func() time.Time { ticks++; return time.Unix(int64(ticks), 999_999) }
	db := open(t, filepath.Join(t.TempDir(), "x.db"), store.Options{Now: clock})
	var ran []string
	err := db.Write(func(tx *store.Tx) error {
		first := tx.Now
		func() {
			defer func() { _ = recover() }()
			_ = tx.Savepoint(func() error {
				tx.AfterCommit(func() { ran = append(ran, "undone") })
				if err := tx.Savepoint(func() error { tx.AfterCommit(func() { ran = append(ran, "undone too") }); return put(tx, "inner") }); err != nil {
					t.Error(err)
				}
				panic("as the test wants")
			})
		}()
		tx.AfterCommit(func() { ran = append(ran, "kept") })
		if tx.Now != first || tx.Now.Nanosecond() != 0 {
			t.Errorf("the time went from %v to %v", first, tx.Now)
		}
		return put(tx, "outer")
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, db, "outer")
	if diff := cmp.Diff([]string{"kept"}, ran); diff != "" {
		t.Error(diff)
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.db"), store.Options{})
	db.Close()
	if err := db.Write(func(*store.Tx) error { return nil }); err == nil || err.Error() != "the database is closed" {
		t.Errorf("Write: %v", err)
	}
	if err := db.Read(func(*store.Tx) error { return nil }); err == nil || err.Error() != "sql: database is closed" {
		t.Errorf("Read: %v", err)
	}
}

func TestAReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.db")
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	want := "open database " + path + ": open " + path + ".lock: permission denied: the file and its folder must be writable for this user; " +
		"change database: in config.yaml or the folder's permissions"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// FAULTS 7.12: a file that was deleted or replaced is noticed.
func TestADeletedFileIsNoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, store.Options{})
	if err := db.Present(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := db.Present(); err == nil || !strings.Contains(err.Error(), "was deleted or replaced") {
		t.Errorf("deleted: %v", err)
	}
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Present(); err == nil {
		t.Error("another file in its place is not noticed")
	}
}

// The journal is written over from its beginning, and a long one is cut: a small bot's
// disk is not filled by it.
func TestTheJournalStaysShort(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, store.Options{})
	const longest = 16 << 20
	value := strings.Repeat("x", 1<<20)
	for n := range 60 {
		err := db.Write(func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ('a', $1, $2)
				ON CONFLICT (account, key) DO UPDATE SET value = excluded.value`, fmt.Sprint(n%20), value)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() > longest+2<<20 {
		t.Errorf("the journal has %d bytes after 60 MB (%v)", info.Size(), err)
	}
}

// FAULTS 7.11: power that fails while the journal is written. Whatever the end of
// the journal looks like, the database opens, is whole, and has all transactions up
// to some point and none after it.
func TestATornJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.db")
	if err := open(t, path, store.Options{}).Close(); err != nil { // the schema is in the file, not in the journal
		t.Fatal(err)
	}
	db := open(t, path, store.Options{})
	const transactions = 60
	for n := range transactions {
		err := db.Write(func(tx *store.Tx) error {
			for part := range 3 {
				if err := put(tx, fmt.Sprintf("%03d-%d", n, part)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	file, err1 := os.ReadFile(path) // as it lies on the disk, with its journal
	wal, err2 := os.ReadFile(path + "-wal")
	if err := errors.Join(err1, err2); err != nil || len(wal) < 100_000 {
		t.Fatalf("a journal of %d bytes (%v)", len(wal), err)
	}
	dice := rand.New(rand.NewPCG(11, 0))
	whole := 0
	for trial := range 60 {
		torn := bytes.Clone(wal)
		at := dice.IntN(len(torn))
		switch trial % 3 {
		case 0:
			torn = torn[:at]
		case 1:
			clear(torn[at:])
		default:
			for i := at; i < min(at+512, len(torn)); i++ {
				torn[i] = byte(dice.Uint32())
			}
		}
		copied := filepath.Join(dir, fmt.Sprintf("trial-%d.db", trial))
		if err := errors.Join(os.WriteFile(copied, file, 0o600), os.WriteFile(copied+"-wal", torn, 0o600)); err != nil {
			t.Fatal(err)
		}
		again, err := store.Open(t.Context(), "sqlite:"+copied, store.Options{})
		if err != nil {
			t.Errorf("trial %d, torn at %d of %d: %v", trial, at, len(wal), err)
			continue
		}
		have := keys(t, again)
		if err := again.Close(); err != nil {
			t.Error(err)
		}
		if len(have)%3 != 0 {
			t.Errorf("trial %d: %d rows: part of a transaction", trial, len(have))
		}
		for i, key := range have {
			if want := fmt.Sprintf("%03d-%d", i/3, i%3); key != want {
				t.Errorf("trial %d: row %d is %s, want %s", trial, i, key, want)
				break
			}
		}
		if len(have) == 3*transactions {
			whole++
		}
	}
	if whole > 40 {
		t.Errorf("in %d of 60 trials nothing was torn", whole)
	}
}

// A second name of the file would let two bots work on it without seeing each other.
func TestAHardLinkIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	open(t, path, store.Options{}).Close()
	second := path + ".second"
	if err := os.Link(path, second); err != nil {
		t.Skip("this file system has no hard links")
	}
	if db, err := store.Open(t.Context(), "sqlite:"+second, store.Options{}); err == nil || !strings.Contains(err.Error(), "the file has 2 names (hard links)") {
		t.Errorf("opened: %v (%v)", db != nil, err)
	}
}

// An index that an administrator has added is no reason to have no backup.
func TestAForeignIndexIsNoFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "x.db"), store.Options{})
	if err := db.Write(func(tx *store.Tx) error { _, err := tx.Exec(`CREATE INDEX mine ON ledger (note)`); return err }); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "backup.db")
	if err := db.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), "sqlite:"+filepath.Join(dir, "y.db"), file, store.Options{}, func(*store.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}
