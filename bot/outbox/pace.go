package outbox

import (
	"math"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"branchbot/bot/chat"
)

// pace keeps an account within its messages per second: they are spread
// evenly, and a message leaves only when of those before it fewer than a
// second's number are under way or may have been counted by the platform less than a
// second before it counts this one. When that was is not known, but the one message
// spends some time on its way there, and the other one spent some on its way back: taken
// together as much as the quickest answer took. So the platform counts no more in any
// second, however long each one travels; except for a few, when all roads become much
// shorter from one moment to the next.
type pace struct {
	even     *rate.Limiter
	most     int
	quota    quota
	underWay int
	answered []time.Time     // within the last second, oldest first
	took     []time.Duration // the last answers
}

const (
	// sure is the part of the quickest answer's time that is counted on; it is at most
	// surely, since a road may become shorter than any that is known.
	sure   = 0.85
	surely = 300 * time.Millisecond
	// A quickest answer is known after so many, and forgotten after so many more.
	fewAnswers, manyAnswers = 30, 300
)

// travel is what a message there and another one back need at least.
func (p *pace) travel() time.Duration {
	if len(p.took) < fewAnswers {
		return 0
	}
	return min(time.Duration(sure*float64(slices.Min(p.took))), surely)
}

// saved is how many messages may follow at once after some that left late, so
// that lateness costs no throughput.
const saved = 3

// newPace returns nil for no limit of the account.
func newPace(c chat.Pace) *pace {
	if c.AccountPerSecond <= 0 && c.AccountPerDay <= 0 {
		return nil
	}
	p := &pace{even: rate.NewLimiter(rate.Inf, 1), most: math.MaxInt, quota: quota{pace: c}}
	if c.AccountPerSecond > 0 {
		p.even, p.most = rate.NewLimiter(rate.Limit(c.AccountPerSecond), 1), max(int(c.AccountPerSecond), 1)
	}
	if c.AccountPerSecond >= 10 {
		p.even.SetBurst(saved)
	}
	return p
}

// wait is how long until another message may leave; 0 = now.
func (p *pace) wait(now time.Time) time.Duration {
	if p == nil {
		return 0
	}
	second := time.Second - p.travel()
	for len(p.answered) > 0 && now.Sub(p.answered[0]) >= second {
		p.answered = p.answered[1:]
	}
	wait := max(0, p.quota.free(now).Sub(now))
	if lack := 1 - p.even.TokensAt(now); lack > 0 {
		wait = (time.Duration(lack/float64(p.even.Limit())*float64(time.Second)) + time.Millisecond).Truncate(time.Millisecond)
	}
	if over := len(p.answered) + p.underWay - p.most; over >= 0 && over < len(p.answered) {
		wait = max(wait, p.answered[over].Add(second).Sub(now))
	} else if over >= 0 {
		wait = max(wait, time.Second/time.Duration(p.most)) // until one of those under way is answered
	}
	return wait
}

// leave notes that a message leaves.
func (p *pace) leave(now time.Time) {
	if p != nil {
		p.even.AllowN(now, 1)
		p.quota.spend(now)
		p.underWay++
	}
}

// arrived notes that the platform has answered to a message that left, or that it never
// left, and how long a short message took that was sent; 0 for any other.
func (p *pace) arrived(now time.Time, took time.Duration) {
	if p == nil {
		return
	}
	p.underWay--
	p.answered = append(p.answered, now)
	if took > 0 {
		p.took = append(p.took, took)
	}
	if len(p.took) > manyAnswers {
		p.took = p.took[1:]
	}
}
