package shift

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/locale"
	"branchbot/bot/roster"
	"branchbot/content/sheet"
	"branchbot/store"
)

// Tables of shifts as they hang on walls: people down and a column a day, in any of the ways
// in which days are written; days down, with people or shifts across; or a list with a pattern
// and its first day for each person.

// Plan is what a file of shifts says.
type Plan struct {
	Days  []Day   // each person's shift on each day, as far as it is known
	Bad   []Fault // rows that are not taken in
	Notes []Fault // what else was not read

	found   []rotation
	letters Letters
	now     time.Time
	byStaff map[string]int64 // by roster.StaffKey
	byName  map[string]int64 // by roster.Skeleton; 0: several
	names   map[int64]string
	staff   map[int64]string
	seen    map[int64]int // rows
	sheet   string        // where there are several
}

// Day is somebody's shift on a day.
type Day struct{ Name, Staff, Day, Shift string }

// Fault is what was not read.
type Fault struct {
	Sheet string
	Row   int    // 0 = the table as a whole
	Key   string // under shift.fault
	Value string
	Names string // the shifts that there are
}

// Where is the place in the file; "" for the whole.
func (f Fault) Where(lang string) string {
	switch {
	case f.Row == 0:
		return ""
	case f.Sheet != "":
		return locale.Text(lang, "shift.row_of", "Sheet", f.Sheet, "Row", f.Row)
	}
	return locale.Text(lang, "shift.row", "Row", f.Row)
}

// Text says what is wrong.
func (f Fault) Text(lang string) string {
	return locale.Text(lang, "shift.fault."+f.Key, "Value", f.Value, "Letters", f.Names)
}

// headings of the columns that are no days.
var headings = map[string]string{
	"工号": "staff", "员工号": "staff", "职工号": "staff", "员工编号": "staff", "人员编号": "staff", "staff": "staff", "staffnumber": "staff",
	"姓名": "name", "员工姓名": "name", "人员姓名": "name", "人员": "name", "员工": "name", "值班人员": "name", "当班人员": "name", "职工": "name", "名字": "name", "护士": "name", "班员": "name", "name": "name",
	"姓名日期": "name", "日期姓名": "name", "人员日期": "name", "姓名班次": "name", "姓名星期": "name",
	"排班": "pattern", "班次": "pattern", "轮班": "pattern", "倒班": "pattern", "排班规律": "pattern", "pattern": "pattern", "shift": "pattern", "shifts": "pattern",
	"起始日期": "starts_on", "开始日期": "starts_on", "起始": "starts_on", "开始": "starts_on", "startson": "starts_on", "start": "starts_on", "from": "starts_on",
	"日期": "date", "日期班次": "date", "日期时间": "date", "时间": "date", "值班日期": "date", "date": "date",
	"序号": "-", "星期": "-", "周": "-", "备注": "-", "合计": "-", "班组": "-", "部门": "-", "岗位": "-", "职务": "-", "小计": "-", "天数": "-", "工时": "-", "电话": "-",
}

// headOf is the meaning of a heading; "" when it has none.
func headOf(cell string) string {
	return headings[strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.ToLower(norm.NFKC.String(cell)))]
}

// headRows is how many rows are looked at for the headings.
const headRows = 8

// minDays is how many columns or rows of days make a table of shifts; beside a column of names
// fewer do.
const (
	minDays       = 3
	minNamedDays  = 2
	minNumberDays = 5 // 1, 2, 3 … without a month
)

// layout is how a table lies.
type layout struct {
	rows    []sheet.Row    // under the headings
	columns []string       // by heading
	days    map[int]string // of columns, 2026-12-01
	across  map[int]string // what else stands in the headings: people or shifts, where days go down
	title   string
	month   bool // no month is written anywhere, so that nobody can tell the days
}

// IsTable tells whether a sheet is a table of shifts.
func IsTable(s sheet.Sheet) bool {
	_, ok := findLayout(s, time.Now())
	return ok
}

