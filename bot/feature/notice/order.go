package notice

import (
	"strings"
	"time"
	"unicode/utf8"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/schedules"
)

// maxText bounds a notice, in characters; what is longer is a file.
const maxText = 4000

// order is what /通知 says: the words before the text, and the text.
type order struct {
	ack, urgent bool
	below       bool      // to all branches below
	to          []string  // to units below, as named
	closesAt    time.Time // zero: no deadline
	text        string
	left        string // a word of an option that still stands in the text
	form        string // the form on a page that it was written in; "": a chat
	seen        string // the figures of the Reach that its author was shown there
}

// options are what may stand before the text or behind it, in any order, also in
// brackets as /帮助 shows them.
var options = []command.Option{
	{Name: "ack", Words: []string{"回执", "要回执", "需回执", "需要回执", "请回执", "ack"}, Loose: true},
	{Name: "urgent", Words: []string{"紧急", "urgent"}},
	{Name: "below", Words: []string{"下级", "全部下级", "各支部", "branches"}},
	{Name: "until", Words: []string{"截止", "截止时间", "截止日期", "截止到", "截至", "回执截止", "by", "until"}, Takes: command.Time, Loose: true},
	{Name: "to", Words: []string{"至"}, Takes: command.List},
}

// read takes the options off what was typed; the rest is the text.
func read(args string, now time.Time, lang string) (order, error) {
	read := command.ReadOptions(args, options, false, now)
	o := order{ack: read.Has("ack") || read.Has("urgent"), urgent: read.Has("urgent"), below: read.Has("below"), closesAt: read.Until,
		text: read.Text, left: read.Left}
	if read.Fault != "" {
		return o, engine.Complain("notice.deadline_how", "Value", chat.CleanName(read.Value))
	}
	for _, name := range read.List {
		if name == "全部下级" || name == "下级" {
			o.below = true
		} else {
			o.to = append(o.to, name)
		}
	}
	return o, o.settle(now, lang)
}

// settle cleans the text of an order and complains about what cannot be.
func (o *order) settle(now time.Time, lang string) error {
	o.text = strings.TrimSpace(chat.Clean(o.text))
	if n := utf8.RuneCountInString(o.text); n > maxText {
		return engine.Complain("notice.too_long", "Length", n, "Max", maxText)
	}
	return o.inTime(now, lang)
}

// farthest is how far away a deadline may be.
const farthest = 30 * 24 * time.Hour

func (o *order) inTime(now time.Time, lang string) error {
	switch {
	case o.closesAt.IsZero():
		return nil
	case !o.closesAt.After(now):
		return engine.Complain("notice.deadline_past", "Until", schedules.Deadline(o.closesAt, now, now.Location(), lang))
	case o.closesAt.Sub(now) > farthest:
		return engine.Complain("notice.deadline_far")
	}
	return nil
}
