package sim

import (
	"testing"
)

// A few seeds; .ci/run runs more by bot/sim/branchbot-sim.
func TestSeeds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all Report
	for seed := range uint64(6) {
		r, err := Run(seed, dir)
		if err != nil {
			t.Errorf("seed %d; again by: go run ./bot/sim/branchbot-sim -seed %d\n%v", seed, seed, err)
		}
		all.Add(r)
	}
	if all.Crashes < 6 || all.Lost < 6 || all.Events < 60 {
		t.Errorf("the simulation does not do much: %+v", all)
	}
	t.Logf("%+v", all)
}
