package score

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Config of a Board. The names are those of gossipsub-v1.1 "Peer Scoring". A term
// whose weight is zero is off, and then its other fields need not be set; the zero
// Config scores nothing. DefaultConfig is what the product ships.
type Config struct {
	Thresholds
	// App is P5, asked when a peer comes and once per decay; nil means zero for all.
	// It must be pure. NaN counts as zero, larger values than a million as a million.
	App               func(id.ID) float64
	AppSpecificWeight float64 // ≥ 0

	IPColocationFactorWeight    float64        // ≤ 0
	IPColocationFactorThreshold int            // peers of one address that cost nothing, ≥ 1
	IPColocationAllow           []netip.Prefix // addresses that are never counted

	BehaviourPenaltyWeight    float64 // ≤ 0
	BehaviourPenaltyThreshold float64 // breaches that cost nothing, ≥ 0
	BehaviourPenaltyDecay     float64 // in (0, 1)

	// TopicScoreCap is the most that good conduct in all topics together can earn;
	// zero means no cap. What topics take away is never capped.
	TopicScoreCap float64

	DecayInterval time.Duration // at least 1 s [1 s]
	DecayToZero   float64       // counters below it are zero; in (0, 1) [0.01]
	RetainScore   time.Duration // a score of zero or less outlives the link by this; 0: not at all
	RecordTTL     time.Duration // how long a message is remembered: the router's seen TTL [120 s]

	// Topic are the parameters of topics that name none.
	Topic TopicParams
}

// Thresholds at which the router treats a peer differently.
// Graylist ≤ Publish ≤ Gossip ≤ 0 ≤ AcceptPX, OpportunisticGraft.
type Thresholds struct {
	Gossip             float64 // below: no gossip to or from the peer
	Publish            float64 // below: own messages are not sent to it
	Graylist           float64 // below: what it sends is not read
	AcceptPX           float64 // at least: records in its PRUNE are believed
	OpportunisticGraft float64 // a mesh whose median is below looks for better peers
}

// TopicParams weigh what a peer does in one topic.
type TopicParams struct {
	TopicWeight float64 // ≥ 0

	// P1, time in mesh.
	TimeInMeshWeight  float64       // ≥ 0, small
	TimeInMeshQuantum time.Duration // time that earns one point
	TimeInMeshCap     float64       // points

	// P2, first deliveries.
	FirstMessageDeliveriesWeight float64 // ≥ 0
	FirstMessageDeliveriesDecay  float64 // in (0, 1)
	FirstMessageDeliveriesCap    float64 // messages

	// P3, deliveries in the mesh: the deficit below Threshold, squared.
	MeshMessageDeliveriesWeight     float64 // ≤ 0
	MeshMessageDeliveriesDecay      float64 // in (0, 1)
	MeshMessageDeliveriesCap        float64 // messages, ≥ Threshold
	MeshMessageDeliveriesThreshold  float64 // messages
	MeshMessageDeliveriesWindow     time.Duration
	MeshMessageDeliveriesActivation time.Duration // at least 1 s

	// P3b, what was missing when a peer left the mesh.
	MeshFailurePenaltyWeight float64 // ≤ 0
	MeshFailurePenaltyDecay  float64 // in (0, 1)

	// P4, invalid messages, squared.
	InvalidMessageDeliveriesWeight float64 // ≤ 0
	InvalidMessageDeliveriesDecay  float64 // in (0, 1)
}

// firsts, deficits and invalids tell which counters are kept.
func (w *TopicParams) firsts() bool { return w.FirstMessageDeliveriesWeight != 0 }
func (w *TopicParams) deficits() bool {
	return w.MeshMessageDeliveriesWeight != 0 || w.MeshFailurePenaltyWeight != 0
}
func (w *TopicParams) invalids() bool { return w.InvalidMessageDeliveriesWeight != 0 }

// From the reference implementation.
const (
	defaultDecayInterval = time.Second
	defaultDecayToZero   = 0.01
	defaultRecordTTL     = 2 * time.Minute
)

// Our choice.
const (
	retainedMax = 8192             // peers remembered after they left; those with nothing against them go first, then the oldest
	recordsMax  = 1 << 20          // messages remembered, some 50 MiB; then the oldest are forgotten early
	blocksMax   = 1 << 16          // 4 MiB of senders of messages whose copies still count
	verdictWait = 30 * time.Second // a message without a verdict by then has no senders any more
	sendersMax  = 60               // of one message: four blocks; further ones are neither praised nor blamed

	numberMax    = 1e12 // weights and caps: sums of squares stay finite
	appMax       = 1e6  // P5
	counterMax   = 1e9  // breaches and invalid messages
	failuresMax  = 1e18 // P3b: squares of counters
	durationMax  = 30 * 24 * time.Hour
	recordTTLMax = 24 * time.Hour

	// Work of one Advance, well under a millisecond.
	decaysPerStep  = 2048 // counters of one peer in one topic
	expiresPerStep = 256  // retained peers
	recordsPerStep = 2048

	// The guard of a topic, see Starves.
	starveMessages   = 20               // messages of a topic before anything is said
	starveExpected   = 8                // copies that the average of the others sent meanwhile
	starveShare      = 16               // a peer starves a topic with at most this part of it
	starveWindow     = 3 * time.Second  // a copy counts until so long after the verdict
	starveActivation = 30 * time.Second // where P3 names none; judged after twice of it

	// What a new identity owes for its neighbours (threats: identity reset).
	debtShare = 0.125           // of what the group's retained peers are below zero
	debtLimit = 0.5             // of the gossip threshold: it keeps them out of meshes, not out of gossip
	debtFade  = 5 * time.Minute // until nothing is left of it

	sparesMax = 1024 // entries kept for the next peer
)
