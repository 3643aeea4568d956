// Package outbox keeps messages that wait to be sent and sends them.
//
// Rules:
//   - A letter is written in the transaction of its cause, under a key that
//     names the cause: the same cause never sends twice.
//   - Letters to one chat (a lane) leave in the order in which they were
//     written. Among lanes, replies to a person go before pushes.
//   - A letter is marked "sending" before the platform is called and "sent"
//     with its receipts afterwards. What is found "sending" at a start, or
//     whose answer got lost, may have been sent: a notice (a lesson, a result) or a
//     report is then sent once more, marked 补发; anything else stays "uncertain" and
//     is not repeated, unless the platform itself recognises a repeated part.
//   - A picture, file or poll that a chat refuses is replaced by something lesser
//     (chat.Message.Rest), and the letter goes on. An edit of a message that is not
//     there any more becomes a message of its own.
//   - Messages of one thread (a rising count) replace each other: one that
//     waits is overtaken, one that was sent is edited where the platform can.
package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// Class says how urgent a letter is and what happens when its fate is unknown.
type Class string

const (
	// Reply answers one person. Never repeated.
	Reply Class = "reply"
	// Push is a quiz post, a check-in. Never repeated.
	Push Class = "push"
	// Notice must arrive (lessons and results too): repeated once, marked, when uncertain.
	Notice Class = "notice"
	// Report is what a secretary waits for: it leaves with the replies, and must arrive as
	// a notice.
	Report Class = "report"
	// Progress is a rising count. It edits its thread's message; where the
	// platform cannot edit, it is not sent at all.
	Progress Class = "progress"
	// Digest is a count that is worth a message of its own where the platform
	// cannot edit: at half, at the deadline.
	Digest Class = "digest"
	// Ending ends the poll of its thread; it shows nothing by itself.
	Ending Class = "ending"
)

// patience is how long a letter is of use: what comes later is useless, or is taken
// for today's.
func (c Class) patience() time.Duration {
	switch c {
	case Reply:
		return time.Hour
	case Notice, Report, Ending:
		return 12 * time.Hour
	}
	return 2 * time.Hour
}

// deadline is after when a letter is not sent any more, whatever the platform says.
func (l *Letter) deadline() time.Time {
	switch {
	case !l.Expires.IsZero():
		return l.Expires
	case l.Class == Notice && l.Reason.refusal():
		return l.Created.Add(heldFor)
	}
	return l.Created.Add(l.Class.patience())
}

// State is what became of a letter.
type State string

const (
	Pending   State = "pending"
	Sending   State = "sending"
	Sent      State = "sent"
	Uncertain State = "uncertain" // it may have been sent
	Dead      State = "dead"      // given up, see Problem
	Skipped   State = "skipped"   // overtaken, or nothing for this platform
)

// Letter is a message and where it goes.
type Letter struct {
	ID       int64
	Key      string // unique: names the cause
	Account  chat.AccountID
	Chat     chat.ChatID // "" with User: his private chat, to be opened
	User     chat.UserID
	Class    Class
	Message  chat.Message
	Language string // of what Render adds
	Prompt   int64  // what a reply to this message answers; 0 = nothing
	Thread   string // messages of one thread replace each other; "" = none
	Cause    string // OnSettled is told when all letters of it are settled
	// Unit and Author are whom it concerns when it does not arrive: the member who
	// caused it, or else the unit's secretaries. About says in words what it is;
	// "": nobody is told.
	Unit   string
	Author int64
	About  string
	// Seal names the key under which the message is stored; "" = as it is.
	// Only replies are sealed: what may be repeated later must stay readable.
	Seal string

	sealed   []byte // the message as stored, until the sender opens it
	parts    int    // that are known to be sent
	before   int    // of these, before the message was written anew
	State    State
	Attempts int
	Created  time.Time
	Expires  time.Time // it is not sent after this; zero: see Class.patience
	Reason   Reason    // why it waits or was not sent
	Retry    time.Time // for OnUndelivered: when it is tried again; zero = never, or not known
	answered bool      // by the platform, in this attempt
	repeated bool      // it is of unknown fate, and was written once more
	closed   bool      // what it asks for is over
}

