package content

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"branchbot/content/charset"
	"branchbot/content/sheet"
	"branchbot/content/strict"
)

// Tables of questions as the templates of examination systems have them, or somebody made
// them: the headings stand within the first rows of a sheet, in many words; columns that we do
// not know are left out and named.

// columns maps the headings that question tables have, as heading folds them, to fields; "-"
// are those that may stand there and say nothing of the question.
var columns = map[string]string{
	"题型": "type", "类型": "type", "试题类型": "type", "题目类型": "type", "试题题型": "type", "题目题型": "type", "问题类型": "type", "type": "type", "questiontype": "type",
	"题干": "ask", "题目": "ask", "问题": "ask", "试题": "ask", "题目内容": "ask", "试题内容": "ask", "问题内容": "ask", "题干内容": "ask", "试题题干": "ask", "题目标题": "ask",
	"题目题干": "ask", "题目名称": "ask", "试题名称": "ask", "问题描述": "ask", "题目描述": "ask", "标题": "ask", "内容": "ask", "题面": "ask", "考题": "ask", "ask": "ask", "question": "ask", "stem": "ask", "title": "ask",
	"答案": "answer", "正确答案": "answer", "参考答案": "answer", "标准答案": "answer", "试题答案": "answer", "题目答案": "answer", "正确选项": "answer", "答案选项": "answer", "正确": "answer", "答": "answer",
	"answer": "answer", "answers": "answer", "correctanswer": "answer", "correct": "answer", "key": "answer",
	"解析": "explain", "答案解析": "explain", "试题解析": "explain", "题目解析": "explain", "解析说明": "explain", "答题解析": "explain", "解释": "explain", "答案说明": "explain", "说明": "explain", "分析": "explain", "试题分析": "explain", "explain": "explain", "explanation": "explain", "feedback": "explain",
	"出处": "source", "依据": "source", "法规依据": "source", "参考依据": "source", "答案依据": "source", "出题依据": "source", "source": "source", "来源": "source",
	"编号": "id", "id": "id",
	"标签": "tags", "tags": "tags", "tag": "tags", "知识点": "tags", "所属知识点": "tags", "知识点名称": "tags", "考点": "tags", "章节": "tags", "分类": "tags", "所属章节": "tags", "知识点分类": "tags", "试题分类": "tags", "题目分类": "tags", "类别": "tags", "专业": "tags", "模块": "tags",
	"选项": "options", "options": "options", "备选项": "options", "备选答案": "options", "选项内容": "options", "答案选项内容": "options", "试题选项": "options", "题目选项": "options", "可选项": "options", "全部选项": "options", "choices": "options",
	"序号": "-", "no": "-", "no.": "-", "题号": "-", "#": "-",
	"位置": "-", "原因": "-", "place": "-", "reason": "-", // of the list of what was left out
}

// optionColumn is the heading of an option's column: 选项A, A, option A, A选项, 选项1, 选项一,
// 答案A, 备选项A.
var optionColumn = regexp.MustCompile(`^(?:选项内容|备选答案|备选项|候选项|可选项|选项|选择|答案|option|choice)?([a-j]|10|[1-9]|[一二三四五六七八九十])(?:选项|项|答案)?(?:内容)?$`)

// foldHeading folds a heading: half-width, without blanks, stars, remarks in brackets.
func foldHeading(s string) string {
	s = strings.ToLower(norm.NFKC.String(charset.Visible(s)))
	s = remark.ReplaceAllString(s, "")
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("*:#_/\\、,.·-", r) && s != "#" {
			return -1
		}
		return r
	}, s)
}

var remark = regexp.MustCompile(`[(\[【{<][^)\]】}>]*[)\]】}>]`)

