package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestRepair: a host that refuses every mesh still gets what we publish, and we
// what it publishes, by IHAVE and IWANT alone.
func TestRepair(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			t.Parallel()
			r := startRope(t, "rope", "t", sign)
			in := startHost(t, "in", "t", hostOptions{sign: sign})
			out := startHost(t, "out", "t", hostOptions{sign: sign, params: gossipOnly()})
			r.dial(t, in.addr("tcp"))
			out.dial(t, r.addr("quic-v1"))
			meshed(t, r, in)
			rig.Until(t, "we know both and out is in no mesh", func() string {
				if n := r.topicPeers(); n != 2 {
					return fmt.Sprintf("%d topic peers", n)
				}
				if len(out.tracer.seen("prune", false, r.id)) == 0 {
					return "out refused no GRAFT yet"
				}
				if inMesh(r, out) || inMesh(out, r) {
					return "out is in a mesh"
				}
				return ""
			})

			var want []string
			for i := range 5 {
				for _, m := range []member{r, in, out} {
					text := fmt.Sprintf("%s %d", m.name(), i)
					m.publish(t, text)
					want = append(want, text)
				}
			}
			large := "large " + strings.Repeat("x", 300<<10)
			r.publish(t, large)
			// Two of these do not fit one frame: the answers to an IWANT are split.
			for i := range 4 {
				text := fmt.Sprint(i, " half a frame ", strings.Repeat("y", 600<<10))
				in.publish(t, text)
				want = append(want, text)
			}
			receiveAll(t, []member{r, in, out}, append(want, large))
			for _, c := range []struct {
				kind string
				in   bool
			}{{"ihave", true}, {"iwant", false}, {"ihave", false}, {"iwant", true}} {
				if len(out.tracer.seen(c.kind, c.in, r.id)) == 0 {
					t.Errorf("out saw no %s (incoming: %v)", c.kind, c.in)
				}
			}
			if inMesh(r, out) {
				t.Error("out came into our mesh")
			}
			if n := len(out.tracer.seen("graft", true, r.id)); n != 1 {
				t.Errorf("we sent %d GRAFT to a host that refused with a backoff: want 1", n)
			}
		})
	}
}

// TestLateSubscribers: hosts and nodes that follow the topic after they were
// connected, or after messages were sent, get what is sent from then on.
func TestLateSubscribers(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	late := newRope(t, "late rope", "t", ropeConfig("strict"))
	h := startHost(t, "host", "t", hostOptions{})
	idle := startHost(t, "late host", "t", hostOptions{idle: true})
	for _, m := range []member{h, idle, late} {
		m.dial(t, r.addr("tcp"))
	}
	late.dial(t, idle.addr("quic-v1"))
	meshed(t, r, h)
	both(t, r, h, "before")

	idle.follow(t)
	meshed(t, r, idle)
	late.follow(t)
	meshed(t, late, idle)
	meshed(t, late, r)
	for _, m := range []member{r, h, idle, late} {
		text := "after, of " + m.name()
		m.publish(t, text)
		for _, to := range []member{r, h, idle, late} {
			hears(t, to, text)
		}
	}
}

// TestFanout: publishing without following reaches followers of the other kind.
func TestFanout(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	h := startHost(t, "host", "t", hostOptions{})
	dumbHost := startHost(t, "idle host", "t", hostOptions{idle: true})
	dumbRope := newRope(t, "idle rope", "t", ropeConfig("strict"))
	r.dial(t, dumbHost.addr("tcp"))
	dumbRope.dial(t, h.addr("tcp"))
	rig.Until(t, "who only publishes knows its follower", func() string {
		if a, b := dumbHost.topicPeers(), dumbRope.topicPeers(); a != 1 || b != 1 {
			return fmt.Sprintf("%d at the host, %d at the node", a, b)
		}
		return ""
	})
	dumbHost.publish(t, "from the host")
	hears(t, r, "from the host")
	dumbRope.publish(t, "from the node")
	hears(t, h, "from the node")
}

// TestLarge: half a MiB, both ways, over both transports and one hop further.
func TestLarge(t *testing.T) {
	for _, transport := range []string{"tcp", "quic-v1"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
			r2, h2 := startRope(t, "rope behind", "t", "strict"), startHost(t, "host behind", "t", hostOptions{})
			r.dial(t, h.addr(transport))
			h2.dial(t, r.addr(transport))
			r2.dial(t, h.addr(transport))
			meshed(t, r, h)
			meshed(t, r, h2)
			meshed(t, r2, h)
			all := []member{r, h, r2, h2}
			var want []string
			for _, m := range all {
				text := m.name() + strings.Repeat(" 0123456789abcde", 512<<10/16)
				m.publish(t, text)
				want = append(want, text)
			}
			receiveAll(t, all, want)
		})
	}
}
