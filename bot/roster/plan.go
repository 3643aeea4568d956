package roster

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/content/sheet"
	"branchbot/store"
)

// What a roster file would change, person by person. It is worked out when the
// file comes, and again when somebody confirms it.

// Kinds are the changes that are confirmed apart from the rest: of the name under
// a known number (it may be somebody else's number), of the status (it decides who
// votes), of the unit, and offices, which bring rights.
var Kinds = []string{"renames", "status", "moves", "offices"}

// What a row does with a person.
const (
	isNew     = "new"
	isBack    = "back" // was taken off the roster, and returns
	isChanged = "changed"
	isSame    = "same"
)

// Entry is a person in a file.
type Entry struct {
	Row    int
	Is     string
	Person Person   // as it will be; Roles are those that are given
	Was    Person   // as it is; Roles are those that end with a move
	Kinds  []string // what has to be confirmed apart
	Titles []string // as the file calls the roles that are given
}

// Note is something that a preview says beside the changes: what was left out,
// what was read otherwise than it is written.
type Note struct {
	Key   string // under member.note
	Row   int
	Value string
	Other string
}

// Plan is what a file would change in a unit's roster.
type Plan struct {
	Unit    string
	Columns []Column
	Entries []Entry // in the order of the file
	Faults  []Fault
	Notes   []Note
	Names   map[string]string // of units, by id

	table   *Table
	answers map[int]string
	parents map[string]string
	units   map[string][]string // ids by id and by folded name
	roster  []known             // of the unit and those under it
	bySound map[string][]int    // roster by Skeleton
	byBare  map[string]int      // roster with zeros before the number, by the number without them
	known   map[string][]known  // of the file's numbers, by StaffKey
	granted map[int64]map[string][]string
	seen    map[string]int // StaffKey → row
	alike   map[string]int // Skeleton → entry
	byName  bool           // there is no column of staff numbers
	made    int            // the last number that was made
	today   string

	statuses map[string]string // that cells mean
}

// known is somebody who has, or had, a number.
type known struct {
	Person
	ID   int64
	Left bool
}

// NewPlan works out what a table would change in the roster of a unit and the
// units under it; answers say what columns mean, by index.
func NewPlan(tx *store.Tx, unit string, t *Table, answers map[int]string) (*Plan, error) {
	p := &Plan{Unit: unit, table: t, answers: answers, seen: map[string]int{}, alike: map[string]int{}, statuses: map[string]string{},
		today: tx.Now.AddDate(0, 0, 1).Format(time.DateOnly)} // in any zone
	if err := p.readUnits(tx); err != nil {
		return nil, err
	}
	p.Columns = columnsOf(t, answers, func(s string) bool { return len(p.units[unitKey(s)]) > 0 })
	p.noteColumns(t)
	if len(p.Questions()) > 0 || !p.hasHeads() {
		return p, nil
	}
	if err := p.readPeople(tx, t); err != nil {
		return nil, err
	}
	for _, row := range t.Rows[1:] {
		p.row(t, row.Number, p.cells(row.Cells), row.Cells)
	}
	p.noteZeros()
	if len(p.Entries) == 0 && len(p.Faults) == 0 {
		p.Faults = append(p.Faults, Fault{Row: 1, Column: "member.column.staff", Reason: "member.fault.nobody"})
	}
	return p, nil
}

// Questions are the columns of which somebody has to tell what they are.
func (p *Plan) Questions() []Column {
	return slices.DeleteFunc(slices.Clone(p.Columns), func(c Column) bool { return len(c.May) == 0 })
}

// Ready tells whether the plan can be carried out: rows with faults are left out.
func (p *Plan) Ready() bool { return len(p.Questions()) == 0 && len(p.Entries) > 0 }

// Of are the entries with a kind of change.
func (p *Plan) Of(kind string) []Entry {
	return slices.DeleteFunc(slices.Clone(p.Entries), func(e Entry) bool { return !slices.Contains(e.Kinds, kind) })
}

// Asked are the kinds that occur.
func (p *Plan) Asked() []string {
	return slices.DeleteFunc(slices.Clone(Kinds), func(kind string) bool { return len(p.Of(kind)) == 0 })
}

// Count is how many entries are of these.
func (p *Plan) Count(is ...string) int {
	n := 0
	for _, e := range p.Entries {
		if slices.Contains(is, e.Is) {
			n++
		}
	}
	return n
}

