package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math/rand/v2"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

func testKey(t testing.TB, n byte) *id.Key {
	t.Helper()
	k, err := id.KeyFromBytes(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testRand(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, n)) }

// pair is a session from both ends.
func pair(suite Suite, keys Keys) (a, b *Session, aID, bID id.ID) {
	aID, bID = id.ID{1}, id.ID{2}
	return suite.Session(keys, aID, bID, true), suite.Session(keys, bID, aID, false), aID, bID
}

// The stream of a mask is AES-CTR's, whatever the counter begins with and wherever
// one begins to read.
func TestMaskStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		node := id.ID(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "node"))
		iv := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "iv")
		if ones := rapid.IntRange(0, 16).Draw(t, "ones"); ones > 0 { // so that it carries
			copy(iv[16-ones:], bytes.Repeat([]byte{0xff}, ones))
		}
		text := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "text")
		block, _ := aes.NewCipher(node[:16])
		want := make([]byte, len(text))
		cipher.NewCTR(block, iv).XORKeyStream(want, text)
		got := make([]byte, len(text))
		mask := Real.Mask(node)
		mask.apply(got, text, iv, 0)
		if !bytes.Equal(got, want) {
			t.Fatalf("%x, want %x", got, want)
		}
		at := rapid.IntRange(0, len(text)/16).Draw(t, "at")
		clear(got)
		mask.apply(got[16*at:], text[16*at:], iv, uint64(at))
		if !bytes.Equal(got[16*at:], want[16*at:]) {
			t.Fatalf("from block %d: %x, want %x", at, got[16*at:], want[16*at:])
		}
	})
}

// Both ends say all kinds of messages to each other and to themselves, in both suites.
func TestSessionRoundTrip(t *testing.T) {
	for _, suite := range []Suite{Real, Plain} {
		a, b, aID, bID := pair(suite, Keys{Initiator: [16]byte{1}, Recipient: [16]byte{2}})
		aMask, bMask := suite.Mask(aID), suite.Mask(bID)
		rng := testRand(1)
		var p Packet
		rapid.Check(t, func(t *rapid.T) {
			m := drawMessage(t)
			text := m.text()
			prefix := []byte("before")
			out, nonce, err := a.Seal(prefix, rng, text)
			if len(text) > PlaintextMax {
				if err != ErrTooLarge || len(out) != len(prefix) {
					t.Fatalf("%d bytes of text: %v", len(text), err)
				}
				return
			}
			if err != nil || !bytes.HasPrefix(out, prefix) {
				t.Fatal(err)
			}
			packet := out[len(prefix):]
			before := bytes.Clone(packet)
			if err := p.Decode(packet, bMask); err != nil || p.Src != aID || p.Nonce != nonce || p.Flag != FlagMessage {
				t.Fatalf("%+v, %v", p, err)
			}
			got, err := b.Open(nil, &p)
			if err != nil || !bytes.Equal(got, text) || !bytes.Equal(before, packet) {
				t.Fatalf("%x, %v", got, err)
			}
			if _, err := a.Open(nil, &p); err != ErrSealed {
				t.Fatal("a reads what it sealed itself:", err)
			}
			c := p.Clone()
			clear(packet)
			if got, err := b.Open(nil, c); err != nil || !bytes.Equal(got, text) {
				t.Fatal("a clone does not open:", err)
			}
			back, _, err := b.Seal(nil, rng, text)
			if err != nil || p.Decode(back, aMask) != nil {
				t.Fatal(err)
			}
			if p.Decode(back, bMask) != ErrProtocol {
				t.Fatal("b reads what is for a")
			}
		})
	}
}