func findLayout(s sheet.Sheet, now time.Time) (l layout, ok bool) {
	rows, title := s.Rows, s.Name
	for i, row := range rows[:min(len(rows), headRows)] {
		l = layout{rows: rows[i+1:], columns: make([]string, len(row.Cells)), across: map[int]string{}, title: title}
		who, pattern, date := false, false, -1
		for c, cell := range row.Cells {
			l.columns[c] = headOf(cell)
			who = who || l.columns[c] == "staff" || l.columns[c] == "name"
			pattern = pattern || l.columns[c] == "pattern"
			if l.columns[c] == "date" && date < 0 {
				date = c
			}
		}
		l.days = dayColumns(row, l.columns, title, now)
		switch {
		case who && (pattern || len(l.days) >= minNamedDays):
			return l, true
		case who && numbers(row.Cells, l.columns) >= minNumberDays:
			l.month = true
			return l, true
		case len(l.days) >= minDays && l.columns[0] == "pattern" && !who: // names stand below the days
			return l, true
		case len(l.days) >= minDays && len(l.columns) > 0 && l.columns[0] == "" && l.days[0] == "":
			l.columns[0] = "name" // the corner of the table is empty, or says something of its own
			return l, true
		case date >= 0 && !who:
			for c, cell := range row.Cells {
				if l.columns[c] == "" && strings.TrimSpace(cell) != "" {
					l.across[c] = strings.TrimSpace(cell)
				}
			}
			if len(l.across) > 0 && downDays(l.rows, date, title, now) >= min(minDays, len(l.rows)) && len(l.rows) > 0 {
				return l, true
			}
		}
		if text := strings.Join(row.Cells, " "); strings.TrimSpace(text) != "" {
			title += " " + text
		}
	}
	return layout{}, false
}

// numbers is how many headings are days of a month.
func numbers(cells, columns []string) (n int) {
	for c, cell := range cells {
		if m := bareDay.FindStringSubmatch(strings.TrimSpace(norm.NFKC.String(cell))); m != nil && columns[c] == "" && atoi(m[1]) >= 1 && atoi(m[1]) <= 31 {
			n++
		}
	}
	return n
}

// downDays is how many rows have a day in a column.
func downDays(rows []sheet.Row, column int, title string, now time.Time) (n int) {
	read := newDays(title, now)
	for _, row := range rows {
		if column < len(row.Cells) {
			if _, ok := read.next(row.Cells[column]); ok {
				n++
			}
		}
	}
	return n
}

// dayColumns are the days of the columns of a row.
func dayColumns(row sheet.Row, columns []string, title string, now time.Time) map[int]string {
	read := newDays(title, now)
	days := map[int]string{}
	for c, cell := range row.Cells {
		if columns[c] != "" {
			continue
		}
		if on, ok := read.next(cell); ok {
			days[c] = on
		}
	}
	return days
}

// days reads the days of a table one after another: what a heading leaves open, the month, the
// year, the week, comes from the title and from the day before.
type days struct {
	now         time.Time
	year, month int       // of the title; 0 = it does not say
	first       time.Time // of the title; zero: it does not say
	last        time.Time
}

var (
	yearMonth  = regexp.MustCompile(`(20\d\d)\s*(?:年|-|/|\.)\s*(\d{1,2})\s*(?:月|\b)`)
	onlyMonth  = regexp.MustCompile(`(?:^|[^\d])(\d{1,2})\s*月(?:份)?`)
	chineseOne = regexp.MustCompile(`([一二三四五六七八九十]{1,2})月`)
	firstDay   = regexp.MustCompile(`(?:(20\d\d)\s*[年\-/.]\s*)?(\d{1,2})\s*[月\-/.]\s*(\d{1,2})\s*日?\s*(?:至|到|-|–|—|~|～)`)
	aside      = regexp.MustCompile(`[(（\[【][^)）\]】]*[)）\]】]`)
	weekdayEnd = regexp.MustCompile(`\s*(?:周|星期|礼拜)[一二三四五六日天]$`)
	bareDay    = regexp.MustCompile(`^(\d{1,2})\s*[日号]?$`)
	monthDay   = regexp.MustCompile(`^(\d{1,2})\s*[月/.\-]\s*(\d{1,2})\s*[日号]?$`)
	wholeDay   = regexp.MustCompile(`^(20\d\d)\s*[年/.\-]\s*(\d{1,2})\s*[月/.\-]\s*(\d{1,2})\s*日?(?:\s+\d{1,2}:\d\d.*)?$`)
	weekdayOf  = regexp.MustCompile(`^(?:周|星期|礼拜)?([一二三四五六日天])$`)
)

