package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Several processes on one PostgreSQL database share its work. What only one may do
// at a time (receive and send for an account, keep house) is a role. A role is held
// by a lease, which its owner renews; when it ends, another process takes the role.
//
// Rules:
//   - Times are the database's: the clocks of the machines may differ.
//   - Every holding has a fence, one higher than that of the holding before. A
//     transaction of WriteAs holds on to it, so that one of an earlier owner (a
//     process that was frozen and wakes up) is refused, and a new owner does not
//     begin before the end of one that is under way.
//   - An owner that cannot renew its leases stops by itself before they end.
//   - A free role is taken at once by a process that has the fewest roles of those
//     that could take it; by others only when it stays free. Who has more than he
//     need gives them up one after the other. The role House does not count.
const (
	leaseTime  = 15 * time.Second
	renewEvery = 3 * time.Second
	// giveUp is how long after its last renewal an owner stops by itself.
	giveUp = 12 * time.Second
	// lookEvery is how often a process looks what there is to take or to give up.
	lookEvery = time.Second
	// spare is how long a role has to be free before anybody takes it.
	spare = 2 * time.Second
	// askFor bounds one statement about leases.
	askFor = 3 * time.Second
)

// House is the role of what is done once for all: housekeeping, backups.
const House = "house"

// ErrReplaced is what WriteAs returns when this process does not have the role.
var ErrReplaced = errors.New("another process has taken over")

// Unreachable tells whether an error means that the database cannot be used for the moment: it
// does not answer, or it is a standby that takes no writes yet.
func Unreachable(err error) bool {
	code := Code(err)
	return code == Gone || code == CannotOpen || code == ReadOnly
}

// Process is what a process says of itself.
type Process struct {
	Address string   // of its pages
	Version string   // of the program
	Roles   []string // what it can do
	// State is how a role is doing, for others to read. May be nil.
	State func(role string) string
	// Failed is told of what went wrong; the process goes on. May be nil.
	Failed func(what string, err error)
}

// fenced refuses a transaction of a process that was replaced, and keeps others
// from replacing it until the transaction ends.
func (tx *Tx) fenced(db *DB, role string) error {
	fence, sharing := db.held.fence(role)
	if role == "" || !sharing {
		return nil
	}
	var one int
	err := tx.QueryRow(`SELECT 1 FROM lease WHERE name = $1 AND fence = $2 FOR KEY SHARE`, role, fence).Scan(&one)
	if errors.Is(err, ErrNoRows) || fence == 0 {
		return fmt.Errorf("%s: %w", role, ErrReplaced)
	}
	return err
}

// Share takes part in the work until ctx ends: it runs do for each role that this
// process gets, until that is lost or given up, which ends its context. An error of
// do gives the role up for the moment; with SQLite, where one process has all roles,
// it ends Share.
func (db *DB) Share(ctx context.Context, p Process, do func(ctx context.Context, role string) error) error {
	if !db.postgres {
		return alone(ctx, p.Roles, do)
	}
	if p.State == nil {
		p.State = func(string) string { return "" }
	}
	if p.Failed == nil {
		p.Failed = func(string, error) {}
	}
	db.held.mu.Lock()
	db.held.fences = map[string]int64{}
	db.held.mu.Unlock()
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	s := &share{db: db, Process: p, do: do, owner: fmt.Sprintf("%s:%d:%s", host, os.Getpid(), rand.Text()[:4]),
		mine: map[string]*holding{}, ended: make(chan *holding)}
	return s.run(ctx)
}

func alone(asked context.Context, roles []string, do func(context.Context, string) error) error {
	ctx, end := context.WithCancelCause(asked)
	defer end(nil)
	var all sync.WaitGroup
	for _, role := range roles {
		all.Go(func() {
			if err := do(ctx, role); err != nil {
				end(err)
			}
		})
	}
	all.Wait()
	if asked.Err() == nil {
		return context.Cause(ctx)
	}
	return nil
}

// share is this process among those that share the work.
type share struct {
	Process
	db    *DB
	do    func(context.Context, string) error
	owner string

	mine    map[string]*holding
	ended   chan *holding
	seen    time.Time // when others were last told that this one lives
	failing bool      // the database did not answer the last time
}

