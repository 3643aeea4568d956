// Package command reads what people type: slash-commands, and answers to what
// a chat waits for. It is pure: text in, values out.
//
// Rules for commands:
//   - "/", "／" or a mention of the bot starts one; after a mention the slash
//     may be missing.
//   - A name begins with a letter and holds no slash, so that a path, a
//     fraction or an emoticon such as "/::)" is none.
//
// Rules for answers (the table of test vectors is in answer_test.go):
//   - A message counts only if the whole of it matches.
//   - Full-width and half-width, traditional and simplified, upper and lower
//     case are the same; unseen characters, closing punctuation, thanks and
//     emoji are dropped. A question mark is not: "收到？" asks.
//   - A number in front ("17 A") is the short code of what is answered.
//   - Words that are ordinary talk (好的, OK) are Weak: they count only where
//     nothing else can be meant.
//   - A text for a gap needs 答 in front, or to be Addressed.
//
// Read and Match see each message of busy groups: what is most frequent, short
// ASCII and Chinese, takes no regular expression and few allocations.
package command

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CodeLetters are what codes are made of that let somebody in: easy to tell apart.
const CodeLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// ReadCode is the code that a text is, however it is written: in small letters, with
// blanks, with any dash; "" when it is none.
func ReadCode(text string) string {
	var out strings.Builder
	for _, r := range strings.ToUpper(Fold(text)) {
		switch {
		case strings.ContainsRune(CodeLetters, r):
			out.WriteRune(r)
		case strings.ContainsRune(" -_–—−‐‑‒―－·.", r):
		default:
			return ""
		}
	}
	if out.Len() != 10 {
		return ""
	}
	return out.String()
}

// Line is a command as it was typed.
type Line struct {
	Name      string // folded; "" when the bot was only mentioned
	Args      string // the rest as typed, trimmed and without unseen characters
	Slash     bool
	Mentioned bool // began with a mention of the bot
}

// Fields are the words of Args, folded to half-width but not in case.
func (l Line) Fields() []string {
	words := l.Words()
	for i, w := range words {
		words[i] = halfWord(w)
	}
	return words
}

// Words are the words of Fields one by one as they were typed, for what is kept: a reason, a
// title.
func (l Line) Words() []string {
	return slices.DeleteFunc(strings.Fields(l.Args), func(w string) bool { return halfWord(w) == "" })
}

// halfWord is a word in half width; of signs that become a blank and another, as ´, no blank
// stays, or it would be two words.
func halfWord(w string) string { return strings.Join(strings.Fields(half(w)), "") }

// Fold is the form in which names are compared: half-width, lower case,
// without blanks around it.
func Fold(s string) string { return strings.ToLower(strings.TrimSpace(half(s))) }

const (
	maxName      = 32   // runes; a longer "name" is text that happens to begin with a slash
	maxNameBytes = 1024 // a name as typed, before unseen characters are dropped
)

// Parse reads a command: /name args, ／name args, or a mention of the bot by
// one of its names. false: the message is no command for this bot.
func Parse(text string, names ...string) (Line, bool) {
	var l Line
	text = unquote(strings.TrimLeftFunc(text, blank))
	text, l.Mentioned = mention(text, names)
	text, l.Slash = cutSlash(text)
	if !l.Slash && !l.Mentioned {
		return Line{}, false
	}
	end := strings.IndexFunc(text, afterName)
	if end < 0 {
		end = len(text)
	}
	if end > maxNameBytes {
		return Line{Mentioned: !l.Slash}, !l.Slash
	}
	l.Name = Fold(text[:end])
	args := strings.TrimPrefix(strings.TrimPrefix(text[end:], ":"), "：")
	l.Args = strings.TrimSpace(cleanArgs(args))
	if !l.Slash {
		return l, true
	}
	name, to, addressed := strings.Cut(l.Name, "@")
	if addressed && !slices.ContainsFunc(names, func(n string) bool { return Fold(n) == to }) {
		return Line{}, false // for another bot
	}
	if l.Name = name; !isName(name) {
		return Line{}, false
	}
	return l, true
}

// afterName ends a name; people put a colon there as well: /通知：明天开会.
func afterName(r rune) bool { return r == ':' || r == '：' || unicode.IsSpace(r) }

func isName(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(first) && !strings.ContainsAny(s, `/\`) && utf8.RuneCountInString(s) <= maxName
}

func cutSlash(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "／")
}

func cutAt(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "@"); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "＠")
}

// mention cuts a leading "@name" of the bot with what parts it from the rest;
// WeChat writes U+2005. A name that goes on is somebody else's.
func mention(text string, names []string) (rest string, found bool) {
	after, ok := cutAt(text)
	if !ok {
		return text, false
	}
	for _, n := range names {
		if n == "" || len(after) < len(n) || !strings.EqualFold(after[:len(n)], n) {
			continue
		}
		rest := after[len(n):]
		next, _ := utf8.DecodeRuneInString(rest)
		if rest == "" || blank(next) || strings.ContainsRune("/／,，:：、", next) {
			return strings.TrimLeftFunc(rest, func(r rune) bool { return blank(r) || strings.ContainsRune(",，:：、", r) }), true
		}
	}
	return text, false
}

// lastMention cuts a closing "@name" of the bot.
func lastMention(text string, names []string) string {
	for _, n := range names {
		if before, ok := strings.CutSuffix(text, n); ok && n != "" {
			if before, ok = strings.CutSuffix(before, "@"); ok {
				return before
			}
		}
	}
	return text
}

// Nearest is the known name that is most like an unknown one: at most two
// letters changed, added, dropped or swapped, and fewer than half of them (of
// two Chinese characters, one). false when none is near enough to be meant.
func Nearest(name string, known []string) (string, bool) {
	best, least := "", 3
	typed := []rune(name)
	if len(typed) > maxName {
		return "", false
	}
	for _, k := range known {
		to := []rune(k)
		longest := max(len(typed), len(to))
		if longest > maxName || longest-min(len(typed), len(to)) > 2 {
			continue
		}
		d := distance(typed, to)
		near := d*2 < longest || d == 1 && len(to) == 2 && unicode.Is(unicode.Han, to[0])
		if near && (d < least || d == least && k < best) {
			best, least = k, d
		}
	}
	return best, best != ""
}

// distance counts the runes to change, add, drop or swap with their neighbour;
// both texts have at most maxName.
func distance(a, b []rune) int {
	var rows [maxName + 1][maxName + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i, x := range a {
		rows[i+1][0] = i + 1
		for j, y := range b {
			change := 1
			if x == y {
				change = 0
			}
			d := min(rows[i][j]+change, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && x == b[j-1] && a[i-1] == y {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}