// Digest changes with everything that a plan shows.
func (p *Plan) Digest() string {
	text, err := json.Marshal([]any{p.Unit, p.Columns, p.Entries, p.Faults, p.Notes, p.Names})
	if err != nil {
		panic(err) // strings and numbers
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))[:16]
}

// unitKey is what names of units are compared by.
func unitKey(s string) string { return strings.ToLower(strings.Join(strings.Fields(TidyStaff(s)), "")) }

// readUnits reads the names of the unit and those under it.
func (p *Plan) readUnits(tx *store.Tx) error {
	rows, err := tx.Query(Under+`SELECT u.id, u.name, COALESCE(u.parent, '') FROM unit u JOIN below b ON b.id = u.id`, p.Unit)
	if err != nil {
		return err
	}
	defer rows.Close()
	p.Names, p.parents, p.units = map[string]string{}, map[string]string{}, map[string][]string{}
	for rows.Next() {
		var id, name, parent string
		if err := rows.Scan(&id, &name, &parent); err != nil {
			return err
		}
		p.Names[id], p.parents[id] = name, parent
		p.units[unitKey(id)] = []string{id}
	}
	for id, name := range p.Names {
		if key := unitKey(name); !slices.Contains(p.units[key], id) {
			p.units[key] = append(p.units[key], id)
		}
	}
	for _, ids := range p.units {
		slices.Sort(ids)
	}
	return rows.Err()
}

const selectKnown = `m.id, m.unit, m.staff, m.name, m.status, m.joined_on, m.phone, m.left_at IS NOT NULL`

func scanKnown(rows *sql.Rows) (k known, err error) {
	err = rows.Scan(&k.ID, &k.Unit, &k.Staff, &k.Name, &k.Status, &k.JoinedOn, &k.Phone, &k.Left)
	return k, err
}

// knownBy reads who has some staff numbers, on any roster or none, by StaffKey.
func knownBy(tx *store.Tx, keys, numbers []any) (map[string][]known, error) {
	by := map[string][]known{}
	add := func(rows *sql.Rows) error {
		k, err := scanKnown(rows)
		key := StaffKey(k.Staff)
		by[key] = append(by[key], k)
		return err
	}
	err := tx.QueryEach(`SELECT `+selectKnown+` FROM list CROSS JOIN member m WHERE m.staff_key = list.item`, "TEXT", nil, keys, add)
	if err == nil { // of a program of the version before
		err = tx.QueryEach(`SELECT `+selectKnown+` FROM list CROSS JOIN member m WHERE m.staff = list.item AND m.staff_key = ''`, "TEXT", nil, numbers, add)
	}
	return by, err
}

