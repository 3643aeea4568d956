package strict

import (
	"fmt"
	"strings"
)

// Nearest is the known word that was probably meant; "" if none is near: at
// most one mistake for each three letters, a swap of neighbours counting as one.
func Nearest(word string, known []string) string {
	best, limit := "", max(1, len([]rune(word))/3)
	for _, k := range known {
		if d := distance([]rune(word), []rune(k), limit); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

// suggest is the hint for an unknown word.
func suggest(word string, known []string) string {
	if best := Nearest(word, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) == 0 {
		return ""
	}
	return "known: " + strings.Join(known, ", ")
}

// distance counts the edits between two words (optimal string alignment). It
// returns limit+1 where the lengths alone exclude less.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
