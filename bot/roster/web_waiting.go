package roster

import (
	"net/http"
	"slices"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

// People whom nobody knows yet: who asks to join with a name and a staff number, who
// answered without being bound, and who may be a member under another id after a new
// login. The secretary says who they are.

// Doubt is somebody whom a platform shows under a new id, and who may be one
// that it had before.
type Doubt struct {
	Account chat.AccountID
	User    chat.UserID
	Name    string // as others see him, untrusted
	Was     []chat.UserID
}

// stranger is somebody who waits to be told apart.
type stranger struct {
	engine.Stranger
	Maybe []engine.Member // who he may be
	Doubt bool            // of a new login: he has not answered anything
}

// strangers are those of the unit.
func (f *Feature) strangers(r *web.Request) ([]stranger, error) {
	return f.strangersIn(r.Tx, r.Unit.ID)
}

func (f *Feature) strangersIn(tx *store.Tx, unit string) ([]stranger, error) {
	answered, err := engine.Strangers(tx, unit)
	if err != nil {
		return nil, err
	}
	out := make([]stranger, len(answered))
	for i, a := range answered {
		out[i].Stranger = a
	}
	if f.Doubts == nil {
		return out, nil
	}
	doubts, err := f.Doubts()
	if err != nil {
		return nil, err
	}
	for _, d := range doubts {
		maybe, err := Holders(tx, unit, d.Account, d.Was)
		if err != nil {
			return nil, err
		}
		who, err := f.Directory.Who(tx, d.Account, d.User)
		if err != nil {
			return nil, err
		}
		if who != nil || len(maybe) == 0 { // he is known by now, or nobody's here
			continue
		}
		i := slices.IndexFunc(out, func(x stranger) bool { return x.Account == d.Account && x.User == d.User })
		if i < 0 {
			out = append(out, stranger{Stranger: engine.Stranger{Account: d.Account, User: d.User, Name: chat.CleanName(d.Name)}, Doubt: true})
			i = len(out) - 1
		}
		out[i].Maybe = maybe
	}
	return out, nil
}

// waiting is what the page shows.
type waiting struct {
	Asking    []Request
	Strangers []stranger
}

func (f *Feature) waitingPeople(r *web.Request) (w waiting, err error) {
	if w.Asking, err = f.Asking(r.Tx, r.Unit.ID); err != nil {
		return w, err
	}
	w.Strangers, err = f.strangers(r)
	return w, err
}

func (f *Feature) showWaiting(r *web.Request) error {
	w, err := f.waitingPeople(r)
	if err != nil {
		return err
	}
	return r.Show(w)
}

// settleAsking confirms or refuses those who were ticked.
func (f *Feature) settleAsking(r *web.Request, yes bool) error {
	ids, err := r.Ticked("ask")
	if err != nil {
		return err
	}
	return r.Do("", "members/waiting", func(t *engine.Turn) error {
		switch {
		case t.Role < engine.Secretary:
			return engine.Complain("engine.secretaries_only")
		case len(ids) == 0:
			return engine.Complain("member.page.waiting.tick")
		}
		return f.Decide(t, ids, yes)
	})
}

// changeWaiting says who somebody is, or drops what he has answered.
func (f *Feature) changeWaiting(r *web.Request) error {
	switch r.Field("do") {
	case "admit":
		return f.settleAsking(r, true)
	case "deny":
		return f.settleAsking(r, false)
	}
	id, user := chat.AccountID(r.Field("account")), chat.UserID(r.Field("user"))
	who, instead, refuse := r.Line("who"), r.Field("instead") != "", r.Field("do") == "refuse"
	if !refuse && r.Field("do") != "confirm" {
		return web.UserError(http.StatusBadRequest, "console.old_form")
	}
	return r.Do("", "members/waiting", func(t *engine.Turn) error {
		if t.Role < engine.Secretary {
			return engine.Complain("engine.secretaries_only")
		}
		waiting, err := f.strangersIn(t.Tx, t.Unit.ID)
		if err != nil {
			return err
		}
		switch {
		case !slices.ContainsFunc(waiting, func(s stranger) bool { return s.Account == id && s.User == user }):
			return engine.Complain("member.recognised_already")
		case refuse:
			if err := t.ForgetStranger(id, user); err != nil {
				return err
			}
			return t.Say("member.stranger_refused")
		case who == "":
			return engine.Complain("member.recognise_whom")
		}
		return f.Recognise(t, id, user, who, instead)
	})
}
