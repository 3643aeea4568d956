package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Of several processes on one PostgreSQL database one works, the others stand by.
// The one holds a lease, which it renews; when it ends, another takes it over.
//
// Rules:
//   - Times are the database's: the clocks of the machines may differ.
//   - Every lease has a fence, one higher than that of the lease before. Each
//     transaction of Write holds on to the fence, so that one of an earlier owner
//     (a process that was frozen and wakes up) is refused, and a new owner waits
//     for the end of one that is under way.
//   - An owner that cannot renew its lease stops by itself before it ends.
const (
	leaseTime  = 15 * time.Second
	renewEvery = 4 * time.Second
	// giveUp is how long after its last renewal an owner stops by itself.
	giveUp = 12 * time.Second
	// lookEvery is how often one that stands by looks whether the lease is free.
	lookEvery = time.Second
)

// errReplaced is what Write returns when another process has taken over.
var errReplaced = errors.New("another process has taken over")

// Lost tells whether an error means that another process may have taken over, or
// that the database is not to be reached: the way out is to Lead anew.
func Lost(err error) bool {
	code := Code(err)
	return errors.Is(err, errReplaced) || code == Gone || code == CannotOpen
}

// Leader is who works on the database; "" when nobody does.
func (db *DB) Leader() (owner string, err error) {
	if !db.postgres {
		return "", nil
	}
	err = db.pool.QueryRowContext(background, `SELECT owner FROM lease WHERE name = 'bot' AND until_at >= `+serverMillis).Scan(&owner)
	if errors.Is(err, ErrNoRows) {
		return "", nil
	}
	return owner, err
}

// Lead waits until this process is the one that works on the database; with
// SQLite it is at once. waiting is called when it has to wait, with who works.
// The context that is returned ends when the lease is lost, or with ctx; then
// release gives the lease back.
func (db *DB) Lead(ctx context.Context, waiting func(owner string)) (leading context.Context, release func(), err error) {
	if !db.postgres {
		return ctx, func() {}, nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	l := &lease{db: db, owner: fmt.Sprintf("%s:%d", host, os.Getpid())}
	told := ""
	for {
		began := time.Now()
		holder, err := l.take()
		switch {
		case err == nil && l.fence != 0:
			return l.keep(ctx, began)
		case err == nil && holder != told:
			told = holder
			waiting(holder)
		case err != nil && Code(err) != Gone && Code(err) != CannotOpen && Code(err) != Conflict:
			return nil, nil, fmt.Errorf("take the lease: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

type lease struct {
	db    *DB
	owner string
	fence int64
}

// serverMillis is the database's time.
const serverMillis = `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT`

// take takes the lease if it is free; else it returns who has it.
func (l *lease) take() (holder string, err error) {
	ctx, cancel := context.WithTimeout(background, giveUp)
	defer cancel()
	rows, err := l.db.pool.QueryContext(ctx, `INSERT INTO lease (name, owner, fence, until_at) VALUES ('bot', $1, 1, `+serverMillis+` + $2)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = lease.fence + 1, until_at = excluded.until_at
		WHERE lease.until_at < `+serverMillis+` RETURNING fence`, l.owner, leaseTime.Milliseconds())
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&l.fence)
	}
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil || l.fence != 0 {
		return "", err
	}
	err = l.db.pool.QueryRowContext(ctx, `SELECT owner FROM lease WHERE name = 'bot'`).Scan(&holder)
	return holder, err
}

// keep renews the lease until ctx ends or it is lost.
func (l *lease) keep(ctx context.Context, began time.Time) (context.Context, func(), error) {
	l.db.fence.Store(l.fence)
	leading, lose := context.WithCancelCause(ctx)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for last := began; ; {
			select {
			case <-stop:
				return
			case <-time.After(min(renewEvery, max(0, giveUp-time.Since(last)))):
			}
			began := time.Now()
			if began.Sub(last) < giveUp {
				ours, err := l.renew(giveUp - began.Sub(last))
				if err == nil && ours {
					last = began
					continue
				}
				if err != nil && time.Since(last) < giveUp {
					select { // not at once again
					case <-stop:
						return
					case <-time.After(time.Second / 2):
					}
					continue
				}
			}
			lose(errReplaced)
			return
		}
	}()
	release := func() {
		close(stop)
		<-stopped
		lose(nil)
		ctx, cancel := context.WithTimeout(background, giveUp)
		defer cancel()
		// If it fails, the others wait until the lease ends.
		_, _ = l.db.pool.ExecContext(ctx, `UPDATE lease SET until_at = 0 WHERE name = 'bot' AND fence = $1`, l.fence)
	}
	return leading, release, nil
}

func (l *lease) renew(within time.Duration) (ours bool, err error) {
	ctx, cancel := context.WithTimeout(background, within)
	defer cancel()
	r, err := l.db.pool.ExecContext(ctx, `UPDATE lease SET until_at = `+serverMillis+` + $1 WHERE name = 'bot' AND fence = $2`,
		leaseTime.Milliseconds(), l.fence)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

// fenced refuses a transaction of a process that was replaced, and keeps others
// from replacing it until the transaction ends.
func (tx *Tx) fenced(fence int64) error {
	if fence == 0 {
		return nil
	}
	var one int
	err := tx.QueryRow(`SELECT 1 FROM lease WHERE name = 'bot' AND fence = $1 FOR SHARE`, fence).Scan(&one)
	if errors.Is(err, ErrNoRows) {
		return errReplaced
	}
	return err
}
