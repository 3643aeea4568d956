package roster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/content/sheet"
	"branchbot/store"
)

// What pages show of rosters, and what they change where a chat has no command
// for it.

// Filter chooses members of a roster; what is empty chooses all.
type Filter struct {
	Text   string // a part of the name or the staff number
	Status string
	Role   string // that they have in some unit
	Bound  string // yes, no: whether they have an account
}

// Row is a member in the list of a page.
type Row struct {
	engine.Member
	UnitName string
	Accounts int
	Roles    []string // in his own unit
}

// largeRoster is from how many members on a list is read in the order of staff
// numbers, and not sorted.
const largeRoster = 2000

// where is the condition of a Filter on members m, with the arguments of the
// query so far. What is not filtered by is not in it: engines plan a query
// without knowing its arguments.
func (f *Filter) where(args ...any) (string, []any) {
	condition := ` m.left_at IS NULL `
	add := func(text string, arg any) {
		args = append(args, arg)
		condition += strings.ReplaceAll(text, "$", "$"+strconv.Itoa(len(args)))
	}
	if f.Text != "" {
		add(`AND (m.name LIKE $ ESCAPE '\' OR m.staff LIKE $ ESCAPE '\') `, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Text)+"%")
	}
	if f.Status != "" {
		add(`AND m.status = $ `, f.Status)
	}
	if f.Role != "" {
		add(`AND m.id IN (SELECT r.member FROM role r JOIN member m ON m.id = r.member WHERE r.role = $ AND`+held+`) `, f.Role)
	}
	switch f.Bound {
	case "yes":
		condition += `AND EXISTS (SELECT 1 FROM identity i WHERE i.member = m.id) `
	case "no":
		condition += `AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.member = m.id) `
	}
	return condition, args
}

// countedTo is how far the members that a filter chooses are counted.
const countedTo = 1000

// Chosen are the members of a unit and the units under it whom a filter chooses.
type Chosen struct {
	Rows  []Row // some of them, by staff number
	Total int
	More  bool // there are more than Total
}

// Choose reads some of the members that a filter chooses, and counts them: all of
// a roster, else up to a thousand.
func Choose(tx *store.Tx, unit string, f Filter, limit, offset int) (c Chosen, err error) {
	if f == (Filter{}) {
		c.Total, err = Count(tx, unit)
	} else {
		c.Total, err = CountTo(tx, unit, largeRoster+1)
	}
	if err != nil {
		return c, err
	}
	large := c.Total > largeRoster
	if c.Rows, err = rowsOf(tx, unit, f, large, limit, offset); err != nil || f == (Filter{}) {
		return c, err
	}
	if offset == 0 && len(c.Rows) < limit {
		c.Total = len(c.Rows)
		return c, nil
	}
	condition, args := f.where(unit, countedTo+1)
	err = tx.QueryRow(Under+`SELECT COUNT(*) FROM (SELECT 1 FROM member m WHERE`+condition+`AND `+in(large)+` LIMIT $2) AS found`, args...).Scan(&c.Total)
	c.Total, c.More = min(c.Total, countedTo), c.Total > countedTo
	return c, err
}

// in is the condition that members m are below; of a large roster it is not what
// they are found by.
func in(large bool) string {
	if large {
		return `COALESCE(m.unit, '') IN (SELECT id FROM below)`
	}
	return `m.unit IN (SELECT id FROM below)`
}

func rowsOf(tx *store.Tx, unit string, f Filter, large bool, limit, offset int) ([]Row, error) {
	condition, args := f.where(unit, limit, offset)
	rows, err := tx.Query(Under+`SELECT m.id, m.unit, m.staff, m.name, m.status, m.joined_on, u.name,
		(SELECT COUNT(*) FROM identity i WHERE i.member = m.id)
		FROM (SELECT m.id FROM member m WHERE`+condition+`AND `+in(large)+` ORDER BY m.staff LIMIT $2 OFFSET $3) AS found
		JOIN member m ON m.id = found.id JOIN unit u ON u.id = m.unit ORDER BY m.staff`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.ID, &r.Unit, &r.Staff, &r.Name, &r.Status, &r.JoinedOn, &r.UnitName, &r.Accounts); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for i := range out {
		roles, err := Granted(tx, out[i].ID)
		if err != nil {
			return nil, err
		}
		out[i].Roles = roles[out[i].Unit]
	}
	return out, nil
}

