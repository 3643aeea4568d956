package schedules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/schedules"
)

func onDays(t testing.TB, cron string, d schedules.DayRule) schedules.Spec {
	t.Helper()
	s, err := schedules.Parse(cron)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.On(d, known(t)); err != nil {
		t.Fatal(err)
	}
	return s
}

// told is a slot as a test compares it: key, local time when it is moved, what
// the calendar says.
func told(s schedules.Slot, zone *time.Location) string {
	text := s.Key
	if s.Moved {
		text += " moved to " + s.At.In(zone).Format("01-02 15:04")
	}
	if s.Left {
		text += " left out"
	}
	if s.Why != "" {
		text += " " + string(s.Why)
	}
	if s.Holiday != "" {
		text += " " + s.Holiday
	}
	if s.Guess {
		text += " (guess)"
	}
	return text
}

func TestDays(t *testing.T) {
	t.Parallel()
	shanghai := zone(t, "Asia/Shanghai")
	for _, c := range []struct {
		name, cron string
		rule       schedules.DayRule
		from       string
		want       []string
	}{
		{"workdays over the National Day", "30 12 * * *", schedules.DayRule{Days: "workdays"}, "2026-09-29 13:00", []string{
			"2026-09-30T12:30", "2026-10-01T12:30 left out holiday 国庆节", "2026-10-02T12:30 left out holiday 国庆节",
			"2026-10-05T12:30 left out holiday 国庆节", "2026-10-06T12:30 left out holiday 国庆节", "2026-10-07T12:30 left out holiday 国庆节",
			"2026-10-08T12:30", "2026-10-09T12:30", "2026-10-10T12:30 makeup 国庆节", "2026-10-12T12:30"}},
		{"days off", "0 10 * * *", schedules.DayRule{Days: "restdays"}, "2026-09-18 13:00", []string{
			"2026-09-19T10:00 weekend", "2026-09-20T10:00 left out makeup 国庆节", "2026-09-25T10:00 holiday 中秋节",
			"2026-09-26T10:00 holiday 中秋节"}},
		{"all days", "0 10 * * *", schedules.DayRule{Days: "all"}, "2026-09-30 13:00", []string{"2026-10-01T10:00 holiday 国庆节", "2026-10-02T10:00 holiday 国庆节"}},
		{"several times a day", "0 9,15 * * *", schedules.DayRule{Days: "workdays"}, "2026-11-20 09:30", []string{
			"2026-11-20T15:00", "2026-11-23T09:00", "2026-11-23T15:00"}},
		{"by elapsed time", "0 */6 * * *", schedules.DayRule{Days: "workdays"}, "2026-11-20 13:00", []string{
			"2026-11-20T18:00+08:00", "2026-11-23T00:00+08:00", "2026-11-23T06:00+08:00"}},
		{"an unknown year", "0 9 * * *", schedules.DayRule{Days: "workdays"}, "2026-12-30 13:00", []string{
			"2026-12-31T09:00", "2027-01-01T09:00 (guess)", "2027-01-04T09:00 (guess)"}},

		{"the founding of the party", "0 9 * * *", schedules.DayRule{Date: "07-01"}, "2026-06-30 13:00", []string{"2026-07-01T09:00", "2027-07-01T09:00"}},
		{"the 29th of February", "0 9 * * *", schedules.DayRule{Date: "2-29"}, "2026-06-30 13:00", []string{"2028-02-29T09:00", "2032-02-29T09:00 weekend"}},
		{"mid-autumn", "0 9 * * *", schedules.DayRule{Lunar: "8-15"}, "2026-06-30 13:00", []string{
			"2026-09-25T09:00 holiday 中秋节", "2027-09-15T09:00", "2028-10-03T09:00"}},
		{"spring festival", "0 9 * * *", schedules.DayRule{Lunar: "1-1"}, "2024-06-30 13:00", []string{
			"2025-01-29T09:00 holiday 春节", "2026-02-17T09:00 holiday 春节", "2027-02-06T09:00 weekend"}},
		{"new year's eve, on the 29th or 30th", "0 9 * * *", schedules.DayRule{Lunar: "12-30"}, "2024-01-30 13:00", []string{
			"2024-02-09T09:00", "2025-01-28T09:00 holiday 春节", "2026-02-16T09:00 holiday 春节", "2027-02-05T09:00"}},
		{"no leap month", "0 9 * * *", schedules.DayRule{Lunar: "6-1"}, "2025-01-30 13:00", []string{"2025-06-25T09:00", "2026-07-14T09:00"}},

		{"the branch's day", "0 15 * * *", schedules.DayRule{Monthly: "third friday"}, "2026-08-30 13:00", []string{
			"2026-09-18T15:00", "2026-10-16T15:00", "2026-11-20T15:00"}},
		{"first friday, moved on", "0 15 * * *", schedules.DayRule{Monthly: "first friday", IfHoliday: "next_workday"}, "2026-08-30 13:00", []string{
			"2026-09-04T15:00", "2026-10-02T15:00 moved to 10-08 15:00 holiday 国庆节", "2026-11-06T15:00"}},
		{"first friday, before", "0 15 * * *", schedules.DayRule{Monthly: "first friday", IfHoliday: "previous_workday"}, "2026-09-05 13:00", []string{
			"2026-10-02T15:00 moved to 09-30 15:00 holiday 国庆节", "2026-11-06T15:00"}},
		{"first friday, left out", "0 15 * * *", schedules.DayRule{Monthly: "first friday", IfHoliday: "skip"}, "2026-09-05 13:00", []string{
			"2026-10-02T15:00 left out holiday 国庆节", "2026-11-06T15:00"}},
		{"first friday, all the same", "0 15 * * *", schedules.DayRule{Monthly: "first friday", IfHoliday: "same"}, "2026-09-05 13:00", []string{
			"2026-10-02T15:00 holiday 国庆节", "2026-11-06T15:00"}},
		{"fifth friday", "0 15 * * *", schedules.DayRule{Monthly: "fifth friday"}, "2026-08-30 13:00", []string{"2026-10-30T15:00", "2027-01-29T15:00"}},
		{"last workday", "0 15 * * *", schedules.DayRule{Monthly: "last workday"}, "2026-08-30 13:00", []string{
			"2026-08-31T15:00", "2026-09-30T15:00", "2026-10-30T15:00"}},
		{"first workday", "0 15 * * *", schedules.DayRule{Monthly: "First  Workday"}, "2026-09-30 16:00", []string{"2026-10-08T15:00", "2026-11-02T15:00"}},
		{"the 31st", "0 15 * * *", schedules.DayRule{Monthly: "31"}, "2026-09-30 16:00", []string{"2026-10-31T15:00 weekend", "2026-12-31T15:00"}},
		{"the last day", "0 15 * * *", schedules.DayRule{Monthly: "last day", IfHoliday: "previous_workday"}, "2026-09-30 16:00", []string{
			"2026-10-31T15:00 moved to 10-30 15:00 weekend", "2026-11-30T15:00"}},

		{"each Friday, moved on", "0 9 * * 5", schedules.DayRule{IfHoliday: "next_workday"}, "2026-09-19 13:00", []string{
			"2026-09-25T09:00 moved to 09-28 09:00 holiday 中秋节", "2026-10-02T09:00 moved to 10-08 09:00 holiday 国庆节", "2026-10-09T09:00"}},
		{"what is moved onto another", "0 9 * * 1-5", schedules.DayRule{IfHoliday: "next_workday"}, "2026-09-30 13:00", []string{
			"2026-10-01T09:00 left out merged 国庆节", "2026-10-02T09:00 left out merged 国庆节", "2026-10-05T09:00 left out merged 国庆节",
			"2026-10-06T09:00 left out merged 国庆节", "2026-10-07T09:00 left out merged 国庆节", "2026-10-08T09:00"}},
		{"two that are moved to the same day", "0 9 * * 5,6", schedules.DayRule{IfHoliday: "next_workday"}, "2026-09-30 13:00", []string{
			"2026-10-03T09:00 left out merged 国庆节", "2026-10-02T09:00 moved to 10-08 09:00 holiday 国庆节", "2026-10-09T09:00",
			"2026-10-10T09:00 makeup 国庆节"}},
	} {
		s := onDays(t, c.cron, c.rule)
		var got []string
		after := at(t, shanghai, c.from)
		for range c.want {
			slot, ok := s.Next(after, shanghai)
			if !ok || !slot.At.After(after) {
				t.Fatalf("%s: %v after %v", c.name, slot, after)
			}
			got = append(got, told(slot, shanghai))
			after = slot.At
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestDaysFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cron string
		rule schedules.DayRule
		want string
	}{
		{"0 9 * * *", schedules.DayRule{Days: "weekdays"}, `days: "weekdays" is none of workdays, restdays, all`},
		{"0 9 * * *", schedules.DayRule{IfHoliday: "next"}, `if_holiday: "next" is none of next_workday, previous_workday, skip, same`},
		{"0 9 * * *", schedules.DayRule{Days: "workdays", IfHoliday: "skip"}, "days: workdays goes with no other rule for days; take when and if_holiday out"},
		{"0 9 * * 1-5", schedules.DayRule{Days: "workdays"}, `"0 9 * * 1-5": where days or when picks the days, cron has the time alone, e.g. 0 9 * * *`},
		{"0 9 1 * *", schedules.DayRule{Monthly: "15"}, `"0 9 1 * *": where days or when picks the days, cron has the time alone, e.g. 0 9 * * *`},
		{"0 * * * *", schedules.DayRule{Monthly: "15"}, `"0 * * * *": give the hours as numbers, e.g. 0 9 * * *`},
		{"0 9 * * *", schedules.DayRule{Monthly: "15", Lunar: "8-15"}, "when: give one of lunar, date, monthly"},
		{"0 9 * * *", schedules.DayRule{Monthly: "sixth friday"}, `when: monthly: "sixth friday": write e.g. 15, third friday, last friday, first workday`},
		{"0 9 * * *", schedules.DayRule{Monthly: "32"}, `when: monthly: "32": write e.g. 15, third friday, last friday, first workday`},
		{"0 9 * * *", schedules.DayRule{Date: "02-30"}, `when: date: "02-30": write month and day as 07-01`},
		{"0 9 * * *", schedules.DayRule{Lunar: "8-31"}, `when: lunar: "8-31": write month and day as 8-15`},
		{"0 9 * * *", schedules.DayRule{Lunar: "八月十五"}, `when: lunar: "八月十五": write month and day as 8-15`},
	} {
		s, err := schedules.Parse(c.cron)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.On(c.rule, known(t)); err == nil || err.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.rule, err, c.want)
		}
	}
}

func TestDaysInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cron   string
		rule   schedules.DayRule
		zh, en string
	}{
		{"30 12 * * *", schedules.DayRule{Days: "workdays"}, "每个工作日 12:30", "workdays at 12:30"},
		{"30 12 * * *", schedules.DayRule{Days: "restdays"}, "每个休息日 12:30", "days off at 12:30"},
		{"30 12 * * *", schedules.DayRule{Days: "all"}, "每天 12:30", "every day at 12:30"},
		{"0 9 * * 5", schedules.DayRule{IfHoliday: "skip"}, "每周五 09:00，遇节假日、周末不推", "Fri at 09:00, not on weekends and holidays"},
		{"0 9 * * *", schedules.DayRule{Lunar: "8-15"}, "农历八月十五 09:00", "lunar 8-15 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Lunar: "1-10"}, "农历正月初十 09:00", "lunar 1-10 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Lunar: "12-23"}, "农历腊月廿三 09:00", "lunar 12-23 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Lunar: "11-20"}, "农历冬月二十 09:00", "lunar 11-20 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Lunar: "12-30"}, "农历腊月三十 09:00", "lunar 12-30 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Date: "07-01"}, "每年 7 月 1 日 09:00", "each year on Jul 1 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Monthly: "15"}, "每月 15 日 09:00", "each month on day 15 at 09:00"},
		{"0 9 * * *", schedules.DayRule{Monthly: "third friday", IfHoliday: "next_workday"},
			"每月第三个周五 09:00，遇节假日、周末顺延到下一个工作日", "the third Fri of each month at 09:00, on the next workday if that is a day off"},
		{"0 9 * * *", schedules.DayRule{Monthly: "last workday"}, "每月最后一个工作日 09:00", "the last workday of each month at 09:00"},
		{"0 9 * * *", schedules.DayRule{Monthly: "last day", IfHoliday: "previous_workday"},
			"每月最后一天 09:00，遇节假日、周末提前到上一个工作日", "the last day of each month at 09:00, on the workday before if that is a day off"},
	} {
		s := onDays(t, c.cron, c.rule)
		if got := s.Words("zh-CN"); got != c.zh {
			t.Errorf("%v: %s, want %s", c.rule, got, c.zh)
		}
		if got := s.Words("en"); got != c.en {
			t.Errorf("%v: %s, want %s", c.rule, got, c.en)
		}
	}
}

