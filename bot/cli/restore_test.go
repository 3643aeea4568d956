package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/bot/cli"
	"branchbot/store"
)

// FAULTS 7.22: after a backup was restored, what waited in it is not sent once
// more, and what schedules should have done meanwhile is noted as missed.
func TestRestoreOfAnOldBackup(t *testing.T) {
	t.Parallel()
	s := newStage(t, "web")
	s.play(t, "@ 2026-12-01 20:00")
	err := s.DB.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO outbox (key, account, chat, user_id, class, message, language, prompt, thread, cause, state, not_before, created_at)
			VALUES ('old', 'rehearsal', 'demo', '', 'push', '{}', 'zh-CN', 0, '', '', 'pending', 0, $1)`, tx.Millis())
		if err != nil {
			return err
		}
		for _, lets := range []string{ // somebody in who may have left since
			`INSERT INTO console_session (hash, member, roles, browser, created_at, seen_at) VALUES ('s', 1, '', '', 0, 0)`,
			`INSERT INTO console_link (hash, member, expires_at) VALUES ('l', 1, 0)`,
			`INSERT INTO join_code (hash, member, expires_at) VALUES ('c', 1, 0)`,
			`INSERT INTO account_binding (member, account, user_id, how, bound_at, seen_at) VALUES (1, 'web', 'u1', 'invited', 0, 1)`,
			`INSERT INTO identity (account, user_id, member, bound_at) VALUES ('web', 'u1', 1, 0)`,
		} {
			if _, err := tx.Exec(lets); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup.db")
	if err := s.DB.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, []byte("database: sqlite:branchbot.db\nunits: [{id: demo, name: 示范党支部}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := cli.Main(t.Context(), cli.Program{Args: []string{"restore", "--config", config, backup},
		In: strings.NewReader(""), Out: &out, Err: &errs, Env: os.LookupEnv})
	if want := "messages that waited when the backup was made and are not sent now, since they may have been: 1\n"; code != 0 || !strings.Contains(out.String(), want) {
		t.Fatalf("exit status %d: %s%s", code, out.String(), errs.String())
	}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "branchbot.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var waiting, held int
	err = db.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(SUM(CASE WHEN state IN ('pending', 'sending') THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN key = 'old' AND state = 'uncertain' THEN 1 ELSE 0 END), 0) FROM outbox`).Scan(&waiting, &held)
	})
	var in int
	if err == nil {
		err = db.Read(func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM console_session) + (SELECT COUNT(*) FROM console_link) + (SELECT COUNT(*) FROM join_code)
				+ (SELECT COUNT(*) FROM identity WHERE account = 'web')`).Scan(&in)
		})
	}
	if in != 0 {
		t.Errorf("%d sessions, links and codes of before let somebody in", in)
	}
	if err != nil || waiting != 0 || held != 1 {
		t.Errorf("%d wait, %d are held (%v)", waiting, held, err)
	}

	// The same bot goes on five days later, as after a restore.
	s.Clock.Set(s.Clock.Now().AddDate(0, 0, 5))
	s.play(t, "@ +1m")
	if n := s.count(t, `SELECT COUNT(*) FROM occurrence WHERE state = 'missed' AND reason = 'schedule.reason.late'`); n < 8 {
		t.Errorf("%d occurrences are noted as missed", n)
	}
}
