package outbox

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"branchbot/bot/chat"
)

// pace keeps an account within its messages per second: they are spread
// evenly, and a message leaves only when of those before it fewer than a
// second's number are under way or may have been counted by the platform less than a
// second before it counts this one. When that was is not known, but no way is quicker
// than the quickest one: the two messages together have spent that on the ways there
// and back. So the platform counts no more in any second, however long each one travels.
type pace struct {
	even     *rate.Limiter
	most     int
	quota    quota
	underWay int
	counted  []time.Time   // at the latest, by a clock that is ahead by the ways; oldest first
	quickest time.Duration // from leaving to the answer
	known    int           // how many answers that is the quickest of
}

// sure is the part of the quickest way that is counted on, once it is the quickest of
// some.
const (
	sure = 0.9
	some = 10
)

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
	for len(p.counted) > 0 && now.Sub(p.counted[0]) >= time.Second {
		p.counted = p.counted[1:]
	}
	wait := max(0, p.quota.free(now).Sub(now))
	if lack := 1 - p.even.TokensAt(now); lack > 0 {
		wait = (time.Duration(lack/float64(p.even.Limit())*float64(time.Second)) + time.Millisecond).Truncate(time.Millisecond)
	}
	if over := len(p.counted) + p.underWay - p.most; over >= 0 && over < len(p.counted) {
		wait = max(wait, p.counted[over].Add(time.Second).Sub(now))
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

// arrived notes that the platform has answered to a message that left, and how long that
// took; 0: it has never left.
func (p *pace) arrived(now time.Time, took time.Duration) {
	if p == nil {
		return
	}
	p.underWay--
	if took > 0 {
		p.known++
		if p.known == 1 || took < p.quickest {
			p.quickest = took
		}
	}
	at := now
	if p.known >= some {
		at = now.Add(-time.Duration(sure * float64(p.quickest)))
	}
	if n := len(p.counted); n > 0 && at.Before(p.counted[n-1]) {
		at = p.counted[n-1]
	}
	p.counted = append(p.counted, at)
}
