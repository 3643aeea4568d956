// Package strict reads YAML that people write by hand: unknown keys, wrong
// types and duplicates are errors with file, line, path and a hint, and all of
// them are reported at once.
package strict

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Error is one fault of a file.
type Error struct {
	File    string
	Line    int    // 0 = the file as a whole
	Path    string // e.g. schedules[2].cron
	Problem string
}

func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += ":" + strconv.Itoa(e.Line)
	}
	if e.Path != "" {
		s += ": " + e.Path
	}
	return s + ": " + e.Problem
}

// At makes the error of a node.
func At(file string, node *yaml.Node, path, format string, args ...any) error {
	line := 0
	if node != nil {
		line = node.Line
	}
	return &Error{File: file, Line: line, Path: path, Problem: fmt.Sprintf(format, args...)}
}

const (
	maxSize  = 10 << 20
	maxDepth = 50
)

// Parse reads one YAML document. Aliases are refused: hand-written files do
// without them, and they can blow a small file up to any size.
func Parse(file string, data []byte) (*yaml.Node, error) {
	if len(data) > maxSize {
		return nil, At(file, nil, "", "larger than 10 MB")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, At(file, nil, "", "not UTF-8 text; save it as UTF-8")
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := decode(dec, &doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, At(file, nil, "", "empty")
	case err != nil:
		return nil, syntax(file, err)
	}
	if err := decode(dec, &more); !errors.Is(err, io.EOF) {
		return nil, At(file, &more, "", "more than one document; remove the line ---")
	}
	if err := check(file, doc.Content[0], 0); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
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

func syntax(file string, err error) error {
	text := strings.TrimSpace(err.Error())
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1])
		return &Error{File: file, Line: line, Problem: m[2]}
	}
	return &Error{File: file, Problem: strings.TrimPrefix(text, "yaml: ")}
}

func check(file string, n *yaml.Node, depth int) error {
	switch {
	case depth > maxDepth:
		return At(file, n, "", "nested more than %d deep", maxDepth)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return At(file, n, "", "aliases (& and *) are not allowed; write the value out")
	}
	for _, c := range n.Content {
		if err := check(file, c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Decode reads a node into a pointer to a struct, slice or map by the yaml
// tags of its fields. Fields of type yaml.Node are kept as they are.
func Decode(file string, node *yaml.Node, path string, into any) error {
	d := decoder{file: file}
	d.value(node, path, reflect.ValueOf(into).Elem())
	return errors.Join(d.errs...)
}

type decoder struct {
	file string
	errs []error
}

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	d.errs = append(d.errs, At(d.file, n, path, format, args...))
}

var nodeType = reflect.TypeFor[yaml.Node]()

func (d *decoder) value(n *yaml.Node, path string, v reflect.Value) {
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if n.Tag == "!!null" {
		d.fail(n, path, "has no value")
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if n.Kind != yaml.ScalarNode {
			d.fail(n, path, "expected a single value, found %s", kind(n))
		} else if err := u.UnmarshalText([]byte(n.Value)); err != nil {
			d.fail(n, path, "%v", err)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, path, v.Elem())
	case reflect.Struct:
		d.mapping(n, path, v)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.fail(n, path, "expected a list, found %s", kind(n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.value(c, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		d.dict(n, path, v)
	default:
		d.scalar(n, path, v)
	}
}

func (d *decoder) mapping(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "expected keys with values, found %s", kind(n))
		return
	}
	fields, names := map[string]int{}, []string{}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = i
			names = append(names, name)
		}
	}
	d.pairs(n, path, func(key string, k, c *yaml.Node) {
		i, ok := fields[key]
		if !ok {
			d.fail(k, join(path, key), "unknown key%s", hint(key, names))
			return
		}
		d.value(c, join(path, key), v.Field(i))
	})
}

func (d *decoder) dict(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "expected keys with values, found %s", kind(n))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(key string, _, c *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(c, join(path, key), item)
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
	})
}

// pairs visits the keys of a mapping; a second one of a name is an error.
func (d *decoder) pairs(n *yaml.Node, path string, visit func(key string, k, v *yaml.Node)) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		if line, ok := first[k.Value]; ok {
			d.fail(k, join(path, k.Value), "given twice, first at line %d", line)
			continue
		}
		first[k.Value] = k.Line
		visit(k.Value, k, c)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "expected a single value, found %s", kind(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		if n.Tag != "!!str" {
			d.fail(n, path, "expected a text, found %s; write it in quotes: %q", kind(n), n.Value)
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Value != "true" && n.Value != "false" {
			d.fail(n, path, "expected true or false, found %q", n.Value)
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || n.Tag != "!!int" {
			d.fail(n, path, "expected a whole number, found %q", n.Value)
			return
		}
		v.SetInt(i)
	default:
		panic("strict: cannot decode into " + v.Type().String())
	}
}

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return "the truth value " + n.Value
	case "!!timestamp":
		return "the date " + n.Value
	}
	return strconv.Quote(n.Value)
}

// hint names the key that was probably meant.
func hint(key string, names []string) string {
	best, bestDistance := "", len(key)/2+1
	for _, n := range names {
		if d := distance(key, n); d < bestDistance {
			best, bestDistance = n, d
		}
	}
	if best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return fmt.Sprintf(" (known: %s)", strings.Join(names, ", "))
}

func distance(a, b string) int {
	if len(a) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
