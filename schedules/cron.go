// Package schedules turns cron rules into occurrences: which instants a rule
// means in its zone, and what becomes of one that was missed. It is pure; who
// keeps the rows is bot/schedule.
//
// Rules:
//   - The zone is its own setting, never part of the cron text.
//   - A rule with a plain hour runs on the wall clock: once for each time that
//     the clock shows. In a gap (clocks go forward) it runs at the first
//     instant after the gap; in an overlap (clocks go back) at the first of the
//     two. robfig/cron by itself would skip the gap and run twice in the overlap
//     (measured with v3.0.1 for Europe/Berlin on 2027-03-28 and 2027-10-31).
//   - A rule with * or a step in the hour field runs by elapsed time instead.
//   - A slot never runs before its time, and never twice.
package schedules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/robfig/cron/v3"
	"golang.org/x/text/unicode/norm"
)

// Spec is a parsed cron rule.
type Spec struct {
	text     string
	schedule cron.Schedule
	elapsed  bool // runs by elapsed time, not by the wall clock
}

// Slot is one due instant of a rule.
type Slot struct {
	At  time.Time // the instant, UTC
	Key string    // what the wall clock shows, e.g. 2026-12-01T08:00: the identity of the occurrence
}

var fields = []struct {
	name     string
	low, top int
}{{"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 0, 7}}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Parse reads a rule of five fields (minute hour day month weekday), or one of
// @hourly @daily @weekly @monthly @yearly.
func Parse(text string) (s Spec, err error) {
	text = strings.Join(strings.Fields(norm.NFKC.String(text)), " ")
	defer func() {
		if p := recover(); p != nil { // the parser has panicked on odd input before
			err = fmt.Errorf("%q: not a cron rule", text)
		}
	}()
	if err := checkText(text); err != nil {
		return Spec{}, fmt.Errorf("%q: %w", text, err)
	}
	rule := text
	if parts := strings.Fields(text); len(parts) == 5 {
		parts[4] = sunday.Replace(parts[4])
		rule = strings.Join(parts, " ")
	}
	schedule, err := parser.Parse(rule)
	if err != nil {
		return Spec{}, fmt.Errorf("%q: %v", text, strings.TrimPrefix(err.Error(), "failed to parse "))
	}
	s = Spec{text: text, schedule: schedule, elapsed: byElapsed(text)}
	if schedule.Next(time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Spec{}, fmt.Errorf("%q: never comes: there is no such day", text)
	}
	return s, nil
}

// sunday lets 7 mean Sunday, as crontab(5) does; robfig's parser knows only 0.
var sunday = strings.NewReplacer("1-7", "0-6", "5-7", "5,6,0", "6-7", "6,0", "2-7", "2,3,4,5,6,0", "3-7", "3,4,5,6,0", "4-7", "4,5,6,0", "7", "0")

func checkText(text string) error {
	switch {
	case text == "":
		return errors.New("the rule is empty; e.g. 0 8 * * * is every day at 08:00")
	case strings.Contains(text, "TZ="):
		return errors.New("the zone does not belong here; use the key timezone")
	case strings.HasPrefix(text, "@every"):
		return errors.New("@every counts from the start of the program and would drift; use e.g. */30 * * * *")
	case strings.HasPrefix(text, "@"):
		return nil
	}
	parts := strings.Fields(text)
	if len(parts) != len(fields) {
		return fmt.Errorf("has %d fields, needs 5: minute hour day month weekday, e.g. 0 8 * * 1-5", len(parts))
	}
	for i, part := range parts {
		for _, word := range strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune(",-/*?", r) }) {
			n, err := strconv.Atoi(word)
			if err != nil {
				if i < 3 || len(word) != 3 {
					return fmt.Errorf("%s %q is not a number", fields[i].name, word)
				}
				continue // a name such as MON, which the parser knows
			}
			step := strings.Contains(part, "/"+word)
			if !step && (n < fields[i].low || n > fields[i].top) {
				return fmt.Errorf("%s %d is out of range %d-%d", fields[i].name, n, fields[i].low, fields[i].top)
			}
			if step && (n < 1 || n > fields[i].top) {
				return fmt.Errorf("%s: step %d is out of range 1-%d", fields[i].name, n, fields[i].top)
			}
		}
	}
	return nil
}

func byElapsed(text string) bool {
	if strings.HasPrefix(text, "@") {
		return text == "@hourly"
	}
	return strings.ContainsAny(strings.Fields(text)[1], "*/")
}

// String is the rule as it was given.
func (s Spec) String() string { return s.text }

// Next is the first slot after an instant; false when there is none within
// five years.
func (s Spec) Next(after time.Time, zone *time.Location) (Slot, bool) {
	if s.elapsed {
		at := s.schedule.Next(after.In(zone))
		if at.IsZero() {
			return Slot{}, false
		}
		// The offset keeps the two passes through an overlap apart.
		return Slot{At: at.UTC(), Key: at.Format("2006-01-02T15:04-07:00")}, true
	}
	// The wall clock runs under the label of UTC, where no clock is changed. It
	// begins a little early, since wall and instant may differ by a shift.
	wall := label(after.In(zone)).Add(-3 * time.Hour)
	for range 1000 {
		wall = s.schedule.Next(wall)
		if wall.IsZero() {
			return Slot{}, false
		}
		if at := instant(wall, zone); at.After(after) {
			return Slot{At: at.UTC(), Key: wall.Format("2006-01-02T15:04")}, true
		}
	}
	return Slot{}, false
}

// label gives the wall clock's digits the zone UTC.
func label(t time.Time) time.Time {
	y, mon, d := t.Date()
	h, m, sec := t.Clock()
	return time.Date(y, mon, d, h, m, sec, 0, time.UTC)
}

// instant is when the zone's clock shows these digits: the first time in an
// overlap, the first instant after it in a gap. It does not rely on which one
// time.Date picks, since that is not promised.
func instant(wall time.Time, zone *time.Location) time.Time {
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	first := wall.Add(-time.Duration(max(before, after)) * time.Second)
	second := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{first, second} {
		if label(t.In(zone)).Equal(wall) {
			return t
		}
	}
	// A gap: it lies between the two; find its end.
	for first.Before(second) && label(first.In(zone)).Before(wall) {
		first = first.Add(time.Minute)
	}
	return first
}

// Zone loads a zone by its IANA name.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("zone %q: name one explicitly, e.g. Asia/Shanghai", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %q is unknown; use a name such as Asia/Shanghai", name)
	}
	return zone, nil
}
