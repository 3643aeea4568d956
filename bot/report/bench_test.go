package report_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"branchbot/bot/report"
	"branchbot/store"
	"branchbot/store/storetest"
)

// The benchmarks use a small company, or the database that SEEDED names: one
// that branchbot seed has filled, e.g. sqlite:/tmp/full/data/branchbot.db, with
// the year up to UNTIL.
func benchmarked(b *testing.B) (*store.DB, report.Period) {
	b.Helper()
	source := os.Getenv("SEEDED")
	if source == "" {
		return seeded(b, storetest.SQLite), report.Year(2026)
	}
	db, err := store.Open(context.Background(), source, store.Options{Shared: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db, report.Year(2026)
}

func benchWorkbook(b *testing.B, unit string) {
	db, period := benchmarked(b)
	var peak uint64
	for b.Loop() {
		err := db.Read(func(tx *store.Tx) error {
			f, err := source.Figures(tx, unit, period)
			if err != nil {
				return err
			}
			err = f.Workbook(io.Discard, "zh-CN", time.Now())
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB")
}

// BenchmarkWorkbook is the yearly workbook of a branch.
func BenchmarkWorkbook(b *testing.B) { benchWorkbook(b, "b00001") }

// BenchmarkWorkbookOfGeneral is that of a general branch, with those under it.
func BenchmarkWorkbookOfGeneral(b *testing.B) {
	if os.Getenv("SEEDED") == "" {
		b.Skip("SEEDED names no company that has one")
	}
	benchWorkbook(b, "g001")
}

// BenchmarkWorkbookOfCompany is that of everybody.
func BenchmarkWorkbookOfCompany(b *testing.B) { benchWorkbook(b, "company") }

// BenchmarkFigures are those of a branch's month, as pages and posters want them.
func BenchmarkFigures(b *testing.B) {
	db, _ := benchmarked(b)
	for b.Loop() {
		err := db.Read(func(tx *store.Tx) error {
			_, err := source.Figures(tx, "b00001", report.Month(2026, 10))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHandbook is a member's year as a PDF.
func BenchmarkHandbook(b *testing.B) {
	db, period := benchmarked(b)
	for b.Loop() {
		err := db.Read(func(tx *store.Tx) error {
			var id int64
			if err := tx.QueryRow(`SELECT MAX(id) FROM member WHERE unit = 'b00001'`).Scan(&id); err != nil {
				return err
			}
			h, err := source.Handbook(tx, id, period)
			if err != nil {
				return err
			}
			_, err = h.PDF("zh-CN")
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
