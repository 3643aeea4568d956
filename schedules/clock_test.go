package schedules_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/schedules"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := schedules.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, z *time.Location, text string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", text, z)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Gaps and overlaps: the table of FAULTS.md section 1.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, spec, from string
		want             []string // instant in UTC, key
	}{
		{"Europe/Berlin", "30 2 * * *", "2027-03-27 12:00", []string{"2027-03-28T01:00Z 2027-03-28T02:30", "2027-03-29T00:30Z 2027-03-29T02:30"}},
		{"Europe/Berlin", "30 2 * * *", "2027-10-30 12:00", []string{"2027-10-31T00:30Z 2027-10-31T02:30", "2027-11-01T01:30Z 2027-11-01T02:30"}},
		{"Europe/Berlin", "*/30 2 * * *", "2027-10-31 00:00", []string{"2027-10-31T00:00Z 2027-10-31T02:00", "2027-10-31T00:30Z 2027-10-31T02:30", "2027-11-01T01:00Z 2027-11-01T02:00"}},
		{"Africa/Cairo", "0 0 * * *", "2027-04-29 12:00", []string{"2027-04-29T22:00Z 2027-04-30T00:00", "2027-04-30T21:00Z 2027-05-01T00:00"}},
		{"America/Havana", "0 0 * * *", "2027-03-13 12:00", []string{"2027-03-14T05:00Z 2027-03-14T00:00", "2027-03-15T04:00Z 2027-03-15T00:00"}},
		{"Asia/Beirut", "0 0 * * *", "2027-03-27 12:00", []string{"2027-03-27T22:00Z 2027-03-28T00:00", "2027-03-28T21:00Z 2027-03-29T00:00"}},
		{"Australia/Lord_Howe", "15 2 * * *", "2027-10-02 12:00", []string{"2027-10-02T15:30Z 2027-10-03T02:15", "2027-10-03T15:15Z 2027-10-04T02:15"}},
		{"Australia/Lord_Howe", "45 1 * * *", "2027-04-03 12:00", []string{"2027-04-03T14:45Z 2027-04-04T01:45", "2027-04-04T15:15Z 2027-04-05T01:45"}},
		{"Asia/Shanghai", "30 8 * * 1-5", "2026-11-20 09:00", []string{"2026-11-23T00:30Z 2026-11-23T08:30", "2026-11-24T00:30Z 2026-11-24T08:30"}},

		// What falls into one gap, or on its end, is one occurrence under the first key.
		{"Europe/Berlin", "*/30 2 * * *", "2027-03-28 00:00", []string{"2027-03-28T01:00Z 2027-03-28T02:00", "2027-03-29T00:00Z 2027-03-29T02:00"}},
		{"Europe/Berlin", "30 2,3 * * *", "2027-03-28 00:00", []string{"2027-03-28T01:00Z 2027-03-28T02:30", "2027-03-28T01:30Z 2027-03-28T03:30"}},
		{"Europe/Berlin", "0 2,3 * * *", "2027-03-28 00:00", []string{"2027-03-28T01:00Z 2027-03-28T02:00", "2027-03-29T00:00Z 2027-03-29T02:00"}},
		// Samoa had no 30 December 2011 at all; Shanghai once had daylight saving.
		{"Pacific/Apia", "0 8 * * *", "2011-12-29 12:00", []string{"2011-12-30T10:00Z 2011-12-30T08:00", "2011-12-30T18:00Z 2011-12-31T08:00"}},
		{"Asia/Shanghai", "30 2 * * *", "1986-05-03 12:00", []string{"1986-05-03T18:00Z 1986-05-04T02:30", "1986-05-04T17:30Z 1986-05-05T02:30"}},

		// By elapsed time: in the overlap twice, told apart by the offset.
		{"Europe/Berlin", "0 * * * *", "2027-10-31 01:30", []string{"2027-10-31T00:00Z 2027-10-31T02:00+02:00", "2027-10-31T01:00Z 2027-10-31T02:00+01:00", "2027-10-31T02:00Z 2027-10-31T03:00+01:00"}},
		{"Europe/Berlin", "@hourly", "2027-03-28 00:30", []string{"2027-03-28T00:00Z 2027-03-28T01:00+01:00", "2027-03-28T01:00Z 2027-03-28T03:00+02:00"}},
		{"Europe/Berlin", "0 */2 * * *", "2027-03-28 00:30", []string{"2027-03-28T02:00Z 2027-03-28T04:00+02:00"}},
		{"Australia/Lord_Howe", "15 * * * *", "2027-10-03 01:00", []string{"2027-10-02T14:45Z 2027-10-03T01:15+10:30", "2027-10-02T16:15Z 2027-10-03T03:15+11:00"}},
		{"Asia/Beirut", "0 */6 * * *", "2027-03-27 12:00", []string{"2027-03-27T16:00Z 2027-03-27T18:00+02:00", "2027-03-28T03:00Z 2027-03-28T06:00+03:00"}},
	} {
		z, s := zone(t, c.zone), spec(t, c.spec)
		after := at(t, z, c.from)
		var got []string
		for range c.want {
			slot, ok := s.Next(after, z)
			if !ok {
				break
			}
			got = append(got, slot.At.Format("2006-01-02T15:04Z ")+slot.Key)
			after = slot.At
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %q: %s", c.zone, c.spec, diff)
		}
	}
}

