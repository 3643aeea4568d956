package roster

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/store"
)

// UnitConfig is a unit as the configuration describes it.
type UnitConfig struct {
	ID       string         `yaml:"id"`
	Name     string         `yaml:"name"`
	Kind     string         `yaml:"kind"`   // branch unless set
	Parent   string         `yaml:"parent"` // id of the unit above
	Timezone string         `yaml:"timezone"`
	Language string         `yaml:"language"`
	Chats    []string       `yaml:"chats"` // account:chat
	Members  []MemberConfig `yaml:"members"`
}

// MemberConfig is a member as the configuration describes him.
type MemberConfig struct {
	Name     string   `yaml:"name"`
	Staff    string   `yaml:"staff"`
	Status   string   `yaml:"status"`    // of somebody new full unless set
	JoinedOn string   `yaml:"joined_on"` // 2006-01-02
	Roles    []string `yaml:"roles"`
	Phone    string   `yaml:"phone"` // for urgent notices
}

// Setup brings the units, chats and members of the configuration into the
// database. What it does not name (imported members, bound chats) stays. Of
// somebody known it changes what the configuration says otherwise than when it was
// last applied: what was changed in a chat, in the console or by a file stays.
func (d *Directory) Setup(tx *store.Tx, units []UnitConfig) error {
	d.Changed(tx)
	people, err := readConfigured(tx, units)
	if err != nil {
		return fmt.Errorf("members of the configuration: %w", err)
	}
	for _, u := range units { // parents first: the configuration is checked for it
		var parent any
		if u.Parent != "" {
			parent = u.Parent
		}
		_, err := tx.Exec(`INSERT INTO unit (id, parent, kind, name, zone, language) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, kind = excluded.kind, name = excluded.name,
			zone = excluded.zone, language = excluded.language`, u.ID, parent, u.Kind, u.Name, u.Timezone, u.Language)
		if err != nil {
			return fmt.Errorf("unit %s: %w", u.ID, err)
		}
		for _, c := range u.Chats {
			id, in, _ := strings.Cut(c, ":")
			if err := bindChat(tx, chat.AccountID(id), chat.ChatID(in), u.ID, u.Name); err != nil {
				return fmt.Errorf("chat %s: %w", c, err)
			}
		}
		for _, m := range u.Members {
			if err := people.apply(d, tx, u.ID, m); err != nil {
				return fmt.Errorf("member %s: %w", m.Staff, err)
			}
		}
	}
	return people.end(tx)
}

// configured is what is known of the members of a configuration.
type configured struct {
	applied map[string]Person  // what it said when it was last applied, by staff number
	ever    bool               // it was applied by a program that keeps that
	known   map[string][]known // who has the numbers
	named   map[string]bool    // numbers that it has now
}

// everApplied is the key of the row that tells that a configuration was applied.
const everApplied = ""

