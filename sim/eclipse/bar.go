package eclipse

import "fmt"

// What the figures are held against.
const (
	keptMost    = 0.0   // of the trials with anchors
	deletedMost = 0.001 // without
	rivalLeast  = 0.8   // that the attacker is worth the name
)

// OK tells whether the case is on the right side of its bar: of the product few trials may
// be eclipsed, and of rivals many must, or the attacker is a weak one.
func (c Case) OK() bool {
	switch c.Anchors {
	case "kept":
		return c.Share() <= keptMost
	case "deleted":
		return c.Share() <= deletedMost
	}
	return c.Share() >= rivalLeast
}

// Bar is the bar in words.
func (c Case) Bar() string {
	switch c.Anchors {
	case "kept":
		return fmt.Sprintf("≤ %g%%", 100*keptMost)
	case "deleted":
		return fmt.Sprintf("≤ %g%%", 100*deletedMost)
	}
	return fmt.Sprintf("≥ %g%%", 100*rivalLeast)
}

// OK tells whether every case is.
func (r Report) OK() bool {
	for _, c := range r.Cases {
		if !c.OK() {
			return false
		}
	}
	return true
}
