package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// have is a message that came just now and whose copies need not come.
type have struct {
	t      *topic
	id     string
	from   *peer  // nil for our own
	author string // its peer ID; empty when unsigned
}

// Our choice.
const (
	// idontwantOut is how many IDs go into one IDONTWANT: more are not heeded.
	idontwantOut = 10
	// Where checking takes slowCheck on the average, mesh peers forward a message
	// after our IDONTWANT has reached them, so it saves copies of smaller messages
	// too, from slowHushFrom on.
	slowCheck    = 50 * time.Millisecond
	slowHushFrom = 1 << 10
)

// hushes tells whether an IDONTWANT for a message of n bytes of data can save a
// copy.
func (o *own) hushes(n int) bool {
	return n >= o.hushFrom || o.checkTime >= slowCheck && n >= slowHushFrom
}

// timed keeps the average time that checking takes in a topic.
func (o *own) timed(took time.Duration) { o.checkTime += (took - o.checkTime) / 8 }

// sayIDontWant tells mesh peers that a message is here, before it is validated, so
// that their copies need not come (gossipsub-v1.2 "IDONTWANT"). Those of one RPC are
// told at the end of it. It tells whether there is anybody to tell.
func (r *Router) sayIDontWant(t *topic, from *peer, m *rpc.Message, id []byte) bool {
	if !t.own.hushes(len(m.Data)) {
		return false
	}
	h := have{t: t, id: string(id), from: from, author: string(m.From)}
	for _, p := range t.own.mesh.list {
		if h.concerns(p) {
			r.haves = append(r.haves, h)
			if len(r.rpc.Publish) <= 1 {
				r.flushHaves() // nothing to wait for
			}
			return true
		}
	}
	return false
}

// quieten has mesh peers keep back a large message that has come. A signed one must
// be verified first: a forgery under its ID would silence everybody who has it.
func (r *Router) quieten(now time.Time, t *topic, k key, from *peer, m *rpc.Message, id []byte) {
	if r.sayIDontWant(t, from, m, id) && r.board != nil {
		r.board.Hush(now, score.Key(k))
	}
}

// concerns tells whether p is to be told: not who sent it to us or wrote it, nor who
// sends us no whole messages.
func (h *have) concerns(p *peer) bool {
	if h.t.own.partial != nil && h.t.own.partial.Request && h.t.says(p).supports {
		return false
	}
	return p != h.from && p.version >= v12 && (h.author == "" || h.author != string(p.pid))
}

// hush tells one peer outside the mesh.
func (r *Router) hush(p *peer, id string) {
	if p.writable && p.version >= v12 {
		r.send(p, Frame{Data: rpc.AppendControl(nil, rpc.AppendIDontWant(nil, []string{id}))})
		r.emit(r.now, "idontwant", p, nil, 1, "asked for")
	}
}

// flushHaves sends IDONTWANT for what came in this input, the IDs of one topic
// together.
func (r *Router) flushHaves() {
	for list := r.haves; len(list) > 0; {
		n := 1
		for n < len(list) && n < idontwantOut && list[n].t == list[0].t {
			n++
		}
		r.tellHaves(list[:n])
		list = list[n:]
	}
	if r.haves = wipe(r.haves); cap(r.haves) > 64 {
		r.haves = nil
	}
}

// tellHaves tells the mesh peers of one topic, all by the same buffer but those who
// wrote one of the messages.
func (r *Router) tellHaves(list []have) {
	t := list[0].t
	if t.own == nil {
		return
	}
	var shared []byte
	ids := make([]string, 0, len(list))
	for _, p := range t.own.mesh.list {
		ids = ids[:0]
		for i := range list {
			if list[i].concerns(p) {
				ids = append(ids, list[i].id)
			}
		}
		frame := shared
		switch {
		case len(ids) == 0:
			continue
		case len(ids) < len(list):
			frame = rpc.AppendControl(nil, rpc.AppendIDontWant(nil, ids))
		case shared == nil:
			shared = rpc.AppendControl(nil, rpc.AppendIDontWant(nil, ids))
			frame = shared
		}
		r.send(p, Frame{Data: frame})
		r.emit(r.now, "idontwant", p, t, len(ids), "")
	}
}