// In is a member of the roster of a unit or of one under it; nil when he is not.
func In(tx *store.Tx, unit string, id int64) (*engine.Member, error) {
	return scanMember(tx.QueryRow(`WITH RECURSIVE above (id) AS (SELECT unit FROM member WHERE id = $2
		UNION ALL SELECT u.parent FROM unit u JOIN above a ON u.id = a.id WHERE u.parent IS NOT NULL) `+
		selectMember+`WHERE m.id = $2 AND $1 IN (SELECT id FROM above) AND m.left_at IS NULL`, unit, id))
}

// PersonOf is the member's row as an export would have it, without roles.
func PersonOf(tx *store.Tx, m *engine.Member) (Person, error) {
	p := Person{Staff: m.Staff, Name: m.Name, Unit: m.Unit, Status: m.Status, JoinedOn: m.JoinedOn}
	err := tx.QueryRow(`SELECT phone FROM member WHERE id = $1`, m.ID).Scan(&p.Phone)
	return p, err
}

// Version changes with everything of a person that Edit changes.
func (p Person) Version() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{p.Name, p.Unit, p.Status, p.JoinedOn, p.Phone}, "\x00")))
	return fmt.Sprintf("%x", sum[:8])
}

// Account is a platform account of a member.
type Account struct {
	Account chat.AccountID
	User    chat.UserID
	BoundAt int64  // ms
	Private bool   // he is reached there in private
	How     string // how it was proved; "": not recorded
}

