package wire

// From the specification (discv5-wire.md).
const (
	// PacketMin and PacketMax bound a datagram ("UDP Communication": "The maximum size
	// of any packet is 1280 bytes", "The minimum size … is 63 bytes").
	PacketMin = 63
	PacketMax = 1280

	// KeyBytes is the size of a session key and of a masking key (AES-128).
	KeyBytes = 16
	// RequestIDMax bounds a request's ID ("Protocol Messages": "length <= 8 bytes").
	RequestIDMax = 8
	// RecordMax bounds a node record (EIP-778, "RLP Encoding").
	RecordMax = 300

	ivBytes     = 16
	staticBytes = 23 // "Protocol Header"
	nonceBytes  = 12
	tagBytes    = 16 // AES-GCM

	messageAuthBytes   = 32         // "Ordinary Message Packet": src-id
	whoareyouAuthBytes = 16 + 8     // "WHOAREYOU Packet": id-nonce, enr-seq
	handshakeHeadBytes = 32 + 1 + 1 // "Handshake Message Packet": src-id, sig-size, eph-key-size
	signatureBytes     = 64         // of scheme v4
	ephemeralBytes     = 33         // of scheme v4
	handshakeAuthBytes = handshakeHeadBytes + signatureBytes + ephemeralBytes
	distanceMax        = 256 // "FINDNODE": log2 distance of 256-bit IDs

	// PlaintextMax bounds what an ordinary packet carries.
	PlaintextMax = PacketMax - ivBytes - staticBytes - messageAuthBytes - tagBytes
	// TalkResponseMax is the longest answer to TALKREQ: with a request ID of 8 bytes,
	// and 3 bytes for each of the two heads.
	TalkResponseMax = PlaintextMax - 1 - 3 - (1 + RequestIDMax) - 3
)

// Our choice.
const (
	// recordsMax bounds the records of one NODES message. The shortest record of scheme
	// v4 takes some 120 bytes, so that ten fit; 16 is what a whole answer should have
	// ("FINDNODE": "The recommended result limit").
	recordsMax = 16
	// totalMax is where a NODES message's total is cut off: no answer that anybody
	// waits for has more parts.
	totalMax = 255
	// sealedMax is how many packets one key seals before Seal refuses. The counter in
	// the nonce has 32 bits; half of that leaves no doubt.
	sealedMax = 1 << 31
	// randomBytes is the length of the message in a packet that only asks to be
	// challenged (theory, "Step 1": "an ordinary message packet with random message
	// content"): tag and PING of the shortest kind.
	randomBytes = tagBytes + 8
)

// headMax bounds IV and header.
const headMax = ivBytes + staticBytes + handshakeAuthBytes + RecordMax

// HandshakeMax is how much of a message fits into a handshake packet that carries a
// record of the given length, or none (0).
func HandshakeMax(record int) int {
	return PacketMax - ivBytes - staticBytes - handshakeAuthBytes - record - tagBytes
}
