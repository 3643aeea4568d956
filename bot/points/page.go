package points

import (
	"strconv"
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

// where is the condition of a Filter on entries l of the unit $1, with the
// arguments of the query so far. A chain is read along its key, which is by unit
// and seq.
func (f *Filter) where(args ...any) (string, []any) {
	condition := ` WHERE l.unit = $1 `
	add := func(text string, arg any) {
		args = append(args, arg)
		condition += strings.ReplaceAll(text, "$", "$"+strconv.Itoa(len(args)))
	}
	if f.Member != "" {
		add(`AND l.member IN (SELECT id FROM member WHERE name LIKE $ ESCAPE '\' `, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Member)+"%")
		add(`OR staff = $) `, f.Member)
	}
	if f.Rule != "" {
		add(`AND l.rule = $ `, f.Rule)
	}
	if f.From != "" {
		add(`AND l.day >= $ `, f.From)
	}
	if f.To != "" {
		add(`AND l.day <= $ `, f.To)
	}
	return condition, args
}

// countedTo is how far the entries that a filter leaves are counted.
const countedTo = 1000

// Chosen is how many entries of a unit's chain a filter leaves, and whether there
// are more: they are counted up to a thousand.
func Chosen(tx *store.Tx, unit string, f Filter) (n int, more bool, err error) {
	if f == (Filter{}) { // there are no gaps
		err = tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM ledger WHERE unit = $1`, unit).Scan(&n)
		return n, false, err
	}
	where, args := f.where(unit, countedTo+1)
	err = tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM ledger l`+where+`ORDER BY l.seq DESC LIMIT $2) AS found`, args...).Scan(&n)
	return min(n, countedTo), n > countedTo, err
}

// Rows are some of these, the newest first.
func Rows(tx *store.Tx, unit string, f Filter, limit, offset int) ([]Row, error) {
	where, args := f.where(unit, limit, offset)
	rows, err := tx.Query(`SELECT l.seq, l.member, l.points, l.rule, l.day, l.at, l.cause, l.actor, l.reverses, l.note, m.name, m.staff,
		COALESCE((SELECT a.name FROM member a WHERE a.id = l.actor), ''),
		COALESCE((SELECT r.seq FROM ledger r WHERE r.unit = l.unit AND r.reverses = l.seq AND r.reverses <> 0), 0)
		FROM ledger l JOIN member m ON m.id = l.member`+where+`ORDER BY l.seq DESC LIMIT $2 OFFSET $3`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		r := Row{Entry: Entry{Unit: unit}}
		if err := rows.Scan(&r.Seq, &r.Member, &r.Points, &r.Rule, &r.Day, &r.At, &r.Cause, &r.Actor, &r.Reverses, &r.Note, &r.Name, &r.Staff,
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