func readConfigured(tx *store.Tx, units []UnitConfig) (*configured, error) {
	c := &configured{applied: map[string]Person{}, named: map[string]bool{}}
	rows, err := tx.Query(`SELECT staff, applied FROM member_config`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key, applied string
		if err := rows.Scan(&key, &applied); err != nil {
			return nil, err
		}
		if key == everApplied {
			c.ever = true
			continue
		}
		var p Person
		if err := json.Unmarshal([]byte(applied), &p); err != nil {
			return nil, err
		}
		c.applied[key] = p
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	if err := foldStaff(tx, !c.ever); err != nil {
		return nil, err
	}
	keys, numbers := map[string]bool{}, map[string]bool{}
	for _, u := range units {
		for _, m := range u.Members {
			keys[StaffKey(m.Staff)], numbers[m.Staff], c.named[TidyStaff(m.Staff)] = true, true, true
		}
	}
	c.known, err = knownBy(tx, listOf(keys), listOf(numbers))
	return c, err
}

// foldStaff writes the keys of staff numbers that a program of the version before
// has written; of all, for those that the migration could not fold.
func foldStaff(tx *store.Tx, all bool) error {
	query := `SELECT id, staff, staff_key FROM member WHERE staff_key = ''`
	if all {
		query = `SELECT id, staff, staff_key FROM member`
	}
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	keys := map[int64]string{}
	for rows.Next() {
		var id int64
		var staff, key string
		if err := rows.Scan(&id, &staff, &key); err != nil {
			return err
		}
		if StaffKey(staff) != key {
			keys[id] = StaffKey(staff)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, key := range keys {
		if _, err := tx.Exec(`UPDATE member SET staff_key = $1 WHERE id = $2`, key, id); err != nil {
			return err
		}
	}
	return nil
}

// apply brings a member of the configuration into the database.
func (c *configured) apply(d *Directory, tx *store.Tx, unit string, m MemberConfig) error {
	p := Person{Staff: TidyStaff(m.Staff), Name: TidyName(m.Name), Unit: unit, Status: m.Status, JoinedOn: m.JoinedOn, Roles: m.Roles, Phone: m.Phone}
	last, had := c.applied[p.Staff]
	was := c.find(m.Staff)
	switch {
	case was == nil:
		as := p
		if as.Status == "" {
			as.Status = "full"
		}
		if err := d.save(tx, as, "config"); err != nil {
			return err
		}
	case !had && !c.ever: // the version before has applied it: what is otherwise by now was changed since
	case was.Left && had: // who was removed does not come back by a line that was there all the time
	default:
		if to := p.over(was.Person, last); was.Left || to.differs(was.Person) {
			if err := d.save(tx, to, "config"); err != nil {
				return err
			}
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if before, err := json.Marshal(last); err == nil && had && string(before) == string(text) {
		return nil
	}
	_, err = tx.Exec(`INSERT INTO member_config (staff, applied) VALUES ($1, $2)
		ON CONFLICT (staff) DO UPDATE SET applied = excluded.applied`, p.Staff, string(text))
	return err
}

// find is who has a number of the configuration: written so, or folded if the
// configuration does not name that other one too.
func (c *configured) find(staff string) (found *known) {
	list := c.known[StaffKey(staff)]
	for i := range list {
		switch k := &list[i]; {
		case k.Staff == staff:
			return k
		case !c.named[k.Staff]:
			found = k
		}
	}
	return found
}

// over is the person as it is, with what the configuration says otherwise than
// it did last; what it does not say stays.
func (p Person) over(is, last Person) Person {
	set := func(to *string, now, before string) {
		if now != "" && now != before {
			*to = now
		}
	}
	set(&is.Unit, p.Unit, last.Unit)
	set(&is.Name, p.Name, last.Name)
	set(&is.Status, p.Status, last.Status)
	set(&is.JoinedOn, p.JoinedOn, last.JoinedOn)
	set(&is.Phone, p.Phone, last.Phone)
	is.Roles = slices.DeleteFunc(slices.Clone(p.Roles), func(r string) bool { return slices.Contains(last.Roles, r) })
	return is
}

// end forgets members who are no longer in the configuration.
func (c *configured) end(tx *store.Tx) error {
	for staff := range c.applied {
		if !c.named[staff] {
			if _, err := tx.Exec(`DELETE FROM member_config WHERE staff = $1`, staff); err != nil {
				return err
			}
		}
	}
	_, err := tx.Exec(`INSERT INTO member_config (staff, applied) VALUES ($1, '') ON CONFLICT DO NOTHING`, everApplied)
	return err
}

// BindChat binds a group chat in which the bot can write to a unit.
func (d *Directory) BindChat(tx *store.Tx, id chat.AccountID, in chat.ChatID, unit, title string) error {
	d.Changed(tx)
	if err := bindChat(tx, id, in, unit, title); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE chat SET state = '' WHERE account = $1 AND chat = $2`, id, in)
	return err
}

func bindChat(tx *store.Tx, id chat.AccountID, in chat.ChatID, unit, title string) error {
	_, err := tx.Exec(`INSERT INTO chat (account, chat, unit, title, bound_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, chat) DO UPDATE SET unit = excluded.unit`, id, in, unit, title, tx.Millis())
	return err
}
