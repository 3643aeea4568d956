package strict_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"branchbot/content/strict"
)

// sample has a field of each kind that Decode knows.
type sample struct {
	Name     string           `yaml:"name"`
	Units    []unit           `yaml:"units"`
	Public   bool             `yaml:"public"`
	Days     int              `yaml:"days"`
	Small    uint8            `yaml:"small"`
	Share    float64          `yaml:"share"`
	Limits   map[string]int   `yaml:"limits"`
	Parent   *unit            `yaml:"parent"`
	Raw      yaml.Node        `yaml:"raw"`
	Hours    hours            `yaml:"hours"`
	Secret   secret           `yaml:"secret"`
	Labels   map[hours]string `yaml:"labels"`
	Shared   `yaml:",inline"` // its keys stand beside these
	Hidden   string           `yaml:"-"`
	Untagged string           // untagged
	//lint:ignore U1000 decoding must pass it over
	private map[string]string
}

type Shared struct {
	Zone string `yaml:"zone"`
}

type unit struct {
	ID     string         `yaml:"id"`
	Chats  []string       `yaml:"chats"`
	Others map[string]int `yaml:",inline"`
}

// hours reads itself from text.
type hours string

func (h *hours) UnmarshalText(text []byte) error {
	if !strings.Contains(string(text), "-") {
		return fmt.Errorf("%q is no range of hours such as 21:00-08:00", text)
	}
	*h = hours(text)
	return nil
}

// secret reads itself from a node, with faults of its own.
type secret struct{ Value string }

func (s *secret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return errors.Join(errors.New("first"), strict.At("other.yaml", nil, "", "second"))
	}
	s.Value = n.Value
	return nil
}

