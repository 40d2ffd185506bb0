package gossipsub

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// owner is the owner of the router's tickets.
const owner id.Owner = Strand

// Router is one node's GossipSub machine. Its methods are called by one goroutine.
type Router struct {
	cfg     Config
	p       Params
	version version // the newest we speak
	self    []byte  // our peer ID, as an author
	rng     *rand.Rand
	out     Sender

	board *score.Board // nil: scoring is off
	bars  score.Thresholds
	gater *gater.Gater // nil: nothing is gated

	peers      ordered.Map[id.ID, *peer]
	byName     map[string]*topic // the same topics as in topics, for look-ups
	topics     set[*topic]
	joined     set[*topic]
	fanouts    set[*topic]
	backed     set[*topic] // topics with backoffs
	topicBytes int         // charged to all peers
	direct     ordered.Set[id.ID]
	dialled    set[*peer] // peers we may write to and that we dialled

	serials   uint64 // peers and topics so far
	beat      uint64 // heartbeats so far
	nextBeat  time.Time
	beating   beating
	sweepNext int       // where sweepBackoffs goes on, in backed
	call      uint64    // inputs so far
	now       time.Time // of the input being handled

	salt     uint64
	seqno    uint64
	seen     seen
	cache    mcache
	wants    wants
	flights  flights
	tickets  id.Tickets
	doubters set[*peer]  // peers with IDONTWANT entries
	debtors  set[*peer]  // peers that have not heard all
	parted   set[*topic] // topics with groups of parts
	bans     ordered.Map[id.ID, time.Time]
	replays  replays

	partsBytes  int // peers' metadata
	judgedParts uint64

	exchanges exchanges
	guessing  bool // the RPC in hand asks for topics that we are not in

	rpc      rpc.RPC   // scratch of Recv
	idBuf    []byte    // scratch of identify
	pick     []*peer   // scratch of sample
	ranks    []ranked  // scratch of rank
	hello    [][]byte  // frames of our subscriptions; nil when they changed
	fresh    []want    // scratch of sift
	copies   int       // of known messages, in the frame of Recv
	entries  []byte    // scratch of pack
	haves    []have    // messages of this input that large copies of need not come
	helloAge uint64    // hellos so far
	writing  []byte    // scratch of whisper
	dirty    []*peer   // peers with pending control
	spares   []*outbox // emptied ones
	news     News
	stats    Stats
}

// New makes a router. The generator decides whom it grafts and gossips to; in the
// real world it must not be predictable.
func New(cfg Config, rng *rand.Rand, s Sender) (*Router, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	r := &Router{
		cfg: cfg, p: cfg.Params, self: []byte(cfg.PeerID), rng: rng, out: s,
		byName:  make(map[string]*topic),
		salt:    rng.Uint64(),
		tickets: id.Tickets{Owner: owner},
	}
	if err := r.judges(); err != nil {
		return nil, err
	}
	for _, who := range cfg.Direct {
		r.direct.Add(who)
	}
	r.version, _ = versionNamed(cfg.Version)
	r.seen = seen{ttl: r.p.SeenTTL, bytesMax: r.p.SeenBytes}
	r.cache = mcache{length: uint64(r.p.HistoryLength), bytesMax: r.p.CacheBytes}
	return r, nil
}

// judges makes the score board and the gater, as far as they are asked for.
func (r *Router) judges() (err error) {
	if r.cfg.Score != nil {
		if r.board, err = score.New(*r.cfg.Score); err != nil {
			return fmt.Errorf("%w: Score: %w", ErrConfig, err)
		}
		r.bars = r.board.Thresholds()
	}
	if r.cfg.Gater != nil {
		if r.gater, err = gater.New(*r.cfg.Gater, r.rng); err != nil {
			return fmt.Errorf("%w: Gater: %w", ErrConfig, err)
		}
	}
	return nil
}

// begin starts an input: the first one starts the clock of heartbeats, with ten
// per cent of jitter so that nodes started together do not beat together, and
// the sequence numbers, which must rise across restarts too.
func (r *Router) begin(now time.Time) {
	r.call++
	r.now = now
	if !r.nextBeat.IsZero() {
		return
	}
	jitter := time.Duration((r.rng.Float64()*2 - 1) * 0.1 * float64(r.p.HeartbeatInterval))
	r.nextBeat = now.Add(max(0, r.p.HeartbeatInitialDelay+jitter))
	r.seqno = uint64(now.UnixNano())
	r.wants.epoch = now
}