// twelve zones with all that clocks do: daylight saving in both halves of the
// year, of half an hour, at midnight, Ramadan, none.
var twelve = strings.Fields(`Asia/Shanghai Asia/Kolkata Europe/Berlin Europe/London America/New_York America/Sao_Paulo
	America/Havana Africa/Cairo Africa/Casablanca Australia/Lord_Howe Pacific/Auckland UTC`)

// Five years in twelve zones, with the program away now and then: each slot
// that the rule names runs once, or is told with the reason.
func TestFiveYears(t *testing.T) {
	t.Parallel()
	rules := []struct {
		cron string
		rule schedules.DayRule
		plan func(h *schedules.Holidays, day time.Time) (named, left bool)
	}{
		{"30 2 * * *", schedules.DayRule{Days: "workdays"}, func(h *schedules.Holidays, d time.Time) (bool, bool) {
			works, _ := h.Workday(d)
			return works || weekday(d), !works
		}},
		{"0 0 * * *", schedules.DayRule{Days: "restdays"}, func(h *schedules.Holidays, d time.Time) (bool, bool) {
			works, _ := h.Workday(d)
			return !works || !weekday(d), works
		}},
		{"15 2 * * 5", schedules.DayRule{IfHoliday: "next_workday"}, func(h *schedules.Holidays, d time.Time) (bool, bool) {
			merged := d.Weekday() == time.Friday // two Fridays of one holiday
			for back := range 8 {
				works, _ := h.Workday(d.AddDate(0, 0, -back))
				merged = merged && !works
			}
			return d.Weekday() == time.Friday, merged
		}},
		{"15 9 * * 3,5", schedules.DayRule{IfHoliday: "previous_workday"}, nil},
		{"45 1 * * *", schedules.DayRule{Monthly: "third friday", IfHoliday: "next_workday"}, func(_ *schedules.Holidays, d time.Time) (bool, bool) {
			return d.Weekday() == time.Friday && (d.Day()-1)/7 == 2, false
		}},
		{"0 9 * * *", schedules.DayRule{Lunar: "8-15"}, nil},
		{"30 8 * * 1-5", schedules.DayRule{}, func(_ *schedules.Holidays, d time.Time) (bool, bool) { return weekday(d), false }},
	}
	h := known(t)
	for _, name := range twelve {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, name)
			for i, r := range rules {
				got := simulate(t, onDays(t, r.cron, r.rule), z, uint64(i))
				if r.plan == nil {
					continue // that nothing comes twice is checked in simulate
				}
				want := map[string]bool{}
				for d := day(t, "2022-01-03"); d.Before(day(t, "2026-12-20")); d = d.AddDate(0, 0, 1) {
					if named, left := r.plan(h, d); named {
						want[d.Format(time.DateOnly)] = left
					}
				}
				for key := range got {
					if key < "2022-01-03" || key >= "2026-12-20" {
						delete(got, key)
					}
				}
				for key, left := range want {
					was, ok := got[key]
					if !ok || was != left {
						t.Errorf("%s %v: %s: found %v, left out %v, want %v", r.cron, r.rule, key, ok, was, left)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s %v: %d slots, want %d", r.cron, r.rule, len(got), len(want))
				}
			}
		})
	}
}

