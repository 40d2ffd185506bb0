package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Handler is a protocol of the library's user, event-shaped. All methods are
// called from the node's loop and must return at once; they may call what Port
// has. The node calls handlers last within an input, after every strand.
//
// A Port stands for one conversation with one peer. Its first call is Up or Recv (a
// remote may write before we can), its last is Down, and each Port has one Down.
// When a lane is lost and comes back, what follows is a new conversation with a
// Port of its own.
type Handler interface {
	// Up: we may write on the port's lane from now on.
	Up(now time.Time, p *Port)
	// Recv: the peer sent a message. Data may be kept but not changed; who does not
	// keep it says so with Spent. An error costs the peer the link; a link.Reason as
	// error says which reason.
	Recv(now time.Time, p *Port, m link.Msg) error
	// Room: a lane that refused a message with ErrQueueFull is half empty again, or
	// what Port.Await waited for has come.
	Room(now time.Time, p *Port)
	// Down: the lane or the link is gone. why is a *link.Closed when either side
	// ended the link on purpose, ErrLane when only the lane was lost, and otherwise
	// what the link knows.
	Down(now time.Time, p *Port, why error)
	// Advance: Deadline has come (or an earlier moment; that is harmless).
	Advance(now time.Time)
	// Deadline is the next moment at which Advance matters; zero for none.
	Deadline() time.Time
}
