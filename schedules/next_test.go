package schedules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"branchbot/schedules"
)

// Whatever the rule, its days and the zone: the slots come in the order of time,
// no key comes twice, and none lies before the time that its key names, as far
// as the slot was not moved to an earlier day.
func FuzzNextOnDays(f *testing.F) {
	add := func(zone, cron string, d schedules.DayRule, from string) {
		at, err := time.Parse(time.DateOnly, from)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(zone, cron, d.Days, d.Lunar, d.Date, d.Monthly, d.IfHoliday, at.Unix())
	}
	for i, zone := range twelve {
		clock := []string{"30 2 * * *", "0 0 * * *", "15,45 1,2 * * *", "59 23 * * *"}[i%4]
		year := fmt.Sprint(2025 + i%6)
		add(zone, clock, schedules.DayRule{}, year+"-03-20")
		add(zone, clock, schedules.DayRule{Days: "workdays"}, year+"-09-20")
		add(zone, clock, schedules.DayRule{Days: "restdays"}, year+"-01-20")
		add(zone, clock, schedules.DayRule{IfHoliday: "previous_workday"}, year+"-09-25")
		add(zone, clock, schedules.DayRule{Monthly: "last friday", IfHoliday: "next_workday"}, year+"-01-01")
		add(zone, clock, schedules.DayRule{Lunar: "12-30", IfHoliday: "skip"}, year+"-01-01")
		add(zone, clock, schedules.DayRule{Date: "02-29"}, year+"-01-01")
		add(zone, "0 * * * *", schedules.DayRule{Days: "workdays"}, year+"-10-20")
		add(zone, "15 1-4/1 * * 1,5", schedules.DayRule{IfHoliday: "skip"}, year+"-03-20")
		add(zone, "30 14 * * 1-5", schedules.DayRule{IfHoliday: "next_workday"}, year+"-09-25")
	}
	f.Fuzz(func(t *testing.T, name, cron, days, lunar, on, monthly, ifHoliday string, from int64) {
		z, err := schedules.Zone(name)
		if err != nil || from < 0 || from > time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC).Unix() {
			return // the zones' rules and the lunar calendar go as far
		}
		s, err := schedules.Parse(cron)
		if err == nil {
			s, err = s.On(schedules.DayRule{Days: days, Lunar: lunar, Date: on, Monthly: monthly, IfHoliday: ifHoliday}, known(t))
		}
		if err != nil {
			return
		}
		seen := map[string]bool{}
		after := time.Unix(from, 0)
		for range 40 {
			slot, ok := s.Next(after, z)
			if !ok {
				return
			}
			if !slot.At.After(after) {
				t.Fatalf("%v comes after %v", slot, after)
			}
			if seen[slot.Key] {
				t.Fatalf("%v comes twice", slot)
			}
			local := slot.At.In(z).Format("2006-01-02T15:04")
			if named, _, _ := strings.Cut(slot.Key, "+"); !slot.Moved && local < named[:len(local)] {
				t.Fatalf("%v comes at %s", slot, local)
			}
			again, _ := s.Next(slot.At.Add(-time.Second), z)
			if again != slot {
				t.Fatalf("%v is %v when it is looked for from a second before", slot, again)
			}
			seen[slot.Key], after = true, slot.At
		}
	})
}
