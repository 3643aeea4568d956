package schedules

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// Year is a dated file of the public holidays of one year: which days are off,
// and which Saturdays and Sundays are worked in their place (调休). Its keys are
// those of NateScarlet/holiday-cn, so that a file from there can be taken as it is.
type Year struct {
	File   string // where it was read from, for faults
	Year   int
	AsOf   string   // the day on which it was taken down, 2006-01-02; may be empty
	Papers []string // where it is announced
	Days   []Holiday
}

// Holiday is a day that differs from Monday to Friday, or belongs to a holiday.
type Holiday struct {
	Date string // 2006-01-02
	Name string // of the holiday that it belongs to
	Off  bool   // false: a day worked in the place of a holiday
	Line int    // of the file
}

// maxHolidays is more than any file of one year has; in bytes.
const maxHolidays = 1 << 20

// ParseYear reads such a file, YAML or JSON. All faults are joined, each with
// file and line.
func ParseYear(name string, data []byte) (Year, error) {
	r := yearReader{name: name, year: Year{File: name}}
	var root yaml.Node
	if len(data) > maxHolidays {
		return r.year, fmt.Errorf("%s: %d bytes are too many for the holidays of a year", name, len(data))
	}
	if err := yaml.Unmarshal(data, &root); err != nil {
		return r.year, fmt.Errorf("%s: %w", name, err)
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return r.year, fmt.Errorf("%s:1: it has no keys year and days", name)
	}
	top := root.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		r.key(top[i], top[i+1])
	}
	r.check(root.Content[0])
	return r.year, errors.Join(r.errs...)
}

type yearReader struct {
	name string
	year Year
	errs []error
}

func (r *yearReader) fault(line int, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: %s", r.name, line, fmt.Sprintf(format, args...)))
}

func (r *yearReader) key(key, value *yaml.Node) {
	switch key.Value {
	case "year":
		n, err := strconv.Atoi(value.Value)
		if err != nil || n < 2000 || n > 2100 {
			r.fault(value.Line, "year: %q is none of 2000 to 2100", value.Value)
		}
		r.year.Year = n
	case "as_of":
		if _, err := time.Parse(time.DateOnly, value.Value); err != nil {
			r.fault(value.Line, "as_of: %q is no day; write it as 2026-01-01", value.Value)
		}
		r.year.AsOf = value.Value
	case "papers":
		for _, n := range value.Content {
			r.year.Papers = append(r.year.Papers, n.Value)
		}
	case "days":
		for _, n := range value.Content {
			r.day(n)
		}
	case "$schema", "$id":
	default:
		r.fault(key.Line, "%s is none of year, as_of, papers, days", key.Value)
	}
}

func (r *yearReader) day(n *yaml.Node) {
	h := Holiday{Line: n.Line}
	kind := ""
	if n.Kind != yaml.MappingNode {
		r.fault(n.Line, "write a day as {date: 2026-01-01, name: 元旦, isOffDay: true}")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, value := n.Content[i], n.Content[i+1].Value; key.Value {
		case "date":
			h.Date, h.Line = value, key.Line
		case "name":
			h.Name = value
		case "isOffDay":
			kind = value
		default:
			r.fault(key.Line, "%s is none of date, name, isOffDay", key.Value)
		}
	}
	if h.Name == "" {
		r.fault(h.Line, "name is missing: of the holiday to which %s belongs", h.Date)
	}
	if kind != "true" && kind != "false" {
		r.fault(h.Line, "isOffDay: %q is neither true nor false", kind)
	}
	h.Off = kind == "true"
	r.year.Days = append(r.year.Days, h)
}

// check looks at the dates, which need the year that may stand below them.
func (r *yearReader) check(root *yaml.Node) {
	if r.year.Year == 0 {
		r.fault(root.Line, "year is missing")
		return
	}
	if len(r.year.Days) == 0 {
		r.fault(root.Line, "%d has no days: its holidays are not announced yet", r.year.Year)
	}
	seen := map[string]int{}
	for _, h := range r.year.Days {
		day, err := time.Parse(time.DateOnly, h.Date)
		switch first := seen[h.Date]; {
		case err != nil:
			r.fault(h.Line, "%q is no day; write it as 2026-01-01", h.Date)
		// New Year's holiday may begin in December, and be worked for in January.
		case day.AddDate(0, 0, 31).Year() < r.year.Year, day.AddDate(0, 0, -31).Year() > r.year.Year:
			r.fault(h.Line, "%s is not of the year %d", h.Date, r.year.Year)
		case first != 0:
			r.fault(h.Line, "%s stands on line %d already", h.Date, first)
		}
		seen[h.Date] = h.Line
	}
}

//go:embed holidays/*.yaml
var shipped embed.FS

// Shipped are the years that come with the program.
var Shipped = sync.OnceValue(func() []Year {
	files, err := shipped.ReadDir("holidays")
	if err != nil {
		panic(err) // embedded
	}
	var years []Year
	for _, f := range files {
		name := "holidays/" + f.Name()
		data, err := shipped.ReadFile(name)
		if err != nil {
			panic(err)
		}
		year, err := ParseYear(name, data)
		if err != nil {
			panic(err) // embedded, and tested
		}
		years = append(years, year)
	}
	return years
})

// Holidays are the years that are known. It is not changed once it is made.
type Holidays struct {
	years map[int]Year
	days  map[int]Holiday // by number, e.g. 20261001
}

// NewHolidays puts years together; a later one takes the place of an earlier
// one of the same number. Two years that claim the same day are an error.
func NewHolidays(years ...Year) (*Holidays, error) {
	h := &Holidays{years: map[int]Year{}, days: map[int]Holiday{}}
	for _, y := range years {
		h.years[y.Year] = y
	}
	for _, y := range h.Years() {
		for _, d := range y.Days {
			day, err := time.Parse(time.DateOnly, d.Date)
			if err != nil {
				return nil, err
			}
			if first, twice := h.days[dayNumber(day)]; twice {
				return nil, fmt.Errorf("%s:%d: %s is said to be %s already, by the holidays of another year", y.File, d.Line, d.Date, first.Name)
			}
			h.days[dayNumber(day)] = d
		}
	}
	return h, nil
}

func dayNumber(day time.Time) int {
	y, m, d := day.Date()
	return y*10000 + int(m)*100 + d
}

// Years are those that are known, in order.
func (h *Holidays) Years() []Year {
	var list []Year
	for _, y := range h.years {
		list = append(list, y)
	}
	slices.SortFunc(list, func(a, b Year) int { return a.Year - b.Year })
	return list
}

// Known tells whether the holidays of a year are known. Without them Monday to
// Friday are taken for workdays.
func (h *Holidays) Known(year int) bool {
	_, ok := h.years[year]
	return ok
}

// weekend tells Saturday and Sunday.
func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// Workday tells whether a day is worked, and the holiday that says so; "" for
// an ordinary day.
func (h *Holidays) Workday(day time.Time) (works bool, holiday string) {
	if d, ok := h.days[dayNumber(day)]; ok {
		return !d.Off, d.Name
	}
	return !weekend(day), ""
}
