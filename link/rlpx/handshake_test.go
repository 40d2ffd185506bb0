package rlpx

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	mrand "math/rand/v2"
	"net"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// pair is both ends of a finished handshake.
func pair(t testing.TB) (dialled, accepted *ends) {
	t.Helper()
	ka, err := id.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := id.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dialled, accepted, err = shake(ka, kb)
	if err != nil {
		t.Fatal(err)
	}
	if accepted.remote != ka.Public() || dialled.remote != kb.Public() || accepted.full != ka.Uncompressed() || dialled.full != kb.Uncompressed() {
		t.Fatal("the ends name other keys")
	}
	return dialled, accepted
}

// shake runs both sides over a pipe.
func shake(ka, kb *id.Key) (dialled, accepted *ends, err error) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan error, 1)
	go func() {
		var err error
		accepted, err = respond(b, rand.Reader, kb)
		done <- err
	}()
	dialled, err = initiate(a, rand.Reader, ka, kb.Uncompressed())
	return dialled, accepted, errors.Join(err, <-done)
}

// canned is a remote that says one thing; what is written to it is kept.
type canned struct {
	io.Reader
	wrote bytes.Buffer
}

func (c *canned) Write(b []byte) (int, error) { return c.wrote.Write(b) }

func says(b []byte) *canned { return &canned{Reader: bytes.NewReader(b)} }

// testKeys are the keys of EIP-8: who dials and who is dialled.
func testKeys(t testing.TB) (a, b *id.Key) {
	v := vectors(t, "testdata/eip8.txt")
	return key(t, v["static-a"]), key(t, v["static-b"])
}

