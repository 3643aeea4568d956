package signup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/member"
)

// Lists implements engine.Lister.
func (f *Feature) Lists(p engine.Prompt, text string) bool {
	if !isPaper(text) || len(p.Want.Texts) == 0 {
		return false
	}
	list, ok := readPaper(text)
	return ok && list.names(p.Want.Texts[0])
}

// List implements engine.Lister: what is new in the list is added.
func (f *Feature) List(t *engine.Turn, p engine.Prompt) error {
	s, err := byRef(t, p.Ref)
	if err != nil {
		return err
	}
	paper, _ := readPaper(t.Event.Text)
	roster, err := member.Roster(t.Tx, s.Unit)
	if err != nil {
		return err
	}
	m := merger{t: t, s: s, called: map[string][]int64{}}
	for _, who := range roster {
		m.called[who.Name] = append(m.called[who.Name], who.ID)
	}
	if m.all, err = entries(t.Tx, s.ID); err != nil {
		return err
	}
	if m.gone, err = withdrawn(t.Tx, s.ID); err != nil {
		return err
	}
	for _, it := range paper.Items {
		if err := m.merge(it); err != nil {
			return err
		}
	}
	if m.changed {
		if err := f.changed(t, s); err != nil {
			return err
		}
	}
	if err := m.ask(); err != nil {
		return err
	}
	return t.Noted("signup.list_read", "Title", s.Title, "Added", m.added)
}

// merger brings a list together with what is known.
type merger struct {
	t       *engine.Turn
	s       *signup
	all     []entry
	gone    []entry            // who has withdrawn, or was removed
	called  map[string][]int64 // members by name
	changed bool
	added   int
	guests  []entry // new names that are no member's
	doubles []string
}

// merge takes one item. The author's own line is his word, like +1; other
// people's count only where nothing is known of them.
func (m *merger) merge(it item) error {
	t := m.t
	own := of(m.all, t.Member.ID)
	if own != nil && (it.Name == t.Member.Name || it.Name == own.Alias) {
		return m.recount(own, it.People)
	}
	e := entry{Member: nobody, Name: it.Name, People: it.People, Brought: t.Member.ID}
	switch known := m.called[it.Name]; {
	case it.Name == t.Member.Name:
		e.Member, e.Brought = t.Member.ID, 0
		if err := comeBack(t.Tx, m.s.ID, t.Member.ID); err != nil {
			return err
		}
		return m.add(e)
	case len(known) == 1:
		e.Member = known[0]
	case len(known) > 1:
		e.Member = several
	}
	if m.known(it.Name) {
		return nil
	}
	if e.Member == several {
		m.doubles = append(m.doubles, it.Name)
	}
	return m.add(e)
}

// known tells whether somebody with this name is in the list, or was.
func (m *merger) known(name string) bool {
	for _, list := range [][]entry{m.all, m.gone} {
		for _, e := range list {
			if e.Name == name || e.Alias == name || slices.Contains(m.called[name], e.Member) {
				return true
			}
		}
	}
	return false
}

// recount changes for how many the author comes, if there is room.
func (m *merger) recount(e *entry, people int) error {
	if e.People == people || !e.Waiting && !m.s.room(m.all, people-e.People) {
		return nil
	}
	m.changed = true
	e.People = people
	return setPeople(m.t.Tx, e.ID, people)
}

func (m *merger) add(e entry) error {
	if m.s.Places > 0 && e.People > m.s.Places {
		return nil
	}
	e.Waiting = !m.s.room(m.all, e.People)
	if err := e.insert(m.t.Tx, m.s.ID); err != nil {
		return err
	}
	m.all = append(m.all, e)
	m.changed = true
	m.added++
	if e.Member == nobody {
		m.guests = append(m.guests, e)
	}
	return nil
}

// ask clears up in private, once, what a list leaves open: a name that several
// members have, or a nickname that may be the author's. New names are asked
// about only when they come in.
func (m *merger) ask() error {
	t := m.t
	if len(m.doubles) > 0 {
		names := strings.Join(m.doubles, t.T("engine.list_comma"))
		_, err := t.Tell(t.Member, chat.Text(t.T("signup.same_name", "Title", m.s.Title, "Names", names)))
		return err
	}
	if len(m.guests) != 1 || of(m.all, t.Member.ID) != nil {
		return nil
	}
	g := m.guests[0]
	msg := chat.Text(t.T("signup.is_it_you", "Title", m.s.Title, "Name", g.Name))
	msg.Buttons = [][]chat.Button{{
		{Label: t.T("signup.me"), Data: fmt.Sprintf("signup:me:%d:%d", m.s.ID, g.ID)},
		{Label: t.T("signup.not_me"), Data: fmt.Sprintf("signup:other:%d:%d", m.s.ID, g.ID)},
	}}
	_, err := t.Tell(t.Member, msg)
	return err
}

// Press implements engine.Presser: whose name it is.
func (f *Feature) Press(t *engine.Turn, data string) error {
	var id, row int64
	verb, rest, _ := strings.Cut(data, ":")
	if n, err := fmt.Sscanf(rest, "%d:%d", &id, &row); n != 2 || err != nil {
		return engine.Complain("engine.old_button")
	}
	s, err := load(t.Tx, id)
	if err != nil {
		return err
	}
	if s == nil || s.Closed {
		return engine.Complain("engine.old_button")
	}
	g, err := guest(t.Tx, id, row)
	if err != nil {
		return err
	}
	if g == nil || g.Brought != t.Member.ID {
		return engine.Complain("engine.old_button")
	}
	if verb != "me" {
		return t.Say("signup.stays", "Name", g.Name)
	}
	if err := t.Enter(s.Unit); err != nil {
		return err
	}
	all, err := entries(t.Tx, id)
	if err != nil {
		return err
	}
	if own := of(all, t.Member.ID); own == nil {
		if err := comeBack(t.Tx, id, t.Member.ID); err != nil {
			return err
		}
		err = claim(t.Tx, row, t.Member.ID)
	} else {
		err = errors.Join(remove(t.Tx, row), setAlias(t.Tx, own.ID, g.Name), f.changed(t, s))
	}
	if err != nil {
		return err
	}
	return t.Say("signup.noted", "Title", s.Title, "People", g.People)
}
