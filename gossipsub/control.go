package gossipsub

import "time"

// outbox collects what one input has to say to one peer, so that it goes in one
// RPC: the answers to all entries of an RPC together with the wanted messages, all
// grafts and gossip of a heartbeat. Never GRAFT and PRUNE of one topic in one RPC:
// implementations disagree which they obey last.
type outbox struct {
	grafts  []string
	prunes  []pruning
	iwants  []*want
	gossip  []part
	answers []*entry
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

// send queues a frame for a peer and tells whether there was room. Nothing overtakes
// the hello.
func (r *Router) send(p *peer, f Frame) bool {
	if p.owesHello && !r.sayHello(p) {
		return r.noRoom(p, f)
	}
	return r.queue(p, f)
}

func (r *Router) queue(p *peer, f Frame) bool {
	if !r.out.Send(p.id, f) {
		return r.noRoom(p, f)
	}
	r.stats.RPCsOut.add(len(f.Data))
	if r.watchedRPC() {
		r.reportRPC("send", p, len(f.Data), f.Class.String())
	}
	return true
}

func (r *Router) noRoom(p *peer, f Frame) bool {
	r.stats.Dropped[f.Class]++
	r.emit(r.now, "drop", p, nil, len(f.Data), f.Class.String())
	return false
}

// flush sends and empties all outboxes.
func (r *Router) flush() {
	if len(r.haves) > 0 {
		r.flushHaves()
	}
	for i, p := range r.dirty {
		b := p.box
		r.dirty[i] = nil
		if p.writable {
			if p.indebted() {
				r.settle(p)
			}
			p.box = nil
			r.pack(p, b)
		}
		p.box = nil
		if len(r.spares) < sparesMax {
			*b = outbox{wipe(b.grafts), wipe(b.prunes), wipe(b.iwants), wipe(b.gossip), wipe(b.answers)}
			if cap(b.answers)+cap(b.iwants)+cap(b.gossip) > 256 {
				*b = outbox{}
			}
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

// wipe empties a slice and lets go of what it held.
func wipe[T any](s []T) []T {
	clear(s[:cap(s)])
	return s[:0]
}
