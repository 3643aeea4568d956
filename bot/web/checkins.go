package web

import (
	"net/http"
	"slices"
	"strconv"

	"branchbot/bot/engine"
	"branchbot/bot/feature/checkin"
	"branchbot/store"
)

// Check-ins by day, and one with who came, who is on leave, who is missing, and
// the late ones that wait for the secretary's word.
var (
	checkinsPage = page{path: "checkins", title: "console.title.checkins", role: engine.Secretary, nav: true, view: "checkins",
		get: showCheckins, post: changeCheckins, pulse: checkinPulse}
	checkinPage = page{path: "checkins/{id}", title: "console.title.checkin", role: engine.Secretary, view: "checkin",
		get: showCheckin, post: changeCheckin, pulse: checkinPulse}
)

func checkinPulse(_ *Server, tx *store.Tx, unit string) (string, error) {
	return checkin.Pulse(tx, unit)
}

func showCheckins(r *Request) error {
	from, to := r.days()
	n, err := checkin.Windows(r.Tx, r.Unit.ID, from, to)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := checkin.Summaries(r.Tx, r.Unit.ID, from, to, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		Windows []checkin.Summary
		Paging  Paging
		Days    period
	}{list, paging, period{from, to}})
}

func changeCheckins(r *Request) error {
	if r.Field("do") != "open" {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	minutes, err := strconv.Atoi(r.Field("minutes"))
	if err != nil || minutes < 1 || minutes > 24*60 {
		return complain(http.StatusBadRequest, "console.checkins.minutes_how")
	}
	return r.Command("", "checkins", "/开签", strconv.Itoa(minutes)+"m", r.line("title"))
}

// lists are those of a window that can be looked at; "" is of those missing.
var lists = []string{"", "here", "leave", "late_pending"}

// oneCheckin is what the page of a window shows.
type oneCheckin struct {
	*checkin.Standing
	Which  string
	Lists  []string
	Paging Paging
}

func showCheckin(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	d := oneCheckin{Lists: lists}
	if which := r.URL.Query().Get("list"); slices.Contains(lists, which) {
		d.Which = which
	}
	paging := r.Paging(1 << 20) // how long the list is is known afterwards
	if d.Standing, err = checkin.Stand(r.Turn(), id, d.Which, paging.Size, paging.Offset()); err != nil {
		return err
	}
	if d.Standing == nil {
		return complain(http.StatusNotFound, "console.not_found")
	}
	d.Paging = r.Paging(d.Long(d.Which))
	return r.Show(d)
}

// Long is how long one of the lists is.
func (d oneCheckin) Long(which string) int {
	return map[string]int{"": d.Total, "here": d.Here, "leave": d.Leave, "late_pending": d.Late}[which]
}

func changeCheckin(r *Request) error {
	back := "checkins/" + r.PathValue("id")
	switch r.Field("do") {
	case "close":
		return r.closeCode(back)
	case "enter":
		return r.Command(r.PathValue("id"), back, "/补签", r.line("who"))
	}
	return complain(http.StatusBadRequest, "console.old_form")
}
