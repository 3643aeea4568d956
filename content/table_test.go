package content_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"branchbot/content"
	"branchbot/content/sheet"
)

var tableTests = []bankTest{
	{name: "chinese", in: "序号,编号,题型,题干,选项A,选项B,选项C,答案,解析,出处,标签\n" +
		"1,Org-001,单选题,多久一次？,每月,每季,每年,B,因为。,某书,\"组织 生活、Fire\"\n2,,多选,哪些？,甲,乙,丙,\"C,A\",,,\n3,,判断题,对吗？,正确,错误,,B,,,\n4,,填空题,哪年？,,,,1921|一九二一,,,\n" +
		"5,,数字,几？,,,,12±0.5,,,\n6,,排序题,怎样？,二,一,,BA,,,\n",
		want: `
2 single 多久一次？
  A 每月
  B 每季
  C 每年
  = B
  explain 因为。
  source 某书
  tags 组织-生活 fire
3 multiple 哪些？
  A 甲
  B 乙
  C 丙
  = AC
4 truefalse 对吗？
  = false
5 blank 哪年？
  = 1921 / 一九二一
6 number 几？
  = 12±0.5
7 order 怎样？
  A 二
  B 一
  = BA
`},
	{name: "english", in: "Question,A,B,option C,Answer\nWhich?,x,y,,a\n\nTrue?,,,,TRUE\n", want: "2 single Which?\n  A x\n  B y\n  = A\n4 truefalse True?\n  = true\n"},
	{name: "one column of options", in: "题干；选项；答案\n", faults: "f:1: column 1: \"题干；选项；答案\" is no heading (delete it, or head it with one of 编号, 题型, 题干, 选项A, 选项B, 答案, 解析, 出处, 标签)"},
	{name: "options in a cell", in: "题干,选项,答案\n哪个？,甲|乙;丙,C\n", want: "2 single 哪个？\n  A 甲\n  B 乙\n  C 丙\n  = C\n"},
	{name: "headings", in: "题干,题目,解释,答案\nx,y,z,a\n",
		faults: `f:1: column 2: "题目" repeats a column before it (delete one)
f:1: column 3: "解释" is no heading (delete it, or head it with one of 编号, 题型, 题干, 选项A, 选项B, 答案, 解析, 出处, 标签)`},
	{name: "no heading", in: "题干,A,B,,答案\n哪个？,甲,乙,,A\n那个？,甲,乙,丙,A,x\n",
		want:   "2 single 哪个？\n  A 甲\n  B 乙\n  = A\n",
		faults: "f:3: question \"那个？\": column 4 has no heading (name it in the first row)\nf:3: question \"那个？\": column 6 has no heading (name it in the first row)"},
	{name: "gap in the options", in: "题干,A,B,C,答案\n哪个？,甲,,丙,C\n", faults: `f:2: question "哪个？": options[1]: option B is empty`},
	{name: "bad rows", in: "编号,题型,题干,A,B,答案\nq 1,单选,哪个？,甲,乙,\n,选择题,,甲,乙,A\n,,只有题,,,\n",
		faults: `f:2: question "q 1": id: "q 1" is no id (use lower-case letters a-z, digits, - _ and ., at most 64)
f:2: question "q 1": answer: missing
f:3: question "": ask: missing
f:3: question "": type: "选择题" is none (write one of single, multiple, truefalse, blank, number, order)
f:4: question "只有题": type: missing (write one of single, multiple, truefalse, blank, number, order)`},
	{name: "empty", in: "\n", faults: "f: the table is empty"},
	{name: "broken csv", in: "题干,答案\nx,\"y\nz,w\n", faults: `f:2: a quote is out of place on line 3 (put the whole cell in quotes and write " within it as "")`},
}

func parseCSV(file, text string) ([]*content.Question, error) {
	return content.ParseCSV(file, []byte(text))
}

func TestParseCSV(t *testing.T) {
	t.Parallel()
	runBank(t, tableTests, parseCSV)
}

func TestParseXLSX(t *testing.T) {
	t.Parallel()
	data, err := sheet.WriteXLSX("题库", []string{"编号", "题干", "选项A", "选项B", "答案"}, [][]string{{"001", "哪个？", "甲", "乙", "B"}, {"", "哪个？", "甲", "", "B"}})
	if err != nil {
		t.Fatal(err)
	}
	qs, err := content.ParseXLSX("f", data)
	if diff := cmp.Diff("2 single 哪个？\n  A 甲\n  B 乙\n  = B\n", show(qs)); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
	if len(qs) == 1 && qs[0].ID != "001" {
		t.Errorf("id %q, want 001", qs[0].ID)
	}
	if got, want := faults(err), `f:3: question "哪个？": options: 1 given, 2 to 10 are possible`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzCSV(f *testing.F) {
	for _, tt := range tableTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		qs, _ := parseCSV("f", text)
		sound(t, qs)
	})
}
