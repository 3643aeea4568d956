package bot

import (
	"context"
	"os"
	"strconv"
	"sync"
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
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = bot.engine.Run(ctx) })
		for _, s := range bot.senders {
			running.Go(func() { _ = s.Run(ctx) })
		}
		var last time.Time
		for sent, tries := 0, 0; sent < branches; tries++ {
			time.Sleep(time.Second)
			if tries > 1000 {
				t.Fatalf("%d of %d lessons are sent", sent, branches)
			}
			sent = 0
			for _, a := range accounts {
				a.mu.Lock()
				if sent += len(a.taken); len(a.taken) > 0 && a.taken[len(a.taken)-1].After(last) {
					last = a.taken[len(a.taken)-1]
				}
				a.mu.Unlock()
			}
		}
		stop()
		running.Wait()
		for _, a := range accounts {
			if a.refused > 0 {
				t.Errorf("account %s: %d messages are refused", a.id, a.refused)
			}
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
