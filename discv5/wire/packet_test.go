package wire

import (
	"bytes"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

// rawPacket is a packet with any header, authdata of auth bytes that claims to have
// claimed, and sealed bytes after it.
func rawPacket(to *Mask, flag Flag, claimed, auth, sealed int, edit func(auth []byte)) []byte {
	b := appendHead(nil, [16]byte{1}, flag, Nonce{2}, claimed)
	b = append(b, make([]byte, auth)...)
	if edit != nil {
		edit(b[ivBytes+staticBytes:])
	}
	to.apply(b[ivBytes:], b[ivBytes:], b[:ivBytes], 0)
	return append(b, make([]byte, sealed)...)
}

func v4Sizes(auth []byte) { auth[32], auth[33] = signatureBytes, ephemeralBytes }

// Sizes and parts of headers, at both sides of each bound.
func TestHeaderSizes(t *testing.T) {
	mask := Real.Mask(id.ID{2})
	for _, c := range []struct {
		what                  string
		flag                  Flag
		claimed, auth, sealed int
		edit                  func([]byte)
		want                  error
	}{
		{"message", FlagMessage, 32, 32, 17, nil, nil},
		{"message, the longest", FlagMessage, 32, 32, 1209, nil, nil},
		{"message, too long", FlagMessage, 32, 32, 1210, nil, ErrSize},
		{"message of nothing", FlagMessage, 32, 32, 16, nil, ErrHeader},
		{"message, authdata short", FlagMessage, 31, 31, 20, nil, ErrHeader},
		{"message, authdata long", FlagMessage, 33, 33, 20, nil, ErrHeader},
		{"message, authdata beyond the packet", FlagMessage, 65535, 32, 20, nil, ErrHeader},
		{"WHOAREYOU", FlagWhoareyou, 24, 24, 0, nil, nil},
		{"WHOAREYOU with a message", FlagWhoareyou, 24, 24, 17, nil, ErrHeader},
		{"WHOAREYOU, a byte more", FlagWhoareyou, 24, 24, 1, nil, ErrHeader},
		{"WHOAREYOU, authdata long", FlagWhoareyou, 25, 25, 0, nil, ErrHeader},
		{"WHOAREYOU, a byte less", FlagWhoareyou, 24, 23, 0, nil, ErrSize},
		{"handshake", FlagHandshake, 131, 131, 17, v4Sizes, nil},
		{"handshake, the longest record", FlagHandshake, 431, 431, 17, v4Sizes, nil},
		{"handshake, record too long", FlagHandshake, 432, 432, 17, v4Sizes, ErrHeader},
		{"handshake, the end of the packet", FlagHandshake, 1241, 1224, 17, v4Sizes, ErrHeader},
		{"handshake of nothing", FlagHandshake, 131, 131, 16, v4Sizes, ErrHeader},
		{"handshake, key cut short", FlagHandshake, 130, 130, 20, v4Sizes, ErrHeader},
		{"handshake, sizes 0", FlagHandshake, 131, 131, 17, nil, ErrHeader},
		{"handshake, signature of 65", FlagHandshake, 131, 131, 17, func(a []byte) { v4Sizes(a); a[32]++ }, ErrHeader},
		{"handshake, key of 32", FlagHandshake, 131, 131, 17, func(a []byte) { v4Sizes(a); a[33]-- }, ErrHeader},
		{"flag 3", 3, 32, 32, 17, nil, ErrHeader},
		{"flag 255", 255, 32, 32, 17, nil, ErrHeader},
	} {
		var p Packet
		if got := p.Decode(rawPacket(mask, c.flag, c.claimed, c.auth, c.sealed, c.edit), mask); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestHeaderProtocol(t *testing.T) {
	mask := Real.Mask(id.ID{2})
	good := rawPacket(mask, FlagMessage, 32, 32, 20, nil)
	var p Packet
	if err := p.Decode(good, mask); err != nil {
		t.Fatal(err)
	}
	for i := range len(protocol) {
		b := bytes.Clone(good)
		b[ivBytes+i] ^= 2
		if err := p.Decode(b, mask); err != ErrProtocol {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for _, n := range []int{0, 1, 16, 47, 62} {
		if err := p.Decode(good[:n], mask); err != ErrSize {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// A clone keeps what the packet said when the packet is written over.
func TestClone(t *testing.T) {
	mask := Real.Mask(id.ID{2})
	packet := rawPacket(mask, FlagHandshake, 231, 231, 20, func(a []byte) {
		v4Sizes(a)
		copy(a[131:], bytes.Repeat([]byte{5}, 100))
	})
	var p Packet
	if err := p.Decode(packet, mask); err != nil {
		t.Fatal(err)
	}
	c := p.Clone()
	clear(packet)
	if err := p.Decode(rawPacket(mask, FlagHandshake, 231, 231, 20, v4Sizes), mask); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.Record, bytes.Repeat([]byte{5}, 100)) || !bytes.HasSuffix(c.Head(), c.Record) {
		t.Errorf("record of the clone: %x", c.Record)
	}
}
