package sheet

import (
	"encoding/binary"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Old workbooks (.xls) are a stream of records, [MS-XLS], within a compound file, [MS-CFB].
// There is no kept library that reads them within limits. Read are texts, numbers, results of
// formulas, dates by their format, merged areas.

const (
	noStream  = 0xfffffffa // and above: no sector
	maxSector = 1 << 20
)

// compound is a compound file: a file system of sectors.
type compound struct {
	data    []byte
	size    int
	fat     []uint32
	miniFAT []uint32
	mini    []byte
	entries []entry
}

type entry struct {
	name  string
	kind  byte
	start uint32
	size  uint32
}

var little = binary.LittleEndian

func openCompound(data []byte) (*compound, bool) {
	if len(data) < 512 {
		return nil, false
	}
	shift := little.Uint16(data[30:])
	if shift != 9 && shift != 12 {
		return nil, false
	}
	c := &compound{data: data, size: 1 << shift}
	difat := make([]uint32, 0, 109)
	for i := range 109 {
		difat = append(difat, little.Uint32(data[76+4*i:]))
	}
	next := little.Uint32(data[68:])
	for n := 0; next < noStream && n < 1000; n++ {
		s := c.sector(next)
		if len(s) < c.size {
			return nil, false
		}
		for i := 0; i+8 <= len(s); i += 4 {
			difat = append(difat, little.Uint32(s[i:]))
		}
		next = little.Uint32(s[len(s)-4:])
	}
	for _, n := range difat {
		if n >= noStream {
			continue
		}
		s := c.sector(n)
		for i := 0; i+4 <= len(s); i += 4 {
			c.fat = append(c.fat, little.Uint32(s[i:]))
		}
		if len(c.fat) > maxSector {
			return nil, false
		}
	}
	directory := c.chain(little.Uint32(data[48:]), len(data))
	for i := 0; i+128 <= len(directory) && i < 128*1000; i += 128 {
		e := directory[i : i+128]
		n := min(int(little.Uint16(e[64:])), 64)
		units := make([]uint16, 0, 32)
		for j := 0; j+2 < n; j += 2 {
			units = append(units, little.Uint16(e[j:]))
		}
		c.entries = append(c.entries, entry{string(utf16.Decode(units)), e[66], little.Uint32(e[116:]), little.Uint32(e[120:])})
	}
	if len(c.entries) == 0 {
		return nil, false
	}
	for s := c.chain(little.Uint32(data[60:]), len(data)); len(s) >= 4; s = s[4:] {
		c.miniFAT = append(c.miniFAT, little.Uint32(s))
	}
	c.mini = c.chain(c.entries[0].start, int(min(c.entries[0].size, uint32(len(data)))))
	return c, true
}

// sector is one; it is short at the end of a file that was cut.
func (c *compound) sector(n uint32) []byte {
	from := (int(n) + 1) * c.size
	if n >= noStream || from >= len(c.data) {
		return nil
	}
	return c.data[from:min(from+c.size, len(c.data))]
}

// chain are the bytes of a chain of sectors, at most size.
func (c *compound) chain(start uint32, size int) []byte {
	var out []byte
	for n := 0; start < noStream && int(start) < len(c.fat) && len(out) < size && n <= len(c.fat); n++ {
		out = append(out, c.sector(start)...)
		start = c.fat[start]
	}
	return out[:min(len(out), size)]
}

// stream is the contents of one of these names; nil when there is none.
func (c *compound) stream(names ...string) []byte {
	i := slices.IndexFunc(c.entries, func(e entry) bool { return e.kind == 2 && slices.Contains(names, e.name) })
	if i < 0 {
		return nil
	}
	e := c.entries[i]
	if e.size >= 4096 {
		return c.chain(e.start, int(min(e.size, uint32(len(c.data)))))
	}
	var out []byte
	for at, n := e.start, 0; at < noStream && int(at) < len(c.miniFAT) && len(out) < int(e.size) && n <= len(c.miniFAT); n++ {
		from := int(at) * 64
		if from+64 > len(c.mini) {
			break
		}
		out = append(out, c.mini[from:from+64]...)
		at = c.miniFAT[at]
	}
	return out[:min(len(out), int(e.size))]
}

// CompoundKind tells what a compound file holds: xls, doc, locked, wps.
func CompoundKind(data []byte) string {
	c, ok := openCompound(data)
	if !ok {
		return "broken"
	}
	has := func(name string) bool {
		return slices.ContainsFunc(c.entries, func(e entry) bool { return e.name == name })
	}
	switch {
	case has("Workbook") || has("Book"):
		return "xls"
	case has("WordDocument"):
		return "doc"
	case has("EncryptedPackage"):
		return "locked"
	}
	return "wps"
}

// xls is the state of reading a stream of records.
type xls struct {
	stream  []byte
	old     bool // BIFF5: texts are in GBK
	shared  []string
	formats map[uint16]string
	styles  []uint16 // the format of each XF
	since04 bool
	cells   int
}

type boundSheet struct {
	at   int
	name string
}

func readXLS(data []byte) (Workbook, error) {
	c, ok := openCompound(data)
	if !ok {
		return Workbook{}, errBroken
	}
	stream := c.stream("Workbook", "Book")
	if stream == nil {
		return Workbook{}, errOld
	}
	x := &xls{stream: stream, formats: map[uint16]string{}}
	sheets, err := x.globals()
	if err != nil {
		return Workbook{}, err
	}
	var book Workbook
	for _, b := range sheets {
		s, err := x.sheet(b)
		if err != nil {
			return Workbook{}, err
		}
		if len(s.Rows) > 0 {
			book.Sheets = append(book.Sheets, s)
		}
	}
	return book, nil
}

// record is the next one at an offset; ok is false at the end.
func (x *xls) record(at int) (kind uint16, data []byte, next int, ok bool) {
	if at < 0 || at+4 > len(x.stream) {
		return 0, nil, at, false
	}
	kind = little.Uint16(x.stream[at:])
	end := at + 4 + int(little.Uint16(x.stream[at+2:]))
	if end > len(x.stream) {
		return 0, nil, at, false
	}
	return kind, x.stream[at+4 : end], end, true
}

// globals reads what all sheets share, and where they are.
func (x *xls) globals() ([]boundSheet, error) {
	var sheets []boundSheet
	for at := 0; ; {
		kind, data, next, ok := x.record(at)
		if !ok {
			break
		}
		switch kind {
		case 0x809: // BOF
			if len(data) >= 2 && at == 0 {
				x.old = little.Uint16(data) < 0x600
			}
		case 0x2f: // FILEPASS
			return nil, errOld
		case 0x22: // DATEMODE
			x.since04 = len(data) >= 2 && data[0] == 1
		case 0x85: // BOUNDSHEET
			if len(data) > 7 && data[4]&3 == 0 && data[5] == 0 {
				name, _ := x.short(data[6:])
				sheets = append(sheets, boundSheet{int(little.Uint32(data)), name})
			}
		case 0x41e: // FORMAT
			if len(data) > 4 {
				if x.old {
					x.formats[little.Uint16(data)], _ = x.short(data[2:])
				} else {
					x.formats[little.Uint16(data)], _ = x.long(data[2:])
				}
			}
		case 0xe0: // XF
			if len(data) >= 4 {
				x.styles = append(x.styles, little.Uint16(data[2:]))
			}
		case 0xfc: // SST
			parts := [][]byte{data}
			for {
				k, more, after, ok := x.record(next)
				if !ok || k != 0x3c {
					break
				}
				parts, next = append(parts, more), after
			}
			if err := x.sst(parts); err != nil {
				return nil, err
			}
		case 0x0a: // EOF
			return sheets, nil
		}
		at = next
	}
	return sheets, nil
}

// short is a text with a length of one byte, long one of two; n is how many bytes it took.
func (x *xls) short(b []byte) (string, int) {
	if len(b) < 1 {
		return "", 0
	}
	return x.text(b[1:], int(b[0]), 1)
}

func (x *xls) long(b []byte) (string, int) {
	if len(b) < 2 {
		return "", 0
	}
	return x.text(b[2:], int(little.Uint16(b)), 2)
}

func (x *xls) text(b []byte, n, head int) (string, int) {
	if x.old {
		n = min(n, len(b))
		text, _ := simplifiedchinese.GBK.NewDecoder().Bytes(b[:n])
		return string(text), head + n
	}
	if len(b) < 1 {
		return "", head
	}
	wide := b[0]&1 != 0
	b = b[1:]
	if !wide {
		n = min(n, len(b))
		runes := make([]rune, n)
		for i := range n {
			runes[i] = rune(b[i])
		}
		return string(runes), head + 1 + n
	}
	n = min(n, len(b)/2)
	units := make([]uint16, n)
	for i := range n {
		units[i] = little.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units)), head + 1 + 2*n
}

