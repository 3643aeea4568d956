package sheet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"branchbot/content/charset"
)

// Workbook is a file with all its visible sheets that have something in them.
type Workbook struct{ Sheets []Sheet }

// Sheet is one of them.
type Sheet struct {
	Name     string // "" of a file that has no names for sheets
	Rows     []Row
	Pictures map[int][]Picture // by the number of the row in which they stand
}

// Picture is one that lies on a sheet.
type Picture struct {
	Data   []byte
	Ending string // .png, .jpg …
}

// The most pictures that are read of a workbook, and how many bytes these may have.
const (
	maxPictures     = 500
	maxPictureBytes = 20 << 20
)

// ReadBook reads a table; what is inside decides how, not the name: .xlsx, .xls, HTML and XML
// tables under that name, CSV. A cell in a merged area has the text of the area's first row.
// Faults are of type *Error.
func ReadBook(name string, data []byte) (Workbook, error) {
	if len(data) > maxFile {
		return Workbook{}, errTooBig
	}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readXLSX(data)
	case bytes.HasPrefix(data, oldMagic):
		return readXLS(data)
	}
	text, err := charset.Decode(data)
	if err != nil {
		return Workbook{}, &Error{Key: "coding", Problem: "the text is neither UTF-8 nor GBK", Hint: "save the table as .xlsx, or as “CSV UTF-8”"}
	}
	if head := strings.ToLower(text[:min(len(text), 4096)]); strings.HasPrefix(strings.TrimSpace(head), "<") &&
		(strings.Contains(head, "<html") || strings.Contains(head, "<table") || strings.Contains(head, "urn:schemas-microsoft-com:office:spreadsheet")) {
		return readMarkup(text)
	}
	rows, err := readCSV(text)
	if err != nil {
		return Workbook{}, err
	}
	if len(rows) == 0 {
		return Workbook{}, nil
	}
	return Workbook{Sheets: []Sheet{{Rows: rows}}}, nil
}

func readXLSX(data []byte) (book Workbook, err error) {
	until := time.Now().Add(maxTime)
	found, err := checkZip(data, until)
	if err != nil {
		return Workbook{}, err
	}
	// excelize is made for files of friends: broken ones have caused panics.
	defer func() {
		if p := recover(); p != nil {
			book, err = Workbook{}, errBroken
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked}) // equal: nothing goes to temporary files
	if err != nil {
		return Workbook{}, errBroken
	}
	defer f.Close()
	visible := false
	for _, name := range f.GetSheetList() {
		if show, err := f.GetSheetVisible(name); err != nil || !show {
			continue
		}
		visible = true
		s := Sheet{Name: name}
		if s.Rows, err = readSheet(f, name, until); err != nil {
			return Workbook{}, err
		}
		if found.merged {
			if err := s.merge(f); err != nil {
				return Workbook{}, err
			}
		}
		if found.pictures {
			s.takePictures(f)
		}
		if len(s.Rows) > 0 {
			book.Sheets = append(book.Sheets, s)
		}
	}
	if !visible {
		return Workbook{}, &Error{Key: "hidden", Problem: "the workbook has no visible sheet"}
	}
	return book, nil
}

// merge gives the rows of merged areas the text of the first one.
func (s *Sheet) merge(f *excelize.File) error {
	areas, err := f.GetMergeCells(s.Name, true)
	if err != nil {
		return errBroken
	}
	for _, a := range areas {
		c1, r1, err := excelize.CellNameToCoordinates(a.GetStartAxis())
		_, r2, err2 := excelize.CellNameToCoordinates(a.GetEndAxis())
		if err == nil && err2 == nil {
			s.fill(c1-1, r1, r2)
		}
	}
	return nil
}

// fill copies a cell of a column (from 0) and the row first down to the row last.
func (s *Sheet) fill(column, first, last int) {
	i, ok := slices.BinarySearchFunc(s.Rows, first, func(r Row, n int) int { return r.Number - n })
	if !ok || last <= first || column >= len(s.Rows[i].Cells) || s.Rows[i].Cells[column] == "" {
		return
	}
	from := s.Rows[i]
	for i++; i < len(s.Rows) && s.Rows[i].Number <= last; i++ {
		r := &s.Rows[i]
		for len(r.Cells) <= column {
			r.Cells = append(r.Cells, "")
		}
		r.Cells[column] = from.Cells[column]
		if text, ok := from.shown[column]; ok {
			r.show(column, text)
		}
	}
}

