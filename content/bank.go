package content

import (
	"errors"
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

// Bank is what a file of questions holds, question by question.
type Bank struct {
	Questions []*Question
	Skipped   []Left // what a quiz cannot use: essays; what stands there twice
	Bad       []Left // what is meant as a question and cannot be asked
	Notes     []Reason
	Pictures  map[string][]byte // of the questions' Media, by their file

	file   string
	format string // begins the ids that are made
	seen   map[string]*Question
	asides int

	columns, cells []string // of the row that is being read
	errs           []error
}

// Left is a question that is not taken.
type Left struct {
	At      Position
	Reasons []Reason
	Text    string   // as it stands in the file
	Columns []string // of a table: its headings
	Cells   []string // and what stands below them
}

func newBank(file, format string) *Bank {
	return &Bank{file: file, format: format, seen: map[string]*Question{}}
}

// add checks a question and takes it, unless it stands there already. line tells where a
// field stands.
func (b *Bank) add(q *Question, faults []fault, text string, line func(field string) int) {
	if len(faults) == 0 {
		complete(q)
		faults = check(q)
	}
	if len(faults) > 0 {
		left := b.left(q, text)
		for _, f := range faults {
			left.Reasons = append(left.Reasons, f.reason)
		}
		b.Bad = append(b.Bad, left)
		b.errs = append(b.errs, bankErrors(b.file, q, faults, line)...)
		return
	}
	q.nameAfterContent(b.format)
	same := fold(q.Ask) + "\x00" + fold(strings.Join(q.Options, "\x00"))
	switch first := b.seen[same]; {
	case first == nil:
		b.seen[same] = q
		b.Questions = append(b.Questions, q)
	case first.Key() == q.Key():
		b.skip(q, Reason{"duplicate", []any{"Place", first.At.Place()}}, text)
	default:
		f := wrong("answer", "other_answer", "the same question stands at "+first.At.String()+" with another answer", "keep the right one", "Place", first.At.Place(), "Value", first.Key())
		b.Bad = append(b.Bad, b.left(q, text, f.reason))
		b.errs = append(b.errs, bankErrors(b.file, q, []fault{f}, line)...)
	}
}

// left is what is said of a question that is not taken.
func (b *Bank) left(q *Question, text string, why ...Reason) Left {
	return Left{At: q.At, Reasons: why, Text: text, Columns: b.columns, Cells: b.cells}
}

// skip leaves a question out that a quiz cannot use.
func (b *Bank) skip(q *Question, why Reason, text string) {
	b.Skipped = append(b.Skipped, b.left(q, text, why))
	problem, hint := "essay questions are not supported", "leave it out"
	if why.Key == "duplicate" {
		problem, hint = "the same question stands there already", "remove one"
	}
	b.errs = append(b.errs, bankErrors(b.file, q, []fault{{problem: problem, hint: hint}}, func(string) int { return q.At.Line })...)
}

// maxAsides is how many lines that belong to no question are named.
const maxAsides = 20

// aside notes a line that belongs to no question.
func (b *Bank) aside(at Position, text string) {
	if b.asides++; b.asides > maxAsides {
		return
	}
	r := []rune(text)
	b.Notes = append(b.Notes, Reason{"aside", []any{"Place", at.Place(), "Text", string(r[:min(len(r), 40)])}})
}

// err joins what keeps the bank from being one of a pack, in which nothing is wrong.
func (b *Bank) err() error {
	if len(b.Questions) == 0 && len(b.errs) == 0 {
		return &strict.Error{File: b.file, Problem: "there is no question"}
	}
	return errors.Join(b.errs...)
}

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
	case q.Type == Blank && len(q.Accept) == 0:
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
