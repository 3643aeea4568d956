package engine

import (
	"context"
	"fmt"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// Console is the account of what members do at pages. It has no adapter: what
// would be replied there is handed back to the page.
const Console chat.AccountID = "console"

// Act is something that a member does at a page instead of in a chat. It is an
// event like any other: one turn in one transaction, by the same rules.
type Act struct {
	Member int64
	Unit   string // in which he acts; his role there is read in the transaction
	// OpenedBy is the binding of the account that has opened the page (package member);
	// 0: none.
	OpenedBy int64
	// Key is new for each form: an act whose key was seen before does nothing,
	// so a double click counts once.
	Key string
	// One of these says what is done: a line as he would type it in private,
	// with the files that he would send along; the data of a button; a function,
	// where there is no command, that must check t.Role by itself.
	Line  string
	Files []chat.File
	Press string
	Do    func(*Turn) error
}

// Acted is what became of an Act.
type Acted struct {
	Said    []chat.Message // what a chat would have shown him, in order
	Refused bool           // he can mend something: Said tells what
	Again   bool           // the key was seen before: nothing was done
	Sealed  bool           // Said holds what must not be stored as it is
}

// act is an Act under way.
type act struct {
	Act
	acted Acted
}

// Act does what a member wants at a page. Its error means that nothing was
// done: the database or the program failed.
func (e *Engine) Act(ctx context.Context, a Act) (Acted, error) {
	r := a.request()
	if err := e.accept(ctx, r); err != nil {
		return Acted{}, err // the engine may still be at it
	}
	return r.act.acted, nil
}

// HandleAct does what Act does, at once and in the caller's goroutine; see
// Handle.
func (e *Engine) HandleAct(ctx context.Context, a Act) (Acted, error) {
	r := a.request()
	if err := e.parse(ctx, r); err != nil {
		return Acted{}, err
	}
	r.done = make(chan error, 1)
	e.handle([]*request{r})
	return r.act.acted, <-r.done
}

// request is the act as the event that it is.
func (a Act) request() *request {
	ev := chat.Event{Key: fmt.Sprintf("%d:%s", a.Member, a.Key), Kind: chat.Said, Chat: "console", Private: true,
		From: chat.User{ID: chat.UserID(fmt.Sprint("member:", a.Member))}, Text: a.Line, Files: a.Files}
	if a.Press != "" {
		ev.Kind, ev.Data = chat.Pressed, a.Press
	}
	return &request{account: Console, events: []chat.Event{ev}, act: &act{Act: a}}
}

// Look makes a turn in a reading transaction, with which pages ask features for
// what these would say to the member in the unit. Nothing can be said in it.
func (e *Engine) Look(tx *store.Tx, m *Member, u *Unit, r Role, lang string) *Turn {
	return &Turn{Tx: tx, Now: tx.Now, When: tx.Now, Unit: u, Member: m, Role: r, Lang: lang, work: newWork(e, tx, nil, asked{})}
}

// actor fills in who acts, in which unit and with which role.
func (t *Turn) actor() (err error) {
	d := t.Directory()
	if t.Member, err = d.Member(t.Tx, t.act.Member); err != nil || t.Member == nil {
		return err
	}
	if t.Unit, err = d.Unit(t.Tx, t.act.Unit); err != nil {
		return fmt.Errorf("act in unit %q: %w", t.act.Unit, err)
	}
	t.Lang = t.Unit.Language
	if t.Member.Language != "" {
		t.Lang = t.Member.Language
	}
	t.Role, err = d.Role(t.Tx, t.Member, t.Unit.ID)
	return err
}

// acts is what an act does.
func (t *Turn) acts() (func() error, error) {
	if err := t.actor(); err != nil {
		return nil, err
	}
	switch {
	case t.Role < OnRoster: // he left, or lost his role, a moment ago
		return func() error { return Complain("engine.act_refused") }, nil
	case t.act.Do != nil:
		return func() error { return t.act.Do(t) }, nil
	case t.act.Press != "":
		return t.pressed()
	}
	do, err := t.message()
	if do == nil && err == nil {
		return func() error { return Complain("engine.act_unclear") }, nil
	}
	return do, err
}

// handBack keeps what was said to the one who acts for his page; false when the
// letter goes to somebody else.
func (t *Turn) handBack(l outbox.Letter) bool {
	if t.act == nil || l.Account != Console {
		return false
	}
	t.act.acted.Said = append(t.act.acted.Said, l.Message)
	t.act.acted.Sealed = t.act.acted.Sealed || t.seal != ""
	return true
}

// toastBack does so with a line that a press would have shown.
func (t *Turn) toastBack(line string) {
	if line != "" {
		t.act.acted.Said = append(t.act.acted.Said, chat.Text(line))
		t.act.acted.Sealed = t.act.acted.Sealed || t.seal != ""
	}
}

// startOver forgets what a try that was undone has said.
func (a *act) startOver(refused bool) {
	if a != nil {
		a.acted = Acted{Refused: refused}
	}
}
