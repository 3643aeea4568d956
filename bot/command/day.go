package command

import (
	"regexp"
	"strings"
	"time"
	"unicode"
)

// Day reads 今天, 明天, 后天, 昨天, 周三, 下周三, 12月1日, 12-01, 2026-12-01, 9号, Friday,
// Dec 1 as the midnight that begins that day in the zone of now. Without a year, the
// day nearest to now is meant: in December, 1月5日 is the next one. 周三 is the next
// Wednesday, today included; 下周三 that of the next week, which begins on Monday.
// 9号 is the next ninth.
func Day(s string, now time.Time) (time.Time, bool) {
	t := newTimes(s, now)
	d, ok := t.day(now, false)
	return d, ok && !t.doubt && t.done()
}

// relative days, and how far they are from today. One character stands for a day only
// before a part of it: 明早, 今晚.
var relative = []struct {
	days  int
	words []string
}{
	{0, []string{"今天", "今日", "今儿", "当天", "today"}},
	{1, []string{"明天", "明日", "明儿", "tomorrow", "tmr"}},
	{2, []string{"后天", "后日", "the day after tomorrow", "day after tomorrow"}},
	{3, []string{"大后天"}},
	{-1, []string{"昨天", "昨日", "yesterday"}},
	{-2, []string{"前天", "前日"}},
	{-3, []string{"大前天"}},
}

var shortly = map[string]int{"今": 0, "明": 1, "昨": -1}

// day reads one day. After a first one, what can be meant again and again (周三, 9号,
// 1月2日) is the first such day that is not before ref.
func (t *times) day(ref time.Time, after bool) (d time.Time, ok bool) {
	t.monthly = false
	for i, part := range []func(time.Time, bool) (time.Time, bool){t.relativeDay, t.weekday, t.calendarDay, t.englishDay, t.dayOfMonth} {
		if ok := t.try(func() (ok bool) { d, ok = part(ref, after); return ok }); ok || t.doubt {
			t.kind = i
			return d, ok
		}
	}
	return d, false
}

func later(day time.Time, days int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, day.Location())
}

func (t *times) relativeDay(time.Time, bool) (time.Time, bool) {
	best, size, start := 0, 0, t.at
	for _, r := range relative {
		if t.skip(r.words...) && t.at-start > size {
			best, size = r.days, t.at-start
		}
		t.at = start
	}
	if size > 0 {
		t.at += size
		return later(t.now, best), true
	}
	if w, ok := t.word("今", "明", "昨"); ok && t.next("早", "晚") {
		return later(t.now, shortly[w]), true
	}
	return t.now, false
}

const weekdays = "一二三四五六日"

// weekdayName reads the name of a weekday behind 周: 0 is Monday.
func (t *times) weekdayName() (int, bool) {
	r := t.peek(0)
	switch {
	case r == '天':
		r = '日'
	case r >= '1' && r <= '7' && t.peek(1) != '天' && (t.peek(1) < '0' || t.peek(1) > '9'):
		r = []rune(weekdays)[r-'1']
	}
	at := strings.IndexRune(weekdays, r)
	if r == 0 || at < 0 {
		return 0, false
	}
	t.at++
	return at / 3, true
}

// weekday reads 周三, 星期日, 下周三, 下下周三, 本周五, 上周五.
func (t *times) weekday(ref time.Time, after bool) (time.Time, bool) {
	weeks := map[string]int{"下下个": 2, "下下": 2, "下个": 1, "下": 1, "本": 0, "这个": 0, "这": 0, "上个": -1, "上": -1}
	which, told := t.word("下下个", "下下", "下个", "下", "本", "这个", "这", "上个", "上")
	if !t.skip("周", "星期", "礼拜") {
		return ref, false
	}
	name, ok := t.weekdayName()
	if !ok {
		t.doubt = told // 下周: all of it?
		return ref, false
	}
	monday := later(t.now, -((int(t.now.Weekday()) + 6) % 7))
	if told {
		return later(monday, name+7*weeks[which]), true
	}
	return nextWeekday(ref, name), true
}

