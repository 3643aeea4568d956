package sheet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"branchbot/content/sheet"
)

// flat writes rows as "number: cell|cell", one a line.
func flat(rows []sheet.Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%d: %s\n", r.Number, strings.Join(r.Cells, "|"))
	}
	return b.String()
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func gbk(s string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

var csvTests = []struct {
	name, in, want, fault string
}{
	{"plain", "工号,姓名\n0001,王敏\n", "1: 工号|姓名\n2: 0001|王敏\n", ""},
	{"bom and crlf", "\ufeff工号,姓名\r\n0001,王敏\r\n", "1: 工号|姓名\n2: 0001|王敏\n", ""},
	{"gbk", gbk("工号,姓名\n0001,王敏\n"), "1: 工号|姓名\n2: 0001|王敏\n", ""},
	{"semicolons", "工号;姓名\n0001;王,敏\n", "1: 工号|姓名\n2: 0001|王,敏\n", ""},
	{"tabs", "工号\t姓名\n0001\t王敏\n", "1: 工号|姓名\n2: 0001|王敏\n", ""},
	{"one column", "姓名\n王敏\n", "1: 姓名\n2: 王敏\n", ""},
	{"empty rows and cells", "a,b,,\n\n,,\n 1 ,\u3000x\u00a0,,\n", "1: a|b\n4: 1|x\n", ""},
	{"line breaks in cells", "a,b\n\"1\n2\",3\n4,5\n", "1: a|b\n2: 1\n2|3\n4: 4|5\n", ""},
	{"own quotes of dangerous cells", "a,b\n'=1+1,'x\n", "1: a|b\n2: =1+1|'x\n", ""},
	{"quote out of place", "a,b\n1,x\"y\n2,\"甲,\"\"乙\"\"\"\n", "1: a|b\n2: 1|x\"y\n3: 2|甲,\"乙\"\n", ""},
	{"quote not closed", "a,b\n1,\"x\n2,y\n", "1: a|b\n2: 1|\"x\n3: 2|y\n", ""},
	{"utf-16", "\xff\xfea\x00,\x00b\x00\n\x00", "1: a|b\n", ""},
	{"bare carriage returns", "a,b\r1,2\r", "1: a|b\n2: 1|2\n", ""},
	{"separator of Excel, full-width commas", "sep=,\n题干，答案\n甲，乙\n", "2: 题干|答案\n3: 甲|乙\n", ""},
	{"neither encoding", "a,\xff\xff\n", "", "the text is neither UTF-8 nor GBK (save the table as .xlsx, or as “CSV UTF-8”)"},
	{"fifty columns", strings.Repeat("x,", 49) + "x", "1: " + strings.Repeat("x|", 49) + "x\n", ""},
	{"too many columns", "a\n" + strings.Repeat("x,", 300) + "x", "", "row 2: more than 300 columns (remove what does not belong to the table)"},
	{"too many rows", strings.Repeat("x\n", 20_001), "", "row 20001: more than 20000 rows (split the table)"},
	{"too large", strings.Repeat(" \n", 3<<20), "", "the file is larger than 5 MB (split the table)"},
	{"nothing", "", "", ""},
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	for _, tt := range csvTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rows, err := sheet.ReadCSV([]byte(tt.in))
			if diff := cmp.Diff(tt.want, flat(rows)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if got := text(err); got != tt.fault {
				t.Errorf("fault\n got %s\nwant %s", got, tt.fault)
			}
		})
	}
}

func TestReadByName(t *testing.T) {
	t.Parallel()
	table, err := sheet.Read("名单.CSV", []byte("a\n"))
	if err != nil || flat(table.Rows) != "1: a\n" {
		t.Errorf("got %v, %v", table, err)
	}
	table, err = sheet.Read("名单.xls", []byte("<html><table><tr><th>工号</th><th>姓名</th></tr><tr><td>0001</td><td>王<b>敏</b></td></tr></table></html>"))
	if err != nil || flat(table.Rows) != "2: 工号|姓名\n3: 0001|王敏\n" { // many systems export so
		t.Errorf("got %s, %v", flat(table.Rows), err)
	}
}

func TestWriteCSV(t *testing.T) {
	t.Parallel()
	got, err := sheet.WriteCSV([]string{"姓名", "备注"}, [][]string{
		{"=1+1", "+86"}, {"-5", "@x"}, {"＝1", "＋1"}, {"－1", "＠x"}, {"\tx", "\rx"}, {"a,b", "say \"hi\"\nthere"}, {"", "x=1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeff姓名,备注\r\n'=1+1,'+86\r\n'-5,'@x\r\n'＝1,'＋1\r\n'－1,'＠x\r\n'\tx,'\rx\r\n" +
		"\"a,b\",\"say \"\"hi\"\"\r\nthere\"\r\n,x=1\r\n"
	// The writer drops a carriage return within a quoted cell.
	if diff := cmp.Diff(strings.Replace(want, "'\rx", "\"'x\"", 1), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is written is read again as it was, in both formats.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	header := []string{"工号", "姓名", "备注"}
	rows := [][]string{{"0001", "王敏", "=HYPERLINK(\"http://x\")"}, {"1E5", "-张三", "13812345678"}, {"2026-12-01", "TRUE", "50%"}}
	want := "1: 工号|姓名|备注\n2: 0001|王敏|=HYPERLINK(\"http://x\")\n3: 1E5|-张三|13812345678\n4: 2026-12-01|TRUE|50%\n"
	for _, name := range []string{"x.csv", "x.xlsx"} {
		var data []byte
		var err error
		if name == "x.csv" {
			data, err = sheet.WriteCSV(header, rows)
		} else {
			data, err = sheet.WriteXLSX("名单", header, rows)
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := sheet.Read(name, data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, flat(got.Rows)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Rows are within the limits, in order, and never end in an empty cell.
func FuzzCSV(f *testing.F) {
	for _, tt := range csvTests {
		if len(tt.in) < 10_000 {
			f.Add([]byte(tt.in))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := sheet.ReadCSV(data)
		var fault *sheet.Error
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("error of another type: %#v", err)
		}
		last := 0
		for _, r := range rows {
			if r.Number <= last || len(r.Cells) == 0 || r.Cells[len(r.Cells)-1] == "" {
				t.Errorf("row %+v after row %d", r, last)
			}
			last = r.Number
		}
	})
}
