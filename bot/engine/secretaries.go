package engine

import (
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/locale"
	"branchbot/bot/outbox"
	"branchbot/store"
)

// What the secretaries of a unit are told in private is not lost with one private chat.
// One that takes nothing (the bot is blocked there, or was never written to) passes it on:
// to another account of the same person; else, while none of the others has it or may get
// it yet, to another secretary of the unit, then of the units above. Whoever gets it so is
// told for whom it was. No account gets the same twice.

// The causes of such letters begin with one of these. What is only for the unit's own
// secretaries is passed on to nobody above.
const (
	forSecretaries    = "secretaries:"
	forOwnSecretaries = "own-secretaries:"
)

// ForSecretaries is the cause of one thing that somebody of t.Unit's secretaries must get,
// or else somebody above. All letters about it have the same.
func (t *Turn) ForSecretaries() string { return forSecretaries + t.key() }

// ForOwnSecretaries is ForSecretaries for what is nobody's above.
func (t *Turn) ForOwnSecretaries() string { return forOwnSecretaries + t.key() }

// ForSecretaries is the cause of what is told to secretaries outside of a turn; key is new
// for each thing.
func ForSecretaries(key string) string { return forSecretaries + key }

// TellSecretaries sends a unit's list to its secretaries in private. They wait for it, so it
// is repeated when it is not known whether it arrived; but what is sealed cannot be.
func (t *Turn) TellSecretaries(msg chat.Message) error {
	class := outbox.Report
	if t.seal != "" {
		class = outbox.Reply
	}
	to, err := t.Directory().Secretaries(t.Tx, t.Unit.ID)
	if err != nil {
		return err
	}
	return t.TellEach(to, Private{Message: msg, Class: class, Cause: t.ForSecretaries()})
}

// TellEach tells secretaries of t.Unit something with a cause of ForSecretaries or
// ForOwnSecretaries. When none of them is reached in private, somebody above is told.
func (t *Turn) TellEach(to []Member, p Private) error {
	any := false
	for i := range to {
		told, err := t.TellAs(&to[i], p)
		if err != nil {
			return err
		}
		any = any || told
	}
	if any || len(to) == 0 {
		return nil
	}
	others, err := t.work.engine.inCharge(t.Tx, t.Unit.ID, p.Cause)
	if err != nil {
		return err
	}
	p.Message = passedOn(p.Message, t.Lang, t.Unit, &to[0])
	for i := range others {
		if told, err := t.TellAs(&others[i], p); told || err != nil {
			return err
		}
	}
	return nil
}

// inCharge are those who may get what is for a unit's secretaries, the nearest first.
func (e *Engine) inCharge(tx *store.Tx, unit, cause string) (all []Member, err error) {
	line, err := e.Directory.Line(tx, unit)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(cause, forOwnSecretaries) {
		return nil, nil // all of them were told
	}
	for _, u := range line {
		some, err := e.Directory.Secretaries(tx, u.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// passedOn is a message with a line that says for whom it was.
func passedOn(m chat.Message, lang string, u *Unit, to *Member) chat.Message {
	head := locale.Text(lang, "engine.passed_on", "Unit", u.Name, "Name", to.Name)
	m.Spans = append([]chat.Span{{Text: head + "\n"}}, m.Spans...)
	return m
}

// PassOn passes on what a private chat does not take; see outbox.Outbox.OnBlocked.
func (e *Engine) PassOn(tx *store.Tx, l *outbox.Letter) error {
	if !strings.HasPrefix(l.Cause, forSecretaries) && !strings.HasPrefix(l.Cause, forOwnSecretaries) {
		return nil
	}
	was, err := e.Directory.Who(tx, l.Account, l.User)
	if err != nil || was == nil {
		return err
	}
	told, err := outbox.Told(tx, l.Cause)
	if err != nil {
		return err
	}
	next := *l
	next.ID, next.Key, next.Thread, next.Attempts, next.Reason = 0, fmt.Sprintf("%s:%d", l.Cause, len(told)+1), "", 0, ""
	if a, err := e.untold(tx, was, told); err != nil || a != nil {
		return e.toAddress(tx, next, a, err)
	}
	for _, o := range told {
		if o.State != outbox.Dead {
			return nil
		}
	}
	u, err := e.Directory.Unit(tx, l.Unit)
	if err != nil {
		return fmt.Errorf("unit %s: %w", l.Unit, err)
	}
	others, err := e.inCharge(tx, u.ID, l.Cause)
	if err != nil {
		return err
	}
	for i := range others {
		if a, err := e.untold(tx, &others[i], told); err != nil || a != nil {
			next.Message = passedOn(l.Message, l.Language, u, was)
			return e.toAddress(tx, next, a, err)
		}
	}
	return nil
}

func (e *Engine) toAddress(tx *store.Tx, l outbox.Letter, a *Address, err error) error {
	if err != nil {
		return err
	}
	l.Account, l.Chat, l.User = a.Account, a.Chat, a.User
	return e.Outbox.Add(tx, l)
}

// untold is where a member is reached in private who has not been told there; nil when
// nowhere.
func (e *Engine) untold(tx *store.Tx, m *Member, told []outbox.Outcome) (*Address, error) {
	addresses, err := e.Directory.Private(tx, m.ID)
	if err != nil {
		return nil, err
	}
	addresses = slices.DeleteFunc(addresses, func(a Address) bool {
		return slices.ContainsFunc(told, func(o outbox.Outcome) bool { return o.Account == a.Account && o.User == a.User })
	})
	return e.privately(addresses, nil), nil
}
