package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"branchbot/bot/engine"
	"branchbot/bot/schedule"
	"branchbot/store"
)

// Schedules: what runs when, with the coming two weeks and what became of those
// that were; one is written in fields and seen before it is saved.
var (
	schedulesPage = page{path: "schedules", title: "console.title.schedules", role: engine.Secretary, nav: true, view: "schedules",
		get: showSchedules, post: changeSchedules, pulse: schedulesPulse}
	schedulePage = page{path: "schedules/edit", title: "console.title.schedule", role: engine.Secretary, view: "schedule",
		get: showSchedule, post: writeSchedule}
)

func schedulesPulse(_ *Server, tx *store.Tx, unit string) (string, error) {
	return schedule.Pulse(tx, unit)
}

// calendarDay is a day of the calendar with what runs on it.
type calendarDay struct {
	Date    string // 01-02
	Weekday string // 0 is Sunday
	Today   bool
	Runs    []calendarRun
}

type calendarRun struct {
	Time string // 15:04
	schedule.Coming
}

func showSchedules(r *Request) error {
	t, f := r.Turn(), r.server.Schedule
	all, notes, err := f.Glances(t)
	if err != nil {
		return err
	}
	runs, err := f.Fortnight(t)
	if err != nil {
		return err
	}
	n, err := schedule.Occurrences(r.Tx, r.Unit.ID)
	if err != nil {
		return err
	}
	paging := r.Paging(n)
	past, err := schedule.Lately(t, paging.Size, paging.Offset())
	if err != nil {
		return err
	}
	return r.Show(struct {
		All    []schedule.Glance
		Notes  []string
		Days   []calendarDay
		Past   []schedule.Past
		Paging Paging
	}{all, notes, r.calendar(runs), past, paging})
}

// calendar are the coming fourteen days, with today.
func (r *Request) calendar(runs []schedule.Coming) []calendarDay {
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

func changeSchedules(r *Request) error {
	id := oneWord(r.Field("id"))
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
	return complain(http.StatusBadRequest, "console.old_form")
}

// written is what the page of one schedule shows: the fields and, when they are
// right, what would come of them.
type written struct {
	schedule.Draft
	Wrong   string
	AtCron  bool // what is wrong is the rule
	Actions []string
	Seen    *schedule.Glance
	Why     string // why nothing would be posted now
	Shown   []shown
}

// actions are what a schedule can do.
var actions = []string{"lesson", "quiz", "checkin", "notice", "pulse", "poster"}

func showSchedule(r *Request) error {
	d := written{Actions: actions, Draft: schedule.Draft{Cron: "0 8 * * *", Days: "workdays", Action: "lesson"}}
	if id := r.URL.Query().Get("id"); id != "" {
		var err error
		d.Draft, err = schedule.Filled(r.Turn(), id)
		if line, ok := r.complaint(err); ok {
			d.Wrong = line
		} else if err != nil {
			return err
		}
		if d.Draft.ID == "" { // not the unit's, or not to be changed here
			return complain(http.StatusNotFound, "console.not_found")
		}
	}
	return r.Show(d)
}

func writeSchedule(r *Request) error {
	d := schedule.Draft{ID: r.Field("id"), Version: r.Field("version"), Cron: r.line("cron"), Days: r.Field("days"), IfHoliday: r.Field("if_holiday"),
		Lunar: r.line("lunar"), Action: r.Field("action"), From: r.line("from"), Title: r.line("title"), Text: r.Field("text"), CloseAfter: r.line("close_after")}
	switch r.Field("do") {
	case "save":
		return r.do(d.ID, "schedules", func(t *engine.Turn) error { return r.server.Schedule.Put(t, d) })
	case "preview":
		return r.again(func() error { return r.seeSchedule(d) })
	}
	return complain(http.StatusBadRequest, "console.old_form")
}

// seeSchedule shows what would come of a draft, or what is wrong with it.
func (r *Request) seeSchedule(d schedule.Draft) error {
	w := written{Draft: d, Actions: actions}
	g, m, why, err := r.server.Schedule.Preview(r.Turn(), d)
	if line, ok := r.complaint(err); ok {
		var c *engine.Complaint
		errors.As(err, &c)
		w.Wrong, w.AtCron = line, c.Key == "schedule.bad_cron"
		return r.Show(w)
	}
	if err != nil {
		return fmt.Errorf("preview a schedule: %w", err)
	}
	if w.Seen, w.Why = &g, why; why == "" {
		if w.Shown, err = r.previews(m); err != nil {
			return err
		}
	}
	return r.Show(w)
}
