package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed handbook.html
var handbookHTML string

// HandbookCSS is the style of the handbook's page, on a screen and printed.
//
//go:embed handbook.css
var HandbookCSS string

var handbookPage = template.Must(template.New("handbook").Parse(handbookHTML))

// Page writes the handbook as a page to be printed. css is the address of
// HandbookCSS.
func (h *Handbook) Page(w io.Writer, lang, css string) error {
	return handbookPage.Execute(w, struct {
		sheetOf
		Lang, CSS string
	}{h.sheet(lang), lang, css})
}
