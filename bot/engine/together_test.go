package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/store"
	"branchbot/store/storetest"
)

// tally counts in each unit what is answered and what falls due there: it reads a
// number, and writes it later.
type tally struct {
	t      *testing.T
	inside map[string]int // how many are at work in a unit
	all    int
	most   int // at work at the same time in different units
}

func (f *tally) Name() string { return "tally" }

func (f *tally) Commands() []engine.Command {
	return []engine.Command{{Names: []string{"数", "sum"}, Role: engine.OnRoster, Usage: "desk.usage.help", Run: f.sum},
		{Names: []string{"换", "turn"}, Role: engine.OnRoster, Usage: "desk.usage.help", Run: f.turn}}
}

// turn closes what is open in the unit and opens it anew.
func (f *tally) turn(t *engine.Turn, _ command.Line) error {
	open, err := t.OpenPrompts("tally")
	if err != nil {
		return err
	}
	for _, p := range open {
		if err := t.ClosePrompt(p.ID); err != nil {
			return err
		}
	}
	for range 4 { // there is time between the two
		if err := t.Tx.QueryRow(`SELECT 1`).Scan(new(int)); err != nil {
			return err
		}
	}
	_, err = t.Open("tally", "", command.Want{Kind: command.Done}, time.Time{})
	return err
}

// sum has everything for itself.
func (f *tally) sum(t *engine.Turn, _ command.Line) error {
	var first, second int
	for _, into := range []*int{&first, &second} {
		if f.all > 0 {
			f.t.Error("a command meets others in the midst of their work")
		}
		if err := t.Tx.QueryRow(`SELECT COALESCE(SUM(n), 0) FROM note`).Scan(into); err != nil {
			return err
		}
	}
	if first != second {
		f.t.Errorf("the sum was %d, then %d", first, second)
	}
	return t.Reply(chat.Text("summed"))
}

func (f *tally) Answer(t *engine.Turn, _ engine.Prompt, _ command.Answer) error { return f.add(t) }

