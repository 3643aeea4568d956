//go:build unix

package cli_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"branchbot/store"
)

// ends waits for the end of a process and returns its exit status and what it said.
func (p *process) ends(t *testing.T, most time.Duration) (int, string) {
	t.Helper()
	slow := time.AfterFunc(most, func() {
		t.Errorf("it does not end within %v", most)
		_ = p.cmd.Process.Kill()
	})
	_ = p.cmd.Wait()
	slow.Stop()
	return p.cmd.ProcessState.ExitCode(), p.errs.String()
}

// FAULTS 7.12: the database file is deleted under a running bot, which ends and says
// so.
func TestADeletedFileEndsTheBot(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	dir := t.TempDir()
	p := spawn(t, killConfig(dir))
	path := filepath.Join(dir, "data", "branchbot.db")
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	code, said := p.ends(t, 30*time.Second)
	if code != 1 || !strings.Contains(said, "the database file "+path+" was deleted or replaced while the bot runs: put it back, or restore a backup, and start again\n") {
		t.Errorf("exit status %d:\n%s", code, said)
	}
}

// FAULTS 7.21: a second bot on the same file is told who has it, and the first one
// does not notice.
func TestASecondProcessIsTurnedAway(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	config := killConfig(t.TempDir())
	first := spawn(t, config)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	second := exec.CommandContext(ctx, os.Args[0], "--config", config)
	second.Env = append(os.Environ(), asProgram+"=1")
	said, err := second.CombinedOutput()
	if want := "already in use by a running branchbot (pid " + strconv.Itoa(first.cmd.Process.Pid) + "): stop that one first\n"; err == nil || !strings.HasSuffix(string(said), want) {
		t.Errorf("%v:\n%s\nwant %s", err, said, want)
	}
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, said := first.ends(t, 30*time.Second); code != 0 {
		t.Errorf("the first: exit status %d:\n%s", code, said)
	}
}

// FAULTS 7.30: a bot that is stopped with a full outbox ends soon; what was not sent
// waits for the next start, and nothing is left half-way.
func TestStoppedWithAFullOutbox(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	dir := t.TempDir()
	p := spawn(t, killConfig(dir))
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "data", "branchbot.db"), store.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const letters = 30_000
	err = db.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO outbox (key, account, chat, user_id, class, message, language, prompt, thread, cause, state, not_before, created_at)
			SELECT 'full:' || i, 'web', 'demo', '', 'push', '{"spans":[{"t":"x"}]}', 'zh-CN', 0, '', '', 'pending', 0, $2 FROM n`, letters, tx.Millis())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, said := p.ends(t, 30*time.Second); code != 0 {
		t.Errorf("exit status %d:\n%s", code, said)
	}
	var pending, sent, all int
	err = db.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state = 'sent' THEN 1 ELSE 0 END), 0), COUNT(*)
			FROM outbox WHERE key LIKE 'full:%'`).Scan(&pending, &sent, &all)
	})
	if err != nil || all != letters || pending+sent != letters || pending == 0 {
		t.Errorf("of %d messages %d are sent, %d wait (%v)", all, sent, pending, err)
	}
}
