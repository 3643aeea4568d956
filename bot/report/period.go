package report

import (
	"fmt"
	"time"

	"branchbot/bot/locale"
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

// Name names the period: 2026年12月, 2026年, or its first and last day.
func (p Period) Name(lang string) string {
	from, err1 := time.Parse(time.DateOnly, p.From)
	to, err2 := time.Parse(time.DateOnly, p.To)
	switch {
	case err1 != nil || err2 != nil:
		return p.From + " " + p.To
	case p == Month(from.Year(), from.Month()):
		return locale.Text(lang, "report.month", "Year", from.Year(), "Month", int(from.Month()))
	case p == Year(from.Year()):
		return locale.Text(lang, "report.year", "Year", from.Year())
	}
	return locale.Text(lang, "report.days", "From", p.From, "To", to.AddDate(0, 0, -1).Format(time.DateOnly))
}

// Key names a month or year in references: 2026-11, 2026.
func (p Period) Key() string {
	if from, err := time.Parse(time.DateOnly, p.From); err == nil && p == Year(from.Year()) {
		return p.From[:4]
	}
	return p.From[:7]
}

// ReadKey reads a Key.
func ReadKey(key string) (Period, bool) {
	if at, err := time.Parse("2006", key); err == nil {
		return Year(at.Year()), true
	}
	at, err := time.Parse("2006-01", key)
	return Month(at.Year(), at.Month()), err == nil
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
