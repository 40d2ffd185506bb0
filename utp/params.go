package utp

import "time"

// From the specification: BEP 29, and RFC 6817 for LEDBAT.
const (
	headerBytes = 20
	version     = 1
	target      = 100 * time.Millisecond // of queueing delay (BEP 29 "CCONTROL_TARGET")
	gainPerTrip = 3000                   // bytes of window per round trip, at most (BEP 29 "MAX_CWND_INCREASE_PACKETS_PER_RTT")
	rtoFirst    = time.Second
	rtoMin      = 500 * time.Millisecond
	rtoMax      = time.Minute
	lostAfter   = 3 // later packets that have arrived make one lost (BEP 29 "Packet loss")
	synFor      = 10 * time.Second
)

// From the Portal network: a packet is the request of one TALKREQ for "utp" in a packet
// of 1280 bytes (discv5-wire.md; 1280 less 107 of headers, tag and RLP).
const (
	// PacketMax is the longest packet that is sent unless Config says otherwise.
	PacketMax = 1173
	// PayloadMax is the most payload of such a packet.
	PayloadMax = PacketMax - headerBytes
)

// Our choice.
const (
	// PerPeer is how many streams one peer may have reserved here, and how many we dial
	// to it: enough for a burst of offers, and eight peers fill the total.
	PerPeer = 8
	// Inbound and Outbound bound the streams of each direction, whoever they are with.
	Inbound  = 64
	Outbound = 64
	// IdleAfter is how long a stream may stand still. Another peer can be asked then,
	// before whoever waits gives up.
	IdleAfter = 10 * time.Second
)
