package sheet

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// lastRow is the last one that a workbook can have.
const lastRow = 1_048_576

// ReadXLSX reads the first visible sheet of a workbook. Of a formula it takes
// the value that was stored with it; a date is given as 2026-12-01, a number
// as a plain decimal, or with leading zeros where the cell shows them.
func ReadXLSX(data []byte) (t File, err error) {
	until := time.Now().Add(maxTime)
	if err := checkZip(data, until); err != nil {
		return File{}, err
	}
	// excelize is made for files of friends: broken ones have caused panics.
	defer func() {
		if p := recover(); p != nil {
			t, err = File{}, errBroken
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked}) // equal: nothing goes to temporary files
	if err != nil {
		return File{}, errBroken
	}
	defer f.Close()
	read := false
	for _, name := range f.GetSheetList() {
		visible, err := f.GetSheetVisible(name)
		switch {
		case err != nil || !visible:
		case !read:
			if t.Rows, err = readSheet(f, name, until); err != nil {
				return File{}, err
			}
			read = true
		case hasText(f, name):
			t.Other = append(t.Other, name)
		}
	}
	if !read {
		return File{}, &Error{Problem: "the workbook has no visible sheet"}
	}
	return t, nil
}

// looked is how many rows of a further sheet are looked at for a text.
const looked = 100

// hasText tells whether a sheet has something in its first rows.
func hasText(f *excelize.File, name string) bool {
	rows, err := f.Rows(name)
	if err != nil {
		return true // it is there, and was not read
	}
	defer rows.Close()
	for n := 0; n < looked && rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil || strings.TrimSpace(strings.Join(cells, "")) != "" {
			return true
		}
	}
	return false
}

var (
	errBroken  = &Error{Problem: "the file is not an .xlsx workbook that can be read", Hint: "open it in Excel or WPS and save it again as .xlsx"}
	errOld     = &Error{Problem: "the file is an old .xls workbook or protected by a password", Hint: "save it as .xlsx without a password"}
	errTooLong = &Error{Problem: "it takes too long to read this workbook", Hint: "copy the table alone into a new workbook"}
	errBomb    = &Error{Problem: "the workbook unpacks to more than is read", Hint: "copy the table alone into a new workbook"}
)

// oldMagic begins OLE files: .xls, and .xlsx that are encrypted.
var oldMagic = []byte{0xd0, 0xcf, 0x11, 0xe0}

// checkZip holds the limits before a byte is unpacked, and then unpacks once
// to see that the sizes in the directory are no lie, that no sheet has more than is
// read, and that none breaks off: excelize would silently leave out the rows after
// that. The sheets come first: what has too many rows is refused at the first of them
// that is too many.
func checkZip(data []byte, until time.Time) error {
	if len(data) > maxFile {
		return errTooBig
	}
	if bytes.HasPrefix(data, oldMagic) {
		return errOld
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return errBroken
	}
	if len(z.File) > maxEntries {
		return &Error{Problem: fmt.Sprintf("the workbook holds %d files, at most %d are read", len(z.File), maxEntries), Hint: errBomb.Hint}
	}
	limit := min(maxUnpacked, maxRatio*int64(len(data)))
	var declared uint64
	for _, f := range z.File {
		if declared += f.UncompressedSize64; f.UncompressedSize64 > uint64(limit) || declared > uint64(limit) {
			return errBomb
		}
	}
	sheetsFirst := slices.Clone(z.File)
	slices.SortStableFunc(sheetsFirst, func(a, b *zip.File) int { return cmp.Compare(rank(a), rank(b)) })
	for _, f := range sheetsFirst {
		n, err := checkEntry(f, limit, until)
		if limit -= n; limit <= 0 {
			return errBomb
		}
		var fault *Error
		if errors.As(err, &fault) {
			return fault
		}
		if err != nil {
			return errBroken
		}
	}
	return nil
}

// rank orders the files of a workbook: sheets stand in xl/worksheets.
func rank(f *zip.File) int {
	if strings.Contains(strings.ToLower(f.Name), "sheets/") {
		return 0
	}
	return 1
}