// Outbox stores letters. Its senders are made with Sender.
type Outbox struct {
	db *store.DB
	// OnSettled, if set, is called in the transaction in which the last letter
	// of a cause came to rest, with how many were sent and how many not.
	OnSettled func(tx *store.Tx, cause string, sent, failed int) error
	// OnUndelivered, if set, is called in the transaction in which a letter with words
	// about it was given up, is of unknown fate, waits for long, or arrived after such
	// a wait: State and Reason say which.
	OnUndelivered func(tx *store.Tx, l *Letter) error
	// OnRefused, if set, is told that a chat takes nothing from the bot, with the user
	// of a private chat if he is known. group: it is a group, which may take messages
	// again.
	OnRefused func(tx *store.Tx, account chat.AccountID, in chat.ChatID, user chat.UserID, why Reason) (group bool, err error)
	// OnBlocked, if set, is called in the transaction in which a letter was given up because
	// a person's private chat takes nothing.
	OnBlocked func(tx *store.Tx, l *Letter) error
	// OnTaken, if set, is told that a chat which refused takes messages again.
	OnTaken func(tx *store.Tx, account chat.AccountID, in chat.ChatID) error
	// Refusing, if set, are the chats of an account that refuse, with why, at the start of
	// its sender.
	Refusing func(tx *store.Tx, account chat.AccountID) (map[chat.ChatID]Reason, error)
	// Settled, if set, is told of each letter that has come to rest, after the
	// commit.
	Settled func(account chat.AccountID, class Class, state State)
	// Keys seal and open the letters that name a key.
	Keys Keys
	// OnMoved, if set, is told that a chat has got a new id.
	OnMoved func(tx *store.Tx, account chat.AccountID, from, to chat.ChatID) error

	wake    map[chat.AccountID]chan struct{}
	touched map[chat.AccountID]*touched
}

// Keys encrypt letters; package seal implements it.
type Keys interface {
	Seal(key string, plain []byte) ([]byte, error)
	// Open fails when the key has been destroyed.
	Open(key string, sealed []byte) ([]byte, error)
}

// envelope is how a sealed message is stored.
type envelope struct {
	Sealed string `json:"sealed"` // name of the key
	Body   []byte `json:"body"`
}

// text is the message as it is stored.
func (o *Outbox) text(l *Letter) ([]byte, error) {
	if l.Seal != "" {
		l.Message.Secret = true
	}
	text, err := json.Marshal(l.Message)
	if err != nil || l.Seal == "" {
		return text, err
	}
	body, err := o.Keys.Seal(l.Seal, text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{l.Seal, body})
}

// open makes a sealed letter readable again.
func (o *Outbox) open(l *Letter) error {
	if l.Seal == "" {
		return nil
	}
	text, err := o.Keys.Open(l.Seal, l.sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &l.Message)
}

// New makes an outbox for the accounts.
func New(db *store.DB, accounts ...chat.AccountID) *Outbox {
	o := &Outbox{db: db, wake: map[chat.AccountID]chan struct{}{}, touched: map[chat.AccountID]*touched{}}
	for _, id := range accounts {
		o.wake[id], o.touched[id] = make(chan struct{}, 1), &touched{lanes: map[laneKey]bool{}, refusing: map[chat.ChatID]Reason{}}
	}
	return o
}

// Accounts are those for which there are letters.
func (o *Outbox) Accounts() []chat.AccountID { return slices.Collect(maps.Keys(o.wake)) }

// Hinted tells that another process may have put letters of an account into the
// outbox; see store.DB.Hints.
func (o *Outbox) Hinted(account chat.AccountID) {
	if t := o.touched[account]; t != nil {
		t.hint()
		poke(o.wake[account])
	}
}

