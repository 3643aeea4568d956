package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/app"

	"branchbot/bot/cli"
	"branchbot/bot/points"
	"branchbot/store"
	"branchbot/store/storetest"
)

// command runs a command of the program beside a configuration.
func command(t *testing.T, dir string, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Main(t.Context(), cli.Program{Args: append(args, "--config", filepath.Join(dir, "config.yaml")), In: strings.NewReader(""), Out: &out, Err: &out, Env: os.LookupEnv})
	return out.String(), code
}

// configure writes a configuration over a database.
func configure(t *testing.T, dir, database string) {
	t.Helper()
	text := "database: " + database + "\nunits: [{id: demo, name: 示范党支部, members: [{name: 王敏, staff: '0001', roles: [secretary]}, {name: 张三, staff: '0002'}]}]\n" +
		"points: {rules: [{id: done, on: lesson.done, points: 2, cap: {day: 2}}]}\n"
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A database that is missing or empty while something is left of it is not begun anew
// in silence; a backup brings it back, and only --new begins an empty one.
func TestALostDatabaseIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(path string) error{
		"deleted": os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			configure(t, dir, "sqlite:data/branchbot.db")
			path, backup := filepath.Join(dir, "data", "branchbot.db"), filepath.Join(dir, "data", "backups", "branchbot-2999-12-01.db")
			if said, code := command(t, dir, "chat"); code != 0 {
				t.Fatalf("the first start: %s", said)
			}
			if err := os.MkdirAll(filepath.Dir(backup), 0o700); err != nil {
				t.Fatal(err)
			}
			if said, code := command(t, dir, "backup", backup); code != 0 {
				t.Fatal(said)
			}
			if err := lose(path); err != nil {
				t.Fatal(err)
			}
			said, code := command(t, dir, "chat")
			if want := "it is missing or empty, but this is left of an earlier one: " + path + ".heads, "; code != 1 || !strings.Contains(said, want) ||
				!strings.Contains(said, "restore a backup: branchbot restore "+backup+".") || !strings.Contains(said, "add --new") {
				t.Errorf("exit status %d: %s", code, said)
			}
			if said, code := command(t, dir, "restore", backup); code != 0 {
				t.Errorf("restore: %s", said)
			}
			if said, code := command(t, dir, "chat"); code != 0 {
				t.Errorf("after the restore: %s", said)
			}
			if err := lose(path); err != nil {
				t.Fatal(err)
			}
			if said, code := command(t, dir, "chat", "--new"); code != 0 {
				t.Errorf("--new: %s", said)
			}
			if said, code := command(t, dir, "chat"); code != 0 {
				t.Errorf("after --new: %s", said)
			}
		})
	}
}

// The same of a server: an empty database of the same name beside the files of the one
// before.
func TestALostServerDatabaseIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, _ := e.Empty(t)
		if !store.IsPostgres(source) {
			t.Skip("see TestALostDatabaseIsNotBegunAnew")
		}
		dir := t.TempDir()
		configure(t, dir, source)
		if said, code := command(t, dir, "chat"); code != 0 {
			t.Fatalf("the first start: %s", said)
		}
		server, err := sql.Open("pgx", source)
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if _, err := server.ExecContext(context.Background(), `TRUNCATE unit CASCADE`); err != nil {
			t.Fatal(err)
		}
		if said, code := command(t, dir, "chat"); code != 1 || !strings.Contains(said, "it is missing or empty, but this is left") {
			t.Errorf("exit status %d: %s", code, said)
		}
		if said, code := command(t, dir, "chat", "--new"); code != 0 {
			t.Errorf("--new: %s", said)
		}
	})
}

// What is written to a database file that is gone is not acknowledged.
func TestNothingIsAcknowledgedWithoutTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Skip("this system does not let an open file go")
	}
	called := false
	err = db.Write(func(tx *store.Tx) error { tx.AfterCommit(func() { called = true }); return nil })
	if err == nil || called || !strings.Contains(err.Error(), "was deleted or replaced") {
		t.Errorf("%v, told: %v", err, called)
	}
}

