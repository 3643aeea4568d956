package schedules_test

import (
	"fmt"
	"testing"
	"time"

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

func spec(t testing.TB, text string) schedules.Spec {
	t.Helper()
	s, err := schedules.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(z *time.Location, text string) time.Time {
	v, err := time.ParseInLocation("2006-01-02 15:04", text, z)
	if err != nil {
		panic(err)
	}
	return v
}

// Gaps and overlaps: the table of FAULTS.md section 1.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, spec, from string
		want             []string // UTC
	}{
		{"Europe/Berlin", "30 2 * * *", "2027-03-27 12:00", []string{"2027-03-28T01:00Z", "2027-03-29T00:30Z"}},
		{"Europe/Berlin", "30 2 * * *", "2027-10-30 12:00", []string{"2027-10-31T00:30Z", "2027-11-01T01:30Z"}},
		{"Europe/Berlin", "*/30 2 * * *", "2027-10-31 00:00", []string{"2027-10-31T00:00Z", "2027-10-31T00:30Z", "2027-11-01T01:00Z"}},
		{"Europe/Berlin", "0 * * * *", "2027-10-31 01:30", []string{"2027-10-31T00:00Z", "2027-10-31T01:00Z", "2027-10-31T02:00Z"}},
		{"Africa/Cairo", "0 0 * * *", "2027-04-29 12:00", []string{"2027-04-29T22:00Z", "2027-04-30T21:00Z"}},
		{"America/Havana", "0 0 * * *", "2027-03-13 12:00", []string{"2027-03-14T05:00Z", "2027-03-15T04:00Z"}},
		{"Asia/Beirut", "0 0 * * *", "2027-03-27 12:00", []string{"2027-03-27T22:00Z", "2027-03-28T21:00Z"}},
		{"Australia/Lord_Howe", "15 2 * * *", "2027-10-02 12:00", []string{"2027-10-02T15:30Z", "2027-10-03T15:15Z"}},
		{"Australia/Lord_Howe", "45 1 * * *", "2027-04-03 12:00", []string{"2027-04-03T14:45Z", "2027-04-04T15:15Z"}},
		{"Asia/Shanghai", "30 8 * * 1-5", "2026-11-20 09:00", []string{"2026-11-23T00:30Z", "2026-11-24T00:30Z"}},
		{"Asia/Shanghai", "0 8 * * 7", "2026-11-20 09:00", []string{"2026-11-22T00:00Z"}},
	} {
		z, s := zone(t, c.zone), spec(t, c.spec)
		after := at(z, c.from)
		for _, want := range c.want {
			slot, ok := s.Next(after, z)
			if got := slot.At.Format("2006-01-02T15:04Z"); !ok || got != want {
				t.Errorf("%s %q after %s: %s, want %s", c.zone, c.spec, after, got, want)
			}
			after = slot.At
		}
	}
}

