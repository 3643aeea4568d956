// Package store opens the database, SQLite or PostgreSQL, and runs transactions
// in it.
//
// Rules that hold for all SQL of the program:
//   - Parameters are written $1, $2 …, conflicts ON CONFLICT, numbers for yes and
//     no, so that one text serves both engines. A statement that fails may end
//     the transaction (PostgreSQL): what may fail is done in a savepoint.
//   - Times are UTC milliseconds in BIGINT columns, day keys are text
//     ("2026-12-01") in the unit's zone.
//   - All writing happens in Write: with SQLite one transaction at a time, with
//     PostgreSQL several, in this process and in others. What two of them must not
//     do at once is decided by a row that they lock (Tx.Locked) or by a unique key.
//   - A transaction has one time, Tx.Now, that all its rows share.
//   - What is kept in memory of rows has a generation (Tx.Changes).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	postgres bool
	path     string // see Path
	now      func() time.Time
	lock     *flock.Flock // of a SQLite file; nil in a tool that shares it

	pool  *sql.DB // readers; with PostgreSQL also the writer
	write *sql.DB // one connection: SQLite has one writer

	mu     sync.Mutex // guards what follows; held during a writing transaction of SQLite
	conn   *session   // the writing connection of SQLite; nil until it is needed (again)
	closed bool
	file   os.FileInfo   // of the SQLite file, as it was opened
	slots  chan struct{} // as many as there may be writing transactions of PostgreSQL

	held  held  // the roles that this process has; see Share
	hints hints // to other processes
}

// Options say how a database is opened.
type Options struct {
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Shared opens the file beside a running bot, for tools. The caller must
	// not act as the bot. The schema must be this program's already.
	Shared bool
	// Driver is the driver of database/sql for SQLite files; the usual one unless
	// a test puts another in its place.
	Driver string
	// Folder is where files that belong to a PostgreSQL database lie; data when
	// empty. Those of SQLite lie beside its file.
	Folder string
	// Unfinished opens also a database into which a move was cut off.
	Unfinished bool
	// Begin, if set, is asked before an empty database is begun, with its Path; an
	// error refuses that.
	Begin func(path string) error

	draft  bool  // a new SQLite file that is being written, without lock and journal
	schema int64 // 0 = this program's
}

// Open opens the database that a configuration names, sqlite:PATH or
// postgres://USER:PASSWORD@HOST/NAME, and brings the schema up to date. A SQLite
// file is created with its folder; a lock file keeps others out until Close.
func Open(ctx context.Context, source string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	db := &DB{now: o.Now, postgres: IsPostgres(source)}
	var err error
	if db.postgres {
		db.slots = make(chan struct{}, maxWriters)
		err = db.openPostgres(ctx, source, o)
	} else if path, ok := strings.CutPrefix(source, "sqlite:"); ok && path != "" {
		db.path = path
		err = db.openSQLite(ctx, o)
	} else {
		return nil, fmt.Errorf("open database %q: write sqlite:PATH, e.g. sqlite:data/branchbot.db, or postgres://USER@HOST/NAME", source)
	}
	if err != nil {
		db.Close()
		if db.postgres {
			err = explainPostgres(err)
		} else {
			err = explain(err)
		}
		return nil, fmt.Errorf("open database %s: %w", db.name(), err)
	}
	return db, nil
}

// ready brings the schema up to date, and refuses a database that is not whole.
func (db *DB) ready(ctx context.Context, pool *sql.DB, s schema, o Options) error {
	want := latest()
	keep := db.beforeMigration(ctx)
	switch {
	case o.Shared:
		keep = nil
	case o.draft:
		keep = func(int64) error { return nil }
	}
	if o.schema != 0 {
		want = o.schema
	}
	if _, err := migrate(ctx, pool, s, want, keep); err != nil || o.Unfinished || o.draft {
		return err
	}
	return finished(ctx, pool)
}

