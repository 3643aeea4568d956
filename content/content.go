// Package content reads packs: folders of lessons (Markdown) and questions
// (YAML and the formats of question banks). Every fault is reported with file
// and line, all of them at once; a pack with a fault is not used.
package content

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Pack is a folder of lessons and questions.
type Pack struct {
	ID        string `yaml:"id"`
	Title     string `yaml:"title"`
	Version   string `yaml:"version"`
	Language  string `yaml:"language"`
	Licence   string `yaml:"licence"`
	Source    string `yaml:"source"`
	Lessons   []*Lesson
	Questions []*Question

	media map[string][]byte // by path within the pack
}

// Position is where something stands, for errors and for the author.
type Position struct {
	File string
	Line int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Media is a picture of the pack.
type Media struct {
	File string `yaml:"file" json:"file"` // within the pack
	Alt  string `yaml:"alt" json:"alt"`
}

// Lesson is a short piece of study content.
type Lesson struct {
	Pack      string
	ID        string // unique in the pack
	Title     string
	Tags      []string
	Media     []Media
	Questions []string
	Source    string
	Body      string // Markdown
	At        Position
}

// Ref is the lesson's full id, e.g. starter/safety-01.
func (l *Lesson) Ref() string { return l.Pack + "/" + l.ID }

// Type is the kind of a question.
type Type string

const (
	Single    Type = "single"
	Multiple  Type = "multiple"
	TrueFalse Type = "truefalse"
	Blank     Type = "blank"
	Number    Type = "number"
	Order     Type = "order"
)

// Types are all of them.
var Types = []Type{Single, Multiple, TrueFalse, Blank, Number, Order}

// Question is a question with its key.
type Question struct {
	Pack    string   `json:"pack"`
	ID      string   `json:"id"` // unique in the pack, stays for ever
	Type    Type     `json:"type"`
	Ask     string   `json:"ask"`
	Options []string `json:"options,omitempty"`
	// Answer is "B", "AC" (sorted), "true"/"false", "BADC", "12" or "12±0.5";
	// for a blank it is the first of Accept.
	Answer  string   `json:"answer"`
	Accept  []string `json:"accept,omitempty"` // blank: the texts that are right
	Explain string   `json:"explain,omitempty"`
	Source  string   `json:"source,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	At      Position `json:"-"`
}

// Ref is the question's full id, e.g. starter/org-001; "" for one that was
// composed in a chat.
func (q *Question) Ref() string {
	if q.Pack == "" {
		return ""
	}
	return q.Pack + "/" + q.ID
}

// Hash is the same for questions that say the same.
func (q *Question) Hash() string {
	text, err := json.Marshal([]any{q.Type, q.Ask, q.Options, q.Answer, q.Accept})
	if err != nil {
		panic(err) // strings only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Right tells whether an answer, in the form of command.Answer.Value, is right.
func (q *Question) Right(answer string) bool {
	switch q.Type {
	case Blank:
		return slices.ContainsFunc(q.Accept, func(a string) bool { return loose(a) == loose(answer) })
	case Number:
		value, tolerance, ok := parseNumber(q.Answer)
		got, ok2 := new(big.Rat).SetString(answer)
		if !ok || !ok2 {
			return false
		}
		diff := got.Sub(got, value)
		return diff.Abs(diff).Cmp(tolerance) <= 0
	}
	return answer == q.Answer
}

// parseNumber reads "12" or "12±0.5".
func parseNumber(s string) (value, tolerance *big.Rat, ok bool) {
	whole, within, has := strings.Cut(s, "±")
	if !has {
		within = "0"
	}
	if len(s) > 40 || strings.ContainsAny(s, "/eE") {
		return nil, nil, false
	}
	value, ok = new(big.Rat).SetString(strings.TrimSpace(whole))
	if !ok {
		return nil, nil, false
	}
	tolerance, ok = new(big.Rat).SetString(strings.TrimSpace(within))
	return value, tolerance, ok && tolerance.Sign() >= 0
}

// loose is how texts for a gap are compared: half-width, lower case, without
// spaces and punctuation at the ends.
func loose(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	s = strings.Trim(s, " 。.,，、!！?？;；:：\"'“”‘’《》()（）")
	return strings.Join(strings.Fields(s), "")
}
