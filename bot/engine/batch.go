package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
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
	first   int64    // the number of the first event, in the order in which they were handed over
	act     *act     // the one event is this; nil for what came over an adapter
	parsed  []parsed // by event; nil when none has files
	// pending is since when events without a date may have waited for us; zero: they
	// happened now.
	pending time.Time
	done    chan error
}

// Accept stores the events with their effects and the account's cursor; it
// returns nil once that is committed. See chat.Inbox.
func (e *Engine) Accept(ctx context.Context, account chat.AccountID, cursor string, events ...chat.Event) error {
	return e.accept(ctx, &request{account: account, cursor: cursor, events: events})
}

func (e *Engine) accept(ctx context.Context, r *request) error {
	if err := errors.Join(e.date(r), e.parse(ctx, r)); err != nil {
		return err
	}
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
	if err := errors.Join(e.date(r), e.parse(context.Background(), r)); err != nil {
		return err
	}
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
	engine    *Engine
	batch     []*request
	answered  int // requests
	stretches [][]place
	at        int            // the stretch under way
	handled   map[place]bool // of this one, and committed
	wait      []string       // the units that the next transaction waits for
	apart     bool           // it handles one strand after the other
	asked     asked
}

// place is an event of a batch.
type place struct{ request, event int }

// handle runs a batch and answers all its requests.
func (e *Engine) handle(batch []*request) {
	e.number(batch)
	p := &progress{engine: e, batch: batch, stretches: e.stretches(batch), asked: asked{}}
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

// stretches cuts a batch: the events of a stretch are handled side by side, as far as
// they have nothing to do with each other, and one stretch after the other. What may
// have to do with anything, such as a command, is a stretch of its own.
func (e *Engine) stretches(batch []*request) (all [][]place) {
	closed := true // whether the last one takes no more
	for i, r := range batch {
		for k := range r.events {
			alone := e.DB.Postgres() && (r.act != nil || !e.plain(&r.events[k]))
			if alone || closed {
				all = append(all, nil)
			}
			all[len(all)-1] = append(all[len(all)-1], place{i, k})
			closed = alone
		}
	}
	return all
}

// plain tells of an event, before anything is known of its sender, that it can only be
// an answer or chatter, or be taken up by a feature that is in the middle of something.
func (e *Engine) plain(ev *chat.Event) bool {
	switch ev.Kind {
	case chat.Voted:
		return true
	case chat.Pressed:
		_, _, ok := promptPressed(ev.Data)
		return ok
	case chat.Said:
		line, isCommand := e.line(ev)
		c := e.commands[command.Fold(ev.Text)]
		return !(ev.Private && len(ev.Files) > 0) && !(isCommand && (line.Slash || e.commands[line.Name] != nil)) && (c == nil || !c.Word && !(c.PrivateWord && ev.Private))
	}
	return false
}

// step runs one transaction, as far as it gets.
func (p *progress) step() error {
	var at, answered int
	var handled map[place]bool
	var wait []string
	err := p.engine.DB.WriteAs(p.role(), func(tx *store.Tx) error {
		w := newWork(p.engine, tx, p.batch, p.asked)
		at, handled, wait = p.at, maps.Clone(p.handled), nil
		if err := w.wait(p.wait); err != nil {
			return err
		}
		for at < len(p.stretches) {
			if handled == nil {
				handled = map[place]bool{}
			}
			busy, err := p.stretch(w, p.stretches[at], handled)
			if err != nil {
				return err
			}
			if wait = busy; len(busy) > 0 {
				break
			}
			at, handled = at+1, nil
		}
		answered = len(p.batch)
		if at < len(p.stretches) {
			first := slices.IndexFunc(p.stretches[at], func(e place) bool { return !handled[e] })
			answered = p.stretches[at][first].request
		}
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
	if p.apart = at == p.at && len(handled) == len(p.handled); p.apart {
		wait = append(wait, p.wait...) // the same events need still more, or the units of each other
	}
	p.at, p.handled, p.answered, p.wait = at, handled, answered, wait
	return nil
}

// stretch handles what is left of a stretch, and notes what it has handled. It returns
// the units that are busy, of what it has not.
func (p *progress) stretch(w *work, events []place, handled map[place]bool) (busy []string, err error) {
	var left []place
	for _, e := range events {
		if !handled[e] {
			left = append(left, e)
		}
	}
	strands, err := p.strands(w, left)
	if err != nil {
		return nil, err
	}
	together := w.tx.Together
	if p.apart {
		together = oneByOne
	}
	err = together(len(strands), func(i int) error {
		for _, e := range strands[i] {
			r := p.batch[e.request]
			err := w.event(p.event(e), r, r.first+int64(e.event), r.files(e.event))
			var needs *busyError
			if errors.As(err, &needs) { // those after it in its strand wait as well
				busy = append(busy, needs.units...)
				return nil
			}
			if err != nil {
				return err
			}
			handled[e] = true
		}
		return nil
	})
	return busy, err
}

// files is what was made of the files of an event; nil when it has none.
func (r *request) files(event int) parsed {
	if r.parsed == nil {
		return nil
	}
	return r.parsed[event]
}

func (p *progress) event(e place) *chat.Event {
	r := p.batch[e.request]
	ev := &r.events[e.event]
	ev.Account = r.account
	return ev
}

func oneByOne(n int, f func(i int) error) error {
	for i := range n {
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// strands sorts events: those of one chat, of one person or of one unit are handled in
// their order.
func (p *progress) strands(w *work, events []place) ([][]place, error) {
	if !w.tx.Parallel || len(events) == 1 {
		return [][]place{events}, nil
	}
	names := make([][]string, len(events))
	err := w.tx.Together(len(events), func(i int) (err error) {
		names[i], err = w.names(p.event(events[i]))
		return err
	})
	if err != nil {
		return nil, err
	}
	joined := map[string]string{}
	first := func(name string) string {
		for joined[name] != "" {
			name = joined[name]
		}
		return name
	}
	for _, list := range names {
		for _, name := range list[1:] {
			if a, b := first(list[0]), first(name); a != b {
				joined[b] = a
			}
		}
	}
	key := map[place]string{}
	for i, e := range events {
		key[e] = first(names[i][0])
	}
	return grouped(events, func(e place) string { return key[e] }), nil
}

// grouped sorts a list by the names of its items, the first named first; those of one
// name stay in their order.
func grouped[T any](list []T, name func(T) string) (groups [][]T) {
	at := map[string]int{}
	for _, item := range list {
		i, ok := at[name(item)]
		if !ok {
			i = len(groups)
			at[name(item)] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], item)
	}
	return groups
}

// names are what an event has to do with: its chat, its sender, the unit of the chat or
// of the sender.
func (w *work) names(ev *chat.Event) ([]string, error) {
	names := []string{"user " + string(ev.From.ID)}
	if ev.Chat != "" {
		names = append(names, "chat "+string(ev.Chat))
	}
	u, err := w.whose(ev)
	if u != nil {
		names = append(names, "unit "+u.ID)
	}
	return names, err
}

func (w *work) whose(ev *chat.Event) (*Unit, error) {
	d := w.engine.Directory
	if !ev.Private && ev.Chat != "" {
		return d.ChatUnit(w.tx, ev.Account, ev.Chat)
	}
	m, err := d.Who(w.tx, ev.Account, ev.From.ID)
	if m == nil || err != nil {
		return nil, err
	}
	return d.Home(w.tx, m)
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
	w.tx.BeforeCommit(w.storeHeard)
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
	batch  []*request            // nil for timers
	seen   map[seenKey]bool      // the events that were handled, now or before; nil until it is asked for
	fresh  [][]any               // the rows of those of now
	acted  map[messageKey]string // what the messages said that were acted on now
	asked  asked                 // shared by all transactions of the batch
	kept   bool                  // something was written
	dirty  map[string]bool       // units whose prompts this transaction changed

	locked   map[string]bool  // units that this transaction holds
	versions map[string]int64 // of the prompts of units, as this transaction knows them
	closed   map[string]int64 // when the last of these closed, in ms
	counting map[string]bool  // count timers that are set, since the last undoing

	jobs    int             // under way
	alone   *job            // the one of them that has all
	at      map[string]*job // the one that has a unit
	ended   int             // jobs
	last    map[string]int  // how many had ended when one in a unit did
	changed int             // how many had ended when one that had all did
}

func newWork(e *Engine, tx *store.Tx, batch []*request, asked asked) *work {
	return &work{engine: e, tx: tx, batch: batch, asked: asked, locked: map[string]bool{}, versions: map[string]int64{}, closed: map[string]int64{},
		at: map[string]*job{}, last: map[string]int{}}
}

// event handles one event. Its error means that the whole batch is lost, unless it is
// a busyError: then this event has left nothing behind.
func (w *work) event(ev *chat.Event, r *request, number int64, files parsed) error {
	for {
		since, a := w.ended, r.act
		t := &Turn{Tx: w.tx, Now: w.tx.Now, When: when(ev, r.pending, w.tx.Now), Event: ev, Lang: w.engine.Language, work: w, act: a, number: number, parsed: files, letters: map[string]int{}}
		a.startOver(false)
		t.cause = "e:" + string(ev.Account) + ":" + ev.Key
		do, err := t.classify()
		if err != nil {
			return fmt.Errorf("classify event: %w", err)
		}
		chatter := do == nil
		var units []string
		if !chatter {
			if units, err = t.concerned(); err != nil {
				return err
			}
		}
		err = w.tx.Wait(func() bool { return chatter && w.alone == nil || !chatter && w.free(units, !t.answers) })
		if err != nil {
			return err
		}
		switch {
		case !w.unchanged(units, since): // once more: it may be something else by now
		case chatter:
			return nil
		default:
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
		t.noteHeard()
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
	clear(t.letters) // what the handler said was rolled back with it
	t.toasted = false
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
		if _, err := tx.Exec(`DELETE FROM event_seen WHERE at < $1`, tx.Now.Add(-30*24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM message_heard WHERE at < $1`, tx.Now.Add(-30*24*time.Hour).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM answer_late WHERE prompt IN (SELECT id FROM prompt WHERE closed_at < $1)`, tx.Now.Add(-2*DatedFor).UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	return e.DB.Scrub()
}
