package schedules

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/6tail/lunar-go/calendar"
)

// DayRule says on which days a rule runs, beyond what cron can say; cron then
// has the times of day. The zero value leaves the days to cron.
//
// Rules:
//   - Days is workdays, restdays or all. A day on which it would run but for a
//     holiday or 调休 is a slot that is left out, with the reason; an ordinary
//     weekend is no slot of workdays, nor a working day one of restdays.
//   - One of Lunar ("8-15"), Date ("07-01") and Monthly ("third friday",
//     "last workday", "15") picks single days. The 30th of a lunar month that
//     has 29 days is its last day, so that 12-30 is always New Year's Eve; a
//     leap month is never meant.
//   - IfHoliday says what becomes of a day that falls on a day off, be it a
//     weekend or a holiday: same (it runs), skip, next_workday, previous_workday.
//   - A slot keeps the key of its own day wherever it is moved to. One that is
//     moved to a day on which the rule runs anyway, or to which an earlier one
//     is moved too, is left out.
type DayRule struct {
	Days      string `json:"days,omitempty"`
	Lunar     string `json:"lunar,omitempty"`
	Date      string `json:"date,omitempty"`
	Monthly   string `json:"monthly,omitempty"`
	IfHoliday string `json:"if_holiday,omitempty"`
}

// days is a DayRule that was read.
type days struct {
	text     DayRule
	holidays *Holidays
	month    int   // of Lunar and Date
	day      int   // of Lunar and Date; of Monthly: the number in the month, or 1 to 5 of kind; lastOf
	kind     int   // of Monthly: a day of the week, or one of the below
	minutes  []int // the times of day
}

const (
	lastOf = -1

	anyDay   = 7 // of the month
	aWorkday = 8
)

// longestRest is more than the days off in a row of any holiday.
const longestRest = 31

// On makes the rule run on the days of d.
func (s Spec) On(d DayRule, h *Holidays) (Spec, error) {
	if d == (DayRule{}) {
		return s, nil
	}
	n := &days{text: d, holidays: h}
	if err := n.read(); err != nil {
		return s, err
	}
	picks := d.Lunar != "" || d.Date != "" || d.Monthly != ""
	if (picks || n.filters()) && !(s.full(dayOfMonth) && s.full(month) && s.full(dayOfWeek)) {
		return s, fmt.Errorf("%q: where days or when picks the days, cron has the time alone, e.g. 0 9 * * *", s.text)
	}
	if n.moves() && !picks && s.full(dayOfMonth) && s.full(dayOfWeek) {
		return s, fmt.Errorf("if_holiday: %q names every day, so there is none to move to; for workdays alone write days: workdays", s.text)
	}
	if s.elapsed && (picks || n.moves()) {
		return s, fmt.Errorf("%q: give the hours as numbers, e.g. 0 9 * * *", s.text)
	}
	for _, h := range s.values[hour].list() {
		for _, m := range s.values[minute].list() {
			n.minutes = append(n.minutes, h*60+m)
		}
	}
	s.days = n
	return s, nil
}

// filters tells whether Days leaves any day out.
func (n *days) filters() bool { return n.text.Days == "workdays" || n.text.Days == "restdays" }

func (n *days) moves() bool {
	return n.text.IfHoliday == "next_workday" || n.text.IfHoliday == "previous_workday"
}

func (n *days) read() (err error) {
	d := n.text
	switch {
	case !slices.Contains([]string{"", "all", "workdays", "restdays"}, d.Days):
		return fmt.Errorf("days: %q is none of workdays, restdays, all", d.Days)
	case !slices.Contains([]string{"", "same", "skip", "next_workday", "previous_workday"}, d.IfHoliday):
		return fmt.Errorf("if_holiday: %q is none of next_workday, previous_workday, skip, same", d.IfHoliday)
	case n.filters() && d != DayRule{Days: d.Days}:
		return fmt.Errorf("days: %s goes with no other rule for days; take when and if_holiday out", d.Days)
	case d.Lunar != "" && d.Date != "" || d.Lunar != "" && d.Monthly != "" || d.Date != "" && d.Monthly != "":
		return errors.New("when: give one of lunar, date, monthly")
	case d.Lunar != "":
		if n.month, n.day, err = monthDay(d.Lunar); err != nil || n.day > 30 {
			return fmt.Errorf("when: lunar: %q: write month and day as 8-15", d.Lunar)
		}
	case d.Date != "":
		n.month, n.day, err = monthDay(d.Date)
		if err != nil || !isDate(2024, n.month, n.day) {
			return fmt.Errorf("when: date: %q: write month and day as 07-01", d.Date)
		}
	case d.Monthly != "":
		return n.readMonthly()
	}
	return nil
}

