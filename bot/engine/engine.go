// Package engine is the one path of everything that happens: a message, a
// button press, a due timer. It takes what is waiting, opens one transaction,
// handles the events in order, each so that it can be undone alone, commits once,
// and only then acknowledges all of them.
//
// Rules:
//   - Chatter is dropped first. What is no command, no answer to something that
//     the chat waits for and no reply to the bot is neither stored nor logged.
//   - A handler is a synchronous function of (transaction, event). It calls no
//     network, never sleeps and reads no clock but Turn.Now.
//   - A handler that fails or panics undoes its own event only; the event is
//     kept as a dead letter, and the person gets one friendly line.
//   - A duplicate (same account and key) changes nothing.
package engine

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// Unit is a node of the organisation tree.
type Unit struct {
	ID       string
	Parent   string // "" at the root
	Kind     string // committee, general, branch, group
	Name     string
	Language string
	Zone     *time.Location
}

// Member is a person on a roster.
type Member struct {
	ID       int64
	Unit     string
	Staff    string // staff number
	Name     string
	Status   string // full, probationary, candidate, activist, applicant, public
	JoinedOn string // 2006-01-02, may be empty
	Language string // "": the unit's
	Board    bool   // opted in to the public board
}

// Role is what a command asks of its sender.
type Role int

const (
	// Anyone may be an outsider who is on no roster.
	Anyone Role = iota
	// OnRoster is a member of the unit.
	OnRoster
	// Secretary is a secretary (or deputy, committee member) of the unit or of
	// one above it.
	Secretary
)

// Address is where a message can go.
type Address struct {
	Account chat.AccountID
	Chat    chat.ChatID // "" with User: the private chat, to be opened
	User    chat.UserID
	Refuses bool // the private chat has refused the bot
}

// Directory knows units, members and chats. Package member implements it. Its
// answers may be cached, but show what tx itself has changed.
type Directory interface {
	// ChatUnit is the unit that a group chat is bound to; nil when none is.
	ChatUnit(tx *store.Tx, account chat.AccountID, id chat.ChatID) (*Unit, error)
	// Who is the member behind a platform account; nil when none is bound.
	Who(tx *store.Tx, account chat.AccountID, user chat.UserID) (*Member, error)
	// Member is the member of an id; nil when he is on no roster any more.
	Member(tx *store.Tx, id int64) (*Member, error)
	// Unit returns store.ErrNoRows for an unknown id.
	Unit(tx *store.Tx, id string) (*Unit, error)
	// Line is the unit itself and the ones above it, the root last.
	Line(tx *store.Tx, unit string) ([]*Unit, error)
	// Below are the ids of a unit and of all units under it.
	Below(tx *store.Tx, unit string) ([]string, error)
	// Home is the unit that a member's private messages concern: his branch.
	Home(tx *store.Tx, m *Member) (*Unit, error)
	// Role is the member's role within the unit, inherited from above.
	Role(tx *store.Tx, m *Member, unit string) (Role, error)
	// Groups are the group chats bound to the unit.
	Groups(tx *store.Tx, unit string) ([]Address, error)
	// Private is where a member can be told something, best first.
	Private(tx *store.Tx, member int64) ([]Address, error)
	// Secretaries are those who get a unit's lists.
	Secretaries(tx *store.Tx, unit string) ([]Member, error)
	// MetPrivately notes the private chat of a bound platform account; "" when
	// it is closed to the bot.
	MetPrivately(tx *store.Tx, account chat.AccountID, user chat.UserID, id chat.ChatID) error
	// ChatState notes what the bot may do in a group and all its topics: ""
	// (write), muted, removed. It returns the units whose chats changed.
	ChatState(tx *store.Tx, account chat.AccountID, group chat.ChatID, state string) (units []string, err error)
	// ChatsOn are the group chats of an account that are bound to a unit.
	ChatsOn(tx *store.Tx, account chat.AccountID) ([]chat.Group, error)
	// Changed tells that tx changes members, units, identities or chats.
	Changed(tx *store.Tx)
}

// Feature is what a package under bot/ adds to the bot. What else it can do it
// shows by the interfaces below.
type Feature interface {
	Name() string
	Commands() []Command
}

// Answerer is a feature that opens prompts.
type Answerer interface {
	// Answer takes a reply to one of its prompts. t.Member is on the roster
	// of the prompt's unit, which is t.Unit.
	Answer(t *Turn, p Prompt, a command.Answer) error
}

// Withdrawer is an Answerer whose answers can be taken back.
type Withdrawer interface {
	// Withdraw takes back what t.Member answered to a prompt that is open.
	Withdraw(t *Turn, p Prompt) error
}

