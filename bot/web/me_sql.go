package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/store"
)

// myAsks are the open prompts of a unit that a member may answer, the newest
// first, with how he has answered. It reads the tables of all features at once,
// as selectItems does.
func myAsks(tx *store.Tx, unit string, member int64) ([]asked, error) {
	rows, err := tx.Query(`
		SELECT p.id, 'quiz', r.id, p.code, r.content, r.closes_at,
			COALESCE((SELECT a.value FROM answer a WHERE a.round = r.id AND a.member = $2), ''), '', 0
			FROM prompt p JOIN round r ON r.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'quiz'
		UNION ALL SELECT p.id, 'checkin', c.id, p.code, c.title, c.closes_at,
			COALESCE((SELECT e.state FROM checkin_entry e WHERE e.checkin = c.id AND e.member = $2), ''), '', 0
			FROM prompt p JOIN checkin c ON c.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'checkin'
		UNION ALL SELECT p.id, 'notice', n.id, p.code, n.text, n.closes_at, CASE WHEN a.acked_at IS NULL THEN '' ELSE 'yes' END, '', g.year * 100000 + g.seq
			FROM prompt p JOIN notice n ON n.id = CAST(p.ref AS BIGINT) JOIN notice_target g ON g.notice = n.id AND g.unit = $1
			JOIN notice_reader a ON a.notice = n.id AND a.unit = $1 AND a.member = $2
			WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'notice'
		UNION ALL SELECT p.id, 'signup', s.id, p.code, s.title, s.closes_at,
			COALESCE((SELECT MAX(CASE WHEN e.waiting = 0 THEN 'in' ELSE 'waiting' END) FROM signup_entry e WHERE e.signup = s.id AND e.member = $2 AND e.people > 0), ''), '', 0
			FROM prompt p JOIN signup s ON s.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'signup'
		UNION ALL SELECT p.id, 'survey', s.id, p.code, s.title, s.closes_at,
			COALESCE((SELECT 'yes' FROM survey_voted v WHERE v.survey = s.id AND v.member = $2), ''), s.kind, s.named
			FROM prompt p JOIN survey s ON s.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'survey'
		UNION ALL SELECT p.id, 'lesson', l.id, p.code, l.title, 0,
			COALESCE((SELECT 'yes' FROM lesson_done d WHERE d.push = l.id AND d.member = $2), ''), '', 0
			FROM prompt p JOIN lesson_push l ON l.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'lesson'
		ORDER BY 1 DESC LIMIT 50`, unit, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []asked
	for rows.Next() {
		var a asked
		var n int64
		if err := rows.Scan(&a.Prompt, &a.Feature, &a.ID, &a.Code, &a.Text, &a.Closes, &a.Mine, &a.Kind, &n); err != nil {
			return nil, err
		}
		switch a.Feature {
		case "notice":
			a.Number = fmt.Sprintf("%d-%03d", n/100000, n%100000)
		case "survey":
			a.Named = n != 0
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// titleOf is what an entry's cause was: a question, a check-in …; "" for others.
func titleOf(tx *store.Tx, kind, id string) (title string, err error) {
	query := map[string]string{
		"round": `SELECT content FROM round WHERE id = $1`, "checkin": `SELECT title FROM checkin WHERE id = $1`,
		"lesson": `SELECT title FROM lesson_push WHERE id = $1`, "notice": `SELECT text FROM notice WHERE id = $1`,
	}[kind]
	var n int64
	if _, err := fmt.Sscan(id, &n); err != nil || query == "" {
		return "", nil
	}
	rows, err := tx.Query(query, n)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&title)
	}
	return title, err
}

// firstYear is the year of the first thing that is kept about a member; 0 for
// none.
func firstYear(tx *store.Tx, member int64) (year int, err error) {
	day := ""
	err = tx.QueryRow(`SELECT COALESCE(MIN(day), '') FROM (
		SELECT (SELECT r.day FROM answer a JOIN round r ON r.id = a.round WHERE a.member = $1 ORDER BY a.round LIMIT 1) AS day
		UNION ALL SELECT (SELECT c.day FROM checkin_entry e JOIN checkin c ON c.id = e.checkin WHERE e.member = $1 ORDER BY e.checkin LIMIT 1)
		UNION ALL SELECT (SELECT l.day FROM lesson_done d JOIN lesson_push l ON l.id = d.push WHERE d.member = $1 AND l.day <> '' ORDER BY d.push LIMIT 1)
		UNION ALL SELECT (SELECT h.day FROM honour h WHERE h.member = $1 ORDER BY h.id LIMIT 1)) AS days WHERE day <> ''`, member).Scan(&day)
	_, _ = fmt.Sscan(strings.SplitN(day, "-", 2)[0], &year)
	return year, err
}

// stay is a time in which a unit, and those above it, had a member.
type stay struct {
	units    []string
	from, to int64 // UTC milliseconds; to is behind it
}

// staysOf are all stays of a member.
func (s *Server) staysOf(tx *store.Tx, id int64) (all []stay, units []*engine.Unit, err error) {
	stays, err := roster.StaysOf(tx, id, time.Time{}, tx.Now.Add(time.Hour))
	if err != nil {
		return nil, nil, err
	}
	for _, m := range stays {
		line, err := s.Engine.Directory.Line(tx, m.Unit)
		if err != nil {
			return nil, nil, err
		}
		one := stay{from: m.From.UnixMilli(), to: 1 << 62}
		if !m.To.IsZero() {
			one.to = m.To.UnixMilli()
		}
		for _, u := range line {
			one.units = append(one.units, u.ID)
			if !slices.ContainsFunc(units, func(o *engine.Unit) bool { return o.ID == u.ID }) {
				units = append(units, u)
			}
		}
		all = append(all, one)
	}
	return all, units, nil
}

// reading is that somebody looked at what is kept about a member, or took it out.
type reading struct {
	At         int64
	Name, Unit string
	Page, Act  string
}

// mostReadings is how many are listed.
const mostReadings = 100

const selectReading = `SELECT a.at, COALESCE(m.name, ''), COALESCE(u.name, a.unit), a.page, a.act FROM console_audit a
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
		if err := rows.Scan(&r.At, &r.Name, &r.Unit, &r.Page, &r.Act); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// readingsOf are who opened or changed a member's page, and who took out a list
// of a unit while it had him, or one of a sign-up in which he is; the newest first.
func readingsOf(tx *store.Tx, id int64, stays []stay) ([]reading, error) {
	all, err := readings(tx, `WHERE a.page = 'members/{id}' AND a.ref = $1 AND a.member <> $2 ORDER BY a.id DESC LIMIT $3`,
		fmt.Sprint(id), id, mostReadings)
	if err != nil {
		return nil, err
	}
	for _, s := range stays {
		for _, unit := range s.units {
			exports, err := readings(tx, `WHERE a.act IN ('people', 'ledger', 'signup') AND a.unit = $1 AND a.at >= $2 AND a.at < $3 AND a.member <> $4
				AND (a.act <> 'signup' OR EXISTS (SELECT 1 FROM signup_entry e WHERE e.member = $4 AND CAST(e.signup AS TEXT) = a.ref))
				ORDER BY a.at DESC LIMIT $5`, unit, s.from, s.to, id, mostReadings)
			if err != nil {
				return nil, err
			}
			all = append(all, exports...)
		}
	}
	slices.SortStableFunc(all, func(a, b reading) int { return int(b.At - a.At) })
	return all[:min(len(all), mostReadings)], nil
}

// openedSince tells whether somebody has opened a member's page since an instant. It
// is found along the page, not along all that the reader has ever done: hence + 0.
func openedSince(tx *store.Tx, by int64, ref string, since time.Time) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM console_audit WHERE page = 'members/{id}' AND ref = $1 AND act = 'open' AND member + 0 = $2
		AND at > $3 LIMIT 1) AS one`, ref, by, since.UnixMilli()).Scan(&n)
	return n > 0, err
}
