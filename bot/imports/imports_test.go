package imports_test

import (
	"testing"

	"branchbot/bot/imports"
	"branchbot/bot/locale"
	"branchbot/content"
)

// The table with examples is read as it is meant.
func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, lang := range locale.Languages {
		data, err := imports.Template(lang)
		if err != nil {
			t.Fatal(err)
		}
		b, err := content.ReadBank("x.xlsx", data)
		if err != nil || len(b.Bad)+len(b.Skipped)+len(b.Notes) > 0 {
			t.Fatalf("%s: %v: %v %v %v", lang, err, imports.Bad(lang, b), imports.Skipped(lang, b), imports.Notes(lang, b))
		}
		types := map[content.Type]bool{}
		for _, q := range b.Questions {
			types[q.Type] = true
		}
		if len(types) != len(content.Types) {
			t.Errorf("%s: only %v", lang, types)
		}
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"%PDF-1.7":     "PDF 读不了，请把文字复制到 Word（.docx）或记事本（.txt）里再发",
		"":             "文件是空的",
		"PK\x03\x04":   "文件坏了，打不开。请用 Word 或 WPS 打开后另存一份再发",
		"\xff\xff\xff": "文字编码认不出来，请用记事本另存为 UTF-8，或存成 .docx 再发",
	} {
		_, err := content.ReadBank("题库", []byte(data))
		if got, ok := imports.Fault("zh-CN", err); !ok || got != want {
			t.Errorf("%q: %q, %v", data, got, err)
		}
	}
}
