// Package schedule runs actions (lesson, quiz, check-in …) at their times and
// keeps what became of each occurrence.
//
// Rules:
//   - An occurrence is one row, by schedule and slot. It is fired at most once;
//     otherwise the row says why it was skipped or missed.
//   - A fired occurrence is done when all its messages have their receipts,
//     partly done or failed when some or all did not arrive.
//   - A schedule plans its next occurrence as a timer. Nothing else remembers it.
//   - A slot that the calendar leaves out (a holiday, 调休) has its row as well,
//     when its time has come. Imported holidays take effect at once.
//   - Quiet hours, a pause, and days outside starts_on and ends_on are reasons
//     to skip. One that is caught up late waits for the end of the quiet hours,
//     and runs then if that is not too late. What a secretary starts by hand
//     knows no quiet hours.
//
// Commands: /日程 /schedule, /推送 /push, /暂停 /pause, /恢复 /resume.
package schedule

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"branchbot/bot/engine"
	"branchbot/schedules"
	"branchbot/store"
)

// Config is a schedule as the configuration describes it.
type Config struct {
	ID         string `yaml:"id"`
	Unit       string `yaml:"unit"`
	Cron       string `yaml:"cron"`
	Days       string `yaml:"days"` // workdays, restdays, all
	When       When   `yaml:"when"`
	IfHoliday  string `yaml:"if_holiday"` // next_workday, previous_workday, skip, same
	Timezone   string `yaml:"timezone"`   // the unit's unless set
	Do         string `yaml:"do"`         // lesson, quiz, checkin …
	From       string `yaml:"from"`       // lesson, quiz: series or pool
	Title      string `yaml:"title"`      // checkin: its name
	Text       string `yaml:"text"`       // notice: what it says
	Ack        bool   `yaml:"ack"`        // notice: asks for acknowledgement
	CloseAfter string `yaml:"close_after"`
	Poll       string `yaml:"poll"` // quiz: native = the platform's own poll, where it has polls
	Misfire    string `yaml:"misfire"`
	StartsOn   string `yaml:"starts_on"` // 2006-01-02
	EndsOn     string `yaml:"ends_on"`
}

// When picks single days; one of them is given.
type When struct {
	Lunar   string `yaml:"lunar"`   // 8-15
	Date    string `yaml:"date"`    // 07-01
	Monthly string `yaml:"monthly"` // third friday, last workday, 15
}

// Rule says on which days the schedule runs, beyond its cron.
func (c Config) Rule() schedules.DayRule {
	return schedules.DayRule{Days: c.Days, Lunar: c.When.Lunar, Date: c.When.Date, Monthly: c.When.Monthly, IfHoliday: c.IfHoliday}
}

// Args are the arguments of the action.
func (c Config) Args() engine.Args {
	args := engine.Args{}
	for key, value := range map[string]string{"from": c.From, "title": c.Title, "text": c.Text, "close_after": c.CloseAfter, "poll": c.Poll} {
		if value != "" {
			args[key] = value
		}
	}
	if c.Ack {
		args["ack"] = "true"
	}
	return args
}

// Feature runs schedules.
type Feature struct {
	Quiet func() schedules.Quiet // conduct: quiet_hours
	Log   *slog.Logger

	holidays   atomic.Pointer[schedules.Holidays] // see look
	generation atomic.Int64                       // of the holidays
}

// look reads the holidays anew if they have changed since. What a page that began
// earlier has seen does not take the place of what is newer.
func (f *Feature) look(tx *store.Tx) error {
	now, err := tx.Generation("holidays")
	if err != nil || f.holidays.Load() != nil && f.generation.Load() >= now {
		return err
	}
	holidays, err := loadHolidays(tx)
	if err != nil {
		return err
	}
	f.holidays.Store(holidays)
	f.generation.Store(now)
	return nil
}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "schedule" }

// Setup brings the schedules of the configuration into the database and plans
// them. One that is no longer there is not planned any more.
func (f *Feature) Setup(tx *store.Tx, list []Config) error {
	have, err := stored(tx)
	if err != nil {
		return err
	}
	var changed []row
	for _, c := range list {
		args, err := json.Marshal(c.Args())
		if err != nil {
			return err
		}
		s := row{ID: c.ID, Unit: c.Unit, Cron: c.Cron, Days: c.Rule(), Zone: c.Timezone, Action: c.Do, Args: string(args),
			Misfire: c.Misfire, StartsOn: c.StartsOn, EndsOn: c.EndsOn, Origin: "config"}
		if old, ok := have[c.ID]; !ok || old.gone || !old.same(&s) {
			changed = append(changed, s)
		}
		delete(have, c.ID)
	}
	for id, old := range have {
		if old.gone || old.Origin != "config" {
			continue
		}
		if _, err := tx.Exec(`UPDATE schedule SET gone_at = $1 WHERE id = $2`, tx.Millis(), id); err != nil {
			return err
		}
	}
	if err := save(tx, changed...); err != nil {
		return err
	}
	return f.planAll(tx)
}

