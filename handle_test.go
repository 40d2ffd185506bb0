package ropewalk

import (
	"bytes"
	"io"
	"math/rand"
	"testing"

	"github.com/ropewalk/ropewalk/link/mem"
)

// The same protocol over links of every kind.
func TestEcho(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			cfg := kind.make()
			ours := newAsker()
			a, b := protocolled(t, cfg("a"), ours.protocol("echo")), protocolled(t, cfg("b"), echoer("echo"))
			join(t, a, b)
			c := ours.wait(t)
			for range 100 {
				c.ask(t, 3, "hello")
			}
			c.ask(t, 0, "")
			c.ask(t, 7, string(make([]byte, 1<<20)))
		})
	}
}

// Large payloads, whose memory is passed on and used again, keep their bytes while many
// are under way.
func TestEchoOfMany(t *testing.T) {
	const many, sizes = 400, 37
	text := make([]byte, 200<<10)
	rand.New(rand.NewSource(1)).Read(text)
	body := func(i int) []byte { return text[i*50 : i*50+i%sizes*2100] }
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			cfg := kind.make()
			ours := newAsker()
			a, b := protocolled(t, cfg("a"), ours.protocol("echo")), protocolled(t, cfg("b"), echoer("echo"))
			join(t, a, b)
			c := ours.wait(t)
			sent := make(chan error, 1)
			go func() {
				for i := range many {
					if err := c.rw.WriteMsg(Msg{Size: uint32(len(body(i))), Payload: bytes.NewReader(body(i))}); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
			for i := range many {
				m, err := c.rw.ReadMsg()
				if err != nil {
					t.Fatal(i, err)
				}
				got, err := io.ReadAll(m.Payload)
				if err != nil || !bytes.Equal(got, body(i)) {
					t.Fatalf("message %d: %d bytes that are not the %d written, %v", i, len(got), len(body(i)), err)
				}
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

// kinds are the kinds of link that protocols are tried on.
var kinds = []struct {
	name string
	make func() func(name string) Config
}{
	{"mem", func() func(string) Config {
		wire := mem.NewNetwork()
		return func(name string) Config { return wired(wire, name) }
	}},
	{"libp2p", func() func(string) Config { return func(string) Config { return libConfig() } }},
	{"rlpx", func() func(string) Config { return func(string) Config { return rlpxConfig() } }},
}
