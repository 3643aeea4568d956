package web

import (
	"fmt"
	"slices"
	"time"

	"branchbot/store"
)

// stay is a time in which a unit, and those above it, had a member.
type stay struct {
	units    []string
	from, to int64 // UTC milliseconds; to is behind it
}

// staysOf are all stays of a member.
func (s *Server) staysOf(tx *store.Tx, id int64) (all []stay, err error) {
	memberships, err := s.Roster.Memberships(tx, id)
	if err != nil {
		return nil, err
	}
	for _, m := range memberships {
		line, err := s.Engine.Directory.Line(tx, m.Unit)
		if err != nil {
			return nil, err
		}
		one := stay{from: m.From.UnixMilli(), to: 1 << 62}
		if !m.To.IsZero() {
			one.to = m.To.UnixMilli()
		}
		for _, u := range line {
			one.units = append(one.units, u.ID)
		}
		all = append(all, one)
	}
	return all, nil
}

// reading is that somebody looked at what is kept about a member, or took it out.
type reading struct {
	At         int64
	Name, Unit string
	Page, Act  string
	Ref        string
}

// mostReadings is how many are listed.
const mostReadings = 100

const selectReading = `SELECT a.at, COALESCE(m.name, ''), COALESCE(u.name, a.unit), a.page, a.act, a.ref FROM console_audit a
	LEFT JOIN member m ON m.id = a.member LEFT JOIN unit u ON u.id = a.unit `

func readings(tx *store.Tx, query string, args ...any) ([]reading, error) {
	rows, err := tx.Query(selectReading+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []reading
	for rows.Next() {
		var r reading
		if err := rows.Scan(&r.At, &r.Name, &r.Unit, &r.Page, &r.Act, &r.Ref); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// readingsOf are who opened or changed a member's page, and who took out a file of a unit
// in which they stood (see Page.Tells); the newest first.
func (s *Server) readingsOf(tx *store.Tx, id int64, stays []stay) ([]reading, error) {
	all, err := readings(tx, `WHERE a.page = 'members/{id}' AND a.ref = $1 AND a.member <> $2 ORDER BY a.id DESC LIMIT $3`,
		fmt.Sprint(id), id, mostReadings)
	if err != nil {
		return nil, err
	}
	for _, stay := range stays {
		for _, unit := range stay.units {
			exports, err := readings(tx, `WHERE a.page LIKE '%/export' AND a.unit = $1 AND a.at >= $2 AND a.at < $3 AND a.member <> $4
				ORDER BY a.at DESC LIMIT $5`, unit, stay.from, stay.to, id, mostReadings)
			if err != nil {
				return nil, err
			}
			for _, e := range exports {
				tells, err := s.tells(tx, &e, id)
				if err != nil {
					return nil, err
				}
				if tells {
					all = append(all, e)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b reading) int { return int(b.At - a.At) })
	return all[:min(len(all), mostReadings)], nil
}

// tells tells whether a file that somebody took out has something about a member.
func (s *Server) tells(tx *store.Tx, e *reading, id int64) (bool, error) {
	p := s.pageAt(e.Page)
	if p == nil || p.Tells == nil {
		return false, nil
	}
	return p.Tells(tx, e.Ref, id)
}

// openedSince tells whether somebody has opened a member's page since an instant. It
// is found along the page, not along all that the reader has ever done: hence + 0.
func openedSince(tx *store.Tx, by int64, ref string, since time.Time) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM console_audit WHERE page = 'members/{id}' AND ref = $1 AND act = 'open' AND member + 0 = $2
		AND at > $3 LIMIT 1) AS one`, ref, by, since.UnixMilli()).Scan(&n)
	return n > 0, err
}
