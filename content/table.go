package content

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"branchbot/content/sheet"
	"branchbot/content/strict"
)

// columns maps the headings that question tables have, folded, to fields; "-"
// are those that may stand there and are not read.
var columns = map[string]string{
	"题型": "type", "类型": "type", "type": "type",
	"题干": "ask", "题目": "ask", "问题": "ask", "试题": "ask", "ask": "ask", "question": "ask",
	"答案": "answer", "正确答案": "answer", "参考答案": "answer", "answer": "answer",
	"解析": "explain", "答案解析": "explain", "explain": "explain",
	"出处": "source", "来源": "source", "依据": "source", "source": "source",
	"编号": "id", "id": "id",
	"标签": "tags", "tags": "tags",
	"选项": "options", "options": "options",
	"序号": "-", "no": "-", "no.": "-", "难度": "-", "分值": "-", "分数": "-",
}

// optionColumn is folded, so its letter is small: 选项A, A, option A.
var optionColumn = regexp.MustCompile(`^(?:选项|option)?\s*([a-j])$`)

// ParseCSV reads a table of questions; its first row names the columns. Good
// questions are returned even when others are bad.
func ParseCSV(file string, data []byte) ([]*Question, error) {
	rows, err := sheet.ReadCSV(data)
	return parseTable(file, "csv", rows, err)
}

// ParseXLSX reads the first visible sheet of a workbook, likewise.
func ParseXLSX(file string, data []byte) ([]*Question, error) {
	table, err := sheet.ReadXLSX(data)
	return parseTable(file, "xlsx", table.Rows, err)
}

func parseTable(file, format string, rows []sheet.Row, err error) ([]*Question, error) {
	var fault *sheet.Error
	switch {
	case errors.As(err, &fault):
		return nil, &strict.Error{File: file, Line: fault.Row, Problem: fault.Problem, Hint: fault.Hint}
	case err != nil:
		return nil, &strict.Error{File: file, Problem: err.Error()}
	case len(rows) == 0:
		return nil, &strict.Error{File: file, Problem: "the table is empty"}
	}
	fields, err := headings(file, rows[0])
	if err != nil {
		return nil, err
	}
	var questions []*Question
	var errs []error
	for _, row := range rows[1:] {
		q, faults := tableQuestion(fields, row.Cells)
		q.At = Position{file, row.Number}
		complete(q)
		if faults = append(faults, check(q)...); len(faults) > 0 {
			errs = append(errs, bankErrors(file, q, faults, func(string) int { return row.Number })...)
			continue
		}
		q.nameAfterContent(format)
		questions = append(questions, q)
	}
	return questions, errors.Join(errs...)
}

// headings reads the first row into the field of each column. An unknown one
// is an error: a slip there would lose a column in silence.
func headings(file string, row sheet.Row) ([]string, error) {
	var errs []error
	fail := func(hint, format string, args ...any) {
		errs = append(errs, &strict.Error{File: file, Line: row.Number, Problem: fmt.Sprintf(format, args...), Hint: hint})
	}
	fields := make([]string, len(row.Cells))
	for i, cell := range row.Cells {
		name := fold(cell)
		field, known := columns[name]
		if m := optionColumn.FindStringSubmatch(name); m != nil {
			field, known = "option "+m[1], true
		}
		switch {
		case name == "":
		case !known:
			fail("delete it, or head it with one of 编号, 题型, 题干, 选项A, 选项B, 答案, 解析, 出处, 标签", "column %d: %q is no heading", i+1, cell)
		case field != "-" && slices.Contains(fields[:i], field):
			fail("delete one", "column %d: %q repeats a column before it", i+1, cell)
		default:
			fields[i] = field
		}
	}
	clear := len(errs) == 0 // or else a heading that was not understood may be the one
	for _, need := range [][2]string{{"ask", "题干"}, {"answer", "答案"}} {
		if clear && !slices.Contains(fields, need[0]) {
			fail("the first row names the columns", "there is no column %s", need[1])
		}
	}
	return fields, errors.Join(errs...)
}

func tableQuestion(fields, cells []string) (*Question, []fault) {
	q := &Question{}
	var faults []fault
	for i, c := range cells {
		switch {
		case c == "":
			continue
		case i >= len(fields) || fields[i] == "":
			faults = append(faults, fault{"", fmt.Sprintf("column %d has no heading", i+1), "name it in the first row"})
			continue
		}
		switch field := fields[i]; field {
		case "id":
			q.ID = strings.ToLower(norm.NFKC.String(c))
		case "type":
			q.Type = typeOf(c)
		case "ask":
			q.Ask = c
		case "options":
			q.Options = splitList(c)
		case "answer":
			q.Answer = c
		case "explain":
			q.Explain = c
		case "source":
			q.Source = c
		case "tags":
			for _, t := range splitList(strings.NewReplacer(",", ";", "，", ";", "、", ";").Replace(c)) {
				q.Tags = append(q.Tags, tagged(t))
			}
		default:
			if letter, ok := strings.CutPrefix(field, "option "); ok {
				index := int(letter[0] - 'a')
				for len(q.Options) <= index { // a gap stays, for check to complain of
					q.Options = append(q.Options, "")
				}
				q.Options[index] = c
			}
		}
	}
	return q, faults
}
