package schedules

import (
	"fmt"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, zh, en string }{
		{"0 8 * * *", "每天 08:00", "every day at 08:00"},
		{"@daily", "每天 00:00", "every day at 00:00"},
		{"0 8 * * 0-7", "每天 08:00", "every day at 08:00"},
		{"0 8 1-31 * 1", "每天 08:00", "every day at 08:00"},
		{"0 9,15 * * *", "每天 09:00、15:00", "every day at 09:00, 15:00"},
		{"*/30 2 * * *", "每天 02:00、02:30", "every day at 02:00, 02:30"},
		{"30 12 * * 1-5", "周一至周五 12:30", "Mon–Fri at 12:30"},
		{"30 12 * * MON-FRI", "周一至周五 12:30", "Mon–Fri at 12:30"},
		{"30 12 * * 5-7", "周五至周日 12:30", "Fri–Sun at 12:30"},
		{"0 20 * * 1,3", "每周一、周三 20:00", "Mon, Wed at 20:00"},
		{"0 20 * * 0,6", "每周六、周日 20:00", "Sat, Sun at 20:00"},
		{"0 9,15 * * MON", "每周一 09:00、15:00", "Mon at 09:00, 15:00"},
		{"@weekly", "每周日 00:00", "Sun at 00:00"},
		{"0 9 1 * *", "每月 1 日 09:00", "each month on day 1 at 09:00"},
		{"0 9 15,1 * ?", "每月 1、15 日 09:00", "each month on day 1, 15 at 09:00"},
		{"0 9 1 1,4,7,10 *", "每季度首月 1 日 09:00", "each quarter's first month on day 1 at 09:00"},
		{"0 9 1 */3 *", "每季度首月 1 日 09:00", "each quarter's first month on day 1 at 09:00"},
		{"0 8 1 7 *", "每年 7 月 1 日 08:00", "each year on Jul 1 at 08:00"},
		{"@yearly", "每年 1 月 1 日 00:00", "each year on Jan 1 at 00:00"},
		{"* * * * *", "每分钟", "every minute"},
		{"*/30 * * * *", "每 30 分钟", "every 30 minutes"},
		{"0,20,40 * * * *", "每 20 分钟", "every 20 minutes"},
		{"@hourly", "每小时第 0 分", "every hour at minute 0"},
		{"15 * * * *", "每小时第 15 分", "every hour at minute 15"},

		{"*/25 * * * *", "", ""}, // 50 is followed by 0
		{"5/30 * * * *", "", ""},
		{"0,10 * * * *", "", ""},
		{"*/30 * * * 1-5", "", ""},
		{"*/10 8 * * *", "", ""},
		{"0 8 1 * 1", "", ""}, // on either day
		{"0 8 * 7 1", "", ""},
		{"0 8 1 2,5 *", "", ""},
		{"0 8 * 7 *", "", ""},
		{"0 8 1-7 * *", "", ""},
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if c.zh == "" {
			c.zh, c.en = c.spec, c.spec
		}
		want, got := [3]string{c.zh, c.en, c.zh}, [3]string{s.Words("zh-CN"), s.Words("en"), s.Words("de")}
		if want != got {
			t.Errorf("%q: %q, want %q", c.spec, got, want)
		}
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now, at, zh, en string }{
		{"Asia/Shanghai", "2026-12-02T01:00Z", "2026-12-02T04:30Z", "今天 12:30（周三）", "today 12:30 (Wed)"},
		{"Asia/Shanghai", "2026-12-02T15:59Z", "2026-12-02T16:00Z", "明天 00:00", "tomorrow 00:00"},
		{"Asia/Shanghai", "2026-12-02T16:00Z", "2026-12-02T16:00Z", "今天 00:00（周四）", "today 00:00 (Thu)"},
		{"Asia/Shanghai", "2026-12-02T01:00Z", "2026-12-03T00:00Z", "明天 08:00", "tomorrow 08:00"},
		{"Asia/Shanghai", "2026-12-02T01:00Z", "2026-12-01T00:00Z", "12月1日（周二）08:00", "1 Dec (Tue) 08:00"},
		{"Asia/Shanghai", "2026-12-02T01:00Z", "2026-12-04T00:00Z", "12月4日（周五）08:00", "4 Dec (Fri) 08:00"},
		{"Asia/Shanghai", "2026-12-02T01:00Z", "2027-01-01T00:00Z", "2027年1月1日（周五）08:00", "1 Jan 2027 (Fri) 08:00"},
		{"Asia/Shanghai", "2026-12-31T01:00Z", "2027-01-01T00:00Z", "明天 08:00", "tomorrow 08:00"},
		// There is no 00:30 tomorrow: Havana's 14 March 2027 and Cairo's 30 April begin at 01:00.
		{"America/Havana", "2027-03-13T05:30Z", "2027-03-14T12:00Z", "明天 08:00", "tomorrow 08:00"},
		{"America/Havana", "2027-03-13T05:30Z", "2027-03-13T13:00Z", "今天 08:00（周六）", "today 08:00 (Sat)"},
		{"Africa/Cairo", "2027-04-28T22:30Z", "2027-04-30T05:00Z", "明天 08:00", "tomorrow 08:00"},
		{"Africa/Cairo", "2027-04-28T22:30Z", "2027-04-29T06:00Z", "今天 08:00（周四）", "today 08:00 (Thu)"},
	} {
		zone, err := Zone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err1 := time.Parse("2006-01-02T15:04Z", c.now)
		at, err2 := time.Parse("2006-01-02T15:04Z", c.at)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if zh, en := Instant(at, now, zone, "zh-CN"), Instant(at, now, zone, "en"); zh != c.zh || en != c.en {
			t.Errorf("%s at %s: %q, %q; want %q, %q", c.at, c.now, zh, en, c.zh, c.en)
		}
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, zone)
	for _, c := range []struct {
		at     time.Time
		zh, en string
	}{
		{time.Date(2026, 12, 2, 0, 0, 0, 0, zone), "今天 24:00（周二）", "today 24:00 (Tue)"},
		{time.Date(2026, 12, 3, 0, 0, 0, 0, zone), "明天 24:00", "tomorrow 24:00"},
		{time.Date(2026, 12, 5, 0, 0, 0, 0, zone), "12月4日（周五）24:00", "4 Dec (Fri) 24:00"},
		{time.Date(2027, 1, 1, 0, 0, 0, 0, zone), "12月31日（周四）24:00", "31 Dec (Thu) 24:00"},
		{time.Date(2026, 12, 4, 18, 0, 0, 0, zone), "12月4日（周五）18:00", "4 Dec (Fri) 18:00"},
	} {
		if zh, en := Deadline(c.at, now, zone, "zh-CN"), Deadline(c.at, now, zone, "en"); zh != c.zh || en != c.en {
			t.Errorf("%s: %q, %q; want %q, %q", c.at, zh, en, c.zh, c.en)
		}
	}
}

