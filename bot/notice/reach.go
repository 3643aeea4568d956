package notice

import (
	"database/sql"
	"fmt"
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
}

// Missed is how many it cannot be known to reach.
func (r Reach) Missed() int { return r.Unbound + r.NoChat }

// Text tells it in words.
func (r Reach) Text(lang string) string {
	if r.Missed() == 0 {
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

// reach counts whom a notice reaches: who has an account on which a chat of the
// unit takes messages; of a group without one, who is reached in private or on which
// a chat of its branch does. Its author is left out.
func reach(t *engine.Turn, n *notice) (Reach, error) {
	r := Reach{Units: len(n.Units)}
	best := map[int64]int{} // by member: 0 unbound, 1 no chat, 2 reached
	private := map[int64]bool{}
	err := t.Tx.QueryEach(`, shown (target, chats) AS (SELECT item, CASE WHEN u.kind = 'group' AND NOT EXISTS (
				SELECT 1 FROM chat c WHERE c.unit = u.id AND c.state NOT IN ('removed', 'moved')) THEN COALESCE(u.parent, u.id) ELSE u.id END
			FROM list JOIN unit u ON u.id = item),
		within (target, chats, id) AS (SELECT target, chats, target FROM shown
			UNION SELECT target, chats, u.id FROM shown JOIN unit u ON u.parent = target AND u.kind = 'group')
		SELECT m.id, CASE WHEN EXISTS (SELECT 1 FROM identity i JOIN chat c ON c.account = i.account
				WHERE i.member = m.id AND c.unit = w.chats AND c.state = '') THEN 2
			WHEN EXISTS (SELECT 1 FROM identity i WHERE i.member = m.id) THEN 1 ELSE 0 END, w.chats <> w.target
		FROM within w JOIN member m ON m.unit = w.id WHERE m.left_at IS NULL AND m.id <> $1`, "TEXT", []any{n.Author}, store.List(n.Units),
		func(rows *sql.Rows) error {
			var id int64
			var got int
			var alone bool
			if err := rows.Scan(&id, &got, &alone); err != nil {
				return err
			}
			best[id] = max(best[id], got)
			private[id] = private[id] || alone
			return nil
		})
	if err != nil {
		return r, fmt.Errorf("count whom a notice reaches: %w", err)
	}
	for id, got := range best {
		if got == 1 && private[id] {
			reached, err := t.Reaches(id)
			if err != nil {
				return r, err
			}
			if reached {
				got = 2
			}
		}
		r.People++
		switch got {
		case 0:
			r.Unbound++
		case 1:
			r.NoChat++
		}
	}
	return r, nil
}
