package points

import (
	"fmt"
	"sync"
	"testing"

	"branchbot/store"
	"branchbot/store/storetest"
)

// What is booked at once in several units keeps to the cap.
func TestCapsAtOnce(t *testing.T) {
	t.Parallel()
	source, folder := storetest.Postgres.Empty(t)
	db, err := store.Open(t.Context(), source, store.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const units, members, most = 6, 40, 5
	rule := &Rule{ID: "r", Points: 2, Cap: map[string]int{"day": most}}
	err = db.Write(func(tx *store.Tx) error {
		for u := range units {
			if _, err := tx.Exec(`INSERT INTO unit (id, kind, name, zone, language) VALUES ($1, 'branch', $1, 'UTC', 'en')`, fmt.Sprint("u", u)); err != nil {
				return err
			}
		}
		for m := range members {
			_, err := tx.Exec(`INSERT INTO member (unit, staff, name, status) VALUES ('u0', $1, 'x', 'full')`, fmt.Sprint(m))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for u := range units {
		all.Go(func() {
			for m := range members {
				err := db.Write(func(tx *store.Tx) error {
					unit := fmt.Sprint("u", u)
					if err := tx.Locked(`SELECT id FROM unit WHERE id = $1`, unit); err != nil {
						return err
					}
					for _, member := range []int64{int64(m + 1), int64((m+u)%members + 1)} {
						earn(tx, earning{rule, Entry{Unit: unit, Member: member, Points: rule.Points, Rule: rule.ID, Day: "2026-12-01",
							Key: fmt.Sprintf("%d:%d:%d", u, m, member)}})
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	err = db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT member, points, (SELECT SUM(points) FROM ledger l WHERE l.member = s.member) FROM ledger_sum s WHERE rule = 'r'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var member, sum, entries int64
			if err := rows.Scan(&member, &sum, &entries); err != nil {
				return err
			}
			if sum != most || entries != most {
				t.Errorf("member %d has %d points of %d, by the entries %d", member, sum, most, entries)
			}
		}
		if n != members {
			t.Errorf("%d members have points", n)
		}
		return rows.Err()
	})
	if err != nil {
		t.Error(err)
	}
}
