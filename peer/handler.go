package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Handler is a protocol of the library's user, event-shaped. All methods are
// called from the node's loop and must return at once; they may call Send and
// Drop. The node calls handlers last within an input, after every strand.
type Handler interface {
	// Up: the protocol's lane to p is open for writing.
	Up(now time.Time, p *Peer)
	// Recv: p sent a message on the protocol's lane. Data may be kept but not
	// changed. An error costs p the link; a link.Reason as error says which reason.
	Recv(now time.Time, p *Peer, m link.Msg) error
	// Down: the lane or the link is gone. Called once for each Up.
	Down(now time.Time, p *Peer)
	// Advance: Deadline has come (or an earlier moment; that is harmless).
	Advance(now time.Time)
	// Deadline is the next moment at which Advance matters; zero for none.
	Deadline() time.Time
}
