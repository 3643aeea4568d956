package engine

import "time"

// Item is something that was put to the members of a unit and the units under
// it: a lesson, a round, a check-in, a notice with acknowledgement.
type Item struct {
	ID     int64
	Unit   string
	Title  string
	Day    string // 2006-01-02
	From   time.Time
	To     time.Time // when it ended or, while it is open, when it will
	Closed bool
}

// Deed is what a member did about an item.
type Deed struct {
	Item, Member int64
	How          string // in the feature's words, e.g. late
}
