package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A statement that goes to a server by itself costs several times as much as one that
// goes with others: two processes wait for each other at each. So what has nothing to
// do with each other is run in strands, of which each goes on to its next statement,
// and the statements of all of them go to the server in one packet.

// strandsAtOnce is how many strands are under way at a time.
const strandsAtOnce = 128

// course is what a strand, or the transaction outside of strands, has done so far.
type course struct {
	strand  *strand  // nil outside
	changes int      // counts what would have to be undone
	after   []func() // run after the commit
}

// strand is one of the functions that Together runs.
type strand struct {
	course
	next  func() (struct{}, bool) // goes on until it waits again; false: it has ended
	stop  func()                  // makes it end: what it waits for fails
	yield func(struct{}) bool
	err   error // as it has ended

	ask   *asked      // the statement that it waits for
	ready func() bool // what it waits for else; nil: nothing
}

// asked is a statement, then with its answer.
type asked struct {
	query   string
	args    []any
	columns int
	rows    [][]driver.Value
	changed int64
}

var (
	errStopped = &brokenError{errors.New("another strand has failed")}
	errStuck   = errors.New("all strands of the transaction wait for each other")
)

// Together runs f for each of 0 … n-1 and returns the first error, with which all of
// it fails. With PostgreSQL they run in strands: one goes on while others wait for the
// answers to their statements, never two at the same time, and always in the order of
// their statements. So no two may have to do
// with the same rows or the same things in memory, or they use Wait and Alone. With
// SQLite, and where savepoints have to be set, they run one after the other.
func (tx *Tx) Together(n int, f func(i int) error) error {
	if !tx.Parallel || !tx.hasty || n < 2 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	outside := tx.course
	var running []*strand
	defer func() {
		for _, s := range running {
			tx.course = &s.course
			s.stop()
		}
		tx.course = outside
	}()
	for begun := 0; begun < n || len(running) > 0; {
		for ; begun < n && len(running) < strandsAtOnce; begun++ {
			running = append(running, newStrand(begun, f))
		}
		waiting, asking, moved := running[:0], []*strand(nil), false
		for i, s := range running {
			if s.ready != nil && !s.ready() {
				waiting = append(waiting, s)
				continue
			}
			s.ready, moved = nil, true
			switch more := tx.goOn(s, outside); {
			case more:
				waiting = append(waiting, s)
				if s.ask != nil {
					asking = append(asking, s)
				}
				continue
			case s.err != nil:
				running = append(waiting, running[i+1:]...)
				return s.err
			}
			outside.after = append(outside.after, s.after...)
		}
		running = waiting
		if !moved {
			return errStuck
		}
		if err := tx.send(asking); err != nil {
			return tx.regretted(err)
		}
	}
	return nil
}

// goOn lets a strand go on; false: it has ended.
func (tx *Tx) goOn(s *strand, outside *course) bool {
	before := s.changes
	tx.course = &s.course
	defer func() {
		tx.course = outside
		outside.changes += s.changes - before // also of one that fails
	}()
	_, more := s.next()
	return more
}

func newStrand(i int, f func(int) error) *strand {
	s := &strand{}
	s.course.strand = s
	s.next, s.stop = iter.Pull(func(yield func(struct{}) bool) {
		s.yield = yield
		s.err = f(i)
	})
	return s
}

// Wait lets the other strands go on until ready, which asks nothing of the database.
func (tx *Tx) Wait(ready func() bool) error {
	if ready() {
		return nil
	}
	if tx.strand == nil {
		return errStuck
	}
	tx.strand.ready = ready
	if !tx.strand.yield(struct{}{}) {
		return errStopped
	}
	return nil
}

// Alone runs f while all other strands wait: for what has to do with them.
func (tx *Tx) Alone(f func() error) error {
	s := tx.strand
	tx.strand = nil
	defer func() { tx.strand = s }()
	return f()
}

// answer has a statement of the strand go with those of the others.
func (s *strand) answer(query string, args []any) (*asked, error) {
	a := &asked{query: query, args: args}
	s.ask = a
	if !s.yield(struct{}{}) {
		return nil, errStopped
	}
	return a, nil
}

// send has the statements of strands answered.
func (tx *Tx) send(strands []*strand) error {
	if len(strands) == 0 {
		return nil
	}
	return tx.conn.Raw(func(c any) error {
		conn := c.(*stdlib.Conn).Conn()
		var batch pgx.Batch
		for _, s := range strands {
			batch.Queue(s.ask.query, s.ask.args...)
		}
		results := conn.SendBatch(background, &batch)
		var err error
		for _, s := range strands {
			if err = s.ask.read(conn, results); err != nil {
				break
			}
			s.ask = nil
		}
		if err = errors.Join(err, results.Close()); err != nil && conn.IsClosed() {
			err = fmt.Errorf("%w: %w", driver.ErrBadConn, err)
		}
		return err
	})
}

// read takes the answer to a statement, as the driver of database/sql would hand it over.
func (a *asked) read(conn *pgx.Conn, results pgx.BatchResults) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	fields := rows.FieldDescriptions()
	a.columns = len(fields)
	for rows.Next() {
		row := make([]driver.Value, len(fields))
		for i, raw := range rows.RawValues() {
			if raw == nil {
				continue
			}
			t, ok := conn.TypeMap().TypeForOID(fields[i].DataTypeOID)
			if !ok {
				return fmt.Errorf("column %s has a type that is not known (%d)", fields[i].Name, fields[i].DataTypeOID)
			}
			row[i], err = t.Codec.DecodeDatabaseSQLValue(conn.TypeMap(), t.OID, fields[i].Format, raw)
			if err != nil {
				return fmt.Errorf("column %s: %w", fields[i].Name, err)
			}
		}
		a.rows = append(a.rows, row)
	}
	rows.Close()
	a.changed = rows.CommandTag().RowsAffected()
	return rows.Err()
}

// answers hands out rows that are known already as those of database/sql.
var answers = sql.OpenDB(known{})

// known is the driver behind answers: the only argument of a query is its answer.
type known struct{}

func (k known) Connect(context.Context) (driver.Conn, error) { return k, nil }
func (k known) Driver() driver.Driver                        { return k }
func (k known) Open(string) (driver.Conn, error)             { return k, nil }
func (known) Close() error                                   { return nil }
func (known) Prepare(string) (driver.Stmt, error)            { return nil, errors.ErrUnsupported }
func (known) Begin() (driver.Tx, error)                      { return nil, errors.ErrUnsupported }
func (known) CheckNamedValue(*driver.NamedValue) error       { return nil }

func (known) QueryContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	return args[0].Value.(*asked), nil
}

// Columns implements driver.Rows.
func (a *asked) Columns() []string { return make([]string, a.columns) }

// Close implements driver.Rows.
func (a *asked) Close() error { return nil }

// Next implements driver.Rows.
func (a *asked) Next(into []driver.Value) error {
	if len(a.rows) == 0 {
		return io.EOF
	}
	copy(into, a.rows[0])
	a.rows = a.rows[1:]
	return nil
}