// A file of heads that was published and is gone is told by verify, and the running bot
// does not publish it anew. Verify also compares the heads beside the daily backups, so
// that a chain which was made anew with its heads is told.
func TestVerifyComparesAllHeads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	configure(t, dir, "sqlite:data/branchbot.db")
	path := filepath.Join(dir, "data", "branchbot.db")
	heads := points.HeadsBeside(path)
	expect := func(code int, want string, args ...string) {
		t.Helper()
		if said, got := command(t, dir, args...); got != code || !strings.Contains(said, want) {
			t.Errorf("%v: exit status %d, want %d and %q:\n%s", args, got, code, want, said)
		}
	}
	expect(0, "", "chat")
	award := func(amount int64) {
		t.Helper()
		db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.Write(func(tx *store.Tx) error {
			if _, err := tx.Exec(`DELETE FROM ledger`); err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM ledger_sum`); err != nil {
				return err
			}
			_, err := points.Append(tx, &points.Entry{Unit: "demo", Member: 2, Points: amount, Rule: "award", Actor: 1, Day: "2026-12-01", Key: "1"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	award(1)
	expect(0, "", "chat")                                                      // which publishes at its end
	backup := filepath.Join(dir, "data", "backups", "branchbot-2026-12-01.db") // as the daily one
	if err := os.MkdirAll(filepath.Dir(backup), 0o700); err != nil {
		t.Fatal(err)
	}
	expect(0, "", "backup", backup)
	expect(0, " backups fit", "ledger", "verify")

	if err := os.Rename(heads, heads+".taken"); err != nil {
		t.Fatal(err)
	}
	const missing = "are missing: put the file back"
	expect(1, missing, "ledger", "verify")
	expect(0, missing, "chat")
	expect(1, missing, "ledger", "verify")
	if err := os.Rename(heads+".taken", heads); err != nil {
		t.Fatal(err)
	}
	expect(0, "all fit", "ledger", "verify")

	award(100) // forged with its hash and sum …
	forged := points.Heads{Epoch: 1, Units: map[string]points.Head{}}
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Read(func(tx *store.Tx) (err error) { forged.Units, err = points.Ends(tx); return err })
	if err := errors.Join(err, db.Close(), forged.Write(heads)); err != nil { // … and with its heads
		t.Fatal(err)
	}
	expect(1, ".db.heads: unit demo: entry 1 is not the one that was published", "ledger", "verify")
}

// What rules gave is derived anew: caps, what is counted towards them, causes. An
// entry that was added with the right hash and sum is told.
func TestVerifyDerivesRules(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		for name, c := range map[string]struct {
			forge func(tx *store.Tx) error
			want  string
		}{
			"nothing": {func(*store.Tx) error { return nil }, ""},
			"an entry without a cause": {func(tx *store.Tx) error {
				_, err := points.Append(tx, &points.Entry{Unit: "demo", Member: 3, Points: 1, Rule: "check-in", Version: 1, Day: "2026-12-02", Key: "x", Cause: "checkin:77"})
				return err
			}, `entry 6, of rule check-in, has no cause in the tables ("checkin:77")`},
			"an entry of no rule": {func(tx *store.Tx) error {
				_, err := points.Append(tx, &points.Entry{Unit: "demo", Member: 3, Points: 1, Rule: "gift", Version: 1, Day: "2026-12-02", Key: "x", Cause: "gift"})
				return err
			}, `of rule gift, has no cause`},
			"a cause that is gone": {func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM checkin_entry WHERE member = 2`); return err },
				"of rule check-in, has no cause"},
			"a counter set to nothing": {func(tx *store.Tx) error {
				_, err := tx.Exec(`UPDATE ledger_sum SET points = 0 WHERE period <> ''`)
				return err
			},
				"which is capped, 1 points of 2026-12-02 by the entries and 0 by the sums"},
			"a counter without entries": {func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO ledger_sum (period, member, rule, points) VALUES ('2026-12-03', 2, 'check-in', 1)`)
				return err
			}, "0 points of 2026-12-03 by the entries and 1 by the sums"},
			"a cap that was passed": {func(tx *store.Tx) error {
				if _, err := tx.Exec(`INSERT INTO checkin_entry (checkin, member, state, at) VALUES (77, 2, 'on_time', 0)`); err != nil {
					return err
				}
				_, err := points.Append(tx, &points.Entry{Unit: "demo", Member: 2, Points: 1, Rule: "check-in", Version: 1, Day: "2026-12-02", Key: "x", Cause: "checkin:77"})
				if err != nil {
					return err
				}
				_, err = tx.Exec(`UPDATE ledger_sum SET points = 2 WHERE period = '2026-12-02' AND member = 2 AND rule = 'check-in'`)
				return err
			}, "member 2 has by rule check-in 2 points of 2026-12-02, and its cap is 1"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newStageOn(t, e, "web")
				s.play(t, "@ 2026-12-02 08:31", "张三: 签到", "李四: 签到", "书记: /加分 张三 1 一", "书记: /加分 李四 2 二", "书记: /撤销 4 错", "@ 2026-12-02 20:00")
				var found []string
				err := s.DB.Write(func(tx *store.Tx) (err error) {
					if err := c.forge(tx); err != nil {
						return err
					}
					found, err = points.VerifyRules(tx, app.Causes())
					return err
				})
				if text := strings.Join(found, "\n"); err != nil || (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
					t.Errorf("%q (%v), want %q", text, err, c.want)
				}
			})
		}
	})
}

// Points that people gave to themselves are marked where entries are looked through.
func TestOwnAwardsAreMarked(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "书记: /加分 王敏 5 辛苦了", "书记: /加分 张三 1 好")
	err := s.DB.Read(func(tx *store.Tx) error {
		rows, err := points.Rows(tx, "demo", points.Filter{}, 10, 0)
		if err != nil {
			return err
		}
		if len(rows) != 2 || rows[0].OwnAward() || !rows[1].OwnAward() {
			t.Errorf("rows %+v", rows)
		}
		table, err := points.Export(tx, "demo", "x.csv", "zh-CN")
		if err != nil || strings.Count(string(table), "给自己加分") != 1 {
			t.Errorf("%s (%v)", table, err)
		}
		sums, err := points.Earned(tx, "demo", "demo", "2026-12-01", "2026-12-02")
		if want := (points.Sum{Rule: "award-own", Points: 5}); err != nil || len(sums["demo"][1]) != 1 || sums["demo"][1][0] != want {
			t.Errorf("%v (%v)", sums, err)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
