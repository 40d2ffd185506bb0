package msgrw

import (
	"log/slog"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/trace"
)

// Strand names the events of single messages, which come only to who asks for them
// by this name.
const Strand = "peer.msg"

// Config of a Hub: what it asks of the world it stands in.
type Config struct {
	// Post has a function called in the node's loop, soon and once; false when the
	// loop has ended. It does not wait.
	Post func(func(now time.Time)) bool
	// Gate is how a link is made to wait. It is called in the loop, for links that
	// are up. Nil when links cannot be made to wait.
	Gate func(link.Conn) Gate
	// Memory is where large payloads of a link go when they were read, and come from
	// when they are written; nil for links that take none back. It is called in the
	// loop, for links that are up. Nil when there is none at all.
	Memory func(link.Conn) link.Lender
	// Share takes from the process what a Run on a link needs, one goroutine to begin
	// with; an error refuses the Run. It is called in the loop, for links that are up.
	// Nil when nothing is counted.
	Share func(c link.Conn, protocol string) (Share, error)
	// Own is the first lane of the user: a link that has one below it lives on when
	// no Run is left.
	Own link.Lane
	// Log takes panics and what is stuck; nil for nobody.
	Log *slog.Logger
	// Trace receives events of single messages while Watched says so; both may be
	// nil.
	Trace   trace.Func
	Watched func() bool
}

// Gate makes a link read nothing more for a while.
type Gate interface {
	// Hold makes the link wait until Free of the same lane. It returns true when it
	// could make the lane alone wait. Of the loop.
	Hold(link.Lane) (alone bool)
	// Free may be called by anybody, also when the link is gone.
	Free(link.Lane)
}

// Share is what a Run holds of the process: its goroutine, and the bytes of messages
// that it has not read. Anybody may call it.
type Share interface {
	// Add counts bytes, less when negative.
	Add(bytes int64)
	// Tight tells whether there should be no more.
	Tight() bool
	// Close gives everything back.
	Close()
}

// unshared is the Share of a hub without one.
type unshared struct{}

func (unshared) Add(int64)   {}
func (unshared) Tight() bool { return false }
func (unshared) Close()      {}

// Hub runs the user's protocols of one node. The methods say who may call them.
type Hub struct {
	cfg Config
	log limiter

	// Of the loop.
	kinds  []*kind
	peers  map[link.Conn]*Peer
	dirty  []*rw
	brakes []*rw
	ends   []*rw // Runs that should return, and links that write their last
	before map[runKey]chan struct{}

	mu     sync.Mutex
	runs   map[*rw]struct{} // that have not returned
	closed bool
	idle   chan struct{} // closed when runs is empty; set by Close
}

// kind is one protocol with what is counted of it.
type kind struct {
	Protocol
	hub        *Hub
	label      string
	payloadMax int
	counters
}

// runKey is whose Run it is.
type runKey struct {
	who  id.ID
	kind *kind
}

// NewHub makes a hub without protocols.
func NewHub(c Config) *Hub {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{cfg: c, peers: map[link.Conn]*Peer{}, before: map[runKey]chan struct{}{}, runs: map[*rw]struct{}{}}
}

// Handler adds a protocol that Check found good, before the node starts, and returns
// what the node calls for it.
func (h *Hub) Handler(p Protocol) peer.Handler {
	k := &kind{Protocol: p, hub: h, label: p.Cap().String(), payloadMax: p.payloadBytes()}
	h.kinds = append(h.kinds, k)
	return handler{k}
}

// Withdraw takes back the last Handler, which the node refused.
func (h *Hub) Withdraw() { h.kinds = h.kinds[:len(h.kinds)-1] }

// Flush shows the Runs what came since the last Flush. Of the loop, once a round.
func (h *Hub) Flush() {
	for i, r := range h.dirty {
		r.dirty = false
		r.in.flush()
		h.dirty[i] = nil
	}
	h.dirty = h.dirty[:0]
}

// Open lets conversations begin again after Close.
func (h *Hub) Open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed, h.idle = false, nil
}

// Close ends every conversation that has not ended, and waits until all Runs have
// returned, but not for long. It is called when the loop has ended.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.idle = make(chan struct{})
	for r := range h.runs {
		r.hangUp(true)
		r.peer.cancel()
	}
	if len(h.runs) == 0 {
		close(h.idle)
	}
	h.mu.Unlock()
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-h.idle:
	case <-timer.C:
		h.mu.Lock()
		defer h.mu.Unlock()
		for r := range h.runs {
			h.cfg.Log.Warn("protocol does not return", "protocol", r.kind.label, "peer", r.peer.ID().Short(), "within", stopWithin)
		}
	}
}

// watched tells whether events of single messages are wanted.
func (h *Hub) watched() bool {
	return h.cfg.Trace != nil && h.cfg.Watched != nil && h.cfg.Watched()
}

func (h *Hub) emit(now time.Time, e trace.Event) {
	e.Strand, e.Fine = Strand, true
	h.cfg.Trace(now, e)
}
