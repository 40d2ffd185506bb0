package portal

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Overlay is our part in one content network.
type Overlay struct {
	cfg     Config
	rng     *rand.Rand
	talker  Talker
	streams Streams
	store   Store

	record  *enr.Record
	radius  content.Distance
	tickets id.Tickets
	running bool
	news    News // of the input that is being taken
}

// Owner is the owner of the tickets that the overlay of a network makes.
func Owner(network string) id.Owner { return id.Owner("portal/" + network) }

// New makes an overlay that has not started. Config.Network must have a name, a protocol
// of 1 to 8 bytes, and an ID.
func New(now time.Time, cfg Config, rng *rand.Rand, t Talker, s Streams, st Store) *Overlay {
	return &Overlay{cfg: cfg, rng: rng, talker: t, streams: s, store: st,
		record: cfg.Record, radius: cfg.Radius, tickets: id.Tickets{Owner: Owner(cfg.Network.Name)}}
}

// Network is the network it was made with.
func (o *Overlay) Network() content.Network { return o.cfg.Network }

// Start begins to fill the table and to look after it. What is asked of a stopped overlay
// is answered, too, but it asks nobody on its own account.
func (o *Overlay) Start(now time.Time) News { o.running = true; return o.take() }

// Stop ends all that is under way: verbs end with ErrStopped. It may come before Start,
// and twice.
func (o *Overlay) Stop(now time.Time) News { o.running = false; return o.take() }

// SetRecord says what our record is now.
func (o *Overlay) SetRecord(now time.Time, r *enr.Record) News { o.record = r; return o.take() }

// Seed offers nodes to the table: bootnodes, and nodes that discv5 knows. Those of other
// networks are passed over.
func (o *Overlay) Seed(now time.Time, records []*enr.Record) News { return o.take() }

// Advance does what is due.
func (o *Overlay) Advance(now time.Time) News { return o.take() }

// Deadline is when Advance has something to do; zero means never.
func (o *Overlay) Deadline() time.Time { return time.Time{} }

// Request takes a request of a node.
func (o *Overlay) Request(now time.Time, r Request) News {
	o.news.Replies = append(o.news.Replies, Reply{N: r.N})
	return o.take()
}

// Answered takes the answer to a Talk, or its error. The body is valid until the call
// returns.
func (o *Overlay) Answered(now time.Time, t id.Ticket, from id.ID, body []byte, err error) News {
	return o.take()
}

// Stream takes what happened to a stream.
func (o *Overlay) Stream(now time.Time, t id.Ticket, e StreamEvent) News { return o.take() }

// Stored takes a store's answer.
func (o *Overlay) Stored(now time.Time, a content.Answer) News { return o.take() }

// Done takes the result of a job.
func (o *Overlay) Done(now time.Time, t id.Ticket, result any) News { return o.take() }

// take hands out what this input brought.
func (o *Overlay) take() News {
	n := o.news
	o.news = News{}
	return n
}

func (o *Overlay) emit(now time.Time, e trace.Event) {
	e.Strand = "portal"
	e.Topic = o.cfg.Network.Name
	o.cfg.Trace.Emit(now, e)
}
