package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/points"
	"branchbot/bot/roster"
	"branchbot/content"
	"branchbot/store"
	"branchbot/store/storetest"
)

// mute is an account that shows nothing.
type mute struct{}

func (mute) ID() chat.AccountID         { return "acc" }
func (mute) Platform() string           { return "mute" }
func (mute) Caps(chat.ChatID) chat.Caps { return chat.Caps{Direct: true} }
func (mute) Run(ctx context.Context, _ chat.Inbox) error {
	<-ctx.Done()
	return nil
}
func (mute) Send(context.Context, chat.ChatID, chat.Part) (chat.Receipt, error) {
	return chat.Receipt{}, nil
}

// pair are two bots on one database, as in two processes.
type pair struct {
	*testing.T
	bots [2]*Bot
	open func(store.Options) (*store.DB, error)

	mu  sync.Mutex
	key int
}

const pairMembers = 30

// newPair makes the bots: the committee c over the branches x and y, each with a
// secretary (c0, x0, y0) and members (x1, x2 …).
func newPair(t *testing.T) *pair { return newPairIn(t, store.Options{}) }

func newPairIn(t *testing.T, o store.Options) *pair {
	t.Helper()
	var b strings.Builder
	b.WriteString("database: sqlite:x.db\nconduct: {quiet_hours: \"off\", notices_per_day: 20}\naccounts: [{id: acc, platform: web}]\nunits:\n")
	for _, unit := range []string{"c", "x", "y"} {
		kind := "committee"
		if unit != "c" {
			kind = "branch, parent: c"
		}
		fmt.Fprintf(&b, "  - {id: %[1]s, name: 支部%[1]s, kind: %[2]s, chats: [\"acc:%[1]s\"], members: [\n    {name: 书记%[1]s, staff: %[1]s0, roles: [secretary]}", unit, kind)
		for m := 1; m <= pairMembers && unit != "c"; m++ {
			fmt.Fprintf(&b, ",\n    {name: 成员%[1]s%[2]d, staff: %[1]s%[2]d}", unit, m)
		}
		b.WriteString("]}\n")
	}
	b.WriteString("points: {rules: [{id: quiz-answered, on: quiz.answered, points: 1}, {id: read, on: notice.acknowledged, points: 1, cap: {day: 3}}]}\n")
	name := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, library := configured(t, name, b.String())
	p := &pair{T: t, open: storetest.Postgres.Opener(t)}
	for i := range p.bots {
		db, err := p.open(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		if p.bots[i], err = Open(s, library, db, slog.New(slog.DiscardHandler), mute{}); err != nil {
			t.Fatal(err)
		}
	}
	err := p.bots[0].db.Write(func(tx *store.Tx) error {
		for _, u := range s.Units {
			for _, m := range u.Members {
				if err := p.bots[0].bindStaff(tx, "acc", m.Staff, chat.UserID(m.Staff), chat.ChatID("dm:"+m.Staff)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// configured are the settings and packs of a configuration.
func configured(t *testing.T, name, text string) (*Settings, *content.Library) {
	t.Helper()
	f, err := config.Load(name, []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSettings(f)
	if err != nil {
		t.Fatal(err)
	}
	library, err := OpenLibrary(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, library
}

// says has somebody write in a chat; in his private one for "".
func (p *pair) says(bot int, who, in, text string) {
	p.Helper()
	p.mu.Lock()
	p.key++
	ev := chat.Event{Key: fmt.Sprint("e", p.key), Kind: chat.Said, Chat: chat.ChatID(in), From: chat.User{ID: chat.UserID(who)}, Text: text, Message: chat.MessageID(fmt.Sprint(p.key))}
	p.mu.Unlock()
	if in == "" {
		ev.Chat, ev.Private = chat.ChatID("dm:"+who), true
	}
	if err := p.bots[bot].engine.Handle("acc", "", ev); err != nil {
		p.Errorf("%s: %s: %v", who, text, err)
	}
}

// confirms has the author of a notice say that it may go out.
func (p *pair) confirms(bot int, who, text string) {
	p.Helper()
	data := fmt.Sprintf("notice:send:%d", p.number(`SELECT COALESCE(MAX(id), 0) FROM notice WHERE state = 'asked' AND text = $1`, text))
	ev := chat.Event{Key: data, Kind: chat.Pressed, Chat: chat.ChatID("dm:" + who), Private: true, From: chat.User{ID: chat.UserID(who)}, Data: data}
	if err := p.bots[bot].engine.Handle("acc", "", ev); err != nil {
		p.Errorf("%s presses %s: %v", who, data, err)
	}
}

func (p *pair) number(query string, args ...any) (n int) {
	p.Helper()
	err := p.bots[0].db.Read(func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		p.Fatal(err)
	}
	return n
}

// fits checks what must hold whatever happens.
func (p *pair) fits() {
	p.Helper()
	if n := p.number(`SELECT COUNT(*) FROM dead_letter`); n != 0 {
		p.Errorf("%d events failed", n)
	}
	err := p.bots[0].db.Read(func(tx *store.Tx) error {
		chains, err := points.Verify(tx)
		for _, v := range chains {
			if v.Bad != 0 {
				p.Errorf("ledger of %s: entry %d: %s", v.Unit, v.Bad, v.Reason)
			}
		}
		return err
	})
	if err != nil {
		p.Error(err)
	}
}

// What one process opens and closes, the other knows at once.
func TestPromptsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for round := 1; round <= 3; round++ {
		p.says(0, "x0", "x", "/出题 org-001")
		p.says(1, "x1", "x", "B")
		p.says(0, "x2", "x", "B")
		p.says(1, "x0", "x", "/结束")
		p.says(0, "x3", "x", "B") // and is chatter
		p.says(1, "x4", "x", "B")
		if n := p.number(`SELECT COUNT(*) FROM answer WHERE round = (SELECT MAX(id) FROM round)`); n != 2 {
			t.Errorf("round %d: %d answers, want 2", round, n)
		}
	}
	p.fits()
}

// An answer that meets the close either counts and is counted by it, or does neither.
func TestAnswersMeetTheClose(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for range 8 {
		p.says(0, "x0", "x", "/出题 org-001")
		var all sync.WaitGroup
		for m := 1; m <= 6; m++ {
			all.Go(func() { p.says(m%2, fmt.Sprint("x", m), "x", "B") })
		}
		all.Go(func() { p.says(1, "x0", "x", "/结束") })
		all.Wait()
		answers := p.number(`SELECT COUNT(*) FROM answer WHERE round = (SELECT MAX(id) FROM round)`)
		want := fmt.Sprintf("%%作答 %d 人%%", answers)
		told := p.number(`SELECT COUNT(*) FROM outbox WHERE chat = 'x' AND id = (SELECT MAX(id) FROM outbox WHERE chat = 'x' AND class IN ('push', 'notice', 'digest')) AND message LIKE $1`, want)
		if told != 1 {
			t.Errorf("%d answers are stored, and the close says something else", answers)
		}
	}
	p.fits()
}

// A sign-up with places, from both processes at once.
func TestPlacesAtOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.says(0, "x0", "x", "/接龙 春游 限 10")
	if n := p.number(`SELECT COUNT(*) FROM signup WHERE places = 10`); n != 1 {
		t.Fatal("no sign-up is open")
	}
	var all sync.WaitGroup
	for m := 1; m <= pairMembers; m++ {
		all.Go(func() { p.says(m%2, fmt.Sprint("x", m), "x", "报名") })
	}
	all.Wait()
	placed, waiting := p.number(`SELECT COUNT(*) FROM signup_entry WHERE waiting = 0`), p.number(`SELECT COUNT(*) FROM signup_entry WHERE waiting = 1`)
	if placed != 10 || waiting != pairMembers-10 {
		t.Errorf("%d have a place, %d wait", placed, waiting)
	}
	p.fits()
}

// A notice that the committee relays to its branches, notices of a branch, and a roster
// that moves members between the branches, all at once: they reach over units.
func TestUnitsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	tool, err := p.open(store.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	const times = 8
	var all sync.WaitGroup
	all.Go(func() {
		for n := range times {
			text := fmt.Sprintf("全体第%d号", n)
			p.says(0, "c0", "", "/通知 回执 下级 "+text)
			p.confirms(0, "c0", text)
		}
	})
	for bot, unit := range []string{"x", "y"} {
		all.Go(func() {
			for n := range times {
				p.says(bot, unit+"0", unit, fmt.Sprintf("/通知 回执 %s第%d号", unit, n))
			}
		})
		all.Go(func() {
			for range times {
				for m := 1; m <= 5; m++ {
					p.says(1-bot, fmt.Sprint(unit, m), unit, "收到")
				}
			}
		})
	}
	all.Go(func() {
		for n := range times {
			err := importRoster(tool, "c", fmt.Sprintf("工号,姓名,组织\nx30,成员x30,%s\ny30,成员y30,%s\n", []string{"y", "x"}[n%2], []string{"x", "y"}[n%2]))
			if err != nil {
				t.Error(err)
			}
			p.says(n%2, "x30", "", "/我的数据")
		}
	})
	all.Wait()
	for unit, want := range map[string]int{"c": times, "x": 2 * times, "y": 2 * times} {
		n, highest := p.number(`SELECT COUNT(*) FROM notice_target WHERE unit = $1`, unit), p.number(`SELECT COALESCE(MAX(seq), 0) FROM notice_target WHERE unit = $1`, unit)
		if n != want || highest != want {
			t.Errorf("unit %s has %d notices, numbered up to %d; want %d", unit, n, highest, want)
		}
	}
	if n := p.number(`SELECT COUNT(*) FROM notice_target t WHERE done <>
		(SELECT COUNT(*) FROM notice_reader r WHERE r.notice = t.notice AND r.unit = t.unit AND r.acked_at IS NOT NULL)`); n != 0 {
		t.Errorf("the counts of %d notices are wrong", n)
	}
	if n := p.number(`SELECT COUNT(*) FROM ledger_sum WHERE rule = 'read' AND points > 3 AND LENGTH(period) = 10`); n != 0 {
		t.Errorf("%d members have more than the cap gives", n)
	}
	p.fits()
}

// What is changed at the console of one process holds in the other.
func TestSettingsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.bots[1].follow(ctx)
	}()
	defer func() { stop(); <-done }()
	edit := &editor{config: p.bots[0].settings.File, reload: p.bots[0].Reload, told: p.bots[0].Announce}
	for _, n := range []int{7, 9} {
		s, err := edit.Section("conduct")
		if err == nil {
			err = edit.SetSection("conduct", fmt.Sprintf("conduct: {quiet_hours: \"off\", notices_per_day: %d}\n", n), s.Base)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.bots[0].features.conduct.Load().NoticesPerDay; got != n {
			t.Errorf("where it was changed: %d, want %d", got, n)
		}
		for end := time.Now().Add(30 * time.Second); p.bots[1].features.conduct.Load().NoticesPerDay != n; <-time.After(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("in the other process: %d, want %d", p.bots[1].features.conduct.Load().NoticesPerDay, n)
			}
		}
	}
}

// importRoster takes a roster in as a tool does, with all its changes.
func importRoster(tool *store.DB, unit, csv string) error {
	return tool.Write(func(tx *store.Tx) error {
		table, err := roster.ReadTable("x.csv", []byte(csv))
		if err != nil {
			return err
		}
		plan, err := roster.NewPlan(tx, unit, &table, nil)
		if err != nil {
			return err
		}
		_, err = roster.NewDirectory().Take(tx, plan, roster.Kinds, "test")
		return err
	})
}

// A roster that a tool imports beside the running bot holds at once.
func TestToolsBeside(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		s, library := configured(t, "config.yaml", "accounts: [{id: acc, platform: web}]\nunits: [{id: x, name: 支部, members: [{name: 王敏, staff: \"1\"}]}]\n")
		open := e.Opener(t)
		db, err := open(store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		b, err := Open(s, library, db, slog.New(slog.DiscardHandler), mute{})
		if err != nil {
			t.Fatal(err)
		}
		name := func() (name string) {
			err := db.Write(func(tx *store.Tx) error {
				m, err := b.features.directory.Who(tx, "acc", "u")
				if m != nil {
					name = m.Name
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return name
		}
		err = db.Write(func(tx *store.Tx) error { return b.bindStaff(tx, "acc", "1", "u", "dm") })
		if got := name(); err != nil || got != "王敏" {
			t.Fatalf("he is %q (%v)", got, err)
		}
		tool, err := open(store.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer tool.Close()
		err = importRoster(tool, "x", "工号,姓名\n1,王小敏\n")
		if got := name(); err != nil || got != "王小敏" {
			t.Errorf("after the import he is %q (%v)", got, err)
		}
	})
}
