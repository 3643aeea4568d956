// Package strict reads YAML that people write by hand: unknown keys, wrong
// types and duplicates are errors with file, line, path and a hint, and all of
// them are reported at once. It goes in two steps: Parse sees that a file is
// one harmless document, Decode that it says what a struct expects.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Error is one fault of a file. It reads `file:line: path: problem (hint)`.
type Error struct {
	File    string
	Line    int    // from 1; 0 = the file as a whole
	Path    string // e.g. schedules[2].cron
	Problem string
	Found   string // what stands there instead, e.g. the number 12
	Hint    string // the way out, e.g. did you mean "units"?

	// Node is the value that Found, Hint or, of a type that reads itself, Problem
	// tells of; nil when they tell nothing of a value.
	Node *yaml.Node
}

func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += ":" + strconv.Itoa(e.Line)
	}
	if e.Path != "" {
		s += ": " + e.Path
	}
	s += ": " + e.Problem
	if e.Found != "" {
		s += ", found " + e.Found
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// At makes the error of a node; a nil node stands for the file as a whole.
func At(file string, node *yaml.Node, path, format string, args ...any) error {
	return at(file, node, path, "", format, args...)
}

func at(file string, node *yaml.Node, path, hint, format string, args ...any) *Error {
	e := &Error{File: file, Path: path, Problem: fmt.Sprintf(format, args...), Hint: hint}
	if node != nil {
		e.Line = node.Line
	}
	return e
}

// List takes an error apart into the single faults that were joined, however
// deep. It returns nil for nil.
func List(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, List(e)...)
	}
	return list
}

const (
	maxSize   = 10 << 20
	maxDepth  = 50
	maxFaults = 200 // of a step; a file of the wrong kind would have millions
)

// faults are those of one file, in the order in which they stand there.
type faults struct {
	file string
	errs []error
	more int // that are not listed
}

func (f *faults) fail(n *yaml.Node, path, hint, format string, args ...any) {
	f.add(at(f.file, n, strings.TrimSuffix(path, ": "), hint, format, args...))
}

func (f *faults) add(e *Error) {
	if len(f.errs) == maxFaults {
		f.more++
		return
	}
	f.errs = append(f.errs, e)
}

func (f *faults) join() error {
	if f.more > 0 {
		f.errs = append(f.errs, at(f.file, nil, "", "mend those above first", "there are %d more faults", f.more))
	}
	return errors.Join(f.errs...)
}

// Parse reads one YAML document, with or without BOM and CRLF, and returns its
// value. Faults are refused that make a file dangerous or ambiguous: more than
// 10 MB or 50 levels, text that is not UTF-8, a second document, a key given
// twice. Hand-written files do without anchors, aliases, merge keys and tags;
// they are refused too, since they can blow a small file up to any size.
func Parse(file string, data []byte) (*yaml.Node, error) {
	if len(data) > maxSize {
		return nil, at(file, nil, "", "split it", "the file is larger than 10 MB")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := CheckText(file, data); err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := decode(dec, &doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, at(file, nil, "", "", "the file is empty")
	case err != nil:
		return nil, syntax(file, err)
	}
	switch err := decode(dec, &more); {
	case err == nil:
		return nil, at(file, &more, "", `remove the line "---"`, "a second document begins here")
	case !errors.Is(err, io.EOF):
		return nil, syntax(file, err)
	}
	s := structure{faults{file: file}}
	s.check(doc.Content[0], "", 1)
	if err := s.join(); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

// CheckText tells where text is not UTF-8, or holds a control character.
func CheckText(file string, data []byte) error {
	for line := 1; len(data) > 0; line++ {
		text, rest, _ := bytes.Cut(data, []byte("\n"))
		if !utf8.Valid(text) {
			return &Error{File: file, Line: line, Problem: "the text is not UTF-8", Hint: "save the file with the encoding UTF-8"}
		}
		text = bytes.TrimSuffix(text, []byte("\r"))
		i := bytes.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' })
		if i >= 0 {
			r, _ := utf8.DecodeRune(text[i:])
			return &Error{File: file, Line: line, Problem: fmt.Sprintf("the text holds the control character %U", r), Hint: "remove it"}
		}
		data = rest
	}
	return nil
}

// decode turns a panic of the parser, which broken input has been able to
// cause, into an error.
func decode(dec *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	return dec.Decode(into)
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

// yamlHints say what people did when yaml.v3 says the left.
var yamlHints = []struct{ problem, hint string }{
	{"cannot start any token", "indent with blanks instead of tabs, and put a text that begins with a sign in quotes"},
	{"mapping values are not allowed", `put a text with ": " in quotes`},
	{"could not find expected ':'", `write "key: value"`},
	{"did not find expected key", "look for a wrong indentation or a missing quote in what begins here"},
	{"did not find expected '-' indicator", "look for a wrong indentation in the list that begins here"},
	{"did not find expected ',' or", "look for a missing comma or bracket in what begins here"},
	{"found unexpected end of stream", "a closing quote is missing"},
	{"found unknown escape character", "use single quotes around a text with \\"},
}

// syntax makes the error of the parser ours. yaml.v3 counts the lines of its
// parser, unlike those of its scanner, from 0.
func syntax(file string, err error) error {
	e := &Error{File: file, Line: 1, Problem: strings.TrimPrefix(err.Error(), "yaml: ")}
	parser := strings.Contains(e.Problem, "did not find expected")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Problem = m[2]
		if parser {
			e.Line++
		}
	}
	for _, h := range yamlHints {
		if strings.Contains(e.Problem, h.problem) {
			e.Hint = h.hint
		}
	}
	return e
}

// structure collects what is wrong with a document before its meaning counts.
type structure struct{ faults }

func (s *structure) check(n *yaml.Node, path string, depth int) {
	switch {
	case depth > maxDepth:
		s.fail(n, path, "", "nested more than %d levels deep", maxDepth)
		return
	case n.Kind == yaml.AliasNode:
		s.fail(n, path, "write the value out", "the alias *%s is not allowed", n.Value)
		return
	case n.Anchor != "":
		s.fail(n, path, "write the value out where it is needed", "the anchor &%s is not allowed", n.Anchor)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		s.fail(n, path, "put a text in quotes instead", "the tag %s is not allowed", n.Tag)
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, c := range n.Content {
			s.check(c, fmt.Sprintf("%s[%d]", path, i), depth+1)
		}
	case yaml.MappingNode:
		s.mapping(n, path, depth)
	}
}

func (s *structure) mapping(n *yaml.Node, path string, depth int) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
			s.fail(key, path, "", "a key must be a plain word")
			continue
		case key.Tag == "!!merge":
			s.fail(key, path, "write the keys out", `the merge key "<<" is not allowed`)
			continue
		}
		below := join(path, key.Value)
		if line, ok := first[key.Value]; ok {
			s.fail(key, below, "remove one", "the key is given twice, first at line %d", line)
		} else {
			first[key.Value] = key.Line
		}
		s.check(n.Content[i+1], below, depth+1)
	}
}

// join leaves a prefix such as `question "org-001": ` as it is.
func join(path, key string) string {
	if path == "" || strings.HasSuffix(path, " ") {
		return path + key
	}
	return path + "." + key
}
