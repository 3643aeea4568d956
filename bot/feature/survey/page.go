package survey

import (
	"fmt"
	"time"

	"branchbot/bot/roster"
	"branchbot/store"
)

// What pages show of votes: how many have voted, and after the close what the
// group saw. Who has voted they never show.

// Summary is a survey in the list of a page.
type Summary struct {
	ID       int64
	Kind     string
	Named    bool
	Title    string
	Code     int
	Day      string
	ClosesAt time.Time
	Closed   bool
	Voted    int
	Result   string // after the close
}

// Held is how many surveys a unit has had, and how many members could vote now.
func Held(tx *store.Tx, unit string) (n, eligible int, err error) {
	if err = tx.QueryRow(`SELECT COUNT(*) FROM survey WHERE unit = $1`, unit).Scan(&n); err != nil {
		return 0, 0, err
	}
	eligible, err = roster.Count(tx, unit)
	return n, eligible, err
}

// Summaries are some of these, the newest first.
func Summaries(tx *store.Tx, unit string, limit, offset int) ([]Summary, error) {
	rows, err := tx.Query(`SELECT id, kind, named, title, code, day, closes_at, closed_at IS NOT NULL,
			(SELECT COUNT(*) FROM survey_voted v WHERE v.survey = survey.id), result
		FROM survey WHERE unit = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`, unit, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Summary
	for rows.Next() {
		var s Summary
		var closes int64
		if err := rows.Scan(&s.ID, &s.Kind, &s.Named, &s.Title, &s.Code, &s.Day, &closes, &s.Closed, &s.Voted, &s.Result); err != nil {
			return nil, err
		}
		s.ClosesAt = time.UnixMilli(closes)
		out = append(out, s)
	}
	return out, rows.Err()
}

// Pulse changes when a survey of a unit is opened or closed, or when somebody
// votes.
func Pulse(tx *store.Tx, unit string) (string, error) {
	var last, open, voted int64
	err := tx.QueryRow(`SELECT COALESCE((SELECT MAX(id) FROM survey WHERE unit = $1), 0), COUNT(*),
		COALESCE(SUM((SELECT COUNT(*) FROM survey_voted v WHERE v.survey = survey.id)), 0)
		FROM survey WHERE unit = $1 AND closed_at IS NULL`, unit).Scan(&last, &open, &voted)
	return fmt.Sprint(last, open, voted), err
}
