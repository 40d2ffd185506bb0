package pulse

import "time"

// As DarkFi's ping does.
const (
	everyDefault  = 30 * time.Second
	withinDefault = 15 * time.Second
)

// Our choice.
const (
	// slowTimes is how much longer everything takes on a slow way: pings 90 s apart, as
	// DarkFi's on anonymity networks.
	slowTimes = 3

	// pingsBurst pings of a peer are answered at once, then one each pingsEvery; more
	// is a breach. Ours is one in 30 s, and one a second while we are in doubt.
	pingsBurst = 16
	pingsEvery = time.Second

	// urgentWithin is how long a peer has for its pong while we doubt that it is there:
	// what a busy machine may take, and a third of the usual. A peer whose round trip is
	// long has urgentTrips of them.
	urgentWithin = 5 * time.Second
	urgentTrips  = 8
	// urgentGap is how soon after a ping nobody is doubted again.
	urgentGap = time.Second

	// lookEvery is how often the traffic of all peers is looked at, for one that is
	// silent while we write to it.
	lookEvery = 5 * time.Second

	// brokeMany links that break within brokeWithin of each other put all the others in
	// doubt: where three die at once, a fourth that says nothing may be dead too.
	brokeMany   = 3
	brokeWithin = 2 * time.Second
)
