// Package schedules turns cron rules into occurrences: which instants a rule
// means in its zone, and what becomes of one that was missed. It is pure; who
// keeps the rows is bot/schedule.
//
// Rules:
//   - The zone is its own setting, never part of the cron text.
//   - A rule with plain hours runs by the wall clock: once for each time that
//     it names. Where the clock goes forward over such a time, it runs at the
//     first instant after the gap; where the clock goes back, at the first of
//     the two. robfig/cron by itself would skip the gap and run twice in the
//     overlap (measured with v3.0.1 for Europe/Berlin on 2027-03-28 and
//     2027-10-31).
//   - Times that fall into one gap, or on its end, are one occurrence, under the
//     key of the earliest: two pushes in the same instant help nobody.
//   - A rule with *, ? or a step in the hour field runs by elapsed time instead:
//     what the clock leaves out is left out, what it shows twice runs twice.
//   - A slot never runs before its time, and never twice.
//   - Of the slots that have passed, at most the newest runs; see Misfire.
package schedules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"golang.org/x/text/unicode/norm"
)

// Spec is a parsed cron rule; only Parse makes one.
type Spec struct {
	text     string
	values   [5]values // minute, hour, day of month, month, day of week
	schedule cron.Schedule
	elapsed  bool  // runs by elapsed time, not by the wall clock
	days     *days // nil: cron says the days
}

// values has the bit n set for each value n that a field allows.
type values uint64

func (v values) list() []int {
	var list []int
	for n := range 64 {
		if v&(1<<n) != 0 {
			list = append(list, n)
		}
	}
	return list
}

const (
	minute = iota
	hour
	dayOfMonth
	month
	dayOfWeek
)

// top of the day of week is 7: crontab(5) knows Sunday as 0 and as 7, robfig's
// parser as 0 only.
var fields = [5]struct {
	name     string
	low, top int
	names    []string // of low and those after it
}{
	minute:     {name: "minute", top: 59},
	hour:       {name: "hour", top: 23},
	dayOfMonth: {name: "day of month", low: 1, top: 31},
	month: {name: "month", low: 1, top: 12,
		names: strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")},
	dayOfWeek: {name: "day of week", top: 7, names: strings.Fields("sun mon tue wed thu fri sat")},
}

var descriptors = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// maxText is more than all sixty minutes written one by one; what is longer was
// pasted by mistake and is not repeated in the error.
const maxText = 256

// Parse reads a rule of five fields (minute hour day month weekday), or one of
// @hourly @daily @weekly @monthly @yearly. Full-width forms are taken as the
// half-width ones. The error names the rule, the field, the value and its range.
func Parse(text string) (Spec, error) {
	if len(text) > maxText {
		return Spec{}, fmt.Errorf("the rule has %d bytes, the limit is %d", len(text), maxText)
	}
	s := Spec{text: fold(text)}
	if err := s.read(); err != nil {
		return Spec{}, fmt.Errorf("%q: %w", s.text, err)
	}
	return s, nil
}

// String is the rule as it was given, in half-width forms.
func (s Spec) String() string { return s.text }

// typed are signs that Chinese input methods and phones give for , and -.
var typed = strings.NewReplacer("、", ",", "–", "-", "—", "-", "−", "-", "~", "-", "〜", "-")

func fold(text string) string {
	return strings.Join(strings.Fields(typed.Replace(norm.NFKC.String(text))), " ")
}

func (s *Spec) read() error {
	parts, err := split(s.text)
	if err != nil {
		return err
	}
	for i, part := range parts {
		if s.values[i], err = readField(i, part); err != nil {
			return err
		}
	}
	s.elapsed = strings.ContainsAny(parts[hour], "*?/")
	// crontab(5): where both days are restricted, either suffices. So 1-31 beside
	// a day of the week is each day, unlike * beside it.
	if !s.open(dayOfMonth, parts) && !s.open(dayOfWeek, parts) && (s.full(dayOfMonth) || s.full(dayOfWeek)) {
		s.values[dayOfMonth], s.values[dayOfWeek] = allOf(dayOfMonth), allOf(dayOfWeek)
	}
	if s.schedule, err = compile(s.values); err != nil {
		return err
	}
	// Any day will do to begin at: the rarest that comes at all, 29 February,
	// comes within the five years that robfig looks ahead.
	if s.schedule.Next(time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return errors.New("never comes: no year has such a day")
	}
	return nil
}

// open tells whether a field is not restricted: *, ? or the like of */1.
func (s Spec) open(i int, parts []string) bool {
	return strings.ContainsAny(parts[i], "*?") && s.full(i)
}

// DayOrWeekday tells whether both kinds of days are restricted, so that either suffices: on
// the 1st to 7th and on each Friday, which few mean.
func (s Spec) DayOrWeekday() bool { return !s.full(dayOfMonth) && !s.full(dayOfWeek) }

func (s Spec) full(i int) bool { return s.values[i] == allOf(i) }

func allOf(i int) values { return 1<<(highest(i)+1) - 1<<fields[i].low }

// split gives the five fields of a rule.
func split(text string) ([]string, error) {
	lower := strings.ToLower(text)
	switch {
	case text == "":
		return nil, errors.New("the rule is empty; 0 8 * * * is every day at 08:00")
	case strings.Contains(lower, "tz="):
		return nil, errors.New("the zone does not belong in the rule; set it in the field timezone")
	case strings.HasPrefix(lower, "@every"):
		// It has no times of its own: each restart would begin to count anew, so
		// that there is nothing by which to know an occurrence again.
		return nil, errors.New("@every counts from the start of the program; use e.g. */30 * * * *")
	case strings.HasPrefix(text, "@"):
		rule, ok := descriptors[lower]
		if !ok {
			return nil, errors.New("unknown; use @hourly, @daily, @weekly, @monthly or @yearly")
		}
		return strings.Fields(rule), nil
	}
	parts := strings.Fields(text)
	switch len(parts) {
	case len(fields):
		return parts, nil
	case len(fields) + 1:
		return nil, fmt.Errorf("needs 5 fields (minute hour day month weekday), has 6; without seconds: %s",
			strings.Join(parts[1:], " "))
	}
	return nil, fmt.Errorf("needs 5 fields (minute hour day month weekday), has %d; e.g. 0 8 * * 1-5", len(parts))
}

// readField reads a field's list of values, ranges and steps.
func readField(i int, text string) (values, error) {
	var all values
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		low, high, err := readSpan(i, span)
		if err != nil {
			return 0, err
		}
		step := 1
		if stepped {
			if step, err = number(stepText); err != nil {
				return 0, fmt.Errorf("%s step %w", fields[i].name, err)
			}
			if step < 1 || step > fields[i].top {
				return 0, fmt.Errorf("%s step %s is out of range 1-%d", fields[i].name, stepText, fields[i].top)
			}
			if !strings.Contains(span, "-") { // N/step counts from N on, as in robfig/cron
				high = highest(i)
			}
		}
		for n := low; n <= high; n += step {
			if i == dayOfWeek {
				all |= 1 << (n % 7)
			} else {
				all |= 1 << n
			}
		}
	}
	return all, nil
}

