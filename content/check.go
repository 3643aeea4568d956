package content

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxAsk bounds question and options, so that a post fits a message everywhere.
const (
	maxAsk     = 500
	maxOption  = 200
	maxOptions = 10
)

// Check tells what is wrong with a question and brings its answer into the
// canonical form.
func Check(q *Question) error {
	if !slices.Contains(Types, q.Type) {
		return fmt.Errorf("type: %q is none of single, multiple, truefalse, blank, number, order", q.Type)
	}
	if len([]rune(q.Ask)) > maxAsk {
		return fmt.Errorf("ask: longer than %d characters", maxAsk)
	}
	if err := checkOptions(q); err != nil {
		return err
	}
	switch q.Type {
	case TrueFalse:
		switch strings.ToLower(strings.TrimSpace(q.Answer)) {
		case "true", "对", "√", "正确", "t", "是":
			q.Answer = "true"
		case "false", "错", "×", "错误", "f", "x", "否":
			q.Answer = "false"
		default:
			return fmt.Errorf("answer: %q: write true or false", q.Answer)
		}
	case Blank:
		q.Accept = slices.DeleteFunc(q.Accept, func(s string) bool { return loose(s) == "" })
		if len(q.Accept) == 0 {
			return errors.New("answer: list the texts that are right")
		}
		q.Answer = q.Accept[0]
	case Number:
		if _, _, ok := parseNumber(q.Answer); !ok {
			return fmt.Errorf("answer: %q: write a number, or one with a tolerance such as 12±0.5", q.Answer)
		}
	default:
		return checkLetters(q)
	}
	return nil
}

func checkOptions(q *Question) error {
	switch q.Type {
	case TrueFalse, Blank, Number:
		if len(q.Options) > 0 {
			return fmt.Errorf("options: a question of type %s has none", q.Type)
		}
		return nil
	}
	if n := len(q.Options); n < 2 || n > maxOptions {
		return fmt.Errorf("options: %d given, 2 to %d are possible", n, maxOptions)
	}
	for i, o := range q.Options {
		switch {
		case strings.TrimSpace(o) == "":
			return fmt.Errorf("options: %c is empty", 'A'+i)
		case len([]rune(o)) > maxOption:
			return fmt.Errorf("options: %c is longer than %d characters", 'A'+i, maxOption)
		case firstHidden(o) != 0:
			return fmt.Errorf("options: %c holds the invisible character %U; remove it", 'A'+i, firstHidden(o))
		}
		if j := slices.IndexFunc(q.Options[:i], func(p string) bool { return loose(p) == loose(o) }); j >= 0 {
			return fmt.Errorf("options: %c and %c are the same", 'A'+j, 'A'+i)
		}
	}
	return nil
}

func checkLetters(q *Question) error {
	answer := []byte(strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,，、;；", r) {
			return -1
		}
		return r
	}, q.Answer)))
	last := byte('A' + len(q.Options) - 1)
	for _, c := range answer {
		if c < 'A' || c > last {
			return fmt.Errorf("answer: %q is not one of the options A-%c", q.Answer, last)
		}
	}
	sorted := slices.Sorted(slices.Values(answer))
	if len(slices.Compact(slices.Clone(sorted))) != len(answer) {
		return fmt.Errorf("answer: %q names an option twice", q.Answer)
	}
	switch {
	case len(answer) == 0:
		return errors.New("answer is missing")
	case q.Type == Single && len(answer) != 1:
		return fmt.Errorf("answer: %q: a question of type single has one; use type multiple", q.Answer)
	case q.Type == Order && len(answer) != len(q.Options):
		return fmt.Errorf("answer: %q must name each of the %d options once", q.Answer, len(q.Options))
	case q.Type == Multiple:
		answer = sorted
	}
	q.Answer = string(answer)
	return nil
}