func newDays(title string, now time.Time) *days {
	d := &days{now: now}
	title = norm.NFKC.String(title)
	if m := yearMonth.FindStringSubmatch(title); m != nil {
		d.year, d.month = atoi(m[1]), atoi(m[2])
	} else if m := onlyMonth.FindStringSubmatch(title); m != nil {
		d.month = atoi(m[1])
	} else if m := chineseOne.FindStringSubmatch(title); m != nil {
		d.month = slices.Index([]string{"一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"}, m[1]) + 1
	}
	if d.month > 12 {
		d.month = 0
	}
	if d.month > 0 && d.year == 0 {
		d.year = nearestYear(time.Month(d.month), 15, now)
	}
	if m := firstDay.FindStringSubmatch(title); m != nil {
		year := d.year
		if m[1] != "" {
			year = atoi(m[1])
		}
		if year > 0 {
			if at, ok := date(year, atoi(m[2]), atoi(m[3])); ok {
				d.first = at
			}
		}
	}
	return d
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // at most four digits
	return n
}

// nearestYear is the year in which a day is nearest to now.
func nearestYear(month time.Month, of int, now time.Time) int {
	best, least := now.Year(), time.Duration(1<<62)
	for y := now.Year() - 1; y <= now.Year()+1; y++ {
		if away := time.Date(y, month, of, 12, 0, 0, 0, now.Location()).Sub(now).Abs(); away < least {
			best, least = y, away
		}
	}
	return best
}

func date(year, month, of int) (time.Time, bool) {
	at := time.Date(year, time.Month(month), of, 0, 0, 0, 0, time.UTC)
	return at, month >= 1 && month <= 12 && of >= 1 && at.Day() == of
}

// next reads the day of a heading.
func (d *days) next(cell string) (string, bool) {
	text := strings.TrimSpace(norm.NFKC.String(cell))
	text = strings.TrimSpace(aside.ReplaceAllString(text, ""))
	if bare := weekdayEnd.ReplaceAllString(text, ""); bare != "" {
		text = strings.TrimSpace(bare)
	}
	text, _, _ = strings.Cut(text, "\n")
	var at time.Time
	ok := false
	if m := wholeDay.FindStringSubmatch(text); m != nil {
		at, ok = date(atoi(m[1]), atoi(m[2]), atoi(m[3]))
	} else if m := monthDay.FindStringSubmatch(text); m != nil {
		at, ok = d.inYear(atoi(m[1]), atoi(m[2]))
	} else if m := bareDay.FindStringSubmatch(text); m != nil {
		at, ok = d.inMonth(atoi(m[1]))
	} else if m := weekdayOf.FindStringSubmatch(text); m != nil {
		at, ok = d.inWeek(strings.Index("日一二三四五六天", m[1]) / len("日") % 7)
	}
	if ok {
		d.last = at
	}
	return at.Format(time.DateOnly), ok
}

// inYear puts 12月1日 into a year: that of the title, or the nearest for the first and then
// what follows.
func (d *days) inYear(month, of int) (time.Time, bool) {
	year := d.year
	switch {
	case !d.last.IsZero():
		year = d.last.Year()
		if int(d.last.Month())-month > 6 {
			year++
		}
	case year == 0:
		year = nearestYear(time.Month(month), of, d.now)
	case d.month-month > 6:
		year++
	}
	return date(year, month, of)
}

// inMonth puts the 1st … 31st into a month: that of the title, and the next one when the days
// begin anew.
func (d *days) inMonth(of int) (time.Time, bool) {
	year, month := d.year, d.month
	switch {
	case !d.last.IsZero():
		year, month = d.last.Year(), int(d.last.Month())
		if of < d.last.Day() {
			year, month = next(year, month)
		}
	case !d.first.IsZero() && d.first.Day() == of:
		return d.first, true
	case year == 0 || month == 0:
		return time.Time{}, false
	}
	return date(year, month, of)
}

func next(year, month int) (int, int) {
	if month == 12 {
		return year + 1, 1
	}
	return year, month + 1
}

