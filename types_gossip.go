package ropewalk

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Volume is a number of things and their bytes.
type Volume struct {
	N     uint64 `json:"n"`
	Bytes uint64 `json:"bytes"`
}

// TopicInfo states one topic's neighbourhood, and what passed since we joined it.
// A received message is every copy that came in; it then is a duplicate, rejected,
// delivered or still in checking.
type TopicInfo struct {
	Topic      string  `json:"topic"`
	Subscribed bool    `json:"subscribed"`
	Peers      int     `json:"peers"`
	Mesh       int     `json:"mesh"`
	Fanout     int     `json:"fanout"`
	Degrees    Degrees `json:"degrees"` // zero unless subscribed
	Received   Volume  `json:"received"`
	Duplicates Volume  `json:"duplicates"`
	Delivered  Volume  `json:"delivered"`
	Published  Volume  `json:"published"`
	Rejected   uint64  `json:"rejected"`
}

// Degrees are a mesh's target and bounds: how many peers, how few before more are
// taken in, how many before some are let go, and how many of those that stay are
// kept for their score and as outbound ones.
type Degrees struct {
	D      int `json:"d"`
	Dlo    int `json:"dlo"`
	Dhi    int `json:"dhi"`
	Dscore int `json:"dscore"`
	Dout   int `json:"dout"`
}

// Neighbours are the peers of a topic.
type Neighbours struct {
	Topic      string  `json:"topic"`
	Mesh       []id.ID `json:"mesh"`       // they get each message at once
	Fanout     []id.ID `json:"fanout"`     // the same, of a topic we have not joined
	Subscribed []id.ID `json:"subscribed"` // all that announced it
}

// GossipStats are what the router counted since the node was made, and what it
// holds now. docs/metrics.md says what each figure means.
type GossipStats struct {
	Received   Volume            `json:"received"`
	Duplicates Volume            `json:"duplicates"`
	Delivered  Volume            `json:"delivered"`
	Lost       Volume            `json:"undeliverable"`
	Published  Volume            `json:"published"`
	Sent       Volume            `json:"sent"`
	Withheld   Volume            `json:"withheld"`
	Cancelled  Volume            `json:"cancelled"`
	Rejected   map[string]uint64 `json:"rejected"`

	RPCsIn  Volume            `json:"rpcs_in"`
	RPCsOut Volume            `json:"rpcs_out"`
	BadRPCs uint64            `json:"rpcs_bad"`
	Dropped map[string]uint64 `json:"dropped"` // by class

	// What RPCs held beside messages and the IDs below.
	SubsIn    uint64 `json:"subscriptions_in"`
	SubsOut   uint64 `json:"subscriptions_out"`
	GraftsIn  uint64 `json:"grafts_in"`
	GraftsOut uint64 `json:"grafts_out"`
	PrunesIn  uint64 `json:"prunes_in"`
	PrunesOut uint64 `json:"prunes_out"`
	PartsIn   uint64 `json:"parts_in"`
	PartsOut  uint64 `json:"parts_out"`

	IHaveIn        uint64 `json:"ihave_in"`
	IHaveOut       uint64 `json:"ihave_out"`
	IWantIn        uint64 `json:"iwant_in"`
	IWantOut       uint64 `json:"iwant_out"`
	IDontWantIn    uint64 `json:"idontwant_in"`
	IDontWantOut   uint64 `json:"idontwant_out"`
	Served         uint64 `json:"iwant_served"`
	Unknown        uint64 `json:"iwant_unknown"`
	Refused        uint64 `json:"iwant_refused"`
	BrokenPromises uint64 `json:"broken_promises"`

	Grafts   uint64            `json:"grafts"`
	Grafted  uint64            `json:"grafted"`
	Prunes   map[string]uint64 `json:"prunes"`
	Refusals map[string]uint64 `json:"refusals"`
	Excess   map[string]uint64 `json:"excess"`
	SeenCut  uint64            `json:"seen_cut"`

	Penalties     map[string]uint64 `json:"penalties"`
	Graylisted    uint64            `json:"graylisted"` // RPCs
	Gated         uint64            `json:"gated"`      // RPCs
	Opportunistic uint64            `json:"opportunistic"`
	Offered       uint64            `json:"px_out"` // peers
	Heeded        uint64            `json:"px_in"`  // peers

	Scoring    bool            `json:"scoring"`
	Thresholds ScoreThresholds `json:"thresholds"` // zero unless scoring

	Peers         map[string]int `json:"peers"` // by protocol
	CacheMessages int            `json:"cache_messages"`
	CacheBytes    int            `json:"cache_bytes"`
	SeenBytes     int            `json:"seen_bytes"`
	Checking      int            `json:"checking"`
	CheckingBytes int            `json:"checking_bytes"`
	Wanted        int            `json:"wanted"`
}

