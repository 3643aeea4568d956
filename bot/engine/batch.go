package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// batchSize bounds a transaction: large enough that the sync to disk is paid by
// many, small enough that the first waits for the last only some 20 ms.
const batchSize = 512

// request is one call of Accept.
type request struct {
	account chat.AccountID
	role    string // that the process must have to hand the events over; "" = none
	cursor  string
	events  []chat.Event
	act     *act // the one event is this; nil for what came over an adapter
	done    chan error
}

// Accept stores the events with their effects and the account's cursor; it
// returns nil once that is committed. See chat.Inbox.
func (e *Engine) Accept(ctx context.Context, account chat.AccountID, cursor string, events ...chat.Event) error {
	return e.accept(ctx, &request{account: account, cursor: cursor, events: events})
}

func (e *Engine) accept(ctx context.Context, r *request) error {
	r.done = make(chan error, 1)
	select {
	case e.queue(r.account) <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Handle does what Accept does, at once and in the caller's goroutine; for a
// program that does not Run the engine (rehearsal).
func (e *Engine) Handle(account chat.AccountID, cursor string, events ...chat.Event) error {
	r := &request{account: account, cursor: cursor, events: events, done: make(chan error, 1)}
	e.handle([]*request{r})
	return <-r.done
}

// queue is where the events of an account wait: with SQLite, where one transaction
// writes at a time, with those of all others, so that one commit serves them all.
func (e *Engine) queue(account chat.AccountID) chan *request {
	if q, ok := e.queues[account]; ok && e.DB.Postgres() {
		return q
	}
	return e.requests
}

// gather takes what else is waiting, up to a batch.
func gather(queue chan *request, first *request) []*request {
	batch := []*request{first}
	n := len(first.events)
	for n < batchSize {
		select {
		case r := <-queue:
			batch = append(batch, r)
			n += len(r.events)
		default:
			return batch
		}
	}
	return batch
}

// errNothing ends a transaction in which nothing was to be kept.
var errNothing = errors.New("nothing to keep")

// progress is how far a batch has come. It may take several transactions, because
// units are busy; a request is answered once all its events, and those of the ones
// before, are committed.
type progress struct {
	engine   *Engine
	batch    []*request
	answered int // requests
	strands  []*strand
	wait     []string // the units that the next transaction waits for
	apart    bool     // the next transaction handles one strand after the other
	asked    asked
}

// strand is events that are handled in their order: those of a chat, and those of a
// person.
type strand struct {
	events []place
	next   int // the first one that is not committed
}

// place is an event of a batch.
type place struct{ request, event int }

// strands sorts the events of a batch. With SQLite, where nothing would be gained, they
// are one strand.
func (e *Engine) strands(batch []*request) []*strand {
	joined := map[string]string{}
	first := func(name string) string {
		for joined[name] != "" {
			name = joined[name]
		}
		return name
	}
	name := func(account chat.AccountID, ev *chat.Event) string {
		in, who := "chat "+string(account)+" "+string(ev.Chat), "user "+string(account)+" "+string(ev.From.ID)
		switch {
		case !e.DB.Postgres():
			return "all"
		case ev.Chat == "":
			return first(who)
		case ev.From.ID == "":
			return first(in)
		}
		in, who = first(in), first(who)
		if in != who {
			joined[who] = in
		}
		return in
	}
	for _, r := range batch {
		for i := range r.events {
			name(r.account, &r.events[i])
		}
	}
	var all []*strand
	of := map[string]*strand{}
	for i, r := range batch {
		for k := range r.events {
			key := name(r.account, &r.events[k])
			if of[key] == nil {
				of[key] = &strand{}
				all = append(all, of[key])
			}
			of[key].events = append(of[key].events, place{i, k})
		}
	}
	return all
}

// handle runs a batch and answers all its requests.
func (e *Engine) handle(batch []*request) {
	p := &progress{engine: e, batch: batch, strands: e.strands(batch), asked: asked{}}
	for p.answered < len(batch) {
		began, from := e.DB.Now(), p.answered
		err := p.step()
		if err != nil {
			e.Log.Error("batch not stored; adapters will deliver it again", "requests", len(batch)-from, "error", err)
			err = fmt.Errorf("events not stored: %w", err)
			p.answered = len(batch)
		}
		e.tell(batch[from:p.answered], e.DB.Now().Sub(began), err == nil)
		for _, r := range batch[from:p.answered] {
			r.done <- err
		}
	}
}

// step runs one transaction, as far as it gets.
func (p *progress) step() error {
	var next []int // of the strands
	var wait []string
	var answered int
	err := p.engine.DB.WriteAs(p.role(), func(tx *store.Tx) error {
		w := newWork(p.engine, tx, p.batch, p.asked)
		next, wait = make([]int, len(p.strands)), nil
		if err := w.wait(p.wait); err != nil {
			return err
		}
		together := tx.Together
		if p.apart {
			together = oneByOne
		}
		err := together(len(p.strands), func(i int) (err error) {
			var units []string
			next[i], units, err = p.advance(w, p.strands[i])
			wait = append(wait, units...)
			return err
		})
		if err != nil {
			return err
		}
		answered = p.complete(next)
		for _, r := range p.batch[p.answered:answered] {
			if err := w.cursor(r); err != nil {
				return err
			}
		}
		return w.outcome()
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	if err != nil {
		return err
	}
	p.apart = true
	for i, s := range p.strands {
		p.apart = p.apart && next[i] == s.next
		s.next = next[i]
	}
	if p.apart { // the same events need still more, or the units of each other
		wait = append(wait, p.wait...)
	}
	p.answered, p.wait = answered, wait
	return nil
}

func oneByOne(n int, f func(i int) error) error {
	for i := range n {
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// advance handles the events of a strand, up to one whose units are busy.
func (p *progress) advance(w *work, s *strand) (next int, wait []string, err error) {
	for next = s.next; next < len(s.events); next++ {
		r := p.batch[s.events[next].request]
		ev := &r.events[s.events[next].event]
		ev.Account = r.account
		err := w.event(ev, r.act)
		var busy *busyError
		if errors.As(err, &busy) {
			return next, busy.units, nil
		}
		if err != nil {
			return next, nil, err
		}
	}
	return next, nil, nil
}

// complete is how many requests have no events any more, when the strands have come so
// far.
func (p *progress) complete(next []int) int {
	n := len(p.batch)
	for i, s := range p.strands {
		if next[i] < len(s.events) {
			n = min(n, s.events[next[i]].request)
		}
	}
	return n
}

// role is the one that a request of the batch asks for: the account is the same, or
// there is only one process.
func (p *progress) role() string {
	for _, r := range p.batch[p.answered:] {
		if r.role != "" {
			return r.role
		}
	}
	return ""
}

// outcome is errNothing when nothing is to be kept: a rollback writes nothing at all.
func (w *work) outcome() error {
	if !w.kept {
		return errNothing
	}
	w.tx.BeforeCommit(w.noteSeen)
	return nil
}

// cursor stores how far an account has come. What came before a cursor that is not
// stored was chatter: no harm is done if it comes again, and ordinary talk leaves no
// trace. Once an hour it is stored all the same, for platforms that do not know an old
// one for ever.
func (w *work) cursor(r *request) error {
	if r.cursor == "" || !w.kept && !w.once("", "cursor:"+string(r.account), time.Hour) {
		return nil
	}
	w.kept = true
	_, err := w.tx.Exec(`INSERT INTO account (id, cursor) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET cursor = excluded.cursor`, r.account, r.cursor)
	if err != nil {
		return fmt.Errorf("store cursor: %w", err)
	}
	return nil
}

// tell tells Handled of a batch.
func (e *Engine) tell(batch []*request, took time.Duration, stored bool) {
	if e.Handled == nil {
		return
	}
	events, oldest := 0, time.Time{}
	for _, r := range batch {
		events += len(r.events)
		for _, ev := range r.events {
			if !ev.At.IsZero() && (oldest.IsZero() || ev.At.Before(oldest)) {
				oldest = ev.At
			}
		}
	}
	e.Handled(events, oldest, took, stored)
}

// work is a transaction in which events are being handled.
type work struct {
	engine *Engine
	tx     *store.Tx
	batch  []*request       // nil for timers
	seen   map[seenKey]bool // the events that were handled, now or before; nil until it is asked for
	fresh  [][]any          // the rows of those of now
	asked  asked            // shared by all transactions of the batch
	kept   bool             // something was written
	dirty  map[string]bool  // units whose prompts this transaction changed

	locked   map[string]bool  // units that this transaction holds
	versions map[string]int64 // of the prompts of units, as this transaction knows them
	counting map[string]bool  // count timers that are set, since the last undoing

	jobs    int             // under way
	alone   *job            // the one of them that has all
	at      map[string]*job // the one that has a unit
	ended   int             // jobs
	last    map[string]int  // how many had ended when one in a unit did
	changed int             // how many had ended when one that had all did
}

func newWork(e *Engine, tx *store.Tx, batch []*request, asked asked) *work {
	return &work{engine: e, tx: tx, batch: batch, asked: asked, locked: map[string]bool{}, versions: map[string]int64{},
		at: map[string]*job{}, last: map[string]int{}}
}

// event handles one event. Its error means that the whole batch is lost, unless it is
// a busyError: then this event has left nothing behind.
func (w *work) event(ev *chat.Event, a *act) error {
	for {
		since := w.ended
		t := &Turn{Tx: w.tx, Now: w.tx.Now, Event: ev, Lang: w.engine.Language, work: w, act: a}
		a.startOver(false)
		t.cause = "e:" + string(ev.Account) + ":" + ev.Key
		do, err := t.classify()
		if err != nil {
			return fmt.Errorf("classify event: %w", err)
		}
		if do == nil {
			return nil // chatter
		}
		units, err := t.concerned()
		if err != nil {
			return err
		}
		if err := w.tx.Wait(func() bool { return w.free(units, !t.answers) }); err != nil {
			return err
		}
		if w.unchanged(units, since) {
			t.job = w.begin(units, !t.answers)
			defer w.end(t.job)
			return t.handle(do, units)
		}
	}
}

// handle does what the event, which concerns the units, asks for.
func (t *Turn) handle(do func() error, units []string) error {
	w, ev := t.work, t.Event
	if err := w.lock(units...); err != nil {
		return err
	}
	first, err := w.first(ev)
	if err != nil {
		return err
	}
	if first {
		err = t.attempt(do, func(reason string) error {
			return w.bury(string(ev.Account), lean(ev, t.discreet || ev.Private), reason)
		})
		var busy *busyError
		if errors.As(err, &busy) { // it is to be handled in another transaction
			delete(w.seen, seenKey{ev.Account, ev.Key})
			return &busyError{append(units, busy.units...)}
		}
		w.kept = true
		w.fresh = append(w.fresh, []any{ev.Account, ev.Key, w.tx.Millis()})
	} else if t.act != nil {
		t.act.acted.Again = true
	}
	if ev.Kind == chat.Pressed && !t.toasted && err == nil {
		t.Toast("") // the presser's client waits for something
	}
	return err
}

// seenKey names an event for all time.
type seenKey struct {
	account chat.AccountID
	key     string
}

// first tells whether an event is handled for the first time.
func (w *work) first(ev *chat.Event) (bool, error) {
	if w.seen == nil {
		if err := w.tx.Alone(w.loadSeen); err != nil {
			return false, fmt.Errorf("read the events seen: %w", err)
		}
	}
	k := seenKey{ev.Account, ev.Key}
	if w.seen[k] {
		return false, nil
	}
	w.seen[k] = true
	return true, nil
}

// loadSeen finds out which events of the batch were handled before.
func (w *work) loadSeen() error {
	w.seen = map[seenKey]bool{}
	keys := map[chat.AccountID][]any{}
	for _, r := range w.batch {
		for _, ev := range r.events {
			keys[r.account] = append(keys[r.account], ev.Key)
		}
	}
	for account, keys := range keys {
		k := seenKey{account: account}
		err := w.tx.QueryEach(`SELECT item FROM list
			WHERE (SELECT 1 FROM event_seen WHERE account = $1 AND key = item) IS NOT NULL`, "TEXT", []any{account}, keys, func(rows *sql.Rows) error {
			err := rows.Scan(&k.key)
			w.seen[k] = true
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// noteSeen stores which events were handled. When another process has handled one
// of them meanwhile, the transaction fails, and is run again.
func (w *work) noteSeen() error {
	if _, err := w.tx.InsertRows(`INSERT INTO event_seen (account, key, at)`, w.fresh, ""); err != nil {
		return fmt.Errorf("note events: %w", err)
	}
	return nil
}

// attempt runs a handler in a savepoint. A complaint to the user is replied; any
// other failure is handed to bury and the user gets one general line.
func (t *Turn) attempt(do func() error, bury func(reason string) error) error {
	err := t.Try(do)
	if err == nil {
		return nil
	}
	if store.Broken(err) {
		return err
	}
	t.letters, t.toasted = 0, false // what the handler said was rolled back with it
	t.act.startOver(true)
	t.work.counting = nil
	var complaint *Complaint
	var skip *Skip // an action that somebody asked for had a reason not to run
	switch {
	case errors.As(err, &complaint):
		return t.complain(complaint)
	case errors.As(err, &skip):
		return t.complain(&Complaint{Key: skip.Key, Args: skip.Args})
	}
	t.work.engine.failed("event failed; see branchbot events", err, "account", t.account())
	if err := bury(err.Error()); err != nil {
		return err
	}
	return t.complain(&Complaint{Key: "engine.failed"})
}

// Bury keeps a failure that the handler itself has dealt with for branchbot
// events.
func (t *Turn) Bury(what string, err error) error {
	t.work.engine.failed("kept as a dead letter; see branchbot events", err, "what", what)
	return t.work.bury("", strconv.Quote(what), err.Error())
}

// Try runs do in a savepoint: its error, or a panic, undoes what it did.
func (t *Turn) Try(do func() error) error {
	return t.Tx.Savepoint(func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = &panicError{p, debug.Stack()}
			}
		}()
		return do()
	})
}

// panicError is a panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// failed logs what a handler could not do.
func (e *Engine) failed(line string, err error, args ...any) {
	args = append(args, "error", err)
	var p *panicError
	if errors.As(err, &p) {
		args = append(args, "stack", string(p.stack))
	}
	e.Log.Error(line, args...)
}

// complain says what the user can do, where the event came from.
func (t *Turn) complain(c *Complaint) error {
	if t.Event == nil {
		return nil
	}
	line := t.T(c.Key, c.Args...)
	switch t.Event.Kind {
	case chat.Pressed:
		t.Toast(line)
		return nil
	case chat.Voted: // the group must not be told what concerns one voter
		if t.Member == nil {
			return nil
		}
		_, err := t.Tell(t.Member, chat.Text(line))
		return err
	case chat.Joined, chat.Left, chat.Added, chat.Muted, chat.Removed, chat.Moved, chat.Recalled:
		return nil
	}
	return t.Reply(chat.Text(line))
}

// bury keeps a failed event or timer for branchbot events.
func (w *work) bury(account, event, reason string) error {
	w.kept = true
	_, err := w.tx.Exec(`INSERT INTO dead_letter (at, account, event, reason) VALUES ($1, $2, $3, $4)`,
		w.tx.Millis(), account, event, reason)
	if err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	return nil
}

// lean is the event as JSON, without the bytes of its files. What was said in
// confidence (a ballot, a request for help) is left out.
func lean(ev *chat.Event, discreet bool) string {
	short := *ev
	short.Files = nil
	if discreet {
		short.Text, short.Data = "", ""
	}
	for _, f := range ev.Files {
		short.Files = append(short.Files, chat.File{Name: f.Name})
	}
	b, err := json.Marshal(short)
	if err != nil {
		return "{}" // only strings and numbers: cannot happen
	}
	return string(b)
}

// DeadLetter is an event or timer whose handling failed.
type DeadLetter struct {
	ID      int64
	At      time.Time
	Account string // "" for a timer
	What    string // kind and key of the event; never its text
	Reason  string
}

// DeadLetters are the newest ones, newest first.
func DeadLetters(tx *store.Tx, n int) ([]DeadLetter, error) {
	rows, err := tx.Query(`SELECT id, at, account, event, reason FROM dead_letter ORDER BY id DESC LIMIT $1`, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []DeadLetter
	for rows.Next() {
		var l DeadLetter
		var at int64
		var text string
		if err := rows.Scan(&l.ID, &at, &l.Account, &text, &l.Reason); err != nil {
			return nil, err
		}
		l.At = time.UnixMilli(at)
		var ev struct{ Kind, Key string }
		if json.Unmarshal([]byte(text), &ev) == nil {
			l.What = ev.Kind + " " + ev.Key
		} else {
			l.What = text
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// Housekeeping deletes what no longer serves: event keys after 30 days, which
// is longer than any platform re-delivers. What was deleted leaves the
// journal too.
func (e *Engine) Housekeeping() error {
	err := e.DB.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM event_seen WHERE at < $1`, tx.Now.Add(-30*24*time.Hour).UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	return e.DB.Scrub()
}
