package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/store"
	"branchbot/store/storetest"
)

// shareAt names the database of BenchmarkShare in the environment of its processes.
const shareAt = "BRANCHBOT_BENCH_DATABASE"

// shareConfig is the scene of benchConfig with the branches on two accounts.
func shareConfig() string {
	text := strings.ReplaceAll(benchConfig(), "  - {id: bench, platform: web}\n", "  - {id: a, platform: web}\n  - {id: b, platform: web}\n")
	for u := range benchUnits {
		text = strings.ReplaceAll(text, fmt.Sprintf(`"bench:c%d"`, u), fmt.Sprintf(`"%s:c%d"`, shareAccount(u), u))
	}
	return text
}

func shareAccount(unit int) string { return []string{"a", "b"}[unit%2] }

// shareBot is one of the bots on a database.
func shareBot(source string, adapters ...chat.Adapter) (*Bot, error) {
	f, err := config.Load("config.yaml", []byte(shareConfig()), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	s, err := ReadSettings(f)
	if err != nil {
		return nil, err
	}
	library, err := OpenLibrary(s)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(context.Background(), source, store.Options{Folder: os.TempDir()})
	if err != nil {
		return nil, err
	}
	return Open(s, library, db, slog.New(slog.NewTextHandler(io.Discard, nil)), adapters...)
}

// crowd is an account whose members answer all rounds as soon as go is closed.
type crowd struct {
	mute
	id    chat.AccountID
	codes func() [benchUnits][]int
	start chan struct{}
	done  func(chat.AccountID, error)
}

func (c *crowd) ID() chat.AccountID { return c.id }

func (c *crowd) Run(ctx context.Context, in chat.Inbox) error {
	fmt.Println("has", c.id)
	select {
	case <-c.start:
	case <-ctx.Done():
		return nil
	}
	codes := c.codes()
	var all sync.WaitGroup
	failed := make(chan error, benchUnits*benchMembers)
	for m := range benchUnits * benchMembers {
		if shareAccount(m/benchMembers) != string(c.id) {
			continue
		}
		all.Go(func() {
			for i, code := range codes[m/benchMembers] {
				if err := in.Accept(ctx, "", benchAnswer(m, code, i)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	c.done(c.id, <-failed)
	<-ctx.Done()
	return nil
}

// answersProcess is one process of BenchmarkShare: it says which accounts it has,
// waits for a line, and says when the members of each have answered.
func answersProcess() {
	start := make(chan struct{})
	var b *Bot
	done := func(id chat.AccountID, err error) { fmt.Println("done", id, err) }
	codes := func() [benchUnits][]int { return openCodes(b) }
	b, err := shareBot(os.Getenv(shareAt), &crowd{id: "a", codes: codes, start: start, done: done}, &crowd{id: "b", codes: codes, start: start, done: done})
	if err != nil {
		panic(err)
	}
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		close(start)
	}()
	if err := b.Run(context.Background()); err != nil {
		panic(err)
	}
}

// openCodes are the short codes of open rounds, by branch.
func openCodes(bot *Bot) (codes [benchUnits][]int) {
	err := bot.db.Read(func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT unit, code FROM prompt WHERE closed_at IS NULL ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var unit string
			var u, code int
			if err := rows.Scan(&unit, &code); err != nil {
				return err
			}
			if _, err := fmt.Sscanf(unit, "u%d", &u); err != nil {
				return err
			}
			codes[u] = append(codes[u], code)
		}
		return rows.Err()
	})
	if err != nil {
		panic(err)
	}
	return codes
}

// BenchmarkShare is 10,000 answers of the members of two accounts, in one process and
// in two.
func BenchmarkShare(b *testing.B) {
	for _, processes := range []int{1, 2} {
		b.Run(fmt.Sprintf("processes=%d", processes), func(b *testing.B) {
			var took time.Duration
			for range b.N {
				took += shared(b, processes)
			}
			b.ReportMetric(float64(b.N)*benchUnits*benchMembers*benchRounds/took.Seconds(), "answers/s")
		})
	}
}

func shared(b *testing.B, processes int) time.Duration {
	source, _ := storetest.Postgres.Empty(b)
	setup, err := shareBot(source, &crowd{id: "a"}, &crowd{id: "b"})
	if err != nil {
		b.Fatal(err)
	}
	defer setup.db.Close()
	err = setup.db.Write(func(tx *store.Tx) error {
		for i := range benchUnits * benchMembers {
			staff := fmt.Sprint(i)
			if err := setup.bindStaff(tx, chat.AccountID(shareAccount(i/benchMembers)), staff, chat.UserID(staff), ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	nextRounds(b, setup)
	said := make(chan string, 100)
	var inputs []io.Writer
	for range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asProgram+"=answers", shareAt+"="+source)
		cmd.Stderr = os.Stderr
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			b.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		inputs = append(inputs, in)
		go func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				said <- lines.Text()
			}
		}()
	}
	waitSpread(b, setup, processes)
	began := time.Now()
	for _, in := range inputs {
		fmt.Fprintln(in)
	}
	for done := 0; done < 2; {
		line := <-said
		if strings.HasPrefix(line, "done") {
			done++
			if !strings.HasSuffix(line, "<nil>") {
				b.Fatal(line)
			}
		}
	}
	took := time.Since(began)
	var answers int
	err = setup.db.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM answer`).Scan(&answers) })
	if err != nil || answers != benchUnits*benchMembers*benchRounds {
		b.Fatalf("%d answers are stored (%v)", answers, err)
	}
	return took
}

// waitSpread waits until each process has as many accounts as the others.
func waitSpread(b *testing.B, setup *Bot, processes int) {
	for range 1000 {
		_, roles, err := setup.db.Shared()
		if err != nil {
			b.Fatal(err)
		}
		owners := map[string]bool{}
		accounts := 0
		for _, h := range roles {
			if h.Role != store.House {
				accounts++
				owners[h.Owner] = true
			}
		}
		if accounts == 2 && len(owners) == processes {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	b.Fatal("the accounts are not spread")
}
