package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"branchbot/store"
	"branchbot/store/storetest"
)

func open(t *testing.T, path string, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func put(tx *store.Tx, key string) error {
	_, err := tx.Exec(`INSERT INTO shelf (account, key, value) VALUES ('a', $1, 'x')`, key)
	return err
}

func keys(t *testing.T, db *store.DB) (out []string) {
	t.Helper()
	err := db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT key FROM shelf ORDER BY key`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			out = append(out, key)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t *testing.T, db *store.DB, keysWanted ...string) {
	t.Helper()
	if diff := cmp.Diff(keysWanted, keys(t, db)); diff != "" {
		t.Error(diff)
	}
}

var errAsked = errors.New("as the test wants")

// An error or a panic leaves nothing; a savepoint undoes only its part, and
// the callbacks of what was undone do not run.
func TestTransactions(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.db"), store.Options{})
	err := db.Write(func(tx *store.Tx) error { return errors.Join(put(tx, "lost"), errAsked) })
	if !errors.Is(err, errAsked) {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Write(func(tx *store.Tx) error { _ = put(tx, "lost"); panic("as the test wants") })
	}()
	var ran []string
	var undone, inner error
	err = db.Write(func(tx *store.Tx) error {
		tx.AfterCommit(func() { ran = append(ran, "outer") })
		if err := put(tx, "1"); err != nil {
			return err
		}
		undone = tx.Savepoint(func() error {
			tx.AfterCommit(func() { ran = append(ran, "undone") })
			return errors.Join(put(tx, "undone"), errAsked)
		})
		return tx.Savepoint(func() error {
			if err := put(tx, "2"); err != nil {
				return err
			}
			inner = tx.Savepoint(func() error { return errors.Join(put(tx, "inner"), errAsked) })
			return put(tx, "3")
		})
	})
	for _, err := range []error{undone, inner} {
		if !errors.Is(err, errAsked) || store.Broken(err) {
			t.Errorf("savepoint: %v", err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	want(t, db, "1", "2", "3")
	if diff := cmp.Diff([]string{"outer"}, ran); diff != "" {
		t.Error(diff)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 8, 0, 0, 123456789, time.FixedZone("CST", 8*3600))
	db := open(t, filepath.Join(t.TempDir(), "dir with # and ?", "x.db"), store.Options{Now: func() time.Time { return now }})
	err := db.Write(func(tx *store.Tx) error {
		if got := tx.Now.Format(time.RFC3339Nano); got != "2026-12-01T00:00:00.123Z" {
			t.Errorf("Now is %s", got)
		}
		for pragma, value := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0"} {
			var got string
			if err := tx.QueryRow(`PRAGMA ` + pragma).Scan(&got); err != nil || got != value {
				t.Errorf("%s is %q (%v), want %q", pragma, got, err, value)
			}
		}
		_, err := tx.Exec(`INSERT INTO chat (account, chat, unit, bound_at) VALUES ('a', 'c', 'nowhere', 0)`)
		if err == nil {
			t.Error("a chat of no unit was stored")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Read(func(tx *store.Tx) error { return put(tx, "x") }); store.Code(err) != store.ReadOnly {
		t.Errorf("a reading transaction wrote: %v", err)
	}
}

// One process has the file; a tool may look and make a backup beside it.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, store.Options{})
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "1") }); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err == nil || !strings.Contains(err.Error(), "already in use by a running branchbot (pid ") {
		t.Errorf("a second bot: %v", err)
	}
	tool := open(t, path, store.Options{Shared: true})
	want(t, tool, "1")
	if err := tool.Close(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	open(t, path, store.Options{})
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	db := open(t, newer, store.Options{})
	if err := db.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	letter := file("letter.doc", []byte("Dear Sir or Madam, this is no database at all."))
	for path, reason := range map[string]string{
		newer:  "its schema is version 99, this program knows version N: start the newer branchbot that made it",
		letter: "this file is not a database of branchbot; it is left as it is",
	} {
		_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		got := regexp.MustCompile(`knows version \d+`).ReplaceAllString(fmt.Sprint(err), "knows version N")
		if got != "open database "+path+": "+reason {
			t.Errorf("%v\nwant %s", err, reason)
		}
	}
	if data, err := os.ReadFile(letter); err != nil || string(data) != "Dear Sir or Madam, this is no database at all." {
		t.Errorf("the file was changed: %v", err)
	}
	if _, err := store.Open(t.Context(), "mysql://x", store.Options{}); err == nil {
		t.Error("mysql was opened")
	}
	if _, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "none.db"), store.Options{Shared: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a tool made a database: %v", err)
	}
}

func TestBackupAndRestore(t *testing.T) {
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
	if err := db.Backup(t.Context(), backup); err == nil || err.Error() != "backup: "+backup+" is there already; name a new file" {
		t.Errorf("over a file: %v", err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("rights of the backup: %v %v", info.Mode(), err)
	}
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "later") }); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), "sqlite:"+path, backup); err == nil || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("restored under a running bot: %v", err)
	}
	db.Close()
	damaged := filepath.Join(dir, "damaged.db")
	data, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8192; i < len(data) && i < 40_000; i++ {
		data[i] ^= 0x5a
	}
	if err := os.WriteFile(damaged, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), "sqlite:"+path, damaged); err == nil {
		t.Error("a damaged backup was restored")
	}
	aside, err := store.Restore(t.Context(), "sqlite:"+path, backup)
	if err != nil {
		t.Fatal(err)
	}
	want(t, open(t, path, store.Options{}), "kept")
	want(t, open(t, aside, store.Options{}), "kept", "later")
}

// A database of the first release is brought up to date, with all that is in
// it, and is kept beside as it was.
func TestMigrationKeepsTheDatabaseBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile("migrations/0001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, raw, fstest.MapFS{"0001_first.sql": {Data: first}}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = raw.Exec(`INSERT INTO unit (id, kind, name, zone, language) VALUES ('demo', 'branch', '示范党支部', 'Asia/Shanghai', 'zh-CN')`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(`INSERT INTO chat (account, chat, unit, bound_at) VALUES ('web', 'demo', 'demo', 1)`); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var name, state string
		err = db.Read(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT u.name, c.state FROM unit u JOIN chat c ON c.unit = u.id`).Scan(&name, &state)
		})
		if err != nil || name != "示范党支部" || state != "" {
			t.Errorf("the unit is %q, the chat's state %q (%v)", name, state, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Check(t.Context(), path+".version-1"); err != nil {
		t.Errorf("the database as it was: %v", err)
	}
	if info, err := os.Stat(path + ".version-1"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database as it was: %v, %v", info, err)
	}
}

// What waits for the commit is done once: before it, and before the end of the
// savepoint in which it was asked for. It is undone with it.
func TestBeforeCommit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db := openOn(t, source, folder)
		var runs, after int
		var inner error
		err := db.Write(func(tx *store.Tx) error {
			runs++
			tx.AfterCommit(func() { after++ })
			tx.BeforeCommit(func() error { return put(tx, "outer") })
			if err := tx.Savepoint(func() error {
				tx.BeforeCommit(func() error { return put(tx, "good") })
				return nil
			}); err != nil {
				return err
			}
			inner = tx.Savepoint(func() error {
				tx.BeforeCommit(func() error { return errors.Join(put(tx, "undone"), errAsked) })
				return nil
			})
			return put(tx, "last")
		})
		if err != nil || !errors.Is(inner, errAsked) || store.Broken(inner) || runs != 2 || after != 1 {
			t.Errorf("%v; the savepoint: %v; %d runs, %d callbacks", err, inner, runs, after)
		}
		want(t, db, "good", "last", "outer")

		err = db.Write(func(tx *store.Tx) error {
			tx.BeforeCommit(func() error { return errors.Join(put(tx, "never"), errAsked) })
			return nil
		})
		if !errors.Is(err, errAsked) {
			t.Error(err)
		}
		// A statement that fails and of which nobody is told must not undo the rest unnoticed.
		err = db.Write(func(tx *store.Tx) error {
			_ = put(tx, "good")
			return nil
		})
		if e == storetest.Postgres && !store.Broken(err) || e == storetest.SQLite && err != nil {
			t.Errorf("a failure that was not told: %v", err)
		}
	})
}

