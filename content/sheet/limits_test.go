package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"branchbot/content/sheet"
)

// sheetOf is a workbook with a sheet made row by row and a shared text for each row,
// with the texts before the sheet in the archive.
func sheetOf(t *testing.T, rows int, row func(n int) string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, write func(put func(string))) {
		w, err := z.Create(name)
		must(t, err)
		write(func(s string) {
			if _, err := w.Write([]byte(s)); err != nil {
				t.Fatal(err)
			}
		})
	}
	add("xl/sharedStrings.xml", func(put func(string)) {
		put(`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`)
		for n := range rows {
			put(fmt.Sprintf("<si><t>%d</t></si>", n))
		}
		put("</sst>")
	})
	add("xl/worksheets/sheet1.xml", func(put func(string)) {
		put(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
		for n := 1; n <= rows; n++ {
			put(row(n))
		}
		put("</sheetData></worksheet>")
	})
	must(t, z.Close())
	return b.Bytes()
}

// Tables that are made to be long are refused at the first row that is too many:
// little of them is unpacked, and little is kept.
func TestRefusedWhileReading(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"many rows", "x.xlsx", sheetOf(t, 60_000, func(n int) string {
			return fmt.Sprintf(`<row r="%d"><c r="A%[1]d" t="s"><v>%[1]d</v></c><c r="B%[1]d" t="inlineStr"><is><t>%x</t></is></c></row>`, n, n*7919)
		}), "more than 20000 rows"},
		{"empty rows", "x.xlsx", sheetOf(t, 110_000, func(n int) string { return fmt.Sprintf(`<row r="%d" ht="%[1]d"/>`, n) }), "more than 20000 rows"},
		{"prefixed rows", "x.xlsx", sheetOf(t, 30_000, func(n int) string {
			return fmt.Sprintf(`<x:row xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:c><x:v>%d</x:v></x:c></x:row>`, n)
		}), "more than 20000 rows"},
		{"cells far to the right", "x.xlsx", sheetOf(t, 2_000, func(n int) string { return fmt.Sprintf(`<row r="%d"><c r="XFD%[1]d"/></row>`, n) }), "more than 500000 cells"},
		{"commas", "x.csv", []byte("工号,姓名\n" + strings.Repeat(",", 4_900_000)), "more than 300 columns"},
		{"lines of commas", "x.csv", []byte("工号,姓名\n" + strings.Repeat(strings.Repeat(",", 16_000)+"\n", 300)), "more than 500000 cells"},
		{"one row over many lines", "x.csv", []byte("工号,姓名\n" + strings.Repeat("\"\n\""+strings.Repeat(",", 9_000), 500)), "more than 300 columns"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := sheet.Read(tt.file, tt.data)
		runtime.ReadMemStats(&after)
		if got := text(err); !strings.Contains(got, tt.want) {
			t.Errorf("%s (%d bytes): %q, want %q", tt.name, len(tt.data), got, tt.want)
		}
		// What is allocated in all bounds what is held, and stands for the time.
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 64 {
			t.Errorf("%s: %d MiB were allocated", tt.name, mb)
		}
	}
}
