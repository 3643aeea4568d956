package locale

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

//go:embed fault/zh-CN.yaml
var faultFile []byte

// phrase is an English text of a fault with what it is in Chinese.
type phrase struct {
	english *regexp.Regexp
	quoted  []bool // of the parts: they were written with %q
	chinese string
	literal int // how much of it is not a part; the more of two phrases is meant
}

var (
	verb    = regexp.MustCompile(`%[qsdcUvw]`)
	phrases = sync.OnceValue(func() []phrase {
		var pairs map[string]string
		if err := yaml.Unmarshal(faultFile, &pairs); err != nil {
			panic(fmt.Sprintf("catalogue of faults: %v", err)) // embedded, and tested
		}
		all := make([]phrase, 0, len(pairs))
		for english, chinese := range pairs {
			p := phrase{chinese: chinese, literal: len(verb.ReplaceAllString(english, ""))}
			var pattern strings.Builder
			from := 0
			for _, at := range verb.FindAllStringIndex(english, -1) {
				pattern.WriteString(regexp.QuoteMeta(english[from:at[0]]))
				part := map[string]string{"%q": `"(?:[^"\\]|\\.)*"`, "%d": `-?\d+`, "%c": `.`, "%U": `U\+\w+`}[english[at[0]:at[1]]]
				switch {
				case part != "":
				case at[0] == 0:
					part = `[^"].*?`
				default:
					part = `.+?`
				}
				pattern.WriteString("(" + part + ")")
				p.quoted = append(p.quoted, english[at[0]:at[1]] == "%q")
				from = at[1]
			}
			p.english = regexp.MustCompile(`(?s)^` + pattern.String() + regexp.QuoteMeta(english[from:]) + `$`)
			all = append(all, p)
		}
		slices.SortFunc(all, func(a, b phrase) int {
			if a.literal != b.literal {
				return b.literal - a.literal
			}
			return strings.Compare(a.chinese, b.chinese)
		})
		return all
	})
)

// deepest is how far parts of a phrase are phrases themselves.
const deepest = 4

// translated is a text of a fault in Chinese, as it is when the catalogue does not have it.
func translated(text string, depth int) string {
	if depth == deepest || text == "" {
		return text
	}
	for _, p := range phrases() {
		m := p.english.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		out := p.chinese
		for i, part := range m[1:] {
			if p.quoted[i] {
				if plain, err := strconv.Unquote(part); err == nil {
					part = "“" + plain + "”"
				}
			} else {
				part = translated(part, depth+1)
			}
			out = strings.ReplaceAll(out, fmt.Sprintf("{%d}", i+1), part)
		}
		return out
	}
	return text
}

// Faults says in a language what is wrong with a file that people write: a line for each
// fault, with its place and the way out. What the catalogue does not have stays in English.
func Faults(lang string, err error) []string {
	var lines []string
	for _, e := range strict.List(err) {
		lines = append(lines, fault(lang, e))
	}
	return lines
}

func fault(lang string, err error) string {
	var e *strict.Error
	if lang != Default {
		return err.Error()
	}
	if !errors.As(err, &e) {
		return translated(err.Error(), 0)
	}
	var s strings.Builder
	s.WriteString(e.File) // file:line: as editors and other programs read it
	if e.Line > 0 {
		fmt.Fprintf(&s, ":%d", e.Line)
	}
	if e.Path != "" {
		s.WriteString(": " + e.Path)
	}
	s.WriteString(": " + translated(e.Problem, 0))
	if e.Found != "" {
		s.WriteString("，写的是" + translated(e.Found, 0))
	}
	if e.Hint != "" {
		s.WriteString("（" + translated(e.Hint, 0) + "）")
	}
	return s.String()
}
