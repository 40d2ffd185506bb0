package dash

// Graph is what the page draws: nodes and the links between them. The page takes
// it from GET /dash/graph. A single node draws itself and its peers; a devnet
// draws the union of all its nodes.
type Graph struct {
	Nodes []GraphNode `json:"nodes"`
	Links []GraphLink `json:"links"`
}

// GraphNode is one circle.
type GraphNode struct {
	ID     string  `json:"id"`     // unique; links refer to it
	Label  string  `json:"label"`  // short text under the circle
	Role   string  `json:"role"`   // self, seed, node, or the session kind: outbound, inbound, manual …
	Colour string  `json:"colour"` // list colour in the host book: grey, white, gold, dark, black or empty
	RTT    float64 `json:"rtt"`    // milliseconds; 0 while unknown
	Self   bool    `json:"self"`   // drawn larger
}

// GraphLink is one line between two circles.
type GraphLink struct {
	A    string `json:"a"`
	B    string `json:"b"`
	Kind string `json:"kind"` // libp2p, rlpx, mem
	Mesh bool   `json:"mesh"` // carries a gossip mesh
}
