package schedule

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"branchbot/content/charset"
	"branchbot/schedules"
	"branchbot/store"
)

// Calendars of public holidays as people find them: files of holiday-cn, the .ics files that
// telephones subscribe to, and other JSON. All are brought into the form of holiday-cn.

// CalendarError tells why a file is no calendar of holidays.
type CalendarError struct {
	Key   string // under schedule.calendar
	Year  int
	Line  int
	Value string
	err   error
}

func (e *CalendarError) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	switch e.Key {
	case "not_announced":
		return fmt.Sprintf("%d has no days: its holidays are not announced yet", e.Year)
	case "day":
		return fmt.Sprintf("line %d: %q is no day", e.Line, e.Value)
	}
	return "no calendar of holidays that can be read: take a file of holiday-cn (github.com/NateScarlet/holiday-cn), or an .ics file of Chinese holidays"
}

func (e *CalendarError) Unwrap() error { return e.err }

// Calendar is a year with its days in the form that is kept.
type Calendar struct {
	schedules.Year
	text string
}

// Off is how many days are off.
func (c Calendar) Off() (n int) {
	for _, d := range c.Days {
		if d.Off {
			n++
		}
	}
	return n
}

// IsCalendar tells whether the bytes of a file may be a calendar of holidays.
func IsCalendar(data []byte) bool {
	head := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	head = head[:min(len(head), 4096)]
	return bytes.HasPrefix(head, []byte("BEGIN:VCALENDAR")) ||
		(bytes.HasPrefix(head, []byte("{")) || bytes.HasPrefix(head, []byte("["))) && holidayKeys.Match(head)
}

var holidayKeys = regexp.MustCompile(`(?i)"(?:isOffDay|holiday|holidays|days|papers|year|years|StartDate|workday)"\s*:`)

// ReadCalendar reads a file of holidays, by year. Faults are of type *CalendarError.
func ReadCalendar(file string, data []byte) ([]Calendar, error) {
	text, err := charset.Decode(data)
	if err != nil {
		return nil, &CalendarError{Key: "form"}
	}
	trimmed := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	var days []schedules.Holiday
	switch {
	case strings.HasPrefix(trimmed, "BEGIN:VCALENDAR"):
		days, err = readICS(trimmed)
	case isHolidayCN(trimmed):
		year, err := schedules.ParseYear(file, []byte(trimmed))
		if year.Year != 0 && len(year.Days) == 0 && err != nil {
			return nil, &CalendarError{Key: "not_announced", Year: year.Year}
		}
		if err != nil {
			return nil, &CalendarError{Key: "fault", Value: err.Error(), err: err}
		}
		return []Calendar{{year, trimmed}}, nil
	case strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "["):
		days, err = readJSON(trimmed)
	default:
		err = &CalendarError{Key: "form"}
	}
	if err != nil {
		return nil, err
	}
	return byYear(file, days)
}

// isHolidayCN tells of the keys year and days, whatever else is wrong with the file.
func isHolidayCN(text string) bool {
	var doc struct {
		Year yaml.Node `yaml:"year"`
		Days yaml.Node `yaml:"days"`
	}
	return yaml.Unmarshal([]byte(text), &doc) == nil && doc.Year.Kind == yaml.ScalarNode && doc.Days.Kind == yaml.SequenceNode
}

// byYear makes a file of holiday-cn's form for each year that has days off.
func byYear(file string, days []schedules.Holiday) ([]Calendar, error) {
	slices.SortStableFunc(days, func(a, b schedules.Holiday) int { return cmp.Compare(a.Date, b.Date) })
	days = slices.CompactFunc(days, func(a, b schedules.Holiday) bool { return a.Date == b.Date })
	years := map[int][]schedules.Holiday{}
	for _, d := range days {
		year, err := strconv.Atoi(d.Date[:4])
		if err != nil {
			return nil, &CalendarError{Key: "day", Line: d.Line, Value: d.Date}
		}
		years[year] = append(years[year], d)
	}
	var out []Calendar
	for year, list := range years {
		type day struct {
			Date string `json:"date"`
			Name string `json:"name"`
			Off  bool   `json:"isOffDay"`
		}
		doc := struct {
			Year int   `json:"year"`
			Days []day `json:"days"`
		}{Year: year}
		for _, d := range list {
			doc.Days = append(doc.Days, day{d.Date, cmp.Or(d.Name, "节假日"), d.Off})
		}
		text, err := json.Marshal(doc)
		if err != nil {
			return nil, err
		}
		parsed, err := schedules.ParseYear(file, text)
		if err != nil {
			return nil, &CalendarError{Key: "fault", Value: err.Error(), err: err}
		}
		out = append(out, Calendar{parsed, string(text)})
	}
	if len(out) == 0 {
		return nil, &CalendarError{Key: "form"}
	}
	slices.SortFunc(out, func(a, b Calendar) int { return a.Year.Year - b.Year.Year })
	return out, nil
}

