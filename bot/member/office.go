package member

import (
	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// appoint gives a member a role in the unit: /名单 任命 NAME ROLE.
func (f *Feature) appoint(t *engine.Turn, who, title string) error {
	m, role, err := f.office(t, who, title)
	if err != nil {
		return err
	}
	f.Changed(t.Tx)
	_, err = t.Tx.Exec(`INSERT INTO role (member, unit, role, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		m.ID, t.Unit.ID, role, by(t.Member), t.Tx.Millis())
	if err != nil {
		return err
	}
	return f.toldOf(t, "member.appointed", m, role)
}

// dismiss takes a role away: /名单 免职 NAME ROLE. A unit keeps somebody who may
// appoint others.
func (f *Feature) dismiss(t *engine.Turn, who, title string) error {
	m, role, err := f.office(t, who, title)
	if err != nil {
		return err
	}
	f.Changed(t.Tx)
	n, err := t.Tx.Exec(`DELETE FROM role WHERE member = $1 AND unit = $2 AND role = $3`, m.ID, t.Unit.ID, role)
	switch {
	case err != nil:
		return err
	case n == 0:
		return engine.Complain("member.no_such_office", "Name", m.Name, "Role", firstName(t.Lang, "member.role."+role))
	}
	left, err := f.Secretaries(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return engine.Complain("member.last_secretary") // which undoes the rest
	}
	return f.toldOf(t, "member.dismissed", m, role)
}

func (f *Feature) office(t *engine.Turn, who, title string) (*engine.Member, string, error) {
	role := word("member.role.", Roles, title)
	if who == "" || role == "" {
		return nil, "", engine.Complain("member.office_how")
	}
	m, err := Find(t.Tx, t.Unit.ID, who)
	return m, role, err
}

// toldOf tells the one who did it, and the one whom it concerns.
func (f *Feature) toldOf(t *engine.Turn, key string, m *engine.Member, role string) error {
	args := []any{"Name", m.Name, "Unit", t.Unit.Name, "Role", firstName(t.Lang, "member.role."+role)}
	if m.ID != t.Member.ID {
		if _, err := t.Tell(m, chat.Text(t.T(key, args...))); err != nil {
			return err
		}
	}
	return t.TellSender(chat.Text(t.T(key, args...)))
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
		WHERE r.unit = $1 AND m.left_at IS NULL ORDER BY r.role DESC, m.name, m.id`, unit)
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
