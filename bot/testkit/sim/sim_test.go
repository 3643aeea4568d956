package sim

import (
	"testing"
)

// kept are seeds that have failed once: what they found is mended.
var kept = []uint64{}

// A few seeds, one after another, so that a leak shows; .ci/run runs more by
// bot/testkit/sim/branchbot-sim.
func TestSeeds(t *testing.T) {
	dir := t.TempDir()
	var all Report
	var goroutines, files int
	for i, seed := range append([]uint64{0, 1, 2, 3, 4, 5}, kept...) {
		r, err := Run(seed, dir)
		if err != nil {
			t.Errorf("seed %d; again by: go run ./bot/testkit/sim/branchbot-sim -seed %d\n%v", seed, seed, err)
		}
		all.Add(r)
		if i == 0 {
			goroutines, files = Leaks()
		}
	}
	if all.Crashes < 6 || all.Lost < 6 || all.Events < 60 {
		t.Errorf("the simulation does not do much: %+v", all)
	}
	if g, f := Leaks(); g > goroutines || f > files {
		t.Errorf("I8: %d goroutines and %d files after the first seed, %d and %d after all", goroutines, files, g, f)
	}
	t.Logf("%+v", all)
}