func TestDayInWords(t *testing.T) {
	t.Parallel()
	zone, err := Zone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 2, 9, 0, 0, 0, zone)
	for _, c := range []struct {
		day    int
		zh, en string
	}{{0, "今天（周三）", "today (Wed)"}, {1, "明天", "tomorrow"}, {2, "12月4日（周五）", "4 Dec (Fri)"}, {30, "2027年1月1日（周五）", "1 Jan 2027 (Fri)"}} {
		at := now.AddDate(0, 0, c.day)
		if zh, en := Day(at, now, zone, "zh-CN"), Day(at, now, zone, "en"); zh != c.zh || en != c.en {
			t.Errorf("%v: %s %s, want %s %s", at, zh, en, c.zh, c.en)
		}
	}
}

// Each language has all words, with the same arguments.
func TestWordsComplete(t *testing.T) {
	t.Parallel()
	verbs := regexp.MustCompile(`%[a-z]`)
	shape := map[string]map[string][]string{}
	for lang, w := range words {
		shape[lang] = map[string][]string{}
		v := reflect.ValueOf(w)
		for i := range v.NumField() {
			name, field := v.Type().Field(i).Name, v.Field(i)
			if field.Kind() == reflect.String {
				if field.String() == "" {
					t.Errorf("%s: %s is empty", lang, name)
				}
				if name != "Today" && name != "Tomorrow" && name != "Day" && name != "DayOfYear" { // a day may be told with its weekday or without
					shape[lang][name] = verbs.FindAllString(field.String(), -1)
				}
				continue
			}
			for j := range field.Len() {
				if field.Index(j).String() == "" {
					t.Errorf("%s: %s[%d] is empty", lang, name, j)
				}
			}
		}
	}
	if len(words) != 2 {
		t.Errorf("%d languages", len(words))
	}
	if diff := cmp.Diff(shape["zh-CN"], shape["en"]); diff != "" {
		t.Errorf("arguments differ: %s", diff)
	}
}

func ExampleSpec_Words() {
	s, err := Parse("30 12 * * 1-5")
	fmt.Println(s.Words("zh-CN"), s.Words("en"), err)
	// Output: 周一至周五 12:30 Mon–Fri at 12:30 <nil>
}
