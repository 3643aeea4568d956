package shift

import (
	"embed"

	"branchbot/bot/engine"
	"branchbot/bot/web"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Parts implements web.Partner: shifts on a member's page.
func (f *Feature) Parts() []web.Part {
	return []web.Part{{Of: "members/{id}", View: views.Of("member"), Data: func(r *web.Request) (any, error) {
		lines, err := f.Data(r.Turn(), r.Subject)
		return struct{ Lines []string }{lines}, err
	}, Post: map[string]func(*web.Request) error{"shift": func(r *web.Request) error {
		return r.Command(r.PathValue("id"), r.HerePath(), "/排班", r.Subject.Staff, r.Line("pattern"), r.DayField("from"))
	}}}}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{
		{Name: "shift", Where: "member = $1"},
		{Name: "shift_import", LeftOut: "a list of others that waits for a secretary"},
	}
}