// end sends what an input has left to say and hands out the news.
func (r *Router) end() News {
	r.flush()
	n := r.news
	r.news = News{}
	return n
}

func (r *Router) nextSeqno() []byte {
	r.seqno++
	return binary.BigEndian.AppendUint64(nil, r.seqno)
}

// Advance does what is due: heartbeats and further requests for messages that did
// not come. Missed heartbeats are skipped, not made up for.
func (r *Router) Advance(now time.Time) News {
	r.begin(now)
	r.chase(now)
	if r.board != nil && passed(r.board.Deadline(), now) {
		r.board.Advance(now)
	}
	if r.gater != nil && passed(r.gater.Deadline(), now) {
		r.gater.Advance(now)
	}
	if !r.beating.on && !now.Before(r.nextBeat) {
		if r.busy() {
			r.heartbeat(now)
		}
		behind := now.Sub(r.nextBeat) / r.p.HeartbeatInterval
		r.nextBeat = r.nextBeat.Add((behind + 1) * r.p.HeartbeatInterval)
	}
	if r.beating.on {
		r.slice(now)
	}
	return r.end()
}

// Deadline is when Advance wants to be called; zero when nothing is due. It stays at
// the last input while a heartbeat is under way: Advance is wanted again, but
// whatever else there is may go first.
func (r *Router) Deadline() time.Time {
	if r.beating.on {
		return r.now
	}
	d := r.wants.next()
	if r.busy() && (d.IsZero() || r.nextBeat.Before(d)) {
		d = r.nextBeat
	}
	if r.board != nil {
		d = earlier(d, r.board.Deadline())
	}
	if r.gater != nil {
		d = earlier(d, r.gater.Deadline())
	}
	return d
}

// earlier is the first of two deadlines, of which either may be none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// passed tells whether a deadline has come.
func passed(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// busy tells whether a heartbeat would have anything to do.
func (r *Router) busy() bool {
	return r.joined.len() > 0 || r.fanouts.len() > 0 || r.backed.len() > 0 || r.doubters.len() > 0 ||
		r.direct.Len() > 0 || r.debtors.len() > 0 || r.cache.all.len() > 0 || len(r.seen.pages) > 0
}

// TopicInfo describes a topic for people.
type TopicInfo struct {
	Topic               string
	Joined              bool
	Peers, Mesh, Fanout int
	Degrees             Degrees    // zero unless joined
	Stats               TopicStats // likewise
}

// Topics lists every topic that we or a peer know.
func (r *Router) Topics() []TopicInfo {
	out := make([]TopicInfo, 0, r.topics.len())
	for _, t := range r.topics.list {
		info := TopicInfo{Topic: t.name, Peers: t.peers.len()}
		if t.own != nil {
			info.Joined, info.Mesh, info.Stats = true, t.own.mesh.len(), t.own.stats
			info.Degrees = t.own.degrees
		}
		if t.fanout != nil {
			info.Fanout = t.fanout.peers.len()
		}
		out = append(out, info)
	}
	return out
}

// Mesh lists the mesh of a joined topic.
func (r *Router) Mesh(topic string) []id.ID {
	if t := r.byName[topic]; t != nil && t.own != nil {
		return ids(t.own.mesh.list)
	}
	return nil
}

// Peers lists the peers that subscribe a topic.
func (r *Router) Peers(topic string) []id.ID {
	if t := r.byName[topic]; t != nil {
		return ids(t.peers.list)
	}
	return nil
}

// Fanout lists the fanout of a topic that we publish to without having joined.
func (r *Router) Fanout(topic string) []id.ID {
	if t := r.byName[topic]; t != nil && t.fanout != nil {
		return ids(t.fanout.peers.list)
	}
	return nil
}

func ids(ps []*peer) []id.ID {
	out := make([]id.ID, len(ps))
	for i, p := range ps {
		out[i] = p.id
	}
	return out
}
