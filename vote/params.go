package vote

import "time"

// From discv5 as the network runs it: an address that nobody used soon after it was
// published is withdrawn.
const revokeAfter = 5 * time.Minute

// Our choice.
const (
	// groupsMin is how many network groups must agree: an attacker needs hosts in four
	// of them, all among those we picked to dial.
	groupsMin = 4
	// votesMax bounds what is remembered, half of it for each family: more groups
	// than we have links to.
	votesMax = 64
	// voteFor is how long a statement counts: an address that was reassigned is out of
	// the count within it.
	voteFor = 30 * time.Minute
	// contactFor is how long before the adoption a contact may have been that proves
	// the address reachable: who has been dialled all the time need not wait for more.
	contactFor = 30 * time.Minute
	// restFor is how long a revoked address is not adopted again. What the router lets
	// in may change, and a trial costs others a few dials.
	restFor = time.Hour
)
