//go:build unix

package cli_test

import (
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/points"
	"branchbot/store"
)

// rounds is how often TestSharing goes through its faults; a night does it more often.
func rounds() int {
	n, err := strconv.Atoi(os.Getenv("BRANCHBOT_TEST_ROUNDS"))
	if err != nil {
		return 1
	}
	return n
}

const (
	// patience is for a busy machine; an idle one needs a fifth of it, and the times are
	// logged.
	patience = time.Minute
	// atOnce is shorter than a lease: nobody waited for its end.
	atOnce = 12 * time.Second
)

// Several processes share the accounts of one database while people answer, secretaries
// send notices and a schedule runs each minute. Owners are killed, frozen and stopped in
// turn, and the server is stopped in the midst. Then the histories must fit.
func TestSharing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	w := newWorld(t)
	for round := range rounds() {
		t.Logf("round %d", round+1)
		w.begin(2)
		w.spread()
		w.goesOn("two processes", patience, "a", "b")
		w.pagesAtOwner()
		w.status()
		w.onlyAside() // the webhook of b, called in the process that does not have it

		killed := w.owner("account:a")
		w.log("kill -9 of the owner of a, %s", killed.owner)
		if err := killed.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		w.gone(killed)
		w.taken(killed, "account:a", patience)
		w.goesOn("after the kill", patience, "a", "b")
		w.begin(2)
		w.spread()

		frozen := w.owner("account:b")
		w.log("the owner of b, %s, is frozen", frozen.owner)
		if err := frozen.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		w.gone(frozen)
		w.taken(frozen, "account:b", patience)
		w.goesOn("after the freeze", patience, "a", "b")
		w.log("it wakes up")
		if err := frozen.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		w.back(frozen)
		w.spread()

		w.log("connections are cut")
		for range 5 {
			w.cut()
			w.goesOn("after the cut", patience, "a", "b")
		}

		w.log("the server is stopped and started anew")
		w.server.restart(t)
		w.goesOn("after the restart of the server", patience, "a", "b")
		w.spread()

		stopped := w.owner("account:a")
		w.log("the owner of a, %s, is asked to stop", stopped.owner)
		if err := stopped.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		w.gone(stopped)
		w.taken(stopped, "account:a", atOnce)
		if err := stopped.cmd.Wait(); err != nil {
			t.Errorf("it does not end well: %v", err)
		}
		w.goesOn("after the stop", patience, "a", "b")
	}
	w.end()
	w.check()
}

// The world has two accounts of Telegram: a asks for its updates, b is called. The
// branch a has a group on a, b on b, both on both. A member answers on one of them.
const (
	worldMembers = 60
	groupA       = -1005001
	groupB       = -1005002
	groupBothA   = -1005003
	groupBothB   = -1005004
)

type world struct {
	*testing.T
	server *server
	config string
	dir    string
	db     *store.DB
	began  time.Time

	cities  map[string]*telegramtest.Server
	hook    *httptest.Server
	running []*sharer

	mu       sync.Mutex
	targets  []string       // addresses that the webhook of b is handed on to
	last     map[int]string // what each member has pressed last
	pressed  map[string]int // by account
	notices  []string
	stopping chan struct{}
	crowd    sync.WaitGroup
	question map[int64]telegramtest.Message // by group
}

// sharer is a process of several.
type sharer struct {
	*worker
	address, owner string
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, server: ownServer(t), dir: t.TempDir(), began: time.Now(), last: map[int]string{}, pressed: map[string]int{},
		stopping: make(chan struct{}), question: map[int64]telegramtest.Message{}, cities: map[string]*telegramtest.Server{}}
	for account, groups := range map[string][]int64{"a": {groupA, groupBothA}, "b": {groupB, groupBothB}} {
		city := telegramtest.New(telegramtest.Options{Token: map[string]string{"a": "1111:aaa", "b": "2222:bbb"}[account]})
		w.Cleanup(city.Start())
		w.cities[account] = city
		for _, g := range groups {
			city.Group(g, "群")
		}
		city.Person(9999, "书记")
		city.Person(9998, "另一位书记")
		for m := range worldMembers {
			city.Person(int64(10_000+m), fmt.Sprintf("成员%d", m))
		}
	}
	w.hook = httptest.NewServer(http.HandlerFunc(w.handOn))
	w.Cleanup(w.hook.Close)
	w.writeConfig()
	return w
}

