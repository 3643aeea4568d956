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
	{name: "no headings at all", in: "题干；选项；答案\n", faults: "f:1: question \"\": no row names the columns (write 题干, 选项A, 选项B, 答案 into the first row)"},
	{name: "options in a cell", in: "题干,选项,答案\n哪个？,甲|乙;丙,C\n", want: "2 single 哪个？\n  A 甲\n  B 乙\n  C 丙\n  = C\n"},
	{name: "letter without options", in: "题干,题目,页码,答案\nx,y,z,a\n", faults: `f:2: question "x": options: the answer is a, but there are no options (write the options into columns of their own)`},
	{name: "no heading", in: "题干,A,B,,答案\n哪个？,甲,乙,,A\n那个？,甲,乙,丙,A,x\n",
		want: "2 single 哪个？\n  A 甲\n  B 乙\n  = A\n3 single 那个？\n  A 甲\n  B 乙\n  = A\n"},
	{name: "gap in the options", in: "题干,A,B,C,答案\n哪个？,甲,,丙,C\n", faults: `f:2: question "哪个？": options[1]: option B is empty`},
	{name: "bad rows", in: "编号,题型,题干,A,B,答案\nq-1,单选,哪个？,甲,乙,\n,选择题,,甲,乙,A\n,,只有题,,,\n",
		faults: `f:2: question "q-1": answer: missing
f:3: question "": ask: missing
f:4: question "只有题": answer: missing`},
	{name: "empty", in: "\n", faults: "f: the table is empty"},
	{name: "quote not closed", in: "题干,答案\nx,\"y\nz,w\n", want: "2 blank x\n  = \"y\n3 blank z\n  = w\n"},
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
