package points_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/points"
	"branchbot/bot/testkit/script"
	"branchbot/store"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

// Verify names the first entry that does not fit, whatever was done to the
// tables behind the program's back.
func TestVerify(t *testing.T) {
	t.Parallel()
	const missing, content = "it is missing", "its content and its hash do not fit"
	for _, c := range []struct {
		name, sql string
		entries   int64 // that were looked at
		bad       int64
		reason    string
	}{
		{"untouched", `SELECT 1`, 5, 0, ""},
		{"points", `UPDATE ledger SET points = 50 WHERE seq = 2`, 2, 2, content},
		{"member", `UPDATE ledger SET member = 4 WHERE seq = 1`, 1, 1, content},
		{"rule", `UPDATE ledger SET rule = 'quiz-correct' WHERE seq = 3`, 3, 3, content},
		{"version", `UPDATE ledger SET version = 7 WHERE seq = 3`, 3, 3, content},
		{"day", `UPDATE ledger SET day = '2026-11-30' WHERE seq = 5`, 5, 5, content},
		{"time", `UPDATE ledger SET at = at + 1 WHERE seq = 4`, 4, 4, content},
		{"key", `UPDATE ledger SET key = 'x' WHERE seq = 1`, 1, 1, content},
		{"cause", `UPDATE ledger SET cause = 'x' WHERE seq = 1`, 1, 1, content},
		{"actor", `UPDATE ledger SET actor = 2 WHERE seq = 1`, 1, 1, content},
		{"what it undoes", `UPDATE ledger SET reverses = 1 WHERE seq = 4`, 4, 4, content},
		{"reason", `UPDATE ledger SET note = '' WHERE seq = 2`, 2, 2, content},
		{"hash", `UPDATE ledger SET hash = zeroblob(32) WHERE seq = 2`, 2, 2, content},
		{"deleted", `DELETE FROM ledger WHERE seq = 2`, 2, 2, missing},
		{"deleted and closed up", `DELETE FROM ledger WHERE seq = 2; UPDATE ledger SET seq = seq - 1 WHERE seq > 2`, 2, 2, content},
		{"deleted first", `DELETE FROM ledger WHERE seq = 1`, 1, 1, missing},
		{"re-ordered", `UPDATE ledger SET seq = 99 WHERE seq = 2; UPDATE ledger SET seq = 2 WHERE seq = 3; UPDATE ledger SET seq = 3 WHERE seq = 99`, 2, 2, content},
		{"truncated", `DELETE FROM ledger WHERE seq > 3`, 3, 4, "the chain ends at 3, but member 2 has 4 points by its entries and 9 by the sums"},
		{"emptied", `DELETE FROM ledger`, 0, 1, "the chain ends at 0, but member 2 has 0 points by its entries and 9 by the sums"},
		{"sum raised", `UPDATE ledger_sum SET points = points + 90 WHERE member = 2`, 5, 6, "the chain ends at 5, but member 2 has 9 points by its entries and 99 by the sums"},
		{"sum invented", `INSERT INTO ledger_sum (period, member, rule, points) VALUES ('', 5, '', 3)`, 5, 6, "the chain ends at 5, but member 5 has 0 points by its entries and 3 by the sums"},
		{"sum deleted", `DELETE FROM ledger_sum WHERE member = 2`, 5, 6, "the chain ends at 5, but member 2 has 9 points by its entries and 0 by the sums"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := script.Open(t, &txtar.Archive{})
			_, err := s.Play(t, "书记: /加分 张三 1 一\n书记: /加分 李四 2 二\n书记: /加分 张三 3 三\n书记: /撤销 2 错\n书记: /加分 张三 5 五\n")
			if err != nil {
				t.Fatal(err)
			}
			var found []points.Verified
			err = s.DB.Write(func(tx *store.Tx) (err error) {
				for statement := range strings.SplitSeq(c.sql, "; ") {
					if _, err := tx.Exec(statement); err != nil {
						return err
					}
				}
				found, err = points.Verify(tx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for i := range found {
				found[i].Head = nil
			}
			want := []points.Verified{{Unit: "demo", Entries: c.entries, Bad: c.bad, Reason: c.reason}}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
