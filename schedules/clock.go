package schedules

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines that have no zone files
)

// Slot is one due instant of a rule.
type Slot struct {
	At  time.Time // the instant, UTC
	Key string    // the time that the rule names, e.g. 2026-12-01T08:00: the identity of the occurrence

	// Of a rule with days of its own (DayRule):
	Left    bool   // it does not run, for the reason Why
	Moved   bool   // it runs on another day than Key's
	Why     Reason // what the calendar says about Key's day; "" for an ordinary one
	Holiday string // the holiday of Why
	Guess   bool   // the holidays of the year are not known
}

const (
	wallKey = "2006-01-02T15:04"
	// An hour that the clock shows twice has two slots of a rule that runs by
	// elapsed time; the offset tells them apart.
	elapsedKey = "2006-01-02T15:04-07:00"
)

// Next is the first slot after an instant; false when none comes within five
// years. The slot's At is always later than the instant.
func (s Spec) Next(after time.Time, zone *time.Location) (Slot, bool) {
	if s.days != nil {
		return s.nextOn(after, zone)
	}
	if s.elapsed {
		return s.nextElapsed(after, zone)
	}
	// Under the label UTC no clock is changed. The slots of an hour that is shown
	// twice all lie in its first pass: from the second pass they are behind us.
	wall := label(after.In(zone))
	for {
		wall = s.schedule.Next(wall)
		if wall.IsZero() {
			return Slot{}, false
		}
		if at := instant(wall, zone); at.After(after) {
			return Slot{At: at.UTC(), Key: wall.Format(wallKey)}, true
		}
	}
}

// nextElapsed looks through the periods between two changes of the clock one by
// one, since within each the clock runs evenly. robfig's own search in a zone
// goes by whole hours and errs where a change is of half an hour.
func (s Spec) nextElapsed(after time.Time, zone *time.Location) (Slot, bool) {
	period := after.In(zone)
	from := label(period)
	for {
		wall := s.schedule.Next(from)
		if wall.IsZero() {
			return Slot{}, false
		}
		_, offset := period.Zone()
		_, end := bounds(period)
		at := wall.Add(-time.Duration(offset) * time.Second)
		if end.IsZero() || at.Before(end) {
			return Slot{At: at.UTC(), Key: at.In(zone).Format(elapsedKey)}, true
		}
		period, from = end, label(end).Add(-time.Second) // the end itself may be a slot
	}
}

// instant is the first time at which the zone's clock shows this wall time, or
// in a gap the first at which it shows a later one. time.Date does not promise
// which of two it picks.
func instant(wall time.Time, zone *time.Location) time.Time {
	t := wall.Add(-24 * time.Hour).In(zone) // no offset is as large: the clock still shows less
	for {
		_, offset := t.Zone()
		start, end := bounds(t)
		at := wall.Add(-time.Duration(offset) * time.Second)
		if at.Before(start) {
			return start
		}
		if end.IsZero() || at.Before(end) {
			return at
		}
		t = end
	}
}

// bounds are the changes of the clock before and after an instant, or instants
// between which there is none. time.Time.ZoneBounds says so too, but in years for
// which the zone's data has a rule instead of a table it takes each year for one
// of 365 days (golang/go#81583, in Go 1.26): on 31 December of a leap year its end
// is not after the instant, and who goes on from there never ends. Where the
// system's zone files are slim ones, that is every leap year from 2028 on.
func bounds(t time.Time) (start, end time.Time) {
	start, end = t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		end = time.Date(t.UTC().Year()+1, 1, 1, 0, 0, 0, 0, time.UTC).In(t.Location())
	}
	return start, end
}

// label gives what the clock shows the zone UTC, to the second.
func label(t time.Time) time.Time {
	y, mon, d := t.Date()
	h, m, sec := t.Clock()
	return time.Date(y, mon, d, h, m, sec, 0, time.UTC)
}

// DayKey is the day of an instant in the zone, e.g. 2026-12-01.
func DayKey(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// Zone loads a zone by its IANA name. "" and Local are refused: what a rule
// means must not depend on the machine.
func Zone(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if name == "" || strings.EqualFold(name, "Local") {
		return nil, fmt.Errorf("zone %q: name one explicitly, e.g. Asia/Shanghai", name)
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
		return zone, nil
	}
	if near := nearestZone(name); near != "" {
		return nil, fmt.Errorf("zone %q is unknown; did you mean %s?", name, near)
	}
	return nil, fmt.Errorf("zone %q is unknown; use an IANA name, e.g. Asia/Shanghai", name)
}

// zones are those loaded before, by name: loading one takes longer than
// planning a schedule.
var zones sync.Map

// knownZones are those that people are likely to mean; Go cannot list them all.
var knownZones = strings.Fields(`Asia/Shanghai Asia/Urumqi Asia/Hong_Kong Asia/Macau Asia/Taipei Asia/Tokyo
	Asia/Seoul Asia/Singapore Asia/Kuala_Lumpur Asia/Bangkok Asia/Jakarta Asia/Ho_Chi_Minh Asia/Manila Asia/Kolkata
	Asia/Karachi Asia/Dubai Asia/Almaty Asia/Tashkent Europe/Moscow Europe/Istanbul Europe/Berlin Europe/Paris
	Europe/London Africa/Cairo Africa/Nairobi Africa/Johannesburg Africa/Lagos America/New_York America/Chicago
	America/Los_Angeles America/Sao_Paulo Australia/Sydney Pacific/Auckland UTC`)

// otherNames are names of zones that the IANA list does not have.
var otherNames = map[string]string{"beijing": "Asia/Shanghai", "cst": "Asia/Shanghai", "china": "Asia/Shanghai",
	"utc+8": "Asia/Shanghai", "gmt+8": "Asia/Shanghai"}

// nearestZone is the known zone of which the name, or its city alone, is a
// slip of at most two letters, fewer in a short name; "" when there is none.
func nearestZone(name string) string {
	if len(name) > 40 {
		return ""
	}
	name = strings.ReplaceAll(strings.ToLower(name), " ", "_")
	_, city, hasArea := strings.Cut(name, "/")
	if !hasArea {
		city = name
	}
	if zone, ok := otherNames[city]; ok {
		return zone
	}
	best, nearest := min(2, len(name)/3)+1, ""
	for _, zone := range knownZones {
		whole := strings.ToLower(zone)
		_, knownCity, _ := strings.Cut(whole, "/")
		d := distance(name, whole)
		if !hasArea {
			d = min(d, distance(name, knownCity))
		}
		if d < best {
			best, nearest = d, zone
		}
	}
	return nearest
}

// distance is the number of letters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := slices.Clone(row)
		row[0] = i + 1
		for j := range len(b) {
			same := last[j]
			if a[i] != b[j] {
				same++
			}
			row[j+1] = min(same, last[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
