package engine

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// flood keeps one person's commands from crowding out the others': 20 at once,
// then one every three seconds. Answers are not counted, they cause no replies.
type flood struct {
	mu     sync.Mutex
	people map[string]*person
}

type person struct {
	limit *rate.Limiter
	told  bool
}

type verdict int

const (
	fine verdict = iota
	lastOne
	tooMany
)

// take says lastOne for the first command over the limit, tooMany for the rest.
func (f *flood) take(who string, now time.Time) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.people == nil || len(f.people) > 10_000 { // strangers must not fill the memory
		f.people = map[string]*person{}
	}
	p := f.people[who]
	if p == nil {
		p = &person{limit: rate.NewLimiter(rate.Every(3*time.Second), 20)}
		f.people[who] = p
	}
	switch {
	case p.limit.AllowN(now, 1):
		p.told = false
		return fine
	case !p.told:
		p.told = true
		return lastOne
	}
	return tooMany
}
