package member

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/content/sheet"
	"branchbot/store"
)

// Person is one row of a roster file.
type Person struct {
	Staff    string   `json:"staff"`
	Name     string   `json:"name"`
	Unit     string   `json:"unit"`
	Status   string   `json:"status"`
	JoinedOn string   `json:"joined_on"`
	Roles    []string `json:"roles"`
	Phone    string   `json:"phone,omitempty"`
}

// Fault is a cell that is wrong.
type Fault struct {
	Row    int
	Column string // a key of the catalogue: member.column.staff …
	Reason string // a key of the catalogue: member.fault.empty …
	Value  string
}

// Text tells the fault in a language.
func (f Fault) Text(lang string) string {
	return locale.Text(lang, "member.fault", "Row", f.Row, "Column", locale.Text(lang, f.Column),
		"Reason", locale.Text(lang, f.Reason, "Value", f.Value))
}

// The columns of a roster file, in the order of an export. Each may be headed
// in Chinese or English.
var columnNames = []string{"staff", "name", "unit", "status", "joined_on", "roles", "phone"}

var headings = map[string]string{
	"工号": "staff", "员工号": "staff", "编号": "staff", "staff": "staff", "staff number": "staff", "staffno": "staff",
	"姓名": "name", "name": "name",
	"组织": "unit", "支部": "unit", "党小组": "unit", "部门": "unit", "unit": "unit",
	"状态": "status", "政治面貌": "status", "类别": "status", "status": "status",
	"入党日期": "joined_on", "入党时间": "joined_on", "joined on": "joined_on", "joined_on": "joined_on",
	"职务": "roles", "角色": "roles", "党内职务": "roles", "roles": "roles", "role": "roles",
	"电话": "phone", "手机": "phone", "手机号": "phone", "联系电话": "phone", "phone": "phone", "mobile": "phone",
}

// Parse reads a roster file for a unit: n good people, m faults. Rows of a
// file may name a unit under this one by id or name; else they belong to it.
func Parse(tx *store.Tx, unit, name string, data []byte) ([]Person, []Fault, error) {
	file, err := sheet.Read(name, data)
	if err != nil {
		return nil, nil, err
	}
	rows := file.Rows
	units, err := unitsBelow(tx, unit)
	if err != nil {
		return nil, nil, err
	}
	p := parser{unit: unit, units: units, seen: map[string]int{}}
	if len(rows) == 0 || !p.heads(rows[0].Cells) {
		return nil, []Fault{{Row: 1, Column: "member.column.staff", Reason: "member.fault.heads"}}, nil
	}
	for _, row := range rows[1:] {
		if err := p.cells(tx, row.Number, row.Cells); err != nil {
			return nil, nil, err
		}
	}
	return p.people, p.faults, nil
}