func monthDay(text string) (m, d int, err error) {
	first, second, ok := strings.Cut(fold(text), "-")
	m, err1 := strconv.Atoi(first)
	d, err2 := strconv.Atoi(second)
	if !ok || err1 != nil || err2 != nil || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, 0, errors.New("no month and day")
	}
	return m, d, nil
}

func isDate(y, m, d int) bool { return date(y, m, d).Day() == d }

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

var ordinals = []string{"first", "second", "third", "fourth", "fifth"}

var kinds = map[string]int{"sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
	"day": anyDay, "workday": aWorkday}

// readMonthly reads "15", "third friday", "last workday".
func (n *days) readMonthly() error {
	words := strings.Fields(strings.ToLower(fold(n.text.Monthly)))
	if len(words) == 1 {
		day, err := strconv.Atoi(words[0])
		if err == nil && day >= 1 && day <= 31 {
			n.day, n.kind = day, anyDay
			return nil
		}
	}
	if len(words) == 2 {
		kind, known := kinds[words[1]]
		nth := slices.Index(ordinals, words[0]) + 1
		if words[0] == "last" {
			nth = lastOf
		}
		if known && nth != 0 {
			n.day, n.kind = nth, kind
			return nil
		}
	}
	return fmt.Errorf("when: monthly: %q: write e.g. 15, third friday, last friday, first workday", n.text.Monthly)
}

// maxAhead is how many years are looked through: 29 February may be eight away.
const maxAhead = 9

// candidate is the first day from a day on that the rule names, before its
// holidays are looked at. Days are midnights under the label UTC.
func (s Spec) candidate(from time.Time) (time.Time, bool) {
	n := s.days
	switch {
	case n.text.Lunar != "":
		for y := from.Year() - 1; y <= from.Year()+1; y++ { // a lunar year ends in the next one
			if day := lunarDay(y, n.month, n.day); !day.Before(from) {
				return day, true
			}
		}
	case n.text.Date != "":
		for y := from.Year(); y <= from.Year()+maxAhead; y++ {
			if day := date(y, n.month, n.day); isDate(y, n.month, n.day) && !day.Before(from) {
				return day, true
			}
		}
	case n.text.Monthly != "":
		for first := date(from.Year(), int(from.Month()), 1); first.Year() <= from.Year()+1; first = first.AddDate(0, 1, 0) {
			if day, ok := n.inMonth(first); ok && !day.Before(from) {
				return day, true
			}
		}
	default:
		wall := s.schedule.Next(from.Add(-time.Second))
		return date(wall.Year(), int(wall.Month()), wall.Day()), !wall.IsZero()
	}
	return time.Time{}, false
}

// inMonth is the day that Monthly means in the month; false when it has none,
// such as a fifth Friday.
func (n *days) inMonth(first time.Time) (time.Time, bool) {
	is := func(day time.Time) bool {
		works, _ := n.holidays.Workday(day)
		return n.kind == anyDay || n.kind == aWorkday && works || n.kind == int(day.Weekday())
	}
	day, step, left := first, 1, n.day
	if n.day == lastOf {
		day, step, left = first.AddDate(0, 1, -1), -1, 1
	}
	for ; day.Month() == first.Month(); day = day.AddDate(0, 0, step) {
		if is(day) {
			if left--; left == 0 {
				return day, true
			}
		}
	}
	return day, false
}

var lunarDays sync.Map // [3]int{year, month, day} → time.Time: the computation takes long

// lunarDay is the day of a lunar date.
func lunarDay(y, m, d int) time.Time {
	if day, ok := lunarDays.Load([3]int{y, m, d}); ok {
		return day.(time.Time)
	}
	in := calendar.NewLunarYear(y).GetMonth(m)
	solar := calendar.NewLunarFromYmd(y, m, min(d, in.GetDayCount())).GetSolar()
	day := date(solar.GetYear(), solar.GetMonth(), solar.GetDay())
	lunarDays.Store([3]int{y, m, d}, day)
	return day
}

// placed is what becomes of a day that the rule names.
type placed struct {
	on      time.Time // the day on which it runs, or would have
	none    bool      // it is no slot at all
	left    bool      // it does not run
	why     Reason
	holiday string
}

