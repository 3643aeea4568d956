package poster

import "branchbot/store"

// note keeps that a poster was posted; false when there was one on that day.
func note(tx *store.Tx, unit, day, week string) (bool, error) {
	n, err := tx.Exec(`INSERT INTO poster (unit, day, week) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, unit, day, week)
	return n > 0, err
}