// In the second pass through an hour the slots of the first are not due again.
func TestSecondPass(t *testing.T) {
	t.Parallel()
	z, s := zone(t, "Europe/Berlin"), spec(t, "*/10 2 * * *")
	second := time.Date(2027, 10, 31, 1, 5, 0, 0, time.UTC) // 02:05 again
	slot, ok := s.Next(second, z)
	if want := "2027-11-01T02:00"; !ok || slot.Key != want {
		t.Errorf("%v (%v), want %s", slot, ok, want)
	}
}

// The last day of a leap year, of which the zones' data has no table any more; the
// search once never came past it.
func TestLastDayOfALeapYear(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/London", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "Africa/Cairo"} {
		z := zone(t, name)
		for cron, step := range map[string]time.Duration{"30 8 * * *": 24 * time.Hour, "30 * * * *": time.Hour} {
			s, after := spec(t, cron), at(t, z, "2040-12-29 08:30")
			for i := range 100 {
				slot, ok := s.Next(after, z)
				if want := after.Add(step); !ok || !slot.At.Equal(want) {
					t.Fatalf("%s %q, %d: %v (%v), want %v", name, cron, i, slot, ok, want)
				}
				after = slot.At
				if after.After(at(t, z, "2041-01-20 00:00")) {
					break
				}
			}
		}
		late := at(t, z, "2040-12-31 22:00")
		if got, want := quiet(t, "21:00-08:00").End(late), at(t, z, "2041-01-01 08:00"); !got.Equal(want) {
			t.Errorf("%s: quiet until %v, want %v", name, got, want)
		}
	}
}

// The instant itself is excluded, to the nanosecond.
func TestNextIsAfter(t *testing.T) {
	t.Parallel()
	eight := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	for _, text := range []string{"0 8 * * *", "0 8/12 * * *"} {
		s := spec(t, text)
		for _, c := range []struct {
			after time.Time
			same  bool
		}{{eight.Add(-1), true}, {eight.Add(-time.Second), true}, {eight, false}, {eight.Add(1), false}} {
			slot, ok := s.Next(c.after, time.UTC)
			if !ok || slot.At.Equal(eight) != c.same {
				t.Errorf("%q after %v: %v", text, c.after, slot)
			}
		}
	}
}

