// Package sim runs the real bot, engine, store, schedules and sender, on a
// virtual clock under faults that a seed decides: crashes between any two
// statements, a full disk, lost answers of the platform and connections that hang,
// events that come twice or late or cannot be handled, clocks that jump, days away.
// Afterwards it checks what must hold (FAULTS.md
// section 7). One goroutine does it all, so that a seed is always the same run.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"branchbot/bot/app"
	"branchbot/bot/chat"
	"branchbot/bot/config"
	"branchbot/bot/points"
	"branchbot/bot/rehearse"
	"branchbot/content"
	"branchbot/content/packs"
	"branchbot/store"
	"branchbot/store/faultdriver"
)

const (
	units   = 3
	members = 4 // of a unit
	// began is when a simulation begins: a day before a change of the clock in
	// the zone of the second unit.
	began = "2026-03-28T00:00:00Z"
	// steps of a simulation, each a fault or what people and the clock do.
	steps = 120
)

var zones = [units]string{"Asia/Shanghai", "Europe/Berlin", "America/Havana"}

// Report is what a simulation has done.
type Report struct {
	Events, Poison, Crashes, Sends, Lost, Refused, Occurrences int
}

// Add adds another report.
func (r *Report) Add(o Report) {
	r.Events += o.Events
	r.Poison += o.Poison
	r.Crashes += o.Crashes
	r.Sends += o.Sends
	r.Lost += o.Lost
	r.Refused += o.Refused
	r.Occurrences += o.Occurrences
}

// Run simulates a seed in a folder, and returns what went wrong; nil when
// everything holds.
func Run(seed uint64, dir string) (Report, error) {
	w := &world{dice: rand.New(rand.NewPCG(seed, 0)), path: filepath.Join(dir, fmt.Sprintf("seed-%d.db", seed)), plan: &faultdriver.Plan{},
		shown: map[string]int{}, first: map[chat.ChatID][]int64{}, at: map[chat.ChatID]time.Time{}, acknowledged: map[string]bool{}, poisoned: map[string]bool{}, answered: map[int64]map[int]bool{}}
	w.plan.Op = w.statement
	defer faultdriver.Set(w.path, w.plan)()
	err := w.run()
	if w.stage != nil {
		err = errors.Join(err, w.stage.DB.Close())
	}
	for _, ending := range []string{"", "-wal", "-shm", ".lock", ".heads", ".heads.lock"} {
		err = errors.Join(err, os.RemoveAll(w.path+ending))
	}
	return w.Report, err
}

// world is a run of the program and what is outside of it.
type world struct {
	Report
	dice  *rand.Rand
	path  string
	plan  *faultdriver.Plan
	stage *app.Rehearsal

	calm    bool // no more faults
	crashIn int  // statements until a crash; 0 = none is planned
	after   bool // it comes after the statement took effect
	refuse  int  // statements until one fails for no reason; 0 = none is planned
	full    bool // the disk
	poison  bool // the event that is being handled cannot be

	pending      []chat.Event // events that the program has not acknowledged
	acknowledged map[string]bool
	poisoned     map[string]bool        // events that cannot be handled
	answered     map[int64]map[int]bool // members whose answer to a round is on its way
	said         int

	shown map[string]int          // how often the platform shows a part, by its key
	first map[chat.ChatID][]int64 // letters in the order in which a chat shows them
	at    map[chat.ChatID]time.Time
}

var errRefused = errors.New("refused, as the simulation wants")

// statement is asked by the driver about each statement.
func (w *world) statement(text string) (before, after error) {
	if w.poison && strings.Contains(text, "INTO answer") {
		return errRefused, nil
	}
	if w.calm || w.stage == nil {
		return nil, nil
	}
	if w.refuse > 0 {
		if w.refuse--; w.refuse == 0 {
			w.Refused++
			return errRefused, nil
		}
	}
	if w.crashIn > 0 {
		if w.crashIn--; w.crashIn == 0 {
			if w.after {
				return nil, faultdriver.ErrCrashed
			}
			return faultdriver.ErrCrashed, nil
		}
	}
	return nil, nil
}