// fieldOf is the field of a heading: "option a" … for the columns of options.
func fieldOf(head string) (field string, known bool) {
	name := foldHeading(head)
	if field, known = columns[name]; known {
		return field, true
	}
	m := optionColumn.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	letter := m[1]
	if i := slices.Index([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, letter); i >= 0 {
		letter = string(rune('a' + i))
	} else if i := slices.Index([]string{"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"}, letter); i >= 0 {
		letter = string(rune('a' + i))
	}
	if letter == name && len(name) > 1 || name == m[1] && !strings.Contains("abcdefghij", name) {
		return "", false // a bare number
	}
	return "option " + letter, true
}

// ParseCSV reads a table of questions; its first row names the columns. Good
// questions are returned even when others are bad.
func ParseCSV(file string, data []byte) ([]*Question, error) { return parseTable(file, "csv", data) }

// ParseXLSX reads the sheets of a workbook, likewise.
func ParseXLSX(file string, data []byte) ([]*Question, error) { return parseTable(file, "xlsx", data) }

func parseTable(file, format string, data []byte) ([]*Question, error) {
	book, err := sheet.ReadBook(file, data)
	var fault *sheet.Error
	switch {
	case errors.As(err, &fault):
		return nil, &strict.Error{File: file, Line: fault.Row, Problem: fault.Problem, Hint: fault.Hint}
	case err != nil:
		return nil, &strict.Error{File: file, Problem: err.Error()}
	case len(book.Sheets) == 0:
		return nil, &strict.Error{File: file, Problem: "the table is empty"}
	}
	b := readTables(file, format, book.Sheets)
	return b.Questions, b.err()
}

// readTables reads the questions of all sheets.
func readTables(file, format string, sheets []sheet.Sheet) *Bank {
	bank := newBank(file, format)
	for _, s := range sheets {
		t := &table{bank: bank, sheet: s}
		if len(sheets) > 1 {
			t.name = s.Name
		}
		t.read()
	}
	if len(bank.Questions)+len(bank.Bad)+len(bank.Skipped) == 0 && len(bank.errs) == 0 {
		f := wrong("", "no_headings", "no row names the columns", "write 题干, 选项A, 选项B, 答案 into the first row")
		bank.errs = append(bank.errs, bankErrors(file, &Question{}, []fault{f}, func(string) int { return sheets[0].Rows[0].Number })...)
		bank.Bad = append(bank.Bad, Left{At: Position{File: file, Sheet: sheets[0].Name, Line: sheets[0].Rows[0].Number}, Reasons: []Reason{f.reason}, Text: strings.Join(sheets[0].Rows[0].Cells, " ")})
	}
	return bank
}

// table is a sheet being read.
type table struct {
	bank   *Bank
	sheet  sheet.Sheet
	name   string   // in places, where there are several sheets
	fields []string // of the columns
	heads  []string // what stands above them
	typed  Type     // by the name of the sheet, or a heading within it
}

// headRows is how many rows are looked at for the headings.
const headRows = 12

// HasQuestions tells whether a sheet names the columns of a question bank.
func HasQuestions(rows []sheet.Row) bool {
	t := &table{sheet: sheet.Sheet{Rows: rows}}
	return t.headings() >= 0
}

// GuessQuestions tells whether a sheet looks like a question bank without headings.
func GuessQuestions(sheets []sheet.Sheet) bool {
	return slices.ContainsFunc(sheets, func(s sheet.Sheet) bool { return (&table{sheet: s}).guess() >= 0 })
}

func (t *table) read() {
	if typed, _, ok := heading(strings.TrimSpace(t.sheet.Name)); ok {
		t.typed = typed
	}
	if t.mended() {
		return
	}
	first := t.headings()
	if first < 0 {
		if first = t.guess(); first < 0 {
			t.note("sheet_left", "Name", t.sheet.Name)
			return
		}
		first--
		t.note("guessed", "Name", t.sheet.Name, "Columns", t.guessedColumns())
		t.heads = make([]string, len(t.fields))
		for c := range t.fields {
			t.heads[c] = t.guessedName(c)
		}
	} else {
		t.noteUnread(t.sheet.Rows[first])
		t.heads = t.sheet.Rows[first].Cells
	}
	t.bank.columns = t.heads
	for i := first + 1; i < len(t.sheet.Rows); i++ {
		t.bank.cells = t.sheet.Rows[i].Cells
		t.row(&t.sheet.Rows[i])
	}
	t.bank.columns, t.bank.cells = nil, nil
}

// mended reads the list of what was left out of a text, after somebody has mended it: each
// row has a question as it was written in one cell. It returns false for other tables.
func (t *table) mended() bool {
	column := slices.IndexFunc(t.sheet.Rows[0].Cells, func(cell string) bool { return mendedColumns[foldHeading(cell)] })
	if t.headings() >= 0 || column < 0 {
		return false
	}
	for i := range t.sheet.Rows[1:] {
		row := &t.sheet.Rows[i+1]
		text := row.Shown(column)
		if strings.TrimSpace(text) == "" {
			continue
		}
		one := readText(t.bank.file, text)
		for _, q := range one.Questions {
			q.At = t.place(row)
			t.bank.add(q, nil, text, func(string) int { return row.Number })
		}
		for _, left := range slices.Concat(one.Bad, one.Skipped) {
			left.At = t.place(row)
			if slices.ContainsFunc(left.Reasons, func(r Reason) bool { return r.Key == "essay" || r.Key == "duplicate" }) {
				t.bank.Skipped = append(t.bank.Skipped, left)
			} else {
				t.bank.Bad = append(t.bank.Bad, left)
			}
		}
	}
	return true
}

// mendedColumns are the headings of that cell, as import.column.text of the catalogue has it.
var mendedColumns = map[string]bool{"原文": true, "originaltext": true}

func (t *table) note(key string, args ...any) {
	t.bank.Notes = append(t.bank.Notes, Reason{key, args})
}

// headings finds the row that names the columns, -1 when none does.
func (t *table) headings() int {
	for i, row := range t.sheet.Rows[:min(len(t.sheet.Rows), headRows)] {
		fields := make([]string, len(row.Cells))
		ask, answer := false, false
		for c, cell := range row.Cells {
			field, known := fieldOf(cell)
			if !known || field != "-" && slices.Contains(fields[:c], field) {
				continue
			}
			fields[c] = field
			ask, answer = ask || field == "ask", answer || field == "answer"
		}
		if ask && answer {
			t.fields = fields
			return i
		}
	}
	return -1
}

// noteUnread names the columns that are not read.
func (t *table) noteUnread(head sheet.Row) {
	var names []string
	for c, cell := range head.Cells {
		if t.fields[c] == "" && strings.TrimSpace(cell) != "" {
			names = append(names, strings.Join(strings.Fields(cell), " "))
		}
	}
	if len(names) > 0 {
		t.note("columns_left", "Names", strings.Join(names, "、"))
	}
}

// guessedColumns are the letters of the columns that were guessed: B 题干, C 选项A, F 答案.
func (t *table) guessedColumns() string {
	var parts []string
	for c := range t.fields {
		if name := t.guessedName(c); name != "" {
			parts = append(parts, sheet.ColumnName(c)+" "+name)
		}
	}
	return strings.Join(parts, "、")
}

// guessedName is what a column would have been called.
func (t *table) guessedName(c int) string {
	if letter, ok := strings.CutPrefix(t.fields[c], "option "); ok {
		return "选项" + strings.ToUpper(letter)
	}
	return map[string]string{"ask": "题干", "answer": "答案", "type": "题型"}[t.fields[c]]
}

// guess finds out what the columns of a table are that does not say so: a long text, options
// behind it, an answer of letters or a sign. It returns the first row; -1 when it is no table
// of questions.
func (t *table) guess() int {
	rows := t.sheet.Rows
	width := 0
	for _, r := range rows {
		width = max(width, len(r.Cells))
	}
	if len(rows) < 1 || width < 2 {
		return -1
	}
	share := func(c int, is func(string) bool) float64 {
		n, all := 0, 0
		for _, r := range rows {
			if c < len(r.Cells) && r.Cells[c] != "" {
				all++
				if is(r.Cells[c]) {
					n++
				}
			}
		}
		if all*2 < len(rows) {
			return 0
		}
		return float64(n) / float64(all)
	}
	isType := func(s string) bool { _, _, ok := heading(s); return ok }
	isKey := func(s string) bool {
		_, truth := truthOf(s)
		return truth || onlyLetters.MatchString(norm.NFKC.String(s))
	}
	isLong := func(s string) bool { return len([]rune(s)) >= 6 && !isType(s) }
	answer, ask := -1, -1
	for c := width - 1; c >= 0; c-- {
		if answer < 0 && share(c, isKey) > 0.8 {
			answer = c
		}
	}
	for c := range width {
		if c != answer && share(c, isLong) > 0.8 && ask < 0 {
			ask = c
		}
	}
	if answer < 0 || ask < 0 || answer == ask {
		return -1
	}
	t.fields = make([]string, width)
	letter := 'a'
	for c := range width {
		switch {
		case c == ask:
			t.fields[c] = "ask"
		case c == answer:
			t.fields[c] = "answer"
		case share(c, isType) > 0.8 && !slices.Contains(t.fields, "type"):
			t.fields[c] = "type"
		case c > ask && (answer < ask || c < answer) && letter <= 'j':
			t.fields[c] = "option " + string(letter)
			letter++
		}
	}
	return 0
}

// place is where a row is.
func (t *table) place(row *sheet.Row) Position {
	return Position{File: t.bank.file, Sheet: t.name, Line: row.Number}
}

// row reads one.
func (t *table) row(row *sheet.Row) {
	if t.between(row) {
		return
	}
	q := &Question{At: t.place(row), Type: t.typed}
	for c, field := range t.fields {
		if text := cellText(row.Shown(c), field); text != "" {
			t.field(q, field, text)
		}
	}
	text := strings.Join(row.Cells, " | ")
	var faults []fault
	if q.Ask == "" {
		faults = append(faults, wrong("ask", "no_text", "missing", ""))
	}
	t.settle(q)
	if q.Type == essay {
		t.bank.skip(q, Reason{Key: "essay"}, text)
		return
	}
	if q.Answer == "" {
		faults = append(faults, wrong("answer", "no_answer", "missing", ""))
	} else if len(q.Options) == 0 && q.Type != Blank && q.Type != TrueFalse && onlyLetters.MatchString(bareAnswer(q.Answer)) {
		faults = append(faults, wrong("options", "letter_without_options", fmt.Sprintf("the answer is %s, but there are no options", q.Answer), "write the options into columns of their own", "Value", q.Answer))
	}
	if pictures := t.sheet.Pictures[row.Number]; len(pictures) > 0 && len(faults) == 0 {
		t.attach(q, pictures)
	}
	t.bank.add(q, faults, text, func(string) int { return row.Number })
}

// between tells of a row that is no question: the headings again, a heading for a type, one
// that has only a number.
func (t *table) between(row *sheet.Row) bool {
	filled, only, heads := 0, "", 0
	for c, cell := range row.Cells {
		if cell == "" {
			continue
		}
		if f, ok := fieldOf(cell); ok && c < len(t.fields) && f == t.fields[c] && (f == "ask" || f == "answer") {
			heads++
		}
		if c < len(t.fields) && t.fields[c] == "-" && digitsLine.MatchString(cell) {
			continue
		}
		filled++
		only = cell
	}
	if filled == 1 {
		if typed, _, ok := heading(only); ok {
			t.typed = typed
			return true
		}
	}
	return filled == 0 || heads == 2 || filled == 1 && (hasTitleWord(only) && titleLike(only) || instructionLine.MatchString(only))
}

// cellText is the text of a cell as a question has it: only the question and its explanation
// keep their lines.
func cellText(s, field string) string {
	s = strings.TrimSpace(charset.Visible(s))
	if !strings.Contains(s, "\n") {
		return s
	}
	if field == "options" {
		return s
	}
	out := ""
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			part := " "
			if field == "ask" || field == "explain" || field == "answer" {
				part = "\n"
			}
			out = join(out, line, part)
		}
	}
	return out
}

