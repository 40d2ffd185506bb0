package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// unsubscribeBackoff is what both sides ask for when they leave a topic.
const unsubscribeBackoff = 10 * time.Second

// TestWeLeave: our leaving takes us out of their mesh at once, tells the backoff,
// and a quick return is heard by gossip until the backoff ends, then grafted.
// Rule: H10
func TestWeLeave(t *testing.T) {
	t.Parallel()
	r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
	r.dial(t, h.addr("tcp"))
	meshed(t, r, h)
	both(t, r, h, "first")
	r.leave()
	rig.Until(t, "they drop us", func() string {
		if inMesh(h, r) || h.topicPeers() > 0 {
			return "still there"
		}
		return ""
	})
	prunes := h.tracer.seen("prune", true, r.id)
	if len(prunes) != 1 || prunes[0].wait != unsubscribeBackoff {
		t.Fatalf("PRUNE of ours: %+v, want one with a backoff of %v", prunes, unsubscribeBackoff)
	}
	h.publish(t, "while we are away")

	r.follow(t)
	comesBack(t, h, r, prunes[0])
	both(t, r, h, "second")
}

// TestTheyLeave: the same the other way round.
func TestTheyLeave(t *testing.T) {
	t.Parallel()
	r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
	h.dial(t, r.addr("quic-v1"))
	meshed(t, r, h)
	both(t, r, h, "first")
	h.leave()
	rig.Until(t, "we drop them", func() string {
		if inMesh(r, h) || r.topicPeers() > 0 {
			return "still there"
		}
		return ""
	})
	prunes := h.tracer.seen("prune", false, r.id)
	if len(prunes) != 1 || prunes[0].wait != unsubscribeBackoff {
		t.Fatalf("PRUNE of theirs: %+v, want one with a backoff of %v", prunes, unsubscribeBackoff)
	}
	h.follow(t)
	comesBack(t, h, r, prunes[0])
	both(t, r, h, "second")
}

// comesBack waits for the mesh to form again, in which we have no part before the
// backoff ended, and checks that messages come meanwhile, too.
func comesBack(t *testing.T, h *theirs, r *rope, pruned control) {
	t.Helper()
	before := len(h.tracer.seen("graft", true, r.id))
	rig.Until(t, "both know each other's topic again", func() string {
		if h.topicPeers() != 1 || r.topicPeers() != 1 {
			return "not yet"
		}
		return ""
	})
	h.publish(t, "theirs, in the backoff")
	r.publish(t, "ours, in the backoff")
	hears(t, r, "theirs, in the backoff")
	hears(t, h, "ours, in the backoff")
	meshed(t, r, h)
	grafts := h.tracer.seen("graft", true, r.id)[before:]
	for _, g := range grafts {
		// The tracer's clock is the host's, a little late in both cases.
		if gap := g.at.Sub(pruned.at); gap < unsubscribeBackoff-time.Second {
			t.Errorf("we sent GRAFT %v after a PRUNE with a backoff of %v", gap, pruned.wait)
		}
	}
	for _, p := range h.tracer.seen("prune", false, r.id) {
		if p.at.After(pruned.at) {
			t.Errorf("they refused our GRAFT: %+v", p)
		}
	}
}

// TestMeshFull: a host whose mesh is full refuses us with a PRUNE; we stay away
// and get its messages by gossip.
// Rule: G4
func TestMeshFull(t *testing.T) {
	t.Parallel()
	p := hostParams()
	p.D, p.Dlo, p.Dhi, p.Dout, p.Dscore = 2, 1, 2, 0, 1
	h := startHost(t, "host", "t", hostOptions{params: p})
	first, other := startRope(t, "first", "t", "strict"), startHost(t, "other", "t", hostOptions{})
	second := startRope(t, "second", "t", "strict")
	first.dial(t, h.addr("tcp"))
	other.dial(t, h.addr("tcp"))
	meshed(t, first, h)
	meshed(t, other, h)
	second.dial(t, h.addr("tcp"))
	rig.Until(t, "they refuse the second", func() string {
		if len(h.tracer.seen("prune", false, second.id)) == 0 {
			return "no PRUNE"
		}
		if inMesh(second, h) {
			return "it is in our mesh"
		}
		return ""
	})
	for i := range 3 {
		one, two := fmt.Sprint("round ", i, " of first"), fmt.Sprint("round ", i, " of second")
		both(t, second, h, two)
		both(t, first, h, one)
		hears(t, second, one+" from first")
		hears(t, first, two+" from second")
	}
	if n := len(h.tracer.seen("graft", true, second.id)); n != 1 {
		t.Errorf("%d GRAFT to a host that refused with a backoff: want 1", n)
	}
}
