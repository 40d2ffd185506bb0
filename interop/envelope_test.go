package interop

import (
	"fmt"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/record"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
	"github.com/ropewalk/ropewalk/link"
)

// ownRecord is a host's signed record of itself.
func ownRecord(t *testing.T, x *theirs) (raw []byte) {
	t.Helper()
	rig.Until(t, x.label+" has signed its addresses", func() string {
		book, _ := peerstore.GetCertifiedAddrBook(x.host.Peerstore())
		env := book.GetPeerRecord(x.host.ID())
		if env == nil {
			return "no record"
		}
		var err error
		if raw, err = env.Marshal(); err != nil {
			t.Fatal(err)
		}
		if r, err := envelope.Open(raw); err != nil || len(r.Addrs) == 0 {
			return fmt.Sprintf("%v, %v", r, err)
		}
		return ""
	})
	return raw
}

// TestEnvelopes: signed records of keys of each kind that they make we read, and
// ours they read.
// Rule: X8
func TestEnvelopes(t *testing.T) {
	where := []string{"/ip4/1.2.3.4/tcp/4001", "/ip6/2001:db8::1/udp/4001/quic-v1", "/dns4/rope.example/tcp/443"}
	for kind, name := range map[int]string{crypto.Ed25519: "Ed25519", crypto.Secp256k1: "secp256k1", crypto.ECDSA: "ECDSA", crypto.RSA: "RSA"} {
		key := newKey(t, kind)
		who, err := peer.IDFromPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		theirs := &peer.PeerRecord{PeerID: who, Seq: 7}
		for _, a := range where {
			theirs.Addrs = append(theirs.Addrs, ma.StringCast(a))
		}
		sealed, err := record.Seal(theirs, key)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := sealed.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := envelope.Open(raw)
		if err != nil || got.Peer != id.PeerID(who) || got.Seq != 7 || len(got.Addrs) != 3 || got.Addrs[0].Bare().String() != where[0] {
			t.Errorf("%s: we read %+v, %v", name, got, err)
		}
	}

	key, err := id.KeyFromBytes(append(make([]byte, 31), 5))
	if err != nil {
		t.Fatal(err)
	}
	ours := envelope.Record{Seq: 9}
	for _, a := range where {
		ours.Addrs = append(ours.Addrs, link.MustAddr(a))
	}
	_, read, err := record.ConsumeEnvelope(envelope.Seal(key, ours), peer.PeerRecordEnvelopeDomain)
	if err != nil {
		t.Fatal(err)
	}
	rec, ok := read.(*peer.PeerRecord)
	if !ok || id.PeerID(rec.PeerID) != key.Public().PeerID() || rec.Seq != 9 {
		t.Fatalf("they read %+v", read)
	}
	var text []string
	for _, a := range rec.Addrs {
		text = append(text, a.String())
	}
	if !slices.Equal(text, where) {
		t.Errorf("they read the addresses %q", text)
	}
}
