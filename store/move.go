package store

import (
	"context"
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
// engine, as one transaction there, and compares the numbers of rows. Nobody may
// work on either meanwhile.
func Move(ctx context.Context, from, to *DB) (moved []Moved, err error) {
	err = from.Read(func(source *Tx) error {
		return to.Write(func(target *Tx) error {
			moved = nil
			if err := target.beginMove(); err != nil {
				return err
			}
			for _, table := range tables() {
				if err := ctx.Err(); err != nil {
					return err
				}
				m, err := moveTable(source, target, table, to.postgres)
				if err != nil {
					return fmt.Errorf("move table %s: %w", table, err)
				}
				moved = append(moved, m)
			}
			return nil
		})
	})
	return moved, err
}

var tableStatement = regexp.MustCompile(`(?m)^(CREATE|DROP) TABLE (\w+)`)

// besides are the tables about the processes that work on a database and about its
// schema: they are not moved.
var besides = []string{"lease", "process", "generation", "schema_since"}

// tables are all tables that are moved, in an order in which rows refer to what is
// there already: that in which the migrations make them.
func tables() []string {
	var all []string
	files, err := migrations.ReadDir("migrations")
	for _, f := range files {
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
	return slices.DeleteFunc(all, func(t string) bool { return slices.Contains(besides, t) })
}

// beginMove refuses a database in which there is something already.
func (tx *Tx) beginMove() error {
	for _, table := range tables() {
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("the database to move to is not empty: %s has %d rows; name a new one", table, n)
		}
	}
	return nil
}

// maxParameters is below what both engines take in a statement.
const maxParameters = 30_000

func moveTable(source, target *Tx, table string, toPostgres bool) (m Moved, err error) {
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
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		n, err := target.Exec(insertion(table, columns, len(args)/len(columns)), args...)
		m.Rows += n
		args = args[:0]
		return err
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
		if args = append(args, values...); len(args)+len(columns) > maxParameters {
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
