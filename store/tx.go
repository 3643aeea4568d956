package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// background is used for every statement: a transaction is short and is never
// left half-way, and the driver starts a goroutine per statement for a context
// that can end.
var background = context.Background()

var errClosed = errors.New("the database is closed")

// ErrNoRows is what Row.Scan returns when there is no row.
var ErrNoRows = sql.ErrNoRows

// session is a connection with its prepared statements.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // nil: prepare nothing
}

func (s *session) prepared(query string) (*sql.Stmt, error) {
	stmt, ok := s.stmts[query]
	if ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(background, query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = stmt
	return stmt, nil
}

// discard ends the connection for good, with the transaction that is open in it.
func (s *session) discard() {
	for _, stmt := range s.stmts {
		stmt.Close()
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // the pool lets go of it
	_ = s.conn.Close()
}

func (s *session) close() error {
	for _, stmt := range s.stmts {
		stmt.Close()
	}
	return s.conn.Close()
}

// Tx is a transaction. It is used by one goroutine at a time; but see Together.
type Tx struct {
	*session
	*course
	// Now is the one time of the transaction, in UTC, whole milliseconds.
	Now time.Time
	// Writable tells a transaction of Write from one of Read.
	Writable bool
	// Parallel tells whether other transactions write at the same time.
	Parallel bool

	before     []func() error // run before the commit
	committing bool           // whether it has come to the commit
	stuck      bool           // it could not be rolled back: its connection is of no more use
	depth      int            // of savepoints
	known      map[any]any
	changing   []string         // names of Changes
	seen       map[string]int64 // of Generation

	hasty  bool  // savepoints are not set; see Savepoint
	regret error // why a hasty transaction has to be run again with savepoints
}

// Known is what was remembered under a key in this transaction; nil when
// nothing was, or when a savepoint has been undone since.
func (tx *Tx) Known(key any) any { return tx.known[key] }

// Remember spares a later statement of this transaction from reading what it
// has just written. It is forgotten when a savepoint is undone.
func (tx *Tx) Remember(key, value any) {
	if tx.known == nil {
		tx.known = map[any]any{}
	}
	tx.known[key] = value
}

// Millis is Now as it is stored.
func (tx *Tx) Millis() int64 { return tx.Now.UnixMilli() }

func (tx *Tx) run(begin string, f func(*Tx) error) (err error) {
	if _, err := tx.Exec(begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		if !done { // an error or a panic in f
			_, rollback := tx.Exec("ROLLBACK")
			// After some errors (a full disk) SQLite has rolled back by itself.
			if code := Code(rollback); rollback != nil && code != Misuse && code != Gone {
				tx.stuck = true
				err = errors.Join(err, fmt.Errorf("roll back: %w", rollback))
			}
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	err = tx.regret
	if err == nil {
		err = tx.settle()
	}
	if err == nil && tx.aborted() {
		err = errAborted
	}
	if err == nil {
		err = tx.countUp()
	}
	if err != nil {
		return tx.regretted(err)
	}
	tx.committing = true
	if _, err := tx.Exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	return nil
}

// numbers puts 1 and 0 in the place of yes and no, as the columns have them:
// PostgreSQL does not do it by itself.
func numbers(args []any) []any {
	for i, a := range args {
		if yes, ok := a.(bool); ok {
			args[i] = 0
			if yes {
				args[i] = 1
			}
		}
	}
	return args
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	tx.changes++
	if tx.strand != nil {
		a, err := tx.strand.answer(query, numbers(args))
		if err != nil {
			return 0, err
		}
		return a.changed, nil
	}
	if tx.stmts == nil {
		r, err := tx.conn.ExecContext(background, query, numbers(args)...)
		if err != nil {
			return 0, err
		}
		return r.RowsAffected()
	}
	stmt, err := tx.prepared(query)
	if err != nil {
		return 0, err
	}
	r, err := stmt.ExecContext(background, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs a query. The caller closes the rows before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	tx.reads(query)
	if tx.strand != nil {
		a, err := tx.strand.answer(query, numbers(args))
		if err != nil {
			return nil, err
		}
		return answers.QueryContext(background, "", a)
	}
	if tx.stmts == nil {
		return tx.conn.QueryContext(background, query, numbers(args)...)
	}
	stmt, err := tx.prepared(query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(background, args...)
}

// Row is the first row of a query, or its error.
type Row struct {
	row *sql.Row
	err error
}

// Scan reads the row; ErrNoRows when there is none.
func (r Row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.row.Scan(into...)
}

// reads counts a query that also writes (INSERT … RETURNING).
func (tx *Tx) reads(query string) {
	if !strings.HasPrefix(query, "SELECT") {
		tx.changes++
	}
}

// All reads all rows of a query, each by scan.
func All[T any](tx *Tx, scan func(row Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Scanner is a row that can be read.
type Scanner interface{ Scan(into ...any) error }

// QueryRow runs a query for one row.
func (tx *Tx) QueryRow(query string, args ...any) Row {
	tx.reads(query)
	if tx.strand != nil {
		a, err := tx.strand.answer(query, numbers(args))
		if err != nil {
			return Row{err: err}
		}
		return Row{row: answers.QueryRowContext(background, "", a)}
	}
	if tx.stmts == nil {
		return Row{row: tx.conn.QueryRowContext(background, query, numbers(args)...)}
	}
	stmt, err := tx.prepared(query)
	if err != nil {
		return Row{err: err}
	}
	return Row{row: stmt.QueryRowContext(background, args...)}
}

// Savepoint runs f so that its error or panic undoes what f did and nothing
// else. The error is returned; a panic goes on after the undoing.
//
// Nearly always there is nothing to be undone, and a savepoint costs as much as
// the work in it. So Write runs its function hastily first, with no savepoints:
// when f fails and has changed nothing, that was all; else the error is Broken, and
// Write begins anew, with savepoints.
func (tx *Tx) Savepoint(f func() error) (err error) {
	if tx.hasty {
		return tx.hastily(f)
	}
	if err := tx.settle(); err != nil {
		return err
	}
	tx.depth++
	name := "s" + strconv.Itoa(tx.depth)
	after := len(tx.after)
	if _, err := tx.Exec("SAVEPOINT " + name); err != nil {
		tx.depth--
		return err
	}
	done := false
	defer func() {
		tx.depth--
		if !done {
			tx.before, tx.after = nil, tx.after[:after]
			clear(tx.known)
			if _, undo := tx.Exec("ROLLBACK TO " + name); undo != nil {
				err = errors.Join(err, &brokenError{undo})
				return
			}
		}
		if _, release := tx.Exec("RELEASE " + name); release != nil {
			err = errors.Join(err, &brokenError{release})
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := tx.settle(); err != nil {
		return err
	}
	done = true
	return nil
}

// hastily is Savepoint without one.
func (tx *Tx) hastily(f func() error) (err error) {
	if tx.regret != nil {
		return &brokenError{tx.regret}
	}
	changes, after := tx.changes, len(tx.after)
	done := false
	defer func() {
		switch {
		case done:
		case tx.changes == changes && !tx.aborted():
			tx.after = tx.after[:after]
		default:
			err = tx.regretted(errors.Join(errUndo, err))
		}
	}()
	err = f()
	done = err == nil
	return err
}

var (
	errUndo    = errors.New("something is to be undone")
	errAborted = errors.New("a statement has failed")
)

// regretted has a hasty transaction be run again, unless that is of no use.
func (tx *Tx) regretted(err error) error {
	if Broken(err) && !endsTransaction(err) {
		return err
	}
	if tx.hasty {
		tx.regret = err
	}
	return &brokenError{err}
}

// aborted tells whether PostgreSQL refuses all further statements. (SQLite undoes
// the statement that has failed, and goes on.)
func (tx *Tx) aborted() (yes bool) {
	if tx.Writable && tx.stmts == nil {
		_ = tx.conn.Raw(func(c any) error { // that it is gone will be told by the next statement
			yes = c.(*stdlib.Conn).Conn().PgConn().TxStatus() == 'E'
			return nil
		})
	}
	return yes
}

// BeforeCommit runs f once before the commit, or before the end of the savepoint in
// which it was asked for: for what is cheaper to do for many at once. What f writes
// must not be read before by others; see settled in package ledger.
func (tx *Tx) BeforeCommit(f func() error) {
	tx.changes++
	tx.before = append(tx.before, f)
}

// settle runs what waits for the commit.
func (tx *Tx) settle() error {
	for len(tx.before) > 0 {
		f := tx.before[0]
		tx.before = tx.before[1:]
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// AfterCommit runs f once the transaction is committed; never when it is
// rolled back, be it whole or to a savepoint that began before this call.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// brokenError tells that the transaction itself is lost, not one savepoint.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return "transaction lost: " + e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// endsTransaction tells whether an error says of itself that the transaction is to end,
// be it that what was done before it is to be committed.
func endsTransaction(err error) bool {
	var e interface{ EndsTransaction() bool }
	return errors.As(err, &e) && e.EndsTransaction()
}

// Broken tells whether err means that the whole transaction is lost, so that
// going on after a savepoint makes no sense.
func Broken(err error) bool {
	var b *brokenError
	if errors.As(err, &b) {
		return true
	}
	if endsTransaction(err) {
		return true
	}
	switch Code(err) {
	case Full, IO, Corrupt, NotADatabase, ReadOnly, Conflict, Gone:
		return true
	}
	return false
}
