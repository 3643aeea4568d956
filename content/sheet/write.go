package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// dangerous tells whether a spreadsheet would calculate the text (OWASP ASVS
// 1.2.10). The full-width signs are what an input method makes of them.
func dangerous(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r)
}

// WriteCSV makes a CSV that Excel opens as UTF-8. A cell that a spreadsheet
// would calculate gets ' before it; ReadCSV takes it away again.
func WriteCSV(header []string, rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for row := range all(header, rows) {
		safe := make([]string, len(row))
		for i, c := range row {
			if dangerous(c) {
				c = "'" + c
			}
			safe[i] = c
		}
		if err := w.Write(safe); err != nil {
			return nil, fmt.Errorf("write csv: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// maxCell is what a cell of a workbook can hold, in UTF-16 units; excelize
// would cut the rest off in silence.
const maxCell = 32_767

// WriteXLSX makes a workbook of one sheet, all cells text (so that none is a
// formula), the header bold and frozen.
func WriteXLSX(sheet string, header []string, rows [][]string) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return nil, fmt.Errorf("name the sheet %q: %w", sheet, err)
	}
	if err := writeRows(f, sheet, header, rows); err != nil {
		return nil, fmt.Errorf("write the sheet %q: %w", sheet, err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("write the workbook: %w", err)
	}
	return b.Bytes(), nil
}

func writeRows(f *excelize.File, sheet string, header []string, rows [][]string) error {
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	if err := w.SetColWidth(1, max(1, len(header)), 16); err != nil {
		return err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	style, number := bold, 1
	for row := range all(header, rows) {
		cells := make([]any, len(row))
		for i, c := range row {
			if len(c) > maxCell && len(utf16.Encode([]rune(c))) > maxCell {
				return fmt.Errorf("row %d, column %d: the text is longer than the %d characters of a cell", number, i+1, maxCell)
			}
			cells[i] = excelize.Cell{StyleID: style, Value: c}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", number), cells); err != nil {
			return err
		}
		style, number = 0, number+1
	}
	return w.Flush()
}

// all yields the header and then the rows.
func all(header []string, rows [][]string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		if !yield(header) {
			return
		}
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	}
}
