package web

import (
	"net/http"
	"strconv"
	"strings"

	"branchbot/bot/engine"
	"branchbot/bot/feature/signup"
	"branchbot/bot/feature/survey"
	"branchbot/store"
)

// Sign-ups with their lists, and votes with how many have voted.
var (
	signupsPage = page{path: "signups", title: "console.title.signups", role: engine.Secretary, nav: true, view: "signups",
		get: showSignups, post: changeSignups, pulse: signupPulse}
	signupPage = page{path: "signups/{id}", title: "console.title.signup", role: engine.Secretary, view: "signup",
		get: showSignup, post: changeSignup, pulse: signupPulse}
	signupExport = page{path: "signups/{id}/export", title: "console.title.signup", role: engine.Secretary, get: exportSignup}
	surveysPage  = page{path: "surveys", title: "console.title.surveys", role: engine.Secretary, nav: true, view: "surveys",
		get: showSurveys, post: changeSurveys, pulse: surveyPulse}
)

func signupPulse(_ *Server, tx *store.Tx, unit string) (string, error) { return signup.Pulse(tx, unit) }

func surveyPulse(_ *Server, tx *store.Tx, unit string) (string, error) { return survey.Pulse(tx, unit) }

func showSignups(r *Request) error {
	n, err := signup.Held(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := signup.Summaries(r.Tx, r.Unit.ID, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Signups []signup.Summary
		Paging  Paging
	}{list, paging})
}

func changeSignups(r *Request) error {
	if r.Field("do") != "open" {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	words := []string{"/接龙", r.line("title")}
	if places := r.line("places"); places != "" {
		words = append(words, "限 "+places)
	}
	at, err := r.instant("closes")
	if err != nil {
		return err
	}
	if !at.IsZero() {
		words = append(words, at.Format("截止 2006-01-02 15:04"))
	}
	return r.Command("", "signups", words...)
}

// oneSignup is what the page of a sign-up shows.
type oneSignup struct {
	*signup.Summary
	Entries []signup.Entry
	Paging  Paging
}

func showSignup(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	s, list, err := signup.One(r.Turn(), id)
	if err != nil {
		return err
	}
	if s == nil {
		return complain(http.StatusNotFound, "console.not_found")
	}
	p := r.Paging(len(list))
	return r.Show(oneSignup{s, list[p.Offset():min(len(list), p.Offset()+p.Size)], p})
}

func changeSignup(r *Request) error {
	back := "signups/" + r.PathValue("id")
	switch r.Field("do") {
	case "close":
		return r.closeCode(back)
	case "remove":
		return r.Command(r.PathValue("id"), back, "/接龙 移除", r.line("code"), r.line("name"))
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

func exportSignup(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	s, _, err := signup.One(r.Turn(), id)
	if err != nil {
		return err
	}
	if s == nil {
		return complain(http.StatusNotFound, "console.not_found")
	}
	data, err := signup.Export(r.Tx, id, r.Lang)
	if err != nil {
		return err
	}
	w, err := r.Export("signup", strconv.FormatInt(id, 10), s.Title+".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	if err != nil {
		return err
	}
	_, _ = w.Write(data) // or the browser went away
	return nil
}

func showSurveys(r *Request) error {
	n, eligible, err := survey.Held(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := survey.Summaries(r.Tx, r.Unit.ID, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Surveys  []survey.Summary
		Eligible int
		Paging   Paging
	}{list, eligible, paging})
}

func changeSurveys(r *Request) error {
	switch r.Field("do") {
	case "close":
		return r.closeCode("surveys")
	case "vote":
		title, options := r.line("title"), strings.TrimSpace(r.Field("options"))
		if title == "" || options == "" {
			return complain(http.StatusBadRequest, "console.surveys.how")
		}
		if r.Field("named") != "" {
			title = "实名 " + title
		}
		return r.Command("", "surveys", "/投票 "+title+"\n"+strings.ReplaceAll(options, "\r\n", "\n"))
	}
	return complain(http.StatusBadRequest, "console.old_form")
}
