package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// pack writes an outbox into as few frames as the limits allow, entries in the
// order of their field numbers.
func (r *Router) pack(p *peer, b *outbox) {
	if len(b.gossip) == 1 && len(b.grafts)+len(b.prunes)+len(b.iwants)+len(b.answers) == 0 {
		r.send(p, Frame{Data: b.gossip[0].frame, Class: Forwarded})
		return
	}
	w := packer{r: r, p: p, entries: r.entries[:0]}
	for _, g := range b.gossip {
		w.room(len(g.entry))
		w.entries = append(w.entries, g.entry...)
	}
	w.iwants(b.iwants)
	for i, t := range b.grafts {
		w.room(rpc.FieldSize(len(t)) + 8)
		w.entries, w.urgent = rpc.AppendGraft(w.entries, t), true
		w.grafts = b.grafts[i-len(w.grafts) : i+1]
	}
	for i := range b.prunes {
		w.prune(&b.prunes[i])
		w.prunes = b.prunes[i-len(w.prunes) : i+1]
	}
	w.answers(b.answers)
	w.close()
	if r.entries = w.entries; cap(r.entries) > 2*controlBytesOut {
		r.entries = nil
	}
}

// packer fills frames for one peer: control entries, then messages. It knows what
// the frame under way holds, for when there is no room for it.
type packer struct {
	r       *Router
	p       *peer
	entries []byte // scratch
	frame   []byte // messages copied together
	urgent  bool
	asked   []*want
	grafts  []string
	prunes  []pruning
	served  []*entry
}

// room sends what there is when n more bytes of entries would be too much.
func (w *packer) room(n int) {
	if len(w.entries) > 0 && len(w.entries)+n > controlBytesOut-8 {
		w.close()
	}
}

func (w *packer) close() {
	frame := w.frame
	if n := len(w.entries); n > 0 {
		if frame == nil {
			frame = make([]byte, 0, n+8)
		}
		frame = rpc.AppendControl(frame, w.entries)
	}
	if len(frame) > 0 {
		c := Forwarded
		if w.urgent {
			c = Control
		}
		if !w.r.send(w.p, Frame{Data: frame, Class: c}) {
			w.lost()
		} else {
			w.r.stats.GraftsOut += uint64(len(w.grafts))
			w.r.stats.PrunesOut += uint64(len(w.prunes))
		}
	}
	*w = packer{r: w.r, p: w.p, entries: w.entries[:0]}
}

// lost takes note of what did not go out with a frame.
func (w *packer) lost() {
	for _, x := range w.asked {
		w.r.unask(x, w.p)
	}
	for _, t := range w.grafts {
		w.r.owe(w.p, debt{topic: t, graft: true})
	}
	for _, pr := range w.prunes {
		w.r.owe(w.p, debt{topic: pr.topic, until: w.r.now.Add(pr.backoff), px: pr.px})
	}
	for _, e := range w.served {
		e.unserve(w.p.id)
	}
}

func (w *packer) prune(pr *pruning) {
	seconds := int64(-1) // 1.0 peers get a bare PRUNE
	var others []rpc.PeerInfo
	if w.p.version >= v11 {
		seconds = int64(pr.backoff / time.Second)
		if pr.px {
			others = w.r.offer(pr.topic, w.p)
		}
	}
	w.room(rpc.PruneSize(len(pr.topic), others))
	w.entries, w.urgent = rpc.AppendPrune(w.entries, pr.topic, seconds, others...), true
}

// iwants adds requests, in as many entries as fit a frame each.
func (w *packer) iwants(list []*want) {
	for len(list) > 0 {
		n, size := 0, 0
		for n < len(list) && (n == 0 || len(w.entries)+size+rpc.FieldSize(int(list[n].n)) <= controlBytesOut-16) {
			size += rpc.FieldSize(int(list[n].n))
			n++
		}
		w.room(size + 8)
		w.entries, w.urgent = rpc.AppendIWantHead(w.entries, size), true
		for _, x := range list[:n] {
			w.entries = rpc.AppendID(w.entries, x.id())
		}
		w.asked, list = list[:n], list[n:] // only the last entry shares its frame, with what is not asked
	}
}

// answers adds messages: small ones together, large ones each as the buffer that is
// shared with all who ask.
func (w *packer) answers(list []*entry) {
	until := w.r.now.Add(forwardedWait)
	for _, e := range list {
		if len(e.frame) > answerCopyMax || len(list) == 1 && len(w.entries) == 0 {
			if !w.r.send(w.p, Frame{Data: e.frame, Class: Forwarded, Tag: e.tag(w.r), Until: until}) {
				e.unserve(w.p.id)
			}
			continue
		}
		if len(w.frame)+len(e.frame)+len(w.entries) > answersBytesOut {
			w.close()
		}
		w.frame = append(w.frame, e.frame...)
		w.served = append(w.served, e)
	}
}
