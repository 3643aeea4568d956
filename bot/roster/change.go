package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// Offices given and taken, and removals. What is not plain is asked first: the
// question is a row of roster_change for each of its buttons.

const (
	askedFor  = time.Hour           // a question waits so long for its answer
	undoneFor = 24 * time.Hour      // a removal can be undone so long
	keptFor   = 30 * 24 * time.Hour // then the rows go
)

// change is something about a member that waits for a yes, or was done.
type change struct {
	id     int64
	kind   string // appoint, dismiss, remove
	member int64
	unit   string
	role   string
	by     int64 // who asked for it
	done   int64 // ms; 0: not yet
}

// offer is a button of a question.
type offer struct {
	change
	label string
}

// appoint gives a member a role: /名单 任命 NAME ROLE [UNIT]. Whom a unit above
// appoints it asks for the unit; a title that is not a role's own name is asked
// about too.
func (f *Feature) appoint(t *engine.Turn, who, title, unit string) error {
	m, role, sure, err := f.office(t, who, title)
	if err != nil {
		return err
	}
	units, err := f.unitsFor(t, m, role, unit)
	if err != nil {
		return err
	}
	var offers []offer
	for _, u := range units {
		offers = append(offers, offer{change{kind: "appoint", member: m.ID, unit: u.ID, role: role}, u.Name})
	}
	if sure && len(units) == 1 {
		return f.do(t, m, offers[0].change)
	}
	var lines []string
	if !sure {
		lines = append(lines, TitleMeans(t.Lang, chat.CleanName(title), role))
	}
	args := []any{"Name", m.Name, "Staff", m.Staff, "Unit", units[0].Name, "Role", firstName(t.Lang, "member.role."+role)}
	if len(units) == 1 {
		lines = append(lines, t.T("member.appoint_sure", args...))
		offers[0].label = t.T("member.change_yes")
	} else {
		lines = append(lines, t.T("member.appoint_where", args...))
	}
	return f.askChange(t, m, strings.Join(lines, "\n"), offers)
}

// unitsFor are the units in which a member can have a role, from theirs up to the
// turn's: the one that is named, or those in which the role is usual. A group
// within a branch has a leader, and nobody else has one.
func (f *Feature) unitsFor(t *engine.Turn, m *engine.Member, role, named string) ([]*engine.Unit, error) {
	line, err := f.Line(t.Tx, m.Unit)
	if err != nil {
		return nil, err
	}
	line = line[:1+slices.IndexFunc(line, func(u *engine.Unit) bool { return u.ID == t.Unit.ID })]
	var usual []*engine.Unit
	for _, u := range line {
		switch {
		case named != "" && (u.ID == named || u.Name == named):
			return []*engine.Unit{u}, nil
		case (u.Kind == "group") == (role == "leader"):
			usual = append(usual, u)
		}
	}
	switch {
	case named != "":
		return nil, engine.Complain("member.not_in_unit", "Name", m.Name, "Unit", chat.CleanName(named))
	case len(usual) == 0:
		return []*engine.Unit{t.Unit}, nil
	}
	return usual, nil
}

