package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"time"

	"branchbot/bot/chat"
	"branchbot/store"
)

// Reason is why a message waits or was not sent; "" = nothing is in its way. People
// are told in words: delivery.why.REASON of the catalogue.
type Reason string

const (
	Muted        Reason = "muted"         // the bot may not write in the group
	Removed      Reason = "removed"       // it is not in the group any more
	TopicClosed  Reason = "topic_closed"  // of a group with topics
	TopicGone    Reason = "topic_gone"    // the topic was deleted
	Blocked      Reason = "blocked"       // a private chat takes nothing from the bot
	RateLimited  Reason = "rate_limited"  // the platform asks the account to wait
	ChatLimited  Reason = "chat_limited"  // the platform asks to wait in one chat
	LoggedOut    Reason = "logged_out"    // the account has no session
	Unreachable  Reason = "unreachable"   // the platform does not answer, or is out of order
	Busy         Reason = "busy"          // many messages are before it
	MaybeArrived Reason = "maybe_arrived" // nobody knows whether it was sent
	WindowClosed Reason = "window_closed" // the platform allows only replies, for a time
	TooBig       Reason = "too_big"
	Rejected     Reason = "rejected" // the platform does not take this very message
)

// OfAccount tells whether the whole account is concerned, not one chat.
func (r Reason) OfAccount() bool {
	return r == RateLimited || r == LoggedOut || r == Unreachable || r == Busy
}

// refusal tells whether the chat itself takes nothing.
func (r Reason) refusal() bool {
	switch r {
	case Muted, Removed, TopicClosed, TopicGone, Blocked:
		return true
	}
	return false
}

// reasonOf is that of a failed send.
func reasonOf(err error) Reason {
	var se *chat.SendError
	if !errors.As(err, &se) {
		return MaybeArrived
	}
	switch se.Class {
	case chat.Forbidden, chat.ChatGone:
		switch {
		case se.Topic && se.Class == chat.Forbidden:
			return TopicClosed
		case se.Topic:
			return TopicGone
		case se.Class == chat.Forbidden:
			return Muted
		}
		return Removed
	case chat.RateLimited:
		return RateLimited
	case chat.LoggedOut:
		return LoggedOut
	case chat.Temporary:
		return Unreachable
	case chat.MaybeSent:
		return MaybeArrived
	case chat.WindowClosed:
		return WindowClosed
	case chat.TooBig:
		return TooBig
	}
	return Rejected
}

// heldFor is how long a notice waits for a chat that refuses it, and late how long it
// has waited when it is marked.
const (
	heldFor = 3 * 24 * time.Hour
	late    = 10 * time.Minute
)

// probe is how long a chat that refuses is left alone: it is tried again in five, ten,
// twenty minutes, then each half hour. What tells that it takes messages again is
// tried at once; see Taken.
func probe(attempts int) time.Duration {
	return min(5*time.Minute<<min(max(attempts-1, 0), 10), 30*time.Minute)
}

// refused deals with a letter whose chat does not take it: where it is of use later, it
// waits for a chat that takes messages again, and those behind it wait as well.
func (s *Sender) refused(l *Letter, reason Reason, problem string) error {
	return s.write(func(tx *store.Tx) error {
		group := false
		if s.out.OnRefused != nil {
			var err error
			if group, err = s.out.OnRefused(tx, l.Account, l.Chat, l.User, reason); err != nil {
				return err
			}
		}
		if !group {
			reason = Blocked
		}
		l.Reason = reason
		if group {
			s.out.refuses(tx, l.Account, l.Chat, reason)
		}
		if !group || !l.keeps() || !tx.Now.Before(l.deadline()) {
			return s.out.settle(tx, l, Dead, problem)
		}
		return s.out.hold(tx, l, tx.Now.Add(probe(l.Attempts)), problem)
	})
}

// keeps tells whether a letter is of use once a chat that refuses takes messages again.
func (l *Letter) keeps() bool {
	return l.Class == Notice || l.Class == Push || l.Class == Digest && l.About != ""
}

// behind is how many of the letters behind one that waits are told of at once.
const behind = 100

// hold has a letter wait for a chat that refuses it, and tells of those behind it.
func (o *Outbox) hold(tx *store.Tx, l *Letter, next time.Time, problem string) error {
	_, err := tx.Exec(`UPDATE outbox SET state = 'pending', not_before = $1, problem = $2, reason = $3 WHERE id = $4`,
		next.UnixMilli(), problem, l.Reason, l.ID)
	if err != nil {
		return fmt.Errorf("letter %d waits: %w", l.ID, err)
	}
	l.State, l.Retry = Pending, next
	o.touch(tx, l.Account, laneOf(l), true)
	if err := o.undelivered(tx, l); err != nil {
		return err
	}
	others, err := letters(tx, `WHERE account = $1 AND chat = $2 AND user_id = $3 AND state IN ('pending', 'sending')
		AND id > $4 AND reason = '' ORDER BY id LIMIT $5`, l.Account, l.Chat, l.User, l.ID, behind)
	if err != nil {
		return err
	}
	for i := range others {
		if err := o.waits(tx, &others[i], l.Reason, next); err != nil {
			return err
		}
	}
	return nil
}

