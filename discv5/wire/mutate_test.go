package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

// mutations are changed copies of b: each of some bits turned, cut at either end,
// longer, two bytes swapped, zeros, ones.
func mutations(b []byte) [][]byte {
	r := rand.New(rand.NewPCG(uint64(len(b)), 20))
	var out [][]byte
	add := func(c []byte) {
		if !bytes.Equal(c, b) {
			out = append(out, c)
		}
	}
	for i := range 16 { // spread over all of b
		c := bytes.Clone(b)
		c[i*(len(b)-1)/15] ^= 1 << r.IntN(8)
		add(c)
	}
	add(b[:len(b)-1])
	add(b[1:])
	add(append(bytes.Clone(b), 0))
	add(append([]byte{0}, b...))
	add(append(bytes.Clone(b), b...))
	add(make([]byte, len(b)))
	add(bytes.Repeat([]byte{0xff}, len(b)))
	c := bytes.Clone(b)
	c[0], c[len(c)-1] = c[len(c)-1], c[0]
	add(c)
	return out
}

func changed(t *testing.T, b []byte) [][]byte {
	t.Helper()
	out := mutations(b)
	if len(out) < 20 {
		t.Fatalf("%d mutations of %x", len(out), b)
	}
	return out
}

// receive does all that b does with a packet: the text of its message, or an error.
func (v vectors) receive(t *testing.T, packet []byte, ping *Session, challenge string) ([]byte, error) {
	t.Helper()
	a, b := v.key(t, "node-a-key"), v.key(t, "node-b-key")
	var p Packet
	if err := p.Decode(packet, Real.Mask(b.ID())); err != nil {
		return nil, err
	}
	switch p.Flag {
	case FlagMessage:
		return ping.Open(nil, &p)
	case FlagHandshake:
		keys, err := Real.Respond(b, a.ID(), a.Public(), Challenge(v.get(t, challenge)), p.Signature, p.Ephemeral)
		if err != nil {
			return nil, err
		}
		return Real.Session(keys, b.ID(), a.ID(), false).Open(nil, &p)
	}
	c := p.Challenge()
	return c[:], nil
}

// No changed packet is taken for the one it was. WHOAREYOU is not authenticated: the
// handshake that answers another one is refused.
func TestPacketMutations(t *testing.T) {
	v := loadVectors(t)
	ping := v.session(t, "ping.read-key")
	for _, name := range []string{"ping", "handshake", "record"} {
		packet := v.get(t, name+".packet")
		if _, err := v.receive(t, packet, ping, v.challengeOf(name)); err != nil {
			t.Fatalf("%s itself: %v", name, err)
		}
		for _, c := range changed(t, packet) {
			if text, err := v.receive(t, c, ping, v.challengeOf(name)); err == nil {
				t.Errorf("%s taken: %x says %x", name, c, text)
			}
		}
	}
	original := v.get(t, "whoareyou.challenge-data")
	for _, c := range changed(t, v.get(t, "whoareyou.packet")) {
		if challenge, err := v.receive(t, c, ping, ""); err == nil && bytes.Equal(challenge, original) {
			t.Errorf("WHOAREYOU %x is the same challenge", c)
		}
	}
}

func (v vectors) challengeOf(name string) string {
	if name == "ping" {
		return ""
	}
	return name + ".challenge-data"
}

