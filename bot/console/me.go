package console

import (
	"errors"
	"net/http"
	"strconv"

	"branchbot/bot/engine"
	"branchbot/store"
)

// mePage is the member's own: where he is logged in, and his password.
var mePage = page{path: "me", title: "console.title.me", role: engine.OnRoster, nav: true, own: true, view: "me", get: showMe, post: changeMe}

type me struct {
	Sessions []session
	Current  int64
	Password bool // he has one
}

func showMe(r *Request) error {
	sessions, err := sessionsOf(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	stored, err := passwordOf(r.Tx, r.Member.ID)
	if err != nil {
		return err
	}
	return r.Show(me{sessions, r.session.ID, stored != ""})
}

// changeMe ends sessions, or sets the password or takes it away.
func changeMe(r *Request) (err error) {
	said := ""
	switch r.Field("do") {
	case "end":
		said, err = "console.sessions_ended", r.endSession()
	case "password":
		said, err = "console.me.password_set", r.setPassword()
	case "no_password":
		said, err = "console.me.password_gone", r.server.DB.Write(func(tx *store.Tx) error { return dropPassword(tx, r.Member.ID) })
	default:
		err = complain(http.StatusBadRequest, "console.old_form")
	}
	if err != nil {
		return err
	}
	if err := r.Audit(r.Field("do"), ""); err != nil {
		return err
	}
	if err := r.Say(said); err != nil {
		return err
	}
	return r.redirect(Root + "me")
}

func (r *Request) endSession() error {
	id, err := strconv.ParseInt(r.Field("session"), 10, 64)
	if err != nil {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.server.DB.Write(func(tx *store.Tx) error { return endSessionOf(tx, r.Member.ID, id, r.session.ID) })
}

// setPassword takes a new password; who has one already must know it. It ends
// all other sessions.
func (r *Request) setPassword() error {
	stored := ""
	err := r.server.DB.Read(func(tx *store.Tx) (err error) {
		stored, err = passwordOf(tx, r.Member.ID)
		return err
	})
	if err != nil {
		return err
	}
	if stored != "" {
		address := addressOf(r.Request)
		if !r.server.guesses.may(r.Member.Staff, address, "own", r.Now) {
			return complain(http.StatusTooManyRequests, "console.too_fast")
		}
		m, err := r.server.check(r.Member.Staff, r.PostForm.Get("before"))
		if err != nil {
			return err
		}
		if m == nil {
			r.server.guesses.wrong(r.Member.Staff, address, "own", r.Now)
			return complain(http.StatusForbidden, "console.me.password_before_wrong")
		}
	}
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		return complain(http.StatusBadRequest, "console.me.password_differs")
	}
	err = r.server.DB.Write(func(tx *store.Tx) error {
		if err := SetPassword(tx, r.Member, r.PostForm.Get("password")); err != nil {
			return err
		}
		return endSessionOf(tx, r.Member.ID, 0, r.session.ID)
	})
	if errors.Is(err, ErrWeak) {
		return complain(http.StatusBadRequest, "console.me.password_weak")
	}
	return err
}
