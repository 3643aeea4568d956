package store

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Who works on the database, and which role each has; see Share.

// Holding is a role that a process has.
type Holding struct {
	Role, Owner, Address string
	Since                time.Time
	State                string // as Process.State said
}

// Peer is a process that shares the work.
type Peer struct {
	Owner, Address, Version string
	Started, Seen           time.Time
}

// held are the roles of this process.
type held struct {
	mu     sync.Mutex
	fences map[string]int64 // nil: this program does not Share
	others []Holding        // of other processes, as they were seen last
}

// Holds tells whether this process has a role. With SQLite it has all, and so has a
// program that does not Share.
func (db *DB) Holds(role string) bool {
	fence, sharing := db.held.fence(role)
	return !sharing || fence != 0
}

// fence is that of a role, 0 when this process does not have it; sharing is false when
// it takes no part.
func (h *held) fence(role string) (fence int64, sharing bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fences[role], h.fences != nil
}

// Held are the roles of this process, in order; none when it does not Share.
func (db *DB) Held() (roles []string) {
	db.held.mu.Lock()
	defer db.held.mu.Unlock()
	for role, fence := range db.held.fences {
		if fence != 0 {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// Elsewhere are the roles that other processes have, as they were seen last.
func (db *DB) Elsewhere() []Holding {
	db.held.mu.Lock()
	defer db.held.mu.Unlock()
	return db.held.others
}

func (h *held) hold(role string, fence int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fences[role] = fence
}

// leased is a holding with the times of its lease, by the database's clock.
type leased struct {
	Holding
	until, now int64
}

// holdings are the roles that processes have; all: also those that are free.
func (db *DB) holdings(all bool) (out []leased, err error) {
	ctx, cancel := context.WithTimeout(background, askFor)
	defer cancel()
	rows, err := db.pool.QueryContext(ctx, `SELECT l.name, l.owner, COALESCE(p.address, ''), l.since, l.state, l.until_at, `+serverMillis+`
		FROM lease l LEFT JOIN process p ON p.owner = l.owner ORDER BY l.name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h leased
		var since int64
		if err := rows.Scan(&h.Role, &h.Owner, &h.Address, &since, &h.State, &h.until, &h.now); err != nil {
			return nil, err
		}
		h.Since = time.UnixMilli(since)
		if all || h.until > h.now {
			out = append(out, h)
		}
	}
	return out, rows.Err()
}

// Shared is who works on the database, and which role each process has; nothing
// with SQLite, where it is one process that has all.
func (db *DB) Shared() (peers []Peer, roles []Holding, err error) {
	if !db.postgres {
		return nil, nil, nil
	}
	held, err := db.holdings(false)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range held {
		roles = append(roles, h.Holding)
	}
	rows, err := db.pool.QueryContext(background, `SELECT owner, address, version, started_at, seen_at FROM process
		WHERE seen_at > `+serverMillis+` - $1 ORDER BY started_at, owner`, leaseTime.Milliseconds())
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Peer
		var started, seen int64
		if err := rows.Scan(&p.Owner, &p.Address, &p.Version, &started, &seen); err != nil {
			return nil, nil, err
		}
		p.Started, p.Seen = time.UnixMilli(started), time.UnixMilli(seen)
		peers = append(peers, p)
	}
	return peers, roles, rows.Err()
}
