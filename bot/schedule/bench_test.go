package schedule_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"branchbot/bot/roster"
	"branchbot/bot/schedule"
	"branchbot/schedules"
	"branchbot/store"
	"branchbot/store/storetest"
)

// BenchmarkPlan plans 20,000 schedules, as a start does; the issue asks for
// less than 2 s.
func BenchmarkPlan(b *testing.B) {
	for _, e := range []storetest.Engine{storetest.SQLite, storetest.Postgres} {
		b.Run(string(e), func(b *testing.B) { plan(b, e) })
	}
}

func plan(b *testing.B, e storetest.Engine) {
	const n = 20_000
	list := make([]schedule.Config, n)
	for i := range list {
		list[i] = schedule.Config{ID: fmt.Sprint("s", i), Unit: "demo", Timezone: "Asia/Shanghai", Do: "quiz", From: "x", Misfire: "grace",
			Cron: fmt.Sprintf("%d %d * * *", i%60, 8+i/60%12)}
		switch i % 4 {
		case 1:
			list[i].Days = "workdays"
		case 2:
			list[i].When, list[i].IfHoliday = schedule.When{Monthly: "third friday"}, "next_workday"
		case 3:
			list[i].When = schedule.When{Lunar: "8-15"}
		}
	}
	now := time.Date(2026, 9, 29, 4, 0, 0, 0, time.UTC)
	db, err := e.Opener(b)(store.Options{Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	err = db.Write(func(tx *store.Tx) error {
		return roster.NewDirectory().Setup(tx, []roster.UnitConfig{{ID: "demo", Kind: "branch", Name: "x", Timezone: "Asia/Shanghai", Language: "en"}})
	})
	if err != nil {
		b.Fatal(err)
	}
	f := &schedule.Feature{Quiet: func() schedules.Quiet { return schedules.Quiet{} }, Log: slog.New(slog.DiscardHandler)}
	start := func() {
		now = now.Add(time.Minute)
		if err := db.Write(func(tx *store.Tx) error { return f.Setup(tx, list) }); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	start() // on an empty database
	first := time.Since(began)
	for b.Loop() {
		start()
	}
	b.ReportMetric(first.Seconds(), "s/first")
}
