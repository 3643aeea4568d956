package schedules

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// phrases are the words in which rules and instants are told. They stand here
// rather than in bot/locale because this package knows nothing of bot/.
type phrases struct {
	Minutely, Minutes string // each minute; each so many
	Hourly            string // minute of the hour
	Daily             string // times
	Span, Days        string // days of the week, times
	Monthly           string // days of the month, times
	Quarterly         string // days of the month, times
	Yearly            string // month, day, times
	Weekdays          [7]string
	Months            [12]string
	Through, And      string // between the ends of a span; between the items of a list

	Workdays, Restdays                 string // times
	OnLunar                            string // lunar date, times
	LunarMonths, LunarDays             []string
	OnNth, OnLast                      string // which, of what, times; of what, times
	Nth                                [5]string
	LastDay, AWorkday                  string // times; a kind of day beside those of the week
	Skip, NextWorkday, PreviousWorkday string // what becomes of a day off

	Today, Tomorrow, Day, DayOfYear string // day of the week, where it is told; the rest is a layout
}

var words = map[string]phrases{
	"zh-CN": {
		Minutely: "每分钟", Minutes: "每 %d 分钟", Hourly: "每小时第 %d 分",
		Daily: "每天 %s", Span: "%s %s", Days: "每%s %s",
		Monthly: "每月 %s 日 %s", Quarterly: "每季度首月 %s 日 %s", Yearly: "每年 %s %s 日 %s",
		Weekdays: [7]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"},
		Months:   [12]string{"1 月", "2 月", "3 月", "4 月", "5 月", "6 月", "7 月", "8 月", "9 月", "10 月", "11 月", "12 月"},
		Through:  "至", And: "、",
		Workdays: "每个工作日 %s", Restdays: "每个休息日 %s", OnLunar: "农历%s %s",
		LunarMonths: strings.Fields("正月 二月 三月 四月 五月 六月 七月 八月 九月 十月 冬月 腊月"),
		LunarDays: strings.Fields("初一 初二 初三 初四 初五 初六 初七 初八 初九 初十 十一 十二 十三 十四 十五 " +
			"十六 十七 十八 十九 二十 廿一 廿二 廿三 廿四 廿五 廿六 廿七 廿八 廿九 三十"),
		OnNth: "每月%s%s %s", OnLast: "每月最后一个%s %s", LastDay: "每月最后一天 %s", AWorkday: "工作日",
		Nth:  [5]string{"第一个", "第二个", "第三个", "第四个", "第五个"},
		Skip: "，遇节假日、周末不推", NextWorkday: "，遇节假日、周末顺延到下一个工作日",
		PreviousWorkday: "，遇节假日、周末提前到上一个工作日",
		Today:           "今天 15:04（%s）", Tomorrow: "明天 15:04", Day: "1月2日（%s）15:04", DayOfYear: "2006年1月2日（%s）15:04",
	},
	"en": {
		Minutely: "every minute", Minutes: "every %d minutes", Hourly: "every hour at minute %d",
		Daily: "every day at %s", Span: "%s at %s", Days: "%s at %s",
		Monthly: "each month on day %s at %s", Quarterly: "each quarter's first month on day %s at %s", Yearly: "each year on %s %s at %s",
		Weekdays: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		Months:   [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		Through:  "–", And: ", ",
		Workdays: "workdays at %s", Restdays: "days off at %s", OnLunar: "lunar %s at %s",
		LunarMonths: strings.Fields("1- 2- 3- 4- 5- 6- 7- 8- 9- 10- 11- 12-"),
		LunarDays:   strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30"),
		OnNth:       "the %s %s of each month at %s", OnLast: "the last %s of each month at %s", LastDay: "the last day of each month at %s", AWorkday: "workday",
		Nth:  [5]string{"first", "second", "third", "fourth", "fifth"},
		Skip: ", not on weekends and holidays", NextWorkday: ", on the next workday if that is a day off",
		PreviousWorkday: ", on the workday before if that is a day off",
		Today:           "today 15:04 (%s)", Tomorrow: "tomorrow 15:04", Day: "2 Jan (%s) 15:04", DayOfYear: "2 Jan 2006 (%s) 15:04",
	},
}

// in gives the words of a language, Chinese for one that we do not speak.
func in(lang string) phrases {
	if w, ok := words[lang]; ok {
		return w
	}
	return words["zh-CN"]
}

// Words tells the rule in words where that is simple, else as it was given.
func (s Spec) Words(lang string) string {
	w := in(lang)
	if s.days != nil {
		return s.onDays(w, lang) + w.onDayOff(s.days.text.IfHoliday)
	}
	days, months, weekdays := s.values[dayOfMonth].list(), s.values[month].list(), s.values[dayOfWeek].list()
	everyDay, everyMonth, everyWeekday := s.full(dayOfMonth), s.full(month), s.full(dayOfWeek)
	if everyDay && everyMonth && everyWeekday && s.full(hour) {
		return s.perHour(w)
	}
	times, ok := s.times(w)
	switch {
	case !ok:
	case everyMonth && everyDay && everyWeekday:
		return fmt.Sprintf(w.Daily, times)
	case everyMonth && everyDay:
		return w.onWeekdays(weekdays, times)
	case !everyWeekday || len(days) > maxTold: // with both days restricted either one suffices: hard to say
	case everyMonth:
		return fmt.Sprintf(w.Monthly, w.numbers(days), times)
	case slices.Equal(months, []int{1, 4, 7, 10}):
		return fmt.Sprintf(w.Quarterly, w.numbers(days), times)
	case len(months) == 1:
		return fmt.Sprintf(w.Yearly, w.Months[months[0]-1], w.numbers(days), times)
	}
	return s.text
}

// onDays tells a rule with days of its own.
func (s Spec) onDays(w phrases, lang string) string {
	times, ok := s.times(w)
	if !ok {
		times = s.text
	}
	n := s.days
	switch d := n.text; {
	case d.Days == "workdays":
		return fmt.Sprintf(w.Workdays, times)
	case d.Days == "restdays":
		return fmt.Sprintf(w.Restdays, times)
	case d.Lunar != "":
		return fmt.Sprintf(w.OnLunar, w.LunarMonths[n.month-1]+w.LunarDays[n.day-1], times)
	case d.Date != "":
		return fmt.Sprintf(w.Yearly, w.Months[n.month-1], fmt.Sprint(n.day), times)
	case d.Monthly != "" && n.kind == anyDay && n.day != lastOf:
		return fmt.Sprintf(w.Monthly, fmt.Sprint(n.day), times)
	case d.Monthly != "" && n.kind == anyDay:
		return fmt.Sprintf(w.LastDay, times)
	case d.Monthly != "" && n.day == lastOf:
		return fmt.Sprintf(w.OnLast, w.kind(n.kind), times)
	case d.Monthly != "":
		return fmt.Sprintf(w.OnNth, w.Nth[n.day-1], w.kind(n.kind), times)
	}
	s.days = nil
	return s.Words(lang)
}

// onDayOff tells what becomes of a day that falls on a day off.
func (w phrases) onDayOff(rule string) string {
	switch rule {
	case "skip":
		return w.Skip
	case "next_workday":
		return w.NextWorkday
	case "previous_workday":
		return w.PreviousWorkday
	}
	return ""
}

func (w phrases) kind(kind int) string {
	if kind == aWorkday {
		return w.AWorkday
	}
	return w.Weekdays[kind]
}

// maxTold is how many times or days a reader takes in.
const maxTold = 4

// perHour tells a rule that runs in each hour of each day.
func (s Spec) perHour(w phrases) string {
	minutes := s.values[minute].list()
	n := len(minutes)
	switch {
	case n == 60:
		return w.Minutely
	case n == 1:
		return fmt.Sprintf(w.Hourly, minutes[0])
	case 60%n != 0 || minutes[0] != 0: // */25 is not every 25 minutes: 50 is followed by 0
		return s.text
	}
	for i, m := range minutes {
		if m != i*60/n {
			return s.text
		}
	}
	return fmt.Sprintf(w.Minutes, 60/n)
}

// times tells the times of day of a rule; false when there are too many.
func (s Spec) times(w phrases) (string, bool) {
	var times []string
	for _, h := range s.values[hour].list() {
		for _, m := range s.values[minute].list() {
			times = append(times, fmt.Sprintf("%02d:%02d", h, m))
		}
	}
	return strings.Join(times, w.And), len(times) <= maxTold
}

func (w phrases) numbers(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, fmt.Sprint(n))
	}
	return strings.Join(out, w.And)
}

