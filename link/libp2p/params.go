package libp2p

import "time"

// From the specifications.
const (
	// reopenFirst, reopenMax, reopenAttempts, reopenForget: a dead stream is opened
	// again at once, then after 100 ms doubling with jitter up to 10 s, at most four
	// times, counters forgotten after 10 minutes, as go-libp2p-pubsub does.
	reopenFirst    = 100 * time.Millisecond
	reopenMax      = 10 * time.Second
	reopenAttempts = 4
	reopenForget   = 10 * time.Minute

	// lengthVarintMax is the longest varint of 64 bits.
	lengthVarintMax = 10

	// noiseBytesMax is what one transport message of Noise carries: 65535 bytes with
	// their tag of 16. muxHeadBytes is the header of a yamux frame.
	noiseBytesMax = 1<<16 - 1 - 16
	muxHeadBytes  = 12
)

// Our choice.
const (
	// setupTimeout covers identify and the negotiation of lanes; acceptTimeout
	// covers security and the muxer of an inbound connection.
	setupTimeout  = 10 * time.Second
	acceptTimeout = 10 * time.Second

	// recordWithin bounds the wait for our own signed record at the start.
	recordWithin = 250 * time.Millisecond

	// pendingMax and pendingPerIPMax bound inbound connections before they are
	// links, counted once for raw sockets and once for those that identify.
	// Loopback is exempt from the second. The oldest gives way.
	pendingMax      = 64
	pendingPerIPMax = 4

	// writeTimeout bounds one batch on the wire. writeSlack is by how much it may be
	// more, because moving a deadline costs a timer. Both are those of link/rlpx.
	writeTimeout = 20 * time.Second
	writeSlack   = 5 * time.Second

	// frameTimeout bounds the rest of a frame that has begun, and what it has above
	// frameBytesPerSecond each second, as in link/rlpx: a length that nothing follows
	// must not hold its lane.
	frameTimeout        = 30 * time.Second
	frameBytesPerSecond = 128 << 10

	// dialTimeout bounds a dial. hiddenDialTimeout and hiddenSetupTimeout are what
	// link.Timeouts gives ways through a proxy: dialTimeout and setupTimeout where there
	// is one, and where a hidden service leads to us.
	dialTimeout        = 15 * time.Second
	hiddenDialTimeout  = 65 * time.Second
	hiddenSetupTimeout = 55 * time.Second

	// farewellTimeout is how long a remote has to close after it was told why.
	farewellTimeout = 300 * time.Millisecond

	// pieceBytes is the most that a yamux frame has of a stream: one Noise message is
	// full with it. A frame of 64 KiB is two, a large and a tiny one.
	pieceBytes = noiseBytesMax - muxHeadBytes

	// batchBytes is how much of messages the writer puts into one write: a piece with
	// their heads, of which a lane's messages have 1 KiB.
	batchBytes = pieceBytes - laneMsgsMax*8

	// laneMsgsMax and laneBytesMax make a lane busy. One more message of any legal
	// size still goes in, so a lane holds at most laneBytesMax and one payload.
	laneMsgsMax  = 128
	laneBytesMax = 256 << 10

	// inboxMsgsMax and inboxBytesMax bound what was read and not yet taken
	// of one link. One message always fits.
	inboxMsgsMax  = 256
	inboxBytesMax = 4 << 20

	// growBytes is the step in which a frame's buffer follows the bytes that
	// arrived; no more is allocated on a remote's word.
	growBytes = 64 << 10

	// readBufferBytes is the buffer in front of each inbound stream.
	readBufferBytes = 4 << 10

	// breachesMax malformed or oversized frames close the link.
	breachesMax = 3

	// streamsPerSecond and streamsBurst bound the inbound lane streams of a link, so
	// that rapid opening and resetting ends. More is a breach.
	streamsPerSecond = 5
	streamsBurst     = 64

	// waitingStreamsMax bounds inbound lane streams of one connection that came
	// before its link was finished.
	waitingStreamsMax = 32

	// agentBytesMax is link.Info's bound.
	agentBytesMax = 128

	// streamsShownMax bounds the protocols of a remote that a Visit shows; identify
	// itself bounds the bytes.
	streamsShownMax = 256

	// windowBytesMax is the yamux window one stream may grow to, and
	// incomingStreamsMax its inbound streams per connection.
	windowBytesMax     = 1 << 20
	incomingStreamsMax = 128

	// strayConns are the connections beyond links that libp2p's own services (relay
	// reservations, AutoNAT) may hold before the connection manager trims them.
	strayConns = 32

	// addrTTLMax is how long the peerstore may keep an address of a peer that is
	// not connected: one dial.
	addrTTLMax = time.Minute

	// reasonBase is where the reasons of link.Reason start among libp2p's
	// connection error codes; below 0x2000 are libp2p's own.
	reasonBase = 0x5200
)
