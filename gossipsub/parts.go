package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/internal/ordered"
)

// Caps of what is remembered of partial messages. The first two are those of the
// reference implementation, the others our choice.
const (
	groupsPerTopicMax = 255      // opened by peers
	groupsPerPeerMax  = 8        // of one topic
	ownGroupsMax      = 1024     // of one topic, opened by us
	peerPartsBytesMax = 1 << 20  // metadata of one peer in all topics
	partsBytesMax     = 32 << 20 // metadata of all peers in all topics
	groupTTLMin       = 3        // heartbeats
	defaultGroupTTL   = 5
)

// partFlags is what a subscriber of a topic said of parts.
type partFlags struct{ requests, supports bool }

// parts is what is known of a topic's partial messages; nil while there is nothing.
type parts struct {
	flags  map[*peer]partFlags
	groups ordered.Map[string, *group]
	theirs int // groups that peers opened
}

// group is one message that is on its way in parts.
type group struct {
	id    string
	by    *peer  // who opened it; nil: we did, or joined in
	ours  []byte // metadata we published last; nil when we have said nothing
	ttl   int    // heartbeats left
	fresh bool   // ours is new since the last heartbeat
	peers ordered.Map[*peer, *share]
}

// share is what is known between us and one peer of a group.
type share struct {
	theirs []byte // the peer's metadata: later ones replace earlier ones
	told   []byte // our metadata that it has
}

// setFlags notes what a subscriber says of parts; a repeated subscription changes it.
func (t *topic) setFlags(p *peer, f partFlags) {
	f.supports = f.supports || f.requests
	switch {
	case f != (partFlags{}):
		t.makeParts()
		if t.parts.flags == nil {
			t.parts.flags = make(map[*peer]partFlags)
		}
		t.parts.flags[p] = f
	case t.parts != nil:
		delete(t.parts.flags, p)
		t.tidyParts()
	}
}

func (t *topic) makeParts() {
	if t.parts == nil {
		t.parts = &parts{}
	}
}

func (t *topic) tidyParts() {
	if t.parts != nil && len(t.parts.flags) == 0 && t.parts.groups.Len() == 0 {
		t.parts = nil
	}
}

// says are the flags of a peer that we may exchange parts with: both sides said
// that they support the extension.
func (t *topic) says(p *peer) partFlags {
	if t.parts == nil || !p.ext.Partial || !p.writable || p.version < v13 {
		return partFlags{}
	}
	return t.parts.flags[p]
}

// partial is how we handle a topic's parts; nil when we take them for nothing.
func (t *topic) partial() *Partial {
	switch {
	case t.own != nil:
		return t.own.partial
	case t.fanout != nil:
		return t.fanout.partial
	}
	return nil
}

// inParts tells whether p gets the messages of a topic in parts and not whole.
func (t *topic) inParts(p *peer) bool { return t.partial() != nil && t.says(p).requests }

// openGroup finds or makes a group. A nil peer is us. nil means that there are too many.
func (r *Router) openGroup(t *topic, id string, by *peer) *group {
	t.makeParts()
	g, ok := t.parts.groups.Get(id)
	switch {
	case ok:
		if by == nil && g.by != nil { // it is ours too
			g.by = nil
			t.parts.theirs--
		}
	case by == nil && t.parts.groups.Len()-t.parts.theirs >= ownGroupsMax:
		return nil
	case by != nil && (t.parts.theirs >= groupsPerTopicMax || t.parts.opened(by) >= groupsPerPeerMax):
		t.tidyParts()
		return nil
	default:
		g = &group{id: id, by: by}
		t.parts.groups.Put(id, g)
		if by != nil {
			t.parts.theirs++
		}
		r.parted.add(t)
	}
	g.ttl = t.partial().GroupTTL
	return g
}

// opened counts the groups a peer opened. There are few.
func (ps *parts) opened(p *peer) (n int) {
	for i := range ps.groups.Len() {
		if _, g := ps.groups.At(i); g.by == p {
			n++
		}
	}
	return n
}

func (g *group) share(p *peer) *share {
	s, ok := g.peers.Get(p)
	if !ok {
		s = &share{}
		g.peers.Put(p, s)
	}
	return s
}

// learn notes a peer's metadata, unless there is too much of it in all.
func (r *Router) learn(p *peer, s *share, metadata []byte) {
	more := len(metadata) - len(s.theirs)
	if r.partsBytes+more > partsBytesMax || p.partsBytes+more > peerPartsBytesMax {
		return
	}
	r.partsBytes += more
	p.partsBytes += more
	s.theirs = append([]byte(nil), metadata...) // not the frame it came in
}

// closeGroup forgets a group.
func (r *Router) closeGroup(t *topic, g *group) {
	for g.peers.Len() > 0 {
		p, _ := g.peers.At(g.peers.Len() - 1)
		r.unshare(g, p)
	}
	t.parts.groups.Delete(g.id)
	if g.by != nil {
		t.parts.theirs--
	}
	if t.parts.groups.Len() == 0 {
		r.parted.remove(t)
	}
}

func (r *Router) unshare(g *group, p *peer) {
	if s, ok := g.peers.Get(p); ok {
		r.partsBytes -= len(s.theirs)
		p.partsBytes -= len(s.theirs)
		g.peers.Delete(p)
	}
}

// forgetParts forgets what a peer told of a topic's parts, and the groups that are
// its alone.
func (r *Router) forgetParts(t *topic, p *peer) {
	if t.parts == nil {
		return
	}
	delete(t.parts.flags, p)
	for i := 0; i < t.parts.groups.Len(); {
		_, g := t.parts.groups.At(i)
		if r.unshare(g, p); g.by == p {
			r.closeGroup(t, g)
			continue
		}
		i++
	}
	t.tidyParts()
}

// forgetSeat forgets p in the groups of all topics, also those it did not announce.
func (r *Router) forgetSeat(p *peer) {
	for i := r.parted.len() - 1; i >= 0; i-- {
		r.forgetParts(r.parted.list[i], p)
	}
}

// untell: a peer we write to no more may forget what we told it.
func (r *Router) untell(p *peer) {
	for _, t := range r.parted.list {
		for i := range t.parts.groups.Len() {
			_, g := t.parts.groups.At(i)
			if s, ok := g.peers.Get(p); ok {
				s.told = nil
			}
		}
	}
}

// closeGroups forgets all groups of a topic that we gave up.
func (r *Router) closeGroups(t *topic) {
	for t.parts != nil && t.parts.groups.Len() > 0 {
		_, g := t.parts.groups.At(t.parts.groups.Len() - 1)
		r.closeGroup(t, g)
	}
	t.tidyParts()
}

// ageGroups forgets groups that nobody spoke of for some heartbeats, and tells of
// the others to whom has not heard of them.
func (r *Router) ageGroups(now time.Time, t *topic) {
	if t.parts == nil || t.partial() == nil {
		return
	}
	for i := 0; i < t.parts.groups.Len(); {
		_, g := t.parts.groups.At(i)
		if g.ttl--; g.ttl < 0 {
			r.closeGroup(t, g)
			continue
		}
		r.spreadGroup(now, t, g)
		i++
	}
	t.tidyParts()
}
