package engine

// Demand is something that was asked of members.
type Demand struct {
	Unit   string // of everyone in the unit and the units under it
	Member int64  // or of this member alone, when Unit is ""
	N      int    // how often
}

// Demander is a feature that asks members for something, so that a secretary
// can see how much it is in all (/负担).
type Demander interface {
	// Demands are those of the days from one on, up to another, which is not
	// among them (2006-01-02): to t.Unit, the units under it and those above.
	Demands(t *Turn, from, to string) ([]Demand, error)
}