var (
	worked   = regexp.MustCompile(`补班|上班|调休工作|[(（\[【]班[)）\]】]|班$|workday|work day`)
	rest     = regexp.MustCompile(`假期|放假|休息|[(（\[【]休[)）\]】]|休$|假日|节假日|holiday`)
	feasts   = regexp.MustCompile(`元旦|春节|除夕|清明|劳动|五一|端午|中秋|国庆`)
	ofNumber = regexp.MustCompile(`第\s*\d+\s*天/共\s*\d+\s*天|\s+`)
)

// feastName is the holiday of a summary: 元旦 of "元旦 假期 第1天/共3天".
func feastName(summary string) string {
	name := ofNumber.ReplaceAllString(summary, " ")
	for _, e := range []*regexp.Regexp{worked, rest} {
		name = e.ReplaceAllString(name, "")
	}
	name = strings.Trim(name, " ()（）[]【】:：-")
	return cmp.Or(name, strings.TrimSpace(summary))
}

// readICS reads the events of an iCalendar file (RFC 5545) that are days off or worked.
// Anniversaries and other events are left out.
func readICS(text string) ([]schedules.Holiday, error) {
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(text) // folded lines
	var out []schedules.Holiday
	var start, end, summary, extra string
	for n, line := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		name, _, _ = strings.Cut(strings.ToUpper(name), ";")
		switch name {
		case "BEGIN":
			start, end, summary, extra = "", "", "", ""
		case "DTSTART":
			start = value
		case "DTEND":
			end = value
		case "SUMMARY":
			summary = strings.ReplaceAll(value, "\\,", ",")
		case "DESCRIPTION", "CATEGORIES", "X-APPLE-SPECIAL-DAY":
			extra += " " + value
		case "END":
			if value != "VEVENT" {
				continue
			}
			off, ok := kindOf(summary, extra)
			if !ok {
				continue
			}
			days, err := spanOf(start, end)
			if err != nil {
				return nil, &CalendarError{Key: "day", Line: n + 1, Value: start}
			}
			for _, d := range days {
				out = append(out, schedules.Holiday{Date: d, Name: feastName(summary), Off: off, Line: n + 1})
			}
		}
	}
	if len(out) == 0 {
		return nil, &CalendarError{Key: "form"}
	}
	return out, nil
}

// kindOf tells whether an event is a day off or one worked.
func kindOf(summary, extra string) (off, ok bool) {
	extra = strings.ToUpper(extra)
	switch {
	case strings.Contains(extra, "ALTERNATE-WORKDAY"), worked.MatchString(summary):
		return false, true
	case strings.Contains(extra, "WORK-HOLIDAY"), rest.MatchString(summary):
		return true, true
	}
	return true, feasts.MatchString(summary)
}

// spanOf are the days of an event; its end is the day after the last.
func spanOf(start, end string) (days []string, err error) {
	if len(start) < 8 {
		return nil, errors.New("no day")
	}
	first, err := time.Parse("20060102", start[:8])
	if err != nil {
		return nil, err
	}
	last := first
	if len(end) >= 8 {
		if at, err := time.Parse("20060102", end[:8]); err == nil && at.After(first) {
			last = at
			if len(end) == 8 || strings.HasPrefix(end[8:], "T000000") {
				last = at.AddDate(0, 0, -1)
			}
		}
	}
	for at := first; !at.After(last) && len(days) < 31; at = at.AddDate(0, 0, 1) {
		days = append(days, at.Format(time.DateOnly))
	}
	return days, nil
}

// readJSON reads other forms: objects with a day and whether it is off, by day or in lists;
// holidays with their first and last day and the days worked for them.
func readJSON(text string) ([]schedules.Holiday, error) {
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, &CalendarError{Key: "form"}
	}
	r := &jsonCalendar{}
	r.walk("", doc, 0)
	if len(r.days) == 0 || r.unread > 0 { // part of a year would be worse than nothing
		return nil, &CalendarError{Key: "form"}
	}
	return r.days, nil
}

type jsonCalendar struct {
	days   []schedules.Holiday
	year   string
	unread int // days of which it is not clear whether they are off
}

var (
	monthDay = regexp.MustCompile(`^\d\d-\d\d$`)
	yearKey  = regexp.MustCompile(`^20\d\d$`)
)

// walk looks for days in a value that stands under a key.
func (r *jsonCalendar) walk(key string, v any, depth int) {
	if depth > 8 || len(r.days) > 500 {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			r.walk(key, e, depth+1)
		}
	case map[string]any:
		if r.object(key, v) || r.byDay(key, v) {
			return
		}
		for _, k := range slices.Sorted(mapKeys(v)) {
			year := r.year
			if yearKey.MatchString(k) {
				r.year = k
			}
			r.walk(k, v[k], depth+1)
			r.year = year
		}
	}
}

