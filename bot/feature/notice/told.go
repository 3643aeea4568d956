package notice

import (
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
)

// told is /已通知 [n] NAMES: the secretary has told them by telephone or in person.
func (f *Feature) told(t *engine.Turn, line command.Line) error {
	word, rest := "", line.Args
	if first, after := firstWord(line.Args); isNumber(first) {
		staff, err := roster.ByStaff(t.Tx, first)
		if err != nil {
			return err
		}
		if staff == nil {
			word, rest = first, after
		}
	}
	if strings.TrimSpace(rest) == "" {
		return engine.Complain("notice.told_how")
	}
	n, g, err := f.named(t, word)
	if err != nil {
		return err
	}
	who, err := roster.FindAll(t.Tx, t.Unit.ID, rest)
	if err != nil {
		return err
	}
	return f.noteTold(t, n, g, who)
}

func isNumber(word string) bool {
	_, seq, ok := readNumber(word)
	return ok && seq > 0
}

// noteTold notes who was told, and says how the notice stands then.
func (f *Feature) noteTold(t *engine.Turn, n *notice, g *target, who []*engine.Member) error {
	switch {
	case n.State == recalled:
		return engine.Complain("notice.recalled_already", "Number", g.number())
	case !n.Ack:
		return engine.Complain("notice.no_ack", "Number", g.number())
	case n.Relayed && n.Unit == t.Unit.ID:
		return engine.Complain("notice.told_below", "Number", g.number())
	}
	var noted, others []string
	for _, m := range who {
		ok, err := g.tell(t.Tx, n.ID, m.ID)
		if err != nil {
			return err
		}
		if ok {
			noted = append(noted, m.Name)
		} else {
			others = append(others, m.Name)
		}
	}
	comma := t.T("engine.list_comma")
	if len(noted) == 0 {
		return engine.Complain("notice.told_nobody", "Number", g.number(), "Names", strings.Join(others, comma))
	}
	text := t.T("notice.told", "Number", g.number(), "Names", strings.Join(noted, comma))
	if len(others) > 0 {
		text += "\n" + t.T("notice.told_others", "Names", strings.Join(others, comma))
	}
	stands, err := list(t, n, g)
	if err != nil {
		return err
	}
	return t.TellSender(chat.Text(text + "\n" + stands))
}

// Told is /已通知 for members of a page's list.
func (f *Feature) Told(t *engine.Turn, number string, ids []int64) error {
	if t.Role < engine.Secretary {
		return engine.Complain("engine.secretaries_only")
	}
	n, g, err := f.named(t, number)
	if err != nil {
		return err
	}
	var who []*engine.Member
	for _, id := range ids {
		m, err := roster.In(t.Tx, t.Unit.ID, id)
		if err != nil {
			return err
		}
		if m != nil {
			who = append(who, m)
		}
	}
	if len(who) == 0 {
		return engine.Complain("notice.told_how")
	}
	return f.noteTold(t, n, g, who)
}
