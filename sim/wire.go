package sim

import (
	"errors"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
)

// end is one end of a link.
type end struct {
	host   *host
	gen    uint32 // of the host's life
	conn   link.Conn
	other  *end
	closed bool
	stuck  bool       // a partition holds it; pumped when healed
	held   []link.Msg // arrived behind the partition
	lastAt int64      // when the last thing sent from here arrives
	ticket id.Ticket  // of the dial; zero at the accepting end
	wentUp bool       // the node here knows of the link

	latency, jitter time.Duration // of the path, in a laboratory that has paths
	batch           []link.Msg    // on its way out over an uplink
	left            int           // bytes of batch that have not left
}

// heldMax bounds what one end holds behind a partition; the node's own queues
// hold the rest and bound it.
const heldMax = 64

var (
	errRefused  = errors.New("connection refused")
	errTimedOut = errors.New("timed out")
	errNobody   = errors.New("no host there")
	errMistaken = errors.New("another node answers there")
)

// dialFor is how long a dial into nothing lasts.
const dialFor = 15e9

// dial starts a link for a node.
func (w *world) dial(h *host, d node.Dial) {
	from := &end{host: h, gen: h.gen, ticket: d.Ticket}
	target := w.hostAt(d.To)
	if target == nil {
		w.dialFailed(from, w.now+w.flight(), errNobody)
		return
	}
	w.queue.push(w.now+w.flight(), event{kind: knock, host: int32(target.i), end: from, why: mistaken(target, d.To)})
}

func mistaken(target *host, to link.Addr) error {
	if to.ID() != target.key.ID() {
		return errMistaken
	}
	return nil
}

func (w *world) hostAt(a link.Addr) *host { return w.hostOf(a.IP()) }

// hostOf is the host that has an address.
func (w *world) hostOf(ip netip.Addr) *host {
	if !ip.Is4() {
		return nil
	}
	b := ip.As4()
	if i := int(b[0]) - 20 + 150*int(b[1]) + 38400*int(b[2]); b[0] >= 20 && i >= 0 && i < len(w.hosts) {
		return w.hosts[i]
	}
	return nil
}

func (w *world) dialFailed(from *end, at int64, why error) {
	w.queue.push(at, event{kind: dialEnded, host: int32(from.host.i), gen: from.gen, ticket: from.ticket, why: why})
}

// knock: a dial has reached host h.
func (w *world) knock(h *host, e event) {
	from := e.end
	switch {
	case w.blocked(from.host, h):
		w.dialFailed(from, w.now+dialFor, errTimedOut)
		return
	case !h.alive || !from.host.alive || from.host.gen != from.gen:
		w.dialFailed(from, w.now+w.flight(), errRefused)
		return
	case e.why != nil:
		w.dialFailed(from, w.now+w.flight(), e.why)
		return
	}
	there := &end{host: h, gen: h.gen, other: from}
	from.other = there
	w.drawPath(from, there)
	// Two more flights for the handshake; the accepting end is done last.
	answered := w.now + w.flight()
	done := answered + w.flight()
	from.open(answered)
	there.open(done)
}

// open numbers the end and brings it up at a later moment. Nothing sent by the
// other end arrives before.
func (e *end) open(at int64) {
	e.host.lastConn++
	e.conn = e.host.lastConn
	e.host.links[e.conn] = e
	e.other.lastAt = max(e.other.lastAt, at)
	e.host.w.queue.push(at, event{kind: up, host: int32(e.host.i), gen: e.gen, conn: e.conn})
}

// linkUp: a link is finished at this end.
func (w *world) linkUp(h *host, ev event) {
	e, ok := h.links[ev.conn]
	if !ok || e.closed {
		return
	}
	e.wentUp = true
	h.m.LinkUp(w.time(), e.conn, e.info())
}

