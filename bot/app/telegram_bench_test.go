package app

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	telegram "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	_ "modernc.org/sqlite"

	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/store"
)

// The crowd of BenchmarkTelegramAnswers: each of 500 people in 50 groups answers
// 40 questions by buttons.
const (
	crowdRounds  = 40
	crowdAnswers = benchUnits * benchMembers * crowdRounds
)

func crowdGroup(unit int) int64  { return -1_000_000_000_000 - int64(unit) }
func crowdUser(member int) int64 { return int64(1_000_000 + member) }

// asProgram, set in the environment, makes the test binary one of the programs
// of the benchmarks.
const asProgram = "BRANCHBOT_TEST_PROGRAM"

func TestMain(m *testing.M) {
	programs := map[string]func(){"telegram": telegramServer, "naive": naiveBot, "answers": answersProcess}
	if program := programs[os.Getenv(asProgram)]; program != nil {
		program()
		return
	}
	os.Exit(m.Run())
}

// telegramServer is the fake in a process of its own. Commands come by stdin,
// answers go to stdout, a line each.
func telegramServer() {
	limits := telegramtest.Limits{}
	if os.Getenv("LIMITS") != "" {
		limits = telegramtest.TelegramLimits
	}
	var mu sync.Mutex
	asked, waits := map[int64]time.Time{}, []time.Duration{} // of private questions
	var first, last time.Time                                // message to a group
	shown := func(chat int64) {
		mu.Lock()
		defer mu.Unlock()
		if at, ok := asked[chat]; ok {
			waits = append(waits, time.Since(at))
			delete(asked, chat)
		} else if chat < 0 {
			if last = time.Now(); first.IsZero() {
				first = last
			}
		}
	}
	s := telegramtest.New(telegramtest.Options{Forget: true, Limits: limits, Shown: shown})
	for m := range benchUnits * benchMembers {
		s.Person(crowdUser(m), fmt.Sprint("成员", m))
	}
	groups, _ := strconv.Atoi(os.Getenv("GROUPS"))
	for u := range max(groups, benchUnits) {
		s.Group(crowdGroup(u), fmt.Sprint("支部", u))
	}
	for m := range benchUnits * benchMembers {
		s.Open(crowdUser(m), "")
	}
	s.Forget()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, s)
	fmt.Println("http://" + l.Addr().String())
	for scan := bufio.NewScanner(os.Stdin); scan.Scan(); {
		verb, rest, _ := strings.Cut(scan.Text(), " ")
		switch verb {
		case "press": // unit prompt, of each member of the unit
			var unit, prompt int
			fmt.Sscan(rest, &unit, &prompt)
			var users []int64
			for m := range benchMembers {
				users = append(users, crowdUser(unit*benchMembers+m))
			}
			s.Presses(crowdGroup(unit), 1, fmt.Sprintf("p:%d:%c", prompt, 'A'+prompt%4), users...)
		case "ask":
			var member int
			fmt.Sscan(rest, &member)
			mu.Lock()
			asked[crowdUser(member)] = time.Now()
			mu.Unlock()
			s.Say(telegramtest.Said{Chat: crowdUser(member), From: crowdUser(member), Text: "/我的数据"})
		case "waits": // how many, the 99th percentile and the worst in milliseconds; how long the broadcast took
			mu.Lock()
			slices.Sort(waits)
			n := len(waits)
			fmt.Println(n, waits[max(n*99/100-1, 0)].Milliseconds(), waits[n-1].Milliseconds(), last.Sub(first).Milliseconds())
			mu.Unlock()
		case "stat":
			fmt.Println(s.Answered(), s.Pending(), s.Limited(), s.Sends())
		}
	}
}

// naiveBot is a bot as the library's examples show it: polling by the library,
// one transaction with a full sync per answer on one writer connection, then the
// toast.
func naiveBot() {
	db, err := sql.Open("sqlite", "file:"+os.Getenv("DATABASE")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE answer (prompt INTEGER, user INTEGER, value TEXT, at INTEGER, PRIMARY KEY (prompt, user))`); err != nil {
		panic(err)
	}
	handler := func(ctx context.Context, b *telegram.Bot, u *models.Update) {
		if u.CallbackQuery == nil {
			return
		}
		parts := strings.Split(u.CallbackQuery.Data, ":")
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO answer (prompt, user, value, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (prompt, user) DO UPDATE SET value = excluded.value, at = excluded.at`, parts[1], u.CallbackQuery.From.ID, parts[2], time.Now().UnixMilli())
		if err != nil {
			tx.Rollback()
			return
		}
		if tx.Commit() != nil {
			return
		}
		b.AnswerCallbackQuery(ctx, &telegram.AnswerCallbackQueryParams{CallbackQueryID: u.CallbackQuery.ID, Text: "已记录：" + parts[2]})
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	b, err := telegram.New(telegramtest.DefaultToken, telegram.WithServerURL(os.Getenv("API")), telegram.WithDefaultHandler(handler),
		telegram.WithHTTPClient(time.Minute, &http.Client{Transport: transport}), telegram.WithErrorsHandler(func(error) {}))
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("ready")
	b.Start(ctx)
}

