package script_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/feature/checkin"
	"branchbot/bot/points"
	"branchbot/bot/testkit/script"
	"branchbot/store"
)

// What was taken back, and done again, is in order in the ledger.
func TestTakenBackIsInOrder(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	if _, err := s.Play(t, "@ 2026-12-01 08:30\n书记: /开签\n张三: 签到\n张三: 取消签到\n李四: 签到\n李四: 签错了\n李四: 签到\n李四: 签错了\n李四: 签到"); err != nil {
		t.Fatal(err)
	}
	err := s.DB.Read(func(tx *store.Tx) error {
		chains, err := points.Verify(tx)
		if err != nil {
			return err
		}
		for _, v := range chains {
			if v.Bad != 0 {
				t.Errorf("%s: entry %d: %s", v.Unit, v.Bad, v.Reason)
			}
		}
		bad, err := points.VerifyRules(tx, (&checkin.Feature{}).Causes())
		if len(bad) > 0 {
			t.Errorf("entries without a cause: %q", bad)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows := s.Rows(t, `SELECT m.name, SUM(l.points) FROM ledger l JOIN member m ON m.id = l.member GROUP BY m.name ORDER BY 1`); rows != "张三|0\n李四|1\n" {
		t.Errorf("points:\n%s", rows)
	}
}
