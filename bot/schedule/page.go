package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/schedules"
	"branchbot/store"
)

// What pages show of schedules, and how one is written there: in fields.

// Glance is a schedule with what comes of it next.
type Glance struct {
	ID, Action, Rule string   // the last two in words
	Next             []string // the next instants, with what is special about them
	Not              []string // what is left out before them, and why
	Paused, Config   bool     // Config: it stands in config.yaml, and is changed there
	Problem          string   // why nothing can be told
}

func (f *Feature) glance(t *engine.Turn, s *row, runs int) Glance {
	g := Glance{ID: s.ID, Action: t.T("schedule.action." + s.Action), Paused: s.Paused, Config: s.Origin == "config"}
	spec, zone, err := s.parse(f.holidays.Load())
	if err != nil {
		g.Problem = err.Error()
		return g
	}
	if g.Rule = spec.Words(t.Lang); s.Paused {
		return g
	}
	list, err := f.ahead(t, s, runs, time.Time{})
	if err != nil {
		g.Problem = err.Error()
		return g
	}
	for _, c := range list {
		if c.reason == "" {
			g.Next = append(g.Next, tell(t, c.Slot, zone))
			continue
		}
		g.Not = append(g.Not, t.T("schedule.left_out", "At", schedules.Instant(c.At, t.Now, zone, t.Lang), "Reason", c.reason))
	}
	if len(g.Next) == 0 {
		g.Next = []string{t.T("schedule.no_next")}
	}
	if len(g.Not) > 3 {
		g.Not = append(g.Not[:3], t.T("schedule.left_out_more", "N", len(g.Not)-3))
	}
	return g
}

// Glances are the schedules of t.Unit, each with its next three instants, and
// what should be known about the holidays.
func (f *Feature) Glances(t *engine.Turn) (all []Glance, notes []string, err error) {
	if err := f.look(t.Tx); err != nil {
		return nil, nil, err
	}
	rows, err := listRows(t.Tx, t.Unit.ID)
	for i := range rows {
		all = append(all, f.glance(t, &rows[i], 3))
	}
	return all, f.unknown(t, rows), err
}

// Fortnight is what the schedules of t.Unit run in the coming two weeks.
func (f *Feature) Fortnight(t *engine.Turn) ([]Coming, error) {
	if err := f.look(t.Tx); err != nil {
		return nil, err
	}
	now := t.Now.In(t.Unit.Zone)
	return f.next(t, 200, time.Date(now.Year(), now.Month(), now.Day()+14, 0, 0, 0, -1, t.Unit.Zone))
}

// Past is what became of an occurrence.
type Past struct {
	At                      time.Time
	Schedule, State, Reason string // State is one of the table's; Reason in words
}

