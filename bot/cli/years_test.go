package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"branchbot/bot/app"

	"branchbot/bot/config"
	"branchbot/bot/rehearse"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/schedules"
	"branchbot/store"
	"branchbot/store/storetest"
)

// The clocks change at these times, on these weekdays and in these months; where
// they never do, the times are others that are worth a look.
var changes = []struct {
	zone, clock string
	weekday     time.Weekday
	months      string
}{
	{"Europe/Berlin", "02:30", time.Sunday, "3,10"},
	{"America/New_York", "01:30", time.Sunday, "3,11"},
	{"America/Havana", "00:15", time.Sunday, "3,11"},
	{"America/Santiago", "00:00", time.Sunday, "4,9"},
	{"Australia/Lord_Howe", "01:45", time.Sunday, "4,10"},
	{"Pacific/Auckland", "02:15", time.Sunday, "4,9"},
	{"Africa/Casablanca", "02:30", time.Sunday, "1,2,3"},
	{"Africa/Cairo", "00:00", time.Friday, "4,10"},
	{"Asia/Beirut", "00:00", time.Sunday, "3,10"},
	{"Asia/Jerusalem", "02:00", time.Friday, "3,10"},
	{"Asia/Shanghai", "08:30", time.Monday, "1,10"},
	{"Asia/Kathmandu", "23:59", time.Saturday, "2,12"},
}

// wish is a schedule, with the days that it names told naively.
type wish struct {
	id, zone, clock string
	names           func(day time.Time) bool
	moves           bool // from days off to the next workday
	workdays        bool
	hours           bool // by elapsed time, at :15 and :45 of the hours 0 to 3, whatever clock says
}

