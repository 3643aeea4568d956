package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"branchbot/store"
	"branchbot/store/storetest"
)

// worker is a process of several on one database.
type worker struct {
	db   *store.DB
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	roles []string
}

// share has a process take part in the work.
func share(t *testing.T, db *store.DB, roles ...string) *worker {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &worker{db: db, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		failed := func(what string, err error) { t.Logf("%s: %v", what, err) } // a slow machine
		err := db.Share(ctx, store.Process{Address: "here", Roles: roles, Failed: failed}, func(ctx context.Context, role string) error {
			w.mu.Lock()
			w.roles = append(w.roles, role)
			w.mu.Unlock()
			<-ctx.Done()
			w.mu.Lock()
			w.roles = slices.DeleteFunc(w.roles, func(r string) bool { return r == role })
			w.mu.Unlock()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(w.end)
	return w
}

func (w *worker) end() {
	w.stop()
	<-w.done
}

// has waits until the worker has so many roles.
func (w *worker) has(t *testing.T, n int, within time.Duration) {
	t.Helper()
	var roles []string
	for end := time.Now().Add(within); time.Now().Before(end); <-time.After(10 * time.Millisecond) {
		w.mu.Lock()
		roles = slices.Clone(w.roles)
		w.mu.Unlock()
		if len(roles) == n {
			return
		}
	}
	t.Fatalf("it has %v, want %d roles within %v", roles, n, within)
}

// Roles are spread over the processes, and handed over by one that stops.
func TestShare(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	a, b, c, d := "account:a", "account:b", "account:c", "account:d"
	first := share(t, openOn(t, source, folder), a, b, c, d, store.House)
	first.has(t, 5, 30*time.Second)
	second := share(t, openOn(t, source, folder), a, b, c, d, store.House)
	second.has(t, 2, 30*time.Second)
	first.has(t, 3, 30*time.Second) // the house too, which does not count
	other := share(t, openOn(t, source, folder), "account:e")
	other.has(t, 1, 30*time.Second) // and it can take nothing else

	peers, roles, err := second.db.Shared()
	if err != nil || len(peers) != 3 || len(roles) != 6 {
		t.Fatalf("processes %+v, roles %+v (%v)", peers, roles, err)
	}
	for _, h := range roles {
		if h.Owner == "" || h.Address != "here" || time.Since(h.Since) > time.Minute {
			t.Errorf("role %+v", h)
		}
	}
	first.end()
	second.has(t, 5, 30*time.Second)
	second.end()
	other.end()
	if peers, roles, err := second.db.Shared(); err != nil || len(peers)+len(roles) != 0 {
		t.Errorf("when all have gone: %+v, %+v (%v)", peers, roles, err)
	}
}

// What a process writes that was frozen for longer than its lease lasts is refused,
// and it notices by itself. Its other roles go on.
func TestFence(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	first := share(t, openOn(t, source, folder), "account:a", "account:b")
	first.has(t, 2, 30*time.Second)
	as := func(w *worker, role, key string) error {
		return w.db.WriteAs(role, func(tx *store.Tx) error { return put(tx, key) })
	}
	if err := as(first, "account:a", "one"); err != nil {
		t.Error(err)
	}
	third := openOn(t, source, folder)
	begun, commit := make(chan struct{}), make(chan struct{})
	slow := make(chan error)
	go func() {
		slow <- first.db.WriteAs("account:a", func(tx *store.Tx) error {
			err := put(tx, "two")
			close(begun)
			<-commit
			return err
		})
	}()
	<-begun
	// As another one takes the role: not while a transaction is under way.
	take := func() (n int64) {
		t.Helper()
		err := third.Write(func(tx *store.Tx) (err error) {
			n, err = tx.Exec(`UPDATE lease SET owner = 'third', fence = fence + 1, until_at = until_at + 60000
				WHERE name = (SELECT name FROM lease WHERE name = 'account:a' FOR UPDATE SKIP LOCKED)`)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	if n := take(); n != 0 {
		t.Error("the role was taken in the midst of a transaction")
	}
	close(commit)
	if err := <-slow; err != nil {
		t.Error(err)
	}
	if n := take(); n != 1 {
		t.Error("the role could not be taken")
	}
	if err := as(first, "account:a", "too late"); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("a transaction of the one before: %v", err)
	}
	if err := as(first, "account:b", "three"); err != nil {
		t.Error(err)
	}
	if err := as(first, "account:x", "never had"); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("a transaction of one that never had the role: %v", err)
	}
	first.has(t, 1, 30*time.Second)
	if first.db.Holds("account:a") || !slices.Equal(first.db.Held(), []string{"account:b"}) {
		t.Error("it does not know what it has")
	}
	if got := keys(t, third); !slices.Equal(got, []string{"one", "three", "two"}) {
		t.Errorf("stored: %v", got)
	}
}

// A renewal does not wait for a transaction that is under way.
func TestRenewalDoesNotWait(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	first := share(t, openOn(t, source, folder), "account:a")
	first.has(t, 1, 30*time.Second)
	err := first.db.WriteAs("account:a", func(*store.Tx) error {
		return openOn(t, source, folder).Write(func(tx *store.Tx) error {
			if _, err := tx.Exec(`SET LOCAL lock_timeout = '1s'`); err != nil {
				return err
			}
			_, err := tx.Exec(`UPDATE lease SET until_at = until_at + 1`)
			return err
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// What one process changes, another reads anew; also what a tool changes beside a bot
// on SQLite.
func TestGeneration(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		open := e.Opener(t)
		bot, err := open(store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer bot.Close()
		tool, err := open(store.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer tool.Close()
		read := func() (n int64) {
			err := bot.Write(func(tx *store.Tx) (err error) { n, err = tx.Generation("directory"); return err })
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := read()
		for _, outcome := range []error{nil, errors.New("no")} {
			err := tool.Write(func(tx *store.Tx) error {
				tx.Changes("directory")
				tx.Changes("directory")
				if !tx.Changing("directory") || tx.Changing("holidays") {
					t.Error("it does not know what it changes")
				}
				return outcome
			})
			if !errors.Is(err, outcome) {
				t.Error(err)
			}
		}
		if after := read(); after != before+1 {
			t.Errorf("generation %d, then %d", before, after)
		}
	})
}
