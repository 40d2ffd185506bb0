package gossipsub

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"testing"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

const vectorSigned = "0a2600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8" +
	"120268691a0800000000000000012201742a40" +
	"a38077cfa665c3daea54d63df03f1e7b406f479eb1f3370f7815799c21e002d697af249e3008a553a389c6721161288ee89e030897db857e7a8e504daddc060f"

// The signed reference message: Ed25519 seed 00 01 … 1f, data "hi", seqno 1, topic t.
// Rule: M1, M7
func TestSignedVector(t *testing.T) {
	raw, _ := hex.DecodeString(vectorSigned)
	var m rpc.Message
	if err := m.Decode(raw); err != nil || !genuine(&m) {
		t.Fatalf("refused: %v", err)
	}
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i)
	}
	key := ed25519.NewKeyFromSeed(seed)
	if got := ed25519.Sign(key, signedBytes(raw)); string(got) != string(m.Signature) {
		t.Fatalf("signature %x", got)
	}
	a := author{key: key, pid: id.PeerIDOf(id.Ed25519, key.Public().(ed25519.PublicKey))}
	if got := a.message("t", 1, []byte("hi")); string(got) != string(raw) {
		t.Fatalf("message %x", got)
	}
	for i := range raw { // no bit of it may change
		bad := append([]byte(nil), raw...)
		bad[i] ^= 1
		var m rpc.Message
		if m.Decode(bad) == nil && m.Canonical && genuine(&m) {
			t.Fatalf("byte %d changed and still genuine", i)
		}
	}
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.join("t", TopicConfig{})
	g.up("n1", Meshsub11, false)
	g.recv("n1", rpc.AppendPublish(nil, raw))
	if len(g.got) != 1 || g.got[0].From != a.pid || g.got[0].ID != string(a.pid)+"\x00\x00\x00\x00\x00\x00\x00\x01" {
		t.Fatalf("delivered %+v", g.got)
	}
}

func signWith(t *testing.T, typ id.KeyType, raw []byte, inline bool, sign func(signed []byte) []byte) *rpc.Message {
	t.Helper()
	m := &rpc.Message{From: []byte(id.PeerIDOf(typ, raw)), Data: []byte("hi"), Seqno: make([]byte, 8), Topic: []byte("t")}
	m.Signature = sign(signedBytes(rpc.AppendMessage(nil, m, false)))
	if !inline {
		m.Key = id.MarshalPublicKey(typ, raw)
	}
	m.Raw = rpc.AppendMessage(nil, m, false)
	return m
}

