package web

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"branchbot/store"
)

// Links -----------------------------------------------------------------------

func addLink(tx *store.Tx, hash string, member, opened int64, life time.Duration) error {
	_, err := tx.Exec(`DELETE FROM console_link WHERE member = $1 OR expires_at < $2`, member, tx.Millis()) // the newest alone counts
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO console_link (hash, member, opened_by, expires_at) VALUES ($1, $2, $3, $4)`, hash, member, opened, tx.Now.Add(life).UnixMilli())
	return err
}

// isLink tells whether a link would let somebody in.
func isLink(tx *store.Tx, hash string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM console_link WHERE hash = $1 AND used_at IS NULL AND expires_at > $2`, hash, tx.Millis()).Scan(&n)
	return n > 0, err
}

// spendLink returns the member whom a link lets in; 0 when it is unknown, spent
// or too old.
func spendLink(tx *store.Tx, hash string) (v visitor, err error) {
	err = tx.QueryRow(`UPDATE console_link SET used_at = $1 WHERE hash = $2 AND used_at IS NULL AND expires_at > $1 RETURNING member, COALESCE(opened_by, 0)`,
		tx.Millis(), hash).Scan(&v.Member, &v.OpenedBy)
	if errors.Is(err, store.ErrNoRows) {
		return visitor{}, nil
	}
	return v, err
}

// Sessions --------------------------------------------------------------------

func addSession(tx *store.Tx, hash string, v visitor, roles, browser string) error {
	_, err := tx.Exec(`INSERT INTO console_session (hash, member, opened_by, roles, browser, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		hash, v.Member, v.OpenedBy, roles, browser, tx.Millis())
	return err
}

const selectSession = `SELECT id, member, COALESCE(opened_by, 0), roles, browser, created_at, seen_at, flash FROM console_session `

func scanSession(row interface{ Scan(...any) error }) (*session, error) {
	s := &session{}
	var created, seen int64
	err := row.Scan(&s.ID, &s.Member, &s.openedBy, &s.roles, &s.Browser, &created, &seen, &s.flash)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	s.Created, s.Seen = time.UnixMilli(created), time.UnixMilli(seen)
	return s, err
}

// sessionOf is nil for an unknown cookie.
func sessionOf(tx *store.Tx, hash string) (*session, error) {
	return scanSession(tx.QueryRow(selectSession+`WHERE hash = $1`, hash))
}

// sessionsOf are a member's sessions that still hold, the newest first.
func sessionsOf(tx *store.Tx, member int64) ([]session, error) {
	rows, err := tx.Query(selectSession+`WHERE member = $1 ORDER BY id DESC`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []session
	for rows.Next() {
		s, err := scanSession(rows)
		if err != nil {
			return nil, err
		}
		if !s.over(tx.Now) {
			all = append(all, *s)
		}
	}
	return all, rows.Err()
}

// touchSession notes the use and forgets the flash that was shown; one that was
// set meanwhile stays.
func touchSession(tx *store.Tx, id int64, shown string) error {
	_, err := tx.Exec(`UPDATE console_session SET seen_at = $1, flash = CASE WHEN flash = $2 THEN '' ELSE flash END WHERE id = $3`,
		tx.Millis(), shown, id)
	return err
}

func setFlash(tx *store.Tx, id int64, text string) error {
	_, err := tx.Exec(`UPDATE console_session SET flash = $1 WHERE id = $2`, text, id)
	return err
}

func endSession(tx *store.Tx, hash string) error {
	_, err := tx.Exec(`DELETE FROM console_session WHERE hash = $1`, hash)
	return err
}

// endSessionOf ends one session of a member, all but one of them for id 0.
func endSessionOf(tx *store.Tx, member, id, but int64) error {
	_, err := tx.Exec(`DELETE FROM console_session WHERE member = $1 AND (id = $2 OR $2 = 0) AND id <> $3`, member, id, but)
	return err
}

// EndIn ends the sessions that a binding has opened in a browser, of which chat.Browser
// tells the name, and its links that nobody has followed yet. Where the name is not known
// they end, too. The password stays: it is the member's wherever they are.
func EndIn(tx *store.Tx, binding int64, browser string) error {
	if browser == "?" { // the room's name for an unknown one
		browser = ""
	}
	_, err := tx.Exec(`DELETE FROM console_session WHERE opened_by = $1 AND (browser = $2 OR browser = '' OR $2 = '')`, binding, browser)
	if err == nil {
		_, err = tx.Exec(`DELETE FROM console_link WHERE opened_by = $1 AND used_at IS NULL`, binding)
	}
	if err != nil {
		return fmt.Errorf("end what binding %d has opened in a browser: %w", binding, err)
	}
	return nil
}

// End ends the links, sessions and the password that a binding of a member
// (package member) has opened; all of the member's for binding 0. Of what is older than
// these records (NULL) nobody knows: it ends, too.
func End(tx *store.Tx, member, binding int64) error {
	for _, table := range []string{"console_link", "console_session", "console_password"} {
		_, err := tx.Exec(`DELETE FROM `+table+` WHERE member = $1 AND (opened_by = $2 OR opened_by IS NULL OR $2 = 0)`, member, binding)
		if err != nil {
			return fmt.Errorf("end what member %d has in %s: %w", member, table, err)
		}
	}
	return nil
}

// spared runs end without ending one session, whatever has opened it.
func spared(tx *store.Tx, s *session, end func() error) error {
	set := func(opened int64) error {
		_, err := tx.Exec(`UPDATE console_session SET opened_by = $1 WHERE id = $2`, opened, s.ID)
		return err
	}
	if err := set(0); err != nil {
		return err
	}
	if err := end(); err != nil {
		return err
	}
	return set(s.openedBy)
}

// sweep drops the sessions that are over, and the marks of browsers that have
// not been seen for long.
func sweep(tx *store.Tx) error {
	if _, err := tx.Exec(`DELETE FROM console_known WHERE at < $1`, tx.Now.Add(-knownLife).UnixMilli()); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM console_session WHERE seen_at < $1 OR created_at < $2`,
		tx.Now.Add(-idle).UnixMilli(), tx.Now.Add(-absolute).UnixMilli())
	return err
}

