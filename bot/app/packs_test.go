package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/config"
	"branchbot/bot/feature/material"
	"branchbot/content"
	"branchbot/store/storetest"
)

// shopPack is a pack with one question.
func shopPack(t *testing.T, ask string) []byte {
	t.Helper()
	zip, _, err := content.Wrap("shop", "车间", "a.yaml", []byte("- {id: q1, type: truefalse, ask: "+ask+", answer: true, explain: 对, source: 测试}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return zip
}

const shopConfig = `
content: [starter]
units: [{id: demo, name: 示范党支部, members: [{name: 王敏, staff: "0001", roles: [secretary]}]}]
accounts: [{platform: web}]
`

// A pack that one process takes in is used by the others at their next look, and
// after a restart; what is broken leaves all as it was.
func TestPacksOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, _ := e.Empty(t)
		name := filepath.Join(t.TempDir(), "config.yaml")
		read := func(more string) (*config.File, *Settings) {
			t.Helper()
			f, err := config.Load(name, []byte(fmt.Sprintf("database: %q", source)+shopConfig+more), func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatal(err)
			}
			s, err := ReadSettings(f)
			if err != nil {
				t.Fatal(err)
			}
			return f, s
		}
		_, s := read("")
		db, err := OpenDatabase(t.Context(), s, false)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		start := func() *Bot {
			t.Helper()
			library, err := OpenLibrary(s)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Open(s, library, db, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		asks := func(b *Bot, want string) {
			t.Helper()
			got := ""
			if q := b.features.library.Load().Question("shop/q1"); q != nil {
				got = q.Ask
			}
			if got != want || b.features.library.Load().Question("starter/org-001") == nil {
				t.Errorf("asks %q, want %q", got, want)
			}
		}
		one, two := start(), start()
		base := func(b *Bot) string {
			t.Helper()
			_, _, base, err := b.packs.Try(shopPack(t, "零"))
			if err != nil {
				t.Fatal(err)
			}
			return base
		}
		if err := one.packs.Put(shopPack(t, "一"), base(one)); err != nil {
			t.Fatal(err)
		}
		asks(one, "一")
		asks(two, "")
		look := func(b *Bot) {
			t.Helper()
			if err := b.packs.look(); err != nil {
				t.Fatal(err)
			}
		}
		look(two)
		asks(two, "一")
		before := base(one)
		if err := two.packs.Put(shopPack(t, "二"), base(two)); err != nil {
			t.Fatal(err)
		}
		if err := one.packs.Put(shopPack(t, "三"), before); !errors.Is(err, material.ErrPackChanged) {
			t.Errorf("a pack that another process has replaced since the preview: %v", err)
		}
		look(one)
		asks(one, "二")
		asks(start(), "二")

		f, _ := read("schedules: [{id: shop, unit: demo, cron: '0 9 * * *', do: quiz, from: shop}]\n")
		if err := one.Reload(f); err != nil {
			t.Fatal(err)
		}
		asks(one, "二")
		if err := one.packs.Drop("shop"); err == nil || !strings.Contains(err.Error(), "there are no questions") {
			t.Errorf("a schedule needs it: %v", err)
		}
		look(one)
		asks(one, "二")

		file := filepath.Join(one.packs.dir, "torn.zip")
		if err := os.WriteFile(file, []byte("PK"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := two.packs.look(); err == nil || !strings.Contains(err.Error(), "torn.zip") {
			t.Errorf("a torn file: %v", err)
		}
		asks(two, "二")
		if _, err := OpenLibrary(s); err == nil || !strings.Contains(err.Error(), "torn.zip") {
			t.Errorf("a torn file at the start: %v", err)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := two.packs.Drop("shop"); err != nil {
			t.Fatal(err)
		}
		if err := two.packs.Drop("shop"); err != material.ErrNoPack {
			t.Errorf("dropped twice: %v", err)
		}
		look(one)
		asks(one, "")
		if left, _ := os.ReadDir(one.packs.dir); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}
