package draw

import (
	"bytes"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
	"golang.org/x/image/font/opentype"
)

func samplePage() *Page {
	return &Page{
		Kicker: "一周学习", Title: "中共示范电力检修公司变电一部党支部", Period: "2026年第48周 · 11月23日 — 11月29日",
		Cards: []Card{
			{Title: "本周学习", Rows: []Row{{"周一", "党员大会多长时间开一次"}, {"周二", "支部委员会会议怎样开"}, {"周三", "党小组会讲什么：《中国共产党支部工作条例（试行）》第十二条"},
				{"周四", "党课由谁来讲"}, {"周五", "主题党日怎么过"}}, Bars: []Bar{{Label: "入门内容包", N: 5, Of: 12, Text: "第 5 课，共 12 课"}}},
			{Title: "大家的参与", Text: "本周学习 5 课、答题 5 道、签到 5 次、回执通知 1 条。", Shares: []Share{{"学习", 86, 130, "应学 130 人次，已学 86 人次"},
				{"答题", 91, 130, "作答 91 人次，答对 77 人次"}, {"签到", 118, 120, "应到 120 人次，实到 118 人次"}, {"通知回执", 25, 26, "应回执 26 人次，已回执 25 人次"}}},
			{Title: "下周安排", Rows: []Row{{"周一至周日 08:00", "每日一学"}, {"12月4日 周五 15:00", "主题党日"}}, Note: "还有 2 项安排。"},
			{Title: "大家的选择", Bars: []Bar{{Label: "A. 每月一次", N: 3, Of: 20, Text: "3 人"}, {Label: "B. 每季度一次", N: 17, Of: 20, Text: "17 人", Right: true}}},
		},
		Foot: "学习在平时，进步看得见", Link: "https://bot.example.org/board/demo", Scan: "扫码看支部学习园地",
	}
}

func sampleCertificate() *Certificate {
	return &Certificate{Head: "荣誉证书", Name: "张三 同志：", Before: "在2026年安全生产月活动中表现突出，特授予", Title: "学习标兵",
		After: "称号，以资鼓励。", Unit: "中共示范电力检修公司变电一部党支部", Day: "2026年11月27日"}
}

// bad are texts that people and imports really bring.
var bad = map[string]string{
	"empty":       "",
	"long":        strings.Repeat("阿卜杜热依木买买提吐尔逊江", 5),
	"one word":    strings.Repeat("Wolfeschlegelsteinhausen", 10),
	"huge":        strings.Repeat("学", 100_000),
	"punctuation": strings.Repeat("，。！？》】", 40),
	"openings":    strings.Repeat("《（【", 60),
	"bidi":        "张\u202e三四\u202c\u2066五\u2069",
	"zero width":  "张\u200b\u200d\ufeff三",
	"emoji":       "😀👨‍👩‍👧‍👦🇨🇳👍🏽",
	"rare":        "䶮𬭎𠮷",
	"marks":       "a\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309" + strings.Repeat("\u0336", 50),
	"lines":       "一\n\n\n二\r\n三\t四",
	"controls":    "一\x00\x07\x1b[31m二",
	"broken":      "一\xff\xfe二",
	"spaces":      strings.Repeat(" ", 500),
	"mixed":       "Zhang San(张三) 2026年度 SF6 断路器±0.5℃ ≥98% ①②③",
}

