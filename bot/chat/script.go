package chat

import (
	"regexp"
	"strings"
)

// Spoken is a line of a chat as it is written down, in rehearsal scripts and
// in the terminal:
//
//	张三: A
//	李四 (私聊): /积分
//	张三: [按 B]
//	张三: [引用 17] A
type Spoken struct {
	Speaker string // as written, e.g. 张三 or 张三@demo
	Private bool
	Press   string // the label or word of the button that is pressed
	Quote   string // the short code of the message that is quoted
	Text    string // "" when a button is pressed
}

var (
	spokenLine = regexp.MustCompile(`^([^\s:：()（）]{1,40})\s*([(（](?:私聊|private)[)）])?\s*[:：]\s?(.*)$`)
	pressLine  = regexp.MustCompile(`^\[(?:按|press)\s+(.+?)\]$`)
	quoteLine  = regexp.MustCompile(`^\[(?:引用|quote)\s+(\S+)\]\s*(.+)$`)
)

// ParseSpoken reads a line; false when it has no speaker or says nothing.
func ParseSpoken(line string) (Spoken, bool) {
	m := spokenLine.FindStringSubmatch(line)
	if m == nil || strings.TrimSpace(m[3]) == "" {
		return Spoken{}, false
	}
	s := Spoken{Speaker: m[1], Private: m[2] != ""}
	s.Words(m[3])
	return s, true
}

// Words reads what is said after the speaker's name.
func (s *Spoken) Words(text string) {
	if m := pressLine.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		s.Press = m[1]
		return
	}
	if m := quoteLine.FindStringSubmatch(text); m != nil {
		s.Quote, text = m[1], m[2]
	}
	s.Text = strings.ReplaceAll(text, `\n`, "\n")
}

// FindButton is the button of a message with this label or word; false when
// there is none.
func FindButton(rows [][]Button, label string) (Button, bool) {
	for _, row := range rows {
		for _, b := range row {
			if b.Label == label || b.Word != "" && b.Word == label {
				return b, true
			}
		}
	}
	return Button{}, false
}
