package strict

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Decode reads a node made by Parse into what into points to, by the yaml tags
// of its fields. Its rules:
//
//   - A key that no field has is an error. A field tagged `,inline` takes the
//     keys of its struct, or all other keys if it is a map.
//   - A text must be one in YAML: 0001, 12, true and 2026-12-01 need quotes.
//     A truth value is true or false, a number a plain decimal.
//   - A list, a block of keys or a pointer may be left empty (`chats:`), so that
//     all of its items can be commented out. A single value may not.
//   - A field of type yaml.Node is kept as it is.
//   - A type with UnmarshalYAML or UnmarshalText reads itself; its error is
//     reported at the node. UnmarshalText gets texts and numbers as written.
//
// path stands before the paths in errors; one that ends in ": " is kept apart
// from the first key by that alone. The error joins one *Error for each fault.
// A field type that cannot be decoded into is a mistake of the program: panic.
func Decode(file string, node *yaml.Node, path string, into any) error {
	d := decoder{faults{file: file}}
	d.value(node, path, reflect.ValueOf(into).Elem())
	return d.join()
}

// Child is the value of a key, for the line of an error: the mapping itself if
// it has no such key.
func Child(node *yaml.Node, key string) *yaml.Node {
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return node.Content[i+1]
			}
		}
	}
	return node
}

type decoder struct{ faults }

// own takes the error of a type that reads itself. Such a type may call Decode
// and so return faults with lines of their own.
func (d *decoder) own(n *yaml.Node, path string, err error) {
	for _, e := range List(err) {
		var known *Error
		if errors.As(e, &known) {
			d.errs = append(d.errs, known)
		} else {
			d.wrong(n, path, e.Error())
		}
	}
}

var nodeType = reflect.TypeFor[yaml.Node]()

func (d *decoder) value(n *yaml.Node, path string, v reflect.Value) {
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	switch u := v.Addr().Interface().(type) {
	case yaml.Unmarshaler:
		d.own(n, path, u.UnmarshalYAML(n))
		return
	case encoding.TextUnmarshaler:
		if d.isScalar(n, path) {
			d.own(n, path, u.UnmarshalText([]byte(n.Value)))
		}
		return
	}
	empty := n.Tag == "!!null"
	switch v.Kind() {
	case reflect.Pointer:
		if !empty {
			v.Set(reflect.New(v.Type().Elem()))
			d.value(n, path, v.Elem())
		}
	case reflect.Struct:
		if !empty && d.is(n, path, yaml.MappingNode) {
			d.fields(n, path, v)
		}
	case reflect.Slice:
		if !empty && d.is(n, path, yaml.SequenceNode) {
			v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
			for i, c := range n.Content {
				d.value(c, fmt.Sprintf("%s[%d]", strings.TrimSuffix(path, ": "), i), v.Index(i))
			}
		}
	case reflect.Map:
		if !empty && d.is(n, path, yaml.MappingNode) {
			for i := 0; i+1 < len(n.Content); i += 2 {
				d.entry(n.Content[i], n.Content[i+1], path, v)
			}
		}
	default:
		if d.isScalar(n, path) {
			d.scalar(n, path, v)
		}
	}
}

// fields reads the keys of a mapping into a struct.
func (d *decoder) fields(n *yaml.Node, path string, v reflect.Value) {
	f := fields{byName: map[string]reflect.Value{}}
	f.add(v)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, ok := f.byName[key.Value]
		switch {
		case ok:
			d.value(value, join(path, key.Value), field)
		case f.others.IsValid():
			d.entry(key, value, path, f.others)
		default:
			d.fail(key, join(path, key.Value), suggest(key.Value, f.names), "unknown key")
		}
	}
}

// fields are the keys that a struct knows.
type fields struct {
	names  []string
	byName map[string]reflect.Value
	others reflect.Value // the inline map, if there is one
}