// Occurrences is how many a unit has.
func Occurrences(tx *store.Tx, unit string) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM schedule s CROSS JOIN occurrence o WHERE s.unit = $1 AND o.schedule = s.id`, unit).Scan(&n)
	return n, err
}

// Lately are some of these, the newest first.
func Lately(t *engine.Turn, limit, offset int) ([]Past, error) {
	list, err := lately(t.Tx, t.Unit.ID, limit, offset)
	out := make([]Past, len(list))
	for i, p := range list {
		out[i] = Past{At: p.Due, Schedule: p.Schedule, State: p.State}
		if p.Reason != "" {
			out[i].Reason = strings.TrimRight(t.T(p.Reason), "。.")
		}
	}
	return out, err
}

// Draft is a schedule as the fields of a page say it.
type Draft struct {
	ID      string // "": a new one
	Version string // of what the fields were filled from

	Cron, Days, IfHoliday, Lunar          string
	Action, From, Title, Text, CloseAfter string
}

// fields are the arguments that a page can change; others stay as they are.
func (d *Draft) fields() map[string]*string {
	return map[string]*string{"from": &d.From, "title": &d.Title, "text": &d.Text, "close_after": &d.CloseAfter}
}

// version changes when anything in a schedule does.
func (s *row) version() string {
	text, _ := json.Marshal([]any{s.Cron, s.Days, s.Action, s.Args, s.Zone, s.StartsOn, s.EndsOn}) // texts alone
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// editable is a schedule of t.Unit that does not stand in config.yaml.
func editable(t *engine.Turn, id string) (*row, error) {
	s, err := mine(t, id)
	if err == nil && s.Origin == "config" {
		err = engine.Complain("schedule.edit_config", "ID", s.ID)
	}
	return s, err
}

// Filled is a schedule of t.Unit as fields.
func Filled(t *engine.Turn, id string) (d Draft, err error) {
	s, err := editable(t, id)
	if err != nil {
		return d, err
	}
	var args engine.Args
	if err := json.Unmarshal([]byte(s.Args), &args); err != nil {
		return d, err
	}
	d = Draft{ID: s.ID, Version: s.version(), Cron: s.Cron, Days: s.Days.Days, IfHoliday: s.Days.IfHoliday, Lunar: s.Days.Lunar, Action: s.Action}
	for name, field := range d.fields() {
		*field = args[name]
	}
	return d, nil
}

// read makes the schedule that the fields say. Complaints of the rule have keys
// of their own (schedule.bad_cron), for the page to show them at the field.
func (f *Feature) read(t *engine.Turn, d Draft) (*row, engine.Args, error) {
	if err := f.look(t.Tx); err != nil {
		return nil, nil, err
	}
	s := &row{Unit: t.Unit.ID, Zone: t.Unit.Zone.String(), Misfire: "grace"}
	args := engine.Args{}
	if d.ID != "" {
		var err error
		if s, err = editable(t, d.ID); err != nil {
			return nil, nil, err
		}
		if s.version() != d.Version {
			return nil, nil, engine.Complain("schedule.changed_meanwhile", "Now", f.describe(t, s))
		}
		if s.Action == d.Action {
			if err := json.Unmarshal([]byte(s.Args), &args); err != nil {
				return nil, nil, err
			}
		}
	}
	s.Handled = t.Now
	s.Days.Days, s.Days.IfHoliday, s.Days.Lunar = d.Days, d.IfHoliday, d.Lunar
	spec, err := schedules.Parse(d.Cron)
	if err == nil {
		_, err = spec.On(s.Days, f.holidays.Load())
	}
	if err != nil {
		return nil, nil, engine.Complain("schedule.bad_cron", "Reason", strings.Join(locale.Faults(t.Lang, err), " "))
	}
	s.Cron = spec.String()
	action, ok := t.Engine().Action(d.Action)
	if !ok {
		return nil, nil, engine.Complain("schedule.push_how")
	}
	s.Action = action.Name
	for name, field := range d.fields() {
		if delete(args, name); *field != "" {
			args[name] = chat.Clean(*field)
		}
	}
	if _, err := args.CloseAfter(time.Hour); err != nil {
		return nil, nil, engine.Complain("schedule.bad_close_after")
	}
	if err := action.Check(args); err != nil && args["from"] != "" {
		return nil, nil, engine.Complain("schedule.push_nothing", "From", chat.CleanName(args["from"]))
	} else if err != nil {
		return nil, nil, engine.Complain("schedule.bad_args")
	}
	return s, args, nil
}

// Preview tells the next five instants of a draft, and the message that the
// next one would post; where nothing would be, why.
func (f *Feature) Preview(t *engine.Turn, d Draft) (g Glance, m chat.Message, why string, err error) {
	s, args, err := f.read(t, d)
	if err != nil {
		return g, m, "", err
	}
	s.Paused = false
	g = f.glance(t, s, 5)
	action, _ := t.Engine().Action(s.Action)
	m, err = action.Preview(t, args)
	var skip *engine.Skip
	if errors.As(err, &skip) {
		return g, m, t.T(skip.Key, skip.Args...), nil
	}
	return g, m, "", err
}

// Put adds the schedule of a draft to t.Unit, or changes it.
func (f *Feature) Put(t *engine.Turn, d Draft) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	s, args, err := f.read(t, d)
	if err != nil {
		return err
	}
	return f.keep(t, s, args)
}
