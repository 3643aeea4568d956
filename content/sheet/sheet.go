// Package sheet reads and writes tables as people exchange them: .xlsx and
// .csv. Everything is text: a staff number keeps its zeros, a formula is never
// evaluated or produced. Files come from outside, so limits hold before
// anything is unpacked.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Limits of what is read, against files made to fill a machine.
const (
	maxFile     = 5 << 20
	maxUnpacked = 50 << 20
	maxRatio    = 100 // unpacked to packed size
	maxEntries  = 200 // files in a workbook
	maxRows     = 20_000
	maxColumns  = 50

	// A sheet may have rows and columns that are formatted and empty; but not
	// without end, since they have to be gone through.
	maxAllRows    = 5 * maxRows
	maxAllColumns = 16_384
	maxCells      = 500_000
	maxTime       = 10 * time.Second // of reading; what keeps to the limits takes a fraction of it
)

// Row is a row of cells with its number in the file, from 1. In a CSV that is
// the line on which the row begins.
type Row struct {
	Number int
	Cells  []string
}

// File is what was read of a file.
type File struct {
	Rows  []Row
	Other []string // names of further visible sheets with something in them: these are not read
}

// Error is what is wrong with a table.
type Error struct {
	Row     int // 0 = the file as a whole
	Problem string
	Hint    string // the way out
}

func (e *Error) Error() string {
	s := e.Problem
	if e.Row > 0 {
		s = fmt.Sprintf("row %d: %s", e.Row, s)
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Read reads a table by the ending of its name. Rows without any text are left
// out; cells are trimmed. Faults are of type *Error.
func Read(name string, data []byte) (File, error) {
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".xlsx"):
		return ReadXLSX(data)
	case strings.HasSuffix(lower, ".csv"):
		rows, err := ReadCSV(data)
		return File{Rows: rows}, err
	}
	return File{}, &Error{Problem: "only .xlsx and .csv can be read", Hint: "save the table as one of them"}
}

// ReadCSV reads a CSV in UTF-8 or GBK, with or without BOM, parted by commas,
// semicolons or tabs.
func ReadCSV(data []byte) ([]Row, error) {
	if len(data) > maxFile {
		return nil, errTooBig
	}
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	comma := separator(text)
	if err := countCSV(text, byte(comma)); err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	r.Comma = comma
	t := rows{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t.list, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := r.FieldPos(0)
		if err := t.add(line, cells); err != nil {
			return nil, err
		}
	}
}

// countCSV holds the limits before a cell is made: a megabyte of commas would be a
// million cells.
func countCSV(text string, comma byte) error {
	lines, cells, columns, quoted := 1, 0, 1, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == comma:
			columns++
			cells++
		case c == '\n' && !quoted:
			lines++
			columns = 1
			cells++
		}
		switch {
		case columns > maxAllColumns:
			return tooManyColumns(lines)
		case cells > maxCells:
			return errTooManyCells
		}
	}
	return nil
}

var errTooManyCells = &Error{Problem: fmt.Sprintf("more than %d cells", maxCells), Hint: "copy the table alone into a new file, or split it"}

func tooManyColumns(row int) error {
	return &Error{Row: row, Problem: fmt.Sprintf("more than %d columns", maxColumns), Hint: "remove what does not belong to the table"}
}

func tooManyRows(row int) error {
	return &Error{Row: row, Problem: fmt.Sprintf("more than %d rows", maxRows), Hint: "split the table"}
}

var errTooBig = &Error{Problem: "the file is larger than 5 MB", Hint: "split the table"}

// decode reads UTF-8, and GBK as Excel in China saves it.
func decode(data []byte) (string, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if utf8.Valid(data) {
		return string(data), nil
	}
	// The decoder puts U+FFFD for what it cannot read, without an error.
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", &Error{Problem: "the text is neither UTF-8 nor GBK", Hint: "save the table as .xlsx, or as “CSV UTF-8”"}
	}
	return string(text), nil
}

// separator is what the first line has most of: Excel takes a semicolon where
// the comma is the decimal sign, and a tab for what it calls text.
func separator(text string) rune {
	head, _, _ := strings.Cut(text, "\n")
	best, most := ',', strings.Count(head, ",")
	for _, c := range ";\t" {
		if n := strings.Count(head, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func csvError(err error) error {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return &Error{Problem: err.Error()}
	}
	if errors.Is(p.Err, csv.ErrQuote) || errors.Is(p.Err, csv.ErrBareQuote) {
		return &Error{Row: p.StartLine, Problem: fmt.Sprintf("a quote is out of place on line %d", p.Line),
			Hint: `put the whole cell in quotes and write " within it as ""`}
	}
	return &Error{Row: p.StartLine, Problem: p.Err.Error()}
}

// rows gathers rows within the limits.
type rows struct {
	list []Row
}

func (t *rows) add(number int, cells []string) error {
	last := 0
	for i, c := range cells {
		c = strings.TrimSpace(c)
		// Our own exports put ' before what a spreadsheet would calculate.
		if rest, ok := strings.CutPrefix(c, "'"); ok && dangerous(rest) {
			c = rest
		}
		if cells[i] = c; c != "" {
			last = i + 1
		}
	}
	switch {
	case last == 0:
		return nil
	case last > maxColumns:
		return tooManyColumns(number)
	case len(t.list) == maxRows:
		return tooManyRows(number)
	}
	t.list = append(t.list, Row{Number: number, Cells: slices.Clone(cells[:last])})
	return nil
}
