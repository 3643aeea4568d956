package app

import (
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"branchbot/store"
	"branchbot/store/storetest"
)

// 08:00 in the branches of 20 accounts, whose platforms take 30 messages a second and
// answer after 30 ms, on a virtual clock: what the machine needs takes no time, so that
// what is seen is the program's own waiting. BRANCHBOT_TEST_MORNING=5000 is a whole
// enterprise; BenchmarkMorningDrain runs it on the real clock.
func TestMorning(t *testing.T) {
	t.Parallel()
	const perSecond = 30
	branches := 1000
	if n, err := strconv.Atoi(os.Getenv("BRANCHBOT_TEST_MORNING")); err == nil {
		branches = n
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now().Add(3 * time.Second) // when it is 08:00
		eight := time.Date(2026, 12, 1, 8, 0, 0, 0, time.FixedZone("CST", 8*3600))
		bot, accounts := morningBot(t, storetest.SQLite, branches, perSecond, func() time.Time { return eight.Add(time.Since(began)) })
		last, refused := sendMorning(t, bot, accounts, branches)
		if refused > 0 {
			t.Errorf("%d messages are refused", refused)
		}
		took := last.Sub(began)
		percent := 100 * float64(branches/morningAccounts) / perSecond / took.Seconds()
		t.Logf("all are sent after %v: %.1f %% of what the platforms take", took, percent)
		if percent < 97 {
			t.Errorf("%.1f %% of what the platforms take", percent)
		}
		var late int
		err := bot.db.Read(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM outbox WHERE created_at - $1 > 1000`, eight.UnixMilli()).Scan(&late)
		})
		if err != nil || late > 0 {
			t.Errorf("%d lessons are written more than a second late (%v)", late, err)
		}
	})
}
