package shift

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Config is what the name of a shift means. One without work is a day off.
type Config struct {
	Work   string `yaml:"work"`   // "16:00-24:00"; "24:00-08:00" begins at the end of the day
	Asleep string `yaml:"asleep"` // after the work, beyond the quiet hours of all: "01:00-09:00"
}

// Usual are the shifts unless the configuration has its own: three shifts of
// eight hours, one of twelve, and days off.
var Usual = map[string]Config{
	"早": {Work: "08:00-16:00"},
	"中": {Work: "16:00-24:00", Asleep: "01:00-09:00"},
	"夜": {Work: "24:00-08:00", Asleep: "09:00-16:00"},
	"白": {Work: "08:00-20:00"},
	"休": {},
}

// Letters are the shifts by name: mostly one letter, 早, or a word, 大夜.
type Letters map[string]hours

// hours of a shift, in minutes from the midnight that begins its day. A
// stretch of no length is none.
type hours struct {
	work, asleep stretch
}

type stretch struct{ from, to int }

func (s stretch) none() bool { return s.from == s.to }

const aDay = 24 * 60

// longestName is how many characters the name of a shift has at most.
const longestName = 8

// Read reads the shifts. Each fault is given with its name and key.
func Read(given map[string]Config) (Letters, map[string]error) {
	letters, faults := Letters{}, map[string]error{}
	for name, c := range given {
		letter := norm.NFKC.String(name)
		if n := utf8.RuneCountInString(letter); n == 0 || n > longestName || strings.ContainsAny(letter, between+unknown) || strings.ContainsFunc(letter, unicode.IsSpace) {
			faults[name] = fmt.Errorf("name a shift by a letter or a short word without blanks, e.g. 早 or 大夜, at most %d characters", longestName)
			continue
		}
		h := hours{}
		var err error
		if h.work, err = readStretch(c.Work, 0); err != nil {
			faults[name+".work"] = err
		}
		if h.asleep, err = readStretch(c.Asleep, h.work.to); err != nil {
			faults[name+".asleep"] = err
		}
		if c.Asleep != "" && c.Work == "" {
			faults[name+".asleep"] = errors.New("there is no work before it; leave it out for a day off")
		}
		letters[letter] = h
	}
	return letters, faults
}

// readStretch reads 16:00-24:00 as the first such stretch that does not begin
// before a minute.
func readStretch(text string, after int) (s stretch, err error) {
	if text == "" {
		return s, nil
	}
	first, second, ok := strings.Cut(norm.NFKC.String(text), "-")
	from, err1 := readMinute(first)
	to, err2 := readMinute(second)
	if !ok || err1 != nil || err2 != nil || from%aDay == to%aDay {
		return s, fmt.Errorf("%q: write it as 16:00-24:00", text)
	}
	for from < after {
		from += aDay
	}
	for to %= aDay; to <= from; {
		to += aDay
	}
	return stretch{from, to}, nil
}

func readMinute(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return aDay, nil
	}
	at, err := time.Parse("15:04", text)
	return at.Hour()*60 + at.Minute(), err
}

// clock tells a minute as it is written, 16:00.
func clock(minute int) string {
	if minute != aDay {
		minute %= aDay
	}
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}

