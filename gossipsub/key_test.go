package gossipsub

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// The first vectors of the authors' table for SipHash-2-4 with results of 128 bits.
func TestSipHash(t *testing.T) {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	for n, want := range []string{"a3817f04ba25a8e66df67214c7550293", "da87c1d86b99af44347659119b22fc45"} {
		lo, hi := sipHash(k0, k1, []byte{0}[:n], 2, 4)
		if got := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, lo), hi); hex.EncodeToString(got) != want {
			t.Errorf("%d bytes: %x, want %s", n, got, want)
		}
	}
}

// Every byte and every length counts, up to the longest ID.
func TestKeysDiffer(t *testing.T) {
	seen := map[key]bool{}
	for n := range idBytesMax + 1 {
		id := make([]byte, n)
		for i := -1; i < n; i++ {
			if i >= 0 {
				id[i]++
			}
			k := makeKey(7, id)
			if seen[k] || makeKey(8, id) == k {
				t.Fatalf("%d bytes, byte %d: key twice", n, i)
			}
			seen[k] = true
			if i >= 0 {
				id[i]--
			}
		}
	}
}
