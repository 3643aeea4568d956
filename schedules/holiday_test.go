package schedules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/schedules"
)

func known(t testing.TB) *schedules.Holidays {
	t.Helper()
	h, err := schedules.NewHolidays(schedules.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func day(t testing.TB, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The shipped years, against the papers of the State Council.
func TestShipped(t *testing.T) {
	t.Parallel()
	h := known(t)
	for _, c := range []struct {
		day, holiday string
		works        bool
	}{
		{"2020-01-31", "春节", false}, {"2020-02-01", "春节", false}, {"2020-02-03", "", true},
		{"2022-12-31", "元旦", false}, {"2023-01-02", "元旦", false},
		{"2024-02-10", "春节", false}, {"2024-02-18", "春节", true}, {"2025-10-08", "国庆节、中秋节", false},
		{"2026-01-04", "元旦", true}, {"2026-02-17", "春节", false}, {"2026-02-28", "春节", true},
		{"2026-09-20", "国庆节", true}, {"2026-10-01", "国庆节", false}, {"2026-10-07", "国庆节", false}, {"2026-10-10", "国庆节", true},
		{"2026-11-21", "", false}, {"2026-11-23", "", true}, {"2027-01-01", "", true}, // not announced yet
	} {
		works, holiday := h.Workday(day(t, c.day))
		if works != c.works || holiday != c.holiday {
			t.Errorf("%s: %v %q, want %v %q", c.day, works, holiday, c.works, c.holiday)
		}
	}
	for year := 2020; year <= 2027; year++ {
		if h.Known(year) != (year < 2027) {
			t.Errorf("%d: known %v", year, h.Known(year))
		}
	}
	for _, y := range h.Years() {
		off := 0
		for _, d := range y.Days {
			if d.Off {
				off++
			}
		}
		if off < 27 || off > 33 || len(y.Papers) == 0 || !strings.Contains(y.Papers[0], "gov.cn") {
			t.Errorf("%d: %d days off, papers %v", y.Year, off, y.Papers)
		}
	}
}

func TestParseYear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"as holiday-cn writes it", `{"$schema": "x", "$id": "y", "year": 2027, "papers": ["https://www.gov.cn/1"],
			"days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}]}`, ""},
		{"not announced", `{"year": 2027, "papers": [], "days": []}`, "f:1: 2027 has no days: its holidays are not announced yet"},
		{"empty", ``, "f:1: it has no keys year and days"},
		{"a list", `- 1`, "f:1: it has no keys year and days"},
		{"no YAML", "a: [", "f: yaml: line 1: did not find expected node content"},
		{"no year", "days:\n- {date: 2027-01-01, name: 元旦, isOffDay: true}", "f:1: year is missing"},
		{"every fault at once", `year: 2027
as_off: 2026-11-01
days:
  - {date: 2027-02-30, name: 春节, isOffDay: true}
  - {date: 2027-01-01, name: 元旦, isOffDay: true}
  - {date: 2027-01-01, name: 元旦, isOffDay: true}
  - {date: 2026-05-01, name: 劳动节, isOffDay: true}
  - {date: 2027-05-01, isOffDay: yes}
  - {date: 2027-05-02, name: 劳动节, isOff: true}
  - 2027-05-03
`, `f:2: as_off is none of year, as_of, papers, days
f:8: name is missing: of the holiday to which 2027-05-01 belongs
f:8: isOffDay: "yes" is neither true nor false
f:9: isOff is none of date, name, isOffDay
f:9: isOffDay: "" is neither true nor false
f:10: write a day as {date: 2026-01-01, name: 元旦, isOffDay: true}
f:4: "2027-02-30" is no day; write it as 2026-01-01
f:6: 2027-01-01 stands on line 5 already
f:7: 2026-05-01 is not of the year 2027`},
		{"a year out of range", "year: 27\nas_of: now\ndays: []", `f:1: year: "27" is none of 2000 to 2100
f:2: as_of: "now" is no day; write it as 2026-01-01
f:1: 27 has no days: its holidays are not announced yet`},
		{"too long", strings.Repeat(" ", 2<<20), "f: 2097152 bytes are too many for the holidays of a year"},
	} {
		_, err := schedules.ParseYear("f", []byte(c.text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestYearsTogether(t *testing.T) {
	t.Parallel()
	year := func(text string) schedules.Year {
		y, err := schedules.ParseYear("new.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	replaced := year("year: 2026\ndays: [{date: 2026-01-01, name: 元旦, isOffDay: true}]")
	h, err := schedules.NewHolidays(append(schedules.Shipped(), replaced)...)
	if err != nil {
		t.Fatal(err)
	}
	if works, _ := h.Workday(day(t, "2026-10-01")); !works {
		t.Error("the new file did not take the place of the old one")
	}
	twice := year("year: 2027\ndays:\n- {date: 2026-12-31, name: 元旦, isOffDay: true}")
	claims := year("year: 2026\ndays:\n- {date: 2026-12-31, name: 春节, isOffDay: true}")
	_, err = schedules.NewHolidays(claims, twice)
	if want := "new.yaml:3: 2026-12-31 is said to be 春节 already, by the holidays of another year"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func FuzzParseYear(f *testing.F) {
	f.Add([]byte("year: 2027\ndays: [{date: 2027-01-01, name: 元旦, isOffDay: true}]"))
	f.Add([]byte("year: &a 2027\ndays: [*a, {date: *a}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		y, err := schedules.ParseYear("f", data)
		if err != nil {
			return
		}
		if _, err := schedules.NewHolidays(y); err != nil {
			t.Error(err)
		}
	})
}