func (w *world) writeConfig() {
	var b strings.Builder
	fmt.Fprintf(&b, "database: %s\nlisten: 127.0.0.1:0\nconduct: {quiet_hours: \"off\", notices_per_day: 20}\naccounts:\n"+
		"  - {id: a, platform: telegram, token: \"1111:aaa\", api_url: %q}\n"+
		"  - {id: b, platform: telegram, token: \"2222:bbb\", api_url: %q, webhook: {url: %q, secret: s}}\n"+
		"  - {id: w, platform: web}\nunits:\n",
		w.server.source, w.cities["a"].URL, w.cities["b"].URL, w.hook.URL+"/hook")
	for i, unit := range []string{"a", "b", "both"} {
		chats := map[string]string{"a": fmt.Sprintf(`"a:%d"`, groupA), "b": fmt.Sprintf(`"b:%d"`, groupB),
			"both": fmt.Sprintf(`"a:%d", "b:%d"`, groupBothA, groupBothB)}[unit]
		fmt.Fprintf(&b, "  - id: %s\n    name: %s支部\n    chats: [%s]\n    members:\n      - {name: 书记, staff: \"s-%s\", roles: [secretary]}\n", unit, unit, chats, unit)
		for m := i; m < worldMembers; m += 3 {
			fmt.Fprintf(&b, "      - {name: 成员%d, staff: \"%d\"}\n", m, m)
		}
	}
	b.WriteString("schedules:\n  - {id: each-minute, unit: both, cron: \"* * * * *\", do: checkin, close_after: 1m}\n" +
		"points: {rules: [{id: quiz-answered, on: quiz.answered, points: 1}, {id: check-in, on: checkin.on_time, points: 1}]}\n")
	w.config = filepath.Join(w.dir, "config.yaml")
	if err := os.WriteFile(w.config, []byte(b.String()), 0o600); err != nil {
		w.Fatal(err)
	}
}

// where is how a member answers: account and group. Of those of the branch both, every
// other one answers on each account.
func where(m int) (account string, group int64) {
	switch {
	case m%3 == 0:
		return "a", groupA
	case m%3 == 1:
		return "b", groupB
	case m%2 == 0:
		return "a", groupBothA
	}
	return "b", groupBothB
}

func (w *world) log(format string, args ...any) {
	w.Helper()
	w.Logf("%5.1f s: %s", time.Since(w.began).Seconds(), fmt.Sprintf(format, args...))
}

// begin starts processes until there are so many; the first time also the crowd.
func (w *world) begin(n int) {
	w.Helper()
	first := len(w.running) == 0 && w.db == nil
	for len(w.running) < n {
		p := &sharer{worker: work(w.T, w.config)}
		p.address = within(w.T, "a process works", p.ready, patience)
		w.running = append(w.running, p)
	}
	if first {
		var err error
		if w.db, err = store.Open(w.Context(), w.server.source, store.Options{Shared: true, Folder: w.dir}); err != nil {
			w.Fatal(err)
		}
		w.Cleanup(func() { w.db.Close() })
		w.bind()
	}
	w.aim()
	if first {
		w.ask()
	}
}

