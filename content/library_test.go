package content_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"branchbot/content"
)

func library(t *testing.T) *content.Library {
	t.Helper()
	lesson := func(pack, id string, tags ...string) *content.Lesson {
		return &content.Lesson{Pack: pack, ID: id, Tags: tags}
	}
	question := func(pack, id string, tags ...string) *content.Question {
		return &content.Question{Pack: pack, ID: id, Tags: tags}
	}
	l, err := content.NewLibrary([]*content.Pack{
		{ID: "one", Lessons: []*content.Lesson{lesson("one", "a-01", "a"), lesson("one", "a-02", "a", "b"), lesson("one", "c")},
			Questions: []*content.Question{question("one", "q-1", "a"), question("one", "q-2")}},
		{ID: "two", Lessons: []*content.Lesson{lesson("two", "a-01", "a"), lesson("two", "z", "one")},
			Questions: []*content.Question{question("two", "q-1", "a"), question("two", "q-3", "b")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func refs[T interface{ Ref() string }](items []T) string {
	var list []string
	for _, i := range items {
		list = append(list, i.Ref())
	}
	return strings.Join(list, " ")
}

func TestSeriesAndPool(t *testing.T) {
	t.Parallel()
	l := library(t)
	for _, tt := range []struct{ path, series, pool string }{
		{"one", "one/a-01 one/a-02 one/c", "one/q-1 one/q-2"},
		{"one/a", "one/a-01 one/a-02", "one/q-1"},
		{"one/b", "one/a-02", ""},
		{"two/b", "", "two/q-3"},
		{"a", "one/a-01 one/a-02 two/a-01", "one/q-1 two/q-1"},
		{"b", "one/a-02", "two/q-3"},
		{"one/", "", ""},
		{"/a", "", ""},
		{"", "", ""},
		{"three/a", "", ""},
		{"one/a-01", "", ""}, // an id is no tag
	} {
		if got := refs(l.Series(tt.path)); got != tt.series {
			t.Errorf("Series(%q) = %s, want %s", tt.path, got, tt.series)
		}
		if got := refs(l.Pool(tt.path)); got != tt.pool {
			t.Errorf("Pool(%q) = %s, want %s", tt.path, got, tt.pool)
		}
	}
}

// Packs and tags are called by their names, and what is neither is looked for in the titles,
// then in the texts.
func TestSeriesAndPoolByName(t *testing.T) {
	t.Parallel()
	l, err := content.NewLibrary([]*content.Pack{
		{ID: "one", Title: "入门", TagNames: map[string]string{"fire": "消防"}, Lessons: []*content.Lesson{
			{Pack: "one", ID: "a", Title: "灭火器", Tags: []string{"fire"}, Body: "提、拔、瞄、压。"}, {Pack: "one", ID: "b", Title: "党费", Body: "每月按时交，不是消防。"}},
			Questions: []*content.Question{{Pack: "one", ID: "q", Ask: "火警电话是多少？", Tags: []string{"fire"}, Options: []string{"110", "119"}}}},
		{ID: "two", Title: "车间", Questions: []*content.Question{{Pack: "two", ID: "q", Ask: "止血用什么？", Explain: "消防员也这样做。"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, series, pool string }{
		{"消防", "one/a", "one/q"}, {"入门", "one/a one/b", "one/q"}, {"入门/消防", "one/a", "one/q"}, {"车间", "", "two/q"},
		{"党费", "one/b", ""}, {"止血", "", "two/q"}, {"火警 电话", "", "one/q"}, {"119", "", "one/q"}, {"提、拔", "one/a", ""}, {"没有", "", ""}, {"1", "", ""},
	} {
		if got := refs(l.Series(tt.path)); got != tt.series {
			t.Errorf("Series(%q) = %s, want %s", tt.path, got, tt.series)
		}
		if got := refs(l.Pool(tt.path)); got != tt.pool {
			t.Errorf("Pool(%q) = %s, want %s", tt.path, got, tt.pool)
		}
	}
}

func TestByID(t *testing.T) {
	t.Parallel()
	l := library(t)
	for ref, want := range map[string]string{"one/q-1": "one/q-1", "q-2": "one/q-2", "q-3": "two/q-3", "q-1": "", "one/q-3": "", "": ""} {
		got := ""
		if q := l.Question(ref); q != nil {
			got = q.Ref()
		}
		if got != want {
			t.Errorf("Question(%q) = %q, want %q", ref, got, want)
		}
	}
	for ref, want := range map[string]string{"two/a-01": "two/a-01", "c": "one/c", "a-01": "", "x": ""} {
		got := ""
		if lesson := l.Lesson(ref); lesson != nil {
			got = lesson.Ref()
		}
		if got != want {
			t.Errorf("Lesson(%q) = %q, want %q", ref, got, want)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	shipped := fstest.MapFS{}
	for name, file := range pack(nil).(fstest.MapFS) {
		shipped["starter/"+name] = file
	}
	shipped["notes.txt"] = &fstest.MapFile{}
	base := t.TempDir()
	if err := os.CopyFS(filepath.Join(base, "own"), pack(map[string]string{"pack.yaml": "id: own\ntitle: 自己\n"})); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(base, "bad"), pack(map[string]string{"pack.yaml": "id: bad\n"})); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		list []string
		want string // ids of the packs, or the faults
	}{
		{nil, ""},
		{[]string{"starter"}, "demo"},
		{[]string{"starter", "own"}, "demo own"},
		{[]string{"./own"}, "own"},
		{[]string{filepath.Join(base, "own")}, "own"},
		{[]string{"own", "./own"}, `content: two packs have the id "own"`},
		{[]string{"startr", "bad"}, `content: "startr" is neither a shipped pack nor a folder (shipped packs: starter; did you mean "starter"?)` + "\n" +
			"bad/pack.yaml:1: title: missing"},
		{[]string{"./starter", ""}, `content: "./starter" is neither a shipped pack nor a folder (shipped packs: starter; did you mean "starter"?)` + "\n" +
			`content: "" is neither a shipped pack nor a folder (shipped packs: starter)`},
	} {
		l, err := content.Open(tt.list, shipped, base)
		got := faults(err)
		if err == nil {
			var ids []string
			for _, p := range l.Packs() {
				ids = append(ids, p.ID)
			}
			got = strings.Join(ids, " ")
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.list, diff)
		}
	}
}

func TestMediaNotDeclared(t *testing.T) {
	t.Parallel()
	p, err := content.Load(pack(map[string]string{"media/other.png": string(png(1, 1))}), "demo")
	if err != nil {
		t.Fatal(err)
	}
	l, err := content.NewLibrary([]*content.Pack{p})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Media("demo/media/x.png"); err != nil {
		t.Error(err)
	}
	for _, ref := range []string{"demo/media/other.png", "demo/pack.yaml", "demo/../demo/media/x.png", "media/x.png", ""} {
		if _, _, err := l.Media(ref); err == nil || err.Error() != `content: there is no picture "`+ref+`"` {
			t.Errorf("%q: got %v", ref, err)
		}
	}
}
