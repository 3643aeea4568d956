package command

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// The one reader of times: durations, times of the day, days, deadlines here and
// in day.go, the days of a leave in days.go. It reads Chinese and English,
// traditional and full-width forms, numbers in digits and in words. What can be
// meant in two ways is never guessed: it is Unclear, and the caller asks.

// Reading is how well a time was understood.
type Reading int

const (
	NoTime  Reading = iota // nothing that looks like a time
	Unclear                // something that does, but not surely which
	Clear
)

// maxDuration is the longest time that anything may stay open.
const maxDuration = 30 * 24 * time.Hour

// maxTime bounds what is looked at, in runes.
const maxTime = 160

// times reads a text from the front, as runes folded one by one, so that what is
// left can be given back as it was typed.
type times struct {
	typed, text []rune
	at          int
	now         time.Time

	doubt   bool // a day was named, but not surely which
	kind    int  // how the last day was named: tomorrow, Friday, 9 December …
	monthly bool // the last day was named with its month
	dashed  bool // and with a dash: 12-9
	inMonth bool // a bare number is a day of the month of the day before it
}

func newTimes(s string, now time.Time) *times {
	if len(s) > 4*maxTime {
		s = s[:4*maxTime]
	}
	t := &times{now: now, typed: []rune(strings.ToValidUTF8(clean(s), ""))}
	if len(t.typed) > maxTime {
		t.typed = t.typed[:maxTime]
	}
	t.text = make([]rune, len(t.typed))
	for i, r := range t.typed {
		t.text[i] = timeRune(r)
	}
	return t
}

// timeRune is a rune as times are compared.
func timeRune(r rune) rune {
	if q := quick(r); q != slow && q != drop {
		r = q
	}
	if at := slices.Index(timeTraditional, r); at >= 0 {
		return timeSimplified[at]
	}
	switch r {
	case '—', '–', '―', '‐', '‒', '−', '－':
		return '-'
	case '〜', '∼', '˜':
		return '~'
	case '·':
		return '.'
	case '．':
		return '.'
	}
	if unicode.IsSpace(r) {
		return ' '
	}
	return unicode.ToLower(simple(r))
}

var (
	timeTraditional = []rune("週禮從開連續與還這間過內終總單書夜幾")
	timeSimplified  = []rune("周礼从开连续与还这间过内终总单书夜几")
)

// rest is what has not been read, as it was typed.
func (t *times) rest() string { return string(t.typed[t.at:]) }

func (t *times) peek(ahead int) rune {
	if at := t.at + ahead; at < len(t.text) {
		return t.text[at]
	}
	return 0
}

func (t *times) blanks() {
	for t.peek(0) == ' ' || t.peek(0) == '\n' {
		t.at++
	}
}

// done tells whether all has been read.
func (t *times) done() bool { t.blanks(); return t.at == len(t.text) }

// word reads one of the words behind blanks, the longest that fits; an English one
// ends where its letters do.
func (t *times) word(words ...string) (string, bool) {
	start := t.at
	t.blanks()
	best, size := "", 0
	for _, w := range words {
		n, fits := 0, true
		for _, r := range w {
			if t.peek(n) != r {
				fits = false
				break
			}
			n++
		}
		if fits && w[0] < 0x80 && unicode.IsLetter(rune(w[len(w)-1])) && t.peek(n) < 0x80 && unicode.IsLetter(t.peek(n)) {
			fits = false
		}
		if fits && n > size {
			best, size = w, n
		}
	}
	if size == 0 {
		t.at = start
		return "", false
	}
	t.at += size
	return best, true
}

// skip reads one of the words, if it is there.
func (t *times) skip(words ...string) bool { _, ok := t.word(words...); return ok }

// next tells whether one of the words comes next, without reading it.
func (t *times) next(words ...string) bool {
	start := t.at
	defer func() { t.at = start }()
	return t.skip(words...)
}

// try undoes what a part has read when it says false.
func (t *times) try(part func() bool) bool {
	start := t.at
	if part() {
		return true
	}
	t.at = start
	return false
}

