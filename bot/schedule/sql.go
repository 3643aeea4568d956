package schedule

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"branchbot/schedules"
	"branchbot/store"
)

// row is a schedule as it is kept.
type row struct {
	ID, Unit, Cron, Zone, Action, Args, Misfire, StartsOn, EndsOn, Origin string

	Days    schedules.DayRule
	Paused  bool
	Handled time.Time // the last instant that was dealt with
}

func (s *row) parse(holidays *schedules.Holidays) (schedules.Spec, *time.Location, error) {
	spec, err := schedules.Parse(s.Cron)
	if err == nil {
		spec, err = spec.On(s.Days, holidays)
	}
	if err != nil {
		return spec, nil, fmt.Errorf("schedule %s: %w", s.ID, err)
	}
	zone, err := schedules.Zone(s.Zone)
	return spec, zone, err
}

// nextDue is when the next slot is due, in milliseconds; 0 when none is.
func (s *row) nextDue(holidays *schedules.Holidays) (int64, error) {
	if s.Paused {
		return 0, nil
	}
	spec, zone, err := s.parse(holidays)
	if err != nil {
		return 0, err
	}
	slot, ok := spec.Next(s.from(zone), zone)
	if !ok || !s.runsOn(slot.At.In(zone)) {
		return 0, nil
	}
	return slot.At.UnixMilli(), nil
}

// from is the instant after which slots are to be dealt with: none of them lies
// before the schedule's first day.
func (s *row) from(zone *time.Location) time.Time {
	first, err := time.ParseInLocation(time.DateOnly, s.StartsOn, zone)
	if err != nil { // there is none
		return s.Handled
	}
	return maxTime(s.Handled, first.Add(-time.Second))
}

// runsOn tells whether a day lies between the schedule's first and last one.
func (s *row) runsOn(local time.Time) bool {
	day := local.Format(time.DateOnly)
	return (s.StartsOn == "" || day >= s.StartsOn) && (s.EndsOn == "" || day <= s.EndsOn)
}

// timer is the row of the schedule's timer.
func (s *row) timer(due int64) []any {
	return []any{due, "schedule", "run", s.ID, timerKey(s.ID), s.Unit}
}

// setTimers sets the timers of schedules, or moves them.
func setTimers(tx *store.Tx, rows ...[]any) error {
	_, err := tx.InsertRows(`INSERT INTO timer (due_at, feature, kind, ref, key, unit)`, rows,
		`ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at, attempts = 0, unit = excluded.unit`)
	return err
}

// timers are the timers of schedules: when each is due.
func timers(tx *store.Tx) (map[string]int64, error) {
	rows, err := tx.Query(`SELECT ref, due_at FROM timer WHERE feature = 'schedule' AND kind = 'run'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	set := map[string]int64{}
	for rows.Next() {
		var id string
		var due int64
		if err := rows.Scan(&id, &due); err != nil {
			return nil, err
		}
		set[id] = due
	}
	return set, rows.Err()
}

// daysText is a rule for days as it is stored; "" for none.
func daysText(d schedules.DayRule) (string, error) {
	if d == (schedules.DayRule{}) {
		return "", nil
	}
	text, err := json.Marshal(d)
	return string(text), err
}

// old is a schedule as it is stored.
type old struct {
	row
	gone bool
}

// same tells whether a schedule of the configuration is stored already.
func (o *old) same(s *row) bool {
	return o.Unit == s.Unit && o.Cron == s.Cron && o.Days == s.Days && o.Zone == s.Zone && o.Action == s.Action && o.Args == s.Args &&
		o.Misfire == s.Misfire && o.StartsOn == s.StartsOn && o.EndsOn == s.EndsOn
}

// stored are all schedules that there have ever been, by their ids.
func stored(tx *store.Tx) (map[string]old, error) {
	rows, err := tx.Query(`SELECT ` + columns + `, gone_at IS NOT NULL FROM schedule`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := map[string]old{}
	for rows.Next() {
		var o old
		if err := o.scan(rows, &o.gone); err != nil {
			return nil, err
		}
		have[o.ID] = o
	}
	return have, rows.Err()
}

// save adds schedules or changes them. A changed rule begins now: instants that
// only the new rule would have had are not caught up.
func save(tx *store.Tx, list ...row) error {
	var rows [][]any
	for _, s := range list {
		days, err := daysText(s.Days)
		if err != nil {
			return fmt.Errorf("schedule %s: %w", s.ID, err)
		}
		rows = append(rows, []any{s.ID, s.Unit, s.Cron, s.Zone, s.Action, s.Args, s.Misfire, s.StartsOn, s.EndsOn, s.Origin, tx.Millis(), days})
	}
	_, err := tx.InsertRows(`INSERT INTO schedule (id, unit, cron, zone, action, args, misfire, starts_on, ends_on, origin, handled, days)`, rows,
		`ON CONFLICT (id) DO UPDATE SET
		handled = CASE WHEN schedule.cron = excluded.cron AND schedule.zone = excluded.zone AND schedule.days = excluded.days
			THEN schedule.handled ELSE excluded.handled END,
		days = excluded.days, unit = excluded.unit, cron = excluded.cron, zone = excluded.zone, action = excluded.action, args = excluded.args,
		misfire = excluded.misfire, starts_on = excluded.starts_on, ends_on = excluded.ends_on, gone_at = NULL`)
	if err != nil {
		return fmt.Errorf("store schedules: %w", err)
	}
	return nil
}

// A clock that was ahead has dealt with instants that are yet to come. They come again,
// unless they ran less than a day too early: then they did run.
const (
	clockSlack = time.Minute // by which clocks may differ
	ranEarly   = 24 * time.Hour
)

func clockWasAhead(tx *store.Tx) error {
	rows, err := tx.Query(`UPDATE schedule SET handled = $1 WHERE handled > $2 RETURNING id`, tx.Millis(), tx.Now.Add(clockSlack).UnixMilli())
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []any
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, id := range ids { // what somebody left out in advance was noted before now, and stays
		_, err := tx.Exec(`DELETE FROM occurrence WHERE schedule = $1 AND due_at > $2 AND at > $3 AND (state IN ('missed', 'skipped') OR due_at > $4)`,
			id, tx.Millis(), tx.Now.Add(clockSlack).UnixMilli(), tx.Now.Add(ranEarly).UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *row) handled(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE schedule SET handled = $1 WHERE id = $2`, s.Handled.UnixMilli(), s.ID)
	return err
}

