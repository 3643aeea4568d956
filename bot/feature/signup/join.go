package signup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"branchbot/bot/chat"
	"branchbot/bot/command"
	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/roster"
	"branchbot/content/sheet"
	"branchbot/store"
)

// Answer implements engine.Answerer: +1, 报名 2人, -1.
func (f *Feature) Answer(t *engine.Turn, p engine.Prompt, a command.Answer) error {
	s, err := byRef(t, p.Ref)
	if err != nil {
		return err
	}
	if a.Value == "withdraw" {
		return f.leave(t, s)
	}
	return f.join(t, s, a.Count)
}

// Withdraw implements engine.Withdrawer: a +1 that is taken back.
func (f *Feature) Withdraw(t *engine.Turn, p engine.Prompt) error {
	s, err := byRef(t, p.Ref)
	if err != nil {
		return err
	}
	return f.leave(t, s)
}

// Awaits implements engine.Awaiter: who is on the list is not awaited.
func (f *Feature) Awaits(t *engine.Turn, p engine.Prompt) (bool, error) {
	s, err := byRef(t, p.Ref)
	if err != nil {
		return false, err
	}
	all, err := entries(t.Tx, s.ID)
	return of(all, t.Member.ID) == nil, err
}

func of(all []entry, member int64) *entry {
	for i := range all {
		if all[i].Member == member {
			return &all[i]
		}
	}
	return nil
}

// room tells whether so many more people find a place.
func (s *signup) room(all []entry, people int) bool {
	placed, _ := sum(all)
	return s.Places == 0 || placed+people <= s.Places
}

func (f *Feature) join(t *engine.Turn, s *signup, people int) error {
	if s.Places > 0 && people > s.Places {
		return engine.Complain("signup.too_many", "Places", s.Places)
	}
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return err
	}
	e := of(all, t.Member.ID)
	switch {
	case e == nil:
		err = f.enter(t, s, all, people)
	case e.Waiting || s.room(all, people-e.People):
		e.People = people
		err = setPeople(t.Tx, e.ID, people)
	default:
		placed, _ := sum(all)
		if placed == s.Places {
			return engine.Complain("signup.none_left", "People", e.People)
		}
		return engine.Complain("signup.only_left", "Left", s.Places-placed, "People", e.People)
	}
	if err != nil {
		return err
	}
	if err := f.changed(t, s); err != nil {
		return err
	}
	if all, err = entries(t.Tx, s.ID); err != nil {
		return err
	}
	if e = of(all, t.Member.ID); !e.Waiting {
		return t.Noted("signup.noted", "Title", s.Title, "People", e.People)
	}
	text := t.T("signup.waiting", "Title", s.Title, "Place", rank(all, e))
	if t.Private() || t.Event.Kind == chat.Pressed {
		return t.Noted("signup.waiting", "Title", s.Title, "Place", rank(all, e))
	}
	_, err = t.Tell(t.Member, chat.Text(text)) // the group cannot tell that he waits
	return err
}

// rank is somebody's place on the waiting list, from 1.
func rank(all []entry, e *entry) int {
	n := 0
	for _, other := range all {
		if other.Waiting && other.ID <= e.ID {
			n++
		}
	}
	return n
}

// enter adds a member. A name in a list that was his all along is his now.
func (f *Feature) enter(t *engine.Turn, s *signup, all []entry, people int) error {
	for _, g := range all {
		if g.Member <= 0 && g.Name == t.Member.Name {
			if err := remove(t.Tx, g.ID); err != nil {
				return err
			}
			all = slices.DeleteFunc(slices.Clone(all), func(e entry) bool { return e.ID == g.ID })
		}
	}
	if err := comeBack(t.Tx, s.ID, t.Member.ID); err != nil {
		return err
	}
	e := entry{Member: t.Member.ID, Name: t.Member.Name, People: people, Waiting: !s.room(all, people)}
	return e.insert(t.Tx, s.ID)
}

func (f *Feature) leave(t *engine.Turn, s *signup) error {
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return err
	}
	e := of(all, t.Member.ID)
	if e == nil {
		return t.Noted("signup.not_in", "Title", s.Title)
	}
	if err := withdraw(t.Tx, e.ID); err != nil {
		return err
	}
	if err := f.changed(t, s); err != nil {
		return err
	}
	return t.Noted("signup.left", "Title", s.Title)
}

// changed lets those who wait move up, and the count rise.
func (f *Feature) changed(t *engine.Turn, s *signup) error {
	if err := settle(t, s); err != nil {
		return err
	}
	return t.CountSoon("signup", strconv.FormatInt(s.ID, 10))
}