func timerKey(id string) string { return "schedule:" + id }

// plan sets the timer of a schedule's next slot.
func (f *Feature) plan(tx *store.Tx, s *row) error {
	due, err := s.nextDue(f.holidays.Load())
	if err == nil && due != 0 {
		return setTimers(tx, s.timer(due))
	}
	if _, err := tx.Exec(`DELETE FROM timer WHERE key = $1`, timerKey(s.ID)); err != nil {
		return err
	}
	return err
}

// planAll plans every schedule. Timers that are right already stay, since there may
// be very many.
func (f *Feature) planAll(tx *store.Tx) error {
	if err := f.look(tx); err != nil {
		return err
	}
	if err := clockWasAhead(tx); err != nil {
		return fmt.Errorf("plan schedules after a clock that was ahead: %w", err)
	}
	holidays := f.holidays.Load()
	all, err := listRows(tx, "")
	if err != nil {
		return err
	}
	set, err := timers(tx)
	if err != nil {
		return err
	}
	var wrong [][]any
	for _, s := range all {
		due, err := s.nextDue(holidays)
		if err != nil {
			return fmt.Errorf("plan schedule %s: %w", s.ID, err)
		}
		if due != 0 && set[s.ID] != due {
			wrong = append(wrong, s.timer(due))
		}
		if due != 0 {
			delete(set, s.ID)
		}
	}
	if err := setTimers(tx, wrong...); err != nil {
		return fmt.Errorf("plan schedules: %w", err)
	}
	for id := range set { // paused, or gone
		if _, err := tx.Exec(`DELETE FROM timer WHERE key = $1`, timerKey(id)); err != nil {
			return err
		}
	}
	years := unknownYears(all, holidays, tx.Now)
	tx.AfterCommit(func() {
		for _, year := range years {
			f.Log.Warn("the holidays of a year are not known: Monday to Friday are taken for its workdays; see branchbot holidays", "year", year)
		}
	})
	return nil
}

// Replan plans every schedule anew, for a clock that was set back.
func (f *Feature) Replan(tx *store.Tx) error {
	// All units in order, as the engine locks them: others may be at their timers.
	if err := tx.Locked(`SELECT id FROM unit ORDER BY id COLLATE "C"`); err != nil {
		return err
	}
	return f.planAll(tx)
}

// Now is what a timer of the kind "now" does: an action that is run once, for
// the first push of the sample.
type Now struct {
	Unit   string      `json:"unit"`
	Action string      `json:"action"`
	Args   engine.Args `json:"args"`
}

// Timer implements engine.Timed.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	if tm.Kind == "now" {
		var n Now
		if err := json.Unmarshal([]byte(tm.Ref), &n); err != nil {
			return err
		}
		u, err := t.Directory().Unit(t.Tx, n.Unit)
		if err != nil {
			return fmt.Errorf("unit %s: %w", n.Unit, err)
		}
		if t, err = t.Into(u); err != nil {
			return err
		}
		return f.run(t, n.Action, n.Args, "")
	}
	if tm.Kind == "holidays" { // imported beside the running bot
		return f.planAll(t.Tx)
	}
	if err := f.look(t.Tx); err != nil {
		return err
	}
	s, err := getRow(t.Tx, tm.Ref)
	if err != nil || s == nil || s.Paused {
		return err
	}
	u, err := t.Directory().Unit(t.Tx, s.Unit)
	if err != nil {
		return fmt.Errorf("schedule %s: unit %s: %w", s.ID, s.Unit, err)
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	return f.due(t, s)
}

// due handles the slots of a schedule that have come.
func (f *Feature) due(t *engine.Turn, s *row) error {
	spec, zone, err := s.parse(f.holidays.Load())
	if err != nil {
		return err
	}
	misfire, err := schedules.ParseMisfire(s.Misfire)
	if err != nil {
		return err
	}
	d := schedules.Due(spec, zone, misfire, s.from(zone), t.Now)
	if now := t.Now.In(zone); d.Run != nil && f.Quiet().Contains(now) && !f.Quiet().Contains(d.Run.At.In(zone)) {
		return setTimers(t.Tx, s.timer(f.Quiet().End(now).UnixMilli())) // whether it is too late then is decided then
	}
	if err := f.missed(t, s, d, spec, zone, misfire); err != nil {
		return err
	}
	if d.Run != nil && s.runsOn(d.Run.At.In(zone)) {
		if err := f.fire(t.Until(misfire.Until(d.Run.At)), s, *d.Run, zone); err != nil {
			return err
		}
		s.Handled = maxTime(s.Handled, d.Run.At)
	}
	if err := s.handled(t.Tx); err != nil {
		return err
	}
	return f.plan(t.Tx, s)
}

