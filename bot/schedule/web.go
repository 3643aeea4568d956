package schedule

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/web"
	"branchbot/store"
)

//go:embed page/*.html
var pageFiles embed.FS

var views = web.ParseViews(pageFiles)

// Pages implements web.Paged: what runs when, with the coming two weeks and what became of
// those that were; one is written in fields and seen before it is saved.
func (f *Feature) Pages() []web.Page {
	return []web.Page{
		{Path: "schedules", Title: "schedule.page.title", Role: engine.Secretary, Nav: web.Nav{Group: web.Publish, Order: 70}, View: views.Of("schedules"),
			Get: f.showSchedules, Post: f.changeSchedules, Pulse: Pulse},
		{Path: "schedules/edit", Title: "schedule.page.one", Role: engine.Secretary, View: views.Of("schedule"), Get: f.showSchedule, Post: f.writeSchedule},
	}
}

// actions are what a schedule can do.
func actions(r *web.Request) []string { return r.Turn().Engine().ActionNames() }

// calendarDay is a day of the calendar with what runs on it.
type calendarDay struct {
	Date    string // 01-02
	Weekday string // 0 is Sunday
	Today   bool
	Runs    []calendarRun
}

type calendarRun struct {
	Time string // 15:04
	Coming
}

func (f *Feature) showSchedules(r *web.Request) error {
	t := r.Turn()
	all, notes, err := f.Glances(t)
	if err != nil {
		return err
	}
	runs, err := f.Fortnight(t)
	if err != nil {
		return err
	}
	n, err := Occurrences(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	past, err := Lately(t, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		All    []Glance
		Notes  []string
		Days   []calendarDay
		Past   []Past
		Paging web.Paging
	}{all, notes, calendar(r, runs), past, paging})
}

// calendar are the coming fourteen days, with today.
func calendar(r *web.Request, runs []Coming) []calendarDay {
	now := r.Now.In(r.Unit.Zone)
	days := make([]calendarDay, 14)
	for i := range days {
		at := time.Date(now.Year(), now.Month(), now.Day()+i, 12, 0, 0, 0, r.Unit.Zone)
		days[i] = calendarDay{Date: at.Format("01-02"), Weekday: strconv.Itoa(int(at.Weekday())), Today: i == 0}
		for _, c := range runs {
			if at.Format(time.DateOnly) == c.At.In(r.Unit.Zone).Format(time.DateOnly) {
				days[i].Runs = append(days[i].Runs, calendarRun{c.At.In(r.Unit.Zone).Format("15:04"), c})
			}
		}
	}
	return days
}

