package rlpx

// From the RLPx specification and EIP-8.
const (
	baseProtocolLength = 0x10 // codes of the base protocol, 0x00 to 0x0f

	helloVersion    = 5 // the version of the base protocol that we speak
	snappyVersion   = 5 // from this one on payloads are compressed (EIP-706)
	helloVersionMin = 4 // an older one frames differently

	padBytesMin = 100 // of an auth or ack packet, so that it is longer than those of old (EIP-8)
	padBytesMax = 300

	blockBytes = 16
	macBytes   = 16
	headBytes  = 16 + macBytes

	frameBytesMax   = 1<<24 - 1 // what three bytes of a header can say
	payloadBytesMax = 1<<24 - 1 // after decompression (EIP-706)
)

// Our choice.
const (
	// socketReadBytes bounds what the system keeps until we read it, and with it what
	// is under way: 10 MB/s at a round trip of 100 ms. Left to itself Linux goes up to
	// 32 MiB when we read more slowly than the remote writes, all of which stands
	// before the next message of every lane.
	socketReadBytes = 1 << 20
	// socketUnsentBytes bounds what the system holds of ours and has not sent: two
	// batches.
	socketUnsentBytes = 128 << 10

	// packetBytesMax bounds an auth or ack packet without its two size bytes. What we
	// send is at most 650; geth accepts 2048.
	packetBytesMax = 2048
	// baseBytesMax bounds the payload of a base message after decompression, and the
	// frame of a Hello. The longest of ours is some hundred bytes.
	baseBytesMax = 2048
	// codeMax is the highest code we use or accept: some implementations read one byte
	// of the code, and 0x7f is the highest that takes one.
	codeMax = 0x7f
	// capsMax bounds the capabilities of a Hello that are looked at.
	capsMax = 128
	// agentBytesMax is what we keep of the name a remote gives itself: link.Info's bound.
	agentBytesMax = 128
	// networkBytesMax bounds the name of a network in a Hello.
	networkBytesMax = 64
	// capNameBytesMax bounds a capability's name; at one implementation a longer one
	// costs the whole Hello.
	capNameBytesMax = 8
)

// Codes of the base protocol (RLPx specification, "p2p" capability).
const (
	codeHello      = 0x00
	codeDisconnect = 0x01
	codePing       = 0x02
	codePong       = 0x03
)
