package report_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/feature/shift"
	"branchbot/bot/report"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

// factory is a committee with two branches, one of which has a group; a month
// of theirs holds each case of the rules of counting.
const factory = `
-- config.yaml --
units:
  - id: works
    name: 厂党委
    kind: committee
    chats: [web:works]
    members:
      - {name: 何书记, staff: "0100", roles: [secretary]}
  - id: one
    name: 一支部
    parent: works
    chats: [web:one]
    members:
      - {name: 王敏, staff: "0001", roles: [secretary]}
      - {name: 张三, staff: "0002"}
      - {name: 李四, staff: "0003"}
      - {name: 夜班工, staff: "0005"}
  - id: team
    name: 甲组
    kind: group
    parent: one
    members:
      - {name: 陈静, staff: "0004", status: probationary}
  - id: two
    name: 二支部
    parent: works
    chats: [web:two]
    members:
      - {name: 刘洋, staff: "0021", roles: [secretary]}
      - {name: 赵磊, staff: "0022"}
-- script --
@ 2026-11-30 12:00
王敏 (私聊): /排班 夜班工 夜 2026-11-30
@ 2026-12-01 09:00
王敏 (私聊): /请假 李四 2026-12-02 出差
@ 2026-12-01 09:30
王敏: /开签 30m 晨会
王敏: 签到
张三: 签到
陈静 (私聊): 签到
李四: 请假：看病
@ 2026-12-01 10:10
王敏: /推送 lesson
张三: 已学
李四: 已学
@ 2026-12-02 08:30
王敏: /开签 30m 晨会
张三: 签到
@ 2026-12-02 09:20
陈静 (私聊): /签到
王敏 (私聊): [按 确认]
@ 2026-12-02 17:00
王敏: /出题 one
王敏: B
张三: A
@ 2026-12-03 08:30
何书记 (私聊): /通知 回执 截止 18:00 下级 请各支部报送材料
何书记 (私聊): [按 发出]
@ 2026-12-03 10:00
张三: 收到
王敏 (私聊): 收到
赵磊: 收到
@ 2026-12-03 19:00
王敏: /开签 30m 晚会
王敏: 签到
张三: 签到
李四: 签到
陈静 (私聊): 签到
@ 2026-12-03 20:00
王敏 (私聊): /名单 移除 张三
王敏 (私聊): [按 移除]
王敏 (私聊): /加分 李四 5 主讲微党课
@ 2026-12-04 09:00
刘洋: /开签 30m 晨会
赵磊: 签到
刘洋: 签到
@ 2026-12-05 08:00
-- later --
@ 2026-12-31 09:00
王敏: /开签 30m 年末
王敏: 签到
赵磊 (私聊): 签到
@ 2027-01-01 08:00
`

var source = &report.Source{Shifts: &shift.Feature{Letters: usual}}

func usual() shift.Letters {
	letters, _ := shift.Read(shift.Usual)
	return letters
}

// flat writes figures as lines.
func flat(f *report.Figures) string {
	var b strings.Builder
	counts := func(c *report.Counts) string {
		return fmt.Sprintf("learn %d/%d quiz %d/%d/%d checkin %d/%d late %d leave %d absent %d notice %d/%d/%d points %d",
			c.Learned, c.Lessons, c.Right, c.Answered, c.Rounds, c.Here, c.Due, c.Late, c.Leave, c.Absent(), c.InTime, c.Acked, c.Notices, c.Points)
	}
	for i := range f.Units {
		u := &f.Units[i]
		fmt.Fprintf(&b, "%s (%d) %v: %s\n", u.Name, u.Members, u.Held, counts(&u.Counts))
	}
	for i := range f.Members {
		m := &f.Members[i]
		gone := ""
		if m.Gone {
			gone = " (gone)"
		}
		fmt.Fprintf(&b, "%s %s%s: %s\n", f.Units[m.Row].Name, m.Name, gone, counts(&m.Counts))
	}
	return b.String()
}

func figures(t testing.TB, s *script.Stage, unit string, p report.Period) (f *report.Figures) {
	t.Helper()
	err := s.DB.Read(func(tx *store.Tx) (err error) { f, err = source.Figures(tx, unit, p); return err })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// play plays the month: 赵磊 moves to the first branch and 孙立 comes after the
// part that is called script.
func play(t *testing.T, e storetest.Engine) *script.Stage {
	t.Helper()
	a := txtar.Parse([]byte(factory))
	s := script.OpenOn(t, a, e)
	for _, f := range a.Files[1:] {
		if f.Name == "later" {
			s.Import(t, "works", "工号,姓名,组织\n0022,赵磊,one\n0006,孙立,one\n")
		}
		if _, err := s.Play(t, string(f.Data)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestFigures(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := play(t, e)
		var got strings.Builder
		for _, tt := range []struct {
			unit   string
			period report.Period
		}{
			{"works", report.Month(2026, 12)},
			{"one", report.Month(2026, 12)},
			{"one", report.Month(2026, 11)},
			{"team", report.Year(2026)},
			{"one", report.Days(time.Date(2026, 12, 2, 23, 0, 0, 0, time.UTC), 2)},
		} {
			fmt.Fprintf(&got, "== %s %s to %s\n%s", tt.unit, tt.period.From, tt.period.To, flat(figures(t, s, tt.unit, tt.period)))
		}
		golden(t, "figures.txt", got.String())
	})
}

// golden compares with a file of testdata; go test -update rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update rewrites it:\n%s", name, diff)
	}
}
