package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/store"
	"branchbot/store/storetest"
)

// What strands write and read is what they would one after the other.
func TestTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db := openOn(t, source, folder)
		const n = 300 // more than are under way at a time
		var told []int
		err := db.Write(func(tx *store.Tx) error {
			told = nil
			return tx.Together(n, func(i int) error {
				key := fmt.Sprintf("k%03d", i)
				tx.AfterCommit(func() { told = append(told, i) })
				for range i % 5 { // so that they are at different places
					if err := put(tx, key+"-"); err != nil {
						return err
					}
					if changed, err := tx.Exec(`DELETE FROM shelf WHERE key = $1`, key+"-"); err != nil || changed != 1 {
						return fmt.Errorf("%d changed: %w", changed, err)
					}
				}
				return tx.Savepoint(func() error { return put(tx, key) })
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(told)
		if got := keys(t, db); len(got) != n || got[0] != "k000" || got[n-1] != "k299" || len(told) != n || told[0] != 0 || told[n-1] != n-1 {
			t.Errorf("%d rows, %d told", len(got), len(told))
		}
	})
}

// Values come out of strands as they do elsewhere.
func TestTogetherValues(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	db := openOn(t, source, folder)
	type row struct {
		N, Sum int64
		Small  int
		Yes    bool
		Text   string
		Named  named
		Null   *int64
		Maybe  sql.NullString
		Bytes  []byte
		Share  float64
	}
	read := func(tx *store.Tx, n int) (rows []row, err error) {
		r, err := tx.Query(`SELECT due_at, (SELECT SUM(due_at) FROM timer), CAST(7 AS INTEGER), due_at > $1, key, kind, NULL, 'x' || ref, CAST($2 AS BYTEA),
			CAST(0.5 AS DOUBLE PRECISION) FROM timer WHERE due_at <= $3 AND kind = $4 AND 1 = $5 ORDER BY due_at`, 1, []byte{0, 255}, n, named("kind"), true)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		for r.Next() {
			var x row
			if err := r.Scan(&x.N, &x.Sum, &x.Small, &x.Yes, &x.Text, &x.Named, &x.Null, &x.Maybe, &x.Bytes, &x.Share); err != nil {
				return nil, err
			}
			rows = append(rows, x)
		}
		return rows, r.Err()
	}
	err := db.Write(func(tx *store.Tx) error {
		for i := 1; i <= 3; i++ {
			_, err := tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key) VALUES ($1, 'f', $2, '', $3)`, i, named("kind"), fmt.Sprint("k", i))
			if err != nil {
				return err
			}
		}
		want, err := read(tx, 3)
		if err != nil || len(want) != 3 || !want[2].Yes || want[0].Yes || want[0].Sum != 6 || want[0].Text != "k1" {
			return fmt.Errorf("%v: %w", want, err)
		}
		return tx.Together(4, func(i int) error {
			got, err := read(tx, i)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(want[:i:i], append([]row{}, got...)); diff != "" {
				t.Error(diff)
			}
			var key string
			err = tx.QueryRow(`SELECT key FROM timer WHERE due_at = $1`, i).Scan(&key)
			if (i == 0) != errors.Is(err, store.ErrNoRows) || i > 0 && key != fmt.Sprint("k", i) {
				t.Errorf("row %d: %q, %v", i, key, err)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

type named string

func (named) String() string { return "what is shown, not what is stored" }

// A statement of one strand that fails is its own affair.
func TestTogetherFails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, folder := e.Empty(t)
		db := openOn(t, source, folder)
		var told []int
		failed := map[int]error{}
		err := db.Write(func(tx *store.Tx) error {
			told = nil
			return tx.Together(6, func(i int) error {
				err := tx.Savepoint(func() error {
					tx.AfterCommit(func() { told = append(told, i) })
					return put(tx, fmt.Sprint("k", i/2))
				})
				if store.Broken(err) {
					return err
				}
				failed[i] = err
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range failed {
			if (i%2 == 1) != (store.Code(err) == store.Unique) {
				t.Errorf("strand %d: %v", i, err)
			}
		}
		slices.Sort(told)
		if diff := cmp.Diff([]string{"k0", "k1", "k2"}, keys(t, db)) + cmp.Diff([]int{0, 2, 4}, told); diff != "" || len(failed) != 6 {
			t.Error(len(failed), diff)
		}
		// An error of one undoes all.
		lost := errors.New("as the test wants")
		err = db.Write(func(tx *store.Tx) error {
			return tx.Together(5, func(i int) error {
				if err := put(tx, fmt.Sprint("lost", i)); err != nil || i != 3 {
					return err
				}
				return lost
			})
		})
		if !errors.Is(err, lost) {
			t.Error(err)
		}
		// As does a panic, which goes on.
		func() {
			defer func() {
				if p := recover(); p != "as the test wants" {
					t.Errorf("panic %v", p)
				}
			}()
			_ = db.Write(func(tx *store.Tx) error {
				return tx.Together(5, func(i int) error {
					if err := put(tx, fmt.Sprint("lost", i)); err != nil || i != 3 {
						return err
					}
					panic("as the test wants")
				})
			})
		}()
		// What strands have done within a savepoint is undone with it.
		err = db.Write(func(tx *store.Tx) error {
			undone := tx.Savepoint(func() error {
				return tx.Together(3, func(i int) error {
					if err := put(tx, fmt.Sprint("half", i)); err != nil || i != 0 {
						return err
					}
					return lost
				})
			})
			if store.Broken(undone) {
				return undone
			}
			if !errors.Is(undone, lost) {
				t.Error(undone)
			}
			return put(tx, "k3")
		})
		if diff := cmp.Diff([]string{"k0", "k1", "k2", "k3"}, keys(t, db)); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

// With PostgreSQL the statements of strands go together, those of Alone do not, and
// strands can wait for each other.
func TestTogetherInTurns(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	db := openOn(t, source, folder)
	var steps []string
	step := func(format string, args ...any) { steps = append(steps, fmt.Sprintf(format, args...)) }
	err := db.Write(func(tx *store.Tx) error {
		steps = nil
		ready := false
		return tx.Together(3, func(i int) error {
			step("%d begins", i)
			if i == 0 {
				if err := tx.Wait(func() bool { return ready }); err != nil {
					return err
				}
				step("0 has waited")
			}
			if i == 1 {
				if err := tx.Alone(func() error { return put(tx, "alone") }); err != nil {
					return err
				}
				step("1 was alone")
				return tx.Together(2, func(k int) error { // within another
					step("1.%d begins", k)
					defer step("1.%d ends", k)
					return put(tx, fmt.Sprint("within", k))
				})
			}
			err := put(tx, fmt.Sprint("k", i))
			step("%d goes on", i)
			ready = true
			return err
		})
	})
	want := []string{"0 begins", "1 begins", "1 was alone", "1.0 begins", "1.1 begins", "1.0 ends", "1.1 ends", "2 begins", "2 goes on", "0 has waited", "0 goes on"}
	if diff := cmp.Diff(want, steps); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if diff := cmp.Diff([]string{"alone", "k0", "k2", "within0", "within1"}, keys(t, db)); diff != "" {
		t.Error(diff)
	}
	err = db.Write(func(tx *store.Tx) error {
		return tx.Together(2, func(int) error { return tx.Wait(func() bool { return false }) })
	})
	if err == nil {
		t.Error("two that wait for each other came to an end")
	}
}

// A connection that is lost in the midst of it costs nothing but time.
func TestTogetherConnectionLost(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	db := openOn(t, source, folder)
	tries := 0
	err := db.Write(func(tx *store.Tx) error {
		tries++
		return tx.Together(20, func(i int) error {
			if err := put(tx, fmt.Sprintf("k%02d", i)); err != nil {
				return err
			}
			if tries == 1 && i == 7 {
				if _, err := tx.Exec(`SELECT pg_terminate_backend(pg_backend_pid())`); err != nil {
					return err
				}
			}
			_, err := tx.Exec(`UPDATE shelf SET value = 'y' WHERE key = $1`, fmt.Sprintf("k%02d", i))
			return err
		})
	})
	if got := keys(t, db); err != nil || len(got) != 20 {
		t.Errorf("%d rows after %d tries: %v", len(got), tries, err)
	}
}
