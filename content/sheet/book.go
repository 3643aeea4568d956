package sheet

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// Book is a workbook made for reading and printing: each sheet has a title, a
// note, a frozen header that is repeated on every page, and its totals by
// formula. Texts are text, whatever they begin with. Make one with NewBook,
// then WriteTo.
type Book struct {
	file   *excelize.File
	header string // of printed pages
	page   string
	sheets int
	style  struct{ title, note, head, text, wrap, number, percent, day, total, totalPercent int }
}

// Kind is what a column holds.
type Kind int

// The kinds of columns.
const (
	Text    Kind = iota
	Wrapped      // text on several lines
	Number
	Percent
	Day
)

// Column is one of a sheet.
type Column struct {
	Title string
	Kind  Kind
	Width float64 // in characters; a Chinese one takes two
	Sum   bool    // it is added up in the totals

	formula string // of other columns of the row: {1}, {2} …; in the totals too
	value   func(row []float64) any
}

// Share is a column with the share that a part has in a whole; whole names its
// column and those that are taken off it. Columns count from 1.
func Share(title string, width float64, part int, whole ...int) Column {
	rest := Rest("", 0, whole[0], whole[1:]...)
	under := rest.formula
	if len(whole) > 1 {
		under = "(" + under + ")"
	}
	return Column{Title: title, Kind: Percent, Width: width, formula: fmt.Sprintf(`IFERROR({%d}/%s,"")`, part, under),
		value: func(row []float64) any {
			if n := rest.value(row).(float64); n != 0 {
				return row[part-1] / n
			}
			return ""
		}}
}

// Plus is a column with the sum of others; no column is named twice.
func Plus(title string, width float64, of ...int) Column {
	c := Column{Title: title, Kind: Number, Width: width, formula: "0"}
	for i, n := range of {
		if i == 0 {
			c.formula = ""
		} else {
			c.formula += "+"
		}
		c.formula += fmt.Sprintf("{%d}", n)
	}
	c.value = func(row []float64) any {
		sum := 0.0
		for _, n := range of {
			sum += row[n-1]
		}
		return sum
	}
	return c
}

// Rest is a column with what is left of one column without others.
func Rest(title string, width float64, of int, without ...int) Column {
	c := Column{Title: title, Kind: Number, Width: width, formula: fmt.Sprintf("{%d}", of)}
	for _, n := range without {
		c.formula += fmt.Sprintf("-{%d}", n)
	}
	c.value = func(row []float64) any {
		left := row[of-1]
		for _, n := range without {
			left -= row[n-1]
		}
		return left
	}
	return c
}

// Table is a sheet of a workbook.
type Table struct {
	Name, Title, Note string
	Columns           []Column
	Frozen            int    // columns that stay in sight
	Total             string // the name of the last row; "" = none
}

// NewBook begins a workbook. header stands above each printed page; page says
// which it is, with &P and &N for its number and that of all pages.
func NewBook(header, page string) (*Book, error) {
	b := &Book{file: excelize.NewFile(), header: strings.ReplaceAll(header, "&", "&&"), page: page}
	return b, b.styles()
}

// family is a font that offices in China have.
const family = "微软雅黑"

