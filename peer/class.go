package peer

import "time"

// Class is what a message is to its protocol. Messages of one class on one lane
// keep their order, but for large ones (package doc).
type Class uint8

const (
	// Urgent messages go first.
	Urgent Class = iota
	// Ordinary messages go next. On a bare lane they give way to urgent ones when
	// there is no room.
	Ordinary
	// Spare messages are those a protocol does without: on a bare lane the oldest
	// of them give way to whatever needs room.
	Spare
	classes
)

func (c Class) String() string {
	names := [...]string{"urgent", "ordinary", "spare"}
	if int(c) < len(names) {
		return names[c]
	}
	return "unknown"
}

// Message is what waits for a peer.
type Message struct {
	Code  uint64
	Data  []byte // kept, not copied; must not change from now on
	Class Class
	// Tag names the message so that Cancel finds it; 0 when nobody will.
	Tag uint64
	// Until is when it is worth nothing any more and is not written; zero for never.
	// Urgent messages do not expire.
	Until time.Time
	// Own says that nobody else holds Data; see link.Msg.
	Own bool
}

// level is what the lanes of a peer share the link by: pressing messages are the
// urgent ones, patient ones all others.
type level uint8

const (
	pressing level = iota
	patient
	levels
)
