package ledger

import (
	"fmt"
	"maps"
	"slices"

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
