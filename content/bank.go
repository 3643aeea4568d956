package content

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"branchbot/content/strict"
)

// What the formats of question banks (Aiken, GIFT, tables) have in common:
// words for types, types that are left out, errors that name the question by
// how it begins.

// typeNames are the Chinese words, without 题 and 选择.
var typeNames = map[string]Type{
	"单": Single, "单选": Single, "单项": Single, "多": Multiple, "多选": Multiple, "多项": Multiple, "不定项": Multiple,
	"判断": TrueFalse, "是非": TrueFalse, "填空": Blank, "数字": Number, "数值": Number, "排序": Order,
	"true/false": TrueFalse, "true-false": TrueFalse,
}

// typeOf reads 单选题, 多项选择题, 判断, single … . Another word stays as it is,
// for check to complain of.
func typeOf(s string) Type {
	s = strings.ToLower(strings.TrimSpace(norm.NFKC.String(s)))
	if t, ok := typeNames[strings.TrimSuffix(strings.TrimSuffix(s, "题"), "选择")]; ok {
		return t
	}
	return Type(s)
}

// complete finds out the type where none is given, and spreads the answer to
// where the type wants it.
func complete(q *Question) {
	if q.Type == "" {
		q.Type = guess(q)
	}
	switch {
	case q.Type == Blank:
		q.Accept = splitList(q.Answer)
	case q.Type == TrueFalse && len(q.Options) == 2:
		// Tables write "A. 对  B. 错" and the answer A.
		first, ok := truthOf(q.Options[0])
		second, ok2 := truthOf(q.Options[1])
		if ok && ok2 && first != second {
			switch lettersOf(q.Answer) {
			case "A":
				q.Answer = first
			case "B":
				q.Answer = second
			}
			q.Options = nil
		}
	}
}

// guess returns "" where only the author can tell.
func guess(q *Question) Type {
	_, truth := truthOf(q.Answer)
	_, _, number := parseNumber(q.Answer)
	switch {
	case len(q.Options) > 0 && len([]rune(lettersOf(q.Answer))) > 1:
		return Multiple
	case len(q.Options) > 0:
		return Single
	case q.Answer == "":
		return ""
	case truth:
		return TrueFalse
	case number && strings.Contains(q.Answer, "±"):
		return Number
	}
	return Blank
}

// splitList parts what people put into one cell or line.
func splitList(s string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("|｜;；\n", r) }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// tagged makes a text into a tag: "$course$/安全 生产" is 安全-生产.
func tagged(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	return strings.Trim(notTag.ReplaceAllString(s, "-"), "-._")
}

var notTag = regexp.MustCompile(`[^\p{Ll}\p{Lo}\p{N}._-]+`)

// label is how errors call a question.
func label(q *Question) string {
	name := q.ID
	if name == "" {
		if name = q.Ask; len([]rune(name)) > 20 {
			name = string([]rune(name)[:20]) + "…"
		}
	}
	return "question " + strconv.Quote(name)
}

// bankErrors puts faults into words; line tells where a field stands.
func bankErrors(file string, q *Question, faults []fault, line func(field string) int) []error {
	var errs []error
	for _, f := range faults {
		path := label(q)
		if f.field != "" {
			path = fmt.Sprintf("%s: %s", path, f.field)
		}
		errs = append(errs, &strict.Error{File: file, Line: line(f.field), Path: path, Problem: f.problem, Hint: f.hint})
	}
	return errs
}