// Add puts a letter into the outbox. A letter whose key is there already
// changes nothing.
func (o *Outbox) Add(tx *store.Tx, l Letter) error {
	text, err := o.text(&l)
	if err != nil {
		return fmt.Errorf("letter %s: %w", l.Key, err)
	}
	if l.User == "" {
		l.Reason = o.Why(l.Account, l.Chat)
	}
	var expires any
	if !l.Expires.IsZero() {
		expires = l.Expires.UnixMilli()
	}
	added, err := tx.Exec(`INSERT INTO outbox
		(key, account, chat, user_id, class, message, language, prompt, thread, cause, unit, author, about, reason, state, not_before, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'pending', $15, $15, $16) ON CONFLICT (key) DO NOTHING`,
		l.Key, l.Account, l.Chat, l.User, l.Class, string(text), l.Language, l.Prompt, l.Thread, l.Cause, l.Unit, l.Author, l.About, l.Reason, tx.Millis(), expires)
	if err != nil {
		return fmt.Errorf("letter %s: %w", l.Key, err)
	}
	overtaken := int64(0)
	if l.Thread != "" && added > 0 {
		// What waits in the thread is overtaken by this one. (The index of threads
		// is found only by a query that leaves the empty one out.)
		overtaken, err = tx.Exec(`UPDATE outbox SET state = 'skipped', settled_at = $1
			WHERE thread = $2 AND thread <> '' AND account = $3 AND chat = $4 AND user_id = $5 AND key <> $6
			AND state = 'pending' AND class IN ('progress', 'digest')`,
			tx.Millis(), l.Thread, l.Account, l.Chat, l.User, l.Key)
		if err != nil {
			return fmt.Errorf("letter %s: %w", l.Key, err)
		}
	}
	if added > 0 {
		o.touch(tx, l.Account, laneOf(&l), overtaken > 0)
	}
	if added > 0 && l.Reason != "" {
		l.State = Pending
		return o.undelivered(tx, &l)
	}
	return nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// PromptOf is the prompt that a sent message belongs to; 0 when it is not ours
// or belongs to none.
func (o *Outbox) PromptOf(tx *store.Tx, account chat.AccountID, in chat.ChatID, id chat.MessageID) (int64, error) {
	var prompt int64
	err := tx.QueryRow(`SELECT o.prompt FROM outbox_part p JOIN outbox o ON o.id = p.outbox
		WHERE p.account = $1 AND p.chat = $2 AND p.message = $3`, account, in, id).Scan(&prompt)
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	return prompt, err
}

// Polled is the prompt that a poll belongs to, and the chat that it stands in;
// 0 when it is not ours.
func (o *Outbox) Polled(tx *store.Tx, account chat.AccountID, poll chat.PollID) (prompt int64, in chat.ChatID, err error) {
	err = tx.QueryRow(`SELECT o.prompt, p.chat FROM outbox_part p JOIN outbox o ON o.id = p.outbox
		WHERE p.account = $1 AND p.poll = $2`, account, poll).Scan(&prompt, &in)
	if errors.Is(err, store.ErrNoRows) {
		return 0, "", nil
	}
	return prompt, in, err
}

// Hold gives up all that waits in a database that was restored from a backup: it
// may have been sent since. It returns how many letters that were.
func Hold(tx *store.Tx) (int64, error) {
	return tx.Exec(`UPDATE outbox SET state = $1, problem = 'it waited when the backup was made, and may have been sent since', settled_at = $2
		WHERE state IN ('pending', 'sending')`, Uncertain, tx.Millis())
}

// Returned is that the platform says of a message which it had taken that people do
// not see it: the letter is undelivered, a notice is sent once more where only the
// rate was too high. A message that is not ours changes nothing.
func (o *Outbox) Returned(tx *store.Tx, account chat.AccountID, in chat.ChatID, id chat.MessageID, why chat.Class) error {
	found, err := letters(tx, `WHERE state = 'sent' AND id IN (SELECT outbox FROM outbox_part WHERE account = $1 AND chat = $2 AND message = $3)`,
		account, in, id)
	if err != nil || len(found) == 0 {
		return err
	}
	l := &found[0]
	l.Reason = reasonOf(&chat.SendError{Class: why})
	if l.Reason == Muted { // it can only be a private chat
		l.Reason = Blocked
		if o.OnRefused != nil {
			if _, err := o.OnRefused(tx, account, in, l.User, l.Reason); err != nil {
				return err
			}
		}
	}
	if l.Reason == RateLimited {
		if err := o.repeat(tx, l); err != nil {
			return err
		}
	}
	return o.settle(tx, l, Dead, "the platform says afterwards that it was not delivered: "+string(why))
}

// Moved turns all that waits for a chat to its new id.
func (o *Outbox) Moved(tx *store.Tx, account chat.AccountID, from, to chat.ChatID) error {
	_, err := tx.Exec(`UPDATE outbox SET chat = $1 WHERE account = $2 AND chat = $3 AND state IN ('pending', 'sending')`,
		to, account, from)
	if t := o.touched[account]; t != nil {
		tx.AfterCommit(t.forget)
	}
	if err != nil || o.OnMoved == nil {
		return err
	}
	return o.OnMoved(tx, account, from, to)
}

// Bound is the button data that a typed word stands for: in the quoted
// message, or else in the newest message of the chat that had such a list. ""
// when none.
func (o *Outbox) Bound(tx *store.Tx, account chat.AccountID, in chat.ChatID, quoted chat.MessageID, word string) (string, error) {
	query := `SELECT data FROM binding WHERE account = $1 AND chat = $2 AND word = $3
		AND outbox = (SELECT MAX(outbox) FROM binding WHERE account = $1 AND chat = $2)`
	args := []any{account, in, word}
	if quoted != "" {
		query = `SELECT b.data FROM binding b JOIN outbox_part p ON p.outbox = b.outbox
			WHERE b.account = $1 AND b.chat = $2 AND b.word = $3 AND p.account = $1 AND p.chat = $2 AND p.message = $4`
		args = append(args, quoted)
	}
	var data string
	err := tx.QueryRow(query, args...).Scan(&data)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	return data, err
}

// Counts is how many letters are in each state, for /状态 and metrics.
func Counts(tx *store.Tx, account chat.AccountID) (map[State]int, error) {
	rows, err := tx.Query(`SELECT state, COUNT(*) FROM outbox WHERE account = $1 GROUP BY state`, account)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[State]int{}
	for rows.Next() {
		var s State
		var n int
		if err := rows.Scan(&s, &n); err != nil {
			return nil, err
		}
		counts[s] = n
	}
	return counts, rows.Err()
}
