package outage

import "time"

// From go-libp2p's black hole detector.
const (
	windowDials  = 100 // outcomes looked at
	windowWorked = 5   // of a full window, fewer than these make a kind dead
)

// Our choice.
const (
	// cutGroups is how many network groups must have been unreachable, with nothing
	// that worked since. Four are more than one remote network has, and soon together
	// where a kind is not there at all: the error comes at once.
	cutGroups = 4
	// trialDials is how many failures end a trial: any four, for they are recent.
	trialDials = 4
	// deadFirst and deadMax bound how long a kind is dead before its trial; doubled.
	deadFirst = 5 * time.Minute
	deadMax   = time.Hour
)
