// Package roster keeps units, members, their platform accounts (identities),
// roles and chats.
//
// Rules:
//   - A member is known by his staff number; names are not unique and change.
//   - A platform account is bound to a member by a one-time code. A name and a
//     staff number only ask: of who has an account, one of their own confirms; of
//     who has none, nor an office, a secretary of the unit. The answer to the one
//     who asks tells nothing of that.
//   - An account that is one member's never becomes another's; it is unbound first.
//     With it ends what it has opened: codes, sessions, a password.
//   - A group chat is bound to a unit by its secretary, or with a one-time code
//     that the secretary was given in private.
//   - Roles hold within a unit and all below it. An office in a unit can be had by
//     who is on the roster of the unit or of one under it, and counts only so long:
//     who sits in a branch may be in the committee above it, and stays so when they
//     move to another branch of it; who leaves, or moves out from under the unit,
//     loses the office and every session at once, and does not get it back by
//     coming back, nor from the configuration.
//   - A unit that has a secretary keeps one, unless a unit above it acts. A removal
//     is asked about first, and can be undone for a day.
//   - A roster file changes what it names: an empty cell, or a column that is not
//     there, changes nothing of somebody known. It is shown first, person by person,
//     with what is left out. Another name under a known number, another status, a
//     move and an office are confirmed apart. Taking it twice changes nothing.
//   - The configuration changes the roster only where it has changed itself since it
//     was last applied.
//
// Commands: /加入 /join, /名单 /roster, /邀请 /invite, /绑定 /bind, /网页 /web, /语言 /lang.
package roster

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/schedules"
	"branchbot/store"
)

// Statuses are what a member can be, in the order of lists.
var Statuses = []string{"full", "probationary", "candidate", "activist", "applicant", "public"}

// Roles are what can be granted within a unit.
var Roles = []string{"secretary", "committee", "leader", "librarian"}

// UnitKinds are 党委, 总支, 支部, 党小组.
var UnitKinds = []string{"committee", "general", "branch", "group"}

// steers tells the roles that may issue secretary commands.
func steers(role string) bool { return role == "secretary" || role == "committee" }

// Directory implements engine.Directory. Its cache is filled and used by writing
// transactions only, and emptied when its generation is another one.
type Directory struct {
	// OnEnded, if set, ends what a binding of a member has opened at the console, or
	// for binding 0 all that the member has there.
	OnEnded func(tx *store.Tx, member, binding int64) error

	mu         sync.Mutex
	generation int64
	people     map[account]*engine.Member
	chats      map[room]*engine.Unit
	units      map[string]*engine.Unit
	roles      map[roleKey]engine.Role
	groups     map[string][]engine.Address
	below      map[string][]string
}

// generation is the name under which store counts what the directory keeps.
const generation = "directory"

type account struct {
	account chat.AccountID
	user    chat.UserID
}

type room struct {
	account chat.AccountID
	chat    chat.ChatID
}

type roleKey struct {
	member int64
	home   string
	unit   string
}

// NewDirectory makes an empty cache over the tables.
func NewDirectory() *Directory {
	d := &Directory{}
	d.forget()
	return d
}

func (d *Directory) forget() {
	d.people = map[account]*engine.Member{}
	d.chats = map[room]*engine.Unit{}
	d.units = map[string]*engine.Unit{}
	d.roles = map[roleKey]engine.Role{}
	d.groups = map[string][]engine.Address{}
	d.below = map[string][]string{}
}

// Changed tells that tx changes units, members, identities, roles or chats.
func (d *Directory) Changed(tx *store.Tx) { tx.Changes(generation) }

// Version changes with each transaction that changes units, members, identities, roles
// or chats.
func (d *Directory) Version(tx *store.Tx) (int64, error) { return tx.Generation(generation) }

// cached looks a value up in one of the maps, or loads and keeps it.
func cached[K comparable, V any](d *Directory, tx *store.Tx, m func() map[K]V, key K, load func() (V, error)) (V, error) {
	if !tx.Writable || tx.Changing(generation) {
		return load()
	}
	now, err := tx.Generation(generation)
	if err != nil {
		var none V
		return none, err
	}
	d.mu.Lock()
	if d.generation < now {
		d.generation = now
		d.forget()
	}
	v, ok := m()[key]
	d.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err = load()
	if err == nil && !tx.Changing(generation) {
		d.mu.Lock()
		if d.generation == now { // else it may be older than what is kept now
			m()[key] = v
		}
		d.mu.Unlock()
	}
	return v, err
}