func (f *fields) add(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		inline := strings.Contains(options, "inline")
		switch {
		case name == "-" || !field.IsExported():
		case inline && field.Type.Kind() == reflect.Map:
			f.others = v.Field(i)
		case inline:
			f.add(v.Field(i))
		default:
			if name == "" {
				name = strings.ToLower(field.Name)
			}
			f.names = append(f.names, name)
			f.byName[name] = v.Field(i)
		}
	}
}

// entry reads one key and value into a map.
func (d *decoder) entry(key, value *yaml.Node, path string, m reflect.Value) {
	if m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	below := join(path, key.Value)
	k, v := reflect.New(m.Type().Key()).Elem(), reflect.New(m.Type().Elem()).Elem()
	before := len(d.errs) + d.more
	d.value(key, below, k)
	d.value(value, below, v)
	if len(d.errs)+d.more == before {
		m.SetMapIndex(k, v)
	}
}

func (d *decoder) is(n *yaml.Node, path string, kind yaml.Kind) bool {
	if n.Kind == kind {
		return true
	}
	if kind == yaml.SequenceNode {
		d.unexpected(n, path, "write [a, b] or lines that begin with \"- \"", "expected a list")
	} else {
		d.unexpected(n, path, `write "key: value" on the lines below`, "expected a block of keys")
	}
	return false
}

// wrong reports a problem that tells of the value of n.
func (d *decoder) wrong(n *yaml.Node, path, problem string) {
	d.add(&Error{File: d.file, Line: n.Line, Path: strings.TrimSuffix(path, ": "), Problem: problem, Node: n})
}

// unexpected reports a value that is of another kind than it should be.
func (d *decoder) unexpected(n *yaml.Node, path, hint, expected string) {
	d.add(&Error{File: d.file, Line: n.Line, Path: strings.TrimSuffix(path, ": "), Problem: expected, Found: describe(n), Hint: hint, Node: n})
}

func (d *decoder) isScalar(n *yaml.Node, path string) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.unexpected(n, path, "", "expected a single value")
	case n.Tag == "!!null":
		d.fail(n, path, "write a value, or remove the key", "there is no value")
	default:
		return true
	}
	return false
}

func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if n.Tag != "!!str" {
			d.unexpected(n, path, fmt.Sprintf("write %q in quotes", n.Value), "expected a text")
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
			d.unexpected(n, path, boolHint(n.Value), "expected true or false")
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.whole(n, path, v)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, v.Type().Bits())
		if n.Style != 0 || !decimal.MatchString(n.Value) || err != nil || math.IsInf(f, 0) {
			d.unexpected(n, path, "write a decimal such as 0.5", "expected a number")
			return
		}
		v.SetFloat(f)
	default:
		panic("strict: cannot decode into " + v.Type().String())
	}
}

var (
	integer = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)$`)
	decimal = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$`)
)

func (d *decoder) whole(n *yaml.Node, path string, v reflect.Value) {
	if n.Style != 0 || !integer.MatchString(n.Value) {
		d.unexpected(n, path, "write a number such as 12, without quotes", "expected a whole number")
		return
	}
	if v.CanInt() {
		if i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits()); err == nil {
			v.SetInt(i)
			return
		}
	} else if u, err := strconv.ParseUint(n.Value, 10, v.Type().Bits()); err == nil {
		v.SetUint(u)
		return
	}
	d.wrong(n, path, fmt.Sprintf("the number %s is out of range", brief(n.Value)))
}

func boolHint(value string) string {
	switch strings.ToLower(value) {
	case "true", "yes", "on", "y", "1":
		return "write true, without quotes"
	case "false", "no", "off", "n", "0":
		return "write false, without quotes"
	}
	return ""
}

// describe names what stands there, in the words of somebody who does not know
// YAML's.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a block of keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!int" || n.Tag == "!!float":
		return "the number " + brief(n.Value)
	case n.Tag == "!!bool":
		return "the truth value " + n.Value
	case n.Tag == "!!timestamp":
		return "the date " + n.Value
	}
	return "the text " + strconv.Quote(brief(n.Value))
}

// brief keeps a megabyte that stands in the wrong place out of the error.
func brief(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
