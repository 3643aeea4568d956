package schedules_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/schedules"
)

func misfire(t testing.TB, text string) schedules.Misfire {
	t.Helper()
	m, err := schedules.ParseMisfire(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDue(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Shanghai")
	const daily, hourly, minutely = "0 8 * * *", "0 7-22 * * *", "* * * * *"
	for _, c := range []struct {
		name, spec, misfire, handled, now string

		run    string
		missed []string // key, reason
		more   int
		next   string
	}{
		{"before its time", daily, "grace", "2026-11-30 08:00", "2026-12-01 07:59", "", nil, 0, "2026-12-01T08:00"},
		{"on time", daily, "grace", "2026-11-30 08:00", "2026-12-01 08:00", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},
		{"already handled", daily, "once", "2026-12-01 08:00", "2026-12-01 08:00", "", nil, 0, "2026-12-02T08:00"},

		{"down 5 minutes", daily, "grace", "2026-11-30 08:00", "2026-12-01 08:05", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},
		{"down 5 minutes", daily, "skip", "2026-11-30 08:00", "2026-12-01 08:05", "", []string{"2026-12-01T08:00 late"}, 0, "2026-12-02T08:00"},
		{"down 5 minutes", daily, "once", "2026-11-30 08:00", "2026-12-01 08:05", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},
		{"down 1 minute", daily, "skip", "2026-11-30 08:00", "2026-12-01 08:01", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},

		{"down the whole grace", daily, "grace", "2026-11-30 08:00", "2026-12-01 10:00", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},
		{"down longer", daily, "grace", "2026-11-30 08:00", "2026-12-01 10:01", "", []string{"2026-12-01T08:00 late"}, 0, "2026-12-02T08:00"},
		{"down 3 hours", daily, "grace", "2026-11-30 08:00", "2026-12-01 11:00", "", []string{"2026-12-01T08:00 late"}, 0, "2026-12-02T08:00"},
		{"down 3 hours, more grace", daily, "grace 4h", "2026-11-30 08:00", "2026-12-01 11:00", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},
		{"down 3 hours", daily, "once", "2026-11-30 08:00", "2026-12-01 11:00", "2026-12-01T08:00", nil, 0, "2026-12-02T08:00"},
		{"down 3 hours, one of four", hourly, "grace", "2026-12-01 08:00", "2026-12-01 12:10", "2026-12-01T12:00",
			[]string{"2026-12-01T09:00 late", "2026-12-01T10:00 late", "2026-12-01T11:00 newer"}, 0, "2026-12-01T13:00"},

		{"down 3 days, up in time", daily, "grace", "2026-11-30 08:00", "2026-12-03 08:30", "2026-12-03T08:00",
			[]string{"2026-12-01T08:00 late", "2026-12-02T08:00 late"}, 0, "2026-12-04T08:00"},
		{"down 3 days", daily, "grace", "2026-11-30 08:00", "2026-12-03 23:00", "",
			[]string{"2026-12-01T08:00 late", "2026-12-02T08:00 late", "2026-12-03T08:00 late"}, 0, "2026-12-04T08:00"},
		{"down 3 days", daily, "skip", "2026-11-30 08:00", "2026-12-03 23:00", "",
			[]string{"2026-12-01T08:00 late", "2026-12-02T08:00 late", "2026-12-03T08:00 late"}, 0, "2026-12-04T08:00"},
		{"down 3 days", daily, "once", "2026-11-30 08:00", "2026-12-03 23:00", "2026-12-03T08:00",
			[]string{"2026-12-01T08:00 newer", "2026-12-02T08:00 newer"}, 0, "2026-12-04T08:00"},

		{"clock back 1 hour", daily, "once", "2026-12-01 08:00", "2026-12-01 07:00", "", nil, 0, "2026-12-02T08:00"},
		{"clock back 1 day", daily, "once", "2026-12-01 08:00", "2026-11-30 08:00", "", nil, 0, "2026-12-02T08:00"},
		{"clock back 1 day", minutely, "grace", "2026-12-01 08:00", "2026-11-30 08:00", "", nil, 0, "2026-12-01T08:01+08:00"},

		{"the newest hundred", minutely, "grace", "2026-12-01 08:00", "2026-12-01 09:41", "2026-12-01T09:41+08:00", nil, 0, ""},
		{"more than a hundred", minutely, "grace", "2026-12-01 08:00", "2026-12-01 09:42", "2026-12-01T09:42+08:00", nil, 1, ""},
		{"more than a hundred", minutely, "grace", "2026-12-01 00:00", "2026-12-01 09:42", "2026-12-01T09:42+08:00", nil, 481, ""},
		{"more than a hundred", "0-49 * * * *", "grace", "2026-12-01 00:00", "2026-12-01 09:59", "2026-12-01T09:49+08:00", nil, 398, ""},
		{"a hundred and one, none runs", daily, "skip", "2025-12-31 23:59", "2026-04-11 12:00", "", nil, 1, "2026-04-12T08:00"},

		{"clock forward 10 years", daily, "grace", "2026-12-01 08:00", "2036-12-01 08:30", "2036-12-01T08:00", nil, 3552, "2036-12-02T08:00"},
		{"clock forward 10 years", daily, "once", "2026-12-01 08:00", "2036-12-01 23:00", "2036-12-01T08:00", nil, 3552, "2036-12-02T08:00"},
		{"clock forward 10 years", daily, "skip", "2026-12-01 08:00", "2036-12-01 23:00", "", nil, 3553, "2036-12-02T08:00"},
		{"clock forward 10 years", minutely, "grace", "2026-12-01 08:00", "2036-12-01 08:30", "2036-12-01T08:30+08:00", nil, 10000, ""},
		{"never handled before", daily, "grace", "0001-01-01 00:00", "2026-12-01 08:30", "2026-12-01T08:00", nil, 7204, "2026-12-02T08:00"},
		{"rare and never handled", "0 0 29 2 *", "grace", "0001-01-01 00:00", "2028-02-29 01:00", "2028-02-29T00:00",
			[]string{"2012-02-29T00:00 late", "2016-02-29T00:00 late", "2020-02-29T00:00 late", "2024-02-29T00:00 late"}, 0, "2032-02-29T00:00"},
	} {
		m, handled, now := misfire(t, c.misfire), at(t, z, c.handled), at(t, z, c.now)
		d := schedules.Due(spec(t, c.spec), z, m, handled, now)
		run := ""
		if d.Run != nil {
			run = d.Run.Key
		}
		if run != c.run || d.MissedMore != c.more || !d.More || c.next != "" && d.Next.Key != c.next {
			t.Errorf("%s (%s %s): run %q, more %d, next %v; want %q, %d, %s", c.name, c.spec, c.misfire, run, d.MissedMore, d.Next, c.run, c.more, c.next)
		}
		if (c.more > 0 || c.name == "the newest hundred") && len(d.Missed) != 100 {
			t.Errorf("%s (%s %s): %d missed are named", c.name, c.spec, c.misfire, len(d.Missed))
		}
		var missed []string
		last := handled
		for _, slot := range d.Missed {
			missed = append(missed, slot.Key+" "+string(m.Reason(slot, now)))
			if !slot.At.After(last) {
				t.Errorf("%s: missed %v after %v", c.name, slot, last)
			}
			last = slot.At
		}
		if diff := cmp.Diff(c.missed, missed); c.more == 0 && c.name != "the newest hundred" && diff != "" {
			t.Errorf("%s (%s %s): missed %s", c.name, c.spec, c.misfire, diff)
		}
		if d.Run != nil && !d.Run.At.After(last) || !d.Next.At.After(now) {
			t.Errorf("%s: run %v, next %v", c.name, d.Run, d.Next)
		}
	}
}

// Whatever the clock does, no slot is given twice, and none before its time.
func TestDueNeverTwice(t *testing.T) {
	t.Parallel()
	z, once := zone(t, "Europe/Berlin"), misfire(t, "once")
	for _, text := range []string{"30 2 * * *", "*/30 2 * * *", "0 * * * *"} {
		s := spec(t, text)
		now := time.Date(2027, 10, 30, 22, 0, 0, 0, time.UTC)
		handled := now
		seen := map[string]bool{}
		for i := range 600 { // ten minutes on, and now and then three hours or a day back
			now = now.Add(10 * time.Minute)
			switch {
			case i%100 == 50:
				now = now.Add(-3 * time.Hour)
			case i == 299:
				now = now.AddDate(0, 0, -1)
			}
			d := schedules.Due(s, z, once, handled, now)
			slots := d.Missed
			if d.Run != nil {
				slots = append(slots, *d.Run)
			}
			for _, slot := range slots {
				if seen[slot.Key] || slot.At.After(now) {
					t.Fatalf("%q at %v: %v (seen: %v)", text, now, slot, seen[slot.Key])
				}
				seen[slot.Key] = true
				handled = slot.At
			}
		}
		if len(seen) < 3 {
			t.Errorf("%q: only %d slots", text, len(seen))
		}
	}
}

func TestParseMisfire(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]schedules.Misfire{
		"":            {Rule: "grace", Grace: 2 * time.Hour},
		"grace":       {Rule: "grace", Grace: 2 * time.Hour},
		" grace  30m": {Rule: "grace", Grace: 30 * time.Minute},
		"grace ４h":    {Rule: "grace", Grace: 4 * time.Hour},
		"grace 1h30m": {Rule: "grace", Grace: 90 * time.Minute},
		"skip":        {Rule: "skip"},
		"once":        {Rule: "once"},
	} {
		if got, err := schedules.ParseMisfire(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"grace 30s":  `"grace 30s": the grace must be between 1m and 168h, e.g. grace 2h`,
		"grace -2h":  `"grace -2h": the grace must be between 1m and 168h, e.g. grace 2h`,
		"grace 2":    `"grace 2": the grace must be between 1m and 168h, e.g. grace 2h`,
		"grace 169h": `"grace 169h": the grace must be between 1m and 168h, e.g. grace 2h`,
		"skip 2h":    `"skip 2h": use grace, grace 4h, skip or once`,
		"always":     `"always": use grace, grace 4h, skip or once`,
		"2h":         `"2h": use grace, grace 4h, skip or once`,
	} {
		if _, err := schedules.ParseMisfire(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func BenchmarkDue(b *testing.B) {
	z, m := zone(b, "Europe/Berlin"), misfire(b, "grace")
	handled := at(b, z, "2026-12-01 08:00")
	for _, c := range []struct{ name, spec, now string }{
		{"daily-on-time", "0 8 * * *", "2026-12-02 08:00"},
		{"daily-10-years", "0 8 * * *", "2036-12-02 08:00"},
		{"minutely-10-years", "* * * * *", "2036-12-02 08:00"},
		{"burst-10-years", "* * * 1 *", "2036-12-02 08:00"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, now := spec(b, c.spec), at(b, z, c.now)
			for b.Loop() {
				schedules.Due(s, z, m, handled, now)
			}
		})
	}
}
