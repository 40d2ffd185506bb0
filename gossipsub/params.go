package gossipsub

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// Params are the router's parameters. Zero fields take the default in brackets.
// The names are those of the specification (gossipsub-v1.0 "Parameters",
// gossipsub-v1.1 "Overview of New Parameters").
type Params struct {
	NoMesh bool // D = Dlo = Dhi = Dout = 0: gossip only, for bootstrappers
	D      int  // mesh degree aimed at [6]
	Dlo    int  // graft below [5, at most D]
	Dhi    int  // prune at [12, at least D]
	Dscore int  // peers kept for their score when pruning [4, at most D]; -1 means none
	Dout   int  // outbound links kept in a mesh [2]; < Dlo and ≤ D/2; -1 means none

	Dlazy        int     // least number of gossip targets [6]
	GossipFactor float64 // share of eligible peers gossiped to, if more [0.25]

	HistoryLength        int // heartbeats a message can be fetched [5]
	HistoryGossip        int // heartbeats it is advertised [3]
	GossipRetransmission int // times one peer may fetch one message [3]

	HeartbeatInitialDelay time.Duration // [100 ms]
	HeartbeatInterval     time.Duration // [1 s]
	FanoutTTL             time.Duration // fanout kept after the last publish [60 s]
	PruneBackoff          time.Duration // [60 s]
	UnsubscribeBackoff    time.Duration // [10 s]
	GraftFloodThreshold   time.Duration // a GRAFT this soon after a PRUNE counts double [10 s]
	IWantFollowupTime     time.Duration // an asked-for message must come within [3 s]
	SeenTTL               time.Duration // [120 s]
	SeenStrategy          SeenStrategy  // from when SeenTTL counts [FirstSeen]

	MaxIHaveLength       int // IDs asked of one peer in one heartbeat [5000]
	MaxIHaveMessages     int // RPCs with IHAVE heard of one peer in one heartbeat [10]
	MaxIDontWantLength   int // IDs heeded in one RPC with IDONTWANT [10]
	MaxIDontWantMessages int // such RPCs heeded in one heartbeat [1000]
	IDontWantThreshold   int // message size from which we send IDONTWANT, bytes [16 KiB]
	IDontWantTTL         int // heartbeats an IDONTWANT is heeded, at least [3]

	// FloodPublish sends own messages to all topic peers that score the publish
	// threshold, not only to the mesh, so that a mesh of censors cannot hold them
	// back; those above floodBytesMax go to the mesh alone [true].
	FloodPublish *bool

	DirectConnectTicks      int // heartbeats between dials of missing direct peers [300]
	OpportunisticGraftTicks int // heartbeats between looks at a mesh's median score [60]
	OpportunisticGraftPeers int // peers grafted when it is low [2]

	PrunePeers int // peers recommended, and heeded, in one PRUNE [16]

	MessageBytesMax int // data of one message [1016 KiB]
	SeenBytes       int // memory of the seen cache [64 MiB, about 3 M IDs]
	CacheBytes      int // memory of the message cache [256 MiB]
}

// From the specification (gossipsub-v1.0 "Parameters", v1.1, v1.2) and the
// defaults of its reference implementation.
const (
	defaultDlazy        = 6
	defaultGossipFactor = 0.25

	defaultHistoryLength        = 5
	defaultHistoryGossip        = 3
	defaultGossipRetransmission = 3

	defaultHeartbeatInitialDelay = 100 * time.Millisecond
	defaultHeartbeatInterval     = time.Second
	defaultFanoutTTL             = time.Minute
	defaultPruneBackoff          = time.Minute
	defaultUnsubscribeBackoff    = 10 * time.Second
	defaultGraftFloodThreshold   = 10 * time.Second
	defaultIWantFollowupTime     = 3 * time.Second
	defaultSeenTTL               = 2 * time.Minute

	defaultDirectConnectTicks      = 300
	defaultOpportunisticGraftTicks = 60
	defaultOpportunisticGraftPeers = 2

	defaultMaxIHaveLength       = 5000
	defaultMaxIHaveMessages     = 10
	defaultMaxIDontWantLength   = 10
	defaultMaxIDontWantMessages = 1000
	defaultIDontWantTTL         = 3
	defaultPrunePeers           = 16

	frameBytesMax = rpc.BytesMax // one RPC
)

