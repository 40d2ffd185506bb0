package gossipsub

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/trace"
)

// topic exists while a peer subscribes it, we have joined it, we publish to it, or
// backoffs of it run.
type topic struct {
	n      uint64 // see member
	name   string
	peers  set[*peer] // who announced it
	always set[*peer] // those of peers who get every message: direct ones and floodsub
	own    *own       // nil unless joined
	fanout *fanout    // nil unless published to without being joined
	back   backoffs
	parts  *parts // of messages in parts; nil mostly
}

// own is a topic we joined. mesh ⊆ peers we may write to that speak meshsub;
// checked by the tests' invariants.
type own struct {
	rules
	mesh      set[*peer]
	graced    []graced
	line      line          // messages that wait to be checked
	checkTime time.Duration // of a message, on the average
	stats     TopicStats
	score     *score.Topic // nil when scoring is off
	grown     int          // heartbeats that filled the young mesh to D; at most growBeats
}

// graced is a mesh peer that has not announced the topic (yet): its GRAFT
// overtook its SUBSCRIBE, or it writes on a new stream.
type graced struct {
	p     *peer
	beats int
}

// fanout is where messages of a topic go that we did not join.
type fanout struct {
	rules
	peers set[*peer]
	last  time.Time // last publish
}

// sort sees that a peer of the topic is among those who get every message, or not.
func (t *topic) sort(p *peer) {
	if p.writable && (p.direct || p.version == flood) && t.peers.has(p) {
		t.always.add(p)
	} else {
		t.always.remove(p)
	}
}

func (o *own) grace(p *peer) {
	for i := range o.graced {
		if o.graced[i].p == p {
			o.graced[i].beats = 0
			return
		}
	}
	o.graced = append(o.graced, graced{p: p})
}

func (o *own) ungrace(p *peer) {
	for i := range o.graced {
		if o.graced[i].p == p {
			last := len(o.graced) - 1
			o.graced[i] = o.graced[last]
			o.graced[last] = graced{}
			o.graced = o.graced[:last]
			return
		}
	}
}

func (t *topic) serial() uint64 { return t.n }

// topicNumber is the serial number of a topic: what a peer says it follows is
// kept by number, for the reason that a set's index is; see member.
type topicNumber uint64

func (n topicNumber) serial() uint64 { return uint64(n) }

// topic finds or makes a topic.
func (r *Router) topic(name string) *topic {
	t := r.byName[name]
	if t == nil {
		r.serials++
		t = &topic{name: name, n: r.serials}
		r.byName[name] = t
		r.topics.add(t)
	}
	return t
}

// tidy forgets a topic that nothing needs any more.
func (r *Router) tidy(t *topic) {
	if t.peers.len() == 0 && t.own == nil && t.fanout == nil && t.back.m.Len() == 0 {
		delete(r.byName, t.name)
		r.topics.remove(t)
	}
}

func validTopic(name string) bool {
	return name != "" && len(name) <= topicBytesMax && utf8.ValidString(name)
}

// Join subscribes a topic: all peers are told, and a mesh is made at once, of the
// fanout first. Joining again replaces the configuration.
func (r *Router) Join(now time.Time, name string, tc TopicConfig) error {
	r.begin(now)
	if !validTopic(name) {
		return ErrTopic
	}
	if !r.allowed([]byte(name)) {
		return ErrFiltered
	}
	rl, err := r.rules(name, tc)
	if err != nil {
		return err
	}
	if err := rl.degrees.check("Mesh"); err != nil {
		return err
	}
	var standing *score.Topic
	if r.board != nil {
		var err error
		if standing, err = r.board.Topic(now, name, tc.Score); err != nil {
			return fmt.Errorf("%w: Score: %w", ErrConfig, err)
		}
	}
	t := r.topic(name)
	if t.own != nil {
		was := t.own.partial
		t.own.rules, t.own.score = rl, standing
		if (was == nil) != (rl.partial == nil) || was != nil && *was != *rl.partial {
			r.announce(name, true)
			if rl.partial == nil {
				r.closeGroups(t)
			}
		}
		return nil
	}
	t.own = &own{rules: rl, score: standing}
	r.joined.add(t)
	r.announce(name, true)
	r.emit(now, "join", nil, t, t.peers.len(), "")
	if f := t.fanout; f != nil {
		t.fanout = nil
		r.fanouts.remove(t)
		for _, p := range f.peers.list {
			if t.own.mesh.len() < t.own.degrees.D && r.graftable(now, t, p) {
				r.graft(now, t, p, "fanout")
			}
		}
	}
	r.fill(now, t)
	r.flush()
	return nil
}

