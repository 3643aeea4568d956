package attack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"branchbot/bot/points"
	"branchbot/store"
)

// A program whose database is missing or empty, or has a second name, does not start.
func TestALostDatabaseIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	config := configure(t, fmt.Sprintf(factory, ""))
	path := databaseOf(config)
	start(t, config).stop()
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name, want string, config string) {
		t.Helper()
		if said, code := command(t, config, "run"); code != 1 || !strings.Contains(said, want) {
			t.Errorf("%s: exit status %d, want 1 and %q: %.500s", name, code, want, said)
		}
	}
	for name, lose := range map[string]func() error{
		"deleted":                  func() error { return os.Remove(path) },
		"emptied":                  func() error { return os.WriteFile(path, nil, 0o600) },
		"deleted with its journal": func() error { _ = os.Remove(path + "-wal"); _ = os.Remove(path + "-shm"); return os.Remove(path) },
	} {
		if err := lose(); err != nil {
			t.Fatal(err)
		}
		refused(name, "it is missing or empty, but this is left of an earlier one", config)
		if err := os.WriteFile(path, kept, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, config) // what was put back is taken
	second := configure(t, fmt.Sprintf(factory, ""))
	if err := os.MkdirAll(filepath.Dir(databaseOf(second)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, databaseOf(second)); err != nil {
		t.Skip("this file system has no hard links")
	}
	refused("a hard link", "hard links", second)
	if status, _ := p.browser().get("/readyz"); status != 200 {
		t.Errorf("the first one is not ready any more: %d", status)
	}
}

// Verify ends with an error when the ledger was forged: heads that are gone, counters
// set to nothing, an entry that nothing has caused, a changed one.
func TestAForgedLedgerIsTold(t *testing.T) {
	t.Parallel()
	config := configure(t, fmt.Sprintf(factory, ""))
	path := databaseOf(config)
	p := start(t, config)
	secretary := p.enter("0001")
	hears := secretary.listen()
	member := p.enter("0002")
	secretary.want(200, "open a check-in")(secretary.send("a", "/开签 30m 早班签到"))
	hears.hears("早班签到", 20*time.Second)
	member.want(200, "check in")(member.send("a", "签到"))
	secretary.want(200, "award")(secretary.send("a", "/加分 张三 2 值班"))
	eventually(t, "the entries", 20*time.Second, func() bool { return p.number(`SELECT COUNT(*) FROM ledger`) == 2 })
	p.stop()
	if said, code := command(t, config, "ledger", "verify"); code != 0 {
		t.Fatalf("before: %s", said)
	}
	data, err1 := os.ReadFile(path)
	heads, err2 := os.ReadFile(points.HeadsBeside(path))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	forge := func(statement string) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			n, err := tx.Exec(statement)
			if err == nil && n == 0 {
				err = errors.New("nothing is forged")
			}
			return err
		}
	}
	for name, f := range map[string]func(tx *store.Tx) error{
		"heads that are gone":     nil,
		"counters set to nothing": forge(`UPDATE ledger_sum SET points = 0 WHERE period <> ''`),
		"a balance":               forge(`UPDATE ledger_sum SET points = points + 5 WHERE period = ''`),
		"a changed entry":         forge(`UPDATE ledger SET points = 100 WHERE rule = 'award'`),
		"the last entry deleted":  forge(`DELETE FROM ledger WHERE seq = (SELECT MAX(seq) FROM ledger)`),
		"an entry without a cause": func(tx *store.Tx) error {
			var id, version int64
			if err := tx.QueryRow(`SELECT l.member, l.version FROM ledger l WHERE l.rule = 'check-in'`).Scan(&id, &version); err != nil {
				return err
			}
			_, err := points.Append(tx, &points.Entry{Unit: "a", Member: id, Points: 1, Rule: "check-in", Version: version, Day: "2026-11-02", Key: "x", Cause: "checkin:77"})
			return err
		},
	} {
		if f == nil {
			if err := os.Remove(points.HeadsBeside(path)); err != nil {
				t.Fatal(err)
			}
		} else {
			db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Write(f), db.Close()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if said, code := command(t, config, "ledger", "verify"); code == 0 {
			t.Errorf("%s passes:\n%s", name, said)
		}
		_ = os.Remove(path + "-wal")
		_ = os.Remove(path + "-shm")
		if err := errors.Join(os.WriteFile(path, data, 0o600), os.WriteFile(points.HeadsBeside(path), heads, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if said, code := command(t, config, "ledger", "verify"); code != 0 {
		t.Errorf("put back: %s", said)
	}
}