func TestHandshakeMutations(t *testing.T) {
	v := loadVectors(t)
	a, b := v.key(t, "node-a-key"), v.key(t, "node-b-key")
	c := Challenge(v.get(t, "handshake.challenge-data"))
	p := v.decode(t, "handshake.packet")
	for _, m := range changed(t, c[:]) {
		if len(m) != len(c) {
			continue
		}
		if _, err := Real.Respond(b, a.ID(), a.Public(), Challenge(m), p.Signature, p.Ephemeral); err != ErrSignature {
			t.Errorf("another challenge: %v", err)
		}
	}
	for _, m := range changed(t, p.Signature[:]) {
		if len(m) != len(p.Signature) {
			continue
		}
		if _, err := Real.Respond(b, a.ID(), a.Public(), c, [64]byte(m), p.Ephemeral); err != ErrSignature {
			t.Errorf("signature %x: %v", m, err)
		}
	}
	for _, m := range changed(t, p.Ephemeral[:]) {
		if len(m) != len(p.Ephemeral) {
			continue
		}
		if _, err := Real.Respond(b, a.ID(), a.Public(), c, p.Signature, id.Public(m)); err != ErrSignature {
			t.Errorf("ephemeral key %x: %v", m, err)
		}
	}
	// A stranger's key, and a key of ours that the packet was not for.
	if _, err := Real.Respond(b, a.ID(), b.Public(), c, p.Signature, p.Ephemeral); err != ErrSignature {
		t.Error("signed by another:", err)
	}
	if _, err := Real.Respond(a, a.ID(), a.Public(), c, p.Signature, p.Ephemeral); err != ErrSignature {
		t.Error("for another:", err)
	}
}

// Whatever changes, other keys come out, or none.
func TestKeyMutations(t *testing.T) {
	v := loadVectors(t)
	ephemeral, aID, bID := v.get(t, "kdf.ephemeral-key"), v.get(t, "node-a-id"), v.get(t, "node-b-id")
	dest, challenge := v.get(t, "kdf.dest-pubkey"), v.get(t, "whoareyou.challenge-data")
	want, err := agreeBytes(ephemeral, dest, challenge, aID, bID)
	if err != nil {
		t.Fatal(err)
	}
	inputs := [][]byte{ephemeral, dest, challenge, aID, bID}
	for i := range inputs {
		for _, m := range changed(t, inputs[i]) {
			in := append([][]byte{}, inputs...)
			in[i] = m
			if len(m) != len(inputs[i]) {
				continue
			}
			keys, err := agreeBytes(in[0], in[1], in[2], in[3], in[4])
			if err == nil && (keys.Initiator == want.Initiator || keys.Recipient == want.Recipient) {
				t.Errorf("input %d as %x: the same keys", i, m)
			}
		}
	}
}

func agreeBytes(key, dest, challenge, a, b []byte) (Keys, error) {
	k, err := id.KeyFromBytes(key)
	if err != nil {
		return Keys{}, err
	}
	return agree(k, id.Public(dest), Challenge(challenge), id.ID(a), id.ID(b))
}

func TestCipherMutations(t *testing.T) {
	v := loadVectors(t)
	inputs := [][]byte{v.get(t, "aes.encryption-key"), v.get(t, "aes.nonce"), v.get(t, "aes.message-ciphertext"), v.get(t, "aes.ad")}
	for i := range inputs {
		for _, m := range changed(t, inputs[i]) {
			in := append([][]byte{}, inputs...)
			in[i] = m
			if i < 2 && len(m) != len(inputs[i]) {
				continue
			}
			if text, err := Real.aead([16]byte(in[0])).Open(nil, in[1], in[2], in[3]); err == nil {
				t.Errorf("input %d as %x opens: %x", i, m, text)
			}
		}
	}
}

