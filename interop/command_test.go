package interop

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"

	"github.com/ropewalk/ropewalk"
)

// TestCommands: `ropewalk node`, `sub` and `pub` as processes, with nothing but
// default parameters, against one pubsub host that dials the ready line's address.
func TestCommands(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			t.Parallel()
			a := startProgram(t, "program", "t", sign, "/ip4/127.0.0.1/tcp/0")
			params := pubsub.DefaultGossipSubParams()
			h := startHost(t, "host", "t", hostOptions{sign: sign, params: &params})
			h.dial(t, a.addr("tcp"))
			meshed(t, a, h)

			both(t, a, h, "one line")
			author(t, h, "one line from program", a, sign)
			author(t, a, "one line from host", h, sign)

			var want []string
			for i := range 20 {
				want = append(want, fmt.Sprintf("line %d of standard input, naïve ☃", i))
			}
			out := a.run(strings.Join(want, "\n")+"\n", "pub", "t", "--json")
			if n := strings.Count(out, "\n"); n != len(want) {
				t.Errorf("pub printed %d lines for %d messages", n, len(want))
			}
			for line := range strings.Lines(out) {
				var p ropewalk.Published
				if err := json.Unmarshal([]byte(line), &p); err != nil || p.Peers != 1 || len(p.ID) == 0 {
					t.Errorf("pub printed %q: want an ID and 1 peer", line)
				}
			}
			binary := "\x00\xff bytes that are no text \n\x1b[31m"
			h.publish(t, binary)
			want = append(want, binary, "one line from program", "one line from host")
			receiveAll(t, []member{a, h}, want)
		})
	}
}

// author checks whom a member takes for the author of a message.
func author(t *testing.T, at member, data string, by member, sign string) {
	t.Helper()
	got, want := at.inbox().author(data), by.peer()
	if sign == "none" {
		want = ""
	}
	if got != want {
		t.Errorf("%s has %q from %v, want %v", at.name(), data, got, want)
	}
}

// TestCommandMesh: the program is one of twenty mixed nodes.
func TestCommandMesh(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			a := startProgram(t, "program", "t", sign, "/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1")
			mixedMesh(t, append([]member{a}, crew(t, 9, 10, sign)...))
		})
	}
}
