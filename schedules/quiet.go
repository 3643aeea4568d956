package schedules

import (
	"fmt"
	"strings"
	"time"
)

// Quiet is the time of day in which nothing is sent that nobody asked for. The
// zero value is never quiet.
type Quiet struct{ from, to int } // minutes of the day; equal = never

// ParseQuiet reads "21:00-08:00", or "off".
func ParseQuiet(text string) (Quiet, error) {
	folded := fold(text)
	if folded == "off" {
		return Quiet{}, nil
	}
	from, to, ok := strings.Cut(folded, "-")
	a, err1 := time.Parse("15:04", strings.TrimSpace(from))
	b, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil {
		return Quiet{}, fmt.Errorf("%q: write it as 21:00-08:00, or off", text)
	}
	if a.Equal(b) {
		return Quiet{}, fmt.Errorf("%q: begins and ends at the same time; for no quiet hours write off", text)
	}
	return Quiet{minuteOfDay(a), minuteOfDay(b)}, nil
}

func minuteOfDay(t time.Time) int { return t.Hour()*60 + t.Minute() }

// Contains tells whether the local time is quiet: from the first minute on, up
// to and without the last.
func (q Quiet) Contains(local time.Time) bool {
	m := minuteOfDay(local)
	if q.from <= q.to {
		return q.from <= m && m < q.to
	}
	return q.from <= m || m < q.to
}

// End is the first instant from a local time on that is not quiet, in the same
// zone: the time itself when it is not quiet.
func (q Quiet) End(local time.Time) time.Time {
	for q.Contains(local) {
		left := (q.to - minuteOfDay(local) + 24*60) % (24 * 60)
		_, _, sec := local.Clock()
		end := local.Add(time.Duration(left)*time.Minute - time.Duration(sec)*time.Second - time.Duration(local.Nanosecond()))
		// Up to a change of the clock it runs evenly; from there the time left is
		// another one.
		if _, change := bounds(local); !change.IsZero() && change.Before(end) {
			end = change
		}
		local = end
	}
	return local
}
