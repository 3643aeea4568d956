package notice

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/store"
)

// Reach is whom a notice is for, as the rosters and chats stand.
type Reach struct {
	Units   int
	People  int
	Unbound int // of these, who have no account: nobody can tell whether they see it
	NoChat  int // who have one, but none on which a chat of their unit takes messages

	missed []string       // the names of those
	below  map[string]int // in units below: names are theirs alone, so only how many, by the unit's name
}

// Missed is how many it cannot be known to reach.
func (r Reach) Missed() int { return r.Unbound + r.NoChat }

// Figures change when any figure does: who was shown one Reach is not asked about it again.
func (r Reach) Figures() string {
	return fmt.Sprintf("%d-%d-%d-%d", r.Units, r.People, r.Unbound, r.NoChat)
}

// Text tells it in words, without names.
func (r Reach) Text(lang string) string {
	switch {
	case r.People == 0:
		return locale.Text(lang, "notice.reach_nobody")
	case r.Missed() == 0:
		return locale.Text(lang, "notice.reach_all", "N", r.People)
	}
	var why []string
	if r.Unbound > 0 {
		why = append(why, locale.Text(lang, "notice.reach_unbound", "N", r.Unbound))
	}
	if r.NoChat > 0 {
		why = append(why, locale.Text(lang, "notice.reach_no_chat", "N", r.NoChat))
	}
	return locale.Text(lang, "notice.reach", "N", r.People, "Sure", r.People-r.Missed(), "Why", strings.Join(why, locale.Text(lang, "engine.list_comma")))
}

// namedMissed bounds the names in one message.
const namedMissed = 10

// Whom names those whom it may not reach, and the units below in which there are any; ""
// when there is nobody. It is for the author alone.
func (r Reach) Whom(lang string) string {
	if r.Missed() == 0 {
		return ""
	}
	names := slices.Clone(r.missed)
	for _, unit := range slices.SortedFunc(maps.Keys(r.below), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.below[b], r.below[a]), cmp.Compare(a, b))
	}) {
		names = append(names, locale.Text(lang, "notice.reach_unit", "Unit", unit, "N", r.below[unit]))
	}
	others := ""
	if len(names) > namedMissed {
		names, others = names[:namedMissed], locale.Text(lang, "notice.reach_others")
	}
	return locale.Text(lang, "notice.reach_whom", "Names", strings.Join(names, locale.Text(lang, "engine.list_comma"))+others)
}

// reached is how a member of the audience stands.
type reached struct {
	got         int // 0 unbound, 1 no chat, 2 reached
	private     bool
	name, below string // below: the unit below that has the member; "": the author's own
}

// reach counts whom a notice reaches: who has an account on which a chat of the
// unit takes messages; of a group without one, who is reached in private or on which
// a chat of its branch does. Its author is left out.
func reach(t *engine.Turn, n *notice) (Reach, error) {
	r := Reach{Units: len(n.Units), below: map[string]int{}}
	best := map[int64]reached{}
	err := t.Tx.QueryEach(`, shown (target, chats, below) AS (SELECT item, CASE WHEN u.kind = 'group' AND NOT EXISTS (
				SELECT 1 FROM chat c WHERE c.unit = u.id AND c.state NOT IN ('removed', 'moved')) THEN COALESCE(u.parent, u.id) ELSE u.id END,
				CASE WHEN u.id = $2 OR u.kind = 'group' AND u.parent = $2 THEN '' ELSE u.name END
			FROM list JOIN unit u ON u.id = item),
		within (target, chats, below, id) AS (SELECT target, chats, below, target FROM shown
			UNION SELECT target, chats, below, u.id FROM shown JOIN unit u ON u.parent = target AND u.kind = 'group')
		SELECT m.id, CASE WHEN EXISTS (SELECT 1 FROM identity i JOIN chat c ON c.account = i.account
				WHERE i.member = m.id AND c.unit = w.chats AND c.state = '') THEN 2
			WHEN EXISTS (SELECT 1 FROM identity i WHERE i.member = m.id) THEN 1 ELSE 0 END, w.chats <> w.target, m.name, w.below
		FROM within w JOIN member m ON m.unit = w.id WHERE m.left_at IS NULL AND m.id <> $1`, "TEXT", []any{n.Author, n.Unit}, store.List(n.Units),
		func(rows *sql.Rows) error {
			var id int64
			var m reached
			if err := rows.Scan(&id, &m.got, &m.private, &m.name, &m.below); err != nil {
				return err
			}
			if was, ok := best[id]; ok {
				m.got, m.private = max(m.got, was.got), m.private || was.private
			}
			best[id] = m
			return nil
		})
	if err != nil {
		return r, fmt.Errorf("count whom a notice reaches: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(best)) {
		if err := r.add(t, id, best[id]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// add counts a member.
func (r *Reach) add(t *engine.Turn, id int64, m reached) error {
	if m.got == 1 && m.private {
		told, err := t.Reaches(id)
		if err != nil {
			return err
		}
		if told {
			m.got = 2
		}
	}
	r.People++
	switch m.got {
	case 2:
		return nil
	case 1:
		r.NoChat++
	default:
		r.Unbound++
	}
	if m.below != "" {
		r.below[m.below]++
	} else {
		r.missed = append(r.missed, m.name)
	}
	return nil
}