// rules are told a second time as plain conditions on what the clock shows.
var rules = []struct {
	spec    string
	elapsed bool
	match   func(y int, mon time.Month, d, h, m int, wd time.Weekday) bool
}{
	{"30 2 * * *", false, func(_ int, _ time.Month, _, h, m int, _ time.Weekday) bool { return h == 2 && m == 30 }},
	{"0 0 * * *", false, func(_ int, _ time.Month, _, h, m int, _ time.Weekday) bool { return h == 0 && m == 0 }},
	{"59 23 * * *", false, func(_ int, _ time.Month, _, h, m int, _ time.Weekday) bool { return h == 23 && m == 59 }},
	{"15,45 1,2 * * *", false, func(_ int, _ time.Month, _, h, m int, _ time.Weekday) bool {
		return (h == 1 || h == 2) && (m == 15 || m == 45)
	}},
	{"*/20 0-3 * * 7", false, func(_ int, _ time.Month, _, h, m int, wd time.Weekday) bool {
		return wd == time.Sunday && h <= 3 && m%20 == 0
	}},
	{"30 8 * * mon-fri", false, func(_ int, _ time.Month, _, h, m int, wd time.Weekday) bool {
		return h == 8 && m == 30 && wd != time.Sunday && wd != time.Saturday
	}},
	{"0 3 1 * 0", false, func(_ int, _ time.Month, d, h, m int, wd time.Weekday) bool {
		return h == 3 && m == 0 && (d == 1 || wd == time.Sunday)
	}},
	{"0 9 31 1,4,7,10 *", false, func(_ int, mon time.Month, d, h, m int, _ time.Weekday) bool {
		return h == 9 && m == 0 && d == 31 && mon%3 == 1
	}},
	{"0 * * * *", true, func(_ int, _ time.Month, _, _, m int, _ time.Weekday) bool { return m == 0 }},
	{"*/25 */2 * * *", true, func(_ int, _ time.Month, _, h, m int, _ time.Weekday) bool { return h%2 == 0 && m%25 == 0 }},
	{"15 1/5 * * 0,6", true, func(_ int, _ time.Month, _, h, m int, wd time.Weekday) bool {
		return h%5 == 1 && m == 15 && (wd == time.Sunday || wd == time.Saturday)
	}},
}

// Over two years and twelve zones each wall slot runs once, in order and never
// before its time: compared with a clock that is looked at every minute.
func TestEachSlotOnce(t *testing.T) {
	t.Parallel()
	begin, end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()/60, time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC).Unix()/60
	const margin = 2 * 24 * 60
	matches := make([][]bool, len(rules)) // by minutes that a clock shows, from begin-margin on
	for w := begin - margin; w < end+margin; w++ {
		wall := time.Unix(w*60, 0).UTC()
		y, mon, d := wall.Date()
		for i, r := range rules {
			matches[i] = append(matches[i], r.match(y, mon, d, wall.Hour(), wall.Minute(), wall.Weekday()))
		}
	}
	for _, name := range []string{"Asia/Shanghai", "Europe/Berlin", "Asia/Beirut", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe",
		"America/New_York", "America/Santiago", "Africa/Casablanca", "Pacific/Chatham", "Antarctica/Troll", "UTC"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, name)
			offsets := make([]int64, end-begin) // minutes
			for u := begin; u < end; u++ {
				if u%15 != 0 { // no clock is changed between the quarters
					offsets[u-begin] = offsets[u-begin-1]
					continue
				}
				_, seconds := time.Unix(u*60, 0).In(z).Zone()
				offsets[u-begin] = int64(seconds / 60)
			}
			for i, r := range rules {
				shows := func(w int64) bool { return matches[i][w-begin+margin] }
				var want []schedules.Slot
				shown := begin + offsets[0] - 1 // the latest that the clock has shown
				for u := begin; u < end; u++ {
					wall, instant := u+offsets[u-begin], time.Unix(u*60, 0)
					if r.elapsed {
						if shows(wall) {
							want = append(want, schedules.Slot{At: instant.UTC(), Key: instant.In(z).Format("2006-01-02T15:04-07:00")})
						}
						continue
					}
					for w := shown + 1; w <= wall; w++ {
						if shows(w) {
							want = append(want, schedules.Slot{At: instant.UTC(), Key: time.Unix(w*60, 0).UTC().Format("2006-01-02T15:04")})
							break
						}
					}
					shown = max(shown, wall)
				}
				compare(t, spec(t, r.spec), z, want, begin, end)
			}
		})
	}
}

