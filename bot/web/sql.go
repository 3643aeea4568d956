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

func scanSession(row store.Scanner) (*session, error) {
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

// Like makes a pattern that finds what contains a text.
func Like(text string) string {
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
	err = tx.QueryRow(unitTree+`SELECT COUNT(*) FROM unit WHERE id IN (SELECT id FROM below) AND name LIKE $2 ESCAPE '\'`, top, Like(query)).Scan(&n)
	return n, err
}

// unitsIn are the units at and under one whose names hold a text.
func unitsIn(tx *store.Tx, top, query string, p Paging) ([]choice, error) {
	return choices(tx, unitTree+`SELECT u.id, u.name, u.kind, (SELECT COUNT(*) FROM member m WHERE m.unit = u.id AND m.left_at IS NULL)
		FROM unit u WHERE u.id IN (SELECT id FROM below) AND u.name LIKE $2 ESCAPE '\' ORDER BY u.name, u.id LIMIT $3 OFFSET $4`,
		top, Like(query), p.Size, p.Offset())
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

// EndAllSessions ends the sessions of everybody, and the links that were not used.
func EndAllSessions(tx *store.Tx) error {
	if _, err := tx.Exec(`DELETE FROM console_session`); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM console_link`)
	return err
}