// Over two years and twelve zones each wall slot comes once, in order.
func TestEachSlotOnce(t *testing.T) {
	t.Parallel()
	zones := []string{"Asia/Shanghai", "Europe/Berlin", "Asia/Beirut", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe",
		"America/New_York", "Asia/Tehran", "Pacific/Apia", "America/Sao_Paulo", "Europe/London", "UTC"}
	for _, name := range zones {
		z := zone(t, name)
		for _, text := range []string{"30 2 * * *", "0 0 * * *", "30 8 * * 1-5", "*/20 1 * * *", "0 * * * *"} {
			s := spec(t, text)
			seen := map[string]bool{}
			last := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for end := last.AddDate(2, 0, 0); last.Before(end); {
				slot, ok := s.Next(last, z)
				if !ok || !slot.At.After(last) || seen[slot.Key] {
					t.Fatalf("%s %q: slot %v after %v (ok %v, seen %v)", name, text, slot, last, ok, seen[slot.Key])
				}
				seen[slot.Key] = true
				last = slot.At
			}
			if text == "30 2 * * *" && len(seen) < 729 {
				t.Errorf("%s %q: %d runs in two years", name, text, len(seen))
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0 25 * * *":              `"0 25 * * *": hour 25 is out of range 0-23`,
		"61 8 * * *":              `"61 8 * * *": minute 61 is out of range 0-59`,
		"0 0 30 2 *":              `"0 0 30 2 *": never comes: there is no such day`,
		"0 8 * *":                 `"0 8 * *": has 4 fields, needs 5: minute hour day month weekday, e.g. 0 8 * * 1-5`,
		"0 0 8 * * *":             `"0 0 8 * * *": has 6 fields, needs 5: minute hour day month weekday, e.g. 0 8 * * 1-5`,
		"":                        `"": the rule is empty; e.g. 0 8 * * * is every day at 08:00`,
		"TZ=Asia/Tokyo 0 8 * * *": `"TZ=Asia/Tokyo 0 8 * * *": the zone does not belong here; use the key timezone`,
		"@every 1s":               `"@every 1s": @every counts from the start of the program and would drift; use e.g. */30 * * * *`,
		"x 8 * * *":               `"x 8 * * *": minute "x" is not a number`,
		"*/0 8 * * *":             `"*/0 8 * * *": minute: step 0 is out of range 1-59`,
	} {
		if _, err := schedules.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
	if s := spec(t, "０ ８ ＊ ＊ １－５"); s.String() != "0 8 * * 1-5" {
		t.Errorf("full-width digits: %s", s)
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Shanghai")
	daily := spec(t, "0 8 * * *")
	handled := at(z, "2026-11-30 08:00")
	for _, c := range []struct {
		name, misfire, now string
		run                string
		missed             int
	}{
		{"on time", "grace", "2026-12-01 08:00", "2026-12-01T08:00", 0},
		{"not yet", "grace", "2026-12-01 07:59", "", 0},
		{"5 minutes late", "grace", "2026-12-01 08:05", "2026-12-01T08:00", 0},
		{"3 hours late", "grace", "2026-12-01 11:00", "", 1},
		{"3 hours late, more grace", "grace 4h", "2026-12-01 11:00", "2026-12-01T08:00", 0},
		{"5 minutes late", "skip", "2026-12-01 08:05", "", 1},
		{"3 days", "grace", "2026-12-04 08:30", "2026-12-04T08:00", 3},
		{"3 days", "once", "2026-12-03 23:00", "2026-12-03T08:00", 2},
		{"clock back an hour", "once", "2026-11-30 07:00", "", 0},
		{"clock back a day", "once", "2026-11-29 08:00", "", 0},
		{"10 years", "grace", "2036-12-01 08:00", "2036-12-01T08:00", 100},
		{"10 years, once", "once", "2036-12-01 12:00", "2036-12-01T08:00", 100},
	} {
		m, err := schedules.ParseMisfire(c.misfire)
		if err != nil {
			t.Fatal(err)
		}
		d := schedules.Due(daily, z, m, handled, at(z, c.now))
		run := ""
		if d.Run != nil {
			run = d.Run.Key
		}
		if run != c.run || min(len(d.Missed), 100) != c.missed {
			t.Errorf("%s (%s): run %q, missed %d; want %q, %d", c.name, c.misfire, run, len(d.Missed), c.run, c.missed)
		}
		if !d.More || !d.Next.At.After(at(z, c.now)) && !d.Next.At.After(handled) {
			t.Errorf("%s: next %v", c.name, d.Next)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"0 8 * * *":      {"每天 08:00", "every day at 08:00"},
		"30 12 * * 1-5":  {"每周一至周五 12:30", "Mon–Fri at 12:30"},
		"0 20 * * 1,3":   {"每周一、周三 20:00", "Mon, Wed at 20:00"},
		"0 9 1 * *":      {"每月 1 日 09:00", "on day 1 of the month at 09:00"},
		"*/30 * * * *":   {"每 30 分钟", "every 30 minutes"},
		"0 9 1 1,4,7 *":  {"0 9 1 1,4,7 *", "0 9 1 1,4,7 *"},
		"0 9,15 * * MON": {"0 9,15 * * MON", "0 9,15 * * MON"},
	} {
		s := spec(t, text)
		if got := [2]string{s.Words("zh-CN"), s.Words("en")}; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	z := zone(t, "Asia/Shanghai")
	now := at(z, "2026-12-01 09:00")
	for text, want := range map[string]string{"2026-12-01 12:30": "今天 12:30（周二）", "2026-12-02 08:00": "明天 08:00（周三）",
		"2026-12-04 08:00": "12月4日（周五）08:00", "2027-01-01 08:00": "2027年1月1日（周五）08:00"} {
		if got := schedules.Instant(at(z, text), now, z, "zh-CN"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	night, err := schedules.ParseQuiet("21:00-08:00")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"20:59": false, "21:00": true, "23:59": true, "00:00": true, "07:59": true, "08:00": false, "12:00": false} {
		if got := night.Contains(at(time.UTC, "2026-12-01 "+text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if _, err := schedules.ParseQuiet("21-8"); err == nil || err.Error() != `"21-8": write it as 21:00-08:00, or off` {
		t.Errorf("21-8: %v", err)
	}
	if off, err := schedules.ParseQuiet("off"); err != nil || off.Contains(at(time.UTC, "2026-12-01 23:00")) {
		t.Errorf("off: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0 8 * * *", "0 25 * * *", "@daily", "@every 1s", "0 0 30 2 *", "*/0 * * * *", "0 8 * * 1-7", "TZ= 0 8 * * *", "- - - - -"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedules.Parse(text)
		if err != nil {
			return
		}
		now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		if slot, ok := s.Next(now, time.UTC); ok && !slot.At.After(now) {
			t.Errorf("%q: %v is not after %v", text, slot, now)
		}
		s.Words("zh-CN")
	})
}

func ExampleSpec_Words() {
	s, _ := schedules.Parse("30 12 * * 1-5")
	fmt.Println(s.Words("en"))
	// Output: Mon–Fri at 12:30
}
