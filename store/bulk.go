package store

import (
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// bulk is how many rows or values go into one statement at most. Fewer go in powers
// of two, so that there are few statements to prepare.
const bulk = 64

// pieces cuts n into the sizes of statements.
func pieces(n, size int, do func(from, size int) error) error {
	for from := 0; from < n; {
		for size > n-from {
			size /= 2
		}
		if err := do(from, size); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// statement names the text of a statement for so many rows or values.
type statement struct {
	text, end string
	size      int
}

var statements sync.Map // statement → string: the texts are long, and the same again and again

func (st statement) written(write func() string) string {
	if text, ok := statements.Load(st); ok {
		return text.(string)
	}
	text := write()
	statements.Store(st, text)
	return text
}

// InsertRows inserts many rows: into is "INSERT INTO t (a, b)", conflict is "" or
// "ON CONFLICT …". No two rows may have the same key. It returns how many rows that
// changed.
func (tx *Tx) InsertRows(into string, rows [][]any, conflict string) (changed int64, err error) {
	size := bulk
	if tx.stmts != nil { // SQLite would keep a journal for a statement of many rows
		size = 1
	}
	err = pieces(len(rows), size, func(from, size int) error {
		columns := len(rows[from])
		text := statement{into, conflict, size}.written(func() string {
			list := make([]string, size)
			for i := range list {
				list[i] = "(" + parameters(i*columns, columns) + ")"
			}
			return into + " VALUES " + strings.Join(list, ", ") + " " + conflict
		})
		n, err := tx.Exec(text, slices.Concat(rows[from:from+size]...)...)
		changed += n
		return err
	})
	return changed, err
}

// QueryEach runs a query over the values of a list, TEXT or BIGINT, many in one
// statement, and has scan read its rows. In the query they are list.item; args are its
// parameters. It looks each value up by an index if it does so in a subquery of its
// own: "SELECT item, (SELECT a FROM t WHERE b = $1 AND c = item) FROM list". (With a
// join, or c IN a list, PostgreSQL may prefer to read all rows of b, which is quick
// only as long as there are few.)
func (tx *Tx) QueryEach(query, kind string, args, list []any, scan func(*sql.Rows) error) error {
	return pieces(len(list), bulk, func(from, size int) error {
		text := statement{text: query, size: size}.written(func() string {
			items := make([]string, size)
			for i := range items {
				items[i] = "(CAST(" + parameters(len(args)+i, 1) + " AS " + kind + "))"
			}
			return "WITH list (item) AS (VALUES " + strings.Join(items, ", ") + ") " + query
		})
		rows, err := tx.Query(text, append(args[:len(args):len(args)], list[from:from+size]...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// List is values as QueryEach takes them.
func List[T any](values []T) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// parameters writes "$4, $5" for two after three.
func parameters(after, n int) string {
	text := make([]byte, 0, 5*n)
	for i := range n {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = append(text, '$')
		text = strconv.AppendInt(text, int64(after+i+1), 10)
	}
	return string(text)
}
