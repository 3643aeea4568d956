package points

import (
	"cmp"
	"slices"

	"branchbot/bot/engine"
	"branchbot/bot/locale"
	"branchbot/bot/roster"
	"branchbot/store"
)

// ByHand are the entries of a member that people made, and what they undid, in
// the chains of these units, of the days from one on, up to another; in order.
func ByHand(tx *store.Tx, units []*engine.Unit, member int64, from, to string) ([]Entry, error) {
	var out []Entry
	for _, u := range units {
		err := each(tx, `WHERE unit = $1 AND member = $2 AND day >= $3 AND day < $4 AND actor <> 0 ORDER BY seq`,
			[]any{u.ID, member, from, to}, func(e Entry) error { out = append(out, e); return nil })
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	return out, nil
}

// Sum is what a rule gave a member in all.
type Sum struct {
	Rule   string
	Points int64
}

// Earned are the points that the entries of a unit's chain, of the days from
// one on, up to another, gave to those who then stayed in the unit below or in
// one under that; by unit and member, the sums by rule.
func Earned(tx *store.Tx, chain, below, from, to string) (map[string]map[int64][]Sum, error) {
	rows, err := tx.Query(roster.Under+`SELECT s.unit, l.member,
		CASE WHEN l.rule = 'award' AND l.actor = l.member AND l.reverses = 0 THEN '`+ownAward+`' ELSE l.rule END AS by_rule, SUM(l.points) FROM ledger l JOIN stay s ON s.member = l.member
		AND l.at >= s.from_at AND (s.to_at IS NULL OR l.at < s.to_at)
		WHERE l.unit = $2 AND l.day >= $3 AND l.day < $4 AND s.unit IN (SELECT id FROM below)
		GROUP BY s.unit, l.member, by_rule ORDER BY by_rule`, below, chain, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]map[int64][]Sum{}
	for rows.Next() {
		var unit string
		var member int64
		var s Sum
		if err := rows.Scan(&unit, &member, &s.Rule, &s.Points); err != nil {
			return nil, err
		}
		if out[unit] == nil {
			out[unit] = map[int64][]Sum{}
		}
		out[unit][member] = append(out[unit][member], s)
	}
	return out, rows.Err()
}

// ownAward is what the sums call the points that people gave to themselves.
const ownAward = "award-own"

func (e *Entry) ruleName(lang string) string {
	if e.OwnAward() {
		return RuleName(lang, ownAward)
	}
	return RuleName(lang, e.Rule)
}

// RuleName is a rule's name in the catalogue, or else its id.
func RuleName(lang, rule string) string {
	if key := "ledger.rule." + rule; locale.Has(key) {
		return locale.Text(lang, key)
	}
	return rule
}
