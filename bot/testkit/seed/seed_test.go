package seed_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/points"
	"branchbot/bot/testkit/seed"
	"branchbot/store"
	"branchbot/store/storetest"
)

var zone = time.FixedZone("Asia/Shanghai", 8*3600)

var small = seed.Size{Units: 6, Members: 60, Entries: 3000, Until: time.Date(2026, 11, 26, 12, 0, 0, 0, zone), Zone: zone}

func fill(t *testing.T, e storetest.Engine) *store.DB {
	t.Helper()
	db, err := e.Opener(t)(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := seed.Fill(db, small, nil); err != nil {
		t.Fatal(err)
	}
	return db
}

// The company has the sizes asked for, its ledger verifies, and both engines
// get the same rows.
func TestFill(t *testing.T) {
	t.Parallel()
	texts := map[storetest.Engine]string{}
	for _, e := range []storetest.Engine{storetest.SQLite, storetest.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			db := fill(t, e)
			err := db.Read(func(tx *store.Tx) error {
				chains, err := points.Verify(tx)
				if err != nil {
					return err
				}
				entries := int64(0)
				for _, v := range chains {
					entries += v.Entries
					if v.Bad != 0 {
						t.Errorf("unit %s: entry %d: %s", v.Unit, v.Bad, v.Reason)
					}
				}
				if wrong, err := points.VerifyRules(tx, nil); err != nil || len(wrong) > 0 {
					t.Errorf("rules: %v (%v)", wrong, err)
				}
				if entries != int64(small.Entries) {
					t.Errorf("%d entries, want %d", entries, small.Entries)
				}
				texts[e], err = counts(tx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := seed.Fill(db, small, nil); !errors.Is(err, seed.ErrNotEmpty) {
				t.Errorf("filled again: %v", err)
			}
			// New rows come after the seeded ones.
			err = db.Write(func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO member (unit, staff, name, status) VALUES ('company', 'new', '新人', 'full')`)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	if texts[storetest.Postgres] != "" {
		if diff := cmp.Diff(texts[storetest.SQLite], texts[storetest.Postgres]); diff != "" {
			t.Errorf("the engines differ (-sqlite +postgres):\n%s", diff)
		}
	}
	if !strings.Contains(texts[storetest.SQLite], "unit 6\nmember 60\n") {
		t.Errorf("rows:\n%s", texts[storetest.SQLite])
	}
}

// counts are the rows of each table, and the sums of some columns.
func counts(tx *store.Tx) (string, error) {
	var out strings.Builder
	for _, what := range []string{"unit", "member", "stay", "role", "prompt", "lesson_push", "lesson_done", "round", "answer", "checkin",
		"checkin_entry", "notice", "notice_target", "notice_reader", "leave", "signup", "signup_entry", "honour", "suggestion", "schedule",
		"occurrence", "ledger", "ledger_sum"} {
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM ` + what).Scan(&n); err != nil {
			return "", err
		}
		if n == 0 {
			return "", fmt.Errorf("table %s is empty", what)
		}
		fmt.Fprintf(&out, "%s %d\n", what, n)
	}
	for _, query := range []string{`SELECT name FROM member WHERE id = 60`, `SELECT MAX(key) FROM ledger WHERE unit = 'b00002'`} {
		var text string
		if err := tx.QueryRow(query).Scan(&text); err != nil {
			return "", err
		}
		fmt.Fprintln(&out, text)
	}
	return out.String(), nil
}

func TestFillFaults(t *testing.T) {
	t.Parallel()
	db, err := storetest.SQLite.Opener(t)(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []seed.Size{{Units: 1, Members: 5}, {Units: 10, Members: 9}, {Units: 2, Members: 2, Entries: -1}} {
		s.Until, s.Zone = small.Until, zone
		if err := seed.Fill(db, s, nil); err == nil || !strings.HasSuffix(err.Error(), "there must be at least two units, and a member for each") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
