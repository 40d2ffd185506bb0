package interop

import (
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk/id"
)

// tracer watches one of their routers: its meshes, the protocols it writes, and
// the control messages it exchanges.
type tracer struct {
	mu      sync.Mutex
	meshes  map[string]map[peer.ID]bool
	streams map[peer.ID]protocol.ID
	log     []control
	rejects map[string]int // by reason
}

// control is one control entry of an RPC, as it came or went.
type control struct {
	kind string // graft, prune, ihave, iwant, idontwant, extensions, message
	in   bool
	peer peer.ID
	at   time.Time
	wait time.Duration // backoff of a prune
	px   int           // signed records in a prune
	data string        // of a message, its beginning
}

func newTracer() *tracer {
	return &tracer{meshes: map[string]map[peer.ID]bool{}, streams: map[peer.ID]protocol.ID{}, rejects: map[string]int{}}
}

func (x *tracer) mesh(topic string) []id.ID {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []id.ID
	for p := range x.meshes[topic] {
		out = append(out, id.PeerID(p).ID())
	}
	return out
}

// stream is the protocol their router writes to a peer, empty if none.
func (x *tracer) stream(p id.PeerID) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.streams[peer.ID(p)])
}

// seen returns the control entries of one kind and direction with a peer.
func (x *tracer) seen(kind string, in bool, p id.PeerID) []control {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []control
	for _, c := range x.log {
		if c.kind == kind && c.in == in && c.peer == peer.ID(p) {
			out = append(out, c)
		}
	}
	return out
}

// messages counts the copies of a message in one direction with a peer.
func (x *tracer) messages(in bool, p id.PeerID, data string) (n int) {
	for _, c := range x.seen("message", in, p) {
		if c.data == short(data) {
			n++
		}
	}
	return n
}

func short(data string) string { return data[:min(len(data), 64)] }

// rejected is how many messages were refused, by reason.
func (x *tracer) rejected() map[string]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[string]int{}
	for k, v := range x.rejects {
		out[k] = v
	}
	return out
}

func (x *tracer) note(r *pubsub.RPC, in bool, p peer.ID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	add := func(kind string, n int) {
		for range n {
			x.log = append(x.log, control{kind: kind, in: in, peer: p, at: now})
		}
	}
	c := r.GetControl()
	add("graft", len(c.GetGraft()))
	add("ihave", len(c.GetIhave()))
	add("iwant", len(c.GetIwant()))
	add("idontwant", len(c.GetIdontwant()))
	if c.GetExtensions() != nil {
		add("extensions", 1)
	}
	for _, prune := range c.GetPrune() {
		e := control{kind: "prune", in: in, peer: p, at: now, wait: time.Duration(prune.GetBackoff()) * time.Second}
		for _, info := range prune.GetPeers() {
			if len(info.GetSignedPeerRecord()) > 0 {
				e.px++
			}
		}
		x.log = append(x.log, e)
	}
	for _, m := range r.GetPublish() {
		x.log = append(x.log, control{kind: "message", in: in, peer: p, at: now, data: short(string(m.GetData()))})
	}
}

func (x *tracer) Graft(p peer.ID, topic string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.meshes[topic] == nil {
		x.meshes[topic] = map[peer.ID]bool{}
	}
	x.meshes[topic][p] = true
}

func (x *tracer) Prune(p peer.ID, topic string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.meshes[topic], p)
}

func (x *tracer) OnNewOutboundStream(p peer.ID, proto protocol.ID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.streams[p] = proto
}

func (x *tracer) OnClosedOutboundStream(p peer.ID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.streams, p)
	for _, m := range x.meshes {
		delete(m, p)
	}
}

func (x *tracer) RejectMessage(_ *pubsub.Message, why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rejects[why]++
}

func (x *tracer) DuplicateMessage(*pubsub.Message) {}

func (x *tracer) RecvRPC(r *pubsub.RPC)                { x.note(r, true, r.From()) }
func (x *tracer) SendRPC(r *pubsub.RPC, p peer.ID)     { x.note(r, false, p) }
func (x *tracer) DropRPC(*pubsub.RPC, peer.ID)         {}
func (x *tracer) Join(string)                          {}
func (x *tracer) Leave(string)                         {}
func (x *tracer) ValidateMessage(*pubsub.Message)      {}
func (x *tracer) DeliverMessage(*pubsub.Message)       {}
func (x *tracer) ThrottlePeer(peer.ID)                 {}
func (x *tracer) UndeliverableMessage(*pubsub.Message) {}