// A whole handshake: an unreadable packet, WHOAREYOU, the answer with a record and
// without, and a message each way. In both suites, and refused across them.
func TestHandshake(t *testing.T) {
	a, b := testKey(t, 1), testKey(t, 2)
	for _, suite := range []Suite{Real, Plain} {
		rng := testRand(3)
		var p Packet
		aMask, bMask := suite.Mask(a.ID()), suite.Mask(b.ID())
		first, nonce := AppendRandom(nil, rng, a.ID(), bMask)
		if err := p.Decode(first, bMask); err != nil || p.Src != a.ID() || p.Nonce != nonce || len(first) < PacketMin {
			t.Fatal(err)
		}
		asked, challenge := AppendWhoareyou(nil, rng, aMask, p.Nonce, 7)
		if err := p.Decode(asked, aMask); err != nil || p.Challenge() != challenge || p.Seq != 7 || len(asked) > len(first) {
			t.Fatalf("%+v, %v, %d bytes", p, err, len(asked))
		}
		in, err := suite.Initiate(a, b.ID(), b.Public(), p.Challenge(), [32]byte{9})
		if err != nil {
			t.Fatal(err)
		}
		as := suite.Session(in.Keys, a.ID(), b.ID(), true)
		for _, record := range [][]byte{nil, make([]byte, 120), make([]byte, RecordMax)} {
			text := make([]byte, HandshakeMax(len(record)))
			packet, _, err := as.SealHandshake(nil, rng, in, record, text)
			if err != nil || len(packet) != PacketMax {
				t.Fatal(len(packet), err)
			}
			if _, _, err := as.SealHandshake(nil, rng, in, record, append(text, 0)); err != ErrTooLarge {
				t.Fatal("one byte more:", err)
			}
			if err := p.Decode(packet, bMask); err != nil || !bytes.Equal(p.Record, record) {
				t.Fatal(err)
			}
			keys, err := suite.Respond(b, a.ID(), a.Public(), challenge, p.Signature, p.Ephemeral)
			if err != nil || keys != in.Keys {
				t.Fatal(keys, err)
			}
			bs := suite.Session(keys, b.ID(), a.ID(), false)
			c := p.Clone()
			clear(packet)
			if got, err := bs.Open(nil, c); err != nil || !bytes.Equal(got, text) || !bytes.Equal(c.Record, record) {
				t.Fatal(err)
			}
			answer, _, _ := bs.Seal(nil, rng, []byte("answer"))
			if err := p.Decode(answer, aMask); err != nil {
				t.Fatal(err)
			}
			if got, err := as.Open(nil, &p); err != nil || string(got) != "answer" {
				t.Fatal(got, err)
			}
		}
		if _, _, err := as.SealHandshake(nil, rng, in, make([]byte, RecordMax+1), nil); err != ErrTooLarge {
			t.Error("a record of 301 bytes:", err)
		}
		challenge[40]++
		if _, err := suite.Respond(b, a.ID(), a.Public(), challenge, in.Signature, in.Ephemeral); err != ErrSignature {
			t.Error("another challenge:", err)
		}
		other := Real + Plain - suite
		if p.Decode(first, other.Mask(b.ID())) == nil {
			t.Error("the other suite reads the header")
		}
	}
}

// A key that is no point agrees with nobody.
func TestWrongPoint(t *testing.T) {
	a, b := testKey(t, 1), testKey(t, 2)
	var bad id.Public
	bad[0] = 2
	copy(bad[1:], bytes.Repeat([]byte{0xff}, 32))
	for _, key := range []id.Public{bad, {}, {2, 32: 5}, {4, 32: 1}} {
		if _, err := Real.Initiate(a, b.ID(), key, Challenge{}, [32]byte{1}); err != ErrPoint {
			t.Errorf("initiate with %x: %v", key, err)
		}
		sig := a.SignDigest(proofDigest(Challenge{}, key, b.ID()))
		if _, err := Real.Respond(b, a.ID(), a.Public(), Challenge{}, sig, key); err != ErrPoint {
			t.Errorf("respond to %x: %v", key, err)
		}
	}
	if _, err := Real.Initiate(a, b.ID(), b.Public(), Challenge{}, [32]byte{}); err == nil {
		t.Error("zeros are an ephemeral key")
	}
}

// The count of what was sealed stands in the nonce and ends a session.
func TestNonce(t *testing.T) {
	a, _, _, _ := pair(Real, Keys{})
	rng := testRand(1)
	for i := range uint32(300) {
		_, nonce, err := a.Seal(nil, rng, []byte{1})
		if err != nil || uint32(nonce[0])<<24|uint32(nonce[1])<<16|uint32(nonce[2])<<8|uint32(nonce[3]) != i || a.Sent() != i+1 {
			t.Fatalf("packet %d has nonce %x, %v", i, nonce, err)
		}
	}
	a.sent = sealedMax - 1
	if _, _, err := a.Seal(nil, rng, nil); err != nil {
		t.Fatal(err)
	}
	if out, _, err := a.Seal(nil, rng, nil); err != ErrWorn || len(out) != 0 || a.Sent() != sealedMax {
		t.Error("sealed more than the keys may:", err)
	}
	if _, _, err := a.SealHandshake(nil, rng, &Initiation{}, nil, nil); err != ErrWorn {
		t.Error("sealed more than the keys may:", err)
	}
}

