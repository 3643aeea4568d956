package attack

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/adapters/telegram/telegramtest"
)

// Names and numbers are known to colleagues: with them nobody becomes anybody, at no
// entry, and who asks from outside is not told whether there is such a person.
func TestNobodyBecomesSomebodyElse(t *testing.T) {
	t.Parallel()
	city := telegramtest.New(telegramtest.Options{})
	t.Cleanup(city.Start())
	p := start(t, configure(t, fmt.Sprintf(factory, fmt.Sprintf(`  - {id: tg, platform: telegram, token: "%s", api_url: "%s"}`, telegramtest.DefaultToken, city.URL))))
	pairs := []string{"李四 0003", "王敏 0001", "周书记 F001", "冯唐 1001", "0001 王敏", "王敏，0001"}
	nobodies := []string{"无此人 0003", "王敏 0009", "无此人 7777"}

	stranger := p.browser()
	for _, path := range []string{"/api/send", "/api/press", "/api/pages", "/api/file?id=event-1&name=x.csv"} {
		stranger.want(401, "a stranger at "+path)(stranger.json(path, map[string]any{"id": "event-001", "room": "a", "text": "/加入 王敏 0001"}))
	}
	_, nothing := stranger.post("/enter", "code", "AAAAA-BBBBB")
	for _, pair := range slices.Concat(pairs, nobodies)[:6] { // ten wrong ones at once, then they are slowed down
		if _, said := stranger.post("/enter", "code", pair); said != nothing {
			t.Errorf("the entry says of %q: %.200s", pair, said)
		}
	}

	secretary := p.enter("0001")
	hears := secretary.listen()
	member := p.enter("0002")
	own := member.listen()
	answers := map[string]bool{}
	for _, pair := range slices.Concat(pairs, nobodies) {
		before := len(own.all())
		member.want(200, pair)(member.send(own.private(), "/加入 "+pair))
		eventually(t, "an answer to "+pair, 20*time.Second, func() bool { return strings.Contains(own.all()[before:], `"bot":true`) })
		answers[botSays.FindStringSubmatch(own.all()[before:])[1]] = true
		member.want(200, pair)(member.send("a", "/加入 "+pair))
	}
	if len(answers) != 1 {
		t.Errorf("a member is told who there is: %v", answers)
	}
	member.console()
	member.want(403, "the roster, to a member")(member.get("/console/u/a/members"))
	member.want(403, "the factory, to a member")(member.get("/console/u/top/today"))

	// Outsiders of another platform, of which nobody has an account yet.
	said := map[string][]string{}
	for i, pair := range []string{"王敏 0001", "周书记 F001", "李四 0003", "无此人 0003", "张三 7777"} {
		user := int64(7000 + i)
		city.Person(user, "路人")
		city.Say(telegramtest.Said{Chat: user, From: user, Text: "/加入 " + pair})
		eventually(t, "an answer to "+pair, 20*time.Second, func() bool { return len(city.Shown(user)) > 0 })
		text := city.Shown(user)[0].Text
		said[text] = append(said[text], pair)
	}
	if len(said) != 1 {
		t.Errorf("an outsider is told who there is: %v", said)
	}
	hears.hears("member:mine:", 40*time.Second) // the secretary is asked, at their own account
	for id := range 6 {                         // who asks, presses the buttons themselves
		for _, verb := range []string{"mine", "yes", "all"} {
			data := fmt.Sprintf("member:%s:%d", verb, id+1)
			city.Press(7000, 7000, city.Shown(7000)[0].ID, data)
			member.json("/api/press", map[string]any{"id": fmt.Sprintf("press-%s-%d", verb, id), "room": own.private(), "seq": 1, "data": data})
		}
	}
	city.Say(telegramtest.Said{Chat: 7000, From: 7000, Text: "/加分 张三 100 x"})
	eventually(t, "all to be read", 20*time.Second, func() bool { return city.Pending() == 0 })
	if n := p.number(`SELECT COUNT(*) FROM identity WHERE account = 'tg'`); n != 0 {
		t.Errorf("%d outsiders are members", n)
	}
	if n := p.number(`SELECT COUNT(*) FROM identity i JOIN member m ON m.id = i.member WHERE m.staff IN ('0001', '0002')`); n != 2 {
		t.Errorf("%d accounts of the two members, want 2", n)
	}
	if n := p.number(`SELECT COUNT(*) FROM identity`); n != 2 {
		t.Errorf("%d accounts in all, want 2", n)
	}
	if n := p.number(`SELECT COUNT(*) FROM ledger`); n != 0 {
		t.Errorf("an outsider has given points")
	}
}