// Passwords -------------------------------------------------------------------

func putPassword(tx *store.Tx, member, opened int64, hash string) error {
	_, err := tx.Exec(`INSERT INTO console_password (member, opened_by, hash, set_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (member) DO UPDATE SET opened_by = excluded.opened_by, hash = excluded.hash, set_at = excluded.set_at`, member, opened, hash, tx.Millis())
	return err
}

// passwordBy is the binding of the account by which a member's password was set.
func passwordBy(tx *store.Tx, member int64) (opened int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(opened_by, 0) FROM console_password WHERE member = $1`, member).Scan(&opened)
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	return opened, err
}

func dropPassword(tx *store.Tx, member int64) error {
	_, err := tx.Exec(`DELETE FROM console_password WHERE member = $1`, member)
	return err
}

// passwordOf is "" for a member who has none.
func passwordOf(tx *store.Tx, member int64) (hash string, err error) {
	err = tx.QueryRow(`SELECT hash FROM console_password WHERE member = $1`, member).Scan(&hash)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return hash, err
}

func addKnown(tx *store.Tx, hash string, member int64) error {
	_, err := tx.Exec(`INSERT INTO console_known (hash, member, at) VALUES ($1, $2, $3)`, hash, member, tx.Millis())
	return err
}

func dropKnown(tx *store.Tx, hash string) error {
	_, err := tx.Exec(`DELETE FROM console_known WHERE hash = $1`, hash)
	return err
}

func isKnown(tx *store.Tx, hash string, member int64) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM console_known WHERE hash = $1 AND member = $2`, hash, member).Scan(&n)
	return n > 0, err
}

