package utp

import "time"

// From the specification: BEP 29, and RFC 6298 and 6817 where it leaves things open.
const (
	headerBytes = 20
	version     = 1
	target      = 100 * time.Millisecond // of queueing delay ("CCONTROL_TARGET")
	gainPerTrip = 3000                   // bytes of window per round trip, at most
	rtoFirst    = time.Second
	rtoMin      = 500 * time.Millisecond
	rtoMax      = time.Minute
	lostAfter   = 3 // later packets that have arrived make one lost
)

// From the Portal network: a packet is the request of one TALKREQ for "utp" in a packet
// of 1280 bytes (discv5-wire.md; 1280 less 107 of headers, tag and RLP).
const (
	// PacketMax is the longest packet that is sent unless Config says otherwise.
	PacketMax = 1173
	// PayloadMax is the most payload of such a packet.
	PayloadMax = PacketMax - headerBytes
)

// Our choice: streams.
const (
	// PerPeer is how many streams one peer may have reserved here, and how many we dial
	// to it: enough for a burst of offers. As the total fills a peer may reserve fewer.
	PerPeer = 8
	// Inbound and Outbound bound the streams of each direction, whoever they are with.
	Inbound  = 64
	Outbound = 64
	// IdleAfter is how long a stream may stand still. Another peer can be asked then,
	// before whoever waits gives up.
	IdleAfter = 10 * time.Second
	// synFor is how long a reserved ID is listened on: who asked for it dials at once.
	synFor = 10 * time.Second
	// synAgain is when a SYN is sent again; the gap grows by half, so there are seven in
	// ten seconds. A SYN too many on a slow way costs nothing.
	synAgain = 300 * time.Millisecond
	// synEarly is when a SYN is sent again because data has come and its answer has not.
	synEarly = 20 * time.Millisecond
	// dialFor is how long a SYN may go without an answer.
	dialFor = 10 * time.Second
	// earlyMax bounds the packets kept that come before the answer to the SYN: a first
	// window and some more.
	earlyMax = 32
	// waitFor is how long an ended stream answers late packets, and waitingMax how many
	// do; the oldest goes when there are more.
	waitFor    = 3 * time.Second
	waitingMax = 256
	// connTries is how often a connection ID is drawn until one is free.
	connTries = 16
)

// Our choice: sending.
const (
	// windowFirst is the window of a new stream in packets (RFC 6928), windowPackets the
	// least but after a time-out, windowMax the most in bytes.
	windowFirst   = 10
	windowPackets = 2
	windowMax     = 1 << 20
	// heirWindow is the most of a window that is handed on, three round trips away from a
	// full one: eight streams that begin at once send 20 MB/s then at 50 ms.
	heirWindow = 128 << 10
	// heirFor is for how long after it was filled a window may be handed on to another stream.
	heirFor = time.Second
	// roomMax is the most room that a remote can say it has.
	roomMax = 1 << 24
	// flightMax bounds the packets on their way, so that small ones are bounded too and
	// sequence numbers are never in doubt; flightFirst is the first ring for them.
	flightMax   = 1024
	flightFirst = 16
	// The base of delays is the lowest of baseBins of baseBin: about two minutes.
	baseBin  = 15 * time.Second
	baseBins = 8
	// delayMax is the most that a packet waits in queues; more is no measure.
	delayMax = 10 * time.Second
	// queueShort is a delay at which no queue is full; see ledbat.lose.
	queueShort = target / 4
	// forgiveRounds is for how many rounds after its own a cut may be taken back: what was
	// late comes in the next.
	forgiveRounds = 1
	lossesFew     = 3
	lossesPart    = 5
	// steadyPart is the part of a round trip by which others may differ from it where packets
	// do not overtake each other.
	steadyPart = 8
	// retriesMax is how many time-outs in a row end a stream. After finTries the FIN alone
	// is not waited for: some (Ultralight) close without a word.
	retriesMax = 6
	finTries   = 3
	// burstPackets and burstFor are what goes at once: enough for one call of the system
	// that takes a burst, and as long as timers are coarse.
	burstPackets = 16
	burstFor     = 4 * time.Millisecond
	// grantPackets is what one stream sends before it is another's turn, where all streams
	// together are bounded.
	grantPackets = 4
	// lieMax is how far beyond what was sent an acknowledgement is a lie; further ahead it
	// is one from half the sequence numbers ago.
	lieMax = 4096
)

// Our choice: receiving.
const (
	// ackEvery packets in order are acknowledged at the end of the round of packets in
	// which they came, and ackNow at once; a single one after ackWithin.
	ackEvery  = 2
	ackNow    = 32
	ackWithin = 15 * time.Millisecond
	// A stream may hold segmentsFirst packets and heldFirst bytes out of order, and a
	// packet more for each KiB, a byte more for each byte that came in order, up to
	// segmentsMax and heldMax: only who delivers can make us hold a full window.
	segmentsFirst = 256
	segmentsMax   = 1024
	heldFirst     = 256 << 10
	heldMax       = 1 << 20
	// heldPerPeer and heldTotal bound the memory of what streams hold; see memory.room.
	heldPerPeer = 4 << 20
	heldTotal   = 16 << 20
	// bufferBytes is what one held packet takes: as much as a packet of the layer below.
	// A longer payload is taken in order only.
	bufferBytes  = 1280
	reorderFirst = 16
	// sackBytes is the longest selective acknowledgement: 1024 packets; sackPlain is that
	// to a remote of other software, the least there is.
	sackBytes = 128
	sackPlain = 4
	// freeMax is how many buffers are kept for use again.
	freeMax = 1024
)

// Our choice: RESETs for packets of no stream.
const (
	resetEvery     = 10 * time.Millisecond // in all, after a burst of resetBurst
	resetBurst     = 32
	resetPeerEvery = 100 * time.Millisecond // to one peer
	resetSlots     = 256                    // peers whose last RESET is remembered
)