func weekday(d time.Time) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday }

// simulate looks at the clock again and again for five years, and returns the
// days of the slots that came, with whether the calendar left them out.
func simulate(t *testing.T, s schedules.Spec, z *time.Location, seed uint64) map[string]bool {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	seen := map[string]bool{}
	days := map[string]bool{}
	handled := at(t, z, "2022-01-01 00:00")
	now := handled
	note := func(slot schedules.Slot) {
		if seen[slot.Key] {
			t.Fatalf("%s comes twice in %v", slot.Key, z)
		}
		seen[slot.Key], days[slot.Key[:10]] = true, slot.Left
	}
	m := schedules.Misfire{Rule: "grace", Grace: 2 * time.Hour}
	for end := at(t, z, "2027-01-01 00:00"); now.Before(end); {
		d := schedules.Due(s, z, m, handled, now)
		for _, slot := range d.Missed {
			if m.Reason(slot, now) == "" || slot.At.After(now) {
				t.Fatalf("%v is missed without a reason at %v", slot, now)
			}
			note(slot)
		}
		if d.Run != nil {
			if d.Run.Left || d.Run.At.After(now) || now.Sub(d.Run.At) > m.Grace {
				t.Fatalf("%v runs at %v", *d.Run, now)
			}
			note(*d.Run)
		}
		if d.MissedMore > 0 {
			t.Fatal("the program was away for too long for this test")
		}
		if !d.More {
			t.Fatalf("nothing comes after %v", now)
		}
		handled, now = now, d.Next.At // as the timer does
		if random.IntN(20) == 0 {
			now = now.Add(time.Duration(random.IntN(20*24*60)) * time.Minute) // away
		}
	}
	return days
}

func BenchmarkNextOnDays(b *testing.B) {
	h := known(b)
	z := zone(b, "Asia/Shanghai")
	now := at(b, z, "2026-09-30 13:00")
	for _, d := range []schedules.DayRule{{}, {Days: "workdays"}, {Lunar: "8-15"}, {Monthly: "third friday", IfHoliday: "next_workday"}} {
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			s, err := schedules.Parse("0 9 * * *")
			if err != nil {
				b.Fatal(err)
			}
			if s, err = s.On(d, h); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s.Next(now, z)
			}
		})
	}
}