// sst reads the texts that cells share; they may be cut anywhere into several records, and the
// rest of a text begins with a byte that tells how it is written.
func (x *xls) sst(parts [][]byte) error {
	if len(parts[0]) < 8 {
		return errBroken
	}
	unique := int(little.Uint32(parts[0][4:]))
	if unique > maxCells {
		return errTooManyCells
	}
	r := &cut{parts: parts, at: 8}
	for range unique {
		head := r.take(3)
		if len(head) < 3 {
			return nil // cut off: cells without their text stay empty
		}
		n, flags := int(little.Uint16(head)), head[2]
		runs, extra := 0, 0
		if flags&8 != 0 {
			if b := r.take(2); len(b) == 2 {
				runs = int(little.Uint16(b))
			}
		}
		if flags&4 != 0 {
			if b := r.take(4); len(b) == 4 {
				extra = int(little.Uint32(b))
			}
		}
		x.shared = append(x.shared, r.chars(n, flags&1 != 0))
		r.skip(4*runs + extra)
	}
	return nil
}

// cut reads from records of which each goes on where the one before ended.
type cut struct {
	parts [][]byte
	at    int
}

func (c *cut) more() bool {
	for len(c.parts) > 0 && c.at >= len(c.parts[0]) {
		c.parts, c.at = c.parts[1:], 0
	}
	return len(c.parts) > 0
}

