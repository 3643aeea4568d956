// Package config reads config.yaml. It knows YAML, places and secrets; what
// the keys mean is declared by the adapters and features, and put together in
// the wiring.
package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

// File is a configuration that was read.
type File struct {
	Name string // for errors
	Dir  string // what relative paths are relative to
	Root *yaml.Node

	env    func(string) (string, bool)
	hidden map[*yaml.Node]string // values that came from references, as the file has them
}

// Load reads a configuration and puts in the secrets: ${NAME} is a variable of
// the environment, ${FILE:path} the content of a file. All faults are joined.
func Load(name string, data []byte, env func(string) (string, bool)) (*File, error) {
	f, err := parse(name, data, env)
	if err != nil {
		return nil, err
	}
	if err := f.expand(f.Root, ""); err != nil {
		return nil, err
	}
	return f, nil
}

func parse(name string, data []byte, env func(string) (string, bool)) (*File, error) {
	root, err := strict.Parse(name, data)
	if err != nil {
		return nil, err
	}
	return &File{Name: name, Dir: filepath.Dir(name), Root: root, env: env, hidden: map[*yaml.Node]string{}}, nil
}

// With reads another text as the same file.
func (f *File) With(data []byte) (*File, error) { return Load(f.Name, data, f.env) }

// Edited reads a text in which somebody who may change one key, but has neither
// the file nor the server, has written that key anew. References there are those
// of the text before, at the same place, and no others: with any other they could
// read the environment and every file.
func (f *File) Edited(before, after []byte, key string) (*File, error) {
	old, err := strict.Parse(f.Name, before)
	if err != nil {
		return nil, err
	}
	edited, err := parse(f.Name, after, f.env)
	if err != nil {
		return nil, err
	}
	if err := edited.noNewReference(child(edited.Root, key, ""), child(old, key, ""), key); err != nil {
		return nil, err
	}
	if err := edited.expand(edited.Root, ""); err != nil {
		return nil, err
	}
	return edited, nil
}

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

// noNewReference refuses references in n that before has not at the same place.
// It looks at what was parsed, as expand does.
func (f *File) noNewReference(n, before *yaml.Node, path string) error {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		if reference.MatchString(n.Value) && (before == nil || before.Kind != yaml.ScalarNode || before.Value != n.Value) {
			return strict.At(f.Name, n, path, "a new ${…} can be written in the file only")
		}
		return nil
	}
	return eachChild(n, path, func(c *yaml.Node, key, index, at string) error {
		var was *yaml.Node
		if before != nil && before.Kind == n.Kind {
			was = child(before, key, index)
		}
		return f.noNewReference(c, was, at)
	})
}

// expand replaces references in all values.
func (f *File) expand(n *yaml.Node, path string) error {
	if n.Kind != yaml.ScalarNode {
		return eachChild(n, path, func(c *yaml.Node, _, _, at string) error { return f.expand(c, at) })
	}
	if !reference.MatchString(n.Value) {
		return nil
	}
	var failed error
	f.hidden[n] = n.Value
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		value, err := f.secret(ref[2 : len(ref)-1])
		if err != nil {
			failed = strict.At(f.Name, n, path, "%v", err)
		}
		return value
	})
	return failed
}

// eachChild calls do for the values of a mapping and the items of a list, with
// the key or index of each and the path to it.
func eachChild(n *yaml.Node, path string, do func(c *yaml.Node, key, index, at string) error) error {
	for i, c := range n.Content {
		var key, index string
		at := path
		switch n.Kind {
		case yaml.SequenceNode:
			index = strconv.Itoa(i)
			at += "[" + index + "]"
		case yaml.MappingNode:
			if i%2 == 0 {
				continue
			}
			key = n.Content[i-1].Value
			at = strings.TrimPrefix(path+"."+key, ".")
		}
		if err := do(c, key, index, at); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) secret(ref string) (string, error) {
	file, ok := strings.CutPrefix(ref, "FILE:")
	if !ok {
		value, ok := f.env(ref)
		if !ok {
			return "", fmt.Errorf("the environment has no variable %s; set it, or take the line out", ref)
		}
		return value, nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(f.Dir, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("the file %s cannot be read", file)
	}
	return strings.TrimSpace(string(data)), nil
}

// Decode reads the whole configuration into a pointer to a struct.
func (f *File) Decode(into any) error { return f.DecodeNode(f.Root, "", into) }

// DecodeNode reads a part that an adapter or feature declares by itself.
func (f *File) DecodeNode(n *yaml.Node, path string, into any) error {
	err := strict.Decode(f.Name, n, path, into)
	for _, e := range strict.List(err) {
		var fault *strict.Error
		if !errors.As(e, &fault) || fault.Node == nil {
			continue
		}
		if refs := f.references(fault.Node); refs != "" {
			fault.Hint = ""
			if fault.Found != "" {
				fault.Found = "what " + refs + " holds"
			} else {
				fault.Problem = notRight(refs)
			}
		}
	}
	return err
}

// Plain is an argument of Fault that tells nothing of a value.
type Plain string

// Fault makes the error of a value by its path, e.g. schedules[2].cron; the line
// is that of the nearest part of the path that is there. Where the value came
// from a reference, that is named in the place of every argument that is not
// Plain: what is behind it is for the server alone.
func (f *File) Fault(path, format string, args ...any) error {
	n := f.find(path)
	refs := f.references(n)
	if refs == "" {
		return strict.At(f.Name, n, path, format, args...)
	}
	args = slices.Clone(args)
	for i, a := range args {
		switch a.(type) {
		case Plain:
		case error:
			args[i] = notRight(refs)
		default:
			args[i] = stand(refs)
		}
	}
	return strict.At(f.Name, n, path, format, args...)
}

func notRight(refs string) string { return "what " + refs + " holds is not right here" }

// stand is shown in the place of a value, whatever the verb.
type stand string

func (s stand) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, string(s)) }

// references are those in the values of n, as the file has them.
func (f *File) references(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return f.hidden[n]
	}
	var all []string
	_ = eachChild(n, "", func(c *yaml.Node, _, _, _ string) error {
		if refs := f.references(c); refs != "" {
			all = append(all, refs)
		}
		return nil
	})
	return strings.Join(all, ", ")
}

// Hide names the references in the place of their values in an error of somebody
// who knows nothing of them: a pack, the system.
func (f *File) Hide(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	values := slices.SortedFunc(maps.Keys(f.hidden), func(a, b *yaml.Node) int { return len(b.Value) - len(a.Value) })
	for _, n := range values {
		if len(n.Value) >= 4 { // less is no secret, and would be in many words
			quoted := strings.Trim(strconv.Quote(n.Value), `"`)
			text = strings.NewReplacer(n.Value, f.hidden[n], quoted, f.hidden[n]).Replace(text)
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

var step = regexp.MustCompile(`^([^.\[]+)|^\[(\d+)\]|^\.`)

func (f *File) find(path string) *yaml.Node {
	n := f.Root
	for path != "" {
		m := step.FindStringSubmatch(path)
		if m == nil {
			return n
		}
		path = path[len(m[0]):]
		next := child(n, m[1], m[2])
		if m[0] == "." {
			continue
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func child(n *yaml.Node, key, index string) *yaml.Node {
	if index != "" {
		if i, err := strconv.Atoi(index); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	}
	return nil
}