// nextWeekday is the first such day from ref on.
func nextWeekday(ref time.Time, name int) time.Time {
	return later(ref, (name-(int(ref.Weekday())+6)%7+7)%7)
}

// calendarDay reads 2026年12月1日, 2026-12-01, 20261201, 12月1日, 12月1, 12-1, 12.1, 12/1,
// 下月9号.
func (t *times) calendarDay(ref time.Time, after bool) (d time.Time, ok bool) {
	if at, ok := t.eightDigits(); ok {
		return at, true
	}
	if w, ok := t.word("本月", "这个月", "当月", "下月", "下个月"); ok {
		n, counted := t.number()
		if !counted || !t.skip("号", "日") {
			t.doubt = true
			return d, false
		}
		y, m, _ := t.now.Date()
		if w[:3] == "下" {
			m++
		}
		first := time.Date(y, m, 1, 0, 0, 0, 0, t.now.Location())
		t.monthly = true
		return date(first.Year(), int(first.Month()), n, t.now.Location())
	}
	year, first, ok := 0, 0, false
	if w, told := t.word("今年", "明年"); told {
		year = t.now.Year()
		if w == "明年" {
			year++
		}
	}
	first, ok = t.number()
	if !ok {
		return d, false
	}
	mark := t.mark()
	if year == 0 && (mark == '年' || first > 31 && strings.ContainsRune("-/.", mark)) {
		t.at++
		year = first
		if first, ok = t.number(); !ok || year < 100 {
			return d, false
		}
		if again := t.peek(0); mark != '年' && again != mark || mark == '年' && again != '月' {
			return d, false
		}
		mark = t.mark()
	}
	if mark == 0 || !strings.ContainsRune("-/.月", mark) {
		return d, false
	}
	t.at++
	if mark == '月' {
		t.skip("份")
	}
	if mark != '月' && t.peek(0) == ' ' {
		return d, false
	}
	n, ok := t.number()
	if !ok || year == 0 && mark == '-' && t.peek(0) == '-' && t.looksLikeYear() {
		return d, false
	}
	if mark == '-' && year == 0 && t.next("日", "号") { // 9-11号
		t.doubt = true
		return d, false
	}
	if !t.skip("日", "号") && (t.peek(0) >= '0' && t.peek(0) <= '9' || t.next("%", "元", "万", "点", "个", "分", "月", "年", ":", "h", "m", "小时", "天")) {
		return d, false
	}
	t.monthly, t.dashed = true, mark == '-'
	if year != 0 {
		return date(year, first, n, t.now.Location())
	}
	d, ok = yearless(first, n, ref, after)
	t.doubt = ok && after && d.After(later(ref, farRange)) // 12-03 到 12-01
	return d, ok
}

// farRange is how many days a range without a year may last.
const farRange = 200

// mark is what stands behind a number; a blank may be before 年 and 月.
func (t *times) mark() rune {
	if t.next("年", "月") {
		t.blanks()
	}
	return t.peek(0)
}

// looksLikeYear: 12-01-2026 is no day and a rest.
func (t *times) looksLikeYear() bool {
	digits := 0
	for r := t.peek(1 + digits); r >= '0' && r <= '9'; r = t.peek(1 + digits) {
		digits++
	}
	return digits > 2
}

func (t *times) eightDigits() (d time.Time, ok bool) {
	t.blanks()
	n, i := 0, 0
	for r := t.peek(i); r >= '0' && r <= '9' && i < 9; r = t.peek(i) {
		n = n*10 + int(r-'0')
		i++
	}
	if i != 8 {
		return d, false
	}
	t.at += 8
	t.monthly = true
	return date(n/10000, n/100%100, n%100, t.now.Location())
}

