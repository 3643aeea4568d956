package points

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"branchbot/store"
)

// Verified is the outcome of verifying one unit's chain.
type Verified struct {
	Unit    string
	Entries int64
	Head    []byte
	// Bad is the first entry that does not fit; 0 when all do.
	Bad    int64
	Reason string
}

// Verify re-computes the chain of every unit, and compares the balances kept
// beside it, which show when the end of a chain is gone.
func Verify(tx *store.Tx) ([]Verified, error) {
	if err := settled(tx); err != nil {
		return nil, err
	}
	units, err := names(tx, `SELECT unit FROM ledger UNION SELECT m.unit FROM ledger_sum s
		JOIN member m ON m.id = s.member WHERE s.period = '' AND s.points <> 0 ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	sums := map[int64]int64{} // by the entries of all chains
	var all []*Verified
	var members []map[int64]bool
	for _, u := range units {
		v := &Verified{Unit: u}
		in, err := v.chain(tx, sums)
		if err != nil {
			return nil, fmt.Errorf("verify %s: %w", u, err)
		}
		all, members = append(all, v), append(members, in)
	}
	var out []Verified
	for i, v := range all {
		if err := v.balances(tx, members[i], sums); err != nil {
			return nil, fmt.Errorf("verify %s: %w", v.Unit, err)
		}
		if v.Entries > 0 || v.Bad > 0 {
			out = append(out, *v)
		}
	}
	return out, nil
}

func names(tx *store.Tx, query string) ([]string, error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// chain re-computes one chain; it adds up the points of its members and
// returns who they are.
func (v *Verified) chain(tx *store.Tx, sums map[int64]int64) (map[int64]bool, error) {
	in := map[int64]bool{}
	err := each(tx, `WHERE unit = $1 ORDER BY seq`, []any{v.Unit}, func(e Entry) error {
		in[e.Member] = true
		sums[e.Member] += e.Points
		if v.Bad != 0 {
			return nil
		}
		v.Entries++
		switch {
		case e.Seq != v.Entries:
			v.Bad, v.Reason = v.Entries, "it is missing"
		case string(e.hash(v.Head)) != string(e.Hash):
			v.Bad, v.Reason = e.Seq, "its content and its hash do not fit"
		default:
			v.Head = e.Hash
		}
		return nil
	})
	return in, err
}

// balances compares what is kept for the unit's members with their entries.
func (v *Verified) balances(tx *store.Tx, in map[int64]bool, sums map[int64]int64) error {
	if v.Bad != 0 {
		return nil
	}
	rows, err := tx.Query(`SELECT id FROM member WHERE unit = $1`, v.Unit)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		in[id] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	for _, m := range slices.Sorted(maps.Keys(in)) {
		kept, err := Balance(tx, m)
		if err != nil {
			return err
		}
		if kept != sums[m] {
			v.Bad = v.Entries + 1
			v.Reason = fmt.Sprintf("the chain ends at %d, but member %d has %d points by its entries and %d by the sums", v.Entries, m, sums[m], kept)
			return nil
		}
	}
	return nil
}

// VerifyUnit re-computes the chain of one unit. Verify also compares balances,
// which takes the chains of all units.
func VerifyUnit(tx *store.Tx, unit string) (*Verified, error) {
	v := &Verified{Unit: unit}
	_, err := v.chain(tx, map[int64]int64{})
	return v, err
}

// Cause is what must be in the tables for an entry that a rule gave.
type Cause struct {
	// Item is what the entry's cause begins with; the number behind it is the item's id.
	Item string // e.g. round:
	// Where is a condition in SQL over the entry: e.item (the id), e.member, e.at.
	Where string
	// Title tells what the item is, in words.
	Title func(tx *store.Tx, id int64) (string, error)
}

// Causer is a feature that books points.
type Causer interface {
	// Causes are those of its occasions.
	Causes() map[string]Cause
}

// shownFaults is how many faults of a kind are told.
const shownFaults = 20

// VerifyRules derives anew what rules gave: that no cap was passed, that what is counted
// towards the caps is what the entries add up to, and that each entry has the cause
// that causes tell of its occasion. It returns what is wrong, in words.
func VerifyRules(tx *store.Tx, causes map[string]Cause) ([]string, error) {
	if err := settled(tx); err != nil {
		return nil, err
	}
	versions, err := versionsOf(tx)
	if err != nil {
		return nil, err
	}
	caps, err := verifyCaps(tx, versions)
	if err != nil {
		return nil, fmt.Errorf("verify caps: %w", err)
	}
	without, err := verifyCauses(tx, versions, causes)
	if err != nil {
		return nil, fmt.Errorf("verify causes: %w", err)
	}
	return append(caps, without...), nil
}

// versionsOf are the rules as they stood, by version.
func versionsOf(tx *store.Tx) (map[int64][]Rule, error) {
	rows, err := tx.Query(`SELECT version, rules FROM points_rules`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	versions := map[int64][]Rule{}
	for rows.Next() {
		var version int64
		var text string
		if err := rows.Scan(&version, &text); err != nil {
			return nil, err
		}
		var rules []Rule
		if err := json.Unmarshal([]byte(text), &rules); err != nil {
			return nil, fmt.Errorf("points rules, version %d: %w", version, err)
		}
		versions[version] = rules
	}
	return versions, rows.Err()
}

// valuesOf is a table of SQL that holds the rows, whose columns are of these types.
func valuesOf(rows [][]any, types ...string) (text string, args []any) {
	for _, row := range rows {
		var cells []string
		for i, v := range row {
			args = append(args, v)
			cells = append(cells, fmt.Sprintf("CAST($%d AS %s)", len(args), types[i]))
		}
		if text != "" {
			text += ", "
		}
		text += "(" + strings.Join(cells, ", ") + ")"
	}
	return "VALUES " + text, args
}

// verifyCaps compares what is counted towards caps with the entries. A counter-entry
// once took from all periods of its day that were counted, also from those in which its
// rule had got a cap only later; what fits by that is right as well.
func verifyCaps(tx *store.Tx, versions map[int64][]Rule) (bad []string, err error) {
	var capped [][]any
	for version, rules := range versions {
		for _, r := range rules {
			for period, most := range r.Cap {
				capped = append(capped, []any{version, r.ID, int64(periods[period]), int64(most)})
			}
		}
	}
	entries, args := `SELECT '' AS period, 0 AS member, '' AS rule, 0 AS points, 0 AS loose, 0 AS most WHERE 1 = 0`, []any(nil)
	if len(capped) > 0 {
		var table string
		table, args = valuesOf(capped, "BIGINT", "TEXT", "BIGINT", "BIGINT")
		entries = `SELECT SUBSTR(l.day, 1, p.n) AS period, l.member, l.rule, SUM(CASE WHEN c.most IS NULL THEN 0 ELSE l.points END) AS points,
			SUM(CASE WHEN c.most IS NULL AND l.reverses = 0 THEN 0 ELSE l.points END) AS loose, MAX(c.most) AS most
			FROM ledger l CROSS JOIN (SELECT 10 AS n UNION ALL SELECT 7 UNION ALL SELECT 4) AS p
			LEFT JOIN (WITH c (version, rule, n, most) AS (` + table + `) SELECT * FROM c) AS c
				ON c.version = l.version AND c.rule = l.rule AND c.n = p.n
			WHERE c.most IS NOT NULL OR l.reverses <> 0 GROUP BY 1, 2, 3 HAVING MAX(c.most) IS NOT NULL`
	}
	add := func(format string) func(rows *sql.Rows) error {
		return func(rows *sql.Rows) error {
			var period, rule string
			var member, entries, kept int64
			if err := rows.Scan(&period, &member, &rule, &entries, &kept); err != nil {
				return err
			}
			bad = append(bad, fmt.Sprintf(format, member, rule, entries, period, kept))
			return nil
		}
	}
	limit := fmt.Sprintf(` ORDER BY 1, 2, 3 LIMIT %d`, shownFaults)
	for _, q := range []struct{ query, format string }{
		{`SELECT e.period, e.member, e.rule, e.points, COALESCE(s.points, 0) FROM (` + entries + `) AS e
			LEFT JOIN ledger_sum s ON s.period = e.period AND s.member = e.member AND s.rule = e.rule
			WHERE COALESCE(s.points, 0) NOT IN (e.points, e.loose)`,
			"member %d has by rule %s, which is capped, %d points of %s by the entries and %d by the sums"},
		{`SELECT s.period, s.member, s.rule, 0, s.points FROM ledger_sum s LEFT JOIN (` + entries + `) AS e
			ON s.period = e.period AND s.member = e.member AND s.rule = e.rule WHERE s.period <> '' AND s.points <> 0 AND e.member IS NULL`,
			"member %d has by rule %s, which is capped, %d points of %s by the entries and %d by the sums"},
		{`SELECT e.period, e.member, e.rule, e.points, e.most FROM (` + entries + `) AS e WHERE e.points > e.most`,
			"member %d has by rule %s %d points of %s, and its cap is %d"},
	} {
		if err := eachRow(tx, q.query+limit, args, add(q.format)); err != nil {
			return nil, err
		}
	}
	return bad, nil
}

// verifyCauses finds entries of rules without what they were given for.
func verifyCauses(tx *store.Tx, versions map[int64][]Rule, causes map[string]Cause) (bad []string, err error) {
	byOccasion := map[string][][]any{}
	var known [][]any
	for version, rules := range versions {
		for _, r := range rules {
			byOccasion[r.On] = append(byOccasion[r.On], []any{version, r.ID})
			known = append(known, []any{version, r.ID})
		}
	}
	find := func(where string, args []any) error {
		return eachRow(tx, `SELECT e.unit, e.seq, e.rule, e.cause FROM ledger e WHERE e.actor = 0 AND e.reverses = 0 AND `+where+
			fmt.Sprintf(` ORDER BY 1, 2 LIMIT %d`, shownFaults), args, func(rows *sql.Rows) error {
			var unit, rule, cause string
			var seq int64
			if err := rows.Scan(&unit, &seq, &rule, &cause); err != nil {
				return err
			}
			bad = append(bad, fmt.Sprintf("unit %s: entry %d, of rule %s, has no cause in the tables (%q)", unit, seq, rule, cause))
			return nil
		})
	}
	where, args := `1 = 1`, []any(nil)
	if len(known) > 0 {
		var table string
		table, args = valuesOf(known, "BIGINT", "TEXT")
		where = `(e.version, e.rule) NOT IN (` + table + `)`
	}
	if err := find(where, args); err != nil {
		return nil, err
	}
	for _, on := range slices.Sorted(maps.Keys(byOccasion)) {
		c, ok := causes[on]
		if !ok { // a rule of an earlier program
			continue
		}
		table, args := valuesOf(byOccasion[on], "BIGINT", "TEXT")
		item := fmt.Sprintf("SUBSTR(e.cause, %d)", len(c.Item)+1)
		of := strings.ReplaceAll(c.Where, "e.item", `CASE WHEN TRIM(`+item+`, '0123456789') = '' AND LENGTH(`+item+`) BETWEEN 1 AND 18
			THEN CAST(`+item+` AS BIGINT) ELSE 0 END`)
		err := find(`(e.version, e.rule) IN (`+table+`) AND CASE WHEN e.cause LIKE '`+c.Item+`%' THEN NOT (`+of+`) ELSE 1 = 1 END
			AND NOT EXISTS (SELECT 1 FROM ledger r WHERE r.key = 'revoke:' || e.unit || ':' || e.seq AND r.cause = '`+withdrawn+`')`, args)
		if err != nil {
			return nil, err
		}
	}
	return bad, nil
}

func eachRow(tx *store.Tx, query string, args []any, visit func(*sql.Rows) error) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
