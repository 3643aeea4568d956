package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// A hint tells other processes that there is something for them, so that they need
// not wait until they look by themselves. Losing one costs that time and nothing
// else. Hints are sent after the commit, several at once, and not by the transaction
// itself: PostgreSQL lets only one transaction that notifies commit at a time.
const (
	hintChannel = "branchbot"
	hintEvery   = 20 * time.Millisecond
)

type hints struct {
	mu      sync.Mutex
	waiting map[string]bool
}

// Hint tells other processes something, a word; with SQLite there are none.
func (db *DB) Hint(word string) {
	if !db.postgres {
		return
	}
	h := &db.hints
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]bool{}
		time.AfterFunc(hintEvery, db.sendHints)
	}
	h.waiting[word] = true
}

func (db *DB) sendHints() {
	h := &db.hints
	h.mu.Lock()
	words := h.waiting
	h.waiting = nil
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(background, askFor)
	defer cancel()
	for word := range words {
		if _, err := db.pool.ExecContext(ctx, `SELECT pg_notify($1, $2)`, hintChannel, word); err != nil {
			return
		}
	}
}

// Hints calls heard with each hint, of other processes or of this one, until ctx
// ends or the connection does.
func (db *DB) Hints(ctx context.Context, heard func(word string)) error {
	if !db.postgres {
		<-ctx.Done()
		return nil
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = conn.Raw(func(driver any) error {
		c := driver.(*stdlib.Conn).Conn()
		if _, err := c.Exec(ctx, "LISTEN "+hintChannel); err != nil {
			return err
		}
		defer c.Close(background) // it must not go back to the pool, listening
		for {
			n, err := c.WaitForNotification(ctx)
			if err != nil {
				return err
			}
			heard(n.Payload)
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("listen for hints: %w", err)
}
