// Package imports says in words what a file of questions holds: what is left out, where it
// stands and why. The console and the program's command show the same.
package imports

import (
	"errors"
	"slices"
	"strings"

	"branchbot/bot/locale"
	"branchbot/content"
	"branchbot/content/sheet"
)

// Left is a question that is not taken in, in words.
type Left struct {
	Where   string `json:"where"`
	Why     string `json:"why"`
	Text    string `json:"text,omitempty"`    // as it stands in the file
	Skipped bool   `json:"skipped,omitempty"` // nothing is wrong with it

	// Of a table: its headings, and what stands below them.
	Columns []string `json:"columns,omitempty"`
	Cells   []string `json:"cells,omitempty"`
}

// Where is a place in a file: 第 3 行; 单选 第 5 行.
func Where(lang string, at content.Position) string {
	if at.Sheet != "" {
		return locale.Text(lang, "import.row", "Sheet", at.Sheet, "Line", at.Line)
	}
	return locale.Text(lang, "import.line", "Line", at.Line)
}

// Why is a reason in words.
func Why(lang string, r content.Reason) string {
	return locale.Text(lang, "import.why."+r.Key, r.Args...)
}

// Skipped and Bad are the questions of a bank that are not taken in.
func Skipped(lang string, b *content.Bank) []Left { return words(lang, b.Skipped, true) }

// Bad are those with faults.
func Bad(lang string, b *content.Bank) []Left { return words(lang, b.Bad, false) }

func words(lang string, list []content.Left, skipped bool) []Left {
	out := make([]Left, len(list))
	for i, l := range list {
		why := make([]string, len(l.Reasons))
		for j, r := range l.Reasons {
			why[j] = Why(lang, r)
		}
		out[i] = Left{Where(lang, l.At), strings.Join(why, locale.Text(lang, "engine.list_comma")), l.Text, skipped, l.Columns, l.Cells}
	}
	return out
}

// Notes are what else is said of a bank.
func Notes(lang string, b *content.Bank) []string {
	out := make([]string, len(b.Notes))
	for i, n := range b.Notes {
		out[i] = Why(lang, n)
	}
	return out
}

// Fault tells why a file cannot be read; false when err tells something else.
func Fault(lang string, err error) (string, bool) {
	var f *content.FileError
	var s *sheet.Error
	switch {
	case errors.As(err, &f):
		return locale.Text(lang, "import.file."+f.Reason.Key, f.Reason.Args...), true
	case errors.As(err, &s) && s.Key != "":
		return locale.Text(lang, "import.sheet."+s.Key, "Row", s.Row, "Max", s.Max), true
	}
	return "", false
}

// Sheet is the list of what was left out as a workbook, to be mended and sent again: the rows
// of a table have their columns, questions of a text stand in one cell.
func Sheet(lang string, left []Left) ([]byte, error) {
	header := []string{locale.Text(lang, "import.column.where"), locale.Text(lang, "import.column.why")}
	text := locale.Text(lang, "import.column.text")
	rows := make([][]string, len(left))
	for i, l := range left {
		if l.Columns == nil {
			l.Columns, l.Cells = []string{text}, []string{l.Text}
		}
		rows[i] = append(make([]string, 0, len(header)), l.Where, l.Why)
		for c, cell := range l.Cells {
			if c >= len(l.Columns) || l.Columns[c] == "" {
				continue
			}
			at := slices.Index(header[2:], l.Columns[c]) + 2
			if at < 2 {
				at = len(header)
				header = append(header, l.Columns[c])
			}
			for len(rows[i]) <= at {
				rows[i] = append(rows[i], "")
			}
			rows[i][at] = cell
		}
	}
	return sheet.WriteXLSX(locale.Text(lang, "import.left"), header, rows)
}

// Template is an empty table of questions with examples, which reads back.
func Template(lang string) ([]byte, error) {
	var rows [][]string
	for line := range strings.SplitSeq(locale.Text(lang, "import.examples"), "\n") {
		rows = append(rows, strings.Split(line, "|"))
	}
	return sheet.WriteXLSX(locale.Text(lang, "import.template"), rows[0], rows[1:])
}
