package rlpx

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/sha3"
	"pgregory.net/rapid"
)

// The digest is that of x/crypto's Keccak-256 after every piece of a message.
func TestKeccak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := newKeccak(), sha3.NewLegacyKeccak256()
		for range rapid.IntRange(1, 5).Draw(t, "pieces") {
			piece := bytes.Repeat([]byte{rapid.Byte().Draw(t, "b")}, rapid.IntRange(0, 3*keccakRate).Draw(t, "n"))
			ours.write(piece)
			theirs.Write(piece)
			copied := ours
			copied.write([]byte("does not matter to the original"))
			if got := ours.sum(); !bytes.Equal(got[:], theirs.Sum(nil)) {
				t.Fatalf("%x, want %x", got, theirs.Sum(nil))
			}
		}
	})
}

// Every place in a block where the padding can begin.
func TestKeccakLengths(t *testing.T) {
	for n := range 2*keccakRate + 2 {
		msg := bytes.Repeat([]byte{0xa5}, n)
		theirs := sha3.NewLegacyKeccak256()
		theirs.Write(msg)
		if got := keccak256(msg); !bytes.Equal(got[:], theirs.Sum(nil)) {
			t.Fatalf("%d bytes: %x, want %x", n, got, theirs.Sum(nil))
		}
	}
}

func BenchmarkKeccak(b *testing.B) {
	block := make([]byte, 64<<10)
	b.Run("write", func(b *testing.B) {
		k := newKeccak()
		b.SetBytes(int64(len(block)))
		for b.Loop() {
			k.write(block)
		}
	})
	b.Run("sum", func(b *testing.B) {
		k := newKeccak()
		k.write(block[:77])
		for b.Loop() {
			_ = k.sum()
		}
	})
}
