package roster

import (
	"time"

	"branchbot/bot/engine"
	"branchbot/store"
)

// A stay is a time that a member was on the roster of a unit. What a report
// says of a unit concerns those who stayed there.

// stays notes the member's unit as it stands in their row. When it is another
// one, the offices end that they cannot have there; removal is as for endOffices.
func (d *Directory) stays(tx *store.Tx, member, removal int64) error {
	ended, err := tx.Exec(`UPDATE stay SET to_at = $1 WHERE member = $2 AND to_at IS NULL AND NOT EXISTS (
		SELECT 1 FROM member m WHERE m.id = $2 AND m.unit = stay.unit AND m.left_at IS NULL)`, tx.Millis(), member)
	if err == nil && ended > 0 {
		err = d.endOffices(tx, member, removal)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO stay (member, from_at, unit) SELECT id, $1, unit FROM member WHERE id = $2 AND left_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM stay WHERE member = $2 AND to_at IS NULL)
		ON CONFLICT (member, from_at) DO UPDATE SET unit = excluded.unit, to_at = NULL`, tx.Millis(), member)
	return err
}

// Stay is a time that a member was on a unit's roster.
type Stay struct {
	engine.Member
	From, To time.Time // To is zero while it lasts
}

// Covers tells whether the stay has all of a time.
func (s *Stay) Covers(from, to time.Time) bool {
	return !s.From.After(from) && (s.To.IsZero() || !s.To.Before(to))
}

// Stays are those of a unit itself, not of the units under it, that touch a
// time, by staff number. A member who has come back has several.
func Stays(tx *store.Tx, unit string, from, to time.Time) ([]Stay, error) {
	return staysOf(tx, `WHERE s.unit = $1 AND s.from_at < $3 AND (s.to_at IS NULL OR s.to_at > $2) ORDER BY m.staff, s.from_at`,
		unit, from.UnixMilli(), to.UnixMilli())
}

// StaysOf are those of one member that touch a time, in order.
func StaysOf(tx *store.Tx, member int64, from, to time.Time) ([]Stay, error) {
	return staysOf(tx, `WHERE s.member = $1 AND s.from_at < $3 AND (s.to_at IS NULL OR s.to_at > $2) ORDER BY s.from_at`,
		member, from.UnixMilli(), to.UnixMilli())
}

func staysOf(tx *store.Tx, where string, args ...any) ([]Stay, error) {
	rows, err := tx.Query(`SELECT m.id, s.unit, m.staff, m.name, m.status, m.joined_on, m.language, m.board, s.from_at, COALESCE(s.to_at, 0)
		FROM stay s JOIN member m ON m.id = s.member `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Stay
	for rows.Next() {
		var s Stay
		var from, to int64
		if err := rows.Scan(&s.ID, &s.Unit, &s.Staff, &s.Name, &s.Status, &s.JoinedOn, &s.Language, &s.Board, &from, &to); err != nil {
			return nil, err
		}
		s.From = time.UnixMilli(from)
		if to != 0 {
			s.To = time.UnixMilli(to)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Staying is what a query of deeds ends in: the stay s is one of the unit $2,
// and its member did it, at the instant that is named, while it lasted.
func Staying(member, at string) string {
	return ` s.unit = $2 AND ` + member + ` = s.member AND ` + at + ` >= s.from_at AND (s.to_at IS NULL OR ` + at + ` < s.to_at)`
}

// Used is how often a lesson was pushed or a question asked in a unit, and when last.
type Used struct {
	N    int
	Last time.Time
}

// Uses reads what was used in a unit: a query of full id, how often, and when last.
func Uses(tx *store.Tx, query, unit string) (map[string]Used, error) {
	rows, err := tx.Query(query, unit)
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

// Items reads what was put to a unit: a query of id, title, day, beginning,
// end, and whether it is closed.
func Items(tx *store.Tx, query, unit string, args ...any) ([]engine.Item, error) {
	rows, err := tx.Query(query, append([]any{unit}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []engine.Item
	for rows.Next() {
		i := engine.Item{Unit: unit}
		var from, to int64
		if err := rows.Scan(&i.ID, &i.Title, &i.Day, &from, &to, &i.Closed); err != nil {
			return nil, err
		}
		i.From, i.To = time.UnixMilli(from), time.UnixMilli(to)
		out = append(out, i)
	}
	return out, rows.Err()
}

// Deeds reads what members did: a query of item, member, and how.
func Deeds(tx *store.Tx, query string, args ...any) ([]engine.Deed, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []engine.Deed
	for rows.Next() {
		var d engine.Deed
		if err := rows.Scan(&d.Item, &d.Member, &d.How); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