// begins asks whether an empty database may be begun.
func (db *DB) begins(ctx context.Context, o Options) error {
	if o.Begin == nil {
		return nil
	}
	if db.postgres {
		var used bool
		if err := db.pool.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM unit)`).Scan(&used); err != nil || used {
			return err
		}
	} else if info, err := os.Stat(db.path); err == nil && info.Size() > 0 {
		return nil
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return o.Begin(db.path)
}

// IsPostgres tells whether a configuration names a PostgreSQL database.
func IsPostgres(source string) bool {
	return strings.HasPrefix(source, "postgres://") || strings.HasPrefix(source, "postgresql://")
}

// Path is the database file; files that belong to the database lie beside it.
// With PostgreSQL there is none, but the others lie beside it nevertheless.
func (db *DB) Path() string { return db.path }

// Postgres tells a PostgreSQL database from a SQLite file.
func (db *DB) Postgres() bool { return db.postgres }

func (db *DB) name() string {
	if db.postgres {
		return filepath.Base(db.path)
	}
	return db.path
}

// Now is the store's clock.
func (db *DB) Now() time.Time { return db.now() }

// Close ends all connections and lets the next process in.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.closed = true
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

// Write runs f in a writing transaction and commits it when f returns nil; any
// error, also of the commit, means that nothing has changed. f must not block on
// anything but the database: with SQLite all other writers wait. f may be run again;
// what it does beside the database belongs into Tx.AfterCommit.
func (db *DB) Write(f func(*Tx) error) error { return db.WriteAs("", f) }

// WriteAs is Write for what only the process with a role may do: it is refused
// (ErrReplaced) when another process has it by now, and none takes it before the end
// of the transaction.
func (db *DB) WriteAs(role string, f func(*Tx) error) error {
	after, err := db.commit(role, f)
	if err != nil {
		return err
	}
	for _, f := range after {
		f()
	}
	return nil
}

// retries is how often a transaction is begun anew that others have thwarted.
const retries = 10

// commit runs the transaction and returns what is to be done after it. f runs
// again, in a new transaction, when PostgreSQL has undone it because of another
// one, or has cut the connection before the commit; and when it was hasty, see
// Tx.Savepoint.
func (db *DB) commit(role string, f func(*Tx) error) (after []func(), err error) {
	if db.postgres {
		db.slots <- struct{}{}
		defer func() { <-db.slots }() // also when f panics
	} else {
		db.mu.Lock()
		defer db.mu.Unlock()
	}
	hasty := true
	for try := 1; ; try++ {
		tx, err := db.try(role, hasty, f)
		code := Code(err)
		switch {
		case err != nil && tx == nil:
			return nil, err
		case code == Gone && !tx.committing && try == 1, code == Conflict && try < retries:
		case tx.regret != nil && code != Gone && code != Conflict:
			hasty, try = false, 0
		default:
			return tx.after, err
		}
	}
}

// try runs one transaction on the writing connection. There is no transaction
// when there is no connection.
func (db *DB) try(role string, hasty bool, f func(*Tx) error) (*Tx, error) {
	conn, err := db.writer()
	if err != nil {
		return nil, err
	}
	tx := &Tx{session: conn, course: &course{}, Now: db.now().UTC().Truncate(time.Millisecond), Writable: true, Parallel: db.postgres, hasty: hasty}
	ended := false
	defer func() {
		if !ended { // f has panicked
			db.letGo(tx, nil)
		}
	}()
	err = tx.run(db.begin(true), func(tx *Tx) error {
		if err := tx.fenced(db, role); err != nil {
			return err
		}
		return f(tx)
	})
	if err == nil && db.lock != nil { // what was written to a file that is gone must not be acknowledged
		err = db.Present()
	}
	ended = true
	db.letGo(tx, err)
	return tx, err
}

// letGo gives the writing connection back, or ends it when it is of no more use.
func (db *DB) letGo(tx *Tx, err error) {
	switch {
	case tx.stuck:
		tx.discard()
	case db.postgres || Code(err) == Gone:
		tx.close()
	default:
		return
	}
	if !db.postgres {
		db.conn = nil
	}
}

// writer is a connection for writing: SQLite has one.
func (db *DB) writer() (*session, error) {
	if db.postgres { // whose driver keeps prepared statements by itself
		db.mu.Lock()
		closed := db.closed
		db.mu.Unlock()
		if closed {
			return nil, errClosed
		}
		conn, err := db.pool.Conn(background)
		if err != nil {
			return nil, err
		}
		return &session{conn: conn}, nil
	}
	if db.closed {
		return nil, errClosed
	}
	if db.conn != nil {
		return db.conn, nil
	}
	conn, err := db.write.Conn(background)
	if err != nil {
		return nil, err
	}
	db.conn = &session{conn: conn, stmts: map[string]*sql.Stmt{}}
	return db.conn, nil
}

// begin is how a transaction begins.
func (db *DB) begin(writing bool) string {
	switch {
	case db.postgres && writing:
		// What a transaction writes it finds by indexes. A plan that was made while a
		// table was small would read all of it, and is kept while it grows.
		return "BEGIN; SET LOCAL enable_seqscan = off"
	case db.postgres:
		return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	case writing:
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN DEFERRED"
}

// Read runs f in a reading transaction: all its queries see one state.
func (db *DB) Read(f func(*Tx) error) error {
	conn, err := db.pool.Conn(background)
	if err != nil {
		return err
	}
	s := &session{conn: conn}
	tx := &Tx{session: s, course: &course{}, Now: db.now().UTC().Truncate(time.Millisecond)}
	defer func() {
		if tx.stuck {
			s.discard()
		} else {
			s.close()
		}
	}()
	return tx.run(db.begin(false), f)
}
