package notice

import (
	"slices"
	"strings"
	"time"
	"unicode"
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
	form        string // the form on a page that it was written in; "": a chat
}

// The words that may stand before the text, in any order, also in brackets as
// /帮助 shows them.
var (
	ackWords    = []string{"回执", "要回执", "需回执", "ack"}
	urgentWords = []string{"紧急", "urgent"}
	belowWords  = []string{"下级", "全部下级", "各支部", "branches"}
	untilWords  = []string{"截止时间", "截止到", "截至", "截止", "by"}
)

// read takes the words off the front of what was typed; whatever is none of
// them begins the text.
func read(args string, now time.Time, lang string) (order, error) {
	var o order
	rest := args
	for {
		word, after := cutWord(rest)
		used := true
		switch {
		case word == "":
			used = false
		case slices.Contains(ackWords, word):
			o.ack = true
		case slices.Contains(urgentWords, word):
			o.urgent, o.ack = true, true
		case slices.Contains(belowWords, word):
			o.below = true
		case word == "至":
			word, after = cutWord(after)
			o.address(word)
		default:
			var err error
			if after, used, err = o.until(word, after, now); err != nil {
				return o, err
			}
		}
		if !used {
			break
		}
		rest = after
	}
	o.text = rest
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

// cutWord takes the first word, without brackets around it and folded.
func cutWord(s string) (word, rest string) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	if end > 256 { // no word of ours
		return "", s
	}
	return command.Fold(strings.Trim(s[:end], "[]［］【】")), s[end:]
}

// address reads 全部下级, or names parted by 、.
func (o *order) address(word string) {
	if slices.Contains(belowWords, word) {
		o.below = true
		return
	}
	o.to = append(o.to, strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("、,;", r) })...)
}

// until reads 截止 18:00, 截止18:00, 截止 明天 18:00. A word that only begins
// like a deadline (截止目前…) begins the text.
func (o *order) until(word, after string, now time.Time) (rest string, used bool, err error) {
	for _, w := range untilWords {
		first, found := strings.CutPrefix(word, w)
		if !found {
			continue
		}
		apart := strings.TrimLeft(first, ":") == ""
		if first = strings.TrimLeft(first, ":"); apart {
			first, after = cutWord(after)
		}
		second, behind := cutWord(after)
		if at, words, ok := command.Until([]string{first, second}, now); ok {
			o.closesAt = at
			if words == 2 {
				after = behind
			}
			return after, true, nil
		}
		if apart && w != "by" {
			return "", false, engine.Complain("notice.deadline_how", "Value", chat.CleanName(first))
		}
		return "", false, nil
	}
	return "", false, nil
}

// farthest is how far away a deadline may be.
const farthest = 30 * 24 * time.Hour

func (o *order) inTime(now time.Time, lang string) error {
	switch {
	case o.closesAt.IsZero():
		return nil
	case !o.closesAt.After(now):
		return engine.Complain("notice.deadline_past", "Until", schedules.Instant(o.closesAt, now, now.Location(), lang))
	case o.closesAt.Sub(now) > farthest:
		return engine.Complain("notice.deadline_far")
	}
	return nil
}
