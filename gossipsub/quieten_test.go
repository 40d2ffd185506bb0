package gossipsub

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// quieted counts the frames with IDONTWANT that the rig's router sent since last
// asked.
func (g *rig) quieted() (n int) {
	g.t.Helper()
	for _, line := range g.said() {
		if bytes.Contains([]byte(line), []byte("IDONTWANT")) {
			n++
		}
	}
	return n
}

// A forgery under the ID of a large message must not have the mesh keep the real
// one back; the real one does, once it is verified.
//
// Rule: I7
func TestForgerySilencesNobody(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.join("t", TopicConfig{})
	g.ups(4, Meshsub12, "t")
	g.run(2e9)
	g.said()
	real := newAuthor("writer").message("t", 1, bytes.Repeat([]byte{1}, 32<<10))
	bad := bytes.Clone(real)
	bad[len(bad)-1] ^= 1 // the signature's last byte
	g.recv("n0", rpc.AppendPublish(nil, bad))
	if n := g.quieted(); n != 0 {
		t.Fatalf("%d frames with IDONTWANT for a forgery", n)
	}
	g.recv("n1", rpc.AppendPublish(nil, real))
	if n := g.quieted(); n == 0 {
		t.Fatal("no IDONTWANT for the real message")
	}
	if len(g.got) != 1 {
		t.Fatalf("%d deliveries", len(g.got))
	}
}

// A message that finds no room in checking is not here: nobody is told to keep his
// copy back.
//
// Rule: V3
func TestFullCheckingSilencesNobody(t *testing.T) {
	g := newRig(t, nil)
	g.late = true
	g.join("t", TopicConfig{Validate: func(Message) Verdict { return Accept }})
	g.ups(4, Meshsub12, "t")
	g.run(2e9)
	for i := range flightsPerPeerMax {
		g.recv("n0", plain("t", fmt.Sprint("small ", i)))
	}
	g.said()
	large := plain("t", string(bytes.Repeat([]byte{'x'}, 32<<10)))
	g.recv("n0", large)
	if n := g.quieted(); n != 0 {
		t.Fatalf("%d frames with IDONTWANT for a message that was dropped", n)
	}
	g.recv("n1", large)
	if n := g.quieted(); n == 0 {
		t.Fatal("no IDONTWANT for the copy that found room")
	}
}
