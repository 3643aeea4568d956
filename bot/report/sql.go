package report

import (
	"branchbot/bot/roster"
	"branchbot/store"
)

// anything tells whether there is something to report of a unit: whether
// something was put to it, to a unit under it or above it, or points were
// booked in its own chain.
func anything(tx *store.Tx, unit string, p Period) (bool, error) {
	const days = ` WHERE unit IN (SELECT id FROM around) AND day >= $2 AND day < $3)`
	var n int
	err := tx.QueryRow(roster.Around+`SELECT CASE WHEN EXISTS (SELECT 1 FROM checkin`+days+`
		OR EXISTS (SELECT 1 FROM lesson_push`+days+` OR EXISTS (SELECT 1 FROM round`+days+`
		OR EXISTS (SELECT 1 FROM notice_target`+days+`
		OR EXISTS (SELECT 1 FROM ledger WHERE unit = $1 AND day >= $2 AND day < $3) THEN 1 ELSE 0 END`, unit, p.From, p.To).Scan(&n)
	return n > 0, err
}