func (c *cut) take(n int) []byte {
	var out []byte
	for len(out) < n && c.more() {
		k := min(n-len(out), len(c.parts[0])-c.at)
		out = append(out, c.parts[0][c.at:c.at+k]...)
		c.at += k
	}
	return out
}

func (c *cut) skip(n int) {
	for n > 0 && c.more() {
		k := min(n, len(c.parts[0])-c.at)
		c.at += k
		n -= k
	}
}

func (c *cut) chars(n int, wide bool) string {
	units := make([]uint16, 0, min(n, 1<<12))
	for len(units) < n {
		if c.at >= len(c.parts[0]) {
			if c.parts, c.at = c.parts[1:], 0; len(c.parts) == 0 {
				break
			}
			if len(c.parts[0]) == 0 {
				break
			}
			wide = c.parts[0][0]&1 != 0
			c.at = 1
			continue
		}
		part := c.parts[0]
		if !wide {
			units = append(units, uint16(part[c.at]))
			c.at++
			continue
		}
		if c.at+2 > len(part) {
			c.at = len(part)
			continue
		}
		units = append(units, little.Uint16(part[c.at:]))
		c.at += 2
	}
	if len(c.parts) == 0 {
		c.parts = [][]byte{nil}
	}
	return string(utf16.Decode(units))
}