// onWeekdays tells days of the week and times.
func (w phrases) onWeekdays(days []int, times string) string {
	names, span := w.weekdays(days)
	if span {
		return fmt.Sprintf(w.Span, names, times)
	}
	return fmt.Sprintf(w.Days, names, times)
}

// weekdays names days of the week (0 and 7 are Sunday), three or more in a row
// as a span. The week begins on Monday.
func (w phrases) weekdays(days []int) (names string, span bool) {
	if days[0] == 0 {
		days = append(days[1:], 7)
	}
	first, last := days[0], days[len(days)-1]
	if len(days) > 2 && last-first == len(days)-1 {
		return w.Weekdays[first] + w.Through + w.Weekdays[last%7], true
	}
	var list []string
	for _, d := range days {
		list = append(list, w.Weekdays[d%7])
	}
	return strings.Join(list, w.And), false
}

// Weekdays names the days of the week of some days in order, within one week:
// 周一至周五, 周一、周三.
func Weekdays(days []time.Time, lang string) string {
	var numbers []int
	for _, d := range days {
		numbers = append(numbers, (int(d.Weekday())+6)%7+1)
	}
	names, _ := in(lang).weekdays(numbers)
	return names
}

// Instant tells an instant in words, as someone in the zone would now say it:
// 今天 12:30（周三）, 12月1日（周二）08:00, with the year when it is another one.
func Instant(at, now time.Time, zone *time.Location, lang string) string {
	return inWords(at, now, zone, lang, "15:04")
}