func (f *tally) Timer(t *engine.Turn, tm engine.Timer) error {
	u, err := t.Directory().Unit(t.Tx, tm.Ref)
	if err != nil {
		return err
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	return f.add(t)
}

func (f *tally) add(t *engine.Turn) error {
	f.inside[t.Unit.ID]++
	f.all++
	f.most = max(f.most, f.all)
	defer func() { f.inside[t.Unit.ID]--; f.all-- }()
	var n int
	if err := t.Tx.QueryRow(`SELECT n FROM note WHERE text = $1`, t.Unit.ID).Scan(&n); err != nil {
		return err
	}
	for range 3 {
		if f.inside[t.Unit.ID] != 1 {
			f.t.Errorf("%d are at work in %s", f.inside[t.Unit.ID], t.Unit.ID)
		}
		if err := t.Tx.QueryRow(`SELECT 1`).Scan(new(int)); err != nil {
			return err
		}
	}
	_, err := t.Tx.Exec(`UPDATE note SET n = $1 WHERE text = $2`, n+1, t.Unit.ID)
	return err
}

const (
	tallyUnits   = 8
	tallyMembers = 20
)

// newTally is an engine with the feature alone, over a committee, unit0, with the
// branches unit1, unit2 …; in each the prompt of its number + 1 is open. log must stay
// empty.
func newTally(t *testing.T, e storetest.Engine) (*tally, *engine.Engine, *store.DB, *bytes.Buffer) {
	t.Helper()
	f, log := &tally{t: t, inside: map[string]int{}}, &bytes.Buffer{}
	now := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	source, folder := e.Empty(t)
	db, err := store.Open(t.Context(), source, store.Options{Now: func() time.Time { return now }, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := roster.NewDirectory()
	eng := engine.New(engine.Options{DB: db, Directory: d, Outbox: outbox.New(db, "acc"), Features: []engine.Feature{f},
		Names: []string{"小助手"}, Language: "zh-CN", Log: slog.New(slog.NewTextHandler(log, nil))})
	setUpTally(t, db, d)
	for i := range tallyUnits + 1 {
		_, err := eng.HandleAct(t.Context(), engine.Act{Member: 1, Unit: tallyUnit(i), Key: fmt.Sprint("open", i), Do: func(t *engine.Turn) error {
			_, err := t.Open("tally", "", command.Want{Kind: command.Done}, time.Time{})
			return err
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return f, eng, db, log
}

// A crowd presses buttons in its branches and of the committee, in groups and in private,
// and commands come in between: in one batch each has its units for itself. So it is with
// timers.
func TestUnitsSideBySide(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		f, eng, db, log := newTally(t, e)
		want := map[string]int{}
		rng := rand.New(rand.NewPCG(1, 2))
		var events []chat.Event
		for n := range 400 {
			branch, person := 1+rng.IntN(tallyUnits), rng.IntN(tallyMembers)
			user := chat.UserID(fmt.Sprintf("u%d-%d", branch, person))
			ev := chat.Event{Key: fmt.Sprint("e", n), Kind: chat.Pressed, Chat: chat.ChatID("chat-" + tallyUnit(branch)), From: chat.User{ID: user}}
			if rng.IntN(4) == 0 {
				ev.Chat, ev.Private = "dm:"+chat.ChatID(user), true
			}
			switch rng.IntN(10) {
			case 0:
				ev.Kind, ev.Text = chat.Said, "/数"
			case 1, 2:
				want[tallyUnit(0)]++
				ev.Data = "p:1:已学"
			default:
				want[tallyUnit(branch)]++
				ev.Data = fmt.Sprintf("p:%d:已学", branch+1)
			}
			events = append(events, ev)
		}
		if err := eng.Handle("acc", "", events...); err != nil {
			t.Fatal(err)
		}
		checkTally(t, db, want)

		for n := range 90 { // and those that are due
			unit := tallyUnit(rng.IntN(tallyUnits + 1))
			want[unit]++
			err := db.Write(func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO timer (due_at, feature, kind, ref, key, unit) VALUES ($1, 'tally', 'add', $2, $3, $2)`, tx.Millis(), unit, fmt.Sprint("t", n))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for {
			fired, err := eng.FireDue()
			if err != nil {
				t.Fatal(err)
			}
			if fired == 0 {
				break
			}
		}
		checkTally(t, db, want)
		if log.Len() > 0 {
			t.Error(log.String())
		}
		if (f.most > 1) != (e == storetest.Postgres) {
			t.Errorf("%d were at work at the same time", f.most)
		}
	})
}

// A command waits for the answers that came before it in the batch, wherever they were
// given, and those that came later wait for it.
func TestCommandsInTheirOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		_, eng, db, log := newTally(t, e)
		var events []chat.Event
		say := func(who int, private bool, text string) {
			ev := chat.Event{Key: fmt.Sprint("e", len(events)), Kind: chat.Said, Chat: "chat-unit1", From: chat.User{ID: chat.UserID(fmt.Sprint("u1-", who))}, Text: text}
			if private {
				ev.Chat, ev.Private = "dm:"+chat.ChatID(ev.From.ID), true
			}
			events = append(events, ev)
		}
		say(9, false, "/换")
		const rounds = 6
		for round := range rounds {
			for n := range 6 {
				say(n, true, fmt.Sprint(round+2, " 已学")) // the codes of the unit's prompts are 2, 3 …
			}
			say(9, false, "/换")
			say(8, round%2 == 0, fmt.Sprint(round+3, " 已学"))
			say(7, round%2 == 1, fmt.Sprint(round+2, " 已学")) // too late
		}
		if err := eng.Handle("acc", "", events...); err != nil {
			t.Fatal(err)
		}
		checkTally(t, db, map[string]int{"unit1": 7 * rounds})
		if log.Len() > 0 {
			t.Error(log.String())
		}
	})
}

func tallyUnit(i int) string { return fmt.Sprint("unit", i) }

// setUpTally makes a committee, unit0, over the branches unit1, unit2 …; member 1 is its
// secretary.
func setUpTally(t *testing.T, db *store.DB, d *roster.Directory) {
	t.Helper()
	units := []roster.UnitConfig{{ID: tallyUnit(0), Name: "党委", Kind: "committee", Timezone: "Asia/Shanghai", Language: "zh-CN",
		Members: []roster.MemberConfig{{Name: "书记", Staff: "0", Status: "full", Roles: []string{"secretary"}}}}}
	for b := 1; b <= tallyUnits; b++ {
		u := roster.UnitConfig{ID: tallyUnit(b), Parent: tallyUnit(0), Name: "支部", Kind: "branch", Timezone: "Asia/Shanghai", Language: "zh-CN",
			Chats: []string{"acc:chat-" + tallyUnit(b)}}
		for p := range tallyMembers {
			u.Members = append(u.Members, roster.MemberConfig{Name: "成员", Staff: fmt.Sprintf("%d-%d", b, p), Status: "full"})
		}
		units = append(units, u)
	}
	err := db.Write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE note (n BIGINT, text TEXT)`); err != nil {
			return err
		}
		if err := d.Setup(tx, units); err != nil {
			return err
		}
		for b := range tallyUnits + 1 {
			if _, err := tx.Exec(`INSERT INTO note (n, text) VALUES (0, $1)`, tallyUnit(b)); err != nil {
				return err
			}
			for p := 0; b > 0 && p < tallyMembers; p++ {
				m, err := roster.ByStaff(tx, fmt.Sprintf("%d-%d", b, p))
				if err != nil {
					return err
				}
				if err := d.Bind(tx, "acc", chat.UserID(fmt.Sprintf("u%d-%d", b, p)), m.ID, "", roster.Proof{How: "program"}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkTally(t *testing.T, db *store.DB, want map[string]int) {
	t.Helper()
	for unit, n := range want {
		var got int
		err := db.Read(func(tx *store.Tx) error { return tx.QueryRow(`SELECT n FROM note WHERE text = $1`, unit).Scan(&got) })
		if err != nil || got != n {
			t.Errorf("%s: %d, want %d (%v)", unit, got, n, err)
		}
	}
}