func mapKeys(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// object reads a day, or a holiday with its days; false when the object is neither.
func (r *jsonCalendar) object(key string, v map[string]any) bool {
	folded := map[string]any{}
	for k, value := range v {
		folded[strings.ToLower(strings.ReplaceAll(k, "_", ""))] = value
	}
	field := func(names ...string) any {
		for _, name := range names {
			if folded[name] != nil {
				return folded[name]
			}
		}
		return nil
	}
	truthOf := func(names ...string) (is, known bool) {
		for _, name := range names {
			if is, known = truth(folded[name]); known {
				return is, true
			}
		}
		return false, false
	}
	text := func(names ...string) string { s, _ := field(names...).(string); return s }
	name := text("name", "holidayname", "cnname", "localname", "title", "desc")
	first, last := r.dayOf(text("startdate", "start", "from", "begin", "starttime")), r.dayOf(text("enddate", "end", "to", "endtime"))
	if first != "" && last != "" {
		from, _ := time.Parse(time.DateOnly, first)
		to, _ := time.Parse(time.DateOnly, last)
		for at, n := from, 0; !at.After(to) && n < 31; at, n = at.AddDate(0, 0, 1), n+1 {
			r.days = append(r.days, schedules.Holiday{Date: at.Format(time.DateOnly), Name: name, Off: true})
		}
		if list, ok := field("compdays", "workdays", "compensatorydays", "adjustdays", "makeupdays").([]any); ok {
			for _, e := range list {
				if s, ok := e.(string); ok && r.dayOf(s) != "" {
					r.days = append(r.days, schedules.Holiday{Date: r.dayOf(s), Name: name})
				}
			}
		}
		return true
	}
	day := r.dayOf(text("date", "day"))
	if day == "" {
		day = r.dayOf(key)
	}
	off, known := truthOf("isoffday", "holiday", "isholiday", "off", "offday", "isoff")
	if !known {
		if work, ok := truthOf("isworkday", "workday", "work"); ok {
			off, known = !work, true
		}
	}
	if day == "" {
		return false
	}
	if !known {
		r.unread++
		return true
	}
	r.days = append(r.days, schedules.Holiday{Date: day, Name: cmp.Or(text("target"), name, text("holiday")), Off: off})
	return true
}

// byDay reads an object that has a name for each day, {"2027-01-01": "元旦"}; the key above it
// tells whether the days are worked. It returns false for other objects.
func (r *jsonCalendar) byDay(key string, v map[string]any) bool {
	if len(v) == 0 {
		return false
	}
	var days []schedules.Holiday
	for k, value := range v {
		name, ok := value.(string)
		if !ok || r.dayOf(k) == "" {
			return false
		}
		for part := range strings.SplitSeq(name, ",") {
			if feasts.MatchString(part) {
				name = part
			}
		}
		days = append(days, schedules.Holiday{Date: r.dayOf(k), Name: feastName(name), Off: !workedKey.MatchString(key) && !worked.MatchString(name)})
	}
	r.days = append(r.days, days...)
	return true
}

var workedKey = regexp.MustCompile(`(?i)work|comp|adjust|makeup|补班|上班`)

func truth(v any) (is, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case float64:
		return v == 1, v == 0 || v == 1
	}
	return false, false
}

// dayOf reads 2027-01-01, 20270101, 2027/1/1, and 01-01 under a year.
func (r *jsonCalendar) dayOf(s string) string {
	if monthDay.MatchString(s) && r.year != "" {
		s = r.year + "-" + s
	}
	s, _, _ = strings.Cut(s, "T")
	for _, layout := range []string{"2006-01-02", "20060102", "2006/1/2", "2006-1-2"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.Format(time.DateOnly)
		}
	}
	return ""
}

// Install checks a year and puts it into force. A running bot takes it in within a second.
func Install(tx *store.Tx, c Calendar) error {
	years, err := HolidayYears(tx)
	if err != nil {
		return err
	}
	if _, err := schedules.NewHolidays(append(years, c.Year)...); err != nil {
		return err
	}
	tx.Changes("holidays")
	_, err = tx.Exec(`INSERT INTO holiday_year (year, file, text, installed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (year) DO UPDATE SET file = excluded.file, text = excluded.text, installed_at = excluded.installed_at`,
		c.Year.Year, c.File, c.text, tx.Millis())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key) VALUES ($1, 'schedule', 'holidays', '', 'schedule:holidays')
		ON CONFLICT DO NOTHING`, tx.Millis())
	return err
}
