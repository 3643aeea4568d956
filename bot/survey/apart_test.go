package survey

import (
	"slices"
	"testing"
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
