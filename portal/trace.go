package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Trace is how a content lookup went, as portal_*TraceGetContent shows it.
type Trace struct {
	Origin  id.ID // ourselves
	Target  id.ID // the content's ID
	From    id.ID // who had it; zero: nobody, or ourselves
	Started time.Time
	// Responses are in the order in which they came; the first is our own, with the
	// nodes the lookup started with.
	Responses []TraceResponse
	Failures  []TraceFailure
	// Nodes are all that the others name.
	Nodes []TraceNode
	// Cancelled were asked and not waited for.
	Cancelled []id.ID
}

// TraceResponse is a node's answer. With is empty for who had the content.
type TraceResponse struct {
	Node id.ID
	Took time.Duration // since the lookup's start
	With []id.ID
}

// TraceFailure is a node that did not answer, or wrongly.
type TraceFailure struct {
	Node id.ID
	Took time.Duration
	Why  string
}

// TraceNode is a node and how far it is from the content.
type TraceNode struct {
	Node     id.ID
	Record   *enr.Record
	Distance content.Distance
}
