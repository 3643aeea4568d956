package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"branchbot/adapters/wechat/wechattest"
)

const wechatMembers = 40

// kill -9 in the midst of 400 answers on WeChat: after the hot login the old
// sync key brings what was not stored, and every answer counts once.
func TestWeChatKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	we := wechattest.New(t)
	we.LoginAlways(true)
	we.AddFriend(wechattest.Person{ID: "s", Nick: "s", Remark: "书记"})
	group := wechattest.Group{ID: "branch", Title: "示范党支部群", Members: []wechattest.Member{{ID: "s", Nick: "s", Display: "书记"}}}
	var b strings.Builder
	b.WriteString("listen: 127.0.0.1:0\nconduct: {quiet_hours: \"off\"}\naccounts: [{id: wx, platform: wechat, accept_risk: true, budget: {every: 1s}}]\n" +
		"units:\n  - id: demo\n    name: 示范党支部\n    members:\n      - {name: 书记, staff: \"s\", roles: [secretary]}\n")
	for i := range wechatMembers {
		id, name := fmt.Sprint("p", i), fmt.Sprint("成员", i)
		we.AddFriend(wechattest.Person{ID: id, Nick: id, Remark: name})
		group.Members = append(group.Members, wechattest.Member{ID: id, Nick: id, Display: name})
		fmt.Fprintf(&b, "      - {name: %s, staff: \"%d\"}\n", name, i)
	}
	we.AddGroup(group)
	b.WriteString("points: {rules: [{id: quiz-answered, on: quiz.answered, points: 1}]}\n")
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(wechatAt, we.Addr())
	file := filepath.Join(filepath.Dir(config), "data", "branchbot.db")
	p := spawn(t, config)
	eventually(t, "the login", func() bool { return we.Count("webwxinit") == 1 })
	we.WaitSynced(t)
	we.Say("", "s", "/加入 "+code(t, file, "s"))
	we.Say("branch", "s", "/绑定")
	we.Say("branch", "s", "/出题 org-001")
	for i := range wechatMembers {
		we.Say("", fmt.Sprint("p", i), "/加入 "+code(t, file, fmt.Sprint(i)))
	}
	we.WaitSynced(t)
	eventually(t, "the round", func() bool { return count(t, file, `SELECT COUNT(*) FROM round`) == 1 })
	say := func(from, to int) { // the tenth answer of everybody is B, and it is the last
		for n := from; n < to; n++ {
			for i := range wechatMembers {
				we.Say("branch", fmt.Sprint("p", i), string(rune('A'+n%4)))
			}
		}
	}
	say(0, 3)
	eventually(t, "the first answers", func() bool { return count(t, file, `SELECT COUNT(*) FROM answer`) == wechatMembers })
	say(3, 7)
	p.kill()
	say(7, 10)
	left := we.Pending()
	if left < 3*wechatMembers {
		t.Fatalf("%d messages wait, of those that nobody could hear", left)
	}
	p = spawn(t, config)
	we.WaitSynced(t)
	p.kill()
	t.Logf("killed with %d of 400 messages to come", left)
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM answer`:                   wechatMembers,
		`SELECT COUNT(*) FROM answer WHERE value = 'B'`: wechatMembers,
		`SELECT COUNT(*) FROM ledger`:                   wechatMembers,
		`SELECT COUNT(*) FROM pending_answer`:           0,
		`SELECT COUNT(*) FROM dead_letter`:              0,
		`SELECT COUNT(*) FROM event_seen`:               10*wechatMembers + wechatMembers + 3,
	} {
		if n := count(t, file, query); n != want {
			t.Errorf("%s is %d, want %d", query, n, want)
		}
	}
}