// number reads at most four digits, or a Chinese number up to 99.
func (t *times) number() (n int, ok bool) {
	start := t.at
	t.blanks()
	end := t.at
	for end < len(t.text) && t.text[end] >= '0' && t.text[end] <= '9' {
		end++
	}
	if end == t.at { // at most three characters: 二十三
		end = min(t.at+4, len(t.text))
	}
	if end-t.at > 4 {
		t.at = start
		return 0, false
	}
	text := string(t.text[t.at:end])
	n, rest, ok := count(text)
	if !ok {
		t.at = start
		return 0, false
	}
	t.at = end - len([]rune(rest))
	return n, true
}

// count reads a number of at most four digits, or a Chinese one up to 99, at
// the start of a text.
func count(s string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		if i == 4 {
			return 0, s, false
		}
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i > 0 {
		return n, s[i:], true
	}
	tens := false
	for at, c := range s {
		digit := strings.IndexRune("零一二三四五六七八九", c)
		switch {
		case c == '两' && at == 0:
			n = 2
		case c == '十' && !tens:
			n, tens = max(n, 1)*10, true
		case digit >= 0 && n%10 == 0 && (at == 0 || tens):
			n += digit / 3
		default:
			return n, s[at:], at > 0
		}
	}
	return n, "", s != ""
}

// timeUnits of a duration, from long to short.
var timeUnits = []struct {
	words []string
	unit  time.Duration
}{
	{[]string{"周", "个星期", "星期", "个礼拜", "weeks", "week", "w"}, 7 * 24 * time.Hour},
	{[]string{"天", "日", "days", "day", "d"}, 24 * time.Hour},
	{[]string{"个小时", "小时", "个钟头", "钟头", "hours", "hour", "hrs", "hr", "h"}, time.Hour},
	{[]string{"分钟", "分", "minutes", "minute", "mins", "min", "m"}, time.Minute},
}

const hours = 2 // at which of timeUnits the hours stand

// unit reads a unit shorter than the last one; -1 when there is none. Letters may
// stand right before a number: 1h30m.
func (t *times) unit(last int) int {
	for i := last + 1; i < len(timeUnits); i++ {
		if t.skip(timeUnits[i].words...) {
			return i
		}
	}
	return -1
}

// duration reads 30m, 半小时, 一个半小时, 2.5h, 一刻钟, 1h30m, 1天; of any length.
func (t *times) duration() (d time.Duration, ok bool) {
	last := -1
	for {
		part, at, ok := t.term(last)
		if !ok {
			return d, last >= 0
		}
		d, last = d+part, at
	}
}

// term is a number with its unit.
func (t *times) term(last int) (d time.Duration, at int, ok bool) {
	ok = t.try(func() bool {
		if last < 0 || last == hours {
			for word, minutes := range map[string]int{"一刻钟": 15, "1刻钟": 15, "三刻钟": 45, "3刻钟": 45, "half an hour": 30, "an hour": 60} {
				if t.skip(word) {
					d, at = time.Duration(minutes)*time.Minute, len(timeUnits)
					return true
				}
			}
		}
		half, tenths := false, 0
		n, counted := t.number()
		if counted && t.peek(0) == '.' && t.peek(1) >= '0' && t.peek(1) <= '9' && (t.peek(2) < '0' || t.peek(2) > '9') {
			tenths = int(t.peek(1) - '0')
			t.at += 2
		}
		if counted {
			half = t.skip("个半")
		} else {
			half = t.skip("半个", "半")
			if half && t.text[t.at-1] == '个' {
				t.at-- // 半个小时
			}
		}
		if !counted && !half {
			return false
		}
		if at = t.unit(last); at < 0 {
			return false
		}
		if at == hours && !half && tenths == 0 && t.next("半") { // 1小时半
			if t.at++; t.done() || t.peek(0) != '分' {
				half = true
			} else {
				return false
			}
		}
		if (half || tenths > 0) && at != hours {
			return false // 半天 is four hours to some and twelve to others
		}
		d = time.Duration(n) * timeUnits[at].unit
		d += time.Duration(tenths) * 6 * time.Minute
		if half {
			d += 30 * time.Minute
		}
		return true
	})
	return d, at, ok
}

