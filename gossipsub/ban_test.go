package gossipsub

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// What a banned peer sends, and what a banned author wrote, is dropped until the
// ban ends, and costs nobody who passes it on.
// Rule: V6
func TestBan(t *testing.T) {
	g := newRig(t, func(c *Config) { penalties(c); c.Sign = StrictSign })
	g.join("t", TopicConfig{})
	g.ups(3, Meshsub11, "t")
	bad, good := newAuthor("bad"), newAuthor("good")
	seqno := uint64(0)
	try := func(via string, a author) bool {
		seqno++
		n := len(g.got)
		g.recv(via, rpc.AppendPublish(nil, a.message("t", seqno, []byte("hi"))))
		return len(g.got) > n
	}
	g.r.Ban(g.now, bad.id, g.now.Add(time.Minute))
	g.r.Ban(g.now, g.id("n1"), g.now.Add(time.Hour))
	if try("n0", bad) || !try("n0", good) || try("n1", good) {
		t.Fatal("a ban is not obeyed, or hits others")
	}
	if p, _ := g.r.peers.Get(g.id("n0")); g.r.standing(p) < 0 {
		t.Fatal("passing on what a banned author wrote cost the peer")
	}
	g.run(time.Minute)
	if !try("n0", bad) || try("n1", good) {
		t.Fatal("a ban does not end when it should")
	}
	if !g.r.Unban(g.now, g.id("n1")) || g.r.Unban(g.now, g.id("n1")) || !try("n1", good) {
		t.Fatal("Unban")
	}
}

// Rule: V6
func TestBansAreBounded(t *testing.T) {
	g := newRig(t, nil)
	name := func(i int) (out id.ID) { binary.BigEndian.PutUint32(out[:], uint32(i+1)); return out }
	for i := range bansMax + 10 {
		g.r.Ban(g.now, name(i), g.now.Add(time.Hour+time.Duration(i)*time.Second))
	}
	if n := g.r.bans.Len(); n != bansMax || g.r.banned(g.now, name(9)) || !g.r.banned(g.now, name(10)) {
		t.Fatalf("%d bans", n)
	}
	g.now = g.now.Add(24 * time.Hour)
	g.r.Ban(g.now, name(0), g.now.Add(time.Hour))
	if n := g.r.bans.Len(); n != 1 {
		t.Fatalf("%d bans a day later", n)
	}
}

// The filter keeps topics out from both sides, and what peers say of them costs
// nothing.
// Rule: T5
func TestFilter(t *testing.T) {
	g := newRig(t, func(c *Config) { penalties(c); c.Filter = AllowTopics("t", "u") })
	g.ups(1, Meshsub11, "t", "other", "u")
	if n := len(g.r.Topics()); n != 2 {
		t.Fatalf("%d topics known", n)
	}
	if err := g.r.Join(g.now, "other", TopicConfig{}); err != ErrFiltered || len(g.said()) != 0 {
		t.Fatalf("joined: %v", err)
	}
	g.join("t", TopicConfig{})
	if p, _ := g.r.peers.Get(g.id("n0")); g.r.standing(p) < 0 || g.counted("penalty") != 0 {
		t.Fatal("a foreign topic cost the peer")
	}
}
