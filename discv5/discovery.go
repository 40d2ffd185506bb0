package discv5

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// Sender is what a Discovery needs of the floor under it.
type Sender interface {
	// Send hands a packet to the network. The packet may be reused after it returns.
	Send(now time.Time, to netip.AddrPort, packet []byte)
}

// Discovery is one node of the discv5 network.
type Discovery struct {
	cfg    Config
	rng    *rand.Rand
	send   Sender
	protos ordered.Set[string]
}

// New makes a Discovery that stands still until Start. rng serves draws that nobody
// gains by guessing; secrets come from cfg.Seed.
func New(_ time.Time, cfg Config, rng *rand.Rand, send Sender) (*Discovery, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	return &Discovery{cfg: cfg, rng: rng, send: send}, nil
}

// Start begins to look for nodes.
func (d *Discovery) Start(now time.Time) News { return News{} }

// Stop ends all questions. Nothing is sent afterwards.
func (d *Discovery) Stop(now time.Time) News { return News{} }

// Advance does what is due.
func (d *Discovery) Advance(now time.Time) News { return News{} }

// Deadline is when Advance is next due; zero when nothing is.
func (d *Discovery) Deadline() time.Time { return time.Time{} }

// Packet takes a datagram. b is not kept.
func (d *Discovery) Packet(now time.Time, from netip.AddrPort, b []byte) News { return News{} }

// Done takes the result of a job.
func (d *Discovery) Done(now time.Time, t id.Ticket, result any) News { return News{} }

// SetRecord says that our own record has changed.
func (d *Discovery) SetRecord(now time.Time, r *enr.Record) News { return News{} }

// Register takes the TALK requests of a protocol, whose name is 1 to 16 bytes, sent as
// they are. It fails with ErrTaken the second time.
func (d *Discovery) Register(proto string) error {
	switch {
	case len(proto) == 0 || len(proto) > protocolBytesMax:
		return ErrProtocol
	case !d.protos.Add(proto):
		return ErrTaken
	}
	return nil
}

// Talk sends a request and answers t with what comes back.
func (d *Discovery) Talk(now time.Time, t id.Ticket, to *enr.Record, proto string, body []byte) News {
	return d.fail(t, to)
}

// Tell sends a request over the session with a node and waits for no answer. Without
// a session it makes one, if we know the node's record.
func (d *Discovery) Tell(now time.Time, who id.ID, at netip.AddrPort, proto string, body []byte) error {
	return ErrStopped
}

// Reply answers a Request, by its N.
func (d *Discovery) Reply(now time.Time, n uint64, body []byte) error { return ErrGone }

// Ping asks whether a node is there.
func (d *Discovery) Ping(now time.Time, t id.Ticket, to *enr.Record) News { return d.fail(t, to) }

// FindNode asks a node for its nodes at distances from itself; 0 is its own record.
func (d *Discovery) FindNode(now time.Time, t id.Ticket, to *enr.Record, distances []uint16) News {
	return d.fail(t, to)
}

// Lookup searches the network for the nodes nearest to a target.
func (d *Discovery) Lookup(now time.Time, t id.Ticket, target id.ID) News { return d.fail(t, nil) }

// Random draws up to n live nodes from the table.
func (d *Discovery) Random(n int) []*enr.Record { return nil }

// Add offers a node on the user's word, and tells whether the table took it.
func (d *Discovery) Add(now time.Time, r *enr.Record) bool { return false }

// Remove takes a node out of the table, and forgets the sessions with it.
func (d *Discovery) Remove(now time.Time, who id.ID) {}

// Get returns the newest record that we hold of a node, from table or session.
func (d *Discovery) Get(who id.ID) (*enr.Record, bool) { return nil, false }

// Nodes are the records worth keeping for the next run.
func (d *Discovery) Nodes() []*enr.Record { return nil }

func (d *Discovery) fail(t id.Ticket, to *enr.Record) News {
	a := Answer{Ticket: t, Err: ErrStopped}
	if to != nil {
		a.From = to.ID()
	}
	return News{Answers: []Answer{a}}
}