// Many rows and values go into statements of different sizes.
func TestBulk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db := openOn(t, source, folder)
		for _, n := range []int{0, 1, 2, 3, 63, 64, 65, 200} {
			err := db.Write(func(tx *store.Tx) error {
				account := fmt.Sprint("a", n)
				var rows [][]any
				var list []any
				for i := range n {
					rows = append(rows, []any{account, fmt.Sprint(i), []byte{1}})
					list = append(list, fmt.Sprint(i), fmt.Sprint("no", i))
				}
				into := `INSERT INTO shelf (account, key, value)`
				if changed, err := tx.InsertRows(into, rows, ""); err != nil || changed != int64(n) {
					t.Errorf("%d rows: %d are new (%v)", n, changed, err)
				}
				if changed, err := tx.InsertRows(into, rows, "ON CONFLICT DO NOTHING"); err != nil || changed != 0 {
					t.Errorf("%d rows again: %d are new (%v)", n, changed, err)
				}
				found := map[string]bool{}
				err := tx.QueryEach(`SELECT item FROM list
					WHERE (SELECT 1 FROM shelf WHERE account = $1 AND key = item) IS NOT NULL`, "TEXT", []any{account}, list, func(rows *sql.Rows) error {
					var key string
					err := rows.Scan(&key)
					found[key] = true
					return err
				})
				if err != nil || len(found) != n {
					t.Errorf("of %d values %d are found (%v)", n, len(found), err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}
