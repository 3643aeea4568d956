package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Moved is a table that Move has copied.
type Moved struct {
	Table string
	Rows  int64
}

// Move copies everything from one database to another, empty one, of whatever
// engine, as one transaction there, and compares the numbers of rows. then does
// what else has to come along. Nobody may work on either meanwhile.
//
// Until then has returned, the target is marked as unfinished: Open refuses it, and
// Move begins it anew.
func Move(ctx context.Context, from, to *DB, then func() error) (moved []Moved, err error) {
	begun := false
	err = to.Write(func(tx *Tx) error {
		if err := tx.QueryRow(`SELECT COUNT(*) > 0 FROM moving`).Scan(&begun); err != nil || begun {
			return err
		}
		if err := tx.isEmpty(); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO moving (since) VALUES ($1)`, tx.Millis())
		return err
	})
	if err != nil {
		return nil, err
	}
	moved, err = copyRows(ctx, from, to, latest(), begun, nil)
	if err == nil {
		err = then()
	}
	if err != nil {
		return nil, err
	}
	return moved, to.Write(func(tx *Tx) error { _, err := tx.Exec(`DELETE FROM moving`); return err })
}

// finished refuses a database into which a move was not finished.
func finished(ctx context.Context, pool *sql.DB) error {
	var begun bool
	if err := pool.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM moving`).Scan(&begun); err != nil {
		return err
	}
	if begun {
		return errors.New("a move into it was not finished: run branchbot move again, from where everything still is")
	}
	return nil
}

// copyRows copies the rows of all tables, as one reading transaction there and one
// writing transaction here. clear empties the target before. prepare, if any, is
// the last thing in the transaction.
func copyRows(ctx context.Context, from, to *DB, version int64, clear bool, prepare func(*Tx) error) (moved []Moved, err error) {
	err = from.Read(func(source *Tx) error {
		if err := source.takeTime(from); err != nil {
			return err
		}
		return to.Write(func(target *Tx) error {
			moved = nil
			if err := target.takeTime(to); err != nil {
				return err
			}
			if err := target.alone(to); err != nil {
				return err
			}
			if clear {
				if err := target.clear(to, version); err != nil {
					return err
				}
			}
			for _, table := range tables(version) {
				m, err := moveTable(ctx, source, target, table, to.postgres)
				if err != nil {
					return fmt.Errorf("copy table %s: %w", table, err)
				}
				moved = append(moved, m)
			}
			if prepare == nil {
				return nil
			}
			return prepare(target)
		})
	})
	return moved, err
}

// takeTime lifts the limits of time that are right for a bot at work: a whole
// table is one statement.
func (tx *Tx) takeTime(db *DB) error {
	if !db.postgres {
		return nil
	}
	for _, limit := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		if _, err := tx.Exec(`SET LOCAL ` + limit + ` = 0`); err != nil {
			return err
		}
	}
	return nil
}

