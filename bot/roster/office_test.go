package roster_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

// tree is a committee over two branches, one of which has a group.
const tree = `units:
  - {id: top, name: 机械厂党委, kind: committee, members: [{name: 周平, staff: "0001", roles: [secretary]}]}
  - id: a
    parent: top
    name: 一车间党支部
    members:
      - {name: 王敏, staff: "0002", roles: [secretary]}
      - {name: 张三, staff: "0003", roles: [committee]}
  - id: b
    parent: top
    name: 二车间党支部
    members: [{name: 李四, staff: "0004", roles: [secretary]}, {name: 孙七, staff: "0006", roles: [secretary]}]
  - {id: g, parent: a, kind: group, name: 一组, members: [{name: 陈静, staff: "0005", roles: [leader]}]}
`

const (
	held  = `SELECT m.name, r.unit, r.role FROM role r JOIN member m ON m.id = r.member ORDER BY m.staff, r.unit, r.role`
	usual = "周平|top|secretary\n王敏|a|secretary\n张三|a|committee\n李四|b|secretary\n陈静|g|leader\n孙七|b|secretary\n"
)

// acting does something as a member in a unit, and returns what they were told.
func acting(t *testing.T, s *script.Stage, staff, unit string, a engine.Act) string {
	t.Helper()
	var id int64
	err := s.DB.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT id FROM member WHERE staff = $1`, staff).Scan(&id)
	})
	if err != nil {
		t.Fatal(err)
	}
	a.Member, a.Unit = id, unit
	if a.Key == "" {
		a.Key = t.Name() + a.Line + a.Press + staff + unit
	}
	done, err := s.Engine.HandleAct(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range done.Said {
		said = append(said, chat.Part{Spans: m.Spans}.Plain())
	}
	return strings.Join(said, "\n")
}

// takes imports a roster file as a member in a unit, with all that it would change.
func takes(t *testing.T, s *script.Stage, staff, unit, file string) string {
	t.Helper()
	said := acting(t, s, staff, unit, engine.Act{Key: "file" + file + unit, Files: []chat.File{{Name: "名单.csv", Data: []byte(file)}}})
	return acting(t, s, staff, unit, engine.Act{Key: "take" + file + unit, Do: func(turn *engine.Turn) error {
		id, err := roster.LastPending(turn.Tx, turn.Member.ID, unit)
		if err != nil {
			return err
		}
		p, err := roster.PendingOf(turn.Tx, turn.Member.ID, id)
		if err != nil {
			return err
		}
		if p == nil {
			t.Errorf("nothing waits: %s", said)
			return nil
		}
		plan, err := p.Plan(turn.Tx)
		if err != nil {
			return err
		}
		f := &roster.Feature{Directory: s.Engine.Directory.(*roster.Directory)}
		return f.TakeIn(turn, id, plan.Digest(), roster.Kinds)
	}})
}

// Who moves loses the offices of where they no longer are, and does not have them
// again by coming back; within the line they keep them. In the chat and at a page
// it is the same.
func TestOfficesEndWithAMove(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(tree)}}}, e)
		session := func(staff string) {
			t.Helper()
			err := s.DB.Write(func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO console_session (hash, member, roles, browser, created_at, seen_at)
					SELECT $1, id, '', '', 0, 0 FROM member WHERE staff = $1`, staff)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		sessions := func() string {
			return s.Rows(t, `SELECT m.staff FROM console_session s JOIN member m ON m.id = s.member ORDER BY 1`)
		}
		check := func(when, want string) {
			t.Helper()
			if diff := cmp.Diff(want, s.Rows(t, held)); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
		}
		role := func(staff, unit string, want engine.Role) {
			t.Helper()
			err := s.DB.Write(func(tx *store.Tx) error {
				m, err := roster.ByStaff(tx, staff)
				if err != nil {
					return err
				}
				got, err := s.Engine.Directory.Role(tx, m, unit)
				if got != want {
					t.Errorf("%s in %s: %v, want %v", staff, unit, got, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		check("at first", usual)
		session("0003")
		session("0006")

		// Within the line: from the branch into a group of it.
		if said := takes(t, s, "0002", "a", "工号,姓名,组织\n0003,张三,一组\n"); said != "导入完成：新增 0 人，更新 1 人，不变 0 人。" {
			t.Errorf("said %q", said)
		}
		check("in the group", usual)
		role("0003", "a", engine.Secretary)
		// To another branch, by a file of the unit above.
		if said := takes(t, s, "0001", "top", "工号,姓名,组织\n0006,孙七,一车间党支部\n"); !strings.Contains(said, "孙七 已不再任“二车间党支部”书记") {
			t.Errorf("said %q", said)
		}
		check("moved away", strings.Replace(usual, "孙七|b|secretary\n", "", 1))
		role("0006", "b", engine.Anyone)
		if got := sessions(); got != "0003\n" {
			t.Errorf("sessions: %q", got)
		}
		// On the page of a member; and back.
		for i, unit := range []string{"b", "a"} {
			said := acting(t, s, "0001", "top", engine.Act{Key: "put" + unit, Do: func(turn *engine.Turn) error {
				m, err := roster.ByStaff(turn.Tx, "0003")
				if err != nil {
					return err
				}
				p, err := roster.PersonOf(turn.Tx, m)
				if err != nil {
					return err
				}
				version := p.Version()
				p.Unit = unit
				f := &roster.Feature{Directory: s.Engine.Directory.(*roster.Directory)}
				return f.Put(turn, p, version)
			}})
			if strings.Contains(said, "张三 已不再任“一车间党支部”支委") != (i == 0) {
				t.Errorf("to %s: said %q", unit, said)
			}
		}
		takes(t, s, "0001", "top", "工号,姓名,组织\n0006,孙七,二车间党支部\n")
		check("back again", strings.NewReplacer("孙七|b|secretary\n", "", "张三|a|committee\n", "").Replace(usual))
		if got := sessions(); got != "" {
			t.Errorf("sessions: %q", got)
		}
		// The configuration, which still lists these offices, does not bring them.
		err := s.DB.Write(func(tx *store.Tx) error {
			return s.Engine.Directory.(*roster.Directory).Setup(tx, []roster.UnitConfig{{ID: "b", Parent: "top", Name: "二车间党支部", Kind: "branch",
				Timezone: "Asia/Shanghai", Language: "zh-CN", Members: []roster.MemberConfig{{Name: "孙七", Staff: "0006", Status: "full", Roles: []string{"secretary", "librarian"}}}}})
		})
		if err != nil {
			t.Fatal(err)
		}
		check("after a start", strings.NewReplacer("孙七|b|secretary\n", "孙七|b|librarian\n", "张三|a|committee\n", "").Replace(usual))
		// Added anew after a removal.
		acting(t, s, "0001", "top", engine.Act{Line: "/名单 移除 0002"})
		acting(t, s, "0001", "top", engine.Act{Press: "member:change:" + strings.TrimSpace(s.Rows(t, `SELECT MAX(id) FROM roster_change`))})
		takes(t, s, "0001", "top", "工号,姓名,组织\n0002,王敏,一车间党支部\n")
		role("0002", "a", engine.OnRoster)
	})
}

// No file moves the last secretary away unless a unit above takes it; the
// program's own command does not either.
func TestLastSecretaryIsNotMovedAway(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(strings.ReplaceAll(tree, "id: b\n    parent: top", "id: b\n    parent: a"))}}}, e)
		const refused = "就没有书记了，没有改动"
		file := "工号,姓名,组织\n0002,王敏,二车间党支部\n0007,新人,一车间党支部\n"
		// From branch a, whose secretary she is, to b under it, she keeps the office: b lies in a.
		if said := takes(t, s, "0002", "a", file); !strings.Contains(said, "新增 1 人") {
			t.Errorf("said %q", said)
		}
		// The two of b, to a: both at once is one too many, by b's upper unit a it is allowed.
		file = "工号,姓名,组织\n0004,李四,一车间党支部\n0006,孙七,一车间党支部\n"
		err := s.DB.Write(func(tx *store.Tx) error {
			table, err := roster.ReadTable("x.csv", []byte(file))
			if err != nil {
				return err
			}
			plan, err := roster.NewPlan(tx, "a", &table, nil)
			if err != nil {
				return err
			}
			_, err = s.Engine.Directory.(*roster.Directory).Take(tx, plan, roster.Kinds, "command")
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "member.last_secretary") {
			t.Errorf("by the program's command: %v", err)
		}
		if said := takes(t, s, "0002", "a", file); strings.Contains(said, refused) || strings.Count(said, "已不再任") != 2 {
			t.Errorf("by a unit above: said %q", said)
		}
		// Within one's own unit: to a group below nothing ends; to the unit above it would.
		said := acting(t, s, "0003", "a", engine.Act{Line: "/名单 免职 0002 书记"})
		if !strings.Contains(said, refused) {
			t.Errorf("said %q", said)
		}
		if got := s.Rows(t, held); !strings.Contains(got, "王敏|a|secretary\n") || strings.Contains(got, "|b|") {
			t.Errorf("held: %s", got)
		}
	})
}

