package content

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"branchbot/content/sheet"
)

// Word files (.docx, ECMA-376): the text of the paragraphs with Word's own numbering, which
// stands in no text, and tables as rows of cells. Text that was deleted, comments, headers and
// footers are left out.

// Limits of what is unpacked of a Word file.
const (
	maxWordXML   = 40 << 20
	maxWordDepth = 200
)

// readWord reads a bank of a Word file: its paragraphs as a text bank, and its tables, if they
// have headings, as tables.
func readWord(file string, data []byte) (*Bank, error) {
	w, err := openWord(data)
	if err != nil {
		return nil, unreadable(file, "broken")
	}
	var tables []sheet.Sheet
	for _, rows := range w.tables {
		tables = append(tables, sheet.Sheet{Rows: rows})
	}
	text := strings.Join(w.lines, "\n")
	if isGIFT(file, text) {
		return readGIFT(file, text), nil
	}
	bank := readText(file, text)
	if len(tables) > 0 {
		more := readTables(file, "docx", tables)
		if len(bank.Questions) == 0 {
			return more, nil
		}
		bank.Questions = append(bank.Questions, more.Questions...)
		bank.Skipped = append(bank.Skipped, more.Skipped...)
		bank.Bad = append(bank.Bad, more.Bad...)
	}
	return bank, nil
}

// word is the state of reading a document.
type word struct {
	numbers numbering
	styles  map[string]listed // the numbering of paragraph styles
	lines   []string
	tables  [][]sheet.Row // those that have questions; others are frames around text
}

// listed is the numbering of a paragraph.
type listed struct {
	list, level string
}

func openWord(data []byte) (*word, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(z.File) > maxEntries {
		return nil, errors.New("too many files")
	}
	left := int64(maxWordXML)
	part := func(name string) ([]byte, error) {
		for _, f := range z.File {
			if path.Clean(f.Name) == name {
				body, err := unpack(f, left)
				left -= int64(len(body))
				return body, err
			}
		}
		return nil, nil
	}
	w := &word{styles: map[string]listed{}}
	body, err := part("word/numbering.xml")
	if err != nil {
		return nil, err
	}
	if w.numbers, err = readNumbering(body); err != nil {
		return nil, err
	}
	if body, err = part("word/styles.xml"); err != nil {
		return nil, err
	}
	if err := w.readStyles(body); err != nil {
		return nil, err
	}
	if body, err = part("word/document.xml"); err != nil {
		return nil, err
	}
	return w, w.read(body)
}

// frame puts the cells of a table that is no table of questions where it stood, a line each.
func (w *word) frame(rows []sheet.Row) {
	for _, r := range rows {
		for _, cell := range r.Cells {
			if cell != "" {
				w.lines = append(w.lines, strings.Split(cell, "\n")...)
			}
		}
	}
}