// highest is where * ends: Sunday is not counted again as 7.
func highest(i int) int {
	if i == dayOfWeek {
		return 6
	}
	return fields[i].top
}

// readSpan reads *, ?, N or N-M.
func readSpan(i int, text string) (low, high int, err error) {
	if text == "*" || text == "?" {
		return fields[i].low, highest(i), nil
	}
	first, last, ranged := strings.Cut(text, "-")
	if first == "" || ranged && last == "" {
		return 0, 0, fmt.Errorf("%s: a value is missing", fields[i].name)
	}
	if low, err = readValue(i, first); err != nil || !ranged {
		return low, low, err
	}
	if high, err = readValue(i, last); err != nil {
		return 0, 0, err
	}
	if i == dayOfWeek && high == 0 && low > 0 {
		high = 7 // fri-sun
	}
	if high < low {
		return 0, 0, fmt.Errorf("%s %s runs backwards; write it as two ranges", fields[i].name, text)
	}
	return low, high, nil
}

func readValue(i int, text string) (int, error) {
	f := fields[i]
	for n, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.low + n, nil
		}
	}
	n, err := number(text)
	if err != nil {
		if len(f.names) > 0 {
			return 0, fmt.Errorf("%s %w or a name such as %s", f.name, err, f.names[1])
		}
		return 0, fmt.Errorf("%s %w", f.name, err)
	}
	if n < f.low || n > f.top {
		return 0, fmt.Errorf("%s %s is out of range %d-%d", f.name, text, f.low, f.top)
	}
	return n, nil
}

// number reads digits alone; a number too long to be one is far out of range.
func number(text string) (int, error) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 1 << 30, nil
	}
	return n, nil
}

// compile hands robfig's parser plain lists of numbers, and * for all of them,
// which it reads as we do. Its parser has panicked on odd texts before.
func compile(sets [5]values) (schedule cron.Schedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the parser cannot read it: %v", p)
		}
	}()
	var plain []string
	for i, set := range sets {
		if set == allOf(i) {
			plain = append(plain, "*")
			continue
		}
		var list []string
		for _, n := range set.list() {
			list = append(list, strconv.Itoa(n))
		}
		plain = append(plain, strings.Join(list, ","))
	}
	return cron.ParseStandard(strings.Join(plain, " "))
}
