package app

import (
	"io"
	"slices"
	"strings"
	"testing"

	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/web"
	"branchbot/store"
	"branchbot/store/storetest"
)

// places are where pages ask for parts, as {{.Parts "…"}} of the templates and r.PostPart say.
var places = []string{"today", "today/notes", "today/runs", "today/next", "settings", "me", "me/papers", "me/choices", "mydata", "members/{id}",
	"reports/chart", "rounds/chart", "notices/chart"}

// What a feature with items must bring is not forgotten: each line names the feature and what
// it lacks. The tables are compared with the schema in bot/web, imports in bot/cli, texts in
// bot/locale.
func TestFeaturesAreWhole(t *testing.T) {
	t.Parallel()
	db, err := storetest.SQLite.Opener(t)(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	paths, kinds, tables := map[string]string{}, map[string]string{}, map[string]string{}
	once := func(seen map[string]string, what, key, feature string) {
		t.Helper()
		if seen[key] != "" {
			t.Errorf("%s: the %s %s is that of %s", feature, what, key, seen[key])
		}
		seen[key] = feature
	}
	for _, f := range sample(t, db, io.Discard).features.list() {
		name := f.Name()
		if _, answers := f.(engine.Answerer); answers {
			if _, ok := f.(engine.OpenItemLister); !ok {
				t.Errorf("%s: it opens prompts that no list of open items shows", name)
			}
			if _, ok := f.(web.Answered); !ok {
				t.Errorf("%s: nobody can answer its items on their own page", name)
			}
			if _, ok := f.(engine.Personal); !ok {
				t.Errorf("%s: /今日 and /我的数据 tell nothing of it", name)
			}
			if _, ok := f.(engine.TableKeeper); !ok {
				t.Errorf("%s: its tables are not in what members can download", name)
			}
			for _, lang := range locale.Languages {
				if key := name + ".name"; locale.Text(lang, key) == "["+key+"]" {
					t.Errorf("%s: %s has no word for its items, %s", name, lang, key)
				}
			}
		}
		if p, ok := f.(web.Paged); ok {
			for _, page := range p.Pages() {
				once(paths, "page", page.Path, name)
				if page.Get == nil || page.Title == "" {
					t.Errorf("%s: the page %s shows nothing", name, page.Path)
				}
				if strings.HasSuffix(page.Path, "/export") && page.Tells == nil {
					t.Errorf("%s: members are not told who exported %s", name, page.Path)
				}
			}
		}
		if p, ok := f.(web.Partner); ok {
			for _, part := range p.Parts() {
				if !slices.Contains(places, part.Of) {
					t.Errorf("%s: no page has a place %q", name, part.Of)
				}
			}
		}
		if m, ok := f.(engine.MediaMaker); ok {
			for kind := range m.Media() {
				once(kinds, "media", kind, name)
			}
		}
		if k, ok := f.(engine.TableKeeper); ok {
			for _, table := range k.PersonalTables() {
				once(tables, "table", table.Name, name)
			}
		}
	}
}
