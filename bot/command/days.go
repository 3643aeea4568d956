package command

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Span is a time of whole or half days.
type Span struct{ From, To time.Time } // To is the first instant after it

// days is how many days it touches.
func (s Span) days() int {
	n := 0
	for at := later(s.From, 0); at.Before(s.To); at = later(at, 1) {
		n++
	}
	return n
}

// Days reads the days at the front of a text, with what is said of them: 明天上午,
// 12月9、10日, 周三，周四, 明天起三天, 从9号到11号, 明后两天, Friday to Monday, and the
// reason that follows. Hours are rounded to the half days in which they lie, and stay
// in the reason. Spans are in order and do not touch. NoTime: the text names no time
// at all. Unclear: it does somewhere, but not surely which days.
func Days(text string, now time.Time) (spans []Span, reason string, how Reading) {
	t := &leaveDays{times: newTimes(text, now)}
	found := t.read()
	switch {
	case found && !t.doubt && !t.mayGoOn():
		return t.merged(), t.reason() + past(text), Clear
	case found, t.doubt, timeLike(t.text):
		return nil, "", Unclear
	}
	return nil, "", NoTime
}

// leaveDays reads the days of a leave.
type leaveDays struct {
	*times
	spans []Span
	hours string // as they were said
	fill  string // words between a day and how many: 出差 in 明天出差三天
	whole bool   // the last span is one whole day, named alone
}

func (t *leaveDays) read() bool {
	if !t.item(t.now, false) {
		return false
	}
	for !t.doubt && t.try(t.another) {
	}
	if !t.doubt {
		t.try(t.howMany)
	}
	return true
}

// another reads one more day behind a comma, an "and", or nothing.
func (t *leaveDays) another() bool {
	parted := t.skip("、", ",", "和", "及", "以及", "还有", "跟", "与", "&", "and", ";")
	if parted && t.halfAgain() {
		return true
	}
	last := t.spans[len(t.spans)-1]
	t.inMonth = t.monthly
	defer func() { t.inMonth = false }()
	if parted && t.bareWeekday(last) {
		return true
	}
	if !parted && (t.next("-", "~") || !t.dayNumber()) {
		return false
	}
	kind := t.kind
	ok := t.item(later(last.To.Add(-time.Second), 0), true)
	t.doubt = t.doubt || ok && !parted && t.kind != kind // 12-24 明天回来
	return ok
}

// dayNumber tells whether a number that comes next is surely that of a day.
func (t *leaveDays) dayNumber() bool {
	start := t.at
	defer func() { t.at = start }()
	t.blanks()
	if r := t.peek(0); r < '0' || r > '9' {
		return true
	}
	_, ok := t.number()
	return ok && (t.skip("号", "日", "月", "-", "/", ".") || t.peek(0) == ' ')
}

// halfAgain reads 下午 of 明天上午、下午.
func (t *leaveDays) halfAgain() bool {
	last := t.spans[len(t.spans)-1]
	s, ok := t.part(later(last.To.Add(-time.Second), 0))
	if ok {
		t.add(s)
	}
	return ok
}

// bareWeekday reads 四 of 周三、四.
func (t *leaveDays) bareWeekday(last Span) bool {
	return t.try(func() bool {
		t.blanks()
		name, ok := t.weekdayName()
		if !ok || t.monthly || !t.ends() && !t.next("两天", "2天", "三天", "3天") {
			return false
		}
		d := nextWeekday(later(last.From, 0), name)
		t.add(Span{d, later(d, 1)})
		return true
	})
}

