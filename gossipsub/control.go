package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// outbox collects what one input has to say to one peer, so that it goes in one
// RPC: the answers to all entries of an RPC together with the wanted messages, all
// grafts and gossip of a heartbeat. Never GRAFT and PRUNE of one topic in one RPC:
// implementations disagree which they obey last.
type outbox struct {
	grafts  []string
	prunes  []pruning
	iwants  []string
	gossip  []part
	answers [][]byte // message frames
}

type pruning struct {
	topic   string
	backoff time.Duration
	px      bool // the peer may be told of others
}

// part is an encoded control entry and the RPC that holds only this entry; both
// are shared between peers.
type part struct{ entry, frame []byte }

// Our choice.
const (
	sparesMax = 16 // outboxes kept for the next input
	// Answers up to this size are copied together into one frame of at most
	// answersBytesOut; larger ones go alone, as the shared buffer.
	answerCopyMax   = 4 << 10
	answersBytesOut = 64 << 10
)

// boxOf finds or makes the outbox of a peer; flush empties it.
func (r *Router) boxOf(p *peer) *outbox {
	if p.box == nil {
		if n := len(r.spares); n > 0 {
			p.box = r.spares[n-1]
			r.spares = r.spares[:n-1]
		} else {
			p.box = &outbox{}
		}
		r.dirty = append(r.dirty, p)
	}
	return p.box
}

func (b *outbox) graft(topic string) {
	for i := range b.prunes {
		if b.prunes[i].topic == topic {
			b.prunes = append(b.prunes[:i], b.prunes[i+1:]...)
			break
		}
	}
	b.grafts = append(b.grafts, topic)
}

func (b *outbox) prune(topic string, d time.Duration, px bool) {
	for i := range b.grafts {
		if b.grafts[i] == topic {
			b.grafts = append(b.grafts[:i], b.grafts[i+1:]...)
			break
		}
	}
	for i := range b.prunes {
		if b.prunes[i].topic == topic {
			b.prunes[i].backoff = max(d, b.prunes[i].backoff)
			b.prunes[i].px = b.prunes[i].px && px
			return
		}
	}
	b.prunes = append(b.prunes, pruning{topic, d, px})
}

// send queues a frame for a peer and tells whether there was room.
func (r *Router) send(p *peer, f Frame) bool {
	if !r.out.Send(p.id, f) {
		r.stats.Dropped[f.Class]++
		r.emit(r.now, "drop", p, nil, len(f.Data), f.Class.String())
		return false
	}
	r.stats.RPCsOut.add(len(f.Data))
	if r.watchedRPC() {
		r.reportRPC("send", p, len(f.Data), f.Class.String())
	}
	return true
}

// flush sends and empties all outboxes.
func (r *Router) flush() {
	for i, p := range r.dirty {
		b := p.box
		p.box = nil
		r.dirty[i] = nil
		if p.writable {
			r.pack(p, b)
		}
		if len(r.spares) < sparesMax && cap(b.answers)+cap(b.iwants)+cap(b.gossip) < 256 {
			*b = outbox{wipe(b.grafts), wipe(b.prunes), wipe(b.iwants), wipe(b.gossip), wipe(b.answers)}
			r.spares = append(r.spares, b)
		}
	}
	if r.dirty = r.dirty[:0]; cap(r.dirty) > 256 {
		r.dirty = nil
	}
	if r.pick = wipe(r.pick); cap(r.pick) > 256 {
		r.pick = nil
	}
}

// pack writes an outbox into as few frames as the limits allow.
func (r *Router) pack(p *peer, b *outbox) {
	if len(b.gossip) == 1 && len(b.grafts)+len(b.prunes)+len(b.iwants)+len(b.answers) == 0 {
		r.send(p, Frame{Data: b.gossip[0].frame, Class: Forwarded})
		return
	}
	w := packer{r: r, p: p} // entries in the order of their field numbers
	for _, g := range b.gossip {
		w.room(len(g.entry))
		w.entries = append(w.entries, g.entry...)
	}
	w.iwants(b.iwants)
	for _, t := range b.grafts {
		w.room(rpc.FieldSize(len(t)) + 8)
		w.entries, w.urgent = rpc.AppendGraft(w.entries, t), true
	}
	for _, pr := range b.prunes {
		seconds := int64(-1) // 1.0 peers get a bare PRUNE
		var others []rpc.PeerInfo
		if p.version >= v11 {
			seconds = int64(pr.backoff / time.Second)
			if pr.px {
				others = r.offer(pr.topic, p)
			}
		}
		w.room(rpc.PruneSize(len(pr.topic), others))
		w.entries, w.urgent = rpc.AppendPrune(w.entries, pr.topic, seconds, others...), true
	}
	w.answers(b.answers)
	w.close()
}

// packer fills frames for one peer: control entries, then messages.
type packer struct {
	r       *Router
	p       *peer
	entries []byte
	frame   []byte // messages copied together
	urgent  bool
}

// room sends what there is when n more bytes of entries would be too much.
func (w *packer) room(n int) {
	if len(w.entries) > 0 && len(w.entries)+n > controlBytesOut-8 {
		w.close()
	}
}

func (w *packer) close() {
	frame := w.frame
	if len(w.entries) > 0 {
		frame = rpc.AppendControl(frame, w.entries)
	}
	if len(frame) > 0 {
		c := Forwarded
		if w.urgent {
			c = Control
		}
		w.r.send(w.p, Frame{Data: frame, Class: c})
	}
	w.entries, w.frame, w.urgent = nil, nil, false
}

func (w *packer) iwants(ids []string) {
	for len(ids) > 0 {
		n, size := 0, 0
		for n < len(ids) && (n == 0 || len(w.entries)+size+rpc.FieldSize(len(ids[n])) <= controlBytesOut-16) {
			size += rpc.FieldSize(len(ids[n]))
			n++
		}
		w.room(size + 8)
		w.entries, w.urgent = rpc.AppendIWant(w.entries, ids[:n]), true
		ids = ids[n:]
	}
}

func (w *packer) answers(frames [][]byte) {
	if len(frames) == 1 && len(w.entries) == 0 {
		w.r.send(w.p, Frame{Data: frames[0], Class: Forwarded})
		return
	}
	for _, f := range frames {
		if len(f) > answerCopyMax {
			w.r.send(w.p, Frame{Data: f, Class: Forwarded})
			continue
		}
		if len(w.frame)+len(f)+len(w.entries) > answersBytesOut {
			w.close()
		}
		w.frame = append(w.frame, f...)
	}
}

// wipe empties a slice and lets go of what it held.
func wipe[T any](s []T) []T {
	clear(s[:cap(s)])
	return s[:0]
}
