package udp

import "time"

// From the system (Linux, udp(7) and net/ipv4/udp.c).
const (
	// segmentsMax is how many datagrams one call may join (UDP_MAX_SEGMENTS of the
	// oldest system that can).
	segmentsMax = 64
	// joinedMax bounds the bytes of datagrams that are joined: an IP packet's, less
	// headers.
	joinedMax = 65000
)

// Our choice.
const (
	// datagramMax is the default of Config.Max: no packet of discv5 is longer.
	datagramMax = 1280
	// bufferBytes is the default of Config.Buffer. At 10,000 packets/s it holds what
	// comes in a fifth of a second, with the system's own overhead.
	bufferBytes = 4 << 20
	// readMax is how many datagrams one call reads where they come one by one.
	readMax = 64
	// joinedSlots is how many a call reads where each may be up to 64 KiB of joined
	// ones. 8 make half a MiB for a batch, and only what is written to becomes memory.
	joinedSlots = 8
	joinedSlot  = 1 << 16
	// batchesMax is how many batches a socket makes: one that is being filled, one in
	// the loop, two on their way.
	batchesMax = 4
	// writeMax is how many datagrams one call writes.
	writeMax = 256
	// pauseMin and pauseMax bound the pause after errors of reading that follow each
	// other, so that a socket that is broken costs no processor. The first costs none.
	pauseMin = time.Millisecond
	pauseMax = time.Second
)