// Duration reads 30m, 30分钟, 半小时, 2h, 1h30m, 一个半小时, 1天; more than
// nothing and at most 30 days.
func Duration(s string) (time.Duration, bool) {
	t := newTimes(s, time.Time{})
	d, ok := t.duration()
	return d, ok && t.done() && d > 0 && d <= maxDuration
}

// dayParts of the day: the hours as typed that they go with, and what is added to
// those before noon.
var dayParts = []struct {
	words    []string
	from, to int
	add      int
}{
	{[]string{"凌晨"}, 0, 6, 0},
	{[]string{"早上", "早晨", "清晨", "上午", "早", "am"}, 0, 12, 0},
	{[]string{"中午"}, 1, 2, 12},
	{[]string{"中午"}, 10, 14, 0},
	{[]string{"下午", "傍晚", "午后", "pm"}, 1, 11, 12},
	{[]string{"下午", "傍晚", "午后", "pm"}, 12, 23, 0},
	{[]string{"晚上", "夜里", "晚间", "晚"}, 5, 12, 12},
	{[]string{"晚上", "夜里", "晚间", "晚"}, 17, 24, 0},
}

func inPart(part string, hour int) (int, bool) {
	if hour == 12 && (part == "凌晨" || part == "am") {
		return 0, true
	}
	for _, p := range dayParts {
		if slices.Contains(p.words, part) && hour >= p.from && hour <= p.to {
			return hour + p.add, true
		}
	}
	return 0, false
}

// partWord reads a part of the day.
func (t *times) partWord() (string, bool) {
	return t.word("凌晨", "早上", "早晨", "清晨", "上午", "早", "中午", "下午", "傍晚", "午后", "晚上", "夜里", "晚间", "晚")
}

// clock reads 18:00, 18点半, 下午6点, 6pm as hours and minutes; part is the part of
// the day that it says, or that is said before it.
func (t *times) clock(before string) (hour, minute int, part string, ok bool) {
	ok = t.try(func() bool {
		if part, ok = t.partWord(); !ok {
			part = before
		}
		var bare bool
		if hour, minute, bare, ok = t.hourMinute(); !ok {
			return false
		}
		if w, found := t.word("am", "a.m.", "pm", "p.m."); found {
			if part != "" && part != before {
				return false
			}
			part, bare = w[:1]+"m", false
		}
		if bare {
			return false
		}
		if part != "" && minute >= 0 {
			if hour, ok = inPart(part, hour); !ok {
				return false
			}
		}
		return hour <= 24 && minute <= 59 && (hour < 24 || minute == 0)
	})
	return hour, minute, part, ok
}

// hourMinute reads 18:00, 18点, 18点半, 18点一刻, 18点30分, 18时30分; a bare 6 is one
// only before am and pm.
func (t *times) hourMinute() (hour, minute int, bare, ok bool) {
	hour, ok = t.number()
	if !ok {
		return 0, 0, false, false
	}
	if t.peek(0) == ':' {
		digits := 0
		for digits < 3 && t.peek(1+digits) >= '0' && t.peek(1+digits) <= '9' {
			minute = minute*10 + int(t.peek(1+digits)-'0')
			digits++
		}
		t.at += 1 + digits
		return hour, minute, false, digits == 2
	}
	if !t.skip("点钟", "点整", "点", "时", "o'clock") {
		return hour, 0, true, true
	}
	if t.text[t.at-1] == '钟' || t.text[t.at-1] == '整' {
		return hour, 0, false, true
	}
	switch {
	case t.skip("一刻"):
		return hour, 15, false, true
	case t.skip("三刻"):
		return hour, 45, false, true
	case t.peek(0) == '半':
		t.at++
		return hour, 30, false, t.peek(0) != '钟' && t.peek(0) != '天'
	case t.peek(0) == ' ':
		return hour, 0, false, true
	}
	t.try(func() bool {
		n, found := t.number()
		if !found || t.next("点", "时", "人", "个", "月", "天", "日", "号", "楼") {
			return false
		}
		minute = n
		t.skip("分")
		return true
	})
	return hour, minute, false, true
}

