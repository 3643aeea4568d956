package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"branchbot/bot/draw/font"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/store"
)

// The handbook on A4, in millimetres.
const (
	pageWidth = 210.0
	margin    = 16.0
	inner     = pageWidth - 2*margin
	bottom    = 297.0 - 18
	cellPad   = 1.5
	lineOf    = 5.2 // the height of a line in a table
)

// print is a PDF being written.
type print struct {
	*fpdf.Fpdf
}

// PDF is the handbook as a document.
func (h *Handbook) PDF(lang string) ([]byte, error) {
	s := h.sheet(lang)
	f := print{fpdf.New("P", "mm", "A4", "")}
	f.AddUTF8FontFromBytes("wqy", "", font.TTF)
	f.SetCatalogSort(true)
	if made, err := time.Parse(time.DateOnly, h.Made); err == nil { // the same handbook of a day is the same file
		f.SetCreationDate(made)
		f.SetModificationDate(made)
	}
	f.SetTitle(s.Title+" "+s.Name, true)
	f.SetLang(lang)
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(false, 0)
	f.SetFooterFunc(func() {
		f.font(8)
		f.SetTextColor(110, 110, 110)
		f.SetXY(margin, 297-12)
		f.CellFormat(inner, 5, font.Printable(locale.Text(lang, "report.pdf_page", "Name", s.Name, "Page", f.PageNo())), "", 0, "C", false, 0, "")
		f.SetTextColor(0, 0, 0)
	})
	f.AddPage()
	f.title(s)
	for _, t := range s.Tables {
		f.section(t)
	}
	f.font(8.5)
	f.SetTextColor(90, 90, 90)
	f.Ln(6)
	f.paragraph(s.Note, 4.6)
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("handbook of member %d: %w", h.Member.ID, err)
	}
	return b.Bytes(), nil
}

// handbookPDF is the file of a member's year in his language.
func (f *Feature) handbookPDF(tx *store.Tx, id int64, p Period) ([]byte, error) {
	h, err := f.Handbook(tx, id, p)
	if err != nil {
		return nil, fmt.Errorf("handbook of member %d: %w", id, err)
	}
	return h.PDF(language(&h.Member, h.Unit))
}

func language(m *engine.Member, u *engine.Unit) string {
	if m.Language != "" {
		return m.Language
	}
	return u.Language
}

func (f print) font(size float64) { f.SetFont("wqy", "", size) }

// title is the head of the first page: a red line, the title, the facts in two
// columns.
func (f print) title(s sheetOf) {
	f.SetFillColor(179, 38, 30)
	f.Rect(margin, margin, inner, 1.2, "F")
	f.SetY(margin + 6)
	f.font(20)
	f.CellFormat(inner, 11, font.Printable(s.Title), "", 1, "C", false, 0, "")
	f.Ln(4)
	f.font(10.5)
	for i := 0; i < len(s.Facts); i += 2 {
		tall := 0.0
		y := f.GetY()
		for j, fact := range s.Facts[i:min(i+2, len(s.Facts))] {
			x := margin + float64(j)*inner/2
			f.SetTextColor(100, 100, 100)
			f.SetXY(x, y)
			f.CellFormat(24, 7, font.Printable(fact[0]), "", 0, "L", false, 0, "")
			f.SetTextColor(0, 0, 0)
			for k, line := range f.wrap(fact[1], inner/2-26) {
				f.SetXY(x+24, y+float64(k)*6)
				f.CellFormat(inner/2-24, 7, line, "", 0, "L", false, 0, "")
				tall = max(tall, float64(k+1)*6)
			}
		}
		f.SetY(y + tall + 1)
	}
}

func (f print) paragraph(text string, leading float64) {
	for _, line := range f.wrap(text, inner) {
		if f.GetY()+leading > bottom {
			f.AddPage()
		}
		f.SetX(margin)
		f.CellFormat(inner, leading, line, "", 1, "L", false, 0, "")
	}
}

// section is a table under its title; its head is repeated on each page.
func (f print) section(t section) {
	if f.GetY()+30 > bottom {
		f.AddPage()
	}
	f.Ln(5)
	f.font(12.5)
	f.SetTextColor(140, 29, 24)
	f.CellFormat(inner, 8, font.Printable(t.Title), "B", 1, "L", false, 0, "")
	f.SetTextColor(0, 0, 0)
	f.Ln(1.5)
	f.font(9.5)
	if len(t.Rows) == 0 {
		f.CellFormat(inner, 6, font.Printable(t.Empty), "", 1, "L", false, 0, "")
		return
	}
	widths := t.widths()
	f.SetDrawColor(190, 185, 180)
	f.row(t.Head, widths, -1, true)
	for _, r := range t.Rows {
		if f.GetY()+f.height(r, widths) > bottom {
			f.AddPage()
			f.font(9.5)
			f.row(t.Head, widths, -1, true)
		}
		f.row(r, widths, t.Wide, false)
	}
}

// narrowest is the width of a column that is not the wide one.
const narrowest = 30.0

func (t *section) widths() []float64 {
	n := float64(len(t.Head))
	widths := make([]float64, len(t.Head))
	for i := range widths {
		switch {
		case t.Wide < 0:
			widths[i] = inner / n
		case i == t.Wide:
			widths[i] = inner - (n-1)*narrowest
		default:
			widths[i] = narrowest
		}
	}
	return widths
}

func (f print) height(cells []string, widths []float64) float64 {
	lines := 1
	for i, c := range cells {
		lines = max(lines, len(f.wrap(c, widths[i]-2*cellPad)))
	}
	return float64(lines)*lineOf + 1.6
}

// row writes cells with their borders, as tall as the longest needs.
func (f print) row(cells []string, widths []float64, wide int, head bool) {
	tall := f.height(cells, widths)
	x, y := margin, f.GetY()
	for i, c := range cells {
		style := "D"
		if head {
			f.SetFillColor(251, 233, 231)
			style = "FD"
		}
		f.Rect(x, y, widths[i], tall, style)
		align := "C"
		if i == wide {
			align = "L"
		}
		lines := f.wrap(c, widths[i]-2*cellPad)
		top := y + (tall-float64(len(lines))*lineOf)/2
		for k, line := range lines {
			f.SetXY(x+cellPad, top+float64(k)*lineOf)
			f.CellFormat(widths[i]-2*cellPad, lineOf, line, "", 0, align, false, 0, "")
		}
		x += widths[i]
	}
	f.SetXY(margin, y+tall)
}

// Signs that do not stand at the beginning, or at the end, of a line.
const (
	notFirst = "，。！？；：、）》】」』”’,.!?;:)%"
	notLast  = "（《【「『“‘("
)

// wrap breaks a text into lines of a width. fpdf's own wrapping loses Chinese
// characters at its breaks.
func (f print) wrap(text string, width float64) []string {
	var lines []string
	for _, p := range strings.Split(font.Printable(text), "\n") {
		line, at := []rune(nil), 0.0
		for _, r := range p {
			w := f.GetStringWidth(string(r))
			if at+w > width && len(line) > 0 && !strings.ContainsRune(notFirst, r) {
				cut := len(line)
				for cut > 1 && strings.ContainsRune(notLast, line[cut-1]) {
					cut--
				}
				rest := append([]rune(nil), line[cut:]...)
				lines = append(lines, string(line[:cut]))
				line, at = rest, f.GetStringWidth(string(rest))
			}
			line = append(line, r)
			at += w
		}
		lines = append(lines, string(line))
	}
	return lines
}
