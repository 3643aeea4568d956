package content

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Right tells whether an answer, in the form of command.Answer.Value, is right.
func (q *Question) Right(answer string) bool {
	switch q.Type {
	case Blank:
		given := loose(answer)
		return given != "" && slices.ContainsFunc(q.Accept, func(a string) bool { return loose(a) == given || fillsGaps(a, answer) })
	case Number:
		value, tolerance, ok := parseNumber(q.Answer)
		given, isNumber := parseDecimal(answer)
		if !ok || !isNumber {
			return false
		}
		return given.Sub(given, value).Abs(given).Cmp(tolerance) <= 0
	}
	return answer == q.Answer
}

// fillsGaps tells whether an answer has the texts of several gaps, which are kept as 绿；红, in
// their order, whatever stands between them.
func fillsGaps(right, answer string) bool {
	want := strings.Split(right, "；")
	given := strings.FieldsFunc(answer, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("；;、,，/|和", r) })
	if len(want) < 2 || len(given) != len(want) {
		return false
	}
	for i := range want {
		if loose(want[i]) != loose(given[i]) {
			return false
		}
	}
	return true
}

// within are the ways to type the sign between a number and its tolerance.
var within = strings.NewReplacer("+/-", "±", "+-", "±", " ", "")

// parseNumber reads "12" or "12±0.5".
func parseNumber(s string) (value, tolerance *big.Rat, ok bool) {
	whole, plusMinus, has := strings.Cut(within.Replace(norm.NFKC.String(s)), "±")
	if !has {
		plusMinus = "0"
	}
	value, ok = parseDecimal(whole)
	if !ok {
		return nil, nil, false
	}
	tolerance, ok = parseDecimal(plusMinus)
	return value, tolerance, ok && tolerance.Sign() >= 0
}

// decimal bounds the digits: big.Rat would take gigabytes for 1e999999999.
var decimal = regexp.MustCompile(`^[+-]?\d{1,20}(?:\.\d{1,20})?$`)

// parseDecimal is exact, so that 0.3 is within 0.1±0.2.
func parseDecimal(s string) (*big.Rat, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(norm.NFKC.String(s)), "−", "-")
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// loose is how texts for a gap are compared: half-width, regardless of case,
// without punctuation, quotes and brackets around them. Blanks count once
// between words and not at all beside a Chinese character.
func loose(s string) string {
	s = fold(s)
	if bare := strings.Trim(s, " .,!?;:。，、！？；：…~\"'“”‘’《》<>()【】[]"); bare != "" {
		s = bare
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		if r == ' ' && i > 0 && i+1 < len(runes) && (unicode.Is(unicode.Han, runes[i-1]) || unicode.Is(unicode.Han, runes[i+1])) {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fold makes texts comparable: half-width, without case, one blank at a time.
func fold(s string) string {
	s = norm.NFKC.String(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f && !unicode.Is(unicode.Han, r) && unicode.IsLetter(r) }) {
		return strings.Join(strings.Fields(strings.ToLower(s)), " ")
	}
	s = cases.Fold().String(s)
	return strings.Join(strings.Fields(norm.NFKC.String(s)), " ")
}
