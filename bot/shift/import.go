package shift

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/member"
	"branchbot/content/sheet"
	"branchbot/store"
)

// A file of shifts is either a list with a pattern and its first day for each
// member, or a month as it hangs on the wall: a column a day.

// headings of the columns that are no days.
var headings = map[string]string{
	"工号": "staff", "员工号": "staff", "staff": "staff", "staff number": "staff",
	"姓名": "name", "name": "name",
	"排班": "pattern", "班次": "pattern", "轮班": "pattern", "倒班": "pattern", "排班规律": "pattern", "pattern": "pattern", "shift": "pattern", "shifts": "pattern",
	"起始日期": "starts_on", "开始日期": "starts_on", "起始": "starts_on", "开始": "starts_on", "starts on": "starts_on", "start": "starts_on", "from": "starts_on",
}

// monthOf finds the month that a table is headed by: 2026年12月排班表.
var monthOf = regexp.MustCompile(`(20\d\d)\s*(?:年|-|/|\.)\s*(\d{1,2})\s*(?:月|\b)`)

// minDays is how many columns of days make a table of shifts.
const minDays = 3

// reader reads the rows of a file.
type reader struct {
	letters Letters
	now     time.Time
	byStaff map[string]int64 // by member.StaffKey
	byName  map[string]int64 // by member.Skeleton; 0: several
	names   map[int64]string
	columns []string       // by heading; "" = a day or nothing
	days    map[int]string // by column, 2026-12-01
	seen    map[int64]int  // rows
	found   []rotation
	faults  []fault
}

// fault is what is wrong in a row, or in the headings (row 0).
type fault struct {
	row int
	key string
	arg string
}

// heads finds the row of the headings among the first ones, and returns those
// under it; false when this is no table of shifts.
func (r *reader) heads(rows []sheet.Row) ([]sheet.Row, bool) {
	year, month := 0, 0
	for i, row := range rows[:min(len(rows), 5)] {
		r.columns, r.days = nil, map[int]string{}
		who, shifts := false, false
		for c, cell := range row.Cells {
			head := headings[strings.ToLower(cell)]
			r.columns = append(r.columns, head)
			who = who || head == "staff" || head == "name"
			shifts = shifts || head == "pattern"
			if at, ok := r.dayOf(cell, year, month); ok && head == "" {
				r.days[c] = at
			}
		}
		if who && (shifts || len(r.days) >= minDays) {
			return rows[i+1:], true
		}
		for _, cell := range row.Cells {
			if m := monthOf.FindStringSubmatch(cell); m != nil {
				year, _ = strconv.Atoi(m[1])
				month, _ = strconv.Atoi(m[2])
			}
		}
	}
	return nil, false
}

// dayOf reads the heading of a column: a date, or the day of the month.
func (r *reader) dayOf(cell string, year, month int) (string, bool) {
	if n, err := strconv.Atoi(strings.TrimRight(cell, "日号")); err == nil && year > 0 {
		at := time.Date(year, time.Month(month), n, 0, 0, 0, 0, time.UTC)
		return at.Format(time.DateOnly), n > 0 && at.Day() == n
	}
	at, ok := command.Day(cell, r.now)
	return at.Format(time.DateOnly), ok && strings.ContainsFunc(cell, func(c rune) bool { return c >= '0' && c <= '9' })
}

func (r *reader) fault(row int, key, arg string) {
	r.faults = append(r.faults, fault{row, "shift.fault." + key, chat.CleanName(arg)})
}

// follow checks that the columns of days are one after another.
func (r *reader) follow() (first, last string) {
	for c := range r.columns {
		on, ok := r.days[c]
		if !ok {
			continue
		}
		at, _ := time.Parse(time.DateOnly, on)
		if last != "" && at.AddDate(0, 0, -1).Format(time.DateOnly) != last {
			r.fault(0, "days", on)
		}
		if first == "" {
			first = on
		}
		last = on
	}
	return first, last
}

