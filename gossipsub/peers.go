package gossipsub

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// peer is all that is known of one remote. What it told us (topics) dies with its
// writing; what we keep for sending (mesh, fanout, unwanted) dies with ours; the
// rest dies with the link.
type peer struct {
	n              uint64 // see member
	id             id.ID
	pid            id.PeerID
	version        version
	writable       bool
	direct         bool           // see Router.SetDirect
	warned         bool           // its operator was told of; see refuseDirect
	seated         bool           // score and gate are those of ip
	outbound       bool           // we dialled
	deaf           bool           // it stopped writing: frames that still come are stale
	heard          bool           // it sent an RPC on its stream: ext is known
	tested         bool           // we sent the test extension on our stream
	ext            rpc.Extensions // what it supports; dies with its writing
	owesHello      bool           // our hello is not in its queue yet
	owesExtensions bool           // nor what we support
	helloNext      int            // hello frames that are
	helloAge       uint64         // of which hello

	doubled bool // its next frame may come from a router that forgot us; see Doubled

	ip    netip.Addr
	score *score.Peer   // nil when scoring is off
	gate  *gater.Source // nil when nothing is gated

	topics     set[topicNumber]
	topicBytes int
	partsBytes int // its metadata of messages in parts

	envelope []byte // its signed record; nil when unknown
	count    counters
	flights  int // its messages in checking
	unwanted unwanted
	advice   advice  // peers it recommended
	box      *outbox // pending control, nil when none
	debts    []debt
	untold   []untold
	credit   int     // see credit.go
	excused  int64   // promises made before are void, Unix nanoseconds
	swore    uint64  // call in which it was last asked as next advertiser
	lazy     []int32 // gossip of the heartbeat under way, in its parts; see whisper
}

// counters of one heartbeat; see peer.tick.
type counters struct {
	beat       uint64
	ihaves     int // RPCs with IHAVE
	asked      int // IDs we asked it for
	iwantBytes int // served to it
	dontwants  int // RPCs with IDONTWANT
}

// tick returns the counters of this heartbeat, fresh ones at first touch.
func (p *peer) tick(beat uint64) *counters {
	if p.count.beat != beat {
		p.count = counters{beat: beat}
	}
	return &p.count
}

func (p *peer) serial() uint64 { return p.n }

// meshable tells whether control messages may be sent to p.
func (p *peer) meshable() bool { return p.writable && p.version >= v10 }

// peer finds or makes the state of a remote.
func (r *Router) peer(who id.ID) *peer {
	p, ok := r.peers.Get(who)
	if !ok {
		r.serials++
		p = &peer{id: who, n: r.serials, direct: r.direct.Has(who)}
		r.peers.Put(who, p)
		r.seat(r.now, p, netip.Addr{})
	}
	return p
}

// Up: we may write to a peer from now on, on a stream of the given protocol. Our
// subscriptions go first (the hello), again on every new stream.
func (r *Router) Up(now time.Time, who id.ID, rem Remote) News {
	r.begin(now)
	p := r.peer(who)
	if p.writable {
		r.mute(now, p)
	}
	p.pid, p.version, p.outbound, p.writable = rem.PeerID, r.versionOf(rem.Stream), rem.Outbound, true
	if p.outbound {
		r.dialled.add(p)
	}
	r.seat(now, p, rem.IP)
	p.remember(rem.Envelope)
	r.emit(now, "up", p, nil, int(p.version), "")
	r.greet(p, true)
	p.tested = false
	r.sayTest(now, p)
	for _, n := range p.topics.list {
		t := r.topics.numbered(uint64(n))
		t.sort(p)
		r.topUp(now, t)
	}
	return r.end()
}

// Shut: we may not write to a peer any more.
func (r *Router) Shut(now time.Time, who id.ID) {
	r.begin(now)
	if p, ok := r.peers.Get(who); ok {
		r.mute(now, p)
	}
}

// Began: a peer started to write anew. What it told us before is void. What we told
// it is said again: go-libp2p-pubsub v0.16 forgets the topics and meshes of a peer
// with its own stream to that peer (handleDeadPeers).
func (r *Router) Began(now time.Time, who id.ID) {
	r.begin(now)
	p := r.peer(who)
	r.unlearn(p)
	p.deaf = false
	r.emit(now, "began", p, nil, 0, "")
	r.remind(p)
	r.flush()
}

// Doubled: there were two links to a peer and one gave way. A peer whose stream was
// on that one opens another here, and may have forgotten us; link reports no Began,
// because it is the first on this link. So the next frame of the peer is the sign.
func (r *Router) Doubled(who id.ID) {
	if p, ok := r.peers.Get(who); ok {
		p.doubled = true
	}
}

// remind says again what a peer may have forgotten: our topics and that it is in
// our meshes. To a peer that has not it says nothing new.
func (r *Router) remind(p *peer) {
	p.doubled = false
	if !p.writable {
		return
	}
	r.greet(p, false)
	for _, t := range r.joined.list {
		if t.own.mesh.has(p) {
			r.boxOf(p).graft(t.name)
		}
	}
}

// Ended: a peer will not write any more.
func (r *Router) Ended(now time.Time, who id.ID) {
	r.begin(now)
	if p, ok := r.peers.Get(who); ok {
		r.unlearn(p)
		p.deaf = true
		r.emit(now, "ended", p, nil, 0, "")
	}
}

