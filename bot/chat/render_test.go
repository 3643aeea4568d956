package chat

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var (
	words = Words{Picture: "［图片：%s］", File: "［文件没发出去：%s］", Choose: "回复数字选择："}
	rich  = Caps{TextLimit: 4096, CaptionLimit: 1024, TextUnit: UTF16, Styles: true, Links: true, Pictures: true,
		Files: true, Buttons: true, Edit: true}
	poor = Caps{TextLimit: 70}
)

func texts(parts []Part) []string {
	var out []string
	for _, p := range parts {
		out = append(out, p.Plain())
	}
	return out
}

func TestRender(t *testing.T) {
	picture := Media{Ref: "starter/cpr.png", Alt: "心肺复苏"}
	options := [][]Button{{{Label: "A", Data: "1:A", Word: "A"}, {Label: "B", Data: "1:B", Word: "B"}}}
	confirm := [][]Button{{{Label: "确认导入", Data: "yes"}}, {}, {{Label: "取消\u202e", Data: "no"}}}
	for _, tc := range []struct {
		name string
		in   Message
		caps Caps
		want Rendered
	}{
		{"text", Text("你好"), poor, Rendered{Parts: []Part{{Spans: []Span{{Text: "你好"}}}}}},
		{"no limit", Text(strings.Repeat("长", 9000)), Caps{},
			Rendered{Parts: []Part{{Spans: []Span{{Text: strings.Repeat("长", 9000)}}}}}},
		{"markup is text", Text("<b>*_[x](y)"), rich, Rendered{Parts: []Part{{Spans: []Span{{Text: "<b>*_[x](y)"}}}}}},
		{"style kept", Text("请").AddStyled("注意", Bold), rich,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "请"}, {Text: "注意", Style: Bold}}}}}},
		{"style lost", Text("请").AddStyled("注意", Bold), poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "请"}, {Text: "注意"}}}}, Losses: LossStyle}},
		{"link kept", Message{Spans: []Span{{Text: "条例", URL: "https://a.cn/"}}}, rich,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "条例", URL: "https://a.cn/"}}}}}},
		{"link written out", Message{Spans: []Span{{Text: "条例", URL: "https://a.cn/\u202e"}}}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "条例 (https://a.cn/)"}}}}, Losses: LossLink}},
		{"link is its own text", Message{Spans: []Span{{Text: "https://a.cn/", URL: "https://a.cn/"}}}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "https://a.cn/"}}}}}},
		{"caption", Message{Spans: []Span{{Text: "今日一学"}}, Media: []Media{picture}}, rich,
			Rendered{Parts: []Part{{Media: &picture, Spans: []Span{{Text: "今日一学"}}}}}},
		{"long caption follows", Message{Spans: []Span{{Text: "今日一学"}}, Media: []Media{picture}},
			Caps{TextLimit: 70, CaptionLimit: 3, Pictures: true},
			Rendered{Parts: []Part{{Media: &picture}, {Spans: []Span{{Text: "今日一学"}}}}}},
		{"two pictures, caption under the last", Message{Spans: []Span{{Text: "看"}}, Media: []Media{picture, picture}}, rich,
			Rendered{Parts: []Part{{Media: &picture}, {Media: &picture, Spans: []Span{{Text: "看"}}}}}},
		{"picture alone", Message{Media: []Media{picture}}, rich, Rendered{Parts: []Part{{Media: &picture}}}},
		{"picture described", Message{Spans: []Span{{Text: "看"}}, Media: []Media{picture}}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "看"}, {Text: "\n［图片：心肺复苏］"}}}}, Losses: LossPicture}},
		{"picture described alone", Message{Media: []Media{{Alt: "100%d\x00"}}}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "［图片：100%d］"}}}}, Losses: LossPicture}},
		{"file where only pictures go", Message{Media: []Media{{Alt: "名单", Name: "a.xlsx"}}}, Caps{Pictures: true},
			Rendered{Parts: []Part{{Spans: []Span{{Text: "［文件没发出去：名单］"}}}}, Losses: LossPicture}},
		{"buttons", Message{Spans: []Span{{Text: "选"}}, Buttons: confirm, Hint: "回复 A"}, rich,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "选"}},
				Buttons: [][]Button{{{Label: "确认导入", Data: "yes"}}, {{Label: "取消", Data: "no"}}}}}}},
		{"buttons as words", Message{Spans: []Span{{Text: "选"}}, Buttons: options, Hint: "回复 A 或 B"}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "选"}, {Text: "\n\n回复 A 或 B"}}}}, Losses: LossButtons}},
		{"buttons as numbers", Message{Spans: []Span{{Text: "导入 3 人？"}}, Buttons: confirm}, poor, Rendered{
			Parts:    []Part{{Spans: []Span{{Text: "导入 3 人？"}, {Text: "\n\n回复数字选择：\n1. 确认导入\n2. 取消"}}}},
			Bindings: []Binding{{"1", "yes"}, {"2", "no"}, {"确认导入", "yes"}, {"取消", "no"}}, Losses: LossButtons}},
		{"words that stand for two buttons stand for none", Message{Spans: []Span{{Text: "看哪份？"}},
			Buttons: [][]Button{{{Label: "看", Data: "a"}, {Label: "不看", Data: "no"}}, {{Label: "看", Data: "b"}}}}, poor, Rendered{
			Parts:    []Part{{Spans: []Span{{Text: "看哪份？"}, {Text: "\n\n回复数字选择：\n1. 看\n2. 不看\n3. 看"}}}},
			Bindings: []Binding{{"1", "a"}, {"2", "no"}, {"3", "b"}, {"不看", "no"}}, Losses: LossButtons}},
		{"empty rows are no buttons", Message{Spans: []Span{{Text: "好"}}, Buttons: [][]Button{{}}, Refuse: LossButtons}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "好"}}}}}},
		{"one blank line", Text("甲\n\n \n\n").Add("\n\n乙\n丙  \n"), poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "甲\n\n "}, {Text: "乙\n丙"}}}}}},
		{"a loss that is not suffered", Message{Spans: []Span{{Text: "好"}}, Refuse: LossPicture | LossSplit}, poor,
			Rendered{Parts: []Part{{Spans: []Span{{Text: "好"}}}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Render(tc.in, tc.caps, words)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRenderLeavesTheMessageAlone(t *testing.T) {
	m := Message{Spans: []Span{{Text: " a\n\n\n\u200b", URL: "u\x00"}}, Media: []Media{{Alt: "\x00"}},
		Buttons: [][]Button{{{Label: "\u202ex"}}}}
	if _, err := Render(m, Caps{}, words); err != nil {
		t.Fatal(err)
	}
	want := Message{Spans: []Span{{Text: " a\n\n\n\u200b", URL: "u\x00"}}, Media: []Media{{Alt: "\x00"}},
		Buttons: [][]Button{{{Label: "\u202ex"}}}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRenderErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Message
		want string
	}{
		{"nothing", Message{}, "the message is empty"},
		{"blank", Text(" \n\u200b\t\u3000"), "the message is empty"},
		{"a button needs a text", Message{Buttons: [][]Button{{}}}, "the message is empty"},
		{"refused", Message{Spans: []Span{{Text: "a", Style: Bold, URL: "b"}}, Refuse: LossLink},
			"this chat cannot show the message without losing: link"},
		{"all refused", Message{
			Spans: []Span{{Text: strings.Repeat("长", 71), Style: Bold, URL: "b"}}, Media: []Media{{Alt: "a"}},
			Buttons: [][]Button{{{Label: "x", Data: "y"}}}, Refuse: ^Loss(0)},
			"this chat cannot show the message without losing: style, link, picture, buttons, split"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Render(tc.in, poor, words)
			if err == nil || err.Error() != tc.want {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if diff := cmp.Diff(Rendered{}, got); diff != "" {
				t.Errorf("result of an error (-want +got)\n%s", diff)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		name  string
		text  string
		limit int
		unit  Unit
		want  []string
	}{
		{"fits", "一二三", 3, Runes, []string{"一二三"}},
		{"paragraph", "一二三四\n\n五六。七\n八九十", 9, Runes, []string{"一二三四", "五六。七\n八九十"}},
		{"line", "一二三四\n五六。七八九十", 9, Runes, []string{"一二三四", "五六。七八九十"}},
		{"sentence", "一二三四。五，六七八九十", 9, Runes, []string{"一二三四。", "五，六七八九十"}},
		{"comma", "一二三四，五六七八九十", 9, Runes, []string{"一二三四，", "五六七八九十"}},
		{"space", "one two three", 10, Runes, []string{"one two", "three"}},
		{"rune", "一二三四五六七", 3, Runes, []string{"一二三", "四五六", "七"}},
		{"an early paragraph does not waste a message", "一\n\n二三四五六七八九十", 8, Runes, []string{"一\n\n二三四五六", "七八九十"}},
		{"bytes", "一二三四", 7, Bytes, []string{"一二", "三四"}},
		{"utf16", "😀😀😀", 3, UTF16, []string{"😀", "😀", "😀"}},
		{"marks stay", "aaae\u0301\u0302b", 5, Runes, []string{"aaa", "e\u0301\u0302b"}},
		{"joined emoji stay", "好👨‍👩‍👧‍👦", 7, Runes, []string{"好", "👨‍👩‍👧‍👦"}},
		{"skin tone stays", "好好👍🏽", 3, Runes, []string{"好好", "👍🏽"}},
		{"a paragraph that just fits", "一二三四\n五六七\n\n八九十", 8, Runes, []string{"一二三四\n五六七", "八九十"}},
		{"a mark on the full stop", "一二三四五！\ufe0f七八", 6, Runes, []string{"一二三四五！", "七八"}},
		{"the quote closes", "一二三四：“五六。”七八九", 10, Runes, []string{"一二三四：“五六。”", "七八九"}},
		{"an address is no sentence", "看看 https://a.cn/?b=cdefg", 18, Runes, []string{"看看 https://a.cn/?b", "=cdefg"}},
		{"flags stay", "好🇨🇳🇨🇳", 4, Runes, []string{"好🇨🇳", "🇨🇳"}},
		{"a character over the limit is cut", "👨‍👩‍👧‍👦", 4, Runes, []string{"👨‍👩‍", "👧‍👦"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Render(Text(tc.text), Caps{TextLimit: tc.limit, TextUnit: tc.unit}, words)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, texts(r.Parts)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got, want := r.Losses == LossSplit, len(tc.want) > 1; got != want {
				t.Errorf("split reported: %v, want %v", got, want)
			}
		})
	}
}

func TestSplitStylesAndButtons(t *testing.T) {
	m := Message{Spans: []Span{{Text: "一二"}, {Text: "三四五六", Style: Bold}, {Text: "七", URL: "u"}},
		Media: []Media{{Ref: "p"}}, Buttons: [][]Button{{{Label: "A"}}}}
	got, err := Render(m, Caps{TextLimit: 4, Styles: true, Links: true, Pictures: true, Buttons: true}, words)
	if err != nil {
		t.Fatal(err)
	}
	want := Rendered{Losses: LossSplit, Parts: []Part{
		{Media: &Media{Ref: "p"}},
		{Spans: []Span{{Text: "一二"}, {Text: "三四", Style: Bold}}},
		{Spans: []Span{{Text: "五六", Style: Bold}, {Text: "七", URL: "u"}}, Buttons: [][]Button{{{Label: "A"}}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestClean(t *testing.T) {
	marks := strings.Repeat("\u0301", 8)
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "第1题：A．一次\n２", "第1题：A．一次\n２"},
		{"control", "a\x00b\x1b[31mc\rd\u0085e\x7f", "ab[31mcde"},
		{"tab", "a\tb", "a b"},
		{"invalid UTF-8", "a\xff\xed\xa0\x80b", "ab"},
		{"a real U+FFFD", "a\uFFFDb", "a\uFFFDb"},
		{"bidi", "\u202ea\u2066b\u2069\u200f\u061cc", "abc"},
		{"zero width", "a\u200b\ufeff\u2060\u00ad\u180e\u2063b\u2028c", "abc"},
		{"letters that look like nothing", "\u3164\uffa0\u115f\u1160a", "a"},
		{"joiner outside emoji", "a\u200db👩\u200db", "ab👩b"},
		{"family", "👨‍👩‍👧‍👦❤️‍🔥👩🏽‍⚕️", "👨‍👩‍👧‍👦❤️‍🔥👩🏽‍⚕️"},
		{"keycap", "1️⃣©️", "1️⃣©️"},
		{"selector outside emoji", "张\ufe00三\ufe0f", "张三"},
		{"joiner before an ideograph beyond the BMP", "👩\u200d𠀀\u200d👩", "👩𠀀👩"},
		{"marks", "e" + marks + "\u0302\u0302" + "f\u0301", "e" + marks + "f\u0301"},
		{"marks behind something hidden", "e" + marks + "\u200b\u0301", "e" + marks},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Clean(tc.in); got != tc.want {
				t.Errorf("Clean(%+q) = %+q, want %+q", tc.in, got, tc.want)
			}
		})
	}
}

func TestCleanName(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "张三", "张三"},
		{"empty", "", ""},
		{"nothing left", " \u202e\u200b\n", ""},
		{"one line", " 王\n\t敏\u3000(书记) ", "王 敏 (书记)"},
		{"longest", strings.Repeat("长", 32), strings.Repeat("长", 32)},
		{"too long", strings.Repeat("长", 33), strings.Repeat("长", 31) + "…"},
		{"no space before the dots", strings.Repeat("a", 30) + " bb", strings.Repeat("a", 30) + "…"},
		{"a character is not parted", strings.Repeat("a", 30) + "👨‍👩‍👧", strings.Repeat("a", 30) + "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := CleanName(tc.in); got != tc.want {
				t.Errorf("CleanName(%+q) = %+q, want %+q", tc.in, got, tc.want)
			}
		})
	}
}

func TestSendError(t *testing.T) {
	for _, tc := range []struct {
		err   error
		text  string
		class Class
	}{
		{&SendError{Class: ChatGone}, "chat_gone", ChatGone},
		{&SendError{Class: Temporary, Err: ErrEmpty}, "temporary: the message is empty", Temporary},
		{ErrEmpty, "the message is empty", MaybeSent},
	} {
		if tc.err.Error() != tc.text || ClassOf(tc.err) != tc.class {
			t.Errorf("%q of class %s, want %q of class %s", tc.err, ClassOf(tc.err), tc.text, tc.class)
		}
	}
}

// squeezed is a text without its white space, of which a cut may take some.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"一二三。四五六\n\n七", "e\u0301\u0302👨‍👩‍👧‍👦🇨🇳", "<b>*_[x](y)", "\xff\x00\u202e\t", " \n ", "！\ufe0f？"} {
		f.Add(s, "B", 8, byte(0), byte(0))
		f.Add(s, "", 70, byte(2), byte(7))
	}
	f.Fuzz(func(t *testing.T, a, b string, limit int, unit, can byte) {
		if limit < 4 || limit > 10_000 || len(a)+len(b) > 20_000 {
			t.Skip() // a rune has up to four bytes
		}
		u := []Unit{Runes, UTF16, Bytes}[unit%3]
		c := Caps{TextUnit: u, Styles: can&1 != 0, Links: can&2 != 0, Pictures: can&4 != 0, Buttons: can&8 != 0}
		m := Message{Spans: []Span{{Text: a, Style: Bold}, {Text: b, URL: b}}, Hint: b,
			Buttons: [][]Button{{{Label: b, Data: a}, {Label: a, Word: "A"}}}}
		if can&16 != 0 {
			m.Media = []Media{{Alt: a}}
		}
		whole, err := Render(m, c, words)
		if err != nil {
			return
		}
		c.TextLimit, c.CaptionLimit = limit, limit/2
		cut, err := Render(m, c, words)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := squeezed(strings.Join(texts(cut.Parts), "")), squeezed(strings.Join(texts(whole.Parts), "")); got != want {
			t.Errorf("text %+q, want %+q", got, want)
		}
		for i, p := range cut.Parts {
			n, most := u.Len(p.Plain()), limit
			if p.Media != nil {
				most = limit / 2
			}
			if n > most || n == 0 && p.Media == nil || !utf8.ValidString(p.Plain()) || (len(p.Buttons) > 0) != (c.Buttons && i == len(cut.Parts)-1) {
				t.Errorf("part %d of %d units with %d rows of buttons: %+q", i, n, len(p.Buttons), p.Plain())
			}
		}
		if s := Clean(a); Clean(s) != s {
			t.Errorf("Clean is not stable: %+q, then %+q", s, Clean(s))
		}
	})
}

func FuzzCleanName(f *testing.F) {
	f.Add("张三")
	f.Add(strings.Repeat("👨‍👩‍👧 \u202e", 20))
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanName(s)
		if utf8.RuneCountInString(got) > maxName || strings.ContainsAny(got, "\n\u202e\u200b") || CleanName(got) != got {
			t.Errorf("CleanName(%+q) = %+q", s, got)
		}
	})
}
