package eclipse

import "time"

// The network. Our choice, as far as nothing else is said.
const (
	// honestHosts listen in honestGroups network groups; Bitcoin had some 7,000 such
	// hosts when the attack on it was published.
	honestHosts  = 7000
	honestGroups = 2500
	// An honest host is there for onFor and away for offFor on average, both
	// exponential: three quarters of them are there at a time.
	onFor  = 6 * time.Hour
	offFor = 2 * time.Hour
	// Of those that are away, half refuse a dial and half do not answer it.
	muteShare   = 0.5
	latency     = 100 * time.Millisecond // a dial that comes up, a refusal, an answer
	dialTimeout = 15 * time.Second
	// Honest hosts dial the victim so often, and stay so long on average.
	honestDials = 4 * time.Minute
	honestStay  = time.Hour
	// honestFresh is the share of an honest answer that is there at the time.
	honestFresh = 0.85
	// answerMax bounds an answer whatever the rules ask for.
	answerMax = 1000
)

// The attacker.
const (
	// rangesTotal addresses stand in rangesGroups /24s, each of them in a network group
	// of its own; botnetTotal have a group each. The numbers are those of the attack on
	// Bitcoin (Heilman, Kendler, Zohar, Goldberg, 2015).
	rangesTotal  = 8192
	rangesGroups = 32
	botnetTotal  = 4600
	// He dials the victim so often, stays so long, and says something so often then.
	attackDials = 500 * time.Millisecond
	attackStay  = 30 * time.Second
	attackSays  = 10 * time.Second
	// attackTells is how many addresses he offers at a time.
	attackTells = 100
)

// The play.
const (
	peaceFor  = time.Hour
	attackFor = 24 * time.Hour
	// After a restart the victim was away for between awayMin and awayMax, and has
	// fillFor to fill its slots.
	awayMin = time.Minute
	awayMax = time.Hour
	fillFor = 10 * time.Minute
	// historyFor is the time over which a victim has tried everybody before.
	historyFor = 24 * time.Hour
	// TrialsPerFilling is how many restarts share one filled book.
	TrialsPerFilling = 100
	slots            = 8 // outbound, of all rules
)