// holding is a role that this process has, or still works at.
type holding struct {
	role     string
	fence    int64
	renewed  time.Time // when the last renewal that succeeded began
	state    string    // as it is stored
	stopping bool      // do is to end
	lost     bool      // it is not ours any more
	stop     context.CancelFunc
}

func (s *share) run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.turn(ctx)
		select {
		case <-ctx.Done():
		case h := <-s.ended:
			s.release(h)
		case <-tick.C:
		}
	}
	s.leave()
	return nil
}

// turn does what is to be done each second.
func (s *share) turn(ctx context.Context) {
	err := s.renew(false)
	if err == nil {
		err = s.look(ctx)
	}
	if err != nil && !s.failing {
		s.Failed("share the work", err)
	}
	s.failing = err != nil
	for _, h := range s.mine { // also when the database did not answer
		if !h.lost && time.Since(h.renewed) >= giveUp {
			s.lose(h)
		}
	}
}

// lose stops the work at a role that this process has no longer.
func (s *share) lose(h *holding) {
	h.lost, h.stopping = true, true
	s.db.held.hold(h.role, 0)
	h.stop()
}

// ask runs a statement that does not wait for ever.
func (s *share) ask(f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(background, askFor)
	defer cancel()
	return f(ctx)
}

// serverMillis is the database's time.
const serverMillis = `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT`