// checkEntry unpacks a file of the workbook, at most limit bytes, and returns
// how many there were.
func checkEntry(f *zip.File, limit int64, until time.Time) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	bounded := &io.LimitedReader{R: r, N: limit}
	if name := strings.ToLower(f.Name); strings.HasSuffix(name, ".xml") && strings.HasPrefix(name, "xl/") {
		err = wellFormed(bounded, until)
	} else {
		_, err = io.Copy(io.Discard, bounded)
	}
	return limit - bounded.N, err
}

// wellFormed reads XML to its end, and counts what may be a table's.
func wellFormed(r io.Reader, until time.Time) error {
	d := xml.NewDecoder(r)
	var c counts
	for n := 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.add(token); err != nil {
			return err
		}
		if n%1024 == 0 && time.Now().After(until) {
			return errTooLong
		}
	}
}

// counts are what was found in a part of a workbook up to now.
type counts struct {
	rows, filled int // filled: with a value
	columns      int // of the row, up to its last cell
	cells        int // of all rows, with those that are left out before others
	shared       int // texts that cells share
	value        bool
}

func (c *counts) add(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		c.start(t)
	case xml.EndElement:
		if t.Name.Local == "row" && c.value {
			c.value = false
			c.filled++
		}
	}
	switch {
	case c.filled > maxRows, c.rows > maxAllRows:
		return tooManyRows(c.rows)
	case c.columns > maxAllColumns:
		return tooManyColumns(c.rows)
	case c.cells > maxCells, c.shared > maxCells:
		return errTooManyCells
	}
	return nil
}

func (c *counts) start(t xml.StartElement) {
	switch t.Name.Local {
	case "row":
		c.rows++
		c.columns = 0
	case "c":
		at := c.columns + 1
		for _, a := range t.Attr {
			if column, _, err := excelize.CellNameToCoordinates(a.Value); a.Name.Local == "r" && err == nil {
				at = column
			}
		}
		c.cells += max(0, at-c.columns)
		c.columns = max(at, c.columns)
	case "v", "is":
		c.value = true
	case "si":
		c.shared++
	}
}

// readSheet goes through the sheet twice at once: as stored, and as shown.
// Only both together tell 1 from 0001 and a date from a number.
func readSheet(f *excelize.File, name string, until time.Time) ([]Row, error) {
	props, err := f.GetWorkbookProps()
	if err != nil {
		return nil, errBroken
	}
	since1904 := props.Date1904 != nil && *props.Date1904
	stored, err := f.Rows(name)
	if err != nil {
		return nil, errBroken
	}
	shown, err := f.Rows(name)
	if err != nil {
		return nil, errBroken
	}
	t := rows{}
	for n := 1; stored.Next() && shown.Next(); n++ {
		if n > lastRow {
			return nil, errBroken
		}
		if n%1024 == 0 && time.Now().After(until) {
			return nil, errTooLong
		}
		cells, err := stored.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, errBroken
		}
		texts, err := shown.Columns()
		if err != nil {
			return nil, errBroken
		}
		for i := range min(len(cells), len(texts)) {
			cells[i] = text(cells[i], texts[i], since1904)
		}
		if err := t.add(n, cells); err != nil {
			return nil, err
		}
	}
	return t.list, nil
}

var (
	dateShown   = regexp.MustCompile(`\d[-/:][\dA-Za-z]|\d[年月]`)
	zerosShown  = regexp.MustCompile(`^0\d+$`)
	truthShown  = regexp.MustCompile(`^(?:TRUE|FALSE)$`)
	lastDate    = 2_958_465.0 // 9999-12-31
	significant = 15          // digits that a workbook keeps of a number
)

// text is the text of a cell. Texts are the same stored and shown; a number is
// stored as 45992, 0.5 or 1.3812345678E10 whatever it looks like.
func text(stored, shown string, since1904 bool) string {
	if stored == shown || truthShown.MatchString(shown) || zerosShown.MatchString(shown) || strings.HasSuffix(shown, "%") {
		return shown
	}
	number, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return shown
	}
	if dateShown.MatchString(shown) && number >= 0 && number < lastDate+1 {
		if at, err := excelize.ExcelDateToTime(number, since1904); err == nil {
			switch {
			case number < 1:
				return at.Format("15:04")
			case number == float64(int(number)):
				return at.Format("2006-01-02")
			}
			return at.Format("2006-01-02 15:04")
		}
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(number, 'g', significant, 64), 64)
	if err != nil {
		return shown
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