// waits notes why a letter waits, and tells of it.
func (o *Outbox) waits(tx *store.Tx, l *Letter, why Reason, retry time.Time) error {
	if _, err := tx.Exec(`UPDATE outbox SET reason = $1 WHERE id = $2`, why, l.ID); err != nil {
		return err
	}
	l.State, l.Reason, l.Retry = Pending, why, retry
	return o.undelivered(tx, l)
}

// refuses notes, once tx is committed, why a chat refuses; "" when it does not any more.
func (o *Outbox) refuses(tx *store.Tx, account chat.AccountID, in chat.ChatID, why Reason) {
	t := o.touched[account]
	if t == nil {
		return
	}
	tx.AfterCommit(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if why != "" {
			t.refusing[in] = why
		} else {
			delete(t.refusing, in)
		}
	})
}

// Why is why a chat is known to refuse; "" when it does not, or another process has the
// account.
func (o *Outbox) Why(account chat.AccountID, in chat.ChatID) Reason {
	t := o.touched[account]
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refusing[in]
}

// undelivered tells of a letter that did not arrive, waits, or arrived late.
func (o *Outbox) undelivered(tx *store.Tx, l *Letter) error {
	if l.About == "" || o.OnUndelivered == nil {
		return nil
	}
	return o.OnUndelivered(tx, l)
}

// Taken tells that a group, with all its topics, may take messages again: what waits for
// it is tried at once.
func (o *Outbox) Taken(tx *store.Tx, account chat.AccountID, group chat.ChatID) error {
	waiting, err := waitingFor(tx, account, group)
	if err != nil {
		return err
	}
	if t := o.touched[account]; t != nil {
		tx.AfterCommit(func() { t.takes(group) })
	}
	for _, l := range waiting {
		if !l.Reason.refusal() {
			continue
		}
		if _, err := tx.Exec(`UPDATE outbox SET not_before = $1 WHERE id = $2 AND state = 'pending'`, tx.Millis(), l.ID); err != nil {
			return err
		}
		o.touch(tx, account, laneOf(&l), true)
	}
	return nil
}

// takes notes that a group, with all its topics, may take messages again.
func (t *touched) takes(group chat.ChatID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.refusing, func(in chat.ChatID, _ Reason) bool { return in.Group() == group.Group() })
}

// waitingFor are the letters that wait for a group or one of its topics.
func waitingFor(tx *store.Tx, account chat.AccountID, group chat.ChatID) ([]Letter, error) {
	return letters(tx, `WHERE account = $1 AND state = 'pending'
		AND (chat = $2 OR substr(chat, 1, length($2) + 1) = $2 || '/') ORDER BY id`, account, group)
}