// readStyles notes which paragraph styles have a numbering.
func (w *word) readStyles(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	id := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "style":
			id = attr(start, "styleId")
		case "numId":
			n := w.styles[id]
			n.list = attr(start, "val")
			w.styles[id] = n
		case "ilvl":
			n := w.styles[id]
			n.level = attr(start, "val")
			w.styles[id] = n
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// paragraph is the one being read.
type paragraph struct {
	text   strings.Builder
	number listed
	style  string
}

// read goes through the body of the document.
func (w *word) read(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	var p *paragraph
	var outer []*paragraph // of those in whose text boxes others stand
	var table []*wordTable // one within the other
	skip, depth := 0, 0    // skip counts the elements around that are left out
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxWordDepth {
				return errors.New("too deep")
			}
			if skip > 0 || leftOutOfText(t.Name.Local) {
				skip++
				continue
			}
			switch t.Name.Local {
			case "tbl":
				table = append(table, &wordTable{})
			case "tr":
				if n := len(table); n > 0 {
					table[n-1].rows = append(table[n-1].rows, sheet.Row{Number: len(w.lines) + len(table[n-1].rows) + 1})
				}
			case "tc":
				if n := len(table); n > 0 {
					table[n-1].cell = nil
				}
			case "p":
				if p != nil {
					outer = append(outer, p)
				}
				p = &paragraph{}
			case "pStyle":
				if p != nil {
					p.style = attr(t, "val")
				}
			case "numId":
				if p != nil {
					p.number.list = attr(t, "val")
				}
			case "ilvl":
				if p != nil {
					p.number.level = attr(t, "val")
				}
			case "tab":
				if p != nil && attr(t, "val") == "" { // not the stop of a ruler
					p.text.WriteByte('\t')
				}
			case "br", "cr":
				if p != nil {
					p.text.WriteByte('\n')
				}
			case "noBreakHyphen":
				if p != nil {
					p.text.WriteByte('-')
				}
			case "sym":
				if p != nil {
					p.text.WriteString(symbol(t))
				}
			}
		case xml.EndElement:
			depth--
			if skip > 0 {
				skip--
				continue
			}
			switch t.Name.Local {
			case "p":
				if p == nil {
					continue
				}
				text := w.numbers.before(p, w.styles) + p.text.String()
				if n := len(table); n > 0 {
					table[n-1].cell = append(table[n-1].cell, text)
				} else {
					w.lines = append(w.lines, strings.Split(text, "\n")...)
				}
				if p = nil; len(outer) > 0 {
					p, outer = outer[len(outer)-1], outer[:len(outer)-1]
				}
			case "tc":
				if n := len(table); n > 0 && len(table[n-1].rows) > 0 {
					r := &table[n-1].rows[len(table[n-1].rows)-1]
					r.Cells = append(r.Cells, strings.TrimSpace(strings.Join(table[n-1].cell, "\n")))
					table[n-1].cell = nil
				}
			case "tbl":
				n := len(table)
				if n == 0 {
					continue
				}
				done := table[n-1]
				if table = table[:n-1]; n > 1 { // within a cell: its text
					for _, r := range done.rows {
						table[n-2].cell = append(table[n-2].cell, strings.Join(r.Cells, "\t"))
					}
					continue
				}
				if HasQuestions(done.rows) {
					w.tables = append(w.tables, done.rows)
				} else {
					w.frame(done.rows)
				}
			}
		case xml.CharData:
			if skip == 0 && p != nil {
				p.text.Write(t)
			}
		}
	}
}

// wordTable is a table being read.
type wordTable struct {
	rows []sheet.Row
	cell []string
}

// leftOutOfText tells of elements whose text nobody sees: what was deleted, field codes, the
// second form of what newer programs draw.
func leftOutOfText(name string) bool {
	switch name {
	case "del", "delText", "instrText", "Fallback", "moveFrom", "rubyPr", "rt", "pPrChange", "rPrChange", "sectPr":
		return true
	}
	return false
}

// symbol is a character of a symbol font: Wingdings has the signs for right and wrong.
func symbol(e xml.StartElement) string {
	switch strings.ToUpper(strings.TrimPrefix(strings.ToUpper(attr(e, "char")), "F0")) {
	case "FC", "50", "52", "FE":
		return "√"
	case "FB", "4F", "51", "FD":
		return "×"
	}
	return ""
}

// numbering are the lists of a document.
type numbering struct {
	lists    map[string]*wordList
	counters map[string][]int // by the abstract list: of each level, what stands there now
}

type wordList struct {
	abstract string
	levels   map[string]*wordLevel
}

type wordLevel struct {
	start  int
	format string // decimal, upperLetter, chineseCounting …
	text   string // "%1." …
}

