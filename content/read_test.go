package content

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/content/sheet"
)

// wordFile is a .docx file with a body.
func wordFile(t testing.TB, body string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func written(text string) string {
	return `<w:p><w:r><w:t>` + text + `</w:t></w:r></w:p>`
}

// What is inside a file decides how it is read, not its name.
func TestReadBankByWhatIsInside(t *testing.T) {
	t.Parallel()
	const text = "1. 火警电话是多少？\nA. 110\nB. 119\n答案：B\n"
	table, err := sheet.WriteXLSX("题库", []string{"题干", "A", "B", "答案"}, [][]string{{"火警电话是多少？", "110", "119", "B"}})
	if err != nil {
		t.Fatal(err)
	}
	word := ""
	for line := range strings.Lines(text) {
		word += written(strings.TrimSpace(line))
	}
	utf16 := []byte{0xff, 0xfe}
	for _, r := range text {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for name, data := range map[string][]byte{
		"text.docx": []byte(text), "word.txt": wordFile(t, word), "table.xls": table, "bank.dat": []byte(strings.ReplaceAll(text, "\n", "\r")),
		"bom.md": []byte("\ufeff" + text), "utf16.txt": utf16,
		"moodle.txt": []byte(`<?xml version="1.0"?><quiz><question type="multichoice"><questiontext format="html"><text><![CDATA[<p>火警电话是多少？</p>]]></text></questiontext>` +
			`<answer fraction="0"><text>110</text></answer><answer fraction="100"><text>119</text></answer></question></quiz>`),
		"gift.txt": []byte("火警电话是多少？ {~110 =119}\n"),
		"web.xls":  []byte("<html><body><table><tr><td>题干</td><td>A</td><td>B</td><td>答案</td></tr><tr><td>火警电话是多少？</td><td>110</td><td>119</td><td>B</td></tr></table></body></html>"),
		"tsv.txt":  []byte("题干\tA\tB\t答案\n火警电话是多少？\t110\t119\tB\n"),
	} {
		b, err := ReadBank(name, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(b.Questions) != 1 || len(b.Bad)+len(b.Skipped) > 0 {
			t.Errorf("%s: %s", name, told(b))
			continue
		}
		if q := b.Questions[0]; q.Ask != "火警电话是多少？" || q.Answer != "B" || strings.Join(q.Options, "|") != "110|119" {
			t.Errorf("%s: %s", name, told(b))
		}
	}
}

// Whatever a file holds, it is read or refused, and what is taken from it can be kept.
func FuzzReadBank(f *testing.F) {
	files, err := filepath.Glob("testdata/banks/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Base(file), data)
	}
	f.Add("x.docx", wordFile(f, written("1. 对吗？（√）")+`<w:tbl><w:tr><w:tc>`+written("题干")+`</w:tc><w:tc>`+written("答案")+`</w:tc></w:tr></w:tbl>`))
	f.Add("x.xls", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...))
	f.Add("x.xml", []byte("<quiz><question type=\"truefalse\"><questiontext><text>对吗</text></questiontext><answer fraction=\"100\"><text>true</text></answer></question></quiz>"))
	f.Add("x.xls", []byte("<table><tr><td rowspan=2>题干<td>答案</table>"))
	f.Add("x.gift", []byte("::a::对吗{T}\n\n$CATEGORY: x\n\n数{#1..2}\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		b, err := ReadBank(name, data)
		var file *FileError
		var table *sheet.Error
		switch {
		case errors.As(err, &file), errors.As(err, &table):
			return
		case err != nil:
			t.Fatalf("an error that no user understands: %v", err)
		}
		if len(b.Questions) == 0 {
			return
		}
		zip, err := b.Wrapped("fuzz", "题库")
		if err != nil {
			t.Fatal(err)
		}
		if pack, err := LoadZip(zip, ""); err != nil {
			t.Errorf("what was taken cannot be kept: %v\n%s", err, told(b))
		} else if len(pack.Questions) != len(b.Questions) {
			t.Errorf("%d of %d questions are kept", len(pack.Questions), len(b.Questions))
		}
	})
}
