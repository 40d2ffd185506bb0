package wire

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// vectors are those of the specification, by name.
type vectors map[string][]byte

func loadVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := vectors{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if v[name], err = hex.DecodeString(value); err != nil {
			t.Fatal(name, err)
		}
	}
	return v
}

func (v vectors) get(t testing.TB, name string) []byte {
	t.Helper()
	if len(v[name]) == 0 {
		t.Fatalf("no vector %s", name)
	}
	return v[name]
}

func (v vectors) key(t testing.TB, name string) *id.Key {
	t.Helper()
	k, err := id.KeyFromBytes(v.get(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// session is the one in which b reads what a sealed with that key.
func (v vectors) session(t testing.TB, readKey string) *Session {
	t.Helper()
	keys := Keys{Initiator: [16]byte(v.get(t, readKey))}
	return Real.Session(keys, id.ID(v.get(t, "node-b-id")), id.ID(v.get(t, "node-a-id")), false)
}

// decode reads a packet that b got.
func (v vectors) decode(t testing.TB, name string) *Packet {
	t.Helper()
	var p Packet
	if err := p.Decode(v.get(t, name), Real.Mask(v.key(t, "node-b-key").ID())); err != nil {
		t.Fatal(name, err)
	}
	return &p
}

// open reads the message in a packet.
func open(t testing.TB, s *Session, p *Packet) *Message {
	t.Helper()
	text, err := s.Open(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	var m Message
	if err := m.Decode(text); err != nil {
		t.Fatal(err)
	}
	return &m
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s\n got %x\nwant %x", what, got, want)
	}
}

func TestVectorPing(t *testing.T) {
	v := loadVectors(t)
	a := v.key(t, "node-a-key")
	aid := a.ID()
	equal(t, "node a", aid[:], v.get(t, "node-a-id"))
	p := v.decode(t, "ping.packet")
	if p.Flag != FlagMessage || p.Src != aid || p.Nonce != Nonce(v.get(t, "nonce")) {
		t.Fatalf("%+v", p)
	}
	m := open(t, v.session(t, "ping.read-key"), p)
	if id, ok := requestID([]byte{0, 0, 0, 1}); m.Kind != Ping || m.Seq != 2 || m.ID != id || !ok {
		t.Fatalf("%+v", m)
	}
	// The other way.
	s := Real.Session(Keys{}, aid, id.ID(v.get(t, "node-b-id")), true)
	b := appendHead(nil, [16]byte{}, FlagMessage, p.Nonce, messageAuthBytes)
	b = s.finish(append(b, aid[:]...), 0, AppendPing(nil, m.ID, 2))
	equal(t, "packet", b, v.get(t, "ping.packet"))
}

func TestVectorWhoareyou(t *testing.T) {
	v := loadVectors(t)
	p := v.decode(t, "whoareyou.packet")
	if p.Flag != FlagWhoareyou || p.Nonce != Nonce(v.get(t, "whoareyou.request-nonce")) || p.Seq != 0 || len(p.Sealed) != 0 {
		t.Fatalf("%+v", p)
	}
	equal(t, "id-nonce", p.IDNonce[:], v.get(t, "whoareyou.id-nonce"))
	c := p.Challenge()
	equal(t, "challenge", c[:], v.get(t, "whoareyou.challenge-data"))
	b, again := appendWhoareyou(nil, Real.Mask(id.ID(v.get(t, "node-b-id"))), [16]byte{}, p.Nonce, p.IDNonce, 0)
	equal(t, "packet", b, v.get(t, "whoareyou.packet"))
	if again != c {
		t.Error("another challenge than the receiver reads")
	}
}

func TestVectorHandshake(t *testing.T) {
	v := loadVectors(t)
	a, b := v.key(t, "node-a-key"), v.key(t, "node-b-key")
	for _, name := range []string{"handshake", "record"} {
		p := v.decode(t, name+".packet")
		c := Challenge(v.get(t, name+".challenge-data"))
		if p.Flag != FlagHandshake || p.Src != a.ID() || p.Nonce != Nonce(v.get(t, "nonce")) {
			t.Fatalf("%s: %+v", name, p)
		}
		equal(t, "ephemeral", p.Ephemeral[:], v.get(t, "handshake.ephemeral-pubkey"))
		keys, err := Real.Respond(b, a.ID(), a.Public(), c, p.Signature, p.Ephemeral)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "read key", keys.Initiator[:], v.get(t, name+".read-key"))
		m := open(t, Real.Session(keys, b.ID(), a.ID(), false), p)
		if id, _ := requestID([]byte{0, 0, 0, 1}); m.Kind != Ping || m.Seq != 1 || m.ID != id {
			t.Fatalf("%+v", m)
		}
		if (len(p.Record) > 0) != (name == "record") {
			t.Fatalf("%s: record of %d bytes", name, len(p.Record))
		}
		if name == "record" {
			rec, err := enr.Decode(p.Record)
			if err != nil || rec.ID() != a.ID() {
				t.Fatal(rec, err)
			}
		}
		in, err := Real.Initiate(a, b.ID(), b.Public(), c, [32]byte(v.get(t, "handshake.ephemeral-key")))
		if err != nil || in.Keys != keys || in.Signature != p.Signature || in.Ephemeral != p.Ephemeral {
			t.Fatalf("%s: initiated %+v, %v", name, in, err)
		}
		s := Real.Session(keys, a.ID(), b.ID(), true)
		text := AppendPing(nil, m.ID, 1)
		out := sealHandshakeAs(s, [16]byte{}, p.Nonce, in, p.Record, text)
		equal(t, name, out, v.get(t, name+".packet"))
	}
}

// sealHandshakeAs is SealHandshake with a given IV and nonce.
func sealHandshakeAs(s *Session, iv [16]byte, nonce Nonce, in *Initiation, record, text []byte) []byte {
	return s.finish(s.appendHandshake(nil, iv, nonce, in, record), 0, text)
}

func TestVectorECDH(t *testing.T) {
	v := loadVectors(t)
	got, ok := v.key(t, "ecdh.secret-key").Shared(id.Public(v.get(t, "ecdh.public-key")))
	if !ok {
		t.Fatal("refused")
	}
	equal(t, "shared secret", got[:], v.get(t, "ecdh.shared-secret"))
}

func TestVectorKeys(t *testing.T) {
	v := loadVectors(t)
	keys, err := agree(v.key(t, "kdf.ephemeral-key"), id.Public(v.get(t, "kdf.dest-pubkey")),
		Challenge(v.get(t, "whoareyou.challenge-data")), id.ID(v.get(t, "node-a-id")), id.ID(v.get(t, "node-b-id")))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "initiator", keys.Initiator[:], v.get(t, "kdf.initiator-key"))
	equal(t, "recipient", keys.Recipient[:], v.get(t, "kdf.recipient-key"))
}

func TestVectorSignature(t *testing.T) {
	v := loadVectors(t)
	key := v.key(t, "sign.static-key")
	digest := proofDigest(Challenge(v.get(t, "whoareyou.challenge-data")), id.Public(v.get(t, "sign.ephemeral-pubkey")), id.ID(v.get(t, "node-b-id")))
	sig := key.SignDigest(digest)
	equal(t, "signature", sig[:], v.get(t, "sign.id-signature"))
	if !key.Public().VerifyDigest(digest, v.get(t, "sign.id-signature")) {
		t.Error("not verified")
	}
}

func TestVectorCipher(t *testing.T) {
	v := loadVectors(t)
	aead := Real.aead([16]byte(v.get(t, "aes.encryption-key")))
	sealed := aead.Seal(nil, v.get(t, "aes.nonce"), v.get(t, "aes.pt"), v.get(t, "aes.ad"))
	equal(t, "sealed", sealed, v.get(t, "aes.message-ciphertext"))
	text, err := aead.Open(nil, v.get(t, "aes.nonce"), sealed, v.get(t, "aes.ad"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "opened", text, v.get(t, "aes.pt"))
}
