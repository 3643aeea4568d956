package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/store"
)

// Platforms report edits in which nothing was edited: a reaction, a preview that has been
// loaded. So of each message that the bot has acted on, a fingerprint of its text is kept;
// of chatter, and of what is said in confidence, nothing is.

// messageKey names a message.
type messageKey struct {
	account chat.AccountID
	chat    chat.ChatID
	message chat.MessageID
}

func messageOf(ev *chat.Event) messageKey { return messageKey{ev.Account, ev.Chat, ev.Message} }

func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// heard is the fingerprint of what the event's message said when it was acted on; "" when
// it was not.
func (w *work) heard(ev *chat.Event) (text string, err error) {
	if row, ok := w.acted[messageOf(ev)]; ok {
		return row, nil
	}
	err = w.tx.QueryRow(`SELECT text FROM message_heard WHERE account = $1 AND chat = $2 AND message = $3`,
		ev.Account, ev.Chat, ev.Message).Scan(&text)
	if errors.Is(err, store.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read what message %s said: %w", ev.Message, err)
	}
	return text, nil
}

// noteHeard has it kept what the message says that was acted on.
func (t *Turn) noteHeard() {
	ev := t.Event
	if ev.Kind != chat.Said || ev.Message == "" || t.discreet || !t.work.engine.Caps(ev.Account, ev.Chat).Edits {
		return
	}
	if t.work.acted == nil {
		t.work.acted = map[messageKey]string{}
	}
	t.work.acted[messageOf(ev)] = fingerprint(ev.Text)
}

// storeHeard stores what noteHeard has noted.
func (w *work) storeHeard() error {
	rows := make([][]any, 0, len(w.acted))
	for k, text := range w.acted {
		rows = append(rows, []any{k.account, k.chat, k.message, text, w.tx.Millis()})
	}
	_, err := w.tx.InsertRows(`INSERT INTO message_heard (account, chat, message, text, at)`, rows,
		`ON CONFLICT (account, chat, message) DO UPDATE SET text = excluded.text, at = excluded.at`)
	if err != nil {
		return fmt.Errorf("note messages: %w", err)
	}
	return nil
}

// edited classifies the new text of a message. An answer may be mended so; a command would
// run twice.
func (t *Turn) edited() (func() error, error) {
	before, err := t.work.heard(t.Event)
	if err != nil || before == fingerprint(t.Event.Text) {
		return nil, err
	}
	t.unheard = before == ""
	return t.reply(t.Event.Mentioned)
}

// mayMean tells whether the sender can mean a prompt by this message. A vote is not cast by
// an edit, for nothing is kept by which one could tell a new choice from an old one. And what
// the bot has not acted on may be as it was: it cannot be for what was asked later.
func (t *Turn) mayMean(p Prompt, quoted bool) bool {
	switch {
	case !t.Event.Edited:
		return true
	case p.Want.Kind == command.Ballot:
		return false
	}
	return quoted || !t.unheard || !t.Event.Written.Before(p.OpenedAt.Truncate(time.Second))
}
