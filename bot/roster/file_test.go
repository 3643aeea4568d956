package roster_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
	"branchbot/bot/testkit/script"
	"branchbot/content/sheet"
	"branchbot/store"
)

// branch is a database with a branch of one and a group in it.
func branch(t *testing.T) (*store.DB, *roster.Directory) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/x.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := roster.NewDirectory()
	err = db.Write(func(tx *store.Tx) error {
		return d.Setup(tx, []roster.UnitConfig{
			{ID: "demo", Name: "示范党支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN",
				Members: []roster.MemberConfig{{Name: "王敏", Staff: "0001", Status: "full", Roles: []string{"secretary"}}}},
			{ID: "g1", Parent: "demo", Name: "第一党小组", Kind: "group", Timezone: "Asia/Shanghai", Language: "zh-CN"},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, d
}

// plan works out what a file would change in a unit.
func plan(t *testing.T, db *store.DB, unit, name string, data []byte, answers map[int]string) *roster.Plan {
	t.Helper()
	var p *roster.Plan
	err := db.Read(func(tx *store.Tx) error {
		table, err := roster.ReadTable(name, data)
		if err != nil {
			return err
		}
		p, err = roster.NewPlan(tx, unit, &table, answers)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// take takes a file in with the kinds of changes that are allowed.
func take(t *testing.T, db *store.DB, d *roster.Directory, unit, csv string, allow ...string) roster.Taken {
	t.Helper()
	p := plan(t, db, unit, "x.csv", []byte(csv), nil)
	var taken roster.Taken
	err := db.Write(func(tx *store.Tx) (err error) { taken, err = d.Take(tx, p, allow, "test"); return err })
	if err != nil {
		text, _ := p.Text("zh-CN", 0)
		t.Fatalf("%v\n%s", err, text)
	}
	return taken
}

// people are those that a plan would have on the roster.
func people(p *roster.Plan) (all []roster.Person) {
	for _, e := range p.Entries {
		all = append(all, e.Person)
	}
	return all
}

func faults(p *roster.Plan, lang string) (texts []string) {
	for _, f := range p.Faults {
		texts = append(texts, f.Text(lang))
	}
	return texts
}

func TestRosterFaults(t *testing.T) {
	t.Parallel()
	db, _ := branch(t)
	p := plan(t, db, "demo", "名单.csv", []byte("\ufeff工号,姓名,组织,状态,入党日期,职务\n"+
		"0002,张三,第一党小组,正式党员,2011/7/1,书记、组织委员\n"+
		",李四,,,,\n0003,,,,,\n0002,赵磊,,,,\n0004,陈静,火星支部,神仙,昨天,大王\n1.3E+10,周婷,,,,\n0005,\u202e刘芳\u202c,g1,预备,45108,\n"), nil)
	if diff := cmp.Diff([]roster.Person{
		{Staff: "0002", Name: "张三", Unit: "g1", Status: "full", JoinedOn: "2011-07-01", Roles: []string{"secretary", "committee"}},
		{Staff: "0005", Name: "刘芳", Unit: "g1", Status: "probationary", JoinedOn: "2023-07-01"},
	}, people(p)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"第 3 行“工号”：不能空着",
		"第 4 行“姓名”：不能空着",
		"第 5 行“工号”：和第 2 行重复",
		"第 6 行“组织”：没有“火星支部”这个组织",
		"第 6 行“状态”：不认识“神仙”，可填：正式党员、预备党员、发展对象、入党积极分子、入党申请人、群众",
		"第 6 行“入党日期”：“昨天”不是日期，请写成 2006-01-02",
		"第 7 行“工号”：“1.3E+10”被表格改成了科学计数，请把这一列设成文本再填",
	}, faults(p, "zh-CN")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"第 6 行 陈静 的“大王”不是党内职务，没有读。", "第 8 行姓名里有看不见的字符，已去掉：刘芳"}, p.NoteLines("zh-CN")); diff != "" {
		t.Error(diff)
	}
	if got := faults(plan(t, db, "demo", "x.csv", []byte("张三,0002\n"), nil), "zh-CN"); len(got) != 1 || got[0] != "第 1 行“工号”：没有找到列名那一行，至少要有“工号”和“姓名”两列" {
		t.Errorf("without heads: %v", got)
	}
}

// The rest of the faults, in both languages, and files that are none.
func TestRosterFaultTexts(t *testing.T) {
	t.Parallel()
	db, d := branch(t)
	err := db.Write(func(tx *store.Tx) error {
		return d.Setup(tx, []roster.UnitConfig{{ID: "other", Name: "别的党支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN",
			Members: []roster.MemberConfig{{Name: "钱七", Staff: "0700", Status: "full"}}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	file := []byte("staff,name,unit,status,joined_on,roles\n0700,钱七,,,,\n00 08,孙八,,,,\n0009,周九,other,boss,2026-13-01,king\n" +
		strings.Repeat("9", 33) + ",吴十,,,,\n")
	read := func(lang string) []string {
		p := plan(t, db, "demo", "x.csv", file, nil)
		if len(p.Entries) != 0 {
			t.Errorf("people: %v", p.Entries)
		}
		return faults(p, lang)
	}
	for lang, want := range map[string][]string{
		"zh-CN": {
			"第 2 行“工号”：“0700”在别的组织的名单上，请先由对方移出",
			"第 3 行“工号”：“00 08”不像工号（32 个字符以内，不含空格）",
			"第 4 行“组织”：没有“other”这个组织",
			"第 4 行“状态”：不认识“boss”，可填：正式党员、预备党员、发展对象、入党积极分子、入党申请人、群众",
			"第 4 行“入党日期”：“2026-13-01”不是日期，请写成 2006-01-02",
			"第 5 行“工号”：“" + strings.Repeat("9", 31) + "…”不像工号（32 个字符以内，不含空格）",
		},
		"en": {
			"Row 2, staff: “0700” is on the roster of another unit, which has to remove it first",
			"Row 3, staff: “00 08” is no staff number (at most 32 characters, no spaces)",
			"Row 4, unit: there is no unit “other”",
			"Row 4, status: “boss” is none of full, probationary, candidate, activist, public",
			"Row 4, joined_on: “2026-13-01” is no date; write 2006-01-02",
			"Row 5, staff: “" + strings.Repeat("9", 31) + "…” is no staff number (at most 32 characters, no spaces)",
		},
	} {
		if diff := cmp.Diff(want, read(lang)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
	for _, name := range []string{"empty.csv", "empty.xlsx", "old.xls"} {
		table, err := roster.ReadTable(name, nil)
		if err != nil {
			continue
		}
		err = db.Read(func(tx *store.Tx) error {
			p, err := roster.NewPlan(tx, "demo", &table, nil)
			if err == nil && p.Ready() {
				t.Errorf("%s: %v without a fault", name, p.Entries)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A secretary sends the file in private, sees what it would do, and confirms it
// once; a file with a fault cannot be confirmed; nobody else may send one.
func TestRosterByChat(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	send := func(key, staff, name, text string) {
		t.Helper()
		err := s.Engine.Handle("rehearsal", "", chat.Event{Key: key, Kind: chat.Said, Private: true, Chat: chat.ChatID("dm:" + staff),
			From: chat.User{ID: chat.UserID(staff)}, Files: []chat.File{{Name: name, Data: []byte(text)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	say := func(script string) string {
		t.Helper()
		said, err := s.Play(t, script)
		if err != nil {
			t.Fatal(err)
		}
		said, _, _ = strings.Cut(said, "--- ")
		return said
	}
	const at = "2026-12-01 00:00 "
	good := "工号,姓名\n0002,张三丰\n0077,新同事\n"
	const preview = "→ 王敏 ◀ 预览：共 2 人，新增 1 人，改动 1 人，不变 0 人。\n" +
		"    改姓名 1 人（工号原来是别人的，账号和积分会跟着过去。请核对是不是同一个人）：\n      0002 张三 → 张三丰\n" +
		"    新增 1 人：\n      0077 新同事（示范党支部，正式党员）\n    第 3 行 新同事 没有写状态，按正式党员登记。\n" +
		"    [连同改姓名 1 人，导入] [不改姓名，只导入其余] [取消]\n"
	for _, c := range []struct{ staff, name, text, script, want string }{
		{"0002", "名单.csv", good, "@ +1m", at + "→ 张三 ◀ 这个命令只有书记和支委能用。\n"},
		{"0001", "题库.xls", "题干,A,B,答案\n火警电话？,110,119,B\n", "@ +1m", "→ 王敏 ◀ 这是题库。请发 /后台 打开工作台，在“内容”页导入。\n"},
		{"0001", "物资.csv", "物资,数量\n水,3\n", "@ +1m", "→ 王敏 ◀ 看不出这是什么表。名单要有“姓名”列"},
		{"0001", "名单.csv", "工号,姓名\n,李四\n", "@ +1m", "→ 王敏 ◀ 预览：1 处有误，还没有导入。\n      第 2 行“工号”：不能空着\n    请改好后重新发来。\n"},
		{"0001", "名单.csv", good, "@ +1m", preview},
		{"0001", "名单.csv", good, "@ +1m\n书记 (私聊): [按 取消]\n书记 (私聊): [按 连同改姓名 1 人，导入]", "→ 王敏 ◀ 已取消，名单没有变化。\n"},
		{"0001", "名单.csv", good, "@ +1m\n书记 (私聊): [按 连同改姓名 1 人，导入]\n书记 (私聊): [按 连同改姓名 1 人，导入]", "→ 王敏 ◀ 导入完成：新增 1 人，更新 1 人，不变 0 人。\n"},
		{"0001", "名单.csv", good, "@ +1m\n书记 (私聊): [按 确认导入]", "→ 王敏 ◀ 导入完成：新增 0 人，更新 0 人，不变 2 人。\n"},
	} {
		key := c.staff + c.name + c.script + c.text
		send(key, c.staff, c.name, c.text)
		send(key, c.staff, c.name, c.text) // delivered twice
		if said := say(c.script); strings.Count(said, c.want) != 1 {
			t.Errorf("%q: said\n%s\nwant once\n%s", c.script, said, c.want)
		}
		if c.want == "" {
			t.Fatal("nothing is wanted")
		}
	}
	if diff := cmp.Diff("0001|王敏\n0002|张三丰\n0003|李四\n0004|陈静\n0005|赵磊\n0077|新同事\n",
		s.Rows(t, `SELECT staff, name FROM member ORDER BY staff`)); diff != "" {
		t.Error(diff)
	}
}

// The same roster comes as UTF-8, as GBK and as a workbook, and taking it
// twice changes nothing.
func TestRosterImport(t *testing.T) {
	t.Parallel()
	text := "工号,姓名,组织\n0001,王敏,demo\n0007,张伟,g1\n"
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	xlsx, err2 := sheet.WriteXLSX("名单", []string{"工号", "姓名", "组织"}, [][]string{{"0001", "王敏", "demo"}, {"0007", "张伟", "g1"}})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	db, d := branch(t)
	for i, c := range []struct {
		name string
		data []byte
	}{{"a.csv", []byte(text)}, {"b.csv", gbk}, {"c.xlsx", xlsx}} {
		p := plan(t, db, "demo", c.name, c.data, nil)
		if len(p.Entries) != 2 || !p.Ready() {
			t.Fatalf("%s: %v %v", c.name, p.Entries, p.Faults)
		}
		err := db.Write(func(tx *store.Tx) error {
			taken, err := d.Take(tx, p, nil, "test")
			if (taken.Added == 1) != (i == 0) {
				t.Errorf("%s: %+v", c.name, taken)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = db.Write(func(tx *store.Tx) error {
		people, err := roster.Roster(tx, "demo")
		if err != nil {
			return err
		}
		var names []string
		for _, m := range people {
			names = append(names, m.Staff+m.Name+m.Unit)
		}
		if diff := cmp.Diff([]string{"0001王敏demo", "0007张伟g1"}, names); diff != "" {
			t.Error(diff)
		}
		// What the configuration granted survives an import that says nothing of it.
		role, err := d.Role(tx, &people[0], "g1")
		if role != engine.Secretary {
			t.Errorf("the secretary's role is %v", role)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An export is taken in again without a change, and no cell of it is a formula.
func TestRosterRoundTrip(t *testing.T) {
	t.Parallel()
	db, d := branch(t)
	take(t, db, d, "demo", "工号,姓名,组织,状态,入党日期,职务,电话\n0009,'=cmd|' /C calc'!A0,g1,积极分子,2020-07-01,小组长,138 0013 8000\n", "offices")
	for _, name := range []string{"x.csv", "x.xlsx"} {
		var data []byte
		err := db.Read(func(tx *store.Tx) (err error) { data, err = roster.Export(tx, "demo", name, "zh-CN"); return err })
		if err != nil {
			t.Fatal(err)
		}
		if name == "x.csv" && (!bytes.HasPrefix(data, []byte("\ufeff")) || strings.Contains(string(data), ",=cmd")) {
			t.Errorf("csv: %q", data)
		}
		p := plan(t, db, "demo", name, data, nil)
		text, _ := p.Text("zh-CN", 0)
		if want := "预览：共 2 人，新增 0 人，改动 0 人，不变 2 人。\n不变 2 人：\n  0001 王敏（示范党支部，正式党员）\n" +
			"  0009 =cmd|' /C calc'!A0（第一党小组，入党积极分子）"; text != want {
			t.Errorf("%s: %s", name, text)
		}
	}
}
