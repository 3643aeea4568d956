package strict_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

// lines are the faults of an error, one a line.
func lines(err error) string {
	var list []string
	for _, e := range strict.List(err) {
		list = append(list, e.Error())
	}
	return strings.Join(list, "\n")
}

var parseTests = []struct {
	name, in, want string
}{
	{"ok", "a: 1\nb: [x, y]\n", ""},
	{"bom and crlf", "\ufeffa: 1\r\nb: 2\r\n", ""},
	{"scalar", "hello", ""},
	{"empty", "", "f.yaml: the file is empty"},
	{"comment only", "# nothing\n", "f.yaml: the file is empty"},
	{"utf-8", "a: 1\nb: \xff\n", "f.yaml:2: the text is not UTF-8 (save the file with the encoding UTF-8)"},
	{"control", "a: 1\nb: x\x00y\n", "f.yaml:2: the text holds the control character U+0000 (remove it)"},
	{"carriage return alone", "a: 1\rb: 2\n", "f.yaml:1: the text holds the control character U+000D (remove it)"},
	{"two documents", "a: 1\n---\nb: 2\n", `f.yaml:2: a second document begins here (remove the line "---")`},
	{"broken second document", "a: 1\n---\nb: [\n", "f.yaml:4: did not find expected node content"},
	{"twice", "a: 1\nb:\n  - {c: 1, d: 2, c: 3}\na: 2\n",
		"f.yaml:3: b[0].c: the key is given twice, first at line 3 (remove one)\n" +
			"f.yaml:4: a: the key is given twice, first at line 1 (remove one)"},
	{"alias", "a: &x 1\nb: *x\n",
		"f.yaml:1: a: the anchor &x is not allowed (write the value out where it is needed)\n" +
			"f.yaml:2: b: the alias *x is not allowed (write the value out)"},
	{"alias of itself", "a: &x [*x]\n",
		"f.yaml:1: a: the anchor &x is not allowed (write the value out where it is needed)\n" +
			"f.yaml:1: a[0]: the alias *x is not allowed (write the value out)"},
	{"merge", "a: {<<: {b: 1}}\n", `f.yaml:1: a: the merge key "<<" is not allowed (write the keys out)`},
	{"tag", "a: !!str 12\n", "f.yaml:1: a: the tag !!str is not allowed (put a text in quotes instead)"},
	{"own tag", "a:\n  - !go/type x\n", "f.yaml:2: a[0]: the tag !go/type is not allowed (put a text in quotes instead)"},
	{"key of several parts", "? [a, b]\n: 1\n", "f.yaml:1: a key must be a plain word"},
	{"deep", strings.Repeat("[", 51) + strings.Repeat("]", 51), "f.yaml:1: " + strings.Repeat("[0]", 50) + ": nested more than 50 levels deep"},
	{"deep but possible", strings.Repeat("[", 50) + strings.Repeat("]", 50), ""},
	{"tab", "a:\n\tb: 1\n", "f.yaml:2: found character that cannot start any token (indent with blanks instead of tabs, and put a text that begins with a sign in quotes)"},
	{"colon", "a: 1\nb: what: this\n", `f.yaml:2: mapping values are not allowed in this context (put a text with ": " in quotes)`},
	{"indentation", "a:\n  b: 1\n c: 2\n", "f.yaml:3: did not find expected key (look for a wrong indentation or a missing quote in what begins here)"},
	{"bracket", "a: 1\nb: [x, y\nc: 2\n", "f.yaml:2: did not find expected ',' or ']' (look for a missing comma or bracket in what begins here)"},
	{"quote", "a: 1\nb: \"x\n", "f.yaml:2: found unexpected end of stream (a closing quote is missing)"},
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range parseTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			node, err := strict.Parse("f.yaml", []byte(tt.in))
			if diff := cmp.Diff(tt.want, lines(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if (node == nil) != (err != nil) {
				t.Errorf("node %v with error %v", node, err)
			}
		})
	}
}

func TestParseTooLarge(t *testing.T) {
	t.Parallel()
	_, err := strict.Parse("f.yaml", bytes.Repeat([]byte("#\n"), 6<<20))
	if want := "f.yaml: the file is larger than 10 MB (split it)"; lines(err) != want {
		t.Errorf("got %q, want %q", lines(err), want)
	}
}

func TestManyFaults(t *testing.T) {
	t.Parallel()
	_, err := strict.Parse("f.yaml", bytes.Repeat([]byte("a:\n"), 1000))
	list := strict.List(err)
	if len(list) != 201 {
		t.Fatalf("%d faults are listed, want 201", len(list))
	}
	if got, want := list[200].Error(), "f.yaml: there are 799 more faults (mend those above first)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	err := strict.At("f.yaml", &yaml.Node{Line: 3}, "schedules[2].cron", "%q is no rule", "x")
	var e *strict.Error
	if !errors.As(err, &e) || e.Line != 3 {
		t.Fatalf("got %#v", err)
	}
	if want := `f.yaml:3: schedules[2].cron: "x" is no rule`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if got, want := strict.At("f.yaml", nil, "", "gone").Error(), "f.yaml: gone"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"unit", "units", "schedules", "id", "名单"}
	for _, tt := range []struct{ word, want string }{
		{"untis", "units"},
		{"unit", "unit"},
		{"schedule", "schedules"},
		{"shcedules", "schedules"},
		{"di", "id"},
		{"名册", "名单"},
		{"password", ""},
		{"", ""},
		{strings.Repeat("x", 100_000), ""},
	} {
		if got := strict.Nearest(tt.word, known); got != tt.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

// A parsed document can be walked and decoded without a panic, and every fault
// has its file.
func FuzzParse(f *testing.F) {
	for _, tt := range parseTests {
		f.Add([]byte(tt.in))
	}
	for _, tt := range decodeTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		node, err := strict.Parse("f.yaml", data)
		if err == nil {
			var c sample
			err = strict.Decode("f.yaml", node, "", &c)
		}
		for _, e := range strict.List(err) {
			var fault *strict.Error
			if !errors.As(e, &fault) || fault.File == "" || fault.Problem == "" {
				t.Errorf("error without place: %#v", e)
			}
		}
	})
}
