package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/bot/cli"
)

// importConfig is a branch that takes files in.
const importConfig = `language: zh-CN
timezone: Asia/Shanghai
database: sqlite:branch.db
content: [starter]
units:
  - id: demo
    name: 示范党支部
    chats: [web:demo]
    members:
      - {name: 周书记, staff: "9001", roles: [secretary]}
      - {name: 甲一, staff: "0001"}
      - {name: 乙二, staff: "0002"}
      - {name: 丙三, staff: "0003"}
      - {name: 欧阳娜娜, staff: "0004"}
  - {id: g1, name: 第一党小组, kind: group, parent: demo}
accounts:
  - {id: web, platform: web, personas: true}
`

// branchFolder is a folder with a branch in it, whose program the function runs.
func branchFolder(t *testing.T) (dir string, run func(args ...string) (out string, code int)) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(importConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	run = func(args ...string) (string, int) {
		var out bytes.Buffer
		code := cli.Main(t.Context(), cli.Program{Args: append(args, "--config", filepath.Join(dir, "config.yaml")), In: strings.NewReader(""),
			Out: &out, Err: &out, Env: os.LookupEnv})
		return out.String(), code
	}
	if out, code := run("chat"); code != 0 {
		t.Fatalf("chat: %d\n%s", code, out)
	}
	return dir, run
}

// Files as people have them: what each holds, what is left out and why (*.want, looked through
// by hand). Nothing is changed by looking.
func TestImportFiles(t *testing.T) {
	t.Parallel()
	_, run := branchFolder(t)
	files, err := filepath.Glob("testdata/import/*")
	if err != nil {
		t.Fatal(err)
	}
	features, err := filepath.Glob("../feature/*/testdata/import/*")
	files = append(files, features...)
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		out, code := run("import", file, "--json", "--now", "2026-12-01")
		var got struct {
			Kind         string            `json:"kind"`
			Good         []json.RawMessage `json:"good"`
			Skipped, Bad []struct{ Where, Why string }
			Notes        []string `json:"notes"`
		}
		if err := json.Unmarshal([]byte(out[:strings.LastIndex(out, "}")+1]), &got); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
			continue
		}
		if (code == 0) != (len(got.Good) > 0) {
			t.Errorf("%s: exit status %d with %d good rows", file, code, len(got.Good))
		}
		lines := []string{got.Kind}
		for _, row := range got.Good {
			var one bytes.Buffer
			if err := json.Compact(&one, row); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, "+ "+one.String())
		}
		for _, l := range got.Skipped {
			lines = append(lines, "skipped "+l.Where+" "+l.Why)
		}
		for _, l := range got.Bad {
			lines = append(lines, "bad "+l.Where+" "+l.Why)
		}
		for _, n := range got.Notes {
			lines = append(lines, "note "+n)
		}
		if *update {
			if err := os.WriteFile(file+".want", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file + ".want")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(strings.TrimSuffix(string(want), "\n"), "\n"), lines); diff != "" {
			t.Errorf("%s (-want +got); -update rewrites it:\n%s", file, diff)
		}
	}
	if out, code := run("roster", "export", filepath.Join(t.TempDir(), "roster.csv")); code != 0 {
		t.Errorf("the roster: %s", out)
	}
}

// What is taken in is there for the bot: a bank as a pack, people, shifts, holidays.
func TestImportTakesIn(t *testing.T) {
	t.Parallel()
	dir, run := branchFolder(t)
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	says := func(want []string, args ...string) {
		t.Helper()
		out, code := run(args...)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q: there is no %q in (%d):\n%s", args, w, code, out)
			}
		}
	}
	bank := write("消防题库.txt", "1. 火警电话是多少？\nA. 110\nB. 119\n答案：B\n\n2. 灭火器放在哪里？\nA. 门边\nB. 柜里\n答案：D\n")
	says([]string{"可用 1 题，跳过 0 题，有问题 1 题", "第 6 行：答案“D”不在选项 A-B 里", "还没有导入"}, "import", bank)
	packs := func() (names []string) {
		entries, _ := filepath.Glob(filepath.Join(dir, "data", "packs", "*.zip"))
		more, _ := filepath.Glob(filepath.Join(dir, "packs", "*.zip"))
		return append(entries, more...)
	}
	if len(packs()) != 0 {
		t.Errorf("a preview left %v", packs())
	}
	says([]string{"已导入。"}, "import", bank, "--yes", "--id", "fire")
	if all := packs(); !slices.ContainsFunc(all, func(s string) bool { return strings.HasSuffix(s, "fire.zip") }) {
		t.Errorf("the pack is not there: %v", all)
	}

	roster := write("名单.csv", "工号,姓名,人员类别,手机\n0001,甲一,预备党员,138 0000 0001\n0007,新人,入党申请人,\n0008,,,\n")
	says([]string{"--allow status", "第 4 行"}, "import", roster)
	says([]string{"已导入：新增 1 人，更新 1 人", "没有确认所以没有改的：1 人"}, "import", roster, "--yes")
	says([]string{"已导入：新增 0 人，更新 1 人"}, "import", roster, "--yes", "--allow", "status")
	says([]string{"可以写：renames"}, "import", roster, "--yes", "--allow", "everything")
	file := filepath.Join(t.TempDir(), "roster.csv")
	says(nil, "roster", "export", file)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "0001,甲一,demo,预备党员,,,13800000001") || !strings.Contains(string(text), "0007,新人,demo,入党申请人") {
		t.Errorf("the roster: %v\n%s", err, text)
	}
	says([]string{"甲一 2026-12-01 早"}, "import", write("排班.csv", "2026年12月排班\n姓名,1,2,3\n甲一,早,中,夜\n"), "--now", "2026-12-01", "--yes")
	says([]string{"2027 年：放假 1 天，调休上班 0 天", "已导入"}, "import", write("2027.json", `{"2027-01-01":{"name":"元旦","isOffDay":true}}`), "--yes")
	says([]string{"2027"}, "holidays")
	if out, code := run("import", write("x.pdf", "%PDF-1.7")); code != 1 || !strings.Contains(out, "PDF 读不了") {
		t.Errorf("a PDF: %d %s", code, out)
	}
	if out, code := run("import", write("x.txt", "大家好\n")); code != 1 {
		t.Errorf("a text without questions: %d %s", code, out)
	}
}

// Beside no database the command says how one comes to be.
func TestImportInAnEmptyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "x.txt")
	if err := os.WriteFile(file, []byte("1. 对吗？\nA. 对\nB. 错\n答案：A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(importConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	code := cli.Main(t.Context(), cli.Program{Args: []string{"import", file, "--config", filepath.Join(dir, "config.yaml")}, In: strings.NewReader(""),
		Out: &out, Err: &out, Env: os.LookupEnv})
	if code != 1 || !strings.Contains(out.String(), "先运行一次 branchbot") {
		t.Errorf("%d: %s", code, out.String())
	}
}
