package portal

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// News is what comes up from one input. The zero value says nothing.
type News struct {
	// Replies answer requests of nodes.
	Replies []Reply
	// Answers answer verbs.
	Answers []Answer
	// Jobs are checks of content; each result comes back through Done.
	Jobs []work.Job
}

// Reply answers the Request with the same N. An empty Body is "I do not know what you
// mean", which is an answer too.
type Reply struct {
	N    uint64
	Body []byte
}

// Answer is the outcome of a verb. Err is nil when it went well; the other fields are set
// where the verb's comment says so. Nobody changes what it refers to.
type Answer struct {
	Ticket id.Ticket
	Err    error
	// From is the node that answered, or had the content; zero when it was here.
	From    id.ID
	Pong    Pong
	Records []*enr.Record
	Value   []byte
	Key     []byte
	// Streamed tells that the value came in a stream and not inside a packet.
	Streamed bool
	// Codes are those of an offer, one for each key (Portal, "Accept").
	Codes []byte
	Put   PutResult
	Items []content.Item // of Page: keys, classes and sizes
	Trace *Trace
}

// Pong is what a node said of itself.
type Pong struct {
	Seq uint64 // of its record
	// Type and Payload are as they were sent; the fields below are read from it.
	Type         uint16
	Payload      []byte
	Client       string // type 0; text of a stranger
	Radius       content.Distance
	HasRadius    bool
	Capabilities []uint16 // type 0
	// Headers is the count of ephemeral headers, type 2.
	Headers uint16
	// ErrorCode and ErrorText are those of an error pong.
	ErrorCode uint16
	ErrorText string
	RTT       time.Duration
}

// PutResult tells where an item went.
type PutResult struct {
	// Stored tells that our own store has it.
	Stored bool
	// Peers is how many nodes took all of it.
	Peers int
	// By code, how nodes answered the offers. Accepted counts those whose transfer
	// failed, too.
	Accepted, Declined, Already, Outside, Limited, InProgress, Unverifiable int
}

// Replicas is how many other nodes are known to have the item now.
func (p PutResult) Replicas() int { return p.Peers + p.Already }

// Errors that a caller can act on.
var (
	ErrNotFound   = errors.New("portal: content not found")
	ErrKey        = content.ErrKey
	ErrInvalid    = content.ErrInvalid
	ErrUndecided  = content.ErrUndecided
	ErrTimeout    = errors.New("portal: no answer in time")
	ErrEmpty      = errors.New("portal: the node does not speak this network")
	ErrAnswer     = errors.New("portal: the answer does not fit the question")
	ErrVersion    = errors.New("portal: no common version, or another chain")
	ErrPingType   = errors.New("portal: this type of ping is not supported")
	ErrPayload    = errors.New("portal: the payload cannot be decoded")
	ErrArguments  = errors.New("portal: bad arguments")
	ErrBusy       = errors.New("portal: too much under way")
	ErrTransfer   = errors.New("portal: the transfer failed")
	ErrIncomplete = errors.New("portal: the transfer ended early")
	ErrStopped    = errors.New("portal: stopped")
	ErrUnknown    = errors.New("portal: node not known")
	ErrTooLarge   = errors.New("portal: value too large")
)