// unitsBelow maps the ids and names of a unit and those under it to ids.
func unitsBelow(tx *store.Tx, unit string) (map[string]string, error) {
	rows, err := tx.Query(Under+`SELECT u.id, u.name FROM unit u JOIN below b ON b.id = u.id`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	units := map[string]string{}
	for rows.Next() {
		var id, name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		units[id], units[name] = id, id
	}
	return units, rows.Err()
}

type parser struct {
	unit    string
	units   map[string]string
	columns []string
	seen    map[string]int // staff number → row
	people  []Person
	faults  []Fault
}

func (p *parser) heads(cells []string) bool {
	for _, c := range cells {
		p.columns = append(p.columns, headings[strings.ToLower(c)])
	}
	return slices.Contains(p.columns, "staff") && slices.Contains(p.columns, "name")
}

// cells reads a row of the file.
func (p *parser) cells(tx *store.Tx, number int, cells []string) error {
	cell := map[string]string{}
	for i, c := range cells {
		if i < len(p.columns) && p.columns[i] != "" {
			cell[p.columns[i]] = c
		}
	}
	before := len(p.faults)
	fault := func(column, reason, value string) {
		p.faults = append(p.faults, Fault{number, "member.column." + column, "member.fault." + reason, chat.CleanName(value)})
	}
	person := Person{Staff: cell["staff"], Name: chat.CleanName(cell["name"]), Unit: p.unit, Status: "full"}
	switch first, twice := p.seen[person.Staff]; {
	case person.Staff == "":
		fault("staff", "empty", "")
	case len(person.Staff) > 32 || chat.Clean(person.Staff) != person.Staff || strings.ContainsAny(person.Staff, " \n"):
		fault("staff", "staff", person.Staff)
	case strings.Contains(strings.ToUpper(person.Staff), "E+"):
		fault("staff", "number", person.Staff)
	case twice:
		fault("staff", "twice", fmt.Sprint(first))
	}
	p.seen[person.Staff] = number
	known, err := ByStaff(tx, person.Staff)
	if err != nil {
		return err
	}
	if known != nil && p.units[known.Unit] == "" { // nobody takes members away from others
		fault("staff", "elsewhere", person.Staff)
	}
	if person.Name == "" {
		fault("name", "empty", "")
	}
	if u := cell["unit"]; u != "" {
		if person.Unit = p.units[u]; person.Unit == "" {
			fault("unit", "unit", u)
		}
	}
	if s := cell["status"]; s != "" {
		if person.Status = word("member.status.", Statuses, s); person.Status == "" {
			fault("status", "status", s)
		}
	}
	if d := cell["joined_on"]; d != "" {
		if person.JoinedOn = date(d); person.JoinedOn == "" {
			fault("joined_on", "date", d)
		}
	}
	if ph := cell["phone"]; ph != "" {
		if person.Phone = Phone(ph); person.Phone == "" {
			fault("phone", "phone", ph)
		}
	}
	for _, r := range strings.FieldsFunc(cell["roles"], func(r rune) bool { return strings.ContainsRune(",，、;；/ ", r) }) {
		role := word("member.role.", Roles, r)
		if role == "" {
			fault("roles", "role", r)
			continue
		}
		person.Roles = append(person.Roles, role)
	}
	if len(p.faults) == before {
		p.people = append(p.people, person)
	}
	return nil
}

// word finds the value that a text means: the value itself, or its name in one
// of the languages.
func word(prefix string, values []string, text string) string {
	for _, v := range values {
		if strings.EqualFold(text, v) {
			return v
		}
		for _, lang := range locale.Languages {
			for _, name := range strings.Split(locale.Text(lang, prefix+v), "/") {
				if strings.EqualFold(text, name) {
					return v
				}
			}
		}
	}
	return ""
}

// date reads the ways in which days are written in tables, among them the
// number of days since 1900 that Excel stores.
func date(s string) string {
	for _, layout := range []string{"2006-01-02", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format("2006-01-02")
		}
	}
	var days int
	if n, err := fmt.Sscanf(s, "%d", &days); err == nil && n == 1 && len(s) == 5 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days).Format("2006-01-02")
	}
	return ""
}

// Phone reads a telephone number: digits with blanks, hyphens, brackets and a
// leading + between or before them; "" when it is none.
func Phone(s string) string {
	digits := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" -()", r) && (r != '+' || i > 0):
			return ""
		}
	}
	if digits < 3 || len(s) > 32 {
		return ""
	}
	return strings.TrimSpace(s)
}