func (r *reader) row(row sheet.Row, first, last string) {
	cell := map[string]string{}
	for c, text := range row.Cells {
		if c < len(r.columns) && r.columns[c] != "" {
			cell[r.columns[c]] = text
		}
	}
	who, ok := r.who(row.Number, cell["staff"], cell["name"])
	if !ok {
		return
	}
	rot := rotation{Member: who, StartsOn: first, EndsOn: last}
	if len(r.days) < minDays {
		rot.EndsOn = ""
		rot.StartsOn, rot.Pattern, ok = r.pattern(row.Number, cell["starts_on"], cell["pattern"])
	} else {
		rot.Pattern, ok = r.month(row)
	}
	if ok {
		r.found = append(r.found, rot)
	}
}

// who is the member of a row.
func (r *reader) who(row int, staff, name string) (int64, bool) {
	id, known := r.byStaff[member.StaffKey(staff)]
	if staff == "" {
		id, known = r.byName[member.Skeleton(name)]
	}
	switch {
	case !known:
		r.fault(row, "nobody", strings.TrimSpace(staff+" "+name))
	case staff != "" && name != "" && member.Skeleton(name) != member.Skeleton(r.names[id]):
		r.fault(row, "other", staff+" "+r.names[id])
	case id == 0:
		r.fault(row, "several", name)
	case r.seen[id] > 0:
		r.fault(row, "twice", strconv.Itoa(r.seen[id]))
	default:
		r.seen[id] = row
		return id, true
	}
	return 0, false
}

// pattern reads a first day and the pattern that begins on it.
func (r *reader) pattern(row int, from, text string) (startsOn, pattern string, ok bool) {
	at, ok := command.Day(from, r.now)
	if !ok {
		r.fault(row, "starts_on", from)
		return "", "", false
	}
	pattern, err := r.letters.ReadPattern(text)
	var bad badLetter
	switch {
	case errors.As(err, &bad):
		r.fault(row, "letter", string(bad))
	case err != nil:
		r.fault(row, "long", strconv.Itoa(longest))
	case pattern == "":
		r.fault(row, "empty", "")
	}
	return at.Format(time.DateOnly), pattern, err == nil && pattern != ""
}

// month reads a letter for each day; false when there is none at all.
func (r *reader) month(row sheet.Row) (string, bool) {
	var letters strings.Builder
	known := false
	for c := range row.Cells {
		if _, ok := r.days[c]; !ok {
			continue
		}
		letter := string(unknown)
		if text := row.Cells[c]; text != "" {
			one, err := r.letters.ReadPattern(text)
			if err != nil || len([]rune(one)) != 1 {
				r.fault(row.Number, "letter", text)
				return "", false
			}
			letter, known = one, true
		}
		letters.WriteString(letter)
	}
	return letters.String() + strings.Repeat(string(unknown), len(r.days)-len([]rune(letters.String()))), known
}

// Parse implements engine.Filer.
func (f *Feature) Parse(file chat.File) any {
	table, err := sheet.Read(file.Name, file.Data)
	if err != nil {
		return nil // whoever takes tables of all kinds says what is wrong
	}
	return &table
}

// File implements engine.Filer: a table of shifts is shown first, and taken in
// when its sender confirms it.
func (f *Feature) File(t *engine.Turn, _ chat.File, parsed any) (bool, error) {
	table := parsed.(*sheet.File)
	r := &reader{letters: f.Letters(), now: t.Now.In(t.Unit.Zone), byStaff: map[string]int64{}, byName: map[string]int64{}, names: map[int64]string{}, seen: map[int64]int{}}
	rows, ours := r.heads(table.Rows)
	if !ours {
		return false, nil
	}
	roster, err := member.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return true, err
	}
	for _, m := range roster {
		name := member.Skeleton(m.Name)
		_, twice := r.byName[name]
		r.byStaff[member.StaffKey(m.Staff)], r.byName[name], r.names[m.ID] = m.ID, m.ID, m.Name
		if twice {
			r.byName[name] = 0
		}
	}
	first, last := r.follow()
	for _, row := range rows {
		r.row(row, first, last)
	}
	if len(r.faults) > 0 || len(r.found) == 0 {
		return true, t.Reply(chat.Text(r.tellFaults(t)))
	}
	lines := f.preview(t, r.found, roster)
	for _, name := range table.Other {
		lines += "\n" + t.T("shift.sheet_left", "Name", chat.CleanName(name))
	}
	return true, f.show(t, t.Unit.ID, r.found, lines)
}

