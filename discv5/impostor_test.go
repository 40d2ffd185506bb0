package discv5

import (
	"crypto/hkdf"
	"crypto/sha256"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/id"
)

// V4: who shows its own record and signature in another's name is not that one.
func TestV4Impostor(t *testing.T) {
	w := newWorld(t, 46)
	b := w.add(0, public(0))
	if err := b.Register("x"); err != nil {
		t.Fatal(err)
	}
	impostor, at := testKey(70), public(70)
	for _, victim := range []id.ID{testKey(71).ID(), impostor.ID()} {
		var who wire.Packet
		w.tap = func(_, to netip.AddrPort, p []byte) bool {
			if err := who.Decode(p, wire.Real.Mask(victim)); err != nil {
				t.Fatal(err)
			}
			return false
		}
		p, _ := wire.AppendRandom(nil, w.rng, victim, wire.Real.Mask(b.key.ID()))
		b.take(b.Packet(w.now, at, p))
		if who.Flag != wire.FlagWhoareyou {
			t.Fatal("no challenge")
		}
		w.tap = func(_, _ netip.AddrPort, p []byte) bool { return false }
		challenge, ephemeral := who.Challenge(), testKey(72)
		secret, _ := ephemeral.Shared(b.key.Public())
		self := b.key.ID()
		out, err := hkdf.Key(sha256.New, secret[:], challenge[:], "discovery v5 key agreement"+string(victim[:])+string(self[:]), 32)
		if err != nil {
			t.Fatal(err)
		}
		in := &wire.Initiation{Ephemeral: ephemeral.Public(), Keys: wire.Keys{Initiator: [16]byte(out), Recipient: [16]byte(out[16:])}}
		proof := append([]byte("discovery v5 identity proof"), challenge[:]...)
		proof = append(append(proof, in.Ephemeral[:]...), self[:]...)
		in.Signature = impostor.SignDigest(sha256.Sum256(proof))
		s := wire.Real.Session(in.Keys, victim, self, true)
		text := wire.AppendTalkReq(nil, wire.NumberedID(1), []byte("x"), []byte("it is me"))
		p, _, err = s.SealHandshake(nil, w.rng, in, testRecord(t, impostor, at, 1).Bytes(), text)
		if err != nil {
			t.Fatal(err)
		}
		b.take(b.Packet(w.now, at, p))
		w.run(3 * time.Second)
		if came, own := len(b.requests) > 0, victim == impostor.ID(); came != own {
			t.Errorf("in its own name: %v, taken: %v", own, came)
		}
	}
}
