package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// Turn is one event or timer being handled: who, where, when, in which
// transaction, and the ways to say something. Nothing that is said leaves
// before the commit.
type Turn struct {
	Tx  *store.Tx
	Now time.Time // the transaction's time
	// When is when what is handled happened, as far as the platform says: of an event
	// that was long on its way it lies before Now, and is what deadlines are held
	// against. It is never after Now.
	When time.Time

	Event  *chat.Event // nil for a timer
	Unit   *Unit       // of the chat, or the member's home in private; nil when unknown
	Member *Member     // nil for an outsider or a timer
	Role   Role        // of the member in the unit
	Lang   string

	work     *work
	job      *job
	act      *act     // what somebody does at a page; else nil
	parsed   parsed   // the files of the event
	involved []string // units of prompts that the event may answer
	answers  bool     // the event is an answer: it concerns its units only

	number  int64     // of the event, in the order in which they were handed over
	by      int64     // the member whose command this is; 0 = none
	cause   string    // makes the keys of the letters
	toasted bool      // the press was answered
	expires time.Time // of the letters; zero: as their class says

	// letters counts those of each cause, for their keys. All turns that were made from
	// one share it, so that no two of their letters have the same key.
	letters map[string]int

	tacit     bool // answers are not confirmed one by one
	confirmed bool // the sender has seen what his command does, and wants it

	unheard  bool   // the event is an edit of what nothing was done about
	discreet bool   // nothing of the event's words may be kept
	seal     string // the key under which letters are stored; "" = as they are
}

// Complaint is an error that its cause can mend: a line of the catalogue for
// the person, not a fault of the program.
type Complaint struct {
	Key  string
	Args []any
}

func (c *Complaint) Error() string { return "complaint: " + c.Key }

// Complain makes a Complaint. args are name, value, name, value …
func Complain(key string, args ...any) error { return &Complaint{Key: key, Args: args} }

// T is a text of the catalogue in the turn's language; args are name, value …
func (t *Turn) T(key string, args ...any) string { return locale.Text(t.Lang, key, args...) }

// In makes a turn for another unit in the same transaction, speaking that unit's
// language; what an action of a schedule runs in. To do more there than to say
// something, use Into.
func (t *Turn) In(u *Unit) *Turn {
	other := *t
	if t.Member != nil && t.by == 0 {
		other.by = t.Member.ID
	}
	other.Event, other.Member, other.Role = nil, nil, Anyone
	other.Unit, other.Lang = u, u.Language
	other.cause = t.cause + ":" + u.ID
	return &other
}

// Until makes a turn whose posts with a cause are not sent after an instant;
// zero means that they are always of use.
func (t *Turn) Until(at time.Time) *Turn {
	other := *t
	other.expires = at
	return &other
}

// Directory answers who and where.
func (t *Turn) Directory() Directory { return t.work.engine.Directory }

// Engine is for what is the same at every turn: actions, states.
func (t *Turn) Engine() *Engine { return t.work.engine }

// OpenedBy is what let the member into the page at which they act; 0 in a chat. See Act.
func (t *Turn) OpenedBy() int64 {
	if t.act == nil {
		return 0
	}
	return t.act.Act.OpenedBy
}

// Private tells whether the event came from a private chat.
func (t *Turn) Private() bool { return t.Event != nil && t.Event.Private }

// Day is the day key of now in the unit's zone.
func (t *Turn) Day() string { return t.Now.In(t.Unit.Zone).Format("2006-01-02") }

// DayOfWord is the day key of When: the day on which something was said.
func (t *Turn) DayOfWord() string { return t.When.In(t.Unit.Zone).Format("2006-01-02") }

// AsOf makes a turn in which something counts as of an instant that has passed.
func (t *Turn) AsOf(at time.Time) *Turn {
	other := *t
	if other.When = t.Now; at.Before(t.Now) {
		other.When = at
	}
	return &other
}

func (t *Turn) account() chat.AccountID {
	if t.Event == nil {
		return ""
	}
	return t.Event.Account
}

// key names the next letter of this turn, the same whenever the turn is run.
func (t *Turn) key() string {
	t.letters[t.cause]++
	return t.cause + ":" + strconv.Itoa(t.letters[t.cause])
}

func (t *Turn) add(l outbox.Letter) error {
	if t.handBack(l) {
		return nil
	}
	if l.Key == "" {
		l.Key = t.key()
	}
	if l.Language == "" {
		l.Language = t.Lang
	}
	if l.Cause != "" {
		l.Expires = t.expires
	}
	if t.Unit != nil && l.Unit == "" {
		l.Unit = t.Unit.ID
	}
	l.Seal = t.seal
	if l.Prompt != 0 && l.Class != outbox.Reply {
		t.Tx.AfterCommit(func() { t.work.engine.put(l.Prompt, l.Chat, t.Now, t.number) })
	}
	return t.work.engine.Outbox.Add(t.Tx, l)
}