// Entered tells whether anybody has ever been in the console.
func Entered(tx *store.Tx) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM console_audit WHERE page = 'enter' LIMIT 1) AS one`).Scan(&n)
	return n > 0, err
}

// Audit -----------------------------------------------------------------------

func addAudit(tx *store.Tx, member int64, unit, page, act, ref string) error {
	_, err := tx.Exec(`INSERT INTO console_audit (at, member, unit, page, act, ref) VALUES ($1, $2, $3, $4, $5, $6)`,
		tx.Millis(), member, unit, page, act, ref)
	return err
}

func countAudit(tx *store.Tx, unit string) (n int, err error) {
	err = tx.QueryRow(unitTree+`SELECT COUNT(*) FROM console_audit WHERE unit IN (SELECT id FROM below)`, unit).Scan(&n)
	return n, err
}

// auditRows are the acts in a unit and under it, the newest first.
func auditRows(tx *store.Tx, unit string, p Paging) ([]auditRow, error) {
	rows, err := tx.Query(unitTree+`SELECT a.at, COALESCE(m.name, ''), COALESCE(u.name, a.unit), a.page, a.act, a.ref FROM console_audit a
		LEFT JOIN member m ON m.id = a.member LEFT JOIN unit u ON u.id = a.unit
		WHERE a.unit IN (SELECT id FROM below) ORDER BY a.id DESC LIMIT $2 OFFSET $3`, unit, p.Size, p.Offset())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []auditRow
	for rows.Next() {
		var a auditRow
		if err := rows.Scan(&a.At, &a.Name, &a.Unit, &a.Page, &a.Act, &a.Ref); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// Today -----------------------------------------------------------------------

// item is something that the unit's chats wait for.
type item struct {
	Feature string
	ID      int64
	Code    int
	Title   string // of a question its text
	Opened  int64
	Closes  int64 // 0: no end
	Done    int
	Due     int // 0: nobody in particular
}

// openItems are the open prompts of a unit with what has come in, the newest
// first.
func openItems(tx *store.Tx, unit string) ([]item, error) {
	return items(tx, openOnes, unit)
}

// pushedSince are all prompts of a unit since an instant, the newest first.
func pushedSince(tx *store.Tx, unit string, since time.Time) ([]item, error) {
	return items(tx, pushedOnes, unit, since.UnixMilli())
}

var (
	openOnes   = selectItems("closed_at IS NULL")
	pushedOnes = selectItems("opened_at >= $2")
)

func items(tx *store.Tx, query string, args ...any) ([]item, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []item
	for rows.Next() {
		var it item
		var prompt int64
		if err := rows.Scan(&prompt, &it.Feature, &it.ID, &it.Code, &it.Title, &it.Opened, &it.Closes, &it.Done, &it.Due); err != nil {
			return nil, err
		}
		all = append(all, it)
	}
	return all, rows.Err()
}

// selectItems reads the tables of all features at once, because a page must not
// ask each of them about each prompt. A prompt's ref is the id in its feature.
func selectItems(which string) string {
	return `WITH p AS (SELECT id, feature, code, opened_at, CAST(ref AS BIGINT) AS ref FROM prompt WHERE unit = $1 AND ` + which + `
			AND feature IN ('quiz', 'checkin', 'notice', 'signup', 'survey', 'lesson') ORDER BY id DESC LIMIT 50)
		SELECT p.id, p.feature, r.id, p.code, r.content, p.opened_at, r.closes_at, (SELECT COUNT(*) FROM answer a WHERE a.round = r.id), 0
			FROM p JOIN round r ON r.id = p.ref WHERE p.feature = 'quiz'
		UNION ALL SELECT p.id, p.feature, c.id, p.code, c.title, p.opened_at, c.closes_at,
			(SELECT COUNT(*) FROM checkin_entry e WHERE e.checkin = c.id AND e.state IN ('on_time', 'late')), 0
			FROM p JOIN checkin c ON c.id = p.ref WHERE p.feature = 'checkin'
		UNION ALL SELECT p.id, p.feature, n.id, g.seq, n.text, p.opened_at, n.closes_at, g.done, g.due
			FROM p JOIN notice n ON n.id = p.ref JOIN notice_target g ON g.notice = n.id AND g.unit = $1 WHERE p.feature = 'notice'
		UNION ALL SELECT p.id, p.feature, s.id, p.code, s.title, p.opened_at, s.closes_at,
			(SELECT COALESCE(SUM(e.people), 0) FROM signup_entry e WHERE e.signup = s.id AND e.waiting = 0), s.places
			FROM p JOIN signup s ON s.id = p.ref WHERE p.feature = 'signup'
		UNION ALL SELECT p.id, p.feature, s.id, p.code, s.title, p.opened_at, s.closes_at, (SELECT COUNT(*) FROM survey_voted v WHERE v.survey = s.id), 0
			FROM p JOIN survey s ON s.id = p.ref WHERE p.feature = 'survey'
		UNION ALL SELECT p.id, p.feature, l.id, p.code, l.title, p.opened_at, 0, (SELECT COUNT(*) FROM lesson_done d WHERE d.push = l.id), 0
			FROM p JOIN lesson_push l ON l.id = p.ref WHERE p.feature = 'lesson'
		ORDER BY 1 DESC`
}

// ask is an item of which something may still be awaited of a member.
type ask struct {
	item
	Did bool
}

// asksOf are the open prompts of a unit that members answer under their names,
// and whether a member has: not how.
func asksOf(tx *store.Tx, unit string, member int64) ([]ask, error) {
	rows, err := tx.Query(`
		SELECT p.id, 'quiz', r.id, p.code, r.content, r.closes_at, EXISTS (SELECT 1 FROM answer a WHERE a.round = r.id AND a.member = $2)
			FROM prompt p JOIN round r ON r.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'quiz'
		UNION ALL SELECT p.id, 'checkin', c.id, p.code, c.title, c.closes_at,
			EXISTS (SELECT 1 FROM checkin_entry e WHERE e.checkin = c.id AND e.member = $2)
			FROM prompt p JOIN checkin c ON c.id = CAST(p.ref AS BIGINT) WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'checkin'
		UNION ALL SELECT p.id, 'notice', n.id, CAST(g.seq AS BIGINT), n.text, n.closes_at, a.acked_at IS NOT NULL
			FROM prompt p JOIN notice n ON n.id = CAST(p.ref AS BIGINT) JOIN notice_target g ON g.notice = n.id AND g.unit = $1
			JOIN notice_reader a ON a.notice = n.id AND a.unit = $1 AND a.member = $2
			WHERE p.unit = $1 AND p.closed_at IS NULL AND p.feature = 'notice'
		ORDER BY 1 DESC LIMIT 50`, unit, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []ask
	for rows.Next() {
		var a ask
		var prompt int64
		if err := rows.Scan(&prompt, &a.Feature, &a.ID, &a.Code, &a.Title, &a.Closes, &a.Did); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// like makes a pattern that finds what contains a text.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// Units -----------------------------------------------------------------------

// unitsUnder are the units right under one.
func unitsUnder(tx *store.Tx, unit string, most int) ([]choice, error) {
	return choices(tx, `SELECT id, name, kind, 0 FROM unit WHERE parent = $1 ORDER BY name, id LIMIT $2`, unit, most)
}

const unitTree = `WITH RECURSIVE below (id) AS (
	SELECT id FROM unit WHERE id = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id) `

func countUnits(tx *store.Tx, top, query string) (n int, err error) {
	err = tx.QueryRow(unitTree+`SELECT COUNT(*) FROM unit WHERE id IN (SELECT id FROM below) AND name LIKE $2 ESCAPE '\'`, top, like(query)).Scan(&n)
	return n, err
}

