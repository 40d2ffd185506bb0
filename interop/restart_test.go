package interop

import (
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestTheyRestart: a host that comes back with its key is meshed and heard again.
// It ends without a word to us in between.
func TestTheyRestart(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	other := startHost(t, "other", "t", hostOptions{})
	other.dial(t, r.addr("tcp"))
	meshed(t, r, other)
	key := newKey(t, crypto.Ed25519)
	for life := range 3 {
		h := startHost(t, fmt.Sprint("life ", life), "t", hostOptions{key: key})
		if life == 1 {
			r.dial(t, h.addr("tcp"))
		} else {
			h.dial(t, r.addr("quic-v1"))
		}
		meshed(t, r, h)
		both(t, r, h, fmt.Sprint("life ", life))
		hears(t, other, fmt.Sprintf("life %d from life %d", life, life))
		if err := h.host.Close(); err != nil {
			t.Fatal(err)
		}
		rig.Until(t, "we forget it", func() string {
			if n := r.topicPeers(); n != 1 {
				return fmt.Sprintf("%d topic peers", n)
			}
			if _, ok := r.session(t, h.peer()); ok {
				return "there is still a session"
			}
			return ""
		})
	}
}

// TestWeRestart: our node comes back with its key from its folder; the host meshes
// with it and takes its messages as new.
func TestWeRestart(t *testing.T) {
	h := startHost(t, "host", "t", hostOptions{})
	cfg := ropeConfig("strict")
	cfg.DataDir = t.TempDir()
	for life := range 3 {
		r := newRope(t, fmt.Sprint("life ", life), "t", cfg)
		r.follow(t)
		if life == 1 {
			h.dial(t, r.addr("tcp"))
		} else {
			r.dial(t, h.addr("quic-v1"))
		}
		meshed(t, r, h)
		// The same text in each life: only the sequence number is new.
		r.publish(t, "here I am")
		rig.Until(t, "the host hears it in each life", func() string {
			if n := h.mail.count("here I am"); n != life+1 {
				return fmt.Sprintf("%d times", n)
			}
			return ""
		})
		both(t, r, h, fmt.Sprint("life ", life))
		if err := r.node.Close(); err != nil {
			t.Fatal(err)
		}
		rig.Until(t, "the host forgets us", func() string {
			if n := h.topicPeers(); n != 0 {
				return fmt.Sprintf("%d topic peers", n)
			}
			return ""
		})
	}
}

// TestBothDial: both sides dial at the same moment, by different transports; what
// remains of the links carries messages both ways.
func TestBothDial(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				// One of the two dials may lose; the link that stays is what counts.
				_, _ = r.node.Connect(t.Context(), h.addr("tcp"))
			}()
			h.dial(t, r.addr("quic-v1"))
			<-done
			// A message may go down with the link that gives way.
			n := 0
			rig.Until(t, "messages go both ways", func() string {
				n++
				there, back := fmt.Sprint("there ", n/10), fmt.Sprint("back ", n/10)
				if n%10 == 0 {
					r.publish(t, there)
					h.publish(t, back)
				}
				if h.mail.count(there) == 0 || r.mail.count(back) == 0 {
					return fmt.Sprintf("%q: %d, %q: %d; %d connections, %v and %v in the mesh", there, h.mail.count(there), back, r.mail.count(back),
						len(h.host.Network().ConnsToPeer(peer.ID(r.id))), inMesh(r, h), inMesh(h, r))
				}
				return ""
			})
			meshed(t, r, h)
			for n := range 5 {
				both(t, r, h, fmt.Sprint("round ", n))
			}
		})
	}
}
