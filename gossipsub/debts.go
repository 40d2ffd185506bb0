package gossipsub

import (
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// What a peer should have heard from us and has not, because its queue had no room:
// the hello, changes of our subscriptions, GRAFT and PRUNE. It is said with the next
// RPC of control or at the next heartbeat, as far as it is still true.

// debt is a GRAFT or PRUNE of a topic.
type debt struct {
	topic string
	graft bool
	until time.Time // end of the PRUNE's backoff
	px    bool      // the PRUNE may name other peers
}

// untold is a topic of which the peer may believe something else than is true.
type untold struct {
	topic string
	told  bool // what it was told last
}

// debtsMax bounds both lists of one peer, our choice: beyond it the peer is far
// behind and its link is dropped.
const debtsMax = 16384

var errBehind = errors.New("gossipsub: peer takes no control messages")

func (p *peer) indebted() bool { return p.owesHello || len(p.debts)+len(p.untold) > 0 }

// owe enters a debt in place of an older one of the topic.
func (r *Router) owe(p *peer, d debt) {
	for i := range p.debts {
		if p.debts[i].topic == d.topic {
			p.debts[i] = d
			return
		}
	}
	p.debts = append(p.debts, d)
	r.indebt(p)
}

// indebt sees that p's debts are settled in time.
func (r *Router) indebt(p *peer) {
	r.debtors.add(p)
	if len(p.debts)+len(p.untold) > debtsMax {
		r.forgive(p)
		r.out.Drop(p.id, errBehind)
	}
}

// forgive forgets all debts of a peer.
func (r *Router) forgive(p *peer) {
	p.debts, p.untold, p.owesHello = nil, nil, false
	r.debtors.remove(p)
}

// settleAll gives every debtor an RPC.
func (r *Router) settleAll() {
	for _, p := range r.debtors.list {
		r.boxOf(p)
	}
}

// settle says what p has not heard: hello and subscriptions at once, GRAFT and PRUNE
// with what is in its outbox.
func (r *Router) settle(p *peer) {
	if p.owesHello && !r.sayHello(p) || !r.sayUntold(p) {
		return
	}
	debts := p.debts
	p.debts = nil
	r.debtors.remove(p)
	for _, d := range debts {
		t := r.byName[d.topic]
		inMesh := t != nil && t.own != nil && t.own.mesh.has(p)
		switch {
		case d.graft != inMesh:
		case d.graft && !slices.Contains(p.box.grafts, d.topic):
			p.box.graft(d.topic)
		case !d.graft:
			p.box.prune(d.topic, max(backoffMin, d.until.Sub(r.now)), d.px)
		}
	}
}

// announce tells all peers a change of our subscriptions, not only those of the
// topic.
func (r *Router) announce(name string, on bool) {
	r.hello, r.helloAge = nil, r.helloAge+1
	frame, rich := r.appendSub(nil, on, name, v12), r.appendSub(nil, on, name, v13)
	for i := range r.peers.Len() {
		switch _, p := r.peers.At(i); {
		case p.writable && p.version < v13:
			r.announceTo(p, name, on, frame)
		case p.writable:
			r.announceTo(p, name, on, rich)
		}
	}
}

// appendSub writes our subscription of a topic, or its end. That its messages may
// come in parts is said to who may know the extension.
func (r *Router) appendSub(dst []byte, on bool, name string, v version) []byte {
	if t := r.byName[name]; on && v >= v13 && t.own.partial != nil {
		return rpc.AppendSubPartial(dst, name, t.own.partial.Request, true)
	}
	return rpc.AppendSub(dst, on, name)
}

func (r *Router) announceTo(p *peer, name string, on bool, frame []byte) {
	known := slices.ContainsFunc(p.untold, func(u untold) bool { return u.topic == name })
	switch {
	case known, p.owesHello && on: // what is true then is said later, by the hello too
		return
	case !p.owesHello && r.send(p, Frame{Data: frame}):
		r.stats.SubsOut++
		return
	}
	p.untold = append(p.untold, untold{name, !on})
	r.indebt(p)
}

// sayUntold sends the difference between what p was told and what is, and tells
// whether there was room for it.
func (r *Router) sayUntold(p *peer) bool {
	for len(p.untold) > 0 {
		var frame []byte
		n, entries := 0, 0
		for ; n < len(p.untold) && entries < helloEntriesMax && len(frame)+topicBytesMax+16 <= controlBytesOut; n++ {
			u := p.untold[n]
			t := r.byName[u.topic]
			if on := t != nil && t.own != nil; on != u.told {
				frame = r.appendSub(frame, on, u.topic, p.version)
				entries++
			}
		}
		if len(frame) > 0 && !r.queue(p, Frame{Data: frame}) {
			return false
		}
		r.stats.SubsOut += uint64(entries)
		p.untold = p.untold[n:]
	}
	p.untold = nil
	return true
}

// greet owes p our subscriptions, on a new stream with what we support, and says
// them.
func (r *Router) greet(p *peer, fresh bool) {
	p.owesHello, p.helloNext, p.helloAge = true, 0, r.helloAge
	p.owesExtensions = fresh && p.version >= v13
	r.sayHello(p)
}

// sayHello sends the rest of the hello, or all of it again if it changed, and tells
// whether there was room.
func (r *Router) sayHello(p *peer) bool {
	if p.helloAge != r.helloAge {
		p.helloAge, p.helloNext = r.helloAge, 0
	}
	frames := r.helloFrames(p.version)
	if p.owesExtensions {
		frames = r.withExtensions(frames)
	}
	for p.helloNext < len(frames) {
		if !r.queue(p, Frame{Data: frames[p.helloNext]}) {
			r.debtors.add(p)
			return false
		}
		p.helloNext++
		p.owesExtensions = false
	}
	p.owesHello = false
	r.stats.SubsOut += uint64(r.joined.len())
	return true
}
