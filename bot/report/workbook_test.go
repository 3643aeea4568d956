package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"branchbot/bot/report"
	"branchbot/store/storetest"
)

var made = time.Date(2027, 1, 4, 9, 0, 0, 0, time.FixedZone("", 8*3600))

// book writes a workbook and reads it again.
func book(t testing.TB, f *report.Figures, lang, name string) *excelize.File {
	t.Helper()
	var b bytes.Buffer
	if err := f.Workbook(&b, lang, made); err != nil {
		t.Fatal(err)
	}
	keep(t, name, b.Bytes())
	x, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// cells are all cells of a workbook as text; a formula is shown with its value.
func cells(t testing.TB, x *excelize.File) string {
	t.Helper()
	var out strings.Builder
	for _, name := range x.GetSheetList() {
		fmt.Fprintf(&out, "== %s\n", name)
		rows, err := x.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c := range row {
				cell, _ := excelize.CoordinatesToCellName(c+1, r+1)
				formula, err := x.GetCellFormula(name, cell)
				if err != nil {
					t.Fatal(err)
				}
				if formula != "" {
					formula = "[" + formula + "]"
				}
				fmt.Fprintf(&out, "%s%s|", row[c], formula)
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

// The sheets say what the figures say, and their formulas come to the same.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	s := play(t, storetest.SQLite)
	for _, unit := range []string{"works", "one"} {
		x := book(t, figures(t, s, unit, report.Month(2026, 12)), "zh-CN", unit+".xlsx")
		golden(t, "workbook-"+unit+".txt", cells(t, x))
		for _, name := range x.GetSheetList() {
			checkFormulas(t, x, name)
			checkPrint(t, x, name)
		}
	}
	golden(t, "workbook-en.txt", cells(t, book(t, figures(t, s, "one", report.Year(2026)), "en", "en.xlsx")))
}

// checkFormulas calculates every formula and compares it with the value that
// was stored with it.
func checkFormulas(t *testing.T, x *excelize.File, name string) {
	t.Helper()
	rows, err := x.GetRows(name, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	for r, row := range rows {
		for c, value := range row {
			cell, _ := excelize.CoordinatesToCellName(c+1, r+1)
			if formula, _ := x.GetCellFormula(name, cell); formula == "" {
				continue
			}
			got, err := x.CalcCellValue(name, cell, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Errorf("%s!%s: %v", name, cell, err)
			}
			if len(got) > 8 && len(value) > 8 { // digits beyond that are the calculator's
				got, value = got[:8], value[:8]
			}
			if got != value {
				t.Errorf("%s!%s comes to %q, stored is %q", name, cell, got, value)
			}
		}
	}
}

func checkPrint(t *testing.T, x *excelize.File, name string) {
	t.Helper()
	layout, err := x.GetPageLayout(name)
	if err != nil {
		t.Fatal(err)
	}
	panes, err := x.GetPanes(name)
	if err != nil {
		t.Fatal(err)
	}
	if layout.Size == nil || *layout.Size != 9 || *layout.FitToWidth != 1 || *layout.FitToHeight != 0 || !panes.Freeze || panes.YSplit != 3 {
		t.Errorf("%s: not A4 by width, or the header is not frozen: %+v %+v", name, layout, panes)
	}
	titles := false
	for _, d := range x.GetDefinedName() {
		titles = titles || d.Name == "_xlnm.Print_Titles" && d.Scope == name && d.RefersTo == "'"+name+"'!$1:$3"
	}
	if !titles {
		t.Errorf("%s: its header is not repeated on every page", name)
	}
}

// A name that looks like a formula stays a text, and a staff number keeps its
// zeros; a day is a date.
func TestWorkbookCells(t *testing.T) {
	t.Parallel()
	s := play(t, storetest.SQLite)
	f := figures(t, s, "one", report.Month(2026, 12))
	f.Members[0].Name = `=HYPERLINK("http://x","y")`
	f.Members[0].Staff = "0001"
	f.Unit.Name = "一&支部"
	x := book(t, f, "zh-CN", "cells.xlsx")
	for cell, want := range map[string]string{"A4": "0001", "B4": `=HYPERLINK("http://x","y")`} {
		value, err := x.GetCellValue("考勤", cell)
		if err != nil {
			t.Fatal(err)
		}
		formula, _ := x.GetCellFormula("考勤", cell)
		kind, _ := x.GetCellType("考勤", cell)
		if value != want || formula != "" || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%s: %q, formula %q, type %v; want the text %q", cell, value, formula, kind, want)
		}
	}
	day, err := x.GetCellValue("台账", "A4", excelize.Options{RawCellValue: true})
	if err != nil || day != "46357" {
		t.Errorf("the day is %q, %v; want the number of 2026-12-01", day, err)
	}
	h, err := x.GetHeaderFooter("考勤")
	if err != nil || h.OddHeader != "&R一&&支部" || h.OddFooter != "&C第 &P 页，共 &N 页" {
		t.Errorf("header %+v, %v", h, err)
	}
}
