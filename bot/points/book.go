package points

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"branchbot/store"
)

// What is earned is booked before the transaction ends, for all its events at once:
// a batch of a crowd's answers costs a few statements, and not four each.

// periods are how much of a day key names the period. A cap counts from when
// the rule got it.
var periods = map[string]int{"day": len("2026-12-01"), "month": len("2026-12"), "year": len("2026")}

// earning is an entry that a rule gives, as far as its caps allow.
type earning struct {
	rule  *Rule // nil: entered by hand
	entry Entry // without Seq, At and Hash
}

type earningsKey struct{}

// earn has an earning be booked later.
func earn(tx *store.Tx, e earning) {
	waiting, _ := tx.Known(earningsKey{}).([]earning)
	if len(waiting) == 0 {
		tx.BeforeCommit(func() error { return settled(tx) })
	}
	tx.Remember(earningsKey{}, append(waiting, e))
}

// settled books what waits for it, of all strands of the transaction. It comes before
// everything that reads the ledger.
func settled(tx *store.Tx) error {
	waiting, _ := tx.Known(earningsKey{}).([]earning)
	if len(waiting) == 0 {
		return nil
	}
	tx.Remember(earningsKey{}, []earning(nil))
	return tx.Alone(func() error {
		b, err := openBooking(tx, waiting)
		if err != nil {
			return err
		}
		for i := range waiting {
			if err := b.earn(&waiting[i]); err != nil {
				return err
			}
		}
		return b.store()
	})
}

// booking adds entries to the chains.
type booking struct {
	tx    *store.Tx
	heads map[string]link  // of the units
	keys  map[string]bool  // that are there
	sums  map[sumKey]int64 // of the caps, and what has come to them

	rows  [][]any
	added map[sumKey]int64
}

// link is the end of a unit's chain.
type link struct {
	seq  int64
	hash []byte
}

// sumKey names a row of ledger_sum.
type sumKey struct {
	period string
	member int64
	rule   string
}

