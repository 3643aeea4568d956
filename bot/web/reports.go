package web

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/report"
	"branchbot/bot/roster"
)

// Reports: the workbooks that are handed in, of a month or a year, and how the
// unit took part in the weeks that were.
var (
	reportsPage = page{path: "reports", title: "console.title.reports", role: engine.Secretary, nav: true, view: "reports",
		get: showReports}
	reportsExport = page{path: "reports/export", title: "console.title.reports", role: engine.Secretary, get: exportReport}
)

// reports is what the page shows.
type reports struct {
	Months []choiceOf
	Years  []choiceOf
	Chart  template.HTML
}

// choiceOf is a period of which there may be a workbook.
type choiceOf struct{ Key, Name string }

func showReports(r *Request) error {
	var d reports
	now := r.Now.In(r.Unit.Zone)
	for i := range 12 {
		p := report.Month(now.Year(), now.Month()-time.Month(i))
		d.Months = append(d.Months, choiceOf{p.Key(), p.Name(r.Lang)})
	}
	for i := range 3 {
		p := report.Year(now.Year() - i)
		d.Years = append(d.Years, choiceOf{p.Key(), p.Name(r.Lang)})
	}
	f, err := r.lately()
	if err != nil {
		return err
	}
	if f != nil {
		d.Chart = f.Participation(r.Lang)
	}
	return r.Show(d)
}

// exportReport is the workbook of the period in the address.
func exportReport(r *Request) error {
	p, ok := report.ReadKey(r.URL.Query().Get("period"))
	if !ok {
		return complain(http.StatusNotFound, "console.reports.no_period")
	}
	f := feature[*report.Feature](r.server)
	if err := f.Reportable(r.Turn(), p); err != nil {
		if line, is := r.complaint(err); is {
			return complain(http.StatusNotFound, "console.said", "Line", line)
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
	w, err := r.Export("report", p.Key(), name, kind)
	if err != nil {
		return err
	}
	_, _ = w.Write(out.Bytes()) // or the browser went away
	return nil
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
func (r *Request) lately() (*report.Figures, error) {
	n, err := roster.CountTo(r.Tx, r.Unit.ID, mostCharted+1)
	if err != nil || n < fewestCharted || n > mostCharted || r.Header.Get("X-Live") != "" {
		return nil, err
	}
	so := *feature[*report.Feature](r.server).Source
	so.SoFar = true // a notice that is still open is asked of everybody
	return so.Figures(r.Tx, r.Unit.ID, report.Days(r.Now.In(r.Unit.Zone), chartedDays))
}

// serveChartCSS serves the style of charts.
func serveChartCSS(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(report.ChartCSS)))
	_, _ = w.Write([]byte(report.ChartCSS))
}
