package notice

import (
	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
)

// A notice to a group within a branch that has no chat of its own reaches its
// members in private. Who is not reached so sees it in the chat of the branch, under
// the name of the group; a 收到 there counts as one in the group.

// branchOf is the turn in the branch in whose chats a notice to t.Unit is shown; nil
// when it is shown in t.Unit's own.
func branchOf(t *engine.Turn) (*engine.Turn, error) {
	if t.Unit.Kind != "group" || t.Unit.Parent == "" {
		return nil, nil
	}
	groups, err := t.Directory().Groups(t.Tx, t.Unit.ID)
	if err != nil || len(groups) > 0 {
		return nil, err
	}
	u, err := t.Directory().Unit(t.Tx, t.Unit.Parent)
	if err != nil {
		return nil, err
	}
	return t.In(u), nil
}

// outsiders are the members of t.Unit who are not reached in private, but for the
// author.
func (f *Feature) outsiders(t *engine.Turn, n *notice) ([]engine.Member, error) {
	all, err := roster.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return nil, err
	}
	var out []engine.Member
	for _, m := range all {
		reached, err := t.Reaches(m.ID)
		if err != nil {
			return nil, err
		}
		if !reached && m.ID != n.Author {
			out = append(out, m)
		}
	}
	return out, nil
}

// show posts in t.Unit's chats, or brings it to the members of a group without one.
// It returns to how many chats it went.
func (f *Feature) show(t *engine.Turn, n *notice, p engine.Post) (int, error) {
	in, err := branchOf(t)
	if err != nil {
		return 0, err
	}
	if in == nil {
		return t.Post(p)
	}
	all, err := roster.Roster(t.Tx, t.Unit.ID)
	if err != nil {
		return 0, err
	}
	told, out := 0, 0
	for _, m := range all {
		if m.ID == n.Author {
			continue
		}
		reached, err := t.TellAs(&m, engine.Private{Message: p.Message, Cause: p.Cause, Thread: p.Thread, About: p.About})
		if err != nil {
			return 0, err
		}
		if reached {
			told = 1
		} else {
			out++
		}
	}
	if out == 0 {
		return told, nil
	}
	posted, err := in.Post(inBranch(t, p))
	return max(told, posted), err
}

// showInGroup posts in t.Unit's chats, or in the branch's where somebody of the group
// is not reached in private.
func (f *Feature) showInGroup(t *engine.Turn, n *notice, p engine.Post) error {
	in, err := branchOf(t)
	if err != nil {
		return err
	}
	if in == nil {
		_, err := t.Post(p)
		return err
	}
	if out, err := f.outsiders(t, n); err != nil || len(out) == 0 {
		return err
	}
	_, err = in.Post(inBranch(t, p))
	return err
}

// inBranch is a post of t.Unit as its branch's chats show it.
func inBranch(t *engine.Turn, p engine.Post) engine.Post {
	p.Message.Spans = append([]chat.Span{{Text: t.T("notice.group_head", "Unit", t.Unit.Name)}}, p.Message.Spans...)
	if p.Thread != "" {
		p.Thread += ":" + t.Unit.ID // of several groups each has its own
	}
	return p
}
