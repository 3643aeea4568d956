package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"branchbot/adapters/telegram/telegramtest"
	"branchbot/bot/roster"
	"branchbot/store"
)

const killGroup = -1005000

func telegramKillConfig(t *testing.T, api string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "listen: 127.0.0.1:0\nconduct: {quiet_hours: \"off\"}\naccounts: [{id: tg, platform: telegram, token: \"%s\", api_url: \"%s\"}]\n"+
		"units:\n  - id: demo\n    name: 示范党支部\n    chats: [\"tg:%d\"]\n    members:\n      - {name: 书记, staff: \"s\", roles: [secretary]}\n",
		telegramtest.DefaultToken, api, killGroup)
	for i := range killMembers {
		fmt.Fprintf(&b, "      - {name: 成员%d, staff: \"%d\"}\n", i, i)
	}
	b.WriteString("points: {rules: [{id: quiz-answered, on: quiz.answered, points: 1}]}\n")
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// eventually waits for something that another process does.
func eventually(t *testing.T, what string, there func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !there() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// count is the result of a query on the database of another process.
func count(t *testing.T, file, query string) (n int) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+file, store.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Read(func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// code makes a join code in a database, as branchbot invite does.
func code(t *testing.T, file, staff string) (code string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+file, store.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(func(tx *store.Tx) error {
		m, err := roster.ByStaff(tx, staff)
		if err == nil {
			code, err = roster.Code(tx, m.ID, roster.Maker{})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// kill -9 in the midst of 2,000 presses: Telegram delivers again what was not
// confirmed, and every press counts once.
func TestTelegramKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	city := telegramtest.New(telegramtest.Options{})
	t.Cleanup(city.Start())
	city.Group(killGroup, "示范党支部群")
	city.Person(9999, "书记")
	var people []int64
	for i := range killMembers {
		people = append(people, city.Person(int64(10_000+i), fmt.Sprintf("成员%d", i)).ID)
	}
	config := telegramKillConfig(t, city.URL)
	file := filepath.Join(filepath.Dir(config), "data", "branchbot.db")
	p := spawn(t, config)
	city.Say(telegramtest.Said{Chat: 9999, From: 9999, Text: "/加入 " + code(t, file, "s")})
	for i, user := range people {
		city.Say(telegramtest.Said{Chat: user, From: user, Text: "/加入 " + code(t, file, fmt.Sprint(i))})
	}
	city.Say(telegramtest.Said{Chat: killGroup, From: 9999, Text: "/出题 org-001"})
	var question telegramtest.Message
	eventually(t, "the question", func() bool {
		shown := city.Shown(killGroup)
		i := slices.IndexFunc(shown, func(m telegramtest.Message) bool { return len(m.Buttons) > 0 })
		if i >= 0 {
			question = shown[i]
		}
		return i >= 0
	})
	for n := range 10 { // the tenth of everybody is B, and it is the last
		city.Presses(killGroup, question.ID, question.Buttons[0][n%4].Data, people...)
	}
	eventually(t, "the first third", func() bool { return city.Answered() > 700 })
	p.kill()
	left := city.Pending()
	if left == 0 {
		t.Fatal("all was received before the kill")
	}
	p = spawn(t, config)
	eventually(t, "the rest", func() bool { return city.Pending() == 0 })
	p.kill()
	t.Logf("killed with %d of 2,000 presses to come", left)
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM answer`:                              killMembers,
		`SELECT COUNT(*) FROM answer WHERE value = 'B'`:            killMembers,
		`SELECT COUNT(*) FROM ledger`:                              killMembers,
		`SELECT COUNT(*) FROM event_seen WHERE key LIKE 'cpress%'`: 10 * killMembers,
		`SELECT COUNT(*) FROM dead_letter`:                         0,
	} {
		if n := count(t, file, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
	if n := len(city.Shown(killGroup)); n > 6 {
		t.Errorf("the group got %d messages", n)
	}
}