func (b *Book) styles() error {
	line := []excelize.Border{}
	for _, side := range []string{"left", "right", "top", "bottom"} {
		line = append(line, excelize.Border{Type: side, Color: "A6A6A6", Style: 1})
	}
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	middle := &excelize.Alignment{Vertical: "center"}
	centre := &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}
	plain := &excelize.Font{Family: family, Size: 10.5}
	day := "yyyy-mm-dd"
	text, percent := 49, 9
	for _, s := range []struct {
		into  *int
		style excelize.Style
	}{
		{&b.style.title, excelize.Style{Font: &excelize.Font{Family: family, Bold: true, Size: 16}, Alignment: centre}},
		{&b.style.note, excelize.Style{Font: &excelize.Font{Family: family, Size: 9, Color: "595959"}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{&b.style.head, excelize.Style{Font: &excelize.Font{Family: family, Bold: true}, Fill: fill("FBE9E7"), Border: line, Alignment: centre}},
		{&b.style.text, excelize.Style{Font: plain, Border: line, NumFmt: text, Alignment: middle}},
		{&b.style.wrap, excelize.Style{Font: plain, Border: line, NumFmt: text, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{&b.style.number, excelize.Style{Font: plain, Border: line, NumFmt: 1, Alignment: middle}},
		{&b.style.percent, excelize.Style{Font: plain, Border: line, NumFmt: percent, Alignment: middle}},
		{&b.style.day, excelize.Style{Font: plain, Border: line, CustomNumFmt: &day, Alignment: centre}},
		{&b.style.total, excelize.Style{Font: &excelize.Font{Family: family, Bold: true}, Fill: fill("F2F2F2"), Border: line, NumFmt: 1, Alignment: middle}},
		{&b.style.totalPercent, excelize.Style{Font: &excelize.Font{Family: family, Bold: true}, Fill: fill("F2F2F2"), Border: line, NumFmt: percent, Alignment: middle}},
	} {
		id, err := b.file.NewStyle(&s.style)
		if err != nil {
			return fmt.Errorf("begin the workbook: %w", err)
		}
		*s.into = id
	}
	return nil
}

// headRows are the title, the note and the header.
const headRows = 3

// Add writes a sheet. rows yields its rows: a value a column, string, int,
// time.Time, nil for none; nil for what a Share or Rest calculates.
func (b *Book) Add(t Table, rows func(yield func([]any) bool)) error {
	if err := b.add(t, rows); err != nil {
		return fmt.Errorf("write the sheet %q: %w", t.Name, err)
	}
	return nil
}

func (b *Book) add(t Table, rows func(yield func([]any) bool)) error {
	if err := b.open(t); err != nil {
		return err
	}
	w, err := b.file.NewStreamWriter(t.Name)
	if err != nil {
		return err
	}
	width := 0.0
	for i, c := range t.Columns {
		width += c.Width
		if err := w.SetColWidth(i+1, i+1, c.Width); err != nil {
			return err
		}
	}
	corner, _ := excelize.CoordinatesToCellName(t.Frozen+1, headRows+1)
	err = w.SetPanes(&excelize.Panes{Freeze: true, XSplit: t.Frozen, YSplit: headRows, TopLeftCell: corner, ActivePane: "bottomRight"})
	if err != nil {
		return err
	}
	if err := b.head(w, t, width); err != nil {
		return err
	}
	last := headRows
	sums := make([]float64, len(t.Columns))
	for row := range rows {
		last++
		if err := b.row(w, t, last, row, sums); err != nil {
			return err
		}
	}
	if t.Total != "" && last > headRows {
		if err := b.total(w, t, last, sums); err != nil {
			return err
		}
	}
	return w.Flush()
}

// open makes the sheet and says how it is printed: on A4, as wide as the page,
// lying when the columns need it.
func (b *Book) open(t Table) error {
	if b.sheets++; b.sheets == 1 {
		if err := b.file.SetSheetName("Sheet1", t.Name); err != nil {
			return err
		}
	} else if _, err := b.file.NewSheet(t.Name); err != nil {
		return err
	}
	width := 0.0
	for _, c := range t.Columns {
		width += c.Width
	}
	a4, wide, tall, orientation := 9, 1, 0, "portrait"
	if width > 95 {
		orientation = "landscape"
	}
	if err := b.file.SetPageLayout(t.Name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &tall}); err != nil {
		return err
	}
	fit := true
	if err := b.file.SetSheetProps(t.Name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	side, edge, inner, centred := 0.4, 0.7, 0.35, true
	if err := b.file.SetPageMargins(t.Name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &edge, Bottom: &edge,
		Header: &inner, Footer: &inner, Horizontally: &centred}); err != nil {
		return err
	}
	if err := b.file.SetHeaderFooter(t.Name, &excelize.HeaderFooterOptions{OddHeader: "&R" + b.header, OddFooter: "&C" + b.page}); err != nil {
		return err
	}
	return b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: t.Name,
		RefersTo: fmt.Sprintf("'%s'!$1:$%d", strings.ReplaceAll(t.Name, "'", "''"), headRows)})
}

