package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A backup is a SQLite file, whatever engine the database has: that of a PostgreSQL
// database is copied row by row out of one snapshot.

// Backup writes a consistent copy to a new file, also beside a running bot, and
// checks it.
func (db *DB) Backup(ctx context.Context, file string) error {
	err := db.snapshot(ctx, file, func() error {
		if db.postgres {
			return db.copyOut(ctx, file, latest())
		}
		return db.copyTo(ctx, file)
	})
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("backup: %s is there already; name a new file", file)
	}
	if err != nil {
		return fmt.Errorf("backup to %s: %w", file, explain(err))
	}
	return nil
}

// snapshot has a new file written, checks it, and has it last. One that cannot be
// written or checked does not stay.
func (db *DB) snapshot(ctx context.Context, file string, write func() error) error {
	// SQLite makes files with the usual rights; this one holds personal data.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = f.Close()
	if err == nil {
		err = write()
	}
	if err == nil {
		err = Check(ctx, file)
	}
	if err == nil {
		err = syncFile(file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// beforeMigration keeps a copy of a database that is about to be migrated; one
// that is there already, of an earlier try, is as good.
func (db *DB) beforeMigration(ctx context.Context) func(have int64) error {
	return func(have int64) error {
		file := fmt.Sprintf("%s.version-%d", db.path, have)
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		next := fmt.Sprintf("%s.%d.new", file, os.Getpid()) // other processes may start at the same time
		if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		err := db.snapshot(ctx, next, func() error {
			if db.postgres {
				return db.copyOut(ctx, next, have)
			}
			_, err := db.write.ExecContext(ctx, `VACUUM INTO $1`, next)
			return err
		})
		if err != nil {
			return err
		}
		return Rename(next, file)
	}
}

func (db *DB) copyTo(ctx context.Context, file string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	conn, err := db.writer()
	if err != nil {
		return err
	}
	_, err = conn.conn.ExecContext(ctx, `VACUUM INTO $1`, file)
	return err
}

// copyOut copies a database whose schema has a version.
func (db *DB) copyOut(ctx context.Context, file string, version int64) error {
	out, err := Open(ctx, "sqlite:"+file, Options{Now: db.now, draft: true, schema: version})
	if err != nil {
		return err
	}
	_, err = copyRows(ctx, db, out, version, false, nil)
	return errors.Join(err, out.Close())
}

// Check opens a backup and tells what is wrong with it: damage, or anything in it
// that this program's migrations have not made.
func Check(ctx context.Context, file string) error {
	if err := checkHeader(file); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	db, err := openReadOnly(file)
	if err != nil {
		return err
	}
	defer db.Close()
	var result string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		return fmt.Errorf("check %s: %w", file, err)
	}
	if result != "ok" {
		return fmt.Errorf("check %s: damaged: %s", file, result)
	}
	have, err := migrate(ctx, db, sqliteSchema, latest(), nil)
	if err != nil && !errors.Is(err, errOldSchema) {
		return fmt.Errorf("check %s: %w", file, err)
	}
	if err := sameSchema(ctx, db, have); err != nil {
		return fmt.Errorf("check %s: %w", file, err)
	}
	return nil
}

// Look reads in a backup, without changing it.
func Look(file string, f func(*Tx) error) error {
	pool, err := openReadOnly(file)
	if err != nil {
		return err
	}
	defer pool.Close()
	return (&DB{path: file, now: time.Now, pool: pool}).Read(f)
}

// sameSchema refuses a schema with more or less in it than the migrations make. A
// trigger or a view would be run as if it were ours. An index more does no harm: a
// database administrator may add one, and an earlier program may have made one.
func sameSchema(ctx context.Context, db *sql.DB, version int64) error {
	ours, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer ours.Close()
	ours.SetMaxOpenConns(1) // each connection would have a memory of its own
	if _, err := migrate(ctx, ours, sqliteSchema, version, func(int64) error { return nil }); err != nil {
		return err
	}
	want, err := objects(ctx, ours)
	if err != nil {
		return err
	}
	have, err := objects(ctx, db)
	if err != nil {
		return err
	}
	for _, o := range have {
		if !slices.Contains(want, o) && !strings.HasPrefix(o, "index ") {
			return fmt.Errorf("it has a %s that is not branchbot's", o)
		}
	}
	for _, o := range want {
		if !slices.Contains(have, o) {
			return fmt.Errorf("the %s is missing", o)
		}
	}
	return nil
}

// objects are the tables with their columns, the indices, and whatever else there
// is, as text.
func objects(ctx context.Context, db *sql.DB) (all []string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT m.type || ' ' || m.name || CASE WHEN m.type IN ('table', 'index') THEN '' ELSE ' on ' || m.tbl_name END ||
		COALESCE((SELECT ' (' || group_concat(c.name || ' ' || c.type || CASE WHEN c.hidden = 0 THEN '' ELSE ' generated' END, ', ') || ')'
			FROM pragma_table_xinfo(m.name) c WHERE m.type = 'table'), '') FROM sqlite_schema m WHERE m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var o string
		if err := rows.Scan(&o); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// Restore puts a backup in the place of the database, after checking it, with its
// schema brought up to date and prepared. The database before, if there is one, is
// kept beside it; its name is returned, "" when there was none. Cut off at whatever
// point, it leaves the database as it was, or one that Open refuses until Restore is
// done again.
func Restore(ctx context.Context, source, file string, o Options, prepare func(*Tx) error) (aside string, err error) {
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := Check(ctx, file); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if IsPostgres(source) {
		aside, err = restorePostgres(ctx, source, file, o, prepare)
	} else {
		aside, err = restoreSQLite(ctx, strings.TrimPrefix(source, "sqlite:"), file, prepare)
	}
	if err != nil {
		return "", fmt.Errorf("restore %s: %w", file, err)
	}
	return aside, nil
}

func restoreSQLite(ctx context.Context, path, file string, prepare func(*Tx) error) (aside string, err error) {
	db := &DB{path: path}
	if err := db.takeLock(); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer db.lock.Unlock()
	draft := path + ".restoring"
	next, err := openCopy(ctx, file, draft)
	if err != nil {
		return "", err
	}
	err = errors.Join(next.Write(prepare), next.Close())
	if err == nil {
		err = syncFile(draft)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(draft))
	}
	// From here on the database before is not to be used any more; see restored.
	if err := Rename(draft, path+restoredEnding); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		if aside, err = keepAside(path); err != nil {
			return "", err
		}
	}
	return aside, Rename(path+restoredEnding, path)
}

// restoredEnding is of a restored database that waits to take its place.
const restoredEnding = ".restored"

// restored refuses a database whose restore was cut off.
func (db *DB) restored() error {
	if _, err := os.Stat(db.path + restoredEnding); err == nil {
		return errors.New("a restore was not finished: run branchbot restore FILE again")
	}
	return nil
}

// restorePostgres fills the database anew in one transaction.
func restorePostgres(ctx context.Context, source, file string, o Options, prepare func(*Tx) error) (aside string, err error) {
	o.Unfinished = true // what a move has left there goes anyway
	db, err := Open(ctx, source, o)
	if err != nil {
		return "", err
	}
	defer db.Close()
	draft := db.path + ".restoring"
	next, err := openCopy(ctx, file, draft)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, next.Close(), os.Remove(draft)) }()
	var full *notEmptyError
	err = db.Read(func(tx *Tx) error { return tx.isEmpty() })
	switch {
	case errors.As(err, &full):
		aside = freeName(db.path)
		if err := db.Backup(ctx, aside); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	}
	_, err = copyRows(ctx, next, db, latest(), true, func(tx *Tx) error {
		if _, err := tx.Exec(`DELETE FROM moving`); err != nil {
			return err
		}
		return prepare(tx)
	})
	return aside, err
}

