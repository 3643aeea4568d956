// Package sheet reads and writes tables as people exchange them: .xlsx and
// .csv. Everything is text: a staff number keeps its zeros, a formula is never
// evaluated or produced. Files come from outside, so limits hold before
// anything is unpacked.
package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"branchbot/content/charset"
)

// Limits of what is read, against files made to fill a machine.
const (
	maxFile     = 5 << 20
	maxUnpacked = 50 << 20
	maxRatio    = 100 // unpacked to packed size
	maxEntries  = 200 // files in a workbook
	maxRows     = 20_000
	maxColumns  = 300

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

	shown map[int]string // where the sheet shows another text: see Shown
}

// File is what was read of a file.
type File struct {
	Rows  []Row
	Other []string // names of further visible sheets with something in them: these are not read
}

// Error is what is wrong with a table.
type Error struct {
	Key     string // of a message under import.sheet
	Row     int    // 0 = the file as a whole
	Max     int    // of what there is too much
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

// Read reads the first table of a file that has something in it; see ReadBook. Rows without
// any text are left out; cells are trimmed.
func Read(name string, data []byte) (File, error) {
	book, err := ReadBook(name, data)
	return book.first(), err
}

// first is the first sheet, with the names of the others.
func (b Workbook) first() (f File) {
	for i, s := range b.Sheets {
		if i == 0 {
			f.Rows = s.Rows
		} else {
			f.Other = append(f.Other, s.Name)
		}
	}
	return f
}

// ReadCSV reads a CSV in any of the usual encodings, parted by commas, semicolons or tabs.
func ReadCSV(data []byte) ([]Row, error) {
	if len(data) > maxFile {
		return nil, errTooBig
	}
	text, err := charset.Decode(data)
	if err != nil {
		return nil, &Error{Key: "coding", Problem: "the text is neither UTF-8 nor GBK", Hint: "save the table as .xlsx, or as “CSV UTF-8”"}
	}
	return readCSV(text)
}

func readCSV(text string) ([]Row, error) {
	if rest, ok := strings.CutPrefix(text, "sep="); ok { // by which Excel is told the separator
		_, text, _ = strings.Cut(rest, "\n")
		text = "\n" + text
	}
	comma := separator(text)
	if comma == '，' {
		text, comma = wideCommas(text), ','
	}
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
			return readLoosely(text, comma)
		}
		line, _ := r.FieldPos(0)
		if err := t.add(line, cells, nil); err != nil {
			return nil, err
		}
	}
}

// wideCommas makes commas of full-width ones that part cells, where a cell has no comma of its
// own: as many on each line as on the first.
func wideCommas(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.Contains(line, ",") {
			lines[i] = strings.ReplaceAll(line, "，", ",")
		}
	}
	return strings.Join(lines, "\n")
}

// readLoosely reads a CSV in which a quote is out of place: a quote that no comma follows is
// text, and one that is never closed ends with its line, so that one row at most is spoilt.
func readLoosely(text string, comma rune) ([]Row, error) {
	t := rows{}
	for n, line := range strings.Split(text, "\n") {
		if err := t.add(n+1, looseCells(line, comma), nil); err != nil {
			return nil, err
		}
	}
	return t.list, nil
}

func looseCells(line string, comma rune) []string {
	sep := string(comma)
	var cells []string
	for {
		rest, isQuoted := strings.CutPrefix(line, `"`)
		if isQuoted {
			if end := closing(rest, sep); end >= 0 {
				cells = append(cells, strings.ReplaceAll(rest[:end], `""`, `"`))
				if end+1 >= len(rest) {
					return cells
				}
				line = rest[end+1+len(sep):]
				continue
			}
		}
		cell, after, more := strings.Cut(line, sep)
		cells = append(cells, cell)
		if !more {
			return cells
		}
		line = after
	}
}

// closing is where the quote stands that ends a cell: a separator or nothing follows.
func closing(s, sep string) int {
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		if rest := s[i+1:]; strings.TrimSpace(rest) == "" || strings.HasPrefix(rest, sep) {
			return i
		}
	}
	return -1
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

var errTooManyCells = &Error{Key: "cells", Max: maxCells, Problem: fmt.Sprintf("more than %d cells", maxCells), Hint: "copy the table alone into a new file, or split it"}

func tooManyColumns(row int) error {
	return &Error{Key: "columns", Row: row, Max: maxColumns, Problem: fmt.Sprintf("more than %d columns", maxColumns), Hint: "remove what does not belong to the table"}
}

func tooManyRows(row int) error {
	return &Error{Key: "rows", Row: row, Max: maxRows, Problem: fmt.Sprintf("more than %d rows", maxRows), Hint: "split the table"}
}

var errTooBig = &Error{Key: "big", Problem: "the file is larger than 5 MB", Hint: "split the table"}

// separator is what the first line has most of: Excel takes a semicolon where
// the comma is the decimal sign, and a tab for what it calls text.
func separator(text string) rune {
	head, _, _ := strings.Cut(strings.TrimLeft(text, "\n \t"), "\n")
	best, most := ',', strings.Count(head, ",")
	for _, c := range ";\t，" {
		if n := strings.Count(head, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// rows gathers rows within the limits.
type rows struct {
	list []Row
}

// add takes a row; shown are the texts of cells that show another than they mean.
func (t *rows) add(number int, cells []string, shown map[int]string) error {
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
	t.list = append(t.list, Row{Number: number, Cells: slices.Clone(cells[:last]), shown: shown})
	return nil
}