// Clock reads 18:00, 18点, 18点半, 下午6点, 6pm as an instant of the given day,
// in that day's zone. 24:00 and 晚上12点 are the end of the day.
func Clock(s string, day time.Time) (time.Time, bool) {
	t := newTimes(s, day)
	hour, minute, _, ok := t.clock("")
	return onDay(day, hour, minute), ok && t.done()
}

func onDay(day time.Time, hour, minute int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, minute, 0, 0, day.Location())
}

// Until reads a deadline at the front of a text: 18:00, 今晚8点, 明天 18:00前,
// 12月3日 for its end, 2小时后. rest is what follows, without what parts it.
func Until(text string, now time.Time) (at time.Time, rest string, how Reading) {
	t := newTimes(text, now)
	t.word("至", "到", "于", "是", "为", ":", "at")
	at, how = t.until()
	if how != Clear {
		return time.Time{}, text, how
	}
	if t.unsure() {
		return time.Time{}, text, Unclear
	}
	// What is longer than is looked at goes on as it was.
	rest = strings.TrimLeftFunc(t.rest()+past(text), parting)
	return at, rest, Clear
}

// past is what of a text is beyond what is looked at.
func past(text string) string {
	r := []rune(strings.ToValidUTF8(clean(text), ""))
	return string(r[min(len(newTimes(text, time.Time{}).typed), len(r)):])
}

// parting are the signs that part words.
func parting(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(",，;；、。:：", r)
}

func (t *times) until() (time.Time, Reading) {
	if d, ok := t.length(); ok {
		return t.now.Add(d), Clear
	}
	day, dated := t.day(t.now, false)
	if t.doubt {
		return t.now, Unclear
	}
	if dated {
		t.skip("的", ",", "at", "by")
	} else {
		day = t.now
	}
	start := t.at
	hour, minute, part, clocked := t.clock("")
	bare := clocked && part == "" && hour >= 1 && hour <= 6 && !strings.ContainsRune(string(t.text[start:t.at]), ':')
	switch {
	case bare: // 明天5点: in the morning?
		return day, Unclear
	case clocked:
		t.skip("之前", "以前", "前", "为止", "止", "整", "sharp")
		return onDay(day, hour, minute), Clear
	case dated && !t.next("前", "之前", "以前") && !t.half(): // 周五前: is Friday in it?
		t.skip("为止", "止", "结束前", "结束", "end of day")
		return onDay(day, 24, 0), Clear
	case dated || timeLike(t.nextWord()): // 今晚, 下班前
		return day, Unclear
	}
	return day, NoTime
}

// length reads a duration that is none of a clock, a floor or an age.
func (t *times) length() (d time.Duration, ok bool) {
	ok = t.try(func() bool {
		d, ok = t.duration()
		if !ok || t.next("点", "号", "月", ":") || t.text[t.at-1] == '日' {
			return false
		}
		t.skip("以后", "之后", "后", "以内", "之内", "内")
		return true
	})
	return d, ok
}

// nextWord is what stands next, up to a sign; at most so much as may name a time.
func (t *times) nextWord() []rune {
	t.blanks()
	end := t.at
	for end < len(t.text) && end < t.at+8 && (t.text[end] == ':' || !parting(t.text[end])) {
		end++
	}
	return t.text[t.at:end]
}

// half tells whether a part of the day comes next, or a word that only begins one.
func (t *times) half() bool {
	_, ok := t.partWord()
	return ok || t.next("半天", "下班", "上班", "末", "底")
}

// unsure tells whether what follows may belong to the time: 18:00左右, 周五或周六.
func (t *times) unsure() bool {
	if r := t.peek(0); r >= '0' && r <= '9' || strings.ContainsRune(":.-~/+半左天多几", r) && r != 0 {
		return !(r == ':' && (t.peek(1) == ' ' || unicode.Is(unicode.Han, t.peek(1))))
	}
	return t.next("左右", "前后", "或", "或者", "还是", "上下", "下班", "上班", "到", "至", "or")
}
