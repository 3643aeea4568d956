package checkin

import (
	"fmt"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// What pages show of windows.

// Summary is a window in the list of a page.
type Summary struct {
	ID                int64
	Title, Day        string
	OpenedAt          int64 // ms
	ClosesAt          int64
	Closed            bool
	Here, Leave, Late int // who came, who said that he could not, who waits for the secretary's word
}

// Windows is how many windows a unit had from one day to another, both with it.
func Windows(tx *store.Tx, unit, from, to string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM checkin WHERE unit = $1 AND day >= $2 AND day <= $3`, unit, from, to).Scan(&n)
	return n, err
}

// Summaries are some of these, the newest first.
func Summaries(tx *store.Tx, unit, from, to string, limit, offset int) ([]Summary, error) {
	rows, err := tx.Query(`SELECT id, title, day, opened_at, closes_at, closed_at IS NOT NULL,
			(SELECT COUNT(*) FROM checkin_entry e WHERE e.checkin = checkin.id AND e.state IN ('on_time', 'late')),
			(SELECT COUNT(*) FROM checkin_entry e WHERE e.checkin = checkin.id AND e.state = 'leave'),
			(SELECT COUNT(*) FROM checkin_entry e WHERE e.checkin = checkin.id AND e.state = 'late_pending')
		FROM checkin WHERE unit = $1 AND day >= $2 AND day <= $3 ORDER BY day DESC, id DESC LIMIT $4 OFFSET $5`, unit, from, to, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Summary
	for rows.Next() {
		var s Summary
		if err := rows.Scan(&s.ID, &s.Title, &s.Day, &s.OpenedAt, &s.ClosesAt, &s.Closed, &s.Here, &s.Leave, &s.Late); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Entry is how a member stands in a window by what was entered.
type Entry struct {
	Member      int64
	Name, Staff string
	State       string // on_time, late_pending, late, leave
	At          int64  // ms
	Reason      string // of leave
	By          string // who entered it, if another
}

// Standing is how a window stands.
type Standing struct {
	Summary
	Code    int
	Current bool // late ones can still be entered: it is open, or the last one of today
	roster.Awaited
	Entries []Entry // of the state that was asked for
}

// Leavers are those on leave all the time who did not say so here.
func (s *Standing) Leavers() (n int) {
	for _, e := range s.Excused {
		if e.Reason == onLeaveAway {
			n++
		}
	}
	return n
}

// Due is how many are to come: who rests by his shift is not.
func (s *Standing) Due() int { return s.Roster - len(s.Excused) + s.Leavers() }

// Away is how many are on leave.
func (s *Standing) Away() int { return s.Leave + s.Leavers() }

// Resting is how many rest by their shifts.
func (s *Standing) Resting() int { return len(s.Excused) - s.Leavers() }

// Stand is how a window of t.Unit stands, with those who are missing or, for a
// state, some of the entries of that; nil when it is another unit's.
func Stand(t *engine.Turn, id int64, which string, limit, offset int) (*Standing, error) {
	w, err := load(t.Tx, id)
	if err != nil || w == nil || w.Unit != t.Unit.ID {
		return nil, err
	}
	s := &Standing{Summary: Summary{ID: id, Title: w.Title, OpenedAt: w.OpenedAt.UnixMilli(), ClosesAt: w.ClosesAt.UnixMilli(), Closed: w.Closed}}
	last, err := lastOn(t.Tx, t.Unit.ID, t.Day())
	if err != nil {
		return nil, err
	}
	s.Current = last != nil && last.ID == id
	err = t.Tx.QueryRow(`SELECT code, day FROM checkin WHERE id = $1`, id).Scan(&s.Code, &s.Day)
	if err != nil {
		return nil, err
	}
	err = t.Tx.QueryRow(`SELECT COALESCE(SUM(CASE WHEN state IN ('on_time', 'late') THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE state WHEN 'leave' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE state WHEN 'late_pending' THEN 1 ELSE 0 END), 0)
		FROM checkin_entry WHERE checkin = $1`, id).Scan(&s.Here, &s.Leave, &s.Late)
	if err != nil {
		return nil, err
	}
	if which != "" {
		if s.Entries, err = entriesIn(t.Tx, id, which, limit, offset); err != nil {
			return nil, err
		}
		limit = 0
	}
	s.Awaited, err = roster.Awaiting(t, w.OpenedAt, w.ClosesAt,
		`SELECT 1 FROM checkin_entry e WHERE e.checkin = $2 AND e.member = m.id AND e.state <> 'late_pending'`, id, limit, offset)
	return s, err
}

// entriesIn are some of the entries of a window: those who are here, or of a
// state, by staff number.
func entriesIn(tx *store.Tx, id int64, which string, limit, offset int) ([]Entry, error) {
	rows, err := tx.Query(`SELECT e.member, m.name, m.staff, e.state, e.at, e.reason, COALESCE(b.name, '')
		FROM checkin_entry e JOIN member m ON m.id = e.member LEFT JOIN member b ON b.id = e.entered_by
		WHERE e.checkin = $1 AND (e.state = $2 OR $2 = 'here' AND e.state IN ('on_time', 'late')) ORDER BY m.staff LIMIT $3 OFFSET $4`,
		id, which, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Entry
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.Member, &e.Name, &e.Staff, &e.State, &e.At, &e.Reason, &e.By); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Pulse changes when a window of a unit is opened or closed, or when somebody
// checks in.
func Pulse(tx *store.Tx, unit string) (string, error) {
	var last, closed int64
	err := tx.QueryRow(`SELECT COALESCE(MAX(id), 0), COUNT(closed_at) FROM checkin WHERE unit = $1`, unit).Scan(&last, &closed)
	if err != nil {
		return "", err
	}
	var entries, states int64
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(CASE state WHEN 'late_pending' THEN 1 WHEN 'leave' THEN 1000 ELSE 1000000 END), 0)
		FROM checkin_entry WHERE checkin = $1`, last).Scan(&entries, &states)
	return fmt.Sprint(last, closed, entries, states), err
}