// readPeople reads the roster, and who has the numbers of the table.
func (p *Plan) readPeople(tx *store.Tx, t *Table) error {
	rows, err := tx.Query(Under+`SELECT `+selectKnown+` FROM member m WHERE m.unit IN (SELECT id FROM below) AND m.left_at IS NULL ORDER BY m.id`, p.Unit)
	if err != nil {
		return err
	}
	defer rows.Close()
	p.bySound, p.byBare = map[string][]int{}, map[string]int{}
	for rows.Next() {
		k, err := scanKnown(rows)
		if err != nil {
			return err
		}
		sound := Skeleton(k.Name)
		p.bySound[sound] = append(p.bySound[sound], len(p.roster))
		if bare := strings.TrimLeft(k.Staff, "0"); bare != k.Staff {
			p.byBare[bare] = len(p.roster)
		}
		p.roster = append(p.roster, k)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	here := map[string][]known{}
	for _, k := range p.roster {
		here[StaffKey(k.Staff)] = append(here[StaffKey(k.Staff)], k)
	}
	keys, numbers := map[string]bool{}, map[string]bool{}
	for _, row := range t.Rows[1:] {
		if staff := p.cells(row.Cells)["staff"]; here[StaffKey(staff)] == nil {
			keys[StaffKey(staff)], numbers[staff] = true, true
		}
	}
	if p.known, err = knownBy(tx, listOf(keys), listOf(numbers)); err != nil {
		return err
	}
	for key, list := range here {
		p.known[key] = list
	}
	p.granted = map[int64]map[string][]string{}
	var ids []int64
	for _, row := range t.Rows[1:] {
		for _, k := range p.known[StaffKey(p.cells(row.Cells)["staff"])] {
			ids = append(ids, k.ID)
		}
	}
	return tx.QueryEach(`SELECT r.member, r.unit, r.role FROM list CROSS JOIN role r WHERE r.member = list.item`, "BIGINT", nil, store.List(ids), func(rows *sql.Rows) error {
		var id int64
		var unit, role string
		if err := rows.Scan(&id, &unit, &role); err != nil {
			return err
		}
		if p.granted[id] == nil {
			p.granted[id] = map[string][]string{}
		}
		p.granted[id][unit] = append(p.granted[id][unit], role)
		return nil
	})
}

func listOf(set map[string]bool) []any {
	var list []any
	for s := range set {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// noteColumns says which columns and sheets are not read.
func (p *Plan) noteColumns(t *Table) {
	for _, c := range p.Columns {
		if c.Meaning != NotRead || len(c.May) > 0 || !slices.ContainsFunc(t.Rows[1:], func(r sheet.Row) bool { return c.Index < len(r.Cells) && r.Cells[c.Index] != "" }) {
			continue
		}
		head := chat.CleanName(c.Head)
		if head == "" {
			head = c.Letter()
		}
		switch {
		case c.Twin != "":
			p.note("twin", 0, head, chat.CleanName(c.Twin))
		case c.Running:
			p.note("running", 0, head, "")
		default:
			p.note("column", 0, head, "")
		}
	}
	for _, head := range t.Identity {
		p.note("identity", 0, head, "")
	}
	for _, s := range t.Other {
		p.note("sheet", 0, chat.CleanName(s), "")
	}
}

// hasHeads tells whether the number and the name have a column; a fault says what
// is missing.
func (p *Plan) hasHeads() bool {
	has := func(meaning string) bool {
		return slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Meaning == meaning })
	}
	running := slices.IndexFunc(p.Columns, func(c Column) bool {
		return c.Running && mayBeStaff.MatchString(headOf(c.Head)) && !neverStaff.MatchString(headOf(c.Head))
	})
	switch {
	case has("staff") && has("name"):
		return true
	case has("name") && running < 0 && (has("status") || has("joined_on") || has("phone") || has("unit")):
		p.byName = true
		p.note("by_name", 0, "", "")
		return true
	case has("name") && running >= 0:
		c := p.Columns[running]
		p.Faults = append(p.Faults, Fault{Row: 1, Column: "member.column.staff", Reason: "member.fault.running", Value: chat.CleanName(c.Head)})
	case has("name"):
		p.Faults = append(p.Faults, Fault{Row: 1, Column: "member.column.staff", Reason: "member.fault.no_staff"})
	default:
		p.Faults = append(p.Faults, Fault{Row: 1, Column: "member.column.staff", Reason: "member.fault.heads"})
	}
	return false
}

func (p *Plan) note(key string, row int, value, other string) {
	p.Notes = append(p.Notes, Note{key, row, value, other})
}

// cells are the cells of a row by the meaning of their columns.
func (p *Plan) cells(row []string) map[string]string {
	cell := map[string]string{}
	for _, c := range p.Columns {
		if c.Meaning != NotRead && c.Index < len(row) {
			cell[c.Meaning] = row[c.Index]
		}
	}
	return cell
}

// row reads a row of the table.
func (p *Plan) row(t *Table, number int, cell map[string]string, raw []string) {
	if leftOut(raw) || TidyStaff(cell["staff"]) == "" && TidyName(cell["name"]) == "" {
		p.note("row", number, chat.CleanName(strings.Join(strings.Fields(strings.Join(raw, " ")), " ")), "")
		return
	}
	before := len(p.Faults)
	e := Entry{Row: number, Is: isNew}
	name := p.name(number, cell["name"])
	if p.byName {
		if cell["staff"] = p.numberOf(number, name); cell["staff"] == "" {
			return
		}
	}
	was := p.who(number, cell["staff"], name)
	if was != nil {
		e.Was, e.Is = was.Person, isChanged
		if was.Left {
			e.Is = isBack
		}
	}
	e.Person = p.person(number, cell, t.Whole, was)
	e.Person.Name = name
	p.roles(&e, cell["roles"], was)
	if len(p.Faults) > before {
		return
	}
	e.sort()
	if e.Person.Status == "" { // of somebody new
		e.Person.Status = "full"
		p.note("full", number, e.Person.Name, "")
	}
	p.ends(&e, was)
	p.noteAlike(&e, was)
	p.Entries = append(p.Entries, e)
}

func (p *Plan) fault(row int, column, reason, value string) {
	p.Faults = append(p.Faults, Fault{row, "member.column." + column, "member.fault." + reason, chat.CleanName(value)})
}

// name reads a name.
func (p *Plan) name(row int, text string) string {
	name := TidyName(text)
	if reason := nameFault(name); reason != "" {
		p.fault(row, "name", reason, name)
		return name
	}
	switch words := strings.Join(strings.Fields(text), " "); {
	case unquoted(words) != words:
		p.note("quotes", row, words, name)
	case chat.Clean(words) != words:
		p.note("hidden", row, name, "")
	case words != name:
		p.note("blanks", row, words, name)
	}
	return name
}

// who finds who has a number; nil when nobody has it.
func (p *Plan) who(row int, text, name string) *known {
	staff := TidyStaff(text)
	if reason := staffFault(staff); reason != "" {
		p.fault(row, "staff", reason, staff)
		return nil
	}
	found := p.find(text)
	if found == nil {
		if k := p.lostZeros(staff); k != nil && Skeleton(k.Name) == Skeleton(name) {
			p.note("zeros_of", row, staff, k.Staff)
			found = []known{*k}
		} else if k != nil {
			p.note("zeros_like", row, staff, k.Staff+" "+k.Name)
		}
	}
	key := StaffKey(text)
	if len(found) == 1 {
		key = StaffKey(found[0].Staff)
	}
	if first, twice := p.seen[key]; twice {
		p.fault(row, "staff", "twice", fmt.Sprint(first))
		return nil
	}
	p.seen[key] = row
	switch {
	case len(found) > 1:
		p.fault(row, "staff", "several", staff)
	case len(found) == 1 && !found[0].Left && p.Names[found[0].Unit] == "": // nobody takes members away from others
		p.fault(row, "staff", "elsewhere", staff)
	case len(found) == 1:
		if k := &found[0]; k.Staff != text && StaffKey(k.Staff) == StaffKey(text) {
			p.note("staff", row, chat.CleanName(text), k.Staff)
		}
		return &found[0]
	case staff != text:
		p.note("staff", row, chat.CleanName(text), staff)
	}
	return nil
}

// numberOf is the staff number of who is called so on the roster, or one that is made for
// somebody new; "" when several are called so.
func (p *Plan) numberOf(row int, name string) string {
	switch found := p.bySound[Skeleton(name)]; len(found) {
	case 0:
	case 1:
		return p.roster[found[0]].Staff
	default:
		p.fault(row, "name", "namesakes", name)
		return ""
	}
	if p.made == 0 {
		for _, k := range p.roster {
			if n, err := strconv.Atoi(strings.TrimPrefix(k.Staff, madeNumber)); err == nil && strings.HasPrefix(k.Staff, madeNumber) {
				p.made = max(p.made, n)
			}
		}
	}
	for {
		p.made++
		staff := fmt.Sprintf("%s%04d", madeNumber, p.made)
		if len(p.known[StaffKey(staff)]) == 0 {
			p.note("made", row, name, staff)
			return staff
		}
	}
}

// madeNumber begins the staff numbers that are made for people without one.
const madeNumber = "D"

// find is who has a number: written as it is, or else folded.
func (p *Plan) find(staff string) []known {
	list := p.known[StaffKey(staff)]
	for _, k := range list {
		if k.Staff == staff {
			return []known{k}
		}
	}
	if here := slices.DeleteFunc(slices.Clone(list), func(k known) bool { return k.Left }); len(here) > 0 {
		return here
	}
	return list
}

// lostZeros is who on the roster has the number with zeros before it, which a
// spreadsheet takes away.
func (p *Plan) lostZeros(staff string) *known {
	i, there := p.byBare[strings.TrimLeft(staff, "0")]
	if !there || strings.Trim(staff, "0123456789") != "" || len(staff) >= len(p.roster[i].Staff) {
		return nil
	}
	return &p.roster[i]
}

// person reads the other cells over what is known.
func (p *Plan) person(row int, cell map[string]string, whole bool, was *known) Person {
	person := Person{Staff: TidyStaff(cell["staff"]), Unit: p.Unit}
	if was != nil {
		unit := person.Unit
		person = was.Person
		if was.Left && p.Names[was.Unit] == "" {
			person.Unit = unit
		}
	}
	if text := cell["unit"]; text != "" {
		ids := p.units[unitKey(text)]
		if len(ids) == 0 {
			if ids = p.endingIn(text); len(ids) == 0 {
				ids = p.formal(text)
			}
			if len(ids) == 1 {
				p.note("unit_as", row, chat.CleanName(text), p.unitName(ids[0]))
			}
		}
		switch {
		case len(ids) == 0:
			p.fault(row, "unit", "unit", text)
		case len(ids) == 1:
			person.Unit = ids[0]
		case !slices.Contains(ids, person.Unit) || was == nil:
			p.fault(row, "unit", "units", text+" ("+strings.Join(ids, ", ")+")")
		}
	}
	if text := cell["status"]; text != "" {
		status, known := p.statuses[text]
		if !known {
			status = StatusOf(text)
			p.statuses[text] = status
		}
		if status != "" {
			person.Status = status
		} else {
			p.fault(row, "status", "status", text)
		}
	}
	if text := cell["joined_on"]; text != "" || whole {
		var exact bool
		if person.JoinedOn, exact = date(text); person.JoinedOn == "" && text != "" {
			p.fault(row, "joined_on", "date", text)
		} else if person.JoinedOn > p.today {
			p.fault(row, "joined_on", "future", text)
		} else if !exact && text != "" {
			p.note("month", row, chat.CleanName(text), person.JoinedOn)
		}
	}
	if text := cell["phone"]; text != "" || whole {
		phone := Phone(text)
		if phone == "" && text != "" && !whole {
			if phone = firstPhone(text); phone != "" {
				p.note("phone", row, chat.CleanName(text), phone)
			} else if p.note("no_phone", row, chat.CleanName(text), ""); was != nil {
				phone = was.Phone
			}
		} else if phone == "" && text != "" {
			p.fault(row, "phone", "phone", text)
		}
		person.Phone = phone
	}
	return person
}

// endingIn are the units whose names end a longer one: 某某公司示范党支部第一党小组. The
// longest such name is meant.
func (p *Plan) endingIn(text string) (ids []string) {
	key, longest := unitKey(text), 0
	for name, of := range p.units {
		if strings.HasSuffix(key, name) && len(name) > longest && strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			ids, longest = of, len(name)
		}
	}
	return ids
}

