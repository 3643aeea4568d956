package content

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"branchbot/content/strict"
)

// ParseGIFT reads the subset of Moodle's GIFT format (question/format/gift)
// that has a counterpart here: true/false, one or several right options, short
// answer (a blank), numbers. Matching, essays and descriptions are reported.
// A name ::org-001:: is the id where it can be one, $CATEGORY: gives the tag.
// Signs that an input method made full-width count like the half-width ones.
// Good questions are returned even when others are bad.
func ParseGIFT(file, text string) ([]*Question, error) {
	if err := strict.CheckText(file, []byte(text)); err != nil {
		return nil, err
	}
	b := readGIFT(file, text)
	return b.Questions, b.err()
}

// readGIFT reads a file in the GIFT format.
func readGIFT(file, text string) *Bank {
	text = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\r", "\n")
	bank := newBank(file, "gift")
	for _, b := range giftBlocks(text) {
		q := &Question{At: Position{File: file, Line: b.line}}
		if b.tag != "" {
			q.Tags = []string{b.tag}
		}
		faults := giftQuestion(q, giftScan(b.text))
		bank.add(q, faults, b.text, func(string) int { return b.line })
	}
	return bank
}

// giftBlock is the text of a question, with the tag of its category.
type giftBlock struct {
	text string
	line int
	tag  string
}

// giftBlocks parts the text at empty lines and drops comments.
func giftBlocks(text string) []giftBlock {
	var blocks []giftBlock
	var lines []string
	tag, start := "", 0
	flush := func() {
		if len(lines) > 0 {
			blocks = append(blocks, giftBlock{strings.Join(lines, "\n"), start, tag})
			lines = nil
		}
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		category, isCategory := strings.CutPrefix(strings.Replace(line, "：", ":", 1), "$CATEGORY:")
		switch {
		case line == "":
			flush()
		case strings.HasPrefix(line, "//"):
		case isCategory:
			flush()
			tag = shortTag(category[strings.LastIndexAny(category, "/／")+1:])
		default:
			if len(lines) == 0 {
				start = i + 1
			}
			lines = append(lines, line)
		}
	}
	flush()
	return blocks
}

// giftText is a text whose signs are told from escaped ones (\=): sign holds
// the half-width sign, or 0 for what is only text.
type giftText []struct{ char, sign rune }

// giftWide are the signs as an input method writes them.
var giftWide = map[rune]rune{'｛': '{', '｝': '}', '＝': '=', '～': '~', '＃': '#', '：': ':', '％': '%'}

func giftScan(s string) giftText {
	var t giftText
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		if r == '\\' && i+1 < len(runes) && strings.ContainsRune(`~=#{}:\n`, runes[i+1]) {
			i++
			if r = runes[i]; r == 'n' {
				r = '\n'
			}
			t = append(t, struct{ char, sign rune }{r, 0})
			continue
		}
		sign := r
		if wide, ok := giftWide[r]; ok {
			sign = wide
			// Within a text, full-width = and ~ are just that: 甲＝乙, 8～10.
			if (wide == '=' || wide == '~') && i > 0 && !strings.ContainsRune(" \t\n\u3000{｛", runes[i-1]) {
				sign = 0
			}
		}
		t = append(t, struct{ char, sign rune }{r, sign})
	}
	return t
}

func (t giftText) String() string {
	var b strings.Builder
	for _, c := range t {
		b.WriteRune(c.char)
	}
	return strings.TrimSpace(b.String())
}

// index finds signs that stand together, such as "::"; -1 if there are none.
func (t giftText) index(signs string) int {
	for i := range t {
		if t.begins(i, signs) {
			return i
		}
	}
	return -1
}

func (t giftText) begins(at int, signs string) bool {
	for _, s := range signs {
		if at >= len(t) || t[at].sign != s {
			return false
		}
		at++
	}
	return true
}

// cut parts a text at signs; without them, all of it stands before.
func (t giftText) cut(signs string) (before, after giftText, found bool) {
	if i := t.index(signs); i >= 0 {
		return t[:i], t[i+len(signs):], true
	}
	return t, nil, false
}

func (t giftText) trim() giftText {
	for len(t) > 0 && strings.ContainsRune(" \t\n\u3000", t[0].char) {
		t = t[1:]
	}
	return t
}