const selectMember = `SELECT m.id, m.unit, m.staff, m.name, m.status, m.joined_on, m.language, m.board FROM member m `

func scanMember(row store.Scanner) (*engine.Member, error) {
	m := &engine.Member{}
	err := row.Scan(&m.ID, &m.Unit, &m.Staff, &m.Name, &m.Status, &m.JoinedOn, &m.Language, &m.Board)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return m, err
}

// Who implements engine.Directory.
func (d *Directory) Who(tx *store.Tx, id chat.AccountID, user chat.UserID) (*engine.Member, error) {
	return cached(d, tx, func() map[account]*engine.Member { return d.people }, account{id, user}, func() (*engine.Member, error) {
		// No join: PostgreSQL may choose to read all members for it.
		return scanMember(tx.QueryRow(selectMember+`WHERE m.id = (SELECT member FROM identity WHERE account = $1 AND user_id = $2)
			AND m.left_at IS NULL`, id, user))
	})
}

// Member is the member of an id; nil when there is none.
func Member(tx *store.Tx, id int64) (*engine.Member, error) {
	return scanMember(tx.QueryRow(selectMember+`WHERE m.id = $1`, id))
}

// Member implements engine.Directory.
func (d *Directory) Member(tx *store.Tx, id int64) (*engine.Member, error) {
	return scanMember(tx.QueryRow(selectMember+`WHERE m.id = $1 AND m.left_at IS NULL`, id))
}

// ByStaff is the member with a staff number, written as it is or folded; nil when
// nobody has it.
func ByStaff(tx *store.Tx, staff string) (*engine.Member, error) {
	m, err := scanMember(tx.QueryRow(selectMember+`WHERE m.staff = $1 AND m.left_at IS NULL`, staff))
	if m != nil || err != nil {
		return m, err
	}
	found, err := list(tx, selectMember+`WHERE m.staff_key = $1 AND m.left_at IS NULL LIMIT 2`, StaffKey(staff))
	if len(found) != 1 {
		return nil, err
	}
	return &found[0], err
}

// Unit implements engine.Directory.
func (d *Directory) Unit(tx *store.Tx, id string) (*engine.Unit, error) {
	return cached(d, tx, func() map[string]*engine.Unit { return d.units }, id, func() (*engine.Unit, error) {
		u := &engine.Unit{ID: id}
		var parent *string
		var zone string
		err := tx.QueryRow(`SELECT parent, kind, name, zone, language FROM unit WHERE id = $1`, id).
			Scan(&parent, &u.Kind, &u.Name, &zone, &u.Language)
		if err != nil {
			return nil, err
		}
		if parent != nil {
			u.Parent = *parent
		}
		u.Zone, err = schedules.Zone(zone)
		return u, err
	})
}

