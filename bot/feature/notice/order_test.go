package notice

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"branchbot/bot/engine"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

var orders = []struct {
	args string
	want string // words, deadline and text; or ! and the key of the complaint
}{
	{"明天开会", "明天开会"},
	{"回执 明天开会", "ack|明天开会"},
	{"[回执] [截止 18:00] 明天开会", "ack|2026-12-01 18:00|明天开会"},
	{"截止18:00 回执\n明天开会", "ack|2026-12-01 18:00|明天开会"},
	{"截止：18点 明天开会", "2026-12-01 18:00|明天开会"},
	{"回执　截止　明天　下午3点　交表", "ack|2026-12-02 15:00|交表"},
	{"截止 12月3日 交表", "2026-12-04 00:00|交表"},
	{"截至 2小时 交表", "2026-12-01 14:00|交表"},
	{"紧急 暴雨", "ack|urgent|暴雨"},
	{"下级 回执 学习", "ack|below|学习"},
	{"至 全部下级 学习", "below|学习"},
	{"[至 一支部、二支部] 学习", "to 一支部 to 二支部|学习"},
	{"ACK by 18:00 hello", "ack|2026-12-01 18:00|hello"},
	{"by order of the works", "by order of the works"},
	{"回执请于今天交齐", "回执请于今天交齐"},
	{"截止目前还有三人", "截止目前还有三人"},
	{"紧急情况请打电话", "紧急情况请打电话"},
	{"回执", "ack|"},
	{"", ""},
	{"截止 改天 开会", "!notice.deadline_how"},
	{"截止 11:59 开会", "!notice.deadline_past"},
	{"截止 2027-06-01 开会", "!notice.deadline_far"},
	{strings.Repeat("长", 100_000), "!notice.too_long"},
	{strings.Repeat("长", maxText), strings.Repeat("长", maxText)},
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range orders {
		o, err := read(c.args, noon, "zh-CN")
		got := o.String()
		var complaint *engine.Complaint
		if errors.As(err, &complaint) {
			got = "!" + complaint.Key
		} else if err != nil {
			t.Errorf("%.40q: %v", c.args, err)
		}
		if got != c.want {
			t.Errorf("%.40q: %.60q, want %.60q", c.args, got, c.want)
		}
	}
}

func (o order) String() string {
	var words []string
	if o.ack {
		words = append(words, "ack")
	}
	if o.urgent {
		words = append(words, "urgent")
	}
	if o.below {
		words = append(words, "below")
	}
	if len(o.to) > 0 {
		words = append(words, "to "+strings.Join(o.to, " to "))
	}
	if !o.closesAt.IsZero() {
		words = append(words, o.closesAt.Format("2006-01-02 15:04"))
	}
	return strings.Join(append(words, o.text), "|")
}

func FuzzRead(f *testing.F) {
	for _, c := range orders {
		if len(c.args) < 1000 {
			f.Add(c.args)
		}
	}
	f.Fuzz(func(t *testing.T, args string) {
		o, err := read(args, noon, "zh-CN")
		var complaint *engine.Complaint
		switch {
		case err != nil && !errors.As(err, &complaint):
			t.Error(err)
		case err == nil && (utf8.RuneCountInString(o.text) > maxText || !utf8.ValidString(o.text)):
			t.Errorf("text of %d bytes", len(o.text))
		case err == nil && !o.closesAt.IsZero() && !o.closesAt.After(noon):
			t.Errorf("deadline %s", o.closesAt)
		}
	})
}

func TestReadNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word      string
		year, seq int
		ok        bool
	}{
		{"", 0, 0, true}, {"17", 0, 17, true}, {"017", 0, 17, true}, {"#17", 0, 17, true}, {"第17号", 0, 17, true},
		{"2026-017", 2026, 17, true}, {"通知 2026-017", 2026, 17, true}, {"２０２６－０１７", 2026, 17, true},
		{"0", 0, 0, false}, {"-1", 0, 0, false}, {"abc", 0, 0, false}, {"17-2026", 0, 0, false}, {"99999999999999999999", 0, 0, false},
	} {
		year, seq, ok := readNumber(c.word)
		if ok != c.ok || ok && (year != c.year || seq != c.seq) {
			t.Errorf("%q: %d-%d %v", c.word, year, seq, ok)
		}
	}
}