// authPacket is an auth packet to b of the given fields.
func authPacket(t testing.TB, b *id.Key, fields ...[]byte) []byte {
	t.Helper()
	var payload []byte
	for _, f := range fields {
		payload = rlp.AppendBytes(payload, f)
	}
	xy := b.Uncompressed()
	to, ok := parsePoint(xy[:])
	if !ok {
		t.Fatal("key")
	}
	packet, err := sealPacket(rand.Reader, &to, rlp.AppendUint(payload, handshakeVersion))
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

// authFields are those of a good auth from a to b.
func authFields(t testing.TB, a, b *id.Key) (sig, pub, nonce []byte) {
	t.Helper()
	k, err := draw(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	static, n := scalarOf(a), [32]byte{7}
	xy := b.Uncompressed()
	to, _ := parsePoint(xy[:])
	token := static.ecdh(&to)
	digest := xor32(&token, &n)
	s, full := k.sign(&digest), a.Uncompressed()
	return s[:], full[:], n[:]
}

// Every auth that is not as it must be is refused with the same error and without a
// byte of answer.
func TestAuthRefusals(t *testing.T) {
	a, b := testKeys(t)
	sig, pub, nonce := authFields(t, a, b)
	good := authPacket(t, b, sig, pub, nonce)
	if _, err := respond(says(good), rand.Reader, b); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	refused := func(what string, packet []byte) {
		t.Helper()
		c := says(packet)
		if e, err := respond(c, rand.Reader, b); err != errHandshake || e != nil {
			t.Errorf("%s: %v", what, err)
		}
		if c.wrote.Len() > 0 {
			t.Errorf("%s: answered with %d bytes", what, c.wrote.Len())
		}
	}
	for _, size := range []int{0, 1, 16, 64, 65, 81, 112, 113, packetBytesMax + 1, 1<<16 - 1} {
		packet := make([]byte, 2+size)
		copy(packet, good)
		binary.BigEndian.PutUint16(packet, uint16(size))
		refused("size", packet)
	}
	for _, size := range []int{114, 115, 300, len(good) - 3, packetBytesMax} {
		packet := make([]byte, 2+size)
		copy(packet, good)
		binary.BigEndian.PutUint16(packet, uint16(size))
		refused("cut or padded", packet)
	}
	for at := 2; at < len(good); at++ {
		packet := bytes.Clone(good)
		packet[at] ^= 1 << (at % 8)
		refused("flipped bit", packet)
	}
	for what, xy := range wrongPoints(t) {
		packet := bytes.Clone(good)
		copy(packet[3:], xy)
		refused("R: "+what, packet)
		refused("static key: "+what, authPacket(t, b, sig, xy, nonce))
	}
	other, err := id.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	refused("for another key", authPacket(t, other, sig, pub, nonce))
	refused("signature short", authPacket(t, b, sig[:64], pub, nonce))
	refused("signature long", authPacket(t, b, append(bytes.Clone(sig), 0), pub, nonce))
	refused("signature of zeros", authPacket(t, b, make([]byte, 65), pub, nonce))
	refused("signature with v = 4", authPacket(t, b, append(bytes.Clone(sig[:64]), 4), pub, nonce))
	refused("key with a prefix", authPacket(t, b, sig, append([]byte{4}, pub...), nonce))
	refused("key compressed", authPacket(t, b, sig, pub[:33], nonce))
	refused("nonce short", authPacket(t, b, sig, pub, nonce[:31]))
	refused("no nonce", authPacket(t, b, sig, pub))
	refused("fields of an ack", authPacket(t, b, pub, nonce))
}

// An ack likewise.
func TestAckRefusals(t *testing.T) {
	a, b := testKeys(t)
	k, err := draw(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := k.point()
	pub, nonce := p.uncompressed(), make([]byte, 32)
	good := authPacket(t, a, pub[:], nonce)
	if _, err := initiate(says(good), rand.Reader, a, b.Uncompressed()); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	refused := func(what string, packet []byte) {
		t.Helper()
		if e, err := initiate(says(packet), rand.Reader, a, b.Uncompressed()); err != errHandshake || e != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, size := range []int{0, 1, 113, packetBytesMax + 1, 1<<16 - 1} {
		refused("size", append(binary.BigEndian.AppendUint16(nil, uint16(size)), make([]byte, size)...))
	}
	for at := 2; at < len(good); at++ {
		packet := bytes.Clone(good)
		packet[at] ^= 1 << (at % 8)
		refused("flipped bit", packet)
	}
	for what, xy := range wrongPoints(t) {
		packet := bytes.Clone(good)
		copy(packet[3:], xy)
		refused("R: "+what, packet)
		refused("ephemeral key: "+what, authPacket(t, a, xy, nonce))
	}
	refused("for another key", authPacket(t, b, pub[:], nonce))
	refused("nonce long", authPacket(t, a, pub[:], make([]byte, 33)))
	var none [64]byte
	if _, err := initiate(says(good), rand.Reader, a, none); err != errHandshake {
		t.Errorf("a remote without a key: %v", err)
	}
}

// What arrives with the ack is the first frame's.
func TestRestOfHandshake(t *testing.T) {
	a, b := testKeys(t)
	sig, pub, nonce := authFields(t, a, b)
	for _, rest := range []string{"", "x", "the first frame"} {
		e, err := respond(says(append(authPacket(t, b, sig, pub, nonce), rest...)), rand.Reader, b)
		if err != nil || string(e.rest) != rest {
			t.Errorf("rest %q, %v", e.rest, err)
		}
	}
}

// A packet that arrives byte by byte is the same; one that ends early, and a source
// of chance that does, is an error of reading and not a refusal.
func TestHandshakeEnds(t *testing.T) {
	a, b := testKeys(t)
	sig, pub, nonce := authFields(t, a, b)
	good := authPacket(t, b, sig, pub, nonce)
	if _, err := respond(&canned{Reader: iotestOneByte{bytes.NewReader(good)}}, rand.Reader, b); err != nil {
		t.Errorf("byte by byte: %v", err)
	}
	for _, n := range []int{0, 1, 2, 100, len(good) - 1} {
		if _, err := respond(says(good[:n]), rand.Reader, b); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for _, n := range []int{0, 31, 32, 63, 64, 65, 80, 100} {
		if _, err := initiate(says(nil), bytes.NewReader(bytes.Repeat([]byte{1}, n)), a, b.Uncompressed()); err == nil {
			t.Errorf("dialled with %d bytes of chance", n)
		}
		if _, err := respond(says(good), bytes.NewReader(bytes.Repeat([]byte{1}, n)), b); err == nil {
			t.Errorf("answered with %d bytes of chance", n)
		}
	}
}

type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(b []byte) (int, error) { return o.r.Read(b[:min(1, len(b))]) }

// Packets are within what everybody takes, and their sizes differ (EIP-8: 100 to 300
// bytes of padding).
func TestPacketSizes(t *testing.T) {
	a, b := testKeys(t)
	sig, pub, nonce := authFields(t, a, b)
	sizes := map[int]bool{}
	for range 64 {
		sizes[len(authPacket(t, b, sig, pub, nonce))] = true
	}
	bare := 2 + overheadBytes + 2 + (2 + 65) + (2 + 64) + (1 + 32) + 1
	for n := range sizes {
		if n < bare+padBytesMin || n > bare+padBytesMax {
			t.Errorf("auth of %d bytes", n)
		}
	}
	if len(sizes) < 16 {
		t.Errorf("%d sizes of 64", len(sizes))
	}
}

// seeded is chance that repeats.
func seeded(n uint64) io.Reader {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], n)
	return mrand.NewChaCha8(seed)
}

// Whatever is in the packet of somebody who knows our key, nothing panics, and what
// is taken has a point in it.
func FuzzAuth(f *testing.F) {
	a, b := testKeys(f)
	static := scalarOf(b)
	to := static.point()
	sig, pub, nonce := authFields(f, a, b)
	item := func(fields ...[]byte) []byte {
		var payload []byte
		for _, x := range fields {
			payload = rlp.AppendBytes(payload, x)
		}
		return rlp.AppendList(nil, payload)
	}
	f.Add(item(sig, pub, nonce, []byte{4}))
	f.Add(item(sig, pub, nonce))
	f.Add([]byte{0xf9, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > packetBytesMax-overheadBytes {
			return
		}
		packet, err := encrypt(seeded(1), &to, plain)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := openAuth(&static, packet)
		if !ok {
			return
		}
		if xy := m.static.uncompressed(); xy != m.full {
			t.Fatal("static key and its short form differ")
		}
		if xy := m.ephemeral.uncompressed(); xy == [64]byte{} {
			t.Fatal("no ephemeral key")
		}
	})
}

func FuzzAck(f *testing.F) {
	a, b := testKeys(f)
	static := scalarOf(a)
	to := static.point()
	pub := b.Uncompressed()
	f.Add(rlp.AppendList(nil, rlp.AppendBytes(rlp.AppendBytes(nil, pub[:]), make([]byte, 32))))
	f.Add([]byte{0xc0})
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > packetBytesMax-overheadBytes {
			return
		}
		packet, err := encrypt(seeded(1), &to, plain)
		if err != nil {
			t.Fatal(err)
		}
		if p, _, ok := openAck(&static, packet); ok {
			if xy := p.uncompressed(); xy == [64]byte{} {
				t.Fatal("no ephemeral key")
			}
		}
	})
}

func BenchmarkHandshake(b *testing.B) {
	x, y := testKeys(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := shake(x, y); err != nil {
			b.Fatal(err)
		}
	}
}
