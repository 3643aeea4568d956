package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/roster"
	"branchbot/bot/testkit/script"
	"branchbot/content/sheet"
	"branchbot/store"
	"branchbot/store/storetest"
)

// works is a stage with a factory: two branches, the first with two groups.
func works(t *testing.T, e storetest.Engine) *script.Stage {
	t.Helper()
	s := script.OpenOn(t, &txtar.Archive{Files: []txtar.File{{Name: "config.yaml", Data: []byte(`
units:
  - {id: top, name: 厂党委, kind: committee, members: [{name: 周正, staff: "9001", roles: [secretary]}]}
  - {id: a, name: 一车间党支部, parent: top, chats: [web:a], members: [{name: 王敏, staff: "0001", roles: [secretary]}]}
  - {id: g1, name: 第一党小组, kind: group, parent: a}
  - {id: g2, name: 第二党小组, kind: group, parent: a}
  - {id: b, name: 二车间党支部, parent: top, chats: [web:b], members: [{name: 钱七, staff: "0700", roles: [secretary]}]}
  - {id: bg, name: 第一党小组, kind: group, parent: b}
`)}}}, e)
	s.Import(t, "a", "工号,姓名,组织,状态,入党日期,电话\n0021,许婷婷,g1,预备党员,2025-07-01,138 0000 0021\n0022,何军,g2,积极分子,,\n0003,张伟,g1,正式,,\n")
	return s
}

const everybody = `SELECT staff, name, unit, status, joined_on, phone FROM member WHERE left_at IS NULL AND staff < '0500' AND staff > '0001' ORDER BY staff`

// previewed is what a plan says in full.
func previewed(t *testing.T, s *script.Stage, unit, csv string) string {
	t.Helper()
	text, _ := plan(t, s.DB, unit, "x.csv", []byte(csv), nil).Text("zh-CN", 0)
	return text
}

// A list with a few columns changes nothing of the others, nor does an empty cell.
func TestFileChangesWhatItNames(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := works(t, e)
		for _, csv := range []string{
			"工号,姓名,电话\n0021,许婷婷,\n0022,何军,139 0000 0022\n0003,张伟,\n",
			"工号,姓名,组织,状态,入党日期,职务,电话\n0021,许婷婷,,,,,\n0022,何军,,,,,\n0003,张伟,,,,,139 0000 0003\n",
			"姓名,工号\n何军,0022\n",
		} {
			s.Import(t, "a", csv)
		}
		if diff := cmp.Diff("0003|张伟|g1|full||13900000003\n0021|许婷婷|g1|probationary|2025-07-01|13800000021\n0022|何军|g2|activist||13900000022\n",
			s.Rows(t, everybody)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff("预览：共 1 人，新增 0 人，改动 1 人，不变 0 人。\n改状态 1 人：\n  0021 许婷婷：预备党员 → 正式党员\n"+
			"调动 1 人：\n  0021 许婷婷：第一党小组 → 第二党小组\n其他改动 1 人：\n  0021 许婷婷：入党日期 2025-07-01 → 2025-07-02；电话 13800000021 → 1",
			strings.TrimSuffix(previewed(t, s, "a", "工号,姓名,组织,状态,入党日期,电话\n0021,许婷婷,第二党小组,正式党员,2025-07-02,111\n"), "11")); diff != "" {
			t.Error(diff)
		}
	})
}

