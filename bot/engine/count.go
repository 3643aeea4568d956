package engine

import (
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/outbox"
)

// countEvery is the output budget for what a crowd does: at most one message
// per item in this time.
const countEvery = 10 * time.Second

// apart is by how much the clocks of two machines may differ without a reply being left
// out of a count.
const apart = time.Second

// CountSoon has the feature's timer "count" fire for the item within ten
// seconds, however many replies come until then.
//
// A timer of this transaction, or one that is known to be committed and not yet
// due, covers this reply too, so that a crowd's replies do not all touch the
// table.
func (t *Turn) CountSoon(feature, ref string) error {
	e, key, due := t.work.engine, feature+":count:"+ref, t.Now.Add(countEvery)
	now := t.Now
	if t.Tx.Parallel { // the timer may have been fired since this transaction began
		now = e.DB.Now().Add(apart)
	}
	e.mu.Lock()
	covered := e.counting[key].After(now)
	e.mu.Unlock()
	if covered || t.work.counting[key] {
		return nil
	}
	if t.work.counting == nil {
		t.work.counting = map[string]bool{}
	}
	t.work.counting[key] = true
	isNew, err := t.at(due, feature, "count", ref, key)
	if err != nil || !isNew {
		return err
	}
	t.Tx.AfterCommit(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.counting) > 10_000 {
			clear(e.counting) // a missing entry costs one statement
		}
		e.counting[key] = due
	})
	return nil
}

// PostCount says how many have replied. The message of the thread rises in
// place; where a platform cannot edit, only the first count at or over the half
// is sent.
func (t *Turn) PostCount(thread, text string, done, due int) error {
	class := outbox.Progress
	if done*2 >= due {
		var told int
		err := t.Tx.QueryRow(`SELECT COUNT(*) FROM outbox WHERE thread = $1 AND thread <> '' AND class = 'digest'`, thread).Scan(&told)
		if err != nil {
			return err
		}
		if told == 0 {
			class = outbox.Digest
		}
	}
	_, err := t.Post(Post{Class: class, Message: chat.Text(text), Thread: thread})
	return err
}

// OpenPrompts are the open ones of a feature in t.Unit; of all features for "".
func (t *Turn) OpenPrompts(feature string) ([]Prompt, error) {
	all, err := t.prompts(t.Unit.ID)
	var out []Prompt
	for _, p := range all {
		if feature == "" || p.Feature == feature {
			out = append(out, p)
		}
	}
	return out, err
}

// Closer is the feature that can close a prompt.
func (t *Turn) Closer(p Prompt) (Closer, bool) {
	c, ok := t.work.engine.owners[p.Feature].(Closer)
	return c, ok
}

// CloseAfter reads the argument close_after of an action, within bounds.
func (a Args) CloseAfter(usual time.Duration) (time.Duration, error) {
	text := a["close_after"]
	if text == "" {
		return usual, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute || d > 30*24*time.Hour {
		return 0, &Complaint{Key: "engine.close_after", Args: []any{"Value", text}}
	}
	return d, nil
}
