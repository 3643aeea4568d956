package command_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"branchbot/bot/command"
)

var someOptions = []command.Option{
	{Name: "ack", Words: []string{"回执", "要回执", "需要回执", "ack"}, Loose: true},
	{Name: "urgent", Words: []string{"紧急", "urgent"}},
	{Name: "until", Words: []string{"截止", "截止到", "截至", "by", "until"}, Takes: command.Time, Loose: true},
	{Name: "limit", Words: []string{"限", "限额", "limit"}, Takes: command.Amount, Loose: true},
	{Name: "pick", Words: []string{"可选", "多选"}, Takes: command.Amount, Alone: true, Loose: true},
	{Name: "to", Words: []string{"至"}, Takes: command.List},
}

// What is typed on Tuesday 1 December 2026 at noon, as a text and as a title: the
// options, the text, ?word for one that is left over, ! for a value at fault.
var optionLines = []struct{ line, text, title string }{
	{"明天开会", "明天开会", "="},
	{"回执 明天开会", "ack|明天开会", "="}, {"回执，明天开会", "ack|明天开会", "="}, {"回执：明天开会", "ack|明天开会", "="}, {"【回执】明天开会", "ack|明天开会", "="}, {"（回执）明天开会", "ack|明天开会", "="},
	{"[回执] [截止 18:00] 明天开会", "ack until 01 18:00|明天开会", "="}, {"回执，截止12月11日下午五点，交学习笔记", "ack until 11 17:00|交学习笔记", "="},
	{"回执 截止18：00前 开会", "ack until 01 18:00|开会", "="}, {"需要回执 截止 18:00 开会", "ack until 01 18:00|开会", "="}, {"截止：18点、回执；开会", "until 01 18:00 ack|开会", "="},
	{"明天开会 回执", "ack|明天开会", "="}, {"明天开会，需要回执", "ack|明天开会", "="}, {"交材料 截止周五", "until 05 00:00|交材料", "="}, {"交材料，截止周五17:00，回执", "until 04 17:00 ack|交材料", "="}, {"交材料（截止周五）", "until 05 00:00|交材料", "="},
	{"ack until 18:00 Meeting", "ack until 01 18:00|Meeting", "="}, {"ack by 18:00 Meeting", "ack until 01 18:00|Meeting", "="}, {"by order of the works", "by order of the works", "="}, {"Meeting until further notice", "Meeting until further notice", "="},
	{"周六植树，限20人", "limit 20|周六植树", "="}, {"周六植树 限 20 截止 明天 18:00", "limit 20 until 02 18:00|周六植树", "="}, {"限二十人 周六植树", "limit 20|周六植树", "="},
	{"周六植树，限20人，带水", "周六植树，限20人，带水?限", "limit 20|周六植树 带水"}, {"限时抢购班车票", "限时抢购班车票", "="}, {"植树 限 很多", "植树 限 很多?限", "!limit 很多"}, {"限-3 植树", "!limit -3", "="},
	{"可选2项 去哪", "pick 2|去哪", "="}, {"多选 去哪", "pick|去哪", "="},
	{"紧急情况请打电话", "紧急情况请打电话", "="}, {"紧急 暴雨", "urgent|暴雨", "="},
	{"回执请于今天交齐", "回执请于今天交齐?回执", "="}, {"截止目前还有三人", "截止目前还有三人?截止", "="}, {"大家注意，报名截止周五，别忘了", "大家注意，报名截止周五，别忘了?截止", "="},
	{"截止 改天 开会", "!until 改天", "="}, {"截止今天下班前 交材料", "!until 今天下班前", "="}, {"回执 截止周五前 交材料", "!until 周五前", "="},
	{"至 一支部、二支部 回执 学习", "to ack[一支部 二支部]|学习", "="}, {"[至 一支部、二支部] 学习", "to[一支部 二支部]|学习", "="},
	{"开会，回执，请带笔", "开会，回执，请带笔?回执", "ack|开会 请带笔"},
	{"", "", "="}, {"回执", "ack|", "="}, {"，。、", "", "="},
}

func TestReadOptions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))
	for _, c := range optionLines {
		for _, title := range []bool{false, true} {
			want := c.text
			if title && c.title != "=" {
				want = c.title
			}
			if got := optionsText(command.ReadOptions(c.line, someOptions, title, now)); got != want {
				t.Errorf("%q, title %v: %q, want %q", c.line, title, got, want)
			}
		}
	}
}

func optionsText(o command.Options) string {
	if o.Fault != "" {
		return "!" + o.Fault + " " + o.Value
	}
	var out strings.Builder
	for i, name := range o.Names {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(name)
		switch {
		case name == "until":
			out.WriteString(o.Until.Format(" 02 15:04"))
		case o.N > 0 && (name == "limit" || name == "pick"):
			fmt.Fprint(&out, " ", o.N)
		}
	}
	if len(o.List) > 0 {
		fmt.Fprint(&out, o.List)
	}
	if len(o.Names) > 0 {
		out.WriteByte('|')
	}
	out.WriteString(o.Text)
	if o.Left != "" {
		out.WriteString("?" + o.Left)
	}
	return out.String()
}

func FuzzReadOptions(f *testing.F) {
	for _, c := range optionLines {
		f.Add(c.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
		for _, title := range []bool{false, true} {
			if o := command.ReadOptions(line, someOptions, title, now); len(o.Text) > 2*len(line) {
				t.Errorf("%q: %q", line, o.Text)
			}
		}
	})
}