// inWeek puts a weekday into the week of the title, or the one that comes next.
func (d *days) inWeek(weekday int) (time.Time, bool) {
	from := d.first
	switch {
	case !d.last.IsZero():
		from = d.last.AddDate(0, 0, 1)
	case from.IsZero():
		today, _ := date(d.now.Year(), int(d.now.Month()), d.now.Day())
		from = today.AddDate(0, 0, -(int(today.Weekday())+6)%7) // the Monday of this week
	}
	for i := range 7 {
		if at := from.AddDate(0, 0, i); int(at.Weekday()) == weekday {
			return at, true
		}
	}
	return time.Time{}, false
}

// NewPlan reads the sheets of a file for a unit, as of an instant in its zone.
func NewPlan(tx *store.Tx, unit string, sheets []sheet.Sheet, now time.Time, letters Letters) (*Plan, error) {
	p := &Plan{letters: letters, now: now, byStaff: map[string]int64{}, byName: map[string]int64{}, names: map[int64]string{}, staff: map[int64]string{}, seen: map[int64]int{}}
	people, err := roster.Roster(tx, unit)
	if err != nil {
		return nil, err
	}
	for _, m := range people {
		name := roster.Skeleton(m.Name)
		_, twice := p.byName[name]
		p.byStaff[roster.StaffKey(m.Staff)], p.byName[name], p.names[m.ID], p.staff[m.ID] = m.ID, m.ID, m.Name, m.Staff
		if twice {
			p.byName[name] = 0
		}
	}
	for _, s := range sheets {
		if p.sheet = ""; len(sheets) > 1 {
			p.sheet = s.Name
		}
		l, ok := findLayout(s, now)
		switch {
		case !ok:
			p.note(0, "sheet", s.Name)
		case l.month:
			p.fault(0, "month", "")
		case p.namesShifts(l):
			p.under(l)
		case len(l.across) > 0:
			p.down(l)
		default:
			p.across(l)
		}
	}
	p.spread()
	return p, nil
}

func (p *Plan) fault(row int, key, value string) {
	p.Bad = append(p.Bad, Fault{p.sheet, row, key, chat.CleanName(value), strings.Join(p.letters.sorted(), "、")})
}

func (p *Plan) note(row int, key, value string) {
	p.Notes = append(p.Notes, Fault{p.sheet, row, key, chat.CleanName(value), strings.Join(p.letters.sorted(), "、")})
}

// count is how many have shifts by the file.
func (p *Plan) count() int {
	ids := map[int64]bool{}
	for _, r := range p.found {
		ids[r.Member] = true
	}
	return len(ids)
}

// across reads a table with people down: a column a day, or a pattern for each.
func (p *Plan) across(l layout) {
	clear(p.seen)
	order := make([]int, 0, len(l.days))
	for c := range l.days {
		order = append(order, c)
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(l.days[a], l.days[b]) })
	for _, row := range l.rows {
		cell := map[string]string{}
		shifts, filled := 0, 0
		for c, text := range row.Cells {
			if c >= len(l.columns) {
				continue
			}
			if l.columns[c] != "" && cell[l.columns[c]] == "" {
				cell[l.columns[c]] = text
			}
			if l.days[c] != "" && text != "" {
				filled++
				if _, ok := p.shifts(text); ok {
					shifts++
				}
			}
		}
		staff, name := cell["staff"], cell["name"]
		if _, known := p.known(staff, name); !known && (isAside(name+staff) || len(l.days) >= minNamedDays && shifts == 0 && cell["pattern"] == "") {
			if text := strings.TrimSpace(strings.Join(row.Cells, " ")); text != "" && !isWeekdays(row.Cells) {
				p.note(row.Number, "aside", text)
			}
			continue
		}
		who, ok := p.who(row.Number, staff, name)
		if !ok {
			continue
		}
		if len(l.days) < minNamedDays {
			if starts, pattern, ok := p.pattern(row.Number, cell["starts_on"], cell["pattern"]); ok {
				p.found = append(p.found, rotation{Member: who, StartsOn: starts, Pattern: pattern})
			}
			continue
		}
		for _, c := range order {
			if c < len(row.Cells) && row.Cells[c] != "" {
				p.day(row.Number, who, l.days[c], row.Cells[c])
			}
		}
		if filled == 0 {
			p.note(row.Number, "no_shifts", p.names[who])
		}
	}
}

