package content

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

// yaml reads the pack's own format, in which id, explanation and source are
// duties.
func (l *loader) yaml(file string, data []byte) ([]*Question, error) {
	root, err := strict.Parse(file, data)
	if err != nil {
		return nil, err
	}
	if root.Kind != yaml.SequenceNode {
		return nil, &strict.Error{File: file, Line: root.Line, Problem: "expected a list of questions", Hint: `begin each with "- id: …"`}
	}
	var questions []*Question
	var errs []error
	for i, node := range root.Content {
		q, s := yamlQuestion(file, node, i)
		for j, m := range q.Media {
			s.add(below(fmt.Sprintf("media[%d]", j), l.picture(m)))
		}
		errs = append(errs, s.errs...)
		questions = append(questions, q)
	}
	return questions, errors.Join(errs...)
}

func yamlQuestion(file string, node *yaml.Node, index int) (*Question, *section) {
	var raw struct {
		ID      string    `yaml:"id"`
		Type    Type      `yaml:"type"`
		Ask     string    `yaml:"ask"`
		Options []string  `yaml:"options"`
		Answer  yaml.Node `yaml:"answer"`
		Explain string    `yaml:"explain"`
		Source  string    `yaml:"source"`
		Tags    []string  `yaml:"tags"`
		Media   []Media   `yaml:"media"`
		Checked Checked   `yaml:"checked"`
	}
	label := fmt.Sprintf("question %d: ", index+1)
	if id := strict.Child(node, "id"); id != node && id.Value != "" {
		label = fmt.Sprintf("question %q: ", id.Value)
	}
	s := readSection(file, node, label, &raw)
	q := &Question{ID: raw.ID, Type: raw.Type, Ask: strings.TrimSpace(raw.Ask), Options: raw.Options, Explain: strings.TrimSpace(raw.Explain),
		Source: strings.TrimSpace(raw.Source), Tags: raw.Tags, Media: raw.Media, Checked: raw.Checked, At: Position{File: file, Line: node.Line}}
	for i, o := range q.Options {
		q.Options[i] = strings.TrimSpace(o)
	}
	s.need("id", q.ID, "explain", q.Explain, "source", q.Source)
	s.add(checkChecked(q.Checked))
	answer := yamlAnswer(q, &raw.Answer)
	s.add(answer)
	if faults := check(q); len(answer) == 0 {
		s.add(faults)
	} else { // the answer is known to be wrong, and why
		s.add(slices.DeleteFunc(faults, func(f fault) bool { return f.field == "answer" }))
	}
	return q, s
}

// yamlAnswer reads the answer, which YAML takes for a text, a number, a truth
// value or a list.
func yamlAnswer(q *Question, n *yaml.Node) []fault {
	quote := func(n *yaml.Node) []fault {
		return []fault{{field: "answer", problem: fmt.Sprintf("%s is no text", n.Value), hint: fmt.Sprintf("write %q in quotes", n.Value)}}
	}
	switch {
	case n.Kind == 0 || n.Tag == "!!null":
	case q.Type == Blank && n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode || c.Tag != "!!str" {
				return quote(c)
			}
			q.Accept = append(q.Accept, strings.TrimSpace(c.Value))
		}
	case n.Kind != yaml.ScalarNode:
		return []fault{{field: "answer", problem: "expected a single value", hint: `write "answer: B", or "answer: AC" for several`}}
	case q.Type == Blank && n.Tag != "!!str":
		return quote(n)
	case q.Type == Blank:
		q.Accept = []string{strings.TrimSpace(n.Value)}
	case q.Type == TrueFalse && n.Value != "true" && n.Value != "false":
		return []fault{{field: "answer", problem: fmt.Sprintf("%q is neither true nor false", n.Value), hint: "write true or false"}}
	default:
		q.Answer = strings.TrimSpace(n.Value)
	}
	return nil
}
