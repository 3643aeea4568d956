package checkin

import (
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: check-ins by day, and one with who came, who is on leave,
// who is missing, and the late ones that wait for the secretary's word.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "checkins", Title: "checkin.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Publish, Order: 20}, View: views.Of("checkins"),
			Get: showCheckins, Post: changeCheckins, Pulse: Pulse},
		{Path: "checkins/{id}", Title: "checkin.page.one", Role: engine.Secretary, View: views.Of("checkin"), Get: showCheckin, Post: changeCheckin, Pulse: Pulse},
	}
}

func showCheckins(r *web.Request) error {
	from, to := r.Days()
	n, err := Windows(r.Tx, r.Unit.ID, from, to)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := Summaries(r.Tx, r.Unit.ID, from, to, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Windows []Summary
		Paging  web.Paging
		Days    web.Period
	}{list, paging, web.Period{From: from, To: to}})
}

func changeCheckins(r *web.Request) error {
	if r.Field("do") != "open" {
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	minutes, err := strconv.Atoi(r.Field("minutes"))
	if err != nil || minutes < 1 || minutes > 24*60 {
		return web.UserError(http.StatusBadRequest, "checkin.page.minutes_how")
	}
	return r.Command("", "checkins", "/开签", strconv.Itoa(minutes)+"m", r.Line("title"))
}

// lists are those of a window that can be looked at; "" is of those missing.
var lists = []string{"", "here", "leave", "late_pending"}

// oneCheckin is what the page of a window shows.
type oneCheckin struct {
	*Standing
	Which  string
	Lists  []string
	Paging web.Paging
}

func showCheckin(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	d := oneCheckin{Lists: lists}
	if which := r.URL.Query().Get("list"); slices.Contains(lists, which) {
		d.Which = which
	}
	paging := r.Paging(1 << 20) // how long the list is is known afterwards
	if d.Standing, err = Stand(r.Turn(), id, d.Which, paging.Size, paging.Offset()); err != nil {
		return err
	}
	if d.Standing == nil {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	d.Paging = r.Paging(d.Long(d.Which))
	return r.Show(d)
}

// Long is how long one of the lists is.
func (d oneCheckin) Long(which string) int {
	return map[string]int{"": d.Total, "here": d.Here, "leave": d.Leave, "late_pending": d.Late}[which]
}

func changeCheckin(r *web.Request) error {
	back := "checkins/" + r.PathValue("id")
	switch r.Field("do") {
	case "close":
		return r.CloseCode(back)
	case "enter":
		return r.Command(r.PathValue("id"), back, "/补签", r.Line("who"))
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// AnswerForm implements web.Answered.
func (f *Feature) AnswerForm(r *web.Request, it engine.OpenItem) (did string, form template.HTML, err error) {
	if it.Mine != "" {
		did = r.T("checkin.state." + it.Mine)
	}
	form, err = r.Render(views.Of("answer"), it)
	return did, form, err
}

// OpenItems implements engine.OpenItemLister.
func (f *Feature) OpenItems(tx *store.Tx, unit string, since time.Time) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, since)
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Opened, &it.Closes, &it.Done)
		return it, err
	}, with+`SELECT p.id, c.id, p.code, c.title, p.opened_at, c.closes_at,
			(SELECT COUNT(*) FROM checkin_entry e WHERE e.checkin = c.id AND e.state IN ('on_time', 'late'))
		FROM p JOIN checkin c ON c.id = p.ref ORDER BY p.id DESC`, args...)
}

// ItemsFor implements engine.OpenItemLister: Mine is a state of an entry.
func (f *Feature) ItemsFor(tx *store.Tx, unit string, member int64) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, time.Time{})
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		it.ByName = true
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Closes, &it.Mine)
		return it, err
	}, with+`SELECT p.id, c.id, p.code, c.title, c.closes_at, COALESCE((SELECT e.state FROM checkin_entry e WHERE e.checkin = c.id AND e.member = $3), '')
		FROM p JOIN checkin c ON c.id = p.ref ORDER BY p.id DESC`, append(args, member)...)
}

// ItemCommands implements engine.OpenItemLister.
func (f *Feature) ItemCommands() engine.ItemCommands {
	return engine.ItemCommands{"missing": "/未到", "close": "/结束 %s"}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{{Name: "checkin_entry", Where: "member = $1"}}
}