// namesShifts tells whether the rows of a table are shifts, and names stand under the days.
func (p *Plan) namesShifts(l layout) bool {
	if len(l.days) < minNamedDays {
		return false
	}
	shifts, all := 0, 0
	for _, row := range l.rows {
		if first := firstCell(row.Cells, l); first != "" && !isAside(strings.TrimSuffix(first, "班")) {
			all++
			if s, ok := p.shifts(first); ok && len(s) == 1 {
				shifts++
			}
		}
	}
	return shifts > 0 && shifts*2 > all
}

// firstCell is the first cell of a row that is no day.
func firstCell(cells []string, l layout) string {
	for c, cell := range cells {
		if l.days[c] == "" && strings.TrimSpace(cell) != "" {
			return strings.TrimSpace(cell)
		}
	}
	return ""
}

// under reads a table with shifts down, a column a day, and names in the cells.
func (p *Plan) under(l layout) {
	for _, row := range l.rows {
		first := firstCell(row.Cells, l)
		shifts, ok := p.shifts(first)
		if !ok || len(shifts) != 1 {
			if text := strings.TrimSpace(strings.Join(row.Cells, " ")); text != "" && !isWeekdays(row.Cells) {
				p.note(row.Number, "aside", text)
			}
			continue
		}
		for c, text := range row.Cells {
			if on := l.days[c]; on != "" {
				p.people(row.Number, on, shifts[0], text)
			}
		}
	}
}

// people enters a shift for those whose names stand in a cell.
func (p *Plan) people(row int, on, shift, text string) {
	for _, name := range p.several(text) {
		switch id, ok := p.known("", name); {
		case name == "" || name == "-" || name == "/":
		case ok && id != 0:
			p.put(id, on, shift)
		case ok:
			p.fault(row, "several", name)
		default:
			p.fault(row, "nobody", name)
		}
	}
}

// down reads a table with days down: names under shifts, or shifts under names.
func (p *Plan) down(l layout) {
	dateColumn := slices.Index(l.columns, "date")
	people := map[int]int64{}
	shiftOf := map[int]string{}
	for c, head := range l.across {
		if shifts, ok := p.shifts(head); ok && len(shifts) == 1 {
			shiftOf[c] = shifts[0]
		} else if id, ok := p.known("", head); ok && id != 0 {
			people[c] = id
		} else {
			p.note(0, "column", head)
		}
	}
	read := newDays(l.title, p.now)
	for _, row := range l.rows {
		if dateColumn >= len(row.Cells) || row.Cells[dateColumn] == "" {
			continue
		}
		on, ok := read.next(row.Cells[dateColumn])
		if !ok {
			p.note(row.Number, "aside", strings.Join(row.Cells, " "))
			continue
		}
		for c, text := range row.Cells {
			if text == "" {
				continue
			}
			if id := people[c]; id != 0 {
				p.day(row.Number, id, on, text)
			}
			if shift := shiftOf[c]; shift != "" {
				p.people(row.Number, on, shift, text)
			}
		}
	}
}

// several are the people in a cell: 甲一、乙二, or on lines; a name with a blank is one.
func (p *Plan) several(text string) []string {
	var names []string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("、,，;；/\n+", r) }) {
		part = strings.TrimSpace(part)
		if _, known := p.known("", part); known || !strings.ContainsFunc(part, unicode.IsSpace) {
			names = append(names, part)
		} else {
			names = append(names, strings.Fields(part)...)
		}
	}
	return names
}

// shifts are the shifts that a cell names: 早, 早班, 大夜, 早/中; false when one is unknown.
func (p *Plan) shifts(text string) ([]string, bool) {
	if name := p.letters.byHours(text); name != "" {
		return []string{name}, true
	}
	pattern, err := p.letters.ReadPattern(strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "+", " "))
	if err != nil || pattern == "" {
		return nil, false
	}
	return shiftsOf(pattern), true
}

// day enters what a cell says; one that names no shift, or several, is told.
func (p *Plan) day(row int, who int64, on, text string) {
	shifts, ok := p.shifts(text)
	switch {
	case !ok:
		p.note(row, "unknown", p.names[who]+" "+on+" "+text)
	case len(shifts) > 1:
		p.note(row, "two", p.names[who]+" "+on+" "+text)
	default:
		if isOff(text) {
			p.note(row, "off", p.names[who]+" "+on+" "+text)
		}
		p.put(who, on, shifts[0])
	}
}

