package survey

import (
	"slices"
	"strings"
	"testing"

	"branchbot/bot/engine"
)

// No set of branches is shown from which a small one could be computed.
func TestApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes map[string]int
		want  []string
	}{
		{map[string]int{"一": 12, "二": 15}, []string{"一", "二"}},
		{map[string]int{"一": 12, "二": 15, "三": 9}, []string{"二"}}, // else 三 is what remains
		{map[string]int{"一": 12, "二": 15, "三": 9, "四": 1}, []string{"一", "二"}},
		{map[string]int{"一": 12, "二": 9}, nil},
		{map[string]int{"一": 3, "二": 9}, nil},
		{map[string]int{"一": 10, "二": 10, "三": 1}, []string{"一"}},
	} {
		got := apart(c.sizes)
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.sizes, got, c.want)
		}
		shown, all := 0, 0
		for name, n := range c.sizes {
			all += n
			if slices.Contains(got, name) {
				shown += n
			}
		}
		if rest := all - shown; rest != 0 && rest < shownApart && len(got) > 0 {
			t.Errorf("%v: %d ballots can be computed", c.sizes, rest)
		}
	}
}

// A question that most of a branch pass over shows no other branch's sums, from
// which the few answers could be computed.
func TestApartByQuestion(t *testing.T) {
	t.Parallel()
	s := &Survey{Kind: "survey", Title: "食堂", Questions: []Question{
		{Ask: "好吃吗", Type: Single, Options: []string{"好", "不好"}},
		{Ask: "干净吗", Type: Single, Options: []string{"干净", "不干净"}},
	}}
	var ballots []ballot
	for i := range 24 {
		b := ballot{Branch: "一", Answers: []string{"A", "A"}}
		if i%2 == 1 {
			b = ballot{Branch: "二", Answers: []string{"B", ""}}
		}
		if i == 1 {
			b.Answers[1] = "B" // the only answer of his branch
		}
		ballots = append(ballots, b)
	}
	told := strings.Join(branches(&engine.Turn{Lang: "zh-CN"}, s, ballots), "\n")
	if n := strings.Count(told, "好吃吗"); n != 2 {
		t.Errorf("the first question is shown for %d branches: %s", n, told)
	}
	if strings.Contains(told, "干净吗") {
		t.Errorf("the second question gives away one member's answer: %s", told)
	}
}