var decodeTests = []struct {
	name, in, want string
}{
	{"unknown keys", "nmae: x\nunits:\n  - id: a\nunitz: []\nfoo: 1\n",
		"c.yaml:1: nmae: unknown key (did you mean \"name\"?)\n" +
			"c.yaml:4: unitz: unknown key (did you mean \"units\"?)\n" +
			"c.yaml:5: foo: unknown key (known: name, units, public, days, small, share, limits, parent, raw, hours, secret, labels, zone, untagged)"},
	{"texts that are none", "name: 0001\nzone: 12\nuntagged: true\nunits:\n  - id: 2026-12-01\n    chats: [1.5, ok, 012]\n",
		"c.yaml:1: name: expected a text, found the number 0001 (write \"0001\" in quotes)\n" +
			"c.yaml:2: zone: expected a text, found the number 12 (write \"12\" in quotes)\n" +
			"c.yaml:3: untagged: expected a text, found the truth value true (write \"true\" in quotes)\n" +
			"c.yaml:5: units[0].id: expected a text, found the date 2026-12-01 (write \"2026-12-01\" in quotes)\n" +
			"c.yaml:6: units[0].chats[0]: expected a text, found the number 1.5 (write \"1.5\" in quotes)\n" +
			"c.yaml:6: units[0].chats[2]: expected a text, found the number 012 (write \"012\" in quotes)"},
	{"truth yes", "public: yes\n", `c.yaml:1: public: expected true or false, found the text "yes" (write true, without quotes)`},
	{"truth off", "public: off\n", `c.yaml:1: public: expected true or false, found the text "off" (write false, without quotes)`},
	{"truth quoted", `public: "true"`, `c.yaml:1: public: expected true or false, found the text "true" (write true, without quotes)`},
	{"truth capital", `public: True`, `c.yaml:1: public: expected true or false, found the truth value True (write true, without quotes)`},
	{"truth other", `public: maybe`, `c.yaml:1: public: expected true or false, found the text "maybe"`},
	{"number quoted", `days: "3"`, `c.yaml:1: days: expected a whole number, found the text "3" (write a number such as 12, without quotes)`},
	{"number octal", `days: 012`, `c.yaml:1: days: expected a whole number, found the number 012 (write a number such as 12, without quotes)`},
	{"number hex", `days: 0x1F`, `c.yaml:1: days: expected a whole number, found the number 0x1F (write a number such as 12, without quotes)`},
	{"number too large", "days: 9223372036854775808\nsmall: 256\nlimits: {a: -9223372036854775809}",
		"c.yaml:1: days: the number 9223372036854775808 is out of range\n" +
			"c.yaml:2: small: the number 256 is out of range\n" +
			"c.yaml:3: limits.a: the number -9223372036854775809 is out of range"},
	{"number below zero", "small: -1", "c.yaml:1: small: the number -1 is out of range"},
	{"not a number", "share: .nan", "c.yaml:1: share: expected a number, found the number .nan (write a decimal such as 0.5)"},
	{"exponent", "share: 1e3", "c.yaml:1: share: expected a number, found the number 1e3 (write a decimal such as 0.5)"},
	{"nothing", "name:\npublic: ~\nhours:\n",
		"c.yaml:1: name: there is no value (write a value, or remove the key)\n" +
			"c.yaml:2: public: there is no value (write a value, or remove the key)\n" +
			"c.yaml:3: hours: there is no value (write a value, or remove the key)"},
	{"shapes", "units: x\nlimits: [1]\nname: [a]\nparent: 3\nhours: {a: 1}\n",
		"c.yaml:1: units: expected a list, found the text \"x\" (write [a, b] or lines that begin with \"- \")\n" +
			"c.yaml:2: limits: expected a block of keys, found a list (write \"key: value\" on the lines below)\n" +
			"c.yaml:3: name: expected a single value, found a list\n" +
			"c.yaml:4: parent: expected a block of keys, found the number 3 (write \"key: value\" on the lines below)\n" +
			"c.yaml:5: hours: expected a single value, found a block of keys"},
	{"own types", "hours: noon\nsecret: []\n",
		"c.yaml:1: hours: \"noon\" is no range of hours such as 21:00-08:00\n" +
			"c.yaml:2: secret: first\n" +
			"other.yaml: second"},
	{"keys of a map", "labels: {noon: x}\n", "c.yaml:1: labels.noon: \"noon\" is no range of hours such as 21:00-08:00"},
	{"inline map", "units: [{id: a, extra: x}]\n",
		`c.yaml:1: units[0].extra: expected a whole number, found the text "x" (write a number such as 12, without quotes)`},
	{"long text in the wrong place", "days: " + strings.Repeat("长", 50), `c.yaml:1: days: expected a whole number, found the text "` +
		strings.Repeat("长", 40) + `…" (write a number such as 12, without quotes)`},
	{"not a block", "- a\n", `c.yaml:1: expected a block of keys, found a list (write "key: value" on the lines below)`},
	{"hidden and private", "hidden: x\nprivate: {}\n",
		"c.yaml:1: hidden: unknown key (known: name, units, public, days, small, share, limits, parent, raw, hours, secret, labels, zone, untagged)\n" +
			"c.yaml:2: private: unknown key (known: name, units, public, days, small, share, limits, parent, raw, hours, secret, labels, zone, untagged)"},
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range decodeTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c sample
			if diff := cmp.Diff(tt.want, lines(decode(t, tt.in, "", &c))); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func decode(t *testing.T, in, path string, into any) error {
	t.Helper()
	node, err := strict.Parse("c.yaml", []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	return strict.Decode("c.yaml", node, path, into)
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var got sample
	err := decode(t, `
name: "0001"
units:
  - {id: yes, chats: [], extra: 3}
  - id: |
      two
      lines
public: true
days: -3
small: 255
share: 0.5
limits: {a: 1, b: 2}
parent: {id: p}
raw: [1, x]
hours: 21:00-08:00
secret: s
labels: {8-9: morning}
zone: Asia/Shanghai
untagged: x
`, "", &got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Raw.Kind != yaml.SequenceNode || len(got.Raw.Content) != 2 || got.Raw.Line != 14 {
		t.Errorf("raw node %+v", got.Raw)
	}
	got.Raw = yaml.Node{}
	want := sample{Name: "0001", Public: true, Days: -3, Small: 255, Share: 0.5, Limits: map[string]int{"a": 1, "b": 2},
		Units:  []unit{{ID: "yes", Chats: []string{}, Others: map[string]int{"extra": 3}}, {ID: "two\nlines\n"}},
		Parent: &unit{ID: "p"}, Hours: "21:00-08:00", Secret: secret{"s"}, Labels: map[hours]string{"8-9": "morning"},
		Shared: Shared{"Asia/Shanghai"}, Untagged: "x"}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeEmptyBlocks(t *testing.T) {
	t.Parallel()
	var got sample
	if err := decode(t, "units:\nlimits:\nparent:\n", "", &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample{}, got, cmp.AllowUnexported(sample{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodePath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, in, want string }{
		{"accounts[1]", "foo: 1", "c.yaml:1: accounts[1].foo: unknown key (known: token)"},
		{"accounts[1]", "[]", `c.yaml:1: accounts[1]: expected a block of keys, found a list (write "key: value" on the lines below)`},
		{`question "a": `, "foo: 1", `c.yaml:1: question "a": foo: unknown key (known: token)`},
		{`question "a": `, "x", `c.yaml:1: question "a": expected a block of keys, found the text "x" (write "key: value" on the lines below)`},
	} {
		var into struct {
			Token string `yaml:"token"`
		}
		if got := lines(decode(t, tt.in, tt.path, &into)); got != tt.want {
			t.Errorf("path %q:\n got %s\nwant %s", tt.path, got, tt.want)
		}
	}
}

func TestChild(t *testing.T) {
	t.Parallel()
	node, err := strict.Parse("c.yaml", []byte("a: 1\nb:\n  c: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strict.Child(node, "b").Line; got != 3 {
		t.Errorf("b is on line %d, want 3", got)
	}
	if strict.Child(node, "x") != node {
		t.Error("a key that is missing must give the block")
	}
}