// Confide keeps the words of this event out of everything that is stored, also
// when its handling fails.
func (t *Turn) Confide() { t.discreet = true }

// Sealed runs say; what it says is stored encrypted under a key of the ring
// (package seal) and can be read by nobody once that key is destroyed.
func (t *Turn) Sealed(key string, say func() error) error {
	before := t.seal
	t.seal = key
	defer func() { t.seal = before }()
	return say()
}

// Reply says something where the event came from.
func (t *Turn) Reply(m chat.Message) error {
	return t.add(outbox.Letter{
		Account: t.Event.Account, Chat: t.Event.Chat, Class: outbox.Reply, Message: m,
	})
}

// ShowAgain shows the sender, where he asked, the newest prompts of t.Unit that
// he has yet to answer, at most so many; a reply to the message answers.
func (t *Turn) ShowAgain(most int) error {
	open, err := t.prompts(t.Unit.ID)
	if err != nil {
		return err
	}
	for _, p := range slices.Backward(open) {
		s, ok := t.work.engine.owners[p.Feature].(Shower)
		if !ok || most == 0 {
			continue
		}
		m, awaited, err := s.Show(t, p)
		if err != nil {
			return err
		}
		if !awaited {
			continue
		}
		most--
		err = t.add(outbox.Letter{Account: t.Event.Account, Chat: t.Event.Chat, Class: outbox.Reply, Message: m, Prompt: p.ID})
		if err != nil {
			return err
		}
	}
	return nil
}

// Receipts is the cause for what is posted because of this event, of which Sending tells.
// It is "" in a group: there the post itself shows that it arrived.
func (t *Turn) Receipts() string {
	if !t.Private() {
		return ""
	}
	return ReceiptsOf + t.cause
}

// Sending says that something is on its way, which was posted with a cause of
// Receipts. What it came to takes the place of that, once the receipts are in. Without a
// cause nothing is said.
func (t *Turn) Sending(cause, about string) error {
	if cause == "" {
		return nil
	}
	err := t.add(outbox.Letter{Account: t.Event.Account, Chat: t.Event.Chat, Class: outbox.Reply,
		Message: chat.Text(t.T("delivery.sending", "About", about)), Thread: cause})
	if err != nil {
		return err
	}
	return t.CountReceipts(cause, about, "")
}

// ReceiptsOf begins the causes of letters whose receipts are counted.
const ReceiptsOf = "receipts:"

// ReceiptsWithin is how long receipts are waited for.
const ReceiptsWithin = 10 * time.Minute

// CountReceipts has the receipts of a cause be counted when all are in, and told in the
// place of the message that has the cause for its thread, with more after it.
func (t *Turn) CountReceipts(cause, about, more string) error {
	return t.At(t.Now.Add(ReceiptsWithin), "delivery", "receipts", strings.Join([]string{cause, t.Lang, about, more}, "\n"), cause)
}

// Say replies with a line of the catalogue.
func (t *Turn) Say(key string, args ...any) error { return t.Reply(chat.Text(t.T(key, args...))) }

// Toast shows the presser of a button a short line once this is committed; ""
// only ends the waiting.
func (t *Turn) Toast(line string) {
	if t.act != nil {
		t.toastBack(line)
		return
	}
	toast, press := t.work.engine.Toast, *t.Event
	t.toasted = true
	if toast != nil {
		t.Tx.AfterCommit(func() { toast(press, line) })
	}
}

// Noted confirms an answer: a toast after a press, a line in private, nothing
// in the group, where the rising count says it for all.
func (t *Turn) Noted(key string, args ...any) error {
	switch {
	case t.tacit:
	case t.Event.Kind == chat.Pressed:
		t.Toast(t.T(key, args...))
		return nil
	case t.Event.Private && t.Event.Kind == chat.Said:
		return t.Say(key, args...)
	}
	return nil
}

// Tell says something to a member in private, on the platform account that he
// used last; false when none of his reaches a private chat.
func (t *Turn) Tell(m *Member, msg chat.Message) (bool, error) {
	return t.TellAs(m, Private{Message: msg})
}

// Private is a message for the private chat of a member.
type Private struct {
	Message chat.Message
	Class   outbox.Class            // "": Reply
	Cause   string                  // told when all letters of it are settled
	Thread  string                  // a later message of the thread takes the place of this one
	About   string                  // what it is, in words, for who is told that it did not arrive; "": nobody is
	But     map[chat.AccountID]bool // not on these accounts
}

// TellAs is Tell with more to say about the message.
func (t *Turn) TellAs(m *Member, p Private) (bool, error) {
	a, err := t.privately(m.ID, p.But)
	if err != nil || a == nil {
		return false, err
	}
	lang := m.Language
	if lang == "" {
		lang = t.Lang
	}
	return true, t.add(outbox.Letter{
		Account: a.Account, Chat: a.Chat, User: a.User, Class: cmp.Or(p.Class, outbox.Reply), Message: p.Message, Language: lang,
		Cause: p.Cause, Thread: p.Thread, About: p.About, Author: t.author(),
	})
}

