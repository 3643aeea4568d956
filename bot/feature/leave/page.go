package leave

import (
	"branchbot/bot/command"
	"branchbot/bot/engine"
)

// On a page a member is chosen, not typed: a staff number can look like a day.

// Enter is /请假 of a secretary for a member of t.Unit's roster.
func (f *Feature) Enter(t *engine.Turn, m *engine.Member, days, reason string) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	r, how := readDays(days, t.Now.In(t.Unit.Zone))
	switch how {
	case command.NoTime:
		return engine.Complain("leave.how")
	case command.Unclear:
		return unclear(days)
	}
	r.reason = clip(r.reason + " " + reason)
	return f.take(t, m, r)
}

// End is /销假 of a secretary for a member: it ends the leave of now, else
// cancels the next one.
func (f *Feature) End(t *engine.Turn, m *engine.Member) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	list, err := ahead(t.Tx, m.ID)
	if err != nil {
		return err
	}
	return f.cancel(t, m, list[:min(len(list), 1)])
}
