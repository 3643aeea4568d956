package web_test

import (
	"testing"

	"branchbot/bot/chat"
	"branchbot/bot/roster"
	"branchbot/bot/web"
	"branchbot/store"
	"branchbot/store/storetest"
)

// All that lets a member in without an account of a platform ends at once; what
// others have stays.
func TestEndSessionsEndsAllThatLetsIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db, err := e.Opener(t)(store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		d := roster.NewDirectory()
		d.OnEnded = web.End
		err = db.Write(func(tx *store.Tx) error {
			return d.Setup(tx, []roster.UnitConfig{{ID: "a", Name: "甲支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN",
				Members: []roster.MemberConfig{{Name: "王敏", Staff: "0001", Status: "full"}, {Name: "张三", Staff: "0002", Status: "full"}}}})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(func(tx *store.Tx) error {
			for _, staff := range []string{"0001", "0002"} {
				m, err := roster.ByStaff(tx, staff)
				if err != nil {
					return err
				}
				if _, err := roster.Code(tx, m.ID, roster.Maker{}); err != nil {
					return err
				}
				if _, err := web.Key(tx, m.ID, 0, false); err != nil {
					return err
				}
				if err := web.SetPassword(tx, m, "correct horse 电池", 0); err != nil {
					return err
				}
				for _, statement := range []string{
					`INSERT INTO console_session (hash, member, roles, browser, created_at, seen_at) VALUES ('s' || $2, $1, '', '', $3, $3)`,
					`INSERT INTO identity (account, user_id, member, bound_at) VALUES ('tg', 'tg' || $2, $1, $3), ('room', 'web' || $2, $1, $3)`,
					`INSERT INTO account_binding (member, account, user_id, how, bound_at, seen_at) VALUES ($1, 'tg', 'tg' || $2, 'invited', $3, 0), ($1, 'room', 'web' || $2, 'own_code', $3, $3)`,
				} {
					if _, err := tx.Exec(statement, m.ID, staff, tx.Millis()); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(func(tx *store.Tx) error {
			m, err := roster.ByStaff(tx, "0002")
			if err != nil {
				return err
			}
			return d.EndSessions(tx, m.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(func(tx *store.Tx) error {
			for _, table := range []string{"join_code", "console_link", "console_session", "console_password"} {
				var n, others int
				err := tx.QueryRow(`SELECT COUNT(CASE WHEN m.staff = '0002' THEN 1 END), COUNT(CASE WHEN m.staff = '0001' THEN 1 END)
					FROM `+table+` x JOIN member m ON m.id = x.member`).Scan(&n, &others)
				if err != nil || n != 0 || others != 1 {
					t.Errorf("%s: %d of the member are left, %d of the other (%v)", table, n, others, err)
				}
			}
			for user, stays := range map[chat.UserID]bool{"web0002": false, "tg0002": true, "web0001": true, "tg0001": true} {
				account := chat.AccountID("tg")
				if user[0] == 'w' {
					account = "room"
				}
				m, err := d.Who(tx, account, user)
				if err != nil || (m != nil) != stays {
					t.Errorf("%s is %v (%v)", user, m, err)
				}
			}
			var how string
			return tx.QueryRow(`SELECT ended_how FROM account_binding WHERE user_id = 'web0002'`).Scan(&how)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
