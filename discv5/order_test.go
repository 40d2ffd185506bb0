package discv5

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
)

// Who shakes hands gets the answer first. A PING of ours comes after it, and only to a
// node that is where its record says: others take it for a wrong answer, as
// go-ethereum's conformance tests do.
func TestAnswerBeforePing(t *testing.T) {
	for _, placed := range []bool{true, false} {
		w := newWorld(t, 3)
		b := w.add(1, public(1))
		a := w.add(0, public(0), func(c *Config) {
			if !placed {
				c.Record = testRecord(t, c.Key, netip.AddrPort{}, 1)
			}
		})
		var kinds []wire.Kind
		w.tap = func(from, _ netip.AddrPort, packet []byte) bool {
			var p wire.Packet
			var m wire.Message
			s := a.sessions.by[place{b.key.ID(), b.addr}]
			if from == b.addr && p.Decode(packet, a.mask) == nil && p.Flag == wire.FlagMessage && s != nil {
				if text, ok := s.read(w.now, nil, &p); ok && m.Decode(text) == nil {
					kinds = append(kinds, m.Kind)
				}
			}
			return true
		}
		a.answer(a.ping(b))
		w.run(time.Second)
		want := []wire.Kind{wire.Pong}
		if placed {
			want = append(want, wire.Ping)
		}
		if len(kinds) < len(want) || !slices.Equal(kinds[:len(want)], want) || !placed && slices.Contains(kinds, wire.Ping) {
			t.Errorf("record with an address: %v; heard %v, want %v", placed, kinds, want)
		}
	}
}
