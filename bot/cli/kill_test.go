package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"branchbot/bot/cli"
	"branchbot/bot/points"
	"branchbot/store"
)

// The test binary is a program when this variable is set; so it can be killed.
const asProgram = "BRANCHBOT_TEST_PROGRAM"

// wechatAt names the address of a fake WeChat in the environment of a program:
// all requests go there.
const wechatAt = "BRANCHBOT_TEST_WECHAT"

func TestMain(m *testing.M) {
	if at := os.Getenv(wechatAt); at != "" {
		http.DefaultTransport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, network, at)
			}}
	}
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM) // as main does
	defer stop()
	os.Exit(cli.Main(ctx, cli.Program{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env: os.LookupEnv, Ready: func(address string) { fmt.Println("ready", address) }}))
}

// process is the program in a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
	errs    bytes.Buffer // to be read once it has ended
}

func spawn(t *testing.T, config string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], "--config", config)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		if address, ok := strings.CutPrefix(scan.Text(), "ready "); ok {
			p.address = address
			go func() {
				for scan.Scan() { // keep the pipe empty
				}
			}()
			return p
		}
	}
	t.Fatal("the program did not start")
	return nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

const killMembers = 200

func killConfig(dir string) string {
	var b strings.Builder
	b.WriteString("listen: 127.0.0.1:0\nconduct: {quiet_hours: \"off\"}\naccounts: [{id: web, platform: web, personas: true}]\n" +
		"units:\n  - id: demo\n    name: 示范党支部\n    chats: [web:demo]\n    members:\n")
	for i := range killMembers {
		fmt.Fprintf(&b, "      - {name: 成员%d, staff: \"%d\"}\n", i, i)
	}
	b.WriteString("schedules:\n  - {id: quiz, unit: demo, cron: \"0 0 1 1 *\", do: quiz, from: starter/saf-001}\n" +
		"points: {rules: [{id: quiz-answered, on: quiz.answered, points: 1}]}\n")
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		panic(err)
	}
	return file
}

// kill -9 in the midst of 2,000 answers: what was acknowledged is there once,
// the rest is delivered again, the ledger fits, and no message is sent twice.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	config := killConfig(dir)
	var mu sync.Mutex
	acknowledged := map[string]bool{} // by event id
	answer := func(p *process, member, n int) bool {
		id := fmt.Sprintf("event-%d-%d", member, n)
		mu.Lock()
		done := acknowledged[id]
		mu.Unlock()
		if done {
			return true
		}
		body, _ := json.Marshal(map[string]any{"id": id, "room": "demo", "text": string(rune('A' + n%4))})
		r, err := http.Post(fmt.Sprintf("http://%s/api/send?as=staff:%d", p.address, member), "application/json", strings.NewReader(string(body)))
		if err != nil {
			return false
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return false
		}
		mu.Lock()
		acknowledged[id] = true
		mu.Unlock()
		return true
	}
	// Ten answers of each member, in order, until stop says so.
	crowd := func(p *process, stop func() bool) {
		var wg sync.WaitGroup
		for m := range killMembers {
			wg.Go(func() {
				for n := 0; n < 10 && !stop(); {
					if answer(p, m, n) {
						n++
					}
				}
			})
		}
		wg.Wait()
	}
	p := spawn(t, config)
	waitForRound(t, filepath.Join(dir, "data", "branchbot.db"))
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for {
			mu.Lock()
			n := len(acknowledged)
			mu.Unlock()
			if n > 700 {
				p.kill()
				return
			}
		}
	}()
	crowd(p, func() bool {
		select {
		case <-killed:
			return true
		default:
			return false
		}
	})
	<-killed
	before := len(acknowledged)
	p = spawn(t, config)
	deadline := time.Now().Add(2 * time.Minute)
	crowd(p, func() bool { return time.Now().After(deadline) })
	p.kill()
	if before >= 10*killMembers || len(acknowledged) != 10*killMembers {
		t.Fatalf("%d answers before the kill, %d in all", before, len(acknowledged))
	}
	checkAfterKill(t, filepath.Join(dir, "data", "branchbot.db"))
}

// waitForRound returns once the first question is asked.
func waitForRound(t *testing.T, file string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		db, err := store.Open(t.Context(), "sqlite:"+file, store.Options{Shared: true})
		if err != nil {
			continue
		}
		var rounds int
		err = db.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM round`).Scan(&rounds) })
		db.Close()
		if err == nil && rounds > 0 {
			return
		}
	}
	t.Fatal("no question was asked")
}

func checkAfterKill(t *testing.T, file string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(func(tx *store.Tx) error {
		var answers, last, entries, twice, events int
		err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM answer), (SELECT COUNT(*) FROM answer WHERE value = 'B'),
			(SELECT COUNT(*) FROM ledger), (SELECT COUNT(*) FROM outbox o JOIN outbox p ON p.message = o.message AND p.id < o.id
			WHERE o.class = 'push'), (SELECT COUNT(*) FROM event_seen)`).Scan(&answers, &last, &entries, &twice, &events)
		if err != nil {
			return err
		}
		// The tenth answer of everybody is B (n = 9), and it is the last.
		if answers != killMembers || last != killMembers || entries != killMembers || twice != 0 || events != 10*killMembers {
			t.Errorf("%d answers, %d of them the last one, %d ledger entries, %d posts twice, %d events; want %d, %d, %d, 0, %d",
				answers, last, entries, twice, events, killMembers, killMembers, killMembers, 10*killMembers)
		}
		chains, err := points.Verify(tx)
		for _, v := range chains {
			if v.Bad != 0 {
				t.Errorf("ledger: entry %d: %s", v.Bad, v.Reason)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
