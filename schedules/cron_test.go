package schedules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/schedules"
)

func spec(t testing.TB, text string) schedules.Spec {
	t.Helper()
	s, err := schedules.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// next lists the keys of the first slots after an instant in UTC.
func next(s schedules.Spec, after time.Time, n int) []string {
	var keys []string
	for range n {
		slot, ok := s.Next(after, time.UTC)
		if !ok {
			break
		}
		keys = append(keys, slot.Key)
		after = slot.At
	}
	return keys
}

func TestParse(t *testing.T) {
	t.Parallel()
	after := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) // a Tuesday
	for _, c := range []struct {
		text, same string // same: the rule in its plainest form
		first      string
	}{
		{"0 8 * * *", "0 8 * * *", "2026-12-02T08:00"},
		{"  0\t8 *  * * ", "0 8 * * *", "2026-12-02T08:00"},
		{"０　８　＊　＊　１－５", "0 8 * * 1-5", "2026-12-02T08:00"},
		{"＊／３０ ９，１５ ＊ ＊ ？", "0,30 9,15 * * *", "2026-12-01T15:00"},
		{"0 8 1、15 * *", "0 8 1,15 * *", "2026-12-15T08:00"},
		{"0 8 * * 1–5", "0 8 * * 1-5", "2026-12-02T08:00"},
		{"0 8 * * MON-fri", "0 8 * * 1-5", "2026-12-02T08:00"},
		{"0 8 * * fri-sun", "0 8 * * 5,6,0", "2026-12-04T08:00"},
		{"0 8 * JUL,oct *", "0 8 * 7,10 *", "2027-07-01T08:00"},
		{"0 8 * * 7", "0 8 * * 0", "2026-12-06T08:00"},
		{"0 8 * * 6-7", "0 8 * * 6,0", "2026-12-05T08:00"},
		{"0 8 * * 0-7", "0 8 * * *", "2026-12-02T08:00"},
		{"0 8 * * 2/2", "0 8 * * 2,4,6", "2026-12-03T08:00"},
		{"5/20 8 * * *", "5,25,45 8 * * *", "2026-12-02T08:05"},
		{"10-10/20 8 * * *", "10 8 * * *", "2026-12-02T08:10"},
		{"0 8 15 * 1", "0 8 15 * 1", "2026-12-07T08:00"},      // either day suffices
		{"0 8 */1 * 1", "0 8 * * 1", "2026-12-07T08:00"},      // */1 restricts nothing
		{"0 8 1-31 * 1", "0 8 * * *", "2026-12-02T08:00"},     // 1-31 is a restriction, if one without effect
		{"0 8 15 * sun-sat", "0 8 * * *", "2026-12-02T08:00"}, // and so are all the days of the week
		{"0 0 29 2 *", "0 0 29 2 *", "2028-02-29T00:00"},      // rare, but it comes
		{"0 0 29-31 2 *", "0 0 29 2 *", "2028-02-29T00:00"},
		{"＠Ｄａｉｌｙ", "@daily", "2026-12-02T00:00"},
		{"@midnight", "0 0 * * *", "2026-12-02T00:00"},
		{"@weekly", "0 0 * * 0", "2026-12-06T00:00"},
		{"@monthly", "0 0 1 * *", "2027-01-01T00:00"},
		{"@yearly", "0 0 1 1 *", "2027-01-01T00:00"},
		{"@annually", "0 0 1 1 *", "2027-01-01T00:00"},
		{"@hourly", "0 * * * *", "2026-12-01T13:00+00:00"},
		{"*/7 * * * *", "*/7 * * * *", "2026-12-01T12:07+00:00"},
		{"0 8-13/5 * * *", "0 8-13/5 * * *", "2026-12-01T13:00+00:00"},
	} {
		s := spec(t, c.text)
		if diff := cmp.Diff([]string{c.first}, next(s, after, 1)); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
		if diff := cmp.Diff(next(spec(t, c.same), after, 30), next(s, after, 30)); diff != "" {
			t.Errorf("%q is not %q: %s", c.text, c.same, diff)
		}
	}
	if got := spec(t, "　０ ８ ＊ ＊ １－５").String(); got != "0 8 * * 1-5" {
		t.Errorf("full-width: %q", got)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	const (
		zone  = "the zone does not belong in the rule; set it in the field timezone"
		every = "@every counts from the start of the program; use e.g. */30 * * * *"
		never = "never comes: no year has such a day"
		which = "unknown; use @hourly, @daily, @weekly, @monthly or @yearly"
	)
	for text, want := range map[string]string{
		"0 25 * * *":                    "hour 25 is out of range 0-23",
		"61 8 * * *":                    "minute 61 is out of range 0-59",
		"0 8 0 * *":                     "day of month 0 is out of range 1-31",
		"0 8 * 13 *":                    "month 13 is out of range 1-12",
		"0 8 * * 8":                     "day of week 8 is out of range 0-7",
		"0 8-24 * * *":                  "hour 24 is out of range 0-23",
		"0 99999999999999999999 * * *":  "hour 99999999999999999999 is out of range 0-23",
		"0 22-2 * * *":                  "hour 22-2 runs backwards; write it as two ranges",
		"0 8 * * sat-mon":               "day of week sat-mon runs backwards; write it as two ranges",
		"*/0 8 * * *":                   "minute step 0 is out of range 1-59",
		"*/60 8 * * *":                  "minute step 60 is out of range 1-59",
		"*/x 8 * * *":                   `minute step "x" is not a number`,
		"*/5/5 8 * * *":                 `minute step "5/5" is not a number`,
		"x 8 * * *":                     `minute "x" is not a number`,
		"+5 8 * * *":                    `minute "+5" is not a number`,
		"-5 8 * * *":                    "minute: a value is missing",
		"5- 8 * * *":                    "minute: a value is missing",
		"/5 8 * * *":                    "minute: a value is missing",
		"*/ 8 * * *":                    `minute step "" is not a number`,
		"1-2-3 8 * * *":                 `minute "2-3" is not a number`,
		"*-5 8 * * *":                   `minute "*" is not a number`,
		"1,,2 8 * * *":                  "minute: a value is missing",
		", 8 * * *":                     "minute: a value is missing",
		"0 八 * * *":                     `hour "八" is not a number`,
		"0 8 L * *":                     `day of month "L" is not a number`,
		"0 8 * juli *":                  `month "juli" is not a number or a name such as feb`,
		"0 8 * * 5#2":                   `day of week "5#2" is not a number or a name such as mon`,
		"0 0 30 2 *":                    never,
		"0 0 31 2,4,6,9,11 *":           never,
		"0 0 8 * * *":                   "needs 5 fields (minute hour day month weekday), has 6; without seconds: 0 8 * * *",
		"0 8 * *":                       "needs 5 fields (minute hour day month weekday), has 4; e.g. 0 8 * * 1-5",
		"0 0 8 * * * 2027":              "needs 5 fields (minute hour day month weekday), has 7; e.g. 0 8 * * 1-5",
		"daily":                         "needs 5 fields (minute hour day month weekday), has 1; e.g. 0 8 * * 1-5",
		"":                              "the rule is empty; 0 8 * * * is every day at 08:00",
		"TZ=Asia/Tokyo 0 8 * * *":       zone,
		"CRON_TZ=Asia/Tokyo 0 8 * * *":  zone,
		"cron_tz=Asia/Tokyo 0 8 * * *":  zone,
		"TZ=":                           zone, // robfig's parser panics
		"TZ=Asia/Tokyo":                 zone, // and here
		"@every 1s":                     every,
		"@every 1h":                     every,
		"@every":                        every,
		"@reboot":                       which,
		"@":                             which,
		"0 8\x00 * * *":                 `hour "8\x00" is not a number`,
		"0 8\u202e * * *":               `hour "8\u202e" is not a number`,
		"0 8 * * 1-5 lesson \xff party": "needs 5 fields (minute hour day month weekday), has 8; e.g. 0 8 * * 1-5",
	} {
		_, err := schedules.Parse(text)
		if err == nil {
			t.Errorf("%q: no error, want %s", text, want)
			continue
		}
		_, got, _ := strings.Cut(err.Error(), `": `)
		if got != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"0 ２５ * * *":                       `"0 25 * * *": hour 25 is out of range 0-23`,
		strings.Repeat("0", 64<<10):        "the rule has 65536 bytes, the limit is 256",
		strings.Repeat("1,", 126) + "1 8 ": `"` + strings.Repeat("1,", 126) + `1 8": needs 5 fields (minute hour day month weekday), has 2; e.g. 0 8 * * 1-5`,
	} {
		if _, err := schedules.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%.40q: %v\nwant %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0 8 * * *", "０ ８ ＊ ＊ １－５", "0 25 * * *", "@daily", "@hourly", "@every 1s", "0 0 30 2 *", "0 0 29 2 *",
		"*/0 * * * *", "*/30 2 * * *", "0 */5 * * *", "0 8 * * 0-7", "0 8 * jan-dec mon-sun", "0 8 1-31 * 1", "TZ=", "TZ= 0 8 * * *", "- - - - -",
		", , , , ,", "*/1 ?/2 1/30 12/1 7/7", "0 0 8 * * *", "\xff 8 * * *", "1,2,3-4/5 ,, ~ * *"} {
		f.Add(text)
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedules.Parse(text)
		if err != nil {
			return
		}
		again, err := schedules.Parse(s.String())
		if err != nil || again.Words("en") != s.Words("en") {
			t.Fatalf("%q: read again as %q: %v", text, s, err)
		}
		at := time.Date(2027, 3, 27, 12, 0, 0, 0, time.UTC) // the day before the gap
		begun := time.Now()
		for range 10 {
			slot, ok := s.Next(at, berlin)
			if !ok || !slot.At.After(at) {
				t.Fatalf("%q: %v (%v) after %v", text, slot, ok, at)
			}
			if wall := slot.At.In(berlin).Format("2006-01-02T15:04"); wall < slot.Key[:len(wall)] {
				t.Fatalf("%q: %s ran before its time, at %s", text, slot.Key, wall)
			}
			at = slot.At
		}
		// The slowest, a leap day, takes 30 µs; this leaves room for a busy machine.
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%q: ten slots took %v", text, took)
		}
	})
}