// renew tells that this process lives, and renews its leases; of one that leaves
// only these.
func (s *share) renew(leaving bool) error {
	began := time.Now()
	if began.Sub(s.seen) < renewEvery && !s.changed() {
		return nil
	}
	if !leaving {
		err := s.ask(func(ctx context.Context) error {
			_, err := s.db.pool.ExecContext(ctx, `INSERT INTO process (owner, address, version, roles, started_at, seen_at)
				VALUES ($1, $2, $3, $4, `+serverMillis+`, `+serverMillis+`)
				ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at`, s.owner, s.Address, s.Version, strings.Join(s.Roles, "\n"))
			return err
		})
		if err != nil {
			return err
		}
	}
	kept := []string{}
	for _, h := range s.mine {
		if !h.lost {
			kept = append(kept, h.role)
		}
	}
	ours := map[string]bool{}
	err := s.ask(func(ctx context.Context) error {
		rows, err := s.db.pool.QueryContext(ctx, `UPDATE lease SET until_at = `+serverMillis+` + $1 WHERE owner = $2 AND name = ANY($3) RETURNING name`,
			leaseTime.Milliseconds(), s.owner, kept)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			ours[name] = true
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	s.seen = began
	for _, h := range s.mine {
		switch {
		case h.lost:
		case !ours[h.role]:
			s.lose(h)
		default:
			h.renewed = began
		}
	}
	return s.tell()
}

// changed tells whether there is a state to store.
func (s *share) changed() bool {
	for _, h := range s.mine {
		if !h.lost && h.state != s.State(h.role) {
			return true
		}
	}
	return false
}

// tell stores how the roles are doing.
func (s *share) tell() error {
	for _, h := range s.mine {
		state := s.State(h.role)
		if h.lost || h.state == state {
			continue
		}
		err := s.ask(func(ctx context.Context) error {
			_, err := s.db.pool.ExecContext(ctx, `UPDATE lease SET state = $1 WHERE name = $2 AND owner = $3`, state, h.role, s.owner)
			return err
		})
		if err != nil {
			return err
		}
		h.state = state
	}
	return nil
}

// view is what a process sees of the others.
type view struct {
	free    map[string]time.Duration // since when a role is free
	can     map[string][]string      // what each process that lives can do
	others  []Holding
	holding map[string]int // how many roles each has, but for House
}

// look takes what is free and gives up what others should have.
func (s *share) look(ctx context.Context) error {
	v, err := s.view()
	if err != nil {
		return err
	}
	s.db.held.mu.Lock()
	s.db.held.others = v.others
	s.db.held.mu.Unlock()
	for _, role := range s.Roles {
		since, free := v.free[role]
		if !free || s.mine[role] != nil || role != House && since < spare && s.fewer(v, role, 0) {
			continue
		}
		taken, err := s.take(ctx, role)
		if err != nil {
			return err
		}
		if taken && role != House {
			v.holding[s.owner]++
		}
	}
	for _, h := range s.mine {
		if h.stopping {
			return nil // one after the other
		}
	}
	for _, role := range slices.Backward(s.Roles) {
		if h := s.mine[role]; h != nil && role != House && s.fewer(v, role, 1) {
			h.stopping = true
			h.stop()
			return nil
		}
	}
	return nil
}

// fewer tells whether another process that could take a role has fewer roles than
// this one, even if it gets that many more.
func (s *share) fewer(v view, role string, more int) bool {
	for owner, can := range v.can {
		if owner != s.owner && slices.Contains(can, role) && v.holding[owner]+more < v.holding[s.owner] {
			return true
		}
	}
	return false
}

func (s *share) view() (v view, err error) {
	v = view{free: map[string]time.Duration{}, can: map[string][]string{}, holding: map[string]int{}}
	err = s.ask(func(ctx context.Context) error {
		rows, err := s.db.pool.QueryContext(ctx, `SELECT owner, roles FROM process WHERE seen_at > `+serverMillis+` - $1`, leaseTime.Milliseconds())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var owner, roles string
			if err := rows.Scan(&owner, &roles); err != nil {
				return err
			}
			v.can[owner] = strings.Split(roles, "\n")
		}
		return rows.Err()
	})
	if err != nil {
		return v, err
	}
	all, err := s.db.holdings(true)
	if err != nil {
		return v, err
	}
	for _, role := range s.Roles { // whose rows are made when they are taken
		v.free[role] = leaseTime
	}
	for _, h := range all {
		if h.until <= h.now {
			v.free[h.Role] = time.Duration(h.now-h.until) * time.Millisecond
			continue
		}
		delete(v.free, h.Role)
		if h.Role != House {
			v.holding[h.Owner]++
		}
		if h.Owner != s.owner {
			v.others = append(v.others, h.Holding)
		}
	}
	return v, nil
}

// take takes a role if it is free.
func (s *share) take(ctx context.Context, role string) (bool, error) {
	began := time.Now()
	var fence int64
	err := s.ask(func(ctx context.Context) error {
		_, err := s.db.pool.ExecContext(ctx, `INSERT INTO lease (name, owner, fence, until_at) VALUES ($1, '', 0, 0) ON CONFLICT DO NOTHING`, role)
		if err != nil {
			return err
		}
		// A transaction of the last owner that is under way holds the row: later then.
		err = s.db.pool.QueryRowContext(ctx, `UPDATE lease SET owner = $1, fence = fence + 1, until_at = `+serverMillis+` + $2, since = `+serverMillis+`, state = ''
			WHERE name = (SELECT name FROM lease WHERE name = $3 AND until_at <= `+serverMillis+` FOR UPDATE SKIP LOCKED) RETURNING fence`,
			s.owner, leaseTime.Milliseconds(), role).Scan(&fence)
		if errors.Is(err, ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil || fence == 0 {
		return false, err
	}
	working, stop := context.WithCancel(ctx)
	h := &holding{role: role, fence: fence, renewed: began, stop: stop}
	s.mine[role] = h
	s.db.held.hold(role, fence)
	go func() {
		if err := s.do(working, role); err != nil {
			s.Failed(role, err)
		}
		s.ended <- h
	}()
	return true, nil
}

// release gives a role up at which this process works no more.
func (s *share) release(h *holding) {
	h.stop()
	delete(s.mine, h.role)
	if h.lost {
		return
	}
	s.db.held.hold(h.role, 0)
	// If it fails, the others wait until the lease ends.
	_ = s.ask(func(ctx context.Context) error {
		_, err := s.db.pool.ExecContext(ctx, `UPDATE lease SET until_at = `+serverMillis+` WHERE name = $1 AND fence = $2`, h.role, h.fence)
		return err
	})
}

// leave gives all roles up, each as soon as its work is done.
func (s *share) leave() {
	_ = s.ask(func(ctx context.Context) error {
		_, err := s.db.pool.ExecContext(ctx, `DELETE FROM process WHERE owner = $1 OR seen_at < `+serverMillis+` - $2`, s.owner, (24 * time.Hour).Milliseconds())
		return err
	})
	for _, h := range s.mine {
		h.stopping = true
		h.stop()
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for len(s.mine) > 0 {
		select {
		case h := <-s.ended:
			s.release(h)
		case <-tick.C:
			_ = s.renew(true)
		}
	}
}