// item is a day, part of one, or a range.
func (t *leaveDays) item(ref time.Time, after bool) bool {
	return t.try(func() bool {
		t.skip("从", "自", "自从", "于", "在", "from", "on")
		if t.several() {
			t.whole = false
			return true
		}
		first, ok := t.point(ref, after)
		if !ok {
			return false
		}
		begins := t.skip("起", "开始", "算起", "之后", "以后", "onwards", "starting")
		if begins && t.typed[t.at-1] == '后' {
			t.doubt = true
		}
		if last, ok := t.end(first, begins); ok {
			t.add(Span{first.From, last.To})
			t.whole = false
			return true
		}
		t.whole = first.days() == 1 && first.To.Equal(later(first.From, 1))
		t.add(first)
		if begins && !t.try(t.howMany) { // 明天起: until when?
			t.doubt = true
		}
		return true
	})
}

func (t *leaveDays) add(s Span) {
	if !s.To.After(s.From) {
		t.doubt = true // 12-03 到 12-01
	}
	t.spans = append(t.spans, s)
}

// end reads the end of a range.
func (t *leaveDays) end(first Span, begins bool) (last Span, ok bool) {
	ok = t.try(func() bool {
		t.skip(",")
		sign, told := t.word("到", "至", "直到", "一直到", "-", "--", "~", "to", "until", "till", "through", "thru")
		if !told {
			return false
		}
		ref := later(first.From, 0)
		t.inMonth = t.monthly
		defer func() { t.inMonth = false }()
		if last, ok = t.point(ref, true); ok {
			return true
		}
		t.blanks()
		if name, ok := t.weekdayName(); ok && t.ends() { // 周一至五
			d := nextWeekday(ref, name)
			last = Span{d, later(d, 1)}
			return true
		}
		if s, ok := t.part(ref); ok {
			last = s
			return true
		}
		if begins || sign == "-" || sign == "--" || sign == "~" {
			t.doubt = true
		}
		return false
	})
	return last, ok
}

// several reads 明后两天, 今明两天, 周末.
func (t *leaveDays) several() bool {
	return t.try(func() bool {
		if t.skip("周末", "这周末", "本周末", "这个周末", "the weekend", "this weekend") {
			d := nextWeekday(t.now, 5)
			if t.now.Weekday() == time.Sunday {
				d = later(t.now, -1)
			}
			t.add(Span{d, later(d, 2)})
			return true
		}
		from := map[string][2]int{"今明后": {0, 3}, "今明": {0, 2}, "明后": {1, 3}, "今天明天": {0, 2}, "今后": {0, 0}}
		w, ok := t.word("今明后", "今明", "明后", "今天明天")
		if !ok || t.next("年") {
			return false
		}
		is := from[w]
		if t.skip("天", "日") || !t.next("两天", "2天", "二天", "三天", "3天") {
			t.add(Span{later(t.now, is[0]), later(t.now, is[1])})
			return true
		}
		n, _ := t.number()
		t.skip("天")
		t.doubt = n != is[1]-is[0]
		t.add(Span{later(t.now, is[0]), later(t.now, is[1])})
		return true
	})
}

// point is a day, a part of one, or hours of one, that are rounded to half days. A
// part alone is one of today.
func (t *leaveDays) point(ref time.Time, after bool) (s Span, ok bool) {
	ok = t.try(func() bool {
		day, dated := t.day(ref, after)
		if !dated {
			if t.doubt || after {
				return false
			}
			s, ok = t.part(later(t.now, 0))
			return ok
		}
		if t.next("早班", "中班", "晚班", "夜班", "白班", "早餐", "晚餐", "早会", "晚会", "晚饭", "早饭", "早点", "晚点", "早退", "晚到", "早走") {
			s = Span{day, later(day, 1)}
			t.doubt = t.next("早班", "中班", "晚班", "夜班", "白班", "早点", "晚点", "早退", "晚到", "早走")
			return true
		}
		start := t.at
		t.skip("的", ",")
		if s, ok = t.part(day); !ok {
			t.at = start
			s = Span{day, later(day, 1)}
		}
		return true
	})
	return s, ok
}

