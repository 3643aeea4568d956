package schedules

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Misfire says what becomes of a slot whose time has passed unnoticed.
type Misfire struct {
	Rule  string        // grace: runs unless later than Grace; skip: unless later than a minute; once: always
	Grace time.Duration // of the rule grace
}

// DefaultGrace is how late a push is still welcome.
const DefaultGrace = 2 * time.Hour

// onTime is how late counts as in time even under the rule skip: timers are
// looked at once a second, and a busy minute may pass.
const onTime = time.Minute

const maxGrace = 7 * 24 * time.Hour

// ParseMisfire reads "grace", "grace 4h", "skip" or "once"; "" is grace.
func ParseMisfire(text string) (Misfire, error) {
	rule, grace, given := strings.Cut(fold(text), " ")
	switch {
	case (rule == "" || rule == "grace") && !given:
		return Misfire{"grace", DefaultGrace}, nil
	case rule == "grace":
		d, err := time.ParseDuration(grace)
		if err != nil || d < onTime || d > maxGrace {
			return Misfire{}, fmt.Errorf("%q: the grace must be between 1m and 168h, e.g. grace 2h", text)
		}
		return Misfire{rule, d}, nil
	case (rule == "skip" || rule == "once") && !given:
		return Misfire{Rule: rule}, nil
	}
	return Misfire{}, fmt.Errorf("%q: use grace, grace 4h, skip or once", text)
}

// allows tells whether a slot that is so late may still run.
func (m Misfire) allows(late time.Duration) bool {
	switch m.Rule {
	case "once":
		return true
	case "skip":
		return late <= onTime
	}
	return late <= m.Grace
}

// always is how long the message of a slot under the rule once may wait to be
// sent, and sending the time that sending takes where nothing may be late.
const (
	always  = 7 * 24 * time.Hour
	sending = 15 * time.Minute
)

// Until is until when the messages of a slot are of use: a platform that is
// down must not make a push later than the rule allows.
func (m Misfire) Until(slot time.Time) time.Time {
	switch m.Rule {
	case "once":
		return slot.Add(always)
	case "skip":
		return slot.Add(sending)
	}
	return slot.Add(max(m.Grace, sending))
}

// Reason is why a slot that has come does not run.
type Reason string

// The reasons.
const (
	Late  Reason = "late"  // later than the misfire rule allows
	Newer Reason = "newer" // in time, but a newer slot has come too, and one is enough
)

// What the calendar says about a day.
const (
	Weekend Reason = "weekend"
	Public  Reason = "holiday" // a public holiday
	Makeup  Reason = "makeup"  // a Saturday or Sunday that is worked (调休)
	Merged  Reason = "merged"  // moved to where another slot runs
)

// Reason tells why a slot is in Decision.Missed.
func (m Misfire) Reason(slot Slot, now time.Time) Reason {
	if slot.Left {
		return slot.Why
	}
	if m.allows(now.Sub(slot.At)) {
		return Newer
	}
	return Late
}

const (
	maxNamed   = 100
	maxCounted = 10_000
	// Slots are not looked for further back, e.g. after a clock that stood in 1970.
	maxYears = 20
)

// Decision is what to do about the slots that have come.
type Decision struct {
	Run        *Slot  // at most one, the newest: never a burst
	Missed     []Slot // the others, oldest first; the newest 100 when there are more
	MissedMore int    // how many came before those in Missed, counted up to 10,000
	Next       Slot   // the first one that is still to come
	More       bool   // there is a Next
}

// Due decides about the slots after the last one that was handled, up to now.
// The instant of the last handled slot is the guard against a second run: a
// clock that went back finds nothing due before it has passed that instant
// again. After a clock that went forward years, one slot runs at most.
func Due(s Spec, zone *time.Location, m Misfire, handled, now time.Time) Decision {
	var d Decision
	d.Next, d.More = s.Next(later(handled, now), zone)
	d.Missed, d.MissedMore = s.passed(later(handled, now.AddDate(-maxYears, 0, 0)), now, zone)
	for i, slot := range slices.Backward(d.Missed) {
		if !slot.Left { // the newest that the calendar lets run
			if m.allows(now.Sub(slot.At)) {
				d.Run, d.Missed = &slot, slices.Delete(d.Missed, i, i+1)
			}
			break
		}
	}
	if over := len(d.Missed) - maxNamed; over > 0 {
		d.Missed = d.Missed[over:]
		d.MissedMore = min(d.MissedMore+over, maxCounted)
	}
	return d
}

// passed gives the newest slots, more than maxNamed where there are as many,
// and the number of those before them. It looks back from now in growing
// steps, so that a long time away costs little.
func (s Spec) passed(handled, now time.Time, zone *time.Location) (newest []Slot, before int) {
	for back := time.Hour; ; back *= 2 {
		from := later(handled, now.Add(-back))
		newest = nil
		for slot, ok := s.Next(from, zone); ok && !slot.At.After(now); slot, ok = s.Next(slot.At, zone) {
			newest = append(newest, slot)
		}
		if len(newest) <= maxNamed && from.After(handled) {
			continue
		}
		for slot, ok := s.Next(handled, zone); ok && !slot.At.After(from) && before < maxCounted; slot, ok = s.Next(slot.At, zone) {
			before++
		}
		return newest, before
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
