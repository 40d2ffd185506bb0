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
	From    id.ID // who had it, ourselves perhaps; zero: nobody
	Started time.Time
	// Responses are in the order in which they came; the first is our own, with the
	// nodes the lookup started with, or with nobody when we had the content.
	Responses []TraceResponse
	Failures  []TraceFailure
	// Nodes are all that are named, ourselves included.
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

// diary begins a trace.
func (o *Overlay) diary(now time.Time, point id.ID) *Trace {
	t := &Trace{Origin: o.cfg.Self, Target: point, Started: now}
	if o.record != nil {
		t.node(o.record)
	}
	return t
}

// here notes that we had it ourselves.
func (t *Trace) here() {
	t.From = t.Origin
	t.response(t.Origin, 0, nil)
}

// response notes whom a node named.
func (t *Trace) response(who id.ID, took time.Duration, named []*enr.Record) {
	if len(t.Responses) >= tracedMax {
		return
	}
	with := make([]id.ID, len(named))
	for i, r := range named {
		with[i] = r.ID()
		t.node(r)
	}
	t.Responses = append(t.Responses, TraceResponse{Node: who, Took: took, With: with})
}

// failure notes that a node did not answer as it should.
func (t *Trace) failure(r *enr.Record, took time.Duration, err error) {
	t.node(r)
	if len(t.Failures) < tracedMax {
		t.Failures = append(t.Failures, TraceFailure{Node: r.ID(), Took: took, Why: err.Error()})
	}
}

// cancel notes a node that is not waited for.
func (t *Trace) cancel(r *enr.Record) {
	t.node(r)
	t.Cancelled = append(t.Cancelled, r.ID())
}

// node notes who a node is.
func (t *Trace) node(r *enr.Record) {
	who := r.ID()
	for i := range t.Nodes {
		if t.Nodes[i].Node == who {
			return
		}
	}
	if len(t.Nodes) < tracedMax {
		t.Nodes = append(t.Nodes, TraceNode{Node: who, Record: r, Distance: content.Between(who, t.Target)})
	}
}
