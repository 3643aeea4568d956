// Package content reads packs: folders of lessons (Markdown) and questions
// (YAML and the formats of question banks). Every fault is reported with file
// and line, all of them at once; a pack with a fault is not used. What is read
// never changes, so that it can be used without locks.
package content

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Pack is a folder of lessons and questions.
type Pack struct {
	ID        string // e.g. starter
	Title     string
	Version   string
	Language  string // e.g. zh-CN
	Licence   string
	Source    string
	Lessons   []*Lesson         // in the order of the file names
	Questions []*Question       // likewise, and within a file as they stand
	Editions  []Edition         // of the documents that items cite, the longest title first
	TagNames  map[string]string // what people call the tags, e.g. fire: 消防
	From      string            // what Open read it from: a shipped name, a folder, a .zip file

	pictures map[string]picture // by path within the pack
}

// TagName is what people call a tag of the pack.
func (p *Pack) TagName(tag string) string { return cmp.Or(p.TagNames[tag], tag) }

// Position is where something stands, for errors and for the author.
type Position struct {
	File  string
	Sheet string // of a workbook with several
	Line  int    // from 1; in a table the row
}

// Place is the line, or the sheet and the row, without the file.
func (p Position) Place() string {
	if p.Sheet != "" {
		return p.Sheet + "!" + strconv.Itoa(p.Line)
	}
	return strconv.Itoa(p.Line)
}

func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Media is a picture of the pack.
type Media struct {
	File string `yaml:"file" json:"file"` // within the pack, e.g. media/cpr.png
	Alt  string `yaml:"alt" json:"alt"`   // what it shows, for those who cannot see it
}

// Lesson is a short piece of study content.
type Lesson struct {
	Pack      string
	ID        string // unique in the pack
	Title     string
	Tags      []string
	Media     []Media
	Questions []string // ids in the same pack
	Source    string
	Checked   Checked
	Body      string // Markdown
	At        Position
}

// Ref is the lesson's full id, e.g. starter/safety-01.
func (l *Lesson) Ref() string { return l.Pack + "/" + l.ID }

// Type is the kind of a question.
type Type string

// The words are those of the packs; DESIGN.md section 11.
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

// lettered tells whether answers are letters of options.
func (t Type) lettered() bool { return t == Single || t == Multiple || t == Order }

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
	Media   []Media  `json:"media,omitempty"`
	Checked Checked  `json:"-"`
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

// Key is the right answer as it can be shown in any language: "B", "AC",
// "true", "12±0.5", or the texts of a blank parted by " / ".
func (q *Question) Key() string {
	if q.Type == Blank {
		return strings.Join(q.Accept, " / ")
	}
	return q.Answer
}

// WithKey is the question with another key, written as people write it: B, AC, 对, 12, or
// for a blank the texts that are right with / between them.
func (q Question) WithKey(key string) (Question, error) {
	q.Answer, q.Accept = strings.TrimSpace(key), nil
	if q.Type == Blank {
		for text := range strings.SplitSeq(key, "/") {
			q.Accept = append(q.Accept, strings.TrimSpace(text))
		}
	}
	for _, f := range check(&q) {
		if f.field == "answer" {
			return q, fmt.Errorf("answer: %s", f.problem)
		}
	}
	return q, nil
}

// Hash changes when anything in the question changes but its id, its place and when it
// was checked.
func (q *Question) Hash() string {
	return hash(q.Type, q.Ask, q.Options, q.Answer, q.Accept, q.Explain, q.Source, q.Tags, q.Media)
}

// nameAfterContent gives an id to a question that has none, e.g.
// aiken-1f2e3d4c5b: the same at every import, also after the answer or the
// explanation has been corrected. Ten digits let 20,000 questions differ.
func (q *Question) nameAfterContent(format string) {
	if q.ID == "" {
		q.ID = format + "-" + hash(q.Ask, q.Options)[:10]
	}
}

func hash(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // there are only texts in it
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