// Messages: what is not exactly the list that its kind has is refused.
func TestMessageRefusals(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 9)
	for name, text := range map[string][]byte{
		"empty":                      {},
		"kind 0":                     {0, 0xc0},
		"kind 7":                     {7, 0xc0},
		"kind 255":                   {255, 0xc0},
		"no list":                    {1},
		"string":                     {1, 0x82, 1, 2},
		"PING without elements":      {1, 0xc0},
		"PING of one element":        {1, 0xc1, 1},
		"PING of three elements":     {1, 0xc3, 1, 1, 1},
		"PING and a byte":            {1, 0xc2, 1, 1, 0},
		"PING cut short":             {1, 0xc3, 1, 1},
		"PING, seq with zero":        {1, 0xc4, 1, 0x82, 0, 1},
		"PING, seq of nine bytes":    append([]byte{1, 0xcb, 1, 0x89}, long...),
		"PING, seq a list":           {1, 0xc2, 1, 0xc0},
		"PING, long length":          {1, 0xf8, 2, 1, 1},
		"ID of nine bytes":           append(append([]byte{1, 0xcb, 0x89}, long...), 1),
		"ID a list":                  {1, 0xc2, 0xc0, 1},
		"PONG without port":          {2, 0xc7, 1, 1, 0x84, 1, 2, 3, 4},
		"PONG, address of 5":         {2, 0xc9, 1, 1, 0x85, 1, 2, 3, 4, 5, 1},
		"PONG, no address":           {2, 0xc4, 1, 1, 0x80, 1},
		"PONG, port of 3 bytes":      {2, 0xcb, 1, 1, 0x84, 1, 2, 3, 4, 0x83, 1, 0, 0},
		"FINDNODE without list":      {3, 0xc1, 1},
		"FINDNODE, string":           {3, 0xc2, 1, 0x80},
		"FINDNODE, list in list":     {3, 0xc3, 1, 0xc1, 0xc0},
		"FINDNODE, zero as 00":       {3, 0xc3, 1, 0xc1, 0},
		"FINDNODE, more":             {3, 0xc3, 1, 0xc0, 1},
		"NODES without records":      {4, 0xc2, 1, 1},
		"NODES, record a string":     {4, 0xc4, 1, 1, 0xc1, 1},
		"NODES, broken record":       {4, 0xc5, 1, 1, 0xc2, 0xc5, 1},
		"NODES, seventeen records":   append([]byte{4, 0xd4, 1, 1, 0xd1}, bytes.Repeat([]byte{0xc0}, 17)...),
		"NODES, more":                {4, 0xc4, 1, 1, 0xc0, 1},
		"TALKREQ without body":       {5, 0xc2, 1, 1},
		"TALKREQ, list as body":      {5, 0xc3, 1, 1, 0xc0},
		"TALKREQ, list as protocol":  {5, 0xc3, 1, 0xc0, 1},
		"TALKREQ, more":              {5, 0xc4, 1, 1, 1, 1},
		"TALKRESP without body":      {6, 0xc1, 1},
		"TALKRESP, more":             {6, 0xc3, 1, 1, 1},
		"TALKRESP, byte in two":      {6, 0xc3, 1, 0x81, 1},
		"TALKRESP, body beyond list": {6, 0xc2, 1, 0x82, 1, 1},
	} {
		var m Message
		if err := m.Decode(text); err == nil {
			t.Errorf("%s: taken as %+v", name, m)
		}
	}
}

// What looks odd and is meant to be read.
func TestMessageOdd(t *testing.T) {
	var m Message
	read := func(text ...byte) {
		t.Helper()
		if err := m.Decode(text); err != nil {
			t.Fatalf("%x: %v", text, err)
		}
	}
	if read(1, 0xc2, 0x80, 0x80); m.ID != (RequestID{}) || m.Seq != 0 {
		t.Errorf("empty ID: %+v", m)
	}
	a, _ := requestID([]byte{0})
	if b, _ := requestID([]byte{0, 0}); a == b || a == (RequestID{}) {
		t.Error("IDs of different length are the same")
	}
	if read(4, 0xc3, 1, 0x80, 0xc0); m.Total != 1 || len(m.Records) != 0 {
		t.Errorf("total 0: %+v", m)
	}
	if read(4, 0xc5, 1, 0x82, 1, 1, 0xc0); m.Total != totalMax {
		t.Errorf("total 257: %+v", m)
	}
	if read(3, 0xcb, 1, 0xc9, 5, 5, 0x80, 0x82, 1, 0, 0x82, 1, 1); len(m.Distances) != 3 || m.Distances[0] != 5 || m.Distances[1] != 0 || m.Distances[2] != 256 {
		t.Errorf("distances %v", m.Distances)
	}
	mapped := append(append([]byte{2, 0xd6, 1, 1, 0x90}, make([]byte, 10)...), 0xff, 0xff, 1, 2, 3, 4, 0x80)
	mapped[1] = 0xc0 + byte(len(mapped)-2)
	if read(mapped...); m.At.String() != "1.2.3.4:0" {
		t.Errorf("mapped address: %v", m.At)
	}
}