// takePictures reads the pictures of a sheet; one that cannot be read is left out.
func (s *Sheet) takePictures(f *excelize.File) {
	cells, err := f.GetPictureCells(s.Name)
	if err != nil {
		return
	}
	n, size := 0, 0
	for _, cell := range cells {
		_, row, err := excelize.CellNameToCoordinates(cell)
		if err != nil {
			continue
		}
		pictures, err := f.GetPictures(s.Name, cell)
		if err != nil {
			continue
		}
		for _, p := range pictures {
			if n++; n > maxPictures || size+len(p.File) > maxPictureBytes {
				return
			}
			size += len(p.File)
			if s.Pictures == nil {
				s.Pictures = map[int][]Picture{}
			}
			s.Pictures[row] = append(s.Pictures[row], Picture{p.File, strings.ToLower(p.Extension)})
		}
	}
}

// readMarkup reads HTML and XML that programs pass off as .xls: rows of cells, whatever else
// there is.
func readMarkup(text string) (Workbook, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is decoded already
	m := &markup{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Workbook{}, errBroken
		}
		if err := m.add(token); err != nil {
			return Workbook{}, err
		}
	}
	if err := m.endRow(); err != nil {
		return Workbook{}, err
	}
	m.endSheet()
	return m.book, nil
}

// markup is the state of readMarkup.
type markup struct {
	book  Workbook
	name  string
	rows  rows
	n     int
	cells []string
	total int
	in    bool // a cell
	skip  int  // within style, script, a table within a cell …
}

func (m *markup) add(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		switch strings.ToLower(t.Name.Local) {
		case "script", "style", "styles":
			m.skip++
		case "worksheet":
			m.endSheet()
			for _, a := range t.Attr {
				if a.Name.Local == "Name" {
					m.name = a.Value
				}
			}
		case "tr", "row":
			if err := m.endRow(); err != nil {
				return err
			}
		case "td", "th", "cell":
			m.in = true
			for _, a := range t.Attr {
				if i, err := strconv.Atoi(a.Value); a.Name.Local == "Index" && err == nil && i <= maxAllColumns {
					for len(m.cells) < i-1 {
						m.cells = append(m.cells, "")
					}
				}
			}
			m.cells = append(m.cells, "")
			if m.total++; m.total > maxCells {
				return errTooManyCells
			}
		case "br":
			if m.in {
				m.cells[len(m.cells)-1] += "\n"
			}
		}
	case xml.EndElement:
		switch strings.ToLower(t.Name.Local) {
		case "script", "style", "styles":
			m.skip--
		case "td", "th", "cell":
			m.in = false
		}
	case xml.CharData:
		if m.in && m.skip == 0 {
			m.cells[len(m.cells)-1] += string(t)
		}
	}
	return nil
}

func (m *markup) endRow() error {
	m.n++
	m.in = false
	cells := m.cells
	m.cells = nil
	return m.rows.add(m.n, cells, nil)
}

func (m *markup) endSheet() {
	if len(m.rows.list) > 0 {
		m.book.Sheets = append(m.book.Sheets, Sheet{Name: m.name, Rows: m.rows.list})
	}
	m.rows, m.n, m.name = rows{}, 0, ""
}

// ColumnName is how spreadsheets call a column, from 0: A, B … AA.
func ColumnName(i int) string {
	name, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		return strconv.Itoa(i + 1)
	}
	return name
}

// Shown is the text of a cell as the sheet shows it: 3月12日 for what is 2026-03-12.
func (r *Row) Shown(i int) string {
	if text, ok := r.shown[i]; ok {
		return text
	}
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return ""
}

func (r *Row) show(i int, text string) {
	r.shown = maps.Clone(r.shown)
	if r.shown == nil {
		r.shown = map[int]string{}
	}
	r.shown[i] = text
}
