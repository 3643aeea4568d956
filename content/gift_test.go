package content_test

import (
	"testing"

	"branchbot/content"
)

var giftTests = []bankTest{
	{name: "single", in: "// a comment\n::org-001::党员大会多久召开一次？{\n  ~每月一次#太多\n  =每季度一次#对了\n  ~每半年一次\n}\n",
		want: "2 single 党员大会多久召开一次？\n  A 每月一次\n  B 每季度一次\n  C 每半年一次\n  = B\n  explain 对了\n"},
	{name: "true and false", in: "Grant is buried there.{F}\n\n天是蓝的。{TRUE#错了#对了}\n\n水是干的。{false####因为。}",
		want: "1 truefalse Grant is buried there.\n  = false\n3 truefalse 天是蓝的。\n  = true\n  explain 对了\n5 truefalse 水是干的。\n  = false\n  explain 因为。\n"},
	{name: "several by weights", in: "哪些？{~%50%甲 ~%-50%乙 ~%50%丙 ~%0%丁}", want: "1 multiple 哪些？\n  A 甲\n  B 乙\n  C 丙\n  D 丁\n  = AC\n"},
	{name: "several by signs", in: "哪些？{=甲 =乙 ~丙}", want: "1 multiple 哪些？\n  A 甲\n  B 乙\n  C 丙\n  = AB\n"},
	{name: "part of the points", in: "哪个？{=甲 ~%50%乙 ~丙}", want: "1 single 哪个？\n  A 甲\n  B 乙\n  C 丙\n  = A\n"},
	{name: "one hundred", in: "哪个？{~%100%甲 ~乙}", want: "1 single 哪个？\n  A 甲\n  B 乙\n  = A\n"},
	{name: "short answer", in: "谁？{=王敏 =小王#也行 =%50%王}", want: "1 blank 谁？\n  = 王敏 / 小王\n  explain 也行\n"},
	{name: "numbers", in: "几？{#3}\n\n几人？{#3:0.5}\n\n几天？{#1..2}\n\n几年？{#=1822:0#对 =%50%1822:2}\n\n几月？{＃３：１}\n\n几时？{#-1.5..0####半}",
		want: "1 number 几？\n  = 3\n3 number 几人？\n  = 3±0.5\n5 number 几天？\n  = 1.5±0.5\n7 number 几年？\n  = 1822±0\n  explain 对\n9 number 几月？\n  = 3±1\n11 number 几时？\n  = -0.75±0.75\n  explain 半\n"},
	{name: "category", in: "$CATEGORY: $course$/顶/安全 生产\n\n对吗？{T}\n\n$CATEGORY：Fire\n对吗？？{T}\n", want: "3 truefalse 对吗？\n  = true\n  tags 安全-生产\n6 truefalse 对吗？？\n  = true\n  tags fire\n"},
	{name: "missing word", in: "党成立于{=1921}年。", want: "1 blank 党成立于 ____ 年。\n  = 1921\n"},
	{name: "escapes", in: `1\=1 \{对\}\: a\~b\#c\\d\ne？{=x\=y ~z}`, want: "1 single 1=1 {对}: a~b#c\\d⏎e？\n  A x=y\n  B z\n  = A\n"},
	{name: "html", in: "[html]<p>甲&nbsp;<b>乙</b> &lt; 丙？</p>{T}\n\n[markdown]*甲*{T}", want: "1 truefalse 甲 乙 < 丙？\n  = true\n3 truefalse *甲*\n  = true\n"},
	{name: "full width", in: "：：org-1：：哪个｛\n＝甲＝乙\n～8～10\n｝", want: "1 single 哪个\n  A 甲＝乙\n  B 8～10\n  = A\n"},
	{name: "name that is no id", in: "::第 一 题::对吗？{T}", want: "1 truefalse 对吗？\n  = true\n"},
	{name: "not supported", in: "::m::配对{=甲 -> 一 =乙 → 二}\n\n为什么？{}\n\n只是说明。\n\n\\{没有\\}",
		faults: `f:1: question "m": matching questions are not supported (ask with the type order or multiple instead)
f:3: question "为什么？": essay questions are not supported (give it answers in { })
f:5: question "只是说明。": there are no answers in { } (a description is no question; put an empty line between questions)
f:7: question "{没有}": there are no answers in { } (a description is no question; put an empty line between questions)`},
	{name: "broken", in: "一？{=甲\n\n二？{T} {F}\n\n三？{甲 =乙}\n\n四？{~甲 ~乙}\n\n五？{#甲}\n\n六？{#2..1}\n\n七？{#=1 =2}\n\n八？{~%1.%甲 =乙}\n\n九？{=甲 ~甲}\n\n{T}",
		faults: `f:1: question "一？": the { of the answers is not closed (write } behind them, with no empty line within)
f:3: question "二？ ____ {F}": there is a second { or } (write \{ and \} within a text)
f:5: question "三？": "甲 =乙" stands where = or ~ must begin an answer
f:7: question "四？": no answer is right (mark it with = instead of ~)
f:9: question "五？": answer: "甲" is no number (write 12, 0.5 or, with a tolerance, 12±0.5)
f:11: question "六？": answer: "2..1" is no range of numbers (write {#10..12})
f:13: question "七？": answer: 2 numbers are right, one is possible (write a range such as {#10..12})
f:15: question "八？": the weight in "%1.%甲" is none (write %50% or %-50%)
f:17: question "九？": options[1]: options A and B are the same
f:19: question "": ask: missing`},
	{name: "good beside bad", in: "一？{T}\n\n二？\n\n三？{F}", want: "1 truefalse 一？\n  = true\n5 truefalse 三？\n  = false\n",
		faults: `f:3: question "二？": there are no answers in { } (a description is no question; put an empty line between questions)`},
	{name: "nothing", in: "// nothing\n", faults: "f: there is no question"},
	{name: "bom and crlf", in: "\ufeff一？{T}\r\n\r\n二？{F}\r\n", want: "1 truefalse 一？\n  = true\n3 truefalse 二？\n  = false\n"},
}

func TestParseGIFT(t *testing.T) {
	t.Parallel()
	runBank(t, giftTests, content.ParseGIFT)
}

func TestGIFTID(t *testing.T) {
	t.Parallel()
	qs, err := content.ParseGIFT("f", "::Org-001::对吗？{T}\n\n::第一题::错吗？{F}")
	if err != nil || len(qs) != 2 {
		t.Fatal(qs, err)
	}
	if qs[0].ID != "org-001" || qs[1].ID[:5] != "gift-" {
		t.Errorf("ids %s, %s", qs[0].ID, qs[1].ID)
	}
}

func FuzzGIFT(f *testing.F) {
	for _, tt := range giftTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		qs, _ := content.ParseGIFT("f", text)
		sound(t, qs)
	})
}
