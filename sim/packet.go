package sim

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
)

// udpPort is where every host takes datagrams, beside its links' 4001.
const udpPort = 4002

// udp is where a host takes datagrams: where hosts were given other places, there.
func (h *host) udp() netip.AddrPort {
	if h.at.IsValid() {
		return h.at
	}
	return netip.AddrPortFrom(h.addr.IP(), udpPort)
}

// hostAtUDP is the host that takes datagrams at an endpoint.
func (w *world) hostAtUDP(at netip.AddrPort) *host {
	if h := w.placed[at]; h != nil {
		return h
	}
	if at.Port() != udpPort {
		return nil
	}
	return w.hostOf(at.Addr())
}

// post sends a datagram. It arrives once or, lost or cut off, never, and in no order.
func (w *world) post(from *host, p node.Packet) {
	w.sent++
	to := w.hostAtUDP(p.To)
	if to == nil || w.sky.loss > 0 && w.rng.Float64() < w.sky.loss {
		return
	}
	at := w.now + w.transit()
	w.queue.push(at, event{kind: datagram, host: int32(to.i), conn: link.Conn(from.i), msg: link.Msg{Data: bytes.Clone(p.Data)}})
}

// transit is how long a datagram is under way now.
func (w *world) transit() int64 {
	d := w.sky.latency
	if jitter := w.sky.jitter; jitter > 0 {
		d += time.Duration(w.rng.Int64N(int64(2*jitter)+1)) - jitter
	}
	return int64(max(d, flightMin))
}

// deliver hands a datagram to the host that it reaches.
func (w *world) deliver(h *host, e event) {
	from := w.hosts[e.conn]
	if len(w.cuts) > 0 && w.blocked(from, h) {
		return
	}
	h.m.Packet(w.time(), from.udp(), e.msg.Data)
}

// keeper is a store of content, as content/store has them.
type keeper interface {
	Do(content.Ask) content.Answer
}

// ask answers an ask of the node's, at once.
func (h *host) ask(a content.Ask) content.Answer {
	if h.store == nil {
		return content.Answer{Ticket: a.Ticket, Err: content.ErrNotFound}
	}
	return h.store.Do(a)
}
