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

// ReadXLSX reads the first visible sheet of a workbook that has something in it. Of a
// formula it takes the value that was stored with it; a date is given as 2026-12-01, a number
// as a plain decimal, or with leading zeros where the cell shows them.
func ReadXLSX(data []byte) (File, error) {
	book, err := readXLSX(data)
	return book.first(), err
}

var (
	errBroken  = &Error{Key: "broken", Problem: "the file is not an .xlsx workbook that can be read", Hint: "open it in Excel or WPS and save it again as .xlsx"}
	errOld     = &Error{Key: "locked", Problem: "the file is an old .xls workbook or protected by a password", Hint: "save it as .xlsx without a password"}
	errTooLong = &Error{Key: "slow", Problem: "it takes too long to read this workbook", Hint: "copy the table alone into a new workbook"}
	errBomb    = &Error{Key: "bomb", Problem: "the workbook unpacks to more than is read", Hint: "copy the table alone into a new workbook"}
)

// oldMagic begins OLE files: .xls, and .xlsx that are encrypted.
var oldMagic = []byte{0xd0, 0xcf, 0x11, 0xe0}

// checkZip holds the limits before a byte is unpacked, and then unpacks once
// to see that the sizes in the directory are no lie, that no sheet has more than is
// read, and that none breaks off: excelize would silently leave out the rows after
// that. The sheets come first: what has too many rows is refused at the first of them
// that is too many.
func checkZip(data []byte, until time.Time) (found parts, err error) {
	if len(data) > maxFile {
		return found, errTooBig
	}
	if bytes.HasPrefix(data, oldMagic) {
		return found, errOld
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return found, errBroken
	}
	if len(z.File) > maxEntries {
		return found, &Error{Key: "bomb", Problem: fmt.Sprintf("the workbook holds %d files, at most %d are read", len(z.File), maxEntries), Hint: errBomb.Hint}
	}
	limit := min(maxUnpacked, maxRatio*int64(len(data)))
	var declared uint64
	for _, f := range z.File {
		if declared += f.UncompressedSize64; f.UncompressedSize64 > uint64(limit) || declared > uint64(limit) {
			return found, errBomb
		}
	}
	sheetsFirst := slices.Clone(z.File)
	slices.SortStableFunc(sheetsFirst, func(a, b *zip.File) int { return cmp.Compare(rank(a), rank(b)) })
	for _, f := range sheetsFirst {
		found.pictures = found.pictures || strings.HasPrefix(strings.ToLower(f.Name), "xl/media/")
		n, err := checkEntry(f, limit, until, &found)
		if limit -= n; limit <= 0 {
			return found, errBomb
		}
		var fault *Error
		if errors.As(err, &fault) {
			return found, fault
		}
		if err != nil {
			return found, errBroken
		}
	}
	return found, nil
}

// rank orders the files of a workbook: sheets stand in xl/worksheets.
func rank(f *zip.File) int {
	if strings.Contains(strings.ToLower(f.Name), "sheets/") {
		return 0
	}
	return 1
}

// parts are what a workbook has beside its cells.
type parts struct{ merged, pictures bool }

// checkEntry unpacks a file of the workbook, at most limit bytes, and returns
// how many there were.
func checkEntry(f *zip.File, limit int64, until time.Time, found *parts) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	bounded := &io.LimitedReader{R: r, N: limit}
	if name := strings.ToLower(f.Name); strings.HasSuffix(name, ".xml") && strings.HasPrefix(name, "xl/") {
		err = wellFormed(bounded, until, found)
	} else {
		_, err = io.Copy(io.Discard, bounded)
	}
	return limit - bounded.N, err
}

// wellFormed reads XML to its end, and counts what may be a table's.
func wellFormed(r io.Reader, until time.Time, found *parts) error {
	d := xml.NewDecoder(r)
	var c counts
	for n := 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			found.merged = found.merged || c.merged
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
	merged       bool
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
	case "mergeCell":
		c.merged = true
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
		var asShown map[int]string
		for i := range min(len(cells), len(texts)) {
			if cells[i] = text(cells[i], texts[i], since1904); cells[i] != texts[i] && isoDate.MatchString(cells[i]) {
				if asShown == nil {
					asShown = map[int]string{}
				}
				asShown[i] = strings.TrimSpace(texts[i])
			}
		}
		if err := t.add(n, cells, asShown); err != nil {
			return nil, err
		}
	}
	return t.list, nil
}

var (
	dateShown   = regexp.MustCompile(`\d[-/:][\dA-Za-z]|\d[年月]`)
	zerosShown  = regexp.MustCompile(`^0\d+$`)
	isoDate     = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
	truthShown  = regexp.MustCompile(`^(?:TRUE|FALSE)$`)
	lastDate    = 2_958_465.0 // 9999-12-31
	significant = 15          // digits that a workbook keeps of a number
)

// partOf tells whether a cell shows only a part of a date, as the head of a table of shifts
// does: 1, 01, 1日, 周二, Tue.
func partOf(shown string, number float64, at time.Time) bool {
	if number < 30_000 || number > 80_000 || number != float64(int(number)) {
		return false
	}
	day, weekday := strconv.Itoa(at.Day()), []string{"日", "一", "二", "三", "四", "五", "六"}[at.Weekday()]
	shown = strings.TrimSpace(strings.TrimRight(shown, "日号 "))
	switch shown {
	case day, "0" + day, "周" + weekday, "星期" + weekday, weekday, at.Format("Mon"), at.Format("Monday"), "周", "星期":
		return true
	}
	return false
}

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
	if number >= 0 && number < lastDate+1 {
		if at, err := excelize.ExcelDateToTime(number, since1904); err == nil && (dateShown.MatchString(shown) || partOf(shown, number, at)) {
			return dateText(number, at)
		}
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(number, 'g', significant, 64), 64)
	if err != nil {
		return shown
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
