package lesson

import (
	"time"

	"branchbot/store"
)

// Used is when a lesson was last pushed in a unit, and how often it was.
type Used struct {
	N    int
	Last time.Time
}

// Uses are the lessons that were pushed in a unit, by their full id.
func Uses(tx *store.Tx, unit string) (map[string]Used, error) {
	rows, err := tx.Query(`SELECT lesson, COUNT(*), MAX(pushed_at) FROM lesson_push WHERE unit = $1 GROUP BY lesson`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	uses := map[string]Used{}
	for rows.Next() {
		var ref string
		var u Used
		var last int64
		if err := rows.Scan(&ref, &u.N, &last); err != nil {
			return nil, err
		}
		u.Last = time.UnixMilli(last)
		uses[ref] = u
	}
	return uses, rows.Err()
}

// LastPush is the number of the last push in a unit; 0 before the first.
func LastPush(tx *store.Tx, unit string) (id int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM lesson_push WHERE unit = $1`, unit).Scan(&id)
	return id, err
}