// Five years over twelve zones, with restarts, days and weeks away, and clocks
// that are put back: each occurrence of a naive calendar is run once, at its time
// and not before, or its row says why not. There are no others.
func TestFiveYears(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ends := began.AddDate(5, 0, 0)
	text, wishes := years()
	database := storetest.SQLite.Opener(t)
	var said bytes.Buffer
	f, err := config.Load("config.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := app.ReadSettings(f)
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.Open(settings.Content, packs.FS, ".") // once: it takes longer than a restart
	if err != nil {
		t.Fatal(err)
	}
	open := func(at time.Time) *app.Rehearsal {
		t.Helper()
		r, err := app.NewRehearsal(settings, library, database, "web", at, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		out := rehearse.NewTranscript(&said, true, time.UTC)
		if err := rehearse.Play(t.Context(), r.Stage, strings.NewReader(""), out); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open(began)
	until := func(at time.Time) {
		t.Helper()
		if err := r.Until(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	dice := rand.New(rand.NewPCG(2026, 12))
	last := began // the latest time that the clock has shown
	for round := 1; last.Before(ends); round++ {
		until(r.Clock.Now().Add(time.Duration(1+dice.IntN(8*24*60)) * time.Minute))
		if last = latest(last, r.Clock.Now()); round%100 == 0 {
			r.Clock.Set(r.Clock.Now().AddDate(0, 0, 20))
		}
		what := dice.IntN(7)
		switch what {
		case 0, 1: // away for minutes, hours or days
			away := []time.Duration{time.Minute, time.Hour, 24 * time.Hour}[dice.IntN(3)]
			r.Clock.Set(r.Clock.Now().Add(time.Duration(dice.IntN(300)) * away / 60))
		case 2: // put back, and on again later
			r.Clock.Set(r.Clock.Now().Add(-time.Duration(dice.IntN([]int{30, 180, 40 * 60}[dice.IntN(3)])) * time.Minute))
		}
		if what == 1 || what == 3 { // closed meanwhile, or all at once
			if err := r.DB.Close(); err != nil {
				t.Fatal(err)
			}
			r = open(r.Clock.Now())
		}
	}
	t.Cleanup(func() { r.DB.Close() })
	last = latest(last, r.Clock.Now()).Add(4 * time.Hour)
	until(last)

	want := map[string]time.Time{}
	for _, w := range wishes {
		maps.Copy(want, w.instants(t, began, last))
	}
	all := len(want)
	run := compare(t, r, want)
	shown(t, &said, run)
	ran := 0
	for _, due := range run {
		ran += len(due)
	}
	if ran < all*3/4 || all-ran < 100 {
		t.Errorf("of %d occurrences %d ran: the simulation does not show much", all, ran)
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// years is the configuration, and what its schedules mean.
func years() (text string, wishes []wish) {
	var units, list strings.Builder
	add := func(unit string, w wish, rule string) {
		fmt.Fprintf(&list, "  - {id: %s, unit: %s, %s, do: notice, text: %s}\n", w.id, unit, rule, w.id)
		wishes = append(wishes, w)
	}
	for i, c := range changes {
		unit := fmt.Sprint("u", i)
		fmt.Fprintf(&units, "  - {id: %s, name: %s, timezone: %s, chats: [\"web:%s\"], members: [{name: 成员%d, staff: \"%d\", roles: [secretary]}]}\n",
			unit, unit, c.zone, unit, i, i)
		minute, hour := c.clock[3:], c.clock[:2]
		cron := fmt.Sprintf("%s %s * %s %d", strings.TrimPrefix(minute, "0"), strings.TrimPrefix(hour, "0"), c.months, c.weekday)
		add(unit, wish{id: fmt.Sprint("change-", i), zone: c.zone, clock: c.clock,
			names: func(day time.Time) bool {
				return day.Weekday() == c.weekday && slices.Contains(strings.Split(c.months, ","), fmt.Sprint(int(day.Month())))
			}}, fmt.Sprintf("cron: %q", cron))
		change := changeIn(2026+i%5, c.zone)
		first, last := change.Format(time.DateOnly), change.AddDate(0, 0, 1).Format(time.DateOnly)
		add(unit, wish{id: fmt.Sprint("hours-", i), zone: c.zone, hours: true,
			names: func(day time.Time) bool { d := day.Format(time.DateOnly); return first <= d && d <= last }},
			fmt.Sprintf("cron: \"15,45 0-3/1 * * *\", starts_on: %q, ends_on: %q", first, last))
		if i%3 > 0 {
			continue
		}
		add(unit, wish{id: fmt.Sprint("party-", i), zone: c.zone, clock: "14:30", moves: true,
			names: func(day time.Time) bool { return day.Weekday() == time.Friday && day.Day() <= 7 }},
			`cron: "30 14 * * *", when: {monthly: "first friday"}, if_holiday: next_workday`)
	}
	add("u10", wish{id: "work", zone: "Asia/Shanghai", clock: "12:30", workdays: true, names: func(day time.Time) bool { return day.Year() == 2026 && day.Month() < 7 }},
		`cron: "30 12 * * *", days: workdays, misfire: skip, ends_on: "2026-06-30"`)
	add("u11", wish{id: "guess", zone: "Asia/Kathmandu", clock: "09:00", workdays: true, // of a year of which the holidays are not known
		names: func(day time.Time) bool { return day.Year() == 2028 && (day.Month() == 3 || day.Month() == 4) }},
		`cron: "0 9 * * *", days: workdays, starts_on: "2028-03-01", ends_on: "2028-04-30"`)
	add("u1", wish{id: "night", zone: "America/New_York", clock: "04:45",
		names: func(day time.Time) bool { return day.Month() == 11 && day.Year() < 2028 }}, `cron: "45 4 * 11 *", ends_on: "2027-12-31"`) // in the quiet hours
	add("u0", wish{id: "daily", zone: "Europe/Berlin", clock: "02:00", names: func(day time.Time) bool { return day.Month() == 3 }},
		`cron: "0 2 * 3 *", misfire: once`)
	add("u10", wish{id: "moon", zone: "Asia/Shanghai", clock: "09:00", names: func(day time.Time) bool { // 中秋, by the tables of the observatory
		return slices.Contains(strings.Fields("2026-09-25 2027-09-15 2028-10-03 2029-09-22 2030-09-12 2031-10-01"), day.Format(time.DateOnly))
	}}, `cron: "0 9 * * *", when: {lunar: "8-15"}`)
	return "accounts: [{id: web, platform: web}]\nconduct: {quiet_hours: \"04:30-05:00\", notices_per_day: 20}\nunits:\n" + units.String() +
		"schedules:\n" + list.String(), wishes
}

// changeIn is the first day of a year on which clocks in a zone are changed, or
// one in autumn where they never are.
func changeIn(year int, name string) time.Time {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	offset := func(day time.Time) int {
		_, seconds := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone).Zone()
		return seconds
	}
	for day := time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
		if offset(day) != offset(day.AddDate(0, 0, -1)) {
			return day
		}
	}
	return time.Date(year, 10, 10, 0, 0, 0, 0, time.UTC)
}

// offDays are the shipped holidays, and the weekend days that are worked.
func offDays() (known map[int]bool, off map[string]bool) {
	known, off = map[int]bool{}, map[string]bool{}
	for _, y := range schedules.Shipped() {
		known[y.Year] = true
		for _, d := range y.Days {
			off[d.Date] = d.Off
		}
	}
	return known, off
}

// instants are the slots of a wish after an instant, up to another, with the
// instants at which they run, found by walking over days and minutes.
func (w wish) instants(t *testing.T, after, until time.Time) map[string]time.Time {
	t.Helper()
	zone, err := time.LoadLocation(w.zone)
	if err != nil {
		t.Fatal(err)
	}
	if w.hours {
		return w.everyHalfHour(after, until, zone)
	}
	_, off := offDays()
	works := func(day time.Time) bool {
		if o, special := off[day.Format(time.DateOnly)]; special {
			return !o
		}
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	found := map[string]time.Time{}
	for day := after.AddDate(0, 0, -15); day.Before(until.AddDate(0, 0, 2)); day = day.AddDate(0, 0, 1) {
		ordinary := day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
		if !w.names(day) || w.workdays && !works(day) && !ordinary { // nobody expects workdays on an ordinary weekend
			continue
		}
		on := day
		for w.moves && !works(on) {
			on = on.AddDate(0, 0, 1)
		}
		at := firstMinute(on.Format(time.DateOnly)+" "+w.clock, zone)
		if at.After(after) && !at.After(until) {
			found[w.id+" "+day.Format(time.DateOnly)+"T"+w.clock] = at
		}
	}
	return found
}

// everyHalfHour are the instants of a wish by elapsed time.
func (w wish) everyHalfHour(after, until time.Time, zone *time.Location) map[string]time.Time {
	found := map[string]time.Time{}
	for at := after.Add(time.Minute); !at.After(until); at = at.Add(time.Minute) {
		if !w.names(at) && !w.names(at.AddDate(0, 0, 1)) && !w.names(at.AddDate(0, 0, -1)) { // far from it in any zone
			at = at.Add(time.Hour - time.Minute)
			continue
		}
		local := at.In(zone)
		if w.names(local) && local.Hour() <= 3 && local.Minute()%30 == 15 {
			found[w.id+" "+local.Format("2006-01-02T15:04-07:00")] = at
		}
	}
	return found
}

// firstMinute is the first minute at which clocks in a zone show a time, or, if
// they never do, the first at which they show a later one.
func firstMinute(wall string, zone *time.Location) time.Time {
	label, err := time.Parse("2006-01-02 15:04", wall)
	if err != nil {
		panic(err)
	}
	for at := label.Add(-15 * time.Hour); ; at = at.Add(time.Minute) {
		if at.In(zone).Format("2006-01-02 15:04") >= wall {
			return at
		}
	}
}

// compare compares the rows of occurrences with what is wanted, which it uses up,
// and returns when those were due that ran.
func compare(t *testing.T, r *app.Rehearsal, want map[string]time.Time) map[string][]time.Time {
	t.Helper()
	run := map[string][]time.Time{}
	states := map[string]int{}
	err := r.DB.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT schedule, slot, due_at, state, reason FROM occurrence ORDER BY due_at`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, slot, state, reason string
			var due int64
			if err := rows.Scan(&id, &slot, &due, &state, &reason); err != nil {
				return err
			}
			key := id + " " + slot
			at, ok := want[key]
			switch {
			case !ok:
				t.Errorf("%s: nobody expects it (%s, %s)", key, state, reason)
			case at.UnixMilli() != due:
				t.Errorf("%s: due at %v, want %v", key, time.UnixMilli(due).UTC(), at)
			case state == "done":
				run[id] = append(run[id], at)
			case state != "missed" && state != "skipped" || reason == "":
				t.Errorf("%s: state %q, reason %q", key, state, reason)
			}
			states[state+" "+reason]++
			delete(want, key)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, at := range want {
		t.Errorf("%s, due at %v, has no row", key, at)
	}
	t.Log(states)
	return run
}

// shown compares what the chats have shown with what ran: each once, not before
// its time.
func shown(t *testing.T, said *bytes.Buffer, run map[string][]time.Time) {
	t.Helper()
	got := map[string][]time.Time{}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		var sent struct{ Kind, At, Text string }
		if err := json.Unmarshal(lines.Bytes(), &sent); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, sent.At)
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := strings.Cut(sent.Text, "\n")
		got[id] = append(got[id], at)
	}
	for id, due := range run {
		if len(got[id]) != len(due) {
			t.Errorf("%s: shown %d times, ran %d times", id, len(got[id]), len(due))
			continue
		}
		for i, at := range got[id] {
			if at.Before(due[i].Truncate(time.Second)) {
				t.Errorf("%s: shown at %v, due at %v", id, at, due[i])
			}
		}
	}
}
