package cli_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/cli"
	"branchbot/bot/points"
	"branchbot/store"
	"branchbot/store/storetest"
)

// FAULTS 7.22, on both engines: a restored backup lacks points that were published
// as given. It is told, verify fails, and only who accepts it begins a new epoch. A
// backup that is not as it was made is not restored.
func TestARestoreTellsWhatTheLedgerLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		source, _ := e.Empty(t)
		dir := t.TempDir()
		config := filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(config, []byte("database: "+source+"\nunits: [{id: demo, name: 示范党支部}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		run := func(args ...string) (string, int) {
			var out bytes.Buffer
			code := cli.Main(t.Context(), cli.Program{Args: append(args, "--config", config), In: strings.NewReader(""), Out: &out, Err: &out, Env: os.LookupEnv})
			return out.String(), code
		}
		expect := func(code int, want string, args ...string) {
			t.Helper()
			if said, got := run(args...); got != code || !strings.Contains(said, want) {
				t.Errorf("%v: exit status %d, want %d and %q:\n%s", args, got, code, want, said)
			}
		}
		var heads string
		award := func(key string) {
			t.Helper()
			db, err := store.Open(t.Context(), source, store.Options{Folder: filepath.Join(dir, "data")})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			heads = points.HeadsBeside(db.Path())
			err = db.Write(func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO unit (id, kind, name, zone, language) VALUES ('demo', 'branch', '示范党支部', 'Asia/Shanghai', 'zh-CN') ON CONFLICT DO NOTHING`)
				if err != nil {
					return err
				}
				_, err = points.Append(tx, &points.Entry{Unit: "demo", Member: 1, Points: 1, Rule: "award", Actor: 1, Day: "2026-12-01", Key: key})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = db.Read(func(tx *store.Tx) error { _, err := points.Publish(tx, heads); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		award("1")
		award("2")
		backup := filepath.Join(dir, "backup.db")
		expect(0, "backup written and checked: "+backup, "backup", backup)
		award("3")
		published, err := points.ReadHeads(heads)
		if err != nil {
			t.Fatal(err)
		}
		noted := "demo:" + published.Units["demo"].String()
		expect(0, "the published heads of 1 units fit (epoch 1, since ", "ledger", "verify")
		expect(0, noted+" is in the chain\n", "ledger", "verify", noted)
		expect(0, "nothing is lost: there is nothing to accept\n", "ledger", "accept")

		const lost = "unit demo: data lost after entry 2: the ledger ended at 3 when its head was last published\n"
		expect(0, lost+"to go on with the ledger as it is in the backup: branchbot ledger accept\n", "restore", backup)
		expect(1, "branchbot: "+lost, "ledger", "verify", noted)
		expect(1, noted+" is not in the chain: entries are lost or were changed\n", "ledger", "verify", noted)
		expect(0, lost+"accepted: epoch 2 begins with the ledger as it is\n", "ledger", "accept")
		expect(0, "(epoch 2, since ", "ledger", "verify")

		raw, err := sql.Open("sqlite", backup)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Exec(`DELETE FROM ledger WHERE seq = 2; UPDATE ledger_sum SET points = 1`); err != nil {
			t.Fatal(err)
		}
		expect(1, "it is not as it was made: unit demo: data lost after entry 1", "restore", backup)
		if _, err := raw.Exec(`UPDATE ledger SET points = 9`); err != nil {
			t.Fatal(err)
		}
		expect(1, "its ledger of unit demo: entry 1 does not fit: its content and its hash do not fit; with --force it is restored nevertheless", "restore", backup)
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		expect(0, "the database before is kept as: ", "restore", "--force", backup)
	})
}
