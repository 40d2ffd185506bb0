package discv5

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// News is what comes up. The zero value says nothing. What Packet returns, slices and
// bodies, is valid until the next Packet; other inputs in between leave it alone.
// What any other input returns is the caller's.
type News struct {
	Requests []Request
	Answers  []Answer
	// Jobs are to be run; each result comes back through Done.
	Jobs []work.Job
	// Alive are nodes that answered from the endpoint in their record, for the first time.
	Alive []*enr.Record
	// Reports are what nodes say our endpoint is.
	Reports []Report
}

// Request is a TALKREQ of a registered protocol. It is answered once, with Reply.
type Request struct {
	From   id.ID
	Record *enr.Record // of From, verified
	At     netip.AddrPort
	Proto  string
	Body   []byte
	N      uint64 // for Reply; zero: no answer is wanted
}

// Answer is the outcome of what was asked with Ticket.
type Answer struct {
	Ticket id.Ticket
	From   id.ID
	// Body is what a Talk was answered with.
	Body []byte
	// Records are what FindNode, FindSelf and Lookup found, all verified; of a lookup the
	// nearest, in order. Nobody changes them.
	Records []*enr.Record
	// Pong is what a Ping was answered with.
	Pong Pong
	// RTT is the time from the request as it was last sent to its answer; zero for a lookup.
	RTT time.Duration
	Err error
}

// Pong is what a node says of itself and of us.
type Pong struct {
	Seq uint64         // of its record
	Us  netip.AddrPort // where it sees us
}

// Report is where a node sees us: a vote on our endpoint, for package vote.
type Report struct {
	From id.ID
	At   netip.AddrPort
	Us   netip.AddrPort
}

// reset empties news and keeps its memory.
func (n *News) reset() {
	n.Requests, n.Answers, n.Jobs = n.Requests[:0], n.Answers[:0], n.Jobs[:0]
	n.Alive, n.Reports = n.Alive[:0], n.Reports[:0]
}