// PeerScore is one peer's score and what it is made of. The parts are weighted, as
// they stand in the sum; docs/scores.md explains them.
type PeerScore struct {
	ID        id.ID   `json:"id"`
	PeerID    string  `json:"peer_id"` // empty when it is not connected
	Score     float64 `json:"score"`
	Standing  string  `json:"standing"` // what the score lets it do: good, no mesh, no gossip, no publish, graylisted
	Connected bool    `json:"connected"`
	// Until is when a score is forgotten whose peer is gone.
	Until time.Time `json:"until,omitzero"`
	// TopicScore is the part of all topics together, after the cap.
	TopicScore float64      `json:"topic_score"`
	App        float64      `json:"app"`        // P5, what the application says
	Colocation float64      `json:"colocation"` // P6, others at its address
	Behaviour  float64      `json:"behaviour"`  // P7, breaches of the protocol
	Debt       float64      `json:"debt"`       // what it owes for peers of its network that left
	Breaches   float64      `json:"breaches"`   // the counter of P7
	Neighbours int          `json:"neighbours"` // peers at its address, itself among them
	Topics     []TopicScore `json:"topics"`
}

// TopicScore is the part of one topic, before the topic's own weight but in Score.
type TopicScore struct {
	Topic           string  `json:"topic"`
	Score           float64 `json:"score"` // with the topic's weight
	InMesh          float64 `json:"in_mesh_ms"`
	TimeInMesh      float64 `json:"p1_time_in_mesh"`
	FirstDeliveries float64 `json:"p2_first_deliveries"`
	MeshDeliveries  float64 `json:"p3_mesh_deliveries"`
	MeshFailures    float64 `json:"p3b_mesh_failures"`
	Invalid         float64 `json:"p4_invalid"`
	// The counters behind P2, P3, P3b and P4.
	Firsts    float64 `json:"firsts"`
	Delivered float64 `json:"delivered"`
	Failures  float64 `json:"failures"`
	Invalids  float64 `json:"invalids"`
	// Starves tells that it has for long kept back what others delivered here.
	Starves bool `json:"starves"`
}

// ScoreThresholds are the scores at which a peer is treated differently.
type ScoreThresholds struct {
	Gossip             float64 `json:"gossip"`
	Publish            float64 `json:"publish"`
	Graylist           float64 `json:"graylist"`
	AcceptPX           float64 `json:"accept_px"`
	OpportunisticGraft float64 `json:"opportunistic_graft"`
}

// Published says where a message went.
type Published struct {
	ID    MessageID `json:"id"`
	Peers int       `json:"peers"` // it was handed to
	// The same by what the peers are to us: members of the mesh, of the fanout of a
	// topic that is not joined, direct peers, and all others.
	Mesh   int `json:"mesh"`
	Fanout int `json:"fanout"`
	Direct int `json:"direct"`
	Flood  int `json:"flood"`
	// Dropped are peers whose queue had no room. They hear of the message by gossip.
	Dropped int `json:"dropped"`
}
