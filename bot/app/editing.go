package app

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"branchbot/bot/config"
	"branchbot/bot/web"
	"branchbot/store"
)

// editor changes parts of config.yaml from the console, and takes them in.
type editor struct {
	config *config.File
	reload func(*config.File) error
	told   func() error // tells other processes that the file is another one

	mu sync.Mutex // one edit at a time
}

// section is where a top-level key stands in a configuration: lines from first
// to behind last, from 0.
func section(data []byte, name string) (first, behind int, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return 0, 0, err
	}
	lines := strings.SplitAfter(string(data), "\n")
	first, behind = -1, len(lines)
	if len(doc.Content) == 0 {
		return first, behind, nil
	}
	keys := doc.Content[0].Content
	for i := 0; i+1 < len(keys); i += 2 {
		switch {
		case keys[i].Value == name:
			first = keys[i].Line - 1
		case first >= 0:
			behind = keys[i].Line - 1
			// What stands right above the next key belongs to that.
			for behind > first+1 && isRemark(lines[behind-1]) {
				behind--
			}
			return first, behind, nil
		}
	}
	return first, behind, nil
}

func isRemark(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// Section implements web.Options.Section.
func (e *editor) Section(name string) (web.Section, error) {
	s := web.Section{Name: name, File: filepath.Base(e.config.Name)}
	data, err := os.ReadFile(e.config.Name)
	if errors.Is(err, fs.ErrNotExist) {
		s.Why = "console.settings.no_file"
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the configuration: %w", err)
	}
	s.Base = stateOf(data)
	first, behind, err := section(data, name)
	if err != nil || first < 0 {
		return s, err
	}
	s.Line = first + 1
	s.Text = strings.Join(strings.SplitAfter(string(data), "\n")[first:behind], "")
	return s, nil
}

// stateOf stands for the content of a file.
func stateOf(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// SetSection implements web.Options.SetSection. It never writes what could
// not be taken in.
func (e *editor) SetSection(name, text, base string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	data, err := os.ReadFile(e.config.Name)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	if stateOf(data) != base {
		return web.ErrChanged
	}
	if text, err = onlySection(name, text); err != nil {
		return err
	}
	first, behind, err := section(data, name)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(data), "\n")
	if first < 0 {
		first, behind = len(lines), len(lines)
		if last := lines[len(lines)-1]; last != "" {
			text = "\n" + text
		}
	}
	changed := []byte(strings.Join(lines[:first], "") + text + strings.Join(lines[behind:], ""))
	if same, err := othersEqual(data, changed, name); err != nil || !same {
		return errors.Join(err, fmt.Errorf("%s is written in a way that cannot be changed here; change the file itself", e.config.Name))
	}
	f, err := e.config.Edited(data, changed, name)
	if err != nil {
		return err
	}
	if err := e.reload(f); err != nil {
		return err
	}
	if err := replaceFile(e.config.Name, changed); err != nil {
		return err
	}
	return e.told()
}

// othersEqual tells whether two configurations differ in one key at most.
func othersEqual(a, b []byte, but string) (bool, error) {
	texts := make([][]byte, 2)
	for i, data := range [][]byte{a, b} {
		var all map[string]any
		if err := yaml.Unmarshal(data, &all); err != nil {
			return false, err
		}
		delete(all, but)
		text, err := yaml.Marshal(all) // sorts the keys
		if err != nil {
			return false, err
		}
		texts[i] = text
	}
	return bytes.Equal(texts[0], texts[1]), nil
}

// onlySection is the text of a section, which must hold that key and no other:
// at the page one can change what is meant to be changed there.
func onlySection(name, text string) (string, error) {
	text = strings.TrimRight(text, " \n\t") + "\n"
	if strings.ContainsAny(text, "\x00\uFEFF") || !strings.HasPrefix(text, name+":") {
		return "", fmt.Errorf("write it as %s: …, beginning with that", name)
	}
	decoder := yaml.NewDecoder(bytes.NewBufferString(text))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		return "", err
	}
	if decoder.Decode(&more) == nil || doc.Content[0].Kind != yaml.MappingNode || len(doc.Content[0].Content) != 2 {
		return "", fmt.Errorf("this can hold %s: alone", name)
	}
	return text, nil
}

// replaceFile puts a file in the place of another, whole or not at all.
func replaceFile(name string, data []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if err := store.WriteFile(name, data, info.Mode().Perm()); err != nil {
		return fmt.Errorf("the setting holds until the next start, but %s cannot be written: %w", name, err)
	}
	return nil
}
