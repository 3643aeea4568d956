// Package store opens the database and runs transactions in it.
//
// Rules that hold for all SQL of the program:
//   - Parameters are written $1, $2 …, conflicts ON CONFLICT, so that one text
//     serves SQLite and PostgreSQL.
//   - Times are UTC milliseconds in BIGINT columns, day keys are text
//     ("2026-12-01") in the unit's zone.
//   - All writing happens in Write, one transaction at a time. A transaction has
//     one time, Tx.Now, that all its rows share.
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
	"sync"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	path string
	now  func() time.Time
	lock *flock.Flock // nil in a tool that shares the file

	pool  *sql.DB // readers
	write *sql.DB // one connection: SQLite has one writer

	mu   sync.Mutex // held during a writing transaction
	conn *session   // the writing connection
}

// Options say how a database is opened.
type Options struct {
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Shared opens the file beside a running bot, for tools. The caller must
	// not act as the bot. The schema must be this program's already.
	Shared bool
}

// Open opens the database that a configuration names: "sqlite:PATH". It
// creates the file and its folder, brings the schema up to date, and keeps
// others out by a lock file until Close.
func Open(ctx context.Context, source string, o Options) (*DB, error) {
	path, ok := strings.CutPrefix(source, "sqlite:")
	if !ok || path == "" {
		return nil, fmt.Errorf("open database %q: only sqlite:PATH is known, e.g. sqlite:data/branchbot.db", source)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db := &DB{path: path, now: o.Now}
	if err := db.open(ctx, o.Shared); err != nil {
		db.Close()
		return nil, fmt.Errorf("open database %s: %w", path, explain(err))
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, shared bool) error {
	if shared {
		if _, err := os.Stat(db.path); err != nil {
			return err
		}
	} else if err := db.takeLock(); err != nil {
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
	if err := f.Close(); err != nil {
		return err
	}
	// Connections are opened through a DSN, so that each gets the settings.
	// The busy time-out matters only beside tools; inside the program writers
	// queue for db.mu.
	const settings = "?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_txlock=immediate"
	// The writer has room for the pages that a busy hour touches, and copies its
	// journal into the file every 16 MB rather than every 4. What a savepoint may
	// have to undo stays in memory: as a file it cost a fifth of the time.
	// What is deleted is overwritten, because some of it was deleted to be gone.
	const writing = "&_pragma=secure_delete(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-32000)&_pragma=wal_autocheckpoint(4000)&_pragma=temp_store(MEMORY)"
	dsn := "file:" + uri(db.path) + settings
	if db.write, err = sql.Open("sqlite", dsn+writing); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetMaxIdleConns(1)
	if db.pool, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	db.pool.SetMaxIdleConns(4)
	db.pool.SetMaxOpenConns(8)
	keep := db.beforeMigration(ctx)
	if shared {
		keep = nil
	}
	if err := migrate(ctx, db.write, keep); err != nil {
		return err
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	db.conn = &session{conn: conn, stmts: map[string]*sql.Stmt{}}
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
		pid, _ := os.ReadFile(db.path + ".lock")
		return fmt.Errorf("already in use by a running branchbot (pid %s): stop that one first", strings.TrimSpace(string(pid)))
	}
	return os.WriteFile(db.path+".lock", fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600)
}

// Path is the database file.
func (db *DB) Path() string { return db.path }

// Now is the store's clock.
func (db *DB) Now() time.Time { return db.now() }

// Close ends all connections and lets the next process in.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	var errs []error
	if db.conn != nil {
		errs = append(errs, db.conn.close())
		db.conn = nil
	}
	for _, pool := range []*sql.DB{db.pool, db.write} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Unlock())
	}
	return errors.Join(errs...)
}

// Write runs f in the writing transaction and commits it when f returns nil;
// any error, also of the commit, means that nothing has changed. f must not
// block on anything but the database: all other writers wait.
func (db *DB) Write(f func(*Tx) error) error {
	after, err := db.commit(f)
	if err != nil {
		return err
	}
	for _, f := range after {
		f()
	}
	return nil
}

// commit runs the transaction and returns what is to be done after it.
func (db *DB) commit(f func(*Tx) error) (after []func(), err error) {
	db.mu.Lock()
	defer db.mu.Unlock() // also when f panics
	tx := &Tx{session: db.conn, Now: db.now().UTC().Truncate(time.Millisecond), Writable: true}
	err = tx.run("BEGIN IMMEDIATE", f)
	return tx.after, err
}

// Scrub copies the journal into the file and empties it, so that what was
// deleted does not live on there. It waits for readers, at most five seconds;
// one that takes longer is no error, the next Scrub does it.
func (db *DB) Scrub() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.conn == nil {
		return errClosed
	}
	_, err := db.conn.conn.ExecContext(background, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// Read runs f in a reading transaction: all its queries see one state.
func (db *DB) Read(f func(*Tx) error) error {
	conn, err := db.pool.Conn(background)
	if err != nil {
		return err
	}
	s := &session{conn: conn}
	defer s.close()
	tx := &Tx{session: s, Now: db.now().UTC().Truncate(time.Millisecond)}
	return tx.run("BEGIN DEFERRED", f)
}

// explain turns what the system says into what the user can do.
func explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission) || Code(err) == ReadOnly || Code(err) == CannotOpen:
		return fmt.Errorf("%w: the file and its folder must be writable for this user; change database: in config.yaml or the folder's permissions", err)
	case Code(err) == Corrupt || Code(err) == NotADatabase:
		return fmt.Errorf("%w: the file is left as it is; put it aside and restore a backup with: branchbot restore FILE", err)
	case Code(err) == Full:
		return fmt.Errorf("%w: free some room and start again", err)
	}
	return err
}
