package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"branchbot/bot/chat"
	"branchbot/content/sheet"
)

// Table is a roster file as it was read, before anything is asked of the database.
type Table struct {
	Name  string      `json:"name"`
	Rows  []sheet.Row `json:"rows"` // the first has the headings
	Other []string    `json:"other,omitempty"`
	// Identity are the headings of identity numbers, which were left out.
	Identity []string `json:"identity,omitempty"`
	// Whole says that what is empty of somebody known is to be emptied: it is a
	// form that showed all of it. In a file it stays as it is.
	Whole bool `json:"whole,omitempty"`
}

// ReadTable reads a file with a roster: all sheets with the same headings, from the row that
// has them. Identity numbers are left out here: they are never kept.
func ReadTable(name string, data []byte) (Table, error) {
	book, err := sheet.ReadBook(name, data)
	t := Table{Name: chat.CleanName(name)}
	for _, s := range book.Sheets {
		at := headRow(s.Rows)
		switch {
		case at < 0 && len(t.Rows) == 0 && len(book.Sheets) == 1: // which says what it lacks
			t.Rows = s.Rows
		case at < 0:
			t.Other = append(t.Other, s.Name)
		case len(t.Rows) == 0:
			t.Rows = slices.Clone(s.Rows[at:])
		case sameHeads(t.Rows[0], s.Rows[at]):
			t.Rows = append(t.Rows, s.Rows[at+1:]...)
		default:
			t.Other = append(t.Other, s.Name)
		}
	}
	if len(t.Rows) == 0 && len(book.Sheets) > 0 {
		t.Rows, t.Other = book.Sheets[0].Rows, nil
	}
	t.dropIdentity()
	return t, err
}

// headRows is how many rows are looked at for the headings.
const headRows = 10

// IsRoster tells whether a sheet names the columns of a roster.
func IsRoster(rows []sheet.Row) bool { return headRow(rows) >= 0 }

// headRow is the row with the headings, -1 when there is none: a name, and something else that
// a roster has.
func headRow(rows []sheet.Row) int {
	for i, r := range rows[:min(len(rows), headRows)] {
		name, others := false, 0
		for _, cell := range r.Cells {
			head := headOf(cell)
			switch {
			case slices.Contains(headings["name"], head):
				name = true
			case slices.ContainsFunc(Meanings, func(m string) bool { return slices.Contains(headings[m], head) }),
				mayBeStaff.MatchString(head), likeStatus.MatchString(head), mayBeUnit.MatchString(head), mayBeStatus.MatchString(head), head == "序号", head == "性别":
				others++
			}
		}
		if name && others > 0 {
			return i
		}
	}
	return -1
}

func sameHeads(a, b sheet.Row) bool {
	if len(a.Cells) != len(b.Cells) {
		return false
	}
	for i := range a.Cells {
		if headOf(a.Cells[i]) != headOf(b.Cells[i]) {
			return false
		}
	}
	return true
}

// identity are the headings of identity numbers.
var identity = regexp.MustCompile(`身份证|证件号|公民身份|护照|idcard|identity`)

// dropIdentity empties the cells of identity numbers.
func (t *Table) dropIdentity() {
	if len(t.Rows) == 0 {
		return
	}
	for i, cell := range t.Rows[0].Cells {
		if !identity.MatchString(headOf(cell)) {
			continue
		}
		t.Identity = append(t.Identity, chat.CleanName(cell))
		for _, r := range t.Rows[1:] {
			if i < len(r.Cells) {
				r.Cells[i] = ""
			}
		}
	}
}

// Meanings are what a column can be told to be; the last one is not read.
var Meanings = []string{"staff", "name", "unit", "status", "joined_on", "roles", "phone", NotRead}

// NotRead is the meaning of a column that is left out.
const NotRead = "none"

// headings are what columns are certainly called, as headOf writes it; of two
// columns with one meaning the earlier heading counts. Our exports have the
// first one of each, in Chinese or English.
var headings = map[string][]string{
	"staff": {"工号", "员工号", "职工号", "员工工号", "职工工号", "员工编号", "职工编号", "人员编号", "学号", "staff", "staffnumber", "staffno", "employeenumber", "employeeno"},
	"name":  {"姓名", "员工姓名", "职工姓名", "党员姓名", "人员姓名", "名字", "name", "fullname"},
	"unit": {"组织", "党小组", "所在党小组", "所属党小组", "支部", "党支部", "所在党支部", "所属党支部", "所在支部", "所属支部", "党支部名称", "支部名称",
		"党组织", "所在党组织", "所属党组织", "党组织名称", "unit"},
	"status": {"状态", "政治面貌", "status"},
	"joined_on": {"入党日期", "入党时间", "加入党组织日期", "加入党组织时间", "加入中共组织日期", "加入中共组织时间", "加入中国共产党日期",
		"加入中国共产党时间", "入党年月", "加入党组织年月", "joinedon"},
	"roles": {"党内职务", "职务", "角色", "党务职务", "roles", "role"},
	"phone": {"电话", "手机", "手机号", "手机号码", "联系电话", "联系方式", "电话号码", "移动电话", "联系手机", "phone", "mobile", "telephone"},
}

