package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Limits of a PostgreSQL connection. A statement never waits for ever: neither
// for a lock nor for a server that hangs.
const (
	connectTimeout = 10 * time.Second

	// A transaction of Write may have to read beside it, so there are more
	// connections than there can be writers.
	maxWriters = 8
	maxConns   = 20
)

var postgresSettings = map[string]string{
	"application_name":                    "branchbot",
	"jit":                                 "off", // compiling takes longer than any statement here
	"statement_timeout":                   "60s",
	"lock_timeout":                        "20s",
	"idle_in_transaction_session_timeout": "10s",
}

// openPostgres connects to a server.
//
// Transactions are READ COMMITTED. What must be so once only has a unique key;
// what is read to be changed is locked by its row.
func (db *DB) openPostgres(ctx context.Context, source string, o Options) error {
	config, err := pgx.ParseConfig(source)
	if err != nil {
		return errors.New("the address cannot be read; write postgres://USER:PASSWORD@HOST:PORT/NAME") // err may show the password
	}
	folder := o.Folder
	if folder == "" {
		folder = "data"
	}
	db.path = filepath.Join(folder, config.Database)
	config.ConnectTimeout = connectTimeout
	for key, value := range postgresSettings {
		if _, given := config.RuntimeParams[key]; !given {
			config.RuntimeParams[key] = value
		}
	}
	db.pool = stdlib.OpenDB(*config)
	db.pool.SetMaxOpenConns(maxConns)
	db.pool.SetMaxIdleConns(maxConns)
	if err := db.pool.PingContext(ctx); err != nil {
		return err
	}
	if err := db.ready(ctx, db.pool, postgresSchema, o); err != nil {
		return err
	}
	return db.begins(ctx, o)
}

// postgresCode reads the SQLSTATE of a PostgreSQL error.
func postgresCode(err error) ErrorCode {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		var connect *pgconn.ConnectError
		var network net.Error
		switch {
		case errors.As(err, &connect):
			return CannotOpen
		case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF),
			errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.As(err, &network):
			return Gone
		}
		return Other
	}
	switch e.Code {
	case "23505":
		return Unique
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
		return Conflict
	case "53100":
		return Full
	case "25006":
		return ReadOnly
	case "25P01", "25P02": // no transaction, transaction is aborted
		return Misuse
	}
	switch class := e.Code[:2]; {
	case class == "08", strings.HasPrefix(e.Code, "57P"), e.Code == "25P03": // connection lost, server goes down, idle too long
		return Gone
	case class == "28", class == "3D": // not let in, no such database
		return CannotOpen
	case class == "XX":
		return Corrupt
	case class == "58":
		return IO
	}
	return Other
}

// explainPostgres turns what the server says into what the user can do.
func explainPostgres(err error) error {
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e) && e.Code == "3D000":
		return fmt.Errorf("%w: create it first: createdb NAME", err)
	case errors.As(err, &e) && strings.HasPrefix(e.Code, "28"):
		return fmt.Errorf("%w: check the user and the password in database: of config.yaml", err)
	case errors.As(err, &e) && e.Code == "42501":
		return fmt.Errorf("%w: the user needs the right to create tables: GRANT CREATE ON SCHEMA public TO USER", err)
	case Code(err) == CannotOpen || Code(err) == Gone:
		return fmt.Errorf("%w: is the server running, and reachable from here?", err)
	}
	return err
}
