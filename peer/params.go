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

	// privateMsgsMax and privateBytesMax bound a lane of the library's user. Two
	// batches of the writer keep the wire busy; the rest waits with its author, who
	// then waits too.
	privateMsgsMax  = 512
	privateBytesMax = 2 << 20

	// roundTripMax is the longest round trip that is believed.
	roundTripMax = time.Minute

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

	// ordinaryRunMax is the same for ordinary messages of a lane before a spare one:
	// who publishes much still carries what others publish.
	ordinaryRunMax = 16

	// bulkBytes is the payload from which a message of a bare lane is bulk. Below
	// it a message leaves a usual uplink in the time of a round trip (50 Mbit/s:
	// 20 ms), and making others wait for it gains nothing.
	bulkBytes = 64 << 10
	// bulkLinksDefault is how many links write bulk at one time. Six at once delay
	// all six alike: 60 nodes with uplinks of 50 Mbit/s have a message of 1016 KiB in
	// 3.3 s (median) by writing to all, and in 1.1, 1.4, 1.6 and 2.0 s by writing to
	// one, two, three and four. Two, because one may be slower than we are.
	bulkLinksDefault = 2
	// bulkHold is after what time the right to write bulk passes on though the
	// writer did not come back: a megabyte at 8 Mbit/s.
	bulkHold = time.Second

	// simultaneousWithin is how far apart two links to one identity may come up
	// and still be a race of two dials: the longest dial round trip we expect.
	simultaneousWithin = 5 * time.Second

	// stallAfter is how long a link may take nothing while messages wait.
	stallAfter = 20 * time.Second

	// cancelsMax is how many messages TakeCancels names: a round of the world's inputs
	// with as many known messages as the router looks after in each.
	cancelsMax = 4096

	// freeItemsMax bounds the spare queue entries that the table keeps.
	freeItemsMax = 1024
)
