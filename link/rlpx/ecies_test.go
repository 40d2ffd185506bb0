package rlpx

import (
	"bytes"
	"testing"
)

// FuzzECIES: what is sealed is opened by the right key and by no other; a packet that
// was changed anywhere is refused and is not touched; packets of anybody's making do
// no harm.
func FuzzECIES(f *testing.F) {
	v := vectors(f, "testdata/eip8.txt")
	right, wrong := scalar(v["static-b"]), scalar(v["static-a"])
	to := right.point()
	f.Add(v["auth2"], uint16(0), byte(1))
	f.Add(v["ack3"], uint16(70), byte(0x80))
	f.Add([]byte{}, uint16(90), byte(4))
	f.Fuzz(func(t *testing.T, b []byte, at uint16, flip byte) {
		decrypt(&right, b)
		if len(b) > packetBytesMax-overheadBytes {
			b = b[:packetBytesMax-overheadBytes]
		}
		packet, err := encrypt(seeded(uint64(at)), &to, b)
		if err != nil || len(packet) != sizeBytes+overheadBytes+len(b) {
			t.Fatal(len(packet), err)
		}
		if plain, ok := decrypt(&right, packet); ok != (len(b) > 0) || !bytes.Equal(plain, b) {
			t.Fatalf("opened %x, %v", plain, ok)
		}
		if _, ok := decrypt(&wrong, packet); ok {
			t.Fatal("opened with another key")
		}
		if flip == 0 {
			return
		}
		packet[int(at)%len(packet)] ^= flip
		before := bytes.Clone(packet)
		if _, ok := decrypt(&right, packet); ok {
			t.Fatalf("byte %d ^ %#x not noticed", int(at)%len(packet), flip)
		}
		if !bytes.Equal(packet, before) {
			t.Fatal("the packet was changed")
		}
	})
}
