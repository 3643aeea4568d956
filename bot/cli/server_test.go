//go:build unix

package cli_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// server is a PostgreSQL of the test's own, which can be stopped.
type server struct {
	source string
	ctl    func(args ...string) error
}

// ownServer starts a PostgreSQL server.
func ownServer(t testing.TB) *server {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("PostgreSQL is not installed, and CI skips nothing")
		}
		t.Skip("PostgreSQL is not installed in /usr/lib/postgresql")
	}
	bin := found[len(found)-1]
	dir, err := os.MkdirTemp("", "branchbot-pg") // not t.TempDir, which others may not enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := func(name string, args ...string) error {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		if os.Getuid() == 0 { // as whom it refuses to run
			nobody, err := user.Lookup("nobody")
			if err != nil {
				return err
			}
			uid, err1 := strconv.ParseUint(nobody.Uid, 10, 32)
			gid, err2 := strconv.ParseUint(nobody.Gid, 10, 32)
			if err1 != nil || err2 != nil {
				return fmt.Errorf("user nobody: %w, %w", err1, err2)
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
			if err := os.Chown(dir, int(uid), int(gid)); err != nil {
				return err
			}
		}
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := as("initdb", "-D", data, "-U", "branchbot", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	s := &server{source: fmt.Sprintf("postgres://branchbot@127.0.0.1:%d/postgres", port)}
	s.ctl = func(args ...string) error {
		options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1", port, dir)
		return as("pg_ctl", append([]string{"-D", data, "-w", "-s", "-l", filepath.Join(dir, "log"), "-o", options}, args...)...)
	}
	if err := s.ctl("start"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.ctl("-m", "immediate", "stop"); err != nil {
			t.Error(err)
		}
	})
	return s
}

// restart stops the server as a crash would, and starts it.
func (s *server) restart(t testing.TB) {
	t.Helper()
	if err := s.ctl("-m", "immediate", "stop"); err != nil {
		t.Fatal(err)
	}
	if err := s.ctl("start"); err != nil {
		t.Fatal(err)
	}
}