// sheet reads the cells of one.
func (x *xls) sheet(b boundSheet) (Sheet, error) {
	s := Sheet{Name: b.name}
	grid := map[int]map[int]cellText{}
	var merged [][3]int
	put := func(row, column int, c cellText) error {
		if c.text == "" {
			return nil
		}
		if x.cells++; x.cells > maxCells || row >= maxAllRows {
			return errTooManyCells
		}
		if grid[row] == nil {
			grid[row] = map[int]cellText{}
		}
		grid[row][column] = c
		return nil
	}
	depth := 0
	row, column := 0, 0
	for at := b.at; ; {
		kind, data, next, ok := x.record(at)
		if !ok {
			break
		}
		at = next
		if len(data) >= 4 {
			row, column = int(little.Uint16(data)), int(little.Uint16(data[2:]))
		}
		var err error
		switch {
		case kind == 0x809:
			depth++
		case kind == 0x0a:
			if depth--; depth <= 0 {
				at = len(x.stream)
			}
		case depth > 1: // a chart within the sheet
		case kind == 0xfd && len(data) >= 10: // LABELSST
			if i := int(little.Uint32(data[6:])); i < len(x.shared) {
				err = put(row, column, cellText{text: x.shared[i]})
			}
		case (kind == 0x204 || kind == 0xd6) && len(data) > 8: // LABEL, RSTRING
			text, _ := x.long(data[6:])
			err = put(row, column, cellText{text: text})
		case kind == 0x203 && len(data) >= 14: // NUMBER
			err = put(row, column, x.number(math.Float64frombits(little.Uint64(data[6:])), little.Uint16(data[4:])))
		case kind == 0x27e && len(data) >= 10: // RK
			err = put(row, column, x.number(rk(little.Uint32(data[6:])), little.Uint16(data[4:])))
		case kind == 0xbd: // MULRK
			for i := 4; i+6 <= len(data)-2 && err == nil; i += 6 {
				err = put(row, column, x.number(rk(little.Uint32(data[i+2:])), little.Uint16(data[i:])))
				column++
			}
		case kind == 0x06 && len(data) >= 14: // FORMULA
			switch {
			case data[12] != 0xff || data[13] != 0xff:
				err = put(row, column, x.number(math.Float64frombits(little.Uint64(data[6:])), little.Uint16(data[4:])))
			case data[6] == 1:
				err = put(row, column, cellText{text: truth(data[8])})
			case data[6] == 0:
				if k, result, after, ok := x.record(at); ok && k == 0x207 { // STRING
					text, _ := x.long(result)
					err = put(row, column, cellText{text: text})
					at = after
				}
			}
		case kind == 0x205 && len(data) >= 8 && data[7] == 0: // BOOLERR
			err = put(row, column, cellText{text: truth(data[6])})
		case kind == 0xe5 && len(data) >= 2: // MERGEDCELLS
			for i := 2; i+8 <= len(data) && len(merged) < maxRows; i += 8 {
				merged = append(merged, [3]int{int(little.Uint16(data[i+4:])), int(little.Uint16(data[i:])) + 1, int(little.Uint16(data[i+2:])) + 1})
			}
		}
		if err != nil {
			return s, err
		}
	}
	t := rows{}
	numbers := make([]int, 0, len(grid))
	for n := range grid {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		last := 0
		for c := range grid[n] {
			last = max(last, c)
		}
		if last >= maxAllColumns {
			return s, tooManyColumns(n + 1)
		}
		cells, shown := make([]string, last+1), map[int]string{}
		for c, v := range grid[n] {
			if cells[c] = v.text; v.shown != "" {
				shown[c] = v.shown
			}
		}
		if err := t.add(n+1, cells, shown); err != nil {
			return s, err
		}
	}
	s.Rows = t.list
	for _, m := range merged {
		s.fill(m[0], m[1], m[2])
	}
	return s, nil
}

// cellText is the text of a cell; shown is set where the sheet shows another.
type cellText struct{ text, shown string }

func truth(b byte) string {
	if b != 0 {
		return "TRUE"
	}
	return "FALSE"
}