var (
	giftFormat = regexp.MustCompile(`^\[(html|plain|markdown|moodle)\]`)
	giftHTML   = regexp.MustCompile(`<[^>]*>`)
	giftTag    = regexp.MustCompile(`(?i)</?(?:p|br|b|i|u|em|strong|span|div|font|sub|sup|ul|ol|li)\b[^>]*>|&(?:nbsp|lt|gt|amp|quot|#\d+);`)
)

func giftQuestion(q *Question, t giftText) []fault {
	if t.begins(0, "::") {
		if name, rest, ok := t[2:].cut("::"); ok {
			if id := strings.ToLower(name.String()); idPattern.MatchString(id) {
				q.ID = id
			}
			t = rest.trim()
		}
	}
	stem, rest, opened := t.cut("{")
	body, tail, closed := rest.cut("}")
	q.Ask = stem.String()
	switch after := tail.String(); {
	case after == "":
	case len([]rune(after)) == 1 && strings.ContainsAny(after, "。.？?！!，,；;"): // a sign alone is no text behind a gap
		q.Ask += "____" + after
	default:
		q.Ask += " ____ " + after
	}
	if m := giftFormat.FindStringSubmatch(q.Ask); m != nil {
		q.Ask = strings.TrimSpace(q.Ask[len(m[0]):])
	}
	if giftTag.MatchString(q.Ask) {
		q.Ask = plainHTML(q.Ask)
	}
	switch {
	case !opened:
		return []fault{wrong("", "gift_no_answers", "there are no answers in { }", "a description is no question; put an empty line between questions")}
	case !closed:
		return []fault{wrong("", "gift_open", "the { of the answers is not closed", "write } behind them, with no empty line within")}
	case tail.index("{") >= 0 || tail.index("}") >= 0 || body.index("{") >= 0:
		return []fault{wrong("", "gift_second", "there is a second { or }", `write \{ and \} within a text`)}
	}
	if before, general, ok := body.cut("####"); ok {
		body, q.Explain = before, general.String()
	}
	return giftAnswers(q, body.trim())
}

func giftAnswers(q *Question, body giftText) []fault {
	key, feedback, _ := body.cut("#")
	switch strings.ToUpper(key.String()) {
	case "T", "TRUE", "F", "FALSE", "对", "错", "正确", "错误", "√", "×":
		q.Type, q.Answer = TrueFalse, key.String()
		_, right, _ := feedback.cut("#") // the first feedback is for wrong answers
		giftExplain(q, right)
		return nil
	case "":
		if body.begins(0, "#") {
			return giftNumber(q, feedback.trim())
		}
		return []fault{wrong("", "essay", "essay questions are not supported", "give it answers in { }")}
	}
	choices, faults := giftChoices(body)
	if len(faults) > 0 {
		return faults
	}
	return giftChoose(q, choices)
}

// giftExplain keeps feedback for the right answer if there is no other.
func giftExplain(q *Question, feedback giftText) {
	if q.Explain == "" {
		q.Explain = feedback.String()
	}
}

// giftChoice is one of the answers in { }.
type giftChoice struct {
	text     giftText
	feedback giftText
	equals   bool   // marked = and not ~
	weight   string // 50 of %50%; "" without one
}

// full tells whether the choice alone is right. An answer worth a part of the
// points is not right: we have no parts.
func (c giftChoice) full() bool {
	return c.weight == "100" || c.weight == "" && c.equals
}

func (c giftChoice) positive() bool {
	return c.full() || c.weight != "" && c.weight[0] != '-' && strings.Trim(c.weight, "0.") != ""
}

// weighed cuts the weight off a text: %50%. Other texts may begin with % too.
func (c giftChoice) weighed() (weight, rest giftText, ok bool) {
	if !c.text.begins(0, "%") {
		return nil, nil, false
	}
	weight, rest, ok = c.text[1:].cut("%")
	text := weight.String()
	return weight, rest, ok && text != "" && strings.Trim(text, "0123456789.-") == ""
}

// plain takes [html] and tags off an answer.
func (t giftText) plain() giftText {
	s := t.String()
	was := s
	if m := giftFormat.FindStringSubmatch(s); m != nil {
		s = strings.TrimSpace(s[len(m[0]):])
	}
	if giftTag.MatchString(s) {
		s = plainHTML(s)
	}
	if s == was {
		return t
	}
	var out giftText
	for _, r := range s {
		out = append(out, struct{ char, sign rune }{r, 0})
	}
	return out
}

var giftWeight = regexp.MustCompile(`^-?\d{1,3}(?:\.\d{1,9})?$`)