func (t *table) field(q *Question, field, text string) {
	switch field {
	case "id":
		if id := strings.ToLower(norm.NFKC.String(text)); idPattern.MatchString(id) && !digitsLine.MatchString(id) || t.bank.format == "csv" || t.bank.format == "xlsx" && len(id) >= 3 {
			q.ID = id // 1, 2, 3 are numbers of rows
		}
		if digitsLine.MatchString(q.ID) && len(q.ID) < 3 {
			q.ID = ""
		}
	case "type":
		if typed, _, ok := heading(text); ok {
			q.Type = typed
		} else {
			q.Type = typeOf(text)
		}
	case "ask":
		q.Ask = text
	case "options":
		q.Options = cellOptions(text)
	case "answer":
		q.Answer = text
	case "explain":
		q.Explain = text
	case "source":
		q.Source = text
	case "tags":
		q.Tags = append(q.Tags, slices.DeleteFunc(tagList(text), func(tag string) bool { return slices.Contains(q.Tags, tag) })...)
	default:
		if letter, ok := strings.CutPrefix(field, "option "); ok {
			index := int(letter[0] - 'a')
			for len(q.Options) <= index { // a gap stays, for check to complain of
				q.Options = append(q.Options, "")
			}
			q.Options[index] = text
		}
	}
}

