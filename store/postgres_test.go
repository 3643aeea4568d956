package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/store"
	"branchbot/store/storetest"
)

// Both engines have the same tables with the same columns.
func TestBothSchemas(t *testing.T) {
	t.Parallel()
	columns := func(e storetest.Engine, query string) []string {
		t.Helper()
		source, folder := e.Empty(t)
		db := openOn(t, source, folder)
		var all []string
		err := db.Read(func(tx *store.Tx) error {
			rows, err := tx.Query(query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					return err
				}
				all = append(all, name)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	sqlite := columns(storetest.SQLite, `SELECT m.name || '.' || c.name || CASE c."notnull" WHEN 1 THEN ' not null' ELSE '' END
		FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' AND c.name <> 'id'`)
	postgres := columns(storetest.Postgres, `SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose_%' AND column_name <> 'id'`)
	for i, c := range postgres { // a primary key of one column may be null in SQLite, where nobody makes it so
		if name := strings.TrimSuffix(c, " not null"); slices.Contains(sqlite, name) {
			postgres[i] = name
		}
	}
	if diff := cmp.Diff(sqlite, postgres); diff != "" || len(sqlite) < 100 {
		t.Errorf("%d columns (-sqlite +postgres):\n%s", len(sqlite), diff)
	}
}

func openOn(t *testing.T, source, folder string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), source, store.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestTransactionsOnBoth(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db := openOn(t, source, folder)
		told := 0
		if err := db.Write(func(tx *store.Tx) error { tx.AfterCommit(func() { told++ }); return put(tx, "one") }); err != nil {
			t.Fatal(err)
		}
		lost := errors.New("as the test wants")
		if err := db.Write(func(tx *store.Tx) error {
			tx.AfterCommit(func() { told += 100 })
			return errors.Join(put(tx, "two"), lost)
		}); !errors.Is(err, lost) {
			t.Errorf("error %v", err)
		}
		var twice error
		err := db.Write(func(tx *store.Tx) error {
			twice = tx.Savepoint(func() error { return put(tx, "one") })
			return put(tx, "three")
		})
		if err != nil || store.Code(twice) != store.Unique || store.Broken(twice) {
			t.Errorf("a key twice: %v, code %q; %v", twice, store.Code(twice), err)
		}
		if diff := cmp.Diff([]string{"one", "three"}, keys(t, db)); diff != "" || told != 1 {
			t.Errorf("told %d times; %s", told, diff)
		}
		if err := db.Read(func(tx *store.Tx) error { return put(tx, "four") }); store.Code(err) != store.ReadOnly {
			t.Errorf("writing where it is read: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Write(func(*store.Tx) error { return nil }); err == nil || err.Error() != "the database is closed" {
			t.Errorf("after the end: %v", err)
		}
	})
}

// FAULTS 7.27: two that hold each other up are both done in the end, the
// callbacks of each once.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	var wg sync.WaitGroup
	told := make(chan string, 10)
	tries := make(chan string, 10)
	first := openOn(t, source, folder)
	if err := first.Write(func(tx *store.Tx) error { return errors.Join(put(tx, "a"), put(tx, "b")) }); err != nil {
		t.Fatal(err)
	}
	var met [2]chan struct{}
	met[0], met[1] = make(chan struct{}), make(chan struct{})
	for i, order := range []string{"ab", "ba"} {
		db := openOn(t, source, folder)
		var once sync.Once
		wg.Go(func() {
			err := db.Write(func(tx *store.Tx) error {
				tries <- order
				tx.AfterCommit(func() { told <- order })
				for n, key := range strings.Split(order, "") {
					if _, err := tx.Exec(`UPDATE shelf SET value = $1 WHERE key = $2`, []byte(order), key); err != nil {
						return err
					}
					if n == 0 {
						once.Do(func() { close(met[i]); <-met[1-i] }) // both hold one and want the other
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", order, err)
			}
		})
	}
	wg.Wait()
	// The one that gave way may meet the other again before that one has gone on.
	if len(told) != 2 || len(tries) < 3 {
		t.Errorf("told %d times in %d tries", len(told), len(tries))
	}
}

// FAULTS 7.23: a connection that is cut before the commit is made anew, once.
func TestACutConnection(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	db, other := openOn(t, source, folder), openOn(t, source, folder)
	cut := func(tx *store.Tx) {
		t.Helper()
		var pid int
		if err := tx.QueryRow(`SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			t.Error(err)
		}
		if err := other.Write(func(tx *store.Tx) error { _, err := tx.Exec(`SELECT pg_terminate_backend($1)`, pid); return err }); err != nil {
			t.Error(err)
		}
	}
	tries := 0
	err := db.Write(func(tx *store.Tx) error {
		tries++
		if err := put(tx, fmt.Sprint("try ", tries)); err != nil {
			return err
		}
		if tries == 1 {
			cut(tx)
		}
		return put(tx, "done")
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"done", "try 2"}, keys(t, db)); diff != "" {
		t.Error(diff)
	}
	err = db.Write(func(tx *store.Tx) error { cut(tx); return put(tx, "never") })
	if store.Code(err) != store.Gone || !store.Broken(err) {
		t.Errorf("cut again and again: %v, code %q", err, store.Code(err))
	}
	if err := db.Write(func(tx *store.Tx) error { return put(tx, "later") }); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// Several processes that start at once migrate an empty database once.
func TestMigratedAtOnce(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	s, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Exec(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := store.Open(context.Background(), source, store.Options{Folder: folder})
			if err != nil {
				t.Error(err)
				return
			}
			db.Close()
		})
	}
	wg.Wait()
	// A newer program has been there; it says with which older ones it gets along.
	open := func() error {
		db, err := store.Open(t.Context(), source, store.Options{Folder: folder})
		if err == nil {
			db.Close()
		}
		return err
	}
	if _, err := s.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)`); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Errorf("a newer schema on which this program may work: %v", err)
	}
	if _, err := s.Exec(`UPDATE schema_since SET version = 999`); err != nil {
		t.Fatal(err)
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "its schema is version 999") {
		t.Errorf("a newer schema: %v", err)
	}
}

func TestNoSuchServer(t *testing.T) {
	t.Parallel()
	started := time.Now()
	_, err := store.Open(t.Context(), "postgres://me:secret@127.0.0.1:1/branch", store.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "open database branch: ") || !strings.HasSuffix(err.Error(), "is the server running, and reachable from here?") {
		t.Errorf("error %v", err)
	}
	_, bad := store.Open(t.Context(), "postgres://me:secret@[::1/branch", store.Options{})
	if bad == nil || strings.Contains(err.Error()+bad.Error(), "secret") {
		t.Errorf("the password is told: %v, %v", err, bad)
	}
	if took := time.Since(started); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	server := os.Getenv(storetest.Variable)
	if server == "" {
		t.Skip("no PostgreSQL")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nosuchdatabase"
	if _, err := store.Open(t.Context(), u.String(), store.Options{}); err == nil || !strings.HasSuffix(err.Error(), "create it first: createdb NAME") {
		t.Errorf("error %v", err)
	}
}

// Every column of text sorts by bytes, as SQLite's do: else an order would depend on the
// server's language, on one engine only.
func TestTextSortsByBytes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db, err := e.Opener(t)(store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if !db.Postgres() {
			t.Skip("SQLite has no other order")
		}
		err = db.Read(func(tx *store.Tx) error {
			columns, err := store.All(tx, func(row store.Scanner) (name string, err error) {
				err = row.Scan(&name)
				return name, err
			}, `SELECT table_name || '.' || column_name FROM information_schema.columns
				WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying') AND COALESCE(collation_name, '') <> 'C'
				AND table_name NOT LIKE 'goose%'`)
			if len(columns) > 0 {
				t.Errorf("these sort by the server's language: %v; see store/migrate.go", columns)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
