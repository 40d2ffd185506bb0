package gossipsub

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// der signs as a node key does.
func der(k *id.Key) func([]byte) []byte {
	return func(b []byte) []byte { return k.SignDER(sha256.Sum256(b)) }
}

// published is our message as n0 got it.
func (g *rig) published(t *testing.T, topic string) *rpc.Message {
	t.Helper()
	g.sent = nil
	if p := g.publish(topic, []byte("hi")); p.Err != nil || p.Peers != 1 {
		t.Fatalf("%+v", p)
	}
	var r rpc.RPC
	if err := r.Decode(g.sent[len(g.sent)-1].frame, rpc.DefaultLimits(1)); err != nil || len(r.Publish) != 1 {
		t.Fatalf("%v: %d messages", err, len(r.Publish))
	}
	return &r.Publish[0]
}

// What a policy puts on the wire (the table of pubsub/README "Message Signing"):
// StrictNoSign names nobody, not even the author as the reference implementation
// does.
// Rule: M5, M6
func TestWhatPoliciesPublish(t *testing.T) {
	node := nodeKey("self").Public().PeerID()
	other := nodeKey("other")
	ed := newAuthor("ed")
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecRaw, _ := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	ecID := id.PeerIDOf(id.ECDSA, ecRaw)
	ecSign := func(b []byte) []byte { d := sha256.Sum256(b); s, _ := ecdsa.SignASN1(rand.Reader, ec, d[:]); return s }
	for _, c := range []struct {
		name        string
		policy      Policy
		author      *Author
		from        id.PeerID
		signed, key bool
	}{
		{"strict", StrictSign, nil, node, true, false},
		{"none", StrictNoSign, nil, "", false, false},
		{"lax", LaxSign, nil, node, true, false},
		{"lax-none", LaxNoSign, nil, "", false, false},
		{"strict, another author", StrictSign, &Author{PeerID: other.Public().PeerID(), Sign: der(other)}, other.Public().PeerID(), true, false},
		{"strict, an author whose key is not in its ID", StrictSign, &Author{PeerID: ecID, Sign: ecSign, Key: id.MarshalPublicKey(id.ECDSA, ecRaw)}, ecID, true, true},
		{"strict, an Ed25519 author", StrictSign, &Author{PeerID: ed.pid, Sign: func(b []byte) []byte { return ed25519.Sign(ed.key, b) }}, ed.pid, true, false},
		{"lax-none with an author", LaxNoSign, &Author{PeerID: node}, node, false, false},
	} {
		g := newRig(t, nil)
		g.ups(1, Meshsub11, "t")
		g.join("t", TopicConfig{Sign: &c.policy, Author: c.author})
		m := g.published(t, "t")
		if id.PeerID(m.From) != c.from || (m.Seqno != nil) != (c.from != "") || (m.Signature != nil) != c.signed || (m.Key != nil) != c.key {
			t.Errorf("%s: from %x, seqno %x, signature %x, key %x", c.name, m.From, m.Seqno, m.Signature, m.Key)
		}
		if c.signed && !genuine(m) {
			t.Errorf("%s: not genuine", c.name)
		}
		if why := c.policy.check(m); why != "" {
			t.Errorf("%s: its own policy says %s", c.name, why)
		}
		g.recv("n0", m.Frame)
		if c.from != "" && g.counted("reject") != 0 {
			t.Errorf("%s: our own echo is known and was rejected", c.name)
		}
	}
}

// A message that names us and that we did not publish is rejected and costs its
// sender, whoever our messages name.
// Rule: M10
func TestSelfOriginated(t *testing.T) {
	a := newAuthor("author")
	for _, c := range []struct {
		name   string
		author *Author
	}{{"node", nil}, {"topic's author", &Author{PeerID: a.pid, Sign: der(nodeKey("x"))}}} {
		g := newRig(t, func(c *Config) { c.Score = new(score.DefaultConfig()) })
		sign := StrictSign
		g.join("t", TopicConfig{Sign: &sign, Author: c.author})
		g.ups(1, Meshsub11, "t")
		raw := a.message("t", 7, []byte("hi"))
		if c.author == nil {
			key := nodeKey("self")
			m := rpc.Message{From: []byte(key.Public().PeerID()), Data: []byte("hi"), Seqno: make([]byte, 8), Topic: []byte("t")}
			m.Signature = der(key)(signedBytes(rpc.AppendMessage(nil, &m, false)))
			raw = rpc.AppendMessage(nil, &m, false)
		}
		g.recv("n0", rpc.AppendPublish(nil, raw))
		p, _ := g.r.peers.Get(g.id("n0"))
		if len(g.got) != 0 || g.r.stats.Rejected[0].Why != whySelf || g.r.standing(p) >= 0 {
			t.Errorf("%s: %d delivered, %+v, standing %v", c.name, len(g.got), g.r.stats.Rejected, g.r.standing(p))
		}
	}
}