// ChatUnit implements engine.Directory.
func (d *Directory) ChatUnit(tx *store.Tx, id chat.AccountID, in chat.ChatID) (*engine.Unit, error) {
	return cached(d, tx, func() map[room]*engine.Unit { return d.chats }, room{id, in}, func() (*engine.Unit, error) {
		var unit string
		err := tx.QueryRow(`SELECT unit FROM chat WHERE account = $1 AND chat = $2`, id, in).Scan(&unit)
		if errors.Is(err, store.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return d.Unit(tx, unit)
	})
}

// Line implements engine.Directory.
func (d *Directory) Line(tx *store.Tx, unit string) ([]*engine.Unit, error) {
	var line []*engine.Unit
	for unit != "" {
		u, err := d.Unit(tx, unit)
		if err != nil {
			return nil, fmt.Errorf("unit %s: %w", unit, err)
		}
		line = append(line, u)
		unit = u.Parent
	}
	return line, nil
}

// Below implements engine.Directory.
func (d *Directory) Below(tx *store.Tx, unit string) ([]string, error) {
	return cached(d, tx, func() map[string][]string { return d.below }, unit, func() ([]string, error) {
		rows, err := tx.Query(Under+`SELECT id FROM below`, unit)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var ids []string
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		return ids, rows.Err()
	})
}

// Home implements engine.Directory: the nearest branch, since a group within a
// branch has no records of its own.
func (d *Directory) Home(tx *store.Tx, m *engine.Member) (*engine.Unit, error) {
	line, err := d.Line(tx, m.Unit)
	if err != nil {
		return nil, err
	}
	for _, u := range line {
		if u.Kind == "branch" {
			return u, nil
		}
	}
	return line[0], nil
}

// Role implements engine.Directory.
func (d *Directory) Role(tx *store.Tx, m *engine.Member, unit string) (engine.Role, error) {
	return cached(d, tx, func() map[roleKey]engine.Role { return d.roles }, roleKey{m.ID, m.Unit, unit}, func() (engine.Role, error) {
		return d.loadRole(tx, m, unit)
	})
}

func (d *Directory) loadRole(tx *store.Tx, m *engine.Member, unit string) (engine.Role, error) {
	granted, err := Granted(tx, m.ID)
	if err != nil {
		return engine.Anyone, err
	}
	above, err := d.Line(tx, unit)
	if err != nil {
		return engine.Anyone, err
	}
	for _, u := range above {
		for _, role := range granted[u.ID] {
			if steers(role) {
				return engine.Secretary, nil
			}
		}
	}
	home, err := d.Line(tx, m.Unit)
	if err != nil {
		return engine.Anyone, err
	}
	for _, u := range home {
		if u.ID == unit {
			return engine.OnRoster, nil
		}
	}
	return engine.Anyone, nil
}

// Groups implements engine.Directory.
func (d *Directory) Groups(tx *store.Tx, unit string) ([]engine.Address, error) {
	return cached(d, tx, func() map[string][]engine.Address { return d.groups }, unit, func() ([]engine.Address, error) {
		return addresses(tx, `SELECT account, chat, '', 0 FROM chat WHERE unit = $1 AND state NOT IN ('removed', 'moved')
			ORDER BY account, chat`, unit)
	})
}

// Private implements engine.Directory.
func (d *Directory) Private(tx *store.Tx, member int64) ([]engine.Address, error) {
	return addresses(tx, `SELECT account, private_chat, user_id, refused_at <> 0 FROM identity WHERE member = $1
		ORDER BY private_chat = '', bound_at DESC`, member)
}

func addresses(tx *store.Tx, query string, args ...any) ([]engine.Address, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []engine.Address
	for rows.Next() {
		var a engine.Address
		if err := rows.Scan(&a.Account, &a.Chat, &a.User, &a.Refuses); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// Secretaries implements engine.Directory: those of the unit itself, or else
// of the nearest unit above that has one.
func (d *Directory) Secretaries(tx *store.Tx, unit string) ([]engine.Member, error) {
	line, err := d.Line(tx, unit)
	if err != nil {
		return nil, err
	}
	for _, u := range line {
		members, err := list(tx, selectMember+`JOIN role r ON r.member = m.id
			WHERE r.unit = $1 AND r.role = 'secretary' AND`+held+`ORDER BY m.id`, u.ID)
		if err != nil || len(members) > 0 {
			return members, err
		}
	}
	return nil, nil
}

func list(tx *store.Tx, query string, args ...any) ([]engine.Member, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []engine.Member
	for rows.Next() {
		m, err := scanMember(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, *m)
	}
	return out, rows.Err()
}

// Under is what a query begins with that asks about the unit $1 and the units
// under it: they are below (id).
const Under = `WITH RECURSIVE below (id) AS (
	SELECT id FROM unit WHERE id = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id) `

// Around is what a query begins with that asks about the unit $1, the units
// under it and those above it: they are around (id).
const Around = `WITH RECURSIVE below (id) AS (
	SELECT id FROM unit WHERE id = $1 UNION ALL SELECT u.id FROM unit u JOIN below b ON u.parent = b.id),
	above (id, parent) AS (
	SELECT id, parent FROM unit WHERE id = $1 UNION ALL SELECT u.id, u.parent FROM unit u JOIN above a ON u.id = a.parent),
	around (id) AS (SELECT id FROM below UNION SELECT id FROM above) `

// Demands reads what was asked of whole units: a query that begins with Around,
// takes args from $2 on, and returns units with numbers.
func Demands(t *engine.Turn, query string, args ...any) ([]engine.Demand, error) {
	rows, err := t.Tx.Query(Around+query, append([]any{t.Unit.ID}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []engine.Demand
	for rows.Next() {
		var d engine.Demand
		if err := rows.Scan(&d.Unit, &d.N); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Family are a unit, the units under it and those above it, by id.
func Family(tx *store.Tx, unit string) (map[string]*engine.Unit, error) {
	rows, err := tx.Query(Around+`SELECT id, COALESCE(parent, ''), kind, name, zone, language FROM unit WHERE id IN (SELECT id FROM around)`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	family, zones := map[string]*engine.Unit{}, map[string]*time.Location{}
	for rows.Next() {
		u := &engine.Unit{}
		var zone string
		if err := rows.Scan(&u.ID, &u.Parent, &u.Kind, &u.Name, &zone, &u.Language); err != nil {
			return nil, err
		}
		if zones[zone] == nil {
			if zones[zone], err = schedules.Zone(zone); err != nil {
				return nil, fmt.Errorf("unit %s: %w", u.ID, err)
			}
		}
		u.Zone = zones[zone]
		family[u.ID] = u
	}
	return family, rows.Err()
}

// Roster are the members of a unit and of the units under it, by staff number.
func Roster(tx *store.Tx, unit string) ([]engine.Member, error) {
	return list(tx, Under+selectMember+`WHERE m.unit IN (SELECT id FROM below) AND m.left_at IS NULL ORDER BY m.staff`, unit)
}

// Count is how many the roster has.
func Count(tx *store.Tx, unit string) (n int, err error) {
	err = tx.QueryRow(Under+`SELECT COUNT(*) FROM member WHERE unit IN (SELECT id FROM below) AND left_at IS NULL`, unit).Scan(&n)
	return n, err
}

// CountTo is Count, up to so many.
func CountTo(tx *store.Tx, unit string, most int) (n int, err error) {
	err = tx.QueryRow(Under+`SELECT COUNT(*) FROM (SELECT 1 FROM member WHERE unit IN (SELECT id FROM below) AND left_at IS NULL LIMIT $2) AS found`,
		unit, most).Scan(&n)
	return n, err
}

// MetPrivately implements engine.Directory.
func (d *Directory) MetPrivately(tx *store.Tx, id chat.AccountID, user chat.UserID, in chat.ChatID) error {
	if in == "" {
		_, err := tx.Exec(`UPDATE identity SET private_chat = '', refused_at = $1 WHERE account = $2 AND user_id = $3
			AND (private_chat <> '' OR refused_at = 0)`, tx.Millis(), id, user)
		return err
	}
	_, err := tx.Exec(`UPDATE identity SET private_chat = $1, refused_at = 0 WHERE account = $2 AND user_id = $3
		AND (private_chat <> $1 OR refused_at <> 0)`, in, id, user)
	return err
}

// Refused notes that a chat takes nothing from the bot; see outbox.Outbox.OnRefused. A
// group may take messages again, a topic that is closed too.
func (d *Directory) Refused(tx *store.Tx, id chat.AccountID, in chat.ChatID, user chat.UserID, why outbox.Reason) (group bool, err error) {
	if user == "" && in != "" {
		where, args := `chat = $3 OR substr(chat, 1, length($3) + 1) = $3 || '/'`, []any{why, id, in.Group()}
		if why == outbox.TopicClosed || why == outbox.TopicGone {
			where, args[2] = `chat = $3`, in
		}
		d.Changed(tx)
		n, err := tx.Exec(`UPDATE chat SET state = CASE state WHEN '' THEN 'muted' ELSE state END, reason = $1
			WHERE account = $2 AND state <> 'moved' AND (`+where+`)`, args...)
		if err != nil || n > 0 {
			return n > 0, err
		}
		_, err = tx.Exec(`UPDATE identity SET private_chat = '', refused_at = $1 WHERE account = $2 AND private_chat = $3 AND private_chat <> ''`,
			tx.Millis(), id, in)
		return false, err
	}
	return false, d.MetPrivately(tx, id, user, "")
}

// Taken notes that a group which refused takes messages again.
func (d *Directory) Taken(tx *store.Tx, id chat.AccountID, in chat.ChatID) error {
	d.Changed(tx)
	_, err := tx.Exec(`UPDATE chat SET state = '', reason = '' WHERE account = $1 AND chat = $2 AND state <> 'moved'`, id, in)
	return err
}

// Refusing are the groups of an account that take nothing, each with why.
func (d *Directory) Refusing(tx *store.Tx, id chat.AccountID) (map[chat.ChatID]outbox.Reason, error) {
	rows, err := tx.Query(`SELECT chat, CASE reason WHEN '' THEN state ELSE reason END FROM chat WHERE account = $1 AND state IN ('muted', 'removed')`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[chat.ChatID]outbox.Reason{}
	for rows.Next() {
		var in chat.ChatID
		var why outbox.Reason
		if err := rows.Scan(&in, &why); err != nil {
			return nil, err
		}
		out[in] = why
	}
	return out, rows.Err()
}

// ChatTitle is what people call a group chat: its title, or else its unit's name.
func ChatTitle(tx *store.Tx, id chat.AccountID, in chat.ChatID) (string, error) {
	var title string
	err := tx.QueryRow(`SELECT COALESCE(NULLIF(c.title, ''), u.name) FROM chat c JOIN unit u ON u.id = c.unit WHERE c.account = $1 AND c.chat = $2`, id, in).Scan(&title)
	if errors.Is(err, store.ErrNoRows) {
		return string(in), nil
	}
	return chat.CleanName(title), err
}

// Moved follows a group chat to its new id. The old one stays, marked, so that
// a configuration which names it does not bring it back to life.
func (d *Directory) Moved(tx *store.Tx, id chat.AccountID, from, to chat.ChatID) error {
	d.Changed(tx)
	_, err := tx.Exec(`INSERT INTO chat (account, chat, unit, title, bound_at)
		SELECT account, $1, unit, title, bound_at FROM chat WHERE account = $2 AND chat = $3 ON CONFLICT DO NOTHING`, to, id, from)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE chat SET state = 'moved' WHERE account = $1 AND chat = $2`, id, from)
	return err
}

// ChatState implements engine.Directory.
func (d *Directory) ChatState(tx *store.Tx, id chat.AccountID, group chat.ChatID, state string) ([]string, error) {
	d.Changed(tx)
	rows, err := tx.Query(`UPDATE chat SET state = $1, reason = '' WHERE account = $2 AND (chat = $3 OR substr(chat, 1, length($3) + 1) = $3 || '/')
		AND state NOT IN ('moved', $1) RETURNING unit`, state, id, group)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var units []string
	for rows.Next() {
		var unit string
		if err := rows.Scan(&unit); err != nil {
			return nil, err
		}
		if !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units, rows.Err()
}

// ChatsOn implements engine.Directory.
func (d *Directory) ChatsOn(tx *store.Tx, id chat.AccountID) ([]chat.Group, error) {
	rows, err := tx.Query(`SELECT chat, title, state = 'removed' FROM chat WHERE account = $1 AND state <> 'moved' ORDER BY chat`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var groups []chat.Group
	for rows.Next() {
		var g chat.Group
		if err := rows.Scan(&g.ID, &g.Title, &g.Removed); err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, rows.Err()
}

// Served are the units that have a group chat on an account.
func (d *Directory) Served(tx *store.Tx, id chat.AccountID) ([]*engine.Unit, error) {
	rows, err := tx.Query(`SELECT DISTINCT unit FROM chat WHERE account = $1 AND state <> 'moved' ORDER BY unit`, id)
	if err != nil {
		return nil, err
	}
	var ids []string
	for rows.Next() {
		var unit string
		if err := rows.Scan(&unit); err != nil {
			rows.Close()
			return nil, err
		}
		ids = append(ids, unit)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	var units []*engine.Unit
	for _, unit := range ids {
		u, err := d.Unit(tx, unit)
		if err != nil {
			return nil, err
		}
		units = append(units, u)
	}
	return units, nil
}

// Chat is a group chat that is bound to a unit.
type Chat struct {
	Chat  chat.ChatID
	Unit  string
	Title string // the unit's name
}

// Chats are the group chats of an account.
func Chats(tx *store.Tx, id chat.AccountID) ([]Chat, error) {
	rows, err := tx.Query(`SELECT c.chat, c.unit, u.name FROM chat c JOIN unit u ON u.id = c.unit WHERE c.account = $1 AND c.state = '' ORDER BY c.chat`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Chat
	for rows.Next() {
		var c Chat
		if err := rows.Scan(&c.Chat, &c.Unit, &c.Title); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}