// halfDays of a leave: the hours from and to, by their words.
var halfDays = []struct {
	from, to int
	words    []string
}{
	{0, 24, []string{"全天", "一整天", "整天", "一天", "1天", "整日", "全日", "上午和下午", "上下午", "上午下午", "上午、下午", "all day"}},
	{0, 12, []string{"上午", "早上", "早晨", "清晨", "一早", "早", "in the morning", "morning"}},
	{12, 24, []string{"下午", "午后", "傍晚", "in the afternoon", "afternoon"}},
	{18, 24, []string{"晚上", "夜里", "夜间", "晚间", "晚", "in the evening", "evening", "at night", "night"}},
}

// part reads a part of a day: 上午, 下午2点到4点, 8:00-12:00.
func (t *leaveDays) part(day time.Time) (s Span, ok bool) {
	if t.next("半天", "大半天", "中午", "凌晨", "小半天", "half a day", "half day", "noon") {
		t.doubt = true
		return s, false
	}
	t.skip("the", "this")
	best, start := -1, t.at
	length := 0
	for i, h := range halfDays {
		t.at = start
		if t.skip(h.words...) && t.at-start > length {
			best, length = i, t.at-start
		}
	}
	t.at = start
	said := ""
	if best >= 0 {
		t.at += length
		said = string(t.text[start:t.at])
		h := halfDays[best]
		s, ok = Span{onDay(day, h.from, 0), onDay(day, h.to, 0)}, true
	}
	hours := t.at
	if s, timed := t.clocks(day, s, strings.TrimSpace(said)); timed {
		t.hours = strings.TrimSpace(t.hours + " " + strings.TrimSpace(string(t.typed[hours:t.at])))
		return s, true
	}
	t.at = hours
	return s, ok
}

// clocks reads hours of a day; half is the part of it that has been read, said in
// words.
func (t *leaveDays) clocks(day time.Time, half Span, said string) (s Span, ok bool) {
	_, known := inPart(said, 6)
	if !known {
		if _, known = inPart(said, 12); !known {
			said = ""
		}
	}
	hour, minute, part, ok := t.clock(said)
	if !ok {
		return s, false
	}
	from := onDay(day, hour, minute)
	switch {
	case t.try(func() bool {
		if !t.skip("到", "至", "-", "--", "~", "to", "until") {
			return false
		}
		h, m, _, ok := t.clock(part)
		if !ok {
			h, m, _, ok = t.clock("")
		}
		s = Span{from, onDay(day, h, m)}
		return ok
	}):
		t.doubt = t.doubt || !s.To.After(s.From) || part == "" && hour > 0 && hour < 6
	case t.skip("以后", "之后", "后", "起", "开始"):
		s = Span{from, later(day, 1)}
	case t.skip("以前", "之前", "前"):
		s = Span{day, from}
	default: // one time, and no end
		t.doubt = t.doubt || half.From.IsZero()
		return half, true
	}
	return halved(s, day), true
}

// halved is a time of a day as the half days in which it lies.
func halved(s Span, day time.Time) Span {
	noon, evening, end := onDay(day, 12, 0), onDay(day, 18, 0), later(day, 1)
	switch {
	case !s.To.After(noon):
		return Span{day, noon}
	case !s.From.Before(evening):
		return Span{evening, end}
	case !s.From.Before(noon):
		return Span{noon, end}
	}
	return Span{day, end}
}

