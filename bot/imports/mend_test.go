package imports_test

import (
	"testing"

	"branchbot/bot/imports"
	"branchbot/content"
	"branchbot/content/sheet"
)

// What was left out of a text or a table comes as a workbook that is mended in a program for
// tables and sent again.
func TestLeftOutIsMended(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"zh-CN", "en"} {
		read := func(name string, data []byte) *content.Bank {
			b, err := content.ReadBank(name, data)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		mend := func(b *content.Bank, heading, was, is string) *content.Bank {
			data, err := imports.Sheet(lang, append(imports.Bad(lang, b), imports.Skipped(lang, b)...))
			if err != nil {
				t.Fatal(err)
			}
			book, err := sheet.ReadBook("left.xlsx", data)
			if err != nil {
				t.Fatal(err)
			}
			rows := book.Sheets[0].Rows
			header := rows[0].Cells
			var body [][]string
			for _, r := range rows[1:] {
				cells := append([]string(nil), r.Cells...)
				for c := range header {
					if c < len(cells) && header[c] == heading && cells[c] == was {
						cells[c] = is
					}
				}
				body = append(body, cells)
			}
			if data, err = sheet.WriteXLSX("mended", header, body); err != nil {
				t.Fatal(err)
			}
			return read("mended.xlsx", data)
		}

		table, err := sheet.WriteXLSX("题库", []string{"题干", "A", "B", "答案", "解析"}, [][]string{
			{"火警电话是多少？", "110", "119", "B", ""}, {"灭火器放在哪里？", "门边", "柜里", "C", "看得见的地方"}})
		if err != nil {
			t.Fatal(err)
		}
		b := read("t.xlsx", table)
		if len(b.Questions) != 1 || len(b.Bad) != 1 {
			t.Fatalf("the table has %d questions, %d with faults", len(b.Questions), len(b.Bad))
		}
		again := mend(b, "答案", "C", "A")
		if len(again.Questions) != 1 || again.Questions[0].Answer != "A" || again.Questions[0].Explain != "看得见的地方" || len(again.Bad)+len(again.Notes) != 0 {
			t.Errorf("%s: the mended table: %+v %+v", lang, again.Questions, again.Notes)
		}

		text := "1. 火警电话是多少？\nA. 110\nB. 119\n答案：B\n\n2. 灭火器放在哪里？\nA. 门边\nB. 柜里\n答案：C\n"
		b = read("t.txt", []byte(text))
		if len(b.Questions) != 1 || len(b.Bad) != 1 {
			t.Fatalf("the text has %d questions, %d with faults", len(b.Questions), len(b.Bad))
		}
		heading := map[string]string{"zh-CN": "原文", "en": "Original text"}[lang]
		was := b.Bad[0].Text
		again = mend(b, heading, was, was[:len(was)-1]+"A")
		if len(again.Questions) != 1 || again.Questions[0].Answer != "A" || len(again.Bad)+len(again.Notes) != 0 {
			t.Errorf("%s: the mended text %q: %+v %+v %+v", lang, was, again.Questions, again.Bad, again.Notes)
		}
	}
}
