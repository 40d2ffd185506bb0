package gossipsub

import (
	"testing"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// A frame is spent when it held copies of known messages and nothing else: then it
// may be overwritten without anybody noticing.
func TestSpentFrames(t *testing.T) {
	for _, late := range []bool{false, true} { // known as seen, and as in checking
		g := newRig(t, func(c *Config) {
			if late {
				c.Sign = StrictSign
			}
		})
		g.late = late
		g.join("t", TopicConfig{})
		g.ups(4, Meshsub12, "t")
		writer := newAuthor("writer")
		message := func(n uint64) []byte { return plain("t", string(rune('a'+n))) }
		if late {
			message = func(n uint64) []byte { return rpc.AppendPublish(nil, writer.message("t", n+1, []byte("text"))) }
		}
		spent := func(name string, frame []byte) bool {
			t.Helper()
			n, err := g.r.Recv(g.now, g.id(name), frame)
			if err != nil {
				t.Fatal(err)
			}
			g.take(n)
			return n.Spent
		}
		first := message(0)
		if spent("n0", first) {
			t.Error("a new message's frame is spent")
		}
		again := append([]byte(nil), first...)
		if !spent("n1", again) {
			t.Error("a copy's frame is not spent")
		}
		clear(again)
		if spent("n1", append(message(0), message(1)...)) {
			t.Error("a frame with a new message is spent")
		}
		if !spent("n2", append(message(0), message(1)...)) {
			t.Error("a frame with two copies is not spent")
		}
		for what, more := range map[string][]byte{
			"a subscription": rpc.AppendSub(nil, true, "u"),
			"control":        rpc.AppendControl(nil, rpc.AppendIHave(nil, "t", [][]byte{[]byte("id")})),
		} {
			if spent("n2", append(message(0), more...)) {
				t.Errorf("a frame with %s is spent", what)
			}
		}
		if spent("n2", rpc.AppendSub(nil, true, "u")) {
			t.Error("a frame without messages is spent")
		}
		// A forged copy waits for the verdict, in bytes of its own.
		if late {
			forged := message(1)
			forged[len(forged)-1] ^= 1
			if !spent("n3", forged) {
				t.Error("a differing copy's frame is not spent")
			}
			clear(forged)
			for _, f := range g.r.flights.byKey {
				for _, c := range f.copies {
					if c.raw[0] == 0 {
						t.Error("a waiting copy was overwritten")
					}
				}
			}
		}
	}
}