// Rule: M8
func TestEveryKindOfAuthorKey(t *testing.T) {
	ed := newAuthor("ed")
	node := nodeKey("secp")
	pub := node.Public()
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecRaw, _ := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsRaw, _ := x509.MarshalPKIXPublicKey(&rs.PublicKey)
	edSign := func(b []byte) []byte { return ed25519.Sign(ed.key, b) }
	ecSign := func(b []byte) []byte {
		sum := sha256.Sum256(b)
		s, _ := ecdsa.SignASN1(rand.Reader, ec, sum[:])
		return s
	}
	rsSign := func(b []byte) []byte {
		sum := sha256.Sum256(b)
		s, _ := rsa.SignPKCS1v15(rand.Reader, rs, crypto.SHA256, sum[:])
		return s
	}
	secpSign := func(b []byte) []byte { return node.SignDER(sha256.Sum256(b)) }
	edRaw := []byte(ed.key.Public().(ed25519.PublicKey))
	for name, m := range map[string]*rpc.Message{
		"ed25519 inlined":   signWith(t, id.Ed25519, edRaw, true, edSign),
		"ed25519 with key":  signWith(t, id.Ed25519, edRaw, false, edSign),
		"secp256k1 inlined": signWith(t, id.Secp256k1, pub[:], true, secpSign),
		"ecdsa":             signWith(t, id.ECDSA, ecRaw, false, ecSign),
		"rsa":               signWith(t, id.RSA, rsRaw, false, rsSign),
	} {
		if !genuine(m) {
			t.Errorf("%s: refused", name)
		}
		m.Signature[len(m.Signature)-1] ^= 1
		if genuine(m) {
			t.Errorf("%s: broken signature accepted", name)
		}
	}
	for name, m := range map[string]*rpc.Message{
		"rsa without its key": signWith(t, id.RSA, rsRaw, true, rsSign),
		"key of another author": func() *rpc.Message {
			m := signWith(t, id.Ed25519, edRaw, true, edSign)
			m.Key = id.MarshalPublicKey(id.ECDSA, ecRaw)
			return m
		}(),
		"signed by another, who brings his own key": func() *rpc.Message {
			m := signWith(t, id.ECDSA, ecRaw, false, ecSign)
			m.From = []byte(ed.pid)
			m.Signature = ecSign(signedBytes(rpc.AppendMessage(nil, &rpc.Message{From: m.From, Data: m.Data, Seqno: m.Seqno, Topic: m.Topic}, false)))
			m.Raw = rpc.AppendMessage(nil, m, false)
			return m
		}(),
		"malformed key":      func() *rpc.Message { m := signWith(t, id.Ed25519, edRaw, true, edSign); m.Key = []byte{1}; return m }(),
		"empty key":          func() *rpc.Message { m := signWith(t, id.Ed25519, edRaw, true, edSign); m.Key = []byte{}; return m }(),
		"ecdsa garbage":      signWith(t, id.ECDSA, []byte("no key"), false, ecSign),
		"rsa key said ecdsa": signWith(t, id.ECDSA, rsRaw, false, rsSign),
	} {
		if genuine(m) {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What the node signs, others accept: 39-byte author, DER signature, rising seqno.
// Rule: M2
func TestOwnMessagesAreSigned(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.up("n1", Meshsub11, false)
	g.recv("n1", rpc.AppendSub(nil, true, "t"))
	g.join("t", TopicConfig{})
	last := ""
	for range 3 {
		g.sent = nil
		if p := g.publish("t", []byte("hi")); p.Err != nil || p.Peers != 1 {
			t.Fatalf("%+v", p)
		}
		var r rpc.RPC
		if err := r.Decode(g.sent[0].frame, rpc.DefaultLimits(1)); err != nil || len(r.Publish) != 1 {
			t.Fatal(err)
		}
		m := &r.Publish[0]
		if !m.Canonical || m.Key != nil || len(m.From) != 39 || len(m.Seqno) != 8 || !genuine(m) || string(m.Seqno) <= last {
			t.Fatalf("bad own message %x", m.Raw)
		}
		last = string(m.Seqno)
	}
	if len(g.got) != 3 || !g.got[0].Local || !g.got[0].Via.IsZero() {
		t.Fatalf("own deliveries %+v", g.got)
	}
}

// Rule: M3, M4, M5, M6, V7
func TestPolicyTable(t *testing.T) {
	a := newAuthor("author")
	good := func() *rpc.Message {
		var m rpc.Message
		_ = m.Decode(a.message("t", 7, []byte("hi")))
		return &m
	}
	edit := func(f func(*rpc.Message)) *rpc.Message { m := good(); f(m); return m }
	bare := &rpc.Message{Data: []byte("hi"), Topic: []byte("t")}
	for _, c := range []struct {
		name   string
		policy Policy
		m      *rpc.Message
		why    string // of the reject event; empty means delivered
	}{
		{"signed", StrictSign, good(), ""},
		{"unsigned where signed", StrictSign, bare, whyMissing},
		{"no signature", StrictSign, edit(func(m *rpc.Message) { m.Signature = nil }), whyMissing},
		{"no seqno", StrictSign, edit(func(m *rpc.Message) { m.Seqno = nil }), whyMissing},
		{"seqno of 7 bytes", StrictSign, edit(func(m *rpc.Message) { m.Seqno = m.Seqno[:7] }), whyMissing},
		{"seqno of 9 bytes", StrictSign, edit(func(m *rpc.Message) { m.Seqno = make([]byte, 9) }), whyMissing},
		{"author of no form", StrictSign, edit(func(m *rpc.Message) { m.From = []byte("xx") }), whyMissing},
		{"other data", StrictSign, edit(func(m *rpc.Message) { m.Data = []byte("ho") }), whyInvalid},
		{"broken signature", StrictSign, edit(func(m *rpc.Message) { m.Signature = make([]byte, 64) }), whyInvalid},
		{"self", StrictSign, edit(func(m *rpc.Message) { m.From = []byte(nodeKey("self").Public().PeerID()) }), whySelf},
		{"unsigned", StrictNoSign, bare, ""},
		{"no data at all", StrictNoSign, &rpc.Message{Topic: []byte("t")}, ""},
		{"signed where unsigned", StrictNoSign, good(), whyUnwanted},
		{"empty signature", StrictNoSign, &rpc.Message{Data: []byte("hi"), Topic: []byte("t"), Signature: []byte{}}, whyUnwanted},
		{"empty author", StrictNoSign, &rpc.Message{From: []byte{}, Data: []byte("hi"), Topic: []byte("t")}, whyUnexpected},
		{"seqno only", StrictNoSign, &rpc.Message{Seqno: make([]byte, 8), Data: []byte("hi"), Topic: []byte("t")}, whyUnexpected},
		{"key only", StrictNoSign, &rpc.Message{Key: []byte{}, Data: []byte("hi"), Topic: []byte("t")}, whyUnexpected},
		{"lax: signed", LaxSign, good(), ""},
		{"lax: unsigned", LaxSign, bare, ""},
		{"lax: unsigned with author and seqno", LaxSign, edit(func(m *rpc.Message) { m.Signature = nil }), ""},
		{"lax: unsigned with author alone", LaxSign, edit(func(m *rpc.Message) { m.Signature, m.Seqno = nil, nil }), ""},
		{"lax: broken signature", LaxSign, edit(func(m *rpc.Message) { m.Signature = make([]byte, 64) }), whyInvalid},
		{"lax: empty signature", LaxSign, edit(func(m *rpc.Message) { m.Signature = []byte{} }), whyInvalid},
		{"lax: signed without author", LaxSign, edit(func(m *rpc.Message) { m.From = nil }), whyInvalid},
		{"lax: signed without seqno", LaxSign, edit(func(m *rpc.Message) { m.Seqno = nil }), whyInvalid},
		{"lax: seqno of 7 bytes", LaxSign, edit(func(m *rpc.Message) { m.Signature, m.Seqno = nil, m.Seqno[:7] }), whyUnexpected},
		{"lax: author of no form", LaxSign, edit(func(m *rpc.Message) { m.Signature, m.From = nil, []byte("xx") }), whyUnexpected},
		{"lax: self, unsigned", LaxSign, edit(func(m *rpc.Message) {
			m.Signature, m.From = nil, []byte(nodeKey("self").Public().PeerID())
		}), whySelf},
		{"lax without signing: signed", LaxNoSign, good(), ""},
		{"lax without signing: unsigned", LaxNoSign, bare, ""},
		{"lax without signing: broken", LaxNoSign, edit(func(m *rpc.Message) { m.Data = []byte("ho") }), whyInvalid},
		{"too large", StrictNoSign, &rpc.Message{Data: make([]byte, 101), Topic: []byte("t")}, whyLarge},
	} {
		g := newRig(t, nil)
		g.join("t", TopicConfig{Sign: &c.policy, BytesMax: 100})
		g.up("n1", Meshsub11, false)
		m := *c.m
		m.Raw = nil
		g.recv("n1", rpc.AppendPublish(nil, rpc.AppendMessage(nil, &m, false)))
		why := ""
		for _, e := range g.events {
			if e.Kind == "reject" {
				why = e.Err
			}
		}
		if why != c.why || (len(g.got) == 1) != (c.why == "") {
			t.Errorf("%s: %d delivered, rejected %q, want %q", c.name, len(g.got), why, c.why)
		}
	}
}

// A bogus copy that comes first must not censor the real message.
// Rule: M9
func TestBogusCopyDoesNotCensor(t *testing.T) {
	a := newAuthor("author")
	real := a.message("t", 1, []byte("real"))
	var m rpc.Message
	_ = m.Decode(real)
	m.Data, m.Raw = []byte("fake"), nil
	fake := rpc.AppendMessage(nil, &m, false)

	for _, late := range []bool{false, true} {
		g := newRig(t, func(c *Config) { c.Sign = StrictSign })
		g.join("t", TopicConfig{})
		g.ups(3, Meshsub11, "t")
		g.late = late
		g.recv("n0", rpc.AppendPublish(nil, fake))
		g.recv("n0", rpc.AppendPublish(nil, fake))
		g.recv("n1", rpc.AppendPublish(nil, real))
		for len(g.jobs) > 0 {
			do := g.jobs[0]
			g.jobs = g.jobs[1:]
			g.take(do())
		}
		if len(g.got) != 1 || string(g.got[0].Data) != "real" || g.got[0].Via != g.id("n1") {
			t.Fatalf("late %v: delivered %+v", late, g.got)
		}
	}
}

// Copies that come during the check are neither checked nor delivered again, and
// their senders get no copy of ours.
// Rule: M9, F3
func TestCopiesWaitForTheVerdict(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.join("t", TopicConfig{})
	g.ups(5, Meshsub11, "t")
	g.late = true
	g.said()
	frame := rpc.AppendPublish(nil, newAuthor("author").message("t", 1, []byte("x")))
	for _, n := range []string{"n0", "n1", "n2", "n1"} {
		g.recv(n, frame)
	}
	if len(g.jobs) != 1 {
		t.Fatalf("%d jobs", len(g.jobs))
	}
	g.take(g.jobs[0]())
	said := g.said()
	if len(g.got) != 1 || count(said, "MESSAGE") != 2 || count(said, "n3 MESSAGE")+count(said, "n4 MESSAGE") != 2 {
		t.Fatalf("delivered %d, said %q", len(g.got), said)
	}
	g.recv("n3", frame)
	if len(g.got) != 1 {
		t.Fatal("delivered again")
	}
}
