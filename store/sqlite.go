package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// openSQLite opens a file.
func (db *DB) openSQLite(ctx context.Context, o Options) error {
	if o.Driver == "" {
		o.Driver = "sqlite"
	}
	if err := db.restored(); err != nil {
		return err
	}
	switch {
	case o.draft: // which nobody else knows of
	case o.Shared:
		if _, err := os.Stat(db.path); err != nil {
			return err
		}
	default:
		if err := db.takeLock(); err != nil {
			return err
		}
	}
	if err := db.begins(ctx, o); err != nil {
		return err
	}
	if err := checkHeader(db.path); err != nil {
		return err
	}
	// SQLite would make the file readable by all; it holds personal data.
	f, err := os.OpenFile(db.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	db.file, err = f.Stat()
	names := uint64(1)
	if err == nil {
		names, err = linksOf(f)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if names > 1 { // SQLite keeps a journal for each name: two bots would not see each other
		return fmt.Errorf("the file has %d names (hard links), and a bot may work on it under another one: copy it to a file of its own, or remove the other names", names)
	}
	// Connections are opened through a DSN, so that each gets the settings.
	// The busy time-out matters only beside tools; inside the program writers
	// queue for db.mu. A tool that imports a whole enterprise on a slow machine
	// holds the file for seconds, and that must not end the bot.
	const settings = "?_pragma=busy_timeout(30000)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_txlock=immediate"
	// The writer has room for the pages that a busy hour touches, and copies its
	// journal into the file every 16 MB rather than every 4. What a savepoint may
	// have to undo stays in memory: as a file it cost a fifth of the time.
	// What is deleted is overwritten, because some of it was deleted to be gone.
	const writing = "&_pragma=cache_size(-32000)&_pragma=temp_store(MEMORY)"
	// The journal is cut back to 16 MiB when a reader that was stuck has let it grow.
	const lasting = "&_pragma=secure_delete(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)&_pragma=journal_size_limit(16777216)"
	const draft = "&_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)" // thrown away when anything fails
	dsn := "file:" + uri(db.path) + settings
	journal := lasting
	if o.draft {
		journal = draft
	}
	if db.write, err = sql.Open(o.Driver, dsn+writing+journal); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetMaxIdleConns(1)
	if db.pool, err = sql.Open(o.Driver, dsn+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	db.pool.SetMaxIdleConns(4)
	db.pool.SetMaxOpenConns(8)
	return db.ready(ctx, db.write, sqliteSchema, o)
}

// Present tells whether the database file is still the one that was opened: what
// is written to a file that was deleted or replaced is lost.
func (db *DB) Present() error {
	if db.postgres {
		return nil
	}
	now, err := os.Stat(db.path)
	if err != nil || !os.SameFile(db.file, now) {
		return fmt.Errorf("the database file %s was deleted or replaced while the bot runs: put it back, or restore a backup, and start again", db.path)
	}
	return nil
}

// takeLock makes this process the only bot on the file.
func (db *DB) takeLock() error {
	if err := os.MkdirAll(filepath.Dir(db.path), 0o700); err != nil {
		return err
	}
	db.lock = flock.New(db.path + ".lock")
	ok, err := db.lock.TryLock()
	if err != nil {
		return err
	}
	if !ok {
		db.lock = nil
		pid, _ := os.ReadFile(db.path + ".pid")
		return fmt.Errorf("already in use by a running branchbot (pid %s): stop that one first", strings.TrimSpace(string(pid)))
	}
	// A file of its own: on Windows nobody can write to a locked one.
	return os.WriteFile(db.path+".pid", fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600)
}

// Scrub copies the journal into the file and empties it, so that what was
// deleted does not live on there. It waits for readers, at most five seconds;
// one that takes longer is no error, the next Scrub does it.
func (db *DB) Scrub() error {
	if db.postgres {
		return nil // its journal is the server's, as is its vacuum
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	conn, err := db.writer()
	if err != nil {
		return err
	}
	_, err = conn.conn.ExecContext(background, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// Explain adds to an error of a SQLite database what the user can do.
func (db *DB) Explain(err error) error {
	if db.postgres || err == nil {
		return err
	}
	return explain(err)
}

// explain turns what the system says into what the user can do.
func explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || Code(err) == ReadOnly || Code(err) == CannotOpen:
		return fmt.Errorf("%w: the file and its folder must be writable for this user; change database: in config.yaml or the folder's permissions", err)
	case Code(err) == Corrupt || Code(err) == NotADatabase:
		return fmt.Errorf("%w: the file is left as it is; put it aside and restore a backup with: branchbot restore FILE", err)
	case Code(err) == Full:
		return fmt.Errorf("%w: free some room and start again", err)
	}
	return err
}
