package content

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

// Edition is a document that items cite, in one of its editions. A pack lists them in
// editions.yaml.
type Edition struct {
	Title      string `yaml:"title"`       // by which it is found in the source of an item
	Edition    string `yaml:"edition"`     // e.g. 2021年修正; "" = not known
	ReplacedBy string `yaml:"replaced_by"` // the edition that holds instead; "" while it is in force
	Since      string `yaml:"since"`       // the day from which that one holds, 2006-01-02
}

// Checked is when an item was last compared with a source, and with which.
type Checked struct {
	On      string `yaml:"on" json:"on"` // 2006-01-02; "" = never
	Against string `yaml:"against" json:"against"`
}

// checkedFor is how long a check is worth something: laws and standards change.
const checkedFor = 365 * 24 * time.Hour

// Review is how an item stands to what it teaches from.
type Review struct {
	Ref      string
	Editions []Edition // that its source cites
	Checked  Checked
	Stale    bool // it was checked, but more than a year ago
}

// Replaced is the edition that an item still follows though another one holds; nil when
// there is none.
func (r Review) Replaced() *Edition {
	for i := range r.Editions {
		if r.Editions[i].ReplacedBy != "" {
			return &r.Editions[i]
		}
	}
	return nil
}

// ReviewLesson looks at a lesson.
func (l *Library) ReviewLesson(x *Lesson, now time.Time) Review {
	return l.review(x.Pack, x.Ref(), x.Source, x.Checked, now)
}

// ReviewQuestion looks at a question.
func (l *Library) ReviewQuestion(x *Question, now time.Time) Review {
	return l.review(x.Pack, x.Ref(), x.Source, x.Checked, now)
}

func (l *Library) review(pack, ref, source string, c Checked, now time.Time) Review {
	r := Review{Ref: ref, Checked: c}
	if on, err := time.Parse(time.DateOnly, c.On); err == nil {
		r.Stale = now.Sub(on) > checkedFor
	}
	if i := slices.IndexFunc(l.packs, func(p *Pack) bool { return p.ID == pack }); i >= 0 {
		r.Editions = l.packs[i].cited(source)
	}
	return r
}

// Reviews are those of all lessons and questions, in the order of the packs.
func (l *Library) Reviews(now time.Time) []Review {
	var all []Review
	for _, p := range l.packs {
		for _, x := range p.Lessons {
			all = append(all, l.ReviewLesson(x, now))
		}
		for _, x := range p.Questions {
			all = append(all, l.ReviewQuestion(x, now))
		}
	}
	return all
}

// cited are the editions that a source names. Of two titles one of which holds the other,
// as 《细则》（2014年） does 《细则》, the longer counts where it stands.
func (p *Pack) cited(source string) []Edition {
	var found []Edition
	for _, e := range p.Editions { // the longest title first
		if strings.Contains(source, e.Title) {
			found = append(found, e)
			source = strings.ReplaceAll(source, e.Title, "\x00")
		}
	}
	return found
}

const editionsFile = "editions.yaml"

// editions reads the pack's list of documents, which may be missing.
func (l *loader) editions() {
	if _, err := fs.Stat(l.fsys, editionsFile); errors.Is(err, fs.ErrNotExist) {
		return
	}
	data, ok := l.read(editionsFile)
	if !ok {
		return
	}
	file := l.file(editionsFile)
	root, err := strict.Parse(file, data)
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	if root.Kind != yaml.SequenceNode {
		l.errs = append(l.errs, &strict.Error{File: file, Line: root.Line, Problem: "expected a list of documents", Hint: `begin each with "- title: …"`})
		return
	}
	seen := map[string]Position{}
	for i, node := range root.Content {
		var e Edition
		s := readSection(file, node, fmt.Sprintf("document %d: ", i+1), &e)
		s.need("title", e.Title)
		for _, f := range [][2]string{{"title", e.Title}, {"edition", e.Edition}, {"replaced_by", e.ReplacedBy}} {
			s.add(checkText(f[0], f[1], maxAsk, false))
		}
		s.add(checkDay("since", e.Since))
		l.errs = append(l.errs, s.errs...)
		l.unique(seen, "title", e.Title, Position{File: file, Line: node.Line})
		l.pack.Editions = append(l.pack.Editions, e)
	}
	slices.SortStableFunc(l.pack.Editions, func(a, b Edition) int { return len(b.Title) - len(a.Title) })
}

// checkChecked tells what is wrong with the note of a check.
func checkChecked(c Checked) []fault {
	faults := checkDay("checked", c.On)
	faults = append(faults, checkText("checked", c.Against, maxAsk, false)...)
	if (c.On == "") != (c.Against == "") {
		faults = append(faults, fault{field: "checked", problem: "tells only a part", hint: "write both, on: the day, and against: the source it was compared with"})
	}
	return faults
}

func checkDay(field, day string) []fault {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return []fault{{field: field, problem: fmt.Sprintf("%q is no day", day), hint: "write it as 2026-11-30"}}
	}
	return nil
}