// An office that is left over in a row counts for nothing, and the upgrade of a
// database of an earlier version ends it for good. Offices in a unit above stay.
func TestOfficesOfThoseWhoLeftBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(tree)}}}, e)
		exec := func(statement string) {
			t.Helper()
			if err := s.DB.Write(func(tx *store.Tx) error {
				s.Engine.Directory.Changed(tx)
				_, err := tx.Exec(statement)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		exec(`UPDATE member SET unit = 'a' WHERE staff = '0004'`) // as earlier versions moved people
		exec(`UPDATE member SET left_at = 1 WHERE staff = '0006'`)
		exec(`INSERT INTO role (member, unit, role, granted_by, granted_at) SELECT id, 'top', 'committee', 'config', 0 FROM member WHERE staff = '0003'`)
		exec(`INSERT INTO console_session (hash, member, roles, browser, created_at, seen_at) SELECT staff, id, '', '', 0, 0 FROM member WHERE staff IN ('0003', '0006')`)
		err := s.DB.Read(func(tx *store.Tx) error {
			d := s.Engine.Directory
			m, err := roster.ByStaff(tx, "0004")
			if err != nil {
				return err
			}
			role, err := d.Role(tx, m, "b")
			if err != nil {
				return err
			}
			secretaries, err := d.Secretaries(tx, "b")
			if err != nil {
				return err
			}
			granted, err := roster.Granted(tx, m.ID)
			if err != nil {
				return err
			}
			grants, err := roster.Grants(tx, "b")
			if err != nil {
				return err
			}
			offices, err := roster.Offices(tx, m.ID)
			if err != nil {
				return err
			}
			chosen, err := roster.Choose(tx, "top", roster.Filter{Role: "secretary"}, 10, 0)
			if err != nil {
				return err
			}
			names := []string{}
			for _, r := range chosen.Rows {
				names = append(names, r.Name)
			}
			if role != engine.Anyone || len(secretaries) != 1 || secretaries[0].Name != "周平" || len(granted)+len(grants)+len(offices) != 0 ||
				!slices.Equal(names, []string{"周平", "王敏"}) {
				t.Errorf("role %v, secretaries %v, granted %v, grants %v, offices %v, found %v", role, secretaries, granted, grants, offices, names)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile("../../store/migrations/0023_offices.sql")
		if err != nil {
			t.Fatal(err)
		}
		_, statements, _ := strings.Cut(string(text), "They end now.\n")
		for statement := range strings.SplitSeq(statements, ";\n") {
			if strings.TrimSpace(statement) != "" {
				exec(statement)
			}
		}
		want := strings.NewReplacer("孙七|b|secretary\n", "", "李四|b|secretary\n", "", "张三|a|committee\n", "张三|a|committee\n张三|top|committee\n").Replace(usual)
		if diff := cmp.Diff(want, s.Rows(t, held)); diff != "" {
			t.Error(diff)
		}
		if got := s.Rows(t, `SELECT m.name, o.unit, o.role FROM office_ended o JOIN member m ON m.id = o.member ORDER BY 1`); got != "孙七|b|secretary\n李四|b|secretary\n" {
			t.Errorf("ended: %s", got)
		}
		if got := s.Rows(t, `SELECT hash FROM console_session`); got != "0003\n" {
			t.Errorf("sessions: %s", got)
		}
	})
}

// Who left before the upgrade and has come back keeps nothing from before; who has it
// since, or only went to a group of the unit, keeps it, and so does the last secretary.
// The secretaries are told, or those above.
func TestOfficesOfThoseWhoCameBackBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := script.OpenOn(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(tree)}}}, e)
		if _, err := s.Play(t, "@ 2026-12-01 09:00\n"); err != nil {
			t.Fatal(err)
		}
		do := func(f func(tx *store.Tx) error) {
			t.Helper()
			if err := s.DB.Write(f); err != nil {
				t.Fatal(err)
			}
		}
		exec := func(statement string) {
			t.Helper()
			do(func(tx *store.Tx) error {
				s.Engine.Directory.Changed(tx)
				_, err := tx.Exec(statement)
				return err
			})
		}
		exec(`DELETE FROM stay`)
		exec(`UPDATE role SET granted_at = CASE WHEN member = (SELECT id FROM member WHERE staff = '0006') THEN 250 ELSE 10 END`)
		for staff, stays := range map[string]string{
			"0001": "0 top 100, 200 top -",                   // the last secretary of all
			"0002": "0 a 100, 200 a -",                       // removed, and back
			"0003": "0 a 100, 100 g -",                       // in a group of the unit
			"0004": "0 b 100, 100 g 150, 150 b 180, 200 b -", // moved away, back, removed, back
			"0005": "0 g 100, 100 a 200, 200 g -",            // the group's office, from the branch
			"0006": "0 b 100, 200 b -",                       // was given it after coming back
		} {
			for stay := range strings.SplitSeq(stays, ", ") {
				f := strings.Fields(stay)
				exec(`INSERT INTO stay (member, from_at, unit, to_at) SELECT id, ` + f[0] + `, '` + f[1] + `', ` + strings.Replace(f[2], "-", "NULL", 1) +
					` FROM member WHERE staff = '` + staff + `'`)
			}
		}
		text, err := os.ReadFile("../../store/migrations/0034_returned.sql")
		if err != nil {
			t.Fatal(err)
		}
		_, statements, _ := strings.Cut(string(text), "ended it\n")
		for statement := range strings.SplitSeq(statements, ";\n") {
			if strings.TrimSpace(statement) != "" {
				exec(statement)
			}
		}
		if got := s.Rows(t, held); got != "周平|top|secretary\n张三|a|committee\n孙七|b|secretary\n" {
			t.Errorf("held: %s", got)
		}
		if got := s.Rows(t, `SELECT m.name, o.unit, o.role, o.ended_at FROM office_ended o JOIN member m ON m.id = o.member ORDER BY m.staff`); got !=
			"王敏|a|secretary|100\n李四|b|secretary|100\n陈静|g|leader|100\n" {
			t.Errorf("ended: %s", got)
		}
		for _, f := range s.Engine.Features {
			if f, ok := f.(*roster.Feature); ok {
				do(f.TellReturned)
			}
		}
		said, err := s.Play(t, "@ +1m\n")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"→ 周平 ◀ “一车间党支部”：", "\n    王敏：书记\n", "→ 孙七 ◀ “二车间党支部”：", "\n    李四：书记\n", "\n    陈静：小组长"} {
			if !strings.Contains(said, line) {
				t.Errorf("there is no %q in\n%s", line, said)
			}
		}
		if got := s.Rows(t, `SELECT COUNT(*) FROM office_ended WHERE untold = 1`); got != "0\n" {
			t.Errorf("untold: %s", got)
		}
	})
}

