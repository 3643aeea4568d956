package signup_test

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"branchbot/bot/feature/signup"
	"branchbot/bot/testkit/script"
	"branchbot/content/sheet"
	"branchbot/store"
)

// The file for the secretary has everybody, with who waits and who is on no
// roster, and not who has withdrawn.
func TestExport(t *testing.T) {
	t.Parallel()
	s := script.Open(t, &txtar.Archive{})
	if _, err := s.Play(t, `书记: /接龙 周六植树 限 3
张三: 报名2人
李四: #接龙\n周六植树\n1. 李四\n2. 老王
陈静: +1
陈静: -1
赵磊: +1`); err != nil {
		t.Fatal(err)
	}
	var data []byte
	err := s.DB.Read(func(tx *store.Tx) (err error) { data, err = signup.Export(tx, 1, "zh-CN"); return err })
	if err != nil {
		t.Fatal(err)
	}
	table, err := sheet.Read("list.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range table.Rows {
		lines = append(lines, strings.Join(r.Cells, " "))
	}
	want := "序号 工号 姓名 人数 状态\n1 0002 张三 2 已报名\n2 0003 李四 1 已报名\n3  老王 1 候补\n4 0005 赵磊 1 候补"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
