package console

import (
	"net/http"
	"strconv"

	"branchbot/bot/engine"
	"branchbot/store"
)

// mePage is the member's own: where he is logged in.
var mePage = page{path: "me", title: "console.title.me", role: engine.OnRoster, nav: true, own: true, view: "me", get: showMe, post: changeMe}

type me struct {
	Sessions []session
	Current  int64
}

func showMe(r *Request) error {
	sessions, err := sessionsOf(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	return r.Show(me{sessions, r.session.ID})
}

// changeMe ends a session, or all others.
func changeMe(r *Request) error {
	if r.Field("do") != "end" {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	id, err := strconv.ParseInt(r.Field("session"), 10, 64)
	if err != nil {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	err = r.server.DB.Write(func(tx *store.Tx) error { return endSessionOf(tx, r.Member.ID, id, r.session.ID) })
	if err != nil {
		return err
	}
	if err := r.Say("console.sessions_ended"); err != nil {
		return err
	}
	return r.redirect(Root + "me")
}
