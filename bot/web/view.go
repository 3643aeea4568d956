package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"branchbot/bot/engine"
)

// views are the pages that belong to no feature.
var views = parseViews(assets, "assets")

// Title is the page's.
func (r *Request) Title() string { return r.T(r.page.Title) }

// Units is what the header offers to change to.
func (r *Request) Units() chooser { return r.units }

// UnitAddress is the address of the first page of another unit.
func (r *Request) UnitAddress(id string) string {
	to := "today"
	if r.page.Nav.Group != Nowhere && !r.page.Own && !strings.Contains(r.page.Path, "{") {
		to = r.page.Path
	}
	return Root + "u/" + url.PathEscape(id) + "/" + to
}

// Here is the address of this page with its query, without a flash.
func (r *Request) Here() string { return r.URL.RequestURI() }

// Steers tells whether the member is a secretary here.
func (r *Request) Steers() bool { return r.Role >= engine.Secretary }

// Short is the beginning of a text, on one line.
func (r *Request) Short(text string) string {
	return Shorten(strings.Join(strings.Fields(text), " "), 60)
}

// Long tells a time that something took.
func (r *Request) Long(d time.Duration) string {
	minutes := int(d.Round(time.Minute).Minutes())
	switch {
	case minutes < 60:
		return r.T("console.minutes", "N", max(1, minutes))
	case minutes < 48*60:
		return r.T("console.hours", "N", strconv.FormatFloat(float64(minutes)/60, 'f', 1, 64))
	}
	return r.T("console.days", "N", strconv.FormatFloat(float64(minutes)/(24*60), 'f', 1, 64))
}

// Live is where the page is told that something has changed; "" when it is not.
func (r *Request) Live() string {
	if r.seen == "" {
		return ""
	}
	return Root + "events?" + url.Values{"unit": {r.Unit.ID}, "page": {r.page.Path}, "seen": {r.seen}}.Encode()
}

// Query is what the table of the page is searched for: ?q=, at most 64 letters.
func (r *Request) Query() string {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
		return ""
	}
	if letters := []rune(q); len(letters) > 64 {
		q = string(letters[:64])
	}
	return q
}

// Paging is a part of a long table: ?page= counts from 1.
type Paging struct {
	Page, Pages, Total, Size int
	Prev, Next               string // addresses; "" when there is none
}

// Offset is how many rows lie before the page.
func (p Paging) Offset() int { return (p.Page - 1) * p.Size }

// rowsPerPage is how long a table is on a page.
const rowsPerPage = 50

// Paging is the page of a table of so many rows that the browser asks for.
func (r *Request) Paging(total int) Paging {
	p := Paging{Page: 1, Pages: max(1, (total+rowsPerPage-1)/rowsPerPage), Total: total, Size: rowsPerPage}
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		p.Page = min(max(n, 1), p.Pages)
	}
	at := func(n int) string {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		return r.URL.Path + "?" + q.Encode()
	}
	if p.Page > 1 {
		p.Prev = at(p.Page - 1)
	}
	if p.Page < p.Pages {
		p.Next = at(p.Page + 1)
	}
	return p
}

// pager is what the template "paging" shows.
type pager struct {
	Request *Request
	Paging  Paging
}

// Pager is for {{template "paging" (.Pager .Data.Paging)}}.
func (r *Request) Pager(p Paging) pager { return pager{r, p} }

// Word is a word of the catalogue that has several spellings: the first.
func (r *Request) Word(prefix, key string) string {
	return strings.Split(r.T(prefix+key), "/")[0]
}