// settle gives free places to those who wait, in order; who needs more than
// are free is passed over. Members are told in private.
func settle(t *engine.Turn, s *signup) error {
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return err
	}
	for i := range all {
		e := &all[i]
		if !e.Waiting || !s.room(all, e.People) {
			continue
		}
		e.Waiting = false
		if err := place(t.Tx, e.ID); err != nil {
			return err
		}
		if e.Member <= 0 || t.Member != nil && e.Member == t.Member.ID {
			continue // he sees it in the answer
		}
		m, err := roster.Member(t.Tx, e.Member)
		if err != nil || m == nil {
			return err
		}
		lang := t.Unit.Language
		if m.Language != "" {
			lang = m.Language
		}
		if _, err := t.Tell(m, chat.Text(locale.Text(lang, "signup.moved_up", "Title", s.Title, "People", e.People))); err != nil {
			return err
		}
	}
	return nil
}

// one is the open sign-up that a command is about: that of a code, which may
// stand first, or the only one. recent: one that is closed will do as well.
func one(t *engine.Turn, words []string, recent bool) (*signup, []string, error) {
	code, isCode := 0, false
	if len(words) > 0 {
		if code, isCode = readCode(words[0]); isCode {
			words = words[1:]
		}
	}
	open, err := opened(t, code)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(open) == 1:
		return open[0], words, nil
	case len(open) > 1:
		return nil, nil, engine.Complain("signup.which", "Codes", codes(t, open))
	}
	if recent {
		s, err := last(t.Tx, t.Unit.ID, code)
		if s != nil || err != nil {
			return s, words, err
		}
	}
	return nil, nil, noneOpen(t, code)
}

// Left implements engine.Leaver: the seat goes on to who waits for it.
func (f *Feature) Left(t *engine.Turn, m *engine.Member) error {
	open, err := opened(t, 0)
	if err != nil {
		return err
	}
	for _, s := range open {
		had, err := hasEntry(t.Tx, s.ID, m.ID)
		if err != nil {
			return err
		}
		if had {
			if err := f.changed(t, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove is /接龙 移除 [code] NAME, for names in lists that are nobody's.
func (f *Feature) remove(t *engine.Turn, words []string) error {
	if len(words) == 0 {
		return engine.Complain("signup.remove_how")
	}
	code, rest := words[:len(words)-1], words // a single word is a name or a staff number, 0004, and no number of a sign-up
	if len(words) == 1 {
		code = nil
	}
	s, code, err := one(t, code, false)
	if err != nil {
		return err
	}
	words = append(code, rest[len(rest)-1])
	all, err := entries(t.Tx, s.ID)
	if err != nil {
		return err
	}
	name := strings.Join(words, " ")
	var found []entry
	for _, e := range all {
		if e.Name == name || e.Staff != "" && e.Staff == name {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 0:
		return engine.Complain("signup.nobody", "Title", s.Title, "Name", chat.CleanName(name))
	case len(found) > 1:
		return engine.Complain("member.several", "Name", chat.CleanName(name))
	}
	if err := withdraw(t.Tx, found[0].ID); err != nil {
		return err
	}
	if err := f.changed(t, s); err != nil {
		return err
	}
	return t.Say("signup.removed", "Title", s.Title, "Name", found[0].Name)
}

// export is /接龙 导出 [code]: the list as a file, in private.
func (f *Feature) export(t *engine.Turn, words []string) error {
	s, _, err := one(t, words, true)
	if err != nil {
		return err
	}
	return t.TellSender(file(t, s))
}

func file(t *engine.Turn, s *signup) chat.Message {
	m := chat.Text(t.T("signup.export", "Title", s.Title))
	name := s.Title + ".xlsx"
	m.Media = []chat.Media{{Ref: fmt.Sprintf("signup:%d.xlsx", s.ID), Name: name, Alt: name}}
	return m
}

// Export writes the list of a sign-up as a workbook.
func Export(tx *store.Tx, id int64, lang string) ([]byte, error) {
	var header []string
	for _, column := range []string{"n", "staff", "name", "people", "state"} {
		header = append(header, locale.Text(lang, "signup.column."+column))
	}
	all, err := entries(tx, id)
	if err != nil {
		return nil, err
	}
	rows := make([][]string, len(all))
	for i, e := range all {
		state := "in"
		switch {
		case e.Waiting:
			state = "waiting"
		case e.Member == nobody:
			state = "guest"
		case e.Member == several:
			state = "several"
		}
		rows[i] = []string{strconv.Itoa(i + 1), e.Staff, e.Name, strconv.Itoa(e.People), locale.Text(lang, "signup.state."+state)}
	}
	return sheet.WriteXLSX(locale.Text(lang, "signup.sheet"), header, rows)
}

// UnitOf is the unit of a sign-up.
func UnitOf(tx *store.Tx, id int64) (unit string, err error) {
	err = tx.QueryRow(`SELECT unit FROM signup WHERE id = $1`, id).Scan(&unit)
	return unit, err
}