// yearless is the day of a month nearest to ref, or the first that is not before it.
func yearless(month, day int, ref time.Time, after bool) (best time.Time, ok bool) {
	for _, year := range []int{ref.Year(), ref.Year() + 1, ref.Year() - 1} {
		at, ok := date(year, month, day, ref.Location())
		if !ok || after && at.Before(later(ref, 0)) {
			continue
		}
		if best.IsZero() || at.Sub(ref).Abs() < best.Sub(ref).Abs() {
			best = at
		}
	}
	return best, !best.IsZero()
}

// date is false for what no calendar has, such as the 30th of February.
func date(year, month, day int, zone *time.Location) (time.Time, bool) {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
	noon := time.Date(year, time.Month(month), day, 12, 0, 0, 0, zone) // a midnight may be skipped
	return t, year >= 2000 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && noon.Day() == day
}

// dayOfMonth reads 9号 and 9日, and the 9 of 9、10号 and 9到11号. 3日 alone can be three
// days too, 9-11号 the eleventh of September.
func (t *times) dayOfMonth(ref time.Time, after bool) (d time.Time, ok bool) {
	if t.skip("月底", "月末") {
		y, m, _ := t.now.Date()
		t.monthly = true
		return time.Date(y, m+1, 0, 0, 0, 0, 0, t.now.Location()), true
	}
	t.blanks()
	digits := t.peek(0) >= '0' && t.peek(0) <= '9'
	n, ok := t.number()
	if !ok || n < 1 || n > 31 {
		return d, false
	}
	w, told := t.word("号", "日")
	switch {
	case told && t.next("楼", "线", "门", "机", "厂", "院", "车", "库", "桌", "岗", "炉", "位", "令", "文"):
		return d, false
	case told && w == "日" && !digits && !after:
		return d, false
	case told && w == "日" && !after && !t.more(): // 3日
		t.doubt = true
		return d, false
	case told:
	case t.numbersUpTo("号", "日"):
		if t.next("-") {
			t.doubt = true
			return d, false
		}
	case after && t.inMonth && t.ends():
		if t.dashed { // 12-9-11
			t.doubt = true
			return d, false
		}
	default:
		return d, false
	}
	t.monthly = after && t.inMonth
	y, m, _ := ref.Date()
	for i := range 3 {
		if at, ok := date(y, int(m)+i, n, ref.Location()); ok && !at.Before(later(ref, 0)) {
			return at, true
		}
		if int(m)+i == 12 {
			y, m = y+1, m-12
		}
	}
	return d, false
}

// more tells whether another day of the month follows: 9日到11日, 9日、10日.
func (t *times) more() bool {
	start := t.at
	defer func() { t.at = start }()
	if !t.skip("到", "至", "-", "~", "、", ",", "和", "起", "开始") {
		return false
	}
	return t.text[t.at-1] == '起' || t.text[t.at-1] == '始' || t.numberWith("号", "日")
}

func (t *times) numberWith(words ...string) bool {
	_, ok := t.number()
	return ok && t.skip(words...)
}

// numbersUpTo tells whether more numbers follow, the last one with a word behind it.
func (t *times) numbersUpTo(words ...string) bool {
	start := t.at
	defer func() { t.at = start }()
	for t.skip("、", ",", "和", "到", "至", "-", "~") {
		if _, ok := t.number(); !ok {
			return false
		}
		if t.skip(words...) {
			return true
		}
	}
	return false
}

// ends tells whether a bare number can end here.
func (t *times) ends() bool {
	r := t.peek(0)
	return r == 0 || r == ' ' || r == '\n' || strings.ContainsRune("、,;。到至-~和", r)
}

var months = map[string]int{"january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6, "jun": 6,
	"july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sept": 9, "sep": 9, "october": 10, "oct": 10, "november": 11, "nov": 11, "december": 12, "dec": 12}