// child is one of the programs in a process of its own.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startChild(b *testing.B, program string, args []string, env ...string) *child {
	b.Helper()
	c := &child{cmd: exec.Command(os.Args[0], args...)}
	c.cmd.Env = append(append(os.Environ(), asProgram+"="+program), env...)
	c.cmd.Stderr = os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return c
}

func (c *child) line() string { c.out.Scan(); return c.out.Text() }

func (c *child) end() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

// used is the CPU time of a process so far, and its peak memory in bytes.
func (c *child) used(b *testing.B) (cpu time.Duration, peak int64) {
	b.Helper()
	dir := fmt.Sprintf("/proc/%d/", c.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		b.Skip("this benchmark reads /proc")
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	status, _ := os.ReadFile(dir + "status")
	_, high, _ := strings.Cut(string(status), "VmHWM:")
	kib, _ := strconv.ParseInt(strings.Fields(high)[0], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, kib << 10 // 100 ticks a second
}

// stat asks the fake for a number: answered, pending, limited, sends.
func (c *child) stat(i int) int {
	fmt.Fprintln(c.in, "stat")
	n, _ := strconv.Atoi(strings.Fields(c.line())[i])
	return n
}

func (c *child) await(b *testing.B, what string, there func() bool) {
	b.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for !there() {
		if time.Now().After(deadline) {
			b.Fatalf("%s does not come", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// crowdFolder is a folder with the database of a bot that has asked crowdRounds
// questions in each group, as when the crowd comes. prompts are by round and
// unit.
func crowdFolder(b *testing.B) (dir string, prompts [][]int64) {
	b.Helper()
	dir, bot := crowdBot(b)
	defer bot.db.Close()
	askAll(b, bot, crowdRounds)
	prompts = make([][]int64, crowdRounds)
	err := bot.db.Write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE outbox SET state = 'sent', settled_at = 0`); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT id, unit FROM prompt ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for n := 0; rows.Next(); n++ {
			var id int64
			var unit string
			if err := rows.Scan(&id, &unit); err != nil {
				return err
			}
			if unit != fmt.Sprint("u", n%benchUnits) {
				return fmt.Errorf("prompt %d is of unit %s", id, unit)
			}
			prompts[n/benchUnits] = append(prompts[n/benchUnits], id)
		}
		return rows.Err()
	})
	if err != nil {
		b.Fatal(err)
	}
	return dir, prompts
}

// askAll asks so many questions in each group.
func askAll(b *testing.B, bot *Bot, rounds int) {
	b.Helper()
	err := bot.db.Write(func(tx *store.Tx) error {
		for i := range benchUnits * rounds {
			_, err := tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key) VALUES ($1, 'schedule', 'now', $2, $3)`, tx.Millis(),
				fmt.Sprintf(`{"unit":"u%d","action":"quiz","args":{"from":"starter/org-001","close_after":"24h"}}`, i%benchUnits), fmt.Sprint("crowd:", i))
			if err != nil {
				return err
			}
		}
		return nil
	})
	for n := 1; n > 0 && err == nil; {
		n, err = bot.engine.FireDue()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// crowdBot is the bot of the crowd in a folder of its own.
func crowdBot(b *testing.B) (dir string, made *Bot) {
	b.Helper()
	dir = b.TempDir()
	text := strings.ReplaceAll(benchConfig(), "{id: bench, platform: web}", `{id: tg, platform: telegram, token: "`+telegramtest.DefaultToken+`", api_url: "http://API"}`)
	for u := range benchUnits {
		text = strings.Replace(text, fmt.Sprintf("bench:c%d\"", u), fmt.Sprintf("tg:%d\"", crowdGroup(u)), 1)
	}
	text = strings.Replace(text, "sqlite:x.db", "sqlite:crowd.db\nlisten: 127.0.0.1:0", 1)
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := config.Load("config.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		b.Fatal(err)
	}
	s, err := ReadSettings(f)
	if err != nil {
		b.Fatal(err)
	}
	library, err := OpenLibrary(s)
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(context.Background(), "sqlite:"+filepath.Join(dir, "crowd.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	bot, err := Open(s, library, db, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	err = db.Write(func(tx *store.Tx) error {
		for m := range benchUnits * benchMembers {
			if err := bot.bindStaff(tx, "tg", fmt.Sprint(m), chat.UserID(fmt.Sprint(crowdUser(m))), chat.ChatID(fmt.Sprint(crowdUser(m)))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return dir, bot
}

// crowdRun has the crowd answer one program, and measures that.
type crowdRun struct {
	rate, cpu, peak float64 // answers a second, CPU microseconds an answer, peak MiB
}

func runCrowd(b *testing.B, prompts [][]int64, program func(api string) *child) crowdRun {
	b.Helper()
	server := startChild(b, "telegram", nil)
	defer server.end()
	bot := program(server.line())
	defer bot.end()
	// A first press shows that it receives.
	fmt.Fprintln(server.in, "press 0", prompts[0][0])
	server.await(b, "the bot", func() bool { return server.stat(0) == benchMembers })
	before, _ := bot.used(b)
	began := time.Now()
	for round, units := range prompts {
		for unit, prompt := range units {
			if round+unit > 0 {
				fmt.Fprintln(server.in, "press", unit, prompt)
			}
		}
	}
	server.await(b, "the last answer", func() bool { return server.stat(0) == crowdAnswers })
	took := time.Since(began)
	after, peak := bot.used(b)
	const answers = crowdAnswers - benchMembers
	return crowdRun{answers / took.Seconds(), float64((after - before).Microseconds()) / answers, float64(peak) / (1 << 20)}
}

// BenchmarkTelegramAnswers is 20,000 answers by buttons from 500 people in 50
// groups over long polling, durable and each with its toast: our program, and a
// bot of the same library that commits each answer, in turn. The fake server is
// a process of its own. Run it with -benchtime 1x.
func BenchmarkTelegramAnswers(b *testing.B) {
	const rounds = 3
	var ours, naive [rounds]crowdRun
	for i := range rounds {
		dir, prompts := crowdFolder(b)
		file := filepath.Join(dir, "config.yaml")
		ours[i] = runCrowd(b, prompts, func(api string) *child { return ourBot(b, file, api) })
		checkCrowd(b, filepath.Join(dir, "crowd.db"), "SELECT COUNT(*) FROM answer WHERE value <> ''")
		file = filepath.Join(b.TempDir(), "naive.db")
		naive[i] = runCrowd(b, prompts, func(api string) *child {
			c := startChild(b, "naive", nil, "API="+api, "DATABASE="+file)
			c.line()
			return c
		})
		checkCrowd(b, file, "SELECT COUNT(*) FROM answer WHERE value <> ''")
		b.Logf("round %d: ours %+v, one by one %+v", i, ours[i], naive[i])
	}
	median := func(runs [rounds]crowdRun, of func(crowdRun) float64) float64 {
		var all []float64
		for _, r := range runs {
			all = append(all, of(r))
		}
		slices.Sort(all)
		return all[rounds/2]
	}
	for _, m := range []struct {
		unit string
		of   func(crowdRun) float64
	}{
		{"answers/s", func(r crowdRun) float64 { return r.rate }},
		{"µs-CPU/answer", func(r crowdRun) float64 { return r.cpu }},
		{"MiB", func(r crowdRun) float64 { return r.peak }},
	} {
		mine, theirs := median(ours, m.of), median(naive, m.of)
		b.ReportMetric(mine, m.unit)
		b.ReportMetric(theirs, "naive-"+m.unit)
		b.ReportMetric(mine/theirs, "ratio-"+m.unit)
	}
}

// ourBot starts the program.
func ourBot(b *testing.B, file, api string) *child {
	b.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), "http://API", api, 1)), 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
	c := startChild(b, "1", []string{"--config", file})
	for !strings.HasPrefix(c.line(), "ready") {
	}
	return c
}

// BenchmarkTelegramBroadcast sends a question to 3,000 groups of a server that
// enforces 30 messages a second, while somebody asks in private twice a second.
// Run it with -benchtime 1x; it takes two minutes.
func BenchmarkTelegramBroadcast(b *testing.B) {
	const groups = 3000
	dir, bot := crowdBot(b)
	err := bot.db.Write(func(tx *store.Tx) error {
		for g := benchUnits; g < groups; g++ {
			unit, id := fmt.Sprint("u", g%benchUnits), chat.ChatID(fmt.Sprint(crowdGroup(g)))
			if err := bot.features.directory.BindChat(tx, "tg", id, unit, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	askAll(b, bot, 1)
	if err := bot.db.Close(); err != nil {
		b.Fatal(err)
	}
	server := startChild(b, "telegram", nil, "LIMITS=1", fmt.Sprint("GROUPS=", groups))
	defer server.end()
	program := ourBot(b, filepath.Join(dir, "config.yaml"), server.line())
	defer program.end()
	asked := 0
	server.await(b, "the last group", func() bool {
		time.Sleep(500 * time.Millisecond)
		sent := server.stat(3)
		if sent > 60 && sent < groups {
			fmt.Fprintln(server.in, "ask", asked%(benchUnits*benchMembers))
			asked++
		}
		return sent >= groups+asked
	})
	fmt.Fprintln(server.in, "waits")
	var n, p99, worst, took int
	fmt.Sscan(server.line(), &n, &p99, &worst, &took)
	sent := float64(groups + asked - 1)
	b.ReportMetric(sent/float64(took)*1000, "messages/s")
	b.ReportMetric(sent/float64(took)*1000/30*100, "%-of-limit")
	b.ReportMetric(float64(server.stat(2)), "refused-429")
	b.ReportMetric(float64(p99), "ms-private-p99")
	b.ReportMetric(float64(worst), "ms-private-worst")
	if n != asked {
		b.Errorf("%d of %d private questions were answered", n, asked)
	}
}

// checkCrowd makes sure that what was measured was done.
func checkCrowd(b *testing.B, file, query string) {
	b.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(query).Scan(&n); err != nil || n != crowdAnswers {
		b.Fatalf("%s: %d answers, want %d (%v)", file, n, crowdAnswers, err)
	}
}
