package signup

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "signups", Title: "signup.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Publish, Order: 50}, View: views.Of("signups"),
			Get: showList, Post: begin, Pulse: Pulse},
		{Path: "signups/{id}", Title: "signup.page.one", Role: engine.Secretary, View: views.Of("signup"), Get: show, Post: change, Pulse: Pulse},
		{Path: "signups/{id}/export", Title: "signup.page.title", Role: engine.Secretary, Get: export, Tells: tells},
	}
}

func showList(r *web.Request) error {
	n, err := Held(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := Summaries(r.Tx, r.Unit.ID, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Signups []Summary
		Paging  web.Paging
	}{list, paging})
}

func begin(r *web.Request) error {
	if r.Field("do") != "open" {
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	words := []string{"/接龙", r.Line("title")}
	if places := r.Line("places"); places != "" {
		words = append(words, "限 "+places)
	}
	at, err := r.Instant("closes")
	if err != nil {
		return err
	}
	if !at.IsZero() {
		words = append(words, at.Format("截止 2006-01-02 15:04"))
	}
	return r.Command("", "signups", words...)
}

func show(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	s, list, err := One(r.Turn(), id)
	if err != nil {
		return err
	}
	if s == nil {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	p := r.Paging(len(list))
	return r.Show(struct {
		*Summary
		Entries []Entry
		Paging  web.Paging
	}{s, list[p.Offset():min(len(list), p.Offset()+p.Size)], p})
}

func change(r *web.Request) error {
	back := "signups/" + r.PathValue("id")
	switch r.Field("do") {
	case "close":
		return r.CloseCode(back)
	case "remove":
		return r.Command(r.PathValue("id"), back, "/接龙 移除", r.Line("code"), r.Line("name"))
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

func export(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	s, _, err := One(r.Turn(), id)
	if err != nil {
		return err
	}
	if s == nil {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	data, err := Export(r.Tx, id, r.Lang)
	if err != nil {
		return err
	}
	return r.Export(strconv.FormatInt(id, 10), s.Title+".xlsx", engine.XLSX, data)
}

// tells tells whether a member is in a list.
func tells(tx *store.Tx, ref string, member int64) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM signup_entry WHERE member = $1 AND CAST(signup AS TEXT) = $2`, member, ref).Scan(&n)
	return n > 0, err
}

// AnswerForm implements web.Answered.
func (f *Feature) AnswerForm(r *web.Request, it engine.OpenItem) (did string, form template.HTML, err error) {
	if it.Mine != "" {
		did = r.T("signup.state." + it.Mine)
	}
	form, err = r.Render(views.Of("answer"), it)
	return did, form, err
}

// OpenItems implements engine.OpenItemLister.
func (f *Feature) OpenItems(tx *store.Tx, unit string, since time.Time) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, since)
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Opened, &it.Closes, &it.Done, &it.Due)
		return it, err
	}, with+`SELECT p.id, s.id, p.code, s.title, p.opened_at, s.closes_at,
		(SELECT COALESCE(SUM(e.people), 0) FROM signup_entry e WHERE e.signup = s.id AND e.waiting = 0), s.places
		FROM p JOIN signup s ON s.id = p.ref ORDER BY p.id DESC`, args...)
}

// ItemsFor implements engine.OpenItemLister: Mine is in or waiting.
func (f *Feature) ItemsFor(tx *store.Tx, unit string, member int64) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, time.Time{})
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Closes, &it.Mine)
		return it, err
	}, with+`SELECT p.id, s.id, p.code, s.title, s.closes_at, COALESCE((SELECT MAX(CASE WHEN e.waiting = 0 THEN 'in' ELSE 'waiting' END)
			FROM signup_entry e WHERE e.signup = s.id AND e.member = $3 AND e.people > 0), '')
		FROM p JOIN signup s ON s.id = p.ref ORDER BY p.id DESC`, append(args, member)...)
}

// ItemCommands implements engine.OpenItemLister.
func (f *Feature) ItemCommands() engine.ItemCommands {
	return engine.ItemCommands{"close": "/结束 %s"}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{{Name: "signup_entry", Where: "member = $1"}}
}

// Media implements engine.MediaMaker: signup:ID.xlsx.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{"signup": func(tx *store.Tx, d engine.Directory, name string) ([]byte, string, error) {
		var id int64
		if _, err := fmt.Sscanf(name, "%d.xlsx", &id); err != nil {
			return nil, "", fmt.Errorf("sign-up %s: %w", name, err)
		}
		unit, err := UnitOf(tx, id)
		if err != nil {
			return nil, "", fmt.Errorf("sign-up %s: %w", name, err)
		}
		u, err := d.Unit(tx, unit)
		if err != nil {
			return nil, "", fmt.Errorf("sign-up %s: %w", name, err)
		}
		data, err := Export(tx, id, u.Language)
		return data, engine.XLSX, err
	}}
}
