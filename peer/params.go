package peer

import "time"

// From the specifications.
const (
	// messageOverheadBytes is what a message costs beyond its payload: a frame
	// header, its MACs and padding (RLPx "Framing": 16+16+16, up to 15 padding,
	// rounded). Counting it keeps floods of empty messages bounded and fair.
	messageOverheadBytes = 64
)

// Our choice.
const (
	// queueMsgsDefault and queueBytesDefault bound what waits for one peer: a slow
	// one must not cost more memory than several quick ones.
	queueMsgsDefault  = 512
	queueBytesDefault = 8 << 20

	// laneShare is the part of the peer's bounds that one lane may fill, in
	// quarters: the last quarter is always there for the others.
	laneShare = 3

	// totalBytesDefault bounds what waits for all peers together. A buffer that
	// waits for several peers counts for each of them.
	totalBytesDefault = 256 << 20

	// peersMaxDefault bounds the table. Slots are session's matter and far below;
	// this holds when session is wrong.
	peersMaxDefault = 8192

	// quantumBytes is what a lane earns per turn. A page of small messages goes
	// in one turn, and a large message waits a few turns.
	quantumBytes = 16 << 10

	// urgentRunMax is how many urgent messages pass in a row while an ordinary one
	// waits. Sixteen control messages are a heartbeat's worth.
	urgentRunMax = 16

	// simultaneousWithin is how far apart two links to one identity may come up
	// and still be a race of two dials: the longest dial round trip we expect.
	simultaneousWithin = 5 * time.Second

	// stallAfter is how long a link may take nothing while messages wait.
	stallAfter = 30 * time.Second

	// freeItemsMax bounds the spare queue entries that the table keeps.
	freeItemsMax = 1024
)
