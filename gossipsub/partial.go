package gossipsub

import (
	"bytes"
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// Partial lets the messages of a topic travel in parts (partial messages extension
// of v1.3): whoever has most of a large message fetches only what is missing. What
// a part is, and how parts and what one has of them are written, is the
// application's; the router carries both and keeps who said what.
type Partial struct {
	// Request asks peers to send us parts instead of whole messages. Without it we
	// only send parts to those who ask.
	Request bool
	// GroupTTL is how many heartbeats a message in parts is remembered after the
	// last word of it; 0 means 5, at least 3.
	GroupTTL int
}

// Parts is what we have of a message, and how to write it.
type Parts struct {
	// Group names the message: 1 to 128 bytes that one knows before the message.
	Group []byte
	// Metadata says what we have and want, at most 16 KiB.
	Metadata []byte
	// For writes those of our parts that a peer lacks, of what it said last (nil:
	// nothing yet), and what it has once it got them; nil parts send none, nil after
	// changes nothing. It must be pure. nil sends no parts.
	For func(who id.ID, theirs []byte) (parts, after []byte)
	// To are the peers to tell instead of the mesh, as the answer to somebody
	// outside it.
	To []id.ID
}

// PartialMessage is what a peer sent of a message in parts. Parts and Metadata are
// unverified; their bytes must not be changed.
type PartialMessage struct {
	Topic, Group string
	Via          id.ID
	Parts        []byte // empty when it only says what it has
	Metadata     []byte // nil when it did not say
}

// What a caller can act on.
var (
	ErrNotPartial = errors.New("gossipsub: topic without parts, or not joined")
	ErrGroup      = errors.New("gossipsub: bad or one too many group of parts")
)

// Penalties (P7) of partial messages, our choice: the specification names none.
const (
	penaltyGroups = 0.1 // a group too many
	penaltyParts  = 0.1 // parts that we never asked for
)

// PublishPartial tells peers what we have of a message and sends those who ask for
// parts what they lack. It is called again whenever we have more, and to answer
// what News.Partials brings. It tells to how many peers something was sent.
func (r *Router) PublishPartial(now time.Time, name string, ps Parts) (int, error) {
	r.begin(now)
	t := r.partialTopic(now, name)
	if t == nil {
		return 0, ErrNotPartial
	}
	if len(ps.Group) == 0 || len(ps.Group) > rpc.IDBytesMax {
		return 0, ErrGroup
	}
	if len(ps.Metadata) > rpc.MetadataMax {
		return 0, ErrTooLarge
	}
	g := r.openGroup(t, string(ps.Group), nil)
	if g == nil {
		return 0, ErrGroup
	}
	g.ours, g.fresh = bytes.Clone(ps.Metadata), true
	n := 0
	for _, p := range r.partTargets(t, ps.To) {
		ok, err := r.sendParts(now, t, g, p, ps.For)
		if err != nil {
			return n, err
		}
		if ok {
			n++
		}
	}
	r.emit(now, "partial", nil, t, n, "")
	return n, nil
}

// partialTopic is a topic whose messages we handle in parts, with a fanout if we
// have not joined it.
func (r *Router) partialTopic(now time.Time, name string) *topic {
	t := r.byName[name]
	if t == nil || t.own == nil {
		rl, err := r.rulesOf(name)
		if err != nil || rl.partial == nil || !validTopic(name) {
			return nil
		}
		t = r.topic(name)
		r.toFanout(now, t, rl)
	}
	if t.partial() == nil {
		return nil
	}
	return t
}

// partTargets are the named peers, or those who would get a message of the topic.
func (r *Router) partTargets(t *topic, to []id.ID) []*peer {
	if to == nil {
		if t.own == nil {
			return t.fanout.peers.list
		}
		return t.own.mesh.list
	}
	r.pick = r.pick[:0]
	for _, who := range to {
		if p, ok := r.peers.Get(who); ok && p.writable {
			r.pick = append(r.pick, p)
		}
	}
	return r.pick
}

// sendParts sends a peer what is new to it: to one that asked for parts those it lacks,
// to one that only sends parts what we have and want, if we want any ("if a peer
// supports partial messages on a topic but did not request them, a node MUST omit
// the partialMessage field").
func (r *Router) sendParts(now time.Time, t *topic, g *group, p *peer, encode func(id.ID, []byte) ([]byte, []byte)) (bool, error) {
	says := t.says(p)
	if !says.requests && !(says.supports && t.partial().Request) {
		return false, nil
	}
	m := rpc.Partial{Topic: []byte(t.name), Group: []byte(g.id)}
	var after, theirs, told []byte
	if s, ok := g.peers.Get(p); ok {
		theirs, told = s.theirs, s.told
	}
	if says.requests && encode != nil {
		m.Message, after = safeParts(encode, p.id, theirs)
	}
	if g.ours != nil && (told == nil || !bytes.Equal(told, g.ours)) {
		m.Metadata = g.ours
	}
	if len(m.Message) == 0 && m.Metadata == nil {
		return false, nil
	}
	frame := rpc.AppendPartial(nil, &m)
	if len(frame) > rpc.BytesMax {
		return false, ErrTooLarge
	}
	if !r.send(p, Frame{Data: frame, Class: Own}) {
		return false, nil
	}
	r.stats.PartsOut++
	s := g.share(p)
	if m.Metadata != nil {
		s.told = g.ours
	}
	if len(m.Message) > 0 && after != nil && len(after) <= rpc.MetadataMax {
		r.learn(p, s, after)
	}
	r.emit(now, "parts", p, t, len(m.Message), "")
	return true, nil
}

// safeParts sends no parts when the application's function panics on what a remote
// said.
func safeParts(f func(id.ID, []byte) ([]byte, []byte), who id.ID, theirs []byte) (parts, after []byte) {
	defer func() {
		if recover() != nil {
			parts, after = nil, nil
		}
	}()
	return f(who, theirs)
}

// onPartial takes the partial message of the RPC in scratch: what the peer has
// replaces what it had, and all of it is news.
func (r *Router) onPartial(now time.Time, p *peer) {
	if !r.rpc.HasPartial {
		return
	}
	m := &r.rpc.Partial
	t := r.byName[string(m.Topic)]
	switch {
	case t == nil || t.partial() == nil || !p.ext.Partial || p.version < v13:
		return // no offence: we may just have left the topic
	case len(m.Group) == 0:
		r.penalty(now, p, penaltyParts, "parts of no group")
		return
	case len(m.Message) > 0 && !t.partial().Request:
		r.emit(now, "excess", p, t, len(m.Message), "parts not asked for")
		r.penalty(now, p, penaltyParts, "parts not asked for")
		return
	}
	g := r.openGroup(t, string(m.Group), p)
	if g == nil {
		r.emit(now, "excess", p, t, t.groups(), "groups of parts")
		r.penalty(now, p, penaltyGroups, "too many groups of parts")
		return
	}
	if s := g.share(p); m.Metadata != nil {
		r.learn(p, s, m.Metadata)
	}
	r.news.Partials = append(r.news.Partials, PartialMessage{
		Topic: t.name, Group: g.id, Via: p.id, Parts: m.Message, Metadata: m.Metadata,
	})
	r.emit(now, "partsin", p, t, len(m.Message), "")
}

func (t *topic) groups() int {
	if t.parts == nil {
		return 0
	}
	return t.parts.groups.Len()
}

// spreadGroup tells what we have of a message to peers that have not heard of it:
// those of the mesh, and some outside, as IHAVE does for whole messages.
func (r *Router) spreadGroup(now time.Time, t *topic, g *group) {
	if g.ours == nil {
		return
	}
	mesh := r.partTargets(t, nil)
	for _, p := range mesh {
		if s, ok := g.peers.Get(p); !ok || s.told == nil {
			_, _ = r.sendParts(now, t, g, p, nil)
		}
	}
	if !g.fresh {
		return
	}
	g.fresh = false
	var in *set[*peer]
	if t.own != nil {
		in = &t.own.mesh
	} else {
		in = &t.fanout.peers
	}
	eligible := r.collect(t.peers.list, func(p *peer) bool {
		return !in.has(p) && !g.peers.Has(p) && t.says(p).supports && r.mayGossip(p)
	})
	for _, p := range r.draw(eligible, max(r.p.Dlazy, int(r.p.GossipFactor*float64(len(eligible))))) {
		_, _ = r.sendParts(now, t, g, p, nil)
	}
}

// JudgePartial tells what a peer's parts were worth, which only the application can
// see: useful ones count as a first delivery, bad ones as an invalid message.
func (r *Router) JudgePartial(now time.Time, who id.ID, name string, useful bool) {
	r.begin(now)
	t := r.byName[name]
	p, ok := r.peers.Get(who)
	if !ok || t == nil || t.own == nil || p.score == nil {
		return
	}
	if !useful {
		r.blame(now, p, t, nil, whyParts)
		return
	}
	r.judgedParts++
	k := makeKey(^r.salt, []byte(t.name)[:min(len(t.name), 64)])
	for i := range 8 {
		k[i] ^= byte(r.judgedParts >> (8 * i)) // no message's key: its salt is another
	}
	r.copied(now, p, t, k, false)
	r.judged(now, t, k, p, score.Accepted)
}
