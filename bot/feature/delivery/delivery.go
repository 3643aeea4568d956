// Package delivery tells people what a platform did not take: what it was, which chat,
// why, and what to do.
//
// Rules:
//   - It is told to the member who caused the message, or else to the unit's
//     secretaries, in private. Where an account is the trouble, it is told on another
//     one; where there is none, /状态 and the console show it.
//   - There is one message an item (a notice, a question, a lesson …) and hour, for all
//     chats and people together.
//   - What is told here has no words about it (outbox.Letter.About), so that a failure of
//     the telling is not told again. A private chat that takes nothing passes it on (bot/engine/secretaries.go).
//   - What waits and then arrives, after that was told, is told as well.
package delivery

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/outbox"
	"branchbot/bot/roster"
	"branchbot/store"
)

// gather is how long the failures of an item are gathered before the first is told,
// and every how far apart two messages about it are.
const (
	gather = time.Minute
	every  = time.Hour
)

// keep is how long /状态 and the console show a failure, and forget how long its row stays.
const (
	keep   = 24 * time.Hour
	forget = 30 * 24 * time.Hour
)

// Feature tells what was not delivered.
type Feature struct{}

// Name implements engine.Feature.
func (f *Feature) Name() string { return "delivery" }

// Commands implements engine.Feature.
func (f *Feature) Commands() []engine.Command { return nil }

// item is what the failures are gathered by.
type item struct {
	Unit   string
	Author int64
	About  string
}

// Undelivered notes what became of a message; see outbox.Outbox.OnUndelivered.
func (f *Feature) Undelivered(tx *store.Tx, l *outbox.Letter) error {
	it := item{l.Unit, l.Author, l.About}
	in, state := l.Chat, stateOf(l.State)
	if l.User != "" {
		in = ""
	}
	if it.Unit == "" || in == "" && state != failed { // of people it counts who was not reached
		return nil
	}
	isNew, err := it.note(tx, l, in, state)
	if err != nil || !isNew {
		return err
	}
	return it.plan(tx)
}

// Settled has what waits for the receipts of a cause go on; see outbox.Outbox.OnSettled.
func (f *Feature) Settled(tx *store.Tx, cause string) error {
	_, err := tx.Exec(`UPDATE timer SET due_at = $1 WHERE key = $2 AND due_at > $1`, tx.Millis(), cause)
	return err
}

// receipts tells how many groups and people have got what was sent.
func (f *Feature) receipts(t *engine.Turn, ref string) error {
	parts := strings.SplitN(ref, "\n", 4)
	if len(parts) != 4 {
		return fmt.Errorf("receipts %q: want a cause, a language, words and more", ref)
	}
	cause, about := parts[0], parts[2]
	t.Lang = parts[1]
	all, sent, err := outbox.Receipts(t.Tx, cause)
	nobody := outbox.Reach{}
	if err != nil || all == nobody { // all of it was overtaken: what did so is told
		return err
	}
	text := t.T("delivery.sent", "About", about, "Reached", counted(t, sent))
	switch rest := all.Less(sent); {
	case sent == nobody:
		text = t.T("delivery.sent_none", "About", about)
	case rest != nobody:
		text = t.T("delivery.sent_partly", "About", about, "Reached", counted(t, sent), "Rest", counted(t, rest))
	}
	return t.Replace(cause, chat.Text(text+parts[3]))
}

// counted tells how many groups and people there are.
func counted(t *engine.Turn, r outbox.Reach) string {
	var words []string
	if r.Groups > 0 {
		words = append(words, t.T("delivery.count.groups", "N", r.Groups))
	}
	if r.People > 0 {
		words = append(words, t.T("delivery.count.people", "N", r.People))
	}
	return strings.Join(words, t.T("engine.list_comma"))
}

// Timer implements engine.Timed: it tells what was gathered about an item.
func (f *Feature) Timer(t *engine.Turn, tm engine.Timer) error {
	if tm.Kind == "receipts" {
		return f.receipts(t, tm.Ref)
	}
	var it item
	if err := json.Unmarshal([]byte(tm.Ref), &it); err != nil {
		return fmt.Errorf("item %q: %w", tm.Ref, err)
	}
	u, err := t.Directory().Unit(t.Tx, it.Unit)
	if err != nil {
		return fmt.Errorf("unit %s: %w", it.Unit, err)
	}
	if t, err = t.Into(u); err != nil {
		return err
	}
	rows, err := it.untold(t.Tx)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := it.markTold(t.Tx); err != nil {
		return err
	}
	text, err := words(t, it.About, rows)
	if err != nil {
		return err
	}
	p := engine.Private{Message: chat.Text(text), Cause: t.ForSecretaries(), But: map[chat.AccountID]bool{}}
	for _, r := range rows {
		if r.Reason.OfAccount() && r.State != delivered {
			p.But[r.Account] = true
		}
	}
	return tell(t, it, p)
}

