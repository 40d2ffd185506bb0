package devnet

import (
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
)

// Options of a devnet.
type Options struct {
	Nodes  int              // the first is the seed; 0: as many as the script has
	Script *scenario.Script // nil: start the nodes, join them to the room "lobby" and keep running
	Exit   bool             // end with the script instead of keeping the nodes
	// Dash is where the dashboard of the whole net listens; empty means none.
	Dash string
	// Dnet gives every node a socket for DarkFi's viewers, on any free port of loopback.
	Dnet bool
	// Dir holds the nodes' data folders, node1, node2 …; empty means a temporary
	// one that is removed at the end.
	Dir string
	// Processes makes every node a child process that runs Binary.
	Processes bool
	Binary    string
	// Link is the kind of link the nodes listen on and so dial each other by: rlpx,
	// libp2p, or both when empty, of which they prefer libp2p.
	Link string

	Out    io.Writer // steps and their times, a line each; nil means none
	Logger *slog.Logger
}

// ErrOptions is returned for options that cannot be.
var ErrOptions = errors.New("devnet: bad options")

// The words of Options.Link.
const (
	linkRLPx   = "rlpx"
	linkLibP2P = "libp2p"
)

// Links are the kinds of link a devnet can be told to use.
var Links = []string{linkRLPx, linkLibP2P}

// NodesMax bounds a devnet: real nodes cost real memory.
const NodesMax = 100

// can is what a devnet can do.
const can = scenario.CanKill | scenario.CanPubSub | scenario.CanSlots | scenario.CanContent

const (
	// pollEvery is how often each node is asked for its peers, at most; pollShare is the
	// pause between two nodes, so that many do not spend their time on answers.
	pollEvery = 100 * time.Millisecond
	pollShare = 8 * time.Millisecond
	// countEvery is how many looks there are to one at its counters, which cost more.
	countEvery = 10
	// saveEvery is how often nodes write their host books: one that is killed a few
	// seconds after it started is to come back with what it knew.
	saveEvery = 2 * time.Second
	// visitEvery is how often the play is looked at at least.
	visitEvery = 20 * time.Millisecond
	// callWithin bounds one call to a node. How soon lines arrive is the script's to
	// bound; a machine with many nodes and few cores is slow, not broken.
	callWithin = time.Minute
	// launchWithin bounds a node's way to its ready line.
	launchWithin = 20 * time.Second
	// anyPort is where the nodes' RPC and viewers' sockets listen.
	anyPort = "127.0.0.1:0"
	// network of every devnet.
	network = "devnet"
	// slots a node tries to fill.
	outbound = 8
)
