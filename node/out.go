package node

import (
	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/work"
)

// Out is all that leaves a node. The world carries it out in any order.
type Out struct {
	Dials []Dial
	// GiveUps are dials whose outcome nobody waits for any more.
	GiveUps []id.Ticket
	Closes  []peer.Close
	Ready   []link.Conn // links for which Next has something
	// Cancels are messages that Next gave out and that need not be written any more.
	Cancels []peer.Cancelled
	Jobs    []work.Job
	Saves   []work.Save

	// Packets are datagrams, whose data is valid until the next Take.
	Packets []Packet
	// Asks are questions to the store of content; the answers come back through Stored.
	Asks []content.Ask

	// News for the application.
	Messages  []gossipsub.Message        // of topics the application follows
	Partials  []gossipsub.PartialMessage // of topics whose messages travel in parts
	Published []gossipsub.Published
	Lines     []chat.Line
	Answers   []chat.Answer
	Connected []session.Answer
	// Discovered and Contents answer what the world had asked of discv5 and of a network
	// of content.
	Discovered []discv5.Answer
	Contents   []portal.Answer
}

// Dial asks the world for a link. The outcome is LinkUp or DialFailed with the
// same ticket.
type Dial struct {
	Ticket id.Ticket
	To     link.Addr
}

// Owner is the owner of tickets that the world makes for the application.
const Owner id.Owner = "app"