// maxMissed is for how many slots of one time away there are rows. Only a clock
// that was years ahead leaves more behind.
const maxMissed = 10_000

// missed makes the rows of the slots that did not run, also of those that are
// too many for the decision to name them.
func (f *Feature) missed(t *engine.Turn, s *row, d schedules.Decision, spec schedules.Spec, zone *time.Location, m schedules.Misfire) error {
	keep := func(slot schedules.Slot) error {
		if !s.runsOn(slot.At.In(zone)) { // its last day is over
			return nil
		}
		state := "missed"
		if slot.Left {
			state = "skipped"
		}
		_, err := note(t.Tx, s.ID, slot, state, "schedule.reason."+string(m.Reason(slot, t.Now)))
		s.Handled = maxTime(s.Handled, slot.At)
		return err
	}
	if d.MissedMore > maxMissed-len(d.Missed) {
		f.Log.Warn("too many runs of a schedule were missed to keep a row of each", "schedule", s.ID)
	}
	at := s.from(zone)
	for range min(d.MissedMore, maxMissed-len(d.Missed)) {
		slot, ok := spec.Next(at, zone)
		if !ok || !slot.At.Before(d.Missed[0].At) {
			break
		}
		at = slot.At
		if err := keep(slot); err != nil {
			return err
		}
	}
	for _, slot := range d.Missed {
		if err := keep(slot); err != nil {
			return err
		}
	}
	return nil
}

// fire runs the action for a slot, unless there is a reason not to.
func (f *Feature) fire(t *engine.Turn, s *row, slot schedules.Slot, zone *time.Location) error {
	id, err := note(t.Tx, s.ID, slot, "fired", "")
	if err != nil || id == 0 { // 0: the slot has its row already, e.g. skipped in advance
		return err
	}
	reason, err := f.hindered(t, s, slot.At.In(zone))
	if err != nil {
		return err
	}
	if reason != "" {
		return outcome(t.Tx, id, "skipped", reason)
	}
	var args engine.Args
	if err := json.Unmarshal([]byte(s.Args), &args); err != nil {
		return fmt.Errorf("schedule %s: arguments: %w", s.ID, err)
	}
	err = t.Try(func() error { return f.run(t, s.Action, args, causeOf(id)) })
	var skip *engine.Skip
	switch {
	case err == nil:
		return nil
	case store.Broken(err):
		return err
	case errors.As(err, &skip):
		return outcome(t.Tx, id, "skipped", skip.Reason())
	}
	if err := t.Bury("occurrence "+s.ID+" "+slot.Key, err); err != nil {
		return err
	}
	return outcome(t.Tx, id, "failed", "schedule.reason.error")
}

// hindered is the reason why a schedule does not run at a time; "" when none.
func (f *Feature) hindered(t *engine.Turn, s *row, local time.Time) (string, error) {
	if f.Quiet().Contains(local) {
		return "schedule.reason.quiet", nil
	}
	braked, err := isBraked(t, s.Unit)
	if err == nil && braked {
		return "schedule.reason.paused", nil
	}
	return "", err
}

// isBraked tells whether the emergency brake of the unit, or of one above, is on.
func isBraked(t *engine.Turn, unit string) (bool, error) {
	line, err := t.Directory().Line(t.Tx, unit)
	if err != nil {
		return false, err
	}
	for _, u := range line {
		var n int
		if err := t.Tx.QueryRow(`SELECT COUNT(*) FROM paused WHERE unit = $1`, u.ID).Scan(&n); err != nil || n > 0 {
			return n > 0, err
		}
	}
	return false, nil
}

func (f *Feature) run(t *engine.Turn, name string, args engine.Args, cause string) error {
	action, ok := t.Engine().Action(name)
	if !ok {
		return fmt.Errorf("there is no action %q", name)
	}
	return action.Run(t, args, cause)
}

// causeOf is the cause of an occurrence's messages.
func causeOf(occurrence int64) string { return fmt.Sprintf("occurrence:%d", occurrence) }

// Settled notes that the messages of an occurrence have come to rest; see
// outbox.Outbox.OnSettled.
func (f *Feature) Settled(tx *store.Tx, cause string, sent, failed int) error {
	number, ok := strings.CutPrefix(cause, "occurrence:")
	if !ok {
		return nil
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("cause %q: %w", cause, err)
	}
	switch {
	case failed == 0:
		return outcome(tx, id, "done", "")
	case sent > 0:
		return outcome(tx, id, "partly", "schedule.reason.undelivered")
	}
	return outcome(tx, id, "failed", "schedule.reason.undelivered")
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
