// Package sheet reads and writes tables as people exchange them: .xlsx and
// .csv. Everything is text: a staff number keeps its zeros, a formula is never
// evaluated or produced.
package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Limits of what is read, against files made to fill a machine.
const (
	maxFile     = 5 << 20
	maxUnpacked = 50 << 20
	maxRatio    = 100
	maxEntries  = 200
	maxRows     = 20_000
	maxColumns  = 50
)

// Row is a row of cells with its number in the file, from 1.
type Row struct {
	Number int
	Cells  []string
}

// Read reads a table by the ending of its name. Rows without any text are left
// out; cells are trimmed.
func Read(name string, data []byte) ([]Row, error) {
	switch lower := strings.ToLower(name); {
	case len(data) > maxFile:
		return nil, errors.New("the file is larger than 5 MB")
	case strings.HasSuffix(lower, ".xlsx"):
		return readXLSX(data)
	case strings.HasSuffix(lower, ".csv"):
		return readCSV(data)
	}
	return nil, errors.New("only .xlsx and .csv can be read; save the table as one of them")
}

func readCSV(data []byte) ([]Row, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) { // Excel in China saves CSV as GBK
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		if err != nil {
			return nil, errors.New("neither UTF-8 nor GBK text; save it as “CSV UTF-8”")
		}
		data = decoded
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	var rows []Row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read csv: %w", err)
		}
		line, _ := r.FieldPos(0)
		if rows, err = appendRow(rows, line, cells); err != nil {
			return nil, err
		}
	}
}

func appendRow(rows []Row, number int, cells []string) ([]Row, error) {
	if len(cells) > maxColumns {
		return nil, fmt.Errorf("row %d has more than %d columns", number, maxColumns)
	}
	full := false
	for i, c := range cells {
		// Our own exports put ' before what a spreadsheet would calculate.
		c = strings.TrimSpace(c)
		if rest, ok := strings.CutPrefix(c, "'"); ok && dangerous(rest) {
			c = rest
		}
		cells[i] = c
		full = full || c != ""
	}
	if !full {
		return rows, nil
	}
	if len(rows) == maxRows {
		return nil, fmt.Errorf("more than %d rows", maxRows)
	}
	return append(rows, Row{number, cells}), nil
}

func readXLSX(data []byte) ([]Row, error) {
	if err := checkZip(data); err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true,
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return nil, errors.New("not an .xlsx file that can be read (an old .xls, or protected by a password?)")
	}
	defer f.Close()
	for _, name := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(name); err != nil || !visible {
			continue
		}
		return readSheet(f, name)
	}
	return nil, errors.New("the file has no visible sheet")
}

func readSheet(f *excelize.File, name string) ([]Row, error) {
	it, err := f.Rows(name)
	if err != nil {
		return nil, fmt.Errorf("read sheet %q: %w", name, err)
	}
	defer it.Close()
	var rows []Row
	empty := 0
	for n := 1; it.Next(); n++ {
		cells, err := it.Columns()
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", n, err)
		}
		before := len(rows)
		if rows, err = appendRow(rows, n, cells); err != nil {
			return nil, err
		}
		if empty++; len(rows) > before {
			empty = 0
		}
		if empty > 1000 { // formatted, but empty to the bottom
			break
		}
	}
	return rows, it.Error()
}

// checkZip looks at the directory of the archive before anything is unpacked.
func checkZip(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return errors.New("not an .xlsx file (an old .xls, or protected by a password?)")
	}
	if len(z.File) > maxEntries {
		return fmt.Errorf("the file holds %d parts, at most %d are read", len(z.File), maxEntries)
	}
	var total uint64
	for _, f := range z.File {
		total += f.UncompressedSize64
		if f.Mode()&^0o777 != 0 || strings.Contains(f.Name, "..") {
			return fmt.Errorf("the file holds the strange part %q", f.Name)
		}
	}
	if total > maxUnpacked || total > maxRatio*uint64(len(data)) && total > 1<<20 {
		return errors.New("the file unpacks to too much")
	}
	return nil
}

// dangerous tells whether a spreadsheet would calculate the text.
func dangerous(s string) bool {
	return s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0])
}

// WriteCSV makes a CSV that Excel opens as UTF-8.
func WriteCSV(header []string, rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range append([][]string{header}, rows...) {
		safe := make([]string, len(row))
		for i, c := range row {
			if dangerous(c) {
				c = "'" + c
			}
			safe[i] = c
		}
		if err := w.Write(safe); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// WriteXLSX makes a workbook of one sheet, all cells text, the header frozen.
func WriteXLSX(sheet string, header []string, rows [][]string) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return nil, fmt.Errorf("name the sheet: %w", err)
	}
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	if err := w.SetColWidth(1, len(header), 16); err != nil {
		return nil, err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	for i, row := range append([][]string{header}, rows...) {
		cells := make([]any, len(row))
		for j, c := range row {
			if i == 0 {
				cells[j] = excelize.Cell{StyleID: bold, Value: c}
			} else {
				cells[j] = c // a string cell is never a formula
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
