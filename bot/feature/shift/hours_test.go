package shift

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func usual(t testing.TB) Letters {
	t.Helper()
	letters, faults := Read(Usual)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return letters
}

func TestReadPattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"早早中中夜夜休休": "早早中中夜夜休休", "早、早，中 中": "早早中中", "早班 早班 休息": "早早休", "白班夜班休息休息": "白夜休休",
		"早x": "unknown letter x", "早-": "unknown letter -", "": "", " ": "", strings.Repeat("早", 63): errLong.Error(),
	} {
		got, err := usual(t).ReadPattern(text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestBadHours(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"早班早班早班早班早班.": {}, "早 班.": {}, "": {}, "-": {}, "早.work": {Work: "8-16"}, "中.work": {Work: "25:00-08:00"}, "夜.work": {Work: "08:00-08:00"},
		"晚.asleep": {Asleep: "01:00-09:00"}, "大.asleep": {Work: "08:00-16:00", Asleep: "night"},
	} {
		letter, _, _ := strings.Cut(name, ".")
		if _, faults := Read(map[string]Config{letter: c}); faults[strings.TrimSuffix(name, ".")] == nil {
			t.Errorf("%s %v: faults %v", name, c, faults)
		}
	}
}

// Three shifts of eight hours in the order in which they are worked: when each
// of the days leaves somebody in peace.
func TestSpans(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	month := []rotation{{Pattern: "早早中中夜夜休休", StartsOn: "2026-12-01"}, {Pattern: "", StartsOn: "2026-12-11"}}
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, zone)
	var got []string
	for _, s := range usual(t).spans(month, from, from.AddDate(0, 0, 14), zone) {
		kind := "asleep"
		if s.off {
			kind = "off"
		}
		got = append(got, fmt.Sprintf("%s %s–%s", kind, s.from.Format("2 15:04"), s.to.Format("2 15:04")))
	}
	want := []string{
		"asleep 4 01:00–4 09:00", "asleep 5 01:00–5 09:00", // after the two late shifts
		"asleep 6 09:00–6 16:00", "asleep 7 09:00–7 16:00", // after the two nights
		"off 7 08:00–8 00:00", "off 8 00:00–9 00:00", // the first day off begins when the night is over
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func FuzzReadPattern(f *testing.F) {
	for _, text := range []string{"早早中中夜夜休休", "早班、休息", "早x", "－－"} {
		f.Add(text)
	}
	letters := usual(f)
	f.Fuzz(func(t *testing.T, text string) {
		pattern, err := letters.ReadPattern(text)
		if err != nil {
			return
		}
		if again, err := letters.ReadPattern(pattern); err != nil || again != pattern || len([]rune(pattern)) > longest {
			t.Errorf("%q: %q, again %q, %v", text, pattern, again, err)
		}
	})
}
