package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"branchbot/content/sheet"
)

func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadXLSX(t *testing.T) {
	t.Parallel()
	data := workbook(t, func(f *excelize.File) {
		set := func(cell string, value any, format string) {
			must(t, f.SetCellValue("Sheet1", cell, value))
			if format != "" {
				style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
				must(t, err)
				must(t, f.SetCellStyle("Sheet1", cell, cell, style))
			}
		}
		set("A1", "工号", "")
		set("B1", "  数  ", "")
		set("A2", "0001", "")            // text
		set("B2", 1, "0000")             // zeros by format
		set("A3", 13812345678, "")       // telephone
		set("B3", 13812345678, "0.0E+0") // shown as 1.4E+10
		set("A4", 46357, "yyyy-mm-dd")
		set("B4", 46357.5, "yyyy/m/d h:mm")
		set("C4", 0.354166666666667, "h:mm")
		set("D4", 46357, `yyyy"年"m"月"d"日"`)
		set("A5", 1234.5, "#,##0.00")
		set("B5", 0.5, "0%")
		set("C5", true, "")
		set("D5", 0.1+0.2, "")
		set("E5", 13812345678, "000-0000-0000") // looks like a date, but is none
		set("A6", "1E5", "")
		must(t, f.SetCellFormula("Sheet1", "B6", "1+1")) // without a stored value
		set("A9", "after empty rows", "")
		must(t, f.MergeCell("Sheet1", "A10", "B10"))
		set("A10", "merged", "")
		set("C10", "x", "")
	})
	table, err := sheet.ReadXLSX(data)
	must(t, err)
	want := `1: 工号|数
2: 0001|0001
3: 13812345678|13812345678
4: 2026-12-01|2026-12-01 12:00|08:30|2026-12-01
5: 1234.5|50%|TRUE|0.3|13812345678
6: 1E5
9: after empty rows
10: merged||x
`
	if diff := cmp.Diff(want, flat(table.Rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadFirstVisibleSheet(t *testing.T) {
	t.Parallel()
	table, err := sheet.ReadXLSX(workbook(t, func(f *excelize.File) {
		must(t, f.SetCellValue("Sheet1", "A1", "hidden"))
		_, err := f.NewSheet("名单")
		must(t, err)
		must(t, f.SetCellValue("名单", "A1", "shown"))
		f.SetActiveSheet(1)
		must(t, f.SetSheetVisible("Sheet1", false))
		for _, name := range []string{"空", "二车间"} {
			_, err := f.NewSheet(name)
			must(t, err)
		}
		must(t, f.SetCellValue("二车间", "B7", "more"))
	}))
	must(t, err)
	if got, want := flat(table.Rows), "1: shown\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"二车间"}, table.Other); diff != "" {
		t.Error(diff)
	}
}

// A formula gives the value that was stored with it and is never evaluated.
func TestStoredValueOfFormula(t *testing.T) {
	t.Parallel()
	table, err := sheet.ReadXLSX(withSheet(t, `<row r="1"><c r="A1"><f>1+1</f><v>7</v></c><c r="B1" t="str"><f>A9</f><v>stored</v></c></row>`))
	must(t, err)
	if got, want := flat(table.Rows), "1: 7|stored\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// withSheet is a workbook whose sheet has the given XML of rows.
func withSheet(t testing.TB, rows string) []byte {
	t.Helper()
	return repack(t, workbook(t, func(*excelize.File) {}), func(name string, data []byte) []byte {
		if name == "xl/worksheets/sheet1.xml" {
			return []byte(`<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
				`<dimension ref="A1:A1"/><sheetData>` + rows + `</sheetData></worksheet>`)
		}
		return data
	})
}

func repack(t testing.TB, data []byte, change func(name string, data []byte) []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		w, err := out.Create(f.Name)
		must(t, err)
		_, err = w.Write(change(f.Name, content))
		must(t, err)
	}
	must(t, out.Close())
	return b.Bytes()
}

const broken = "the file is not an .xlsx workbook that can be read (open it in Excel or WPS and save it again as .xlsx)"

func TestRefusedWorkbooks(t *testing.T) {
	t.Parallel()
	random := make([]byte, 1<<20)
	for i, x := 0, uint32(1); i < len(random); i++ {
		x = x*1664525 + 1013904223
		random[i] = byte(x >> 24)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"no zip", []byte("hello"), broken},
		{"empty zip", zipOf(t, nil), broken},
		{"other zip", zipOf(t, map[string][]byte{"a.txt": []byte("x")}), broken},
		{"old xls or encrypted", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "the file is an old .xls workbook or protected by a password (save it as .xlsx without a password)"},
		{"large file", make([]byte, 5<<20+1), "the file is larger than 5 MB (split the table)"},
		{"bomb by ratio", zipOf(t, map[string][]byte{"xl/sharedStrings.xml": make([]byte, 1<<20)}), bomb},
		{"bomb by size", zipOf(t, map[string][]byte{"a": random, "b": make([]byte, 50<<20)}), bomb},
		{"many entries", zipOf(t, manyFiles(201)), "the workbook holds 201 files, at most 200 are read (copy the table alone into a new workbook)"},
		{"sheet breaks off", withSheet(t, `<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c`), broken},
		{"entities", withSheet(t, `&x;`), broken},
		{"too many columns", withSheet(t, `<row r="3"><c r="KO3"><v>1</v></c></row>`), "row 3: more than 300 columns (remove what does not belong to the table)"},
		{"too many rows", withSheet(t, strings.Repeat(`<row><c><v>1</v></c></row>`, 20_001)), bombOrRows},
		{"row beyond the last", withSheet(t, `<row r="1048577"><c r="A1"><v>1</v></c></row>`), broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table, err := sheet.ReadXLSX(tt.data)
			if text(err) != tt.want || table.Rows != nil {
				t.Errorf("got %v and\n%v\nwant\n%s", len(table.Rows), err, tt.want)
			}
		})
	}
}

const (
	bomb       = "the workbook unpacks to more than is read (copy the table alone into a new workbook)"
	bombOrRows = "row 20001: more than 20000 rows (split the table)"
)

func zipOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		must(t, err)
		_, err = f.Write(data)
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func manyFiles(n int) map[string][]byte {
	files := map[string][]byte{}
	for i := range n {
		files[fmt.Sprint("f", i)] = nil
	}
	return files
}

// Rows that are formatted but empty down to the bottom of the sheet are many,
// but cost nothing.
func TestEmptyRowsToTheBottom(t *testing.T) {
	t.Parallel()
	table, err := sheet.ReadXLSX(withSheet(t, `<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576" s="1"/></row>`))
	must(t, err)
	if got, want := flat(table.Rows), "1: 1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriteXLSX(t *testing.T) {
	t.Parallel()
	data, err := sheet.WriteXLSX("积分", []string{"姓名", "积分"}, [][]string{{"=1+1", "007"}})
	must(t, err)
	f, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	defer f.Close()
	for cell, want := range map[string]string{"A1": "姓名", "A2": "=1+1", "B2": "007"} {
		value, err := f.GetCellValue("积分", cell)
		must(t, err)
		formula, err := f.GetCellFormula("积分", cell)
		must(t, err)
		kind, err := f.GetCellType("积分", cell)
		must(t, err)
		if value != want || formula != "" || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%s: value %q, formula %q, type %v; want the text %q", cell, value, formula, kind, want)
		}
	}
	panes, err := f.GetPanes("积分")
	must(t, err)
	if !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header is not frozen: %+v", panes)
	}
}

func TestWriteXLSXFaults(t *testing.T) {
	t.Parallel()
	_, err := sheet.WriteXLSX("x", []string{"a", "b"}, [][]string{{"1", strings.Repeat("长", 32_768)}})
	if got, want := text(err), `write the sheet "x": row 2, column 2: the text is longer than the 32767 characters of a cell`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err = sheet.WriteXLSX("a/b", []string{"a"}, nil); err == nil || !strings.HasPrefix(err.Error(), `name the sheet "a/b": `) {
		t.Errorf("got %v", err)
	}
}

// Whatever the sheet holds, reading ends in rows or in an error, soon.
func FuzzXLSX(f *testing.F) {
	for _, s := range []string{
		`<row r="1"><c r="A1"><v>1</v></c></row>`,
		`<row r="1"><c r="A1" t="s"><v>99</v></c><c r="B1" t="inlineStr"><is><t>x</t></is></c></row>`,
		`<row r="-1"><c r="0"/></row>`,
		`<row r="5"/><row r="2"><c r="XFD2"><f>A1</f></c></row>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rows string) {
		_, _ = sheet.ReadXLSX(withSheet(t, rows))
	})
}

// with is a workbook of one row "1" and one file more, or another in its place.
func with(t testing.TB, name, text string) []byte {
	t.Helper()
	data := withSheet(t, `<row r="1"><c r="A1"><v>1</v></c></row>`)
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		files[f.Name], err = io.ReadAll(r)
		must(t, err)
	}
	files[name] = []byte(text)
	return zipOf(t, files)
}

// What a workbook may hold besides its table is neither followed nor run nor
// unpacked to a file: the table is read, or the workbook is refused.
func TestHostileWorkbooks(t *testing.T) {
	t.Parallel()
	const shared = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&c;</t></si></sst>`
	for name, data := range map[string][]byte{
		"macro": with(t, "xl/vbaProject.bin", "\xd0\xcf\x11\xe0"),
		"external link": with(t, "xl/externalLinks/_rels/externalLink1.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
			`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" Target="http://127.0.0.1:1/x" TargetMode="External"/></Relationships>`),
		"path that leaves":       with(t, "../../etc/cron.d/x", "x"),
		"absolute path":          with(t, "/etc/passwd", "x"),
		"workbook in a workbook": with(t, "xl/embeddings/inner.xlsx", string(withSheet(t, `<row r="1"/>`))),
	} {
		table, err := sheet.ReadXLSX(data)
		if err != nil || flat(table.Rows) != "1: 1\n" {
			t.Errorf("%s: %q, %v; want the table", name, flat(table.Rows), err)
		}
	}
	laughs := `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>` + shared
	if table, err := sheet.ReadXLSX(with(t, "xl/sharedStrings.xml", laughs)); err == nil && flat(table.Rows) != "1: 1\n" {
		t.Errorf("entities were expanded: %q", flat(table.Rows))
	}
}

// A formula counts as the text that was stored with it, whatever it would call.
func TestStoredFormulaIsText(t *testing.T) {
	t.Parallel()
	table, err := sheet.ReadXLSX(withSheet(t, `<row r="1"><c r="A1" t="str"><f>WEBSERVICE("http://127.0.0.1:1/")</f><v>=1+1</v></c><c r="B1"><f>1/0</f></c></row>`))
	must(t, err)
	if got, want := flat(table.Rows), "1: =1+1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
