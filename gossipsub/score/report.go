package score

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Report is one peer's score with what it is made of.
type Report struct {
	Peer      id.ID
	Score     float64
	Connected bool
	Topics    []TopicReport
	// Weighted components: P5, P6 and P7.
	App, Colocation, Behaviour float64
}

// TopicReport is the part of one topic. The components are weighted, without the
// topic's own weight.
type TopicReport struct {
	Topic  string
	InMesh time.Duration // zero outside the mesh
	// P1, P2, P3, P3b and P4.
	TimeInMesh, FirstDeliveries, MeshDeliveries, MeshFailures, Invalid float64
}