var englishWeekdays = map[string]int{"monday": 0, "mon": 0, "tuesday": 1, "tues": 1, "tue": 1, "wednesday": 2, "wed": 2, "thursday": 3, "thurs": 3, "thu": 3,
	"friday": 4, "fri": 4, "saturday": 5, "sat": 5, "sunday": 6, "sun": 6}

// letters reads an English word; a dot may end it.
func (t *times) letters() string {
	t.blanks()
	start := t.at
	for t.peek(0) >= 'a' && t.peek(0) <= 'z' {
		t.at++
	}
	w := string(t.text[start:t.at])
	if t.peek(0) == '.' && w != "" {
		t.at++
	}
	return w
}

// englishDay reads Friday, this Friday, next Monday, Dec 9, 9 Dec, December 9th.
func (t *times) englishDay(ref time.Time, after bool) (d time.Time, ok bool) {
	t.skip("on", "the")
	which, told := t.word("this", "next", "last")
	start := t.at
	w := t.letters()
	if name, ok := englishWeekdays[w]; ok {
		d = nextWeekday(ref, name)
		monday := later(t.now, -((int(t.now.Weekday()) + 6) % 7))
		// Before Friday, next Friday is this week's to some and next week's to others.
		if told && which == "next" && d.Before(later(monday, 7)) || which == "last" {
			t.doubt = true
			return d, false
		}
		return d, true
	}
	if told {
		t.doubt = w == "week" || w == "month"
		return d, false
	}
	month, n, first := months[w], 0, t.monthDay
	if month == 0 {
		t.at = start
		if n, ok = first(); !ok {
			return d, false
		}
		t.skip("of")
		if month = months[t.letters()]; month == 0 {
			return d, false
		}
	} else if n, ok = first(); !ok {
		return d, false
	}
	t.monthly = true
	t.try(func() bool { t.skip(","); y, ok := t.number(); n2 := y; return ok && n2 == ref.Year() })
	return yearless(month, n, ref, after)
}

// monthDay reads 9, 9th.
func (t *times) monthDay() (int, bool) {
	t.blanks()
	if r := t.peek(0); r < '0' || r > '9' {
		return 0, false
	}
	n, ok := t.number()
	if !ok || t.peek(0) == ':' {
		return 0, false
	}
	if s := string(t.text[t.at:min(t.at+2, len(t.text))]); s == "st" || s == "nd" || s == "rd" || s == "th" {
		t.at += 2
	}
	return n, !unicode.IsLetter(t.peek(0)) || unicode.Is(unicode.Han, t.peek(0))
}

// timeWords are what a text holds that may name a time, however it is put.
var timeWords = regexp.MustCompile(`周[一二三四五六日天末1-7]|星期|礼拜|[今明昨后前]天|[今明昨][早晚日]|[今明]后|后日|次日|第[二三四五]天|` +
	`\d ?(?:月|日|号|天|周|点|时|小时|分钟|刻|个月|个星期|个工作日|工作日|:\d|days?\b|weeks?\b|hours?\b|[dhm]\b|[ap]m\b)|\d[-/.~]\d|` +
	`[一二两三四五六七八九十几半数]个?(?:天|日|号|周|月|星期|礼拜|小时|钟头|工作日)|[二两三四五六七八九十][点时刻]|一点[半到至钟]|` +
	`上午|下午|中午|早上|清晨|晚上|凌晨|夜里|半天|下班|月[底初末中]|[本这下上]个?[周月]|周末|假期|节假日|国庆|春节|元旦|中秋|端午|除夕|腊月|正月|初[一二三四五六七八九十]|` +
	`\b(?:today|tonight|tomorrow|yesterday|mon|tues?|wed|thu|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|` +
	`morning|afternoon|evening|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|january|february|april|june|july|august|september|october|november|december|` +
	`weeks?|days?|noon|midnight|until|till)\b`)

func timeLike(text []rune) bool { return timeWords.MatchString(string(text)) }

// TimeLike tells whether a text holds words that may name a time.
func TimeLike(text string) bool { return timeLike(newTimes(text, time.Time{}).text) }
