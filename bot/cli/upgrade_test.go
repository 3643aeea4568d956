package cli_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/app"

	"branchbot/bot/points"
	"branchbot/store"
)

// A database of 44d5633 (schema 21), as its program left it in the middle of a morning: a
// lesson, two questions, a check-in, a notice and a sign-up are open, points were given
// and taken back, and a member who was removed still has an office. This program goes on
// with it, and a copy of it is kept.
func TestUpgradeFrom44d5633(t *testing.T) {
	t.Parallel()
	packed, err := os.Open("testdata/44d5633.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "branchbot.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newStageWith(t, "web", func(o store.Options) (*store.DB, error) { return store.Open(t.Context(), "sqlite:"+path, o) })
	said := s.play(t,
		"张三: 2 D", "李四: 2 A", "陈静: 签到", "张三: 5 收到", "李四: 6 +1",
		"书记 (私聊): /未读", "张三 (私聊): /积分",
		"@ 2026-12-01 15:00")
	for _, want := range []string{
		"张三，你现在有 2 分。", // of check-in and answer: the award was taken back
		"共 5 人，作答 2 人，答对 1 人。",
		"应到 5 人，实到 2 人",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM notice_reader WHERE acked_at IS NOT NULL`: 2,
		`SELECT COUNT(*) FROM signup_entry`:                             2,
		`SELECT COUNT(*) FROM leave`:                                    1,
		`SELECT COUNT(*) FROM suggestion`:                               1,
		`SELECT COUNT(*) FROM ledger WHERE seq <= 4`:                    4,
	} {
		if n := s.count(t, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	err = s.DB.Read(func(tx *store.Tx) error {
		chains, err := points.Verify(tx)
		if err != nil {
			return err
		}
		for _, c := range chains {
			if c.Bad != 0 {
				t.Errorf("entry %d: %s", c.Bad, c.Reason)
			}
		}
		wrong, err := points.VerifyRules(tx, app.Causes())
		if len(wrong) > 0 {
			t.Error(wrong)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := store.Check(t.Context(), path+".version-21"); err != nil {
		t.Errorf("the copy of before: %v", err)
	}
}
