package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/feature/checkin"
	"branchbot/bot/feature/lesson"
	"branchbot/bot/feature/quiz"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: the workbooks that are handed in, of a month or a year; and the
// member's own yearly handbook (电子手册), as a page to be printed and as a file. Whose that
// is is never in the address.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "reports", Title: "report.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Library, Order: 40}, View: views.Of("reports"), Get: f.showReports},
		{Path: "reports/export", Title: "report.page.title", Role: engine.Secretary, Get: f.exportReport, Tells: web.TellsOfAll},
		{Path: "me/handbook", Title: "console.title.me", Own: true, Role: engine.OnRoster, Get: f.showHandbook},
		{Path: "me/handbook.pdf", Title: "console.title.me", Own: true, Role: engine.OnRoster, Get: f.saveHandbook},
	}
}

// Styles are the style sheets of charts and of the handbook, for the console to serve.
func Styles() map[string]string {
	return map[string]string{"charts.css": ChartCSS, "handbook.css": HandbookCSS}
}

// Parts implements web.Partner: charts on the pages of what they are about, and the
// handbook's years on the member's own page.
func (f *Feature) Parts() []web.Part {
	chart := func(page string, draw func(*Figures, *web.Request) (template.HTML, error)) web.Part {
		return web.Part{Of: page + "/chart", View: views.Of("chart"), Data: func(r *web.Request) (any, error) {
			figures, err := f.lately(r)
			if err != nil || figures == nil {
				return nil, err
			}
			html, err := draw(figures, r)
			if html == "" {
				return nil, err
			}
			return html, err
		}}
	}
	return []web.Part{
		chart("reports", func(g *Figures, r *web.Request) (template.HTML, error) { return g.Participation(r.Lang), nil }),
		chart("rounds", func(g *Figures, r *web.Request) (template.HTML, error) { return g.Hardest(r.Lang), nil }),
		chart("notices", func(g *Figures, r *web.Request) (template.HTML, error) { return g.Pace(r.Tx, r.Lang) }),
		{Of: "me/papers", View: views.Of("me"), Data: func(r *web.Request) (any, error) {
			years, err := f.years(r)
			return struct{ Years []int }{years}, err
		}},
	}
}

// years are those of which the member can have a handbook, the last one first.
func (f *Feature) years(r *web.Request) ([]int, error) {
	this := r.Now.In(r.Unit.Zone).Year()
	first := this
	for _, firstDay := range []func(*store.Tx, int64) (string, error){quiz.FirstDay, checkin.FirstDay, lesson.FirstDay, award.FirstDay} {
		day, err := firstDay(r.Tx, r.Member.ID)
		if err != nil {
			return nil, err
		}
		if year, err := strconv.Atoi(strings.SplitN(day, "-", 2)[0]); err == nil && year < first {
			first = year
		}
	}
	var years []int
	for y := this; y >= first; y-- {
		years = append(years, y)
	}
	return years, nil
}

// reports is what the page shows.
type reports struct {
	Months []choiceOf
	Years  []choiceOf
}

// choiceOf is a period of which there may be a workbook.
type choiceOf struct{ Key, Name string }

func (f *Feature) showReports(r *web.Request) error {
	var d reports
	now := r.Now.In(r.Unit.Zone)
	for i := range 12 {
		p := Month(now.Year(), now.Month()-time.Month(i))
		d.Months = append(d.Months, choiceOf{p.Key(), p.Name(r.Lang)})
	}
	for i := range 3 {
		p := Year(now.Year() - i)
		d.Years = append(d.Years, choiceOf{p.Key(), p.Name(r.Lang)})
	}
	return r.Show(d)
}

// exportReport is the workbook of the period in the address.
func (f *Feature) exportReport(r *web.Request) error {
	p, ok := ReadKey(r.URL.Query().Get("period"))
	if !ok {
		return web.UserError(http.StatusNotFound, "report.page.no_period")
	}
	if err := f.Reportable(r.Turn(), p); err != nil {
		if line, is := r.UserLine(err); is {
			return web.UserError(http.StatusNotFound, "console.said", "Line", line)
		}
		return err
	}
	figures, err := f.Figures(r.Tx, r.Unit.ID, p)
	if err != nil {
		return err
	}
	name, kind := f.Title(r.Turn(), p), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	var out bytes.Buffer // a workbook that breaks off is none
	if r.URL.Query().Get("type") == "csv" {
		name, kind = name+".csv", "text/csv; charset=utf-8"
		var data []byte
		data, err = figures.CSV(r.Lang)
		out.Write(data)
	} else {
		name += ".xlsx"
		err = figures.Workbook(&out, r.Lang, r.Now)
	}
	if err != nil {
		return err
	}
	return r.Export(p.Key(), name, kind, out.Bytes())
}

// Charts are drawn of rosters of that many. In a smaller unit a share is about
// one member or two; a larger one's takes too long for a page, and its workbook
// has it.
const (
	fewestCharted = 5
	mostCharted   = 150
	chartedDays   = 12 * 7
)

// lately are the figures of the last weeks, for charts; nil when there are none
// of this unit, or when a page asks by itself for its live part.
func (f *Feature) lately(r *web.Request) (*Figures, error) {
	n, err := roster.CountTo(r.Tx, r.Unit.ID, mostCharted+1)
	if err != nil || n < fewestCharted || n > mostCharted || r.Header.Get("X-Live") != "" {
		return nil, err
	}
	so := *f.Source
	so.SoFar = true // a notice that is still open is asked of everybody
	return so.Figures(r.Tx, r.Unit.ID, Days(r.Now.In(r.Unit.Zone), chartedDays))
}

// handbookCSS is where the handbook's style is served.
const handbookCSS = web.Root + "assets/handbook.css"

// handbook is the member's of the year in the address: this one unless it says
// another.
func (f *Feature) handbook(r *web.Request) (*Handbook, int, error) {
	year := r.Now.In(r.Unit.Zone).Year()
	if text := r.URL.Query().Get("year"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1900 || n > year {
			return nil, 0, web.UserError(http.StatusNotFound, "report.page.no_year")
		}
		year = n
	}
	h, err := f.Handbook(r.Tx, r.Member.ID, Year(year))
	return h, year, err
}

func (f *Feature) showHandbook(r *web.Request) error {
	h, _, err := f.handbook(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := h.Page(&out, r.Lang, handbookCSS); err != nil {
		return err
	}
	return r.Send("text/html; charset=utf-8", out.Bytes())
}

func (f *Feature) saveHandbook(r *web.Request) error {
	h, year, err := f.handbook(r)
	if err != nil {
		return err
	}
	data, err := h.PDF(r.Lang)
	if err != nil {
		return err
	}
	return r.Export(strconv.Itoa(year), fmt.Sprintf("%s-%d.pdf", r.Member.Name, year), "application/pdf", data)
}

// Media implements engine.MediaMaker: report:2026-11/UNIT.xlsx, handbook:2026/MEMBER.pdf.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{
		"report": func(tx *store.Tx, _ engine.Directory, name string) ([]byte, string, error) {
			data, err := f.file(tx, "report", name)
			return data, engine.TableType(name), err
		},
		"handbook": func(tx *store.Tx, _ engine.Directory, name string) ([]byte, string, error) {
			data, err := f.file(tx, "handbook", name)
			return data, "application/pdf", err
		},
	}
}
