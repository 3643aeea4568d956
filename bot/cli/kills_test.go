//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"branchbot/bot/points"
	"branchbot/store"
)

// worker is the program in a process of its own.
type worker struct {
	cmd   *exec.Cmd
	ready chan string // its address, once it works
}

func work(t *testing.T, config string) *worker {
	t.Helper()
	w := &worker{cmd: exec.Command(os.Args[0], "--config", config), ready: make(chan string, 1)}
	w.cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w.cmd.Stderr = &log
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
		if t.Failed() {
			t.Logf("the log of process %d:\n%s", w.cmd.Process.Pid, log.String())
		}
	})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if address, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				w.ready <- address
			}
		}
	}()
	return w
}

// within waits for a line of a process.
func within(t *testing.T, what string, lines chan string, most time.Duration) string {
	t.Helper()
	began := time.Now()
	select {
	case line := <-lines:
		t.Logf("%s after %.1f s", what, time.Since(began).Seconds())
		return line
	case <-time.After(most):
		t.Fatalf("%s: not within %v", what, most)
		return ""
	}
}

// check compares what people were told with what is kept.
func (c *crowd) check(t *testing.T, db *store.DB) {
	t.Helper()
	told := c.members()
	err := db.Read(func(tx *store.Tx) error {
		verified, err := points.Verify(tx)
		if err != nil || len(verified) != 1 || verified[0].Bad != 0 {
			t.Errorf("the ledger: %+v (%v)", verified, err)
		}
		var members, answers, entries, twice int
		err = tx.QueryRow(`SELECT COUNT(*), COUNT(DISTINCT member), (SELECT COUNT(*) FROM ledger),
			(SELECT COUNT(*) FROM (SELECT key FROM outbox GROUP BY key HAVING COUNT(*) > 1) AS twice) FROM answer`).Scan(&answers, &members, &entries, &twice)
		if answers != members || entries != members || twice != 0 || members != told {
			t.Errorf("%d members were told that their answer is stored; %d answers of %d members, %d entries, %d messages twice", told, answers, members, entries, twice)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// kills is how often TestKills kills the bot; a night does it more often.
func kills() int {
	n, err := strconv.Atoi(os.Getenv("BRANCHBOT_TEST_KILLS"))
	if err != nil {
		return 5
	}
	return n
}

// kill -9 again and again while a crowd answers: what was acknowledged counts once.
func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	config := killConfig(dir)
	bot := work(t, config)
	crowd := newCrowd(within(t, "the bot works", bot.ready, 20*time.Second))
	dice := rand.New(rand.NewPCG(1, 2))
	for range kills() {
		crowd.until(t, crowd.count()+1+dice.IntN(100))
		if err := bot.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = bot.cmd.Wait()
		bot = work(t, config)
		crowd.at(within(t, "it works again", bot.ready, 20*time.Second))
	}
	crowd.until(t, crowd.count()+100)
	crowd.stop()
	if err := bot.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := bot.cmd.Wait(); err != nil {
		t.Errorf("it does not end well: %v", err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "data", "branchbot.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	crowd.check(t, db)
	t.Logf("%d kills, %d answers acknowledged", kills(), crowd.count())
}

// crowdMembers is few enough for two cores that also run other tests: when a
// crowd waits longer than its patience, each answer is sent again and again.
const crowdMembers = 40

// crowd is people who answer the open question again and again, wherever the
// bot is.
type crowd struct {
	mu      sync.Mutex
	address string
	told    map[int]int // how many answers of a member are acknowledged
	stopped bool
	wg      sync.WaitGroup
}

func newCrowd(address string) *crowd {
	c := &crowd{address: address, told: map[int]int{}}
	for m := range crowdMembers {
		c.wg.Go(func() {
			for n := 0; ; {
				c.mu.Lock()
				address, stopped := c.address, c.stopped
				c.mu.Unlock()
				if stopped {
					return
				}
				message, _ := json.Marshal(map[string]any{"id": fmt.Sprintf("event-%d-%d", m, n), "room": "demo", "text": string(rune('A' + n%4))})
				client := http.Client{Timeout: 20 * time.Second}
				r, err := client.Post(fmt.Sprintf("http://%s/api/send?as=staff:%d", address, m), "application/json", strings.NewReader(string(message)))
				if err == nil {
					r.Body.Close()
				}
				if err == nil && r.StatusCode == http.StatusOK {
					n++
					c.mu.Lock()
					c.told[m]++
					c.mu.Unlock()
				}
				<-time.After(100 * time.Millisecond) // as people take their time
			}
		})
	}
	return c
}

func (c *crowd) at(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.address = address
}

func (c *crowd) count() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, told := range c.told {
		n += told
	}
	return n
}

func (c *crowd) members() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.told)
}

// until waits for so many answers.
func (c *crowd) until(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for c.count() < n {
		if time.Now().After(deadline) {
			t.Fatalf("%d answers are acknowledged, want %d", c.count(), n)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (c *crowd) stop() {
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	c.wg.Wait()
}