// Removed gives up what waits for a group that the bot was taken out of; notices wait
// until it is taken in again.
func (o *Outbox) Removed(tx *store.Tx, account chat.AccountID, group chat.ChatID) error {
	const problem = "the bot was taken out of the chat"
	waiting, err := waitingFor(tx, account, group)
	if err != nil {
		return err
	}
	for i := range waiting {
		l := &waiting[i]
		l.Reason = Removed
		if l.keeps() && tx.Now.Before(l.deadline()) {
			err = o.hold(tx, l, l.deadline(), problem)
		} else {
			err = o.settle(tx, l, Dead, problem)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tooLate gives a letter up whose time is over, unless part of it was sent. Where an
// account has a number of messages a day, what is no reply may wait for the next day.
// What waited for a chat is over with what it asks for, but for notices: they are marked.
func (o *Outbox) tooLate(tx *store.Tx, l *Letter, p chat.Pace) (bool, error) {
	deadline := l.deadline()
	if l.Expires.IsZero() && l.Class != Reply && p.AccountPerDay > 0 {
		deadline = deadline.Add(day)
	}
	over := tx.Now.After(deadline)
	if l.Reason.refusal() && l.Prompt != 0 && !over {
		err := tx.QueryRow(`SELECT closed_at IS NOT NULL FROM prompt WHERE id = $1`, l.Prompt).Scan(&l.closed)
		if err != nil && !errors.Is(err, store.ErrNoRows) {
			return false, err
		}
		over = l.closed && l.Class != Notice
	}
	if !over || l.parts > 0 {
		return false, nil
	}
	if l.Reason == "" {
		l.Reason = Busy
	}
	return true, o.settle(tx, l, Dead, "too late to be of use")
}

// stuckEvery is how often it is looked for letters that wait for long, and stuckAtOnce
// how many are told of then.
const (
	stuckEvery  = time.Minute
	stuckAtOnce = 200
)

// stuck tells of letters that have waited for ten minutes: of the first of each chat,
// which holds up the others.
func (s *Sender) stuck() error {
	s.mu.Lock()
	now := s.out.db.Now()
	if now.Sub(s.looked) < stuckEvery && !now.Before(s.looked) {
		s.mu.Unlock()
		return nil
	}
	s.looked = now
	var found []*head
	for _, h := range s.lanes.heads {
		if len(found) < stuckAtOnce && !h.told && now.Sub(h.created) >= late && !s.busy[h.key.busyKey()] {
			found = append(found, h)
		}
	}
	paused := s.pause
	s.mu.Unlock()
	if len(found) == 0 {
		return nil
	}
	err := s.write(func(tx *store.Tx) error {
		for _, h := range found {
			waiting, err := letters(tx, `WHERE id = $1 AND state = 'pending'`, h.id)
			if err != nil {
				return err
			}
			if len(waiting) == 0 || waiting[0].Reason.refusal() { // which was told when it was refused
				continue
			}
			l := &waiting[0]
			why, retry := cmp.Or(l.Reason, Busy), h.notBefore
			if paused.After(retry) {
				why, retry = RateLimited, paused
			}
			if why == l.Reason { // that was told, maybe before the lane was read anew
				continue
			}
			if err := s.out.waits(tx, l, why, retry); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("letters that wait for long: %w", err)
	}
	s.mu.Lock()
	for _, h := range found {
		h.told = true
	}
	s.mu.Unlock()
	return nil
}

// Failing is a message of a cause that did not arrive, or not yet.
type Failing struct {
	Account chat.AccountID
	Chat    chat.ChatID
	State   State
	Reason  Reason
}

// FailingOf are some messages of a cause that did not arrive, or wait for a chat that
// refuses them.
func FailingOf(tx *store.Tx, cause string, most int) ([]Failing, error) {
	rows, err := tx.Query(`SELECT account, chat, state, reason FROM outbox WHERE cause = $1 AND cause <> ''
		AND (state IN ('dead', 'uncertain') OR state IN ('pending', 'sending') AND reason <> '') ORDER BY id LIMIT $2`, cause, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Failing
	for rows.Next() {
		var f Failing
		if err := rows.Scan(&f.Account, &f.Chat, &f.State, &f.Reason); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// knowRefusing reads which chats refuse.
func (s *Sender) knowRefusing() error {
	if s.out.Refusing == nil {
		return nil
	}
	var refusing map[chat.ChatID]Reason
	err := s.out.db.Read(func(tx *store.Tx) (err error) {
		refusing, err = s.out.Refusing(tx, s.adapter.ID())
		return err
	})
	if err != nil {
		return fmt.Errorf("chats that refuse: %w", err)
	}
	t := s.out.touched[s.adapter.ID()]
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.refusing)
	maps.Copy(t.refusing, refusing)
	return nil
}

// taken notes that a chat which refused has taken a letter.
func (s *Sender) taken(tx *store.Tx, l *Letter, in chat.ChatID) error {
	if s.out.OnTaken == nil || s.out.Why(l.Account, in) == "" {
		return nil
	}
	s.out.refuses(tx, l.Account, in, "")
	return s.out.OnTaken(tx, l.Account, in)
}

// Reach is how many groups, and how many people in private, letters are for.
type Reach struct{ Groups, People int }

// Less is what is left of it without those of another.
func (r Reach) Less(o Reach) Reach { return Reach{r.Groups - o.Groups, r.People - o.People} }

// Receipts is for whom the letters of a cause are, and who has got one. What was overtaken
// by a later letter does not count.
func Receipts(tx *store.Tx, cause string) (all, sent Reach, err error) {
	err = tx.QueryRow(`SELECT COUNT(DISTINCT CASE WHEN user_id = '' THEN account || ' ' || chat END),
		COUNT(DISTINCT CASE WHEN user_id <> '' THEN account || ' ' || user_id END),
		COUNT(DISTINCT CASE WHEN user_id = '' AND state = 'sent' THEN account || ' ' || chat END),
		COUNT(DISTINCT CASE WHEN user_id <> '' AND state = 'sent' THEN account || ' ' || user_id END)
		FROM outbox WHERE cause = $1 AND cause <> '' AND state <> 'skipped'`, cause).
		Scan(&all.Groups, &all.People, &sent.Groups, &sent.People)
	return all, sent, err
}

// Outcome is where a letter goes to a person, and what has become of it.
type Outcome struct {
	Account chat.AccountID
	User    chat.UserID
	State   State
}

// Told are the letters of a cause.
func Told(tx *store.Tx, cause string) ([]Outcome, error) {
	rows, err := tx.Query(`SELECT account, user_id, state FROM outbox WHERE cause = $1 AND cause <> ''`, cause)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Outcome
	for rows.Next() {
		var o Outcome
		if err := rows.Scan(&o.Account, &o.User, &o.State); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Arrived tells whether a notice with a prompt has come to a chat, or may have.
func Arrived(tx *store.Tx, prompt int64) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM outbox WHERE prompt = $1 AND prompt <> 0 AND class = 'notice' AND state IN ('sent', 'uncertain'))`,
		prompt).Scan(&yes)
	return yes, err
}

// Resting is until when the platform asked the whole account to send nothing.
func (s *Sender) Resting() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pause
}
