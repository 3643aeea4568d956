// Package faultdriver is SQLite behind a driver that fails when a test wants it:
// as a program does that dies between two statements, or a disk that refuses one.
package faultdriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"

	"modernc.org/sqlite"
)

// Name is the name of the driver for database/sql.
const Name = "sqlite-with-faults"

func init() { sql.Register(Name, faulty{&sqlite.Driver{}}) }

// ErrCrashed is the error of everything that is done after a crash.
var ErrCrashed = errors.New("the program has crashed")

// Plan says what fails on a database. Its zero value lets everything pass. It is
// asked by one goroutine at a time.
type Plan struct {
	// Op is asked about each statement. before fails it without doing it, after
	// does it and fails nevertheless. ErrCrashed as one of them ends the program:
	// nothing works after it.
	Op      func(statement string) (before, after error)
	mu      sync.Mutex
	crashed bool
}

// Crash ends the program here and now.
func (p *Plan) Crash() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.crashed = true
}

// HasCrashed tells whether the program has ended.
func (p *Plan) HasCrashed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crashed
}

// Restart is the start of the program after a crash.
func (p *Plan) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.crashed = false
}

func (p *Plan) do(statement string, f func() error) error {
	if p.HasCrashed() {
		return ErrCrashed
	}
	var before, after error
	if p.Op != nil {
		before, after = p.Op(statement)
	}
	if errors.Is(before, ErrCrashed) {
		p.Crash()
	}
	if before != nil {
		return before
	}
	if err := f(); err != nil {
		return err
	}
	if errors.Is(after, ErrCrashed) {
		p.Crash()
	}
	return after
}

var plans sync.Map // path → *Plan

// Set has the plan hold for the database file of a path, until the returned
// function is called.
func Set(path string, p *Plan) func() {
	plans.Store(path, p)
	return func() { plans.Delete(path) }
}

type faulty struct{ driver.Driver }

// Open implements driver.Driver.
func (d faulty) Open(name string) (driver.Conn, error) {
	path, _, _ := strings.Cut(strings.TrimPrefix(name, "file:"), "?")
	p, ok := plans.Load(path)
	if !ok {
		return nil, errors.New("no plan is set for " + path)
	}
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return &conn{c, p.(*Plan)}, nil
}

type conn struct {
	driver.Conn
	plan *Plan
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &stmt{s, query, c.plan}, nil
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.plan.do(query, func() error { r, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args); return err })
	return r, err
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Rows, err error) {
	err = c.plan.do(query, func() error { r, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args); return err })
	return closed(r, err)
}

// closed closes the rows of a query that took effect and fails nevertheless, or the
// connection would keep its file open for ever.
func closed(r driver.Rows, err error) (driver.Rows, error) {
	if err != nil && r != nil {
		r.Close()
		return nil, err
	}
	return r, err
}

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

type stmt struct {
	driver.Stmt
	query string
	plan  *Plan
}

// ExecContext implements driver.StmtExecContext.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.plan.do(s.query, func() error { r, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args); return err })
	return r, err
}

// QueryContext implements driver.StmtQueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (r driver.Rows, err error) {
	err = s.plan.do(s.query, func() error { r, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args); return err })
	return closed(r, err)
}
