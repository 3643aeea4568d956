package ledger

import (
	"strings"
	"time"

	"branchbot/store"
)

// What pages show of a unit's chain.

// Filter says which entries of a chain a page shows.
type Filter struct {
	Member   string // a part of the name, or the staff number; "" = all
	Rule     string // "" = all
	From, To string // days, both with it; "" = all
}

// Row is an entry in the list of a page.
type Row struct {
	Entry
	Name, Staff string
	By          string // who entered it by hand; "" = a rule
	ReversedBy  int64  // the seq that undoes it; 0 = none
	Revocable   bool   // by /撤销
}

// CauseKind is what an entry's cause begins with: round, checkin, lesson, notice,
// or command for those made by hand.
func (r *Row) CauseKind() string {
	kind, _, _ := strings.Cut(r.Cause, ":")
	return kind
}

// CauseID is the number of what the cause names; "" for none.
func (r *Row) CauseID() string {
	_, id, _ := strings.Cut(r.Cause, ":")
	return id
}

// ofFilter joins an entry with its member and keeps to a Filter: $1 is the unit,
// $2 a pattern, $3 a staff number, $4 a rule, $5 and $6 days. A chain is read
// along its key, which is by unit and seq.
const ofFilter = ` FROM ledger l JOIN member m ON m.id = l.member WHERE l.unit = $1
	AND ($2 = '' OR m.name LIKE $2 ESCAPE '\' OR m.staff = $3) AND ($4 = '' OR l.rule = $4) AND ($5 = '' OR l.day >= $5) AND ($6 = '' OR l.day <= $6) `

func (f *Filter) args(unit string) []any {
	pattern := ""
	if f.Member != "" {
		pattern = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Member) + "%"
	}
	return []any{unit, pattern, f.Member, f.Rule, f.From, f.To}
}

// Chosen is how many entries of a unit's chain a filter leaves.
func Chosen(tx *store.Tx, unit string, f Filter) (n int, err error) {
	if f == (Filter{}) { // there are no gaps
		err = tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM ledger WHERE unit = $1`, unit).Scan(&n)
		return n, err
	}
	err = tx.QueryRow(`SELECT COUNT(*)`+ofFilter, f.args(unit)...).Scan(&n)
	return n, err
}

// Rows are some of these, the newest first.
func Rows(tx *store.Tx, unit string, f Filter, limit, offset int) ([]Row, error) {
	rows, err := tx.Query(`SELECT l.seq, l.member, l.points, l.rule, l.day, l.at, l.cause, l.reverses, l.note, m.name, m.staff,
		COALESCE((SELECT a.name FROM member a WHERE a.id = l.actor), ''),
		COALESCE((SELECT r.seq FROM ledger r WHERE r.unit = l.unit AND r.reverses = l.seq AND r.reverses <> 0), 0)`+
		ofFilter+`ORDER BY l.seq DESC LIMIT $7 OFFSET $8`, append(f.args(unit), limit, offset)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		r := Row{Entry: Entry{Unit: unit}}
		if err := rows.Scan(&r.Seq, &r.Member, &r.Points, &r.Rule, &r.Day, &r.At, &r.Cause, &r.Reverses, &r.Note, &r.Name, &r.Staff,
			&r.By, &r.ReversedBy); err != nil {
			return nil, err
		}
		r.Revocable = r.Reverses == 0 && r.ReversedBy == 0 && tx.Now.Sub(time.UnixMilli(r.At)) <= month
		out = append(out, r)
	}
	return out, rows.Err()
}

// RulesOf are the ids of the rules that hold, and of what is given by hand.
func (b *Book) RulesOf() []string {
	var ids []string
	if set := b.rules.Load(); set != nil {
		for _, on := range Occasions {
			for _, r := range set.byOn[on] {
				ids = append(ids, r.ID)
			}
		}
	}
	return append(ids, "award")
}

// VerifyUnit re-computes the chain of one unit. Verify also compares balances,
// which takes the chains of all units.
func VerifyUnit(tx *store.Tx, unit string) (*Verified, error) {
	v := &Verified{Unit: unit}
	_, err := v.chain(tx, map[int64]int64{})
	return v, err
}
