package discv5

// From the specification.
const (
	// TalkMax is the largest body of a TALKREQ in an established session, for a protocol
	// whose name has two bytes; each further byte of the name takes one of it
	// (discv5-wire, "UDP Communication": packets of at most 1280 bytes).
	TalkMax = 1174
	// ReplyMax is the largest body of a TALKRESP.
	ReplyMax = 1177
)

// Our choice.
const (
	// protocolBytesMax bounds a protocol's name.
	protocolBytesMax = 16
	// sessionsMax is what is kept of sessions when nothing else is configured: an overlay
	// talks to many more nodes than stand in its table.
	sessionsMax = 8192
)
