package wire

import (
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

func benchPair(b *testing.B) (out, in *Session, mask *Mask) {
	out, in, _, bID := pair(Real, Keys{})
	return out, in, Real.Mask(bID)
}

// BenchmarkSeal makes a TALKREQ of 32 bytes and a packet of it.
func BenchmarkSeal(b *testing.B) {
	out, _, _ := benchPair(b)
	rng := testRand(1)
	packet, text, body := make([]byte, 0, PacketMax), make([]byte, 0, PacketMax), make([]byte, 32)
	proto := []byte("utp")
	b.ReportAllocs()
	for b.Loop() {
		text = AppendTalkReq(text[:0], NumberedID(1), proto, body)
		packet, _, _ = out.Seal(packet[:0], rng, text)
	}
}

// BenchmarkOpen reads such a packet.
func BenchmarkOpen(b *testing.B) {
	out, in, mask := benchPair(b)
	packet, _, _ := out.Seal(nil, testRand(1), AppendTalkReq(nil, NumberedID(1), []byte("utp"), make([]byte, 32)))
	text := make([]byte, 0, PacketMax)
	var p Packet
	var m Message
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decode(packet, mask); err != nil {
			b.Fatal(err)
		}
		text, err := in.Open(text[:0], &p)
		if err != nil || m.Decode(text) != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefuse looks at a packet that is not for us.
func BenchmarkRefuse(b *testing.B) {
	out, _, _ := benchPair(b)
	packet, _, _ := out.Seal(nil, testRand(1), make([]byte, 64))
	var p Packet
	other := Real.Mask(id.ID{7})
	b.ReportAllocs()
	for b.Loop() {
		if p.Decode(packet, other) == nil {
			b.Fatal("taken")
		}
	}
}

func BenchmarkWhoareyou(b *testing.B) {
	rng, to := testRand(1), testKey(b, 1).ID()
	packet := make([]byte, 0, PacketMax)
	b.ReportAllocs()
	for b.Loop() {
		packet, _ = AppendWhoareyou(packet[:0], rng, Real.Mask(to), Nonce{}, 0)
	}
}

func BenchmarkInitiate(b *testing.B) {
	k, peer := testKey(b, 1), testKey(b, 2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Real.Initiate(k, peer.ID(), peer.Public(), Challenge{}, [32]byte{1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRespond(b *testing.B) {
	k, peer := testKey(b, 1), testKey(b, 2)
	in, _ := Real.Initiate(k, peer.ID(), peer.Public(), Challenge{}, [32]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Real.Respond(peer, k.ID(), k.Public(), Challenge{}, in.Signature, in.Ephemeral); err != nil {
			b.Fatal(err)
		}
	}
}