// dismiss takes a role away, in the unit or in one under it: /名单 免职 NAME ROLE
// [UNIT].
func (f *Feature) dismiss(t *engine.Turn, who, title, unit string) error {
	m, role, _, err := f.office(t, who, title)
	if err != nil {
		return err
	}
	held, err := Offices(t.Tx, m.ID)
	if err != nil {
		return err
	}
	below, err := f.Below(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	var offers []offer
	for _, o := range held {
		if o.Role == role && slices.Contains(below, o.Unit) && (unit == "" || unit == o.Unit || unit == o.UnitName) {
			offers = append(offers, offer{change{kind: "dismiss", member: m.ID, unit: o.Unit, role: role}, o.UnitName})
		}
	}
	title = firstName(t.Lang, "member.role."+role)
	switch len(offers) {
	case 0:
		return engine.Complain("member.no_such_office", "Name", m.Name, "Role", title)
	case 1:
		return f.do(t, m, offers[0].change)
	}
	return f.askChange(t, m, t.T("member.dismiss_where", "Name", m.Name, "Role", title), offers)
}

func (f *Feature) office(t *engine.Turn, who, title string) (m *engine.Member, role string, sure bool, err error) {
	role, sure = Title(title)
	if who == "" || role == "" {
		return nil, "", false, engine.Complain("member.office_how")
	}
	m, err = Find(t.Tx, t.Unit.ID, who)
	return m, role, sure, err
}

// remove asks whether somebody shall be taken off the roster: /名单 移除 NAME.
func (f *Feature) remove(t *engine.Turn, who string) error {
	m, err := Find(t.Tx, t.Unit.ID, who)
	if err != nil {
		return err
	}
	u, err := f.Unit(t.Tx, m.Unit)
	if err != nil {
		return err
	}
	held, err := f.mayRemove(t, m)
	if err != nil {
		return err
	}
	text := t.T("member.remove_sure", "Name", m.Name, "Staff", m.Staff, "Unit", u.Name)
	if len(held) > 0 {
		text += "\n" + t.T("member.remove_offices", "Offices", officesText(t, held))
	}
	return f.askChange(t, m, text, []offer{{change{kind: "remove", member: m.ID, unit: m.Unit}, t.T("member.remove_yes")}})
}

// officesText names offices with their units.
func officesText(t *engine.Turn, held []Office) string {
	var names []string
	for _, o := range held {
		names = append(names, t.T("member.office_of", "Unit", o.UnitName, "Role", firstName(t.Lang, "member.role."+o.Role)))
	}
	return strings.Join(names, t.T("engine.list_comma"))
}

// askChange puts a question about a member to the sender, in private. An earlier one
// about the same member is over.
func (f *Feature) askChange(t *engine.Turn, m *engine.Member, text string, offers []offer) error {
	if err := dropped(t, m.ID); err != nil {
		return err
	}
	if _, err := t.Tx.Exec(`DELETE FROM roster_change WHERE asked_at < $1`, t.Now.Add(-keptFor).UnixMilli()); err != nil {
		return err
	}
	msg := chat.Text(text)
	var id int64
	for _, o := range offers {
		err := t.Tx.QueryRow(`INSERT INTO roster_change (kind, member, unit, role, asked_by, asked_at, state)
			VALUES ($1, $2, $3, $4, $5, $6, 'asked') RETURNING id`, o.kind, o.member, o.unit, o.role, t.Member.ID, t.Tx.Millis()).Scan(&id)
		if err != nil {
			return err
		}
		msg.Buttons = append(msg.Buttons, []chat.Button{{Label: o.label, Data: fmt.Sprintf("member:change:%d", id)}})
	}
	no := chat.Button{Label: t.T("member.change_no"), Data: fmt.Sprintf("member:drop:%d", id)}
	if len(offers) == 1 {
		msg.Buttons[0] = append(msg.Buttons[0], no)
	} else {
		msg.Buttons = append(msg.Buttons, []chat.Button{no})
	}
	return t.TellSender(msg)
}

// dropped ends the sender's open question about a member.
func dropped(t *engine.Turn, member int64) error {
	_, err := t.Tx.Exec(`UPDATE roster_change SET state = 'dropped' WHERE member = $1 AND asked_by = $2 AND state = 'asked'`, member, t.Member.ID)
	return err
}

// answered takes the answer to a question of askChange.
func (f *Feature) answered(t *engine.Turn, id int64, yes bool) error {
	c, err := changeOf(t.Tx, `id = $1 AND asked_by = $2 AND state = 'asked' AND asked_at > $3`, id, t.Member.ID, t.Now.Add(-askedFor).UnixMilli())
	if err != nil {
		return err
	}
	if c == nil {
		return engine.Complain("engine.old_button")
	}
	if err := dropped(t, c.member); err != nil {
		return err
	}
	if !yes {
		return t.Say("member.change_dropped")
	}
	m, err := In(t.Tx, c.unit, c.member)
	if err != nil {
		return err
	}
	if m == nil || c.kind == "remove" && m.Unit != c.unit { // moved or removed meanwhile
		return engine.Complain("engine.old_button")
	}
	return f.do(t, m, *c)
}

func changeOf(tx *store.Tx, where string, args ...any) (*change, error) {
	var c change
	err := tx.QueryRow(`SELECT id, kind, member, unit, role, asked_by, COALESCE(done_at, 0) FROM roster_change WHERE `+where, args...).
		Scan(&c.id, &c.kind, &c.member, &c.unit, &c.role, &c.by, &c.done)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return &c, err
}

// do makes a change, if the sender may.
func (f *Feature) do(t *engine.Turn, m *engine.Member, c change) error {
	u, err := f.steered(t, c.unit)
	if err != nil {
		return err
	}
	held, err := Offices(t.Tx, m.ID)
	if err != nil {
		return err
	}
	units := []string{c.unit, m.Unit}
	for _, o := range held { // where a secretary may be the last one
		units = append(units, o.Unit)
	}
	if err := t.Lock(units...); err != nil {
		return err
	}
	f.Changed(t.Tx)
	switch c.kind {
	case "appoint":
		if err := grant(t.Tx, m.ID, u.ID, c.role, by(t.Member)); err != nil {
			return err
		}
		return f.toldOf(t, "member.appointed", m, u, c.role)
	case "remove":
		return f.removed(t, m, c)
	}
	if err := lastSecretary(t.Tx, t.Member.ID, Office{Unit: u.ID, UnitName: u.Name, Role: c.role}, m.Staff); err != nil {
		return err
	}
	had, err := f.endOffice(t.Tx, m.ID, u.ID, c.role)
	if err != nil {
		return err
	}
	if !had {
		return engine.Complain("member.no_such_office", "Name", m.Name, "Role", firstName(t.Lang, "member.role."+c.role))
	}
	return f.toldOf(t, "member.dismissed", m, u, c.role)
}

// steered is a unit in which the sender may appoint, dismiss and remove.
func (f *Feature) steered(t *engine.Turn, unit string) (*engine.Unit, error) {
	role, err := f.Role(t.Tx, t.Member, unit)
	if err != nil {
		return nil, err
	}
	if role < engine.Secretary {
		return nil, engine.Complain("engine.secretaries_only")
	}
	return f.Unit(t.Tx, unit)
}

// mayRemove returns the offices of a member whom the sender may remove. It
// complains when one is in a unit above what the sender steers, or is a unit's last
// secretary's.
func (f *Feature) mayRemove(t *engine.Turn, m *engine.Member) ([]Office, error) {
	held, err := Offices(t.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range held {
		role, err := f.Role(t.Tx, t.Member, o.Unit)
		if err != nil {
			return nil, err
		}
		if role < engine.Secretary {
			return nil, engine.Complain("member.office_above", "Name", m.Name, "Unit", o.UnitName, "Role", firstName(t.Lang, "member.role."+o.Role))
		}
		if err := lastSecretary(t.Tx, t.Member.ID, o, m.Staff); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// removed takes a member off the roster.
func (f *Feature) removed(t *engine.Turn, m *engine.Member, c change) error {
	if _, err := f.mayRemove(t, m); err != nil {
		return err
	}
	if _, err := t.Tx.Exec(`UPDATE member SET left_at = $1 WHERE id = $2`, t.Tx.Millis(), m.ID); err != nil {
		return err
	}
	if err := f.stays(t.Tx, m.ID, c.id); err != nil {
		return err
	}
	if _, err := t.Tx.Exec(`UPDATE roster_change SET state = 'done', done_at = $1 WHERE id = $2`, t.Tx.Millis(), c.id); err != nil {
		return err
	}
	if err := t.Left(m); err != nil {
		return err
	}
	msg := chat.Text(t.T("member.removed", "Name", m.Name))
	msg.Buttons = [][]chat.Button{{{Label: t.T("member.restore"), Data: fmt.Sprintf("member:restore:%d", c.id)}}}
	return t.TellSender(msg)
}

// restoreByName undoes a removal: /名单 恢复 NAME.
func (f *Feature) restoreByName(t *engine.Turn, who string) error {
	removals, err := Removals(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	removals = slices.DeleteFunc(removals, func(r Removal) bool { return r.Staff != who && r.Name != who })
	switch len(removals) {
	case 0:
		return engine.Complain("member.restore_none", "Name", chat.CleanName(who))
	case 1:
		return f.Restore(t, removals[0].Change)
	}
	return engine.Complain("member.several", "Name", chat.CleanName(who))
}

// Restore undoes a removal within a day, for who made it or a unit above: the
// member is where they were, with their accounts and offices. What they had open
// stays closed.
func (f *Feature) Restore(t *engine.Turn, id int64) error {
	c, err := changeOf(t.Tx, `id = $1 AND kind = 'remove' AND state = 'done' AND done_at > $2`, id, t.Now.Add(-undoneFor).UnixMilli())
	if err != nil {
		return err
	}
	if c == nil {
		return engine.Complain("member.restore_late")
	}
	u, err := f.steered(t, c.unit)
	if err != nil {
		return err
	}
	above, err := steersAbove(t.Tx, t.Member.ID, c.unit)
	if err != nil {
		return err
	}
	if !above && t.Member.ID != c.by {
		return engine.Complain("member.restore_others")
	}
	if err := t.Lock(c.unit); err != nil {
		return err
	}
	f.Changed(t.Tx)
	n, err := t.Tx.Exec(`UPDATE member SET left_at = NULL WHERE id = $1 AND left_at IS NOT NULL`, c.member)
	if err != nil {
		return err
	}
	m, err := Member(t.Tx, c.member)
	if err != nil {
		return err
	}
	if n == 0 {
		return engine.Complain("member.restore_back", "Name", m.Name)
	}
	for _, do := range []struct {
		query string
		args  []any
	}{
		{`UPDATE stay SET to_at = NULL WHERE member = $1 AND to_at = $2`, []any{c.member, c.done}},
		{`INSERT INTO role (member, unit, role, granted_by, granted_at) SELECT member, unit, role, granted_by, granted_at
			FROM office_ended WHERE removal = $1 ON CONFLICT DO NOTHING`, []any{c.id}},
		{`DELETE FROM office_ended WHERE removal = $1`, []any{c.id}},
		{`UPDATE roster_change SET state = 'undone' WHERE id = $1`, []any{c.id}},
	} {
		if _, err := t.Tx.Exec(do.query, do.args...); err != nil {
			return err
		}
	}
	if err := f.stays(t.Tx, c.member, 0); err != nil {
		return err
	}
	return t.TellSender(chat.Text(t.T("member.restored", "Name", m.Name, "Unit", u.Name)))
}

// Removal is one that can still be undone.
type Removal struct {
	Change      int64
	Name, Staff string
	UnitName    string
	By          string
	At          int64 // ms
}

// Removals are those of the last day in a unit and the units under it.
func Removals(tx *store.Tx, unit string) ([]Removal, error) {
	rows, err := tx.Query(Under+`SELECT c.id, m.name, m.staff, u.name, COALESCE(b.name, ''), c.done_at FROM roster_change c
		JOIN member m ON m.id = c.member JOIN unit u ON u.id = c.unit LEFT JOIN member b ON b.id = c.asked_by
		WHERE c.state = 'done' AND c.kind = 'remove' AND c.done_at > $2 AND m.left_at IS NOT NULL
		AND c.unit IN (SELECT id FROM below) ORDER BY c.id DESC`, unit, tx.Now.Add(-undoneFor).UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Removal
	for rows.Next() {
		var r Removal
		if err := rows.Scan(&r.Change, &r.Name, &r.Staff, &r.UnitName, &r.By, &r.At); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// toldOf tells the one who did it, and the one whom it concerns.
func (f *Feature) toldOf(t *engine.Turn, key string, m *engine.Member, u *engine.Unit, role string) error {
	text := chat.Text(t.T(key, "Name", m.Name, "Unit", u.Name, "Role", firstName(t.Lang, "member.role."+role)))
	if m.ID != t.Member.ID {
		if _, err := t.Tell(m, text); err != nil {
			return err
		}
	}
	return t.TellSender(text)
}

// moved tells those whose offices an import or a page ended, and returns a line
// for each to the sender.
func (f *Feature) moved(t *engine.Turn, last int64) (lines []string, err error) {
	all, err := endedSince(t.Tx, last)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		m, err := f.Member(t.Tx, e.Member)
		if err != nil {
			return nil, err
		}
		line := t.T("member.dismissed", "Name", e.Name, "Unit", e.UnitName, "Role", firstName(t.Lang, "member.role."+e.Role))
		if m != nil && m.ID != t.Member.ID {
			if _, err := t.Tell(m, chat.Text(line)); err != nil {
				return nil, err
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}