// openCopy opens a copy of a backup, brought up to date.
func openCopy(ctx context.Context, file, draft string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(draft), 0o700); err != nil {
		return nil, err
	}
	if err := vacuumInto(ctx, file, draft); err != nil {
		return nil, errors.Join(err, os.Remove(draft))
	}
	db, err := Open(ctx, "sqlite:"+draft, Options{draft: true})
	if err != nil {
		return nil, errors.Join(err, os.Remove(draft))
	}
	return db, nil
}

// freeName is the name under which a database is kept aside.
func freeName(path string) string {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.before-restore-%d", path, n)
		if _, err := os.Stat(aside); errors.Is(err, os.ErrNotExist) {
			return filepath.Clean(aside)
		}
	}
}

// keepAside renames a database with its journal, itself last: cut off before, it
// goes on under the same name.
func keepAside(path string) (string, error) {
	aside := freeName(path)
	for _, ending := range []string{"-wal", "-shm", ""} {
		if err := Rename(path+ending, aside+ending); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}

// vacuumInto copies a SQLite file that nobody works on, with what is in its journal.
func vacuumInto(ctx context.Context, from, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openReadOnly(from)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, to)
	return errors.Join(err, db.Close())
}

// openReadOnly opens a file that somebody may have tampered with.
func openReadOnly(file string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+uri(file)+"?mode=ro&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)")
}
