package schedules_test

import (
	"testing"
	"time"

	"branchbot/schedules"
)

func quiet(t testing.TB, text string) schedules.Quiet {
	t.Helper()
	q, err := schedules.ParseQuiet(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hours, local string
		end          string // "" when it is not quiet
	}{
		{"21:00-08:00", "2026-12-01 20:59:59", ""},
		{"21:00-08:00", "2026-12-01 21:00:00", "2026-12-02 08:00:00"},
		{"21:00-08:00", "2026-12-01 23:59:59", "2026-12-02 08:00:00"},
		{"21:00-08:00", "2026-12-01 00:00:00", "2026-12-01 08:00:00"},
		{"21:00-08:00", "2026-12-01 07:59:00", "2026-12-01 08:00:00"},
		{"21:00-08:00", "2026-12-01 07:59:59", "2026-12-01 08:00:00"},
		{"21:00-08:00", "2026-12-01 08:00:00", ""},
		{"21:00-08:00", "2026-12-31 22:00:00", "2027-01-01 08:00:00"},
		{"12:00-14:00", "2026-12-01 11:59:59", ""},
		{"12:00-14:00", "2026-12-01 12:00:00", "2026-12-01 14:00:00"},
		{"12:00-14:00", "2026-12-01 14:00:00", ""},
		{"21:00-00:00", "2026-12-01 23:59:59", "2026-12-02 00:00:00"},
		{"21:00-00:00", "2026-12-01 00:00:00", ""},
		{"00:00-06:30", "2026-12-01 00:00:00", "2026-12-01 06:30:00"},
		{"00:00-06:30", "2026-12-01 23:59:59", ""},
		{"off", "2026-12-01 23:00:00", ""},
		{"off", "2026-12-01 00:00:00", ""},
	} {
		z := zone(t, "Asia/Shanghai")
		local, err := time.ParseInLocation(time.DateTime, c.local, z)
		if err != nil {
			t.Fatal(err)
		}
		q, want := quiet(t, c.hours), c.end
		if want == "" {
			want = c.local
		}
		if q.Contains(local) != (c.end != "") {
			t.Errorf("%s at %s: %v", c.hours, c.local, q.Contains(local))
		}
		if got := q.End(local).Format(time.DateTime); got != want {
			t.Errorf("%s at %s: ends %s, want %s", c.hours, c.local, got, want)
		}
	}
}

// The end is where a look at each minute finds it, changes of the clock or not.
func TestQuietEndAtClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, from string }{
		{"Europe/Berlin", "2027-03-27 12:00"}, {"Europe/Berlin", "2027-10-30 12:00"},
		{"Africa/Cairo", "2027-04-29 12:00"}, {"Africa/Cairo", "2027-10-28 12:00"},
		{"Australia/Lord_Howe", "2027-10-02 12:00"}, {"Australia/Lord_Howe", "2027-04-03 12:00"},
	} {
		z := zone(t, c.zone)
		for _, hours := range []string{"21:00-08:00", "01:30-02:15", "02:30-03:00", "23:30-00:15", "02:15-01:45"} {
			q, begin := quiet(t, hours), at(t, z, c.from)
			for n := range 36 * 4 {
				local := begin.Add(time.Duration(n)*15*time.Minute + 7*time.Second)
				want := local
				for minute := local.Truncate(time.Minute); q.Contains(want); want = minute {
					minute = minute.Add(time.Minute)
				}
				if got := q.End(local); !got.Equal(want) {
					t.Fatalf("%s %s at %v: ends %v, want %v", c.zone, hours, local, got, want)
				}
			}
		}
	}
}

func TestParseQuiet(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"21:00 - 8:00", "２１：００－０８：００", "21:00～08:00", "21:00–08:00"} {
		if got := quiet(t, text); got != quiet(t, "21:00-08:00") {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := quiet(t, "off"); got != (schedules.Quiet{}) {
		t.Errorf("off: %v", got)
	}
	for text, want := range map[string]string{
		"":                  `"": write it as 21:00-08:00, or off`,
		"21-8":              `"21-8": write it as 21:00-08:00, or off`,
		"21:00":             `"21:00": write it as 21:00-08:00, or off`,
		"21:00-24:00":       `"21:00-24:00": write it as 21:00-08:00, or off`,
		"21:60-08:00":       `"21:60-08:00": write it as 21:00-08:00, or off`,
		"21:00-08:00-09:00": `"21:00-08:00-09:00": write it as 21:00-08:00, or off`,
		"08:00-8:00":        `"08:00-8:00": begins and ends at the same time; for no quiet hours write off`,
	} {
		if _, err := schedules.ParseQuiet(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}
