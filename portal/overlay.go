package portal

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/kad"
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
	table   *kad.Table
	peers   *recent[id.ID, *peer]
	running bool
	asOf    time.Time // latest now that was seen
	stats   Stats

	// What waits for somebody, by the number of its ticket.
	tickets id.Tickets
	calls   ordered.Map[uint64, *call]
	jobs    ordered.Map[uint64, func(time.Time, any)]
	asks    ordered.Map[uint64, func(time.Time, content.Answer)]
	flows   ordered.Map[uint64, flow]
	timers  timers
	later   []func(now time.Time) // before this input ends
	news    News                  // of the input that is being taken

	requests ordered.Map[uint64, *request] // by our own number
	claims   ordered.Map[id.ID, *claim]    // items on their way in
	couriers ordered.Map[id.ID, *courier]  // offers on their way out
	searches ordered.Map[uint64, *search]  // node lookups
	finds    ordered.Map[string, *find]    // content lookups, by key
	waiting  []func(now time.Time)         // lookups that wait for one to end
	verbs    ordered.Map[uint64, *verb]    // of users, unanswered
	cache    cache
	verified *recent[string, *enr.Record]
	told     *recent[tell, time.Time] // whom we offered what, or who offered it
	seeds    *recent[id.ID, *enr.Record]
	refusals refusals
	sums     sums

	announced content.Distance // our radius as neighbours were last told
	telling   *timer
	looked    time.Time // when a lookup last ended
	puts      int       // under way
}

// sums are totals over all nodes, each with its bound in params.go.
type sums struct {
	receives, serves int // streams in, streams out
	sent             int // bytes in streams out
	held             int // bytes that came and are not stored yet
	reading          int // requests that wait for the store
	queued, waiting  int // parcels of couriers, and their bytes
	gossiping        int // streams out with nothing but gossip
}

// Owner is the owner of the tickets that the overlay of a network makes.
func Owner(network string) id.Owner { return id.Owner("portal/" + network) }

// New makes an overlay that has not started. Config.Network must have a name, a protocol
// of 1 to 8 bytes, and an ID.
func New(now time.Time, cfg Config, rng *rand.Rand, t Talker, s Streams, st Store) *Overlay {
	cfg.fill()
	o := &Overlay{
		cfg: cfg, rng: rng, talker: t, streams: s, store: st, asOf: now,
		record: cfg.Record, radius: cfg.Radius,
		tickets:  id.Tickets{Owner: Owner(cfg.Network.Name)},
		table:    kad.New(kad.Config{Self: cfg.Self, Localnet: cfg.Localnet}, rng),
		peers:    newRecent[id.ID, *peer](peersMax),
		verified: newRecent[string, *enr.Record](verifiedMax),
		told:     newRecent[tell, time.Time](cooldownsMax),
		seeds:    newRecent[id.ID, *enr.Record](seedsMax),
		refusals: newRefusals(),
	}
	o.peers.spare = (*peer).busy
	o.cache.max = cfg.CacheBytes
	if cfg.Network.Radiusless {
		o.radius = content.DistanceMax
	}
	return o
}

// Network is the network it was made with.
func (o *Overlay) Network() content.Network { return o.cfg.Network }

// SetRecord says what our record is now.
func (o *Overlay) SetRecord(now time.Time, r *enr.Record) News {
	o.see(now)
	o.record = r
	return o.take()
}

// Advance does what is due.
func (o *Overlay) Advance(now time.Time) News {
	o.see(now)
	o.timers.run(now)
	if o.running {
		o.tend(now)
	}
	return o.take()
}

// Deadline is when Advance has something to do; zero means never.
func (o *Overlay) Deadline() time.Time {
	at := o.timers.next()
	if due := o.table.Deadline(); o.running && !due.IsZero() && (at.IsZero() || due.Before(at)) {
		return due
	}
	return at
}

// see notes the time of an input.
func (o *Overlay) see(now time.Time) {
	if now.After(o.asOf) {
		o.asOf = now
	}
}

// soon has something done before this input ends, and after what is going on.
func (o *Overlay) soon(f func(now time.Time)) { o.later = append(o.later, f) }

// take hands out what this input brought.
func (o *Overlay) take() News {
	for len(o.later) > 0 {
		f := o.later[0]
		o.later[0] = nil
		o.later = o.later[1:]
		f(o.asOf)
	}
	o.later = nil
	n := o.news
	o.news = News{}
	return n
}

func (o *Overlay) emit(now time.Time, e trace.Event) {
	e.Strand = "portal"
	e.Topic = o.cfg.Network.Name
	o.cfg.Trace.Emit(now, e)
}
