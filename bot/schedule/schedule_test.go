package schedule_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/schedule"
	"branchbot/bot/testkit/script"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

// After the program was away: grace runs what is less than two hours late,
// skip runs nothing late, once catches up on the newest. Each missed slot has
// its row with the reason; nothing ever comes in a burst.
func TestMisfire(t *testing.T) {
	t.Parallel()
	const schedules = `schedules:
  - {id: grace, unit: demo, cron: "0 10 * * *", do: quiz, from: tiny/one, misfire: grace}
  - {id: skip, unit: demo, cron: "0 10 * * *", do: quiz, from: tiny/two, misfire: skip}
  - {id: once, unit: demo, cron: "0 9 * * *", do: lesson, from: tiny, misfire: once}
`
	for _, c := range []struct {
		name, back string
		rows       string
	}{
		{"an hour late", "2026-12-01 11:00", `grace|2026-12-01T10:00|done|
once|2026-12-01T09:00|done|
skip|2026-12-01T10:00|missed|schedule.reason.late
`},
		{"three hours late", "2026-12-01 13:00", `grace|2026-12-01T10:00|missed|schedule.reason.late
once|2026-12-01T09:00|done|
skip|2026-12-01T10:00|missed|schedule.reason.late
`},
		{"three days late", "2026-12-03 13:00", `grace|2026-12-01T10:00|missed|schedule.reason.late
grace|2026-12-02T10:00|missed|schedule.reason.late
grace|2026-12-03T10:00|missed|schedule.reason.late
once|2026-12-01T09:00|missed|schedule.reason.newer
once|2026-12-02T09:00|missed|schedule.reason.newer
once|2026-12-03T09:00|done|
skip|2026-12-01T10:00|missed|schedule.reason.late
skip|2026-12-02T10:00|missed|schedule.reason.late
skip|2026-12-03T10:00|missed|schedule.reason.late
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := script.Open(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(schedules)}}})
			back, err := time.ParseInLocation("2006-01-02 15:04", c.back, s.Zone)
			if err != nil {
				t.Fatal(err)
			}
			s.Clock.Set(back)
			if _, err := s.Play(t, "@ +1m"); err != nil {
				t.Fatal(err)
			}
			const query = `SELECT schedule, slot, state, reason FROM occurrence ORDER BY schedule, slot`
			if diff := cmp.Diff(c.rows, s.Rows(t, query)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			s.Clock.Set(back.Add(-30 * time.Minute)) // the clock is put back: nothing runs again
			if _, err := s.Play(t, "@ +20m"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.rows, s.Rows(t, query)); diff != "" {
				t.Errorf("after the clock was put back (-want +got):\n%s", diff)
			}
		})
	}
}

// A clock that was days ahead for a moment does not stop the schedules: what it has
// noted of days to come is undone, and what was left out in advance stays so.
func TestAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	for _, ahead := range []string{"2026-12-04 10:06", "2027-01-10 10:06"} {
		t.Run(ahead, func(t *testing.T) {
			t.Parallel()
			s := script.Open(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(`schedules:
  - {id: daily, unit: demo, cron: "5 10 * * *", do: quiz, from: tiny/one}
`)}}})
			play := func(line string) {
				t.Helper()
				if _, err := s.Play(t, line); err != nil {
					t.Fatal(err)
				}
			}
			play("书记 (私聊): /日程 skip daily")
			right := s.Clock.Now()
			at, err := time.ParseInLocation("2006-01-02 15:04", ahead, s.Zone)
			if err != nil {
				t.Fatal(err)
			}
			s.Clock.Set(at)
			play("@ +1m")
			s.Clock.Set(right)
			features := &schedule.Feature{Log: slog.New(slog.DiscardHandler)}
			if err := s.DB.Write(features.Replan); err != nil {
				t.Fatal(err)
			}
			play("@ 2026-12-05 12:00")
			const want = "2026-12-01T10:05|skipped\n2026-12-02T10:05|done\n2026-12-03T10:05|done\n2026-12-04T10:05|done\n2026-12-05T10:05|done\n"
			if diff := cmp.Diff(want, s.Rows(t, `SELECT slot, state FROM occurrence ORDER BY slot`)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is caught up late does not come in the quiet hours either: it waits for
// their end, and is told as missed if it is too late then.
func TestCaughtUpInQuietHours(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(`schedules:
  - {id: grace, unit: demo, cron: "30 20 * * *", do: quiz, from: tiny/one}
  - {id: once, unit: demo, cron: "45 20 * * *", do: quiz, from: tiny/two, misfire: once}
`)}}})
	for _, step := range []struct {
		jump, until string // the program is away up to jump
		rows        string
	}{
		{"2026-12-01 21:30", "2026-12-01 21:31", ""},
		{"2026-12-02 03:00", "2026-12-02 07:59", ""},
		{"2026-12-02 07:59", "2026-12-02 08:01", "grace|2026-12-01T20:30|missed|schedule.reason.late\nonce|2026-12-01T20:45|done|\n"},
	} {
		jump, err := time.ParseInLocation("2006-01-02 15:04", step.jump, s.Zone)
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Set(jump)
		if _, err := s.Play(t, "@ "+step.until); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.rows, s.Rows(t, `SELECT schedule, slot, state, reason FROM occurrence ORDER BY schedule, slot`)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.until, diff)
		}
	}
}

// However many slots pass while the program is away, each has its row.
func TestAwayForLong(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(`conduct: {quiet_hours: off}
schedules:
  - {id: often, unit: demo, cron: "*/20 * * * *", do: checkin, close_after: 5m, starts_on: "2026-12-02", ends_on: "2026-12-15"}
`)}}})
	s.Clock.Set(time.Date(2026, 12, 10, 1, 10, 0, 0, s.Zone))
	if _, err := s.Play(t, "@ +10m"); err != nil {
		t.Fatal(err)
	}
	const query = `SELECT state, reason, COUNT(*), COUNT(DISTINCT slot), MIN(slot), MAX(slot) FROM occurrence GROUP BY state, reason ORDER BY 1, 2`
	want := `done||2|2|2026-12-10T01:00+08:00|2026-12-10T01:20+08:00
missed|schedule.reason.late|574|574|2026-12-02T00:00+08:00|2026-12-09T23:00+08:00
missed|schedule.reason.newer|5|5|2026-12-09T23:20+08:00|2026-12-10T00:40+08:00
`
	if diff := cmp.Diff(want, s.Rows(t, query)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