// Import takes the people into the roster, all of them. It returns how many
// are new.
func (d *Directory) Import(tx *store.Tx, people []Person, by string) (added int, err error) {
	d.Changed(tx)
	units, err := concerned(tx, people)
	if err != nil {
		return 0, err
	}
	for _, unit := range units { // for the program's command, which is no turn
		if err := tx.Locked(`SELECT id FROM unit WHERE id = $1`, unit); err != nil {
			return 0, err
		}
	}
	for _, p := range people {
		var known int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM member WHERE staff = $1`, p.Staff).Scan(&known); err != nil {
			return 0, err
		}
		added += 1 - known
		if err := p.save(tx, by); err != nil {
			return 0, fmt.Errorf("member %s: %w", p.Staff, err)
		}
	}
	return added, nil
}

// concerned are the units whose rosters an import changes, in order: to which people
// come, and which they leave.
func concerned(tx *store.Tx, people []Person) ([]string, error) {
	var units []string
	for _, p := range people {
		units = append(units, p.Unit)
		var now string
		err := tx.QueryRow(`SELECT unit FROM member WHERE staff = $1`, p.Staff).Scan(&now)
		if err == nil {
			units = append(units, now)
		} else if !errors.Is(err, store.ErrNoRows) {
			return nil, err
		}
	}
	slices.Sort(units)
	return slices.Compact(units), nil
}

// save adds or changes the person. Whoever was taken off the roster comes back
// by an import, but not because the configuration still lists him.
func (p Person) save(tx *store.Tx, by string) error {
	var id int64
	err := tx.QueryRow(`INSERT INTO member (unit, staff, name, status, joined_on, phone) VALUES ($1, $2, $3, $4, $5, $7)
		ON CONFLICT (staff) DO UPDATE SET unit = excluded.unit, name = excluded.name, status = excluded.status,
		joined_on = CASE excluded.joined_on WHEN '' THEN member.joined_on ELSE excluded.joined_on END,
		phone = CASE excluded.phone WHEN '' THEN member.phone ELSE excluded.phone END,
		left_at = CASE $6 WHEN 'config' THEN member.left_at END
		RETURNING id`, p.Unit, p.Staff, p.Name, p.Status, p.JoinedOn, by, p.Phone).Scan(&id)
	if err != nil {
		return err
	}
	if err := stays(tx, id); err != nil {
		return err
	}
	for _, role := range p.Roles {
		_, err := tx.Exec(`INSERT INTO role (member, unit, role, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, id, p.Unit, role, by, tx.Millis())
		if err != nil {
			return err
		}
	}
	return nil
}

// Export writes the roster of a unit as .csv or .xlsx, by the ending of name;
// Import takes it again.
func Export(tx *store.Tx, unit, name, lang string) ([]byte, error) {
	members, err := Roster(tx, unit)
	if err != nil {
		return nil, err
	}
	header := make([]string, len(columnNames))
	for i, c := range columnNames {
		header[i] = locale.Text(lang, "member.column."+c)
	}
	phones, err := phonesOf(tx, unit)
	if err != nil {
		return nil, err
	}
	rows := make([][]string, len(members))
	for i, m := range members {
		roles, err := Granted(tx, m.ID)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, r := range roles[m.Unit] {
			names = append(names, firstName(lang, "member.role."+r))
		}
		rows[i] = []string{m.Staff, m.Name, m.Unit, firstName(lang, "member.status."+m.Status), m.JoinedOn, strings.Join(names, "、"), phones[m.ID]}
	}
	if strings.HasSuffix(strings.ToLower(name), ".csv") {
		return sheet.WriteCSV(header, rows)
	}
	return sheet.WriteXLSX(locale.Text(lang, "member.sheet"), header, rows)
}

// phonesOf are the telephone numbers of a unit's members that have one.
func phonesOf(tx *store.Tx, unit string) (map[int64]string, error) {
	rows, err := tx.Query(Under+`SELECT id, phone FROM member WHERE unit IN (SELECT id FROM below) AND phone <> ''`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	phones := map[int64]string{}
	for rows.Next() {
		var id int64
		var phone string
		if err := rows.Scan(&id, &phone); err != nil {
			return nil, err
		}
		phones[id] = phone
	}
	return phones, rows.Err()
}

// firstName is the usual one of the names that a value has in the catalogue.
func firstName(lang, key string) string {
	name, _, _ := strings.Cut(locale.Text(lang, key), "/")
	return name
}
