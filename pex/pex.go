package pex

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// Sender is what a Pex needs of the floor under it.
type Sender interface {
	// Send queues a message for a connected peer. It may fail unseen.
	Send(to id.ID, code uint64, data []byte)
	// Drop ends the link with a peer. Down follows later. why wraps a link.Reason.
	Drop(to id.ID, why error)
}

// News is what comes up. The zero value says nothing.
type News struct {
	// Jobs are to be run; each result comes back through Done.
	Jobs  []work.Job
	Heard []Heard
	Wants []Want
}

// Heard are records that a peer told us, all verified, or the end of a question,
// or both. Records is shared and must not be changed.
type Heard struct {
	From    id.ID
	Ticket  id.Ticket // of Ask; zero when nobody asked
	Records []*enr.Record
	Done    bool // no more comes for this ticket from this peer
	Own     bool // the one record is the peer's own, from its hello
}

// Want is a peer's question. Reply answers it with at most Max records.
type Want struct {
	From   id.ID
	Req    uint64
	Max    int
	Hidden bool // hosts that hidden networks alone lead to are welcome too
}

// Pex trades records with all connected peers.
type Pex struct {
	cfg  Config
	rng  *rand.Rand
	send Sender

	peers ordered.Map[id.ID, *peer]
	asks  ordered.Map[id.ID, *ask]       // by whom we asked; keys ⊆ peers
	jobs  ordered.Map[id.Ticket, *batch] // until Done
	early ordered.Map[id.ID, *waiting]   // keys disjoint from peers
	late  News                           // for the next Advance
	tick  id.Tickets
	asOf  time.Time // latest now that was seen

	own       *enr.Record // nil: not known or not reachable
	stale     bool        // some peer may know an older own record
	announced time.Time   // when all peers were last told
}

// peer is what we remember of a connected remote.
type peer struct {
	told     *enr.Record // our own record as last sent
	credit   bucket
	jobs     int       // under way, ≤ jobsPerPeer
	answered allowance // answers we gave
	owed     Want      // the question we have not answered yet; zero Max: none
	asked    allowance // questions we asked
	helloSeq uint64    // of the verified hello
	helloed  bool
	dropped  bool // its link is about to end
}

// New makes a Pex without peers.
func New(cfg Config, rng *rand.Rand, s Sender) *Pex {
	cfg.fill()
	return &Pex{cfg: cfg, rng: rng, send: s, tick: id.Tickets{Owner: "pex"}}
}

// Own says which record of ourselves to hand out: one under which strangers reach
// us, or nil. A changed record is announced, now or when it may be.
func (x *Pex) Own(now time.Time, r *enr.Record) {
	x.see(now)
	if r != nil && x.own != nil && bytes.Equal(r.Bytes(), x.own.Bytes()) {
		return
	}
	x.own = r
	x.stale = r != nil && x.peers.Len() > 0
	if x.stale && !now.Before(x.announceAt()) {
		x.announce(now)
	}
}

// Up says that a peer that speaks pex is connected. Both sides say hello, whoever
// dialled: the one who was dialled has a record to give where the other knew only
// an address.
func (x *Pex) Up(now time.Time, p id.ID, _ bool) {
	x.see(now)
	if x.peers.Has(p) {
		x.Down(now, p)
	}
	st := &peer{credit: bucket{recordsAtStart * recordEvery, now}}
	x.peers.Put(p, st)
	x.tell(p, st)
	x.hearEarly(now, p, st)
}

// Down says that a peer is gone. Its unanswered question ends with the next
// Advance.
func (x *Pex) Down(now time.Time, p id.ID) {
	x.see(now)
	x.early.Delete(p)
	if !x.peers.Delete(p) {
		return
	}
	x.stale = x.stale && x.peers.Len() > 0
	if a, ok := x.asks.Get(p); ok {
		x.asks.Delete(p)
		x.giveUp(now, p, a.tickets, "peer gone")
	}
	for _, t := range x.jobs.Keys() {
		if b, _ := x.jobs.Get(t); b.from == p && b.ask == nil {
			x.jobs.Delete(t)
		}
	}
}

// Recv takes one message. An error costs the link; it is ErrMalformed.
func (x *Pex) Recv(now time.Time, p id.ID, code uint64, data []byte) (News, error) {
	x.see(now)
	st, ok := x.peers.Get(p)
	switch {
	case len(data) > bytesMax:
		return News{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(data))
	case !ok:
		x.keepEarly(now, p, code, data)
		return News{}, nil
	case st.dropped:
		return News{}, nil
	}
	return x.read(now, p, st, code, data)
}

func (x *Pex) read(now time.Time, p id.ID, st *peer, code uint64, data []byte) (News, error) {
	switch code {
	case codeHello:
		return x.recvHello(now, p, st, data)
	case codeGet:
		return x.recvGet(now, p, st, data)
	case codePeers:
		return x.recvPeers(now, p, st, data)
	}
	return News{}, fmt.Errorf("%w: code %d", ErrMalformed, code)
}

// Advance does what is due: announces our changed record and ends questions that
// got no answer.
func (x *Pex) Advance(now time.Time) News {
	x.see(now)
	if x.stale && !now.Before(x.announceAt()) {
		x.announce(now)
	}
	for _, p := range x.asks.Keys() {
		if a, _ := x.asks.Get(p); !now.Before(a.due) {
			x.asks.Delete(p)
			x.giveUp(now, p, a.tickets, "no answer")
		}
	}
	x.forgetEarly(now)
	news := x.late
	x.late = News{}
	return news
}

// Deadline is when Advance is next due; zero when nothing is.
func (x *Pex) Deadline() time.Time {
	if len(x.late.Heard)+len(x.late.Jobs)+len(x.late.Wants) > 0 {
		return x.asOf
	}
	var out time.Time
	if x.stale {
		out = x.announceAt()
	}
	for _, a := range x.asks.All() {
		out = earlier(out, a.due)
	}
	for _, w := range x.early.All() {
		out = earlier(out, w.until)
	}
	return out
}

// earlier is the earlier of two deadlines; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// announceAt is when all peers may be told again, and not before what is now.
func (x *Pex) announceAt() time.Time {
	if at := x.announced.Add(announceEvery); at.After(x.asOf) && !x.announced.IsZero() {
		return at
	}
	return x.asOf
}

func (x *Pex) announce(now time.Time) {
	x.stale, x.announced = false, now
	n := 0
	for p, st := range x.peers.All() {
		if x.tell(p, st) {
			n++
		}
	}
	x.emit(now, trace.Event{Kind: "announce", N: int64(n)})
}

// tell says hello, unless the peer knows.
func (x *Pex) tell(p id.ID, st *peer) bool {
	if x.own == nil || st.told == x.own {
		return false
	}
	st.told = x.own
	x.send.Send(p, codeHello, encodeHello(x.own))
	return true
}

// drop ends the link with a peer, once.
func (x *Pex) drop(now time.Time, p id.ID, st *peer, why error) {
	if st.dropped {
		return
	}
	st.dropped = true
	x.emit(now, trace.Event{Kind: "drop", Peer: p, Err: why.Error()})
	x.send.Drop(p, why)
}

// refuse notes a message that is passed over.
func (x *Pex) refuse(now time.Time, p id.ID, why string) {
	x.emit(now, trace.Event{Kind: "refused", Peer: p, Err: why})
}

func (x *Pex) see(now time.Time) {
	if now.After(x.asOf) {
		x.asOf = now
	}
}

func (x *Pex) emit(now time.Time, e trace.Event) {
	e.Strand = "pex"
	x.cfg.Trace.Emit(now, e)
}
