package content_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"branchbot/content"
)

// entry is a file of an archive.
type entry struct {
	name, body string
	change     func(*zip.FileHeader)
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.change != nil {
			e.change(h)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const (
	aHead   = "id: shop\ntitle: 我们车间\n"
	aLesson = "---\nid: first\ntitle: 第一课\n---\n正文。\n"
)

func TestUnzip(t *testing.T) {
	t.Parallel()
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String("车间/lessons/第一课.md")
	if err != nil {
		t.Fatal(err)
	}
	folder, _ := simplifiedchinese.GB18030.NewEncoder().String("车间/pack.yaml")
	nonUTF8 := func(h *zip.FileHeader) { h.NonUTF8 = true }
	for name, data := range map[string][]byte{
		"flat":   archive(t, entry{"pack.yaml", aHead, nil}, entry{"lessons/01.md", aLesson, nil}),
		"folder": archive(t, entry{"shop/", "", nil}, entry{"shop/pack.yaml", aHead, nil}, entry{"shop/lessons/01.md", aLesson, nil}),
		"mac": archive(t, entry{"__MACOSX/shop/._pack.yaml", "x", nil}, entry{"shop/.DS_Store", "x", nil},
			entry{"shop/pack.yaml", aHead, nil}, entry{"shop/lessons/01.md", aLesson, nil}),
		"windows": archive(t, entry{folder, aHead, nonUTF8}, entry{gbk, aLesson, nonUTF8}),
	} {
		clean, err := content.Unzip(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := content.LoadZip(clean, "")
		if err != nil || p.ID != "shop" || len(p.Lessons) != 1 {
			t.Errorf("%s: %v %+v", name, err, p)
		}
		again, err := content.Unzip(clean)
		if err != nil || !bytes.Equal(again, clean) {
			t.Errorf("%s: what is clean changes (%v)", name, err)
		}
	}
}

// FAULTS: archives that are made to do harm are refused with one clear line.
func TestUnzipBad(t *testing.T) {
	t.Parallel()
	pack := entry{"pack.yaml", aHead, nil}
	many := []entry{pack}
	for i := range 2001 {
		many = append(many, entry{fmt.Sprint("lessons/", i, ".md"), "", nil})
	}
	bomb := strings.Repeat("0", 81<<20)
	lie := archive(t, pack, entry{"media/x.png", bomb, nil})
	directory := bytes.LastIndex(lie, []byte("PK\x01\x02"))
	copy(lie[directory+24:], []byte{1, 0, 0, 0}) // the directory says one byte
	for want, data := range map[string][]byte{
		"broken":          []byte("PK\x03\x04 no archive"),
		"broken ":         archive(t, pack, entry{"lessons/a.md", aLesson, nil})[:120],
		"broken  ":        nil,
		"bomb":            archive(t, pack, entry{"media/x.png", bomb, nil}),
		"broken    a lie": lie,
		"many":            archive(t, many...),
		"outside":         archive(t, pack, entry{"../../etc/cron.d/x", "x", nil}),
		"outside ":        archive(t, pack, entry{"/etc/passwd", "x", nil}),
		"outside  ":       archive(t, pack, entry{`lessons\..\..\x.md`, "x", nil}),
		"outside   ":      archive(t, pack, entry{"C:/x.md", "x", nil}),
		"outside    ":     archive(t, pack, entry{"lessons//x.md", "x", nil}),
		"twice":           archive(t, pack, entry{"lessons/a.md", aLesson, nil}, entry{"lessons/A.md", aLesson, nil}),
		"link":            archive(t, pack, entry{"lessons/a.md", "/etc/passwd", func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }}),
		"locked":          archive(t, pack, entry{"lessons/a.md", "x", func(h *zip.FileHeader) { h.Flags |= 1 }}),
		"nopack":          archive(t, entry{"lessons/a.md", aLesson, nil}),
		"nopack ":         archive(t, entry{"a/pack.yaml", aHead, nil}, entry{"b/pack.yaml", aHead, nil}),
	} {
		_, err := content.Unzip(data)
		var a *content.ArchiveError
		if !errors.As(err, &a) || a.Kind != strings.Fields(want)[0] || strings.Contains(err.Error(), "\n") || a.Error() == "" {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// One file of questions, or a lesson, becomes a pack.
func TestWrap(t *testing.T) {
	t.Parallel()
	for file, body := range map[string]string{
		"题库.csv":          "题干,选项A,选项B,答案\n火警电话是多少？,110,119,B\n",
		`C:\tmp\a.yaml`:   "- {id: q1, type: truefalse, ask: 对吗, answer: true, explain: 对, source: 测试}\n",
		"a.aiken.txt":     "火警电话是多少？\nA. 110\nB. 119\nANSWER: B\n",
		"a.GIFT":          "火警电话是多少？{~110 =119}\n",
		"第一课.md":          aLesson,
		"..":              "",
		"x.pdf":           "%PDF",
		"questions/x.csv": "题干,选项A,选项B,答案\n火警电话是多少？,110,119,B\n",
	} {
		zip, ok, err := content.Wrap("bank", `标题 "引号": #`, file, []byte(body))
		if bad := file == ".." || file == "x.pdf"; bad || err != nil {
			if ok || !bad {
				t.Errorf("%s: %v %v", file, ok, err)
			}
			continue
		}
		p, err := content.LoadZip(zip, "")
		if err != nil || p.ID != "bank" || p.Title != `标题 "引号": #` || len(p.Questions)+len(p.Lessons) != 1 {
			t.Errorf("%s: %v %+v", file, err, p)
		}
	}
	zip, _, err := content.Wrap("bank", "题库", "题库.csv", []byte("题干,选项A,选项B,答案\n火警？,110,119,B\n火灾？,110,119,E\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := content.LoadZip(zip, ""); err == nil || !strings.Contains(err.Error(), "questions/题库.csv:3:") {
		t.Errorf("a fault in row 3: %v", err)
	}
}

// A .zip file can stand in the configuration.
func TestOpenZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := archive(t, entry{"shop/pack.yaml", aHead, nil}, entry{"shop/lessons/01.md", aLesson, nil})
	if err := os.WriteFile(filepath.Join(dir, "shop.zip"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := content.Open([]string{"./shop.zip"}, os.DirFS(dir), dir)
	if err != nil || l.Lesson("shop/first") == nil || l.Packs()[0].From != "./shop.zip" {
		t.Errorf("%v %+v", err, l)
	}
	for name, want := range map[string]string{"none.zip": "none.zip", "bad.zip": "no .zip file"} {
		if name == "bad.zip" {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := content.Open([]string{"./" + name}, os.DirFS(dir), dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever bytes come: no panic, and what is taken is sound.
func FuzzUnzip(f *testing.F) {
	f.Add(archive(f, entry{"pack.yaml", aHead, nil}, entry{"lessons/01.md", aLesson, nil}))
	f.Add(archive(f, entry{"a/pack.yaml", aHead, nil}, entry{"../x", "x", nil}))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, err := content.Unzip(data)
		if err != nil {
			return
		}
		if again, err := content.Unzip(clean); err != nil || !bytes.Equal(again, clean) {
			t.Errorf("what is clean is not: %v", err)
		}
		_, _ = content.LoadZip(clean, "")
	})
}
