package lesson

import (
	"branchbot/bot/roster"
	"branchbot/store"
)

// Uses are the lessons that were pushed in a unit, by their full id.
func Uses(tx *store.Tx, unit string) (map[string]roster.Used, error) {
	return roster.Uses(tx, `SELECT lesson, COUNT(*), MAX(pushed_at) FROM lesson_push WHERE unit = $1 GROUP BY lesson`, unit)
}

// LastPush is the number of the last push in a unit; 0 before the first.
func LastPush(tx *store.Tx, unit string) (id int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM lesson_push WHERE unit = $1`, unit).Scan(&id)
	return id, err
}