// compare looks for the slots one after the other, and from random instants.
func compare(t *testing.T, s schedules.Spec, z *time.Location, want []schedules.Slot, begin, end int64) {
	t.Helper()
	after := time.Unix(begin*60-1, 0)
	for _, w := range want {
		slot, ok := s.Next(after, z)
		if !ok || slot != w {
			t.Fatalf("%q after %v: %v (%v), want %v", s, after.In(z), slot, ok, w)
		}
		after = slot.At
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		after := time.Unix(begin*60+random.Int64N((end-begin)*60), random.Int64N(1e9))
		i, _ := slices.BinarySearchFunc(want, after, func(w schedules.Slot, t time.Time) int {
			if w.At.After(t) {
				return 1
			}
			return -1
		})
		if i == len(want) {
			continue
		}
		if slot, ok := s.Next(after, z); !ok || slot != want[i] {
			t.Fatalf("%q after %v: %v (%v), want %v", s, after.In(z), slot, ok, want[i])
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Asia/Shanghai":     "",
		"UTC":               "",
		"":                  `zone "": name one explicitly, e.g. Asia/Shanghai`,
		"Local":             `zone "Local": name one explicitly, e.g. Asia/Shanghai`,
		"local":             `zone "local": name one explicitly, e.g. Asia/Shanghai`,
		"Asia/Shangai":      `zone "Asia/Shangai" is unknown; did you mean Asia/Shanghai?`,
		"shanghai":          `zone "shanghai" is unknown; did you mean Asia/Shanghai?`,
		"Asia/Beijing":      `zone "Asia/Beijing" is unknown; did you mean Asia/Shanghai?`,
		"UTC+8":             `zone "UTC+8" is unknown; did you mean Asia/Shanghai?`,
		"Asia/Hong Kong":    `zone "Asia/Hong Kong" is unknown; did you mean Asia/Hong_Kong?`,
		"Mars/Olympus_Mons": `zone "Mars/Olympus_Mons" is unknown; use an IANA name, e.g. Asia/Shanghai`,
		"abc":               `zone "abc" is unknown; use an IANA name, e.g. Asia/Shanghai`,
		"../etc/passwd":     `zone "../etc/passwd" is unknown; use an IANA name, e.g. Asia/Shanghai`,
		"上海":                `zone "上海" is unknown; use an IANA name, e.g. Asia/Shanghai`,
	} {
		z, err := schedules.Zone(name)
		switch {
		case want == "" && (err != nil || z.String() != name):
			t.Errorf("%q: %v, %v", name, z, err)
		case want != "" && (err == nil || err.Error() != want):
			t.Errorf("%q: %v\nwant %s", name, err, want)
		}
	}
}

func TestDayKey(t *testing.T) {
	t.Parallel()
	instant := time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{"UTC": "2026-12-01", "Asia/Shanghai": "2026-12-02", "America/New_York": "2026-12-01"} {
		if got := schedules.DayKey(instant, zone(t, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := schedules.DayKey(instant.Add(-1), zone(t, "Asia/Shanghai")); got != "2026-12-01" {
		t.Errorf("a moment before midnight: %s", got)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, c := range []struct{ name, zone, spec, after string }{
		{"daily", "Asia/Shanghai", "0 8 * * *", "2026-12-01 09:00"},
		{"weekdays", "Europe/Berlin", "30 12 * * 1-5", "2026-12-04 13:00"},
		{"quarterly", "Europe/Berlin", "0 9 1 1,4,7,10 *", "2026-10-02 09:00"},
		{"leap-day", "Europe/Berlin", "0 0 29 2 *", "2028-03-01 00:00"},
		{"leap-day-elapsed", "Europe/Berlin", "0 * 29 2 *", "2028-03-01 00:00"},
		{"second-pass", "Europe/Berlin", "* 2 * * *", "2027-10-31 03:00"},
		{"elapsed", "Europe/Berlin", "*/5 * * * *", "2026-12-01 09:00"},
	} {
		b.Run(c.name, func(b *testing.B) {
			z, s := zone(b, c.zone), spec(b, c.spec)
			after := at(b, z, c.after)
			if c.name == "second-pass" {
				after = after.Add(-time.Hour)
			}
			for b.Loop() {
				s.Next(after, z)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"0 8 * * 1-5", "0 0 30 2 *"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				_, _ = schedules.Parse(text)
			}
		})
	}
}
