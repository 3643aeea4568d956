package award

import (
	"embed"
	"fmt"
	"net/http"
	"slices"

	"branchbot/bot/draw"
	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: the certificates of the member's own awards. Whose they are is
// never in the address.
func (f *Feature) Pages() []web.Page {
	return []web.Page{{Path: "me/honours/{id}", Title: "console.title.me", Own: true, Role: engine.OnRoster, Get: showCertificate}}
}

func showCertificate(r *web.Request) error {
	id, err := r.ID()
	if err != nil {
		return err
	}
	honours, err := Of(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(honours, func(h Honour) bool { return h.ID == id }) {
		return web.UserError(http.StatusNotFound, "console.not_found")
	}
	data, err := Picture(r.Tx, fmt.Sprintf("own.%d.png", id), r.Directory().Unit)
	if err != nil {
		return err
	}
	return r.Send(draw.Type, data)
}

// Parts implements web.Partner: the member's awards on their own page.
func (f *Feature) Parts() []web.Part {
	return []web.Part{{Of: "me/papers", View: views.Of("me"), Data: func(r *web.Request) (any, error) {
		honours, err := Of(r.Tx, r.Member.ID)
		return struct{ Honours []Honour }{honours}, err
	}}}
}

// PersonalTables implements engine.TableKeeper.
func (f *Feature) PersonalTables() []engine.PersonalTable {
	return []engine.PersonalTable{{Name: "honour", Where: "member = $1"}}
}

// Media implements engine.MediaMaker: honour:own.ID.png and others.
func (f *Feature) Media() map[string]engine.MakeMedia {
	return map[string]engine.MakeMedia{"honour": func(tx *store.Tx, d engine.Directory, name string) ([]byte, string, error) {
		data, err := Picture(tx, name, d.Unit)
		return data, draw.Type, err
	}}
}
