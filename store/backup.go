package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

var errServersBackup = errors.New("the database is PostgreSQL, whose backups are made with its own tools: pg_dump and pg_restore, or a standby")

// Backup writes a consistent copy to a new file, also beside a running bot,
// and checks it.
func (db *DB) Backup(ctx context.Context, file string) error {
	if db.postgres {
		return errServersBackup
	}
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("backup: %s is there already; name a new file", file)
	}
	// VACUUM INTO makes the file with the usual rights; it holds personal data.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := db.copyTo(ctx, file); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", file, explain(err)), os.Remove(file))
	}
	return Check(ctx, file)
}

// beforeMigration keeps a copy of a database that is about to be migrated; one
// that is there already, of an earlier try, is as good.
func (db *DB) beforeMigration(ctx context.Context) func(have int64) error {
	return func(have int64) error {
		file := fmt.Sprintf("%s.version-%d", db.path, have)
		if _, err := os.Stat(file); err == nil {
			return nil
		}
		next := file + ".new" // VACUUM INTO fails where there is a file with something in it
		if err := os.WriteFile(next, nil, 0o600); err != nil {
			return err
		}
		if _, err := db.write.ExecContext(ctx, `VACUUM INTO $1`, next); err != nil {
			return err
		}
		return os.Rename(next, file)
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

// Check opens a backup and tells what is wrong with it.
func Check(ctx context.Context, file string) error {
	if err := checkHeader(file); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	db, err := sql.Open("sqlite", "file:"+uri(file)+"?mode=ro&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)")
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
	if err := migrate(ctx, db, sqliteSchema, nil); err != nil && !errors.Is(err, errOldSchema) {
		return fmt.Errorf("check %s: %w", file, err)
	}
	return nil
}

// Restore puts a backup in the place of the database, after checking it. The
// database before is kept beside it; its name is returned, "" when there was none.
func Restore(ctx context.Context, source, file string) (aside string, err error) {
	if IsPostgres(source) {
		return "", errServersBackup
	}
	path := strings.TrimPrefix(source, "sqlite:")
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := Check(ctx, file); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	db := &DB{path: path}
	if err := db.takeLock(); err != nil {
		return "", fmt.Errorf("restore to %s: %w", path, err)
	}
	defer db.lock.Unlock()
	next := path + ".restoring"
	if err := copyFile(file, next); err != nil {
		return "", fmt.Errorf("restore to %s: %w", path, err)
	}
	if _, err := os.Stat(path); err == nil {
		if aside, err = keepAside(path); err != nil {
			return "", fmt.Errorf("restore to %s: %w", path, err)
		}
	}
	return aside, os.Rename(next, path)
}

// keepAside renames a database with its journal.
func keepAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.before-restore-%d", path, n)
		if _, err := os.Stat(aside); err == nil {
			continue
		}
		for _, ending := range []string{"-wal", "-shm", ""} {
			if err := os.Rename(path+ending, aside+ending); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
		return filepath.Clean(aside), nil
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return errors.Join(out.Sync(), out.Close())
}
