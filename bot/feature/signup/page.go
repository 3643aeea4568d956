package signup

import (
	"fmt"
	"time"

	"branchbot/bot/engine"
	"branchbot/store"
)

// What pages show of sign-ups.

// Summary is a sign-up in the list of a page.
type Summary struct {
	ID              int64
	Title           string
	Code            int
	Places          int // 0 = no limit
	OpenedAt        int64
	ClosesAt        time.Time
	Closed          bool
	People, Waiting int
}

// Held is how many sign-ups a unit has had.
func Held(tx *store.Tx, unit string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM signup WHERE unit = $1`, unit).Scan(&n)
	return n, err
}

// Summaries are some of these, the newest first.
func Summaries(tx *store.Tx, unit string, limit, offset int) ([]Summary, error) {
	rows, err := tx.Query(`SELECT id, title, code, places, opened_at, closes_at, closed_at IS NOT NULL,
			(SELECT COALESCE(SUM(CASE WHEN e.waiting = 0 THEN e.people ELSE 0 END), 0)
				FROM signup_entry e LEFT JOIN member m ON m.id = e.member WHERE e.signup = signup.id AND m.left_at IS NULL),
			(SELECT COALESCE(SUM(CASE WHEN e.waiting = 1 THEN e.people ELSE 0 END), 0)
				FROM signup_entry e LEFT JOIN member m ON m.id = e.member WHERE e.signup = signup.id AND m.left_at IS NULL)
		FROM signup WHERE unit = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`, unit, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Summary
	for rows.Next() {
		var s Summary
		var closes int64
		if err := rows.Scan(&s.ID, &s.Title, &s.Code, &s.Places, &s.OpenedAt, &closes, &s.Closed, &s.People, &s.Waiting); err != nil {
			return nil, err
		}
		s.ClosesAt = time.UnixMilli(closes)
		out = append(out, s)
	}
	return out, rows.Err()
}

// Entry is somebody in the list of a sign-up.
type Entry struct {
	Name, Staff string
	People      int
	Waiting     bool
	Guest       bool // on no roster, or a name that several have
}

// One is a sign-up of a unit with its list, those who wait last; nil when it is
// another unit's.
func One(t *engine.Turn, id int64) (*Summary, []Entry, error) {
	s, err := load(t.Tx, id)
	if err != nil || s == nil || s.Unit != t.Unit.ID {
		return nil, nil, err
	}
	all, err := entries(t.Tx, id)
	if err != nil {
		return nil, nil, err
	}
	out := &Summary{ID: id, Title: s.Title, Code: s.Code, Places: s.Places, ClosesAt: s.ClosesAt, Closed: s.Closed}
	out.People, out.Waiting = sum(all)
	var list []Entry
	for _, waiting := range []bool{false, true} {
		for _, e := range only(all, waiting) {
			list = append(list, Entry{e.Name, e.Staff, e.People, e.Waiting, e.Member <= 0})
		}
	}
	return out, list, nil
}

// Pulse changes when a sign-up of a unit is opened or closed, or when somebody
// comes or goes.
func Pulse(tx *store.Tx, unit string) (string, error) {
	var last, closed, entries, people int64
	err := tx.QueryRow(`SELECT COALESCE(MAX(id), 0), COUNT(closed_at) FROM signup WHERE unit = $1`, unit).Scan(&last, &closed)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow(`SELECT COUNT(e.id), COALESCE(SUM(e.people * 2 - e.waiting), 0) FROM signup s JOIN signup_entry e ON e.signup = s.id
		WHERE s.unit = $1 AND s.closed_at IS NULL`, unit).Scan(&entries, &people)
	return fmt.Sprint(last, closed, entries, people), err
}
