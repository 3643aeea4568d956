package engine

import "time"

// Demand is something that was asked of members.
type Demand struct {
	Unit   string // of everyone in the unit and the units under it
	Member int64  // or of this member alone, when Unit is ""
	N      int    // how often
}

// Demander is a feature that asks members for something, so that the
// secretary can see how much it is in all (/负担).
type Demander interface {
	// Demands are those from an instant up to another, under the name by which
	// people know them. Those to units that are not asked about may be among them.
	Demands(t *Turn, from, to time.Time) (name string, list []Demand, err error)
}