func settings() string {
	var b strings.Builder
	b.WriteString("accounts: [{id: web, platform: web}]\nconduct: {quiet_hours: \"off\"}\npoints: {rules: [{id: quiz-answered, on: quiz.answered, points: 1}]}\nunits:\n")
	for u := range units {
		fmt.Fprintf(&b, "  - {id: u%d, name: 支部%d, timezone: %s, chats: [\"web:u%d\"], members: [", u, u, zones[u], u)
		for m := range members {
			fmt.Fprintf(&b, "{name: 成员%d, staff: \"%d\"}, ", u*members+m, u*members+m)
		}
		b.WriteString("]}\n")
	}
	b.WriteString("schedules:\n")
	for u := range units {
		fmt.Fprintf(&b, "  - {id: quiz%d, unit: u%d, cron: \"30 */4 * * *\", do: quiz, from: starter/org-001, close_after: 3h}\n", u, u)
		fmt.Fprintf(&b, "  - {id: lesson%d, unit: u%d, cron: \"15 2 * * *\", do: lesson, from: starter/safety}\n", u, u)
	}
	return b.String()
}

// library is read once: it never changes.
var library = sync.OnceValues(func() (*content.Library, error) { return content.Open([]string{"starter"}, packs.FS, ".") })

// start starts the program, as after a crash when it has run before.
func (w *world) start() error {
	at, err := time.Parse(time.RFC3339, began)
	if err != nil {
		return err
	}
	var before *rehearse.Adapter
	if w.stage != nil {
		at, before = w.stage.Clock.Now(), w.stage.Adapter
		if err := w.stage.DB.Close(); err != nil && !errors.Is(err, faultdriver.ErrCrashed) {
			return fmt.Errorf("close after a crash: %w", err)
		}
		w.stage = nil
	}
	w.plan.Restart()
	f, err := config.Load("config.yaml", []byte(settings()), os.LookupEnv)
	if err != nil {
		return err
	}
	s, err := app.ReadSettings(f)
	if err != nil {
		return err
	}
	library, err := library()
	if err != nil {
		return err
	}
	open := func(o store.Options) (*store.DB, error) {
		o.Driver = faultdriver.Name
		return store.Open(context.Background(), "sqlite:"+w.path, o)
	}
	stage, err := app.NewRehearsal(s, library, open, "telegram", at, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if before != nil {
		stage.Adapter.Again(before)
	}
	stage.Adapter.Fault = w.send
	clear(w.at) // a platform's pace is not remembered over a restart
	if err := stage.Sender.Recover(); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	w.stage = stage
	return nil
}

func (w *world) now() time.Time { return w.stage.Clock.Now() }

func (w *world) run() error {
	if err := w.start(); err != nil {
		return err
	}
	for range steps {
		if err := w.step(); err != nil {
			return err
		}
		if err := w.revive(); err != nil {
			return err
		}
	}
	return w.quiesce()
}

// revive starts the program anew when it has crashed.
func (w *world) revive() error {
	if !w.plan.HasCrashed() {
		return nil
	}
	w.Crashes++
	w.crashIn = 0
	return w.start()
}

func (w *world) step() error {
	switch n := w.dice.IntN(100); {
	case n < 45:
		return w.speak()
	case n < 75:
		return w.pass(time.Duration(1+w.dice.IntN(90)) * time.Minute)
	case n < 79: // the machine was away
		w.stage.Clock.Set(w.now().Add(time.Duration(w.dice.IntN(6*60)) * time.Minute))
	case n < 80:
		w.stage.Clock.Set(w.now().Add(time.Duration(w.dice.IntN(72)) * time.Hour))
	case n < 83: // the clock is put back
		w.stage.Clock.Set(w.now().Add(-time.Duration(w.dice.IntN(60)) * time.Minute))
	case n < 92:
		w.crashIn, w.after = 1+w.dice.IntN(200), w.dice.IntN(2) == 0
	case n < 95:
		w.refuse = 1 + w.dice.IntN(100)
	case n < 97:
		return w.disk(!w.full)
	case n < 99:
		return w.forgive(w.publish())
	default:
		return w.start()
	}
	return nil
}

// disk fills the disk, or makes room.
func (w *world) disk(full bool) error {
	pages := "1000000000"
	if full {
		pages = "1" // never below what the file has
	}
	err := w.stage.DB.Write(func(tx *store.Tx) error {
		var now int
		return tx.QueryRow(`PRAGMA max_page_count = ` + pages).Scan(&now)
	})
	if err == nil {
		w.full = full
	}
	return w.forgive(err)
}

// forgive drops the errors that the faults make: they are told to whoever asked
// the bot, which does it again.
func (w *world) forgive(err error) error {
	if err == nil || w.plan.HasCrashed() || errors.Is(err, errRefused) || errors.Is(err, faultdriver.ErrCrashed) || store.Code(err) == store.Full || store.Broken(err) {
		return nil
	}
	return err
}

// pass lets time pass; what falls due happens.
func (w *world) pass(d time.Duration) error {
	return w.forgive(w.stage.Until(context.Background(), w.now().Add(d)))
}

// speak has a member answer an open question, or delivers again what was not
// acknowledged, or was.
func (w *world) speak() error {
	if len(w.pending) == 0 || w.dice.IntN(3) > 0 {
		if err := w.answer(); err != nil {
			return w.forgive(err)
		}
	}
	if len(w.pending) == 0 {
		return nil
	}
	i := w.dice.IntN(len(w.pending)) // out of order
	ev := w.pending[i]
	for range 1 + w.dice.IntN(2) { // sometimes twice
		w.poison = w.poisoned[ev.Key]
		err := w.stage.Engine.Handle(w.stage.Adapter.ID(), strconv.Itoa(w.said), ev)
		w.poison = false
		if err != nil {
			return w.forgive(err)
		}
		if !w.acknowledged[ev.Key] {
			w.acknowledged[ev.Key] = true
			w.Events++
			w.pending = append(w.pending[:i], w.pending[i+1:]...)
		}
	}
	return w.pass(0)
}

// answer has a member answer an open round that he has not answered yet.
func (w *world) answer() error {
	u, m := w.dice.IntN(units), w.dice.IntN(members)
	var round int64
	var code int
	err := w.stage.DB.Read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT CAST(ref AS INTEGER), code FROM prompt WHERE unit = $1 AND feature = 'quiz' AND closed_at IS NULL ORDER BY id DESC LIMIT 1`,
			fmt.Sprintf("u%d", u)).Scan(&round, &code)
	})
	if errors.Is(err, store.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	who := u*members + m
	if w.answered[round] == nil {
		w.answered[round] = map[int]bool{}
	}
	if w.answered[round][who] {
		return nil
	}
	w.answered[round][who] = true
	w.said++
	key := fmt.Sprintf("answer:%d:%d", round, who)
	if w.dice.IntN(30) == 0 {
		w.poisoned[key] = true
		w.Poison++
	}
	w.pending = append(w.pending, chat.Event{Key: key, Kind: chat.Said, At: w.now(), Chat: chat.ChatID(fmt.Sprintf("u%d", u)),
		From: chat.User{ID: chat.UserID(strconv.Itoa(who))}, Text: fmt.Sprintf("%d %c", code, 'A'+w.dice.IntN(4))})
	return nil
}

// publish publishes the ends of the ledger's chains, as the program does each few
// seconds.
func (w *world) publish() error {
	return w.stage.DB.Read(func(tx *store.Tx) error {
		breaks, err := points.Publish(tx, points.HeadsBeside(w.path))
		if len(breaks) > 0 {
			return fmt.Errorf("I6: %w", breaks[0])
		}
		return err
	})
}

// send is the platform: it shows a part or not, and says so or not.
func (w *world) send(to chat.ChatID, p chat.Part) (shown bool, err error) {
	w.Sends++
	if w.calm {
		w.note(to, p)
		return true, nil
	}
	fail := func(class chat.Class, after time.Duration) error {
		return &chat.SendError{Class: class, After: after, Err: errors.New("as the simulation wants")}
	}
	switch n := w.dice.IntN(100); {
	case n < 80:
		w.note(to, p)
		if n < 3 { // killed while the platform answers
			w.plan.Crash()
		}
		return true, nil
	case n < 81: // it hangs until the client gives up, or the process is frozen meanwhile
		w.Lost++
		w.note(to, p)
		w.stage.Clock.Set(w.now().Add(time.Duration(1+w.dice.IntN(600)) * time.Second))
		return true, fail(chat.MaybeSent, 0)
	case n < 82: // nobody waits that long
		return false, fail(chat.RateLimited, 30*24*time.Hour)
	case n < 87:
		return false, fail(chat.RateLimited, time.Duration(w.dice.IntN(120))*time.Second)
	case n < 94:
		return false, fail(chat.Temporary, 0)
	case n < 97: // the answer is lost
		w.Lost++
		w.note(to, p)
		return true, fail(chat.MaybeSent, 0)
	default: // the request is
		w.Lost++
		return false, fail(chat.MaybeSent, 0)
	}
}

// note notes what a chat shows, and when.
func (w *world) note(to chat.ChatID, p chat.Part) {
	w.shown[p.Key]++
	letter, _, _ := strings.Cut(p.Key, ":")
	id, _ := strconv.ParseInt(letter, 10, 64)
	w.first[to] = append(w.first[to], id)
	if every := w.stage.Adapter.Caps(to).Pace.ChatEvery; w.at[to].After(w.now().Add(-every)) && w.now().After(w.at[to]) {
		w.first[to] = append(w.first[to], -1) // see check: the pace of the chat was exceeded
	}
	w.at[to] = w.now()
}
