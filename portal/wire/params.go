package wire

// From the specification (portal-wire-protocol.md, "Message Types"; ping-extensions).
const (
	KeysMax      = 64   // keys of an offer
	KeyBytesMax  = 2048 // a content key
	RecordsMax   = 32   // records of an answer
	recordBytes  = 2048 // a record's room in a list; a record itself is at most enr.BytesMax
	valueBytes   = 2048 // a value within an answer
	distancesMax = 256
	payloadMax   = 1100 // of a ping
	distanceTop  = 256  // the greatest distance there is

	InfoMax         = 200 // client info, bytes
	CapabilitiesMax = 400
	MessageMax      = 300 // an error's text, bytes

	VersionMin = 0
	VersionMax = 2
	// Mainnet is the chain of a record that names none.
	Mainnet = 1
)

// The packet's budget: what discv5's 1,280 bytes leave of a TALKRESP (16 IV, 23 and 32
// header, 16 tag, 1 type, 3 and 3 RLP heads, 9 request ID).
const (
	packetMax     = 1280
	ResponseMax   = packetMax - 16 - 23 - 32 - 16 - 1 - 3 - 9 - 3
	offsetBytes   = 4
	nodesHead     = 1 + 1 + offsetBytes // selector, total, offset
	contentHead   = 1 + 1               // two selectors
	offerHead     = 1 + offsetBytes     // selector, offset
	acceptHead    = 2 + offsetBytes
	pingHead      = 8 + 2 + offsetBytes
	clientHead    = offsetBytes + 32 + offsetBytes
	pingErrorHead = 2 + offsetBytes
)

// Our choice.
const (
	// InlineMax is the greatest value that is sent within an answer; greater ones go by
	// stream. Ten bytes less than fit: trin sends no more, so nobody has seen more.
	InlineMax = 1165
	// VersionsMax bounds the list of versions in a record's "pv" (SSZ List[uint8, 8]).
	VersionsMax = 8
)