// TellAt says something at an address, e.g. to somebody who is no member.
func (t *Turn) TellAt(a Address, msg chat.Message) error {
	if a.Chat == "" && (a.Refuses || !t.work.engine.Caps(a.Account, "").Direct) {
		return nil // nobody can be reached there who has not written first
	}
	return t.add(outbox.Letter{Account: a.Account, Chat: a.Chat, User: a.User, Class: outbox.Reply, Message: msg, Language: t.Lang})
}

// privately is where a member is reached in private; nil when nowhere.
func (t *Turn) privately(member int64, but map[chat.AccountID]bool) (*Address, error) {
	addresses, err := t.Directory().Private(t.Tx, member)
	if err != nil {
		return nil, err
	}
	return t.work.engine.privately(addresses, but), nil
}

// privately is the first of the addresses that is reached, but for some accounts; nil when none.
func (e *Engine) privately(addresses []Address, but map[chat.AccountID]bool) *Address {
	for i := range addresses {
		if a := &addresses[i]; !but[a.Account] && (a.Chat != "" || !a.Refuses && e.Caps(a.Account, "").Direct) {
			return a
		}
	}
	return nil
}

// Reaches tells whether Tell would reach a member.
func (t *Turn) Reaches(member int64) (bool, error) {
	a, err := t.privately(member, nil)
	return a != nil, err
}

// author is the member whose command this is, who is told what did not arrive; 0 = none.
func (t *Turn) author() int64 {
	if t.by == 0 && t.Member != nil && t.Role >= Secretary {
		return t.Member.ID
	}
	return t.by
}

// Replace puts a message in the place of the first one of a thread, which was said to one
// person; below it where the platform cannot edit. Where there is no such message, as at a
// page, nothing is said.
func (t *Turn) Replace(thread string, msg chat.Message) error {
	l := outbox.Letter{Class: outbox.Digest, Message: msg, Thread: thread}
	err := t.Tx.QueryRow(`SELECT account, chat, user_id, language FROM outbox WHERE thread = $1 AND thread <> '' ORDER BY id LIMIT 1`,
		thread).Scan(&l.Account, &l.Chat, &l.User, &l.Language)
	if errors.Is(err, store.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.add(l)
}

// For makes a turn whose posts are a member's: he is told what did not arrive.
func (t *Turn) For(member int64) *Turn {
	other := *t
	other.by = member
	return &other
}

// TellSender answers the sender in private, wherever he asked; when that is
// impossible, the group gets a line that says so and nothing of msg.
func (t *Turn) TellSender(msg chat.Message) error { return t.TellSenderIn("", msg) }

// TellSenderIn is TellSender for a message that a later one of the thread replaces.
func (t *Turn) TellSenderIn(thread string, msg chat.Message) error {
	if t.Event.Private {
		return t.add(outbox.Letter{Account: t.Event.Account, Chat: t.Event.Chat, Class: outbox.Reply, Message: msg, Thread: thread})
	}
	if t.Member != nil {
		told, err := t.TellAs(t.Member, Private{Message: msg, Thread: thread})
		if err != nil {
			return err
		}
		if told {
			if t.Event.Kind == chat.Pressed {
				t.Toast(t.T("engine.sent_privately"))
			}
			return nil
		}
	}
	if link := t.work.engine.Link(t.Event.Account, "today"); link != "" {
		return t.Say("engine.ask_privately_at", "Link", link)
	}
	return t.Say("engine.ask_privately")
}

// EditsPosts tells whether a later post of a thread takes the place of an earlier one in a
// chat of t.Unit, so that nobody notices it.
func (t *Turn) EditsPosts() (bool, error) {
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(groups, func(a Address) bool { return t.work.engine.Caps(a.Account, a.Chat).Edit }), nil
}

// Post is a message for the unit's group chats.
type Post struct {
	Class   outbox.Class
	Message chat.Message
	Prompt  int64  // a reply to the message answers this prompt
	Cause   string // told when all letters are settled
	Thread  string // replaces the thread's earlier message where that is possible
	About   string // what it is, in words, for who is told that it did not arrive; "": nobody is
	Unit    string // whose secretaries are told then; "": those of t.Unit
}

// Post says something in every group chat of t.Unit and returns how many there
// are.
func (t *Turn) Post(p Post) (int, error) {
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil {
		return 0, err
	}
	for _, g := range groups {
		err := t.add(outbox.Letter{
			Account: g.Account, Chat: g.Chat, Class: p.Class, Message: p.Message,
			Prompt: p.Prompt, Cause: p.Cause, Thread: p.Thread, Language: t.Unit.Language,
			About: p.About, Unit: p.Unit, Author: t.author(),
		})
		if err != nil {
			return 0, fmt.Errorf("post to %s: %w", g.Account, err)
		}
	}
	return len(groups), nil
}
