// Package seed fills an empty database with a made-up company and a year of its
// history, to measure with and to try things out on.
//
// Rules:
//   - The same sizes give the same rows, whatever the machine and engine.
//   - The history is of the days up to a day and consistent: the ledger
//     verifies, answers lie within rounds, and nobody answers before he came.
//   - A database in which there is anything is refused.
package seed

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"branchbot/store"
)

// Size is how large the company is.
type Size struct {
	Units   int // committees and branches
	Members int
	Entries int       // of the ledger
	Until   time.Time // the last day of the history
	Zone    *time.Location
}

// ErrNotEmpty is why a database is refused.
var ErrNotEmpty = errors.New("the database is not empty: seed only a new one")

// batch is how many units are written in a transaction.
const batch = 25

// Fill fills the database; told, if not nil, is called after each transaction
// with how many units are done.
func Fill(db *store.DB, s Size, told func(units int)) error {
	if s.Units < 2 || s.Members < s.Units || s.Entries < 0 {
		return fmt.Errorf("%d units, %d members, %d entries: there must be at least two units, and a member for each", s.Units, s.Members, s.Entries)
	}
	err := db.Read(func(tx *store.Tx) error {
		empty, err := tx.Empty()
		if err == nil && !empty {
			err = ErrNotEmpty
		}
		return err
	})
	if err != nil {
		return err
	}
	f := &filler{Size: s, random: rand.New(rand.NewPCG(1921, 7))}
	f.plan()
	for done := 0; done < len(f.units); done += batch {
		end := min(done+batch, len(f.units))
		before := *f // a transaction may be run again
		state := *f.random
		err := db.Write(func(tx *store.Tx) error {
			*f = before
			random := state
			f.random = &random
			f.open(tx)
			if done == 0 {
				if err := f.rules(tx); err != nil {
					return err
				}
			}
			for i := range f.units[done:end] {
				if err := f.unit(&f.units[done+i]); err != nil {
					return fmt.Errorf("unit %s: %w", f.units[done+i].id, err)
				}
			}
			if err := f.flush(); err != nil || end < len(f.units) {
				return err
			}
			return tx.Seeded(db.Postgres(), "member", "prompt", "lesson_push", "round", "checkin", "notice", "leave", "signup", "signup_entry",
				"honour", "suggestion", "occurrence")
		})
		if err != nil {
			return err
		}
		if told != nil {
			told(end)
		}
	}
	return nil
}

// unit is one that is to be written.
type unit struct {
	id, parent, kind, name string
	members                int
	entries                int
}

// filler writes the units one after another.
type filler struct {
	Size
	random *rand.Rand
	units  []unit
	ids    struct{ member, prompt, lesson, round, checkin, notice, leave, signup, signupEntry, honour, suggestion, occurrence int64 }
	out    tables
	tx     *store.Tx
}

// perGeneral is how many branches a general branch has.
const perGeneral = 40

// plan lays the tree out: a committee, general branches, and branches under
// them that share out members and entries evenly.
func (f *filler) plan() {
	f.units = []unit{{id: "company", kind: "committee", name: "远航集团党委", members: 1}}
	generals := 0
	if f.Units > perGeneral {
		generals = (f.Units - 1) / (perGeneral + 1)
	}
	for g := range generals {
		f.units = append(f.units, unit{id: fmt.Sprintf("g%03d", g+1), parent: "company", kind: "general", name: fmt.Sprintf("第%d党总支", g+1), members: 1})
	}
	branches := f.Units - len(f.units)
	members := f.Members - len(f.units)
	for b := range branches {
		u := unit{id: fmt.Sprintf("b%05d", b+1), parent: "company", kind: "branch", name: fmt.Sprintf("%s第%d党支部", places[b%len(places)], b+1),
			members: share(members, branches, b), entries: share(f.Entries, branches, b)}
		if generals > 0 {
			u.parent = fmt.Sprintf("g%03d", b*generals/branches+1)
		}
		f.units = append(f.units, u)
	}
}

// share is the part of the n-th of so many who share something evenly.
func share(all, among, n int) int { return all*(n+1)/among - all*n/among }

var places = []string{"总装车间", "铸造车间", "机修车间", "动力车间", "质检中心", "物流中心", "销售公司", "研究院", "财务部", "信息中心"}