// formal are the units of which a longer name is the formal one: 中共某某公司示范支部委员会 of
// 示范党支部.
func (p *Plan) formal(text string) (ids []string) {
	key, longest := bareUnit(text), 0
	for name, of := range p.units {
		if bare := bareUnit(name); bare != unitKey(name) && utf8.RuneCountInString(bare) > 1 && strings.HasSuffix(key, bare) && len(bare) >= longest {
			if len(bare) > longest {
				ids = nil
			}
			for _, id := range of {
				if !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
			longest = len(bare)
		}
	}
	return ids
}

// bareUnit is the name of a unit without what it has as an organisation of the party.
func bareUnit(s string) string {
	s = strings.NewReplacer("中国共产党", "", "中共", "", "委员会", "", "党", "").Replace(unitKey(s))
	return strings.TrimSuffix(strings.TrimSuffix(s, "支部"), "总支")
}

// StatusOf is the status that a cell means, "" when none; what stands in brackets behind it
// makes no difference.
func StatusOf(text string) string {
	text = strings.Join(strings.Fields(TidyStaff(text)), "")
	if is := word("member.status.", Statuses, text); is != "" {
		return is
	}
	return word("member.status.", Statuses, bracketed.ReplaceAllString(text, ""))
}

// roles reads the offices that a row gives; those that somebody has are no change.
func (p *Plan) roles(e *Entry, text string, was *known) {
	for _, title := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、;；/ \n", r) }) {
		role, _ := Title(title)
		switch {
		case noOffice[title]:
		case role == "":
			p.note("title", e.Row, e.Person.Name, chat.CleanName(title))
		case was != nil && slices.Contains(p.granted[was.ID][e.Person.Unit], role), slices.Contains(e.Person.Roles, role):
		default:
			e.Person.Roles = append(e.Person.Roles, role)
			e.Titles = append(e.Titles, chat.CleanName(title))
		}
	}
}

