package store

import (
	"database/sql"
	"strconv"
	"strings"
)

// bulk is how many rows or values go into one statement at most. Fewer go in powers
// of two, so that there are few statements to prepare.
const bulk = 64

// pieces cuts n into the sizes of statements.
func pieces(n int, do func(from, size int) error) error {
	size := bulk
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

// InsertRows inserts many rows: into is "INSERT INTO t (a, b)", conflict is "" or
// "ON CONFLICT …". No two rows may have the same key. It returns how many rows that
// changed.
func (tx *Tx) InsertRows(into string, rows [][]any, conflict string) (changed int64, err error) {
	err = pieces(len(rows), func(from, size int) error {
		var text strings.Builder
		text.WriteString(into + " VALUES ")
		args := make([]any, 0, size*len(rows[from]))
		for i, row := range rows[from : from+size] {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(" + parameters(len(args), len(row)) + ")")
			args = append(args, row...)
		}
		n, err := tx.Exec(text.String()+" "+conflict, args...)
		changed += n
		return err
	})
	return changed, err
}

// QueryEach runs a query for each value of a list, many in one statement, and has
// scan read the rows of all. The value is the parameter after args: "… WHERE a = $1
// AND b = $2" for one argument. (With b IN a list PostgreSQL may prefer to read all
// rows of a, which is quick as long as there are few.)
func (tx *Tx) QueryEach(query string, args, list []any, scan func(*sql.Rows) error) error {
	value := "$" + strconv.Itoa(len(args)+1)
	head, tail, _ := strings.Cut(query, value)
	return pieces(len(list), func(from, size int) error {
		var text strings.Builder
		for i := range size {
			if i > 0 {
				text.WriteString(" UNION ALL ")
			}
			text.WriteString(head + parameters(len(args)+i, 1) + tail)
		}
		rows, err := tx.Query(text.String(), append(args[:len(args):len(args)], list[from:from+size]...)...)
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
