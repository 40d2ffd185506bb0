package envelope

// From the specifications.
const (
	// domain separates what is signed here from any other use of the key (RFC 0003,
	// "Record Domain").
	domain = "libp2p-peer-record"
	// payloadType is the multicodec libp2p-peer-record, 0x0301 (RFC 0003).
	payloadType = "\x03\x01"
	// BytesMax bounds an envelope: what a chunk of libp2p's identify can carry.
	BytesMax = 8 << 10
)

// Our choice.
const (
	// namedMax is how many addresses a record may name, and AddrsMax how many of
	// them are kept: a peer that needs more is naming somebody else.
	namedMax = 64
	AddrsMax = 16
	// valueBytesMax bounds one component of an address; a name has up to 253 bytes.
	valueBytesMax = 253
)