// tell tells the author of an item, or else the unit's secretaries.
func tell(t *engine.Turn, it item, p engine.Private) error {
	if it.Author != 0 {
		m, err := t.Directory().Member(t.Tx, it.Author)
		if err != nil {
			return err
		}
		if m != nil {
			if told, err := t.TellAs(m, p); told || err != nil {
				return err
			}
		}
	}
	secretaries, err := t.Directory().Secretaries(t.Tx, it.Unit)
	if err != nil {
		return err
	}
	return t.TellEach(secretaries, p)
}

// named is how many chats are named in a line.
const named = 10

// words tells about an item what did not arrive, one line a reason.
func words(t *engine.Turn, about string, rows []Row) (string, error) {
	type kind struct {
		state   string
		reason  outbox.Reason
		private bool
	}
	var order []kind
	byWhy := map[kind][]Row{}
	for _, r := range rows {
		w := kind{r.State, r.Reason, r.Chat == ""}
		if r.State == delivered {
			w.reason = ""
		}
		if byWhy[w] == nil {
			order = append(order, w)
		}
		byWhy[w] = append(byWhy[w], r)
	}
	var bad, good []string
	for _, w := range order {
		list := byWhy[w]
		where, err := places(t, list)
		if err != nil {
			return "", err
		}
		if w.state == delivered {
			good = append(good, t.T("delivery.delivered", "About", about, "Where", where))
			continue
		}
		bad = append(bad, t.T("delivery.line", "Where", where, "Why", why(t, &list[0])))
	}
	if len(bad) > 0 {
		bad = append([]string{t.T("delivery.head", "About", about)}, bad...)
	}
	return strings.Join(append(bad, good...), "\n"), nil
}

// places names chats, or counts people.
func places(t *engine.Turn, list []Row) (string, error) {
	if list[0].Chat == "" {
		n := 0
		for _, r := range list {
			n += r.N
		}
		return t.T("delivery.people", "N", n), nil
	}
	var names []string
	for _, r := range list[:min(named, len(list))] {
		title, err := roster.ChatTitle(t.Tx, r.Account, r.Chat)
		if err != nil {
			return "", err
		}
		names = append(names, t.T("delivery.chat", "Chat", title, "Account", r.Account))
	}
	text := strings.Join(names, t.T("engine.list_comma"))
	if len(list) > named {
		text += t.T("delivery.more_chats", "N", len(list))
	}
	return text, nil
}

// why tells why something did not arrive, and what to do.
func why(t *engine.Turn, r *Row) string {
	return t.T(WhyKey(r.Reason)) + t.T("delivery.stop") + doing(t, r)
}

func doing(t *engine.Turn, r *Row) string {
	if r.State == failed {
		switch r.Reason {
		case outbox.Blocked, outbox.MaybeArrived, outbox.TooBig, outbox.Rejected:
			return t.T("delivery.failed." + string(r.Reason))
		}
		if r.Reason == outbox.Muted || r.Reason == outbox.Removed || r.Reason == outbox.TopicClosed || r.Reason == outbox.TopicGone {
			return t.T("delivery.failed.refused")
		}
		return t.T("delivery.failed.other")
	}
	limited := r.Reason == outbox.RateLimited || r.Reason == outbox.ChatLimited
	if left := r.Until.Sub(t.Now); limited && left > 0 {
		return t.T("delivery.waits.rate_limited", "Minutes", int((left+time.Minute-1)/time.Minute))
	}
	if !slices.Contains([]outbox.Reason{outbox.Muted, outbox.Removed, outbox.TopicClosed, outbox.TopicGone, outbox.LoggedOut}, r.Reason) {
		return t.T("delivery.waits.other")
	}
	return t.T("delivery.waits." + string(r.Reason))
}

// WhyKey is the key of the catalogue for a reason.
func WhyKey(r outbox.Reason) string {
	if r == "" {
		return "delivery.why.unknown"
	}
	return "delivery.why." + string(r)
}

// OfCause tells of the messages of a cause what did not arrive, where, why and what to
// do; "" when all did, or are on their way.
func OfCause(t *engine.Turn, cause string) (string, error) {
	failing, err := outbox.FailingOf(t.Tx, cause, 1)
	if err != nil || len(failing) == 0 {
		return "", err
	}
	r := Row{Account: failing[0].Account, Chat: failing[0].Chat, State: stateOf(failing[0].State), Reason: failing[0].Reason}
	where, err := places(t, []Row{r})
	if err != nil {
		return "", err
	}
	return t.T("delivery.of_cause", "Where", where, "Why", why(t, &r)), nil
}

// Status implements engine.Reporter: what did not arrive lately.
func (f *Feature) Status(t *engine.Turn) ([]string, error) {
	rows, err := Since(t.Tx, t.Unit.ID, t.Now.Add(-keep), 10)
	if err != nil {
		return nil, err
	}
	var lines []string
	for i := range rows {
		text, err := Tell(t, &rows[i])
		if err != nil {
			return nil, err
		}
		lines = append(lines, t.T("delivery.status", "Text", text))
	}
	return lines, nil
}

// Tell tells what did not arrive, where, why, and what to do.
func Tell(t *engine.Turn, r *Row) (string, error) {
	where, err := places(t, []Row{*r})
	if err != nil {
		return "", err
	}
	return t.T("delivery.tell", "About", r.About, "Where", where, "Why", why(t, r)), nil
}