// Our choice.
const (
	// What leaves room in a frame for the envelope, an RSA key and signature.
	defaultMessageBytesMax = frameBytesMax - 8<<10
	// IDONTWANT for smaller messages costs more than it saves.
	defaultIDontWantThreshold = 16 << 10
	defaultSeenBytes          = 64 << 20
	defaultCacheBytes         = 256 << 20

	controlBytesOut    = 16 << 10 // outbound: the smallest limit in the field (rust)
	helloEntriesMax    = 100      // subscriptions in one RPC, for the same reason
	idBytesMax         = rpc.IDBytesMax
	topicBytesMax      = 256
	peerTopicBytesMax  = 1 << 20  // topic bytes of one peer, each topic charged topicCharge more
	totalTopicBytesMax = 64 << 20 // the same of all peers
	topicCharge        = 100      // about what an entry costs beside its name

	// An own message above this goes to the mesh only: a copy for every topic peer
	// would hold the link for longer than the mesh needs to pass it on.
	floodBytesMax = 16 << 10

	backoffMin        = time.Second // clamps of a PRUNE's backoff
	backoffMax        = time.Hour
	backoffTolerance  = time.Second // a GRAFT this early is no violation
	backoffsAboveMesh = 64          // entries per topic above the mesh size

	// What waits longer for a peer is out of date: forwardedWait is about the time for
	// which a message can be fetched from those who advertised it, after which nobody
	// else would hand it out either. Our own message may have no other way yet.
	forwardedWait = 5 * time.Second
	ownWait       = 10 * time.Second

	// cancelsMax is for how many copies in one frame we look whether one waits for
	// the sender: each look is a walk of its queue.
	cancelsMax     = 64
	unwantedMax    = 10000   // IDONTWANT IDs remembered of one peer
	iwantBytesMax  = 4 << 20 // served to one peer in one heartbeat, but always one message
	wantsMax       = 32768   // IDs asked for at one time
	advertisersMax = 32      // further advertisers remembered of one ID

	flightsMax         = 8192     // messages in checking
	flightsPerPeerMax  = 1024     // of one peer
	flightsPerTopicMax = 4096     // of one topic
	flightBytesMax     = 64 << 20 // of all
	copiesMax          = 4        // differing copies of one ID that wait for a verdict
	ownFlightsMax      = 1024     // of ourselves

	exchangesMax  = 128      // recommended peers in checking, as many as others keep pending
	adviceGap     = 10       // seconds until a peer may recommend one more
	offerBytesMax = 12 << 10 // records in one PRUNE

	// growBeats is how many heartbeats fill a young mesh to D. Peers are grafted as they
	// announce the topic, which ends at Dlo; the first heartbeat may come before most
	// of them have, the second does not.
	growBeats = 2

	// lateBytes is the size from which a message is not advertised in the heartbeat
	// after it came: such a one takes longer than that to get through a network of
	// usual uplinks (a megabyte 1.6 s in package sim's gossip-large).
	lateBytes = 128 << 10

	unannouncedBeatsMax = 2 // a mesh peer that never announces the topic is pruned after these
)

// fill sets defaults and refuses what cannot work.
func (p *Params) fill() error {
	if err := p.fillDegrees(); err != nil {
		return err
	}
	if p.FloodPublish == nil {
		p.FloodPublish = new(true)
	}
	for _, f := range []struct {
		v *int
		d int
	}{
		{&p.Dlazy, defaultDlazy}, {&p.HistoryLength, defaultHistoryLength},
		{&p.GossipRetransmission, defaultGossipRetransmission},
		{&p.MaxIHaveLength, defaultMaxIHaveLength}, {&p.MaxIHaveMessages, defaultMaxIHaveMessages},
		{&p.MaxIDontWantLength, defaultMaxIDontWantLength}, {&p.MaxIDontWantMessages, defaultMaxIDontWantMessages},
		{&p.IDontWantThreshold, defaultIDontWantThreshold}, {&p.IDontWantTTL, defaultIDontWantTTL},
		{&p.DirectConnectTicks, defaultDirectConnectTicks},
		{&p.OpportunisticGraftTicks, defaultOpportunisticGraftTicks}, {&p.OpportunisticGraftPeers, defaultOpportunisticGraftPeers},
		{&p.MessageBytesMax, defaultMessageBytesMax}, {&p.SeenBytes, defaultSeenBytes}, {&p.PrunePeers, defaultPrunePeers}, {&p.CacheBytes, defaultCacheBytes},
	} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	if p.HistoryGossip == 0 {
		p.HistoryGossip = min(defaultHistoryGossip, p.HistoryLength)
	}
	for _, f := range []struct{ v, d *time.Duration }{
		{&p.HeartbeatInitialDelay, new(defaultHeartbeatInitialDelay)}, {&p.HeartbeatInterval, new(defaultHeartbeatInterval)},
		{&p.FanoutTTL, new(defaultFanoutTTL)}, {&p.PruneBackoff, new(defaultPruneBackoff)},
		{&p.UnsubscribeBackoff, new(defaultUnsubscribeBackoff)}, {&p.GraftFloodThreshold, new(defaultGraftFloodThreshold)},
		{&p.IWantFollowupTime, new(defaultIWantFollowupTime)}, {&p.SeenTTL, new(defaultSeenTTL)},
	} {
		if *f.v == 0 {
			*f.v = *f.d
		}
	}
	if p.GossipFactor == 0 {
		p.GossipFactor = defaultGossipFactor
	}
	return p.check()
}