// Shower is an Answerer that can show again what it waits for, so that somebody
// can answer it in private.
type Shower interface {
	// Show returns the message of a prompt that t.Member has yet to answer;
	// false when he has.
	Show(t *Turn, p Prompt) (chat.Message, bool, error)
}

// Awaiter is an Answerer that knows of whom it still awaits something. A bare
// word that fits several prompts is meant for the one that awaits it.
type Awaiter interface {
	// Awaits tells whether t.Member has yet to answer a prompt that is open.
	Awaits(t *Turn, p Prompt) (bool, error)
}

// Serial is an Answerer whose items have a number of a series: 2026-017.
type Serial interface {
	// Series is the number of a prompt's item.
	Series(t *Turn, p Prompt) (string, error)
}

// Timed is a feature that sets timers.
type Timed interface {
	Timer(t *Turn, tm Timer) error
}

// Presser is a feature with buttons that answer no prompt: data is the
// button's without the feature's name before the first colon.
type Presser interface {
	Press(t *Turn, data string) error
}

// Listener is a feature that may be in the middle of something with a member:
// it is asked first about what he writes in private that is no command.
type Listener interface {
	// Listen returns nil when the message is not for it.
	Listen(t *Turn) (func() error, error)
}

// Fallback is a feature that may know more about what a member writes in private
// than that nobody has understood it.
type Fallback interface {
	// Fallback returns nil when it does not.
	Fallback(t *Turn) (func() error, error)
}

// Filer is a feature that takes files which secretaries send in private. Files
// under a command of a Filer go to that feature alone, before the command.
type Filer interface {
	// Parse makes of a file what File needs of it; nil when it is not for this
	// feature. It is called before the turn, outside of any transaction, and keeps to
	// limits while it reads. What is wrong with the file is File's to tell.
	Parse(f chat.File) any
	// File takes what Parse made of a file, which is not nil. It returns false when
	// the file is not for this feature.
	File(t *Turn, f chat.File, parsed any) (bool, error)
}

// Lister is a feature that also reads lists which people pass on among
// themselves, while one of its prompts is open.
type Lister interface {
	// Lists tells, from the text alone, whether it is a list for the prompt.
	// Any other text stays chatter: it is not kept.
	Lists(p Prompt, text string) bool
	// List takes the list, which is the text of t.Event. t is as for Answer.
	List(t *Turn, p Prompt) error
}

// Closer is an Answerer whose prompts /结束 can close before their time.
type Closer interface {
	Close(t *Turn, p Prompt) error
}

// Reporter is a feature with lines of its own in /状态.
type Reporter interface {
	Status(t *Turn) ([]string, error)
}

// Leaver is a feature in which something goes on when somebody has left the roster, as a seat
// that others wait for.
type Leaver interface {
	Left(t *Turn, m *Member) error
}

