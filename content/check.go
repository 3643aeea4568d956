package content

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds in characters, so that a post fits into a message everywhere.
const (
	maxAsk     = 500
	maxOption  = 200
	maxExplain = 1000
	maxTitle   = 100 // and other texts of one line
	maxBody    = 3500
	maxOptions = 10
)

// fault is what is wrong with a field. Who reads the file knows the line.
type fault struct {
	field   string // e.g. options[1]; "" = the whole
	problem string
	hint    string
	reason  Reason
}

// Reason is why something was left out, for the reader's language: the key of a message
// under content.why and its values, a name and a value in turn.
type Reason struct {
	Key  string
	Args []any
}

// wrong makes a fault that is told to who sends a file.
func wrong(field, key, problem, hint string, args ...any) fault {
	return fault{field, problem, hint, Reason{key, args}}
}

// check tells all that is wrong with a question of any format, and brings its
// answer into the canonical form. Explanation and source may be empty here.
func check(q *Question) []fault {
	var faults []fault
	add := func(f fault) { faults = append(faults, f) }
	if q.ID != "" && !idPattern.MatchString(q.ID) {
		add(wrong("id", "id", fmt.Sprintf("%q is no id", q.ID), idHint, "Value", q.ID))
	}
	if q.Ask == "" {
		add(wrong("ask", "no_text", "missing", ""))
	}
	faults = append(faults, checkText("ask", q.Ask, maxAsk, true)...)
	faults = append(faults, checkText("explain", q.Explain, maxExplain, true)...)
	faults = append(faults, checkText("source", q.Source, maxAsk, false)...)
	faults = append(faults, checkTags(q.Tags)...)
	switch {
	case q.Type == "":
		add(wrong("type", "no_type", "missing", "write one of "+typeList))
		return faults
	case !slices.Contains(Types, q.Type):
		add(wrong("type", "type", fmt.Sprintf("%q is none", q.Type), "write one of "+typeList, "Value", string(q.Type)))
		return faults
	}
	faults = append(faults, checkOptions(q)...)
	if n := len(q.Options); !q.Type.lettered() || n >= 2 && n <= maxOptions {
		faults = append(faults, checkAnswer(q)...)
	}
	return faults
}

const typeList = "single, multiple, truefalse, blank, number, order"

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

const idHint = "use lower-case letters a-z, digits, - _ and ., at most 64"