// cellOptions reads the options in one cell: with their letters, on lines, or parted by signs.
func cellOptions(text string) []string {
	var all []option
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m, ok := optionMark(line, true); ok && int(m.letter-'A') == len(all) {
			all = append(all, options(line, 0, m)...)
		} else if len(all) > 0 && line != "" {
			all[len(all)-1].text = join(all[len(all)-1].text, line, " ")
		}
	}
	if len(all) >= 2 {
		out := make([]string, len(all))
		for i, o := range all {
			if o.letter != 'A'+rune(i) {
				out = nil
				break
			}
			out[i] = strings.Trim(o.text, " |｜;；$")
		}
		if out != nil {
			return out
		}
	}
	return unmarked(splitList(strings.NewReplacer("$;$", "\n", "@@", "\n", "$", "\n", "#", "\n").Replace(text)))
}

// unmarked takes the letters off options that all have theirs: "A.断电".
func unmarked(options []string) []string {
	out := make([]string, len(options))
	for i, o := range options {
		m, ok := optionMark(o, true)
		if !ok || m.letter != 'A'+rune(i) || m.style == "weak" && i == 0 && len(options) > 1 && !sameMark(options[1]) {
			return options
		}
		if out[i] = strings.TrimSpace(o[m.end:]); out[i] == "" {
			return options
		}
	}
	return out
}

