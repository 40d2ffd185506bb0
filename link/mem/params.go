package mem

// Our choice.
const (
	// queueMsgsMax and queueBytesMax bound what one direction of a link holds: a
	// few large frames or a burst of small ones, so that back-pressure is met in
	// tests as early as on a socket. One message always fits.
	queueMsgsMax  = 128
	queueBytesMax = 1 << 20

	// acceptMax bounds finished inbound links that nobody accepted yet.
	acceptMax = 64
)
