package store

import "fmt"

// Bulk inserts many rows into a table, many a statement. The rows are there
// after Flush.
type Bulk struct {
	tx      *Tx
	table   string
	columns []string
	most    int // rows in a statement; a power of two
	args    []any
	after   []*Bulk
	// Rows is how many have been inserted.
	Rows int64
}

// After has this one's rows wait for those of others, to which they refer.
func (b *Bulk) After(others ...*Bulk) *Bulk {
	b.after = others
	return b
}

// Bulk begins one. Its rows are values of the columns, in their order.
func (tx *Tx) Bulk(table string, columns ...string) *Bulk {
	b := &Bulk{tx: tx, table: table, columns: columns, most: 1}
	parameters := maxParameters
	if tx.stmts != nil { // SQLite, whose driver looks for each parameter among all of them
		parameters = 64
	}
	for b.most*2*len(columns) <= parameters && b.most < 512 {
		b.most *= 2
	}
	return b
}

// Add adds a row.
func (b *Bulk) Add(values ...any) error {
	if len(values) != len(b.columns) {
		return fmt.Errorf("a row of %s has %d values, not %d", b.table, len(b.columns), len(values))
	}
	b.args = append(b.args, values...)
	if len(b.args) < b.most*len(b.columns) {
		return nil
	}
	return b.Flush()
}

// Flush inserts what has been added. The numbers of rows in a statement are
// powers of two, so that few statements are prepared.
func (b *Bulk) Flush() error {
	for _, other := range b.after {
		if err := other.Flush(); err != nil {
			return err
		}
	}
	args := b.args
	for rows := b.most; len(args) > 0; {
		if rows*len(b.columns) > len(args) {
			rows /= 2
			continue
		}
		n, err := b.tx.Exec(insertion(b.table, b.columns, rows), args[:rows*len(b.columns)]...)
		if err != nil {
			return fmt.Errorf("insert into %s: %w", b.table, err)
		}
		b.Rows += n
		args = args[rows*len(b.columns):]
	}
	b.args = b.args[:0]
	return nil
}

// Empty tells whether there is nothing at all in the database.
func (tx *Tx) Empty() (bool, error) {
	for _, table := range tables() {
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM ` + table + ` LIMIT 1) AS found`).Scan(&n); err != nil || n > 0 {
			return false, err
		}
	}
	return true, nil
}

// Seeded has the database go on after the highest ids of the tables that were
// filled with ids given.
func (tx *Tx) Seeded(postgres bool, tables ...string) error {
	if !postgres { // SQLite does so by itself
		return nil
	}
	for _, table := range tables {
		if err := tx.continueNumbers(table); err != nil {
			return fmt.Errorf("continue the numbers of %s: %w", table, err)
		}
	}
	return nil
}