// Headings that may mean the status, the unit or the staff number. What the cells
// hold decides, or else whoever imports the file.
var (
	mayBeStatus = regexp.MustCompile(`类别|类型|面貌|身份|状态|党员|党籍|阶段|政治|kind|type|class|member`)
	likeStatus  = regexp.MustCompile(`^(人员|政治)?(类别|身份|面貌)$|^人员类型$|党员|党籍|政治|培养阶段|发展阶段`) // though no cell says it in our words
	mayBeUnit   = regexp.MustCompile(`部门|单位|组织|支部|小组|组别|车间|班组|科室|department|branch|group`)
	mayBeStaff  = regexp.MustCompile(`编号|编码|代码|代号|号码|号$|id$|no$|number`)
	neverStaff  = regexp.MustCompile(`序号|行号|顺序|排序|电话|手机|身份证|证件|账号|帐号|卡号|门牌|房|邮|传真|党费|学历|型号|phone|mobile|card`)
)

// likeUnit are headings of units, though some cells name none that we know.
var likeUnit = regexp.MustCompile(`党组织|支部|小组$|^组别$`)

// bracketed is what stands in brackets in a heading: 工号（必填）.
var bracketed = regexp.MustCompile(`\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】`)

// headOf is a heading as headings has it: without case, blanks, stars and what
// stands in brackets.
func headOf(cell string) string {
	s := strings.ToLower(norm.NFKC.String(chat.Clean(cell)))
	s = bracketed.ReplaceAllString(s, "")
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("*_:.。、", r) {
			return -1
		}
		return r
	}, s)
}

// Column is a column of a file.
type Column struct {
	Index   int // from 0
	Head    string
	Meaning string   // a key of headings, or NotRead
	May     []string // what it may mean: somebody has to tell
	Samples []string // some of its cells, when they have to
	Running bool     // its cells count 1, 2, 3 …
	Twin    string   // the heading of the column that has the meaning which it could have had
}

// Letter is how spreadsheets call the column.
func (c *Column) Letter() string {
	if c.Index < 26 {
		return string(rune('A' + c.Index))
	}
	return string(rune('A'+c.Index/26-1)) + string(rune('A'+c.Index%26))
}

// samples is how many cells of a column are shown with a question about it.
const samples = 3

// columnsOf finds out what the columns of a table mean; answers are what was told
// of some, by index. isUnit tells whether a cell names a unit.
func columnsOf(t *Table, answers map[int]string, isUnit func(string) bool) []Column {
	if len(t.Rows) == 0 {
		return nil
	}
	width := 0
	for _, r := range t.Rows {
		width = max(width, len(r.Cells))
	}
	columns := make([]Column, width)
	values := make([][]string, width)
	for i := range columns {
		c := Column{Index: i, Meaning: NotRead}
		if i < len(t.Rows[0].Cells) {
			c.Head = t.Rows[0].Cells[i]
		}
		for _, r := range t.Rows[1:] {
			if i < len(r.Cells) && r.Cells[i] != "" && !leftOut(r.Cells) {
				values[i] = append(values[i], r.Cells[i])
			}
		}
		c.guess(values[i], isUnit)
		if told := answers[i]; slices.Contains(Meanings, told) {
			c.Meaning, c.May = told, nil
		}
		columns[i] = c
	}
	for _, meaning := range Meanings[:len(Meanings)-1] {
		settle(columns, meaning, t.Rows[1:], answers)
	}
	for i := range columns {
		if c := &columns[i]; len(c.May) > 0 {
			for _, v := range values[i] {
				if v = chat.CleanName(v); len(c.Samples) < samples && !slices.Contains(c.Samples, v) {
					c.Samples = append(c.Samples, v)
				}
			}
		}
	}
	return columns
}

