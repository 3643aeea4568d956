package shift_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"branchbot/bot/chat"
	"branchbot/bot/testkit/script"
	"branchbot/content/sheet"
	"branchbot/store"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	script.Scripts(t, "testdata")
}

// A secretary sends a table in private, sees what it says, and confirms it; with
// a fault nothing is taken in. Other tables are the roster's.
func TestImport(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	month, err := sheet.WriteXLSX("排班", []string{"2026年12月排班表"}, [][]string{
		{"姓名", "1", "2", "3", "4日", "备注"}, {"张三", "早班", "", "夜", "休息", "替班"}, {"李四", "", "", "", ""}})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ name, text, script, want string }{
		{"名单.csv", "工号,姓名\n0002,张三\n", "", "预览：共 1 人，新增 0 人，改动 0 人，不变 1 人。"},
		{"排班.csv", "工号,排班,起始日期\n0002,早早中中夜夜休休,2026-12-01\n0003,夜休,12-02\n", "书记 (私聊): [按 确认导入]\n书记 (私聊): [按 确认导入]",
			"排班表预览，共 2 人：\n      张三：从 2026-12-01 起按“早早中中夜夜休休”循环\n      李四：从 2026-12-02 起按“夜休”循环"},
		{"排班.xlsx", string(month), "书记 (私聊): [按 确认导入]", "排班表预览，共 1 人：\n      张三：2026-12-01 至 2026-12-04 早-夜休"},
		{"排班.csv", "姓名,排班,起始日期\n张三,早晚,12-01\n王五,早,12-01\n李四,早,下个月\n陈静,,12-01\n陈静,早,12-01\n赵磊,早,12-01\n", "书记 (私聊): [按 确认导入]",
			"赵磊：从 2026-12-01 起按“早”循环\n    有 5 行没有读（另外 1 人没有问题，可以先导入）：\n    第 2 行：没有“晚”这种班。可用：早、白、中、夜、休\n" +
				"    第 3 行：名单上没有“王五”\n    第 4 行：起始日期“下个月”看不懂，请写成 2026-12-01\n" +
				"    第 5 行：没有写班次，例如：早早中中夜夜休休\n    第 6 行：和第 5 行是同一个人\n    [确认导入] [取消]"},
		{"排班.csv", "姓名,12-01,12-02,12-04\n张三,早,早,早\n", "", "张三：2026-12-01 至 2026-12-04 早早-早"},
		{"排班.csv", "姓名,排班,起始日期\n", "", "排班表里没有班次。"},
		{"排班.csv", "编号,工号,姓名,排班,起始日期\n1,0002,李四,早,12-01\n2,０００３,李　四,早,12-01\n", "", "有 1 行没有读（另外 1 人没有问题，可以先导入）：\n    第 2 行：工号和姓名对不上，名单上是“0002 张三”"},
	} {
		err := s.Engine.Handle("rehearsal", "", chat.Event{Key: strconv.Itoa(i), Kind: chat.Said, Private: true, Chat: "dm:0001",
			From: chat.User{ID: "0001"}, Files: []chat.File{{Name: c.name, Data: []byte(c.text)}}})
		if err != nil {
			t.Fatal(err)
		}
		said, err := s.Play(t, "@ +1m\n"+c.script)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%d: said\n%s\nwant\n%s", i, said, c.want)
		}
	}
	// Who leaves between the preview and its confirmation gets no shifts.
	err = s.Engine.Handle("rehearsal", "", chat.Event{Key: "late", Kind: chat.Said, Private: true, Chat: "dm:0001", From: chat.User{ID: "0001"},
		Files: []chat.File{{Name: "排班.csv", Data: []byte("工号,排班,起始日期\n0004,早休,12-03\n0005,夜休,12-03\n")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Play(t, "@ +1m"); err != nil {
		t.Fatal(err)
	}
	err = s.DB.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE member SET left_at = 1 WHERE staff = '0005'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if said, err := s.Play(t, "书记 (私聊): [按 确认导入]"); err != nil || !strings.Contains(said, "有 1 人离开了本组织的名单，还没有导入") || strings.Contains(said, "夜休”循环") {
		t.Errorf("%v: %s", err, said)
	}
	want := "张三|2026-12-01|2026-12-04|早-夜休\n李四|2026-12-02||夜休\n赵磊|2026-12-01||早\n"
	if diff := cmp.Diff(want, s.Rows(t, `SELECT m.name, s.starts_on, s.ends_on, s.pattern FROM shift s JOIN member m ON m.id = s.member ORDER BY m.id`)); diff != "" {
		t.Error(diff)
	}
}