// noOffice are words that stand in the column of offices and give none.
var noOffice = map[string]bool{"无": true, "没有": true, "-": true, "—": true, "－": true, "普通党员": true, "党员": true, "正式党员": true, "预备党员": true, "群众": true, "暂无": true}

// ends notes the offices that end with a move: those of units that the new one
// does not lie under.
func (p *Plan) ends(e *Entry, was *known) {
	if !slices.Contains(e.Kinds, "moves") {
		return
	}
	line := map[string]bool{}
	for unit := e.Person.Unit; unit != "" && !line[unit]; unit = p.parents[unit] {
		line[unit] = true
	}
	for unit, roles := range p.granted[was.ID] {
		if p.Names[unit] != "" && !line[unit] {
			for _, role := range roles {
				e.Was.Roles = append(e.Was.Roles, role+"@"+unit)
			}
		}
	}
	slices.Sort(e.Was.Roles)
}

// sort says what the entry is and what of it is confirmed apart.
func (e *Entry) sort() {
	if e.Is != isNew {
		if Skeleton(e.Person.Name) != Skeleton(e.Was.Name) {
			e.Kinds = append(e.Kinds, "renames")
		}
		if e.Person.Status != e.Was.Status {
			e.Kinds = append(e.Kinds, "status")
		}
		if e.Person.Unit != e.Was.Unit && e.Is != isBack {
			e.Kinds = append(e.Kinds, "moves")
		}
	}
	if len(e.Person.Roles) > 0 {
		e.Kinds = append(e.Kinds, "offices")
	}
	if e.Is == isChanged && !e.Person.differs(e.Was) {
		e.Is = isSame
	}
}

