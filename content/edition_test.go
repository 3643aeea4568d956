package content_test

import (
	"strings"
	"testing"
	"time"

	"branchbot/content"
)

const editions = `- {title: "《细则》", edition: 2026年修订}
- {title: "《细则》（2014年）", edition: 2014年, replaced_by: 2026年修订, since: '2026-05-18'}
- {title: "《条例》", edition: 2018年}
`

// An item follows the editions that its source names, and tells whether another one holds
// by now and whether it was compared with its source within a year.
func TestReviews(t *testing.T) {
	t.Parallel()
	p, err := content.Load(pack(map[string]string{
		"editions.yaml":   editions,
		"lessons/a-01.md": "---\nid: a-01\ntitle: 一\nsource: 《细则》（2014年）第一条；《条例》\nchecked: {on: '2026-11-30', against: 全文}\n---\n一\n",
		"lessons/a-02.md": "---\nid: a-02\ntitle: 二\nsource: 《细则》第一条\nchecked: {on: '2025-11-29', against: 全文}\n---\n二\n",
		"lessons/a-03.md": "---\nid: a-03\ntitle: 三\nsource: 口口相传\n---\n三\n",
	}), "demo")
	if err != nil {
		t.Fatal(err)
	}
	library, err := content.NewLibrary([]*content.Pack{p})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range library.Reviews(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)) {
		line := r.Ref + " " + r.Checked.On
		for _, e := range r.Editions {
			line += " " + e.Edition
		}
		if e := r.Replaced(); e != nil {
			line += " replaced by " + e.ReplacedBy
		}
		if r.Stale {
			line += " stale"
		}
		lines = append(lines, line)
	}
	const want = "demo/a-01 2026-11-30 2014年 2018年 replaced by 2026年修订\ndemo/a-02 2025-11-29 2026年修订 stale\ndemo/a-03 "
	if got := strings.Join(lines[:3], "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestFaultyEditions(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"- {edition: 2018年}\n":         "title: missing",
		"- {title: x, since: 2026年}\n": "is no day",
		"- {title: x}\n- {title: x}\n": "the id is taken already",
		"title: x\n":                   "expected a list of documents",
		"- {title: x, replaced: y}\n":  "replaced",
	} {
		_, err := content.Load(pack(map[string]string{"editions.yaml": in}), "demo")
		if err == nil || !strings.Contains(err.Error(), "demo/editions.yaml:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	for in, want := range map[string]string{
		"checked: {on: '2026-11-30'}":             "tells only a part",
		"checked: {on: gestern, against: Quelle}": "is no day",
	} {
		_, err := content.Load(pack(map[string]string{"lessons/a-01.md": "---\nid: a-01\ntitle: 一\n" + in + "\n---\n一\n"}), "demo")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}