func giftChoices(body giftText) ([]giftChoice, []fault) {
	var choices []giftChoice
	for body = body.trim(); len(body) > 0; {
		if !body.begins(0, "=") && !body.begins(0, "~") {
			text := body[:min(len(body), 20)].String()
			return nil, []fault{wrong("", "gift_sign", fmt.Sprintf("%q stands where = or ~ must begin an answer", text), "", "Value", text)}
		}
		c := giftChoice{equals: body[0].sign == '='}
		end := 1
		if !c.equals && len(body) > 1 && body[1].sign == '=' { // ~= as many authors mark the right one
			c.equals, end = true, 2
		}
		begin := end
		for end < len(body) && body[end].sign != '=' && body[end].sign != '~' {
			end++
		}
		c.text, c.feedback, _ = body[begin:end].trim().cut("#")
		if weight, rest, ok := c.weighed(); ok {
			if c.weight = weight.String(); !giftWeight.MatchString(c.weight) {
				return nil, []fault{wrong("", "gift_weight", fmt.Sprintf("the weight in %q is none", c.text.String()), "write %50% or %-50%", "Value", c.text.String())}
			}
			c.text = rest
		}
		c.text = c.text.plain()
		choices, body = append(choices, c), body[end:]
	}
	return choices, nil
}

// giftChoose makes options, or the texts of a blank, of the answers.
func giftChoose(q *Question, choices []giftChoice) []fault {
	full, positive, equals, arrows := 0, 0, 0, 0
	for _, c := range choices {
		full += count(c.full())
		positive += count(c.positive())
		equals += count(c.equals)
		text := c.text.String()
		arrows += count(strings.Contains(text, "->") || strings.Contains(text, "→") || strings.Contains(text, "—>"))
	}
	switch {
	case arrows == len(choices) && equals == len(choices):
		return []fault{wrong("", "matching", "matching questions are not supported", "ask with the type order or multiple instead")}
	case equals == len(choices):
		q.Type = Blank
	case full == 1:
		q.Type = Single
	case positive > 0:
		q.Type = Multiple
	default:
		return []fault{wrong("", "gift_none_right", "no answer is right", "mark it with = instead of ~")}
	}
	for i, c := range choices {
		right := c.full() || q.Type == Multiple && c.positive()
		if right {
			giftExplain(q, c.feedback)
			q.Answer += string(rune('A' + i))
		}
		switch {
		case q.Type != Blank:
			q.Options = append(q.Options, c.text.String())
		case right:
			q.Accept = append(q.Accept, c.text.String())
		}
	}
	return nil
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// giftNumber reads 12, 12:0.5, 11..13, and =12:0.5 among others of less weight.
func giftNumber(q *Question, t giftText) []fault {
	q.Type = Number
	number, feedback, _ := t.cut("#")
	if t.begins(0, "=") || t.begins(0, "~") {
		choices, faults := giftChoices(t)
		if len(faults) > 0 {
			return faults
		}
		choices = slices.DeleteFunc(choices, func(c giftChoice) bool { return !c.full() })
		if len(choices) != 1 {
			return []fault{wrong("answer", "gift_numbers", fmt.Sprintf("%d numbers are right, one is possible", len(choices)), "write a range such as {#10..12}", "N", len(choices))}
		}
		number, feedback = choices[0].text, choices[0].feedback
	}
	giftExplain(q, feedback)
	text := strings.ReplaceAll(number.String(), "：", ":")
	if low, high, ok := strings.Cut(text, ".."); ok {
		return giftRange(q, low, high)
	}
	q.Answer = strings.Replace(text, ":", "±", 1)
	return nil
}

func giftRange(q *Question, low, high string) []fault {
	a, ok := parseDecimal(low)
	b, ok2 := parseDecimal(high)
	if !ok || !ok2 || a.Cmp(b) > 0 {
		return []fault{wrong("answer", "gift_range", fmt.Sprintf("%q is no range of numbers", low+".."+high), "write {#10..12}", "Value", low+".."+high)}
	}
	half := big.NewRat(1, 2)
	middle, radius := new(big.Rat).Add(a, b), new(big.Rat).Sub(b, a)
	q.Answer = shortest(middle.Mul(middle, half)) + "±" + shortest(radius.Mul(radius, half))
	return nil
}

// shortest writes a decimal without zeros that say nothing.
func shortest(r *big.Rat) string {
	s := strings.TrimRight(r.FloatString(20), "0")
	return strings.TrimSuffix(s, ".")
}
