package content_test

import (
	"strings"
	"testing"

	"branchbot/content"
)

const letters = `
1 single 党员大会多久召开一次？
  A 每月一次
  B 每季度一次
  C 每半年一次
  = B
`

var aikenTests = []bankTest{
	{name: "moodle", in: "What is it?\nA) one\nB. two\nANSWER: B\n\n\nAnd this?\nA. x\nB. y\nANSWER: A\n",
		want: "1 single What is it?\n  A one\n  B two\n  = B\n7 single And this?\n  A x\n  B y\n  = A\n"},
	{name: "bom and crlf", in: "\ufeff党员大会多久召开一次？\r\nA. 每月一次\r\nB. 每季度一次\r\nC. 每半年一次\r\nANSWER: B\r\n", want: letters},
	{name: "marks of options", in: "党员大会多久召开一次？\nA、每月一次\nB：每季度一次\nＣ．每半年一次\n正确答案：b", want: letters},
	{name: "options in brackets", in: "党员大会多久召开一次？\n（A）每月一次\n(B) 每季度一次\nC：每半年一次\n【答案】Ｂ", want: letters},
	{name: "options on a line", in: "1、党员大会多久召开一次？\nA. 每月一次  B. 每季度一次\u3000C. 每半年一次\n答案: B\n", want: letters},
	{name: "option that names letters", in: "1. 缺什么？\nA. 维生素B、C B. 维生素A、D\n答案：A", want: "1 single 缺什么？\n  A 维生素B、C\n  B 维生素A、D\n  = A\n"},
	{name: "several right", in: "12．选哪些？\nA.甲\nB.乙\nC.丙\n答案：C、A\n解析：因为。\n还因为。\n出处：某书\n\n13．再选？\nA.甲\nB.乙\nANSWER: A,B\n",
		want: "1 multiple 选哪些？\n  A 甲\n  B 乙\n  C 丙\n  = AC\n  explain 因为。⏎还因为。\n  source 某书\n10 multiple 再选？\n  A 甲\n  B 乙\n  = AB\n"},
	{name: "true or false", in: "【判断】党员大会每季度一次。\n答案：对\n\n支委会每年一次。\n答案：×\n（判断题）小组会每月一次\n正确答案：√",
		want: "1 truefalse 党员大会每季度一次。\n  = true\n4 truefalse 支委会每年一次。\n  = false\n6 truefalse 小组会每月一次\n  = true\n"},
	{name: "headings", in: "一、单选题\n1. 甲还是乙？（ B ）\nA. 甲\nB. 乙\n2. 乙还是丙？（Ａ）\nA. 乙\nB. 丙\n二、多项选择题（每题2分）\n1. 选（AB）\nA. 甲 B. 乙 C. 丙\n三、判断题\n1. 对吗（√）\n2. 错吗（错误）\n四、填空题：\n党成立于（  ）年。\n答案：1921｜一九二一",
		want: `
2 single 甲还是乙？（　）
  A 甲
  B 乙
  = B
5 single 乙还是丙？（　）
  A 乙
  B 丙
  = A
9 multiple 选（　）
  A 甲
  B 乙
  C 丙
  = AB
12 truefalse 对吗
  = true
13 truefalse 错吗
  = false
15 blank 党成立于（  ）年。
  = 1921 / 一九二一
`},
	{name: "answer in brackets and below", in: "选（A）\nA. 甲\nB. 乙\n答案：A\n\n见附件（A）的是？\nA. 甲\nB. 乙\n答案：B",
		want: "1 single 选（　）\n  A 甲\n  B 乙\n  = A\n6 single 见附件（A）的是？\n  A 甲\n  B 乙\n  = B\n"},
	{name: "true or false with options", in: "【判断题】每季度一次。\nA. 正确\nB. 错误\n答案：B", want: "1 truefalse 每季度一次。\n  = false\n"},
	{name: "number", in: "【数值】几岁？\n答案：18\n\n多重？\n答案：12±0.5", want: "1 number 几岁？\n  = 18\n4 number 多重？\n  = 12±0.5\n"},
	{name: "order", in: "【排序】怎样排？\nA. 二\nB. 一\n答案：BA", want: "1 order 怎样排？\n  A 二\n  B 一\n  = BA\n"},
	{name: "question of two lines", in: "第一行\n第二行？\nA. 甲\n接着甲\nB. 乙\n答案：A", want: "1 single 第一行第二行？\n  A 甲接着甲\n  B 乙\n  = A\n"},
	{name: "numbers that stay", in: "2012、2017年修改的是？\nA. 甲\nB. 乙\n答案：A\n\n3.5米高的是？\nA. 甲\nB. 乙\n答案：A\n\n7.党的\nA. 甲\nB. 乙\n答案：A",
		want: "1 single 2012、2017年修改的是？\n  A 甲\n  B 乙\n  = A\n6 single 3.5米高的是？\n  A 甲\n  B 乙\n  = A\n11 single 党的\n  A 甲\n  B 乙\n  = A\n"},
	{name: "one line after another", in: "甲？\nA. 一\nB. 二\n答案：A\n乙？\nA. 一\nB. 二\n答案：B",
		want: "1 single 甲？\n  A 一\n  B 二\n  = A\n5 single 乙？\n  A 一\n  B 二\n  = B\n"},
	{name: "no answer", in: "党务题库\n\n1. 甲还是乙？\nA. 甲\nB. 乙\n\n2. 乙还是丙？\nA. 乙\nB. 丙\n答案：A",
		want:   "7 single 乙还是丙？\n  A 乙\n  B 丙\n  = A\n",
		faults: `f:3: question "甲还是乙？": there is no answer (write a line such as "答案：B" below it)`},
	{name: "wrong answers", in: "甲还是乙？\nA. 甲\nB. 乙\n答案：E\n\n【单选】丙？\nA. 甲\nB. 甲\n答案：AB",
		faults: `f:4: question "甲还是乙？": answer: "E" is not one of the options A-B
f:8: question "丙？": options[1]: options A and B are the same
f:9: question "丙？": answer: "AB" names 2 options, a question of type single has one right (use the type multiple)`},
	{name: "letters out of order", in: "甲还是乙？\nA. 甲\nC. 乙\n答案：A",
		faults: `f:3: question "甲还是乙？": options[1]: expected option B, found "C 乙" (give the letters in order, each once)`},
	{name: "answer twice", in: "甲还是乙？\nA. 甲\nB. 乙\n答案：A\n答案：B",
		faults: `f:5: question "甲还是乙？": answer: given twice, first at line 4 (a question may be missing between them)`},
	{name: "unsupported heading", in: "五、简答题\n1. 为什么？\n答案：因为。",
		faults: `f:2: question "为什么？": essay questions are not supported (leave it out)`},
	{name: "nothing", in: "\n \n", faults: "f: there is no question"},
	{name: "no utf-8", in: "x\n\xff", faults: "f:2: the text is not UTF-8 (save the file with the encoding UTF-8)"},
}

func TestParseAiken(t *testing.T) {
	t.Parallel()
	runBank(t, aikenTests, content.ParseAiken)
}

// An id comes of the question and its options, so that a corrected answer
// keeps it and a second import finds it.
func TestAikenID(t *testing.T) {
	t.Parallel()
	parse := func(text string) *content.Question {
		qs, err := content.ParseAiken("f", text)
		if err != nil || len(qs) != 1 {
			t.Fatal(qs, err)
		}
		return qs[0]
	}
	a := parse("甲？\nA. 一\nB. 二\n答案：A")
	b := parse("\n\n3. 甲？\nA) 一  B) 二\n答案：B\n解析：因为。")
	c := parse("甲？\nA. 一\nB. 三\n答案：A")
	if a.ID != b.ID || a.ID == c.ID || !strings.HasPrefix(a.ID, "aiken-") || len(a.ID) != len("aiken-")+10 {
		t.Errorf("ids %s, %s, %s", a.ID, b.ID, c.ID)
	}
}

func FuzzAiken(f *testing.F) {
	for _, tt := range aikenTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		qs, _ := content.ParseAiken("f", text)
		sound(t, qs)
	})
}
