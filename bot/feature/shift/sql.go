package shift

import (
	"cmp"
	"database/sql"
	"slices"

	"branchbot/bot/engine"
	"branchbot/store"
)

// save takes the place of the rotations of the member that begin later or on
// the same day, unless it ends itself.
func (r *rotation) save(tx *store.Tx, by int64) error {
	if r.EndsOn == "" {
		if _, err := tx.Exec(`DELETE FROM shift WHERE member = $1 AND starts_on > $2`, r.Member, r.StartsOn); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`INSERT INTO shift (member, pattern, starts_on, ends_on, entered_by, entered_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (member, starts_on) DO UPDATE SET pattern = excluded.pattern, ends_on = excluded.ends_on,
		entered_by = excluded.entered_by, entered_at = excluded.entered_at`,
		r.Member, r.Pattern, r.StartsOn, r.EndsOn, by, tx.Millis())
	return err
}

const selectRotation = `SELECT s.member, s.pattern, s.starts_on, s.ends_on FROM shift s `

// ofMember are the rotations of a member by their first days.
func ofMember(tx *store.Tx, member int64) ([]rotation, error) {
	by, err := ofMembers(tx, []int64{member})
	return by[member], err
}

// ofMembers are the rotations of members, by member, in the order of their first days.
func ofMembers(tx *store.Tx, members []int64) (map[int64][]rotation, error) {
	return ofEach(tx, selectRotation+`JOIN list ON list.item = s.member`, "BIGINT", store.List(members))
}

// ofUnit are those of the rosters of the turn's unit and the units under it.
func ofUnit(t *engine.Turn) (map[int64][]rotation, error) {
	below, err := t.Directory().Below(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	return ofEach(t.Tx, `SELECT s.member, s.pattern, s.starts_on, s.ends_on FROM list CROSS JOIN member m CROSS JOIN shift s
		WHERE m.unit = list.item AND m.left_at IS NULL AND s.member = m.id`, "TEXT", store.List(below))
}

func ofEach(tx *store.Tx, query, kind string, list []any) (map[int64][]rotation, error) {
	by := map[int64][]rotation{}
	err := tx.QueryEach(query, kind, nil, list, func(rows *sql.Rows) error {
		r, err := scan(rows)
		by[r.Member] = append(by[r.Member], r)
		return err
	})
	for _, list := range by {
		slices.SortFunc(list, func(a, b rotation) int { return cmp.Compare(a.StartsOn, b.StartsOn) })
	}
	return by, err
}

func scan(rows *sql.Rows) (r rotation, err error) {
	err = rows.Scan(&r.Member, &r.Pattern, &r.StartsOn, &r.EndsOn)
	return r, err
}

// ofStays are those of the members who ever stayed in a unit.
func ofStays(tx *store.Tx, unit string) (map[int64][]rotation, error) {
	return rotations(tx, selectRotation+`WHERE s.member IN (SELECT member FROM stay WHERE unit = $1) ORDER BY s.starts_on`, unit)
}

func rotations(tx *store.Tx, query string, args ...any) (map[int64][]rotation, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	by := map[int64][]rotation{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		by[r.Member] = append(by[r.Member], r)
	}
	return by, rows.Err()
}

// keepImport keeps what a file says until its sender confirms it.
func keepImport(tx *store.Tx, unit string, member int64, rotations string) (id int64, err error) {
	err = tx.QueryRow(`INSERT INTO shift_import (unit, member, rotations, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
		unit, member, rotations, tx.Millis()).Scan(&id)
	return id, err
}

// takeImport hands it out once; store.ErrNoRows when there is none.
func takeImport(tx *store.Tx, id, member int64) (unit, rotations string, err error) {
	err = tx.QueryRow(`SELECT unit, rotations FROM shift_import WHERE id = $1 AND member = $2`, id, member).Scan(&unit, &rotations)
	if err != nil {
		return "", "", err
	}
	_, err = tx.Exec(`DELETE FROM shift_import WHERE id = $1`, id)
	return unit, rotations, err
}