// unitsIn are the units at and under one whose names hold a text.
func unitsIn(tx *store.Tx, top, query string, p Paging) ([]choice, error) {
	return choices(tx, unitTree+`SELECT u.id, u.name, u.kind, (SELECT COUNT(*) FROM member m WHERE m.unit = u.id AND m.left_at IS NULL)
		FROM unit u WHERE u.id IN (SELECT id FROM below) AND u.name LIKE $2 ESCAPE '\' ORDER BY u.name, u.id LIMIT $3 OFFSET $4`,
		top, like(query), p.Size, p.Offset())
}

func choices(tx *store.Tx, query string, args ...any) ([]choice, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []choice
	for rows.Next() {
		var c choice
		if err := rows.Scan(&c.ID, &c.Name, &c.Kind, &c.Members); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// notRunSince are the occurrences of a unit since an instant that did not come
// about as they should, the newest first.
func notRunSince(tx *store.Tx, unit string, since time.Time) ([]run, error) {
	rows, err := tx.Query(`SELECT o.schedule, s.action, o.state, o.reason, o.due_at FROM schedule s
		CROSS JOIN occurrence o WHERE o.schedule = s.id AND o.due_at >= $1 AND s.unit = $2 AND o.state NOT IN ('fired', 'done') ORDER BY o.due_at DESC, o.id DESC LIMIT 20`, since.UnixMilli(), unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []run
	for rows.Next() {
		var o run
		if err := rows.Scan(&o.Schedule, &o.Action, &o.State, &o.Reason, &o.Due); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// failedSince are the letters to the unit's chats that were not sent, but for those that
// package delivery tells of.
func failedSince(tx *store.Tx, unit string, since time.Time) ([]letter, error) {
	rows, err := tx.Query(`SELECT o.account, o.chat, o.state, o.reason, o.settled_at FROM chat c
		JOIN outbox o ON o.account = c.account AND o.chat = c.chat AND o.state IN ('dead', 'uncertain') AND o.settled_at >= $1
		WHERE c.unit = $2 AND o.about = '' ORDER BY o.id DESC LIMIT 20`, since.UnixMilli(), unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []letter
	for rows.Next() {
		var l letter
		if err := rows.Scan(&l.Account, &l.Chat, &l.State, &l.Reason, &l.At); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// counters rise when a unit's schedule has run or a letter has failed.
func counters(tx *store.Tx, unit string) (runs, failed int64, err error) {
	err = tx.QueryRow(`SELECT (SELECT COALESCE(MAX(o.id), 0) FROM schedule s CROSS JOIN occurrence o
			WHERE s.unit = $1 AND o.schedule = s.id AND o.due_at > $2),
		(SELECT COALESCE(MAX(at), 0) + COUNT(*) FROM undelivered WHERE unit = $1 AND at >= $2) + (SELECT COUNT(*) FROM chat c JOIN outbox o ON o.account = c.account AND o.chat = c.chat
			AND o.state IN ('dead', 'uncertain') AND o.settled_at >= $2 WHERE c.unit = $1)`,
		unit, tx.Now.Add(-24*time.Hour).UnixMilli()).Scan(&runs, &failed)
	return runs, failed, err
}

func isPaused(tx *store.Tx, unit string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM paused WHERE unit = $1`, unit).Scan(&n)
	return n > 0, err
}

// EndAllSessions ends the sessions of everybody, and the links that were not used.
func EndAllSessions(tx *store.Tx) error {
	if _, err := tx.Exec(`DELETE FROM console_session`); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM console_link`)
	return err
}
