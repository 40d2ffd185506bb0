package devp2p

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/crypto/ecies"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
	"github.com/ethereum/go-ethereum/rlp"
)

// silent checks that the node hangs up and has not said a byte.
func (s *speaker) silent(what string) {
	s.t.Helper()
	if b, _ := io.ReadAll(s.conn); len(b) > 0 {
		s.t.Errorf("%s: the node said %x", what, b)
	}
	s.conn.Close()
}

// TestAuthSizes: packets of every size between nothing and beyond the bound, filled
// with chance: the node hangs up and says nothing.
func TestAuthSizes(t *testing.T) {
	v := startVictim(t)
	for size := 0; size <= 2100; size++ {
		if size > 320 && size < 2040 && size%37 != 0 {
			continue // the length of what is inside is no special one
		}
		s := connect(t, v.enode)
		packet := binary.BigEndian.AppendUint16(nil, uint16(size))
		packet = append(packet, make([]byte, size)...)
		rand.Read(packet[2:])
		if size > 0 {
			packet[2] = 4
		}
		s.raw(packet)
		s.silent(fmt.Sprint("size ", size))
	}
	for _, size := range []int{4096, 1 << 15, 1<<16 - 1} {
		s := connect(t, v.enode)
		s.raw(binary.BigEndian.AppendUint16(nil, uint16(size)))
		s.silent(fmt.Sprint("size ", size))
	}
	v.unharmed()
}

// TestAuthPoints: points that are not on the curve, in each place of an auth packet
// that has one, and signatures, tags and nonces that are wrong.
func TestAuthPoints(t *testing.T) {
	v := startVictim(t)
	p := crypto.S256().Params().P
	good := crypto.FromECDSAPub(&mustKey(t).PublicKey)
	off := bytes.Clone(good)
	off[64] ^= 1
	tooLarge := append([]byte{4}, append(p.FillBytes(make([]byte, 32)), good[33:]...)...)
	points := map[string][]byte{
		"y wrong": off, "x = p": tooLarge, "zero": append([]byte{4}, make([]byte, 64)...),
		"x = p+1":    append([]byte{4}, append(new(big.Int).Add(p, big.NewInt(1)).FillBytes(make([]byte, 32)), good[33:]...)...),
		"all ones":   append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...),
		"compressed": append([]byte{2}, good[1:]...),
	}
	for name, point := range points {
		s := connect(t, v.enode)
		a, err := s.auth()
		if err != nil {
			t.Fatal(err)
		}
		copy(a.packet[2:], point)
		s.raw(a.packet)
		s.silent("ephemeral point of ECIES, " + name)

		if point[0] != 4 {
			continue // the static key has no such byte
		}
		s = connect(t, v.enode)
		s.raw(s.forged(func(sig, static, nonce []byte) { copy(static, point[1:]) }))
		s.silent("static point, " + name)
	}
	for name, change := range map[string]func(sig, static, nonce []byte){
		"signature of chance": func(sig, _, _ []byte) { rand.Read(sig[:64]) },
		"recovery number 4":   func(sig, _, _ []byte) { sig[64] = 4 },
		"recovery number 255": func(sig, _, _ []byte) { sig[64] = 255 },
		"signature of zeroes": func(sig, _, _ []byte) { clear(sig) },
	} {
		s := connect(t, v.enode)
		s.raw(s.forged(change))
		// A signature that recovers some point gives keys that nobody shares; one that
		// does not ends the handshake. Neither brings a link.
		if name == "signature of chance" {
			io.ReadAll(s.conn)
			s.conn.Close()
			continue
		}
		s.silent(name)
	}
	for at := 2; at < 2+eciesOverhead+40; at += 9 {
		s := connect(t, v.enode)
		a, err := s.auth()
		if err != nil {
			t.Fatal(err)
		}
		a.packet[len(a.packet)-1-at] ^= 0x10
		s.raw(a.packet)
		s.silent(fmt.Sprint("flipped bit ", at, " from the end"))
	}
	v.unharmed()
}

func mustKey(t *testing.T) *keyPair {
	k, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// forged is an auth packet whose plain parts were changed before it was sealed.
func (s *speaker) forged(change func(sig, static, nonce []byte)) []byte {
	s.t.Helper()
	ephemeral, nonce := mustKey(s.t), make([]byte, 32)
	rand.Read(nonce)
	shared, err := ecies.ImportECDSA(s.key).GenerateShared(ecies.ImportECDSAPublic(s.to.Pubkey()), 16, 16)
	if err != nil {
		s.t.Fatal(err)
	}
	sig, err := crypto.Sign(xor(shared, nonce), ephemeral)
	if err != nil {
		s.t.Fatal(err)
	}
	static := crypto.FromECDSAPub(&s.key.PublicKey)[1:]
	change(sig, static, nonce)
	body, err := rlp.EncodeToBytes([]any{sig, static, nonce, uint(4)})
	if err != nil {
		s.t.Fatal(err)
	}
	packet, err := s.sealed(append(body, make([]byte, 150)...))
	if err != nil {
		s.t.Fatal(err)
	}
	return packet
}

// TestForwardCompatibility: EIP-8: an auth with a higher version, more elements in the
// list and something behind it is as good as any.
func TestForwardCompatibility(t *testing.T) {
	v := startVictim(t)
	s := connect(t, v.enode)
	a, err := s.auth()
	if err != nil {
		t.Fatal(err)
	}
	shared, _ := ecies.ImportECDSA(s.key).GenerateShared(ecies.ImportECDSAPublic(s.to.Pubkey()), 16, 16)
	sig, _ := crypto.Sign(xor(shared, a.nonce), a.ephemeral)
	body := encoded(t, []any{sig, crypto.FromECDSAPub(&s.key.PublicKey)[1:], a.nonce, uint(56), []uint{1, 2}, "more"})
	if a.packet, err = s.sealed(append(body, 0x01, 0x02, 0xff)); err != nil {
		t.Fatal(err)
	}
	if err := s.finish(a); err != nil {
		t.Fatal(err)
	}
	if code, _ := s.hear(); code != codeHello {
		t.Fatalf("code %#x instead of a Hello", code)
	}
	s.conn.Close()
	v.unharmed()
}

// TestPingTool: what a tool does that wants to know who listens: shake hands, read one
// message, go. Our Hello must come unasked.
func TestPingTool(t *testing.T) {
	v := startVictim(t)
	s := connect(t, v.enode)
	c := rlpx.NewConn(s.conn, s.to.Pubkey())
	if _, err := c.Handshake(s.key); err != nil {
		t.Fatal(err)
	}
	code, data, _, err := c.Read()
	if err != nil || code != codeHello {
		t.Fatalf("code %d, %v, want a Hello", code, err)
	}
	var h hello
	if err := rlp.DecodeBytes(data, &h); err != nil {
		t.Fatal(err)
	}
	if h.Version != 5 || len(h.Caps) < 3 || !bytes.Equal(h.Key, crypto.FromECDSAPub(s.to.Pubkey())[1:]) {
		t.Errorf("hello %+v", h)
	}
	s.conn.Close()
	v.unharmed()
}