// A title that is no role's own name is asked about; one that is none is refused.
func TestTitles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, role string
		sure       bool
	}{
		{"书记", "secretary", true}, {"党支部书记", "secretary", true}, {"支委", "committee", true}, {"支部委员", "committee", true},
		{"小组长", "leader", true}, {"党小组长", "leader", true}, {"资料员", "librarian", true}, {"secretary", "secretary", true}, {"Committee", "committee", true},
		{"副书记", "committee", false}, {"党支部副书记", "committee", false}, {"常务副书记", "committee", false}, {"委员", "committee", false},
		{"组织委员", "committee", false}, {"宣传委员", "committee", false}, {"纪检委员", "committee", false}, {"青年委员", "committee", false},
		{"统战委员", "committee", false}, {"保密委员", "committee", false}, {"第一书记", "secretary", false}, {"党委书记", "secretary", false},
		{"总支书记", "secretary", false}, {"副组长", "leader", false}, {"组长", "leader", false}, {"deputy secretary", "committee", false},
		{"party secretary", "secretary", false},
		{"", "", false}, {"厂长", "", false}, {"大王", "", false}, {"团支部书记", "", false}, {"团委委员", "", false}, {"工会组长", "", false}, {"书记员", "", false},
	} {
		if role, sure := roster.Title(c.text); role != c.role || sure != c.sure {
			t.Errorf("%q is %q (sure: %v), want %q (%v)", c.text, role, sure, c.role, c.sure)
		}
	}
	if got := roster.TitleMeans("zh-CN", "组织委员", "committee"); got != "“组织委员”在小助手里等于“支委”，能发通知、看名单、加分、任免职务，和书记一样。" {
		t.Error(got)
	}
}