func (s Spec) place(day time.Time) placed {
	n := s.days
	works, holiday := n.holidays.Workday(day)
	p := placed{on: day, holiday: holiday, why: reasonOf(day, works, holiday)}
	if n.filters() {
		p.left = works != (n.text.Days == "workdays")
		p.none = p.left && weekend(day) != works // nobody would have expected it
		return p
	}
	if works || n.text.IfHoliday == "" || n.text.IfHoliday == "same" {
		return p
	}
	if n.text.IfHoliday == "skip" {
		p.left = true
		return p
	}
	step := 1
	if n.text.IfHoliday == "previous_workday" {
		step = -1
	}
	to, first := n.workday(day, step), n.workday(day, -1).AddDate(0, 0, 1)
	if day, ok := s.candidate(to); ok && day.Equal(to) {
		p.left, p.why = true, Merged
		return p
	}
	if earlier, ok := s.candidate(first); ok && earlier.Before(day) {
		p.left, p.why = true, Merged
		return p
	}
	p.on = to
	return p
}

// workday is the nearest workday in a direction.
func (n *days) workday(day time.Time, step int) time.Time {
	for range longestRest {
		day = day.AddDate(0, 0, step)
		if works, _ := n.holidays.Workday(day); works {
			break
		}
	}
	return day
}

// reasonOf is what the calendar says about a day; "" for an ordinary workday.
func reasonOf(day time.Time, works bool, holiday string) Reason {
	switch {
	case works && weekend(day):
		return Makeup
	case works:
		return ""
	case holiday != "":
		return Public
	}
	return Weekend
}

// nextOn is Next of a rule with days of its own.
func (s Spec) nextOn(after time.Time, zone *time.Location) (Slot, bool) {
	if s.elapsed {
		return s.nextElapsedOn(after, zone)
	}
	today, reach := after.In(zone), 0
	if s.days.moves() { // an earlier day may run after a later one
		reach = longestRest
	}
	until := date(today.Year()+maxAhead, 1, 1)
	var best Slot
	day, ok := s.candidate(date(today.Year(), int(today.Month()), today.Day()-reach))
	for ok && day.Before(until) {
		p := s.place(day)
		if slot, found := s.firstOn(day, p, after, zone); found && (best.At.IsZero() || slot.At.Before(best.At)) {
			best, until = slot, p.on.AddDate(0, 0, reach+1)
		}
		day, ok = s.candidate(day.AddDate(0, 0, 1))
	}
	return best, !best.At.IsZero()
}

// firstOn is the first slot of a day that comes after an instant.
func (s Spec) firstOn(day time.Time, p placed, after time.Time, zone *time.Location) (Slot, bool) {
	if p.none {
		return Slot{}, false
	}
	at := func(i int) time.Time { return instant(p.on.Add(time.Duration(s.days.minutes[i])*time.Minute), zone) }
	i := sort.Search(len(s.days.minutes), func(i int) bool { return at(i).After(after) })
	if i == len(s.days.minutes) {
		return Slot{}, false
	}
	return Slot{At: at(i).UTC(), Key: day.Add(time.Duration(s.days.minutes[i]) * time.Minute).Format(wallKey), Left: p.left,
		Moved: !p.on.Equal(day), Why: p.why, Holiday: p.holiday, Guess: s.guesses(day) || s.guesses(p.on)}, true
}

// UsesHolidays tells whether the rule depends on public holidays.
func (s Spec) UsesHolidays() bool {
	n := s.days
	return n != nil && (n.filters() || n.moves() || n.text.IfHoliday == "skip" || n.kind == aWorkday)
}

// guesses tells whether a day's kind matters and is not known.
func (s Spec) guesses(day time.Time) bool {
	return s.UsesHolidays() && !s.days.holidays.Known(day.Year())
}

// nextElapsedOn is Next of a rule that runs by elapsed time on some days only.
func (s Spec) nextElapsedOn(after time.Time, zone *time.Location) (Slot, bool) {
	for {
		slot, ok := s.nextElapsed(after, zone)
		if !ok {
			return slot, false
		}
		local := slot.At.In(zone)
		day := date(local.Year(), int(local.Month()), local.Day())
		if p := s.place(day); !p.none {
			slot.Left, slot.Why, slot.Holiday, slot.Guess = p.left, p.why, p.holiday, s.guesses(day)
			return slot, true
		}
		after = slot.At
	}
}