// sorted are the shifts by the beginning of their work, days off last.
func (l Letters) sorted() []string {
	var all []string
	for letter := range l {
		all = append(all, letter)
	}
	slices.SortFunc(all, func(a, b string) int {
		key := func(r string) int {
			if l[r].work.none() {
				return 10 * aDay
			}
			return l[r].work.from
		}
		if d := key(a) - key(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return all
}

// unknown stands in a pattern for a day of which nothing is known.
const unknown = "-"

// longest is the longest pattern, in days.
const longest = 62

var errLong = fmt.Errorf("a pattern has at most %d days", longest)

// badLetter is a letter or word that no shift has for its name.
type badLetter string

func (b badLetter) Error() string { return "unknown letter " + string(b) }

// between may stand between the shifts of a pattern.
const between = " ,，、/|;；→"

// joined is a pattern as it is kept: letters one after another or, when a name has several
// characters, words with blanks.
func joined(shifts []string) string {
	if !slices.ContainsFunc(shifts, func(s string) bool { return utf8.RuneCountInString(s) > 1 }) {
		return strings.Join(shifts, "")
	}
	if len(shifts) == 1 {
		return shifts[0] + " " // which tells the word 大夜 from the letters 大 and 夜
	}
	return strings.Join(shifts, " ")
}

// shiftsOf are the shifts of a pattern that is kept.
func shiftsOf(pattern string) []string {
	if strings.Contains(pattern, " ") {
		return strings.Fields(pattern)
	}
	return strings.Split(pattern, "")
}

// ReadPattern reads 早早中中夜夜休休, 早、早、中、中, 早班 早班 休息, 大夜 小夜. An error is
// errLong or a badLetter.
func (l Letters) ReadPattern(text string) (string, error) {
	var out []string
	for text = norm.NFKC.String(text); text != ""; {
		r, size := utf8.DecodeRuneInString(text)
		switch name, n := l.first(text); {
		case strings.ContainsRune(between, r) || unicode.IsSpace(r):
			text = text[size:]
		case n > 0:
			out = append(out, name)
			text = strings.TrimPrefix(text[n:], "班")
		case strings.HasPrefix(text, "班"), strings.HasPrefix(text, "假"):
			text = text[size:]
		default:
			return "", badLetter(string(r))
		}
	}
	if len(out) > longest {
		return "", errLong
	}
	return joined(out), nil
}

// off are words for a day off.
var off = []string{"休息", "公休", "轮休", "调休", "补休", "倒休", "例休", "串休", "年休", "年假", "休假", "放假", "休班", "OFF", "off", "Off"}

// byHours is the shift whose hours a text gives, 8:00-20:00; "" when it gives none, or they are
// those of no shift or of two.
func (l Letters) byHours(text string) (name string) {
	m := hoursText.FindStringSubmatch(norm.NFKC.String(text))
	if m == nil {
		return ""
	}
	s, err := readStretch(pad(m[1])+"-"+pad(m[2]), 0)
	if err != nil {
		return ""
	}
	for letter, h := range l {
		if !h.work.none() && h.work.from%aDay == s.from%aDay && h.work.to%aDay == s.to%aDay {
			if name != "" {
				return ""
			}
			name = letter
		}
	}
	return name
}

var hoursText = regexp.MustCompile(`^\s*(\d{1,2}[::]\d\d)\s*[-–—~～至到]\s*(?:次日)?(\d{1,2}[::]\d\d)\s*$`)

func pad(clock string) string {
	if len(clock) == len("8:00") {
		return "0" + clock
	}
	return clock
}

// first is the shift whose name a text begins with, the longest one, and how many bytes it
// takes.
func (l Letters) first(text string) (name string, n int) {
	for letter := range l {
		if strings.HasPrefix(text, letter) && len(letter) > n {
			name, n = letter, len(letter)
		}
	}
	if _, ok := l["休"]; !ok {
		return name, n
	}
	for _, word := range off {
		if strings.HasPrefix(text, word) && len(word) > n {
			name, n = "休", len(word)
		}
	}
	return name, n
}

// rotation is a pattern of a member, from a day on. A later rotation takes its
// place from its first day on.
type rotation struct {
	Member   int64  `json:"member"`
	Pattern  string `json:"pattern"`   // a shift a day, again and again; see joined; "": no shifts
	StartsOn string `json:"starts_on"` // the day of the first letter, 2006-01-02
	EndsOn   string `json:"ends_on"`   // the last day; "" = none
}

// day is a date under the label UTC, by which days can be counted.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// letterOn is the letter of a day by the rotations of a member, which are in
// the order of their first days; unknown when there is none.
func letterOn(rotations []rotation, on time.Time) string {
	text := on.Format(time.DateOnly)
	for _, r := range slices.Backward(rotations) {
		if r.StartsOn > text {
			continue
		}
		if r.Pattern == "" || r.EndsOn != "" && r.EndsOn < text {
			return unknown
		}
		first, err := time.Parse(time.DateOnly, r.StartsOn)
		if err != nil {
			panic("rotation of " + r.StartsOn + ": " + err.Error()) // checked when it was entered
		}
		letters := shiftsOf(r.Pattern)
		return letters[int(on.Sub(first)/(24*time.Hour))%len(letters)]
	}
	return unknown
}

// span is a time in which a member is off or asleep.
type span struct {
	from, to time.Time
	off      bool
}

// spans are the times off and asleep that touch a time, in a zone.
func (l Letters) spans(rotations []rotation, from, to time.Time, zone *time.Location) []span {
	var out []span
	add := func(on time.Time, s stretch, off bool) {
		at := func(minute int) time.Time {
			return time.Date(on.Year(), on.Month(), on.Day(), 0, minute, 0, 0, zone)
		}
		if p := (span{at(s.from), at(s.to), off}); p.to.After(from) && p.from.Before(to) {
			out = append(out, p)
		}
	}
	last := day(to.In(zone))
	for on := day(from.In(zone)).AddDate(0, 0, -2); !on.After(last); on = on.AddDate(0, 0, 1) { // a night's sleep may end two days later
		h, ok := l[letterOn(rotations, on)]
		switch {
		case !ok: // no shift, or a letter that the configuration has no more
		case h.work.none():
			begins := max(0, l[letterOn(rotations, on.AddDate(0, 0, -1))].work.to-aDay) // when the night before is over
			add(on, stretch{begins, aDay}, true)
		case !h.asleep.none():
			add(on, h.asleep, false)
		}
	}
	return out
}