// rk is a number in four bytes.
func rk(v uint32) float64 {
	f := float64(int32(v) >> 2)
	if v&2 == 0 {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// builtIn are formats that a workbook has without saying so; those of dates.
var builtIn = map[uint16]string{9: "0%", 10: "0.00%", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss",
	22: "yyyy/m/d h:mm", 27: `yyyy"年"m"月"`, 28: `m"月"d"日"`, 29: `m"月"d"日"`, 30: "m/d/yy", 31: `yyyy"年"m"月"d"日"`, 32: "h:mm", 33: "h:mm:ss",
	36: `yyyy"年"m"月"`, 50: `yyyy"年"m"月"`, 51: `m"月"d"日"`, 52: `yyyy"年"m"月"`, 53: `m"月"d"日"`, 54: `m"月"d"日"`, 57: `yyyy"年"m"月"`, 58: `m"月"d"日"`}

var (
	quoted    = regexp.MustCompile(`"[^"]*"|\\.|\[[^\]]*\]`)
	dateParts = regexp.MustCompile(`(?i)y|d|h|s|a{3}|m{1,5}`)
	zeros     = regexp.MustCompile(`^0{2,}$`)
)

// number is a number as its format means it.
func (x *xls) number(v float64, style uint16) cellText {
	format := ""
	if int(style) < len(x.styles) {
		id := x.styles[style]
		if format = x.formats[id]; format == "" {
			format = builtIn[id]
		}
	}
	plain := text(strconv.FormatFloat(v, 'g', -1, 64), "", x.since04)
	bare := quoted.ReplaceAllString(strings.SplitN(format, ";", 2)[0], "")
	switch {
	case zeros.MatchString(bare) && len(plain) < len(bare) && !strings.ContainsAny(plain, ".-"):
		return cellText{text: strings.Repeat("0", len(bare)-len(plain)) + plain}
	case strings.HasSuffix(bare, "%"):
		places := 0
		if i := strings.IndexByte(bare, '.'); i >= 0 {
			places = len(bare) - i - 2
		}
		return cellText{text: strconv.FormatFloat(v*100, 'f', places, 64) + "%"}
	case bare == "" || strings.EqualFold(bare, "general") || strings.ContainsAny(bare, "#0") || !dateParts.MatchString(bare) || v < 0 || v >= lastDate+1:
		return cellText{text: plain}
	}
	at, err := excelize.ExcelDateToTime(v, x.since04)
	if err != nil {
		return cellText{text: plain}
	}
	return cellText{text: dateText(v, at), shown: showDate(format, at)}
}

// dateText is what a number means that is a date.
func dateText(v float64, at time.Time) string {
	switch {
	case v < 1:
		return at.Format("15:04")
	case v == math.Trunc(v):
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02 15:04")
}

// showDate writes a date in the format of a cell.
func showDate(format string, at time.Time) string {
	var b strings.Builder
	format = strings.SplitN(format, ";", 2)[0]
	weekdays := []string{"日", "一", "二", "三", "四", "五", "六"}
	for i := 0; i < len(format); {
		c := format[i] | 0x20
		n := 1
		for i+n < len(format) && format[i+n]|0x20 == c {
			n++
		}
		two := func(v int) {
			if n > 1 && v < 10 {
				b.WriteByte('0')
			}
			b.WriteString(strconv.Itoa(v))
		}
		switch {
		case format[i] == '"':
			end := strings.IndexByte(format[i+1:], '"')
			if end < 0 {
				return b.String()
			}
			b.WriteString(format[i+1 : i+1+end])
			n = end + 2
		case format[i] == '[':
			if end := strings.IndexByte(format[i:], ']'); end > 0 {
				n = end + 1
			}
		case format[i] == '\\' && i+1 < len(format):
			b.WriteByte(format[i+1])
			n = 2
		case c == 'y' && n > 2:
			b.WriteString(at.Format("2006"))
		case c == 'y':
			b.WriteString(at.Format("06"))
		case c == 'm' && (strings.Contains(b.String(), ":") || i+n < len(format) && format[i+n] == ':' && b.Len() > 0):
			two(at.Minute())
		case c == 'm':
			two(int(at.Month()))
		case c == 'd' && n > 2:
			b.WriteString(at.Format("Mon"))
		case c == 'd':
			two(at.Day())
		case c == 'a' && n == 3:
			b.WriteString("周" + weekdays[at.Weekday()])
		case c == 'a' && n > 3:
			b.WriteString("星期" + weekdays[at.Weekday()])
		case c == 'h':
			two(at.Hour())
		case c == 's':
			two(at.Second())
		case format[i] == '@' || format[i] == '_' || format[i] == '*':
		default:
			b.WriteString(format[i : i+n])
		}
		i += n
	}
	return strings.TrimSpace(b.String())
}