// Deadline is Instant for the end of something: midnight is 24:00 of the day that it
// ends, 12月4日（周五）24:00.
func Deadline(at, now time.Time, zone *time.Location, lang string) string {
	if local := at.In(zone); local.Hour() == 0 && local.Minute() == 0 && local.Second() == 0 {
		return inWords(at.Add(-time.Second), now, zone, lang, "24:00")
	}
	return Instant(at, now, zone, lang)
}

// Day is Instant without the time of day: 今天（周三）, 明天, 12月1日（周二）.
func Day(at, now time.Time, zone *time.Location, lang string) string {
	return inWords(at, now, zone, lang, "")
}

func inWords(at, now time.Time, zone *time.Location, lang, clock string) string {
	w := in(lang)
	at, now = at.In(zone), now.In(zone)
	layout := w.Day
	switch {
	case at.Format(time.DateOnly) == now.Format(time.DateOnly):
		layout = w.Today
	// Under the label UTC there is no gap into which the same time tomorrow falls.
	case at.Format(time.DateOnly) == label(now).AddDate(0, 0, 1).Format(time.DateOnly):
		layout = w.Tomorrow
	case at.Year() != now.Year():
		layout = w.DayOfYear
	}
	switch clock {
	case "":
		layout = strings.Replace(strings.Replace(layout, " 15:04", "", 1), "15:04", "", 1)
	case "24:00":
		layout = strings.Replace(layout, "15:04", "%c", 1)
	}
	return strings.NewReplacer("%s", w.Weekdays[at.Weekday()], "%c", clock).Replace(at.Format(layout))
}