// tagPattern leaves out upper case: what people type is folded before it is
// looked up.
var tagPattern = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}][\p{Ll}\p{Lo}\p{N}._-]{0,39}$`)

func checkTags(tags []string) []fault {
	var faults []fault
	for i, t := range tags {
		field := fmt.Sprintf("tags[%d]", i)
		switch {
		case !tagPattern.MatchString(t):
			faults = append(faults, wrong(field, "tag", fmt.Sprintf("%q is no tag", t), "use letters without capitals, digits, - _ and ., at most 40", "Value", t))
		case slices.Contains(tags[:i], t):
			faults = append(faults, wrong(field, "tag_twice", fmt.Sprintf("%q is given twice", t), "remove one", "Value", t))
		}
	}
	return faults
}

// checkText bounds a text and refuses what would show as something else than
// it is: controls, zero-width characters, turns of the writing direction.
func checkText(field, s string, limit int, lines bool) []fault {
	var faults []fault
	if n := utf8.RuneCountInString(s); n > limit {
		faults = append(faults, wrong(field, "long", fmt.Sprintf("%d characters, at most %d fit into a message", n, limit), "shorten it", "N", n, "Max", limit))
	}
	if i := hidden(s, lines); i >= 0 {
		faults = append(faults, hiddenFault(field, s, i))
	}
	return faults
}

func hiddenFault(field, s string, i int) fault {
	r, _ := utf8.DecodeRuneInString(s[i:])
	before := []rune(s[:i])
	f := wrong(field, "hidden", fmt.Sprintf("holds the invisible character %U", r), "remove it", "Value", fmt.Sprintf("%U", r))
	if r == '\n' {
		f = wrong(field, "line_break", "holds a line break", "write it on one line")
	}
	if len(before) > 0 {
		f.problem += fmt.Sprintf(" after %q", string(before[max(0, len(before)-10):]))
	}
	return f
}

// hidden is where the first character stands that cannot be seen; -1 if all
// can. Only texts of several lines may hold line breaks and tabs.
func hidden(s string, lines bool) int {
	return strings.IndexFunc(s, func(r rune) bool {
		if r == '\n' || r == '\t' {
			return !lines
		}
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r == utf8.RuneError
	})
}

func checkOptions(q *Question) []fault {
	if !q.Type.lettered() {
		if len(q.Options) > 0 {
			return []fault{wrong("options", "options_none", fmt.Sprintf("a question of type %s has none", q.Type), "remove them, or use the type single")}
		}
		return nil
	}
	if n := len(q.Options); n < 2 || n > maxOptions {
		return []fault{wrong("options", "options_count", fmt.Sprintf("%d given, 2 to %d are possible", n, maxOptions), "", "N", n, "Max", maxOptions)}
	}
	var faults []fault
	first := map[string]int{}
	for i, o := range q.Options {
		field := fmt.Sprintf("options[%d]", i)
		if o == "" {
			faults = append(faults, wrong(field, "option_empty", fmt.Sprintf("option %c is empty", 'A'+i), "", "Letter", string(rune('A'+i))))
			continue
		}
		faults = append(faults, checkText(field, o, maxOption, false)...)
		if j, ok := first[fold(o)]; ok {
			faults = append(faults, wrong(field, "options_same", fmt.Sprintf("options %c and %c are the same", 'A'+j, 'A'+i), "", "Letter", string(rune('A'+j)), "Other", string(rune('A'+i))))
		} else {
			first[fold(o)] = i
		}
	}
	return faults
}

func checkAnswer(q *Question) []fault {
	fail := func(key, hint, problem string) []fault {
		return []fault{wrong("answer", key, problem, hint, "Value", q.Answer)}
	}
	switch {
	case q.Type == Blank:
		return checkAccept(q)
	case q.Answer == "":
		return fail("no_answer", "", "missing")
	case q.Type == TrueFalse:
		truth, ok := truthOf(q.Answer)
		if !ok {
			return fail("truth", "write true or false", fmt.Sprintf("%q is neither true nor false", q.Answer))
		}
		q.Answer = truth
	case q.Type == Number:
		if _, _, ok := parseNumber(q.Answer); !ok {
			return fail("number", "write 12, 0.5 or, with a tolerance, 12±0.5", fmt.Sprintf("%q is no number", q.Answer))
		}
		q.Answer = strings.ReplaceAll(within.Replace(norm.NFKC.String(q.Answer)), "−", "-")
	default:
		return checkLetters(q)
	}
	return nil
}

func checkAccept(q *Question) []fault {
	if len(q.Accept) == 0 {
		return []fault{wrong("answer", "no_answer", "missing", "list the texts that are right")}
	}
	var faults []fault
	for _, a := range q.Accept {
		if a == "" {
			faults = append(faults, wrong("answer", "answer_empty", "one of the texts is empty", ""))
		}
		faults = append(faults, checkText("answer", a, maxTitle, false)...)
	}
	q.Answer = q.Accept[0]
	return faults
}

// lettersOf drops what people write between letters: "A、C" is "AC".
func lettersOf(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,、;/+和", r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s)))
}

func checkLetters(q *Question) []fault {
	fail := func(key, hint, format string, args ...any) []fault {
		return []fault{wrong("answer", key, fmt.Sprintf(format, args...), hint, "Value", q.Answer, "N", len(q.Options), "Last", string('A'+rune(len(q.Options))-1))}
	}
	letters := []rune(lettersOf(q.Answer))
	last := 'A' + rune(len(q.Options)) - 1
	for _, r := range letters {
		if r < 'A' || r > last {
			return fail("no_option", "", "%q is not one of the options A-%c", string(r), last)
		}
	}
	sorted := slices.Sorted(slices.Values(letters))
	switch twice := len(slices.Compact(slices.Clone(sorted))) < len(letters); {
	case len(letters) == 0:
		return fail("no_letter", "", "%q names no option", q.Answer)
	case twice:
		return fail("letter_twice", "", "%q names an option twice", q.Answer)
	case q.Type == Single && len(letters) > 1:
		return fail("several", "use the type multiple", "%q names %d options, a question of type single has one right", q.Answer, len(letters))
	case q.Type == Order && len(letters) != len(q.Options):
		return fail("order", "", "%q must name each of the %d options once", q.Answer, len(q.Options))
	case q.Type == Multiple:
		letters = sorted
	}
	q.Answer = string(letters)
	return nil
}

// truths are the words for true and false in question banks.
var truths = map[string]string{
	"true": "true", "t": "true", "yes": "true", "y": "true", "对": "true", "对的": "true", "正确": "true", "是": "true", "√": "true", "✓": "true", "✔": "true",
	"false": "false", "f": "false", "no": "false", "n": "false", "错": "false", "错的": "false", "错误": "false", "不对": "false", "否": "false",
	"×": "false", "✗": "false", "✘": "false", "x": "false",
}

func truthOf(s string) (string, bool) {
	truth, ok := truths[strings.TrimRight(fold(s), "。.")]
	return truth, ok
}