func (f *Feature) changeSchedules(r *web.Request) error {
	id := web.OneWord(r.Field("id"))
	switch do := r.Field("do"); do {
	case "pause", "resume", "skip", "remove":
		if id == "" {
			break
		}
		return r.Command(id, "schedules", "/日程", do, id)
	case "brake":
		return r.Command("", "schedules", "/暂停", "all")
	case "release":
		return r.Command("", "schedules", "/恢复", "all")
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// written is what the page of one schedule shows: the fields and, when they are
// right, what would come of them.
type written struct {
	Draft
	Wrong   string
	AtCron  bool // what is wrong is the rule
	Actions []string
	Seen    *Glance
	Why     string // why nothing would be posted now
	Shown   []web.Shown
}

func (f *Feature) showSchedule(r *web.Request) error {
	d := written{Actions: actions(r), Draft: Draft{Cron: "0 8 * * *", Days: "workdays", Action: "lesson"}}
	if id := r.URL.Query().Get("id"); id != "" {
		var err error
		d.Draft, err = Filled(r.Turn(), id)
		if line, ok := r.UserLine(err); ok {
			d.Wrong = line
		} else if err != nil {
			return err
		}
		if d.Draft.ID == "" { // not the unit's, or not to be changed here
			return web.UserError(http.StatusNotFound, "console.not_found")
		}
	}
	return r.Show(d)
}

func (f *Feature) writeSchedule(r *web.Request) error {
	d := Draft{ID: r.Field("id"), Version: r.Field("version"), Cron: r.Line("cron"), Days: r.Field("days"), IfHoliday: r.Field("if_holiday"),
		Lunar: r.Line("lunar"), Action: r.Field("action"), From: r.Line("from"), Title: r.Line("title"), Text: r.Field("text"), CloseAfter: r.Line("close_after")}
	switch r.Field("do") {
	case "save":
		return r.Do(d.ID, "schedules", func(t *engine.Turn) error { return f.Put(t, d) })
	case "preview":
		return r.Preview(func() error { return f.seeSchedule(r, d) })
	}
	return web.UserError(http.StatusBadRequest, "console.old_form")
}

// seeSchedule shows what would come of a draft, or what is wrong with it.
func (f *Feature) seeSchedule(r *web.Request, d Draft) error {
	w := written{Draft: d, Actions: actions(r)}
	g, m, why, err := f.Preview(r.Turn(), d)
	if line, ok := r.UserLine(err); ok {
		var c *engine.Complaint
		errors.As(err, &c)
		w.Wrong, w.AtCron = line, c.Key == "schedule.bad_cron"
		return r.Show(w)
	}
	if err != nil {
		return fmt.Errorf("preview a schedule: %w", err)
	}
	if w.Seen, w.Why = &g, why; why == "" {
		if w.Shown, err = r.Previews(m); err != nil {
			return err
		}
	}
	return r.Show(w)
}

// Parts implements web.Partner: on the page of today what did not come about, what comes
// next, and that all is paused.
func (f *Feature) Parts() []web.Part {
	return []web.Part{
		{Of: "today/notes", View: views.Of("paused"), Pulse: ranPulse, Data: func(r *web.Request) (any, error) {
			paused, err := isPaused(r.Tx, r.Unit.ID)
			if !paused {
				return nil, err
			}
			return paused, err
		}},
		{Of: "today/runs", View: views.Of("notrun"), Data: func(r *web.Request) (any, error) {
			runs, err := notRunSince(r.Tx, r.Unit.ID, r.Midnight())
			if len(runs) == 0 {
				return nil, err
			}
			return runs, err
		}},
		{Of: "today/next", View: views.Of("next"), Data: func(r *web.Request) (any, error) {
			next, err := f.Next(r.Turn(), 6)
			return struct{ Coming []Coming }{next}, err
		}},
	}
}

// ranPulse rises when a schedule of a unit has run.
func ranPulse(tx *store.Tx, unit string) (string, error) {
	var last int64
	err := tx.QueryRow(`SELECT COALESCE(MAX(o.id), 0) FROM schedule s CROSS JOIN occurrence o WHERE s.unit = $1 AND o.schedule = s.id AND o.due_at > $2`,
		unit, tx.Now.Add(-24*time.Hour).UnixMilli()).Scan(&last)
	return fmt.Sprint(last), err
}

// run is what became of a schedule's occurrence today.
type run struct {
	Schedule, Action, State, Reason string
	Due                             int64
}

// notRunSince are the occurrences of a unit since an instant that did not come
// about as they should, the newest first.
func notRunSince(tx *store.Tx, unit string, since time.Time) ([]run, error) {
	return store.All(tx, func(row store.Scanner) (o run, err error) {
		err = row.Scan(&o.Schedule, &o.Action, &o.State, &o.Reason, &o.Due)
		return o, err
	}, `SELECT o.schedule, s.action, o.state, o.reason, o.due_at FROM schedule s
		CROSS JOIN occurrence o WHERE o.schedule = s.id AND o.due_at >= $1 AND s.unit = $2 AND o.state NOT IN ('fired', 'done') ORDER BY o.due_at DESC, o.id DESC LIMIT 20`, since.UnixMilli(), unit)
}

// isPaused tells whether all schedules of a unit are paused.
func isPaused(tx *store.Tx, unit string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM paused WHERE unit = $1`, unit).Scan(&n)
	return n > 0, err
}