// What has to be confirmed apart stays as it was without that, the rest is taken in.
func TestConfirmedApart(t *testing.T) {
	t.Parallel()
	const csv = "工号,姓名,组织,状态,职务,电话\n0021,许婷婷,g2,正式党员,副书记,111\n0022,何俊杰,,,,222\n0003,张伟,,,,333\n0101,新来的,g1,预备党员,书记,\n"
	for allow, want := range map[string]string{
		"":        "0003|张伟|g1|full||333\n0021|许婷婷|g1|probationary|2025-07-01|111\n0022|何军|g2|activist||\n0101|新来的|g1|probationary||\n|\n",
		"renames": "0003|张伟|g1|full||333\n0021|许婷婷|g1|probationary|2025-07-01|111\n0022|何俊杰|g2|activist||222\n0101|新来的|g1|probationary||\n|\n",
		"status,offices": "0003|张伟|g1|full||333\n0021|许婷婷|g1|full|2025-07-01|111\n0022|何军|g2|activist||\n0101|新来的|g1|probationary||\n|\n" +
			"0101|g1|secretary\n",
		"moves,offices": "0003|张伟|g1|full||333\n0021|许婷婷|g2|probationary|2025-07-01|111\n0022|何军|g2|activist||\n0101|新来的|g1|probationary||\n|\n" +
			"0021|g2|committee\n0101|g1|secretary\n",
	} {
		t.Run(allow, func(t *testing.T) {
			t.Parallel()
			s := works(t, storetest.SQLite)
			take(t, s.DB, s.Engine.Directory.(*roster.Directory), "a", csv, strings.Split(allow, ",")...)
			got := s.Rows(t, everybody) + "|\n" + s.Rows(t, `SELECT m.staff, r.unit, r.role FROM role r JOIN member m ON m.id = r.member WHERE m.staff IN ('0021', '0101') ORDER BY m.staff`)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := works(t, storetest.SQLite)
	if diff := cmp.Diff(`预览：共 4 人，新增 1 人，改动 3 人，不变 0 人。
改姓名 1 人（工号原来是别人的，账号和积分会跟着过去。请核对是不是同一个人）：
  0022 何军 → 何俊杰
改状态 1 人：
  0021 许婷婷：预备党员 → 正式党员
调动 1 人：
  0021 许婷婷：第一党小组 → 第二党小组
任职 2 人：
  0021 许婷婷：任“第二党小组”副书记（按“支委”），能用书记的全部命令
  0101 新来的：任“第一党小组”书记，能用书记的全部命令
其他改动 3 人：
  0021 许婷婷：电话 13800000021 → 111
  0022 何俊杰：电话 （空） → 222
  0003 张伟：电话 （空） → 333
新增 1 人：
  0101 新来的（第一党小组，预备党员）`, previewed(t, s, "a", csv)); diff != "" {
		t.Error(diff)
	}
}

// A column that is not understood is named; one that may be the status, the unit
// or the number is asked about; a running number is nobody's.
func TestColumns(t *testing.T) {
	t.Parallel()
	db, _ := branch(t)
	for _, c := range []struct{ csv, asks, notes, want string }{
		{"工号,姓名,人员类别\n7,甲一,预备党员\n8,乙二,入党积极分子\n", "", "", "7 probationary demo,8 activist demo"},
		{"*工 号,姓名（必填）,党员类型\n7,甲一,正式党员\n8,乙二,预备党员\n", "", "", "7 full demo,8 probationary demo"},
		{"工号,姓名,党员类别\n7,甲一,正\n8,乙二,预\n", "党员类别: status", "", ""},
		{"工号,姓名,人员类别\n7,甲一,正式党员\n8,乙二,试用期\n", "人员类别: status", "", ""},
		{"工号,姓名,备注\n7,甲一,预备党员\n8,乙二,\n", "备注: status", "", ""},
		{"工号,姓名,政治面貌,党员类别\n7,甲一,中共党员,预备党员\n", "政治面貌: status;党员类别: status", "", ""},
		{"工号,姓名,政治面貌,党员类别\n7,甲一,预备党员,预备党员\n", "", "“党员类别”这一列没有读，读的是“政治面貌”。", "7 probationary demo"},
		{"工号,姓名,部门\n7,甲一,生产一部\n", "", "“部门”这一列没有读。", "7 full demo"},
		{"工号,姓名,部门\n7,甲一,第一党小组\n", "", "", "7 full g1"},
		{"工号,姓名,班组\n7,甲一,第一党小组\n8,乙二,夜班\n", "班组: unit", "", ""},
		{"工号,姓名,手机号码,加入党组织日期,备注,\n7,甲一,138,2011年7月1日,,x\n", "", "“F”这一列没有读。", "7 full demo"},
		{"编号,姓名\nA7,甲一\nA9,乙二\n", "编号: staff", "", ""},
		{"序号,工号,姓名\n1,7,甲一\n2,8,乙二\n", "", "“序号”是序号，没有读。", "7 full demo,8 full demo"},
		{"编号,姓名\n1,甲一\n2,乙二\n合计,2人\n", "", "“编号”是序号，没有读。", "第 1 行“工号”：第一行没有“工号”这一列。“编号”是 1、2、3……的序号，不能当工号：换一份名单序号就对不上人了。请加上工号再发来"},
		{"编号,工号,姓名\nA1,7,甲一\n", "", "“编号”这一列没有读，读的是“工号”。", "7 full demo"},
		{"姓名,身份证号\n甲一,110101199001010000\n", "", "“身份证号”是身份证件号，没有读，也不保存。", "第 1 行“工号”：没有“工号”这一列，也没有政治面貌、入党日期、电话这些内容。请加上工号再发来：导入靠工号认人，姓名会有相同的"},
		{"工号,姓名,职务,党内职务\n7,甲一,车间主任,书记\n", "", "“职务”这一列没有读，读的是“党内职务”。", "7 full demo"},
	} {
		p := plan(t, db, "demo", "x.csv", []byte(c.csv), nil)
		var asks, got []string
		for _, q := range p.Questions() {
			asks = append(asks, q.Head+": "+strings.Join(q.May, ","))
		}
		for _, e := range p.Entries {
			got = append(got, e.Person.Staff+" "+e.Person.Status+" "+e.Person.Unit)
		}
		got = append(got, faults(p, "zh-CN")...)
		notes := slices.DeleteFunc(p.NoteLines("zh-CN"), func(n string) bool {
			return strings.HasSuffix(n, "按正式党员登记。") || strings.Contains(n, "行没有读")
		})
		if diff := cmp.Diff([]string{c.asks, c.notes, c.want}, []string{strings.Join(asks, ";"), strings.Join(notes, ""), strings.Join(got, ",")}); diff != "" {
			t.Errorf("%q: %s", c.csv, diff)
		}
	}
}

// What a file leaves out or is read otherwise than it is written is said.
func TestNothingWithoutAWord(t *testing.T) {
	t.Parallel()
	s := works(t, storetest.SQLite)
	s.Import(t, "a", "工号,姓名\nA31,艾孜买提·买买提\n")
	for _, c := range []struct{ row, want string }{
		{"合计,12 人", "第 2 行没有读：合计 12 人"},
		{"制表人：王敏,", "第 2 行没有读：制表人：王敏"},
		{",,说明在后面", "第 2 行没有读：说明在后面"},
		{"0501,李　娜", "第 2 行“李 娜”按“李娜”登记，去掉了空格。"},
		{"0501,王\u200b敏", "第 2 行姓名里有看不见的字符，已去掉：王敏|同名：0501 王敏 和 0001 王敏。"},
		{"0501,张伟", "同名：0501 张伟 和 0003 张伟。"},
		{"0501,艾孜买提•买买提", "请核对：0501 艾孜买提•买买提 和 A31 艾孜买提·买买提 看起来一样，但写法不同，会算成两个人。"},
		{"21,许婷婷", "第 2 行工号“21”前面的 0 丢了，按“0021”算。"},
		{"21,别人", "第 2 行工号“21”前面的 0 可能丢了：名单上有 0021 许婷婷。"},
		{"００２１,许婷婷", "第 2 行工号“００２１”按“0021”算。"},
		{"a31,艾孜买提·买买提", "第 2 行工号“a31”按“A31”算。"},
	} {
		p := plan(t, s.DB, "a", "x.csv", []byte("工号,姓名,电话\n"+c.row+"\n0022,何军,\n"), nil)
		got := strings.Join(slices.DeleteFunc(p.NoteLines("zh-CN"), func(n string) bool { return strings.Contains(n, "按正式党员") }), "|")
		if got != c.want || len(p.Faults) > 0 {
			t.Errorf("%s: %s %v; want %s", c.row, got, p.Faults, c.want)
		}
		if strings.Contains(c.want, "按“") && !strings.Contains(c.want, "登记") && p.Count("same") != 2 {
			t.Errorf("%s: %+v", c.row, p.Entries)
		}
	}
	p := plan(t, s.DB, "a", "x.csv", []byte("工号,姓名\n0501,甲\n0502,乙\n53,丙\n"), nil)
	if notes := strings.Join(p.NoteLines("zh-CN"), ""); !strings.Contains(notes, "第 4 行 丙 的工号“53”比别人短，前面的 0 可能丢了。") {
		t.Error(notes)
	}
	if p := plan(t, s.DB, "top", "x.csv", []byte("工号,姓名,组织\n0501,甲,第一党小组\n0003,张伟,第一党小组\n"), nil); len(p.Faults) != 1 ||
		p.Faults[0].Text("zh-CN") != "第 2 行“组织”：有几个组织都叫这个名字，请写组织编号：第一党小组 (bg, g1)" || p.Entries[0].Is != "same" {
		t.Errorf("%v %v", p.Faults, p.Entries)
	}
	long := strings.Repeat("长", 33)
	if p := plan(t, s.DB, "a", "x.csv", []byte("工号,姓名\n0501,"+long+"\n"), nil); len(p.Faults) != 1 || p.Faults[0].Reason != "member.fault.name" {
		t.Errorf("%v", p.Faults)
	}
	book, err := sheet.WriteXLSX("一车间", []string{"工号", "姓名"}, [][]string{{"0501", "甲"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roster.ReadTable("x.xlsx", book); err != nil {
		t.Error(err)
	}
}

// sent is a file that somebody sends to the bot in private.
func sent(t *testing.T, s *script.Stage, key, staff, text string) {
	t.Helper()
	err := s.Engine.Handle("rehearsal", "", chat.Event{Key: key, Kind: chat.Said, Private: true, Chat: chat.ChatID("dm:" + staff),
		From: chat.User{ID: chat.UserID(staff)}, Files: []chat.File{{Name: "名单.csv", Data: []byte(text)}}})
	if err != nil {
		t.Fatal(err)
	}
}

func said(t *testing.T, s *script.Stage, script string) string {
	t.Helper()
	said, err := s.Play(t, script)
	if err != nil {
		t.Fatal(err)
	}
	said, _, _ = strings.Cut(said, "--- ")
	return said
}

// In the chat columns are asked about by buttons, and each kind of change is
// decided apart; a confirmation that comes late shows what has changed since.
func TestRosterAskedInChat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := works(t, e)
		sent(t, s, "1", "0001", "工号,姓名,组织,党员类别\n0021,许婷婷,g2,正\n0022,何俊杰,,预备党员\n")
		has := func(said string, want ...string) {
			t.Helper()
			for _, w := range want {
				if !strings.Contains(said, w) {
					t.Errorf("%q is not in\n%s", w, said)
				}
			}
		}
		has(said(t, s, "@ +1m"), "“党员类别”这一列是什么？（例如：正、预备党员）", "[是状态（正式、预备……）]", "[不读这一列]", "[取消]")
		has(said(t, s, "王敏 (私聊): [按 是状态（正式、预备……）]"), "第 2 行“状态”：不认识“正”", "其余的可以先导入", "[改姓名 1 人，下一步]")
		sent(t, s, "2", "0001", "工号,姓名,组织,党员类别\n0021,许婷婷,g2,中共党员\n0022,何俊杰,,预备党员\n")
		has(said(t, s, "@ +1m"), "改姓名 1 人", "改状态 2 人", "调动 1 人", "[改姓名 1 人，下一步]", "[不改姓名，下一步]")
		has(said(t, s, "王敏 (私聊): [按 不改姓名，下一步]"), "[改状态 2 人，下一步]")
		has(said(t, s, "王敏 (私聊): [按 改状态 2 人，下一步]"), "[连同调动 1 人，导入]", "[不调动，只导入其余]")
		has(said(t, s, "王敏 (私聊): [按 不调动，只导入其余]"), "导入完成：新增 0 人，更新 1 人，不变 0 人。没有确认、所以没有改的 2 人。")
		if diff := cmp.Diff("0003|张伟|g1|full||\n0021|许婷婷|g1|full|2025-07-01|13800000021\n0022|何军|g2|activist||\n", s.Rows(t, everybody)); diff != "" {
			t.Error(diff)
		}
		sent(t, s, "3", "0001", "工号,姓名,电话\n0022,何军,222\n7777,新人,777\n")
		has(said(t, s, "@ +1m"), "[确认导入]")
		s.Import(t, "b", "工号,姓名,电话\n7777,新人,13800138000\n") // the other branch takes them in meanwhile
		has(said(t, s, "王敏 (私聊): [按 确认导入]"), "预览之后名单有了变化，还没有导入", "“7777”在别的组织的名单上")
		if diff := cmp.Diff("b|13800138000\n", s.Rows(t, `SELECT unit, phone FROM member WHERE staff = '7777'`)); diff != "" {
			t.Error(diff)
		}
		sent(t, s, "4", "0001", "工号,姓名,电话\n0022,何军,222\n")
		said(t, s, "@ +1m")
		s.Import(t, "a", "工号,姓名,电话\n0022,何军,333\n")
		has(said(t, s, "王敏 (私聊): [按 确认导入]"), "预览之后名单有了变化", "电话 333 → 222", "[确认导入]")
		if _, err := s.Play(t, "@ +1m\n王敏 (私聊): [按 确认导入]"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("222\n", s.Rows(t, `SELECT phone FROM member WHERE staff = '0022'`)); diff != "" {
			t.Error(diff)
		}
	})
}

// Staff numbers are the same in full width and in either case, in what was stored
// before too.
func TestStaffFolded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := works(t, e)
		s.Import(t, "a", "工号,姓名\nA31,甲\n")
		err := s.DB.Write(func(tx *store.Tx) error { // of the version before
			if _, err := tx.Exec(`UPDATE member SET staff = '００２２', staff_key = LOWER('００２２') WHERE staff = '0022'`); err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM member_config`); err != nil {
				return err
			}
			return s.Engine.Directory.(*roster.Directory).Setup(tx, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		for typed, name := range map[string]string{"a31": "甲", "Ａ３１": "甲", "0022": "何军", "００２２": "何军", "00２1": "许婷婷"} {
			err := s.DB.Read(func(tx *store.Tx) error {
				m, err := roster.ByStaff(tx, typed)
				if m == nil || m.Name != name {
					t.Errorf("%s: %v", typed, m)
				}
				found, err2 := roster.Find(tx, "a", typed)
				if err2 != nil || found.Name != name {
					t.Errorf("find %s: %v %v", typed, found, err2)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if p := plan(t, s.DB, "a", "x.csv", []byte("工号,姓名\na31,甲\n0022,何军\n"), nil); p.Count("same") != 2 {
			t.Errorf("%+v %v", p.Entries, p.Faults)
		}
	})
}

// The configuration changes what it says otherwise than last time. Nobody whom it
// still names comes back, and no transfer is undone, by a start.
func TestConfigurationAppliedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := works(t, e)
		d := s.Engine.Directory.(*roster.Directory)
		start := func(members ...roster.MemberConfig) {
			t.Helper()
			err := s.DB.Write(func(tx *store.Tx) error {
				return d.Setup(tx, []roster.UnitConfig{
					{ID: "a", Parent: "top", Name: "一车间党支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN", Members: members},
					{ID: "b", Parent: "top", Name: "二车间党支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN"}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		is := func(want string) {
			t.Helper()
			got := s.Rows(t, `SELECT m.unit, m.name, m.status, m.left_at IS NOT NULL FROM member m WHERE m.staff = '0801'`)
			if got = strings.NewReplacer("true", "1", "false", "0").Replace(got); got != want+"\n" {
				t.Errorf("got %swant %s", got, want)
			}
		}
		line := roster.MemberConfig{Name: "赵八", Staff: "0801", Roles: []string{"committee"}}
		start(line)
		is("a|赵八|full|0")
		s.Import(t, "top", "工号,姓名,组织,状态\n0801,赵小八,b,预备党员\n")
		start(line)
		start(line)
		is("b|赵小八|probationary|0")
		line.Name = "赵九"
		start(line)
		is("b|赵九|probationary|0")
		remove := func() {
			if _, err := s.Play(t, "@ +1h\n周正 (私聊): /名单 移除 0801\n周正 (私聊): [按 移除]\n"); err != nil {
				t.Fatal(err)
			}
		}
		remove()
		start(line)
		start(line)
		is("b|赵九|probationary|1")
		start()
		is("b|赵九|probationary|1")
		start(line)
		is("a|赵九|probationary|0")
	})
}

// Whatever a file holds, it ends in a plan whose text can be told.
func FuzzPlan(f *testing.F) {
	for _, csv := range []string{"工号,姓名\n1,甲\n", "编号,姓名,人员类别\n1,甲,预备党员\n2,乙,群众\n", "\n,\n", "姓名\t工号\n合计\t1\n", "工号,姓名,组织,组织\n1,甲,g1,demo\n", "工号,工号,姓名\n,,\n０,ａ,b\n"} {
		f.Add(csv)
	}
	db, err := store.Open(f.Context(), "sqlite:"+f.TempDir()+"/x.db", store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	err = db.Write(func(tx *store.Tx) error {
		return roster.NewDirectory().Setup(tx, []roster.UnitConfig{{ID: "demo", Name: "支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN",
			Members: []roster.MemberConfig{{Name: "甲", Staff: "01"}, {Name: "乙", Staff: "a"}}}})
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, csv string) {
		table, err := roster.ReadTable("x.csv", []byte(csv))
		if err != nil {
			return
		}
		err = db.Read(func(tx *store.Tx) error {
			for _, answers := range []map[int]string{nil, {0: "staff", 1: "name", 2: "status"}} {
				p, err := roster.NewPlan(tx, "demo", &table, answers)
				if err != nil {
					return err
				}
				again, err := roster.NewPlan(tx, "demo", &table, answers)
				if err != nil || again.Digest() != p.Digest() {
					t.Errorf("two plans of one file differ: %v", err)
				}
				for _, lang := range []string{"zh-CN", "en"} {
					if text, _ := p.Text(lang, 3); strings.Contains(text, "[member.") || p.Ready() && len(p.Entries) == 0 {
						t.Errorf("%q", text)
					}
				}
				if _, err := p.File("en"); err != nil {
					t.Error(err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A large roster is previewed in a moment: ten times the rows take about ten times as
// long, whatever the machine is.
func TestLargeRoster(t *testing.T) {
	t.Parallel()
	db, d := branch(t)
	var file strings.Builder
	file.WriteString("工号,姓名,状态,电话\n")
	var tenth string
	for i := range 5000 {
		if i == 500 {
			tenth = file.String()
		}
		fmt.Fprintf(&file, "%05d,成员%d,正式党员,138%08d\n", i, i, i)
	}
	take(t, db, d, "demo", file.String())
	preview := func(file string, rows int) time.Duration {
		least := time.Hour
		for range 3 {
			from := time.Now()
			p := plan(t, db, "demo", "x.csv", []byte(file), nil)
			if _, cut := p.Text("zh-CN", 10); p.Count("same") != rows || cut {
				t.Errorf("%d of %d the same", p.Count("same"), rows)
			}
			least = min(least, time.Since(from))
		}
		return least
	}
	few, many := preview(tenth, 500), preview(file.String(), 5000)
	t.Logf("500 rows in %v, 5,000 in %v", few, many)
	if many > 40*few {
		t.Errorf("500 rows in %v, but 5,000 in %v", few, many)
	}
}