// An ordinary packet allocates nothing, in and out.
func TestAllocations(t *testing.T) {
	a, b, _, bID := pair(Real, Keys{})
	mask, rng := Real.Mask(bID), testRand(1)
	packet, text := make([]byte, 0, PacketMax), make([]byte, 0, PacketMax)
	body := make([]byte, 32)
	proto := []byte("utp")
	records := [][]byte{append([]byte{0xf8, 100}, make([]byte, 100)...), {0xc0}}
	var p Packet
	var m Message
	n := uint64(0)
	trip := func(text []byte) {
		var err error
		if packet, _, err = a.Seal(packet[:0], rng, text); err != nil {
			t.Fatal(err)
		}
		if err := p.Decode(packet, mask); err != nil {
			t.Fatal(err)
		}
		if text, err = b.Open(text[:0], &p); err != nil {
			t.Fatal(err)
		}
		if err := m.Decode(text); err != nil {
			t.Fatal(err)
		}
	}
	got := testing.AllocsPerRun(200, func() {
		n++
		trip(AppendPing(text[:0], NumberedID(n), n))
		trip(AppendFindNode(text[:0], NumberedID(n), []uint16{256, 255, 254}))
		trip(AppendNodes(text[:0], NumberedID(n), 1, records))
		trip(AppendTalkReq(text[:0], NumberedID(n), proto, body))
		trip(AppendTalkResp(text[:0], NumberedID(n), body))
		if p.Decode(packet[:40], mask) == nil || p.Decode(packet, a.Mask()) != nil {
			t.Fatal("refusals")
		}
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func FuzzPacket(f *testing.F) {
	v := loadVectors(f)
	mask := Real.Mask(v.key(f, "node-b-key").ID())
	plain := Plain.Mask(id.ID{2})
	for _, name := range []string{"ping", "whoareyou", "handshake", "record"} {
		// As headers in clear, so that the fuzzer gets behind the mask.
		b := v.get(f, name+".packet")
		var p Packet
		if err := p.Decode(b, mask); err != nil {
			f.Fatal(err)
		}
		f.Add(append(bytes.Clone(p.Head()), p.Sealed...))
	}
	var p Packet
	f.Fuzz(func(t *testing.T, clear []byte) {
		_ = p.Decode(clear, mask)
		for _, m := range []*Mask{mask, plain} {
			b := bytes.Clone(clear)
			if len(b) > ivBytes {
				m.apply(b[ivBytes:], b[ivBytes:], b[:ivBytes], 0)
			}
			if p.Decode(b, m) != nil {
				continue
			}
			if !bytes.Equal(p.Head(), clear[:len(p.Head())]) || len(p.Head())+len(p.Sealed) != len(b) {
				t.Fatalf("%x read as %x and %x", clear, p.Head(), p.Sealed)
			}
			if len(b) < PacketMin || len(b) > PacketMax || len(p.Record) > RecordMax || p.Flag == FlagWhoareyou && len(b) != PacketMin {
				t.Fatalf("%d bytes taken: %+v", len(b), p)
			}
		}
	})
}

// FuzzHandshake: no proof of anybody's but the signer's is taken, and no input panics.
func FuzzHandshake(f *testing.F) {
	v := loadVectors(f)
	a, b := v.key(f, "node-a-key"), v.key(f, "node-b-key")
	p := v.decode(f, "handshake.packet")
	c := v.get(f, "handshake.challenge-data")
	f.Add(c, p.Signature[:], p.Ephemeral[:])
	f.Fuzz(func(t *testing.T, challenge, signature, ephemeral []byte) {
		var ch Challenge
		var sig [64]byte
		var eph id.Public
		copy(ch[:], challenge)
		copy(sig[:], signature)
		copy(eph[:], ephemeral)
		genuine := bytes.Equal(ch[:], c) && sig == p.Signature && eph == p.Ephemeral
		if _, err := Real.Respond(b, a.ID(), a.Public(), ch, sig, eph); (err == nil) != genuine {
			t.Fatalf("%v for %x %x %x", err, ch, sig, eph)
		}
		_, _ = Real.Initiate(a, b.ID(), eph, ch, [32]byte{1})
	})
}
