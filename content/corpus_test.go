package content

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// TestCorpus reads banks as people write them, and compares what is understood with what a
// reader of the file would say (*.want, looked through by hand).
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/banks/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ReadBank(filepath.Base(file), data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got := told(b)
		want, err := os.ReadFile(file + ".want")
		if *update {
			if err := os.WriteFile(file+".want", []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got); go test -update rewrites it:\n%s", file, diff)
		}
	}
}

// told is a bank for the eye, a line a question.
func told(b *Bank) string {
	var out strings.Builder
	for _, q := range b.Questions {
		fmt.Fprintf(&out, "%s %s %q", q.At.Place(), q.Type, q.Ask)
		for i, o := range q.Options {
			fmt.Fprintf(&out, " %c=%q", 'A'+i, o)
		}
		fmt.Fprintf(&out, " → %s", q.Key())
		for _, part := range [][2]string{{"explain", q.Explain}, {"source", q.Source}, {"tags", strings.Join(q.Tags, ",")}} {
			if part[1] != "" {
				fmt.Fprintf(&out, " %s=%q", part[0], part[1])
			}
		}
		out.WriteByte('\n')
	}
	for _, part := range []struct {
		name string
		list []Left
	}{{"skipped", b.Skipped}, {"bad", b.Bad}} {
		for _, l := range part.list {
			keys := make([]string, len(l.Reasons))
			for i, r := range l.Reasons {
				keys[i] = fmt.Sprint(r.Key, r.Args)
			}
			fmt.Fprintf(&out, "%s %s %s %q\n", part.name, l.At.Place(), strings.Join(keys, "; "), l.Text)
		}
	}
	for _, n := range b.Notes {
		fmt.Fprintf(&out, "note %s %v\n", n.Key, n.Args)
	}
	return out.String()
}

// What is read is what is written down in a pack, and reads back as the same.
func TestCorpusIsKept(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/banks/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ReadBank(filepath.Base(file), data)
		if err != nil || len(b.Questions) == 0 {
			t.Fatalf("%s: %d questions, %v", file, len(b.Questions), err)
		}
		zip, err := b.Wrapped("corpus", "题库")
		if err != nil {
			t.Fatal(err)
		}
		pack, err := LoadZip(zip, "")
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		hashes := func(all []*Question) (out []string) {
			for _, q := range all {
				out = append(out, q.Hash())
			}
			return out
		}
		if !slices.Equal(hashes(pack.Questions), hashes(b.Questions)) {
			t.Errorf("%s: the pack has other questions", file)
		}
	}
}
