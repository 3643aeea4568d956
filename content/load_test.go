package content_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"image/jpeg"
	pngformat "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"branchbot/content"
)

func png(width, height int) []byte {
	var b bytes.Buffer
	if err := pngformat.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// hugePNG has the head of a picture of many pixels, and nothing else.
func hugePNG(width, height uint32) []byte {
	data := png(1, 1)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	var sum uint32 = 0xffffffff // CRC of IHDR, bit by bit
	for _, c := range data[12:29] {
		sum ^= uint32(c)
		for range 8 {
			if sum&1 == 1 {
				sum = sum>>1 ^ 0xedb88320
			} else {
				sum >>= 1
			}
		}
	}
	binary.BigEndian.PutUint32(data[29:], ^sum)
	return data
}

func TestLoad(t *testing.T) {
	t.Parallel()
	p, err := content.Load(pack(nil), "demo")
	if err != nil {
		t.Fatal(err)
	}
	wantLesson := &content.Lesson{Pack: "demo", ID: "a-01", Title: "第一课", Tags: []string{"safety"}, Media: []content.Media{{File: "media/x.png", Alt: "图"}},
		Questions: []string{"q-1"}, Source: "来源", Body: "正文。", At: content.Position{File: "demo/lessons/a-01.md", Line: 1}}
	wantQuestion := &content.Question{Pack: "demo", ID: "q-1", Type: content.Single, Ask: "问？", Options: []string{"甲", "乙"}, Answer: "B",
		Explain: "因为。", Source: "来源", Tags: []string{"safety"}, At: content.Position{File: "demo/questions/a.yaml", Line: 1}}
	if diff := cmp.Diff([]*content.Lesson{wantLesson}, p.Lessons); diff != "" {
		t.Errorf("lessons (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]*content.Question{wantQuestion}, p.Questions); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
	if p.ID != "demo" || p.Title != "示例" || p.Version != "1" || p.Language != "zh-CN" || p.Licence != "CC0-1.0" || p.Source != "自编" {
		t.Errorf("pack %+v", p)
	}
}

const (
	head  = "---\nid: a-01\ntitle: 第一课\n"
	front = head + "---\n"
	ask   = "- id: q-1\n  type: single\n  ask: 问？\n  options: [甲, 乙]\n  explain: 因为。\n  source: 来源\n"
)

var loadTests = []struct {
	name    string
	changes map[string]string
	want    string
}{
	{"no pack.yaml", map[string]string{"pack.yaml": ""}, "demo/pack.yaml: the file does not exist"},
	{"pack.yaml", map[string]string{"pack.yaml": "id: De Mo\nversion: 1.0\nlicense: x\nsource: \"a\\u202Eb\"\n"},
		"demo/pack.yaml:2: version: expected a text, found the number 1.0 (write \"1.0\" in quotes)\n" +
			"demo/pack.yaml:3: license: unknown key (did you mean \"licence\"?)\n" +
			"demo/pack.yaml:1: title: missing\n" +
			"demo/pack.yaml:1: id: \"De Mo\" is no id (use lower-case letters a-z, digits, - _ and ., at most 64)\n" +
			"demo/pack.yaml:4: source: holds the invisible character U+202E after \"a\" (remove it)"},
	{"folders", map[string]string{"lesson/a.md": "x", "old/a.md": "x", ".git/a": "x", "lessons/sub/a.md": "x", "README.md": "x"},
		"demo/lesson: a pack has no such folder (rename it to lessons)\n" +
			"demo/old: a pack has no such folder (a pack has the folders lessons, questions and media)\n" +
			"demo/lessons/sub: folders within lessons are not read (move its files up)"},
	{"files", map[string]string{"lessons/b.txt": "x", "questions/b.docx": "x", "questions/~$a.xlsx": "x", "lessons/.DS_Store": "x"},
		"demo/lessons/b.txt: lessons are read from .md files only\n" +
			"demo/questions/b.docx: questions cannot be read from such a file (known endings: .yaml, .gift, .aiken.txt, .csv, .xlsx)"},
	{"lesson without head", map[string]string{"lessons/b.md": "hello"},
		`demo/lessons/b.md:1: a lesson begins with a head (write the lines "---", "id: …", "title: …", "---" and then the text)`},
	{"lesson with endless head", map[string]string{"lessons/b.md": "---\nid: b\n"},
		`demo/lessons/b.md:1: the head does not end (write "---" on a line of its own below it)`},
	{"lesson with broken head", map[string]string{"lessons/b.md": "---\nid: b\ntitle: a: b\n---\nx"},
		`demo/lessons/b.md:3: mapping values are not allowed in this context (put a text with ": " in quotes)`},
	{"lesson keys", map[string]string{"lessons/b.md": "---\ntitel: x\ntags: [A, b, b, 安全]\nsource: 12\n---\n\n"},
		"demo/lessons/b.md:2: titel: unknown key (did you mean \"title\"?)\n" +
			"demo/lessons/b.md:4: source: expected a text, found the number 12 (write \"12\" in quotes)\n" +
			"demo/lessons/b.md:2: id: missing\n" +
			"demo/lessons/b.md:2: title: missing\n" +
			"demo/lessons/b.md:3: tags[0]: \"A\" is no tag (use letters without capitals, digits, - _ and ., at most 40)\n" +
			"demo/lessons/b.md:3: tags[2]: \"b\" is given twice (remove one)\n" +
			"demo/lessons/b.md:7: body: missing (write the text below the second line \"---\")"},
	{"lesson too long", map[string]string{"lessons/a-01.md": front + "\n\n" + strings.Repeat("长", 3501)},
		"demo/lessons/a-01.md:7: body: 3501 characters, at most 3500 fit into a message (part it into two lessons)"},
	{"lesson just not too long", map[string]string{"lessons/a-01.md": front + strings.Repeat("长", 3500) + "\n\n"}, ""},
	{"hidden characters", map[string]string{"lessons/a-01.md": front + "一\n二\u200b三\n"},
		"demo/lessons/a-01.md:6: body: holds the invisible character U+200B after \"一\\n二\" (remove it)"},
	{"control characters", map[string]string{"lessons/a-01.md": front + "一\n二\x07三\n"},
		"demo/lessons/a-01.md:6: the text holds the control character U+0007 (remove it)"},
	{"unknown question", map[string]string{"lessons/a-01.md": head + "questions:\n  - q-1\n  - q-l\n  - other\n---\nx"},
		"demo/lessons/a-01.md:6: questions[1]: there is no question \"q-l\" in the pack (did you mean \"q-1\"?)\n" +
			"demo/lessons/a-01.md:7: questions[2]: there is no question \"other\" in the pack"},
	{"taken ids", map[string]string{"lessons/b.md": front + "x", "questions/b.yaml": "\n" + ask + "  answer: A\n"},
		"demo/lessons/b.md:2: id: the id is taken already, at demo/lessons/a-01.md:2 (give each its own)\n" +
			"demo/questions/b.yaml:2: question \"q-1\": the id is taken already, at demo/questions/a.yaml:1 (give each its own)"},
	{"pictures", map[string]string{
		"lessons/a-01.md": head + "media:\n  - {file: media/none.png, alt: x}\n  - {file: ../x.png, alt: x}\n  - {file: /etc/x.png, alt: x}\n" +
			"  - {file: \"https://x/y.png\", alt: x}\n  - {file: 'media\\x.png', alt: x}\n  - {file: x.png, alt: x}\n  - {file: media/x.svg, alt: x}\n" +
			"  - {file: media/bad.png, alt: x}\n  - {file: media/wrong.png, alt: x}\n  - {file: media/huge.png, alt: x}\n  - {file: media/big.png, alt: x}\n  - {file: media/dir.png, alt: x}\n  - {file: media/x.png}\n  - {alt: x}\n---\nx",
		"media/bad.png": "hello", "media/wrong.png": string(jpg()), "media/huge.png": string(hugePNG(5001, 5000)), "media/dir.png/x": "x",
		"media/big.png": strings.Repeat("x", 5<<20+1)},
		"demo/lessons/a-01.md:5: media[0].file: \"media/none.png\" does not exist\n" +
			"demo/lessons/a-01.md:6: media[1].file: \"../x.png\" is no file of the pack (put the picture into the folder media and write media/name.png)\n" +
			"demo/lessons/a-01.md:7: media[2].file: \"/etc/x.png\" is no file of the pack (put the picture into the folder media and write media/name.png)\n" +
			"demo/lessons/a-01.md:8: media[3].file: \"https://x/y.png\" is no file of the pack (put the picture into the folder media and write media/name.png)\n" +
			"demo/lessons/a-01.md:9: media[4].file: \"media\\\\x.png\" is no file of the pack (put the picture into the folder media and write media/name.png)\n" +
			"demo/lessons/a-01.md:10: media[5].file: \"x.png\" is no file of the pack (put the picture into the folder media and write media/name.png)\n" +
			"demo/lessons/a-01.md:11: media[6].file: \"media/x.svg\" is no .png, .jpg, .gif or .webp\n" +
			"demo/lessons/a-01.md:12: media[7].file: \"media/bad.png\" is damaged or no picture\n" +
			"demo/lessons/a-01.md:13: media[8].file: \"media/wrong.png\" is of the type image/jpeg (give it the ending of its type)\n" +
			"demo/lessons/a-01.md:14: media[9].file: \"media/huge.png\" has 5001 × 5000 pixels, at most 25 million are possible (make it smaller)\n" +
			"demo/lessons/a-01.md:15: media[10].file: \"media/big.png\" is larger than 5 MB\n" +
			"demo/lessons/a-01.md:16: media[11].file: \"media/dir.png\" is no file\n" +
			"demo/lessons/a-01.md:17: media[12].alt: missing (say what the picture shows)\n" +
			"demo/lessons/a-01.md:18: media[13].file: missing"},
	{"no list", map[string]string{"questions/b.yaml": "id: x\n"}, `demo/questions/b.yaml:1: expected a list of questions (begin each with "- id: …")`},
	{"no block", map[string]string{"questions/b.yaml": "- x\n"},
		`demo/questions/b.yaml:1: question 1: expected a block of keys, found the text "x" (write "key: value" on the lines below)`},
	{"empty", map[string]string{"questions/b.yaml": "# later\n"}, "demo/questions/b.yaml: the file is empty"},
	{"bank", map[string]string{"questions/b.aiken.txt": "问？\nA. 甲\nB. 乙\n答案：C\n", "questions/c.gift": "x", "questions/d.csv": "a", "questions/e.xlsx": "a"},
		"demo/questions/b.aiken.txt:4: question \"问？\": answer: \"C\" is not one of the options A-B\n" +
			"demo/questions/c.gift:1: question \"x\": there are no answers in { } (a description is no question; put an empty line between questions)\n" +
			"demo/questions/d.csv:1: question \"\": no row names the columns (write 题干, 选项A, 选项B, 答案 into the first row)\n" +
			"demo/questions/e.xlsx:1: question \"\": no row names the columns (write 题干, 选项A, 选项B, 答案 into the first row)"},
}

func jpg() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestLoadFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range loadTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := content.Load(pack(tt.changes), "demo")
			if diff := cmp.Diff(tt.want, faults(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if (p == nil) != (err != nil) {
				t.Errorf("pack %v with error %v", p, err)
			}
		})
	}
}

// Each row is the keys of a question that differ from a good one.
var questionTests = []struct {
	name, in, want string
}{
	{"letter that is none", ask + "  answer: E\n", `answer: "E" is not one of the options A-B`},
	{"several letters", ask + "  answer: AB\n", `answer: "AB" names 2 options, a question of type single has one right (use the type multiple)`},
	{"no answer", ask, `answer: missing`},
	{"list of answers", ask + "  answer: [A, B]\n", `answer: expected a single value (write "answer: B", or "answer: AC" for several)`},
	{"letter twice", strings.Replace(ask, "single", "multiple", 1) + "  answer: AA\n", `answer: "AA" names an option twice`},
	{"order of some", strings.Replace(ask, "single", "order", 1) + "  answer: A\n", `answer: "A" must name each of the 2 options once`},
	{"unknown type", strings.Replace(ask, "single", "choice", 1) + "  answer: A\n",
		`type: "choice" is none (write one of single, multiple, truefalse, blank, number, order)`},
	{"options of a blank", strings.Replace(ask, "single", "blank", 1) + "  answer: x\n",
		`options: a question of type blank has none (remove them, or use the type single)`},
	{"one option", strings.Replace(ask, "甲, 乙", "甲", 1) + "  answer: A\n", `options: 1 given, 2 to 10 are possible`},
	{"eleven options", strings.Replace(ask, "甲, 乙", "a,b,c,d,e,f,g,h,i,j,k", 1) + "  answer: A\n", `options: 11 given, 2 to 10 are possible`},
	{"same options", strings.Replace(ask, "甲, 乙", "甲 a, 乙, 甲  Ａ", 1) + "  answer: A\n", `options[2]: options A and C are the same`},
	{"empty option", strings.Replace(ask, "甲, 乙", `甲, " "`, 1) + "  answer: A\n", `options[1]: option B is empty`},
	{"option on two lines", strings.Replace(ask, "甲, 乙", `甲, "乙\n丙"`, 1) + "  answer: A\n", `options[1]: holds a line break after "乙" (write it on one line)`},
	{"number as option", strings.Replace(ask, "甲, 乙", "3, 乙", 1) + "  answer: A\n", `options[0]: expected a text, found the number 3 (write "3" in quotes)`},
	{"nothing to learn", "- id: q-1\n  type: truefalse\n  ask: 问？\n  answer: true\n", "explain: missing\nsource: missing"},
	{"truth in words", strings.Replace(strings.Replace(ask, "single", "truefalse", 1), "  options: [甲, 乙]\n", "", 1) + "  answer: 对\n",
		`answer: "对" is neither true nor false (write true or false)`},
	{"blank as number", strings.Replace(strings.Replace(ask, "single", "blank", 1), "  options: [甲, 乙]\n", "", 1) + "  answer: [\"1921\", 1921]\n",
		`answer: 1921 is no text (write "1921" in quotes)`},
	{"number in words", strings.Replace(strings.Replace(ask, "single", "number", 1), "  options: [甲, 乙]\n", "", 1) + "  answer: twelve\n",
		`answer: "twelve" is no number (write 12, 0.5 or, with a tolerance, 12±0.5)`},
	{"number below zero tolerance", strings.Replace(strings.Replace(ask, "single", "number", 1), "  options: [甲, 乙]\n", "", 1) + "  answer: 12±-1\n",
		`answer: "12±-1" is no number (write 12, 0.5 or, with a tolerance, 12±0.5)`},
	{"hidden in the question", strings.Replace(ask, "问？", `"问\u2067？"`, 1) + "  answer: A\n", `ask: holds the invisible character U+2067 after "问" (remove it)`},
	{"long question", strings.Replace(ask, "问？", strings.Repeat("问", 501), 1) + "  answer: A\n", `ask: 501 characters, at most 500 fit into a message (shorten it)`},
	{"picture", ask + "  answer: A\n  media: [{file: media/none.png, alt: x}]\n", `media[0].file: "media/none.png" does not exist`},
	{"capital id", strings.Replace(ask, "q-1", "q-1", 1) + "  answer: A\n  id2: x\n", `id2: unknown key (did you mean "id"?)`},
}

func TestQuestionFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range questionTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := content.Load(pack(map[string]string{"questions/a.yaml": tt.in}), "demo")
			var got []string
			for _, line := range strings.Split(faults(err), "\n") {
				place, rest, ok := strings.Cut(line, `: question "q-1": `)
				if !ok || !strings.HasPrefix(place, "demo/questions/a.yaml:") {
					t.Errorf("without place and id: %s", line)
				}
				got = append(got, rest)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// All faults of a question are told at once, each on its line.
func TestQuestionLines(t *testing.T) {
	t.Parallel()
	_, err := content.Load(pack(map[string]string{"questions/a.yaml": ask + "  answer: A\n- id: Q 2\n  typ: single\n  type: single\n  ask: 问？\n" +
		"  options:\n    - 甲\n    - 乙\n    - 甲\n  answer: D\n  tags:\n    - ok\n    - NO\n  explain:\n"}), "demo")
	want := `demo/questions/a.yaml:9: question "Q 2": typ: unknown key (did you mean "type"?)
demo/questions/a.yaml:20: question "Q 2": explain: there is no value (write a value, or remove the key)
demo/questions/a.yaml:8: question "Q 2": source: missing
demo/questions/a.yaml:8: question "Q 2": id: "Q 2" is no id (use lower-case letters a-z, digits, - _ and ., at most 64)
demo/questions/a.yaml:19: question "Q 2": tags[1]: "NO" is no tag (use letters without capitals, digits, - _ and ., at most 40)
demo/questions/a.yaml:15: question "Q 2": options[2]: options A and C are the same
demo/questions/a.yaml:16: question "Q 2": answer: "D" is not one of the options A-C`
	if diff := cmp.Diff(want, faults(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestQuestionsOfAllTypes(t *testing.T) {
	t.Parallel()
	common := "  ask: 问？\n  explain: 因为。\n  source: 来源\n"
	options := "  options: [甲, 乙, 丙]\n"
	p, err := content.Load(pack(map[string]string{"questions/a.yaml": "- id: q-1\n  type: single\n  answer: b\n" + common + options +
		"- id: q-2\n  type: multiple\n  answer: CA\n" + common + options +
		"- id: q-3\n  type: order\n  answer: BCA\n" + common + options +
		"- id: q-4\n  type: truefalse\n  answer: false\n" + common +
		"- id: q-5\n  type: blank\n  answer: [七一, \"7月1日\"]\n" + common +
		"- id: q-6\n  type: blank\n  answer: 七一\n" + common +
		"- id: q-7\n  type: number\n  answer: 12\n" + common +
		"- id: q-8\n  type: number\n  answer: 12.5 +- 0.5\n" + common}), "demo")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range p.Questions {
		got = append(got, string(q.Type)+" "+q.Answer+" "+q.Key())
	}
	want := []string{"single B B", "multiple AC AC", "order BCA BCA", "truefalse false false", "blank 七一 七一 / 7月1日", "blank 七一 七一",
		"number 12 12", "number 12.5±0.5 12.5±0.5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Pictures of every type are measured by their head.
func TestPictureTypes(t *testing.T) {
	t.Parallel()
	var anim bytes.Buffer
	if err := gif.Encode(&anim, image.NewGray(image.Rect(0, 0, 2, 2)), nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		file string
		data []byte
		want string // media type, or the fault
	}{
		{"media/a.png", png(2, 2), "image/png"},
		{"media/a.JPG", jpg(), "image/jpeg"},
		{"media/a.jpeg", jpg(), "image/jpeg"},
		{"media/a.gif", anim.Bytes(), "image/gif"},
		{"media/a.webp", webp("VP8X", 0, 0, 0, 0, 9, 0, 0, 4, 0, 0), "image/webp"},
		{"media/a.webp", webp("VP8L", 0x2f, 9, 0, 1, 0), "image/webp"},
		{"media/a.webp", webp("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 10, 0, 5, 0), "image/webp"},
		{"media/a.webp", webp("VP8X", 0, 0, 0, 0, 0xff, 0xff, 0, 0xff, 0xff, 0), `"media/a.webp" has 65536 × 65536 pixels, at most 25 million are possible (make it smaller)`},
		{"media/a.webp", webp("VP8L", 0x2f, 0xff, 0xff, 0xff, 0xff), `"media/a.webp" has 16384 × 16384 pixels, at most 25 million are possible (make it smaller)`},
		{"media/a.webp", webp("VP9 "), `"media/a.webp" is damaged or no picture`},
	} {
		p, err := content.Load(pack(map[string]string{tt.file: string(tt.data),
			"lessons/a-01.md": head + "media: [{file: " + tt.file + ", alt: x}]\n---\nx"}), "demo")
		if err != nil {
			if got := strings.TrimPrefix(err.Error(), "demo/lessons/a-01.md:4: media[0].file: "); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.file, got, tt.want)
			}
			continue
		}
		l, err := content.NewLibrary([]*content.Pack{p})
		if err != nil {
			t.Fatal(err)
		}
		data, mediaType, err := l.Media("demo/" + tt.file)
		if err != nil || mediaType != tt.want || !bytes.Equal(data, tt.data) {
			t.Errorf("%s: got %d bytes of %s, %v; want %s", tt.file, len(data), mediaType, err, tt.want)
		}
	}
}

func webp(kind string, payload ...byte) []byte {
	data := append([]byte("RIFF\x00\x00\x00\x00WEBP"+kind+"\x00\x00\x00\x00"), payload...)
	return append(data, make([]byte, 16)...)
}

// A link in a pack is not followed, even to another file of the pack.
func TestLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "demo"), pack(map[string]string{
		"lessons/a-01.md": head + "media:\n  - {file: media/link.png, alt: x}\n  - {file: media/away/x.png, alt: x}\n---\nx"})); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"demo/media/link.png": "x.png", "demo/media/away": dir, "demo/lessons/b.md": "a-01.md"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	_, err := content.Open([]string{"demo"}, fstest.MapFS{}, dir)
	want := `demo/lessons/a-01.md:5: media[0].file: "media/link.png" is a link, which packs may not hold
demo/lessons/a-01.md:6: media[1].file: "media/away/x.png" is a link, which packs may not hold
demo/lessons/b.md: the file is a link, which packs may not hold`
	if diff := cmp.Diff(want, faults(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
