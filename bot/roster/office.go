package roster

import (
	"errors"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/store"
)

// held is the condition that an office r of a member m counts: the member is on
// the roster of the office's unit or of a unit under it.
const held = ` m.left_at IS NULL AND r.unit IN (
	WITH RECURSIVE line (id) AS (SELECT m.unit UNION ALL SELECT u.parent FROM unit u JOIN line l ON l.id = u.id WHERE u.parent IS NOT NULL)
	SELECT id FROM line) `

// Granted are a member's roles by unit.
func Granted(tx *store.Tx, member int64) (map[string][]string, error) {
	rows, err := tx.Query(`SELECT r.unit, r.role FROM role r JOIN member m ON m.id = r.member WHERE r.member = $1 AND`+held+
		`ORDER BY r.unit, r.role`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	roles := map[string][]string{}
	for rows.Next() {
		var unit, role string
		if err := rows.Scan(&unit, &role); err != nil {
			return nil, err
		}
		roles[unit] = append(roles[unit], role)
	}
	return roles, rows.Err()
}

// Grant is a role that somebody has in a unit.
type Grant struct {
	Name, Staff, Role string
	By                string // who granted it: a name, or "" for the configuration
	At                int64
}

// Grants are the roles in a unit.
func Grants(tx *store.Tx, unit string) ([]Grant, error) {
	rows, err := tx.Query(`SELECT m.name, m.staff, r.role, COALESCE(b.name, ''), r.granted_at FROM role r JOIN member m ON m.id = r.member
		LEFT JOIN member b ON b.id = CASE WHEN r.granted_by LIKE 'member:%' THEN CAST(SUBSTR(r.granted_by, 8) AS BIGINT) END
		WHERE r.unit = $1 AND`+held+`ORDER BY r.role DESC, m.name, m.id`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Grant
	for rows.Next() {
		var g Grant
		if err := rows.Scan(&g.Name, &g.Staff, &g.Role, &g.By, &g.At); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, rows.Err()
}

// Office is a role that a member has, or had.
type Office struct {
	Unit, UnitName, Role string
	Since                time.Time
	Until                time.Time // zero while it lasts
}

// Offices are a member's roles.
func Offices(tx *store.Tx, member int64) ([]Office, error) {
	return offices(tx, `SELECT r.unit, u.name, r.role, r.granted_at, 0 FROM role r JOIN member m ON m.id = r.member JOIN unit u ON u.id = r.unit
		WHERE r.member = $1 AND`+held+`ORDER BY r.unit, r.role`, member)
}

// pastOffices are those that a member had and no longer has.
func pastOffices(tx *store.Tx, member int64) ([]Office, error) {
	return offices(tx, `SELECT o.unit, u.name, o.role, o.granted_at, o.ended_at FROM office_ended o JOIN unit u ON u.id = o.unit
		WHERE o.member = $1 ORDER BY o.id`, member)
}

func offices(tx *store.Tx, query string, args ...any) ([]Office, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Office
	for rows.Next() {
		var o Office
		var from, to int64
		if err := rows.Scan(&o.Unit, &o.UnitName, &o.Role, &from, &to); err != nil {
			return nil, err
		}
		if o.Since = time.UnixMilli(from); to != 0 {
			o.Until = time.UnixMilli(to)
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// grant gives a member a role in a unit where they can have it.
func grant(tx *store.Tx, member int64, unit, role, by string) error {
	_, err := tx.Exec(`INSERT INTO role (member, unit, role, granted_by, granted_at)
		SELECT m.id, r.unit, $3, $4, $5 FROM member m JOIN (SELECT CAST($2 AS TEXT) AS unit) AS r ON TRUE WHERE m.id = $1 AND`+held+`
		ON CONFLICT DO NOTHING`, member, unit, role, by, tx.Millis())
	return err
}

// endOffices ends the offices that a member cannot have in their present place,
// and what they opened by them. removal is the change that took them off the
// roster; 0 when they moved.
func (d *Directory) endOffices(tx *store.Tx, member, removal int64) error {
	n, err := endWhere(tx, `AND NOT EXISTS (SELECT 1 FROM member m WHERE m.id = r.member AND`+held+`)`, removal, member)
	if err != nil || n == 0 && removal == 0 {
		return err
	}
	return d.EndSessions(tx, member)
}

// endOffice ends one office of a member; false when they do not have it.
func (d *Directory) endOffice(tx *store.Tx, member int64, unit, role string) (bool, error) {
	n, err := endWhere(tx, `AND r.unit = $2 AND r.role = $3`, 0, member, unit, role)
	if err != nil || n == 0 {
		return false, err
	}
	return true, d.EndSessions(tx, member)
}

func endWhere(tx *store.Tx, which string, removal, member int64, args ...any) (n int, err error) {
	rows, err := tx.Query(`DELETE FROM role AS r WHERE r.member = $1 `+which+` RETURNING unit, role, granted_by, granted_at`,
		append([]any{member}, args...)...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var ended [][]any
	for rows.Next() {
		var unit, role, by string
		var at int64
		if err := rows.Scan(&unit, &role, &by, &at); err != nil {
			return 0, err
		}
		ended = append(ended, []any{member, unit, role, by, at, tx.Millis(), removal})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	for _, row := range ended {
		_, err := tx.Exec(`INSERT INTO office_ended (member, unit, role, granted_by, granted_at, ended_at, removal)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, row...)
		if err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

// Ended is an office that a change of the roster has ended.
type Ended struct {
	Member int64
	Name   string
	Office
}

// lastEnded is the number of the last office that ended, for endedSince.
func lastEnded(tx *store.Tx) (id int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(id), 0) FROM office_ended`).Scan(&id)
	return id, err
}

// endedSince are the offices that this transaction has ended since lastEnded.
func endedSince(tx *store.Tx, last int64) ([]Ended, error) {
	rows, err := tx.Query(`SELECT o.member, m.name, o.unit, u.name, o.role FROM office_ended o JOIN member m ON m.id = o.member
		JOIN unit u ON u.id = o.unit WHERE o.id > $1 AND o.ended_at = $2 ORDER BY o.id`, last, tx.Millis())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Ended
	for rows.Next() {
		var e Ended
		if err := rows.Scan(&e.Member, &e.Name, &e.Unit, &e.UnitName, &e.Role); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// keepsSecretary complains when among the offices ended since lastEnded was the
// last secretary's of a unit. Only who steers a unit above may do that; actor is 0 for
// the program's own commands.
func keepsSecretary(tx *store.Tx, actor, last int64) error {
	ended, err := endedSince(tx, last)
	if err != nil {
		return err
	}
	for _, e := range ended {
		if err := lastSecretary(tx, actor, e.Office, ""); err != nil {
			return err
		}
	}
	return nil
}

// lastSecretary complains when an office is a secretary's and its unit has no
// other secretary than the member with a staff number.
func lastSecretary(tx *store.Tx, actor int64, o Office, staff string) error {
	if o.Role != "secretary" {
		return nil
	}
	in, err := Grants(tx, o.Unit)
	if err != nil || slices.ContainsFunc(in, func(g Grant) bool { return g.Role == "secretary" && g.Staff != staff }) {
		return err
	}
	above, err := steersAbove(tx, actor, o.Unit)
	if err != nil || above {
		return err
	}
	return engine.Complain("member.last_secretary", "Unit", o.UnitName)
}

// steersAbove tells whether a member steers a unit above one.
func steersAbove(tx *store.Tx, member int64, unit string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM role r JOIN member m ON m.id = r.member
		WHERE r.member = $1 AND r.role IN ('secretary', 'committee') AND`+held+`AND r.unit IN (
		WITH RECURSIVE above (id) AS (SELECT parent FROM unit WHERE id = $2 UNION ALL SELECT u.parent FROM unit u JOIN above a ON a.id = u.id)
		SELECT id FROM above)`, member, unit).Scan(&n)
	return n > 0, err
}

// RoleOf is the role that is called so in some language; "" when none is.
func RoleOf(text string) string { return word("member.role.", Roles, text) }

// Title tells which role a title means, "" when none. sure is false when the
// title is not one of the role's own names, so that the role may bring rights
// that the title does not promise: somebody is asked then.
func Title(text string) (role string, sure bool) {
	if role = RoleOf(text); role != "" {
		return role, true
	}
	folded := strings.ToLower(text)
	for _, lang := range locale.Languages {
		for _, other := range strings.Split(locale.Text(lang, "member.title.not"), "/") {
			if strings.Contains(folded, other) {
				return "", false
			}
		}
	}
	for _, role := range []string{"committee", "secretary", "leader", "librarian"} { // 副书记 before 书记
		for _, lang := range locale.Languages {
			for _, ending := range strings.Split(locale.Text(lang, "member.title."+role), "/") {
				if strings.HasSuffix(folded, ending) {
					return role, false
				}
			}
		}
	}
	return "", false
}

// TitleMeans tells of a title that is not sure which role it becomes, and what
// the role may do.
func TitleMeans(lang, text, role string) string {
	return locale.Text(lang, "member.title_means", "Title", text, "Role", firstName(lang, "member.role."+role),
		"Rights", locale.Text(lang, "member.rights."+role))
}

// TellReturned has the secretaries be told of the offices that an upgrade has ended, whose
// holders had left before it and come back.
func (f *Feature) TellReturned(tx *store.Tx) error {
	rows, err := tx.Query(`SELECT DISTINCT unit FROM office_ended WHERE untold = 1`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var units []string
	for rows.Next() {
		var unit string
		if err := rows.Scan(&unit); err != nil {
			return err
		}
		units = append(units, unit)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, unit := range units {
		if err := engine.SetTimer(tx, tx.Now, "member", "returned", unit, "member:returned:"+unit); err != nil {
			return err
		}
	}
	return nil
}

// tellReturned tells the secretaries of t.Unit, or those above.
func (f *Feature) tellReturned(t *engine.Turn) error {
	rows, err := t.Tx.Query(`SELECT m.name, o.role FROM office_ended o JOIN member m ON m.id = o.member WHERE o.unit = $1 AND o.untold = 1 ORDER BY o.id`, t.Unit.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var name, role string
		if err := rows.Scan(&name, &role); err != nil {
			return err
		}
		lines = append(lines, t.T("member.returned_line", "Name", name, "Role", firstName(t.Lang, "member.role."+role)))
	}
	if err := rows.Err(); err != nil || len(lines) == 0 {
		return err
	}
	if _, err := t.Tx.Exec(`UPDATE office_ended SET untold = 0 WHERE unit = $1 AND untold = 1`, t.Unit.ID); err != nil {
		return err
	}
	return t.TellSecretaries(chat.Text(t.T("member.returned_head", "Unit", t.Unit.Name) + "\n" + strings.Join(lines, "\n")))
}
