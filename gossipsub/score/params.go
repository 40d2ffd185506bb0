package score

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Config of a Board. The names are those of gossipsub-v1.1 "Peer Scoring".
type Config struct {
	Thresholds
	// App is P5, asked once per decay; nil means zero for all. It must be pure.
	App                         func(id.ID) float64
	AppSpecificWeight           float64
	IPColocationFactorWeight    float64
	IPColocationFactorThreshold int
	IPColocationAllow           []netip.Prefix
	BehaviourPenaltyWeight      float64
	BehaviourPenaltyThreshold   float64
	BehaviourPenaltyDecay       float64
	TopicScoreCap               float64
	DecayInterval               time.Duration
	DecayToZero                 float64
	RetainScore                 time.Duration
	// Topic are the parameters of topics that name none.
	Topic TopicParams
}

// Thresholds at which the router treats a peer differently.
type Thresholds struct {
	Gossip             float64
	Publish            float64
	Graylist           float64
	AcceptPX           float64
	OpportunisticGraft float64
}

// TopicParams weigh what a peer does in one topic.
type TopicParams struct {
	TopicWeight                     float64
	TimeInMeshWeight                float64
	TimeInMeshQuantum               time.Duration
	TimeInMeshCap                   float64
	FirstMessageDeliveriesWeight    float64
	FirstMessageDeliveriesDecay     float64
	FirstMessageDeliveriesCap       float64
	MeshMessageDeliveriesWeight     float64
	MeshMessageDeliveriesDecay      float64
	MeshMessageDeliveriesCap        float64
	MeshMessageDeliveriesThreshold  float64
	MeshMessageDeliveriesWindow     time.Duration
	MeshMessageDeliveriesActivation time.Duration
	MeshFailurePenaltyWeight        float64
	MeshFailurePenaltyDecay         float64
	InvalidMessageDeliveriesWeight  float64
	InvalidMessageDeliveriesDecay   float64
}
