package content

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"branchbot/content/sheet"
	"branchbot/content/strict"
)

// columns maps the headings that question tables have.
var columns = map[string]string{
	"题型": "type", "类型": "type", "type": "type", "题干": "ask", "题目": "ask", "问题": "ask", "ask": "ask", "question": "ask",
	"答案": "answer", "正确答案": "answer", "answer": "answer", "解析": "explain", "explain": "explain",
	"出处": "source", "来源": "source", "source": "source", "编号": "id", "id": "id", "标签": "tags", "tags": "tags",
	"选项": "options", "options": "options",
}

var optionColumn = regexp.MustCompile(`^(?:选项|option\s*)?([A-Ja-j])$`)

var tableTypes = map[string]Type{"单选": Single, "单选题": Single, "多选": Multiple, "多选题": Multiple, "判断": TrueFalse,
	"判断题": TrueFalse, "填空": Blank, "填空题": Blank, "数字": Number, "数字题": Number, "排序": Order, "排序题": Order}

// ParseCSV reads a table of questions; its first row names the columns.
func ParseCSV(file string, data []byte) ([]*Question, error) { return parseTable(file, "x.csv", data) }

// ParseXLSX reads the first visible sheet of a workbook, likewise.
func ParseXLSX(file string, data []byte) ([]*Question, error) {
	return parseTable(file, "x.xlsx", data)
}

func parseTable(file, format string, data []byte) ([]*Question, error) {
	rows, err := sheet.Read(format, data)
	if err != nil {
		return nil, &strict.Error{File: file, Problem: err.Error()}
	}
	if len(rows) == 0 {
		return nil, &strict.Error{File: file, Problem: "the table is empty"}
	}
	heads := make([]string, len(rows[0].Cells))
	for i, h := range rows[0].Cells {
		h = strings.ToLower(h)
		if m := optionColumn.FindStringSubmatch(h); m != nil {
			heads[i] = "option"
		} else {
			heads[i] = columns[h]
		}
	}
	if joined := strings.Join(heads, " "); !strings.Contains(joined, "ask") || !strings.Contains(joined, "answer") {
		return nil, &strict.Error{File: file, Line: rows[0].Number, Problem: "the first row must name the columns, at least 题干 and 答案"}
	}
	var out []*Question
	var errs []error
	for _, row := range rows[1:] {
		q := tableQuestion(heads, row.Cells)
		q.At = Position{file, row.Number}
		if err := Check(q); err != nil {
			errs = append(errs, &strict.Error{File: file, Line: row.Number, Problem: fmt.Sprintf("question %q: %v", brief(q.Ask), err)})
			continue
		}
		if q.ID == "" {
			q.ID = "q-" + q.Hash()[:10]
		}
		out = append(out, q)
	}
	return out, errors.Join(errs...)
}

func tableQuestion(heads, cells []string) *Question {
	q := &Question{}
	for i, c := range cells {
		if i >= len(heads) || c == "" {
			continue
		}
		switch heads[i] {
		case "id":
			q.ID = c
		case "type":
			if q.Type = tableTypes[c]; q.Type == "" {
				q.Type = Type(strings.ToLower(c))
			}
		case "ask":
			q.Ask = c
		case "option":
			q.Options = append(q.Options, c)
		case "options":
			q.Options = splitList(c)
		case "answer":
			q.Answer = c
		case "explain":
			q.Explain = c
		case "source":
			q.Source = c
		case "tags":
			q.Tags = splitList(c)
		}
	}
	if q.Type == "" {
		q.Type = guess(q)
	}
	if q.Type == Blank {
		q.Accept = splitList(q.Answer)
	}
	return q
}

func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("|｜;；\n", r) })
}