// openBooking reads what has to be known for booking all of the earnings.
func openBooking(tx *store.Tx, all []earning) (*booking, error) {
	b := &booking{tx: tx, heads: map[string]link{}, keys: map[string]bool{}, sums: map[sumKey]int64{}, added: map[sumKey]int64{}}
	var units, keys []any
	var limited []int64 // members whose caps count
	type cap struct{ period, rule string }
	members := map[cap][]any{}
	for i := range all {
		e := &all[i].entry
		if _, ok := b.heads[e.Unit]; !ok {
			b.heads[e.Unit] = link{}
			units = append(units, e.Unit)
		}
		keys = append(keys, e.Key)
		for _, period := range all[i].capped() {
			c := cap{period, e.Rule}
			members[c] = append(members[c], e.Member)
			limited = append(limited, e.Member)
		}
	}
	if err := lockMembers(tx, limited); err != nil {
		return nil, err
	}
	err := tx.QueryEach(`SELECT item FROM list WHERE (SELECT 1 FROM ledger WHERE key = item) IS NOT NULL`, "TEXT", nil, keys, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		b.keys[key] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	err = tx.QueryEach(`SELECT item, COALESCE((SELECT MAX(seq) FROM ledger WHERE unit = item), 0),
		(SELECT hash FROM ledger WHERE unit = item ORDER BY seq DESC LIMIT 1) FROM list`, "TEXT", nil, units, func(rows *sql.Rows) error {
		var unit string
		var l link
		err := rows.Scan(&unit, &l.seq, &l.hash)
		b.heads[unit] = l
		return err
	})
	if err != nil {
		return nil, err
	}
	for c, members := range members {
		k := sumKey{period: c.period, rule: c.rule}
		err := tx.QueryEach(`SELECT item, COALESCE((SELECT points FROM ledger_sum WHERE period = $1 AND rule = $2 AND member = item), 0) FROM list`,
			"BIGINT", []any{c.period, c.rule}, members,
			func(rows *sql.Rows) error {
				var points int64
				err := rows.Scan(&k.member, &points)
				b.sums[k] = points
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// lockMembers keeps other transactions from booking for these members, in whatever
// unit, so that no two take what a cap leaves.
func lockMembers(tx *store.Tx, members []int64) error {
	if !tx.Parallel {
		return nil
	}
	slices.Sort(members) // in one order, so that transactions hardly ever wait for each other
	members = slices.Compact(members)
	err := tx.QueryEach(`SELECT m.id FROM list JOIN member m ON m.id = item ORDER BY m.id FOR NO KEY UPDATE OF m`, "BIGINT", nil, store.List(members),
		func(*sql.Rows) error { return nil })
	if err != nil {
		return fmt.Errorf("lock members: %w", err)
	}
	return nil
}

// capped are the periods in which an earning has a cap.
func (e *earning) capped() (all []string) {
	if e.rule != nil {
		for period := range e.rule.Cap {
			all = append(all, e.entry.Day[:periods[period]])
		}
	}
	return all
}

// earn books what the caps leave of an earning.
func (b *booking) earn(e *earning) error {
	if err := b.again(&e.entry); err != nil {
		return err
	}
	for period, most := range e.rule.Cap {
		had := b.sums[sumKey{e.entry.Day[:periods[period]], e.entry.Member, e.rule.ID}]
		e.entry.Points = min(e.entry.Points, int64(most)-had)
	}
	if e.entry.Points > 0 {
		b.add(&e.entry, e.capped())
	}
	return nil
}

// again gives an entry that was taken back by the member himself a key of its own.
func (b *booking) again(e *Entry) error {
	first := e.Key
	for n := 1; b.keys[e.Key] && n <= mostAgain; n++ {
		var back int
		err := b.tx.QueryRow(`SELECT COUNT(*) FROM ledger o JOIN ledger r ON r.key = 'revoke:' || o.unit || ':' || o.seq
			WHERE o.key = $1 AND r.cause = $2`, e.Key, withdrawn).Scan(&back)
		if err != nil || back == 0 {
			return err
		}
		e.Key = againKey(first, n)
		var there int
		if err := b.tx.QueryRow(`SELECT COUNT(*) FROM ledger WHERE key = $1`, e.Key).Scan(&there); err != nil {
			return err
		}
		b.keys[e.Key] = b.keys[e.Key] || there > 0
	}
	return nil
}

// add puts an entry at the end of its unit's chain, and its points to the member's
// balance and to what the rule has given him in the periods of its caps. false: an
// entry with this key is there already.
func (b *booking) add(e *Entry, capped []string) bool {
	if b.keys[e.Key] {
		return false
	}
	b.keys[e.Key] = true
	head := b.heads[e.Unit]
	e.Seq = head.seq + 1
	e.At = b.tx.Millis()
	e.Hash = e.hash(head.hash)
	b.heads[e.Unit] = link{e.Seq, e.Hash}
	b.rows = append(b.rows, []any{e.Unit, e.Seq, e.Member, e.Points, e.Rule, e.Version, e.Day, e.At, e.Key, e.Cause, e.Actor, e.Reverses, e.Note, e.Hash})
	b.added[sumKey{"", e.Member, ""}] += e.Points
	for _, period := range capped {
		k := sumKey{period, e.Member, e.Rule}
		b.added[k] += e.Points
		b.sums[k] += e.Points
	}
	return true
}

// store writes what was added.
func (b *booking) store() error {
	_, err := b.tx.InsertRows(`INSERT INTO ledger (unit, seq, member, points, rule, version, day, at, key, cause, actor, reverses, note, hash)`, b.rows, "")
	if err != nil {
		return err
	}
	// In one order always, so that no two transactions wait for each other.
	order := slices.SortedFunc(maps.Keys(b.added), func(a, b sumKey) int {
		return cmp.Or(cmp.Compare(a.period, b.period), cmp.Compare(a.member, b.member), cmp.Compare(a.rule, b.rule))
	})
	rows := make([][]any, len(order))
	for i, k := range order {
		rows[i] = []any{k.period, k.member, k.rule, b.added[k]}
	}
	_, err = b.tx.InsertRows(`INSERT INTO ledger_sum (period, member, rule, points)`, rows,
		"ON CONFLICT (period, member, rule) DO UPDATE SET points = ledger_sum.points + excluded.points")
	return err
}