// head writes the title, the note and the header.
func (b *Book) head(w *excelize.StreamWriter, t Table, width float64) error {
	end, err := excelize.ColumnNumberToName(len(t.Columns))
	if err != nil {
		return err
	}
	// A merged cell does not grow by itself: as many lines as the note needs.
	lines := 1 + int(float64(columnsOf(t.Note))/(width*1.2))
	for i, h := range []struct {
		text   string
		style  int
		height float64
	}{{t.Title, b.style.title, 30}, {t.Note, b.style.note, float64(14*lines + 4)}} {
		number := i + 1
		if err := w.SetRow(fmt.Sprintf("A%d", number), []any{excelize.Cell{StyleID: h.style, Value: h.text}}, excelize.RowOpts{Height: h.height}); err != nil {
			return err
		}
		if err := w.MergeCell(fmt.Sprintf("A%d", number), fmt.Sprintf("%s%d", end, number)); err != nil {
			return err
		}
	}
	cells := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		cells[i] = excelize.Cell{StyleID: b.style.head, Value: c.Title}
	}
	return w.SetRow(fmt.Sprintf("A%d", headRows), cells, excelize.RowOpts{Height: 32})
}

// columnsOf is how wide a text is, a Chinese character being two wide.
func columnsOf(s string) (n int) {
	for _, r := range s {
		if n++; r > 0x2e7f {
			n++
		}
	}
	return n
}

// row writes one, and adds its numbers to the sums.
func (b *Book) row(w *excelize.StreamWriter, t Table, number int, values []any, sums []float64) error {
	cells, numbers := make([]any, len(t.Columns)), make([]float64, len(t.Columns))
	for i, v := range values {
		switch v := v.(type) {
		case int:
			numbers[i] = float64(v)
			sums[i] += float64(v)
		case string:
			if len(v) > maxCell && len(utf16.Encode([]rune(v))) > maxCell {
				return fmt.Errorf("row %d, column %d: the text is longer than the %d characters of a cell", number, i+1, maxCell)
			}
		}
	}
	for i, c := range t.Columns {
		cell := excelize.Cell{StyleID: b.styleOf(c.Kind), Value: values[i]}
		if c.formula != "" {
			cell.Formula, cell.Value = formula(c.formula, len(t.Columns), number), c.value(numbers)
		}
		if cell.Value == nil {
			cell.Value = "" // an empty cell with its borders
		}
		cells[i] = cell
	}
	return w.SetRow(fmt.Sprintf("A%d", number), cells)
}

func (b *Book) styleOf(k Kind) int {
	return [...]int{Text: b.style.text, Wrapped: b.style.wrap, Number: b.style.number, Percent: b.style.percent, Day: b.style.day}[k]
}

// formula puts the cells of a row in the place of {1}, {2} …
func formula(f string, columns, row int) string {
	for i := 1; i <= columns; i++ {
		name, _ := excelize.CoordinatesToCellName(i, row)
		f = strings.ReplaceAll(f, fmt.Sprintf("{%d}", i), name)
	}
	return f
}

// total writes the last row: sums of the columns above it, and formulas of them.
func (b *Book) total(w *excelize.StreamWriter, t Table, last int, sums []float64) error {
	cells := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		name, _ := excelize.ColumnNumberToName(i + 1)
		cell := excelize.Cell{StyleID: b.style.total, Value: ""}
		switch {
		case i == 0:
			cell.Value = t.Total
		case c.Sum:
			cell.Formula, cell.Value = fmt.Sprintf("SUM(%s%d:%s%d)", name, headRows+1, name, last), sums[i]
		case c.formula != "":
			cell.Formula, cell.Value = formula(c.formula, len(t.Columns), last+1), c.value(sums)
		}
		if c.Kind == Percent {
			cell.StyleID = b.style.totalPercent
		}
		cells[i] = cell
	}
	return w.SetRow(fmt.Sprintf("A%d", last+1), cells)
}

// WriteTo writes the workbook and ends it.
func (b *Book) WriteTo(w io.Writer) (int64, error) {
	defer b.file.Close()
	n, err := b.file.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("write the workbook: %w", err)
	}
	return n, nil
}

// Date is the day of a key 2026-12-01 as a value of a Day column; nil for "".
func Date(key string) any {
	day, err := time.Parse(time.DateOnly, key)
	if err != nil {
		return nil
	}
	return day
}
