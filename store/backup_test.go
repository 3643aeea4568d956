package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/store"
	"branchbot/store/faultdriver"
	"branchbot/store/storetest"
)

// A backup of either engine is a checked file for this user alone. Restored, it is
// prepared in the same step, and the database before is kept aside.
func TestBackupOfBothEngines(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		o := store.Options{Folder: folder}
		db := openOn(t, source, folder)
		big := make([]byte, 3<<20) // several times what a statement may hold
		err := db.Write(func(tx *store.Tx) error {
			for i := range 6 {
				if _, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ('big', $1, $2)`, fmt.Sprint(i), big); err != nil {
					return err
				}
			}
			return put(tx, "kept")
		})
		if err != nil {
			t.Fatal(err)
		}
		backup := filepath.Join(t.TempDir(), "backup.db")
		if err := db.Backup(t.Context(), backup); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("rights of the backup: %v (%v)", info, err)
		}
		if left, err := filepath.Glob(backup + "?*"); err != nil || len(left) != 0 {
			t.Errorf("left beside the backup: %v (%v)", left, err)
		}
		if err := db.Backup(t.Context(), backup); err == nil || err.Error() != "backup: "+backup+" is there already; name a new file" {
			t.Errorf("over a file: %v", err)
		}
		if err := db.Write(func(tx *store.Tx) error { return put(tx, "later") }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(t.Context(), source, backup, o, func(*store.Tx) error { return errAsked }); !errors.Is(err, errAsked) {
			t.Errorf("not to be prepared: %v", err)
		}
		db = openOn(t, source, folder)
		want(t, db, "0", "1", "2", "3", "4", "5", "kept", "later")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		aside, err := store.Restore(t.Context(), source, backup, o, func(tx *store.Tx) error { return put(tx, "prepared") })
		if err != nil {
			t.Fatal(err)
		}
		want(t, openOn(t, source, folder), "0", "1", "2", "3", "4", "5", "kept", "prepared")
		want(t, open(t, aside, store.Options{}), "0", "1", "2", "3", "4", "5", "kept", "later")
		if left, err := filepath.Glob(filepath.Join(folder, "*.resto*")); err != nil || len(left) != 0 {
			t.Errorf("left by the restore: %v (%v)", left, err)
		}
	})
}

// A bot that works on a PostgreSQL database is not written over.
func TestRestoreUnderARunningBot(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	db := openOn(t, source, folder)
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := db.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	for _, roles := range [][]string{{store.House}, {}} { // also one that has no role
		working := share(t, db, roles...)
		for end := time.Now().Add(30 * time.Second); ; <-time.After(10 * time.Millisecond) {
			peers, held, err := db.Shared()
			if err == nil && len(peers) == 1 && len(held) == len(roles) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("processes %+v, roles %+v (%v)", peers, held, err)
			}
		}
		_, err := store.Restore(t.Context(), source, backup, store.Options{Folder: folder}, asItIs)
		if err == nil || !strings.Contains(err.Error(), "a bot works on it (") || !strings.HasSuffix(err.Error(), "): stop it first") {
			t.Errorf("with the roles %v: error %v", roles, err)
		}
		working.end()
	}
	if _, err := store.Restore(t.Context(), source, backup, store.Options{Folder: folder}, asItIs); err != nil {
		t.Error(err)
	}
}

// FAULTS 8: a file that somebody has put something into is no backup of ours.
func TestPoisonedBackups(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "x.db"), store.Options{})
	for name, c := range map[string]struct{ poison, refused string }{
		"trigger":   {`CREATE TRIGGER bad AFTER INSERT ON shelf BEGIN DELETE FROM ledger; END`, "it has a trigger bad on shelf that is not branchbot's"},
		"view":      {`CREATE VIEW bad AS SELECT 1`, "it has a view bad on bad that is not branchbot's"},
		"view as":   {`ALTER TABLE shelf RENAME TO old; CREATE VIEW shelf AS SELECT * FROM old`, "it has a table old (account TEXT, key TEXT, value BLOB) that is not branchbot's"},
		"table":     {`CREATE TABLE bad (x)`, "it has a table bad (x ) that is not branchbot's"},
		"column":    {`ALTER TABLE shelf ADD COLUMN bad TEXT`, "it has a table shelf (account TEXT, key TEXT, value BLOB, bad TEXT) that is not branchbot's"},
		"generated": {`ALTER TABLE shelf ADD COLUMN bad TEXT AS (upper(key)) VIRTUAL`, "it has a table shelf (account TEXT, key TEXT, value BLOB, bad TEXT generated) that is not branchbot's"},
		"index":     {`DROP INDEX ledger_reverses`, "the index ledger_reverses is missing"},
		"lost":      {`DROP TABLE shelf`, "the table shelf (account TEXT, key TEXT, value BLOB) is missing"},
		"newer":     {`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`, "its schema is version 999, this program knows version"},
	} {
		file := filepath.Join(dir, name+".db")
		if err := db.Backup(t.Context(), file); err != nil {
			t.Fatal(err)
		}
		raw, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Exec(c.poison); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(dir, name+"-restored.db")
		_, err = store.Restore(t.Context(), "sqlite:"+target, file, store.Options{}, asItIs)
		if err == nil || !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(target); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a database was made (%v)", name, err)
		}
	}
}

// A restore that dies at any of its steps leaves the database before as it was, or
// none that a bot would start with; done again it comes to its end.
func TestARestoreThatIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "x.db"), filepath.Join(dir, "backup.db")
	db := open(t, path, store.Options{})
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "kept") }); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// As it stands after the restored file is ready and the one before is put aside.
	if err := os.Rename(path, path+".restored"); err != nil {
		t.Fatal(err)
	}
	for _, o := range []store.Options{{}, {Shared: true}} {
		if _, err := store.Open(t.Context(), "sqlite:"+path, o); err == nil || !strings.HasSuffix(err.Error(), ": a restore was not finished: run branchbot restore FILE again") {
			t.Errorf("opened, shared %v: %v", o.Shared, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("an empty database was made (%v)", err)
	}
	if _, err := store.Restore(t.Context(), "sqlite:"+path, backup, store.Options{}, asItIs); err != nil {
		t.Fatal(err)
	}
	want(t, open(t, path, store.Options{}), "kept")
}

// A move that is cut off leaves a target that no bot starts with; done again it
// comes to its end.
func TestAMoveThatIsCutOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		from := open(t, filepath.Join(t.TempDir(), "from.db"), store.Options{})
		if err := from.Write(func(tx *store.Tx) error { return put(tx, "kept") }); err != nil {
			t.Fatal(err)
		}
		source, folder := e.Empty(t)
		unfinished := func() *store.DB {
			t.Helper()
			db, err := store.Open(t.Context(), source, store.Options{Folder: folder, Unfinished: true})
			if err != nil {
				t.Fatal(err)
			}
			return db
		}
		done := func() error { return nil }
		for name, cut := range map[string]func(to *store.DB) error{
			"before the rows": func(to *store.DB) error {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := store.Move(ctx, from, to, done)
				return err
			},
			"after the rows": func(to *store.DB) error {
				_, err := store.Move(t.Context(), from, to, func() error { return errAsked })
				return err
			},
		} {
			to := unfinished()
			if err := cut(to); err == nil {
				t.Errorf("%s: no error", name)
			}
			if err := to.Close(); err != nil {
				t.Fatal(err)
			}
			if db, err := store.Open(t.Context(), source, store.Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), "a move into it was not finished") {
				t.Errorf("%s: opened %v, %v", name, db, err)
			}
		}
		to := unfinished()
		if _, err := store.Move(t.Context(), from, to, done); err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		whole := openOn(t, source, folder)
		want(t, whole, "kept")
		if err := whole.Close(); err != nil {
			t.Fatal(err)
		}
		to = unfinished()
		defer to.Close()
		if _, err := store.Move(t.Context(), from, to, done); err == nil || !strings.Contains(err.Error(), "is not empty: shelf has 1 rows; name a new one") {
			t.Errorf("into one that is whole: %v", err)
		}
	})
}

// Before its schema is changed a PostgreSQL database is kept as a file, too.
func TestMigrationKeepsAServersDatabase(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	server, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.ExecContext(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	if err := errors.Join(err, server.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), source, store.AtSchema(store.Options{Folder: folder}, 20))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(func(tx *store.Tx) error {
		return put(tx, "kept")
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	want(t, openOn(t, source, folder), "kept")
	kept, err := filepath.Glob(filepath.Join(folder, "*.version-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v (%v)", kept, err)
	}
	if err := store.Check(t.Context(), kept[0]); err != nil {
		t.Error(err)
	}
	want(t, open(t, kept[0], store.Options{}), "kept")
}

// FAULTS 7.28: a migration that dies at any statement goes on at the next start.
func TestAMigrationThatIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	finished := false
	for n := 1; !finished; n += 23 {
		path := filepath.Join(dir, fmt.Sprint(n, ".db"))
		left := n
		plan := &faultdriver.Plan{Op: func(string) (before, after error) {
			if left--; left == 0 {
				if n%2 == 0 {
					return nil, faultdriver.ErrCrashed
				}
				return faultdriver.ErrCrashed, nil
			}
			return nil, nil
		}}
		defer faultdriver.Set(path, plan)()
		first, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Driver: faultdriver.Name})
		if err == nil {
			finished = true
			first.Close()
		}
		db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		if err != nil {
			t.Fatalf("after statement %d: %v", n, err)
		}
		if err := db.Write(func(tx *store.Tx) error { return put(tx, "works") }); err != nil {
			t.Errorf("after statement %d: %v", n, err)
		}
		backup := path + ".backup"
		if err := errors.Join(db.Backup(t.Context(), backup), db.Close()); err != nil { // which compares the whole schema
			t.Errorf("after statement %d: %v", n, err)
		}
		if diff := cmp.Diff([]string{"works"}, keys(t, open(t, backup, store.Options{}))); diff != "" {
			t.Error(diff)
		}
	}
}
