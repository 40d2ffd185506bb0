package rlpx

import (
	"crypto/rand"
	"net"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

func BenchmarkHandshake(b *testing.B) {
	ka, _ := id.NewKey(rand.Reader)
	kb, _ := id.NewKey(rand.Reader)
	for b.Loop() {
		x, y := net.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := respond(y, rand.Reader, kb)
			done <- err
		}()
		if _, err := initiate(x, rand.Reader, ka, kb.Public()); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		x.Close()
		y.Close()
	}
}

func BenchmarkCurve(b *testing.B) {
	k, _ := draw(rand.Reader)
	p := k.point()
	digest := [32]byte{1}
	sig := k.sign(&digest)
	b.Run("ecdh", func(b *testing.B) {
		for b.Loop() {
			k.ecdh(&p)
		}
	})
	b.Run("generate", func(b *testing.B) {
		for b.Loop() {
			p := k.point()
			p.uncompressed()
		}
	})
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			k.sign(&digest)
		}
	})
	b.Run("recover", func(b *testing.B) {
		for b.Loop() {
			recoverPoint(&sig, &digest)
		}
	})
	b.Run("parse", func(b *testing.B) {
		xy := p.uncompressed()
		for b.Loop() {
			parsePoint(xy[:])
		}
	})
	b.Run("decompress", func(b *testing.B) {
		xy := p.uncompressed()
		pub := compress(&xy)
		for b.Loop() {
			decompress(pub)
		}
	})
}