// Accounts are a member's, the newest first.
func Accounts(tx *store.Tx, member int64) ([]Account, error) {
	rows, err := tx.Query(`SELECT i.account, i.user_id, i.bound_at, i.private_chat <> '', COALESCE((SELECT b.how FROM account_binding b
		WHERE b.account = i.account AND b.user_id = i.user_id AND b.ended_at IS NULL ORDER BY b.id DESC LIMIT 1), '')
		FROM identity i WHERE i.member = $1 ORDER BY i.bound_at DESC, i.user_id`, member)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Account
	for rows.Next() {
		var a Account
		if err := rows.Scan(&a.Account, &a.User, &a.BoundAt, &a.Private, &a.How); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// Holders are the members of a unit's roster who have one of some accounts.
func Holders(tx *store.Tx, unit string, id chat.AccountID, users []chat.UserID) ([]engine.Member, error) {
	var out []engine.Member
	for _, user := range users {
		found, err := list(tx, Under+selectMember+`JOIN identity i ON i.member = m.id
			WHERE i.account = $2 AND i.user_id = $3 AND m.left_at IS NULL AND m.unit IN (SELECT id FROM below)`, unit, id, user)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// Put adds somebody to the roster, or with the version of what the sender saw
// changes a member. It complains about what is wrong, and to the later one of
// two who change the same member. A name that looks like another's, and a number
// that somebody else had, are shown first, as a file would be.
func (f *Feature) Put(t *engine.Turn, p Person, version string) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	table := p.table()
	plan, err := NewPlan(t.Tx, t.Unit.ID, table, nil)
	if err == nil {
		err = t.Lock(plan.concerned()...)
	}
	if err != nil {
		return err
	}
	if len(plan.Faults) > 0 {
		x := plan.Faults[0]
		return engine.Complain("member.put_fault", "Column", t.T(x.Column), "Reason", t.T(x.Reason, "Value", x.Value))
	}
	e := &plan.Entries[0]
	known := e.Is == isChanged || e.Is == isSame
	switch {
	case known && version == "":
		return engine.Complain("member.put_known", "Staff", e.Person.Staff, "Name", e.Was.Name)
	case !known && version != "":
		return engine.Complain("member.put_gone", "Staff", e.Person.Staff)
	case known && e.Was.Version() != version:
		return engine.Complain("member.put_changed", "Is", e.Was.tell(t))
	case plan.doubtful():
		pending, err := keep(t, table)
		if err != nil {
			return err
		}
		return f.showPlan(t, pending, plan, "", "")
	}
	last, err := lastEnded(t.Tx)
	if err != nil {
		return err
	}
	if _, err := f.Take(t.Tx, plan, Kinds, by(t.Member)); err != nil {
		return err
	}
	moved, err := f.moved(t, last)
	if err != nil {
		return err
	}
	key := "member.put_added"
	if known {
		key = "member.put_saved"
	}
	lines := append([]string{t.T(key, "Name", e.Person.Name)}, plan.NoteLines(t.Lang)...)
	lines = append(lines, moved...)
	return t.Reply(chat.Text(strings.Join(lines, "\n")))
}

// doubtful tells whether a person may be taken for somebody else.
func (p *Plan) doubtful() bool {
	return slices.ContainsFunc(p.Notes, func(n Note) bool { return n.Key == "alike" || n.Key == "zeros_like" }) ||
		slices.ContainsFunc(p.Entries, func(e Entry) bool { return e.Is == isBack && slices.Contains(e.Kinds, "renames") })
}

// table is a person as a file of one row, which shows all of it.
func (p Person) table() *Table {
	return &Table{Whole: true, Rows: []sheet.Row{{Number: 1, Cells: []string{"staff", "name", "unit", "status", "joined on", "phone"}},
		{Number: 2, Cells: []string{p.Staff, p.Name, p.Unit, p.Status, p.JoinedOn, p.Phone}}}}
}

// tell tells what a row says now.
func (p Person) tell(t *engine.Turn) string {
	words := []string{p.Name, p.Unit, firstName(t.Lang, "member.status."+p.Status), p.JoinedOn, p.Phone}
	return strings.Join(words, " · ")
}

// Recognise binds the account of somebody whom nobody knew to a member, on a
// secretary's word, and counts what he has answered. With instead the member's
// other logins on the account end, as after a new login on WeChat.
func (f *Feature) Recognise(t *engine.Turn, id chat.AccountID, user chat.UserID, who string, instead bool) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	m, err := Find(t.Tx, t.Unit.ID, who)
	if err != nil {
		return err
	}
	was, err := f.Who(t.Tx, id, user)
	if err != nil {
		return err
	}
	if was != nil {
		return engine.Complain("member.recognised_already")
	}
	if err := t.Lock(m.Unit); err != nil {
		return err
	}
	besides := chat.AccountID("")
	if instead {
		besides = id
	}
	why, err := f.vouchable(t.Tx, m.ID, besides)
	if err != nil {
		return err
	}
	if why != "" {
		return engine.Complain(why, "Name", m.Name)
	}
	if instead {
		before, err := Accounts(t.Tx, m.ID)
		if err != nil {
			return err
		}
		for _, a := range before {
			if err := f.unbind(t.Tx, a.Account, a.User, "replaced"); err != nil {
				return err
			}
		}
	}
	if err := f.Bind(t.Tx, id, user, m.ID, "", Proof{How: "recognised", By: t.Member.ID}); err != nil {
		return err
	}
	if err := t.RecognisedAs(id, user, m); err != nil {
		return err
	}
	return t.Say("member.recognised", "Name", m.Name)
}

// Unbind takes an account from a member of t.Unit's roster.
func (f *Feature) Unbind(t *engine.Turn, id chat.AccountID, user chat.UserID) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	m, err := f.Who(t.Tx, id, user)
	if err == nil && m != nil {
		m, err = In(t.Tx, t.Unit.ID, m.ID)
	}
	if err != nil {
		return err
	}
	if m == nil {
		return engine.Complain("member.unbind_gone")
	}
	if err := t.Lock(m.Unit); err != nil {
		return err
	}
	if err := f.unbind(t.Tx, id, user, "unbound"); err != nil {
		return err
	}
	// Whoever had the account may have been let in by other ways since: all of them end.
	if err := f.Directory.EndSessions(t.Tx, m.ID); err != nil {
		return err
	}
	return t.Say("member.unbound", "Name", m.Name)
}

// EndSessionsOf ends, on a secretary's word, all that lets a member of t.Unit's roster
// in without their accounts.
func (f *Feature) EndSessionsOf(t *engine.Turn, m *engine.Member) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	if err := f.Directory.EndSessions(t.Tx, m.ID); err != nil {
		return err
	}
	return t.Say("member.sessions_ended", "Name", m.Name)
}
