package score

import "time"

// flow is what is counted of a topic for its guard. The counters only grow.
type flow struct {
	messages uint64 // accepted, whose copies nobody was asked to hold back
	copies   uint64 // of them, from whomever, that came in time
	turns    uint64 // mesh peers that could have sent them, summed over the messages
}

// watch is the window in which a mesh peer is looked at.
type watch struct {
	from    flow
	since   time.Duration
	sent    uint64        // of messages, by this peer
	starves bool          // what the last window said
	lacking time.Duration // since when P3 has been short, plus one; zero when it is not
}

func (f flow) watch(at time.Duration) watch { return watch{from: f, since: at} }

// Starves tells whether p, a mesh peer of t, has for long kept back what others
// delivered there, whatever its score is elsewhere.
//
// It needs no parameters: over at least twenty messages that were accepted while p
// was in the mesh, at least two activation times (half a minute each where P3 is
// off) and so many messages that the average of the others sent us eight copies, p
// sent us at most a sixteenth of what they did. Copies count until three seconds
// after the verdict, so a slow link is not silence. Where P3 is on, a deficit that
// lasted for two activation times counts too.
//
// It is a reason to try somebody else, not a verdict, and the score does not know of
// it: a peer that hears everything from us first has nothing to send back, and from
// here looks like one that keeps everything to itself. A router swaps such a peer
// for a candidate, a few at a time, and never goes below its lowest degree for it.
func (b *Board) Starves(now time.Time, p *Peer, t *Topic) bool {
	if t == nil {
		return false
	}
	s := p.in(t)
	if s == nil || !s.inMesh {
		return false
	}
	at, span := b.clock(now), 2*t.activation()
	w := &s.watch
	if w.lacking > 0 && at-(w.lacking-1) >= span {
		return true
	}
	n := t.flow.messages - w.from.messages
	if n < starveMessages || at-w.since < span {
		return w.starves
	}
	// Each message is one turn of p and one of each other mesh peer; others that
	// are not in the mesh make the average higher, as they should.
	turns := max(t.flow.turns-w.from.turns, 2*n) - n
	copies := t.flow.copies - w.from.copies - w.sent
	expected := float64(copies) / float64(turns) * float64(n)
	if expected < starveExpected {
		return w.starves
	}
	starves, lacking := float64(w.sent)*starveShare <= expected, w.lacking
	*w = t.flow.watch(at)
	w.starves, w.lacking = starves, lacking
	return starves
}

// activation is how long a peer must be in the mesh before it is judged by what it
// delivers.
func (t *Topic) activation() time.Duration {
	if t.params.deficits() {
		return t.params.MeshMessageDeliveriesActivation
	}
	return starveActivation
}
