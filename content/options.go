package content

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// option is one of a question as it stands in a text.
type option struct {
	letter rune // A …
	text   string
	line   int
}

// mark is the letter before an option.
type mark struct {
	letter rune   // A …
	style  string // ".", "()", "weak" …; of small letters with an "a" before it
	end    int    // where the option's text begins
}

// optionMark reads the mark at the beginning of a text. A weak one ("A断电", "A 断电") could
// be a word.
func optionMark(s string, weak bool) (m mark, ok bool) {
	if r, _ := utf8.DecodeRuneInString(s); !strings.ContainsRune("（(【[", r) && !letter(r) {
		return m, false
	}
	if at := strongOption.FindStringSubmatchIndex(s); at != nil {
		m.end = at[1]
		if at[2] >= 0 {
			m.style = "()"
			m.letter, _ = utf8.DecodeRuneInString(s[at[2]:])
		} else {
			m.style = norm.NFKC.String(s[at[6]:at[7]])
			m.letter, _ = utf8.DecodeRuneInString(s[at[4]:])
		}
	} else if at := weakOption.FindStringSubmatchIndex(s); weak && at != nil {
		m.style, m.end = "weak", at[1]
		m.letter, _ = utf8.DecodeRuneInString(s[at[2]:])
		if next, _ := utf8.DecodeRuneInString(s[at[1]:]); at[1] == at[3] && (next < 0x80 || unicode.IsPunct(next)) || next == utf8.RuneError {
			return m, false // a word, "A级" aside: the next line decides
		}
	} else {
		return m, false
	}
	if r := []rune(norm.NFKC.String(string(m.letter))); len(r) == 1 {
		m.letter = r[0]
	}
	if unicode.IsLower(m.letter) {
		m.letter, m.style = unicode.ToUpper(m.letter), "a"+m.style
	}
	return m, m.letter >= 'A' && m.letter <= 'Z'
}

func letter(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ'
}

// options reads those of a line that begins with a mark. Others may follow on the line: behind
// a blank any later letter (options in two columns) or the same one again (a slip); without a
// blank, "A.断电B.浇水", the next letter with the same mark.
func options(line string, n int, first mark) []option {
	var out []option
	for m := first; ; {
		rest := line[m.end:]
		at, next := nextMark(rest, m)
		text := rest
		if at >= 0 {
			text = strings.TrimRight(strings.TrimSpace(rest[:at]), ";；,，、")
		}
		out = append(out, option{m.letter, strings.TrimSpace(text), n})
		if at < 0 {
			return out
		}
		line, m = rest[at:], next
	}
}

// nextMark is where the next option begins; -1 when none does.
func nextMark(s string, last mark) (int, mark) {
	blank, run := -1, -1
	var blankMark, runMark mark
	before, spaces := rune(0), 0
	for i, r := range s {
		isMark := letter(r) || strings.ContainsRune("（(【[", r)
		if i > 0 && isMark {
			m, ok := optionMark(s[i:], last.style == "weak" && spaces > 0)
			small := strings.HasPrefix(m.style, "a") == strings.HasPrefix(last.style, "a")
			switch {
			case !ok || !small:
			case spaces > 0 && m.letter == last.letter+1:
				return i, m
			case spaces > 1 && blank < 0 && m.letter >= last.letter && m.letter <= last.letter+4 && m.style != "weak":
				blank, blankMark = i, m
			case spaces == 0 && run < 0 && m.letter == last.letter+1 && m.style == last.style && !strings.ContainsRune("、,，/和与或及", before) &&
				!letter(before) && m.style != "weak":
				run, runMark = i, m
			}
		}
		switch {
		case r == '\t' || r == '\u3000':
			spaces += 2
		case unicode.IsSpace(r):
			spaces++
		default:
			spaces, before = 0, r
		}
	}
	if blank >= 0 && (run < 0 || blank < run) {
		return blank, blankMark
	}
	return run, runMark
}

// stemOptions finds options that stand behind the question on its line: at is where they
// begin, -1 when there are none.
func stemOptions(s string) (at int, first mark) {
	before := rune(0)
	spaces := 0
	for i, r := range s {
		if i > 0 && (spaces > 0 || strings.ContainsRune(")）】]。？?：:；;_", before)) && (letter(r) || strings.ContainsRune("（(【[", r)) {
			if m, ok := optionMark(s[i:], true); ok && m.letter == 'A' && (m.style != "weak" || gap.MatchString(s[:i]) || answerBracket.MatchString(s[:i])) {
				if all := options(s[i:], 0, m); len(all) >= 2 && all[1].letter == 'B' {
					return i, m
				}
			}
		}
		if unicode.IsSpace(r) {
			spaces++
		} else {
			spaces, before = 0, r
		}
	}
	return -1, mark{}
}
