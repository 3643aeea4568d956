package outbox

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"branchbot/bot/chat"
)

// However long messages travel, and however unevenly, the platform counts no more than
// it allows in any second, and not much less on the whole.
func TestEvenPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		road
		over    int     // at most, messages too many
		percent float64 // at least, of what the platform allows
	}{
		{"near", road{least: 2}, 0, 99},
		{"far", road{least: 125}, 0, 95},
		{"very far", road{least: 400}, 0, 62},
		{"uneven", road{least: 40, spare: 60}, 0, 90},
		{"halting", road{least: 15, stall: 250}, 0, 80},
		{"wild", road{least: 5, spare: 400, stall: 700}, 0, 45},
		{"shorter", road{least: 150, shorter: true}, 15, 90},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				r := c.road
				r.dice = rand.New(rand.NewPCG(seed, 1))
				if over, percent := r.travel(); over > c.over || percent < c.percent {
					t.Errorf("seed %d: %d messages are too many in their second; %.1f %% of what the platform allows, want %.0f %%", seed, over, percent, c.percent)
				}
			}
		})
	}
}

// road is how messages travel, in ms.
type road struct {
	dice         *rand.Rand
	least, spare int  // of a way there, and of one back
	stall        int  // for so long, now and then, nothing is done here
	shorter      bool // after half of the messages it takes a tenth of the time
}

func (r *road) way() time.Duration {
	return time.Duration(r.least+r.dice.IntN(r.spare+1)) * time.Millisecond
}

// travel sends messages as the sender does, and tells how many the platform, which
// counts them when they arrive, would have refused, and how much of what it allows was
// used.
func (r *road) travel() (over int, percent float64) {
	const perSecond, messages = 30, 2000
	type trip struct{ left, back time.Time }
	var trips []trip
	var counted []time.Time
	p := newPace(chat.Pace{AccountPerSecond: perSecond})
	began := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	halt := began
	for now := began; len(counted) < messages; now = now.Add(time.Millisecond) {
		if r.shorter && len(counted) == messages/2 {
			r.least, r.shorter = r.least/10, false
		}
		trips = slices.DeleteFunc(trips, func(u trip) bool {
			if u.back.After(now) {
				return false
			}
			p.arrived(now, now.Sub(u.left))
			return true
		})
		if r.stall > 0 && r.dice.IntN(1500) == 0 {
			halt = now.Add(time.Duration(r.stall) * time.Millisecond)
		}
		for !now.Before(halt) && len(trips) < workers && p.wait(now) == 0 {
			p.leave(now)
			at := now.Add(r.way())
			counted = append(counted, at)
			trips = append(trips, trip{now, at.Add(r.way())})
		}
	}
	slices.SortFunc(counted, time.Time.Compare)
	for i := range counted[perSecond:] {
		if counted[i+perSecond].Sub(counted[i]) < time.Second {
			over++
		}
	}
	return over, 100 * messages / perSecond / counted[len(counted)-1].Sub(began).Seconds()
}
