package leave

import (
	"embed"
	"net/http"
	"slices"

	"branchbot/bot/engine"
	"branchbot/bot/web"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Parts implements web.Partner: leave on a member's page.
func (f *Feature) Parts() []web.Part {
	return []web.Part{{Of: "members/{id}", View: views.Of("member"), Data: func(r *web.Request) (any, error) {
		lines, err := f.Data(r.Turn(), r.Subject)
		return struct{ Lines []string }{lines}, err
	}, Post: map[string]func(*web.Request) error{"leave": f.enterOn, "back": f.endOn}}}
}

// enterOn enters leave for a member: days, or a half of one.
func (f *Feature) enterOn(r *web.Request) error {
	m, days, half := r.Subject, r.DayField("from"), r.Field("half")
	if days == "" || !slices.Contains([]string{"", "上午", "下午"}, half) {
		return web.UserError(http.StatusBadRequest, "leave.page.how")
	}
	days += half
	if to := r.DayField("to"); to != "" && to != r.DayField("from") {
		days += "到" + to
	}
	reason := r.Line("reason")
	return r.DoHere(func(t *engine.Turn) error { return f.Enter(t, m, days, reason) })
}

func (f *Feature) endOn(r *web.Request) error {
	m := r.Subject
	return r.DoHere(func(t *engine.Turn) error { return f.End(t, m) })
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{{Name: "leave", Where: "member = $1"}}
}
