package survey

import (
	"embed"
	"html/template"
	"net/http"
	"strings"
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
	return []web.Page{{Path: "surveys", Title: "survey.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Publish, Order: 60}, View: views.Of("surveys"),
		Get: showSurveys, Post: changeSurveys, Pulse: Pulse}}
}

func showSurveys(r *web.Request) error {
	n, eligible, err := Held(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := Summaries(r.Tx, r.Unit.ID, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Surveys  []Summary
		Eligible int
		Paging   web.Paging
	}{list, eligible, paging})
}

func changeSurveys(r *web.Request) error {
	switch r.Field("do") {
	case "close":
		return r.CloseCode("surveys")
	case "vote":
		title, options := r.Line("title"), strings.TrimSpace(r.Field("options"))
		if title == "" || options == "" {
			return web.UserError(http.StatusBadRequest, "survey.page.how")
		}
		if r.Field("named") != "" {
			title = "实名 " + title
		}
		return r.Command("", "surveys", "/投票 "+title+"\n"+strings.ReplaceAll(options, "\r\n", "\n"))
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// AnswerForm implements web.Answered: an anonymous one is not filled in at a page.
func (f *Feature) AnswerForm(r *web.Request, it engine.OpenItem) (did string, form template.HTML, err error) {
	if it.Mine != "" {
		did = r.T("console.member.did")
	}
	form, err = r.Render(views.Of("answer"), it)
	return did, form, err
}

// asked is OpenItem.Data of a survey.
type asked struct {
	Kind  string
	Named bool
}

// OpenItems implements engine.OpenItemLister.
func (f *Feature) OpenItems(tx *store.Tx, unit string, since time.Time) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, since)
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Opened, &it.Closes, &it.Done)
		return it, err
	}, with+`SELECT p.id, s.id, p.code, s.title, p.opened_at, s.closes_at, (SELECT COUNT(*) FROM survey_voted v WHERE v.survey = s.id)
		FROM p JOIN survey s ON s.id = p.ref ORDER BY p.id DESC`, args...)
}

// ItemsFor implements engine.OpenItemLister: Mine tells that, not how.
func (f *Feature) ItemsFor(tx *store.Tx, unit string, member int64) ([]engine.OpenItem, error) {
	with, args := engine.Prompts(f.Name(), unit, time.Time{})
	return store.All(tx, func(row store.Scanner) (it engine.OpenItem, err error) {
		var a asked
		err = row.Scan(&it.Prompt, &it.ID, &it.Code, &it.Title, &it.Closes, &it.Mine, &a.Kind, &a.Named)
		it.Data = a
		return it, err
	}, with+`SELECT p.id, s.id, p.code, s.title, s.closes_at,
			COALESCE((SELECT 'yes' FROM survey_voted v WHERE v.survey = s.id AND v.member = $3), ''), s.kind, s.named
		FROM p JOIN survey s ON s.id = p.ref ORDER BY p.id DESC`, append(args, member)...)
}

// ItemCommands implements engine.OpenItemLister.
func (f *Feature) ItemCommands() engine.ItemCommands {
	return engine.ItemCommands{"close": "/结束 %s"}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "survey_voted", Where: "member = $1"},
		{Name: "survey_named", Where: "member = $1"},
		{Name: "survey_draft", LeftOut: "sealed"},
	}
}
