// Package config reads config.yaml. It knows YAML, places and secrets; what
// the keys mean is declared by the adapters and features, and put together in
// the wiring.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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

	env func(string) (string, bool)
}

// Load reads a configuration and puts in the secrets: ${NAME} is a variable of
// the environment, ${FILE:path} the content of a file. All faults are joined.
func Load(name string, data []byte, env func(string) (string, bool)) (*File, error) {
	root, err := strict.Parse(name, data)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name, Dir: filepath.Dir(name), Root: root, env: env}
	if err := f.expand(root, "", env); err != nil {
		return nil, err
	}
	return f, nil
}

// With reads another text as the same file.
func (f *File) With(data []byte) (*File, error) { return Load(f.Name, data, f.env) }

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

// expand replaces references in all values.
func (f *File) expand(n *yaml.Node, path string, env func(string) (string, bool)) error {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		var failed error
		n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
			value, err := f.secret(ref[2:len(ref)-1], env)
			if err != nil {
				failed = strict.At(f.Name, n, path, "%v", err)
			}
			return value
		})
		return failed
	}
	for i, c := range n.Content {
		at := path
		switch n.Kind {
		case yaml.SequenceNode:
			at = fmt.Sprintf("%s[%d]", path, i)
		case yaml.MappingNode:
			if i%2 == 0 {
				continue
			}
			at = strings.TrimPrefix(path+"."+n.Content[i-1].Value, ".")
		}
		if err := f.expand(c, at, env); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) secret(ref string, env func(string) (string, bool)) (string, error) {
	file, ok := strings.CutPrefix(ref, "FILE:")
	if !ok {
		value, ok := env(ref)
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
func (f *File) Decode(into any) error { return strict.Decode(f.Name, f.Root, "", into) }

// DecodeNode reads a part that an adapter or feature declares by itself.
func (f *File) DecodeNode(n *yaml.Node, path string, into any) error {
	return strict.Decode(f.Name, n, path, into)
}

// Fault makes the error of a value by its path, e.g. schedules[2].cron; the
// line is that of the nearest part of the path that is there.
func (f *File) Fault(path, format string, args ...any) error {
	return strict.At(f.Name, f.find(path), path, format, args...)
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