// differs tells whether a person is to be changed.
func (p Person) differs(was Person) bool {
	return p.Name != was.Name || p.Unit != was.Unit || p.Status != was.Status || p.JoinedOn != was.JoinedOn ||
		p.Phone != was.Phone || len(p.Roles) > 0
}

// Change is a cell that changes.
type Change struct{ Column, Old, New string }

// Changes are what changes of somebody known, in words.
func (p *Plan) Changes(lang string, e *Entry) []Change {
	if e.Is == isNew || e.Is == isSame {
		return nil
	}
	var all []Change
	add := func(column, old, new string) {
		if old != new {
			all = append(all, Change{locale.Text(lang, "member.column."+column), old, new})
		}
	}
	add("name", e.Was.Name, e.Person.Name)
	add("unit", p.unitName(e.Was.Unit), p.unitName(e.Person.Unit))
	add("status", firstName(lang, "member.status."+e.Was.Status), firstName(lang, "member.status."+e.Person.Status))
	add("joined_on", e.Was.JoinedOn, e.Person.JoinedOn)
	add("phone", e.Was.Phone, e.Person.Phone)
	if len(e.Person.Roles) > 0 {
		add("roles", "", p.titles(lang, e))
	}
	return all
}

func (p *Plan) unitName(id string) string {
	if name := p.Names[id]; name != "" {
		return name
	}
	return id
}

// titles are the offices that are given, with what the product takes them for.
func (p *Plan) titles(lang string, e *Entry) string {
	var all []string
	for i, role := range e.Person.Roles {
		is := firstName(lang, "member.role."+role)
		if title := e.Titles[i]; title != is {
			is = locale.Text(lang, "member.title_is", "Title", title, "Role", is)
		}
		all = append(all, is)
	}
	return strings.Join(all, locale.Text(lang, "engine.list_comma"))
}

// noteAlike says whom a new or changed name looks like, on the roster or in the file.
func (p *Plan) noteAlike(e *Entry, was *known) {
	if was != nil && e.Person.Name == was.Name && e.Is != isBack {
		return
	}
	sound := Skeleton(e.Person.Name)
	say := func(staff, name string) {
		key := "alike"
		if name == e.Person.Name {
			key = "namesake"
		}
		p.note(key, e.Row, e.Person.Staff+" "+e.Person.Name, staff+" "+name)
	}
	for _, i := range p.bySound[sound] {
		if k := &p.roster[i]; was == nil || k.ID != was.ID {
			say(k.Staff, k.Name)
		}
	}
	if i, there := p.alike[sound]; there {
		other := p.Entries[i].Person
		say(other.Staff, other.Name)
	}
	p.alike[sound] = len(p.Entries)
}

// noteZeros says which numbers are shorter than others of the file, which begin
// with zeros.
func (p *Plan) noteZeros() {
	width := 0
	for _, e := range p.Entries {
		if e.Person.Staff[0] == '0' {
			width = max(width, len(e.Person.Staff))
		}
	}
	said := map[int]bool{}
	for _, n := range p.Notes {
		said[n.Row] = said[n.Row] || n.Key == "zeros_of" || n.Key == "zeros_like"
	}
	for _, e := range p.Entries {
		if s := e.Person.Staff; e.Is == isNew && len(s) < width && s[0] != '0' && strings.Trim(s, "0123456789") == "" && !said[e.Row] {
			p.note("zeros", e.Row, s, e.Person.Name)
		}
	}
}
