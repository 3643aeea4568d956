package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"branchbot/store"
)

// small mounts a disk of a few megabytes.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("mounting a small disk is not allowed here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// FAULTS 7.9 as root has it: a disk that is mounted to be read only.
func TestAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := small(t)
	path := filepath.Join(dir, "x.db")
	db := open(t, path, store.Options{})
	if err := errors.Join(db.Write(func(tx *store.Tx) error { return put(tx, "kept") }), db.Close()); err != nil {
		t.Fatal(err)
	}
	mount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, "size=4m"); err != nil {
			t.Skipf("mounting anew is not allowed here: %v", err)
		}
	}
	mount(syscall.MS_RDONLY)
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "open database "+path+": ") ||
		!strings.HasSuffix(err.Error(), ": the file and its folder must be writable for this user; change database: in config.yaml or the folder's permissions") {
		t.Errorf("error %v", err)
	}
	mount(0)
	want(t, open(t, path, store.Options{}), "kept")
}

// FAULTS 7.8 and 8 on a real disk that is full: nothing is taken, nothing is lost,
// it goes on by itself once there is room; a backup that has no room leaves nothing.
func TestAReallyFullDisk(t *testing.T) {
	t.Parallel()
	dir := small(t)
	db := open(t, filepath.Join(dir, "x.db"), store.Options{})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 100_000)
	var taken []string
	var err error
	for n := 0; err == nil && n < 100; n++ {
		key := fmt.Sprintf("%03d", n)
		err = db.Write(func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ('a', $1, $2)`, key, value)
			return err
		})
		if err == nil {
			taken = append(taken, key)
		}
	}
	if store.Code(err) != store.Full || len(taken) < 5 {
		t.Fatalf("after %d rows: %v, code %q", len(taken), err, store.Code(err))
	}
	want(t, db, taken...)
	backup := filepath.Join(dir, "backup.db")
	if err := db.Backup(t.Context(), backup); store.Code(err) != store.Full {
		t.Errorf("backup: %v", err)
	}
	if _, err := os.Stat(backup); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("part of a backup stays (%v)", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "room") }); err != nil {
		t.Errorf("with room again: %v", err)
	}
	want(t, db, append(taken, "room")...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, open(t, filepath.Join(dir, "x.db"), store.Options{}), append(taken, "room")...)
}