func TestAuthorsThatCannotWork(t *testing.T) {
	strict, none := StrictSign, StrictNoSign
	a := newAuthor("a")
	g := newRig(t, func(c *Config) { c.Signer = nil })
	for name, tc := range map[string]TopicConfig{
		"signed without a signer":        {Sign: &strict},
		"author without a signer":        {Sign: &strict, Author: &Author{PeerID: a.pid}},
		"author where none may be named": {Sign: &none, Author: &Author{PeerID: a.pid}},
		"author of no form":              {Sign: &strict, Author: &Author{PeerID: "x", Sign: der(nodeKey("x"))}},
		"author with another's key": {Sign: &strict, Author: &Author{PeerID: id.PeerIDOf(id.RSA, make([]byte, 300)), Sign: der(nodeKey("x")),
			Key: id.MarshalPublicKey(id.RSA, make([]byte, 299))}},
	} {
		if err := g.r.Join(g.now, "t", tc); !errors.Is(err, ErrConfig) && !errors.Is(err, ErrNoSigner) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The signature covers the bytes that are forwarded, and these are canonical. A
// message whose fields came in another order is forwarded in order; one that was
// signed out of order is refused, because everybody else would refuse it too, and
// blame us.
// Rule: W7
func TestVerifiedIsWhatIsForwarded(t *testing.T) {
	a := newAuthor("author")
	field := func(n byte, v []byte) []byte { return append([]byte{n<<3 | 2, byte(len(v))}, v...) }
	seqno := binary.BigEndian.AppendUint64(nil, 7)
	inOrder := rpc.AppendMessage(nil, &rpc.Message{From: []byte(a.pid), Data: []byte("hi"), Seqno: seqno, Topic: []byte("t")}, false)
	var shuffled []byte
	for _, f := range [][]byte{field(4, []byte("t")), field(2, []byte("hi")), field(1, []byte(a.pid)), field(3, seqno)} {
		shuffled = append(shuffled, f...)
	}
	junk := []byte{0x3a, 2, 'x', 'y'}
	sign := func(raw []byte) []byte { return a.sign(raw) }
	for _, c := range []struct {
		name      string
		raw       []byte
		delivered int
	}{
		{"shuffled, signed in order", append(shuffled[:len(shuffled):len(shuffled)], field(5, sign(inOrder))...), 1},
		{"shuffled, signed as it is", append(shuffled[:len(shuffled):len(shuffled)], field(5, sign(shuffled))...), 0},
		{"unknown field, signed", append(append(inOrder[:len(inOrder):len(inOrder)], junk...), field(5, sign(append(inOrder[:len(inOrder):len(inOrder)], junk...)))...), 1},
		{"unknown field added later", append(append(inOrder[:len(inOrder):len(inOrder)], junk...), field(5, sign(inOrder))...), 0},
	} {
		g := newRig(t, func(c *Config) { c.Sign = StrictSign })
		g.join("t", TopicConfig{})
		g.ups(3, Meshsub11, "t")
		g.sent = nil
		g.recv("n0", rpc.AppendPublish(nil, c.raw))
		if len(g.got) != c.delivered || len(g.sent) != 2*c.delivered {
			t.Errorf("%s: %d delivered, %d forwarded", c.name, len(g.got), len(g.sent))
			continue
		}
		for _, s := range g.sent {
			var r rpc.RPC
			if err := r.Decode(s.frame, rpc.DefaultLimits(1)); err != nil || !genuine(&r.Publish[0]) {
				t.Errorf("%s: what was forwarded is not genuine: %v", c.name, err)
			}
		}
	}
}

// A message in no topic, and one in several, which are the legacy form of the field.
// Rule: W5
func TestOddTopics(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(2, Meshsub11, "t")
	g.sent = nil
	for _, raw := range []string{"\x12\x01a", "\x12\x01b\x22\x00", "\x12\x01c\x22\x01t\x22\x01u"} {
		g.recv("n0", rpc.AppendPublish(nil, []byte(raw)))
	}
	if len(g.got) != 0 || len(g.sent) != 0 {
		t.Fatalf("%d delivered, %d sent", len(g.got), len(g.sent))
	}
	g.recv("n0", rpc.AppendPublish(nil, []byte("\x12\x01d\x22\x01u\x22\x01t"))) // the last one counts
	if len(g.got) != 1 || len(g.sent) != 1 {
		t.Fatalf("%d delivered, %d sent", len(g.got), len(g.sent))
	}
	if want := "n1 MESSAGE t \"d\""; g.said()[0] != want { // one topic, in canonical form
		t.Fatalf("not %s", want)
	}
	if err := g.r.Join(g.now, "", TopicConfig{}); err != ErrTopic {
		t.Fatal(err)
	}
}
