package roster

import (
	"slices"
	"strings"
	"unicode"

	"branchbot/bot/chat"
	"branchbot/bot/engine"
	"branchbot/store"
)

// How commands name people, and how the bot does.

// Find is the member of a unit's roster with this name or staff number. It complains to the
// user when there is none, or more than one, whose staff numbers it gives.
func Find(tx *store.Tx, unit, text string) (*engine.Member, error) {
	found, err := list(tx, Under+selectMember+`WHERE m.unit IN (SELECT id FROM below) AND m.left_at IS NULL
		AND (m.staff = $2 OR m.staff_key = $3 OR m.name = $2) ORDER BY m.staff`, unit, text, StaffKey(text))
	if err == nil && len(found) == 0 { // as a reader would match names: kinds of dots, blanks, width and case make no difference
		var all []engine.Member
		if all, err = Roster(tx, unit); err == nil {
			look := Skeleton(text)
			found = slices.DeleteFunc(all, func(m engine.Member) bool { return look == "" || Skeleton(m.Name) != look })
		}
	}
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(found, func(m engine.Member) bool { return StaffKey(m.Staff) == StaffKey(text) }); i >= 0 {
		return &found[i], nil // somebody may have another's number for a name
	}
	switch len(found) {
	case 0:
		return nil, engine.Complain("member.nobody", "Name", chat.CleanName(text))
	case 1:
		return &found[0], nil
	}
	numbers := make([]string, len(found))
	for i, m := range found {
		numbers[i] = m.Staff
	}
	return nil, engine.Complain("member.several", "Name", chat.CleanName(text), "Who", strings.Join(numbers, ", "))
}

// FindAll is Find for a list such as 张三、李四 or 张三 李四, each once, in the order of the
// list. A name with a blank in it is one name.
func FindAll(tx *store.Tx, unit, text string) ([]*engine.Member, error) {
	var all []*engine.Member
	add := func(m *engine.Member) {
		if !slices.ContainsFunc(all, func(o *engine.Member) bool { return o.ID == m.ID }) {
			all = append(all, m)
		}
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("、,，;；/／+＋\n", r) }) {
		part = strings.TrimSpace(part)
		m, err := Find(tx, unit, part)
		if err == nil {
			add(m)
			continue
		}
		words := strings.FieldsFunc(part, unicode.IsSpace)
		if len(words) < 2 {
			return nil, err
		}
		for _, word := range words {
			if m, err = Find(tx, unit, word); err != nil {
				return nil, err
			}
			add(m)
		}
	}
	if len(all) == 0 {
		return nil, engine.Complain("member.nobody", "Name", chat.CleanName(text))
	}
	return all, nil
}

// Names are those that several of a unit's roster have.
type Names map[string]bool

// Namesakes are the names that several of a unit's roster have.
func Namesakes(tx *store.Tx, unit string) (Names, error) {
	rows, err := tx.Query(Under+`SELECT name FROM member WHERE unit IN (SELECT id FROM below) AND left_at IS NULL GROUP BY name HAVING COUNT(*) > 1`, unit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := Names{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return names, rows.Err()
}

// Called is how lists call somebody: 张三, or 张三（0005） when others are called so too.
func (n Names) Called(m *engine.Member) string {
	if n[m.Name] {
		return m.Name + "（" + m.Staff + "）"
	}
	return m.Name
}

// NamesakesOf are those within a roster.
func NamesakesOf(roster []engine.Member) Names {
	names, seen := Names{}, map[string]bool{}
	for _, m := range roster {
		if seen[m.Name] {
			names[m.Name] = true
		}
		seen[m.Name] = true
	}
	return names
}
