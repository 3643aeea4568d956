package terminal

import (
	"strings"
	"unicode"
)

// speaker is a person, talking to the group or to the bot alone.
type speaker struct {
	Person
	private bool
}

type deed int

const (
	doNothing deed = iota
	doSay
	doPress   // text: the label or word of the button
	doQuote   // text: what is said to the last message
	doPlay    // who: the new current speaker
	doUnknown // text: a command or person that is not known
	doHelp
	doQuit
)

// action is what a line means.
type action struct {
	do   deed
	who  speaker
	text string
}

// parse reads a line:
//
//	A                  the current speaker says A
//	张三: A             张三 says A in the group, if he is one of the people
//	李四 (私聊): /积分   李四 says it to the bot alone
//	[按 B]              presses the newest button B; also after a name
//	[引用] A            says A, quoting the bot's last message; also after a name
//	:as 李四 (私聊)      who is the current speaker from now on
//	:help :quit
//
// Colons and brackets may be full-width. A line that begins with an unknown
// name is text like any other ("注意: …").
func parse(line string, people []Person, current speaker) action {
	line = strings.ToValidUTF8(line, "")
	if strings.TrimSpace(line) == "" {
		return action{}
	}
	if first, rest, ok := cutColon(line); ok && first == "" {
		return command(rest, people)
	} else if ok {
		if who, ok := find(first, people); ok {
			return said(who, strings.TrimPrefix(rest, " "))
		}
	}
	return said(current, line)
}

func command(text string, people []Person) action {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch word {
	case "quit", "q", "退出":
		return action{do: doQuit}
	case "help", "h", "帮助":
		return action{do: doHelp}
	case "as", "扮演":
		if who, ok := find(rest, people); ok {
			return action{do: doPlay, who: who}
		}
		return action{do: doUnknown, text: strings.TrimSpace(rest)}
	}
	return action{do: doUnknown, text: word}
}

func said(who speaker, text string) action {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return action{}
	}
	if inside, rest, ok := bracket(trimmed, "按", "press"); ok && inside != "" && rest == "" {
		return action{do: doPress, who: who, text: inside}
	}
	if inside, rest, ok := bracket(trimmed, "引用", "quote"); ok && inside == "" && rest != "" {
		return action{do: doQuote, who: who, text: rest}
	}
	return action{do: doSay, who: who, text: text}
}

// bracket takes "[word inside] rest" apart. A press ends at the last bracket,
// since a label may hold brackets; a quote has nothing inside.
func bracket(text string, words ...string) (inside, rest string, ok bool) {
	body, ok := cutAnyPrefix(text, "[", "［", "【")
	if !ok {
		return "", "", false
	}
	if body, ok = cutAnyPrefix(body, words...); !ok {
		return "", "", false
	}
	if rest, ok := cutAnyPrefix(body, "]", "］", "】"); ok {
		return "", strings.TrimSpace(rest), true
	}
	for _, end := range []string{"]", "］", "】"} {
		if inside, ok := strings.CutSuffix(body, end); ok && strings.TrimLeftFunc(inside, unicode.IsSpace) != inside {
			return strings.TrimSpace(inside), "", true
		}
	}
	return "", "", false
}

// find reads "张三" or "张三 (私聊)"; a user id does for a name, since two
// people may have the same.
func find(text string, people []Person) (speaker, bool) {
	text = strings.TrimSpace(text)
	name := text
	for _, mark := range []string{"(私聊)", "（私聊）", "(private)", "（private）"} {
		if before, ok := strings.CutSuffix(text, mark); ok {
			name = strings.TrimSpace(before)
		}
	}
	for _, p := range people {
		if name != "" && (p.Name == name || string(p.User) == name) {
			return speaker{Person: p, private: name != text}, true
		}
	}
	return speaker{}, false
}

// cutColon cuts at the first colon of either width.
func cutColon(s string) (before, after string, ok bool) {
	i := strings.IndexAny(s, ":：")
	if i < 0 {
		return s, "", false
	}
	after, _ = cutAnyPrefix(s[i:], ":", "：")
	return strings.TrimSpace(s[:i]), after, true
}

func cutAnyPrefix(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if after, ok := strings.CutPrefix(s, p); ok {
			return after, true
		}
	}
	return s, false
}
