// Package material keeps which lessons and questions of the packs are not used any
// more. It is a unit's own decision and holds for the units under it. What was
// pushed and answered stays as it is.
package material

import "branchbot/store"

// Refs are the full ids that a unit does not use, each with the unit that has
// retired it: the unit itself, or one above it.
func Refs(tx *store.Tx, unit string) (map[string]string, error) {
	rows, err := tx.Query(`WITH RECURSIVE up (id, parent, n) AS (
		SELECT id, parent, 0 FROM unit WHERE id = $1 UNION ALL SELECT u.id, u.parent, up.n + 1 FROM unit u JOIN up ON u.id = up.parent)
		SELECT r.ref, r.unit FROM retired r JOIN up ON up.id = r.unit ORDER BY up.n DESC`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	refs := map[string]string{}
	for rows.Next() {
		var ref, by string
		if err := rows.Scan(&ref, &by); err != nil {
			return nil, err
		}
		refs[ref] = by // the nearest comes last
	}
	return refs, rows.Err()
}

// Add retires a lesson or question in a unit.
func Add(tx *store.Tx, unit, ref string, member int64) error {
	_, err := tx.Exec(`INSERT INTO retired (unit, ref, member, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, unit, ref, member, tx.Millis())
	return err
}

// Drop takes it back.
func Drop(tx *store.Tx, unit, ref string) error {
	_, err := tx.Exec(`DELETE FROM retired WHERE unit = $1 AND ref = $2`, unit, ref)
	return err
}