// Leave ends a subscription: all peers are told, the mesh by PRUNE with the
// shorter backoff, which we hold ourselves too.
func (r *Router) Leave(now time.Time, name string) {
	r.begin(now)
	t := r.byName[name]
	if t == nil || t.own == nil {
		return
	}
	r.announce(name, false)
	for t.own.mesh.len() > 0 {
		r.prune(now, t, t.own.mesh.list[t.own.mesh.len()-1], r.p.UnsubscribeBackoff, true, "left")
	}
	if r.board != nil {
		r.board.Forget(t.own.score)
	}
	r.clearLine(t.own)
	t.own = nil
	r.closeGroups(t)
	r.joined.remove(t)
	r.emit(now, "leave", nil, t, 0, "")
	r.tidy(t)
	r.flush()
}

// subscriptions applies the subscription changes of the RPC in scratch.
func (r *Router) subscriptions(now time.Time, p *peer) {
	subs := r.rpc.Subs
	over, why := r.rpc.SubsOver, ""
	if over > 0 {
		why = "subscriptions in one RPC"
	}
	var contrary map[string]bool
	if len(subs) > 1 {
		contrary = contradictions(subs)
	}
	for i := range subs {
		switch s := &subs[i]; {
		case contrary[string(s.Topic)]:
		case s.Subscribe:
			if limit := r.subscribed(now, p, s.Topic, partFlags{s.RequestsPartial, s.SupportsPartial}); limit != "" {
				over++
				why = limit
			}
		default:
			r.unsubscribed(now, p, s.Topic)
		}
	}
	if over > 0 { // said and charged once an RPC
		r.emit(now, "excess", p, nil, over, why)
		if why != limitAllTopics {
			r.penalty(now, p, penaltyExcess, why)
		}
	}
}

// limitAllTopics is the limit that the peers reach together, so that it is no fault
// of the one who comes last.
const limitAllTopics = "topics of all peers"

// contradictions are the topics that one RPC both subscribes and unsubscribes;
// these entries cancel out. Nearly every RPC is all of one kind and costs nothing.
func contradictions(subs []rpc.Sub) map[string]bool {
	mixed := false
	for i := range subs {
		mixed = mixed || subs[i].Subscribe != subs[0].Subscribe
	}
	if !mixed {
		return nil
	}
	first := make(map[string]bool, len(subs))
	contrary := make(map[string]bool)
	for i := range subs {
		name := string(subs[i].Topic)
		if was, ok := first[name]; !ok {
			first[name] = subs[i].Subscribe
		} else if was != subs[i].Subscribe {
			contrary[name] = true
		}
	}
	return contrary
}

// subscribed applies a subscription, or says which limit it is over.
func (r *Router) subscribed(now time.Time, p *peer, name []byte, f partFlags) string {
	charge := len(name) + topicCharge
	t := r.byName[string(name)]
	switch {
	case !r.allowed(name):
		return ""
	case t != nil && t.peers.has(p):
		t.setFlags(p, f)
		return ""
	case len(name) == 0 || len(name) > topicBytesMax:
		return "topic length"
	case p.topicBytes+charge > peerTopicBytesMax:
		return "topics"
	case r.topicBytes+charge > totalTopicBytesMax:
		return limitAllTopics
	case t == nil:
		t = r.topic(string(name))
	}
	t.peers.add(p)
	p.topics.add(topicNumber(t.n))
	t.setFlags(p, f)
	t.sort(p)
	p.topicBytes += charge
	r.topicBytes += charge
	r.emit(now, "subscribe", p, t, t.peers.len(), "")
	if t.own != nil {
		t.own.ungrace(p)
		r.topUp(now, t)
	}
	return ""
}

func (r *Router) unsubscribed(now time.Time, p *peer, name []byte) {
	t := r.byName[string(name)]
	if t == nil {
		return
	}
	inMesh := t.own != nil && t.own.mesh.has(p)
	if inMesh {
		// It left; its own backoff for that is the shorter one.
		r.leaveMesh(now, t, p, "unsubscribed")
		r.addBackoff(now, t, p, r.p.UnsubscribeBackoff, true)
	}
	if t.peers.has(p) {
		r.emit(now, "unsubscribe", p, t, t.peers.len()-1, "")
		r.forgetTopic(p, t)
	}
	if inMesh {
		r.topUp(now, t)
	}
}

// reportLost is the event of a message that nobody wants.
func (r *Router) reportLost(now time.Time, p *peer, name []byte) {
	if r.watched() {
		r.cfg.Trace(now, trace.Event{Strand: string(owner), Kind: "undeliverable", Peer: p.id, Topic: string(name), Fine: true})
	}
}
