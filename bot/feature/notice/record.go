package notice

import (
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// Items are the notices with acknowledgement that a unit got in the days from
// one on, up to another, but for recalled ones; the title is their beginning.
func Items(tx *store.Tx, unit, from, to string) ([]engine.Item, error) {
	items, err := roster.Items(tx, `SELECT n.id, n.text, g.day, n.created_at,
			CASE n.closes_at WHEN 0 THEN COALESCE(g.closed_at, n.created_at) ELSE n.closes_at END, g.closed_at IS NOT NULL
		FROM notice_target g JOIN notice n ON n.id = g.notice WHERE g.unit = $1 AND g.day >= $2 AND g.day < $3
		AND n.ack = 1 AND n.state IN ('sent', 'closed') AND NOT (n.relayed = 1 AND n.unit = g.unit) ORDER BY n.id`, unit, from, to)
	for i := range items {
		items[i].Title = (&notice{Text: items[i].Title}).excerpt()
	}
	return items, err
}

// How a member stands with a notice: the words of Deeds.
const (
	Asked  = "asked" // and he has not acknowledged it
	InTime = "in_time"
	Late   = "late"
)

// Deeds are how those who stayed in a unit, and were to acknowledge them, stand
// with the Items of asked, which is the unit or one above it.
func Deeds(tx *store.Tx, asked, unit, from, to string) ([]engine.Deed, error) {
	return roster.Deeds(tx, `SELECT n.id, r.member, CASE WHEN r.acked_at IS NULL THEN 'asked'
			WHEN n.closes_at <> 0 AND r.acked_at > n.closes_at THEN 'late' ELSE 'in_time' END
		FROM notice_target g CROSS JOIN notice n CROSS JOIN stay s CROSS JOIN notice_reader r
		WHERE g.unit = $1 AND g.day >= $3 AND g.day < $4 AND n.id = g.notice AND n.ack = 1 AND n.state IN ('sent', 'closed')
		AND r.notice = n.id AND r.unit = g.unit AND`+roster.Staying("r.member", "COALESCE(r.acked_at, n.created_at)"), asked, unit, from, to)
}

// Acknowledged are the instants at which the Items of a unit were acknowledged
// by those who read them there, by notice, in order.
func Acknowledged(tx *store.Tx, unit, from, to string) (map[int64][]time.Time, error) {
	rows, err := tx.Query(`SELECT r.notice, r.acked_at FROM notice_target g CROSS JOIN notice_reader r
		WHERE g.unit = $1 AND g.day >= $2 AND g.day < $3 AND r.notice = g.notice AND r.unit = g.unit AND r.acked_at IS NOT NULL
		ORDER BY r.notice, r.acked_at`, unit, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int64][]time.Time{}
	for rows.Next() {
		var id, at int64
		if err := rows.Scan(&id, &at); err != nil {
			return nil, err
		}
		out[id] = append(out[id], time.UnixMilli(at))
	}
	return out, rows.Err()
}
