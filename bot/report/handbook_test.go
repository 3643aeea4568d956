package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/report"
	"branchbot/bot/testkit/script"
	"branchbot/store"
	"branchbot/store/storetest"
)

func handbook(t testing.TB, s *script.Stage, staff string) *report.Handbook {
	t.Helper()
	var h *report.Handbook
	err := s.DB.Read(func(tx *store.Tx) error {
		var id int64
		if err := tx.QueryRow(`SELECT id FROM member WHERE staff = $1`, staff).Scan(&id); err != nil {
			return err
		}
		var err error
		h, err = source.Handbook(tx, id, report.Year(2026))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The page has all of the member's own, and of nobody else a word.
func TestHandbook(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s := play(t, e)
		for staff, lang := range map[string]string{"0003": "zh-CN", "0022": "zh-CN", "0004": "en"} {
			h := handbook(t, s, staff)
			var page bytes.Buffer
			if err := h.Page(&page, lang, "handbook.css"); err != nil {
				t.Fatal(err)
			}
			golden(t, "handbook-"+staff+".html", page.String())
			for _, other := range []string{"王敏", "张三", "李四", "陈静", "赵磊", "孙立", "刘洋"} {
				if other != h.Member.Name && strings.Contains(page.String(), other) {
					t.Errorf("the handbook of %s names %s", h.Member.Name, other)
				}
			}
			pdf, err := h.PDF(lang)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := h.PDF(lang)
			if !bytes.HasPrefix(pdf, []byte("%PDF")) || len(pdf) > 200_000 || !bytes.Equal(pdf, again) {
				t.Errorf("%s: %d bytes that are no small PDF, or another each time", staff, len(pdf))
			}
			keep(t, "handbook-"+staff+".pdf", pdf)
			keep(t, "handbook-"+staff+".html", page.Bytes())
			keep(t, "handbook.css", []byte(report.HandbookCSS))
		}
	})
}

// keep writes a file to the folder KEEP, to be looked at.
func keep(t testing.TB, name string, data []byte) {
	t.Helper()
	if dir := os.Getenv("KEEP"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
