// Package command reads what people type: slash-commands, and answers to what
// a chat waits for. It is pure: text in, values out.
//
// Rules for answers (the table of test vectors is in answer_test.go):
//   - A message counts only if the whole of it matches.
//   - Full-width and half-width, traditional and simplified, upper and lower
//     case are the same; closing punctuation, thanks and emoji are dropped.
//   - A number in front ("17 A") is the short code of what is answered.
//   - Words that are ordinary talk (好的, OK) are Weak: they count only where
//     nothing else can be meant.
package command

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line is a command as it was typed.
type Line struct {
	Name      string // folded
	Args      string // the rest, trimmed, otherwise as typed
	Slash     bool
	Mentioned bool // began with a mention of the bot
}

// Fields are the words of Args, folded to half-width but not in case.
func (l Line) Fields() []string { return strings.Fields(norm.NFKC.String(clean(l.Args))) }

// Fold is the form in which names are compared: half-width, lower case.
func Fold(s string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(clean(s))))
}

// maxName bounds a command's name; longer "names" are text that happens to
// begin with a slash.
const maxName = 32

// Parse reads a command: /name args, ／name args, or a mention of the bot by
// one of its names. false: the message is no command for this bot.
func Parse(text string, names ...string) (Line, bool) {
	var l Line
	text = strings.TrimSpace(clean(text))
	text, l.Mentioned = mention(text, names)
	rest, ok := cutSlash(text)
	l.Slash = ok
	if !l.Slash && !l.Mentioned {
		return Line{}, false
	}
	if rest == "" || unicode.IsSpace(firstRune(rest)) && l.Slash {
		return l, l.Mentioned && !l.Slash
	}
	end := strings.IndexFunc(rest, unicode.IsSpace)
	if end < 0 {
		end = len(rest)
	}
	l.Name = Fold(rest[:end])
	l.Args = strings.TrimSpace(rest[end:])
	name, to, addressed := strings.Cut(l.Name, "@")
	if addressed && l.Slash {
		if !contains(names, to) {
			return Line{}, false // for another bot
		}
		l.Name = name
	}
	if l.Slash && (l.Name == "" || strings.ContainsAny(l.Name, "/\\") || utf8.RuneCountInString(l.Name) > maxName) {
		return Line{}, false // a path, a date, prose
	}
	return l, true
}

func cutSlash(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "／")
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func contains(names []string, folded string) bool {
	for _, n := range names {
		if Fold(n) == folded {
			return true
		}
	}
	return false
}

// mention cuts a leading "@name" of the bot, with the space that follows it
// (WeChat writes U+2005).
func mention(text string, names []string) (rest string, found bool) {
	after, ok := strings.CutPrefix(text, "@")
	if !ok {
		if after, ok = strings.CutPrefix(text, "＠"); !ok {
			return text, false
		}
	}
	for _, n := range names {
		if n == "" || len(after) < len(n) || !strings.EqualFold(after[:len(n)], n) {
			continue
		}
		rest := after[len(n):]
		if rest == "" || unicode.IsSpace(firstRune(rest)) || firstRune(rest) == '/' || firstRune(rest) == '／' {
			return strings.TrimSpace(rest), true
		}
	}
	return text, false
}

// clean removes what is not seen: control characters, zero-width characters,
// and the marks that turn the direction of writing.
func clean(s string) string {
	if !strings.ContainsFunc(s, unseen) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, s)
}

func unseen(r rune) bool {
	if r < 0x80 {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f
	}
	return r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x2069 ||
		r == 0xfeff || r == 0xad || r == utf8.RuneError || r >= 0x80 && r < 0xa0
}

// Nearest is the known name that is most like an unknown one; false when none
// is near enough to be meant.
func Nearest(name string, known []string) (string, bool) {
	best, bestDistance := "", 3
	for _, k := range known {
		longest := max(utf8.RuneCountInString(k), utf8.RuneCountInString(name))
		d := distance([]rune(name), []rune(k))
		if d*2 > longest || d > bestDistance || d == bestDistance && (best == "" || k >= best) {
			continue
		}
		best, bestDistance = k, d
	}
	return best, best != ""
}

// distance counts the runes to change, add or drop.
func distance(a, b []rune) int {
	if len(a) > maxName || len(b) > maxName {
		return maxName
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