func sameMark(second string) bool {
	m, ok := optionMark(second, true)
	return ok && m.letter == 'B' && m.style == "weak"
}

// settle brings the fields of a row into order: options within the question, their letters,
// signs of a true/false question, several gaps.
func (t *table) settle(q *Question) {
	for len(q.Options) > 0 && q.Options[len(q.Options)-1] == "" {
		q.Options = q.Options[:len(q.Options)-1]
	}
	q.Options = unmarked(q.Options)
	d := &draft{q: q, ask: []textLine{{text: q.Ask}}, lines: map[string]int{}}
	for i, o := range q.Options {
		d.options = append(d.options, option{'A' + rune(i), o, 0})
	}
	if m, ok := numbered(q.Ask); ok && m.style != "blank" {
		d.ask[0].text, q.Ask = m.rest, m.rest
	}
	if m := markBefore.FindStringSubmatch(q.Ask); m != nil {
		if typed := typeWord(m[1]); q.Type == "" && typed != "" {
			q.Type = typed
		}
		q.Ask = strings.TrimSpace(q.Ask[len(m[0]):])
		d.ask[0].text, d.looked = q.Ask, 0
	}
	if len(q.Options) == 0 && (q.Type == "" || q.Type.lettered()) {
		stem, all := stemAndOptions(q.Ask)
		if len(all) >= 2 {
			q.Ask, q.Options = stem, all
			d.ask[0].text, d.looked = stem, 0
			for i, o := range all {
				d.options = append(d.options, option{'A' + rune(i), o, 0})
			}
		}
	}
	if q.Type.lettered() || q.Type == "" || q.Type == TrueFalse {
		d.takeBrackets()
	}
	if len(q.Options) > 0 && q.Type != TrueFalse {
		if n := digitLetters(q.Answer, q.Options); n != "" {
			q.Answer = n
		}
	}
	d.readAnswer()
	if q.Type == TrueFalse && len(q.Options) == 0 {
		switch strings.TrimSpace(norm.NFKC.String(q.Answer)) {
		case "1":
			q.Answer = "true"
		case "0", "2":
			q.Answer = "false"
		}
	}
	if q.Type == TrueFalse && len(q.Options) != 2 && len(q.Options) > 0 {
		q.Options = nil
	}
	if q.Type == Blank || q.Type == "" && len(q.Options) == 0 {
		q.gaps()
	}
}