// check names the field and what is allowed.
func (p *Params) check() error {
	bad := func(field, want string) error {
		return fmt.Errorf("%w: Params.%s: want %s", ErrConfig, field, want)
	}
	switch {
	case p.Dlazy < 0:
		return bad("Dlazy", "0 or more")
	case !(p.GossipFactor > 0 && p.GossipFactor <= 1):
		return bad("GossipFactor", "0 < GossipFactor ≤ 1")
	case p.HistoryLength < 1 || p.HistoryLength > 1024:
		return bad("HistoryLength", "1 to 1024")
	case p.HistoryGossip < 1 || p.HistoryGossip > p.HistoryLength:
		return bad("HistoryGossip", "1 to HistoryLength")
	case p.HeartbeatInterval < 10*time.Millisecond || p.HeartbeatInterval > time.Hour:
		return bad("HeartbeatInterval", "10ms to 1h")
	case p.HeartbeatInitialDelay < 0 || p.FanoutTTL < 0 || p.GraftFloodThreshold < 0:
		return bad("HeartbeatInitialDelay, FanoutTTL, GraftFloodThreshold", "0 or more")
	case p.PruneBackoff < backoffMin || p.PruneBackoff > backoffMax:
		return bad("PruneBackoff", "1s to 1h")
	case p.UnsubscribeBackoff < backoffMin || p.UnsubscribeBackoff > backoffMax:
		return bad("UnsubscribeBackoff", "1s to 1h")
	case p.IWantFollowupTime < 10*time.Millisecond:
		return bad("IWantFollowupTime", "10ms or more")
	case p.SeenStrategy > LastSeen:
		return bad("SeenStrategy", "FirstSeen or LastSeen")
	case p.SeenTTL < time.Second:
		return bad("SeenTTL", "1s or more")
	case p.MessageBytesMax < 1 || p.MessageBytesMax > defaultMessageBytesMax:
		return bad("MessageBytesMax", "1 byte to 1016 KiB")
	case p.MaxIHaveLength < 1 || p.MaxIHaveMessages < 1 || p.MaxIDontWantLength < 1 || p.MaxIDontWantMessages < 1:
		return bad("MaxIHaveLength, MaxIHaveMessages, MaxIDontWantLength, MaxIDontWantMessages", "1 or more")
	case p.GossipRetransmission < 1 || p.GossipRetransmission > 255 || p.IDontWantTTL < 1 || p.IDontWantThreshold < 1:
		return bad("GossipRetransmission, IDontWantTTL, IDontWantThreshold", "1 or more")
	case p.DirectConnectTicks < 1 || p.OpportunisticGraftTicks < 1 || p.OpportunisticGraftPeers < 1:
		return bad("DirectConnectTicks, OpportunisticGraftTicks, OpportunisticGraftPeers", "1 or more")
	case p.PrunePeers < 1 || p.PrunePeers > rpc.PXMax:
		return bad("PrunePeers", "1 to 16")
	case p.SeenBytes < 64<<10 || p.CacheBytes < 64<<10:
		return bad("SeenBytes, CacheBytes", "64 KiB or more")
	}
	return nil
}