const (
	columns   = `id, unit, cron, zone, action, args, misfire, starts_on, ends_on, origin, paused <> 0, handled, days`
	selectRow = `SELECT ` + columns + ` FROM schedule WHERE gone_at IS NULL `
)

// scan reads the columns, and more behind them.
func (s *row) scan(r store.Scanner, more ...any) error {
	var handled int64
	var days string
	err := r.Scan(append([]any{&s.ID, &s.Unit, &s.Cron, &s.Zone, &s.Action, &s.Args, &s.Misfire, &s.StartsOn, &s.EndsOn, &s.Origin,
		&s.Paused, &handled, &days}, more...)...)
	if err != nil {
		return err
	}
	s.Handled = time.UnixMilli(handled).UTC()
	if days != "" {
		if err := json.Unmarshal([]byte(days), &s.Days); err != nil {
			return fmt.Errorf("schedule %s: days: %w", s.ID, err)
		}
	}
	return nil
}

// getRow is nil for a schedule that is unknown or gone.
func getRow(tx *store.Tx, id string) (*row, error) {
	s := &row{}
	err := s.scan(tx.QueryRow(selectRow+`AND id = $1`, id))
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	return s, err
}

// listRows are the schedules of a unit, of all units for "".
func listRows(tx *store.Tx, unit string) ([]row, error) {
	condition, args := ``, []any{}
	if unit != "" {
		condition, args = `AND unit = $1 `, []any{unit}
	}
	rows, err := tx.Query(selectRow+condition+`ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var s row
		if err := s.scan(rows); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// note makes the row of an occurrence and returns its id; 0 when the slot has
// one already.
func note(tx *store.Tx, schedule string, slot schedules.Slot, state, reason string) (id int64, err error) {
	err = tx.QueryRow(`INSERT INTO occurrence (schedule, slot, due_at, state, reason, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (schedule, slot) DO NOTHING RETURNING id`,
		schedule, slot.Key, slot.At.UnixMilli(), state, reason, tx.Millis()).Scan(&id)
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// leftOut are the slots still to come that have their row already: the ones to
// be skipped.
func leftOut(tx *store.Tx, schedule string, after time.Time) (map[string]bool, error) {
	rows, err := tx.Query(`SELECT slot FROM occurrence WHERE schedule = $1 AND due_at > $2`, schedule, after.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	slots := map[string]bool{}
	for rows.Next() {
		var slot string
		if err := rows.Scan(&slot); err != nil {
			return nil, err
		}
		slots[slot] = true
	}
	return slots, rows.Err()
}

func outcome(tx *store.Tx, id int64, state, reason string) error {
	_, err := tx.Exec(`UPDATE occurrence SET state = $1, reason = $2, at = $3 WHERE id = $4`, state, reason, tx.Millis(), id)
	return err
}

// past is what became of an occurrence.
type past struct {
	ID                      int64
	Schedule, State, Reason string
	Due                     time.Time
}

// lately are some of the occurrences of a unit, newest first.
func lately(tx *store.Tx, unit string, limit, offset int) ([]past, error) {
	rows, err := tx.Query(`SELECT o.id, o.schedule, o.state, o.reason, o.due_at FROM schedule s CROSS JOIN occurrence o
		WHERE s.unit = $1 AND o.schedule = s.id ORDER BY o.due_at DESC, o.id DESC LIMIT $2 OFFSET $3`, unit, limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []past
	for rows.Next() {
		var p past
		var due int64
		if err := rows.Scan(&p.ID, &p.Schedule, &p.State, &p.Reason, &due); err != nil {
			return nil, err
		}
		p.Due = time.UnixMilli(due)
		out = append(out, p)
	}
	return out, rows.Err()
}

// last is the newest occurrence of a schedule; 0 when there is none.
func last(tx *store.Tx, id string) (occurrence int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE((SELECT id FROM occurrence WHERE schedule = $1 ORDER BY due_at DESC, id DESC LIMIT 1), 0)`, id).Scan(&occurrence)
	return occurrence, err
}

// Pulse changes when a schedule of a unit is changed, or has run.
func Pulse(tx *store.Tx, unit string) (string, error) {
	rows, err := listRows(tx, unit)
	if err != nil {
		return "", err
	}
	var last, at, stopped int64
	err = tx.QueryRow(`SELECT COALESCE(MAX(o.id), 0), COALESCE(MAX(o.at), 0), (SELECT COUNT(*) FROM paused WHERE unit = $1)
		FROM schedule s CROSS JOIN occurrence o WHERE s.unit = $1 AND o.schedule = s.id AND o.due_at > $2`,
		unit, tx.Now.AddDate(0, 0, -7).UnixMilli()).Scan(&last, &at, &stopped)
	sum := sha256.Sum256([]byte(fmt.Sprint(rows, last, at, stopped)))
	return fmt.Sprintf("%x", sum[:8]), err
}
