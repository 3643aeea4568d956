package web

import (
	"html/template"
	"net/http"
	"strconv"

	"branchbot/bot/engine"
	"branchbot/bot/feature/quiz"
	"branchbot/store"
)

// Rounds by day, and one with its count, who has not answered, and the result
// once it is closed.
var (
	roundsPage = page{path: "rounds", title: "console.title.rounds", role: engine.Secretary, nav: true, view: "rounds",
		get: showRounds, post: changeRounds, pulse: roundPulse}
	roundPage = page{path: "rounds/{id}", title: "console.title.round", role: engine.Secretary, view: "round",
		get: showRound, post: changeRound, pulse: roundPulse}
)

func roundPulse(_ *Server, tx *store.Tx, unit string) (string, error) { return quiz.Pulse(tx, unit) }

// period is the choice of days above a list.
type period struct{ From, To string }

func showRounds(r *Request) error {
	from, to := r.days()
	n, err := quiz.Rounds(r.Tx, r.Unit.ID, from, to)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	list, err := quiz.Summaries(r.Tx, r.Unit.ID, from, to, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	f, err := r.lately()
	if err != nil {
		return err
	}
	var chart template.HTML
	if f != nil {
		chart = f.Hardest(r.Lang)
	}
	return r.Show(struct {
		Rounds []quiz.Summary
		Paging Paging
		Days   period
		Chart  template.HTML
	}{list, paging, period{from, to}, chart})
}

func changeRounds(r *Request) error {
	switch r.Field("do") {
	case "ask":
		return r.Command("", "rounds", "/出题", r.line("from"))
	case "close":
		return r.closeCode("rounds")
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// closeCode ends what has the short code of the form: /结束.
func (r *Request) closeCode(back string) error {
	code, err := strconv.Atoi(r.Field("code"))
	if err != nil {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.Command(strconv.Itoa(code), back, "/结束", strconv.Itoa(code))
}

func showRound(r *Request) error {
	id, err := r.id()
	if err != nil {
		return err
	}
	paging := r.Paging(1 << 20) // how many are missing is known afterwards
	s, err := quiz.Stand(r.Turn(), id, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	if s == nil {
		return complain(http.StatusNotFound, "console.not_found")
	}
	return r.Show(struct {
		*quiz.Standing
		Paging Paging
	}{s, r.Paging(s.Total)})
}

func changeRound(r *Request) error {
	if r.Field("do") != "close" {
		return complain(http.StatusBadRequest, "console.old_form")
	}
	return r.closeCode("rounds/" + r.PathValue("id"))
}
