package trace

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Event is something that happened or was decided. Strand and Kind name it
// ("gossipsub", "graft"); the other fields are set where they mean something.
type Event struct {
	Strand string
	Kind   string
	Peer   id.ID
	Topic  string    // topic or room
	Addr   string    // address concerned
	ID     string    // message or content ID, raw bytes
	Ticket id.Ticket // question concerned
	N      int64     // count or size; the Kind says of what
	Err    string    // why, in plain words; may hold text from a remote, unsanitised
	Side   Side      // whose doing it was
	// Fine events are about a single message or RPC. A strand may leave them out
	// while nobody watches, so they are no basis for counting.
	Fine bool
}

// Side tells who did something to a link.
type Side string

// The sides; neither when nobody did, as when a wire broke, or when it is not known.
const (
	Local  Side = "local"
	Remote Side = "remote"
)

// Func receives events. It must return at once and must not call back.
type Func func(now time.Time, e Event)

// Emit calls f unless it is nil.
func (f Func) Emit(now time.Time, e Event) {
	if f != nil {
		f(now, e)
	}
}
