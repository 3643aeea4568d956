package report_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"branchbot/bot/report"
	"branchbot/bot/testkit/seed"
	"branchbot/store"
	"branchbot/store/storetest"
)

// seeded is a small company with a year of history up to 2026-11-26.
func seeded(t testing.TB, e storetest.Engine) *store.DB {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	db, err := e.Opener(t)(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := seed.Fill(db, seed.Size{Units: 3, Members: 40, Entries: 4000, Until: time.Date(2026, 11, 26, 12, 0, 0, 0, zone), Zone: zone}, nil); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestCharts(t *testing.T) {
	t.Parallel()
	db := seeded(t, storetest.SQLite)
	var page strings.Builder
	page.WriteString("<!DOCTYPE html><meta charset=utf-8><style>body{font-family:sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem}@media(prefers-color-scheme:dark){body{background:#181615;color:#ece7e4}}" +
		report.ChartCSS + "</style>\n")
	err := db.Read(func(tx *store.Tx) error {
		f, err := source.Figures(tx, "b00001", report.Period{From: "2026-08-01", To: "2026-11-01"})
		if err != nil {
			return err
		}
		pace, err := f.Pace(tx, "zh-CN")
		page.WriteString(string(f.Participation("zh-CN") + "\n" + f.Hardest("zh-CN") + "\n" + pace + "\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "charts.html", page.String())
	keep(t, "charts.html", []byte(page.String()))
}

// Whatever the words and values are, they stay words, and inside the drawing.
func TestChartInput(t *testing.T) {
	t.Parallel()
	c := report.Chart{ID: `x"><script>`, Title: "<b>&", About: "“a”", Bars: []report.Bar{
		{Label: `</text><script>alert(1)</script>`, Value: math.NaN(), Text: "<i>"}, {Label: strings.Repeat("长", 300), Value: math.Inf(1), Text: "∞"},
		{Label: "", Value: -3, Text: ""}}}
	for _, html := range []string{string(c.Lying()), string(c.Standing())} {
		if strings.Contains(html, "<script") || strings.Contains(html, "<b>") || strings.Contains(html, "<i>") || strings.Contains(html, "NaN") {
			t.Errorf("not escaped: %s", html)
		}
		if strings.Count(html, "<tr>") != 4 {
			t.Errorf("the table has not a row for each bar: %s", html)
		}
	}
	if got := string(report.Chart{Title: "空", Empty: "没有"}.Lying()); got != `<figure class="chart"><figcaption>空</figcaption><p>没有</p></figure>` {
		t.Errorf("empty: %s", got)
	}
}
