package signup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/bot/roster"
)

// Lists implements engine.Lister.
func (f *Feature) Lists(p engine.Prompt, text string) bool {
	if !isPaper(text) || len(p.Want.Texts) == 0 {
		return false
	}
	list, ok := readPaper(text, nil)
	return ok && list.names(p.Want.Texts[0])
}

// List implements engine.Lister: what is new in the list is added.
func (f *Feature) List(t *engine.Turn, p engine.Prompt) error {
	s, err := byRef(t, p.Ref)
	if err != nil {
		return err
	}
	people, err := roster.Roster(t.Tx, s.Unit)
	if err != nil {
		return err
	}
	paper, _ := readPaper(t.Event.Text, namesOf(people))
	m := merger{t: t, s: s, called: map[string][]int64{}, seen: map[string]bool{}}
	for _, who := range people {
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
	for _, row := range paper.Unread {
		m.leave("signup.left.unread", row)
	}
	if paper.Beyond > 0 {
		m.leave("signup.left.beyond", "", "N", paper.Beyond, "Max", maxItems)
	}
	return f.answer(&m)
}

// answer tells the author what was read, and what was left out or not taken as it stands,
// in private. A list goes round: of each such entry only the first author is told.
func (f *Feature) answer(m *merger) error {
	t := m.t
	left := f.notTold(m)
	if len(left) == 0 {
		return t.Noted("signup.list_read", "Title", m.s.Title, "Added", m.added)
	}
	if most := namedLeft; len(left) > most {
		left = append(left[:most:most], t.T("signup.left.more", "N", len(left)-most))
	}
	text := t.T("signup.list_read", "Title", m.s.Title, "Added", m.added) + "\n" + t.T("signup.left_out") + "\n" + strings.Join(left, "\n")
	if t.Private() {
		return t.Reply(chat.Text(text))
	}
	_, err := t.Tell(t.Member, chat.Text(text))
	return err
}

// namedLeft bounds the entries in one message.
const namedLeft = 20

// notTold are the lines about entries that were left out of which nobody was told yet,
// as far as this process knows.
func (f *Feature) notTold(m *merger) []string {
	if m.t.Private() {
		return m.left
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var fresh []string
	for _, line := range m.left {
		if !f.told[leftOut{m.s.ID, line}] {
			fresh = append(fresh, line)
		}
	}
	m.t.Tx.AfterCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.told == nil || len(f.told) > 10_000 {
			f.told = map[leftOut]bool{}
		}
		for _, line := range fresh {
			f.told[leftOut{m.s.ID, line}] = true
		}
	})
	return fresh
}

// leftOut is an entry that was left out of a sign-up, in words.
type leftOut struct {
	signup int64
	line   string
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
	left    []string        // what was left out or not taken as it stands
	seen    map[string]bool // names of this list
}

// leave notes why an entry is not taken as it stands.
func (m *merger) leave(key, name string, args ...any) {
	m.left = append(m.left, m.t.T(key, append([]any{"Name", name}, args...)...))
}

// merge takes one item. The author's own line is his word, like +1; other
// people's count only where nothing is known of them.
func (m *merger) merge(it item) error {
	t := m.t
	if m.seen[it.Name] {
		m.leave("signup.left.twice", it.Name)
		return nil
	}
	m.seen[it.Name] = true
	if it.People == 0 {
		if e := m.entry(m.all, it.Name); e != nil {
			m.leave("signup.left.comes", it.Name, "People", e.People)
		} else {
			m.leave("signup.left.refused", it.Name)
		}
		return nil
	}
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
	if known := m.entry(m.all, it.Name); known != nil {
		if it.People > 1 && known.People != it.People { // without a number it says nothing of how many
			m.leave("signup.left.kept", it.Name, "People", it.People, "Before", known.People)
		}
		return nil
	}
	if m.entry(m.gone, it.Name) != nil {
		m.leave("signup.left.gone", it.Name)
		return nil
	}
	if e.Member == several {
		m.doubles = append(m.doubles, it.Name)
	}
	return m.add(e)
}

// entry is the one of somebody with this name; nil when there is none.
func (m *merger) entry(list []entry, name string) *entry {
	for i, e := range list {
		if e.Name == name || e.Alias == name || slices.Contains(m.called[name], e.Member) {
			return &list[i]
		}
	}
	return nil
}

// recount changes for how many the author comes, if there is room.
func (m *merger) recount(e *entry, people int) error {
	if e.People == people {
		return nil
	}
	if !e.Waiting && !m.s.room(m.all, people-e.People) {
		m.leave("signup.left.no_room", e.Name, "People", people, "Before", e.People)
		return nil
	}
	m.changed = true
	e.People = people
	return setPeople(m.t.Tx, e.ID, people)
}

func (m *merger) add(e entry) error {
	if m.s.Places > 0 && e.People > m.s.Places {
		m.leave("signup.left.too_many", e.Name, "People", e.People, "Places", m.s.Places)
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
