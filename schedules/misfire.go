package schedules

import (
	"fmt"
	"strings"
	"time"
)

// Misfire says what becomes of a slot whose time has passed unnoticed.
type Misfire struct {
	Rule  string        // grace, skip, once
	Grace time.Duration // grace: how late is still in time
}

// DefaultGrace is how late a push is still welcome.
const DefaultGrace = 2 * time.Hour

// onTime is how late counts as in time even under the rule skip: the program
// looks once a second, a busy minute may pass.
const onTime = time.Minute

// ParseMisfire reads "grace", "grace 4h", "skip" or "once"; "" is grace.
func ParseMisfire(text string) (Misfire, error) {
	rule, grace, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch rule {
	case "", "grace":
		m := Misfire{"grace", DefaultGrace}
		if grace != "" {
			d, err := time.ParseDuration(strings.TrimSpace(grace))
			if err != nil || d < onTime || d > 7*24*time.Hour {
				return m, fmt.Errorf("%q: the grace must be between 1m and 168h, e.g. grace 2h", text)
			}
			m.Grace = d
		}
		return m, nil
	case "skip", "once":
		if grace == "" {
			return Misfire{Rule: rule}, nil
		}
	}
	return Misfire{}, fmt.Errorf("%q: use grace, grace 4h, skip or once", text)
}

// maxNamed bounds the missed slots that are named one by one.
const maxNamed = 100

// Decision is what to do about the slots that have come.
type Decision struct {
	Run    *Slot  // at most one, never a burst
	Missed []Slot // too late, oldest first; after a long time only the last 100
	Next   Slot   // the next one to come
	More   bool   // there is a next one
}

// Due decides about the slots after the last one that was handled, up to now.
// A clock that went back finds none of them again.
func Due(s Spec, zone *time.Location, m Misfire, handled, now time.Time) Decision {
	var d Decision
	slot, ok := s.Next(handled, zone)
	for n := 0; ok && !slot.At.After(now); n++ {
		if n > maxNamed*100 { // years away: look only at the last month
			if from := now.Add(-31 * 24 * time.Hour); slot.At.Before(from) {
				slot, ok = s.Next(from, zone)
				continue
			}
		}
		if d.Run != nil {
			d.Missed = append(d.Missed, *d.Run)
		}
		if len(d.Missed) > maxNamed {
			d.Missed = d.Missed[1:]
		}
		run := slot
		d.Run = &run
		slot, ok = s.Next(slot.At, zone)
	}
	d.Next, d.More = slot, ok
	if d.Run != nil && !m.allows(now.Sub(d.Run.At)) {
		d.Missed = append(d.Missed, *d.Run)
		d.Run = nil
	}
	return d
}

func (m Misfire) allows(late time.Duration) bool {
	switch m.Rule {
	case "once":
		return true
	case "skip":
		return late < onTime
	}
	return late <= m.Grace
}

// Quiet is the time of day in which nothing is sent that nobody asked for.
type Quiet struct{ from, to int } // minutes of the day; equal = never

// ParseQuiet reads "21:00-08:00", or "off".
func ParseQuiet(text string) (Quiet, error) {
	if text == "off" {
		return Quiet{}, nil
	}
	from, to, ok := strings.Cut(text, "-")
	a, err1 := time.Parse("15:04", strings.TrimSpace(from))
	b, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil || a.Equal(b) {
		return Quiet{}, fmt.Errorf("%q: write it as 21:00-08:00, or off", text)
	}
	return Quiet{a.Hour()*60 + a.Minute(), b.Hour()*60 + b.Minute()}, nil
}

// Contains tells whether the local time is quiet; the first minute is, the
// last is not.
func (q Quiet) Contains(local time.Time) bool {
	m := local.Hour()*60 + local.Minute()
	if q.from <= q.to {
		return m >= q.from && m < q.to
	}
	return m >= q.from || m < q.to
}
