package content

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

// section is a block of YAML keys being checked. It turns faults of fields into
// errors with lines, and keeps quiet about fields that could not even be
// decoded, so that one slip gives one error.
type section struct {
	file   string
	path   string // before the fields in errors, e.g. `question "org-001": `
	node   *yaml.Node
	broken map[string]bool // keys with errors of decoding
	errs   []error
}

// readSection decodes a block of keys into a struct.
func readSection(file string, node *yaml.Node, path string, into any) *section {
	s := &section{file: file, path: path, node: node, broken: map[string]bool{}}
	for _, err := range strict.List(strict.Decode(file, node, path, into)) {
		s.errs = append(s.errs, err)
		var e *strict.Error
		if errors.As(err, &e) {
			s.broken[topKey(strings.TrimPrefix(e.Path, path))] = true
		}
	}
	return s
}

// topKey is the media of media[0].alt.
func topKey(field string) string {
	if i := strings.IndexAny(field, ".["); i >= 0 {
		return field[:i]
	}
	return field
}

func (s *section) fail(field, hint, format string, args ...any) {
	s.add([]fault{{field: field, problem: fmt.Sprintf(format, args...), hint: hint}})
}

// add reports faults. An answer cannot be judged without type and options.
func (s *section) add(faults []fault) {
	for _, f := range faults {
		key := topKey(f.field)
		if s.node.Kind != yaml.MappingNode || s.broken[key] ||
			key == "answer" && (s.broken["type"] || s.broken["options"]) || key == "options" && s.broken["type"] {
			continue
		}
		s.errs = append(s.errs, &strict.Error{File: s.file, Line: s.line(f.field),
			Path: strings.TrimSuffix(s.path+f.field, ": "), Problem: f.problem, Hint: f.hint})
	}
}

// need reports fields without text. fields are names and values in turn.
func (s *section) need(fields ...string) {
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] == "" {
			s.fail(fields[i], "", "missing")
		}
	}
}

// line is where a field such as media[0].alt stands: its list item if it has
// one, or else its key's value, or else the block.
func (s *section) line(field string) int {
	n := strict.Child(s.node, topKey(field))
	_, rest, _ := strings.Cut(field, "[")
	index, _, _ := strings.Cut(rest, "]")
	if i, err := strconv.Atoi(index); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
		n = n.Content[i]
	}
	return n.Line
}
