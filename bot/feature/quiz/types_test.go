package quiz

import (
	"slices"
	"testing"

	"branchbot/bot/command"
	"branchbot/bot/locale"
	"branchbot/content"
)

// A type of question that packs may have can be asked, typed, pressed and explained.
func TestTypes(t *testing.T) {
	t.Parallel()
	samples := map[content.Type]struct {
		q     content.Question
		typed string
	}{
		content.Single:    {content.Question{Options: []string{"红", "蓝"}, Answer: "B"}, "选B"},
		content.Multiple:  {content.Question{Options: []string{"红", "蓝", "黄"}, Answer: "AC"}, "A、C"},
		content.TrueFalse: {content.Question{Answer: "true"}, "对"},
		content.Blank:     {content.Question{Accept: []string{"三会一课"}}, "答 三会一课"},
		content.Number:    {content.Question{Answer: "12"}, "12"},
		content.Order:     {content.Question{Options: []string{"红", "蓝", "黄"}, Answer: "BCA"}, "BCA"},
	}
	forms := []string{"one", "several", "truth", "text"}
	if len(types) != len(content.Types) {
		t.Errorf("%d rows for %d types", len(types), len(content.Types))
	}
	for _, kind := range content.Types {
		row, known := types[kind]
		sample, shown := samples[kind]
		if !known || !shown || !slices.Contains(forms, row.form) || !row.kind.Question() {
			t.Errorf("%s: its row in types (%+v), or its sample here, is missing", kind, row)
			continue
		}
		q := sample.q
		q.Type = kind
		reply := command.Read(sample.typed)
		reply.Addressed = true
		a, verdict := reply.Match(want(&q))
		if verdict != command.OK || !q.Right(a.Value) {
			t.Errorf("%s: %q is read as %+v (%v), want what is right", kind, sample.typed, a, verdict)
		}
		keys := []string{"quiz.type." + string(kind), "quiz.how." + string(kind)}
		if row.form == "text" {
			keys = append(keys, "quiz.page.write."+string(kind))
		}
		for _, key := range keys {
			if !locale.Has(key) {
				t.Errorf("%s: the catalogue has no %s", kind, key)
			}
		}
	}
}
