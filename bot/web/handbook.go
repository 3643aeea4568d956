package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/feature/award"
	"branchbot/bot/report"
)

// The member's own yearly handbook (电子手册), as a page to be printed and as a
// file, and the certificates of his honours. Whose they are is never in the
// address.
var (
	handbookPage = page{path: "me/handbook", title: "console.title.me", own: true, role: engine.OnRoster, get: showHandbook}
	handbookFile = page{path: "me/handbook.pdf", title: "console.title.me", own: true, role: engine.OnRoster, get: exportHandbook}
	honourFile   = page{path: "me/honours/{id}", title: "console.title.me", own: true, role: engine.OnRoster, get: showCertificate}
)

// handbookCSS is where the handbook's style is served.
const handbookCSS = Root + "assets/handbook.css"

func serveHandbookCSS(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write([]byte(report.HandbookCSS))
}

// handbook is the member's of the year in the address: this one unless it says
// another.
func (r *Request) handbook() (*report.Handbook, int, error) {
	year := r.Now.In(r.Unit.Zone).Year()
	if text := r.URL.Query().Get("year"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1900 || n > year {
			return nil, 0, complain(http.StatusNotFound, "console.me.no_year")
		}
		year = n
	}
	h, err := feature[*report.Feature](r.server).Handbook(r.Tx, r.Member.ID, report.Year(year))
	return h, year, err
}

func showHandbook(r *Request) error {
	h, _, err := r.handbook()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := h.Page(&out, r.Lang, handbookCSS); err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = r.w.Write(out.Bytes()) // or the browser went away
	return nil
}

func exportHandbook(r *Request) error {
	h, year, err := r.handbook()
	if err != nil {
		return err
	}
	data, err := h.PDF(r.Lang)
	if err != nil {
		return err
	}
	w, err := r.Export("handbook", strconv.Itoa(year), fmt.Sprintf("%s-%d.pdf", r.Member.Name, year), "application/pdf")
	if err != nil {
		return err
	}
	_, _ = w.Write(data) // or the browser went away
	return nil
}

// showCertificate shows the certificate of an honour of the member's own.
func showCertificate(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	honours, err := award.Of(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	for _, h := range honours {
		if h.ID == id {
			data, err := award.Picture(r.Tx, fmt.Sprintf("own.%d.png", id), r.server.Engine.Directory.Unit)
			if err != nil {
				return err
			}
			r.w.Header().Set("Content-Type", draw.Type)
			_, _ = r.w.Write(data) // or the browser went away
			return nil
		}
	}
	return complain(http.StatusNotFound, "console.not_found")
}
