package board

import (
	"embed"
	"net/http"
	"slices"

	"branchbot/bot/web"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// boardActs are what can be done with the unit's board.
var boardActs = []string{"打开", "换链接", "关闭"}

// Parts implements web.Partner: the unit's board among the settings, and where the member
// finds it.
func (f *Feature) Parts() []web.Part {
	address := func(r *web.Request) (string, error) { return f.Address(r.Tx, r.Unit.ID) }
	return []web.Part{
		{Of: "settings", View: views.Of("settings"), Data: func(r *web.Request) (any, error) {
			at, err := address(r)
			return struct{ Board string }{at}, err
		}, Post: map[string]func(*web.Request) error{"board": func(r *web.Request) error {
			if act := r.Field("board"); slices.Contains(boardActs, act) {
				return r.Command("", "settings", "/看板", act)
			}
			return web.UserError(http.StatusBadRequest, "console.old_form")
		}}},
		{Of: "me/choices", View: views.Of("choice"), Data: func(r *web.Request) (any, error) {
			at, err := address(r)
			if at == "" {
				return nil, err
			}
			return at, err
		}},
	}
}