// bind makes everybody known, beside the running processes.
func (w *world) bind() {
	w.Helper()
	err := w.db.Write(func(tx *store.Tx) error {
		tx.Changes("directory")
		for m := range worldMembers {
			account, _ := where(m)
			_, err := tx.Exec(`INSERT INTO identity (account, user_id, member, private_chat, bound_at)
				SELECT $1, $2, id, $2, 0 FROM member WHERE staff = $3`, account, strconv.Itoa(10_000+m), strconv.Itoa(m))
			if err != nil {
				return err
			}
		}
		for _, secretary := range [][3]string{{"a", "9999", "s-a"}, {"b", "9999", "s-b"}, {"a", "9998", "s-both"}} {
			_, err := tx.Exec(`INSERT INTO identity (account, user_id, member, private_chat, bound_at)
				SELECT $1, $2, id, $2, 0 FROM member WHERE staff = $3`, secretary[0], secretary[1], secretary[2])
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// aim has the webhook be handed on to all that run.
func (w *world) aim() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets = nil
	for _, p := range w.running {
		w.targets = append(w.targets, p.address)
	}
}

// handOn hands a call of the webhook on to one of the processes, as a load balancer
// does.
func (w *world) handOn(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	var to string
	if len(w.targets) > 0 {
		to = w.targets[rand.N(len(w.targets))]
	}
	w.mu.Unlock()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})
	proxy.ErrorHandler = func(out http.ResponseWriter, _ *http.Request, _ error) { out.WriteHeader(http.StatusBadGateway) }
	proxy.Transport = &http.Transport{ResponseHeaderTimeout: 2 * time.Second, DisableKeepAlives: true}
	proxy.ServeHTTP(out, r)
}

// ask posts the question in all groups, and begins the crowd.
func (w *world) ask() {
	w.Helper()
	w.crowd.Go(w.deliver)
	w.cities["a"].Say(telegramtest.Said{Chat: groupA, From: 9999, Text: "/出题 org-001"})
	w.cities["b"].Say(telegramtest.Said{Chat: groupB, From: 9999, Text: "/出题 org-001"})
	w.cities["a"].Say(telegramtest.Said{Chat: groupBothA, From: 9998, Text: "/出题 org-001"})
	for _, g := range []int64{groupA, groupB, groupBothA, groupBothB} {
		city := w.cities["a"]
		if g == groupB || g == groupBothB {
			city = w.cities["b"]
		}
		eventually(w.T, fmt.Sprintf("the question in %d", g), func() bool {
			shown := city.Shown(g)
			i := slices.IndexFunc(shown, func(m telegramtest.Message) bool { return len(m.Buttons) > 0 && len(m.Buttons[0]) == 4 })
			if i >= 0 {
				w.question[g] = shown[i]
			}
			return i >= 0
		})
	}
	for account := range w.cities {
		w.crowd.Go(func() { w.press(account) })
		w.crowd.Go(func() { w.notify(account) })
	}
}

func (w *world) stopped(after time.Duration) bool {
	select {
	case <-w.stopping:
		return true
	case <-time.After(after):
		return false
	}
}

// deliver has Telegram call the webhook of b.
func (w *world) deliver() {
	for !w.stopped(20*time.Millisecond) || w.cities["b"].Pending() > 0 {
		w.cities["b"].Deliver(w.Context())
		if w.Context().Err() != nil {
			return
		}
	}
}

// press has members answer, each again and again.
func (w *world) press(account string) {
	city := w.cities[account]
	dice := rand.New(rand.NewPCG(1, uint64(len(account))))
	for n := 0; !w.stopped(30 * time.Millisecond); n++ {
		m := dice.IntN(worldMembers)
		at, group := where(m)
		if at != account || city.Pending() > 100 {
			continue
		}
		value := n % 4
		city.Press(group, int64(10_000+m), w.question[group].ID, w.question[group].Buttons[0][value].Data)
		w.mu.Lock()
		w.last[m] = string(rune('A' + value))
		w.pressed[account]++
		w.mu.Unlock()
	}
}

// notify has the secretaries send notices.
func (w *world) notify(account string) {
	groups := map[string][]int64{"a": {groupA, groupBothA}, "b": {groupB}}[account]
	for n := 1; n < 20 && !w.stopped(5*time.Second); n++ {
		if w.cities[account].Pending() > 100 {
			continue
		}
		for _, g := range groups {
			text := fmt.Sprintf("%s第%d号%d", account, n, g)
			secretary := int64(9999)
			if g == groupBothA {
				secretary = 9998
			}
			w.cities[account].Say(telegramtest.Said{Chat: g, From: secretary, Text: "/通知 " + text})
			w.mu.Lock()
			w.notices = append(w.notices, text)
			w.mu.Unlock()
		}
	}
}

// confirmed is how many presses of an account are known to be stored.
func (w *world) confirmed(account string) int {
	w.mu.Lock()
	n := w.pressed[account]
	w.mu.Unlock()
	return n - w.cities[account].Pending()
}

// goesOn waits until answers are stored on each of the accounts.
func (w *world) goesOn(what string, most time.Duration, accounts ...string) {
	w.Helper()
	began := time.Now()
	for _, account := range accounts {
		want := w.confirmed(account) + 30
		for w.confirmed(account) < want {
			if time.Since(began) > most {
				w.Fatalf("%s: %s does not go on within %v", what, account, most)
			}
			<-time.After(10 * time.Millisecond)
		}
	}
	w.log("%s: it goes on after %.1f s", what, time.Since(began).Seconds())
}

// holdings are the owners by role; nil while the server does not answer.
func (w *world) holdings() map[string]string {
	peers, roles, err := w.db.Shared()
	if err != nil {
		return nil
	}
	owners := map[string]string{}
	for _, h := range roles {
		owners[h.Role] = h.Owner
	}
	for _, p := range peers {
		for _, s := range w.running {
			if s.address == p.Address {
				s.owner = p.Owner
			}
		}
	}
	return owners
}

// spread waits until no process has two accounts more than another.
func (w *world) spread() {
	w.Helper()
	eventually(w.T, "an even spread", func() bool {
		owners := w.holdings()
		n := map[string]int{}
		for role, owner := range owners {
			if role != store.House {
				n[owner]++
			}
		}
		even := len(owners) == 4
		for _, p := range w.running {
			even = even && p.owner != "" && n[p.owner] >= 1 && n[p.owner] <= 2
		}
		return even
	})
}

// owner is the process that has a role.
func (w *world) owner(role string) *sharer {
	w.Helper()
	owner := w.holdings()[role]
	for _, p := range w.running {
		if p.owner == owner {
			return p
		}
	}
	w.Fatalf("nobody that runs has %s, but %q", role, owner)
	return nil
}

// gone takes a process out of those that run.
func (w *world) gone(p *sharer) {
	w.running = slices.DeleteFunc(w.running, func(q *sharer) bool { return p == q })
	w.aim()
}

func (w *world) back(p *sharer) {
	w.running = append(w.running, p)
	w.aim()
}

// taken waits until another process has a role.
func (w *world) taken(from *sharer, role string, most time.Duration) {
	w.Helper()
	began := time.Now()
	for {
		if owner := w.holdings()[role]; owner != "" && owner != from.owner {
			break
		}
		if time.Since(began) > most {
			w.Fatalf("%s is not taken over within %v", role, most)
		}
		<-time.After(50 * time.Millisecond)
	}
	w.log("%s is taken over after %.1f s", role, time.Since(began).Seconds())
}

// pagesAtOwner looks at the pages: the room is at its owner's, the rest anywhere.
func (w *world) pagesAtOwner() {
	w.Helper()
	owner := w.owner("account:w")
	for _, p := range w.running {
		get := func(path string) (status int, retry, text string) {
			r, err := http.Get("http://" + p.address + path)
			if err != nil {
				w.Fatal(err)
			}
			defer r.Body.Close()
			body, _ := io.ReadAll(r.Body)
			return r.StatusCode, r.Header.Get("Retry-After"), string(body)
		}
		eventually(w.T, "readiness of "+p.owner+" with all accounts online", func() bool {
			status, _, text := get("/readyz")
			return status == http.StatusOK && strings.Contains(text, `"a":"online"`) && strings.Contains(text, `"b":"online"`)
		})
		if _, _, text := get("/metrics"); strings.Contains(text, `branchbot_role_owned{role="account:w"} 1`) != (p == owner) {
			w.Errorf("the metrics of %s name the wrong roles", p.owner)
		}
		if status, _, text := get("/console/enter"); status != http.StatusOK {
			w.Errorf("the console: %d %s", status, text)
		}
		if status, _, _ := get("/board/nothing"); status != http.StatusNotFound {
			w.Errorf("a board that there is not: %d", status)
		}
		status, retry, text := get("/")
		if p == owner && status != http.StatusOK {
			w.Errorf("the room at its owner's: %d", status)
		}
		if p != owner && (status != http.StatusServiceUnavailable || retry == "" || strings.Contains(text, owner.owner)) { // strangers are not told where it runs
			w.Errorf("the room elsewhere: %d, Retry-After %q, %s", status, retry, text)
		}
	}
}

// status is what branchbot status says.
func (w *world) status() {
	w.Helper()
	cmd := exec.Command(os.Args[0], "--config", w.config, "status")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	for _, want := range []string{"process:  " + w.running[0].owner + "  " + w.running[0].address + "  since ", w.running[1].owner, "account:a since ", "account:b since ", "house since "} {
		if err != nil || !strings.Contains(string(out), want) {
			w.Errorf("branchbot status does not say %q: %s (%v)", want, out, err)
		}
	}
}

// onlyAside has the webhook of b be called in a process that does not have b.
func (w *world) onlyAside() {
	w.Helper()
	owner := w.owner("account:b")
	w.mu.Lock()
	w.targets = slices.DeleteFunc(slices.Clone(w.targets), func(a string) bool { return a == owner.address })
	w.mu.Unlock()
	w.goesOn("calls taken by a process without the account", patience, "b")
	w.aim()
}

// cut ends all connections of the processes, as a failing network does.
func (w *world) cut() {
	w.Helper()
	w.number(`SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
}

// end stops the crowd and waits until everything has come to rest.
func (w *world) end() {
	w.Helper()
	eventually(w.T, "an occurrence", func() bool { return w.number(`SELECT COUNT(*) FROM occurrence`) > 0 })
	close(w.stopping)
	w.crowd.Wait()
	eventually(w.T, "the end of what Telegram has for us", func() bool { return w.cities["a"].Pending()+w.cities["b"].Pending() == 0 })
	eventually(w.T, "the end of what waits to be sent", func() bool { return w.number(`SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'sending')`) == 0 })
	for _, p := range w.running {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			w.Error(err)
		}
		if err := p.cmd.Wait(); err != nil {
			w.Errorf("a process does not end well: %v", err)
		}
	}
}

func (w *world) number(query string) (n int) {
	w.Helper()
	s, err := sql.Open("pgx", w.server.source)
	if err == nil {
		defer s.Close()
		err = s.QueryRow(query).Scan(&n)
	}
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// check compares what people did and saw with what is kept.
func (w *world) check() {
	w.Helper()
	presses := w.pressed["a"] + w.pressed["b"]
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM answer`:                                                             len(w.last),
		`SELECT COUNT(*) FROM ledger WHERE rule = 'quiz-answered'`:                                len(w.last),
		`SELECT COUNT(*) FROM event_seen WHERE key LIKE 'cpress%'`:                                presses,
		`SELECT COUNT(*) FROM dead_letter`:                                                        0,
		`SELECT COUNT(*) FROM notice`:                                                             len(w.notices),
		`SELECT COUNT(*) - (SELECT COUNT(*) FROM checkin) FROM occurrence WHERE NOT ` + stillOpen: 0,
		`SELECT COUNT(*) - COUNT(DISTINCT slot) FROM occurrence`:                                  0,
		`SELECT COUNT(*) FROM outbox WHERE state NOT IN ('sent', 'skipped') AND class = 'notice' AND NOT EXISTS
			(SELECT 1 FROM outbox r WHERE r.key = outbox.key || ':again')`: 0,
		// In the order of the chat, letters rise, but for counts, which are edited.
		`SELECT COUNT(*) FROM (SELECT o.id, LAG(o.id) OVER (PARTITION BY p.account, p.chat ORDER BY p.message::BIGINT) AS before
			FROM outbox_part p JOIN outbox o ON o.id = p.outbox WHERE o.class NOT IN ('progress', 'digest')) AS shown WHERE id < before`: 0,
	} {
		if n := w.number(query); n != want {
			w.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	if s := w.states(); s != "" {
		w.Errorf("occurrences that did not run: %s", s)
	}
	again := w.shownOnce()
	err := w.db.Read(func(tx *store.Tx) error {
		for m, value := range w.last {
			var got string
			err := tx.QueryRow(`SELECT value FROM answer WHERE member = (SELECT id FROM member WHERE staff = $1)`, strconv.Itoa(m)).Scan(&got)
			if err != nil || got != value {
				w.Errorf("member %d has pressed %s last, and %q counts (%v)", m, value, got, err)
			}
		}
		chains, err := points.Verify(tx)
		for _, v := range chains {
			if v.Bad != 0 {
				w.Errorf("ledger of %s: entry %d: %s", v.Unit, v.Bad, v.Reason)
			}
		}
		return err
	})
	if err != nil {
		w.Error(err)
	}
	w.log("%d answers of %d members and %d notices stored, all once; %d notices shown again, marked; %d occurrences",
		presses, len(w.last), len(w.notices), again, w.number(`SELECT COUNT(*) FROM occurrence`))
}

// stillOpen are the occurrences that did not run since the check-in before, which was
// opened late in the midst of a fault, was still open.
const stillOpen = `(state = 'skipped' AND reason LIKE 'checkin.running%')`

// states are what became of the other occurrences that did not run.
func (w *world) states() (text string) {
	w.Helper()
	s, err := sql.Open("pgx", w.server.source)
	if err == nil {
		defer s.Close()
		err = s.QueryRow(`SELECT COALESCE(string_agg(slot || ' ' || state || ' ' || reason, ', '), '') FROM occurrence WHERE state NOT IN ('done', 'fired') AND NOT ` + stillOpen).Scan(&text)
	}
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// shownOnce counts the notices that were shown again and marked so; all must be shown.
func (w *world) shownOnce() (again int) {
	shown := map[string]int{}
	for account, groups := range map[string][]int64{"a": {groupA, groupBothA}, "b": {groupB, groupBothB}} {
		for _, g := range groups {
			for _, m := range w.cities[account].Shown(g) {
				for _, text := range w.notices {
					if !strings.Contains(m.Text, text) {
						continue
					}
					if strings.Contains(m.Text, "补发") {
						again++
					} else {
						shown[text+" in "+strconv.FormatInt(g, 10)]++
					}
				}
			}
		}
	}
	want := 0
	for _, text := range w.notices {
		want++
		if strings.HasSuffix(text, strconv.Itoa(groupBothA)) {
			want++ // it is in both groups
		}
	}
	for text, n := range shown {
		if n != 1 {
			w.Errorf("%s was shown %d times without a mark", text, n)
		}
	}
	if len(shown)+again < want {
		w.Errorf("%d notices were shown and %d again, want %d", len(shown), again, want)
	}
	return again
}
