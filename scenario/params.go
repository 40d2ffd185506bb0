package scenario

import "time"

// Our choice; there is no specification.
const (
	scriptBytesMax = 1 << 20 // a script is read into memory whole
	stepsMax       = 10_000
	nodesMax       = 100_000
	bitsMax        = 1e12      // of an uplink, per second
	linesMax       = 1_000_000 // of one load
	linksMax       = 4096      // of one node or hostile host
	messageMax     = 1 << 20   // bytes of one line of a load
	filesMax       = 10_000    // of one put
	fileBytesMax   = 1 << 30   // of one file
	textBytesMax   = 1024      // of one line
	nameBytesMax   = 64        // of a room, a topic, a name
	durationMax    = 24 * time.Hour
	errorsMax      = 20 // reported by one Parse

	// pollEvery is how often an expectation looks: fine enough for a bound of
	// 300 ms, rare enough to cost nothing.
	pollEvery = 10 * time.Millisecond

	// samplesMax bounds the arrival times one expectation keeps, 8 MiB.
	samplesMax = 1 << 20

	// namesMax is how many nodes a failure lists by name.
	namesMax = 10
)