// check fails the test when a text leaves the picture or its place.
func check(t *testing.T, c *canvas, within image.Rectangle) {
	t.Helper()
	for i, p := range c.texts {
		if !p.at.In(within) {
			t.Errorf("%q at %v leaves %v", p.text, p.at, within)
		}
		for _, q := range c.texts[:i] {
			if p.at.Overlaps(q.at) {
				t.Errorf("%q at %v overlaps %q at %v", p.text, p.at, q.text, q.at)
			}
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	c, height, err := samplePage().layout()
	if err != nil {
		t.Fatal(err)
	}
	check(t, c, image.Rect(margin, 0, pageWidth-margin, height))
	if want := 2700; height > want {
		t.Errorf("the poster is %d high, want at most %d", height, want)
	}
	for _, want := range []string{"本周学习", "周三", "党课由谁来讲", "第 5 课，共 12 课", "66%", "98%", "每日一学", "B. 每季度一次 ✓", "还有 2 项安排。", "扫码看支部学习园地"} {
		if !slices.ContainsFunc(c.texts, func(p placed) bool { return p.text == want }) {
			t.Errorf("there is no %q", want)
		}
	}
}

func TestBadTexts(t *testing.T) {
	t.Parallel()
	for name, text := range bad {
		page := &Page{Kicker: text, Title: text, Period: text, Foot: text, Link: "https://bot.example.org/", Scan: text, Cards: []Card{{
			Title: text, Text: text, Rows: []Row{{text, text}, {"周一", text}, {text, ""}}, Shares: []Share{{text, 1, 0, text}, {text, 5, 3, text}, {text, -1, 3, text}},
			Bars: []Bar{{Label: text, N: 9, Of: 0, Text: "9 人"}, {Label: text, N: 9, Of: 3, Text: "9 人", Right: true}, {Label: text, N: -1, Of: 3}}, Note: text,
		}}}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, height, err := page.layout()
			if err != nil {
				t.Fatal(err)
			}
			check(t, c, image.Rect(margin, 0, pageWidth-margin, height))
			if height > 5000 {
				t.Errorf("the page is %d high", height)
			}
			certificate := &Certificate{Head: text, Name: text, Before: text, Title: text, After: text, Unit: text, Day: text}
			check(t, certificate.layout(), image.Rect(certificateMargin, 60, certificateWidth-certificateMargin, certificateHeight-60))
			for _, draw := range []func() ([]byte, error){page.PNG, certificate.PNG} {
				if _, err := draw(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestManyRows(t *testing.T) {
	t.Parallel()
	card := Card{Title: "本周学习"}
	for range 1000 {
		card.Rows = append(card.Rows, Row{"周一", "第一课"})
	}
	c, height, err := (&Page{Title: "支部", Cards: []Card{card}}).layout()
	if err != nil {
		t.Fatal(err)
	}
	if last := c.texts[len(c.texts)-1].text; height > 5000 || last != "…" {
		t.Errorf("the page is %d high and ends in %q", height, last)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	s := style{size: 20}
	for _, c := range []struct {
		text string
		em   int // width in Chinese characters
		most int
		want []string
	}{
		{"党员大会多长时间开一次", 6, 9, []string{"党员大会多长", "时间开一次"}},
		{"学习《条例》。", 6, 9, []string{"学习《条", "例》。"}},
		{"五个字一行，好。", 5, 9, []string{"五个字一", "行，好。"}},
		{"看《支部工作条例》", 2, 9, []string{"看", "《支", "部工", "作条", "例》"}},
		{"学习 Branchbots 手册", 6, 9, []string{"学习", "Branchbots", "手册"}},
		{"一二三四五六七八九十", 3, 2, []string{"一二三", "四五…"}},
		{"一\n二", 5, 9, []string{"一", "二"}},
		{"", 5, 9, []string{""}},
	} {
		if got := (faces{}).wrap(c.text, s, c.em*s.size, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: %q, want %q", c.text, c.em, got, c.want)
		}
	}
}

// However a text is broken, nothing of it is lost, no line is too wide, and no
// line begins or ends as it must not.
func FuzzWrap(f *testing.F) {
	for _, text := range bad {
		f.Add(text, 8)
	}
	f.Add("学习《中国共产党支部工作条例（试行）》，共 12 课。", 5)
	f.Fuzz(func(t *testing.T, text string, em int) {
		if len(text) > 2000 || em < 2 || em > 40 {
			return
		}
		s := style{size: 20}
		face, width := faces{}, em*20
		text = printable(text)
		lines := face.wrap(text, s, width, 1<<30)
		bare := func(s string) string { return strings.NewReplacer(" ", "", "\n", "").Replace(s) }
		if bare(strings.Join(lines, "")) != bare(text) {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, line := range lines {
			if face.width(line, s) > width && len([]rune(line)) > 1 {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
	})
}

// Each character leaves ink in its place: one whose glyph vanished would not.
func TestInk(t *testing.T) {
	t.Parallel()
	const text = "学玥①✓✘□★—·…《》°≥±AgQ1%，。"
	c := newCanvas()
	s := style{size: 40, ink: dark}
	c.text(0, 0, text, s)
	img := c.draw(c.faces.width(text, s), s.leading())
	x := 0
	for i, r := range text {
		next := c.faces.width(text[:i+len(string(r))], s)
		if !inked(img, image.Rect(x, 0, next, s.leading())) {
			t.Errorf("%c leaves no ink", r)
		}
		x = next
	}
	for _, y := range []int{0, s.leading() - 1} { // and none of them leaves the line
		if inked(img, image.Rect(0, y, x, y+1)) {
			t.Errorf("there is ink in row %d of %d", y, s.leading())
		}
	}
}

func inked(img *image.RGBA, in image.Rectangle) bool {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if img.RGBAAt(x, y) != paper {
				return true
			}
		}
	}
	return false
}

func TestDrawn(t *testing.T) {
	t.Parallel()
	page := samplePage()
	data, err := page.PNG()
	if err != nil {
		t.Fatal(err)
	}
	again, err := samplePage().PNG()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same page is not the same picture (%v)", err)
	}
	if len(data) > 150_000 {
		t.Errorf("the picture has %d bytes", len(data))
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y int) ink { return inkAt(img, x, y) }
	height := img.Bounds().Dy()
	if img.Bounds().Dx() != pageWidth || at(5, 5) != red || at(5, height-5) != paper || at(pageWidth/2, height-5) != paper {
		t.Errorf("the field, the paper or the size is not right: %v %v %v", img.Bounds(), at(5, 5), at(5, height-5))
	}
	code, err := qrcode.New(page.Link, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	code.DisableBorder = true
	want := code.Image(codeSize)
	left, top := pageWidth-margin-20-codeSize, height-48-20-codeSize
	for y := range codeSize {
		for x := range codeSize {
			if r, _, _, _ := want.At(x, y).RGBA(); uint8(r>>8) != at(left+x, top+y).R {
				t.Fatalf("the code differs at %d, %d", x, y)
			}
		}
	}
}

func inkAt(img image.Image, x, y int) ink {
	r, g, b, a := img.At(x, y).RGBA()
	return ink{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: uint8(a >> 8)}
}

func TestCodeTooLong(t *testing.T) {
	t.Parallel()
	page := &Page{Title: "支部", Link: "https://" + strings.Repeat("x", 5000)}
	if _, err := page.PNG(); err == nil || !strings.HasPrefix(err.Error(), "code of the address") {
		t.Errorf("error %v", err)
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		done, due int
		want      string
	}{{0, 0, "—"}, {0, 5, "0%"}, {1, 1000, "1%"}, {999, 1000, "99%"}, {5, 5, "100%"}, {7, 5, "100%"}, {1, 3, "33%"}, {-1, 3, "0%"}} {
		if got := percent(c.done, c.due); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.done, c.due, got, c.want)
		}
	}
}

// Colours are kept as they are, but for shades beyond the 256 most frequent.
func TestPalette(t *testing.T) {
	t.Parallel()
	img := image.NewRGBA(image.Rect(0, 0, 300, 2))
	for x := range 300 {
		img.SetRGBA(x, 0, ink{R: uint8(x), G: uint8(x / 2), A: 0xff})
		img.SetRGBA(x, 1, red)
	}
	out := Paletted(img)
	if len(out.Palette) != 256 || inkAt(out, 7, 1) != red {
		t.Fatalf("%d colours, %v for %v", len(out.Palette), inkAt(out, 7, 1), red)
	}
	for x := range 300 {
		want, got := img.RGBAAt(x, 0), inkAt(out, x, 0)
		if d := int(want.R) - int(got.R); d > 48 || d < -48 {
			t.Errorf("%v became %v", want, got)
		}
	}
}

func TestFontParses(t *testing.T) {
	t.Parallel()
	if _, err := opentype.NewFace(parsed(), &opentype.FaceOptions{Size: 12, DPI: 72}); err != nil {
		t.Fatal(err)
	}
}

// A poster of a full week; the issue asks for less than 150 ms.
func BenchmarkPoster(b *testing.B) {
	for b.Loop() {
		if _, err := samplePage().PNG(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCertificate(b *testing.B) {
	for b.Loop() {
		if _, err := sampleCertificate().PNG(); err != nil {
			b.Fatal(err)
		}
	}
}