// howMany reads how many days it is from the one that was named: 三天, 共两天,
// 出差一周, for 3 days. With a range or a list it must fit.
func (t *leaveDays) howMany() bool {
	filled := t.at
	for range 12 {
		if t.skip("共计", "一共", "总共", "合计", "共", "为期", "连续", "连休", "请假", "请", "休", ",", "(", "、", "for") {
			filled = t.at
		} else if r := t.peek(0); unicode.Is(unicode.Han, r) && !t.length2() {
			if t.next("或", "还", "可能", "大概", "约", "第", "这", "每", "不", "前", "后", "内") {
				return false
			}
			t.at++
		} else {
			break
		}
	}
	words := strings.TrimSpace(string(t.typed[filled:t.at]))
	from := t.spans[len(t.spans)-1].From
	end, ok := t.span(from)
	if !ok {
		return false
	}
	if t.next("半", "多", "左右", "前", "后", "以", "之", "内", "的", "或", "到", "-", "~", "几", "工") {
		t.doubt = true
		return true
	}
	t.skip("假", "时间", ")")
	n := 0
	for _, s := range t.spans {
		n += s.days()
	}
	switch {
	case len(t.spans) == 1 && t.whole:
		t.spans[0].To = end
	case (Span{from, end}).days() != n || slices.ContainsFunc(t.spans, func(s Span) bool { return s.From.Hour() != 0 || s.To.Hour() != 0 }):
		t.doubt = true
	}
	t.whole = false
	t.fill = words
	return true
}

// length2 tells whether a number of days comes next.
func (t *leaveDays) length2() bool {
	start := t.at
	defer func() { t.at = start }()
	_, ok := t.span(t.now)
	return ok
}

// span reads a number of days, weeks or months from a day on, and gives their end.
func (t *leaveDays) span(from time.Time) (end time.Time, ok bool) {
	ok = t.try(func() bool {
		n, ok := t.number()
		if !ok {
			if !t.skip("a", "one") {
				return false
			}
			n = 1
		}
		if n < 1 || n > 400 {
			return false
		}
		switch w, _ := t.word("天", "日", "days", "day", "周", "个星期", "星期", "个礼拜", "礼拜", "weeks", "week", "个月", "months", "month"); w {
		case "天", "日", "days", "day":
			end = later(from, n)
		case "周", "个星期", "星期", "个礼拜", "礼拜", "weeks", "week":
			end = later(from, 7*n)
		case "个月", "months", "month":
			y, m, d := from.Date()
			end = time.Date(y, m+time.Month(n), d, 0, 0, 0, 0, from.Location())
			if end.Day() != d { // from 31 January on: to the end of February
				end = time.Date(y, m+time.Month(n)+1, 1, 0, 0, 0, 0, from.Location())
			}
		default:
			return false
		}
		return true
	})
	return end, ok
}

// mayGoOn tells whether what is left may still be about the time.
func (t *leaveDays) mayGoOn() bool {
	rest := t.text[t.at:]
	if t.done() {
		return false
	}
	if t.unsure() || t.next("日", "号", "前", "后", "起", "和下", "和上", "几", "?", "不请", "不用", "取消", "销假", "起", "开始", "没", "才", "就", "再", "until", "till", "to", "through", "for") {
		return !t.next("到", "至", "to") || len(rest) < 2 || timeLike(rest)
	}
	return timeLike(rest) || strings.ContainsAny(string(rest), "?") || slices.ContainsFunc([]string{"或者", "还是", "大概", "可能", "左右", "不确定", "待定", "说不准",
		"不请假", "取消", "销假", "不一定", "maybe", "probably"}, func(w string) bool { return strings.Contains(string(rest), w) })
}

// reason is what is left, with what was skipped on the way to it.
func (t *leaveDays) reason() string {
	t.blanks()
	t.skip("请个假", "请假")
	t.skip("的假", "假")
	t.skip("一下", "了")
	rest := strings.TrimFunc(t.rest(), parting)
	return strings.Join(slices.DeleteFunc([]string{t.hours, t.fill, rest}, func(s string) bool { return s == "" }), " ")
}

// merged are the spans in order; those that touch are one.
func (t *leaveDays) merged() []Span {
	slices.SortFunc(t.spans, func(a, b Span) int { return a.From.Compare(b.From) })
	out := t.spans[:1]
	for _, s := range t.spans[1:] {
		if last := &out[len(out)-1]; !s.From.After(last.To) {
			if s.To.After(last.To) {
				last.To = s.To
			}
		} else {
			out = append(out, s)
		}
	}
	return out
}