// botSays finds the text of what the bot says.
var botSays = regexp.MustCompile(`"bot":true.*?"spans":(\[.*?\])`)

// Whatever strangers try at the entries, from one address or several: a right join code
// and a right link to the console let in at the first try, from their addresses too.
func TestARightCodeEntersWhateverOthersTry(t *testing.T) {
	t.Parallel()
	p := start(t, configure(t, fmt.Sprintf(factory, "")))
	addresses := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"}
	rounds := 3
	if long {
		rounds = 15
	}
	ctx, cancel := context.WithCancel(t.Context())
	var junk sync.WaitGroup
	slowed := make([]int, len(addresses))
	for i, address := range addresses {
		stranger := p.browserAt(address)
		junk.Go(func() {
			for n := 0; ctx.Err() == nil && n < 2000; n++ {
				for _, path := range []string{"/enter", "/console/enter"} {
					status, _ := stranger.post(path, "code", fmt.Sprintf("AAAAA-%05d", n), "key", fmt.Sprintf("AAAAAAAAAAAAAAAAAAAAA%05d", n))
					if status == http.StatusTooManyRequests {
						slowed[i]++
					} else if status != http.StatusForbidden && ctx.Err() == nil {
						t.Errorf("junk at %s: %d", path, status)
						return
					}
				}
				<-time.After(50 * time.Millisecond)
			}
		})
	}
	<-time.After(2 * time.Second) // the strangers have used up what they have
	for range rounds {
		for _, address := range addresses {
			b := p.browserAt(address)
			if status, text := b.post("/enter", "code", p.code("0002")); status != 303 {
				t.Errorf("a right code from %s: %d %.200s", address, status, text)
				continue
			}
			b.console()
		}
	}
	cancel()
	junk.Wait()
	if slices.Min(slowed) == 0 {
		t.Errorf("nobody slows down who guesses: %v", slowed)
	}
}

// Only who sits at this machine may be anyone of the sample: what a proxy forwards that
// was not declared is refused.
func TestPersonasAreForThisMachineAlone(t *testing.T) {
	t.Parallel()
	p := start(t, configure(t, "listen: 127.0.0.1:0\naccounts: [{id: web, platform: web, personas: true}]\n"+
		"units: [{id: demo, name: 示范党支部, chats: [web:demo], members: [{name: 王敏, staff: \"0001\", roles: [secretary]}]}]\n"))
	b := p.browser()
	eventually(t, "an entry at this machine", 20*time.Second, func() bool { // the people are bound a moment after the start
		status, _ := b.json("/api/pages?as=staff:0001", nil)
		return status == http.StatusOK
	})
	for header, value := range map[string]string{"X-Forwarded-For": "8.8.8.8", "Forwarded": "for=8.8.8.8", "X-Real-Ip": "8.8.8.8",
		"X-Forwarded-Host": "branch.example", "X-Forwarded-Proto": "https", "Host": "branch.example"} {
		for method, path := range map[string]string{"GET": "/api/events?as=staff:0001", "POST": "/api/pages?as=staff:0001"} {
			r, err := http.NewRequest(method, "http://"+p.address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(header, value)
			if header == "Host" {
				r.Host = value
			}
			got, err := b.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s: %s: %d", path, header, value, got.StatusCode)
			}
		}
	}
}