func (e *end) info() link.Info {
	peer := e.other.host
	in := link.Info{ID: peer.key.ID(), PeerID: peer.key.Public().PeerID(), Public: peer.key.Public(), Kind: link.LibP2P, Addr: peer.addr, Dir: link.In, Ticket: e.ticket, Agent: "sim", Lanes: e.host.w.lanes}
	if !e.ticket.IsZero() {
		in.Dir = link.Out
	}
	return in
}

// pump sends what waits for the other end.
func (e *end) pump() {
	w := e.host.w
	if e.stuck = w.blocked(e.host, e.other.host) && len(e.other.held) >= heldMax; e.stuck {
		return
	}
	if w.lab.uplink > 0 {
		e.load()
		return
	}
	for !e.closed {
		m, ok := e.next()
		if !ok {
			return
		}
		e.send(event{kind: arrive, msg: m})
	}
}

// next takes the next message for the other end.
func (e *end) next() (link.Msg, bool) {
	m, ok := e.host.m.Next(e.host.w.time(), e.conn, 0)
	if ok {
		e.host.w.lab.count(e, m)
	}
	return m, ok
}

// flight is how long something is under way now on this link.
func (e *end) flight() int64 {
	if e.latency > 0 {
		return e.host.w.flightOver(e.latency, e.jitter)
	}
	return e.host.w.flight()
}

// send puts something on its way to the other end, behind all that went before.
func (e *end) send(ev event) {
	w := e.host.w
	at := max(w.now+e.flight(), e.lastAt)
	e.lastAt = at
	ev.host, ev.gen, ev.conn, ev.end = int32(e.other.host.i), e.other.gen, e.other.conn, e.other
	w.queue.push(at, ev)
}

// arrive: a message reaches this end, or the partition before it.
func (w *world) arrive(h *host, ev event) {
	e := ev.end
	if e.closed {
		return
	}
	if len(e.held) > 0 || len(w.cuts) > 0 && w.blocked(h, e.other.host) {
		e.held = append(e.held, ev.msg)
		return
	}
	h.m.LinkMsg(w.time(), e.conn, ev.msg)
}

// close ends the link from this side; the other side learns why.
func (e *end) close(why link.Reason) {
	if e.closed {
		return
	}
	e.closed = true
	e.host.w.queue.push(e.host.w.now, event{kind: down, host: int32(e.host.i), gen: e.gen, conn: e.conn, why: &link.Closed{Reason: why}})
	e.hangUp(&link.Closed{Reason: why, Remote: true})
}

// hangUp lets the other side know that the link has ended.
func (e *end) hangUp(why error) {
	w := e.host.w
	if w.blocked(e.host, e.other.host) {
		return // it will find out by silence
	}
	e.send(event{kind: down, why: why})
}

// linkDown: the link has ended at this end.
func (w *world) linkDown(h *host, ev event) {
	e, ok := h.links[ev.conn]
	if !ok {
		return
	}
	delete(h.links, ev.conn)
	e.closed = true
	e.held = nil
	if e.wentUp {
		h.m.LinkDown(w.time(), ev.conn, ev.why)
	} else if !e.ticket.IsZero() {
		h.m.DialFailed(w.time(), e.ticket, ev.why)
	}
}

// heal ends every partition and lets what was held go on.
func (w *world) heal() {
	w.cuts = nil
	for _, h := range w.hosts {
		if !h.alive {
			continue
		}
		for c := link.Conn(1); c <= h.lastConn; c++ {
			if e, ok := h.links[c]; ok {
				e.release()
			}
		}
		h.flush()
	}
}

// release delivers what the partition held, and resets a link whose other end has
// given it up meanwhile.
func (e *end) release() {
	w := e.host.w
	held := e.held
	e.held = nil
	for _, m := range held {
		e.other.send(event{kind: arrive, msg: m})
	}
	if e.other.closed || !e.other.host.alive || e.other.host.gen != e.other.gen {
		w.queue.push(w.now+w.flight(), event{kind: down, host: int32(e.host.i), gen: e.gen, conn: e.conn, why: &link.Closed{Reason: link.NetworkError, Remote: true}})
		return
	}
	if e.stuck {
		e.pump()
	}
}
