package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/feature/delivery"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
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
	Asking int // how many ask to join
}

// run is what became of a schedule's occurrence today.
type run struct {
	Schedule, Action, State, Reason string
	Due                             int64
}

// letter is a message that was not delivered.
type letter struct {
	Account, Chat, State, Reason string
	At                           int64
	Words                        string // what it is, where, why, what to do
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
	if d.Failed, err = r.undelivered(d.Failed); err != nil {
		return err
	}
	if d.Next, err = r.server.Schedule.Next(r.Turn(), 6); err != nil {
		return err
	}
	if d.Paused, err = isPaused(r.Tx, r.Unit.ID); err != nil {
		return err
	}
	asking, err := feature[*roster.Feature](r.server).Asking(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	d.Asking = len(asking)
	return r.Show(d)
}

// undelivered are the messages that were not delivered, in words, the newest first.
func (r *Request) undelivered(others []letter) ([]letter, error) {
	t := r.Turn()
	rows, err := delivery.Since(r.Tx, r.Unit.ID, r.Now.Add(-24*time.Hour), 20)
	if err != nil {
		return nil, err
	}
	var all []letter
	for i := range rows {
		text, err := delivery.Tell(t, &rows[i])
		if err != nil {
			return nil, err
		}
		all = append(all, letter{State: rows[i].State, At: rows[i].At.UnixMilli(), Words: text})
	}
	for _, l := range others {
		row := delivery.Row{About: r.T("delivery.about.reply"), Account: chat.AccountID(l.Account), Chat: chat.ChatID(l.Chat),
			State: "failed", Reason: outbox.Reason(l.Reason)}
		if l.Words, err = delivery.Tell(t, &row); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	slices.SortStableFunc(all, func(a, b letter) int { return cmp.Compare(b.At, a.At) })
	return all[:min(len(all), 20)], nil
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

// todayPulse changes when something is opened, answered, closed or sent, or somebody
// asks to join.
func todayPulse(s *Server, tx *store.Tx, unit string) (string, error) {
	open, err := openItems(tx, unit)
	if err != nil {
		return "", err
	}
	runs, failed, err := counters(tx, unit)
	if err != nil {
		return "", err
	}
	asking, err := feature[*roster.Feature](s).Asking(tx, unit)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, it := range open {
		fmt.Fprintln(h, it.Feature, it.ID, it.Done, it.Due)
	}
	return fmt.Sprintf("%x %d %d %d", h.Sum(nil)[:8], runs, failed, len(asking)), nil
}