// Down: the link to a peer is gone, and with it all that is kept of it but its
// backoffs.
func (r *Router) Down(now time.Time, who id.ID) {
	r.begin(now)
	p, ok := r.peers.Get(who)
	if !ok {
		return
	}
	r.mute(now, p)
	r.unlearn(p)
	r.unseat(now, p)
	r.peers.Delete(who)
	r.emit(now, "down", p, nil, 0, "")
}

// mute ends the state that is tied to sending.
func (r *Router) mute(now time.Time, p *peer) {
	if !p.writable {
		return
	}
	for _, t := range r.joined.list {
		if t.own.mesh.has(p) {
			r.leaveMesh(now, t, p, "gone")
		}
	}
	for _, t := range r.fanouts.list {
		t.fanout.peers.remove(p)
	}
	r.emit(now, "shut", p, nil, int(p.version), "")
	p.writable = false
	r.dialled.remove(p)
	for _, n := range p.topics.list {
		r.topics.numbered(uint64(n)).sort(p)
	}
	r.untell(p)
	p.unwanted, p.lazy = unwanted{}, nil
	r.forgive(p)
	r.doubters.remove(p)
}

// unlearn forgets what a peer announced.
func (r *Router) unlearn(p *peer) {
	p.heard, p.ext = false, rpc.Extensions{}
	r.forgetSeat(p)
	for p.topics.len() > 0 {
		t := r.topics.numbered(uint64(p.topics.list[p.topics.len()-1]))
		r.forgetTopic(p, t)
		if t.own != nil && t.own.mesh.has(p) {
			t.own.grace(p) // it stays in the mesh while it says so again
		}
	}
}

// forgetTopic undoes a subscription of a peer.
func (r *Router) forgetTopic(p *peer, t *topic) {
	p.topics.remove(topicNumber(t.n))
	t.peers.remove(p)
	if t.fanout != nil {
		t.fanout.peers.remove(p)
	}
	t.always.remove(p)
	r.forgetParts(t, p)
	p.topicBytes -= len(t.name) + topicCharge
	r.topicBytes -= len(t.name) + topicCharge
	r.tidy(t)
}

// helloFrames are our subscriptions, split so that every implementation takes
// them: a hundred entries and 16 KiB a frame.
func (r *Router) helloFrames(v version) (hello [][]byte) {
	plain := true // as for every peer that gets no flags
	for i := 0; i < r.joined.len() && v >= v13; i++ {
		plain = plain && r.joined.list[i].own.partial == nil
	}
	if plain && (r.hello != nil || r.joined.len() == 0) {
		return r.hello
	}
	var frame []byte
	n := 0
	for _, t := range r.joined.list {
		if n == helloEntriesMax || len(frame)+len(t.name)+16 > controlBytesOut {
			hello, frame, n = append(hello, frame), nil, 0
		}
		frame = r.appendSub(frame, true, t.name, v)
		n++
	}
	hello = append(hello, frame)
	if plain {
		r.hello = hello
	}
	return hello
}

// Recv takes a frame from a peer. The frame must not change afterwards: its bytes
// are delivered, cached and forwarded. An error says that the frame was refused as
// a whole and left no trace; the inbound stream should be reset.
func (r *Router) Recv(now time.Time, who id.ID, frame []byte) (News, error) {
	r.begin(now)
	p := r.peer(who)
	if p.deaf || len(frame) == 0 {
		return News{}, nil
	}
	r.stats.RPCsIn.add(len(frame))
	if err := r.rpc.Decode(frame, rpc.DefaultLimits(r.joined.len())); err != nil {
		r.rpc.Reset()
		r.emit(now, "badframe", p, nil, len(frame), err.Error())
		r.penalty(now, p, penaltyFrame, "bad frame")
		return News{}, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	r.stats.heard(&r.rpc)
	if r.watchedRPC() {
		r.reportRPC("recv", p, len(frame), contents(&r.rpc))
	}
	if p.doubled {
		p.heard = p.heard && !r.rpc.HasExtensions // a hello on another link is a first RPC
		r.remind(p)
	}
	r.onExtensions(now, p)
	r.subscriptions(now, p)
	heard := r.hears(now, p)
	if heard == hearNothing {
		r.rpc.Reset()
		return r.end(), nil
	}
	r.copies = 0
	if heard == hearAll {
		for i := range r.rpc.Publish {
			r.receive(now, p, &r.rpc.Publish[i], len(frame))
		}
	}
	r.onIDontWant(now, p)
	if heard == hearAll {
		r.onPartial(now, p)
	}
	r.onIHave(now, p)
	r.onIWant(now, p)
	r.guessing = r.asksUnknown(r.rpc.Graft)
	for i := range r.rpc.Graft {
		r.onGraft(now, p, r.rpc.Graft[i].Topic)
	}
	for i := range r.rpc.Prune {
		r.onPrune(now, p, &r.rpc.Prune[i])
	}
	spent := r.copies == len(r.rpc.Publish) && r.rpc.OnlyPublishes()
	r.rpc.Reset()
	news := r.end()
	news.Spent = spent
	return news, nil
}