// guess says what a column means or may mean, by its heading and its cells.
func (c *Column) guess(values []string, isUnit func(string) bool) {
	head := headOf(c.Head)
	for meaning, names := range headings {
		if slices.Contains(names, head) {
			c.Meaning = meaning
			return
		}
	}
	c.Running = counts(values)
	if len(values) == 0 {
		return
	}
	statuses, units := 0, 0
	for _, v := range values {
		if StatusOf(v) != "" {
			statuses++
		}
		if isUnit(v) {
			units++
		}
	}
	switch {
	case statuses*2 > len(values) && mayBeStatus.MatchString(head): // the rest are faults of their rows
		c.Meaning = "status"
	case statuses > 0 || likeStatus.MatchString(head):
		c.May = append(c.May, "status")
	}
	switch {
	case units == len(values) && mayBeUnit.MatchString(head), units*2 > len(values) && likeUnit.MatchString(head):
		c.Meaning = "unit"
	case units > 0:
		c.May = append(c.May, "unit")
	}
	if mayBeStaff.MatchString(head) && !neverStaff.MatchString(head) && !c.Running {
		c.May = append(c.May, "staff")
	}
	if c.Meaning != NotRead {
		c.May = nil
	}
}

// counts tells whether cells are 1, 2, 3 …: the numbers of the rows, nobody's.
func counts(values []string) bool {
	for i, v := range values {
		if v != strconv.Itoa(i+1) {
			return false
		}
	}
	return len(values) > 0
}

// settle leaves one column a meaning: the one that was told, or the one with the
// surest heading. When several may be the status, the unit or the staff number and
// differ, somebody has to tell which.
func settle(columns []Column, meaning string, rows []sheet.Row, answers map[int]string) {
	var have, may []*Column
	for i := range columns {
		if c := &columns[i]; c.Meaning == meaning {
			have = append(have, c)
		} else if slices.Contains(c.May, meaning) {
			may = append(may, c)
		}
	}
	rank := func(c *Column) int {
		if answers[c.Index] == meaning {
			return -1
		}
		if at := slices.Index(headings[meaning], headOf(c.Head)); at >= 0 {
			return at
		}
		return len(headings[meaning])
	}
	slices.SortStableFunc(have, func(a, b *Column) int { return rank(a) - rank(b) })
	if len(have) > 1 && (meaning == "status" || meaning == "unit" || meaning == "staff") && answers[have[0].Index] == "" {
		for _, c := range have[1:] {
			if !alike(rows, have[0].Index, c.Index) {
				for _, c := range have {
					c.Meaning, c.May = NotRead, []string{meaning}
				}
				return
			}
		}
	}
	if len(have) == 0 {
		return
	}
	for _, c := range have[1:] {
		c.Meaning, c.Twin = NotRead, have[0].Head
	}
	for _, c := range may { // there is a column for it: this one need not be asked about
		if c.May = slices.DeleteFunc(c.May, func(m string) bool { return m == meaning }); len(c.May) == 0 {
			c.Twin = have[0].Head
		}
	}
}

// alike tells whether two columns say the same in all rows.
func alike(rows []sheet.Row, a, b int) bool {
	cell := func(r sheet.Row, i int) string {
		if i < len(r.Cells) {
			return r.Cells[i]
		}
		return ""
	}
	return !slices.ContainsFunc(rows, func(r sheet.Row) bool { return cell(r, a) != cell(r, b) })
}

// sums are what rows begin with that are no person's.
var sums = regexp.MustCompile(`(?i)^(合计|总计|小计|共计|累计|总人数|人数|制表|填表|填报|审核|审批|负责人|备注|说明|注[:：]|注$|共\d+[人名]|total|sum$|note|remark)`)

// leftOut tells whether a row is a sum or a remark under a list.
func leftOut(cells []string) bool {
	for _, c := range cells {
		if c = strings.Join(strings.Fields(norm.NFKC.String(c)), ""); c != "" {
			return sums.MatchString(c)
		}
	}
	return false
}

// ColumnAnswers reads what a user of the program's command says of columns:
// HEADING=MEANING, the heading as it stands in the file or the column's letter.
func (t *Table) ColumnAnswers(said []string) (map[int]string, error) {
	answers := map[int]string{}
	for _, s := range said {
		at := strings.LastIndex(s, "=")
		if at < 0 || !slices.Contains(Meanings, s[at+1:]) {
			return nil, fmt.Errorf("%q: write HEADING=MEANING, the meaning being one of %s", s, strings.Join(Meanings, ", "))
		}
		found := false
		for _, c := range columnsOf(t, nil, func(string) bool { return false }) {
			if head := headOf(s[:at]); head == headOf(c.Head) || strings.EqualFold(s[:at], c.Letter()) {
				answers[c.Index], found = s[at+1:], true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("%q: the file has no column %q", s, s[:at])
		}
	}
	return answers, nil
}
