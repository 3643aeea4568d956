package leave

import (
	"cmp"
	"database/sql"
	"slices"
	"time"

	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/store"
)

// record is a leave as it is kept.
type record struct {
	ID, Member int64
	From, To   time.Time
	Reason     string
	By         int64 // another member who entered it; 0 = himself

	Name, ByName string // of the member, and of By
}

func (r *record) insert(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO leave (member, from_at, to_at, reason, entered_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.Member, r.From.UnixMilli(), r.To.UnixMilli(), r.Reason, r.By, tx.Millis())
	return err
}

// cancel ends a leave now; one that has not begun is removed.
func (r *record) cancel(tx *store.Tx) error {
	if r.From.After(tx.Now) {
		_, err := tx.Exec(`DELETE FROM leave WHERE id = $1`, r.ID)
		return err
	}
	_, err := tx.Exec(`UPDATE leave SET to_at = $1 WHERE id = $2`, tx.Millis(), r.ID)
	return err
}

// covers tells whether one leave of the member has all of the span already.
func covers(tx *store.Tx, member int64, s command.Span) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM leave WHERE member = $1 AND from_at <= $2 AND to_at >= $3`,
		member, s.From.UnixMilli(), s.To.UnixMilli()).Scan(&n)
	return n > 0, err
}

// dropWithin removes the leaves of the member that lie within the span.
func dropWithin(tx *store.Tx, member int64, s command.Span) error {
	_, err := tx.Exec(`DELETE FROM leave WHERE member = $1 AND from_at >= $2 AND to_at <= $3`, member, s.From.UnixMilli(), s.To.UnixMilli())
	return err
}

const leaveColumns = `l.id, l.member, l.from_at, l.to_at, l.reason, l.entered_by, m.name, COALESCE(b.name, '')`

const selectLeave = `SELECT ` + leaveColumns + `
	FROM leave l JOIN member m ON m.id = l.member LEFT JOIN member b ON b.id = l.entered_by `

// ahead are the leaves of a member that are not over, in order.
func ahead(tx *store.Tx, member int64) ([]record, error) {
	return list(tx, selectLeave+`WHERE l.member = $1 AND l.to_at > $2 ORDER BY l.from_at, l.id`, member, tx.Millis())
}

// ofMembers are the leaves of members that touch a time.
func ofMembers(tx *store.Tx, members []int64, from, to time.Time) ([]record, error) {
	return ofEach(tx, selectLeave+`JOIN list ON list.item = l.member WHERE l.to_at > $1 AND l.from_at < $2`, "BIGINT", store.List(members), from, to)
}

// ofUnit are those of the rosters of the turn's unit and the units under it.
func ofUnit(t *engine.Turn, from, to time.Time) ([]record, error) {
	below, err := t.Directory().Below(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	return ofEach(t.Tx, `SELECT `+leaveColumns+` FROM list CROSS JOIN member m CROSS JOIN leave l LEFT JOIN member b ON b.id = l.entered_by
		WHERE m.unit = list.item AND m.left_at IS NULL AND l.member = m.id AND l.to_at > $1 AND l.from_at < $2`, "TEXT", store.List(below), from, to)
}

func ofEach(tx *store.Tx, query, kind string, list []any, from, to time.Time) ([]record, error) {
	var out []record
	err := tx.QueryEach(query, kind, []any{from.UnixMilli(), to.UnixMilli()}, list, func(rows *sql.Rows) error {
		r, err := scan(rows)
		out = append(out, r)
		return err
	})
	slices.SortFunc(out, func(a, b record) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

// ofStays are those of the members who ever stayed in a unit.
func ofStays(tx *store.Tx, unit string, from, to time.Time) ([]record, error) {
	return list(tx, selectLeave+`WHERE l.to_at > $2 AND l.from_at < $3 AND l.member IN (SELECT member FROM stay WHERE unit = $1)
		ORDER BY l.from_at, l.id`, unit, from.UnixMilli(), to.UnixMilli())
}

// history are the last 50 leaves of a member, newest first.
func history(tx *store.Tx, member int64) ([]record, error) {
	return list(tx, selectLeave+`WHERE l.member = $1 ORDER BY l.from_at DESC LIMIT 50`, member)
}

func list(tx *store.Tx, query string, args ...any) ([]record, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func scan(rows *sql.Rows) (r record, err error) {
	var from, to int64
	err = rows.Scan(&r.ID, &r.Member, &from, &to, &r.Reason, &r.By, &r.Name, &r.ByName)
	r.From, r.To = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC()
	return r, err
}