// stemAndOptions parts a cell that holds the question with its options.
func stemAndOptions(text string) (stem string, all []string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		m, ok := optionMark(line, true)
		if i > 0 && ok && m.letter == 'A' {
			if found := cellOptions(strings.Join(lines[i:], "\n")); len(found) >= 2 {
				return strings.TrimSpace(strings.Join(lines[:i], "\n")), found
			}
		}
		if at, first := stemOptions(line); at >= 0 {
			found := options(line[at:], 0, first)
			rest := strings.Join(lines[i+1:], "\n")
			all := make([]string, 0, len(found))
			for _, o := range found {
				all = append(all, o.text)
			}
			if rest != "" {
				return text, nil
			}
			return strings.TrimSpace(strings.Join(append(slices.Clone(lines[:i]), line[:at]), "\n")), all
		}
	}
	return text, nil
}

// digitLetters reads 1,3 as A and C; "" when the answer is no such list, or the text of an
// option.
func digitLetters(answer string, options []string) string {
	for _, o := range options {
		if fold(o) == fold(answer) {
			return ""
		}
	}
	letters := ""
	for _, part := range strings.FieldsFunc(norm.NFKC.String(answer), func(r rune) bool { return strings.ContainsRune(" ,、;|/", r) }) {
		if len(part) != 1 || part[0] < '1' || int(part[0]-'0') > len(options) {
			return ""
		}
		letters += string(rune('A' + part[0] - '1'))
	}
	return letters
}

// gaps makes one text of several, when each gap of a question needs its own: 绿；红.
func (q *Question) gaps() {
	n := len(gap.FindAllString(q.Ask, -1))
	parts := splitList(strings.NewReplacer("、", ";", ",", ";", "，", ";").Replace(q.Answer))
	if exact := splitList(q.Answer); len(exact) == n {
		parts = exact
	}
	if n > 1 && len(parts) == n {
		q.Type, q.Accept = Blank, []string{strings.Join(parts, "；")}
		q.Answer = q.Accept[0]
	}
}

// attach keeps the pictures of a row with its question.
func (t *table) attach(q *Question, pictures []sheet.Picture) {
	for i, p := range pictures {
		ending := p.Ending
		if _, ok := pictureTypes[ending]; !ok {
			t.note("picture_left", "Place", t.place(&sheet.Row{Number: q.At.Line}).Place())
			continue
		}
		name := fmt.Sprintf("%s-%d-%d%s", path.Base(strings.ToLower(foldName(t.name))), q.At.Line, i+1, ending)
		if t.bank.Pictures == nil {
			t.bank.Pictures = map[string][]byte{}
		}
		file := "media/" + strings.TrimLeft(name, "-")
		t.bank.Pictures[file] = p.Data
		q.Media = append(q.Media, Media{File: file, Alt: q.Ask[:min(len(q.Ask), maxAlt(q.Ask))]})
	}
}

// maxAlt is where a description is cut, at a character.
func maxAlt(s string) int {
	n := 0
	for i := range s {
		if n++; n > 60 {
			return i
		}
	}
	return len(s)
}

// foldName is the name of a sheet as part of a file's.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
