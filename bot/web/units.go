package web

import (
	"net/http"

	"branchbot/bot/engine"
	"branchbot/store"
)

// The page units lists the units that the member may see, for a committee with
// thousands of branches: it is found by a part of its name.

// choice is a unit in a list.
type choice struct {
	ID, Name, Kind string
	Members        int
}

// chooser is the choice of units around the present one.
type chooser struct {
	Line  []choice // those above in which the member is a secretary too, the top one first, and this one
	Below []choice // right under it, the first few
	More  bool     // there are others
}

// choosable is how many units the header offers.
const choosable = 12

// choose reads what the header offers.
func (s *Server) choose(r *Request) (c chooser, err error) {
	d := s.Engine.Directory
	line, err := d.Line(r.Tx, r.Unit.ID)
	if err != nil {
		return c, err
	}
	for _, u := range line {
		role, err := d.Role(r.Tx, r.Member, u.ID)
		if err != nil {
			return c, err
		}
		if role >= engine.Secretary || u.ID == r.Unit.ID && !r.page.Own {
			c.Line = append([]choice{{ID: u.ID, Name: u.Name, Kind: u.Kind}}, c.Line...)
		}
	}
	if r.Role < engine.Secretary {
		return c, nil
	}
	c.Below, err = unitsUnder(r.Tx, r.Unit.ID, choosable+1)
	if len(c.Below) > choosable {
		c.Below, c.More = c.Below[:choosable], true
	}
	return c, err
}

// front leads to the first page.
func (s *Server) front(w http.ResponseWriter, hr *http.Request) {
	r := s.stranger(w, hr)
	r.page = Page{Path: "front", Own: true}
	to := ""
	err := s.DB.Read(func(tx *store.Tx) (err error) {
		r.Tx, r.Now = tx, tx.Now
		if err := r.authorise(""); err != nil {
			return err
		}
		to, err = s.firstPage(r)
		return err
	})
	if err != nil {
		r.fail(err)
		return
	}
	http.Redirect(w, hr, to, http.StatusSeeOther)
}

// firstPage is today's of the unit that the member steers, or his own page.
func (s *Server) firstPage(r *Request) (string, error) {
	granted, err := s.Roster.Granted(r.Tx, r.Member.ID)
	if err != nil {
		return "", err
	}
	steered := r.Unit
	if r.Role < engine.Secretary {
		steered = nil
		for id := range granted {
			role, err := s.Engine.Directory.Role(r.Tx, r.Member, id)
			if err != nil {
				return "", err
			}
			if role >= engine.Secretary && (steered == nil || id < steered.ID) {
				if steered, err = s.Engine.Directory.Unit(r.Tx, id); err != nil {
					return "", err
				}
			}
		}
	}
	if steered == nil {
		return Root + "me", nil
	}
	r.Unit = steered
	return r.To("today"), nil
}

func showUnits(r *Request) error {
	top := r.units.Line[0].ID
	total, err := countUnits(r.Tx, top, r.Query())
	if err != nil {
		return err
	}
	paging := r.Paging(total)
	list, err := unitsIn(r.Tx, top, r.Query(), paging)
	if err != nil {
		return err
	}
	return r.Show(struct {
		Units  []choice
		Paging Paging
	}{list, paging})
}
