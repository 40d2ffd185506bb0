package msgrw

import "time"

// From the specification (RLPx, "Framing" and "Capability Messaging").
const (
	// payloadBytesMax is the largest payload of any protocol: 16 MiB - 1.
	payloadBytesMax = 1<<24 - 1
	// nameBytesMax bounds a capability's name.
	nameBytesMax = 8
)

// Our choice.
const (
	// codesMax bounds the codes of all protocols on a link together: with the 16 of
	// the base protocol the highest stays below 0x80, which is one byte for every
	// client.
	codesMax = 0x80 - 0x10

	// inMsgs and inBytes are what a protocol's inbound queue holds before its peer
	// is too fast for it. Bytes count messageOverhead with each message.
	inMsgs  = 256
	inBytes = 4 << 20
	// inMsgsHard and inBytesHard are what is kept while a full queue is suffered.
	// The bytes are those of all protocols of the link together; a queue that is not
	// full takes messages whatever the others hold.
	inMsgsHard  = 1 << 14
	inBytesHard = 16 << 20
	// inBrakedHard bounds what is kept while the link pauses: beside the above what
	// was under way when the pause began.
	inBrakedHard = 2 * inBytesHard
	// inBytesTight takes the place of inBytesHard while the process has no memory left
	// for messages that are not read (Share.Tight).
	inBytesTight = 256 << 10
	// overflowAfter is how long a queue may be full on end while more comes.
	overflowAfter = 10 * time.Second
	// brakeWithin is how long a link that has no flow control for each lane pauses
	// for one protocol. A Run that empties half a queue in that time sets the pace of
	// its peer; a slower one must not set that of its neighbours.
	brakeWithin = 20 * time.Millisecond

	// outMsgs and outBytes are what is accepted for writing before WriteMsg waits;
	// beside it stands the lane's queue in package peer. One message always fits.
	outMsgs  = 256
	outBytes = 1 << 20

	// messageOverhead is what a message costs in memory beside its payload.
	messageOverhead = 64

	// Payloads up to arenaPayload are cut from chunks, which grow from the first to
	// the last of these sizes; larger ones have memory of their own. One message
	// that is kept keeps its chunk.
	arenaPayload  = 2 << 10
	arenaFirst    = 1 << 10
	arenaLast     = 16 << 10
	payloadsBlock = 64 // readers made at once
	// copiedPayload takes the place of arenaPayload on links that lend memory.
	copiedPayload = 256

	// keepEntries is how much room of a queue is kept for its next use.
	keepEntries = 1024

	// stopWithin is how long a Run may take to return when its link has ended.
	stopWithin = 5 * time.Second
	// stuckMax bounds, for each protocol, the Runs that did not: beyond it peers get
	// no Run.
	stuckMax = 64
	// lingerWithin is how long a link lives on to write what a Run wrote last.
	lingerWithin = time.Second
)