// isOff tells of a word for a day off that is not the name of the shift.
func isOff(text string) bool {
	return slices.ContainsFunc(off, func(w string) bool { return strings.Contains(text, w) && w != "休息" })
}

func (p *Plan) put(who int64, on, shift string) {
	p.Days = append(p.Days, Day{p.names[who], p.staff[who], on, shift})
}

// spread makes rotations of the days, one for each stretch of a person.
func (p *Plan) spread() {
	byStaff := map[string]int64{}
	for id, staff := range p.staff {
		byStaff[staff] = id
	}
	by := map[int64]map[string]string{}
	var order []int64
	for _, d := range p.Days {
		id := byStaff[d.Staff]
		if by[id] == nil {
			by[id] = map[string]string{}
			order = append(order, id)
		}
		by[id][d.Day] = d.Shift
	}
	for _, id := range order {
		var all []string
		for on := range by[id] {
			all = append(all, on)
		}
		slices.Sort(all)
		for from := 0; from < len(all); {
			first, _ := time.Parse(time.DateOnly, all[from])
			shifts := []string{by[id][all[from]]}
			to := from + 1
			for to < len(all) && len(shifts) < longest {
				at, _ := time.Parse(time.DateOnly, all[to])
				gap := int(at.Sub(first)/(24*time.Hour)) - len(shifts)
				if gap > minDays { // a hole: a stretch of its own
					break
				}
				for range gap {
					shifts = append(shifts, unknown)
				}
				shifts = append(shifts, by[id][all[to]])
				to++
			}
			last := first.AddDate(0, 0, len(shifts)-1)
			p.found = append(p.found, rotation{Member: id, Pattern: joined(shifts), StartsOn: all[from], EndsOn: last.Format(time.DateOnly)})
			from = to
		}
	}
}

// known finds somebody on the roster: 0 when the name is that of several.
func (p *Plan) known(staff, name string) (id int64, ok bool) {
	if staff != "" {
		id, ok = p.byStaff[roster.StaffKey(staff)]
		return id, ok
	}
	id, ok = p.byName[roster.Skeleton(name)]
	return id, ok && name != ""
}

// who is the member of a row.
func (p *Plan) who(row int, staff, name string) (int64, bool) {
	id, known := p.known(staff, name)
	switch {
	case !known:
		p.fault(row, "nobody", strings.TrimSpace(staff+" "+name))
	case staff != "" && name != "" && roster.Skeleton(name) != roster.Skeleton(p.names[id]):
		p.fault(row, "other", staff+" "+p.names[id])
	case id == 0:
		p.fault(row, "several", name)
	case p.seen[id] > 0:
		p.fault(row, "twice", strconv.Itoa(p.seen[id]))
	default:
		p.seen[id] = row
		return id, true
	}
	return 0, false
}

// asides begin rows that are no person's.
var asides = regexp.MustCompile(`^(?:备注|说明|注[:：]|注$|制表|审核|审批|合计|总计|小计|星期|周|日期|早班|中班|夜班|白班|班次|值班电话|负责人|※|\*)`)

func isAside(text string) bool { return asides.MatchString(strings.TrimSpace(text)) }

// isWeekdays tells of the row of weekdays under the days.
func isWeekdays(cells []string) bool {
	n := 0
	for _, c := range cells {
		if weekdayOf.MatchString(strings.TrimSpace(c)) {
			n++
		}
	}
	return n >= minDays
}

// pattern reads a first day and the pattern that begins on it.
func (p *Plan) pattern(row int, from, text string) (startsOn, pattern string, ok bool) {
	at, ok := command.Day(from, p.now)
	if !ok {
		p.fault(row, "starts_on", from)
		return "", "", false
	}
	pattern, err := p.letters.ReadPattern(text)
	var bad badLetter
	switch {
	case errors.As(err, &bad):
		p.fault(row, "letter", string(bad))
	case err != nil:
		p.fault(row, "long", strconv.Itoa(longest))
	case pattern == "":
		p.fault(row, "empty", "")
	}
	return at.Format(time.DateOnly), pattern, err == nil && pattern != ""
}

// Take enters the shifts of the plan; by is the member who does it, 0 the program's command.
func (p *Plan) Take(tx *store.Tx, by int64) error {
	for _, r := range p.found {
		if err := r.save(tx, by); err != nil {
			return err
		}
	}
	return nil
}
