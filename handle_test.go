package ropewalk

import (
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
