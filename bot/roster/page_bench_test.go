package roster_test

import (
	"fmt"
	"testing"

	"branchbot/bot/roster"
	"branchbot/store"
	"branchbot/store/storetest"
)

// BenchmarkRoster reads what the page of members shows, at the top of an
// enterprise of 5,000 branches with 100,000 members, and in one branch.
func BenchmarkRoster(b *testing.B) {
	db, err := storetest.SQLite.Opener(b)(store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	err = db.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO unit (id, parent, kind, name, zone, language) VALUES ('top', NULL, 'committee', '公司党委', 'Asia/Shanghai', 'zh-CN')`)
		for u := 0; u < 5000 && err == nil; u++ {
			id := fmt.Sprintf("u%04d", u)
			_, err = tx.Exec(`INSERT INTO unit (id, parent, kind, name, zone, language) VALUES ($1, 'top', 'branch', $2, 'Asia/Shanghai', 'zh-CN')`,
				id, fmt.Sprintf("第 %d 党支部", u))
			for m := 0; m < 20 && err == nil; m++ {
				staff := fmt.Sprintf("%06d", (u*20+m)*7919%100_000)
				name := string([]rune("王李张刘陈杨赵黄周吴")[(u+m)%10]) + string([]rune("敏静强磊军洋勇艳杰娟")[u%10]) + string([]rune("涛明超霞平刚桂芳文辉")[m%10])
				_, err = tx.Exec(`INSERT INTO member (unit, staff, name, status) VALUES ($1, $2, $3, 'full')`, id, staff, name)
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, unit string
		filter     roster.Filter
		offset     int
	}{
		{"top", "top", roster.Filter{}, 0},
		{"top/last-page", "top", roster.Filter{}, 99_950},
		{"top/name", "top", roster.Filter{Text: "王敏涛"}, 0},
		{"top/nobody", "top", roster.Filter{Text: "查无此人"}, 0},
		{"top/unbound", "top", roster.Filter{Bound: "no"}, 0},
		{"top/role", "top", roster.Filter{Role: "secretary"}, 0},
		{"branch", "u0042", roster.Filter{}, 0},
		{"branch/name", "u0042", roster.Filter{Text: "涛"}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				err := db.Read(func(tx *store.Tx) error {
					_, err := roster.Choose(tx, c.unit, c.filter, 50, c.offset)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