// show shows what would be taken in for a unit, and keeps it for its sender's
// confirmation.
func (f *Feature) show(t *engine.Turn, unit string, found []rotation, text string) error {
	blob, err := json.Marshal(found)
	if err != nil {
		return err
	}
	id, err := keepImport(t.Tx, unit, t.Member.ID, string(blob))
	if err != nil {
		return err
	}
	msg := chat.Text(text)
	msg.Buttons = [][]chat.Button{{
		{Label: t.T("shift.import_confirm"), Data: fmt.Sprintf("shift:import:%d", id)},
		{Label: t.T("shift.import_cancel"), Data: fmt.Sprintf("shift:cancel:%d", id)},
	}}
	return t.Reply(msg)
}

// told is how many faults, or members, one message names.
const told = 10

func (r *reader) tellFaults(t *engine.Turn) string {
	if len(r.faults) == 0 {
		return t.T("shift.import_empty")
	}
	lines := []string{t.T("shift.import_faults", "Count", len(r.faults), "Good", len(r.found))}
	for i, x := range r.faults {
		if i == told {
			lines = append(lines, "…")
			break
		}
		line := t.T(x.key, "Value", x.arg, "Letters", r.letters.names(t))
		if x.row > 0 {
			line = t.T("shift.row", "Row", x.row) + line
		}
		lines = append(lines, line)
	}
	return strings.Join(append(lines, t.T("shift.import_fix")), "\n")
}

// preview tells who gets which shifts in the first days.
func (f *Feature) preview(t *engine.Turn, found []rotation, roster []engine.Member) string {
	names := map[int64]string{}
	for _, m := range roster {
		names[m.ID] = m.Name
	}
	lines := []string{t.T("shift.import_preview", "Count", len(found))}
	for i, r := range found {
		if i == told {
			lines = append(lines, "…")
			break
		}
		key := "shift.preview_line"
		if r.EndsOn != "" {
			key = "shift.preview_month"
		}
		lines = append(lines, t.T(key, "Name", names[r.Member], "Pattern", r.Pattern, "From", r.StartsOn, "To", r.EndsOn))
	}
	return strings.Join(lines, "\n")
}

// Press implements engine.Presser: the confirmation of an import.
func (f *Feature) Press(t *engine.Turn, data string) error {
	verb, number, _ := strings.Cut(data, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return engine.Complain("engine.old_button")
	}
	unit, blob, err := takeImport(t.Tx, id, t.Member.ID)
	if errors.Is(err, store.ErrNoRows) {
		return engine.Complain("engine.old_button")
	}
	if err != nil {
		return err
	}
	if verb != "import" {
		return t.Say("shift.import_cancelled")
	}
	role, err := t.Directory().Role(t.Tx, t.Member, unit)
	if err != nil {
		return err
	}
	if role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	var found []rotation
	if err := json.Unmarshal([]byte(blob), &found); err != nil {
		return fmt.Errorf("import of shifts %d: %w", id, err)
	}
	roster, err := member.Roster(t.Tx, unit)
	if err != nil {
		return err
	}
	here := map[int64]bool{}
	for _, m := range roster {
		here[m.ID] = true
	}
	stay := slices.DeleteFunc(slices.Clone(found), func(r rotation) bool { return !here[r.Member] })
	switch {
	case len(stay) == 0:
		return engine.Complain("shift.import_gone")
	case len(stay) < len(found): // somebody has left since: what is left is shown again
		return f.show(t, unit, stay, t.T("shift.import_changed", "Count", len(found)-len(stay))+"\n"+f.preview(t, stay, roster))
	}
	for _, r := range found {
		if err := r.save(t.Tx, t.Member.ID); err != nil {
			return fmt.Errorf("shifts of member %d: %w", r.Member, err)
		}
	}
	return t.Say("shift.imported", "Count", len(found))
}
