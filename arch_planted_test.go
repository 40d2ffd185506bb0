package ropewalk_test

import (
	"strings"
	"testing"
)

const planted = `// Package planted is long enough a comment to count as one for the rule.
package planted
`

// TestArchPlanted: each rule finds the violation planted for it, and only that.
func TestArchPlanted(t *testing.T) {
	long := func(n int) string { return planted + strings.Repeat("\n", n) }
	importing := func(paths ...string) string {
		s := planted
		for _, p := range paths {
			s += "import _ \"" + p + "\"\n"
		}
		return s
	}
	tests := []struct {
		name  string
		src   source
		goMod string
		want  string // part of each violation, " & " between; "" for none
	}{
		{name: "clean", src: source{"peer/a.go": planted + "import \"time\"\nfunc f(now time.Time, m map[int]int) int { for range []int{1} { return m[1] }; return 0 }\n"}},
		{name: "go", src: source{"peer/a.go": planted + "func f() { go f() }\n"}, want: "peer/a.go:3: go statement"},
		{name: "select", src: source{"chat/a.go": planted + "func f() { select {} }\n"}, want: "select:"},
		{name: "channel type", src: source{"id/a.go": planted + "type T chan int\n"}, want: "channel type"},
		{name: "channel receive", src: source{"node/a.go": planted + "import \"time\"\nfunc f(t *time.Timer) { <-t.C }\n"}, want: "channel receive"},
		{name: "os below", src: source{"node/a.go": importing("os/signal")}, want: "imports os/signal"},
		{name: "channel send", src: source{"node/a.go": planted + "func f(c chan int) { c <- 1 }\n"}, want: "channel type & channel send"},
		{name: "range over a channel", src: source{"node/a.go": planted + "import \"time\"\nfunc f(t *time.Timer) { for range t.C { } }\n"}, want: "range over a channel"},
		{name: "range over a map", src: source{"peer/a.go": planted + "func f(m map[int]int) { for range m { } }\n"}, want: "range over a built-in map"},
		{name: "range over a named map", src: source{"hosts/a.go": planted + "type M map[int]int\ntype S struct{ m M }\nfunc (s *S) f() { for k := range s.m { _ = k } }\n"}, want: "range over a built-in map"},
		{name: "range over a map of another package", src: source{
			"trace/a.go": planted + "type M map[int]int\n",
			"peer/a.go":  planted + "import \"" + module + "/trace\"\nfunc f(m planted.M) { for range m { } }\n"}, want: "peer/a.go:4: range over a built-in map"},
		{name: "range over a generic map", src: source{"peer/a.go": planted + "func f[M ~map[int]int](m M) { for range m { } }\n"}, want: "range over a built-in map"},
		{name: "map walked by maps", src: source{"peer/a.go": planted + "import \"maps\"\nfunc f(m map[int]int) { for range maps.Keys(m) { } }\n"}, want: "maps.Keys"},
		{name: "clock", src: source{"session/a.go": planted + "import \"time\"\nfunc f() time.Time { return time.Now() }\n"}, want: "time.Now: time is handed in"},
		{name: "clock under another name", src: source{"session/a.go": planted + "import tick \"time\"\nvar f = tick.Since\n"}, want: "time.Since"},
		{name: "sleep", src: source{"work/a.go": planted + "import \"time\"\nfunc f() { time.Sleep(1) }\n"}, want: "time.Sleep"},
		{name: "timer", src: source{"gossipsub/a.go": planted + "import \"time\"\nfunc f() { time.NewTimer(1) }\n"}, want: "time.NewTimer"},
		{name: "clock in a world", src: source{"sim/a.go": planted + "import \"time\"\nfunc f() time.Time { go f(); return time.Now() }\n"}},
		{name: "global chance", src: source{"pex/a.go": planted + "import \"math/rand/v2\"\nfunc f() int { return rand.IntN(2) }\n"}, want: "math/rand/v2.IntN"},
		{name: "handed-in chance", src: source{"pex/a.go": planted + "import \"math/rand/v2\"\nfunc f(r *rand.Rand) int { return rand.New(r).IntN(2) }\n"}},
		{name: "old chance", src: source{"sim/a.go": importing("math/rand")}, want: "imports math/rand:"},
		{name: "sync", src: source{"peer/a.go": importing("sync")}, want: "imports sync:"},
		{name: "atomic", src: source{"peer/a.go": importing("sync/atomic")}, want: "imports sync/atomic:"},
		{name: "context", src: source{"node/a.go": importing("context")}, want: "imports context:"},
		{name: "os", src: source{"scenario/a.go": importing("os")}, want: "imports os:"},
		{name: "net", src: source{"hosts/a.go": importing("net")}, want: "imports net:"},
		{name: "netip", src: source{"hosts/a.go": importing("net/netip")}},
		{name: "entropy", src: source{"id/a.go": importing("crypto/rand")}, want: "imports crypto/rand:"},
		{name: "log", src: source{"chat/a.go": importing("log/slog")}, want: "imports log/slog:"},
		{name: "unsafe", src: source{"enr/a.go": importing("unsafe")}, want: "imports unsafe:"},
		{name: "library in a strand", src: source{"peer/a.go": importing("github.com/spf13/cobra")}, want: "primitives only"},
		{name: "primitive in the ground", src: source{"id/a.go": importing("golang.org/x/crypto/sha3")}},
		{name: "libp2p in its edge", src: source{"link/libp2p/a.go": importing("github.com/libp2p/go-libp2p")}},
		{name: "libp2p in a world", src: source{"a.go": importing("github.com/libp2p/go-libp2p")}, want: "libp2p stays behind link/libp2p"},
		{name: "multiaddr in a program", src: source{"cmd/ropewalk/a.go": importing("github.com/multiformats/go-multiaddr")}, want: "libp2p stays behind link/libp2p"},
		{name: "geth", src: source{"cmd/ropewalk/a.go": importing("github.com/ethereum/go-ethereum/rlp")}, want: "oracles and rivals"},
		{name: "geth in go.mod", src: source{"peer/a.go": planted}, goMod: "require (\n\tgithub.com/ethereum/go-ethereum v1.16.0 // indirect\n)", want: "go.mod: github.com/ethereum/go-ethereum"},
		{name: "pubsub in go.mod", src: source{"peer/a.go": planted}, goMod: "require github.com/libp2p/go-libp2p-pubsub v0.16.0\n", want: "go.mod: github.com/libp2p/go-libp2p-pubsub"},
		{name: "strand sees strand", src: source{"peer/a.go": planted, "session/a.go": importing(module + "/peer")}, want: "session (floor 2, strand) imports peer (floor 2, strand)"},
		{name: "strand sees its words", src: source{"gossipsub/rpc/a.go": planted, "gossipsub/a.go": importing(module + "/gossipsub/rpc")}},
		{name: "words see their strand", src: source{"gossipsub/a.go": planted, "gossipsub/rpc/a.go": importing(module + "/gossipsub")}, want: "gossipsub/rpc (floor 2, strand) imports gossipsub"},
		{name: "strand sees value", src: source{"hosts/a.go": planted, "session/a.go": importing(module + "/hosts")}},
		{name: "value sees value", src: source{"hosts/a.go": planted, "scenario/a.go": importing(module + "/hosts")}, want: "scenario (floor 1, value) imports hosts"},
		{name: "ground sees later ground", src: source{"enr/a.go": planted, "id/a.go": importing(module + "/enr")}, want: "id (floor 0, ground) imports enr"},
		{name: "edge sees strand", src: source{"peer/a.go": planted, "link/mem/a.go": importing(module + "/peer")}, want: "link/mem (floor 2, edge) imports peer"},
		{name: "edge sees edge", src: source{"link/mem/a.go": planted, "link/libp2p/a.go": importing(module + "/link/mem")}, want: "link/libp2p (floor 2, edge) imports link/mem"},
		{name: "world sees world", src: source{"a.go": planted, "sim/a.go": importing(module)}, want: "sim (floor 4, world) imports ropewalk (floor 4, world)"},
		{name: "surface sees strand", src: source{"chat/a.go": planted, "api/a.go": importing(module + "/chat")}, want: "api (floor 5, surface) imports chat"},
		{name: "surface sees the face", src: source{"a.go": planted, "scenario/a.go": planted, "devnet/a.go": importing(module, module+"/scenario")}},
		{name: "homeless package", src: source{"stray/a.go": planted}, want: "package stray stands on no floor"},
		{name: "no package comment", src: source{"peer/a.go": "package peer\n"}, want: "package peer has no package comment"},
		{name: "empty name", src: source{"peer/util.go": planted}, want: "says nothing about what is inside: util"},
		{name: "empty name of a folder", src: source{"peer/a.go": planted, "peer/common_test.go": "package peer\n"}, want: "says nothing about what is inside: common"},
		{name: "very long file", src: source{"peer/a.go": long(fileLinesMax)}, want: "at most 1000"},
		{name: "long file", src: source{"peer/a.go": long(fileLinesAsked)}},
		{name: "type error", src: source{"peer/a.go": planted + "var x int = \"\"\n"}, want: "does not type-check"},
	}
	once := []string{"time", "maps", "math/rand", "math/rand/v2", "sync", "sync/atomic", "context", "os", "os/signal", "net", "net/netip",
		"crypto/rand", "log/slog", "golang.org/x/crypto/sha3", "github.com/spf13/cobra"}
	if err := exportOf(once); err != nil {
		t.Fatal(err)
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			found, asked, err := check(tc.src, tc.goMod)
			if err != nil {
				t.Fatal(err)
			}
			if tc.name == "long file" && len(asked) != 1 {
				t.Errorf("a long file is no question: %v", asked)
			}
			if tc.want == "" {
				if len(found) > 0 {
					t.Errorf("found %q where nothing is wrong", found)
				}
				return
			}
			wants := strings.Split(tc.want, " & ")
			for i, want := range wants {
				if len(found) != len(wants) || !strings.Contains(found[i], want) {
					t.Errorf("found %q, want exactly %q", found, wants)
					break
				}
			}
		})
	}
}
