package ropewalk

import "github.com/ropewalk/ropewalk/id"

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
// taken in, how many before some are let go, how many outbound ones are kept.
type Degrees struct {
	D    int `json:"d"`
	Dlo  int `json:"dlo"`
	Dhi  int `json:"dhi"`
	Dout int `json:"dout"`
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

	Peers         map[string]int `json:"peers"` // by protocol
	CacheMessages int            `json:"cache_messages"`
	CacheBytes    int            `json:"cache_bytes"`
	SeenBytes     int            `json:"seen_bytes"`
	Checking      int            `json:"checking"`
	CheckingBytes int            `json:"checking_bytes"`
	Wanted        int            `json:"wanted"`
}
