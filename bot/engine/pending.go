package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/store"
)

// keepPending keeps the answer of somebody whom nobody knows yet, until the
// prompt closes. Nothing is booked to a guess: it counts once he is bound.
func (t *Turn) keepPending(p Prompt, a command.Answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	ev := t.Event
	_, err = t.Tx.Exec(`INSERT INTO pending_answer (account, user_id, prompt, answer, message, chat, at, name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (account, user_id, prompt) DO UPDATE SET answer = excluded.answer, message = excluded.message, at = excluded.at,
		name = excluded.name`, ev.Account, ev.From.ID, p.ID, string(text), ev.Message, ev.Chat, t.Tx.Millis(), chat.CleanName(ev.From.Name))
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	if ev.Kind == chat.Pressed {
		t.Toast(t.T("engine.answer_kept"))
		return nil
	}
	// Who answers and is not known: one line for all of them.
	if t.work.once(t.cause, "answer_unknown:"+string(ev.Account)+":"+string(ev.Chat), hintEvery) {
		return t.Say("engine.answer_unknown")
	}
	return nil
}

// Stranger is somebody whom nobody knows yet, and whose answers wait for that.
type Stranger struct {
	Account chat.AccountID
	User    chat.UserID
	Name    string // as others see him on the platform, untrusted
	Answers int
	At      int64 // of the last one, in ms
}

// Strangers are those who have answered prompts of a unit that are open, the
// last one first.
func Strangers(tx *store.Tx, unit string) ([]Stranger, error) {
	rows, err := tx.Query(`SELECT a.account, a.user_id, MAX(a.name), COUNT(*), MAX(a.at) FROM prompt p JOIN pending_answer a ON a.prompt = p.id
		WHERE p.unit = $1 AND p.closed_at IS NULL GROUP BY a.account, a.user_id ORDER BY MAX(a.at) DESC, a.user_id`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Stranger
	for rows.Next() {
		var s Stranger
		if err := rows.Scan(&s.Account, &s.User, &s.Name, &s.Answers, &s.At); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// ForgetStranger drops what a stranger has answered in t.Unit.
func (t *Turn) ForgetStranger(account chat.AccountID, user chat.UserID) error {
	_, err := t.Tx.Exec(`DELETE FROM pending_answer WHERE account = $1 AND user_id = $2
		AND prompt IN (SELECT id FROM prompt WHERE unit = $3 AND closed_at IS NULL)`, account, user, t.Unit.ID)
	return err
}

// RecognisedAs is Recognised for an account that somebody else has bound to the
// member, who hears nothing of it.
func (t *Turn) RecognisedAs(account chat.AccountID, user chat.UserID, m *Member) error {
	other := *t
	other.Event = &chat.Event{Account: account, Kind: chat.Joined, From: chat.User{ID: user}}
	other.cause += ":recognised:" + string(account) + ":" + string(user)
	return other.Recognised(m)
}

// Recognised counts what the sender has answered before he was bound to the
// member, as far as it is still open and concerns him.
func (t *Turn) Recognised(m *Member) error {
	t.Member = m
	rows, err := t.Tx.Query(`SELECT prompt, answer FROM pending_answer WHERE account = $1 AND user_id = $2 ORDER BY prompt`,
		t.Event.Account, t.Event.From.ID)
	if err != nil {
		return err
	}
	type kept struct {
		prompt int64
		answer command.Answer
	}
	var all []kept
	for rows.Next() {
		var k kept
		var text string
		if err := errors.Join(rows.Scan(&k.prompt, &text), json.Unmarshal([]byte(text), &k.answer)); err != nil {
			rows.Close()
			return err
		}
		all = append(all, k)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	home := t.Unit
	for _, k := range all {
		p, err := t.prompt(k.prompt)
		if err == nil && !p.Closed {
			err = t.Try(t.answer(p, k.answer)) // an answer that does not fit any more harms no other
		}
		var complaint *Complaint
		if err != nil && !errors.As(err, &complaint) {
			return err
		}
	}
	t.Unit = home
	_, err = t.Tx.Exec(`DELETE FROM pending_answer WHERE account = $1 AND user_id = $2`, t.Event.Account, t.Event.From.ID)
	return err
}

// noteMessage remembers by which message an answer came, where it can be
// recalled.
func (t *Turn) noteMessage(p Prompt) error {
	ev := t.Event
	if ev.Kind != chat.Said || !t.work.engine.Caps(ev.Account, ev.Chat).Recalls {
		return nil
	}
	_, err := t.Tx.Exec(`INSERT INTO answer_message (prompt, member, account, chat, message) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (prompt, member) DO UPDATE SET account = excluded.account, chat = excluded.chat, message = excluded.message`,
		p.ID, t.Member.ID, ev.Account, ev.Chat, ev.Message)
	return err
}

// recalled takes an answer back whose message was taken back; nil when it was
// none, or not the last one.
func (t *Turn) recalled() (func() error, error) {
	ev := t.Event
	var waiting int
	err := t.Tx.QueryRow(`SELECT COUNT(*) FROM pending_answer WHERE account = $1 AND chat = $2 AND message = $3`,
		ev.Account, ev.Chat, ev.Message).Scan(&waiting)
	if err != nil {
		return nil, err
	}
	if waiting > 0 {
		return func() error {
			_, err := t.Tx.Exec(`DELETE FROM pending_answer WHERE account = $1 AND chat = $2 AND message = $3`, ev.Account, ev.Chat, ev.Message)
			return err
		}, nil
	}
	var prompt, member int64
	err = t.Tx.QueryRow(`SELECT prompt, member FROM answer_message WHERE account = $1 AND chat = $2 AND message = $3`,
		ev.Account, ev.Chat, ev.Message).Scan(&prompt, &member)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := t.prompt(prompt)
	if err != nil || p.Closed {
		return nil, err
	}
	w, ok := t.work.engine.owners[p.Feature].(Withdrawer)
	if !ok || t.Member != nil && t.Member.ID != member {
		return nil, nil
	}
	return func() (err error) {
		if t.Member, err = t.Directory().Member(t.Tx, member); err != nil || t.Member == nil {
			return err
		}
		if err := t.Enter(p.Unit); err != nil {
			return err
		}
		if _, err := t.Tx.Exec(`DELETE FROM answer_message WHERE prompt = $1 AND member = $2`, prompt, member); err != nil {
			return err
		}
		return w.Withdraw(t, p)
	}, nil
}

// forgetAnswers drops, at the close, what was kept while the prompt was open.
func (t *Turn) forgetAnswers(prompt int64) error {
	_, err := t.Tx.Exec(`DELETE FROM pending_answer WHERE prompt = $1`, prompt)
	if err != nil {
		return err
	}
	if _, err = t.Tx.Exec(`DELETE FROM answer_message WHERE prompt = $1`, prompt); err != nil {
		return err
	}
	return t.forgetAsked(prompt)
}
