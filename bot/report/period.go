package report

import (
	"fmt"
	"time"
)

// Period are days, as their keys: 2026-12-01. To is the first one after it.
type Period struct{ From, To string }

// Month is a month of a year.
func Month(year int, month time.Month) Period {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return Period{first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly)}
}

// Year is a year.
func Year(year int) Period {
	return Period{fmt.Sprintf("%04d-01-01", year), fmt.Sprintf("%04d-01-01", year+1)}
}

// Days are so many days up to and with the day of an instant, in its zone.
func Days(last time.Time, n int) Period {
	day := time.Date(last.Year(), last.Month(), last.Day(), 0, 0, 0, 0, time.UTC)
	return Period{day.AddDate(0, 0, 1-n).Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly)}
}

// In are the first instant of the period in a zone, and the first after it.
func (p Period) In(zone *time.Location) (from, to time.Time, err error) {
	if from, err = time.ParseInLocation(time.DateOnly, p.From, zone); err == nil {
		to, err = time.ParseInLocation(time.DateOnly, p.To, zone)
	}
	if err == nil && !from.Before(to) {
		err = fmt.Errorf("period from %s to %s: it has no day", p.From, p.To)
	}
	return from, to, err
}