// Left tells the features that somebody has left the roster of the turn's unit.
func (t *Turn) Left(m *Member) error {
	for _, f := range t.work.engine.Features {
		if l, ok := f.(Leaver); ok {
			if err := l.Left(t, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// MediaMaker is a feature that keeps or makes files which messages carry.
type MediaMaker interface {
	// Media are its makers, by the kind that begins a ref: KIND:NAME.
	Media() map[string]MakeMedia
}

// MakeMedia returns the bytes and the type of what a ref names.
type MakeMedia func(tx *store.Tx, d Directory, name string) (data []byte, mediaType string, err error)

// Media types of tables.
const (
	XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	CSV  = "text/csv; charset=utf-8"
)

// TableType is the type of a table by its name.
func TableType(name string) string {
	if strings.HasSuffix(name, ".csv") {
		return CSV
	}
	return XLSX
}

// Actor is a feature whose actions schedules and /推送 can start.
type Actor interface {
	Actions() []Action
}

// Action is something that a schedule does at its time.
type Action struct {
	Name string // in config.yaml: do: lesson
	// Check reports what is wrong with the arguments; nil when they are fine.
	Check func(args Args) error
	// Run does it for t.Unit. cause goes into every letter (Letter.Cause), so
	// that the occurrence can be told what became of it. A *Skip error means
	// that there was a reason not to.
	Run func(t *Turn, args Args, cause string) error
	// Preview is the message that Run would post, as far as it can be told
	// without doing anything.
	Preview func(t *Turn, args Args) (chat.Message, error)
}

// Args are an action's arguments, e.g. {"from": "starter/safety"}.
type Args map[string]string

// Skip is a reason not to do something: a key of the catalogue.
type Skip struct {
	Key   string
	Args  []any
	Brief string // a key without arguments, for the row of an occurrence; "": Key
}

// Reason is the key that the row of an occurrence keeps.
func (s *Skip) Reason() string {
	if s.Brief != "" {
		return s.Brief
	}
	return s.Key
}

func (s *Skip) Error() string { return "skipped: " + s.Key }

// Command is one row of a feature's table of commands.
type Command struct {
	// Names are the Chinese name, the English name, then further ones.
	Names []string
	Role  Role
	// Word lets the names stand alone, without a slash: in private and, if
	// the sender is on the roster, as a whole message in the group.
	Word bool
	// PrivateWord does so in private alone, for words of everyday talk.
	PrivateWord bool
	// Bare commands take nothing behind their names: what stands there is refused, lest
	// somebody believe that it was read.
	Bare bool
	// Discreet commands carry words that are kept nowhere, not even when the
	// handling fails.
	Discreet bool
	// Usage is the catalogue key of "usage — what it does", for /帮助; "" for
	// what platforms send by themselves.
	Usage string
	// More is the key of what secretaries can do with it besides, Example of lines that can be
	// sent as they are; "" for none.
	More, Example string
	Group         Group // in which /帮助 names it
	Run           func(t *Turn, line command.Line) error

	owner Feature
}

// Group is a purpose of commands.
type Group string

// Groups are all of them, in the order of /帮助.
const (
	Daily   Group = "daily"
	Join    Group = "join"
	Mine    Group = "mine"
	Publish Group = "publish"
	Follow  Group = "follow"
	People  Group = "people"
	Timing  Group = "timing"
)

// Groups are in the order of /帮助.
var Groups = []Group{Daily, Join, Mine, Publish, Follow, People, Timing}

// Options are what an engine is made of.
type Options struct {
	DB        *store.DB
	Directory Directory
	Outbox    *outbox.Outbox
	Features  []Feature
	// Names are what people call the bot when they mention it.
	Names []string
	// Language is for people of whom nothing is known.
	Language string
	Log      *slog.Logger
	// Toast shows a line to the presser of a button, best effort. It must not
	// block. May be nil.
	Toast func(press chat.Event, line string)
	// Caps says what a platform can do in a chat. May be nil.
	Caps func(account chat.AccountID, in chat.ChatID) chat.Caps
	// Link is an address that opens a private chat with the bot and hands it a
	// word of at most 64 letters, digits, - and _; "" where there is none. May
	// be nil.
	Link func(account chat.AccountID, word string) string
	// StateChanged is told how an account is doing now. May be nil.
	StateChanged func(chat.AccountID, chat.State)
	// Handled, if set, is told of each batch of events: how many they were, when
	// the platform had the oldest of them (zero if it did not say), and whether
	// they were stored. It must not block.
	Handled func(events int, oldest time.Time, took time.Duration, stored bool)
	// Elsewhere is how the accounts are doing that other processes work at. May be
	// nil.
	Elsewhere func() map[chat.AccountID]chat.State
	// Left is how many messages the account may send in the present day; false
	// when they are not counted. May be nil.
	Left func(chat.AccountID) (int, bool)
}

// Engine handles events. Make one with New, then Run it.
type Engine struct {
	Options
	commands map[string]*Command // by folded name
	owners   map[string]Feature
	actions  map[string]Action

	flood    flood
	requests chan *request                    // of all accounts, or of those that have no queue
	queues   map[chat.AccountID]chan *request // see queue
	wake     chan struct{}                    // a timer may be due earlier than thought
	parsing  chan struct{}                    // who is in it parses a file: one at a time

	mu       sync.Mutex
	waits    map[string]waits              // open prompts by unit, as committed
	states   map[chat.AccountID]chat.State // how the accounts are doing
	counting map[string]time.Time          // when a committed count timer is due, by key
	told     map[string]time.Time          // hints given lately, so as not to repeat them

	started time.Time           // since when this process hears what is said
	posted  map[int64]time.Time // when a prompt, or a reminder of it, was last posted here
	talk    map[heard]talk      // what was said since then that was none of our business
	events  int64               // that were handed to this process; numbers them

	began     time.Time                    // since when the accounts are expected; zero: they are not
	heard     map[chat.AccountID]time.Time // until when all that the platform had was taken in
	heardKept map[chat.AccountID]time.Time // that in the database
	heardAt   time.Time                    // when this was last looked at
}

// New builds an engine. It panics when two features claim one name: that is a
// mistake of the program.
func New(o Options) *Engine {
	if o.Caps == nil {
		o.Caps = func(chat.AccountID, chat.ChatID) chat.Caps { return chat.Caps{} }
	}
	if o.Left == nil {
		o.Left = func(chat.AccountID) (int, bool) { return 0, false }
	}
	if o.Link == nil {
		o.Link = func(chat.AccountID, string) string { return "" }
	}
	e := &Engine{
		Options:  o,
		commands: map[string]*Command{},
		owners:   map[string]Feature{},
		actions:  map[string]Action{},
		requests: make(chan *request, 1024),
		wake:     make(chan struct{}, 1),
		parsing:  make(chan struct{}, 1),
		queues:   map[chat.AccountID]chan *request{},
		waits:    map[string]waits{},
		states:   map[chat.AccountID]chat.State{},
		told:     map[string]time.Time{},
		counting: map[string]time.Time{},
		posted:   map[int64]time.Time{},
		talk:     map[heard]talk{},
		started:  o.DB.Now(),

		heard:     map[chat.AccountID]time.Time{},
		heardKept: map[chat.AccountID]time.Time{},
	}
	for _, id := range o.Outbox.Accounts() {
		e.queues[id] = make(chan *request, 1024)
	}
	for _, f := range o.Features {
		if e.owners[f.Name()] != nil {
			panic("two features are named " + f.Name())
		}
		e.owners[f.Name()] = f
		for _, c := range f.Commands() {
			for _, name := range c.Names {
				name = command.Fold(name)
				if e.commands[name] != nil {
					panic("two commands are named " + name)
				}
				c.owner = f
				e.commands[name] = &c
			}
		}
		if actor, ok := f.(Actor); ok {
			for _, a := range actor.Actions() {
				e.actions[a.Name] = a
			}
		}
	}
	return e
}

// Action returns the named action of a feature.
func (e *Engine) Action(name string) (Action, bool) {
	a, ok := e.actions[name]
	return a, ok
}

// Feature is the feature of a name; nil when there is none.
func (e *Engine) Feature(name string) Feature {
	for _, f := range e.Features {
		if f.Name() == name {
			return f
		}
	}
	return nil
}

// ActionNames are the names of all actions, in the order of the features.
func (e *Engine) ActionNames() (names []string) {
	for _, f := range e.Features {
		if actor, ok := f.(Actor); ok {
			for _, a := range actor.Actions() {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// Run handles events and timers until ctx ends. Events whose Accept has begun
// are finished first.
func (e *Engine) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { e.serve(ctx, e.requests) })
	for _, q := range e.queues {
		all.Go(func() { e.serve(ctx, q) })
	}
	e.keepTime(ctx)
	all.Wait()
	return nil
}

// serve handles the events of a queue.
func (e *Engine) serve(ctx context.Context, queue chan *request) {
	for {
		select {
		case r := <-queue:
			e.handle(gather(queue, r))
			continue
		case <-ctx.Done():
		}
		select { // what adapters have handed over before
		case r := <-queue:
			e.handle(gather(queue, r))
		default:
			return
		}
	}
}

// SetState notes how an account is doing.
func (e *Engine) SetState(id chat.AccountID, s chat.State) {
	now := e.DB.Now()
	e.mu.Lock()
	before := e.states[id]
	e.states[id] = s
	if s.CaughtUp() {
		e.heard[id] = now
	}
	e.mu.Unlock()
	if s.CaughtUp() && !before.CaughtUp() {
		e.poke() // what waited for it may close now
	}
	if before.Behind = s.Behind; before != s {
		if e.StateChanged != nil {
			e.StateChanged(id, s)
		}
		e.Log.Info("account", "account", id, "state", s.Condition, "reason", s.Reason, "detail", s.Detail)
	}
}

// States is how the accounts are doing, here and in other processes.
func (e *Engine) States() map[chat.AccountID]chat.State {
	states := map[chat.AccountID]chat.State{}
	if e.Elsewhere != nil {
		states = e.Elsewhere()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.Copy(states, e.states)
	return states
}

// Leave forgets how an account is doing that another process goes on with.
func (e *Engine) Leave(id chat.AccountID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.states, id)
}

// asked is what the memory (once, flood) has answered in a transaction: when that
// is run again, what is asked for the same cause gets the same answer.
type asked map[string]any

// once tells whether a hint with this key may be given now: at most one in
// the given time. It is memory only: after a restart a hint may come again.
func (w *work) once(cause, key string, every time.Duration) bool {
	return again(w.asked, cause+" once "+key, func() bool { return w.engine.once(key, w.tx.Now, every) })
}

// flood is flood.take of the engine.
func (w *work) flood(cause, who string) verdict {
	return again(w.asked, cause+" flood "+who, func() verdict { return w.engine.flood.take(who, w.tx.Now) })
}

func again[V any](a asked, key string, ask func() V) V {
	if v, ok := a[key].(V); ok {
		return v
	}
	v := ask()
	a[key] = v
	return v
}

func (e *Engine) once(key string, now time.Time, every time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last, ok := e.told[key]; ok && now.Sub(last) < every && !now.Before(last) {
		return false
	}
	if len(e.told) > 10_000 { // strangers must not fill the memory
		clear(e.told)
	}
	e.told[key] = now
	return true
}
