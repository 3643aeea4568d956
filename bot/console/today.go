package console

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/schedule"
	"branchbot/store"
)

// todayPage is what a secretary looks at first: what is open and who is missing,
// what was pushed, what failed, what comes next.
var todayPage = page{
	path: "today", title: "console.title.today", role: engine.Secretary, nav: true, view: "today",
	get: showToday, post: closeItem, pulse: todayPulse,
}

// today is what the page shows.
type today struct {
	Open   []item
	Pushed []item
	Not    []run // of today's schedules, what did not come about
	Failed []letter
	Next   []schedule.Coming
	Paused bool
}

// run is what became of a schedule's occurrence today.
type run struct {
	Schedule, Action, State, Reason string
	Due                             int64
}

// letter is a message that could not be sent.
type letter struct {
	Account, Class, State, Problem string
	At                             int64
}

func showToday(r *Request) (err error) {
	var d today
	if d.Open, err = openItems(r.Tx, r.Unit.ID); err != nil {
		return err
	}
	if d.Pushed, err = pushedSince(r.Tx, r.Unit.ID, r.midnight()); err != nil {
		return err
	}
	for _, list := range [][]item{d.Open, d.Pushed} {
		for i := range list {
			list[i].Title = heading(&list[i])
		}
	}
	if d.Not, err = notRunSince(r.Tx, r.Unit.ID, r.midnight()); err != nil {
		return err
	}
	if d.Failed, err = failedSince(r.Tx, r.Unit.ID, r.Now.Add(-24*time.Hour)); err != nil {
		return err
	}
	if d.Next, err = r.server.Schedule.Next(r.Turn(), 6); err != nil {
		return err
	}
	if d.Paused, err = isPaused(r.Tx, r.Unit.ID); err != nil {
		return err
	}
	return r.Show(d)
}

// midnight is when the unit's day began.
func (r *Request) midnight() time.Time {
	y, m, d := r.Now.In(r.Unit.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, r.Unit.Zone)
}

// heading is one line that tells an item.
func heading(it *item) string {
	text := it.Title
	if it.Feature == "quiz" {
		var q struct{ Ask string }
		if json.Unmarshal([]byte(text), &q) == nil {
			text = q.Ask
		}
	}
	return chat.CleanName(shorten(text, 60))
}

func shorten(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}

// closeItem ends what is open before its time: /结束 CODE, or a reminder.
func closeItem(r *Request) error {
	code := r.Field("code")
	switch r.Field("do") {
	case "close":
		return r.Command(code, "today", "/结束", code)
	case "remind":
		return r.Command(code, "today", "/催办", code)
	case "missing":
		return r.Command(code, "today", "/未读", code)
	case "absent":
		return r.Command("", "today", "/未到")
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// todayPulse changes when something is opened, answered, closed or sent.
func todayPulse(_ *Server, tx *store.Tx, unit string) (string, error) {
	open, err := openItems(tx, unit)
	if err != nil {
		return "", err
	}
	runs, failed, err := counters(tx, unit)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, it := range open {
		fmt.Fprintln(h, it.Feature, it.ID, it.Done, it.Due)
	}
	return fmt.Sprintf("%x %d %d", h.Sum(nil)[:8], runs, failed), nil
}