// alone refuses a database on which a bot works, and lets none begin before the
// transaction ends.
func (tx *Tx) alone(db *DB) error {
	if !db.postgres { // a file has its lock
		return nil
	}
	if _, err := tx.Exec(`LOCK TABLE process, lease IN ACCESS EXCLUSIVE MODE`); err != nil {
		return err
	}
	var owner string // one without a role works too
	err := tx.QueryRow(`SELECT owner FROM lease WHERE until_at >= `+serverMillis+`
		UNION ALL SELECT owner FROM process WHERE seen_at > `+serverMillis+` - $1 LIMIT 1`, leaseTime.Milliseconds()).Scan(&owner)
	switch {
	case errors.Is(err, ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("a bot works on it (%s): stop it first", owner)
}

// clear empties all tables. A process that was frozen and wakes up afterwards finds that
// it has no role any more, and that what it keeps in memory is of no use.
func (tx *Tx) clear(db *DB, version int64) error {
	all := tables(version)
	if db.postgres {
		for _, statement := range []string{`TRUNCATE ` + strings.Join(all, ", ") + ` RESTART IDENTITY`,
			`UPDATE lease SET fence = fence + 1`, `UPDATE generation SET n = n + 1`} {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return nil
	}
	for _, table := range slices.Backward(all) {
		if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
			return err
		}
	}
	return nil
}

var tableStatement = regexp.MustCompile(`(?m)^(CREATE|DROP) TABLE (\w+)`)

// notMoved are tables about the processes that work on this database, what they keep
// in memory, its schema, and in which state it is.
var notMoved = []string{"lease", "process", "generation", "schema_since", "moving"}

// tables are all tables that a version of the schema has, but for notMoved, in an
// order in which rows refer to what is there already: that in which the migrations
// make them.
func tables(version int64) []string {
	var all []string
	files, err := migrations.ReadDir("migrations")
	for _, f := range files {
		if number(f.Name()) > version {
			break
		}
		text, err2 := migrations.ReadFile("migrations/" + f.Name())
		err = errors.Join(err, err2)
		for _, m := range tableStatement.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "DROP" {
				all = slices.DeleteFunc(all, func(t string) bool { return t == m[2] })
			} else {
				all = append(all, m[2])
			}
		}
	}
	if err != nil {
		panic(err) // embedded
	}
	return slices.DeleteFunc(all, func(t string) bool { return slices.Contains(notMoved, t) })
}

// isEmpty refuses a database in which there is something already.
func (tx *Tx) isEmpty() error {
	for _, table := range tables(latest()) {
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return &notEmptyError{table, n}
		}
	}
	return nil
}

type notEmptyError struct {
	table string
	rows  int64
}

func (e *notEmptyError) Error() string {
	return fmt.Sprintf("the database to move to is not empty: %s has %d rows; name a new one", e.table, e.rows)
}

// A statement is filled until it has nearly what both engines take, or until what
// it holds in memory is enough.
const (
	maxParameters = 30_000
	maxBytes      = 8 << 20
)

func moveTable(ctx context.Context, source, target *Tx, table string, toPostgres bool) (m Moved, err error) {
	m.Table = table
	rows, err := source.Query(`SELECT * FROM ` + table + order(table))
	if err != nil {
		return m, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return m, err
	}
	var args []any
	bytes := 0
	flush := func() error {
		if len(args) == 0 {
			return ctx.Err()
		}
		n, err := target.Exec(insertion(table, columns, len(args)/len(columns)), args...)
		m.Rows += n
		args, bytes = args[:0], 0
		return errors.Join(err, ctx.Err())
	}
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return m, err
		}
		for _, v := range values {
			bytes += size(v)
		}
		if args = append(args, values...); len(args)+len(columns) > maxParameters || bytes > maxBytes {
			if err := flush(); err != nil {
				return m, err
			}
		}
	}
	if err := errors.Join(rows.Err(), flush()); err != nil {
		return m, err
	}
	var had, has int64
	if err := source.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&had); err != nil {
		return m, err
	}
	if err := target.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&has); err != nil {
		return m, err
	}
	if had != has || has != m.Rows {
		return m, fmt.Errorf("%d rows were there, %d were copied, %d have arrived", had, m.Rows, has)
	}
	if toPostgres && slices.Contains(columns, "id") && m.Rows > 0 {
		return m, target.continueNumbers(table)
	}
	return m, nil
}

// size is about what a value needs in memory.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 16
}

// order has units come after those above them.
func order(table string) string {
	if table != "unit" {
		return ""
	}
	return ` ORDER BY (WITH RECURSIVE above (id, parent) AS (SELECT u.id, u.parent FROM unit u WHERE u.id = unit.id
		UNION ALL SELECT u.id, u.parent FROM unit u JOIN above a ON u.id = a.parent) SELECT COUNT(*) FROM above)`
}

func insertion(table string, columns []string, rows int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for i := range rows * len(columns) {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%len(columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// continueNumbers has PostgreSQL go on after the highest id; SQLite does so by
// itself. Ids that are text have no sequence.
func (tx *Tx) continueNumbers(table string) error {
	var sequence *string
	if err := tx.QueryRow(`SELECT pg_get_serial_sequence($1, 'id')`, table).Scan(&sequence); err != nil || sequence == nil {
		return err
	}
	_, err := tx.Exec(`SELECT setval($1, (SELECT MAX(id) FROM `+table+`))`, *sequence)
	return err
}