// readNumbering reads the definitions of lists.
func readNumbering(body []byte) (numbering, error) {
	n := numbering{map[string]*wordList{}, map[string][]int{}}
	d := xml.NewDecoder(bytes.NewReader(body))
	abstract := map[string]map[string]*wordLevel{}
	var levels map[string]*wordLevel
	var level *wordLevel
	list := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "abstractNum":
			levels = map[string]*wordLevel{}
			abstract[attr(start, "abstractNumId")] = levels
			list = ""
		case "num":
			list = attr(start, "numId")
			levels = nil
		case "abstractNumId":
			id := attr(start, "val")
			if list != "" {
				own := map[string]*wordLevel{}
				for k, v := range abstract[id] {
					copied := *v
					own[k] = &copied
				}
				n.lists[list] = &wordList{id, own}
				levels = own
			}
		case "lvl", "lvlOverride":
			if levels == nil {
				continue
			}
			key := attr(start, "ilvl")
			if level = levels[key]; level == nil || start.Name.Local == "lvl" {
				level = &wordLevel{start: 1, format: "decimal"}
				levels[key] = level
			}
			if start.Name.Local == "lvlOverride" && list != "" { // a list that begins anew counts for itself
				n.lists[list].abstract = "list " + list
			}
		case "start", "startOverride":
			if v, err := strconv.Atoi(attr(start, "val")); err == nil && level != nil {
				level.start = v
			}
		case "numFmt":
			if level != nil {
				level.format = attr(start, "val")
			}
		case "lvlText":
			if level != nil {
				level.text = attr(start, "val")
			}
		}
	}
}

// before is the number that Word shows before a paragraph; "" when it has none.
func (n *numbering) before(p *paragraph, styles map[string]listed) string {
	of := p.number
	if of.list == "" {
		of = styles[p.style]
		if p.number.level != "" {
			of.level = p.number.level
		}
	}
	list := n.lists[of.list]
	if list == nil || of.list == "0" {
		return ""
	}
	if of.level == "" {
		of.level = "0"
	}
	at, err := strconv.Atoi(of.level)
	level := list.levels[of.level]
	if err != nil || at < 0 || at > 8 || level == nil || strings.TrimSpace(p.text.String()) == "" && level.format == "bullet" {
		return ""
	}
	counters := n.counters[list.abstract]
	for len(counters) <= at {
		counters = append(counters, 0)
	}
	if counters[at] == 0 {
		counters[at] = level.start - 1
	}
	counters[at]++
	n.counters[list.abstract] = counters[:at+1] // the levels below begin anew
	if level.format == "bullet" || level.format == "none" {
		return ""
	}
	text := level.text
	for i := range counters[:at+1] {
		of := list.levels[strconv.Itoa(i)]
		if of == nil {
			of = level
		}
		text = strings.ReplaceAll(text, "%"+strconv.Itoa(i+1), inFormat(max(counters[i], 1), of.format))
	}
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "．") {
		return text + " "
	}
	return text
}

// inFormat writes a number as a list does.
func inFormat(n int, format string) string {
	letters := func(first rune) string {
		return strings.Repeat(string(first+rune((n-1)%26)), (n-1)/26+1)
	}
	switch format {
	case "upperLetter":
		return letters('A')
	case "lowerLetter":
		return letters('a')
	case "chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographTraditional", "taiwaneseCountingThousand", "chineseLegalSimplified":
		return chineseNumber(n)
	case "upperRoman":
		return roman(n)
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "decimalEnclosedCircle", "decimalEnclosedCircleChinese":
		if n <= 20 {
			return string('①' + rune(n-1))
		}
	}
	return strconv.Itoa(n)
}

// chineseNumber is a number below 100 in Chinese: 十二.
func chineseNumber(n int) string {
	digits := []rune("零一二三四五六七八九")
	switch {
	case n < 10:
		return string(digits[n])
	case n >= 100:
		return strconv.Itoa(n)
	}
	out := "十"
	if n >= 20 {
		out = string(digits[n/10]) + out
	}
	if n%10 != 0 {
		out += string(digits[n%10])
	}
	return out
}

func roman(n int) string {
	out := ""
	for _, r := range []struct {
		value int
		sign  string
	}{{100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for n >= r.value && len(out) < 20 {
			out += r.sign
			n -= r.value
		}
	}
	return out
}
